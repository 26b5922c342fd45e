//! What the payload of a frame says, by its type (RFC 9113, section 6).

use std::ops::Range;

use bytes::Bytes;

use super::capture::Direction;
use super::exchange::ErrorCode;
use super::frame::{ACK, Body, FrameHeader, PADDED, PRIORITY};

/// SETTINGS_HEADER_TABLE_SIZE (RFC 9113, section 6.5.2).
pub const HEADER_TABLE_SIZE: u16 = 0x01;
/// SETTINGS_ENABLE_PUSH.
pub const ENABLE_PUSH: u16 = 0x02;
/// SETTINGS_MAX_CONCURRENT_STREAMS.
pub const MAX_CONCURRENT_STREAMS: u16 = 0x03;
/// SETTINGS_INITIAL_WINDOW_SIZE.
pub const INITIAL_WINDOW_SIZE: u16 = 0x04;
/// SETTINGS_MAX_FRAME_SIZE.
pub const MAX_FRAME_SIZE: u16 = 0x05;
/// SETTINGS_MAX_HEADER_LIST_SIZE.
pub const MAX_HEADER_LIST_SIZE: u16 = 0x06;

/// The SETTINGS_MAX_FRAME_SIZE before any is announced, in bytes.
pub const DEFAULT_MAX_FRAME_SIZE: u32 = 16_384;

/// Something that a frame may not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// What is wrong, as a lower-case fragment.
    pub what: String,
    /// The section that says so.
    pub section: &'static str,
}

impl Violation {
    fn new(section: &'static str, what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            section,
        }
    }
}

/// What the payload of a frame says. `payload` is its beginning, and all of
/// it unless it was cut; `start` is the offset of its first byte in the
/// direction. Not for DATA, whose payload is not collected: [`data`].
///
/// # Errors
/// The rule of the frame's type that its length, stream or padding breaks.
pub fn parse(header: &FrameHeader, payload: &[u8], start: u64) -> Result<Body, Violation> {
    check_stream(header)?;
    check_length(header)?;
    Ok(match header.kind {
        0x01 => {
            let (fragment, padding) = headers_fragment(header, payload, start)?;
            Body::Headers { fragment, padding }
        }
        0x02 => Body::Priority,
        0x03 => Body::RstStream(ErrorCode(number(payload, 0))),
        0x04 => Body::Settings(settings(payload)),
        0x05 => push_promise(header, payload, start)?,
        0x06 => Body::Ping(payload.try_into().expect("the length was checked")),
        0x07 => Body::GoAway {
            last_stream: number(payload, 0) & 0x7fff_ffff,
            error: ErrorCode(number(payload, 4)),
            debug: Bytes::copy_from_slice(&payload[8..]),
        },
        0x08 => Body::WindowUpdate(number(payload, 0) & 0x7fff_ffff),
        0x09 => Body::Continuation(start..start + u64::from(header.length)),
        _ => Body::Unknown(Bytes::copy_from_slice(payload)),
    })
}

/// Where the data of a DATA frame lies, and how many octets of padding there
/// are with the length octet. `pad_length` is the payload's first byte, if
/// PADDED is set and a byte came.
///
/// # Errors
/// When the padding does not fit the payload (section 6.1).
pub fn data(
    header: &FrameHeader,
    pad_length: Option<u8>,
    start: u64,
) -> Result<(Range<u64>, u32), Violation> {
    let end = start + u64::from(header.length);
    if !header.has(PADDED) {
        return Ok((start..end, 0));
    }
    let padding = pad_length.map_or(1, |length| u32::from(length) + 1);
    if padding > header.length {
        return Err(too_much_padding("RFC 9113, section 6.1"));
    }
    Ok((start + 1..end - u64::from(padding - 1), padding))
}

/// What a frame may not say although its layout is right.
pub fn value_violations(body: &Body, sender: Direction) -> Vec<Violation> {
    match body {
        Body::Settings(settings) => settings
            .iter()
            .filter_map(|setting| setting_violation(*setting, sender))
            .collect(),
        Body::WindowUpdate(0) => {
            vec![Violation::new(
                "RFC 9113, section 6.9",
                "WINDOW_UPDATE with an increment of 0",
            )]
        }
        Body::PushPromise { .. } if sender == Direction::ClientToServer => {
            vec![Violation::new(
                "RFC 9113, section 8.4",
                "a client sends PUSH_PROMISE",
            )]
        }
        _ => Vec::new(),
    }
}

fn setting_violation((id, value): (u16, u32), sender: Direction) -> Option<Violation> {
    let what = match id {
        ENABLE_PUSH if value > 1 => {
            format!("SETTINGS_ENABLE_PUSH is {value}, only 0 and 1 are defined")
        }
        ENABLE_PUSH if value == 1 && sender == Direction::ServerToClient => {
            "a server sets SETTINGS_ENABLE_PUSH to 1".into()
        }
        INITIAL_WINDOW_SIZE if value > 0x7fff_ffff => {
            format!("SETTINGS_INITIAL_WINDOW_SIZE is {value}, above 2^31 - 1")
        }
        MAX_FRAME_SIZE if !(16_384..=16_777_215).contains(&value) => {
            format!("SETTINGS_MAX_FRAME_SIZE is {value}, outside 16384 to 16777215")
        }
        _ => return None,
    };
    Some(Violation::new("RFC 9113, section 6.5.2", what))
}

/// What belongs to the connection has stream 0, all else has another one.
fn check_stream(header: &FrameHeader) -> Result<(), Violation> {
    let (name, section, on_connection) = match header.kind {
        0x00 => ("DATA", "RFC 9113, section 6.1", false),
        0x01 => ("HEADERS", "RFC 9113, section 6.2", false),
        0x02 => ("PRIORITY", "RFC 9113, section 6.3", false),
        0x03 => ("RST_STREAM", "RFC 9113, section 6.4", false),
        0x04 => ("SETTINGS", "RFC 9113, section 6.5", true),
        0x05 => ("PUSH_PROMISE", "RFC 9113, section 6.6", false),
        0x06 => ("PING", "RFC 9113, section 6.7", true),
        0x07 => ("GOAWAY", "RFC 9113, section 6.8", true),
        0x09 => ("CONTINUATION", "RFC 9113, section 6.10", false),
        _ => return Ok(()),
    };
    match (on_connection, header.stream) {
        (true, 0) => Ok(()),
        (true, stream) => Err(Violation::new(
            section,
            format!("{name} on stream {stream} instead of 0"),
        )),
        (false, 0) => Err(Violation::new(section, format!("{name} on stream 0"))),
        (false, _) => Ok(()),
    }
}

/// DATA on stream 0, which [`parse`] does not see.
///
/// # Errors
/// Section 6.1.
pub fn check_data_stream(header: &FrameHeader) -> Result<(), Violation> {
    check_stream(header)
}

fn check_length(header: &FrameHeader) -> Result<(), Violation> {
    let length = header.length;
    let exactly = |wanted: u32, name: &str, section| {
        if length == wanted {
            return Ok(());
        }
        Err(Violation::new(
            section,
            format!("{name} has {length} bytes of payload instead of {wanted}"),
        ))
    };
    match header.kind {
        0x02 => exactly(5, "PRIORITY", "RFC 9113, section 6.3"),
        0x03 => exactly(4, "RST_STREAM", "RFC 9113, section 6.4"),
        0x04 if header.has(ACK) => exactly(0, "SETTINGS with ACK", "RFC 9113, section 6.5"),
        0x04 if !length.is_multiple_of(6) => Err(Violation::new(
            "RFC 9113, section 6.5",
            format!("SETTINGS has {length} bytes of payload, not a multiple of 6"),
        )),
        0x06 => exactly(8, "PING", "RFC 9113, section 6.7"),
        0x07 if length < 8 => Err(Violation::new(
            "RFC 9113, section 4.2",
            format!("GOAWAY has {length} bytes of payload, at least 8 are needed"),
        )),
        0x08 => exactly(4, "WINDOW_UPDATE", "RFC 9113, section 6.9"),
        _ => Ok(()),
    }
}

fn headers_fragment(
    header: &FrameHeader,
    payload: &[u8],
    start: u64,
) -> Result<(Range<u64>, u32), Violation> {
    let priority = if header.has(PRIORITY) { 5 } else { 0 };
    fragment(header, payload, start, priority, "RFC 9113, section 6.2")
}

fn push_promise(header: &FrameHeader, payload: &[u8], start: u64) -> Result<Body, Violation> {
    let (fragment, _) = fragment(header, payload, start, 4, "RFC 9113, section 6.6")?;
    let at = usize::from(header.has(PADDED));
    Ok(Body::PushPromise {
        promised: number(payload, at) & 0x7fff_ffff,
        fragment,
    })
}

/// The field block fragment behind the pad length and `fixed` bytes, and in
/// front of the padding.
fn fragment(
    header: &FrameHeader,
    payload: &[u8],
    start: u64,
    fixed: u32,
    section: &'static str,
) -> Result<(Range<u64>, u32), Violation> {
    let padding = match payload.first() {
        _ if !header.has(PADDED) => 0,
        Some(length) => u32::from(*length) + 1,
        None => 1,
    };
    let before = u32::from(padding > 0) + fixed;
    if header.length < before {
        let what = format!(
            "{} bytes of payload do not hold the {before} bytes that its flags ask for",
            header.length
        );
        return Err(Violation::new("RFC 9113, section 4.2", what));
    }
    if padding + fixed > header.length {
        return Err(too_much_padding(section));
    }
    let end = u64::from(header.length - padding.saturating_sub(1));
    Ok((start + u64::from(before)..start + end, padding))
}

fn too_much_padding(section: &'static str) -> Violation {
    Violation::new(section, "the padding is longer than the payload allows")
}

fn settings(payload: &[u8]) -> Vec<(u16, u32)> {
    let setting = |entry: &[u8]| (u16::from_be_bytes([entry[0], entry[1]]), number(entry, 2));
    payload.chunks_exact(6).map(setting).collect()
}

/// Four bytes, big-endian. The length was checked by the caller.
fn number(payload: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(payload[at..at + 4].try_into().expect("four bytes"))
}

#[cfg(test)]
mod tests;
