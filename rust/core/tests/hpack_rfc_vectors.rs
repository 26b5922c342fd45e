//! The examples of RFC 7541, appendix C: header lists, byte ranges, and the
//! dynamic table after each block.

mod hpack {
    pub mod bytes;
}

use hpack::bytes::{assert_tiled, from_hex, rewrite};
use wirecheck_core::wire::hpack::{Block, Decoder, Representation, literal};

/// A name and a value.
type Pair = (&'static str, &'static str);

/// One block of an example.
struct Example {
    section: &'static str,
    block: &'static str,
    /// Each field with the offset of its representation.
    fields: &'static [(usize, Pair)],
    /// The dynamic table after the block, newest entry first.
    table: &'static [Pair],
    table_size: usize,
}

const METHOD: Pair = (":method", "GET");
const AUTHORITY: Pair = (":authority", "www.example.com");
const NO_CACHE: Pair = ("cache-control", "no-cache");
const CUSTOM: Pair = ("custom-key", "custom-value");
const PRIVATE: Pair = ("cache-control", "private");
const FIRST_DATE: Pair = ("date", "Mon, 21 Oct 2013 20:13:21 GMT");
const SECOND_DATE: Pair = ("date", "Mon, 21 Oct 2013 20:13:22 GMT");
const LOCATION: Pair = ("location", "https://www.example.com");
const GZIP: Pair = ("content-encoding", "gzip");
const COOKIE: Pair = (
    "set-cookie",
    "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
);

const FIRST_REQUEST: [(usize, Pair); 4] = [
    (0, METHOD),
    (1, (":scheme", "http")),
    (2, (":path", "/")),
    (3, AUTHORITY),
];
const SECOND_REQUEST: [(usize, Pair); 5] = [
    (0, METHOD),
    (1, (":scheme", "http")),
    (2, (":path", "/")),
    (3, AUTHORITY),
    (4, NO_CACHE),
];
const THIRD_REQUEST: [(usize, Pair); 5] = [
    (0, METHOD),
    (1, (":scheme", "https")),
    (2, (":path", "/index.html")),
    (3, AUTHORITY),
    (4, CUSTOM),
];
const SECOND_RESPONSE: [(usize, Pair); 4] = [
    (0, (":status", "307")),
    (5, PRIVATE),
    (6, FIRST_DATE),
    (7, LOCATION),
];

const AFTER_FIRST_RESPONSE: [Pair; 4] = [LOCATION, FIRST_DATE, PRIVATE, (":status", "302")];
const AFTER_SECOND_RESPONSE: [Pair; 4] = [(":status", "307"), LOCATION, FIRST_DATE, PRIVATE];
const AFTER_THIRD_RESPONSE: [Pair; 3] = [COOKIE, GZIP, SECOND_DATE];

const FIELDS: [Example; 4] = [
    Example {
        section: "C.2.1",
        block: "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572",
        fields: &[(0, ("custom-key", "custom-header"))],
        table: &[("custom-key", "custom-header")],
        table_size: 55,
    },
    Example {
        section: "C.2.2",
        block: "040c 2f73 616d 706c 652f 7061 7468",
        fields: &[(0, (":path", "/sample/path"))],
        table: &[],
        table_size: 0,
    },
    Example {
        section: "C.2.3",
        block: "1008 7061 7373 776f 7264 0673 6563 7265 74",
        fields: &[(0, ("password", "secret"))],
        table: &[],
        table_size: 0,
    },
    Example {
        section: "C.2.4",
        block: "82",
        fields: &[(0, METHOD)],
        table: &[],
        table_size: 0,
    },
];

const PLAIN_REQUESTS: [Example; 3] = [
    Example {
        section: "C.3.1",
        block: "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        fields: &FIRST_REQUEST,
        table: &[AUTHORITY],
        table_size: 57,
    },
    Example {
        section: "C.3.2",
        block: "8286 84be 5808 6e6f 2d63 6163 6865",
        fields: &SECOND_REQUEST,
        table: &[NO_CACHE, AUTHORITY],
        table_size: 110,
    },
    Example {
        section: "C.3.3",
        block: "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
        fields: &THIRD_REQUEST,
        table: &[CUSTOM, NO_CACHE, AUTHORITY],
        table_size: 164,
    },
];

const HUFFMAN_REQUESTS: [Example; 3] = [
    Example {
        section: "C.4.1",
        block: "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
        fields: &FIRST_REQUEST,
        table: &[AUTHORITY],
        table_size: 57,
    },
    Example {
        section: "C.4.2",
        block: "8286 84be 5886 a8eb 1064 9cbf",
        fields: &SECOND_REQUEST,
        table: &[NO_CACHE, AUTHORITY],
        table_size: 110,
    },
    Example {
        section: "C.4.3",
        block: "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
        fields: &THIRD_REQUEST,
        table: &[CUSTOM, NO_CACHE, AUTHORITY],
        table_size: 164,
    },
];

const PLAIN_RESPONSES: [Example; 3] = [
    Example {
        section: "C.5.1",
        block: "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 \
                2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 \
                6c65 2e63 6f6d",
        fields: &[
            (0, (":status", "302")),
            (5, PRIVATE),
            (14, FIRST_DATE),
            (45, LOCATION),
        ],
        table: &AFTER_FIRST_RESPONSE,
        table_size: 222,
    },
    Example {
        section: "C.5.2",
        block: "4803 3330 37c1 c0bf",
        fields: &SECOND_RESPONSE,
        table: &AFTER_SECOND_RESPONSE,
        table_size: 222,
    },
    Example {
        section: "C.5.3",
        block: "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d \
                54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 \
                5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e \
                3d31",
        fields: &[
            (0, (":status", "200")),
            (1, PRIVATE),
            (2, SECOND_DATE),
            (33, LOCATION),
            (34, GZIP),
            (40, COOKIE),
        ],
        table: &AFTER_THIRD_RESPONSE,
        table_size: 215,
    },
];

const HUFFMAN_RESPONSES: [Example; 3] = [
    Example {
        section: "C.6.1",
        block: "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 \
                2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
        fields: &[
            (0, (":status", "302")),
            (4, PRIVATE),
            (11, FIRST_DATE),
            (35, LOCATION),
        ],
        table: &AFTER_FIRST_RESPONSE,
        table_size: 222,
    },
    Example {
        section: "C.6.2",
        block: "4883 640e ffc1 c0bf",
        fields: &SECOND_RESPONSE,
        table: &AFTER_SECOND_RESPONSE,
        table_size: 222,
    },
    Example {
        section: "C.6.3",
        block: "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab \
                77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f \
                9587 3160 65c0 03ed 4ee5 b106 3d50 07",
        fields: &[
            (0, (":status", "200")),
            (1, PRIVATE),
            (2, SECOND_DATE),
            (26, LOCATION),
            (27, GZIP),
            (32, COOKIE),
        ],
        table: &AFTER_THIRD_RESPONSE,
        table_size: 215,
    },
];

/// Decodes one block and compares everything that the example states.
fn check(decoder: &mut Decoder, example: &Example) -> Block {
    let section = example.section;
    let bytes = from_hex(example.block);
    let block = decoder
        .decode(&bytes)
        .unwrap_or_else(|error| panic!("{section}: {error}"));
    let fields: Vec<_> = block
        .fields
        .iter()
        .map(|field| (field.range.start, (&field.name[..], &field.value[..])))
        .collect();
    let expected: Vec<_> = example
        .fields
        .iter()
        .map(|&(start, pair)| (start, as_bytes(pair)))
        .collect();
    assert_eq!(fields, expected, "{section}: the header list");
    assert_tiled(&block, &bytes);
    let table: Vec<_> = decoder.dynamic_table().collect();
    let expected: Vec<_> = example.table.iter().map(|&pair| as_bytes(pair)).collect();
    assert_eq!(table, expected, "{section}: the dynamic table");
    assert_eq!(
        decoder.dynamic_table_size(),
        example.table_size,
        "{section}: the size of the dynamic table"
    );
    block
}

fn as_bytes((name, value): Pair) -> (&'static [u8], &'static [u8]) {
    (name.as_bytes(), value.as_bytes())
}

/// A decoder whose encoder has announced a table of 256 octets, which the RFC
/// presumes for its responses.
fn decoder_with_256_octets() -> Decoder {
    let mut decoder = Decoder::new();
    decoder.set_max_table_size(256);
    let mut announcement = Vec::new();
    literal::encode_size_update(&mut announcement, 256);
    let block = decoder
        .decode(&announcement)
        .expect("an announcement alone");
    assert_eq!(block.missing_size_update, None);
    decoder
}

#[test]
fn c1_integers() {
    let encoded = |prefix_bits, value| {
        let mut out = Vec::new();
        literal::encode_integer(&mut out, 0, prefix_bits, value);
        out
    };
    assert_eq!(encoded(5, 10), [0b0000_1010]);
    assert_eq!(encoded(5, 1337), [0b0001_1111, 0b1001_1010, 0b0000_1010]);
    assert_eq!(encoded(8, 42), [0b0010_1010]);

    // A size update is the representation with a prefix of five bits.
    let bytes = from_hex("2a 3f9a0a");
    let block = Decoder::new().decode(&bytes).expect("two size updates");
    let sizes: Vec<_> = block
        .size_updates
        .iter()
        .map(|update| (update.size, update.range.clone()))
        .collect();
    assert_eq!(sizes, [(10, 0..1), (1337, 1..4)]);
}

#[test]
fn c2_header_fields() {
    let blocks = FIELDS.map(|example| check(&mut Decoder::new(), &example));
    let representations = blocks
        .each_ref()
        .map(|block| block.fields[0].representation);
    assert_eq!(
        representations,
        [
            Representation::LiteralIncremental { name_index: None },
            Representation::LiteralWithoutIndexing {
                name_index: Some(4)
            },
            Representation::LiteralNeverIndexed { name_index: None },
            Representation::Indexed { index: 2 },
        ]
    );
    let string_ranges = blocks.each_ref().map(|block| {
        let field = &block.fields[0];
        (field.name_range.clone(), field.value_range.clone())
    });
    assert_eq!(
        string_ranges,
        [
            (Some(2..12), Some(13..26)),
            (None, Some(2..14)),
            (Some(2..10), Some(11..17)),
            (None, None),
        ]
    );
}

#[test]
fn c3_requests_without_huffman_coding() {
    let mut decoder = Decoder::new();
    let [_, _, third] = PLAIN_REQUESTS.map(|example| check(&mut decoder, &example));
    let custom = &third.fields[4];
    assert_eq!(
        (custom.name_range.clone(), custom.value_range.clone()),
        (Some(6..16), Some(17..29))
    );
    assert!(!custom.name_huffman && !custom.value_huffman);
}

#[test]
fn c4_requests_with_huffman_coding() {
    let mut decoder = Decoder::new();
    let [_, _, third] = HUFFMAN_REQUESTS.map(|example| check(&mut decoder, &example));
    let custom = &third.fields[4];
    assert_eq!(
        (custom.name_range.clone(), custom.value_range.clone()),
        (Some(6..14), Some(15..24))
    );
    assert!(custom.name_huffman && custom.value_huffman);
}

#[test]
fn c5_responses_without_huffman_coding() {
    let mut decoder = decoder_with_256_octets();
    for example in &PLAIN_RESPONSES {
        check(&mut decoder, example);
    }
}

#[test]
fn c6_responses_with_huffman_coding() {
    let mut decoder = decoder_with_256_octets();
    for example in &HUFFMAN_RESPONSES {
        check(&mut decoder, example);
    }
}

/// The other direction: our writer gives the octets of the RFC.
#[test]
fn the_writer_gives_the_same_octets() {
    let connections = [
        (Decoder::new(), &FIELDS[..]),
        (Decoder::new(), &PLAIN_REQUESTS),
        (Decoder::new(), &HUFFMAN_REQUESTS),
        (decoder_with_256_octets(), &PLAIN_RESPONSES),
        (decoder_with_256_octets(), &HUFFMAN_RESPONSES),
    ];
    for (mut decoder, examples) in connections {
        for example in examples {
            let bytes = from_hex(example.block);
            let block = decoder.decode(&bytes).expect("an example of the RFC");
            assert_eq!(rewrite(&block), bytes, "{}", example.section);
        }
    }
}
