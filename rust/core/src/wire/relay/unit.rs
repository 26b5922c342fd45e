//! A frame that can be changed, and how it is written.

use crate::wire::frame::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, FrameHeader, HEADERS, PADDED, PRIORITY,
    PUSH_PROMISE,
};
use crate::wire::hpack::{Representation, literal};

/// The SETTINGS_MAX_FRAME_SIZE that every peer accepts, in octets (RFC 9113,
/// section 6.5.2).
pub(super) const MAX_FRAME: usize = 16_384;

/// The name and the value of a header field.
pub type Field = (Vec<u8>, Vec<u8>);

/// One frame, or HEADERS or PUSH_PROMISE with the CONTINUATION that follow.
#[derive(Debug, Clone)]
pub(super) struct Unit {
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
    pub body: Body,
    /// Octets of padding that it gets.
    pub pad: Option<u8>,
    /// The octets of its data or block that go into one frame.
    pub chop: usize,
}

#[derive(Debug, Clone)]
pub(super) enum Body {
    /// A payload as it came.
    Octets(Vec<u8>),
    List(List),
}

/// A header list, decoded.
#[derive(Debug, Clone)]
pub(super) struct List {
    /// What stands before the block: the octets of PRIORITY, or the promised
    /// stream.
    pub lead: Vec<u8>,
    /// Dynamic table size updates, in octets.
    pub updates: Vec<u32>,
    pub fields: Vec<Field>,
}

impl Unit {
    pub fn new(kind: u8, flags: u8, stream: u32, body: Body) -> Self {
        Self {
            kind,
            flags,
            stream,
            body,
            pad: None,
            chop: MAX_FRAME,
        }
    }

    /// Its fixed part, as a match looks at it.
    pub fn header(&self) -> FrameHeader {
        FrameHeader {
            length: 0,
            kind: self.kind,
            flags: self.flags,
            stream: self.stream,
        }
    }

    /// The payload of DATA without its padding; `None` if it is no DATA or its
    /// padding is too long.
    pub fn data(&self) -> Option<&[u8]> {
        match &self.body {
            Body::Octets(octets) if self.kind == DATA => unpadded(self.flags, octets),
            _ => None,
        }
    }

    /// The payload as octets, of a list too.
    pub fn octets(&mut self) -> &mut Vec<u8> {
        if let Body::List(list) = &self.body {
            self.body = Body::Octets(list.payload());
        }
        match &mut self.body {
            Body::Octets(octets) => octets,
            Body::List(_) => unreachable!("it was just written"),
        }
    }

    /// As it stands on the wire.
    pub fn encode(&self) -> Vec<u8> {
        match &self.body {
            Body::List(list) => self.encode_list(list),
            Body::Octets(octets) => match self.data() {
                Some(data) if self.pad.is_some() || data.len() > self.chop => {
                    self.encode_data(data)
                }
                _ => frame(self.kind, self.flags, self.stream, octets),
            },
        }
    }

    fn encode_data(&self, data: &[u8]) -> Vec<u8> {
        let pieces = pieces(data, self.chop);
        let last = pieces.len() - 1;
        let mut encoded = Vec::new();
        for (index, piece) in pieces.into_iter().enumerate() {
            let mut flags = self.flags & !PADDED;
            if index < last {
                flags &= !END_STREAM;
            }
            encoded.extend(self.padded(DATA, flags, piece));
        }
        encoded
    }

    fn encode_list(&self, list: &List) -> Vec<u8> {
        let payload = list.payload();
        let (first, rest) = payload.split_at(payload.len().min(list.lead.len() + self.chop));
        // END_HEADERS comes with the last fragment; who cleared it wants it missing.
        let end = self.flags & END_HEADERS;
        let rest: Vec<_> = rest.chunks(self.chop).collect();
        let mut flags = self.flags & !(PADDED | END_HEADERS);
        if rest.is_empty() {
            flags |= end;
        }
        let mut encoded = self.padded(self.kind, flags, first);
        for (index, fragment) in rest.iter().enumerate() {
            let flags = if index + 1 == rest.len() { end } else { 0 };
            encoded.extend(frame(CONTINUATION, flags, self.stream, fragment));
        }
        encoded
    }

    fn padded(&self, kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
        let Some(pad) = self.pad else {
            return frame(kind, flags, self.stream, payload);
        };
        let padding = vec![0; usize::from(pad)];
        let payload = [&[pad], payload, &padding].concat();
        frame(kind, flags | PADDED, self.stream, &payload)
    }
}

impl List {
    /// The payload of a frame that would hold all of it, without padding.
    fn payload(&self) -> Vec<u8> {
        let mut payload = self.lead.clone();
        for size in &self.updates {
            literal::encode_size_update(&mut payload, *size);
        }
        payload.extend(block(&self.fields));
        payload
    }
}

/// A header block of literals without indexing.
pub(super) fn block(fields: &[Field]) -> Vec<u8> {
    let representation = Representation::LiteralWithoutIndexing { name_index: None };
    let mut block = Vec::new();
    for (name, value) in fields {
        literal::encode_literal(&mut block, name, value, false, representation);
    }
    block
}

/// A frame (RFC 9113, section 4.1). A payload beyond 2^24 - 1 octets is cut.
pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let payload = &payload[..payload.len().min(0xff_ffff)];
    let length = (payload.len() as u32).to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A payload without padding; `None` if the padding is too long for it.
pub(super) fn unpadded(flags: u8, payload: &[u8]) -> Option<&[u8]> {
    if flags & PADDED == 0 {
        return Some(payload);
    }
    let (pad, rest) = payload.split_first()?;
    rest.get(..rest.len().checked_sub(usize::from(*pad))?)
}

/// What stands before the block in a payload without padding: how many octets.
pub(super) fn lead(kind: u8, flags: u8) -> usize {
    match kind {
        HEADERS if flags & PRIORITY != 0 => 5,
        PUSH_PROMISE => 4,
        _ => 0,
    }
}

/// Pieces of at most `size` octets, one at least.
fn pieces(octets: &[u8], size: usize) -> Vec<&[u8]> {
    match octets.is_empty() {
        true => vec![octets],
        false => octets.chunks(size).collect(),
    }
}
