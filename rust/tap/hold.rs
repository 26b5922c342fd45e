//! Which bytes of a direction may pass, and which have to wait.

use std::collections::VecDeque;

use wirecheck_core::wire::capture::Direction;
use wirecheck_core::wire::frame::FrameHeader;

use super::scan::Scanner;
use super::watch::FrameMatch;

/// Names a hold, to release it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoldId(usize);

/// All holds of a tap.
#[derive(Default)]
pub(super) struct Holds {
    holds: Vec<Hold>,
    /// What becomes of held bytes now that the tap closes.
    ending: Option<Held>,
}

struct Hold {
    from: FrameMatch,
    /// Matches to come until the frame that is meant.
    left: u32,
    released: bool,
}

/// What becomes of bytes that are still held when the tap closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// They are passed on.
    LetGo,
    /// They are thrown away, and their connections reset.
    Drop,
}

impl Holds {
    pub(super) fn set(&mut self, from: FrameMatch) -> HoldId {
        self.holds.push(Hold {
            from,
            left: from.count(),
            released: false,
        });
        HoldId(self.holds.len() - 1)
    }

    pub(super) fn release(&mut self, id: HoldId) {
        self.holds[id.0].released = true;
    }

    pub(super) fn end(&mut self, held: Held) {
        self.ending = Some(held);
    }

    pub(super) fn are_dropped(&self) -> bool {
        self.ending == Some(Held::Drop)
    }

    /// The holds that begin with this frame.
    pub(super) fn begin(
        &mut self,
        connection: u32,
        direction: Direction,
        frame: &FrameHeader,
    ) -> impl Iterator<Item = HoldId> {
        let begins = move |hold: &mut Hold| {
            if hold.left == 0 || !hold.from.matches(connection, direction, frame) {
                return false;
            }
            hold.left -= 1;
            hold.left == 0 && !hold.released
        };
        let holds = self.holds.iter_mut().enumerate();
        holds.filter_map(move |(index, hold)| begins(hold).then_some(HoldId(index)))
    }

    /// How many of the queued bytes may pass now.
    pub(super) fn passable(&self, connection: u32, queue: &mut Queue) -> usize {
        if self.ending == Some(Held::LetGo) {
            queue.barriers.clear();
            return queue.bytes.len();
        }
        while let Some((_, id)) = queue.barriers.front()
            && self.holds[id.0].released
        {
            queue.barriers.pop_front();
        }
        let limit = match queue.barriers.front() {
            Some((offset, _)) => *offset,
            // Half a header may turn out to be the frame to hold.
            None if !queue.ended && self.are_awaited(connection, queue.direction) => {
                queue.scanner.settled()
            }
            None => return queue.bytes.len(),
        };
        limit.saturating_sub(queue.passed) as usize
    }

    fn are_awaited(&self, connection: u32, direction: Direction) -> bool {
        self.holds.iter().any(|hold| {
            hold.left > 0 && !hold.released && hold.from.concerns(connection, direction)
        })
    }
}

/// What has come in one direction of a connection and has not yet passed.
pub(super) struct Queue {
    pub(super) direction: Direction,
    pub(super) bytes: Vec<u8>,
    /// No more bytes will come.
    pub(super) ended: bool,
    pub(super) scanner: Scanner,
    /// Where holds begin, in order; offsets count the bytes of the direction.
    pub(super) barriers: VecDeque<(u64, HoldId)>,
    /// Bytes that have passed.
    passed: u64,
}

impl Queue {
    pub(super) fn new(direction: Direction) -> Self {
        Self {
            direction,
            bytes: Vec::new(),
            ended: false,
            scanner: Scanner::new(direction),
            barriers: VecDeque::new(),
            passed: 0,
        }
    }

    /// The first bytes have been passed on.
    pub(super) fn pass(&mut self, count: usize) {
        self.passed += count as u64;
        if count == self.bytes.len() {
            self.bytes.clear();
        } else {
            self.bytes.drain(..count);
        }
    }
}
