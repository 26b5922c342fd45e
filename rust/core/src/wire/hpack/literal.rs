//! Writes HPACK, octet by octet as asked: for tests and for changing a capture.
//! Nothing here keeps a table or chooses a representation, so it can also write
//! what no encoder should.

use super::Representation;
use super::huffman;

/// Appends one header field (RFC 7541, section 6).
///
/// `name` is written only where `representation` has no index for it, `value`
/// only where it is a literal. `huffman` applies to all strings that are
/// written.
///
/// ```
/// use wirecheck_core::wire::hpack::{Decoder, Representation, literal};
///
/// let mut block = Vec::new();
/// let representation = Representation::LiteralWithoutIndexing { name_index: None };
/// literal::encode_literal(&mut block, b"te", b"trailers", true, representation);
/// let field = &Decoder::new().decode(&block)?.fields[0];
/// assert_eq!((&field.name[..], &field.value[..]), (&b"te"[..], &b"trailers"[..]));
/// # Ok::<(), wirecheck_core::wire::hpack::HpackError>(())
/// ```
pub fn encode_literal(
    out: &mut Vec<u8>,
    name: &[u8],
    value: &[u8],
    huffman: bool,
    representation: Representation,
) {
    let (pattern, prefix_bits, name_index) = match representation {
        Representation::Indexed { index } => {
            return encode_integer(out, 0b1000_0000, 7, index as u64);
        }
        Representation::LiteralIncremental { name_index } => (0b0100_0000, 6, name_index),
        Representation::LiteralWithoutIndexing { name_index } => (0b0000_0000, 4, name_index),
        Representation::LiteralNeverIndexed { name_index } => (0b0001_0000, 4, name_index),
    };
    encode_integer(out, pattern, prefix_bits, name_index.unwrap_or(0) as u64);
    if name_index.is_none() {
        encode_string(out, name, huffman);
    }
    encode_string(out, value, huffman);
}

/// Appends a dynamic table size update to `size` octets (RFC 7541, section 6.3).
pub fn encode_size_update(out: &mut Vec<u8>, size: u32) {
    encode_integer(out, 0b0010_0000, 5, u64::from(size));
}

/// Appends a string literal with its length (RFC 7541, section 5.2). With
/// `huffman` it is Huffman-coded even where that makes it longer.
pub fn encode_string(out: &mut Vec<u8>, text: &[u8], huffman: bool) {
    if huffman {
        encode_integer(out, 0b1000_0000, 7, huffman::encoded_len(text) as u64);
        huffman::encode(out, text);
    } else {
        encode_integer(out, 0, 7, text.len() as u64);
        out.extend_from_slice(text);
    }
}

/// Appends `value` in as few octets as it needs (RFC 7541, section 5.1). The
/// first one has the bits of `pattern` above a prefix of `prefix_bits`, which
/// is 1 to 8.
pub fn encode_integer(out: &mut Vec<u8>, pattern: u8, prefix_bits: u32, value: u64) {
    let prefix_max = 0xff >> (8 - prefix_bits);
    if value < u64::from(prefix_max) {
        out.push(pattern | value as u8);
        return;
    }
    out.push(pattern | prefix_max);
    let mut rest = value - u64::from(prefix_max);
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}
