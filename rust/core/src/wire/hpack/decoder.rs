//! Header blocks to header lists (RFC 7541, sections 3 and 6).

use std::ops::Range;

use bytes::Bytes;

use super::reader::{Reader, StringLiteral};
use super::table::{Entry, Tables};
use super::{Block, Field, HpackError, Limits, Representation, SizeUpdate, TABLE_CEILING};

/// `SETTINGS_HEADER_TABLE_SIZE` before any SETTINGS frame, in octets (RFC 9113,
/// section 6.5.2).
const DEFAULT_TABLE_SIZE: u32 = 4096;

/// Decodes the header blocks of one direction of a connection, in order.
///
/// After an error the dynamic table is not known any more, and RFC 9113,
/// section 4.3 has a receiver end the connection. The decoder therefore answers
/// every later block with [`HpackError::Poisoned`], rather than with fields
/// that may be wrong.
#[derive(Debug)]
pub struct Decoder {
    tables: Tables,
    limits: Limits,
    /// The most that a size update may set, in octets.
    max_table_size: u32,
    /// The smallest value that `max_table_size` had since the last block.
    smallest_since_block: Option<u32>,
    failure: Option<HpackError>,
    /// Blocks before the first one were missed.
    late: bool,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Decoder {
    /// A decoder for a new connection: an empty dynamic table of 4,096 octets
    /// (RFC 9113, section 6.5.2) and the default [`Limits`].
    pub fn new() -> Self {
        Self {
            tables: Tables::new(DEFAULT_TABLE_SIZE as usize),
            limits: Limits::default(),
            max_table_size: DEFAULT_TABLE_SIZE,
            smallest_since_block: None,
            failure: None,
            late: false,
        }
    }

    /// A decoder for a connection of which the first blocks were missed, and
    /// with them what they put into the dynamic table. An index that leads
    /// there is no error: the field is unknown, and left out with all behind
    /// it. What later blocks put into the table is known, since indices count
    /// from the newest entry.
    pub fn late() -> Self {
        Self {
            max_table_size: u32::MAX,
            late: true,
            ..Self::new()
        }
    }

    /// Sets how much is kept of each block from now on.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Says that the encoder has acknowledged a `SETTINGS_HEADER_TABLE_SIZE` of
    /// `size` octets, set by the endpoint that decodes this direction. Call it
    /// when the acknowledgment passes: it travels in this direction, so it is
    /// ordered with the header blocks.
    pub fn set_max_table_size(&mut self, size: u32) {
        self.max_table_size = size;
        let smallest = self.smallest_since_block.unwrap_or(size);
        self.smallest_since_block = Some(smallest.min(size));
    }

    /// Decodes one whole header block: the fragments of a HEADERS or
    /// PUSH_PROMISE frame and its CONTINUATION frames, joined.
    ///
    /// # Errors
    ///
    /// Any [`HpackError`]; after the first one only [`HpackError::Poisoned`].
    pub fn decode(&mut self, block: &[u8]) -> Result<Block, HpackError> {
        if let Some(failure) = &self.failure {
            let cause = Box::new(failure.clone());
            return Err(HpackError::Poisoned { cause });
        }
        let decoded = self.decode_block(block);
        self.failure = decoded.as_ref().err().cloned();
        decoded
    }

    /// The dynamic table as names and values, newest entry first: the first one
    /// has index 62.
    pub fn dynamic_table(&self) -> impl ExactSizeIterator<Item = (&[u8], &[u8])> {
        self.tables
            .dynamic()
            .map(|entry| (&entry.name[..], &entry.value[..]))
    }

    /// The size of the dynamic table in octets (RFC 7541, section 4.1).
    pub fn dynamic_table_size(&self) -> usize {
        self.tables.size()
    }

    fn decode_block(&mut self, bytes: &[u8]) -> Result<Block, HpackError> {
        let mut reader = Reader::new(bytes);
        let mut block = Block {
            missing_size_update: self.take_owed_update(),
            ..Block::default()
        };
        self.read_size_updates(&mut reader, &mut block)?;
        while let Some(first) = reader.peek() {
            let field = self.read_field(&mut reader, first)?;
            self.keep(&mut block, field);
        }
        Ok(block)
    }

    /// The size that the next block has to announce: the smallest one since the
    /// last block, if it is a reduction (RFC 7541, section 4.2).
    fn take_owed_update(&mut self) -> Option<u32> {
        let smallest = self.smallest_since_block.take()?;
        (self.tables.max_size() > smallest as usize).then_some(smallest)
    }

    fn read_size_updates(
        &mut self,
        reader: &mut Reader,
        block: &mut Block,
    ) -> Result<(), HpackError> {
        while reader.peek().is_some_and(is_size_update) {
            let update = self.read_size_update(reader)?;
            self.tables.set_max_size(update.size as usize);
            // One that is at most the size that is owed announces it.
            block
                .missing_size_update
                .take_if(|owed| update.size <= *owed);
            if block.size_updates.len() < self.limits.fields {
                block.size_updates.push(update);
            }
        }
        Ok(())
    }

    fn read_size_update(&self, reader: &mut Reader) -> Result<SizeUpdate, HpackError> {
        let offset = reader.position();
        let size = reader.integer(5)?;
        let limit = self.max_table_size;
        if size > limit {
            return Err(HpackError::SizeUpdateOverLimit {
                offset,
                size,
                limit,
            });
        }
        Ok(SizeUpdate {
            size,
            range: offset..reader.position(),
        })
    }

    /// Reads the representation that starts with the octet `first`.
    fn read_field(&mut self, reader: &mut Reader, first: u8) -> Result<Field, HpackError> {
        if first & 0b1000_0000 != 0 {
            return self.read_indexed(reader);
        }
        if is_size_update(first) {
            let offset = reader.position();
            return Err(HpackError::SizeUpdateNotFirst { offset });
        }
        if first & 0b0100_0000 != 0 {
            return self.read_incremental(reader);
        }
        if first & 0b0001_0000 != 0 {
            return self.read_literal(reader, 4, |name_index| {
                Representation::LiteralNeverIndexed { name_index }
            });
        }
        self.read_literal(reader, 4, |name_index| {
            Representation::LiteralWithoutIndexing { name_index }
        })
    }

    fn read_indexed(&self, reader: &mut Reader) -> Result<Field, HpackError> {
        let offset = reader.position();
        let index = reader.integer(7)? as usize;
        if index == 0 {
            return Err(HpackError::IndexZero { offset });
        }
        let entry = self.look_up(index, offset)?;
        Ok(Field {
            name: entry.name,
            value: entry.value,
            range: offset..reader.position(),
            name_range: None,
            value_range: None,
            representation: Representation::Indexed { index },
            name_huffman: false,
            value_huffman: false,
        })
    }

    fn read_incremental(&mut self, reader: &mut Reader) -> Result<Field, HpackError> {
        let field = self.read_literal(reader, 6, |name_index| {
            Representation::LiteralIncremental { name_index }
        })?;
        self.tables.insert(Entry {
            name: field.name.clone(),
            value: field.value.clone(),
        });
        if self.tables.size() > TABLE_CEILING {
            return Err(HpackError::TableBeyondCeiling {
                offset: field.range.start,
                ceiling: TABLE_CEILING,
            });
        }
        Ok(field)
    }

    /// Reads a literal whose name index has a prefix of `prefix_bits`.
    fn read_literal(
        &self,
        reader: &mut Reader,
        prefix_bits: u32,
        representation: fn(Option<usize>) -> Representation,
    ) -> Result<Field, HpackError> {
        let offset = reader.position();
        let index = reader.integer(prefix_bits)? as usize;
        let name_index = (index != 0).then_some(index);
        let name = match name_index {
            Some(index) => Name::Indexed(self.look_up(index, offset)?.name),
            None => Name::Literal(reader.string()?),
        };
        let value = reader.string()?;
        Ok(Field {
            name_range: name.range(),
            name_huffman: name.is_huffman(),
            name: name.into_text(),
            value: value.text,
            range: offset..reader.position(),
            value_range: Some(value.range),
            representation: representation(name_index),
            value_huffman: value.huffman,
        })
    }

    fn look_up(&self, index: usize, offset: usize) -> Result<Entry, HpackError> {
        let missed = self.late.then(|| Entry {
            name: Bytes::new(),
            value: Bytes::new(),
        });
        let entry = self.tables.get(index).or(missed);
        entry.ok_or_else(|| HpackError::IndexBeyondTables {
            offset,
            index,
            last: self.tables.last_index(),
        })
    }

    /// Counts the field, and keeps it unless the block is beyond its limits.
    /// Fields that are left out count too: what follows one is left out as
    /// well, so that the kept fields are the beginning of the list.
    fn keep(&self, block: &mut Block, field: Field) {
        block.list_bytes += field.size() as u64;
        // No field has an empty name, so this is one that an index stood for.
        let is_unknown = self.late && field.name.is_empty();
        block.unknown += usize::from(is_unknown);
        let fits = block.fields.len() < self.limits.fields
            && block.list_bytes <= self.limits.list_bytes as u64
            && block.unknown == 0;
        if fits {
            block.fields.push(field);
        } else {
            block.left_out += 1;
        }
    }
}

/// The name of a literal field.
enum Name {
    Indexed(Bytes),
    Literal(StringLiteral),
}

impl Name {
    fn range(&self) -> Option<Range<usize>> {
        match self {
            Self::Indexed(_) => None,
            Self::Literal(literal) => Some(literal.range.clone()),
        }
    }

    fn is_huffman(&self) -> bool {
        matches!(self, Self::Literal(literal) if literal.huffman)
    }

    fn into_text(self) -> Bytes {
        match self {
            Self::Indexed(name) => name,
            Self::Literal(literal) => literal.text,
        }
    }
}

fn is_size_update(first: u8) -> bool {
    first & 0b1110_0000 == 0b0010_0000
}
