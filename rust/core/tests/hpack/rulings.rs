//! Who is right where the three decoders differ.

/// A class of blocks on which our decoder, loona-hpack and Python's hpack give
/// different verdicts, and the text that settles it.
pub struct Ruling {
    /// The verdicts of our decoder, of loona-hpack and of Python's hpack.
    pub verdicts: [&'static str; 3],
    /// Which of them the text allows, in the same order.
    pub allowed: [bool; 3],
    /// The text: a section of RFC 7541 unless another RFC is named.
    pub section: &'static str,
    pub reason: &'static str,
    /// Whether the octets of a block are such as the reason speaks of.
    pub applies_to: fn(&[u8]) -> bool,
    /// Blocks of this class under the seed of the test.
    pub count: usize,
}

pub const RULINGS: &[Ruling] = &[
    Ruling {
        verdicts: ["accepted", "SizeUpdateAtEnd", "accepted"],
        allowed: [true, false, true],
        section: "4.2",
        reason: "a size update belongs to the beginning of a block, and a block without a \
                 field has no other place for it",
        applies_to: holds_only_size_updates,
        count: 624,
    },
    Ruling {
        verdicts: ["SizeUpdateNotFirst", "accepted", "HPACKDecodingError"],
        allowed: [true, false, true],
        section: "4.2",
        reason: "a size update must occur at the beginning of a block, not behind a field",
        applies_to: may_hold_a_late_size_update,
        count: 861,
    },
    Ruling {
        verdicts: [
            "SizeUpdateNotFirst",
            "HeaderIndexOutOfBounds",
            "HPACKDecodingError",
        ],
        allowed: [true, true, true],
        section: "4.2",
        reason: "the block is to be refused for its late size update; loona-hpack heeds the \
                 update and then misses an entry",
        applies_to: may_hold_a_late_size_update,
        count: 251,
    },
    Ruling {
        verdicts: [
            "SizeUpdateNotFirst",
            "InvalidMaxDynamicSize",
            "HPACKDecodingError",
        ],
        allowed: [true, true, true],
        section: "4.2",
        reason: "a late size update that is too large as well (6.3) is refused for either",
        applies_to: may_hold_a_late_size_update,
        count: 60,
    },
    Ruling {
        verdicts: [
            "accepted",
            "IntegerDecodingError(TooManyOctets)",
            "accepted",
        ],
        allowed: [true, true, true],
        section: "5.1",
        reason: "how many octets an integer may have is up to the implementation; we take the \
                 five that 32 bits need, loona-hpack takes four",
        applies_to: holds_a_long_integer,
        count: 143,
    },
    Ruling {
        verdicts: [
            "IndexBeyondTables",
            "IntegerDecodingError(TooManyOctets)",
            "InvalidTableIndex",
        ],
        allowed: [true, true, true],
        section: "5.1",
        reason: "an index of five octets is too long for loona-hpack, and beyond the tables \
                 for the others (2.3.3)",
        applies_to: holds_a_long_integer,
        count: 55,
    },
    Ruling {
        verdicts: [
            "SizeUpdateOverLimit",
            "IntegerDecodingError(TooManyOctets)",
            "InvalidTableSizeError",
        ],
        allowed: [true, true, true],
        section: "5.1",
        reason: "a size of five octets is too long for loona-hpack, and over the limit for \
                 the others (6.3)",
        applies_to: holds_a_long_integer,
        count: 307,
    },
    Ruling {
        verdicts: [
            "IntegerOverflow",
            "IntegerDecodingError(TooManyOctets)",
            "InvalidTableIndex",
        ],
        allowed: [true, true, true],
        section: "5.1",
        reason: "an index above 32 bits exceeds our limit for integers; Python has no limit \
                 for the value and finds it beyond the tables",
        applies_to: holds_a_long_integer,
        count: 188,
    },
    Ruling {
        verdicts: [
            "IntegerOverflow",
            "IntegerDecodingError(TooManyOctets)",
            "InvalidTableSizeError",
        ],
        allowed: [true, true, true],
        section: "5.1",
        reason: "as above, for the size of a table",
        applies_to: holds_a_long_integer,
        count: 1,
    },
    Ruling {
        verdicts: [
            "accepted, lacks a size update",
            "accepted",
            "InvalidTableSizeError",
        ],
        allowed: [true, false, true],
        section: "RFC 9113, 4.3.1",
        reason: "after a reduction a block must start with a size update; an endpoint ends the \
                 connection, we read on and report it, loona-hpack does not notice",
        applies_to: starts_with_a_field,
        count: 384,
    },
    Ruling {
        verdicts: ["accepted, lacks a size update", "accepted", "accepted"],
        allowed: [true, false, false],
        section: "4.2",
        reason: "of several changes between two blocks the smallest must be signaled; only we \
                 remember it when the last change is no reduction",
        applies_to: |_| true,
        count: 99,
    },
];

fn is_size_update(octet: &u8) -> bool {
    octet & 0b1110_0000 == 0b0010_0000
}

fn starts_with_a_field(block: &[u8]) -> bool {
    !block.first().is_some_and(is_size_update)
}

fn holds_only_size_updates(block: &[u8]) -> bool {
    let mut rest = block;
    while let Some((first, behind)) = rest.split_first() {
        if !is_size_update(first) {
            return false;
        }
        let is_long = first & 0b0001_1111 == 0b0001_1111;
        let more = behind.iter().take_while(|&&octet| octet >= 0x80).count() + 1;
        rest = &behind[if is_long { more } else { 0 }..];
    }
    !block.is_empty()
}

/// Where fields begin only a decoder knows; but some octet after the first
/// must look like a size update.
fn may_hold_a_late_size_update(block: &[u8]) -> bool {
    block.iter().skip(1).any(is_size_update)
}

/// A full prefix, and after it four octets that say that another one follows.
fn holds_a_long_integer(block: &[u8]) -> bool {
    block
        .windows(5)
        .any(|octets| octets[0] & 0x0f == 0x0f && octets[1..].iter().all(|&octet| octet >= 0x80))
}
