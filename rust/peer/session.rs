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
    sessions: Mutex<HashMap<u64, mpsc::Sender<Event>>>,
}

/// Why an event could not be delivered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misdelivered {
    /// Nothing, or nothing any more, has this identifier.
    #[error("sent {event} for the identifier {id}, which nothing has now")]
    Late {
        /// The event's name.
        event: &'static str,
        /// The identifier.
        id: u64,
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
        let Some(id) = identifier(&event) else {
            return Ok(());
        };
        let name = name(&event);
        let sender = self.lock().get(&id).cloned();
        let late = Misdelivered::Late { event: name, id };
        match sender.ok_or(late.clone())?.try_send(event) {
            Ok(()) => Ok(()),
            Err(mpsc::error::TrySendError::Full(_)) => Err(Misdelivered::Flood),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(late),
        }
    }

    /// Ends all sessions: their `next` gives `None`.
    pub fn close(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<u64, mpsc::Sender<Event>>> {
        self.sessions
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
        self.routes.lock().insert(id, self.sender.clone());
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
        let mut sessions = self.routes.lock();
        for id in &self.ids {
            sessions.remove(id);
        }
    }
}

/// The identifier that an event is about; `None` for `Ready`.
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
