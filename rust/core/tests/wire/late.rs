//! Connections of which a part is not there: nobody is blamed for what nobody saw.

use proptest::prelude::*;
use proptest::sample::select;
use wirecheck_core::judge::finding::{Finding, Level};
use wirecheck_core::judge::rules::Lint;
use wirecheck_core::wire::capture::{Direction, Event, Reader, Record};
use wirecheck_core::wire::decode::{LiveDecoder, Missed, Seen};

use super::properties::CAPTURES;

/// A record that owns its bytes.
#[derive(Debug, Clone)]
enum Kept {
    Bytes(u64, Direction, Vec<u8>),
    Other(u64, Event<'static>),
}

impl Kept {
    fn record(&self) -> Record<'_> {
        let (at_ns, event) = match self {
            Self::Bytes(at_ns, direction, bytes) => (*at_ns, Event::Bytes(*direction, bytes)),
            Self::Other(at_ns, event) => (*at_ns, *event),
        };
        Record {
            connection: 1,
            at_ns,
            event,
        }
    }
}

/// The records of the first connection of a capture.
fn kept(name: &str) -> Vec<Kept> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/captures");
    let file = std::fs::read(format!(
        "{folder}/python-grpcio.python-grpcio.{name}.wirecap"
    ))
    .expect("a capture");
    let mut reader = Reader::new(&file[..]).expect("a capture");
    let mut records = Vec::new();
    while let Some(record) = reader.next_record().expect("whole records") {
        let at_ns = record.at_ns;
        match record.event {
            _ if record.connection != 1 => {}
            Event::Bytes(direction, bytes) => {
                records.push(Kept::Bytes(at_ns, direction, bytes.to_vec()));
            }
            Event::Opened => records.push(Kept::Other(at_ns, Event::Opened)),
            Event::HalfClosed(by) => records.push(Kept::Other(at_ns, Event::HalfClosed(by))),
            Event::Reset(by) => records.push(Kept::Other(at_ns, Event::Reset(by))),
            Event::Closed => records.push(Kept::Other(at_ns, Event::Closed)),
            Event::LeftOut(by, count) => {
                records.push(Kept::Other(at_ns, Event::LeftOut(by, count)));
            }
        }
    }
    records
}

#[derive(Debug, Default)]
struct Heard {
    calls: usize,
    frames: usize,
    missed: Missed,
    required: Vec<Finding>,
}

/// What is heard of records, late or with gaps.
fn heard(records: &[Kept], is_late: bool) -> Heard {
    let mut decoder = LiveDecoder::new(LiveDecoder::live_limits());
    let (mut lint, mut heard) = (Lint::default(), Heard::default());
    if is_late {
        decoder.join(1);
        lint.lose(1);
    }
    let mut hear = |seen: &Seen<'_>, lint: &mut Lint| {
        let found = lint.hear(seen);
        match seen {
            Seen::Ended(_) => heard.calls += 1,
            Seen::Frame { .. } => heard.frames += 1,
            // Where frames begin is guessed.
            Seen::Fault { .. } if is_late => return,
            _ => {}
        }
        let required = found.into_iter().filter(|found| found.level == Level::Must);
        heard.required.extend(required);
    };
    for record in records.iter().map(Kept::record) {
        if let Event::LeftOut(..) = record.event {
            lint.lose(1);
        }
        if record.event == Event::Closed {
            continue;
        }
        decoder.feed(record, &mut |seen| hear(&seen, &mut lint));
    }
    let missed = decoder.missed(1).unwrap_or_default();
    decoder.finish(&mut |seen| hear(&seen, &mut lint));
    Heard { missed, ..heard }
}

#[test]
fn whole_captures_are_clean() {
    for name in CAPTURES {
        let heard = heard(&kept(name), false);
        assert!(heard.required.is_empty(), "{name}: {:?}", heard.required);
        assert!(heard.calls > 0, "{name}");
    }
}

#[test]
fn calls_that_begin_later_are_told_and_nobody_is_blamed() {
    for name in CAPTURES {
        let records = kept(name);
        for from in 1..records.len() {
            let heard = heard(&records[from..], true);
            assert!(
                heard.required.is_empty(),
                "{name} from {from}: {:?}",
                heard.required
            );
        }
    }
    let frames = frame_by_frame(&kept("ten-calls"));
    let calls: Vec<usize> = (2..frames.len())
        .map(|from| heard(&frames[from..], true).calls)
        .collect();
    assert!(calls.windows(2).all(|pair| pair[1] <= pair[0]), "{calls:?}");
    assert!(calls.contains(&5) && calls.contains(&0), "{calls:?}");
}

#[test]
fn what_hpack_refers_back_to_is_unknown() {
    let frames = frame_by_frame(&kept("ten-calls"));
    let first = |frame: &Kept| matches!(frame, Kept::Bytes(_, _, bytes) if bytes[8] == 11);
    let from = frames.iter().position(first).expect("the sixth call");
    let heard = heard(&frames[from..], true);
    assert_eq!(heard.calls, 5, "{heard:?}");
    assert!(heard.missed.unknown_fields > 0, "{heard:?}");
    assert_eq!(heard.missed.skipped, [0, 0]);
}

/// The same with a record for each frame, as the capture has whole ones.
fn frame_by_frame(records: &[Kept]) -> Vec<Kept> {
    let mut frames = Vec::new();
    for record in records {
        let Kept::Bytes(at_ns, direction, bytes) = record else {
            frames.push(record.clone());
            continue;
        };
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let length = match rest.starts_with(b"PRI") {
                true => 24,
                false => 9 + usize::from(rest[1]) * 256 + usize::from(rest[2]),
            };
            let (frame, behind) = rest.split_at(length);
            frames.push(Kept::Bytes(*at_ns, *direction, frame.to_vec()));
            rest = behind;
        }
    }
    frames
}

proptest! {
    #[test]
    fn a_gap_is_held_against_nobody(
        name in select(&CAPTURES[..]),
        at in any::<prop::sample::Index>(),
        from in any::<prop::sample::Index>(),
    ) {
        let mut records = kept(name);
        let at = at.index(records.len());
        if let Kept::Bytes(at_ns, direction, bytes) = records[at].clone() {
            let from = from.index(bytes.len());
            let gap = Event::LeftOut(direction, (bytes.len() - from) as u64);
            records[at] = Kept::Bytes(at_ns, direction, bytes[..from].to_vec());
            records.insert(at + 1, Kept::Other(at_ns, gap));
        }
        let heard = heard(&records, false);
        prop_assert!(heard.required.is_empty(), "{:?}", heard.required);
    }

    #[test]
    fn bytes_from_anywhere_on_are_held_against_nobody(
        name in select(&CAPTURES[..]),
        at in any::<prop::sample::Index>(),
        from in any::<prop::sample::Index>(),
    ) {
        let mut records = kept(name);
        let at = at.index(records.len());
        let mut records = records.split_off(at);
        if let Kept::Bytes(_, _, bytes) = &mut records[0] {
            let from = from.index(bytes.len());
            bytes.drain(..from);
        }
        let heard = heard(&records, true);
        prop_assert!(heard.required.is_empty(), "{:?}", heard.required);
    }
}
