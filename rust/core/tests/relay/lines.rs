//! Where the line waits, ends or breaks.

use std::time::Duration;

use wirecheck_core::wire::capture::Event;
use wirecheck_core::wire::capture::Reader;
use wirecheck_core::wire::frame::{DATA, END_STREAM, HEADERS};
use wirecheck_core::wire::relay::{Fault, FrameAct, FrameMatch, Line, OctetAct, Op, Relay, replay};

use super::support::*;

fn at(octets: u64, act: OctetAct) -> Fault {
    Fault::Octet {
        direction: SERVER,
        at: octets,
        act,
    }
}

#[test]
fn a_line_ends_after_so_many_octets() {
    for line in [
        Line::Close,
        Line::Reset,
        Line::HalfClose,
        Line::Stall,
        Line::BlackHole,
    ] {
        let mut relay = Relay::new(&[at(3, OctetAct::Line(line.clone()))]);
        assert_eq!(relay.take(SERVER, b"ab"), [Op::Pass(b"ab".to_vec())]);
        let ops = relay.take(SERVER, b"cdef");
        assert_eq!(ops, [Op::Pass(b"c".to_vec()), Op::Line(line)]);
        assert_eq!(relay.take(SERVER, b"more"), []);
        assert_eq!(relay.end(SERVER), []);
        assert_eq!(relay.applied(), [1]);
    }
}

#[test]
fn before_the_first_octet_is_a_place_too() {
    let mut relay = Relay::new(&[
        at(0, OctetAct::Insert(b"HTTP/1.1 503\r\n".to_vec())),
        at(0, OctetAct::Line(Line::Delay(Duration::from_millis(5)))),
    ]);
    let ops = relay.take(SERVER, b"");
    let page = Op::Pass(b"HTTP/1.1 503\r\n".to_vec());
    assert_eq!(ops, [page, Op::Line(Line::Delay(Duration::from_millis(5)))]);
    assert_eq!(relay.take(SERVER, b"x"), [Op::Pass(b"x".to_vec())]);
}

/// The frame comes whole in one read, or its first octet alone does.
#[test]
fn what_happens_at_an_octet_comes_before_what_happens_to_the_next_frame() {
    let ping = frame(6, 0, 0, &[0; 8]);
    let faults = [
        at(0, OctetAct::Line(Line::Stall)),
        act(
            6,
            FrameAct::Line {
                after: false,
                line: Line::HalfClose,
            },
        ),
    ];
    for first in [1, ping.len()] {
        let mut relay = Relay::new(&faults);
        let ops = [
            relay.take(SERVER, &ping[..first]),
            relay.take(SERVER, &ping[first..]),
        ];
        assert_eq!(ops.concat(), [Op::Line(Line::Stall)], "{first}");
    }
}

#[test]
fn what_does_not_end_a_line_lets_the_rest_pass() {
    let slow = Line::Throttle {
        octets: 1,
        each: Duration::from_millis(1),
    };
    let mut relay = Relay::new(&[
        at(4, OctetAct::Line(slow.clone())),
        at(2, OctetAct::Insert(b"-".to_vec())),
    ]);
    let ops = relay.take(SERVER, b"abcdef");
    let pass = |octets: &str| Op::Pass(octets.into());
    assert_eq!(ops, [pass("ab-cd"), Op::Line(slow), pass("ef")]);
    assert_eq!(relay.applied(), [1, 1]);
}

#[test]
fn a_line_ends_before_or_behind_a_frame() {
    let first = frame(DATA, 0, 1, b"a");
    let last = frame(DATA, END_STREAM, 1, b"b");
    let sent = [first.clone(), last.clone()].concat();
    for (after, expected) in [(false, first.clone()), (true, sent.clone())] {
        let which = FrameMatch::each(SERVER, Some(DATA)).flags(END_STREAM);
        let line = Line::Reset;
        let act = FrameAct::Line { after, line };
        let mut relay = Relay::new(&[Fault::Frame { which, act }]);
        let ops = relay.take(SERVER, &sent);
        assert_eq!(ops, [Op::Pass(expected), Op::Line(Line::Reset)]);
        assert_eq!(relay.take(SERVER, &sent), []);
    }
}

/// What a fault on a capture leaves of it.
#[test]
fn a_capture_ends_where_its_line_breaks() {
    let trailers = FrameMatch::nth(SERVER, HEADERS, 2);
    let act = FrameAct::Line {
        after: false,
        line: Line::Reset,
    };
    let fault = Fault::Frame {
        which: trailers,
        act,
    };
    let before = capture("say-hello");
    let (after, applied) = replay(&before[..], &[fault]).expect("a capture");
    assert_eq!(applied, [1]);
    let exchange = decode(&after);
    let [connection] = &exchange.connections[..] else {
        panic!("one connection");
    };
    assert_eq!(connection.streams[0].response.headers.len(), 1);
    assert!(connection.client.end.is_some_and(|end| end.reset));
    assert!(connection.server.end.is_some_and(|end| end.reset));
    assert!(connection.closed_ns.is_some());
}

#[test]
fn a_delay_moves_what_follows_in_time() {
    let delay = Duration::from_secs(1);
    let before = capture("say-hello");
    let faults = [at(9, OctetAct::Line(Line::Delay(delay)))];
    let (after, _) = replay(&before[..], &faults).expect("a capture");
    let last = |capture: &[u8]| {
        let mut reader = Reader::new(capture).expect("a capture");
        let mut last = 0;
        while let Some(record) = reader.next_record().expect("a record") {
            last = record.at_ns;
            if matches!(record.event, Event::Closed) {
                break;
            }
        }
        last
    };
    assert_eq!(last(&after) - last(&before), 1_000_000_000);
}
