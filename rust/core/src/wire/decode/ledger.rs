//! What may still be kept of an exchange, and what was cut.

use std::collections::BTreeSet;
use std::mem::size_of;

use crate::wire::exchange::{CUT_CONNECTIONS, Cut, Limits};

/// What a limit is for. A cut is said once for each kind and connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Connections,
    Memory,
    Frames,
    Streams,
    Fields,
    BlockBytes,
    Messages,
    Segments,
    FramePayload,
    Faults,
}

/// The limits, what is left of the memory, and the cuts so far.
#[derive(Debug)]
pub(super) struct Ledger {
    pub limits: Limits,
    /// The connection that is being decoded.
    pub connection: u32,
    memory_left: usize,
    cuts: Vec<Cut>,
    said: BTreeSet<(Kind, u32)>,
}

impl Ledger {
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            connection: 0,
            memory_left: limits.memory,
            cuts: Vec::new(),
            said: BTreeSet::new(),
        }
    }

    /// Takes room for one `T` with `more` bytes, or says that none is left.
    pub fn take<T>(&mut self, more: usize) -> bool {
        let wanted = size_of::<T>().saturating_add(more);
        match self.memory_left.checked_sub(wanted) {
            Some(left) => {
                self.memory_left = left;
                true
            }
            None => {
                self.cut(Kind::Memory);
                false
            }
        }
    }

    /// What may still be taken, in bytes.
    pub fn memory_left(&self) -> usize {
        self.memory_left
    }

    /// Takes back what was taken before and is not kept any more.
    pub fn give_back(&mut self, bytes: usize) {
        self.memory_left = (self.memory_left + bytes).min(self.limits.memory);
    }

    /// Forgets what was said of a connection that is gone.
    pub fn forget(&mut self, connection: u32) {
        self.said.retain(|(_, of)| *of != connection);
    }

    /// The cuts since the last time.
    pub fn take_cuts(&mut self) -> Vec<Cut> {
        std::mem::take(&mut self.cuts)
    }

    /// Says that something was left out.
    pub fn cut(&mut self, kind: Kind) {
        let connection = match kind {
            Kind::Connections | Kind::Memory => 0,
            _ => self.connection,
        };
        if !self.said.insert((kind, connection)) {
            return;
        }
        let Limits {
            connections,
            frames,
            streams,
            fields,
            block_bytes,
            ..
        } = self.limits;
        let Limits {
            messages,
            segments,
            frame_payload,
            faults,
            memory,
            ..
        } = self.limits;
        let (what, limit) = match kind {
            Kind::Connections => (CUT_CONNECTIONS.to_owned(), connections),
            Kind::Memory => ("bytes of memory for the exchange".to_owned(), memory),
            Kind::Frames => (format!("frames of connection {connection}"), frames),
            Kind::Streams => (format!("streams of connection {connection}"), streams),
            Kind::Fields => (
                format!("fields of a header list in connection {connection}"),
                fields,
            ),
            Kind::BlockBytes => (
                format!("bytes of a header block in connection {connection}"),
                block_bytes,
            ),
            Kind::Messages => (
                format!("messages of a stream in connection {connection}"),
                messages,
            ),
            Kind::Segments => (
                format!("byte ranges of a message in connection {connection}"),
                segments,
            ),
            Kind::FramePayload => (
                format!("payload bytes of a frame in connection {connection}"),
                frame_payload,
            ),
            Kind::Faults => (format!("faults of connection {connection}"), faults),
        };
        self.say(what, limit as u64);
    }

    /// Says a cut that no limit of the decoder made.
    pub fn say(&mut self, what: String, limit: u64) {
        self.cuts.push(Cut { what, limit });
    }

    pub fn into_cuts(self) -> Vec<Cut> {
        self.cuts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_is_said_once_for_each_connection() {
        let mut ledger = Ledger::new(Limits::default());
        for connection in [1, 2, 1] {
            ledger.connection = connection;
            ledger.cut(Kind::Frames);
            ledger.cut(Kind::Connections);
        }
        let said: Vec<_> = ledger.into_cuts().into_iter().map(|cut| cut.what).collect();
        assert_eq!(
            said,
            [
                "frames of connection 1",
                "connections",
                "frames of connection 2"
            ]
        );
    }

    #[test]
    fn what_is_given_back_can_be_taken_again() {
        let mut ledger = Ledger::new(Limits {
            memory: 10,
            ..Limits::default()
        });
        assert!(ledger.take::<u64>(2));
        ledger.give_back(8);
        assert!(ledger.take::<u64>(0));
        ledger.give_back(1_000);
        assert_eq!(ledger.memory_left(), 10, "never more than there is");
    }

    #[test]
    fn memory_is_given_until_it_is_used_up() {
        let mut ledger = Ledger::new(Limits {
            memory: 10,
            ..Limits::default()
        });
        assert!(ledger.take::<u64>(1));
        assert!(!ledger.take::<u64>(0));
        assert!(ledger.take::<u8>(0));
        assert_eq!(
            ledger.into_cuts(),
            [Cut {
                what: "bytes of memory for the exchange".into(),
                limit: 10
            }]
        );
    }
}
