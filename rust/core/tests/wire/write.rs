//! What is written in order is read back as the same: frames, field blocks over
//! CONTINUATION, and messages.

use bytes::Bytes;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use wirecheck_core::wire::frame::{
    ACK, Body, DATA, END_HEADERS, END_STREAM, FrameHeader, PADDED, PREFACE,
};
use wirecheck_core::wire::hpack::Decoder;
use wirecheck_core::wire::write::block::{Coding, Encoder, Field, Item};
use wirecheck_core::wire::write::frame::{
    Frame, GOAWAY, Headers, LONGEST, PING, Priority, SETTINGS, goaway, padded, settings,
};
use wirecheck_core::wire::write::message::Prefix;

use super::script::{CLIENT, SERVER, Script};

fn bytes(frames: &[Frame]) -> Vec<u8> {
    let mut out = Vec::new();
    frames.iter().for_each(|frame| frame.write(&mut out));
    out
}

/// Literals in any form; what is indexed comes from [`again`].
fn field() -> impl Strategy<Value = Field> {
    const LITERALS: [Coding; 3] = [
        Coding::Incremental,
        Coding::WithoutIndexing,
        Coding::NeverIndexed,
    ];
    let name = prop_oneof![
        "[a-z][a-z0-9-]{0,12}",
        select(vec![
            ":path".to_owned(),
            "content-type".into(),
            "user-agent".into()
        ]),
    ];
    let parts = (
        name,
        vec(any::<u8>(), 0..40),
        select(LITERALS.to_vec()),
        any::<bool>(),
        any::<bool>(),
    );
    parts.prop_map(|(name, value, coding, name_index, huffman)| Field {
        name: name.into(),
        value: value.into(),
        coding,
        name_index,
        huffman,
    })
}

/// The same fields once more, as indices: only those that entered the table.
fn again(fields: &[Field]) -> Vec<Field> {
    let added = fields.iter().filter(|f| f.coding == Coding::Incremental);
    added
        .map(|field| Field {
            coding: Coding::Indexed,
            ..field.clone()
        })
        .collect()
}

fn items(fields: &[Field]) -> Vec<Item> {
    fields.iter().cloned().map(Item::Field).collect()
}

proptest! {
    #[test]
    fn a_frame_is_read_as_it_was_written(
        kind: u8, flags: u8, stream in 0u32..1 << 31, reserved: bool,
        length in option::of(0..=LONGEST), payload in vec(any::<u8>(), 0..100),
    ) {
        let declared = length.unwrap_or(payload.len() as u32);
        let frame = Frame { reserved, length, ..Frame::new(kind, flags, stream, payload) };
        let written = bytes(std::slice::from_ref(&frame));
        let header = FrameHeader::parse(written[..9].try_into().unwrap());
        prop_assert_eq!(header, FrameHeader { length: declared, kind, flags, stream });
        prop_assert_eq!(written[5] >> 7, u8::from(reserved));
        prop_assert_eq!(&written[9..], &frame.payload[..]);
    }

    #[test]
    fn blocks_are_read_as_they_were_asked_for(
        fields in vec(field(), 0..12), size in 2_000u32..4_096,
    ) {
        let (mut encoder, mut decoder) = (Encoder::new(), Decoder::new());
        let mut first = vec![Item::SizeUpdate(size)];
        first.extend(items(&fields));
        let second = again(&fields);
        for (items, fields) in [(first, &fields), (items(&second), &second)] {
            let block = decoder.decode(&encoder.encode(&items).unwrap()).unwrap();
            prop_assert_eq!(block.fields.len(), fields.len());
            for (read, written) in block.fields.iter().zip(fields) {
                prop_assert_eq!(&read.name, &written.name);
                prop_assert_eq!(&read.value, &written.value);
                prop_assert!(written.coding.is(read.representation));
                let is_literal = written.coding != Coding::Indexed;
                prop_assert_eq!(read.value_huffman, written.huffman && is_literal);
            }
        }
    }

    #[test]
    fn a_request_is_read_whole_however_it_is_split_and_padded(
        fields in vec(field(), 1..8),
        split in vec(0usize..30, 0..6),
        padding in option::of(any::<u8>()),
        priority in option::of((any::<bool>(), 0u32..1 << 31, any::<u8>())),
        messages in vec(vec(any::<u8>(), 0..50), 0..4),
        data_padding in option::of(any::<u8>()),
    ) {
        let block = Encoder::new().encode(&items(&fields)).unwrap();
        let headers = Headers {
            flags: END_HEADERS,
            priority: priority.map(|(exclusive, depends_on, weight)| Priority {
                exclusive, depends_on, weight,
            }),
            padding,
            split: split.clone(),
            ..Headers::on(1)
        };
        let mut frames = vec![Frame::new(SETTINGS, 0, 0, settings(&[(3, 7)]))];
        frames.extend(headers.frames(&block));
        for message in &messages {
            let message = Prefix::PLAIN.before(message);
            frames.push(match data_padding {
                Some(padding) => Frame::new(DATA, PADDED, 1, padded(&message, padding)),
                None => Frame::new(DATA, 0, 1, message),
            });
        }
        frames.push(Frame::new(DATA, END_STREAM, 1, []));
        let connection = Script::empty()
            .bytes(CLIENT, &[&PREFACE[..], &bytes(&frames)].concat())
            .bytes(SERVER, &bytes(&[Frame::new(SETTINGS, 0, 0, [])]))
            .connection();
        let request = &connection.stream(1).unwrap().request;
        prop_assert_eq!(request.headers[0].continuations as usize, split.len());
        let read: Vec<(Bytes, Bytes)> = request.headers[0].fields.iter()
            .map(|field| (field.name.clone(), field.value.clone())).collect();
        let written: Vec<(Bytes, Bytes)> = fields.iter()
            .map(|field| (field.name.clone(), field.value.clone())).collect();
        prop_assert_eq!(read, written);
        let heads: Vec<&[u8]> = request.messages.iter().map(|m| &m.head[..]).collect();
        prop_assert_eq!(heads, messages.iter().map(Vec::as_slice).collect::<Vec<_>>());
        prop_assert!(request.messages.iter().all(|message| message.complete));
        prop_assert!(request.end_stream.is_some());
    }
}

#[test]
fn control_frames_are_read_as_they_were_written() {
    let frames = [
        Frame::new(SETTINGS, 0, 0, settings(&[(1, 0), (0xfafa, 5)])),
        Frame::new(PING, ACK, 0, *b"12345678"),
        Frame::new(GOAWAY, 0, 0, goaway(7, 11, b"too_many_pings")),
    ];
    let connection = Script::begun().bytes(SERVER, &bytes(&frames)).connection();
    let bodies: Vec<&Body> = connection.frames[2..].iter().map(|f| &f.body).collect();
    let [
        Body::Settings(settings),
        Body::Ping(ping),
        Body::GoAway {
            last_stream,
            error,
            debug,
        },
    ] = bodies[..]
    else {
        panic!("{bodies:?}");
    };
    assert_eq!(settings, &[(1, 0), (0xfafa, 5)]);
    assert_eq!(ping, b"12345678");
    assert_eq!(
        (*last_stream, error.0, &debug[..]),
        (7, 11, &b"too_many_pings"[..])
    );
}
