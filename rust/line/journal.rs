//! What became of the faults.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use wirecheck_core::wire::relay::{GaveUp, Relay};

/// What a line did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// How often each fault was put on the line, over all connections.
    pub applied: Vec<u32>,
    /// Connections that were let through.
    pub connections: u32,
    /// Connections that were reset before anything passed.
    pub refused: u32,
    /// Why the frames of a connection could not be followed any more, if that
    /// happened: faults after that were not put there.
    pub gave_up: Option<GaveUp>,
    /// Why it stopped to accept connections, or could not pass one on.
    pub failure: Option<String>,
    /// Connections were still open when the patience ended, and were reset.
    pub forced: bool,
}

/// Collects it.
#[derive(Debug)]
pub(super) struct Journal(Mutex<Told>);

impl Journal {
    pub fn new(faults: usize) -> Self {
        let told = Told {
            applied: vec![0; faults],
            ..Told::default()
        };
        Self(Mutex::new(told))
    }

    /// A connection has come: is it one of the first, which are refused?
    pub fn refuses(&self, first: u32) -> bool {
        let mut told = self.lock();
        let refuses = told.refused < first;
        match refuses {
            true => told.refused += 1,
            false => told.connections = told.connections.saturating_add(1),
        }
        refuses
    }

    /// Faults may have been put on a connection that had so many of each
    /// before. Noted at once, since a line can be closed at any time.
    pub fn add(&self, relay: &Relay, before: &[u32]) {
        let mut told = self.lock();
        let counts = relay.applied().iter().zip(before);
        for (sum, (now, before)) in told.applied.iter_mut().zip(counts) {
            *sum = sum.saturating_add(now - before);
        }
        told.gave_up = told.gave_up.or(relay.gave_up());
    }

    pub fn failed(&self, error: &io::Error) {
        self.lock().failure.get_or_insert_with(|| error.to_string());
    }

    pub fn told(&self, forced: bool) -> Told {
        Told {
            forced,
            ..self.lock().clone()
        }
    }

    fn lock(&self) -> MutexGuard<'_, Told> {
        // Nothing is left half done where this is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
