//! One thing that is not as expected, with who, where and why.

use std::ops::Range;

use crate::wire::capture::Direction;

/// How bad a finding is. Only [`Level::Must`] changes an outcome; the others
/// are habits of a peer and are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Worth knowing, nobody is wrong.
    Info,
    /// A specification recommends otherwise (RFC 2119 SHOULD).
    Should,
    /// A specification or the case requires otherwise.
    Must,
}

/// Whose fault it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Culprit {
    /// The client peer.
    Client,
    /// The server peer.
    Server,
    /// Wirecheck itself.
    Harness,
    /// The case as it is written.
    Case,
    /// It cannot be told.
    Undetermined,
}

impl Culprit {
    /// The sender of bytes in this direction.
    pub fn sender(direction: Direction) -> Self {
        match direction {
            Direction::ClientToServer => Self::Client,
            Direction::ServerToClient => Self::Server,
        }
    }
}

/// Where in the exchange a finding points.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Where {
    /// The connection, counted from 1.
    pub connection: Option<u32>,
    /// The stream identifier.
    pub stream: Option<u32>,
    /// The frame, by its index in the connection's list.
    pub frame: Option<usize>,
    /// The message of its direction of the stream, counted from 0.
    pub message: Option<usize>,
    /// Which way the bytes went.
    pub direction: Option<Direction>,
    /// The bytes, as offsets in that direction of the connection.
    pub byte_range: Option<Range<u64>>,
    /// When, in nanoseconds since the tap was opened.
    pub at_ns: Option<u64>,
}

/// A value on one side of a difference, bounded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The value as a reader writes it.
    pub text: String,
    /// The bytes, where bytes are the subject; at most
    /// [`Evidence::MAX_BYTES`] of them.
    pub bytes: Option<Vec<u8>>,
    /// How long the value is in full, in bytes.
    pub length: u64,
    /// SHA-256 of the full value, where it was cut.
    pub sha256: Option<[u8; 32]>,
}

/// One thing that is not as expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The stable id of the rule or of the check, such as
    /// `request/te-trailers` or `expect/status`.
    pub code: String,
    /// How bad it is.
    pub level: Level,
    /// Whose fault.
    pub culprit: Culprit,
    /// What differs, in one sentence without a full stop.
    pub sentence: String,
    /// Where.
    pub place: Where,
    /// What was expected.
    pub expected: Option<Evidence>,
    /// What was seen.
    pub got: Option<Evidence>,
    /// The section that requires it, with its quoted sentence and link.
    pub section: Option<Section>,
    /// The dotted path of the case's key that was not met, such as
    /// `wire.request.message.0.hex`; `None` for a rule.
    pub path: Option<String>,
}

/// A place in a specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Section {
    /// Document and section, such as `RFC 9113, section 8.3.1`.
    pub name: &'static str,
    /// One sentence of it, quoted.
    pub quote: &'static str,
    /// Where it can be read.
    pub link: &'static str,
}

impl Evidence {
    /// The most bytes that are kept of a value.
    pub const MAX_BYTES: usize = 4096;

    /// Text as evidence.
    pub fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            length: text.len() as u64,
            bytes: None,
            sha256: None,
            text,
        }
    }

    /// Bytes as evidence, cut at [`Evidence::MAX_BYTES`]; `text` says what
    /// they are.
    pub fn bytes(text: impl Into<String>, bytes: &[u8]) -> Self {
        use sha2::{Digest, Sha256};
        let cut = bytes.len() > Self::MAX_BYTES;
        Self {
            text: text.into(),
            bytes: Some(bytes[..bytes.len().min(Self::MAX_BYTES)].to_vec()),
            length: bytes.len() as u64,
            sha256: cut.then(|| Sha256::digest(bytes).into()),
        }
    }
}
