//! HTTP/2 frames (RFC 9113, sections 4 and 6).

use std::ops::Range;

use bytes::Bytes;

use super::capture::Direction;
use super::exchange::ErrorCode;

/// The client connection preface (RFC 9113, section 3.4).
pub const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The type of DATA.
pub const DATA: u8 = 0x00;
/// The type of HEADERS.
pub const HEADERS: u8 = 0x01;
/// The type of RST_STREAM.
pub const RST_STREAM: u8 = 0x03;
/// The type of SETTINGS.
pub const SETTINGS: u8 = 0x04;
/// The type of PUSH_PROMISE.
pub const PUSH_PROMISE: u8 = 0x05;
/// The type of PING.
pub const PING: u8 = 0x06;
/// The type of GOAWAY.
pub const GOAWAY: u8 = 0x07;
/// The type of WINDOW_UPDATE.
pub const WINDOW_UPDATE: u8 = 0x08;
/// The type of CONTINUATION.
pub const CONTINUATION: u8 = 0x09;

/// END_STREAM, on DATA and HEADERS.
pub const END_STREAM: u8 = 0x01;
/// ACK, on SETTINGS and PING.
pub const ACK: u8 = 0x01;
/// END_HEADERS, on HEADERS, PUSH_PROMISE and CONTINUATION.
pub const END_HEADERS: u8 = 0x04;
/// PADDED, on DATA, HEADERS and PUSH_PROMISE.
pub const PADDED: u8 = 0x08;
/// PRIORITY, on HEADERS.
pub const PRIORITY: u8 = 0x20;

/// The fixed part of every frame (RFC 9113, section 4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameHeader {
    /// Bytes of payload that follow the header, at most 2^24 - 1.
    pub length: u32,
    /// The type octet.
    pub kind: u8,
    /// The flags octet.
    pub flags: u8,
    /// The stream identifier, without the reserved bit.
    pub stream: u32,
}

impl FrameHeader {
    /// Bytes of a header.
    pub const LEN: usize = 9;

    /// Reads a header. Any nine bytes are one.
    pub fn parse(bytes: &[u8; Self::LEN]) -> Self {
        let [l0, l1, l2, kind, flags, s0, s1, s2, s3] = *bytes;
        Self {
            length: u32::from_be_bytes([0, l0, l1, l2]),
            kind,
            flags,
            stream: u32::from_be_bytes([s0, s1, s2, s3]) & 0x7fff_ffff,
        }
    }

    /// A flag is set.
    pub fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

/// One frame as it passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Who sent it.
    pub direction: Direction,
    /// When its last byte came to the tap.
    pub at_ns: u64,
    /// The whole frame with its 9-byte header.
    pub range: Range<u64>,
    /// The type octet.
    pub kind: u8,
    /// The flags octet.
    pub flags: u8,
    /// The stream identifier, without the reserved bit.
    pub stream: u32,
    /// What the payload says.
    pub body: Body,
}

/// The payload of a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// DATA (0x00). The range leaves out padding.
    Data {
        /// The data without padding.
        data: Range<u64>,
        /// Padding octets, the length octet included.
        padding: u32,
    },
    /// HEADERS (0x01).
    Headers {
        /// The field block fragment.
        fragment: Range<u64>,
        /// Padding octets, the length octet included.
        padding: u32,
    },
    /// PRIORITY (0x02), deprecated.
    Priority,
    /// RST_STREAM (0x03).
    RstStream(ErrorCode),
    /// SETTINGS (0x04), unknown identifiers kept, empty for an ACK.
    Settings(Vec<(u16, u32)>),
    /// PUSH_PROMISE (0x05).
    PushPromise {
        /// The promised stream.
        promised: u32,
        /// The field block fragment.
        fragment: Range<u64>,
    },
    /// PING (0x06).
    Ping([u8; 8]),
    /// GOAWAY (0x07).
    GoAway {
        /// The highest stream that was or may yet be processed.
        last_stream: u32,
        /// Why.
        error: ErrorCode,
        /// Additional debug data, cut at the limit.
        debug: Bytes,
    },
    /// WINDOW_UPDATE (0x08), the increment.
    WindowUpdate(u32),
    /// CONTINUATION (0x09), the field block fragment.
    Continuation(Range<u64>),
    /// A type that RFC 9113 does not define, or a payload that does not fit
    /// its type (then there is a fault for it). The first bytes are kept.
    Unknown(Bytes),
}

impl Frame {
    /// A flag is set.
    pub fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

/// The name of a frame type, or `None` if RFC 9113 does not define it.
pub fn type_name(kind: u8) -> Option<&'static str> {
    Some(match kind {
        0x00 => "DATA",
        0x01 => "HEADERS",
        0x02 => "PRIORITY",
        0x03 => "RST_STREAM",
        0x04 => "SETTINGS",
        0x05 => "PUSH_PROMISE",
        0x06 => "PING",
        0x07 => "GOAWAY",
        0x08 => "WINDOW_UPDATE",
        0x09 => "CONTINUATION",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_as_laid_out() {
        let header = FrameHeader::parse(&[0x01, 0x02, 0x03, 0x09, 0x05, 0xff, 0xff, 0xff, 0xfe]);
        let expected = FrameHeader {
            length: 0x01_02_03,
            kind: 9,
            flags: 5,
            stream: 0x7fff_fffe,
        };
        assert_eq!(header, expected);
        assert!(header.has(END_HEADERS) && header.has(END_STREAM));
        assert!(!header.has(PADDED));
    }

    #[test]
    fn the_ten_types_have_names() {
        assert!((0..10).all(|kind| type_name(kind).is_some()));
        assert_eq!(type_name(10), None);
    }
}
