//! Octets in, octets out, and what must hold of every decoded block.

#![allow(dead_code, reason = "each test program uses a part of this")]

use wirecheck_core::wire::hpack::{Block, literal};

/// Octets from hexadecimal digits; spaces are for the reader.
pub fn from_hex(digits: &str) -> Vec<u8> {
    let digits: Vec<u32> = digits
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_digit(16).expect("a hexadecimal digit"))
        .collect();
    assert!(digits.len().is_multiple_of(2), "half an octet");
    digits
        .chunks(2)
        .map(|pair| (pair[0] << 4 | pair[1]) as u8)
        .collect()
}

/// Asserts that the ranges of size updates and fields cover the block without
/// gap or overlap, that strings lie inside their field in order, and that an
/// uncoded string is what stands at its range.
pub fn assert_tiled(block: &Block, bytes: &[u8]) {
    let mut at = 0;
    for update in &block.size_updates {
        assert_eq!(update.range.start, at, "a gap before a size update");
        at = update.range.end;
    }
    for field in &block.fields {
        assert_eq!(field.range.start, at, "a gap before a field");
        let mut string_at = field.range.start;
        let strings = [
            (&field.name, &field.name_range, field.name_huffman),
            (&field.value, &field.value_range, field.value_huffman),
        ];
        for (text, range, huffman) in strings {
            let Some(range) = range else { continue };
            assert!(range.start > string_at, "no length before a string");
            assert!(huffman || bytes[range.clone()] == text[..]);
            string_at = range.end;
        }
        at = field.range.end;
        if field.value_range.is_some() {
            assert_eq!(string_at, at, "octets after the value");
        }
    }
    if !block.is_cut() {
        assert_eq!(at, bytes.len(), "octets that belong to nothing");
    }
}

/// Writes a block again from what was decoded of it.
pub fn rewrite(block: &Block) -> Vec<u8> {
    let mut out = Vec::new();
    for update in &block.size_updates {
        literal::encode_size_update(&mut out, update.size);
    }
    for field in &block.fields {
        literal::encode_literal(
            &mut out,
            &field.name,
            &field.value,
            field.value_huffman,
            field.representation,
        );
    }
    out
}
