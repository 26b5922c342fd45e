//! Our HPACK against loona-hpack: blocks that our writer wrote, which both have
//! to read as they were meant, and any octets, which both have to accept or
//! refuse alike.
//!
//! Where they may differ is known from `hpack_differential`, with the text that
//! settles each; [`may_differ`] names those of any octets.

use wirecheck_core::wire::hpack::Decoder;
use wirecheck_core::wire::write::block::{Coding, Encoder, Field, Item};

use super::input::Input;
use super::opinion::{self, Opinion};

const NAMES: [&[u8]; 8] = [
    b":path",
    b":status",
    b"te",
    b"content-type",
    b"grpc-status",
    b"trace-bin",
    b"x-id",
    b"",
];

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    match input.chance() {
        true => written(&mut input),
        false => any_octets(&mut input),
    }
}

fn written(input: &mut Input<'_>) {
    let (mut ours, mut loona) = decoders();
    let mut encoder = Encoder::new();
    while !input.is_empty() {
        let items: Vec<Item> = (0..=input.below(6)).map(|_| item(input)).collect();
        // An index that no table has ends the sequence: the writer says so.
        let Ok(block) = encoder.encode(&items) else {
            return;
        };
        let wanted: Vec<_> = items
            .iter()
            .map(|item| match item {
                Item::Field(field) => (field.name.to_vec(), field.value.to_vec()),
                other => panic!("{other:?} was not asked for"),
            })
            .collect();
        let read = ours.decode(&block).expect("our own block");
        let fields = read.fields.iter();
        let fields: Vec<_> = { fields }
            .map(|field| (field.name.to_vec(), field.value.to_vec()))
            .collect();
        assert_eq!(fields, wanted);
        let theirs = loona.decode(&block).expect("loona reads our block");
        let theirs: Vec<_> = theirs
            .into_iter()
            .map(|(name, value)| (name.to_vec(), value.to_vec()))
            .collect();
        assert_eq!(theirs, wanted);
    }
}

fn item(input: &mut Input<'_>) -> Item {
    let choice = input.byte();
    let name = match NAMES.get(usize::from(choice & 0x0f)) {
        Some(name) => name.to_vec(),
        None => input.short().to_vec(),
    };
    Item::Field(Field {
        coding: match choice >> 4 & 3 {
            0 => Coding::Indexed,
            1 => Coding::Incremental,
            2 => Coding::WithoutIndexing,
            _ => Coding::NeverIndexed,
        },
        name_index: choice & 0x40 != 0,
        huffman: choice & 0x80 != 0,
        ..Field::new(name, input.short().to_vec())
    })
}

fn any_octets(input: &mut Input<'_>) {
    let (mut ours, mut loona) = decoders();
    while !input.is_empty() {
        let block = input.short();
        let ours = opinion::ours(&mut ours, block);
        let theirs = opinion::loona(&mut loona, block);
        if !ours.agrees_with(&theirs) {
            assert!(
                may_differ(&ours, &theirs, block),
                "{}: we say {ours:?}, loona {theirs:?}",
                block.escape_ascii()
            );
        }
        if !(ours.is_accepted() && ours.agrees_with(&theirs)) {
            return;
        }
    }
}

fn decoders() -> (Decoder, loona_hpack::Decoder<'static>) {
    let mut loona = loona_hpack::Decoder::new();
    loona.set_max_allowed_table_size(4096);
    (Decoder::new(), loona)
}

/// Where both are allowed, or loona-hpack is known to be wrong.
fn may_differ(ours: &Opinion, theirs: &Opinion, block: &[u8]) -> bool {
    match (ours.verdict(), theirs.verdict()) {
        // RFC 7541, section 4.2: a block may hold size updates alone.
        ("accepted", "SizeUpdateAtEnd") => true,
        // Section 4.2: they stand before all fields.
        ("SizeUpdateNotFirst", _) => block.iter().skip(1).any(|octet| octet & 0xe0 == 0x20),
        // Section 5.1: we take integers of 32 bits, loona-hpack shorter ones.
        (_, "IntegerDecodingError(TooManyOctets)") => true,
        _ => false,
    }
}
