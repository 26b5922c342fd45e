//! HPACK (RFC 7541), read as an observer reads it: every field knows which
//! octets of the header block stand for it.
//!
//! [`Decoder`] follows one direction of one connection and needs every header
//! block of that direction in order, since a block may refer to fields of the
//! blocks before it. It trusts nobody: what it keeps is bounded by [`Limits`]
//! and by [`TABLE_CEILING`], however far a block expands.
//!
//! [`literal`] writes representations, so that a capture can be changed.

mod decoder;
mod error;
mod filler;
mod huffman;
pub mod literal;
mod reader;
mod static_table;
mod table;

use std::ops::Range;

use bytes::Bytes;

pub use decoder::Decoder;
pub use error::HpackError;
pub use filler::filler;
pub(super) use table::Tables;

/// What one entry or field costs beyond the octets of its name and value
/// (RFC 7541, section 4.1; RFC 9113, section 6.5.2).
pub const FIELD_OVERHEAD: usize = 32;

/// The most that a [`Decoder`] holds in its dynamic table, in octets counted
/// as RFC 7541, section 4.1 does: 1 MiB. Two peers may agree on 4 GiB; an
/// observer has no setting to refuse that with, so it stops following them
/// once they really use more than this.
pub const TABLE_CEILING: usize = 1 << 20;

/// How much of one header list is kept. A block of 20 KB can stand for 65 MB
/// of fields, so the size of the block bounds nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Fields kept of each block, and as many size updates.
    pub fields: usize,
    /// Octets kept of each block: name, value and [`FIELD_OVERHEAD`] of each
    /// field, as RFC 9113, section 6.5.2 counts them.
    pub list_bytes: usize,
}

impl Default for Limits {
    /// 4,096 fields and 1 MiB: sixty times what gRPC libraries accept by
    /// default.
    fn default() -> Self {
        Self {
            fields: 4096,
            list_bytes: 1 << 20,
        }
    }
}

/// One decoded header block.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Block {
    /// The header list in order, or its beginning if [`Block::is_cut`].
    pub fields: Vec<Field>,
    /// The dynamic table size updates at the beginning. RFC 7541, section 4.2
    /// gives an encoder cause for two at most; it makes no error of more.
    pub size_updates: Vec<SizeUpdate>,
    /// The size of the whole list in octets as RFC 9113, section 6.5.2 counts
    /// it, with the fields that were left out.
    pub list_bytes: u64,
    /// Fields at the end of the list that were decoded, for what they do to
    /// the dynamic table, but not kept, because of [`Limits`].
    pub left_out: usize,
    /// Fields that are in blocks before the first one that a decoder that
    /// came [late](Decoder::late) has read; they are left out too.
    pub unknown: usize,
    /// The size that the block should have announced at its beginning and did
    /// not, after a reduction of `SETTINGS_HEADER_TABLE_SIZE` (RFC 7541,
    /// section 4.2). RFC 9113, section 4.3.1 has the receiver end the
    /// connection; an observer reads on with the table as it was, for that is
    /// what the encoder still uses.
    pub missing_size_update: Option<u32>,
}

impl Block {
    /// Whether fields were left out because of [`Limits`].
    pub fn is_cut(&self) -> bool {
        self.left_out > 0
    }
}

/// One header field and the octets that stand for it. All ranges count octets
/// from the beginning of the header block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The name, without Huffman coding.
    pub name: Bytes,
    /// The value, without Huffman coding.
    pub value: Bytes,
    /// The whole representation (RFC 7541, section 6).
    pub range: Range<usize>,
    /// The octets of the name as sent, without their length; `None` if an
    /// index stands for the name.
    pub name_range: Option<Range<usize>>,
    /// The octets of the value as sent, without their length; `None` if an
    /// index stands for the whole field.
    pub value_range: Option<Range<usize>>,
    /// How the field was encoded.
    pub representation: Representation,
    /// Whether the name is a Huffman-coded literal.
    pub name_huffman: bool,
    /// Whether the value is a Huffman-coded literal.
    pub value_huffman: bool,
}

impl Field {
    /// The size of the field in octets as RFC 9113, section 6.5.2 counts it.
    pub fn size(&self) -> usize {
        self.name.len() + self.value.len() + FIELD_OVERHEAD
    }
}

/// How a header field was encoded (RFC 7541, section 6). Indices count from 1
/// over the static table, then the dynamic table (section 2.3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Representation {
    /// An indexed header field (section 6.1).
    Indexed {
        /// The index of the field.
        index: usize,
    },
    /// A literal that enters the dynamic table (section 6.2.1).
    LiteralIncremental {
        /// The index of the name; `None` if the name is a literal too.
        name_index: Option<usize>,
    },
    /// A literal that leaves the dynamic table as it is (section 6.2.2).
    LiteralWithoutIndexing {
        /// The index of the name; `None` if the name is a literal too.
        name_index: Option<usize>,
    },
    /// A literal that no intermediary may index either (section 6.2.3).
    LiteralNeverIndexed {
        /// The index of the name; `None` if the name is a literal too.
        name_index: Option<usize>,
    },
}

/// A dynamic table size update (RFC 7541, section 6.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SizeUpdate {
    /// The new maximum size of the dynamic table, in octets.
    pub size: u32,
    /// Its octets, counted from the beginning of the header block.
    pub range: Range<usize>,
}
