//! What the tap saw of one cell, decoded: connections, frames, header lists,
//! gRPC messages and how each stream ended, each with its byte range and time.
//!
//! Offsets count the bytes of one direction of one connection from 0, so the
//! client's preface is at `0..24` of [`Direction::ClientToServer`]. Times are
//! nanoseconds since the tap of the cell was opened.

use std::ops::Range;

use bytes::Bytes;

use super::capture::Direction;
use super::frame::Frame;
use super::hpack::Representation;
use super::tls::Tls;

/// Everything that passed through the tap of one cell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Exchange {
    /// Connections in the order in which they were accepted.
    pub connections: Vec<Connection>,
    /// What was left out because a limit was reached.
    pub cuts: Vec<Cut>,
}

/// One TCP or Unix connection through the tap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Counted from 1 within the cell.
    pub id: u32,
    /// When the client connected.
    pub opened_ns: u64,
    /// When both directions had ended.
    pub closed_ns: Option<u64>,
    /// What the client sent.
    pub client: Side,
    /// What the server sent.
    pub server: Side,
    /// The frames of both directions, in the order in which their last byte
    /// came to the tap.
    pub frames: Vec<Frame>,
    /// Streams in the order of their identifiers.
    pub streams: Vec<Stream>,
    /// Where the bytes are not HTTP/2 as it should be, in order. Decoding of a
    /// direction stops at its first fatal fault; after others it goes on.
    pub faults: Vec<Fault>,
    /// What the hellos say, if it began with TLS. Nothing else of it can be read.
    pub tls: Option<Tls>,
}

/// The bytes of one direction as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Side {
    /// Bytes in all.
    pub bytes: u64,
    /// How the direction ended, if it did.
    pub end: Option<SideEnd>,
    /// Bytes at the end that belong to no whole frame, or that came after a
    /// fatal fault.
    pub leftover: Option<Range<u64>>,
}

/// The end of one direction of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SideEnd {
    /// When the tap saw it.
    pub at_ns: u64,
    /// By reset (RST) rather than in order (FIN).
    pub reset: bool,
}

/// One HTTP/2 stream: for gRPC, one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// The stream identifier.
    pub id: u32,
    /// What the client sent on it. For a promised stream the one header list
    /// is that of PUSH_PROMISE, which the server sent.
    pub request: Half,
    /// What the server sent on it.
    pub response: Half,
}

/// One direction of a stream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Half {
    /// Header lists in order: request headers, or response headers and
    /// trailers (or the one list of a Trailers-Only response).
    pub headers: Vec<HeaderList>,
    /// gRPC messages in order, the last one possibly incomplete.
    pub messages: Vec<Message>,
    /// All messages, also those that [`Half::messages`] leaves out.
    pub message_count: u64,
    /// DATA bytes without padding.
    pub data_bytes: u64,
    /// END_STREAM, if it was sent.
    pub end_stream: Option<Place>,
    /// RST_STREAM, if it was sent.
    pub reset: Option<(Place, ErrorCode)>,
}

/// One header list: HEADERS and its CONTINUATION frames, or PUSH_PROMISE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderList {
    /// The HEADERS frame.
    pub place: Place,
    /// CONTINUATION frames that followed.
    pub continuations: u32,
    /// The header fields, in order.
    pub fields: Vec<HeaderField>,
    /// END_STREAM stood on the HEADERS frame.
    pub end_stream: bool,
    /// The size as RFC 9113, section 6.5.2 counts it, of all fields.
    pub list_bytes: u64,
    /// Fields that were left out beyond the limit.
    pub fields_cut: u64,
}

/// One header field with where it stands on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderField {
    /// The name, as sent.
    pub name: Bytes,
    /// The value, as sent: `-bin` values are still base64.
    pub value: Bytes,
    /// The bytes of the whole representation (RFC 7541, section 6). Where it
    /// spans a CONTINUATION frame, the frame header lies inside the range.
    pub range: Range<u64>,
    /// The bytes of the name's string, if it is a literal.
    pub name_range: Option<Range<u64>>,
    /// The bytes of the value's string, if it is a literal.
    pub value_range: Option<Range<u64>>,
    /// How it was encoded.
    pub representation: Representation,
}

/// One gRPC length-prefixed message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The Compressed-Flag byte; 0 and 1 are defined.
    pub flag: u8,
    /// The length that the prefix declares, in bytes. 0 if not even the
    /// prefix came whole; [`Message::complete`] is then false.
    pub length: u32,
    /// The first bytes of the message, up to [`Limits::message_head`], or
    /// fewer where [`Limits::memory`] ran out.
    pub head: Bytes,
    /// SHA-256 of the whole message, if it is complete and
    /// [`Limits::hash_messages`] asks for it.
    pub sha256: Option<[u8; 32]>,
    /// Where its bytes lie, prefix included; more than one range if it is
    /// split over DATA frames. At most [`Limits::segments`], then cut.
    pub segments: Vec<Range<u64>>,
    /// Its first and its last DATA frame.
    pub frames: (Place, Place),
    /// All bytes came.
    pub complete: bool,
}

/// A frame, by its index in [`Connection::frames`], and what it is needed for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Index in [`Connection::frames`]; `None` if that list was cut before,
    /// or if the frame did not come whole.
    pub frame: Option<usize>,
    /// The type octet.
    pub kind: u8,
    /// Who sent it.
    pub direction: Direction,
    /// The whole frame with its 9-byte header.
    pub range: Range<u64>,
    /// When its last byte came to the tap, or the last that did.
    pub at_ns: u64,
}

/// An HTTP/2 error code (RFC 9113, section 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ErrorCode(pub u32);

/// Bytes that are not what RFC 9113 or RFC 7541 says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Who sent them.
    pub direction: Direction,
    /// The stream, or 0.
    pub stream: u32,
    /// The bytes at fault.
    pub range: Range<u64>,
    /// When they came.
    pub at_ns: u64,
    /// What is wrong, as a lower-case fragment.
    pub what: String,
    /// The section that says so, such as `RFC 9113, section 6.2`.
    pub section: &'static str,
    /// Nothing after this could be decoded in this direction.
    pub fatal: bool,
}

/// Something that was left out because a limit was reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// What was left out, such as `frames of connection 1`.
    pub what: String,
    /// The limit, in the unit that `what` names.
    pub limit: u64,
}

/// How much of an exchange is kept. A peer controls the bytes, so everything
/// has a bound; what lies beyond is counted and said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections in a cell.
    pub connections: usize,
    /// Frames kept for each connection.
    pub frames: usize,
    /// Streams kept for each connection.
    pub streams: usize,
    /// Header fields kept for each list.
    pub fields: usize,
    /// Bytes of a header list, counted as RFC 9113, section 6.5.2 does.
    pub list_bytes: usize,
    /// Bytes of a header block before it is decoded.
    pub block_bytes: usize,
    /// Messages kept for each direction of a stream.
    pub messages: usize,
    /// Bytes of each message kept in [`Message::head`].
    pub message_head: usize,
    /// Ranges kept for each message.
    pub segments: usize,
    /// Whether messages are hashed: most of what reading a long one costs.
    pub hash_messages: bool,
    /// Bytes of GOAWAY debug data, and of unknown frames, that are kept.
    pub frame_payload: usize,
    /// Faults kept for each connection.
    pub faults: usize,
    /// Bytes of memory for everything that is kept of an exchange, roughly.
    /// The other limits bound single things, this one bounds their product.
    pub memory: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 64,
            frames: 20_000,
            streams: 10_000,
            fields: 1_000,
            list_bytes: 256 * 1024,
            block_bytes: 1024 * 1024,
            messages: 1_000,
            message_head: 64 * 1024,
            segments: 1_024,
            hash_messages: true,
            frame_payload: 1024,
            faults: 100,
            memory: 32 * 1024 * 1024,
        }
    }
}

/// What a cut of [`Limits::connections`] is called.
pub const CUT_CONNECTIONS: &str = "connections";

impl Exchange {
    /// Connections were left out because there were too many.
    pub fn has_more_connections(&self) -> bool {
        self.cuts.iter().any(|cut| cut.what == CUT_CONNECTIONS)
    }

    /// It was to be TLS: that a connection which is cannot be read is no fault.
    pub fn expect_tls(&mut self) {
        for connection in &mut self.connections {
            if connection.tls.is_some() {
                connection.faults.clear();
            }
        }
    }
}

impl Connection {
    /// The stream with this identifier.
    pub fn stream(&self, id: u32) -> Option<&Stream> {
        self.streams.iter().find(|stream| stream.id == id)
    }

    /// What the sender of this direction sent.
    pub fn side(&self, direction: Direction) -> &Side {
        match direction {
            Direction::ClientToServer => &self.client,
            Direction::ServerToClient => &self.server,
        }
    }
}

impl Stream {
    /// One direction of the stream.
    pub fn half(&self, direction: Direction) -> &Half {
        match direction {
            Direction::ClientToServer => &self.request,
            Direction::ServerToClient => &self.response,
        }
    }
}

impl Half {
    /// The first header list that is not informational (`:status` 1xx).
    pub fn initial(&self) -> Option<&HeaderList> {
        self.headers.iter().find(|list| !list.is_informational())
    }

    /// The last header list with END_STREAM: the trailers, or the one list of
    /// a Trailers-Only response.
    pub fn trailers(&self) -> Option<&HeaderList> {
        self.headers.iter().rev().find(|list| list.end_stream)
    }

    /// The response is one header list with END_STREAM.
    pub fn is_trailers_only(&self) -> bool {
        self.initial().is_some_and(|list| list.end_stream)
    }
}

impl HeaderList {
    /// The first value of a field, by its lower-case name.
    pub fn get(&self, name: &str) -> Option<&HeaderField> {
        self.fields
            .iter()
            .find(|field| field.name.as_ref() == name.as_bytes())
    }

    /// All fields of a name, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a HeaderField> {
        self.fields
            .iter()
            .filter(move |field| field.name.as_ref() == name.as_bytes())
    }

    fn is_informational(&self) -> bool {
        self.get(":status")
            .is_some_and(|status| status.value.first() == Some(&b'1'))
    }
}

impl HeaderField {
    /// The value as text, with bytes that are not UTF-8 replaced.
    pub fn value_text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.value)
    }
}
