//! Bytes that passed, with the values of secret metadata overwritten in place.
//!
//! Only string literals of header blocks are changed, and each becomes one that
//! is as long, on the wire and decoded ([`filler`](super::hpack::filler)).
//! Offsets, frames and the dynamic table therefore stay what they were, and
//! references to an entry that was secret lead to the filler. What cannot be
//! read cannot be masked, so it is left out.

use std::collections::{BTreeMap, VecDeque};

use super::capture::{Direction, Event, Record, append};
use super::decode::{LiveDecoder, Patch};

/// Bytes of a connection that are held until the header block that they belong
/// to is whole: more than the decoder reads of one.
const MAX_HELD: usize = 1 << 20;

const BOTH: [Direction; 2] = [Direction::ClientToServer, Direction::ServerToClient];

/// Masks what a [`LiveDecoder`] reads that was told its secrets.
#[derive(Debug, Default)]
pub struct Masker {
    connections: BTreeMap<u32, Held>,
    /// Bytes that were left out on connections that have ended.
    left_out: u64,
}

/// What of a connection cannot be passed on yet.
#[derive(Debug, Default)]
struct Held {
    queue: VecDeque<Waiting>,
    bytes: usize,
    sides: [Side; 2],
}

/// One direction.
#[derive(Debug, Default)]
struct Side {
    /// Bytes that came.
    seen: u64,
    /// Bytes from the beginning that are as they will be.
    settled: u64,
    /// Nothing more can be read.
    is_lost: bool,
    /// Bytes that were left out since then, and of them those that no record
    /// has said yet.
    left_out: u64,
    unsaid: u64,
}

#[derive(Debug)]
struct Waiting {
    at_ns: u64,
    what: What,
}

#[derive(Debug)]
enum What {
    /// Bytes from an offset of their direction on.
    Bytes(Direction, u64, Vec<u8>),
    Other(Event<'static>),
}

impl Masker {
    /// Takes a record that the decoder has just been fed, and appends what can
    /// be passed on now, as [`append`] does.
    pub fn pass(&mut self, record: &Record<'_>, decoder: &mut LiveDecoder, out: &mut Vec<u8>) {
        let id = record.connection;
        let held = self.connections.entry(id).or_default();
        let patches = decoder.take_patches(id);
        let settled = BOTH.map(|direction| decoder.settled(id, direction));
        held.take(record, &patches, settled, out);
        if record.event == Event::Closed
            && let Some(held) = self.connections.remove(&id)
        {
            self.left_out += held.left_out();
        }
    }

    /// Nothing more comes: passes on what can be. Returns how many bytes were
    /// left out in all, since they could not be masked.
    pub fn finish(mut self, out: &mut Vec<u8>) -> u64 {
        for (connection, mut held) in std::mem::take(&mut self.connections) {
            BOTH.into_iter()
                .for_each(|direction| held.drop_unsettled(direction));
            held.release(connection, out);
            self.left_out += held.left_out();
        }
        self.left_out
    }

    /// Bytes that are held.
    pub fn held_bytes(&self) -> usize {
        self.connections.values().map(|held| held.bytes).sum()
    }
}

impl Held {
    fn take(
        &mut self,
        record: &Record<'_>,
        patches: &[Patch],
        settled: [Option<u64>; 2],
        out: &mut Vec<u8>,
    ) {
        if patches.is_empty() && self.pass_at_once(record, settled) {
            return append(record, out);
        }
        self.push(record);
        for patch in patches {
            self.apply(patch);
        }
        let has_ended = record.event == Event::Closed;
        for (direction, settled) in BOTH.into_iter().zip(settled) {
            let side = &mut self.sides[index(direction)];
            match settled {
                Some(settled) => side.settled = settled,
                // After its end nothing is settled any more.
                None if !has_ended || side.settled < side.seen => side.is_lost = true,
                None => {}
            }
            side.is_lost |= self.bytes > MAX_HELD && side.settled < side.seen;
            if side.is_lost {
                self.drop_unsettled(direction);
            }
        }
        self.release(record.connection, out);
    }

    /// Most bytes are settled when they come, with nothing held before them.
    fn pass_at_once(&mut self, record: &Record<'_>, settled: [Option<u64>; 2]) -> bool {
        let Event::Bytes(direction, bytes) = record.event else {
            return false;
        };
        let side = &mut self.sides[index(direction)];
        let seen = side.seen + bytes.len() as u64;
        let is_settled = settled[index(direction)] == Some(seen);
        let at_once = self.queue.is_empty() && !side.is_lost && is_settled;
        if at_once {
            (side.seen, side.settled) = (seen, seen);
        }
        at_once
    }

    fn push(&mut self, record: &Record<'_>) {
        let what = match record.event {
            Event::Bytes(direction, bytes) => {
                let side = &mut self.sides[index(direction)];
                let offset = side.seen;
                side.seen += bytes.len() as u64;
                self.bytes += bytes.len();
                What::Bytes(direction, offset, bytes.to_vec())
            }
            Event::LeftOut(direction, count) => {
                self.sides[index(direction)].unsaid += count;
                return;
            }
            Event::Opened => What::Other(Event::Opened),
            Event::HalfClosed(direction) => What::Other(Event::HalfClosed(direction)),
            Event::Reset(direction) => What::Other(Event::Reset(direction)),
            Event::Closed => What::Other(Event::Closed),
        };
        self.queue.push_back(Waiting {
            at_ns: record.at_ns,
            what,
        });
    }

    /// Overwrites bytes that are held. Those of a block are, until it is whole.
    fn apply(&mut self, patch: &Patch) {
        for waiting in &mut self.queue {
            let What::Bytes(direction, offset, bytes) = &mut waiting.what else {
                continue;
            };
            if *direction != patch.direction {
                continue;
            }
            for (at, octet) in (patch.offset..).zip(&patch.octets) {
                let place = at.checked_sub(*offset);
                let place = place.and_then(|place| bytes.get_mut(place as usize));
                if let Some(place) = place {
                    *place = *octet;
                }
            }
        }
    }

    fn drop_unsettled(&mut self, lost: Direction) {
        let side = &mut self.sides[index(lost)];
        for waiting in &mut self.queue {
            if let What::Bytes(direction, offset, bytes) = &mut waiting.what
                && *direction == lost
            {
                let keep = side.settled.saturating_sub(*offset) as usize;
                if keep < bytes.len() {
                    let dropped = bytes.len() - keep;
                    side.left_out += dropped as u64;
                    side.unsaid += dropped as u64;
                    self.bytes -= dropped;
                    bytes.truncate(keep);
                }
            }
        }
    }

    fn left_out(&self) -> u64 {
        self.sides.iter().map(|side| side.left_out).sum()
    }

    /// Passes on what is settled, in the order in which it came.
    fn release(&mut self, connection: u32, out: &mut Vec<u8>) {
        while let Some(mut waiting) = self.queue.pop_front() {
            let at_ns = waiting.at_ns;
            let record = |event| Record {
                connection,
                at_ns,
                event,
            };
            match &mut waiting.what {
                What::Bytes(direction, offset, bytes) => {
                    let settled = self.sides[index(*direction)].settled;
                    let ready = settled.saturating_sub(*offset) as usize;
                    let ready = ready.min(bytes.len());
                    if ready > 0 {
                        append(&record(Event::Bytes(*direction, &bytes[..ready])), out);
                        self.bytes -= ready;
                    }
                    if ready < bytes.len() {
                        bytes.drain(..ready);
                        *offset += ready as u64;
                        self.queue.push_front(waiting);
                        return;
                    }
                }
                What::Other(event) => {
                    for direction in ending(event) {
                        let side = &mut self.sides[index(direction)];
                        let count = std::mem::take(&mut side.unsaid);
                        if count > 0 {
                            append(&record(Event::LeftOut(direction, count)), out);
                        }
                    }
                    append(&record(*event), out);
                }
            }
        }
    }
}

/// The directions that an event ends.
fn ending(event: &Event<'_>) -> Vec<Direction> {
    match event {
        Event::HalfClosed(direction) | Event::Reset(direction) => vec![*direction],
        Event::Closed => BOTH.to_vec(),
        _ => Vec::new(),
    }
}

fn index(direction: Direction) -> usize {
    match direction {
        Direction::ClientToServer => 0,
        Direction::ServerToClient => 1,
    }
}
