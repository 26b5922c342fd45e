//! What has happened in a cell so far, and waiting for it to happen.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use wirecheck_core::judge::observed::{CallSeen, HandledSeen, ProgramSeen};
use wirecheck_core::plan::types::EventPlan;

/// What the peers have said of a cell so far.
#[derive(Debug, Default)]
pub struct Facts {
    state: Mutex<State>,
    changed: Notify,
}

/// See [`Facts`].
#[derive(Debug, Default)]
pub struct State {
    /// For each call of the case, the reports of its parallel calls.
    pub calls: Vec<Vec<CallSeen>>,
    /// For each call of the case, how many the client was told to make.
    pub begun: Vec<usize>,
    /// Handlers in the order in which they were entered.
    pub handled: Vec<HandledSeen>,
    /// How many of them have ended.
    pub handlers_ended: u32,
    /// Steps by name.
    pub reached: Vec<String>,
    /// The run of a client that knows nothing of Wirecheck.
    pub program: Option<Box<ProgramSeen>>,
    /// What the harness waits for.
    pub waiting: Vec<EventPlan>,
    /// The client was told to close its channels. A second time it would refuse.
    pub told_to_close: bool,
    /// The server was told to end its listeners; likewise.
    pub told_to_unlisten: bool,
    /// Channels that the client said it has closed.
    pub closed: Vec<u64>,
    /// Listeners that the server said it has ended.
    pub unlistened: Vec<u64>,
}

impl Facts {
    /// Nothing has happened, in a case with so many calls.
    pub fn new(calls: usize) -> Self {
        let state = State {
            calls: vec![Vec::new(); calls],
            begun: vec![0; calls],
            ..State::default()
        };
        Self {
            state: Mutex::new(state),
            changed: Notify::new(),
        }
    }

    /// Notes something.
    pub fn note(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.notify_waiters();
    }

    /// Waits until something is so. The caller bounds the time.
    pub async fn until(&self, so: impl Fn(&State) -> bool) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Registered before the look, so that no change falls between.
            changed.as_mut().enable();
            if so(&self.lock()) {
                return;
            }
            changed.await;
        }
    }

    /// What is so now.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
