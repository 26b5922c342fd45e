//! Bytes that no peer should send, and captures with holes: whatever comes,
//! the rules answer, and they point at bytes that are there.

use std::io::Cursor;

use wirecheck_core::judge::finding::{Finding, Level};
use wirecheck_core::judge::rules;
use wirecheck_core::wire::capture::{Direction, Event, Reader, Record, Writer};
use wirecheck_core::wire::exchange::Exchange;

use crate::captures::{decode, names, read};
use crate::editor::{CLIENT, SERVER};

/// Mutated captures for each real one.
const MUTATIONS: u64 = 150;

#[test]
fn mutated_bytes_are_judged_and_pointed_at() {
    for name in names() {
        let capture = read(&name);
        let mut found = 0;
        for seed in 1..=MUTATIONS {
            let exchange = decode(&mutated(&capture, seed));
            for finding in rules::check(&exchange) {
                assert!(
                    points_into(&finding, &exchange),
                    "{name}, seed {seed}: {finding:#?}"
                );
                found += 1;
            }
        }
        assert!(found > 0, "{name}: no mutation was noticed");
    }
}

/// The capture with one to four of its peers' bytes changed.
fn mutated(capture: &[u8], seed: u64) -> Vec<u8> {
    let mut random = Random(seed);
    let mut bytes: usize = 0;
    each_record(capture, |record| {
        if let Event::Bytes(_, data) = record.event {
            bytes += data.len();
        }
    });
    let changes: Vec<_> = (0..=random.below(4))
        .map(|_| (random.below(bytes), random.below(255) as u8 + 1))
        .collect();
    let mut writer = Writer::new(Vec::new()).expect("memory takes it");
    let mut seen = 0;
    each_record(capture, |record| {
        let mut changed = Vec::new();
        let event = match record.event {
            Event::Bytes(direction, data) => {
                changed.extend_from_slice(data);
                for (at, difference) in &changes {
                    let inside = at.checked_sub(seen).and_then(|at| changed.get_mut(at));
                    inside.into_iter().for_each(|byte| *byte ^= difference);
                }
                seen += data.len();
                Event::Bytes(direction, &changed)
            }
            other => other,
        };
        writer
            .write(&Record { event, ..record })
            .expect("memory takes it");
    });
    writer.finish().expect("memory takes it")
}

/// xorshift64: the same on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}

/// The finding's connection, frame and bytes exist.
fn points_into(finding: &Finding, exchange: &Exchange) -> bool {
    let place = &finding.place;
    let mut connections = exchange.connections.iter();
    let Some(connection) = connections.find(|c| Some(c.id) == place.connection) else {
        return false;
    };
    let (Some(direction), Some(range)) = (place.direction, &place.byte_range) else {
        return false;
    };
    let frame_exists = place
        .frame
        .is_none_or(|frame| frame < connection.frames.len());
    frame_exists && range.start <= range.end && range.end <= connection.side(direction).bytes
}

#[test]
fn what_a_capture_left_out_is_not_missing() {
    for name in names() {
        let capture = read(&name);
        let mut records = 0;
        each_record(&capture, |_| records += 1);
        for kept in 0..records {
            for direction in [CLIENT, SERVER] {
                let exchange = decode(&without_bytes_after(&capture, kept, direction));
                let findings = rules::check(&exchange);
                let must = findings.iter().find(|finding| finding.level == Level::Must);
                assert!(
                    must.is_none(),
                    "{name}, {kept} records of {direction:?}: {must:#?}"
                );
            }
        }
    }
}

/// The capture as a tap writes it that stops keeping one side's bytes.
fn without_bytes_after(capture: &[u8], kept: usize, side: Direction) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new()).expect("memory takes it");
    let mut write = |record: Record<'_>| writer.write(&record).expect("memory takes it");
    let (mut index, mut left_out) = (0, 0);
    each_record(capture, |record| {
        index += 1;
        match record.event {
            Event::Bytes(direction, data) if direction == side && index > kept => {
                left_out += data.len() as u64;
            }
            Event::HalfClosed(direction) | Event::Reset(direction) if direction == side => {
                let hole = Event::LeftOut(side, left_out);
                write(Record {
                    event: hole,
                    ..record
                });
                write(record);
            }
            _ => write(record),
        }
    });
    writer.finish().expect("memory takes it")
}

fn each_record(capture: &[u8], mut see: impl FnMut(Record<'_>)) {
    let mut reader = Reader::new(Cursor::new(capture)).expect("a capture");
    while let Some(record) = reader.next_record().expect("a whole record") {
        see(record);
    }
}
