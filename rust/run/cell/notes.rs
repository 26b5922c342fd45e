//! What the peers say while a cell runs, and what they must not say.

use super::{Cell, Mail, Side, Trouble};
use crate::peer::contract;
use crate::peer::contract::from_peer::Event;
use crate::peer::fault::PeerFault;
use crate::peer::session::{Session, name};
use crate::run::seen;

/// The most handlers of one cell; a case makes at most some hundred calls.
const MOST_HANDLERS: usize = 10_000;

/// What a peer says next; a foreign one says nothing.
async fn next(session: &mut Option<Session>) -> Option<Event> {
    match session {
        Some(session) => session.next().await,
        None => std::future::pending().await,
    }
}

impl Cell<'_> {
    /// Notes everything that the peers say, until one of them is gone or says
    /// something that it must not.
    pub(super) async fn pump(&self, mail: &mut Mail) -> Trouble {
        loop {
            let (side, event) = tokio::select! {
                biased;
                Some(event) = next(&mut mail.client) => (Side::Client, event),
                Some(event) = next(&mut mail.server) => (Side::Server, event),
                fault = self.stage.client.gone() => return Trouble::Peer { side: Side::Client, fault },
                fault = self.stage.server.gone() => return Trouble::Peer { side: Side::Server, fault },
            };
            let event_name = name(&event);
            if !self.note(event) {
                let fault = PeerFault::Unasked { event: event_name };
                return Trouble::Peer { side, fault };
            }
        }
    }

    /// Notes an event; `false` if it has no place in a cell.
    fn note(&self, event: Event) -> bool {
        match event {
            Event::Began(began) => {
                let Some(listener) = self
                    .ids
                    .listeners
                    .iter()
                    .position(|id| *id == began.listener)
                else {
                    return false;
                };
                if self.facts.lock().handled.len() >= MOST_HANDLERS {
                    return false;
                }
                self.facts
                    .note(|seen| seen.handled.push(seen::began(began, listener)));
            }
            Event::Handled(handled) => return self.note_handled(handled),
            Event::Reached(reached) => return self.note_reached(reached.step),
            Event::Report(report) => {
                let Some(index) = self
                    .ids
                    .calls
                    .iter()
                    .position(|ids| ids.contains(&report.call))
                else {
                    return false;
                };
                self.facts
                    .note(|seen| seen.calls[index].push(seen::call(report)));
            }
            Event::Closed(closed) => self.facts.note(|seen| seen.closed.push(closed.channel)),
            Event::Unlistened(ended) => {
                self.facts.note(|seen| seen.unlistened.push(ended.listener))
            }
            Event::Ready(_)
            | Event::Listening(_)
            | Event::Opened(_)
            | Event::ShutDown(_)
            | Event::Refused(_) => return false,
        }
        true
    }

    /// Notes that a step was reached, once however many calls reach it; `false`
    /// if the case has no such step. So a peer cannot fill the memory with them.
    fn note_reached(&self, step: String) -> bool {
        let case = self.stage.case;
        let scripts = case.listeners.iter().flat_map(|listener| &listener.scripts);
        let of_servers = scripts.flat_map(|script| script.send.iter().chain(&script.receive));
        let of_clients = case
            .calls
            .iter()
            .flat_map(|call| call.send.iter().chain(&call.receive));
        let known = of_servers
            .chain(of_clients)
            .any(|planned| planned.name.as_ref() == Some(&step));
        if known && !self.facts.lock().reached.contains(&step) {
            self.facts.note(|seen| seen.reached.push(step));
        }
        known
    }

    /// Completes the handler's entry; one that never began is a fault.
    fn note_handled(&self, handled: contract::Handled) -> bool {
        let listener = self
            .ids
            .listeners
            .iter()
            .position(|id| *id == handled.listener);
        let mut known = false;
        self.facts.note(|seen| {
            let entry = seen.handled.iter_mut().find(|entry| {
                Some(entry.listener) == listener
                    && entry.number == handled.number
                    && entry.call_end.is_none()
            });
            if let Some(entry) = entry {
                seen::handled(entry, handled);
                seen.handlers_ended += 1;
                known = true;
            }
        });
        known
    }
}
