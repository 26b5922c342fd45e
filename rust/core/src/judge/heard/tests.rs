use bytes::Bytes;

use super::*;
use crate::wire::exchange::{ErrorCode, HeaderField, Place};
use crate::wire::hpack::Representation;

fn place(direction: Direction) -> Place {
    Place {
        frame: None,
        kind: 0x01,
        direction,
        range: 0..9,
        at_ns: 5,
    }
}

fn list(fields: &[(&'static str, &'static str)], end_stream: bool) -> HeaderList {
    let fields = fields.iter().map(|(name, value)| HeaderField {
        name: Bytes::from_static(name.as_bytes()),
        value: Bytes::from_static(value.as_bytes()),
        range: 0..1,
        name_range: None,
        value_range: None,
        representation: Representation::Indexed { index: 1 },
    });
    HeaderList {
        place: place(Direction::ServerToClient),
        continuations: 0,
        fields: fields.collect(),
        end_stream,
        list_bytes: 0,
        fields_cut: 0,
    }
}

fn message(bytes: &'static [u8]) -> Message {
    Message {
        flag: 0,
        length: bytes.len() as u32,
        head: Bytes::from_static(bytes),
        sha256: Some(Sha256::digest(bytes).into()),
        segments: Vec::new(),
        frames: (
            place(Direction::ServerToClient),
            place(Direction::ServerToClient),
        ),
        complete: true,
    }
}

fn answered(headers: Vec<HeaderList>, messages: Vec<Message>) -> Stream {
    let ended = headers.iter().any(|list| list.end_stream);
    Stream {
        id: 1,
        request: Half::default(),
        response: Half {
            message_count: messages.len() as u64,
            headers,
            messages,
            end_stream: ended.then(|| place(Direction::ServerToClient)),
            ..Half::default()
        },
    }
}

fn reset(by: Direction, error: u32) -> Stream {
    let mut stream = answered(Vec::new(), Vec::new());
    let half = match by {
        Direction::ClientToServer => &mut stream.request,
        Direction::ServerToClient => &mut stream.response,
    };
    half.reset = Some((place(by), ErrorCode(error)));
    stream
}

fn told(stream: &Stream) -> CallResult {
    match of_stream(stream, false) {
        CallSeen::Result(result) => *result,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_answer_is_told_as_the_server_sent_it() {
    let leading = [(":status", "200"), ("x-a", "1"), ("grpc-encoding", "gzip")];
    let trailing = [
        ("grpc-status", "5"),
        ("grpc-message", "no%20such"),
        ("x-b-bin", "q6ur,AQ"),
    ];
    let stream = answered(
        vec![list(&leading, false), list(&trailing, true)],
        vec![message(b"\x0a\x01a")],
    );
    let result = told(&stream);
    assert_eq!((result.status, result.message.as_str()), (5, "no such"));
    assert_eq!(result.leading, [("x-a".to_owned(), b"1".to_vec())]);
    let trailing = [vec![0xab, 0xab, 0xab], vec![1]].map(|value| ("x-b-bin".to_owned(), value));
    assert_eq!(result.trailing, trailing);
    assert_eq!(result.message_count, 1);
    assert_eq!(result.messages[0].head, b"\x0a\x01a");
    assert_eq!(
        result.messages[0].sha256,
        Sha256::digest(b"\x0a\x01a").to_vec()
    );
}

#[test]
fn trailers_only_are_trailing() {
    let only = [(":status", "200"), ("grpc-status", "12"), ("x-a", "1")];
    let result = told(&answered(vec![list(&only, true)], Vec::new()));
    assert_eq!(result.status, 12);
    assert_eq!(result.leading, Metadata::new());
    assert_eq!(result.trailing, [("x-a".to_owned(), b"1".to_vec())]);
}

#[test]
fn a_message_that_cannot_be_decompressed_is_one_that_no_codec_gets() {
    let mut broken = message(b"no gzip");
    broken.flag = 1;
    let leading = [(":status", "200"), ("grpc-encoding", "gzip")];
    let lists = vec![list(&leading, false), list(&[("grpc-status", "0")], true)];
    let result = told(&answered(lists, vec![broken]));
    assert!(result.messages[0].codec_error.is_some());
}

#[test]
fn without_a_status_the_end_of_the_stream_tells_one() {
    let status = |stream: &Stream, has_deadline| match of_stream(stream, has_deadline) {
        CallSeen::Result(result) => result.status,
        other => panic!("{other:?}"),
    };
    let cancelled = reset(Direction::ClientToServer, 8);
    assert_eq!(status(&cancelled, false), 1);
    assert_eq!(status(&cancelled, true), 4);
    assert_eq!(status(&reset(Direction::ServerToClient, 8), true), 1);
    assert_eq!(status(&reset(Direction::ServerToClient, 7), false), 14);
    assert_eq!(status(&reset(Direction::ServerToClient, 2), false), 13);
    let proxy = answered(vec![list(&[(":status", "503")], true)], Vec::new());
    assert_eq!(status(&proxy, false), 14);
    let open = answered(Vec::new(), Vec::new());
    assert!(matches!(of_stream(&open, false), CallSeen::Untold(_)));
}
