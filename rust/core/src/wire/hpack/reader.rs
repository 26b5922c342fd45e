//! The primitive types of RFC 7541, section 5, read from a header block.

use std::ops::Range;

use bytes::Bytes;

use super::HpackError;
use super::huffman::{self, HuffmanError};

/// Octets that an integer may have after its prefix: as many as 32 bits need.
/// Section 5.1 asks for such a limit, since zeros could go on for ever.
const MOST_CONTINUATION_OCTETS: usize = 5;

/// A place in a header block.
pub(super) struct Reader<'a> {
    block: &'a [u8],
    position: usize,
}

/// A string literal and how it was sent.
pub(super) struct StringLiteral {
    pub text: Bytes,
    /// Its octets in the block, without the length.
    pub range: Range<usize>,
    pub huffman: bool,
}

impl<'a> Reader<'a> {
    pub fn new(block: &'a [u8]) -> Self {
        Self { block, position: 0 }
    }

    pub fn position(&self) -> usize {
        self.position
    }

    /// The next octet, which stays unread.
    pub fn peek(&self) -> Option<u8> {
        self.block.get(self.position).copied()
    }

    /// Reads an integer whose prefix is the `prefix_bits` lowest bits of the
    /// next octet (section 5.1).
    pub fn integer(&mut self, prefix_bits: u32) -> Result<u32, HpackError> {
        let offset = self.position;
        let truncated = HpackError::IntegerTruncated { offset };
        let prefix_max = 0xff >> (8 - prefix_bits);
        let prefix = self.octet().ok_or(truncated)? & prefix_max;
        if prefix < prefix_max {
            return Ok(u32::from(prefix));
        }
        let more = self.continuation(offset)?;
        u32::try_from(u64::from(prefix) + more).map_err(|_| HpackError::IntegerOverflow { offset })
    }

    /// Reads the octets after the prefix of the integer that starts at `offset`.
    fn continuation(&mut self, offset: usize) -> Result<u64, HpackError> {
        let mut value = 0;
        for group in 0..MOST_CONTINUATION_OCTETS {
            let octet = self
                .octet()
                .ok_or(HpackError::IntegerTruncated { offset })?;
            value |= u64::from(octet & 0x7f) << (7 * group);
            if octet & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(HpackError::IntegerOverflow { offset })
    }

    /// Reads a string literal (section 5.2).
    pub fn string(&mut self) -> Result<StringLiteral, HpackError> {
        let offset = self.position;
        let huffman = self.peek().is_some_and(|octet| octet & 0x80 != 0);
        let declared = self.integer(7)? as usize;
        let start = self.position;
        let rest = &self.block[start..];
        let sent = rest.get(..declared).ok_or(HpackError::StringTruncated {
            offset,
            declared,
            available: rest.len(),
        })?;
        self.position += declared;
        Ok(StringLiteral {
            text: decode_text(sent, huffman, start)?,
            range: start..self.position,
            huffman,
        })
    }

    fn octet(&mut self) -> Option<u8> {
        let octet = self.peek()?;
        self.position += 1;
        Some(octet)
    }
}

fn decode_text(sent: &[u8], huffman: bool, start: usize) -> Result<Bytes, HpackError> {
    if !huffman {
        return Ok(Bytes::copy_from_slice(sent));
    }
    // Boxed, so that nothing is kept of the room for the shortest codes.
    huffman::decode(sent)
        .map(|text| Bytes::from(text.into_boxed_slice()))
        .map_err(|error| place_huffman_error(error, start, sent.len()))
}

fn place_huffman_error(error: HuffmanError, start: usize, length: usize) -> HpackError {
    // An empty string has no padding that could be wrong.
    let last = start + length.saturating_sub(1);
    match error {
        HuffmanError::Eos { offset } => HpackError::HuffmanEos {
            offset: start + offset,
        },
        HuffmanError::PaddingTooLong => HpackError::HuffmanPaddingTooLong { offset: last },
        HuffmanError::PaddingNotOnes => HpackError::HuffmanPaddingNotOnes { offset: last },
    }
}
