//! One test for each rule of RFC 7541 that a block can break, with the offset
//! and the section that are named, and for what is bounded beyond the RFC.

mod hpack {
    pub mod bytes;
}

use hpack::bytes::{assert_tiled, from_hex};
use wirecheck_core::wire::hpack::{
    Block, Decoder, HpackError, Limits, Representation, TABLE_CEILING, literal,
};

/// The error of the first block that a decoder sees.
fn error_of(block: &str) -> HpackError {
    Decoder::new()
        .decode(&from_hex(block))
        .expect_err("a broken block")
}

/// Asserts the error, and that it names its section and offset.
#[track_caller]
fn assert_broken(block: &str, error: HpackError, section: &str, offset: usize) {
    let found = error_of(block);
    assert_eq!(found, error);
    assert_eq!((found.section(), found.offset()), (section, offset));
}

fn decode(decoder: &mut Decoder, block: &str) -> Block {
    decoder.decode(&from_hex(block)).expect("a valid block")
}

fn size_update(size: u32) -> Vec<u8> {
    let mut block = Vec::new();
    literal::encode_size_update(&mut block, size);
    block
}

/// Appends a literal that enters the dynamic table.
fn add_entry(block: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    let representation = Representation::LiteralIncremental { name_index: None };
    literal::encode_literal(block, name, value, false, representation);
}

#[test]
fn an_empty_block_is_an_empty_list() {
    assert_eq!(decode(&mut Decoder::new(), ""), Block::default());
}

#[test]
fn an_integer_must_end() {
    let truncated = |offset| HpackError::IntegerTruncated { offset };
    // The index of an indexed field, of a name, and the lengths of strings.
    assert_broken("82 ff80", truncated(1), "5.1", 1);
    assert_broken("7f", truncated(0), "5.1", 0);
    assert_broken("40 7fff", truncated(1), "5.1", 1);
    assert_broken("04", truncated(1), "5.1", 1);
}

#[test]
fn an_integer_has_32_bits() {
    let overflow = |offset| HpackError::IntegerOverflow { offset };
    // 2^32 as the size of a table, then 2^32 - 1, which is merely too large.
    assert_broken("3f e1ffffff0f", overflow(0), "5.1", 0);
    assert_eq!(error_of("3f e0ffffff0f").section(), "6.3");
}

#[test]
fn an_integer_has_five_octets_after_its_prefix() {
    let overflow = HpackError::IntegerOverflow { offset: 1 };
    assert_broken("82 ff808080808000", overflow, "5.1", 1);
    // Section 5.1 allows zeros that say nothing: the size 31 in six octets.
    let block = decode(&mut Decoder::new(), "3f8080808000 82");
    assert_eq!(block.size_updates[0].size, 31);
    assert_eq!(block.size_updates[0].range, 0..6);
    assert_eq!(block.fields[0].range, 6..7);
}

#[test]
fn a_string_lies_within_its_block() {
    let error = HpackError::StringTruncated {
        offset: 2,
        declared: 3,
        available: 2,
    };
    assert_broken("8204 03 6162", error, "5.2", 2);
}

#[test]
fn a_length_of_4_gib_allocates_nothing() {
    let error = HpackError::StringTruncated {
        offset: 1,
        declared: u32::MAX as usize,
        available: 0,
    };
    assert_broken("04 7f80ffffff0f", error, "5.2", 1);
}

#[test]
fn a_huffman_string_contains_no_eos() {
    // "a", 30 ones, and padding.
    let error = HpackError::HuffmanEos { offset: 6 };
    assert_broken("0485 1fffffffff", error, "5.2", 6);
}

#[test]
fn huffman_padding_has_at_most_seven_bits() {
    // The code of "&" has eight bits, that of "a" five.
    let error = HpackError::HuffmanPaddingTooLong { offset: 3 };
    assert_broken("0482 f8ff", error.clone(), "5.2", 3);
    assert_broken("0482 1fff", error, "5.2", 3);
    // No padding, three bits of it, and seven.
    for (block, text) in [
        ("0481 f8", "&"),
        ("0481 1f", "a"),
        ("0484 18c631ff", "aaaaa"),
    ] {
        let block = decode(&mut Decoder::new(), block);
        assert_eq!(block.fields[0].value, text);
    }
}

#[test]
fn huffman_padding_is_all_ones() {
    let not_ones = |offset| HpackError::HuffmanPaddingNotOnes { offset };
    assert_broken("0481 18", not_ones(2), "5.2", 2);
    // Half of a long code.
    assert_broken("0482 fffe", not_ones(3), "5.2", 3);
}

#[test]
fn an_empty_huffman_string_is_an_empty_string() {
    let block = decode(&mut Decoder::new(), "0480");
    let field = &block.fields[0];
    assert!(field.value.is_empty() && field.value_huffman);
    assert_eq!(field.value_range, Some(2..2));
}

#[test]
fn every_octet_survives_huffman_coding() {
    let text: Vec<u8> = (0..=u8::MAX).collect();
    let mut bytes = Vec::new();
    let representation = Representation::LiteralNeverIndexed { name_index: None };
    literal::encode_literal(&mut bytes, &text, &text, true, representation);
    let block = Decoder::new().decode(&bytes).expect("a valid block");
    assert_eq!(block.fields[0].name, text);
    assert_eq!(block.fields[0].value, text);
    assert_tiled(&block, &bytes);
}

#[test]
fn index_0_stands_for_no_field() {
    assert_broken("8280", HpackError::IndexZero { offset: 1 }, "6.1", 1);
}

#[test]
fn an_index_lies_within_the_tables() {
    let beyond = |offset| HpackError::IndexBeyondTables {
        offset,
        index: 62,
        last: 61,
    };
    assert_broken("be", beyond(0), "2.3.3", 0);
    // As a name, in each of the three literals.
    assert_broken("82 7e 00", beyond(1), "2.3.3", 1);
    assert_broken("82 0f2f 00", beyond(1), "2.3.3", 1);
    assert_broken("82 1f2f 00", beyond(1), "2.3.3", 1);
}

#[test]
fn a_size_update_keeps_to_the_limit() {
    let error = HpackError::SizeUpdateOverLimit {
        offset: 1,
        size: 4097,
        limit: 4096,
    };
    // 0, then one more than the default limit.
    assert_broken("20 3fe21f", error, "6.3", 1);
    let mut decoder = Decoder::new();
    decoder.set_max_table_size(8192);
    assert_eq!(decode(&mut decoder, "3fe21f").size_updates[0].size, 4097);
}

#[test]
fn a_size_update_comes_before_the_fields() {
    let error = HpackError::SizeUpdateNotFirst { offset: 1 };
    assert_broken("82 3f01 82", error, "4.2", 1);
}

#[test]
fn a_block_may_hold_only_size_updates() {
    let block = decode(&mut Decoder::new(), "20 3fe11f");
    assert!(block.fields.is_empty());
    let sizes: Vec<u32> = block.size_updates.iter().map(|u| u.size).collect();
    assert_eq!(sizes, [0, 4096]);
}

#[test]
fn a_size_update_evicts_the_oldest_entries() {
    let mut decoder = Decoder::new();
    // Two entries of 34 octets, then room for one.
    decode(&mut decoder, "40 0161 0161 40 0162 0162");
    assert_eq!(decoder.dynamic_table_size(), 68);
    decode(&mut decoder, "3f03");
    let table: Vec<_> = decoder.dynamic_table().collect();
    assert_eq!(table, [(&b"b"[..], &b"b"[..])]);
}

#[test]
fn entries_may_fill_the_table_to_the_last_octet() {
    let mut decoder = Decoder::new();
    // 68 octets for two entries of 34.
    decode(&mut decoder, "3f25 40 0161 0161 40 0162 0162");
    assert_eq!(decoder.dynamic_table().len(), 2);
    assert_eq!(decoder.dynamic_table_size(), 68);
}

#[test]
fn an_entry_larger_than_the_table_empties_it() {
    let mut decoder = Decoder::new();
    decode(&mut decoder, "3f03 40 0161 0161");
    assert_eq!(decoder.dynamic_table().len(), 1);
    let block = decode(&mut decoder, "40 0162 026262");
    assert_eq!(&block.fields[0].value[..], b"bb");
    assert_eq!(decoder.dynamic_table().len(), 0);
    assert_eq!(decoder.dynamic_table_size(), 0);
}

/// Section 4.4: the name may be that of the entry which is evicted for it.
#[test]
fn a_name_outlives_the_eviction_of_its_entry() {
    let mut decoder = Decoder::new();
    decode(&mut decoder, "3f03 40 0161 0161");
    let block = decode(&mut decoder, "7e 0162");
    assert_eq!(&block.fields[0].name[..], b"a");
    let table: Vec<_> = decoder.dynamic_table().collect();
    assert_eq!(table, [(&b"a"[..], &b"b"[..])]);
}

#[test]
fn a_reduction_must_be_announced() {
    let mut decoder = Decoder::new();
    decoder.set_max_table_size(100);
    assert_eq!(decode(&mut decoder, "82").missing_size_update, Some(100));
    // It is reported once: the next block is not the first after the change.
    assert_eq!(decode(&mut decoder, "82").missing_size_update, None);
}

#[test]
fn an_announced_reduction_is_not_missing() {
    let mut decoder = Decoder::new();
    decoder.set_max_table_size(100);
    let block = decoder.decode(&size_update(100)).expect("an announcement");
    assert_eq!(block.missing_size_update, None);
    // The encoder uses no more than the new limits already.
    decoder.set_max_table_size(100);
    assert_eq!(decode(&mut decoder, "82").missing_size_update, None);
    decoder.set_max_table_size(200);
    decoder.set_max_table_size(150);
    assert_eq!(decode(&mut decoder, "82").missing_size_update, None);
}

/// Section 4.2: of several changes between two blocks the smallest counts.
#[test]
fn the_smallest_of_several_sizes_must_be_announced() {
    let after = |block: &[u8]| {
        let mut decoder = Decoder::new();
        decoder.set_max_table_size(100);
        decoder.set_max_table_size(4096);
        let block = decoder.decode(block).expect("a valid block");
        block.missing_size_update
    };
    assert_eq!(after(&size_update(4096)), Some(100));
    assert_eq!(after(&[size_update(100), size_update(4096)].concat()), None);
    assert_eq!(after(&size_update(0)), None);
}

/// What the encoder did not announce it did not do: its table is as it was.
#[test]
fn an_unannounced_reduction_changes_no_entry() {
    let mut decoder = Decoder::new();
    decode(&mut decoder, "40 0161 0161");
    decoder.set_max_table_size(0);
    let block = decode(&mut decoder, "be");
    assert_eq!(block.missing_size_update, Some(0));
    assert_eq!(&block.fields[0].name[..], b"a");
}

#[test]
fn after_an_error_no_block_is_decoded() {
    let mut decoder = Decoder::new();
    let cause = decoder.decode(&from_hex("8280")).expect_err("index 0");
    let poisoned = decoder.decode(&from_hex("82")).expect_err("poisoned");
    assert_eq!(
        poisoned,
        HpackError::Poisoned {
            cause: Box::new(cause)
        }
    );
    assert_eq!((poisoned.section(), poisoned.offset()), ("6.1", 0));
    assert_eq!(
        poisoned.to_string(),
        "an earlier header block could not be decoded: \
         the indexed field at octet 1 of the header block has index 0"
    );
}

#[test]
fn fields_beyond_the_limit_are_decoded_but_not_kept() {
    let mut decoder = Decoder::new();
    decoder.set_limits(Limits {
        fields: 2,
        list_bytes: 1000,
    });
    let block = decode(&mut decoder, "82 82 40 0161 0161");
    assert_eq!(block.fields.len(), 2);
    assert!(block.is_cut());
    assert_eq!(block.left_out, 1);
    assert_eq!(block.list_bytes, 2 * (7 + 3 + 32) + 34);
    // The field that was left out is in the table all the same.
    assert_eq!(&decode(&mut decoder, "be").fields[0].name[..], b"a");
}

#[test]
fn the_kept_fields_are_the_beginning_of_the_list() {
    let mut decoder = Decoder::new();
    decoder.set_limits(Limits {
        fields: 10,
        list_bytes: 80,
    });
    // 42 octets, 43, then 34, which alone would still fit.
    let block = decode(&mut decoder, "82 83 00 0161 0161");
    assert_eq!(block.fields.len(), 1);
    assert_eq!(block.left_out, 2);
}

/// 20 KB that stand for 64 MB: one large entry, then an index for each octet.
#[test]
fn a_small_block_that_expands_stays_small() {
    let mut bytes = Vec::new();
    add_entry(&mut bytes, b"n", &[b'v'; 4000]);
    bytes.resize(20_000, 0xbe);
    let limits = Limits::default();
    let mut decoder = Decoder::new();
    let block = decoder.decode(&bytes).expect("a valid block");
    let kept: usize = block.fields.iter().map(|field| field.size()).sum();
    assert!(kept <= limits.list_bytes && block.fields.len() <= limits.fields);
    assert_eq!(block.fields.len() + block.left_out, 20_000 - 4_006 + 1);
    assert!(block.list_bytes > 64_000_000);
}

#[test]
fn size_updates_beyond_the_limit_are_heeded_but_not_kept() {
    let mut decoder = Decoder::new();
    decoder.set_limits(Limits {
        fields: 3,
        list_bytes: 1000,
    });
    decode(&mut decoder, "40 0161 0161");
    let block = decode(&mut decoder, "3fe11f 3fe11f 3fe11f 20 3fe11f");
    assert_eq!(block.size_updates.len(), 3);
    assert_eq!(decoder.dynamic_table_size(), 0);
}

#[test]
fn a_table_beyond_the_ceiling_is_not_followed() {
    let mut decoder = Decoder::new();
    decoder.set_max_table_size(u32::MAX);
    decoder.decode(&size_update(u32::MAX)).expect("allowed");
    let mut half = Vec::new();
    add_entry(&mut half, b"", &vec![b'v'; TABLE_CEILING / 2 - 32]);
    decoder.decode(&half).expect("half of the ceiling");
    decoder.decode(&half).expect("the ceiling itself");
    assert_eq!(decoder.dynamic_table_size(), TABLE_CEILING);
    let error = decoder.decode(&from_hex("40 00 00")).expect_err("beyond");
    let ceiling = TABLE_CEILING;
    assert_eq!(error, HpackError::TableBeyondCeiling { offset: 0, ceiling });
    assert_eq!((error.section(), error.offset()), ("7.3", 0));
}
