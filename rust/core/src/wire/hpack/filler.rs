//! Text that can stand in place of a string literal without changing anything
//! else: as long as it on the wire, and as long when it is decoded, so that
//! entries of the dynamic table keep their sizes (RFC 7541, section 4.1).

use std::sync::LazyLock;

use super::huffman;

/// What is read best, by the length of its code: 5 to 8 bits, then 10 to 15.
const PREFERRED: &[u8] = b"0-:*!+#$^<";

/// The symbols of the filler with the lengths of their codes in bits, longest
/// first.
static SYMBOLS: LazyLock<Vec<(u8, usize)>> = LazyLock::new(|| {
    let mut symbols: Vec<(u8, usize)> = Vec::new();
    let others = (0x80..=u8::MAX).chain(0..0x80);
    for symbol in PREFERRED.iter().copied().chain(others) {
        let bits = huffman::code_bits(symbol);
        if symbols.iter().all(|(_, known)| *known != bits) {
            symbols.push((symbol, bits));
        }
    }
    symbols.sort_by_key(|(_, bits)| std::cmp::Reverse(*bits));
    symbols
});

/// Octets in place of a literal of `octets` octets that stands for `length`
/// ones. Nothing of what it said can be read from them but those two numbers.
///
/// `None` if no literal has these lengths.
pub fn filler(octets: usize, length: usize, huffman: bool) -> Option<Vec<u8>> {
    if !huffman {
        return (octets == length).then(|| vec![b'*'; octets]);
    }
    let mut bits = octets * 8;
    let mut plain = Vec::with_capacity(length);
    for left in (1..=length).rev() {
        // Each takes its share of what is left, so that the last one fits.
        let share = bits / left;
        let (symbol, taken) = SYMBOLS.iter().find(|(_, code)| *code <= share)?;
        plain.push(*symbol);
        bits -= taken;
    }
    let mut encoded = Vec::with_capacity(octets);
    huffman::encode(&mut encoded, &plain);
    (encoded.len() == octets && bits < 8).then_some(encoded)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn assert_fits(plain: &[u8]) {
        let mut encoded = Vec::new();
        huffman::encode(&mut encoded, plain);
        let filler = filler(encoded.len(), plain.len(), true).expect("a filler");
        assert_eq!(filler.len(), encoded.len());
        let decoded = huffman::decode(&filler);
        let decoded = decoded.unwrap_or_else(|_| panic!("{filler:02x?} cannot be decoded"));
        assert_eq!(decoded.len(), plain.len());
    }

    #[test]
    fn what_can_be_told_apart_by_its_lengths_alone_is_the_same() {
        assert_eq!(filler(3, 3, false), Some(b"***".to_vec()));
        assert_eq!(filler(3, 3, true), Some(vec![0xf9; 3]));
        assert_eq!(filler(0, 0, true), Some(Vec::new()));
        assert_eq!(filler(3, 4, false), None);
        assert_eq!(filler(1, 2, true), None, "no two codes have eight bits");
    }

    #[test]
    fn every_single_octet_and_every_run_of_one_fits() {
        for octet in 0..=u8::MAX {
            for length in 0..70 {
                assert_fits(&vec![octet; length]);
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_has_a_filler(plain in vec(any::<u8>(), 0..200)) {
            assert_fits(&plain);
        }

        #[test]
        fn any_credential_has_a_filler(plain in "[ -~]{0,200}") {
            assert_fits(plain.as_bytes());
        }
    }
}
