//! Choices and bytes, taken from the front of an input. An input that has run
//! out gives zeros, so that every input means something.

use wirecheck_core::wire::capture::{Direction, Event, Record};

/// What is left of an input.
pub struct Input<'a> {
    bytes: &'a [u8],
}

/// Bytes that one side sent without the other one in between.
pub type Run<'a> = (Direction, &'a [u8]);

impl<'a> Input<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or(0)
    }

    /// One of so many.
    pub fn below(&mut self, bound: usize) -> usize {
        usize::from(self.byte()) % bound.max(1)
    }

    pub fn chance(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// Two bytes, the lower one first.
    pub fn number(&mut self) -> u16 {
        u16::from_le_bytes([self.byte(), self.byte()])
    }

    pub fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.bytes.split_at(self.bytes.len().min(count));
        self.bytes = rest;
        taken
    }

    /// Bytes behind their length, a byte.
    pub fn short(&mut self) -> &'a [u8] {
        let length = usize::from(self.byte());
        self.take(length)
    }

    /// Bytes behind their length, two bytes.
    pub fn part(&mut self) -> &'a [u8] {
        let length = usize::from(self.number());
        self.take(length)
    }

    pub fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.bytes)
    }

    pub fn direction(&mut self) -> Direction {
        match self.chance() {
            false => Direction::ClientToServer,
            true => Direction::ServerToClient,
        }
    }

    /// The lengths of four reads, over and over.
    pub fn pieces(&mut self) -> [usize; 4] {
        [(); 4].map(|()| usize::from(self.byte()) + 1)
    }

    /// Everything that is left, as what both sides sent.
    pub fn runs(&mut self) -> Vec<Run<'a>> {
        let mut runs = Vec::new();
        while !self.is_empty() {
            runs.push((self.direction(), self.part()));
        }
        runs
    }
}

/// Cuts runs into pieces of these lengths, over and over; whole, if there are
/// none.
pub fn each_piece(runs: &[Run<'_>], pieces: &[usize], mut see: impl FnMut(Direction, &[u8])) {
    let mut lengths = pieces.iter().copied().cycle();
    for (direction, bytes) in runs {
        let mut rest = *bytes;
        while !rest.is_empty() {
            let length = lengths.next().unwrap_or(usize::MAX).clamp(1, rest.len());
            let (piece, behind) = rest.split_at(length);
            see(*direction, piece);
            rest = behind;
        }
    }
}

/// Bytes on connection 1. All have one time, since splits change times.
pub fn record(direction: Direction, bytes: &[u8]) -> Record<'_> {
    at_once(Event::Bytes(direction, bytes))
}

/// An event on connection 1, at the beginning of time.
pub fn at_once(event: Event<'_>) -> Record<'_> {
    Record {
        connection: 1,
        at_ns: 0,
        event,
    }
}
