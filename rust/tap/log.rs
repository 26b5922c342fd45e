//! What a tap saw, in the capture format, up to a limit.

use wirecheck_core::wire::capture::{Direction, Event, Record, Writer};

use super::feed::Feed;
use super::outlet::{CaptureLog, Outlet, Stored};

/// The bytes of a record before its content. They count towards the limit, so
/// that traffic in tiny reads cannot grow the log without bound.
const RECORD_HEADER: u64 = 17;

/// Where a tap puts what it sees.
pub(super) enum Log {
    /// It is kept.
    Kept(Keeper),
    /// It is read along.
    Fed(Feed),
}

impl Log {
    /// Takes bytes; returns how many of them were left out.
    pub(super) fn bytes(
        &mut self,
        connection: u32,
        at_ns: u64,
        direction: Direction,
        bytes: &[u8],
    ) -> u64 {
        match self {
            Self::Kept(keeper) => keeper.bytes(connection, at_ns, direction, bytes),
            Self::Fed(feed) => {
                feed.push(&Record {
                    connection,
                    at_ns,
                    event: Event::Bytes(direction, bytes),
                });
                0
            }
        }
    }

    /// Notes anything but bytes.
    pub(super) fn event(&mut self, connection: u32, at_ns: u64, event: Event<'_>) {
        match self {
            Self::Kept(keeper) => keeper.event(connection, at_ns, event),
            Self::Fed(feed) => feed.push(&Record {
                connection,
                at_ns,
                event,
            }),
        }
    }

    /// Notes why a connection could not be passed on, for who reads along.
    pub(super) fn refuse(&mut self, connection: u32, why: &std::io::Error) {
        if let Self::Fed(feed) = self {
            feed.refuse(connection, why.to_string());
        }
    }

    /// Whether it is kept, and not only read along.
    pub(super) fn is_kept(&self) -> bool {
        matches!(self, Self::Kept(_))
    }

    /// Ends the log and waits until all of it is stored.
    pub(super) async fn finish(self) -> Stored {
        match self {
            Self::Kept(keeper) => keeper.finish().await,
            Self::Fed(_) => Stored {
                log: CaptureLog::Memory(Vec::new()),
                failure: None,
            },
        }
    }
}

/// The log of one tap while it grows.
pub(super) struct Keeper {
    writer: Writer<Outlet>,
    /// Bytes that may still be kept.
    room: u64,
}

impl Keeper {
    pub(super) fn new(outlet: Outlet, limit: u64) -> Self {
        Self {
            writer: Writer::new(outlet).expect("an outlet takes every write"),
            room: limit,
        }
    }

    /// Keeps bytes as far as there is room; returns how many were left out.
    fn bytes(&mut self, connection: u32, at_ns: u64, direction: Direction, bytes: &[u8]) -> u64 {
        let kept = self.room_for(bytes.len());
        if kept > 0 {
            let event = Event::Bytes(direction, &bytes[..kept]);
            self.write(connection, at_ns, event);
            self.room -= RECORD_HEADER + kept as u64;
        }
        if kept < bytes.len() {
            // A capture with holes could not be decoded: what follows is left
            // out too, however short it is.
            self.room = 0;
        }
        (bytes.len() - kept) as u64
    }

    /// Notes anything but bytes. A connection has few of these, so they are
    /// kept beyond the limit too.
    fn event(&mut self, connection: u32, at_ns: u64, event: Event<'_>) {
        self.write(connection, at_ns, event);
        self.room = self.room.saturating_sub(RECORD_HEADER);
    }

    /// Ends the log and waits until all of it is stored.
    async fn finish(self) -> Stored {
        let outlet = self.writer.finish().expect("an outlet takes every write");
        outlet.finish().await
    }

    fn room_for(&self, length: usize) -> usize {
        let room = self.room.saturating_sub(RECORD_HEADER);
        usize::try_from(room).map_or(length, |room| length.min(room))
    }

    fn write(&mut self, connection: u32, at_ns: u64, event: Event<'_>) {
        let record = Record {
            connection,
            at_ns,
            event,
        };
        self.writer
            .write(&record)
            .expect("an outlet takes every write");
    }
}

#[cfg(test)]
mod tests {
    use super::super::outlet::{Backlog, CaptureLog};
    use super::*;

    /// Writes the same log with this much memory, and reads all of it.
    async fn log_with_memory(spill_after: usize) -> (bool, Vec<u8>) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cell.wirecap");
        let outlet = Outlet::new(&file, spill_after, Backlog::new());
        let mut log = Keeper::new(outlet, u64::MAX);
        log.event(1, 0, Event::Opened);
        for number in 0..3000_u64 {
            let bytes = number.to_le_bytes().repeat(number as usize % 97);
            log.bytes(1, number, Direction::ClientToServer, &bytes);
        }
        log.event(1, 3000, Event::Closed);
        let stored = log.finish().await;
        assert!(stored.failure.is_none());
        let mut bytes = Vec::new();
        let mut reader = stored.log.open().unwrap();
        reader.read_to_end(&mut bytes).unwrap();
        drop(reader);
        (matches!(stored.log, CaptureLog::File(_)), bytes)
    }

    #[tokio::test]
    async fn a_spilled_log_is_the_one_that_memory_would_hold() {
        let (in_file, expected) = log_with_memory(usize::MAX).await;
        assert!(!in_file);
        for spill_after in [0, 1000, 1 << 20] {
            let (in_file, spilled) = log_with_memory(spill_after).await;
            assert!(in_file);
            assert!(spilled == expected, "spilled after {spill_after} bytes");
        }
    }
}
