//! Text on its way to a terminal or a pipe, which may be slow or gone.

use std::io::Write;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::queue::{Sender, queue};

/// Bytes of text that may wait for a terminal.
const WAITING: usize = 4 << 20;
/// Bytes of text that are handed over at once.
const PIECE: usize = 64 * 1024;

/// Counts of what stands in a text, or should have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    /// Calls, by their last line.
    pub calls: u64,
    /// Messages of long calls.
    pub messages: u64,
    /// Findings and notes.
    pub remarks: u64,
}

impl Count {
    /// Nothing was counted.
    pub fn is_zero(self) -> bool {
        self == Self::default()
    }

    fn add(&mut self, other: Self) {
        self.calls += other.calls;
        self.messages += other.messages;
        self.remarks += other.remarks;
    }
}

/// Prints texts in their order, on a thread of its own. What the other end
/// does not take in time is counted and forgotten.
pub struct Printer {
    queue: Option<Sender<String>>,
    piece: String,
    in_piece: Count,
    /// What was not shown.
    missed: Count,
    /// Of that, what nobody was told of yet.
    untold: Count,
    ended: Receiver<()>,
}

impl Printer {
    /// Begins to print.
    pub fn new(mut to: impl Write + Send + 'static) -> Self {
        let (sender, receiver) = queue::<String>(WAITING);
        let (end, ended) = channel();
        std::thread::spawn(move || {
            while let Some(text) = receiver.recv() {
                // Who closed the pipe does not miss the rest.
                if to
                    .write_all(text.as_bytes())
                    .and_then(|()| to.flush())
                    .is_err()
                {
                    break;
                }
            }
            drop(receiver);
            let _ = end.send(());
        });
        Self {
            queue: Some(sender),
            piece: String::new(),
            in_piece: Count::default(),
            missed: Count::default(),
            untold: Count::default(),
            ended,
        }
    }

    /// Prints what `text` makes, unless there is no room: then it is only
    /// counted, and not made.
    pub fn print(&mut self, count: Count, text: impl FnOnce() -> String) {
        if self.piece.is_empty() && !self.has_room() {
            self.miss(count);
            return;
        }
        self.piece.push_str(&text());
        self.in_piece.add(count);
        if self.piece.len() >= PIECE {
            self.flush(|_| String::new());
        }
    }

    /// Hands over what was printed so far. `gap` says what was not shown since
    /// the last time.
    pub fn flush(&mut self, gap: impl FnOnce(Count) -> String) {
        if !self.untold.is_zero() && self.has_room() {
            let told = gap(std::mem::take(&mut self.untold));
            self.piece.insert_str(0, &told);
        }
        if self.piece.is_empty() {
            return;
        }
        let count = std::mem::take(&mut self.in_piece);
        let piece = std::mem::take(&mut self.piece);
        let length = piece.len();
        let sent = self.queue.as_ref().map(|queue| queue.send(piece, length));
        if !matches!(sent, Some(Ok(()))) {
            self.miss(count);
        }
    }

    /// Waits until all is printed, but not longer than `patience`. Says what
    /// was not shown in all.
    pub fn finish(mut self, patience: Duration) -> (Count, bool) {
        self.flush(|_| String::new());
        self.queue = None;
        let in_time = self.ended.recv_timeout(patience).is_ok();
        (self.missed, in_time)
    }

    fn has_room(&self) -> bool {
        self.queue.as_ref().is_some_and(Sender::has_room)
    }

    fn miss(&mut self, count: Count) {
        self.missed.add(count);
        self.untold.add(count);
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::mpsc;

    use super::*;

    const CALL: Count = Count {
        calls: 1,
        messages: 0,
        remarks: 0,
    };

    /// A terminal that takes a piece for each permit.
    struct Slow {
        permits: mpsc::Receiver<()>,
        taken: mpsc::Sender<String>,
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.permits.recv().map_err(io::Error::other)?;
            let text = String::from_utf8_lossy(bytes).into_owned();
            self.taken.send(text).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_slow_terminal_is_not_waited_for_and_what_it_missed_is_counted() {
        let ((permit, permits), (taken, texts)) = (mpsc::channel(), mpsc::channel());
        let mut printer = Printer::new(Slow { permits, taken });
        let block = "x".repeat(PIECE);
        for _ in 0..200 {
            printer.print(CALL, || block.clone());
        }
        assert!(printer.missed.calls > 100, "{:?}", printer.missed);
        (0..300).for_each(|_| permit.send(()).expect("the terminal is there"));
        let first = texts.recv().expect("a piece");
        assert_eq!(first.len(), PIECE);
        let (missed, in_time) = printer.finish(Duration::from_secs(60));
        assert!(in_time);
        let shown = 1 + texts.iter().count() as u64;
        assert_eq!(shown + missed.calls, 200);
    }

    #[test]
    fn a_closed_pipe_ends_the_printing_and_nothing_else() {
        let ((permit, permits), (taken, texts)) = (mpsc::channel(), mpsc::channel());
        drop((permit, texts));
        let mut printer = Printer::new(Slow { permits, taken });
        printer.print(CALL, || "a".to_owned());
        printer.flush(|_| String::new());
        let (_, in_time) = printer.finish(Duration::from_secs(60));
        assert!(in_time);
    }
}
