//! Frames (RFC 9113, sections 4.1 and 6).

use crate::wire::frame::{END_HEADERS, PADDED, PRIORITY};

/// The type of HEADERS.
pub const HEADERS: u8 = 0x01;
/// The type of PRIORITY.
pub const PRIORITY_FRAME: u8 = 0x02;
/// The type of RST_STREAM.
pub const RST_STREAM: u8 = 0x03;
/// The type of SETTINGS.
pub const SETTINGS: u8 = 0x04;
/// The type of PING.
pub const PING: u8 = 0x06;
/// The type of GOAWAY.
pub const GOAWAY: u8 = 0x07;
/// The type of WINDOW_UPDATE.
pub const WINDOW_UPDATE: u8 = 0x08;
/// The type of CONTINUATION.
pub const CONTINUATION: u8 = 0x09;

/// The longest payload that a frame's header can declare, in bytes.
pub const LONGEST: u32 = (1 << 24) - 1;

/// One frame as it is to be written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frame {
    /// The type octet.
    pub kind: u8,
    /// The flags octet.
    pub flags: u8,
    /// The stream identifier; its highest bit is not written.
    pub stream: u32,
    /// The reserved bit before the stream identifier.
    pub reserved: bool,
    /// The length that the header declares, if not that of the payload; only
    /// its lower 24 bits are written.
    pub length: Option<u32>,
    /// What follows the header.
    pub payload: Vec<u8>,
}

impl Frame {
    /// A frame that declares its length as it is.
    pub fn new(kind: u8, flags: u8, stream: u32, payload: impl Into<Vec<u8>>) -> Self {
        Self {
            kind,
            flags,
            stream,
            payload: payload.into(),
            ..Self::default()
        }
    }

    /// Appends header and payload. A payload beyond [`LONGEST`] is written in
    /// full, and its length declared modulo 2^24.
    pub fn write(&self, out: &mut Vec<u8>) {
        let length = self.length.unwrap_or(self.payload.len() as u32);
        let stream = self.stream & 0x7fff_ffff | u32::from(self.reserved) << 31;
        out.extend_from_slice(&length.to_be_bytes()[1..]);
        out.extend_from_slice(&[self.kind, self.flags]);
        out.extend_from_slice(&stream.to_be_bytes());
        out.extend_from_slice(&self.payload);
    }
}

/// The fields of PRIORITY, which HEADERS may begin with (RFC 9113, section 5.3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Priority {
    /// The stream depends on its parent alone.
    pub exclusive: bool,
    /// The parent; its highest bit is not written.
    pub depends_on: u32,
    /// The weight octet: a weight of 1 to 256 less one.
    pub weight: u8,
}

impl Priority {
    /// Its five octets.
    pub fn bytes(self) -> [u8; 5] {
        let parent = self.depends_on & 0x7fff_ffff | u32::from(self.exclusive) << 31;
        let [a, b, c, d] = parent.to_be_bytes();
        [a, b, c, d, self.weight]
    }
}

/// A payload behind its Pad Length octet and before so many octets of padding
/// (RFC 9113, section 6.1).
pub fn padded(payload: &[u8], padding: u8) -> Vec<u8> {
    let zeros = vec![0; usize::from(padding)];
    [&[padding][..], payload, &zeros].concat()
}

/// The payload of SETTINGS (RFC 9113, section 6.5.1).
pub fn settings(settings: &[(u16, u32)]) -> Vec<u8> {
    let entry =
        |(id, value): &(u16, u32)| [&id.to_be_bytes()[..], &value.to_be_bytes()[..]].concat();
    settings.iter().flat_map(entry).collect()
}

/// The payload of GOAWAY (RFC 9113, section 6.8).
pub fn goaway(last_stream: u32, error: u32, debug: &[u8]) -> Vec<u8> {
    [
        &last_stream.to_be_bytes()[..],
        &error.to_be_bytes()[..],
        debug,
    ]
    .concat()
}

/// HEADERS and the CONTINUATION frames that its block is split over (RFC 9113,
/// sections 6.2 and 6.10).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Headers {
    /// The stream.
    pub stream: u32,
    /// The flags of HEADERS. PADDED and PRIORITY are set with what they stand
    /// for. END_HEADERS goes to the last frame.
    pub flags: u8,
    /// The priority fields.
    pub priority: Option<Priority>,
    /// Octets of padding in HEADERS.
    pub padding: Option<u8>,
    /// Bytes of the block in HEADERS and each CONTINUATION but the last, which
    /// has what is left. Empty keeps the block whole.
    pub split: Vec<usize>,
}

impl Headers {
    /// HEADERS on a stream, without a flag.
    pub fn on(stream: u32) -> Self {
        Self {
            stream,
            ..Self::default()
        }
    }

    /// The frames that carry the block; at least one.
    pub fn frames(&self, block: &[u8]) -> Vec<Frame> {
        let mut fragments = Vec::new();
        let mut rest = block;
        for size in &self.split {
            let (fragment, behind) = rest.split_at((*size).min(rest.len()));
            fragments.push(fragment);
            rest = behind;
        }
        fragments.push(rest);
        let last = fragments.len() - 1;
        let end_of_block = |index: usize| match index == last {
            true => self.flags & END_HEADERS,
            false => 0,
        };
        let mut frames = vec![self.first(fragments[0], end_of_block(0))];
        frames.extend(
            fragments
                .iter()
                .enumerate()
                .skip(1)
                .map(|(index, fragment)| {
                    Frame::new(CONTINUATION, end_of_block(index), self.stream, *fragment)
                }),
        );
        frames
    }

    fn first(&self, fragment: &[u8], end_of_block: u8) -> Frame {
        let mut flags = self.flags & !END_HEADERS | end_of_block;
        let mut payload = Vec::new();
        if let Some(priority) = self.priority {
            flags |= PRIORITY;
            payload.extend(priority.bytes());
        }
        payload.extend(fragment);
        if let Some(padding) = self.padding {
            flags |= PADDED;
            payload = padded(&payload, padding);
        }
        Frame::new(HEADERS, flags, self.stream, payload)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::frame::END_STREAM;

    #[test]
    fn a_frame_may_lie_about_its_length_and_set_the_reserved_bit() {
        let frame = Frame {
            length: Some(0x01_02_03),
            reserved: true,
            ..Frame::new(0xfa, 0x7f, 5, *b"ab")
        };
        let mut bytes = Vec::new();
        frame.write(&mut bytes);
        assert_eq!(bytes, [1, 2, 3, 0xfa, 0x7f, 0x80, 0, 0, 5, b'a', b'b']);
    }

    #[test]
    fn a_block_is_split_where_it_is_said_and_only_the_last_frame_ends_it() {
        let headers = Headers {
            flags: END_HEADERS | END_STREAM,
            split: vec![2, 0, 1],
            ..Headers::on(7)
        };
        let frames = headers.frames(b"abcdef");
        let told: Vec<_> = frames
            .iter()
            .map(|frame| (frame.kind, frame.flags, &frame.payload[..]))
            .collect();
        let expected: [(u8, u8, &[u8]); 4] = [
            (HEADERS, END_STREAM, b"ab"),
            (CONTINUATION, 0, b""),
            (CONTINUATION, 0, b"c"),
            (CONTINUATION, END_HEADERS, b"def"),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn a_block_without_its_end_says_so_in_no_frame() {
        let headers = Headers {
            split: vec![1],
            ..Headers::on(1)
        };
        assert!(headers.frames(b"ab").iter().all(|frame| frame.flags == 0));
    }

    #[test]
    fn priority_and_padding_stand_around_the_fragment() {
        let headers = Headers {
            flags: END_HEADERS,
            priority: Some(Priority {
                exclusive: true,
                depends_on: 3,
                weight: 9,
            }),
            padding: Some(2),
            ..Headers::on(1)
        };
        let frames = headers.frames(b"x");
        assert_eq!(frames[0].flags, END_HEADERS | PADDED | PRIORITY);
        assert_eq!(frames[0].payload, [2, 0x80, 0, 0, 3, 9, b'x', 0, 0]);
    }
}
