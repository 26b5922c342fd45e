//! What holds for all bytes: how they are spread over records changes nothing,
//! nothing panics, and what is kept stays within its bound.

use std::fs::File;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use wirecheck_core::wire::capture::{Direction, Event, Reader, Record};
use wirecheck_core::wire::decode::{Decoder, decode_capture};
use wirecheck_core::wire::exchange::{Exchange, Half, Limits};
use wirecheck_core::wire::frame::PREFACE;

use super::outline::path;
use super::script::{CLIENT, SERVER};

pub const CAPTURES: [&str; 9] = [
    "say-hello",
    "metadata-base64",
    "metadata-true-binary",
    "unknown-method",
    "fail-with-details",
    "deadline",
    "server-streaming",
    "split-message",
    "ten-calls",
];

/// Reads that follow each other in one direction, as one.
pub type Runs = Vec<(Direction, Vec<u8>)>;

pub fn runs(case: &str) -> Runs {
    let file = File::open(path(&format!("python-grpcio.python-grpcio.{case}"))).unwrap();
    let mut reader = Reader::new(file).unwrap();
    let mut runs: Runs = Vec::new();
    while let Some(record) = reader.next_record().unwrap() {
        let Event::Bytes(direction, bytes) = record.event else {
            continue;
        };
        match runs.last_mut() {
            Some((last, run)) if *last == direction => run.extend_from_slice(bytes),
            _ => runs.push((direction, bytes.to_vec())),
        }
    }
    runs
}

/// Decodes runs in pieces of these lengths, over and over.
pub fn decode(runs: &Runs, pieces: &[usize], limits: Limits) -> Exchange {
    let mut decoder = Decoder::new(limits);
    let mut lengths = pieces.iter().copied().cycle();
    for (direction, bytes) in runs {
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let length = lengths.next().unwrap_or(usize::MAX).clamp(1, rest.len());
            let (piece, behind) = rest.split_at(length);
            decoder.feed(Record {
                connection: 1,
                at_ns: 0,
                event: Event::Bytes(*direction, piece),
            });
            rest = behind;
        }
    }
    decoder.finish()
}

fn whole(runs: &Runs) -> Exchange {
    decode(runs, &[], Limits::default())
}

/// What an exchange keeps, counted low.
fn kept_bytes(exchange: &Exchange) -> usize {
    let half = |half: &Half| {
        let fields: usize = half
            .headers
            .iter()
            .map(|list| size_of_val(&list.fields[..]))
            .sum();
        let heads: usize = half.messages.iter().map(|message| message.head.len()).sum();
        fields + heads + size_of_val(&half.headers[..]) + size_of_val(&half.messages[..])
    };
    let connections = exchange.connections.iter();
    connections
        .map(|connection| {
            let streams: usize = connection
                .streams
                .iter()
                .map(|stream| half(&stream.request) + half(&stream.response))
                .sum();
            streams + size_of_val(&connection.frames[..]) + size_of_val(&connection.streams[..])
        })
        .sum()
}

/// Both sides, with bytes changed, left out and put in.
pub fn mutated() -> impl Strategy<Value = Runs> {
    let change = (any::<Index>(), any::<Index>(), any::<u8>(), 0..3_u8);
    (select(&CAPTURES[..]), vec(change, 1..8)).prop_map(|(case, changes)| {
        let mut runs = runs(case);
        for (run, at, byte, how) in changes {
            let run = &mut run.get_mut(&mut runs[..]).1;
            if run.is_empty() {
                continue;
            }
            let at = at.index(run.len());
            match how {
                0 => run[at] = byte,
                1 => run.insert(at, byte),
                _ => drop(run.remove(at)),
            }
        }
        runs
    })
}

/// Frames that are more or less right, so that they get past the framing.
pub fn hostile() -> impl Strategy<Value = Runs> {
    let frame = (0..12_u8, any::<u8>(), 0..6_u32, vec(any::<u8>(), 0..40));
    let run = vec(frame, 0..40).prop_map(|frames| {
        let bytes = frames.into_iter().map(|(kind, flags, stream, payload)| {
            super::script::frame(kind, flags, stream, &payload)
        });
        bytes.collect::<Vec<_>>().concat()
    });
    vec((select(&[CLIENT, SERVER][..]), run), 0..6).prop_map(|mut runs| {
        runs.insert(0, (CLIENT, PREFACE.to_vec()));
        runs
    })
}

#[test]
fn every_split_into_two_gives_the_same_exchange() {
    for case in CAPTURES.iter().filter(|case| **case != "split-message") {
        let runs = runs(case);
        let expected = whole(&runs);
        let longest = runs.iter().map(|(_, run)| run.len()).max().unwrap();
        for at in 1..longest {
            assert!(
                decode(&runs, &[at, usize::MAX], Limits::default()) == expected,
                "{case} at {at}"
            );
        }
    }
}

proptest! {
    #[test]
    fn any_split_gives_the_same_exchange(case in select(&CAPTURES[..]), pieces in vec(1..100_usize, 1..20)) {
        let runs = runs(case);
        prop_assert_eq!(decode(&runs, &pieces, Limits::default()), whole(&runs));
    }

    #[test]
    fn any_split_of_changed_bytes_gives_the_same_exchange(runs in mutated(), pieces in vec(1..100_usize, 1..20)) {
        prop_assert_eq!(decode(&runs, &pieces, Limits::default()), whole(&runs));
    }

    #[test]
    fn any_split_of_hostile_frames_gives_the_same_exchange(runs in hostile(), pieces in vec(1..30_usize, 1..20)) {
        prop_assert_eq!(decode(&runs, &pieces, Limits::default()), whole(&runs));
    }

    #[test]
    fn hostile_frames_keep_to_the_memory(runs in hostile(), memory in 0..20_000_usize) {
        let limits = Limits { memory, ..Limits::default() };
        prop_assert!(kept_bytes(&decode(&runs, &[], limits)) <= memory);
    }

    #[test]
    fn all_bytes_are_counted(runs in hostile()) {
        let exchange = whole(&runs);
        let sent: usize = runs.iter().map(|(_, run)| run.len()).sum();
        let connection = &exchange.connections[0];
        prop_assert_eq!(connection.client.bytes + connection.server.bytes, sent as u64);
    }

    #[test]
    fn any_bytes_are_an_exchange(bytes in vec(any::<u8>(), 0..300), server in any::<bool>()) {
        let runs = vec![(if server { SERVER } else { CLIENT }, bytes)];
        prop_assert_eq!(decode(&runs, &[1], Limits::default()), whole(&runs));
    }

    #[test]
    fn any_file_is_a_capture_or_an_error(bytes in vec(any::<u8>(), 0..300)) {
        let file = [&b"WIRECAP\x01"[..], &bytes].concat();
        let _ = decode_capture(&file[..], Limits::default());
    }
}
