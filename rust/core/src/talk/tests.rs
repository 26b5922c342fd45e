use super::*;
use crate::plan::dialogue::{Act, AwaitPlan, StreamPlan};
use crate::wire::frame::{ACK, DATA, END_HEADERS, END_STREAM, PREFACE};
use crate::wire::write::frame::{Frame, GOAWAY, HEADERS, PING, SETTINGS, goaway};

const ANY: AwaitPlan = AwaitPlan {
    kind: None,
    stream: None,
    flags: 0,
    ends_stream: None,
    error: None,
    nth: 1,
    optional: false,
};

fn of(kind: u8) -> AwaitPlan {
    AwaitPlan {
        kind: Some(kind),
        ..ANY
    }
}

fn bytes(frames: &[Frame]) -> Vec<u8> {
    let mut out = Vec::new();
    frames.iter().for_each(|frame| frame.write(&mut out));
    out
}

/// A client that opens streams 3 and 5, and ends the first.
fn client() -> Vec<u8> {
    let frames = [
        Frame::new(SETTINGS, 0, 0, []),
        Frame::new(HEADERS, END_HEADERS, 3, *b"block"),
        Frame::new(HEADERS, END_HEADERS, 5, *b"block"),
        Frame::new(DATA, END_STREAM, 3, *b"data"),
        Frame::new(PING, 0, 0, *b"12345678"),
    ];
    [&PREFACE[..], &bytes(&frames)].concat()
}

#[test]
fn any_split_of_the_bytes_gives_the_same_frames() {
    for size in [1, 7, 24, 1000] {
        let mut heard = Heard::new(true);
        client().chunks(size).for_each(|chunk| heard.bytes(chunk));
        assert_eq!(heard.stream(StreamPlan::Call(2)), Some(5), "{size}");
        assert_eq!(heard.ping(), Some(*b"12345678"));
        assert_eq!(
            heard.told(),
            "SETTINGS, HEADERS on stream 3, HEADERS on stream 5, \
             DATA on stream 3 with END_STREAM, PING"
        );
    }
}

#[test]
fn a_frame_is_waited_for_once() {
    let mut heard = Heard::new(true);
    heard.bytes(&client());
    assert!(heard.take(&of(HEADERS)));
    assert!(heard.take(&of(HEADERS)));
    assert!(!heard.take(&of(HEADERS)));
    let of_second = AwaitPlan {
        stream: Some(StreamPlan::Call(2)),
        ..of(DATA)
    };
    assert!(!heard.take(&of_second));
    let ends = AwaitPlan {
        stream: Some(StreamPlan::Call(1)),
        ends_stream: Some(true),
        ..ANY
    };
    assert!(heard.take(&ends));
    assert_eq!(heard.told(), "SETTINGS, PING");
}

#[test]
fn the_nth_takes_those_before_it_too() {
    let mut heard = Heard::new(true);
    heard.bytes(&client());
    assert!(!heard.take(&AwaitPlan {
        nth: 3,
        ..of(HEADERS)
    }));
    assert!(heard.take(&AwaitPlan {
        nth: 2,
        ..of(HEADERS)
    }));
    assert!(!heard.take(&of(HEADERS)));
}

#[test]
fn an_error_code_is_part_of_what_is_waited_for() {
    let mut heard = Heard::new(false);
    heard.bytes(&bytes(&[Frame::new(GOAWAY, 0, 0, goaway(1, 11, b"calm"))]));
    let of_error = |error| AwaitPlan {
        error: Some(error),
        ..of(GOAWAY)
    };
    assert!(!heard.take(&of_error(1)));
    assert!(heard.take(&of_error(11)));
    heard.end(false);
    assert_eq!(heard.told(), "nothing more, the peer closed the connection");
}

#[test]
fn what_is_no_http2_is_said_and_not_parsed() {
    let mut heard = Heard::new(true);
    heard.bytes(b"GET / HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n");
    assert!(!heard.take(&ANY));
    assert_eq!(heard.told(), "nothing more, bytes that are no HTTP/2");
}

#[test]
fn frames_that_nobody_waits_for_are_counted_and_not_kept() {
    let mut heard = Heard::new(false);
    let frame = bytes(&[Frame::new(SETTINGS, ACK, 0, [])]);
    for _ in 0..10_000 {
        heard.bytes(&frame);
    }
    assert!(heard.told().ends_with(", 9988 more"), "{}", heard.told());
}

#[test]
fn a_line_is_said_on_the_stream_that_the_peer_has_opened() {
    let mut heard = Heard::new(true);
    let act = Act::Frame {
        stream: StreamPlan::Call(1),
        frame: Frame::new(HEADERS, 0, 0, []),
    };
    let error = Talk::default().say(&act, 0, &heard).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the stream of call 1 is not open: a line before has to wait for its HEADERS"
    );
    heard.bytes(&client());
    let said = |shift| Talk::default().say(&act, shift, &heard).unwrap()[8];
    assert_eq!((said(0), said(1)), (3, 5));
}

#[test]
fn a_ping_is_answered_with_its_own_data() {
    let mut heard = Heard::new(true);
    let mut talk = Talk::default();
    assert_eq!(talk.say(&Act::PingAck, 0, &heard), Err(CannotSay::NoPing));
    heard.bytes(&client());
    let said = talk.say(&Act::PingAck, 0, &heard).unwrap();
    assert_eq!(said, bytes(&[Frame::new(PING, ACK, 0, *b"12345678")]));
}
