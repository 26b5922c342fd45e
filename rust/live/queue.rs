//! A queue that never makes its sender wait: what does not fit is refused.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// The end that takes items.
pub struct Sender<T>(Arc<Shared<T>>);

/// The end that gives them, in their order.
pub struct Receiver<T>(Arc<Shared<T>>);

struct Shared<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
    /// The most bytes that wait.
    limit: usize,
}

struct State<T> {
    items: VecDeque<(T, usize)>,
    bytes: usize,
    is_closed: bool,
    /// Nobody receives any more.
    is_deaf: bool,
}

/// A queue for so many bytes. One item may go beyond.
pub fn queue<T>(limit: usize) -> (Sender<T>, Receiver<T>) {
    let state = State {
        items: VecDeque::new(),
        bytes: 0,
        is_closed: false,
        is_deaf: false,
    };
    let shared = Arc::new(Shared {
        state: Mutex::new(state),
        changed: Condvar::new(),
        limit,
    });
    (Sender(Arc::clone(&shared)), Receiver(shared))
}

impl<T> Sender<T> {
    /// Whether the next item will be taken.
    pub fn has_room(&self) -> bool {
        let state = self.0.lock();
        !state.is_deaf && state.bytes < self.0.limit
    }

    /// Puts an item of so many bytes into the queue, or gives it back.
    pub fn send(&self, item: T, bytes: usize) -> Result<(), T> {
        let mut state = self.0.lock();
        if state.is_deaf || state.bytes >= self.0.limit {
            return Err(item);
        }
        state.bytes += bytes;
        state.items.push_back((item, bytes));
        drop(state);
        self.0.changed.notify_one();
        Ok(())
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.0.lock().is_closed = true;
        self.0.changed.notify_one();
    }
}

impl<T> Receiver<T> {
    /// The next item; waits for one, and gives `None` when there will be none.
    pub fn recv(&self) -> Option<T> {
        let state = self.0.lock();
        let waits = |state: &mut State<T>| state.items.is_empty() && !state.is_closed;
        let waited = self.0.changed.wait_while(state, waits);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        let (item, bytes) = state.items.pop_front()?;
        state.bytes -= bytes;
        Some(item)
    }

    /// Whether there is nothing to be had at the moment.
    pub fn is_empty(&self) -> bool {
        self.0.lock().items.is_empty()
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.is_deaf = true;
        state.items.clear();
    }
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_refused_until_there_is_room() {
        let (sender, receiver) = queue(10);
        assert_eq!(sender.send("a", 9), Ok(()));
        assert_eq!(sender.send("b", 100), Ok(()), "one may go beyond");
        assert_eq!(sender.send("c", 1), Err("c"));
        assert!(!sender.has_room());
        assert_eq!(receiver.recv(), Some("a"));
        assert_eq!(receiver.recv(), Some("b"));
        assert_eq!(sender.send("d", 1), Ok(()));
        drop(sender);
        assert_eq!((receiver.recv(), receiver.recv()), (Some("d"), None));
    }

    #[test]
    fn without_a_receiver_everything_is_refused() {
        let (sender, receiver) = queue(10);
        drop(receiver);
        assert_eq!(sender.send((), 1), Err(()));
    }
}
