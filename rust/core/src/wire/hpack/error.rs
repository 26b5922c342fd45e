//! What a header block can break.

use thiserror::Error;

/// Why a header block cannot be decoded. To a receiver each of these is a
/// connection error `COMPRESSION_ERROR` (RFC 9113, section 4.3).
///
/// Offsets count octets from the beginning of the header block. Where an octet
/// is missing, the offset may be the length of the block.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum HpackError {
    /// The block ends inside an integer.
    #[error("the integer at octet {offset} of the header block has no end")]
    IntegerTruncated {
        /// The first octet of the integer.
        offset: usize,
    },
    /// An integer above 2^32 - 1, or one with more than five octets after its
    /// prefix: the limits of this implementation, which section 5.1 asks for.
    #[error("the integer at octet {offset} of the header block exceeds 32 bits")]
    IntegerOverflow {
        /// The first octet of the integer.
        offset: usize,
    },
    /// A string literal that is longer than the rest of the block.
    #[error(
        "the string at octet {offset} of the header block declares {declared} octets, but {available} follow"
    )]
    StringTruncated {
        /// The first octet of the string's length.
        offset: usize,
        /// The length that the string declares.
        declared: usize,
        /// Octets that are left in the block.
        available: usize,
    },
    /// A Huffman-coded string that contains the symbol EOS.
    #[error("the Huffman-coded string contains EOS at octet {offset} of the header block")]
    HuffmanEos {
        /// The octet in which the code of EOS ends.
        offset: usize,
    },
    /// A Huffman-coded string that ends in more than 7 bits of padding.
    #[error(
        "the padding of the Huffman-coded string that ends at octet {offset} of the header block is longer than 7 bits"
    )]
    HuffmanPaddingTooLong {
        /// The last octet of the string.
        offset: usize,
    },
    /// A Huffman-coded string that ends in bits that are neither a symbol nor
    /// the beginning of the code of EOS, which is all ones.
    #[error(
        "the padding of the Huffman-coded string that ends at octet {offset} of the header block is not all ones"
    )]
    HuffmanPaddingNotOnes {
        /// The last octet of the string.
        offset: usize,
    },
    /// An indexed field with index 0.
    #[error("the indexed field at octet {offset} of the header block has index 0")]
    IndexZero {
        /// The first octet of the representation.
        offset: usize,
    },
    /// An index above the last entry of the dynamic table.
    #[error(
        "the field at octet {offset} of the header block has index {index}, but the tables end at {last}"
    )]
    IndexBeyondTables {
        /// The first octet of the representation.
        offset: usize,
        /// The index.
        index: usize,
        /// The highest index that stands for a field.
        last: usize,
    },
    /// A dynamic table size update above the limit that the decoder's endpoint
    /// set with `SETTINGS_HEADER_TABLE_SIZE`.
    #[error(
        "the size update at octet {offset} of the header block sets {size} octets, but at most {limit} are allowed"
    )]
    SizeUpdateOverLimit {
        /// The first octet of the update.
        offset: usize,
        /// The size that it sets.
        size: u32,
        /// The acknowledged limit.
        limit: u32,
    },
    /// A dynamic table size update after a field.
    #[error("the size update at octet {offset} of the header block comes after a field")]
    SizeUpdateNotFirst {
        /// The first octet of the update.
        offset: usize,
    },
    /// The dynamic table grew above [`TABLE_CEILING`](super::TABLE_CEILING).
    /// The encoder did nothing wrong; section 7.3 is about what its liberty
    /// costs a decoder.
    #[error(
        "the field at octet {offset} of the header block fills the dynamic table beyond the {ceiling} octets that are followed"
    )]
    TableBeyondCeiling {
        /// The first octet of the representation.
        offset: usize,
        /// The most that is followed.
        ceiling: usize,
    },
    /// An earlier block of the same direction could not be decoded, so the
    /// dynamic table is no longer known. No octet of this block was read.
    #[error("an earlier header block could not be decoded: {cause}")]
    Poisoned {
        /// What was wrong with the earlier block, offset included.
        cause: Box<HpackError>,
    },
}

impl HpackError {
    /// The section of RFC 7541 that the block breaks, such as `"5.1"`.
    pub fn section(&self) -> &'static str {
        match self {
            Self::IntegerTruncated { .. } | Self::IntegerOverflow { .. } => "5.1",
            Self::StringTruncated { .. }
            | Self::HuffmanEos { .. }
            | Self::HuffmanPaddingTooLong { .. }
            | Self::HuffmanPaddingNotOnes { .. } => "5.2",
            Self::IndexZero { .. } => "6.1",
            Self::IndexBeyondTables { .. } => "2.3.3",
            Self::SizeUpdateOverLimit { .. } => "6.3",
            Self::SizeUpdateNotFirst { .. } => "4.2",
            Self::TableBeyondCeiling { .. } => "7.3",
            Self::Poisoned { cause } => cause.section(),
        }
    }

    /// Where in the block that was given to the decoder, in octets. 0 for
    /// [`HpackError::Poisoned`]: the fault lies in another block.
    pub fn offset(&self) -> usize {
        match *self {
            Self::IntegerTruncated { offset }
            | Self::IntegerOverflow { offset }
            | Self::StringTruncated { offset, .. }
            | Self::HuffmanEos { offset }
            | Self::HuffmanPaddingTooLong { offset }
            | Self::HuffmanPaddingNotOnes { offset }
            | Self::IndexZero { offset }
            | Self::IndexBeyondTables { offset, .. }
            | Self::SizeUpdateOverLimit { offset, .. }
            | Self::SizeUpdateNotFirst { offset }
            | Self::TableBeyondCeiling { offset, .. } => offset,
            Self::Poisoned { .. } => 0,
        }
    }
}
