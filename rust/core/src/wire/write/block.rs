//! Field blocks (RFC 7541), each field in the representation that is asked for.

use bytes::Bytes;

use crate::wire::hpack::literal::{encode_integer, encode_size_update, encode_string};
use crate::wire::hpack::{Representation, Tables};

/// A decoder's table as it is before any SETTINGS (RFC 9113, section 6.5.2), in
/// octets.
const DEFAULT_TABLE: usize = 4096;

/// One field with how it is to be encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The name, in any bytes.
    pub name: Bytes,
    /// The value, in any bytes.
    pub value: Bytes,
    /// The representation.
    pub coding: Coding,
    /// The name is an index, if a table has it. Of no meaning to
    /// [`Coding::Indexed`].
    pub name_index: bool,
    /// Strings are Huffman-coded.
    pub huffman: bool,
}

/// The representations (RFC 7541, section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Coding {
    /// One index for the whole field, which a table must have.
    Indexed,
    /// A literal that enters the dynamic table.
    Incremental,
    /// A literal that leaves the table as it is.
    #[default]
    WithoutIndexing,
    /// A literal that no intermediary may index either.
    NeverIndexed,
}

/// A part of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// A field.
    Field(Field),
    /// This index as an indexed field, whether a table has it or not.
    Index(u64),
    /// A dynamic table size update, wherever it stands.
    SizeUpdate(u32),
    /// Bytes as they are. The encoder's table knows nothing of them.
    Raw(Bytes),
}

/// A field was to be one index, and no table has it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("neither table has the field `{name}: {value}`")]
pub struct NotInTable {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
}

impl Field {
    /// A literal without indexing, in plain octets: what says the most to who
    /// reads the bytes.
    pub fn new(name: impl Into<Bytes>, value: impl Into<Bytes>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
            coding: Coding::default(),
            name_index: false,
            huffman: false,
        }
    }
}

/// Writes the blocks of one direction of a connection.
#[derive(Debug)]
pub struct Encoder {
    tables: Tables,
}

impl Default for Encoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Encoder {
    /// With an empty table of 4,096 octets.
    pub fn new() -> Self {
        Self {
            tables: Tables::new(DEFAULT_TABLE),
        }
    }

    /// Writes a block.
    ///
    /// # Errors
    ///
    /// A field was to be one index, and no table has it.
    pub fn encode(&mut self, items: &[Item]) -> Result<Vec<u8>, NotInTable> {
        let mut block = Vec::new();
        for item in items {
            match item {
                Item::Field(field) => self.field(field, &mut block)?,
                Item::Index(index) => encode_integer(&mut block, 0b1000_0000, 7, *index),
                Item::SizeUpdate(size) => {
                    encode_size_update(&mut block, *size);
                    self.tables.set_max_size(*size as usize);
                }
                Item::Raw(bytes) => block.extend_from_slice(bytes),
            }
        }
        Ok(block)
    }

    fn field(&mut self, field: &Field, block: &mut Vec<u8>) -> Result<(), NotInTable> {
        let (pattern, prefix) = match field.coding {
            Coding::Indexed => {
                let index = self.index_of(field).ok_or_else(|| NotInTable {
                    name: String::from_utf8_lossy(&field.name).into_owned(),
                    value: String::from_utf8_lossy(&field.value).into_owned(),
                })?;
                encode_integer(block, 0b1000_0000, 7, index as u64);
                return Ok(());
            }
            Coding::Incremental => (0b0100_0000, 6),
            Coding::WithoutIndexing => (0, 4),
            Coding::NeverIndexed => (0b0001_0000, 4),
        };
        let name = match field.name_index {
            true => self.index_of_name(field),
            false => None,
        };
        encode_integer(block, pattern, prefix, name.unwrap_or(0) as u64);
        if name.is_none() {
            encode_string(block, &field.name, field.huffman);
        }
        encode_string(block, &field.value, field.huffman);
        if field.coding == Coding::Incremental {
            self.tables.add(field.name.clone(), field.value.clone());
        }
        Ok(())
    }

    fn index_of(&self, field: &Field) -> Option<usize> {
        self.find(|name, value| *name == field.name && *value == field.value)
    }

    fn index_of_name(&self, field: &Field) -> Option<usize> {
        self.find(|name, _| *name == field.name)
    }

    fn find(&self, is_it: impl Fn(&Bytes, &Bytes) -> bool) -> Option<usize> {
        (1..=self.tables.last_index()).find(|index| {
            let entry = self.tables.get(*index);
            entry.is_some_and(|entry| is_it(&entry.name, &entry.value))
        })
    }
}

impl Coding {
    /// As the decoder tells it.
    pub fn is(self, representation: Representation) -> bool {
        matches!(
            (self, representation),
            (Self::Indexed, Representation::Indexed { .. })
                | (Self::Incremental, Representation::LiteralIncremental { .. })
                | (
                    Self::WithoutIndexing,
                    Representation::LiteralWithoutIndexing { .. }
                )
                | (
                    Self::NeverIndexed,
                    Representation::LiteralNeverIndexed { .. }
                )
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::hpack::Decoder;

    #[test]
    fn an_index_finds_what_an_earlier_block_has_added() {
        let mut encoder = Encoder::new();
        let added = Field {
            coding: Coding::Incremental,
            ..Field::new("x-a", "1")
        };
        let indexed = Field {
            coding: Coding::Indexed,
            ..added.clone()
        };
        encoder.encode(&[Item::Field(added)]).unwrap();
        assert_eq!(encoder.encode(&[Item::Field(indexed)]), Ok(vec![0x80 | 62]));
    }

    #[test]
    fn a_field_that_no_table_has_cannot_be_an_index() {
        let field = Field {
            coding: Coding::Indexed,
            ..Field::new("x-a", "1")
        };
        let error = Encoder::new().encode(&[Item::Field(field)]).unwrap_err();
        assert_eq!(error.to_string(), "neither table has the field `x-a: 1`");
    }

    #[test]
    fn what_must_not_be_is_written_too() {
        let items = [
            Item::Field(Field::new("X-Upper", "\n")),
            Item::SizeUpdate(1 << 20),
            Item::Index(0),
            Item::Raw(Bytes::from_static(&[0xff])),
        ];
        let block = Encoder::new().encode(&items).unwrap();
        assert_eq!(
            block,
            [
                &b"\0\x07X-Upper\x01\n"[..],
                &[0x3f, 0xe1, 0xff, 0x3f],
                &[0x80, 0xff]
            ]
            .concat()
        );
        assert!(Decoder::new().decode(&block).is_err());
    }
}
