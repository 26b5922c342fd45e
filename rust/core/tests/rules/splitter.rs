//! Takes the bytes of a capture apart into what a test can change.

use std::collections::BTreeMap;

use wirecheck_core::wire::capture::{Direction, Event};
use wirecheck_core::wire::frame::{END_HEADERS, FrameHeader, PADDED, PREFACE, PRIORITY};
use wirecheck_core::wire::hpack::Decoder;

use crate::edit_frame::{CLIENT, CONTINUATION, EditFrame, HEADERS, Payload};
use crate::editor::What;

/// The two directions of each connection, by its number.
#[derive(Default)]
pub struct Connections(BTreeMap<(u32, Direction), Splitter>);

impl Connections {
    /// What an event of a connection holds; a frame once it is whole.
    pub fn split(&mut self, connection: u32, event: Event<'_>) -> Vec<What> {
        match event {
            Event::Opened => vec![What::Opened],
            Event::Closed => vec![What::Closed],
            Event::Bytes(direction, bytes) => self.side(connection, direction).split(bytes),
            Event::HalfClosed(direction) => {
                let rest = self.side(connection, direction).rest();
                rest.into_iter()
                    .chain([What::HalfClosed(direction)])
                    .collect()
            }
            Event::Reset(direction) => {
                let rest = self.side(connection, direction).rest();
                rest.into_iter().chain([What::Reset(direction)]).collect()
            }
            Event::LeftOut(..) => panic!("no capture of the tests is cut"),
        }
    }

    fn side(&mut self, connection: u32, direction: Direction) -> &mut Splitter {
        let side = self.0.entry((connection, direction));
        side.or_insert_with(|| Splitter::new(direction))
    }
}

/// Finds frames in the bytes of one direction.
struct Splitter {
    direction: Direction,
    bytes: Vec<u8>,
    preface_seen: bool,
    decoder: Decoder,
    /// A HEADERS frame that waits for its CONTINUATION, and its block.
    open: Option<(EditFrame, Vec<u8>)>,
}

impl Splitter {
    fn new(direction: Direction) -> Self {
        let mut decoder = Decoder::new();
        // What the peers agreed on does not matter to reading: any size will do.
        decoder.set_max_table_size(1 << 16);
        Self {
            direction,
            bytes: Vec::new(),
            preface_seen: false,
            decoder,
            open: None,
        }
    }

    fn split(&mut self, bytes: &[u8]) -> Vec<What> {
        self.bytes.extend_from_slice(bytes);
        let mut found = Vec::new();
        if self.direction == CLIENT && !self.preface_seen && self.bytes.starts_with(PREFACE) {
            self.preface_seen = true;
            self.bytes.drain(..PREFACE.len());
            found.push(What::Preface);
        }
        while let Some((header, payload)) = self.next_frame() {
            found.extend(self.frame(header, payload).map(What::Frame));
        }
        found
    }

    fn rest(&mut self) -> Option<What> {
        let rest = std::mem::take(&mut self.bytes);
        (!rest.is_empty()).then_some(What::Rest(self.direction, rest))
    }

    fn next_frame(&mut self) -> Option<(FrameHeader, Vec<u8>)> {
        let header = FrameHeader::parse(self.bytes.first_chunk()?);
        let end = FrameHeader::LEN + header.length as usize;
        (end <= self.bytes.len()).then(|| {
            let payload = self.bytes[FrameHeader::LEN..end].to_vec();
            self.bytes.drain(..end);
            (header, payload)
        })
    }

    /// The frame, once its header block is whole.
    fn frame(&mut self, header: FrameHeader, payload: Vec<u8>) -> Option<EditFrame> {
        let FrameHeader {
            kind,
            flags,
            stream,
            ..
        } = header;
        let (frame, block) = match kind {
            HEADERS => {
                let frame = EditFrame::new(self.direction, kind, flags, stream, &[]);
                (frame, fragment(flags, &payload).to_vec())
            }
            CONTINUATION => {
                let (frame, mut block) = self.open.take().expect("HEADERS before CONTINUATION");
                block.extend(payload);
                (frame, block)
            }
            _ => {
                return Some(EditFrame::new(
                    self.direction,
                    kind,
                    flags,
                    stream,
                    &payload,
                ));
            }
        };
        if flags & END_HEADERS == 0 {
            self.open = Some((frame, block));
            return None;
        }
        Some(self.decoded(frame, &block))
    }

    fn decoded(&mut self, frame: EditFrame, block: &[u8]) -> EditFrame {
        let block = self.decoder.decode(block).expect("a block of a real peer");
        let fields = block
            .fields
            .iter()
            .map(|f| (f.name.to_vec(), f.value.to_vec()))
            .collect();
        EditFrame {
            payload: Payload::List(block.size_updates, fields),
            ..frame
        }
    }
}

/// A HEADERS payload without padding and priority.
fn fragment(flags: u8, payload: &[u8]) -> &[u8] {
    let padding = if flags & PADDED != 0 {
        usize::from(payload[0])
    } else {
        0
    };
    let start = usize::from(flags & PADDED != 0) + if flags & PRIORITY != 0 { 5 } else { 0 };
    &payload[start..payload.len() - padding]
}
