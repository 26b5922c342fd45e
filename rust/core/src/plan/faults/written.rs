//! Faults as they are written in a case: where, and what.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::case::{Empty, Number, Party, Span};
use super::super::dialogue::written::{Field, Line, Stream};

/// One fault: whose bytes, where in them, and exactly one thing that is done.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Fault {
    /// Whose bytes it is put on, before the other side gets them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Party>,
    /// Which frames. A fault that is no `refuse` has this or `after_bytes`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame: Option<Which>,
    /// So many bytes of this side pass before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_bytes: Option<Number>,
    /// What is put beside the frame, or happens there, comes behind it and not
    /// before it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub behind: bool,
    /// It is no finding if what the fault is about never passed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub if_there: bool,

    /// Reset so many connections before one is let through.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refuse: Option<Number>,
    /// Leave the frame out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drop: Option<Empty>,
    /// Let the frame pass twice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub twice: Option<Empty>,
    /// Set and clear flags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flags: Option<Flags>,
    /// Put the frame on this stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_stream: Option<Number>,
    /// Pad DATA or HEADERS with so many bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pad: Option<Number>,
    /// Divide DATA, or a header block, into frames of at most so many bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chop: Option<Number>,
    /// Join DATA with the DATA of its stream that comes next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub join: Option<Empty>,
    /// Change the payload of the frame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<Payload>,
    /// Give one setting of SETTINGS, by its name or number, this value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub setting: Option<indexmap::IndexMap<String, Number>>,
    /// Change the header list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<Header>,
    /// Put frames or bytes there: lines of a dialogue that say something. A
    /// stream is a number; unset it is that of the frame beside it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub insert: Vec<Line>,
    /// Nothing passes for so long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay: Option<Span>,
    /// From here on so many bytes pass at most in each such time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub throttle: Option<Throttle>,
    /// Nothing passes any more, and nothing is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stall: Option<Empty>,
    /// Nothing passes any more; what comes is thrown away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub black_hole: Option<Empty>,
    /// This side's bytes end here (FIN), the other side's go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub half_close: Option<Empty>,
    /// The connection is closed to both (FIN).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub close: Option<Empty>,
    /// The connection is reset to both (RST).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reset: Option<Empty>,
}

/// Frames: what is unset may be anything.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Which {
    /// The type by name or number.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<Number>,
    /// Flags that are set: a number, or a list of names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flags: Option<Value>,
    /// Flags that are not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub without: Option<Value>,
    /// The stream by its number, or `call N` for the Nth that the client has
    /// opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<Stream>,
    /// The nth of them on the connection, counted from 1; each if unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nth: Option<Number>,
}

/// Flags by number, or as a list of names.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Flags {
    /// These are set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set: Option<Value>,
    /// These are cleared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clear: Option<Value>,
}

/// A change of a payload: exactly one of these, and `at` where it needs it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Payload {
    /// The byte of the payload, from 0, that `set` and `flip` are about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Number>,
    /// These bytes, in hex, stand from there on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set: Option<String>,
    /// These bits of the byte are flipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flip: Option<Number>,
    /// So many bytes stay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truncate: Option<Number>,
    /// These bytes, in hex, are put at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub append: Option<String>,
    /// It is this instead, in hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replace: Option<String>,
}

/// A change of a header list: exactly one of these.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Header {
    /// Leave out all fields of this name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remove: Option<String>,
    /// Give the first field of this name this value, or add it at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set: Option<Field>,
    /// Put a field before all others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub add_first: Option<Field>,
    /// Put a field behind all others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub add_last: Option<Field>,
    /// Let the first field of this name come twice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub twice: Option<String>,
    /// Give all fields of a name another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rename: Option<Rename>,
    /// Put all fields of this name before all others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_front: Option<String>,
    /// Put all fields of this name behind all others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_back: Option<String>,
    /// Reverse the order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reverse: Option<Empty>,
}

/// A name, and the one that stands there instead.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rename {
    /// The name.
    pub from: String,
    /// The other.
    pub to: String,
}

/// How much passes in how long.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Throttle {
    /// Bytes, at least one.
    pub bytes: Number,
    /// The time.
    pub each: Span,
}
