//! What a scripted peer says and waits for, understood: a case that is
//! `against` one role has a `dialogue`, which plays the other.

pub mod told;
pub mod written;

pub(super) mod resolve;

use std::time::Duration;

use super::case::Party;
use super::source::Location;
use super::types::Payload;
use crate::wire::capture::Direction;
use crate::wire::write::block::Item;
use crate::wire::write::frame::{Frame, Headers};

/// The name of the scripted peer in the id of a cell.
pub const SCRIPTED: &str = "scripted";

/// A dialogue, ready to be played.
#[derive(Debug, Clone)]
pub struct DialoguePlan {
    /// The role under test. The script plays the other.
    pub against: Party,
    /// The lines, in order.
    pub lines: Vec<LinePlan>,
    /// The rules that it breaks on purpose. It is held against the rules only
    /// if it says which.
    pub breaks: Option<Vec<&'static str>>,
}

/// One line.
#[derive(Debug, Clone)]
pub struct LinePlan {
    /// Its place among the lines, from 1: `3`, or `4.2` within a `repeat`.
    pub number: String,
    /// Where it is written.
    pub at: Location,
    /// What is done.
    pub act: Act,
}

/// What a line does.
#[derive(Debug, Clone)]
pub enum Act {
    /// Say the 24 bytes of a client.
    Preface,
    /// Send a field block.
    Headers {
        /// The stream.
        stream: StreamPlan,
        /// All but the stream.
        headers: Headers,
        /// The block.
        items: Vec<Item>,
    },
    /// Send DATA.
    Data(DataPlan),
    /// Send a frame whose payload is known.
    Frame {
        /// The stream.
        stream: StreamPlan,
        /// All but the stream.
        frame: Frame,
    },
    /// Send GOAWAY.
    GoAway {
        /// The last stream.
        last: StreamPlan,
        /// The error code.
        error: u32,
        /// Debug data.
        debug: Vec<u8>,
    },
    /// Answer the last PING that came.
    PingAck,
    /// Send bytes as they are.
    Raw(Payload),
    /// Send no more.
    Close,
    /// Reset the connection.
    Reset,
    /// Read nothing more.
    StopReading,
    /// Read again.
    ReadOn,
    /// What follows is done on the next connection.
    NextConnection,
    /// Wait for a frame.
    Await(AwaitPlan),
    /// Wait until the peer has ended the connection.
    AwaitClose,
    /// Wait so long.
    Pause(Duration),
    /// Do the lines so many times.
    Repeat {
        /// How often.
        times: u32,
        /// Each time on the next streams.
        next_stream: bool,
        /// The lines.
        lines: Vec<LinePlan>,
    },
}

/// A stream of the connection on which a dialogue is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamPlan {
    /// This one.
    Number(u32),
    /// The nth that the peer has opened, counted from 1.
    Call(u32),
}

/// DATA.
#[derive(Debug, Clone)]
pub struct DataPlan {
    /// The stream.
    pub stream: StreamPlan,
    /// What it carries, with the prefix.
    pub payload: Payload,
    /// The flags of every frame.
    pub flags: u8,
    /// The last frame has END_STREAM.
    pub end_stream: bool,
    /// Bytes of padding in each frame.
    pub padding: Option<u8>,
    /// The most bytes of payload in a frame.
    pub frame_size: Option<usize>,
}

/// A frame that is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AwaitPlan {
    /// The type octet; any if unset.
    pub kind: Option<u8>,
    /// The stream; any if unset.
    pub stream: Option<StreamPlan>,
    /// Flags that must be set.
    pub flags: u8,
    /// It ends its stream, or it does not.
    pub ends_stream: Option<bool>,
    /// The error code of RST_STREAM or GOAWAY.
    pub error: Option<u32>,
    /// The nth that matches, counted from 1.
    pub nth: u32,
    /// If all calls end without it, so does the dialogue, in order.
    pub optional: bool,
}

impl DialoguePlan {
    /// Which way go the bytes of the script.
    pub fn direction(&self) -> Direction {
        match self.against {
            Party::Client => Direction::ServerToClient,
            Party::Server => Direction::ClientToServer,
        }
    }

    /// The lines that are done on the nth connection, counted from 0, and
    /// whether they are the last. Connections beyond those that lines are for
    /// do the last ones anew.
    pub fn part(&self, connection: usize) -> (&[LinePlan], bool) {
        let is_end = |line: &LinePlan| matches!(line.act, Act::NextConnection);
        let parts: Vec<_> = self.lines.split_inclusive(is_end).collect();
        let last = parts.len().saturating_sub(1);
        let lines = parts.get(connection.min(last)).copied();
        (lines.unwrap_or_default(), connection >= last)
    }

    /// The script is a client: it connects.
    pub fn is_client(&self) -> bool {
        self.against == Party::Server
    }
}

impl StreamPlan {
    /// Its number, where that does not depend on the peer.
    pub fn number(self) -> Option<u32> {
        match self {
            Self::Number(number) => Some(number),
            Self::Call(_) => None,
        }
    }

    /// The same, so many calls on. Stream 0 is the connection and stays.
    #[must_use]
    pub fn shifted(self, calls: u32) -> Self {
        match self {
            Self::Number(0) => self,
            Self::Number(number) => Self::Number(number.wrapping_add(calls.wrapping_mul(2))),
            Self::Call(nth) => Self::Call(nth.saturating_add(calls)),
        }
    }
}
