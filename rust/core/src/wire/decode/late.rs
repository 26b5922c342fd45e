//! Connections of which the beginning was missed: where their frames begin.

use crate::wire::capture::Direction;
use crate::wire::frame::{FrameHeader, PADDED, PRIORITY};

/// The longest frame that is believed before any is known, in bytes: what
/// every endpoint takes (RFC 9113, section 4.2).
const BELIEVED: u32 = 16_384;

/// What of a connection was missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Missed {
    /// Bytes of the client and of the server before the first frame that was
    /// found.
    pub skipped: [u64; 2],
    /// Header fields that stand in what was missed, and to which only an index
    /// refers.
    pub unknown_fields: u64,
}

/// Whether these bytes are frames, the last of which may be cut. A sender hands
/// whole frames to TCP, so that a segment often begins with one.
pub(super) fn begins_with_frames(mut bytes: &[u8]) -> bool {
    let mut is_first = true;
    loop {
        let Some((header, rest)) = bytes.split_first_chunk() else {
            return !is_first;
        };
        let is_reserved_set = header[5] & 0x80 != 0;
        let header = FrameHeader::parse(header);
        // A CONTINUATION belongs to a block that was missed.
        let continues = is_first && header.kind == 0x09;
        if is_reserved_set || continues || !is_believable(&header) {
            return false;
        }
        let Some(behind) = rest.get(header.length as usize..) else {
            // Only DATA is often longer than a segment.
            return !is_first || header.kind == 0x00;
        };
        (bytes, is_first) = (behind, false);
    }
}

/// Who sends these bytes, if they are frames and a field block among them
/// begins as only one side's does: with `:method`, or with `:status`, by an
/// index of HPACK's static table (RFC 7541, appendix A).
pub(in crate::wire) fn sender(mut bytes: &[u8]) -> Option<Direction> {
    if !begins_with_frames(bytes) {
        return None;
    }
    loop {
        let (header, rest) = bytes.split_first_chunk()?;
        let header = FrameHeader::parse(header);
        let is_plain = header.kind == 0x01 && !header.has(PADDED);
        let priority = if header.has(PRIORITY) { 5 } else { 0 };
        match rest.get(priority).filter(|_| is_plain) {
            Some(0x82 | 0x83) => return Some(Direction::ClientToServer),
            Some(0x88..=0x8e) => return Some(Direction::ServerToClient),
            _ => bytes = rest.get(header.length as usize..)?,
        }
    }
}

/// Whether a frame of a type that RFC 9113, section 6 defines can have this
/// length, these flags and this stream.
fn is_believable(header: &FrameHeader) -> bool {
    let FrameHeader {
        length,
        kind,
        flags,
        stream,
    } = *header;
    let (lengths, defined, on_stream) = match kind {
        0x00 => (0..=BELIEVED, 0x09, Some(true)),
        0x01 => (1..=BELIEVED, 0x2d, Some(true)),
        0x02 => (5..=5, 0, Some(true)),
        0x03 => (4..=4, 0, Some(true)),
        0x04 => (0..=BELIEVED, 0x01, Some(false)),
        0x05 => (4..=BELIEVED, 0x0c, Some(true)),
        0x06 => (8..=8, 0x01, Some(false)),
        0x07 => (8..=BELIEVED, 0, Some(false)),
        0x08 => (4..=4, 0, None),
        0x09 => (0..=BELIEVED, 0x04, Some(true)),
        _ => return false,
    };
    let is_whole = kind != 0x04 || length.is_multiple_of(6);
    lengths.contains(&length)
        && is_whole
        && flags & !defined == 0
        && on_stream.is_none_or(|on_stream| on_stream == (stream != 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PING: &[u8] = &[0, 0, 8, 6, 1, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];
    const WINDOW_UPDATE: &[u8] = &[0, 0, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0, 5];

    #[test]
    fn frames_are_known_by_their_headers() {
        assert!(begins_with_frames(PING));
        assert!(begins_with_frames(&[WINDOW_UPDATE, PING].concat()));
        assert!(begins_with_frames(&[PING, &[0, 0]].concat()));
        let data = [0, 1, 0, 0, 0, 0, 0, 0, 3, b'x'];
        assert!(begins_with_frames(&data), "the only one is cut");
        assert!(begins_with_frames(&[PING, &WINDOW_UPDATE[..10]].concat()));
    }

    #[test]
    fn field_blocks_tell_their_sender() {
        let headers = |first| [PING, &[0, 0, 2, 1, 4, 0, 0, 0, 1, first, 0xbe]].concat();
        assert_eq!(sender(&headers(0x83)), Some(Direction::ClientToServer));
        assert_eq!(sender(&headers(0x88)), Some(Direction::ServerToClient));
        assert_eq!(sender(&headers(0xbf)), None);
        assert_eq!(sender(PING), None);
        assert_eq!(sender(&[0x83; 40]), None);
    }

    #[test]
    fn other_bytes_are_no_frames() {
        assert!(!begins_with_frames(b""));
        assert!(!begins_with_frames(&[0; 100]));
        assert!(!begins_with_frames(&PING[1..]));
        assert!(!begins_with_frames(b"HTTP/1.1 200 OK\r\n\r\n"));
        assert!(!begins_with_frames(&[PING, b"and other bytes"].concat()));
        let continuation = [0, 0, 0, 9, 4, 0, 0, 0, 1];
        assert!(!begins_with_frames(&continuation));
        let odd_settings = [0, 0, 5, 4, 0, 0, 0, 0, 0];
        assert!(!begins_with_frames(&odd_settings));
    }
}
