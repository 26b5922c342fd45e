//! A frame that a test can change, and how it is written.

use wirecheck_core::wire::capture::Direction;
use wirecheck_core::wire::frame::{END_HEADERS, PADDED, PRIORITY};
use wirecheck_core::wire::hpack::{Representation, SizeUpdate, literal};

pub const CLIENT: Direction = Direction::ClientToServer;
pub const SERVER: Direction = Direction::ServerToClient;

pub const DATA: u8 = 0x00;
pub const HEADERS: u8 = 0x01;
pub const RST_STREAM: u8 = 0x03;
pub const SETTINGS: u8 = 0x04;
pub const PUSH_PROMISE: u8 = 0x05;
pub const PING: u8 = 0x06;
pub const GOAWAY: u8 = 0x07;
pub const WINDOW_UPDATE: u8 = 0x08;
pub const CONTINUATION: u8 = 0x09;

/// The SETTINGS_MAX_FRAME_SIZE that every peer accepts.
const MAX_FRAME: usize = 16_384;

/// A name and a value.
pub type Field = (Vec<u8>, Vec<u8>);

/// A frame that a test may change.
#[derive(Clone)]
pub struct EditFrame {
    pub direction: Direction,
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
    pub payload: Payload,
}

#[derive(Clone)]
pub enum Payload {
    Bytes(Vec<u8>),
    /// A header list, with the CONTINUATION frames that followed.
    List(Vec<SizeUpdate>, Vec<Field>),
}

impl EditFrame {
    pub fn new(direction: Direction, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Self {
        let payload = Payload::Bytes(payload.to_vec());
        Self {
            direction,
            kind,
            flags,
            stream,
            payload,
        }
    }

    /// A HEADERS frame.
    pub fn headers(direction: Direction, flags: u8, stream: u32, fields: &[(&str, &str)]) -> Self {
        let fields = fields
            .iter()
            .map(|(name, value)| field(name, value))
            .collect();
        let payload = Payload::List(Vec::new(), fields);
        Self {
            direction,
            kind: HEADERS,
            flags: flags | END_HEADERS,
            stream,
            payload,
        }
    }

    /// Changes the payload of a frame that has no header list.
    pub fn change_bytes(&mut self, change: impl FnOnce(&mut Vec<u8>)) {
        match &mut self.payload {
            Payload::Bytes(bytes) => change(bytes),
            Payload::List(..) => panic!("the payload is a header list"),
        }
    }

    /// The frame as it stands on the wire.
    pub fn encode(&self) -> Vec<u8> {
        match &self.payload {
            Payload::Bytes(bytes) => frame(self.kind, self.flags, self.stream, bytes),
            Payload::List(updates, fields) => self.encode_list(updates, fields),
        }
    }

    /// HEADERS, and CONTINUATION where the block is too long for one frame.
    fn encode_list(&self, updates: &[SizeUpdate], fields: &[Field]) -> Vec<u8> {
        let mut block = Vec::new();
        for update in updates {
            literal::encode_size_update(&mut block, update.size);
        }
        let representation = Representation::LiteralWithoutIndexing { name_index: None };
        for (name, value) in fields {
            literal::encode_literal(&mut block, name, value, false, representation);
        }
        let fragments: Vec<_> = block.chunks(MAX_FRAME).collect();
        let mut encoded = Vec::new();
        for (index, fragment) in fragments.iter().enumerate() {
            let last = if index + 1 == fragments.len() {
                END_HEADERS
            } else {
                0
            };
            let (kind, flags) = match index {
                0 => (self.kind, self.flags & !(END_HEADERS | PADDED | PRIORITY)),
                _ => (CONTINUATION, 0),
            };
            encoded.extend(frame(kind, flags | last, self.stream, fragment));
        }
        encoded
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len())
        .expect("a payload is short")
        .to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

pub fn field(name: &str, value: &str) -> Field {
    (name.into(), value.into())
}
