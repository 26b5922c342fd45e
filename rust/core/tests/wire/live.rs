//! A live decoder tells what a decoder of whole captures would tell, and keeps
//! only what is open.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use wirecheck_core::wire::capture::{Direction, Event, Record};
use wirecheck_core::wire::decode::{Glimpse, LiveDecoder, Seen};
use wirecheck_core::wire::exchange::{Connection, Exchange, Fault, Half, Limits, Stream};
use wirecheck_core::wire::frame::{Body, END_HEADERS, END_STREAM};

use super::properties::{CAPTURES, Runs, decode, hostile, mutated, runs};
use super::script::{CLIENT, DATA, HEADERS, RST_STREAM, SERVER, SETTINGS, Script, frame, message};

const BOTH: [Direction; 2] = [CLIENT, SERVER];

/// What a live decoder told, put together again.
#[derive(Default)]
struct Told {
    streams: BTreeMap<u32, Call>,
    faults: Vec<Fault>,
    closed: Vec<Connection>,
    cuts: Vec<String>,
    not_followed: Vec<u32>,
    frames: usize,
}

/// A stream without places: those have no frame index when they are live.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Call {
    halves: [Side; 2],
    has_ended: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Side {
    lists: Vec<Vec<(String, String)>>,
    /// Flag, length, head and whether it is whole.
    messages: Vec<(u8, u32, Vec<u8>, bool)>,
    message_count: u64,
    data_bytes: u64,
    ended: bool,
}

impl Side {
    fn add(&mut self, half: &Half) {
        let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
        self.lists = half
            .headers
            .iter()
            .map(|list| {
                let fields = list.fields.iter();
                fields
                    .map(|field| (text(&field.name), text(&field.value)))
                    .collect()
            })
            .collect();
        self.messages.extend(half.messages.iter().map(|message| {
            (
                message.flag,
                message.length,
                message.head.to_vec(),
                message.complete,
            )
        }));
        self.message_count = half.message_count;
        self.data_bytes = half.data_bytes;
        self.ended = half.end_stream.is_some();
    }
}

impl Told {
    fn hear(&mut self, seen: Seen<'_>) {
        match seen {
            Seen::Frame { number, .. } => {
                assert_eq!(number, self.frames);
                self.frames += 1;
            }
            Seen::Fault { fault, .. } => self.faults.push(fault.clone()),
            Seen::Messages(glimpse) => {
                self.add(glimpse);
            }
            Seen::Ended(glimpse) => self.add(glimpse).has_ended = true,
            Seen::Closed(connection) => self.closed.push(connection.clone()),
            Seen::NotFollowed(connection) => self.not_followed.push(connection),
            Seen::Cut(cut) => self.cuts.push(cut.what.clone()),
        }
    }

    fn add(&mut self, glimpse: &Glimpse) -> &mut Call {
        let stream = glimpse.stream();
        let call = self.streams.entry(stream.id).or_default();
        assert!(!call.has_ended, "stream {} is told twice", stream.id);
        for (side, direction) in call.halves.iter_mut().zip(BOTH) {
            assert_eq!(glimpse.told_of(direction), side.messages.len() as u64);
            side.add(stream.half(direction));
        }
        call
    }

    fn of(runs: &Runs, pieces: &[usize]) -> Self {
        let mut told = Self::default();
        Self::listen(runs, pieces, &mut |seen| told.hear(seen));
        told
    }

    /// The faults alone: who goes on with a stream that is over has it told once
    /// more, which is told with the fault that it is.
    fn faults_of(runs: &Runs, pieces: &[usize]) -> Vec<Fault> {
        let mut faults = Vec::new();
        Self::listen(runs, pieces, &mut |seen| {
            if let Seen::Fault { fault, .. } = seen {
                faults.push(fault.clone());
            }
        });
        faults
    }

    fn listen(runs: &Runs, pieces: &[usize], tell: &mut dyn FnMut(Seen<'_>)) {
        let mut decoder = LiveDecoder::new(limits());
        let mut lengths = pieces.iter().copied().cycle();
        for (direction, bytes) in runs {
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let length = lengths.next().unwrap_or(usize::MAX).clamp(1, rest.len());
                let (piece, behind) = rest.split_at(length);
                let event = Event::Bytes(*direction, piece);
                decoder.feed(record(1, event), tell);
                rest = behind;
            }
        }
        decoder.finish(tell);
    }
}

fn record(connection: u32, event: Event<'_>) -> Record<'_> {
    Record {
        connection,
        at_ns: 0,
        event,
    }
}

/// Those of a whole capture, so that both keep the same.
fn limits() -> Limits {
    Limits {
        faults: 100_000,
        ..Limits::default()
    }
}

fn whole(runs: &Runs) -> Exchange {
    decode(runs, &[], limits())
}

fn call(stream: &Stream) -> Call {
    let mut call = Call {
        has_ended: true,
        ..Call::default()
    };
    for (side, direction) in call.halves.iter_mut().zip(BOTH) {
        side.add(stream.half(direction));
    }
    call
}

fn calls(connection: &Connection) -> BTreeMap<u32, Call> {
    let streams = connection.streams.iter();
    streams.map(|stream| (stream.id, call(stream))).collect()
}

#[test]
fn captures_are_told_as_they_decode_byte_by_byte() {
    for case in CAPTURES.iter().filter(|case| **case != "split-message") {
        let runs = runs(case);
        let told = Told::of(&runs, &[1]);
        let connection = &whole(&runs).connections[0];
        assert_eq!(told.streams, calls(connection), "{case}");
        assert_eq!(told.frames, connection.frames.len(), "{case}");
        assert_eq!(told.closed[0].client, connection.client, "{case}");
    }
}

#[test]
fn a_call_is_told_when_it_ends_and_then_forgotten() {
    let mut decoder = LiveDecoder::new(LiveDecoder::live_limits());
    let mut ended = Vec::new();
    let mut most = (0, 0);
    let mut feed = |decoder: &mut LiveDecoder, direction, bytes: &[u8]| {
        let event = Event::Bytes(direction, bytes);
        decoder.feed(record(1, event), &mut |seen| {
            if let Seen::Ended(glimpse) = seen {
                ended.push(glimpse.stream().id);
            }
        });
        most = (
            most.0.max(decoder.open_streams()),
            most.1.max(decoder.kept_bytes()),
        );
    };
    for (direction, bytes) in Script::begun().into_steps() {
        feed(&mut decoder, direction, &bytes);
    }
    for stream in (1..10_001).step_by(2) {
        for (direction, kind, flags, payload) in [
            (CLIENT, HEADERS, END_HEADERS, vec![]),
            (CLIENT, DATA, END_STREAM, message(&[7; 100])),
            (SERVER, HEADERS, END_HEADERS, vec![]),
            (SERVER, DATA, 0, message(&[8; 100])),
            (SERVER, HEADERS, END_HEADERS | END_STREAM, vec![]),
        ] {
            feed(
                &mut decoder,
                direction,
                &frame(kind, flags, stream, &payload),
            );
        }
    }
    assert_eq!(decoder.open_streams(), 0);
    assert_eq!(decoder.kept_bytes(), 0);
    assert_eq!(most.0, 1, "one call at a time");
    assert!(most.1 < 4_096, "{} bytes for one call", most.1);
    assert_eq!(ended.len(), 5_000);
}

#[test]
fn a_stream_of_messages_takes_the_memory_of_one() {
    let mut decoder = LiveDecoder::new(LiveDecoder::live_limits());
    let (mut told, mut most) = (0, 0);
    for (direction, bytes) in Script::opened().into_steps() {
        decoder.feed(record(1, Event::Bytes(direction, &bytes)), &mut |_| {});
    }
    for _ in 0..10_000 {
        let data = frame(DATA, 0, 1, &message(&[7; 1_000]));
        decoder.feed(record(1, Event::Bytes(CLIENT, &data)), &mut |seen| {
            if let Seen::Messages(glimpse) = seen {
                told += glimpse.stream().request.messages.len();
            }
        });
        most = most.max(decoder.kept_bytes());
    }
    assert_eq!(told, 10_000);
    assert!(most < 8_192, "{most} bytes");
}

#[test]
fn a_waiting_message_is_told_when_asked_for() {
    let mut decoder = LiveDecoder::new(LiveDecoder::live_limits());
    let mut told = Told::default();
    let script = Script::opened().frame(CLIENT, DATA, 0, 1, &message(b"x"));
    for (direction, bytes) in script.into_steps() {
        decoder.feed(record(1, Event::Bytes(direction, &bytes)), &mut |_| {});
    }
    decoder.tell_waiting(0, &mut |seen| told.hear(seen));
    assert!(told.streams.is_empty(), "it did not begin before time 0");
    decoder.tell_waiting(1, &mut |seen| told.hear(seen));
    assert_eq!(told.streams[&1].halves[0].messages.len(), 1);
    decoder.finish(&mut |seen| told.hear(seen));
    assert_eq!(told.streams[&1].halves[0].message_count, 1);
}

#[test]
fn frames_on_an_ended_stream_are_told_from_those_on_an_idle_one() {
    let script = Script::opened()
        .frame(CLIENT, DATA, END_STREAM, 1, b"")
        .frame(SERVER, HEADERS, END_HEADERS | END_STREAM, 1, b"")
        .frame(CLIENT, DATA, 0, 1, b"")
        .frame(SERVER, RST_STREAM, 0, 1, &[0; 4])
        .frame(SERVER, DATA, 0, 1, b"")
        .frame(SERVER, DATA, 0, 7, b"");
    let runs = script.into_steps();
    let faults: Vec<String> = Told::of(&runs, &[])
        .faults
        .into_iter()
        .map(|fault| fault.what)
        .collect();
    assert_eq!(
        faults,
        [
            "DATA on stream 1 after END_STREAM",
            "DATA on stream 1 after RST_STREAM",
            "DATA on stream 7, which is idle",
        ]
    );
}

#[test]
fn connections_beyond_the_limit_are_said_and_room_is_made_again() {
    let mut told = Told::default();
    let mut decoder = LiveDecoder::new(Limits {
        connections: 1,
        ..limits()
    });
    for (connection, event) in [
        (1, Event::Opened),
        (2, Event::Opened),
        (1, Event::Closed),
        (2, Event::Bytes(CLIENT, b"x")),
        (2, Event::Closed),
        (3, Event::Opened),
        (3, Event::Closed),
    ] {
        decoder.feed(record(connection, event), &mut |seen| told.hear(seen));
    }
    assert_eq!(told.not_followed, [2]);
    let closed: Vec<u32> = told.closed.iter().map(|connection| connection.id).collect();
    assert_eq!(closed, [1, 3]);
}

#[test]
fn settings_without_end_are_not_kept() {
    let mut decoder = LiveDecoder::new(LiveDecoder::live_limits());
    let mut kept = 0;
    let mut steps = Script::begun().into_steps();
    steps.extend((0..10_000).map(|_| (SERVER, frame(SETTINGS, 0, 0, b""))));
    for (direction, bytes) in steps {
        decoder.feed(record(1, Event::Bytes(direction, &bytes)), &mut |_| {});
    }
    decoder.finish(&mut |seen| {
        if let Seen::Closed(connection) = seen {
            kept = connection.frames.len();
        }
    });
    assert_eq!(kept, 32);
}

/// Whether live and whole must be the same: what comes on a stream after its
/// end, or after a reset that its sender did not know of, is not told again.
fn is_plain(exchange: &Exchange) -> bool {
    let connection = &exchange.connections[0];
    let pushes =
        |frame: &wirecheck_core::wire::frame::Frame| matches!(frame.body, Body::PushPromise { .. });
    let mut halves = connection
        .streams
        .iter()
        .flat_map(|s| [&s.request, &s.response]);
    !connection.frames.iter().any(pushes)
        && halves.all(|half| half.reset.is_none())
        && !connection
            .faults
            .iter()
            .any(|fault| fault.what.contains(" after "))
}

proptest! {
    #[test]
    fn any_split_tells_the_same_calls(case in select(&CAPTURES[..]), pieces in vec(1..100_usize, 1..20)) {
        let runs = runs(case);
        prop_assert_eq!(Told::of(&runs, &pieces).streams, calls(&whole(&runs).connections[0]));
    }

    #[test]
    fn changed_bytes_have_the_same_faults_and_calls(runs in mutated(), pieces in vec(1..100_usize, 1..20)) {
        let (exchange, told) = (whole(&runs), Told::of(&runs, &pieces));
        if is_plain(&exchange) {
            prop_assert_eq!(told.streams, calls(&exchange.connections[0]));
            prop_assert_eq!(told.faults, exchange.connections[0].faults.clone());
        }
    }

    #[test]
    fn hostile_frames_have_the_same_faults(runs in hostile(), pieces in vec(1..30_usize, 1..20)) {
        let (exchange, faults) = (whole(&runs), Told::faults_of(&runs, &pieces));
        let pushes = |frame: &wirecheck_core::wire::frame::Frame| frame.kind == 5;
        if !exchange.connections[0].frames.iter().any(pushes) {
            prop_assert_eq!(faults, exchange.connections[0].faults.clone());
        }
    }

    #[test]
    fn hostile_frames_leave_nothing_behind(runs in hostile(), memory in 0..20_000_usize) {
        let mut decoder = LiveDecoder::new(Limits { memory, ..limits() });
        for (direction, bytes) in &runs {
            decoder.feed(record(1, Event::Bytes(*direction, bytes)), &mut |_| {});
            prop_assert!(decoder.kept_bytes() <= memory);
        }
        decoder.feed(record(1, Event::Closed), &mut |_| {});
        prop_assert_eq!((decoder.open_streams(), decoder.kept_bytes()), (0, 0));
    }
}
