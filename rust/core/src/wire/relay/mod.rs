//! Changes what passes on a connection: drops, doubles and rewrites frames,
//! header fields and octets, puts frames in between, and says when the line is
//! to wait, to end or to break.
//!
//! A [`Relay`] takes the octets of both directions of one connection as they
//! come and gives back what is to be done with them. It reads nothing and
//! writes nothing, so that the same faults can be put on a live line and on a
//! capture ([`replay`]). Where no fault needs to know frames, octets pass as
//! they are; where one changes header lists, all lists of that direction are
//! written anew, as literals without indexing (RFC 7541, section 6.2.2), since
//! those after it would refer to a dynamic table that the receiver has not.
//!
//! ```
//! use wirecheck_core::wire::capture::Direction::ServerToClient;
//! use wirecheck_core::wire::relay::{Edit, Fault, FieldEdit, FrameAct, FrameMatch, Op, Relay};
//!
//! let drop_status = Fault::Frame {
//!     which: FrameMatch::nth(ServerToClient, 0x01, 1),
//!     act: FrameAct::Edit(Edit::Fields(FieldEdit::Remove(b"grpc-status".to_vec()))),
//! };
//! let mut relay = Relay::new(&[drop_status]);
//! // HEADERS on stream 1 with END_HEADERS and END_STREAM: `:status: 200` by its
//! // index, `grpc-status: 0` as a literal.
//! let trailers = b"\0\0\x10\x01\x05\0\0\0\x01\x88\0\x0bgrpc-status\x010";
//! let ops = relay.take(ServerToClient, trailers);
//! let expected = b"\0\0\x0d\x01\x05\0\0\0\x01\0\x07:status\x03200";
//! assert_eq!(ops, [Op::Pass(expected.to_vec())]);
//! assert_eq!(relay.applied(), [1]);
//! ```

mod edit;
mod fault;
mod lane;
mod lists;
mod octets;
mod replay;
mod unit;

use std::collections::VecDeque;

use lane::Lane;
use octets::OctetStage;

use super::capture::Direction;

pub use fault::{
    Edit, Fault, FieldEdit, FrameAct, FrameMatch, Inserted, Line, OctetAct, OctetEdit,
};
pub use lists::GaveUp;
pub use replay::replay;
pub use unit::Field;

/// What is to be done next with what a side sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// These octets go on to the other side.
    Pass(Vec<u8>),
    /// Something is to happen on the line, before what follows passes.
    Line(Line),
}

/// One connection with faults on it.
#[derive(Debug)]
pub struct Relay {
    client: Way,
    server: Way,
    applied: Vec<u32>,
}

/// One direction: what looks at frames, and what counts octets.
#[derive(Debug)]
struct Way {
    /// `None` where no fault needs to know frames.
    lane: Option<Lane>,
    octets: OctetStage,
}

/// A fault with its number among all that were given.
type Numbered<T> = (usize, T);

impl Relay {
    /// A relay for a new connection.
    pub fn new(faults: &[Fault]) -> Self {
        Self {
            client: Way::new(Direction::ClientToServer, faults),
            server: Way::new(Direction::ServerToClient, faults),
            applied: vec![0; faults.len()],
        }
    }

    /// Takes what a side sent, in pieces of any size, and gives what is to be
    /// done with it, in order.
    pub fn take(&mut self, direction: Direction, octets: &[u8]) -> Vec<Op> {
        let found = self.way(direction).take(octets);
        self.settle(direction, found)
    }

    /// A side has ended its direction: gives what is still to be passed on
    /// before the end is.
    pub fn end(&mut self, direction: Direction) -> Vec<Op> {
        let found = self.way(direction).end();
        self.settle(direction, found)
    }

    /// How often each fault was put on the line, in the order in which they
    /// were given. A fault that changes nothing, such as one that removes a
    /// header field that is not there, is not counted.
    pub fn applied(&self) -> &[u32] {
        &self.applied
    }

    /// Frames could not be followed any more in one of the directions, which
    /// passes as it is since then: why.
    pub fn gave_up(&self) -> Option<GaveUp> {
        let ways = [&self.client, &self.server].into_iter();
        { ways }.find_map(|way| way.lane.as_ref()?.gave_up())
    }

    fn way(&mut self, direction: Direction) -> &mut Way {
        match direction {
            Direction::ClientToServer => &mut self.client,
            Direction::ServerToClient => &mut self.server,
        }
    }

    fn settle(&mut self, direction: Direction, found: Found) -> Vec<Op> {
        for index in found.applied {
            self.applied[index] = self.applied[index].saturating_add(1);
        }
        if let Some(lane) = &mut self.way(direction.reverse()).lane {
            lane.peer_announces(found.table_sizes);
            lane.peer_opens(&found.opened);
        }
        found.ops
    }
}

impl Way {
    fn new(direction: Direction, faults: &[Fault]) -> Self {
        let reads = faults.iter().any(|fault| fault.reads(direction));
        Self {
            lane: reads.then(|| Lane::new(direction, faults)),
            octets: OctetStage::new(direction, faults),
        }
    }

    fn take(&mut self, octets: &[u8]) -> Found {
        let mut found = Found::default();
        match &mut self.lane {
            Some(lane) => lane.take(octets, &mut found),
            None => found.pass(octets),
        }
        self.octets.pass(found)
    }

    fn end(&mut self) -> Found {
        let mut found = Found::default();
        if let Some(lane) = &mut self.lane {
            lane.end(&mut found);
        }
        self.octets.pass(found)
    }
}

/// What came of some octets.
#[derive(Debug, Default)]
struct Found {
    ops: Vec<Op>,
    /// The faults that were put on the line, once for each time.
    applied: Vec<usize>,
    /// What each SETTINGS frame of this side, ACKs left out, says of
    /// SETTINGS_HEADER_TABLE_SIZE, in octets.
    table_sizes: VecDeque<Option<u32>>,
    /// The streams that this side, which is the client, has opened.
    opened: Vec<u32>,
}

impl Found {
    /// Appends octets that pass on.
    fn pass(&mut self, octets: &[u8]) {
        match self.ops.last_mut() {
            Some(Op::Pass(passed)) => passed.extend_from_slice(octets),
            _ if octets.is_empty() => {}
            _ => self.ops.push(Op::Pass(octets.to_vec())),
        }
    }

    /// Appends what happens on the line.
    fn line(&mut self, line: &Line) {
        self.ops.push(Op::Line(line.clone()));
    }
}
