//! Streams and the messages on them.

// A message that is not split is one range, and that is what is meant.
#![allow(clippy::single_range_in_vec_init)]

use sha2::{Digest, Sha256};
use wirecheck_core::wire::exchange::{ErrorCode, Message};
use wirecheck_core::wire::frame::{END_HEADERS, END_STREAM, PADDED};

use super::script::{
    CLIENT, DATA, HEADERS, RST_STREAM, SERVER, Script, WINDOW_UPDATE, block, message,
};

fn requests(script: &Script) -> Vec<Message> {
    script
        .connection()
        .stream(1)
        .unwrap()
        .request
        .messages
        .clone()
}

#[test]
fn a_message_is_put_together_from_data_frames() {
    let bytes = message(b"World");
    let script = Script::opened()
        .frame(CLIENT, DATA, 0, 1, &bytes[..3])
        .frame(
            CLIENT,
            DATA,
            PADDED,
            1,
            &[&[2], &bytes[3..7], &[0, 0]].concat(),
        )
        .frame(CLIENT, DATA, END_STREAM, 1, &bytes[7..]);
    let [found] = requests(&script).try_into().unwrap();
    assert_eq!((found.flag, found.length, found.complete), (0, 5, true));
    assert_eq!(found.head, "World");
    assert_eq!(found.sha256, Some(Sha256::digest(b"World").into()));
    assert_eq!(found.segments, [51..54, 64..68, 79..82]);
    assert_eq!(
        (found.frames.0.range.clone(), found.frames.0.frame),
        (42..54, Some(3))
    );
    assert_eq!(
        (found.frames.1.range.clone(), found.frames.1.frame),
        (70..82, Some(5))
    );
    let connection = script.connection();
    let request = &connection.stream(1).unwrap().request;
    assert_eq!(request.data_bytes, 10);
    assert_eq!(request.end_stream.as_ref().unwrap().range, 70..82);
    assert_eq!(connection.faults, []);
}

#[test]
fn one_data_frame_may_hold_many_messages() {
    let bytes = [message(b""), message(b"a"), message(b"bc")[..6].to_vec()].concat();
    let script = Script::opened()
        .frame(CLIENT, DATA, 0, 1, &bytes)
        .frame(CLIENT, DATA, 0, 1, b"c");
    let found = requests(&script);
    let heads: Vec<_> = found
        .iter()
        .map(|message| message.head.escape_ascii().to_string())
        .collect();
    assert_eq!(heads, ["", "a", "bc"]);
    let segments: Vec<_> = found
        .iter()
        .map(|message| message.segments.clone())
        .collect();
    assert_eq!(segments, [vec![51..56], vec![56..62], vec![62..68, 77..78]]);
    assert_eq!(found[1].frames.1.frame, Some(3));
    assert_eq!(found[2].frames.0.frame, Some(3));
    assert_eq!(found[2].frames.1.frame, Some(4));
}

#[test]
fn a_message_that_does_not_end_stays_incomplete() {
    let script = Script::opened().frame(CLIENT, DATA, END_STREAM, 1, &message(b"World")[..8]);
    let [found] = requests(&script).try_into().unwrap();
    assert_eq!(
        (found.length, found.complete, found.sha256),
        (5, false, None)
    );
    assert_eq!(found.head, "Wor");
    assert_eq!(found.segments, [51..59]);

    let prefix = Script::opened().frame(CLIENT, DATA, END_STREAM, 1, &[1, 0, 0]);
    let [found] = requests(&prefix).try_into().unwrap();
    assert_eq!((found.flag, found.length, found.complete), (1, 0, false));
}

#[test]
fn a_message_in_a_frame_that_does_not_end_is_there() {
    let whole = super::script::frame(DATA, 0, 1, &message(b"World"));
    let script = Script::opened().bytes(CLIENT, &whole[..17]);
    let [found] = requests(&script).try_into().unwrap();
    assert_eq!(found.head, "Wor");
    assert_eq!(
        (found.frames.0.frame, found.frames.0.range.clone()),
        (None, 42..61)
    );
    assert_eq!(script.connection().client.leftover, Some(42..59));
}

#[test]
fn resets_are_kept_with_their_code() {
    let script = Script::opened().frame(SERVER, RST_STREAM, 0, 1, &[0, 0, 0, 8]);
    let connection = script.connection();
    let (place, error) = connection
        .stream(1)
        .unwrap()
        .response
        .reset
        .as_ref()
        .unwrap();
    assert_eq!((place.range.clone(), *error), (9..22, ErrorCode(8)));
}

#[test]
fn trailers_only_is_told_from_headers_and_trailers() {
    let trailers_only = Script::opened().frame(
        SERVER,
        HEADERS,
        END_HEADERS | END_STREAM,
        1,
        &block(&[(":status", "200"), ("grpc-status", "5")]),
    );
    let connection = trailers_only.connection();
    let response = &connection.stream(1).unwrap().response;
    assert!(response.is_trailers_only());
    assert_eq!(response.trailers(), response.initial());

    let both = Script::opened()
        .frame(
            SERVER,
            HEADERS,
            END_HEADERS,
            1,
            &block(&[(":status", "103")]),
        )
        .frame(
            SERVER,
            HEADERS,
            END_HEADERS,
            1,
            &block(&[(":status", "200")]),
        )
        .frame(
            SERVER,
            HEADERS,
            END_HEADERS | END_STREAM,
            1,
            &block(&[("grpc-status", "0")]),
        );
    let connection = both.connection();
    let response = &connection.stream(1).unwrap().response;
    assert!(!response.is_trailers_only());
    assert_eq!(
        response.initial().unwrap().get(":status").unwrap().value,
        "200"
    );
    assert_eq!(
        response
            .trailers()
            .unwrap()
            .get("grpc-status")
            .unwrap()
            .value,
        "0"
    );
}

#[test]
fn what_may_not_be_sent_in_a_state_is_a_fault() {
    let ended = || Script::opened().frame(CLIENT, DATA, END_STREAM, 1, b"");
    let reset = || Script::opened().frame(CLIENT, RST_STREAM, 0, 1, &[0; 4]);
    let cases = [
        (
            ended().frame(CLIENT, DATA, 0, 1, b""),
            "DATA on stream 1 after END_STREAM (RFC 9113, section 5.1)",
        ),
        (
            ended().frame(CLIENT, HEADERS, END_HEADERS, 1, b""),
            "HEADERS on stream 1 after END_STREAM (RFC 9113, section 5.1)",
        ),
        (
            reset().frame(CLIENT, DATA, 0, 1, b""),
            "DATA on stream 1 after RST_STREAM (RFC 9113, section 5.1)",
        ),
        (
            Script::opened().frame(CLIENT, DATA, 0, 3, b""),
            "DATA on stream 3, which is idle (RFC 9113, section 5.1)",
        ),
        (
            Script::opened().frame(SERVER, HEADERS, END_HEADERS, 3, b""),
            "HEADERS on stream 3, which is idle (RFC 9113, section 5.1)",
        ),
        (
            Script::opened().frame(SERVER, RST_STREAM, 0, 3, &[0; 4]),
            "RST_STREAM on stream 3, which is idle (RFC 9113, section 5.1)",
        ),
        (
            Script::opened().frame(CLIENT, HEADERS, END_HEADERS, 2, b""),
            "the client opens stream 2, which has an even number (RFC 9113, section 5.1.1)",
        ),
        (
            Script::begun()
                .frame(CLIENT, HEADERS, END_HEADERS, 5, b"")
                .frame(CLIENT, HEADERS, END_HEADERS, 3, b""),
            "the client opens stream 3 after stream 5 (RFC 9113, section 5.1.1)",
        ),
    ];
    for (script, expected) in cases {
        let [fault] = script.faults().try_into().unwrap();
        assert!(fault.ends_with(&format!(": {expected}")), "{fault}");
    }
    let feeds_the_response = ended()
        .frame(CLIENT, WINDOW_UPDATE, 0, 1, &[0, 0, 0, 1])
        .frame(SERVER, DATA, END_STREAM, 1, b"")
        .frame(CLIENT, RST_STREAM, 0, 1, &[0; 4]);
    assert_eq!(feeds_the_response.faults(), [""; 0]);
}
