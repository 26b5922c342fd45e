//! The header lists of one direction, decoded so that they can be written anew.

use std::collections::VecDeque;

use super::unit::{Body, List, Unit, lead, unpadded};
use crate::wire::frame::{CONTINUATION, END_HEADERS, FrameHeader, HEADERS, PADDED, PUSH_PROMISE};
use crate::wire::hpack::{Decoder, Limits};

/// The octets of a block, its CONTINUATION joined, that are waited for.
const MAX_BLOCK: usize = 1 << 20;
/// SETTINGS of the receiver that are followed before their ACK.
const MAX_UNANSWERED: usize = 256;

/// Why the frames of a direction are not followed any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GaveUp {
    /// The client's octets begin with something else (RFC 9113, section 3.4).
    #[error("it does not begin with the preface of HTTP/2")]
    Preface,
    /// A frame would have to be kept in memory as a whole.
    #[error("a frame is longer than 1 MiB")]
    Frame,
    /// A header block cannot be decoded, or would have to be kept as a whole.
    #[error("a header block is no HPACK, or longer than 1 MiB")]
    Block,
    /// Another frame stands among those of a header block (RFC 9113, section 4.3).
    #[error("a header block is not in one piece")]
    Order,
}

/// Reads header lists.
#[derive(Debug)]
pub(super) struct Lists {
    decoder: Decoder,
    /// What the receiver's SETTINGS said of its table, not yet acknowledged.
    announced: VecDeque<Option<u32>>,
    open: Option<(Unit, Vec<u8>)>,
}

/// What became of a frame.
#[derive(Debug)]
pub(super) enum Read {
    /// It is whole, with its list if it has one.
    Whole(Unit),
    /// More of its block is to come.
    Open,
}

impl Lists {
    pub fn new() -> Self {
        let mut decoder = Decoder::new();
        // All of a list is passed on, so all of it is kept, within a bound.
        decoder.set_limits(Limits {
            fields: 1 << 16,
            list_bytes: 16 << 20,
        });
        Self {
            decoder,
            announced: VecDeque::new(),
            open: None,
        }
    }

    /// The receiver of this direction has sent SETTINGS.
    pub fn announced(&mut self, sizes: VecDeque<Option<u32>>) {
        self.announced.extend(sizes);
        self.announced.truncate(MAX_UNANSWERED);
    }

    /// The sender of this direction acknowledges the receiver's SETTINGS.
    pub fn acknowledged(&mut self) {
        if let Some(size) = self.announced.pop_front().flatten() {
            self.decoder.set_max_table_size(size);
        }
    }

    /// Reads the next frame.
    pub fn read(&mut self, header: FrameHeader, payload: Vec<u8>) -> Result<Read, GaveUp> {
        let FrameHeader {
            kind,
            flags,
            stream,
            ..
        } = header;
        let (unit, mut block) = match (kind, self.open.take()) {
            (CONTINUATION, Some((unit, block))) if unit.stream == stream => (unit, block),
            (HEADERS | PUSH_PROMISE, None) => (Self::unit(header, &payload)?, Vec::new()),
            (_, None) if kind != CONTINUATION => {
                let body = Body::Octets(payload);
                return Ok(Read::Whole(Unit::new(kind, flags, stream, body)));
            }
            _ => return Err(GaveUp::Order),
        };
        match kind {
            CONTINUATION => block.extend(payload),
            _ => block.extend(Self::fragment(header, &payload)?),
        }
        if block.len() > MAX_BLOCK {
            return Err(GaveUp::Block);
        }
        if flags & END_HEADERS == 0 {
            self.open = Some((unit, block));
            return Ok(Read::Open);
        }
        self.decoded(unit, &block).map(Read::Whole)
    }

    fn unit(header: FrameHeader, payload: &[u8]) -> Result<Unit, GaveUp> {
        let plain = unpadded(header.flags, payload).ok_or(GaveUp::Block)?;
        let lead = plain
            .get(..lead(header.kind, header.flags))
            .ok_or(GaveUp::Block)?;
        let list = List {
            lead: lead.to_vec(),
            updates: Vec::new(),
            fields: Vec::new(),
        };
        let flags = header.flags & !PADDED;
        Ok(Unit::new(
            header.kind,
            flags,
            header.stream,
            Body::List(list),
        ))
    }

    fn fragment(header: FrameHeader, payload: &[u8]) -> Result<&[u8], GaveUp> {
        let plain = unpadded(header.flags, payload).ok_or(GaveUp::Block)?;
        plain
            .get(lead(header.kind, header.flags)..)
            .ok_or(GaveUp::Block)
    }

    fn decoded(&mut self, mut unit: Unit, block: &[u8]) -> Result<Unit, GaveUp> {
        let block = self.decoder.decode(block).map_err(|_| GaveUp::Block)?;
        if block.is_cut() {
            return Err(GaveUp::Block);
        }
        unit.flags |= END_HEADERS;
        if let Body::List(list) = &mut unit.body {
            list.updates = block
                .size_updates
                .iter()
                .map(|update| update.size)
                .collect();
            let fields = block.fields.into_iter();
            list.fields = fields
                .map(|field| (field.name.to_vec(), field.value.to_vec()))
                .collect();
        }
        Ok(unit)
    }
}
