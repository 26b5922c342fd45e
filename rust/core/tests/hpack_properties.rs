//! What must hold of every block, whatever its octets.

mod hpack {
    pub mod bytes;
}

use hpack::bytes::assert_tiled;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use wirecheck_core::wire::hpack::{Decoder, Field, HpackError, Limits, Representation, literal};

const STATIC_ENTRIES: usize = 61;
const DEFAULT_TABLE_SIZE: usize = 4096;

/// A field as it is handed to the writer.
#[derive(Debug, Clone)]
struct Draft {
    name: Vec<u8>,
    value: Vec<u8>,
    huffman: bool,
    representation: Representation,
}

impl Draft {
    fn write(&self, out: &mut Vec<u8>) {
        let Self {
            name,
            value,
            huffman,
            representation,
        } = self;
        literal::encode_literal(out, name, value, *huffman, *representation);
    }

    /// Whether `field` is this one, as far as this one says.
    fn is_in(&self, field: &Field) -> bool {
        let (name_index, is_literal) = match self.representation {
            Representation::Indexed { index } => (Some(index), false),
            Representation::LiteralIncremental { name_index }
            | Representation::LiteralWithoutIndexing { name_index }
            | Representation::LiteralNeverIndexed { name_index } => (name_index, true),
        };
        let literal_name = name_index.is_none();
        field.representation == self.representation
            && field.name_range.is_some() == literal_name
            && field.value_range.is_some() == is_literal
            && field.name_huffman == (literal_name && self.huffman)
            && field.value_huffman == (is_literal && self.huffman)
            && (!literal_name || field.name == self.name)
            && (!is_literal || field.value == self.value)
    }
}

/// Any representation that needs no dynamic table.
fn representation() -> impl Strategy<Value = Representation> {
    let index = || 1..=STATIC_ENTRIES;
    prop_oneof![
        index().prop_map(|index| Representation::Indexed { index }),
        option::of(index())
            .prop_map(|name_index| Representation::LiteralIncremental { name_index }),
        option::of(index())
            .prop_map(|name_index| Representation::LiteralWithoutIndexing { name_index }),
        option::of(index())
            .prop_map(|name_index| Representation::LiteralNeverIndexed { name_index }),
    ]
}

fn draft() -> impl Strategy<Value = Draft> {
    let text = || vec(any::<u8>(), 0..60);
    (text(), text(), any::<bool>(), representation()).prop_map(
        |(name, value, huffman, representation)| Draft {
            name,
            value,
            huffman,
            representation,
        },
    )
}

/// Octets that look like a block often enough to get far into the decoder.
fn likely_octets() -> impl Strategy<Value = Vec<u8>> {
    let octet = prop_oneof![
        3 => any::<u8>(),
        2 => 0x81u8..=0xbf,
        1 => Just(0x40u8),
        1 => 0u8..=4,
        1 => Just(0xffu8),
    ];
    vec(octet, 0..100)
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        sizes in vec(0..=DEFAULT_TABLE_SIZE as u32, 0..3),
        drafts in vec(draft(), 0..12),
    ) {
        let mut bytes = Vec::new();
        sizes.iter().for_each(|&size| literal::encode_size_update(&mut bytes, size));
        drafts.iter().for_each(|draft| draft.write(&mut bytes));
        let block = Decoder::new().decode(&bytes).expect("a valid block");
        let read_sizes: Vec<u32> = block.size_updates.iter().map(|update| update.size).collect();
        prop_assert_eq!(read_sizes, sizes);
        prop_assert_eq!(block.fields.len(), drafts.len());
        for (draft, field) in drafts.iter().zip(&block.fields) {
            prop_assert!(draft.is_in(field), "{draft:?} became {field:?}");
        }
        assert_tiled(&block, &bytes);
    }

    /// Fields that entered the table are found there: index 62 is the newest.
    #[test]
    fn indices_find_what_was_added(
        texts in vec((vec(any::<u8>(), 0..40), vec(any::<u8>(), 0..40)), 1..30),
        huffman in any::<bool>(),
    ) {
        let representation = Representation::LiteralIncremental { name_index: None };
        let mut bytes = Vec::new();
        for (name, value) in &texts {
            literal::encode_literal(&mut bytes, name, value, huffman, representation);
        }
        let mut decoder = Decoder::new();
        decoder.decode(&bytes).expect("a valid block");
        bytes.clear();
        for index in (STATIC_ENTRIES + 1..).take(texts.len()) {
            let representation = Representation::Indexed { index };
            literal::encode_literal(&mut bytes, b"", b"", false, representation);
        }
        let block = decoder.decode(&bytes).expect("indices within the table");
        for (field, (name, value)) in block.fields.iter().rev().zip(&texts) {
            prop_assert_eq!((&field.name[..], &field.value[..]), (&name[..], &value[..]));
        }
    }

    #[test]
    fn no_octets_make_it_panic(blocks in vec(likely_octets(), 1..4)) {
        let mut decoder = Decoder::new();
        for bytes in &blocks {
            match decoder.decode(bytes) {
                Ok(block) => assert_tiled(&block, bytes),
                Err(error) => prop_assert!(error.offset() <= bytes.len()),
            }
        }
    }

    /// One error, then only reminders of it.
    #[test]
    fn an_error_is_final(blocks in vec(likely_octets(), 2..6)) {
        let mut decoder = Decoder::new();
        let mut first_error = None;
        for bytes in &blocks {
            let decoded = decoder.decode(bytes);
            if let Some(cause) = first_error.clone() {
                prop_assert_eq!(decoded, Err(HpackError::Poisoned { cause: Box::new(cause) }));
            } else {
                first_error = decoded.err();
            }
        }
    }

    #[test]
    fn what_is_kept_stays_within_the_limits(
        blocks in vec(likely_octets(), 1..4),
        fields in 0..20usize,
        list_bytes in 0..2000usize,
    ) {
        let mut decoder = Decoder::new();
        decoder.set_limits(Limits { fields, list_bytes });
        for bytes in &blocks {
            let Ok(block) = decoder.decode(bytes) else { break };
            let kept: usize = block.fields.iter().map(|field| field.size()).sum();
            prop_assert!(kept <= list_bytes);
            prop_assert!(block.fields.len() <= fields && block.size_updates.len() <= fields);
            prop_assert_eq!(block.is_cut(), block.list_bytes > kept as u64);
            prop_assert!(decoder.dynamic_table_size() <= DEFAULT_TABLE_SIZE);
        }
    }

    /// Limits change what is kept, never what is decoded.
    #[test]
    fn limits_change_no_table(blocks in vec(likely_octets(), 1..4)) {
        let mut open = Decoder::new();
        let mut closed = Decoder::new();
        closed.set_limits(Limits { fields: 0, list_bytes: 0 });
        for bytes in &blocks {
            match (open.decode(bytes), closed.decode(bytes)) {
                (Ok(full), Ok(empty)) => {
                    prop_assert_eq!(full.list_bytes, empty.list_bytes);
                    prop_assert_eq!(full.fields.len() + full.left_out, empty.left_out);
                }
                (full, empty) => prop_assert_eq!(full.err(), empty.err()),
            }
            prop_assert!(open.dynamic_table().eq(closed.dynamic_table()));
        }
    }
}
