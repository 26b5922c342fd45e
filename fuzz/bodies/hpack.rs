//! Header blocks that share a dynamic table.
//!
//! Input: a limit of fields, a limit of list bytes (two bytes), then steps: a
//! byte 0xff and a table size of two bytes, or a block behind its length.

use wirecheck_core::wire::hpack::{Block, Decoder, HpackError, Limits, literal};

use super::input::Input;

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let limits = Limits {
        fields: usize::from(input.byte()),
        list_bytes: usize::from(input.number()),
    };
    let mut all = Decoder::new();
    let mut few = Decoder::new();
    few.set_limits(limits);
    // Reads what was written again from what the first one has read.
    let mut again = Decoder::new();
    let mut broken: Option<HpackError> = None;
    while !input.is_empty() {
        let length = input.byte();
        if length == u8::MAX {
            let size = u32::from(input.number());
            for decoder in [&mut all, &mut few, &mut again] {
                decoder.set_max_table_size(size);
            }
            continue;
        }
        let bytes = input.take(length.into());
        let decoded = all.decode(bytes);
        if let Some(cause) = broken {
            let cause = Box::new(cause);
            assert_eq!(
                decoded,
                Err(HpackError::Poisoned { cause }),
                "an error is final"
            );
            return;
        }
        let within = few.decode(bytes);
        match decoded {
            Ok(block) => {
                is_tiled(&block, bytes);
                let within = within.expect("limits change what is kept, not what is right");
                keeps_to(&limits, &within, &block);
                says_the_same(&block, &mut again);
                assert!(all.dynamic_table().eq(few.dynamic_table()));
                assert!(all.dynamic_table().eq(again.dynamic_table()));
            }
            Err(error) => {
                assert!(error.offset() <= bytes.len());
                assert_eq!(within.err().as_ref(), Some(&error));
                broken = Some(error);
            }
        }
    }
}

/// Ranges cover the block without gap or overlap, and strings lie in their
/// field in order.
fn is_tiled(block: &Block, bytes: &[u8]) {
    let mut at = 0;
    for update in &block.size_updates {
        assert_eq!(update.range.start, at, "a gap before a size update");
        at = update.range.end;
    }
    for field in &block.fields {
        assert_eq!(field.range.start, at, "a gap before a field");
        let mut string_at = at;
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
        assert!(string_at <= at);
    }
    assert!(block.is_cut() || at == bytes.len(), "octets of nothing");
}

fn keeps_to(limits: &Limits, kept: &Block, all: &Block) {
    let bytes: usize = kept.fields.iter().map(|field| field.size()).sum();
    assert!(kept.fields.len() <= limits.fields && bytes <= limits.list_bytes);
    assert_eq!(kept.list_bytes, all.list_bytes);
    let in_all = kept.fields.len() + kept.left_out;
    assert_eq!(in_all, all.fields.len() + all.left_out);
}

/// Written again, Huffman-coded or not as it was, the block says the same.
fn says_the_same(block: &Block, again: &mut Decoder) {
    assert!(!block.is_cut(), "inputs are shorter than the limits");
    let mut out = Vec::new();
    for update in &block.size_updates {
        literal::encode_size_update(&mut out, update.size);
    }
    for field in &block.fields {
        let huffman = field.value_huffman;
        literal::encode_literal(
            &mut out,
            &field.name,
            &field.value,
            huffman,
            field.representation,
        );
    }
    let read = again.decode(&out).expect("what was written can be read");
    let says = |block: &Block| {
        let fields = block.fields.iter();
        let fields = fields.map(|f| (f.name.clone(), f.value.clone(), f.representation));
        (
            fields.collect::<Vec<_>>(),
            block.list_bytes,
            block.missing_size_update,
        )
    };
    assert_eq!(says(&read), says(block));
}
