//! What a live tap sees, on its way to a thread that reads along.
//!
//! The reader takes what has come in batches, so that forwarding a few bytes
//! costs no switch between threads. It has to keep up: bytes that are missing
//! could not be decoded, and with them all that follows on their connection.
//! Where it falls behind by [`MAX_BACKLOG`](super::outlet::MAX_BACKLOG), the
//! traffic waits for it. It must therefore never wait for a disk or a terminal.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use wirecheck_core::wire::capture::{Record, append};

use super::outlet::Backlog;

/// How long bytes may wait for others to be read with them: less than a reader
/// of a terminal notices.
const GATHER: Duration = Duration::from_millis(5);

/// Bytes that are worth a batch at once.
const BATCH: usize = 128 * 1024;

/// The end of a feed that takes records.
pub(super) struct Feed(Arc<Shared>);

/// The end of a feed that gives them, in the order in which the tap saw them.
pub struct Arrivals(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    filled: Condvar,
    backlog: Backlog,
}

#[derive(Default)]
struct State {
    waiting: Batch,
    ended: bool,
}

/// Some of what a live tap has seen.
#[derive(Debug, Default)]
pub struct Batch {
    /// Records, as [`wirecheck_core::wire::capture::records`] reads them.
    pub records: Vec<u8>,
    /// Connections that the upstream did not take, before those records or
    /// among them.
    pub refused: Vec<Refused>,
}

/// A connection that the upstream did not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The connection, counted from 1.
    pub connection: u32,
    /// What the system says of it.
    pub why: String,
}

/// What [`Arrivals::next`] waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Something has come.
    Batch,
    /// Nothing has come for so long.
    Nothing,
    /// The tap was closed, and everything was taken.
    End,
}

/// A feed that holds up the traffic by `backlog`.
pub(super) fn feed(backlog: Backlog) -> (Feed, Arrivals) {
    let shared = Arc::new(Shared {
        state: Mutex::default(),
        filled: Condvar::new(),
        backlog,
    });
    (Feed(Arc::clone(&shared)), Arrivals(shared))
}

impl Feed {
    pub(super) fn push(&self, record: &Record<'_>) {
        let mut state = self.0.lock();
        let before = state.waiting.records.len();
        append(record, &mut state.waiting.records);
        let after = state.waiting.records.len();
        self.0.backlog.add(after - before);
        drop(state);
        if before == 0 || before < BATCH && after >= BATCH {
            self.0.filled.notify_one();
        }
    }

    pub(super) fn refuse(&self, connection: u32, why: String) {
        let refused = Refused { connection, why };
        self.0.lock().waiting.refused.push(refused);
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.0.lock().ended = true;
        self.0.filled.notify_one();
    }
}

impl Arrivals {
    /// Waits at most `patience` for what comes next, and puts it in place of
    /// what is in `batch`. Blocks.
    pub fn next(&mut self, batch: &mut Batch, patience: Duration) -> Next {
        batch.records.clear();
        batch.refused.clear();
        let state = self.0.lock();
        let is_empty = |state: &mut State| state.waiting.records.is_empty() && !state.ended;
        let state = self.0.wait(state, patience, is_empty);
        let is_small = |state: &mut State| {
            let length = state.waiting.records.len();
            (1..BATCH).contains(&length) && !state.ended
        };
        let mut state = self.0.wait(state, GATHER, is_small);
        if state.waiting.records.is_empty() {
            return if state.ended {
                Next::End
            } else {
                Next::Nothing
            };
        }
        std::mem::swap(batch, &mut state.waiting);
        drop(state);
        self.0.backlog.take(batch.records.len());
        Next::Batch
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(
        &self,
        state: MutexGuard<'a, State>,
        patience: Duration,
        condition: impl Fn(&mut State) -> bool,
    ) -> MutexGuard<'a, State> {
        let waited = self.filled.wait_timeout_while(state, patience, condition);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

#[cfg(test)]
mod tests {
    use wirecheck_core::wire::capture::{Direction, Event, records};

    use super::*;

    fn record(at_ns: u64, event: Event<'_>) -> Record<'_> {
        Record {
            connection: 1,
            at_ns,
            event,
        }
    }

    #[test]
    fn what_is_pushed_comes_out_in_batches_until_the_end() {
        let (feed, mut arrivals) = feed(Backlog::new());
        let mut batch = Batch::default();
        feed.push(&record(0, Event::Opened));
        feed.refuse(1, "refused".to_owned());
        feed.push(&record(1, Event::Bytes(Direction::ClientToServer, b"abc")));
        assert_eq!(arrivals.next(&mut batch, Duration::MAX), Next::Batch);
        let times: Vec<u64> = records(&batch.records).map(|record| record.at_ns).collect();
        assert_eq!(times, [0, 1]);
        assert_eq!(batch.refused.len(), 1);
        assert_eq!(arrivals.next(&mut batch, Duration::ZERO), Next::Nothing);
        feed.push(&record(2, Event::Closed));
        drop(feed);
        assert_eq!(arrivals.next(&mut batch, Duration::MAX), Next::Batch);
        assert_eq!(arrivals.next(&mut batch, Duration::MAX), Next::End);
    }
}
