//! A field block on its way through HEADERS or PUSH_PROMISE and CONTINUATION
//! frames (RFC 9113, section 4.3), and where its fields lie on the wire.

use std::mem::size_of;
use std::ops::Range;

use super::ledger::{Kind, Ledger};
use crate::wire::capture::Direction;
use crate::wire::exchange::{HeaderField, HeaderList, Place};
use crate::wire::hpack::{Block, Field, HpackError, filler};
use crate::wire::secret::Secrets;

/// A field block of which END_HEADERS did not come yet.
#[derive(Debug)]
pub(super) struct FieldBlock {
    /// The stream on which the frames are sent.
    pub stream: u32,
    /// The promised stream, if the block is that of a PUSH_PROMISE.
    pub promised: Option<u32>,
    pub end_stream: bool,
    /// The HEADERS or PUSH_PROMISE frame.
    pub place: Place,
    pub continuations: u32,
    bytes: Vec<u8>,
    /// Where the fragments begin: in `bytes`, and in the direction.
    fragments: Vec<(usize, u64)>,
}

/// Octets that are to stand in place of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    /// Whose bytes they are among.
    pub direction: Direction,
    /// Where they begin, in that direction of the connection.
    pub offset: u64,
    /// The octets.
    pub octets: Vec<u8>,
}

/// The block is longer than the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooLong;

impl FieldBlock {
    pub fn new(stream: u32, promised: Option<u32>, end_stream: bool, place: Place) -> Self {
        Self {
            stream,
            promised,
            end_stream,
            place,
            continuations: 0,
            bytes: Vec::new(),
            fragments: Vec::new(),
        }
    }

    /// Appends a fragment that lies at `range` in the direction. `bytes` are
    /// its first ones; all of them, if the block is within the limit.
    pub fn append(
        &mut self,
        bytes: &[u8],
        range: &Range<u64>,
        limit: usize,
    ) -> Result<(), TooLong> {
        let length = (range.end - range.start) as usize;
        if self.bytes.len() + length > limit {
            return Err(TooLong);
        }
        if length > 0 {
            self.fragments.push((self.bytes.len(), range.start));
            self.bytes.extend_from_slice(bytes);
        }
        Ok(())
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes in the direction from an octet of the block to its end.
    pub fn range_from(&self, octet: usize) -> Range<u64> {
        if self.bytes.is_empty() {
            return self.place.range.clone();
        }
        let octet = octet.min(self.bytes.len() - 1);
        self.range(octet..self.bytes.len())
    }

    /// The decoded block as a header list of the exchange.
    pub fn header_list(&self, decoded: Block, ledger: &mut Ledger) -> HeaderList {
        let count = decoded.fields.len();
        let fields: Vec<_> = decoded
            .fields
            .into_iter()
            .take_while(|field| ledger.take::<HeaderField>(kept_bytes(field)))
            .map(|field| self.header_field(field))
            .collect();
        if decoded.left_out > 0 && decoded.unknown == 0 {
            ledger.cut(Kind::Fields);
        }
        HeaderList {
            place: self.place.clone(),
            continuations: self.continuations,
            fields_cut: (decoded.left_out + count - fields.len()) as u64,
            fields,
            end_stream: self.end_stream,
            list_bytes: decoded.list_bytes,
        }
    }

    fn header_field(&self, field: Field) -> HeaderField {
        HeaderField {
            name: field.name,
            value: field.value,
            range: self.range(field.range),
            name_range: field.name_range.map(|range| self.range(range)),
            value_range: field.value_range.map(|range| self.range(range)),
            representation: field.representation,
        }
    }

    /// The filler for the values of secret fields, and where it belongs. `None`
    /// if not all secrets are known.
    pub fn patches(&self, decoded: &Block, secrets: &Secrets) -> Option<Vec<Patch>> {
        if decoded.left_out > 0 {
            return None;
        }
        let mut patches = Vec::new();
        let secret = |field: &&Field| secrets.is_secret_name(&field.name);
        for field in decoded.fields.iter().filter(secret) {
            if let Some(range) = &field.value_range {
                let octets = filler(range.len(), field.value.len(), field.value_huffman)?;
                patches.extend(self.in_place(range.start, &octets));
            }
        }
        Some(patches)
    }

    /// Octets of the block from one on, cut where a frame ends.
    fn in_place(&self, mut start: usize, mut octets: &[u8]) -> Vec<Patch> {
        let mut patches = Vec::new();
        while !octets.is_empty() {
            let next = self.fragments.iter().map(|(start, _)| *start);
            let end = next.filter(|next| *next > start).min();
            let length = end.map_or(octets.len(), |end| octets.len().min(end - start));
            let (these, rest) = octets.split_at(length);
            patches.push(Patch {
                direction: self.place.direction,
                offset: self.offset(start),
                octets: these.to_vec(),
            });
            (start, octets) = (start + length, rest);
        }
        patches
    }

    fn range(&self, range: Range<usize>) -> Range<u64> {
        let start = self.offset(range.start);
        // The end by the last octet: the one behind it may lie in a later frame.
        let end = if range.is_empty() {
            start
        } else {
            self.offset(range.end - 1) + 1
        };
        start..end
    }

    fn offset(&self, octet: usize) -> u64 {
        let after = self.fragments.partition_point(|(start, _)| *start <= octet);
        match after.checked_sub(1).map(|index| self.fragments[index]) {
            Some((start, offset)) => offset + (octet - start) as u64,
            None => self.place.range.end,
        }
    }
}

/// What a field needs besides its struct: nothing for what the dynamic table
/// shares.
fn kept_bytes(field: &Field) -> usize {
    let name = field.name_range.as_ref().map_or(0, |_| field.name.len());
    let value = field.value_range.as_ref().map_or(0, |_| field.value.len());
    name + value + size_of::<usize>()
}

/// The section of RFC 7541 that a block breaks.
pub(super) fn hpack_section(error: &HpackError) -> &'static str {
    match error.section() {
        "2.3.3" => "RFC 7541, section 2.3.3",
        "4.2" => "RFC 7541, section 4.2",
        "5.1" => "RFC 7541, section 5.1",
        "5.2" => "RFC 7541, section 5.2",
        "6.1" => "RFC 7541, section 6.1",
        "6.3" => "RFC 7541, section 6.3",
        "7.3" => "RFC 7541, section 7.3",
        _ => "RFC 7541",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(fragments: &[(&[u8], u64)]) -> FieldBlock {
        let place = Place {
            frame: None,
            kind: 0x01,
            direction: Direction::ClientToServer,
            range: 91..105,
            at_ns: 0,
        };
        let mut block = FieldBlock::new(1, None, false, place);
        for (bytes, start) in fragments {
            block
                .append(bytes, &(*start..start + bytes.len() as u64), 100)
                .unwrap();
        }
        block
    }

    #[test]
    fn octets_of_a_block_are_found_in_their_frames() {
        let block = block(&[(b"abcde", 100), (b"", 114), (b"fgh", 123)]);
        assert_eq!(block.bytes(), b"abcdefgh");
        assert_eq!(block.range(0..5), 100..105);
        assert_eq!(
            block.range(4..6),
            104..124,
            "the frame headers between lie inside"
        );
        assert_eq!(block.range(5..8), 123..126);
        assert_eq!(block.range(5..5), 123..123);
        assert_eq!(block.range_from(7), 125..126);
        assert_eq!(block.range_from(8), 125..126);
    }

    #[test]
    fn an_empty_block_points_at_its_frame() {
        assert_eq!(block(&[(b"", 100)]).range_from(0), 91..105);
    }

    #[test]
    fn a_block_beyond_the_limit_is_refused() {
        let mut block = block(&[]);
        assert_eq!(block.append(&[0; 60], &(100..160), 100), Ok(()));
        assert_eq!(block.append(&[0; 40], &(169..210), 100), Err(TooLong));
    }
}
