//! Whose event is it: every identifier belongs to a session, and a session
//! reads only its own events.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::mpsc;

use super::contract::from_peer::Event;
use super::contract::{reached, refused};

/// The most events that wait for a session. A hundred calls give a few hundred
/// at once; a peer that sends more without being read breaks the contract.
const MAX_WAITING: usize = 8192;

/// Which session takes the events of which identifier.
#[derive(Debug, Default)]
pub struct Routes {
    next: AtomicU64,
    takers: Mutex<HashMap<u64, Taker>>,
}

/// Who takes the events of an identifier.
#[derive(Debug, Clone)]
enum Taker {
    Session(mpsc::Sender<Event>),
    /// The session is gone before the last event has come: the other peer of its
    /// cell has failed. It is not this one's fault that nobody listens.
    Nobody,
}

/// Why an event could not be delivered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misdelivered {
    /// Nothing has this identifier, or its last event has come.
    #[error("sent {event} for the identifier {id}, which nothing has now")]
    Late {
        /// The event's name.
        event: &'static str,
        /// The identifier.
        id: u64,
    },
    /// It says of nothing what it is about.
    #[error("sent {event} without saying what it is about")]
    Nameless {
        /// The event's name.
        event: &'static str,
    },
    /// More events came than anybody could want.
    #[error("floods the harness with events: more than {MAX_WAITING} wait")]
    Flood,
}

/// One cell's, or one probe's, part of the talk with a peer.
#[derive(Debug)]
pub struct Session {
    routes: Arc<Routes>,
    sender: mpsc::Sender<Event>,
    events: mpsc::Receiver<Event>,
    ids: Vec<u64>,
}

impl Routes {
    /// Gives an event to its session.
    ///
    /// # Errors
    ///
    /// See [`Misdelivered`].
    pub fn deliver(&self, event: Event) -> Result<(), Misdelivered> {
        let name = name(&event);
        let id = identifier(&event).ok_or(Misdelivered::Nameless { event: name })?;
        let taker = match is_last(&event) {
            true => self.lock().remove(&id),
            false => self.lock().get(&id).cloned(),
        };
        match taker.ok_or(Misdelivered::Late { event: name, id })? {
            Taker::Nobody => Ok(()),
            Taker::Session(sender) => match sender.try_send(event) {
                Err(mpsc::error::TrySendError::Full(_)) => Err(Misdelivered::Flood),
                // The session went at this very moment.
                Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => Ok(()),
            },
        }
    }

    /// Ends all sessions: their `next` gives `None`.
    pub fn close(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Taker>> {
        self.takers
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Session {
    /// A session without identifiers.
    pub fn new(routes: &Arc<Routes>) -> Self {
        let (sender, events) = mpsc::channel(MAX_WAITING);
        Self {
            routes: Arc::clone(routes),
            sender,
            events,
            ids: Vec::new(),
        }
    }

    /// A new identifier, never used before in this process.
    pub fn id(&mut self) -> u64 {
        let id = self.routes.next.fetch_add(1, Ordering::Relaxed) + 1;
        let taker = Taker::Session(self.sender.clone());
        self.routes.lock().insert(id, taker);
        self.ids.push(id);
        id
    }

    /// The next event of this session; `None` when the peer is gone.
    pub async fn next(&mut self) -> Option<Event> {
        // The session holds a sender itself, so that its end does not show
        // that the peer is gone: the link tells, see `Link::gone`.
        self.events.recv().await
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let mut takers = self.routes.lock();
        for id in &self.ids {
            takers.entry(*id).and_modify(|taker| *taker = Taker::Nobody);
        }
    }
}

/// Whether nothing may come of this identifier any more: what came later would
/// find a cell that has been judged, or is being judged.
fn is_last(event: &Event) -> bool {
    matches!(
        event,
        Event::Report(_) | Event::Closed(_) | Event::Unlistened(_)
    )
}

/// The identifier that an event is about; `None` if it says none.
fn identifier(event: &Event) -> Option<u64> {
    Some(match event {
        Event::Ready(_) => return None,
        Event::Listening(event) => event.listener,
        Event::Unlistened(event) => event.listener,
        Event::ShutDown(event) => event.listener,
        Event::Opened(event) => event.channel,
        Event::Closed(event) => event.channel,
        Event::Began(event) => event.listener,
        Event::Handled(event) => event.listener,
        Event::Report(event) => event.call,
        Event::Reached(event) => match event.r#where.as_ref()? {
            reached::Where::Call(call) => *call,
            reached::Where::Handler(handler) => handler.listener,
        },
        Event::Refused(event) => match event.order.as_ref()? {
            refused::Order::Listener(id) | refused::Order::Channel(id) => *id,
        },
    })
}

/// The name of an event, as the contract has it.
pub fn name(event: &Event) -> &'static str {
    match event {
        Event::Ready(_) => "Ready",
        Event::Listening(_) => "Listening",
        Event::Unlistened(_) => "Unlistened",
        Event::ShutDown(_) => "ShutDown",
        Event::Opened(_) => "Opened",
        Event::Closed(_) => "Closed",
        Event::Began(_) => "Began",
        Event::Handled(_) => "Handled",
        Event::Reached(_) => "Reached",
        Event::Report(_) => "Report",
        Event::Refused(_) => "Refused",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peer::contract::{Began, Reached, Report, Unlistened};

    fn report(call: u64) -> Event {
        Event::Report(Report {
            call,
            outcome: None,
        })
    }

    #[test]
    fn each_session_gets_its_own_events() {
        let routes = Arc::new(Routes::default());
        let (mut first, mut second) = (Session::new(&routes), Session::new(&routes));
        let (one, two) = (first.id(), second.id());
        assert_eq!(routes.deliver(report(two)), Ok(()));
        assert_eq!(routes.deliver(report(one)), Ok(()));
        assert_eq!(first.events.try_recv(), Ok(report(one)));
        assert_eq!(second.events.try_recv(), Ok(report(two)));
        assert!(first.events.try_recv().is_err());
    }

    #[test]
    fn nothing_comes_after_the_last_event() {
        let routes = Arc::new(Routes::default());
        let mut session = Session::new(&routes);
        let (call, listener) = (session.id(), session.id());
        assert_eq!(routes.deliver(report(call)), Ok(()));
        let late = |event, id| Err(Misdelivered::Late { event, id });
        assert_eq!(routes.deliver(report(call)), late("Report", call));
        let began = || {
            Event::Began(Began {
                listener,
                ..Default::default()
            })
        };
        let ended = Event::Unlistened(Unlistened {
            listener,
            ..Default::default()
        });
        assert_eq!(routes.deliver(began()), Ok(()));
        assert_eq!(routes.deliver(ended), Ok(()));
        assert_eq!(routes.deliver(began()), late("Began", listener));
    }

    #[test]
    fn a_session_that_was_given_up_is_nobodys_fault() {
        let routes = Arc::new(Routes::default());
        let mut session = Session::new(&routes);
        let call = session.id();
        drop(session);
        assert_eq!(routes.deliver(report(call)), Ok(()));
        let late = Misdelivered::Late {
            event: "Report",
            id: call,
        };
        assert_eq!(routes.deliver(report(call)), Err(late));
    }

    #[test]
    fn an_event_about_nothing_and_a_flood_are_faults() {
        let routes = Arc::new(Routes::default());
        let mut session = Session::new(&routes);
        let listener = session.id();
        let nameless = Event::Reached(Reached::default());
        assert_eq!(
            routes.deliver(nameless),
            Err(Misdelivered::Nameless { event: "Reached" })
        );
        let began = Event::Began(Began {
            listener,
            ..Default::default()
        });
        for _ in 0..MAX_WAITING {
            assert_eq!(routes.deliver(began.clone()), Ok(()));
        }
        assert_eq!(routes.deliver(began), Err(Misdelivered::Flood));
    }
}
