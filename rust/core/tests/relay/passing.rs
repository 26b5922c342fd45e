//! What no fault is about passes as it came, however the octets are split.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use wirecheck_core::wire::capture::{Direction, Event, Reader};
use wirecheck_core::wire::frame::{DATA, HEADERS, PREFACE};
use wirecheck_core::wire::relay::{
    Edit, Fault, FieldEdit, FrameAct, FrameMatch, GaveUp, Op, Relay, replay,
};

use super::support::*;

/// The octets of both directions, in runs.
fn runs(name: &str) -> Vec<(Direction, Vec<u8>)> {
    let capture = capture(name);
    let mut reader = Reader::new(&capture[..]).expect("a capture");
    let mut runs: Vec<(Direction, Vec<u8>)> = Vec::new();
    while let Some(record) = reader.next_record().expect("a record") {
        if let Event::Bytes(direction, octets) = record.event {
            runs.push((direction, octets.to_vec()));
        }
    }
    runs
}

/// What both sides get, with the runs cut into pieces of these lengths.
fn relayed(faults: &[Fault], runs: &[(Direction, Vec<u8>)], pieces: &[usize]) -> [Vec<u8>; 2] {
    let mut relay = Relay::new(faults);
    let mut got = [Vec::new(), Vec::new()];
    let mut lengths = pieces.iter().copied().cycle();
    for (direction, octets) in runs {
        let mut rest = &octets[..];
        while !rest.is_empty() {
            let length = lengths.next().unwrap_or(usize::MAX).clamp(1, rest.len());
            let (piece, behind) = rest.split_at(length);
            got[*direction as usize].extend(joined(&relay.take(*direction, piece)));
            rest = behind;
        }
    }
    for direction in [CLIENT, SERVER] {
        got[direction as usize].extend(joined(&relay.end(direction)));
    }
    got
}

/// Looks at every frame and changes none.
fn reads_only() -> Vec<Fault> {
    let none = |direction| Fault::Frame {
        which: FrameMatch::nth(direction, 0xee, 1),
        act: FrameAct::Edit(Edit::Drop),
    };
    vec![none(CLIENT), none(SERVER)]
}

/// Has every header list written anew, with nothing changed.
fn writes_lists() -> Vec<Fault> {
    let absent = |direction| Fault::Frame {
        which: FrameMatch::each(direction, Some(HEADERS)),
        act: FrameAct::Edit(Edit::Fields(FieldEdit::Remove(b"absent".to_vec()))),
    };
    vec![absent(CLIENT), absent(SERVER)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_only_looked_at_is_the_same(
        name in select(&CAPTURES[..]), pieces in vec(1..200_usize, 1..8),
    ) {
        let runs = runs(name);
        let whole = relayed(&[], &runs, &[usize::MAX]);
        prop_assert_eq!(&relayed(&reads_only(), &runs, &pieces), &whole);
    }

    #[test]
    fn splits_change_nothing_where_lists_are_written_anew(
        name in select(&CAPTURES[..]), pieces in vec(1..200_usize, 1..8),
    ) {
        let runs = runs(name);
        let whole = relayed(&writes_lists(), &runs, &[usize::MAX]);
        prop_assert_eq!(&relayed(&writes_lists(), &runs, &pieces), &whole);
    }

    /// What is no HTTP/2 passes as it is, and nothing is kept back in the end.
    #[test]
    fn any_octets_pass_in_order(octets in vec(any::<u8>(), 0..400), after_preface: bool) {
        let sent = match after_preface {
            true => [&PREFACE[..], &octets].concat(),
            false => octets,
        };
        let runs = [(CLIENT, sent.clone())];
        let [got, _] = relayed(&reads_only(), &runs, &[7]);
        // A frame that is whole is written with the reserved bit of its stream cleared.
        prop_assert_eq!(got.len(), sent.len());
        let [again, _] = relayed(&writes_lists(), &runs, &[7]);
        prop_assert!(!again.is_empty() || sent.is_empty());
    }
}

#[test]
fn lists_that_are_written_anew_say_the_same() {
    for name in CAPTURES {
        let before = capture(name);
        let (after, applied) = replay(&before[..], &writes_lists()).expect("a capture");
        assert_eq!(applied, [0, 0], "{name}: nothing is removed");
        assert_ne!(before, after, "{name}: the tables are not used any more");
        let lists = |capture: &[u8]| {
            let exchange = decode(capture);
            let connections = exchange.connections.iter();
            let streams = connections.flat_map(|connection| &connection.streams);
            let halves = streams.flat_map(|stream| [&stream.request, &stream.response]);
            let lists = halves.flat_map(|half| &half.headers);
            { lists }.map(texts).collect::<Vec<_>>()
        };
        assert_eq!(lists(&before), lists(&after), "{name}");
        assert!(decode(&after).connections[0].faults.is_empty(), "{name}");
    }
}

#[test]
fn what_cannot_be_followed_passes_from_there_on() {
    let mut relay = Relay::new(&writes_lists());
    let broken = [frame(HEADERS, 4, 1, &[0x80]), frame(DATA, 1, 1, b"rest")].concat();
    assert_eq!(joined(&relay.take(SERVER, &broken)), broken);
    assert_eq!(relay.gave_up(), Some(GaveUp::Block));

    let mut relay = Relay::new(&writes_lists());
    let mixed = [frame(HEADERS, 0, 1, &[0x88]), frame(DATA, 1, 1, b"")].concat();
    assert_eq!(joined(&relay.take(SERVER, &mixed)), mixed);
    assert_eq!(relay.gave_up(), Some(GaveUp::Order));

    let mut relay = Relay::new(&reads_only());
    let long = [&[0x20, 0, 0, 0, 0, 0, 0, 0, 1][..], &[b'x'; 20]].concat();
    assert_eq!(joined(&relay.take(SERVER, &long)), long);
    assert_eq!(relay.gave_up(), Some(GaveUp::Frame));

    let mut relay = Relay::new(&reads_only());
    assert_eq!(
        joined(&relay.take(CLIENT, b"GET / HTTP/1.1")),
        b"GET / HTTP/1.1"
    );
    assert_eq!(relay.gave_up(), Some(GaveUp::Preface));
}

#[test]
fn a_smaller_table_is_followed() {
    let mut relay = Relay::new(&writes_lists());
    // The client allows a table of 0 octets, and hears that the server knows.
    let none = frame(4, 0, 0, &[0, 1, 0, 0, 0, 0]);
    relay.take(CLIENT, &[&PREFACE[..], &none].concat());
    let list = frame(
        HEADERS,
        4,
        1,
        &[&[0x20, 0x88][..], &block(&[("a", "b")])].concat(),
    );
    let ops = relay.take(SERVER, &[frame(4, 1, 0, b""), list].concat());
    assert_eq!(relay.gave_up(), None);
    let written = [&[0x20][..], &block(&[(":status", "200"), ("a", "b")])].concat();
    let expected = [frame(4, 1, 0, b""), frame(HEADERS, 4, 1, &written)].concat();
    assert_eq!(ops, [Op::Pass(expected)]);
}
