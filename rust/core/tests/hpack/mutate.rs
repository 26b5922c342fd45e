//! Ways to damage a header block: blind ones, and ones that aim at a rule.

use wirecheck_core::wire::hpack::literal;

use super::rng::Rng;

/// Damages `block`, which may be valid all the same afterwards.
pub fn mutate(rng: &mut Rng, block: &mut Vec<u8>) {
    match rng.below(13) {
        0 => flip_bit(rng, block),
        1 => replace_octet(rng, block),
        2 => block.truncate(rng.below(block.len() + 1)),
        3 => insert_octet(rng, block),
        4 => remove_octet(rng, block),
        5 => repeat_slice(rng, block),
        6 => insert_size_update(rng, block),
        7 => append_size_update(rng, block),
        8 => prepend_large_size_update(rng, block),
        9 => append_padded_integer(rng, block),
        10 => append_broken_huffman(rng, block),
        11 => append_bad_index(rng, block),
        _ => replace_all(rng, block),
    }
}

fn place(rng: &mut Rng, block: &[u8]) -> Option<usize> {
    (!block.is_empty()).then(|| rng.below(block.len()))
}

fn flip_bit(rng: &mut Rng, block: &mut [u8]) {
    if let Some(at) = place(rng, block) {
        block[at] ^= 1 << rng.below(8);
    }
}

fn replace_octet(rng: &mut Rng, block: &mut [u8]) {
    if let Some(at) = place(rng, block) {
        block[at] = rng.octet();
    }
}

fn insert_octet(rng: &mut Rng, block: &mut Vec<u8>) {
    let at = rng.below(block.len() + 1);
    block.insert(at, rng.octet());
}

fn remove_octet(rng: &mut Rng, block: &mut Vec<u8>) {
    if let Some(at) = place(rng, block) {
        block.remove(at);
    }
}

fn repeat_slice(rng: &mut Rng, block: &mut Vec<u8>) {
    let Some(start) = place(rng, block) else {
        return;
    };
    let end = start + 1 + rng.below(block.len() - start);
    block.extend_from_within(start..end);
}

fn small_size_update(rng: &mut Rng) -> Vec<u8> {
    let mut update = Vec::new();
    literal::encode_size_update(&mut update, rng.below(200) as u32);
    update
}

/// At any octet, so mostly in the midst of a representation.
fn insert_size_update(rng: &mut Rng, block: &mut Vec<u8>) {
    let at = rng.below(block.len() + 1);
    block.splice(at..at, small_size_update(rng));
}

/// After the last field, sometimes with another field behind it.
fn append_size_update(rng: &mut Rng, block: &mut Vec<u8>) {
    block.extend(small_size_update(rng));
    if rng.chance(50) {
        block.push(0x82);
    }
}

fn prepend_large_size_update(rng: &mut Rng, block: &mut Vec<u8>) {
    let size = rng.pick(&[4097, 8193, 65_537, 1 << 28, u32::MAX]);
    let mut update = Vec::new();
    literal::encode_size_update(&mut update, size);
    block.splice(0..0, update);
}

/// An integer that has just the value of its prefix, with up to seven octets
/// of zeros behind it: a name index, a length, or a table size.
fn append_padded_integer(rng: &mut Rng, block: &mut Vec<u8>) {
    let mut zeros = vec![0x80; rng.below(7)];
    zeros.push(0);
    match rng.below(4) {
        0 => {
            // The name is entry 15, accept-charset.
            block.push(0x0f);
            block.extend(zeros);
            block.extend(b"\x01v");
        }
        1 => {
            block.extend([0x04, 0x7f]);
            block.extend(zeros);
            block.extend([b'v'; 127]);
        }
        2 => {
            let update = [&[0x3f], &zeros[..]].concat();
            block.splice(0..0, update);
        }
        _ => {
            block.extend([0xff, 0xff, 0xff, 0xff, 0xff]);
            block.push(rng.octet());
        }
    }
}

fn append_broken_huffman(rng: &mut Rng, block: &mut Vec<u8>) {
    // "a" with zeros as padding, with eight ones too many, with EOS behind it,
    // half of a long code, and a string of nothing but padding.
    let strings: [&[u8]; 5] = [
        b"\x81\x18",
        b"\x82\x1f\xff",
        b"\x85\x1f\xff\xff\xff\xff",
        b"\x82\xff\xfe",
        b"\x81\xff",
    ];
    block.push(0x04);
    block.extend_from_slice(rng.pick(&strings));
}

fn append_bad_index(rng: &mut Rng, block: &mut Vec<u8>) {
    let index = rng.pick(&[0, 200, 1000, 1 << 20]);
    let (pattern, prefix_bits) = rng.pick(&[(0x80, 7), (0x40, 6), (0x10, 4), (0x00, 4)]);
    literal::encode_integer(block, pattern, prefix_bits, index);
}

fn replace_all(rng: &mut Rng, block: &mut Vec<u8>) {
    let length = rng.below(40);
    *block = rng.octets(length);
}
