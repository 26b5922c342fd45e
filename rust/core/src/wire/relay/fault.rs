//! What can be done to a connection.

use std::time::Duration;

use super::unit::Field;
use crate::wire::capture::Direction;
use crate::wire::frame::{CONTINUATION, FrameHeader, HEADERS, PUSH_PROMISE};

/// One fault on a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Something done to frames, or where they stand.
    Frame {
        /// Which frames.
        which: FrameMatch,
        /// What.
        act: FrameAct,
    },
    /// Something done where so many octets have passed.
    Octet {
        /// Which way they go.
        direction: Direction,
        /// Octets of this direction that pass before it, from 0.
        at: u64,
        /// What.
        act: OctetAct,
    },
}

/// Which frames of a connection are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameMatch {
    /// Who sends them.
    pub direction: Direction,
    /// Their type; any if unset. HEADERS are met with their CONTINUATION where
    /// header lists are changed.
    pub kind: Option<u8>,
    /// Flags that are set on them.
    pub flags: u8,
    /// Flags that are not set on them.
    pub without: u8,
    /// Their stream; any if unset.
    pub stream: Option<u32>,
    /// Only those on the nth stream that the client has opened, from 1: not
    /// every library begins with stream 1.
    pub call: Option<u32>,
    /// The how many-th of those that match, from 1; all of them if unset.
    pub nth: Option<u32>,
}

/// What is done to a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FrameAct {
    /// It is changed.
    Edit(Edit),
    /// Frames are put before or behind it.
    Insert {
        /// Behind it.
        after: bool,
        /// What is put there.
        frames: Vec<Inserted>,
    },
    /// Something happens on the line before or behind it.
    Line {
        /// Behind it.
        after: bool,
        /// What.
        line: Line,
    },
}

/// A change of one frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// It is left out.
    Drop,
    /// It comes twice.
    Twice,
    /// Flags are set and cleared.
    Flags {
        /// These are set.
        set: u8,
        /// These are cleared, if they are not set.
        clear: u8,
    },
    /// It goes to another stream.
    Stream(u32),
    /// DATA or HEADERS get so many octets of padding (RFC 9113, section 6.1).
    Pad(u8),
    /// DATA become frames of at most so many octets, a header block fragments
    /// of so many; 0 counts as 1.
    Chop(usize),
    /// DATA wait for the next DATA of their stream and are joined with them, up
    /// to 16,384 octets, until the stream ends or something else is sent on it.
    Join,
    /// The octets of its payload are changed, and its length with them.
    Payload(OctetEdit),
    /// A setting in SETTINGS gets another value, or is added.
    Setting {
        /// Its identifier.
        id: u16,
        /// Its value.
        value: u32,
    },
    /// The header list is changed.
    Fields(FieldEdit),
}

/// A change of a payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OctetEdit {
    /// These octets stand from there on, as far as the payload goes.
    Set(usize, Vec<u8>),
    /// The bits of one octet are flipped.
    Flip(usize, u8),
    /// What stands from there on is left out.
    Truncate(usize),
    /// These octets are put at the end.
    Append(Vec<u8>),
    /// It is this instead.
    Replace(Vec<u8>),
}

/// A change of a header list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldEdit {
    /// All fields of this name are left out.
    Remove(Vec<u8>),
    /// The first field of this name gets this value; a list without one gets it
    /// at its end.
    Set(Field),
    /// A field is put before all others.
    AddFirst(Field),
    /// A field is put behind all others.
    AddLast(Field),
    /// The first field of a name comes twice.
    Twice(Vec<u8>),
    /// All fields of a name get another one.
    Rename(Vec<u8>, Vec<u8>),
    /// All fields of a name go before all others.
    ToFront(Vec<u8>),
    /// All fields of a name go behind all others.
    ToBack(Vec<u8>),
    /// The order of the list is reversed.
    Reverse,
}

/// A frame that nobody sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inserted {
    /// Of this type and payload.
    Frame {
        /// The type octet.
        kind: u8,
        /// The flags octet.
        flags: u8,
        /// The stream; that of the frame beside it if unset.
        stream: Option<u32>,
        /// The payload, at most 16,777,215 octets.
        payload: Vec<u8>,
    },
    /// HEADERS with END_HEADERS, its fields written as literals without
    /// indexing, so that no dynamic table changes.
    Headers {
        /// More flags.
        flags: u8,
        /// The stream; that of the frame beside it if unset.
        stream: Option<u32>,
        /// The header list.
        fields: Vec<Field>,
    },
    /// Octets that need not be a frame.
    Octets(Vec<u8>),
}

/// What is done where octets are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OctetAct {
    /// These octets are put there.
    Insert(Vec<u8>),
    /// Something happens on the line.
    Line(Line),
}

/// Something that happens on the line, in the direction of the fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// Nothing passes for so long, and goes on then.
    Delay(Duration),
    /// From here on so many octets pass at most in each such time.
    Throttle {
        /// Octets, at least one.
        octets: usize,
        /// The time.
        each: Duration,
    },
    /// Nothing passes any more, and nothing is read: the sender feels that
    /// nobody does.
    Stall,
    /// Nothing passes any more, but all is read and thrown away.
    BlackHole,
    /// This direction ends (FIN), the other one goes on.
    HalfClose,
    /// The connection is closed to both sides, in order (FIN).
    Close,
    /// The connection is reset to both sides (RST).
    Reset,
}

impl Line {
    /// Nothing of this direction passes afterwards.
    pub fn ends(&self) -> bool {
        !matches!(self, Self::Delay(_) | Self::Throttle { .. })
    }
}

impl FrameMatch {
    /// The nth frame of a type from one side, from 1.
    pub fn nth(direction: Direction, kind: u8, nth: u32) -> Self {
        Self {
            nth: Some(nth),
            ..Self::each(direction, Some(kind))
        }
    }

    /// All frames of a type from one side; of any type if unset.
    pub fn each(direction: Direction, kind: Option<u8>) -> Self {
        Self {
            direction,
            kind,
            flags: 0,
            without: 0,
            stream: None,
            call: None,
            nth: None,
        }
    }

    /// Only those on the nth stream that the client has opened, from 1.
    pub fn on_call(self, nth: u32) -> Self {
        Self {
            call: Some(nth),
            ..self
        }
    }

    /// Only those on which these flags are set.
    pub fn flags(self, flags: u8) -> Self {
        Self { flags, ..self }
    }

    /// Is it one of these, whatever its number? `opened` are the streams of the
    /// client in their order.
    pub(super) fn is_like(&self, header: &FrameHeader, opened: &[u32]) -> bool {
        let is_of_call = |nth: u32| {
            let place = (nth as usize).checked_sub(1);
            place.and_then(|place| opened.get(place)) == Some(&header.stream)
        };
        self.kind.is_none_or(|kind| kind == header.kind)
            && header.flags & self.flags == self.flags
            && header.flags & self.without == 0
            && self.stream.is_none_or(|stream| stream == header.stream)
            && self.call.is_none_or(is_of_call)
    }
}

impl Fault {
    /// Frames of this direction have to be known for it: those that it is
    /// about, and of the other side the SETTINGS that bound the dynamic table
    /// and the streams that are opened.
    pub(super) fn reads(&self, direction: Direction) -> bool {
        match self {
            Self::Frame { which, .. } => {
                which.direction == direction || self.changes_lists() || which.call.is_some()
            }
            Self::Octet { .. } => false,
        }
    }

    /// Header lists of its direction have to be written anew for it.
    pub(super) fn changes_lists(&self) -> bool {
        let Self::Frame { which, act } = self else {
            return false;
        };
        let has_block = which
            .kind
            .is_none_or(|kind| matches!(kind, HEADERS | PUSH_PROMISE));
        let changes = match act {
            FrameAct::Edit(Edit::Payload(_) | Edit::Setting { .. } | Edit::Join) => false,
            FrameAct::Edit(_) => true,
            FrameAct::Insert { .. } | FrameAct::Line { .. } => false,
        };
        // A CONTINUATION by itself belongs to a list that is not to be touched.
        has_block && changes && which.kind != Some(CONTINUATION)
    }
}
