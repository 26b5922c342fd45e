use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use pcap_file::pcapng::{Block, PcapNgReader, PcapNgWriter};
use proptest::prelude::*;
use proptest::sample::select;
use wirecheck_core::judge::rules;
use wirecheck_core::model::from_judge::culprit;
use wirecheck_core::wire::capture::{Direction, Reader, Writer};
use wirecheck_core::wire::decode::decode_capture;

use super::*;
use crate::export::pcapng::Pcapng;
use crate::import::{Packets, Source};

const CASES: [&str; 9] = [
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

fn path(case: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("rust/core/tests/captures");
    folder.join(format!("python-grpcio.python-grpcio.{case}.wirecap"))
}

fn capture(case: &str) -> Vec<u8> {
    std::fs::read(path(case)).expect("a capture")
}

/// Connections of a capture of Wirecheck's own.
fn linted(capture: &[u8], secrets: &Secrets) -> Vec<ConnectionTold> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("it.wirecap");
    std::fs::write(&path, capture).expect("written");
    let (mut linter, mut told) = (Linter::new(secrets.clone()), Vec::new());
    let source = Source::open(&path).expect("a capture");
    let read = source.read(&mut |passed| linter.hear(&passed, &mut |one| told.push(one)));
    read.expect("whole");
    linter.finish(&mut |one| told.push(one));
    told
}

/// Connections of a pcapng.
fn of_packets(file: &[u8]) -> Vec<ConnectionTold> {
    let (mut linter, mut told) = (Linter::new(Secrets::default()), Vec::new());
    let packets = Packets::new(file).expect("a pcapng");
    let read = packets.read(&mut |passed| linter.hear(&passed, &mut |one| told.push(one)));
    read.expect("whole");
    linter.finish(&mut |one| told.push(one));
    told
}

fn packets(capture: &[u8]) -> Vec<u8> {
    let mut file = Pcapng::new(Vec::new(), "test").expect("begun");
    file.add(capture, "listener", Duration::from_secs(5))
        .expect("added");
    file.finish().0
}

/// The blocks of a pcapng, changed.
fn changed(file: &[u8], change: impl FnOnce(&mut Vec<Block<'static>>)) -> Vec<u8> {
    let mut reader = PcapNgReader::new(file).expect("a pcapng");
    let mut blocks = Vec::new();
    while let Some(block) = reader.next_block() {
        blocks.push(block.expect("a block").into_owned());
    }
    let interface = blocks.remove(0);
    change(&mut blocks);
    let mut writer = PcapNgWriter::new(Vec::new()).expect("begun");
    writer.write_block(&interface).expect("written");
    for block in &blocks {
        writer.write_block(block).expect("written");
    }
    writer.into_inner()
}

/// Rules and culprits.
fn broken(told: &[ConnectionTold]) -> BTreeSet<(String, String)> {
    let findings = told.iter().flat_map(|told| &told.findings);
    let broken = findings.map(|told| (told.finding.code.clone(), told.finding.culprit.clone()));
    broken.collect()
}

/// A capture with a record for each frame, as it has whole ones.
fn frame_by_frame(capture: &[u8]) -> Vec<u8> {
    let mut reader = Reader::new(capture).expect("a capture");
    let mut writer = Writer::new(Vec::new()).expect("begun");
    while let Some(record) = reader.next_record().expect("whole records") {
        let Event::Bytes(direction, mut bytes) = record.event else {
            writer.write(&record).expect("written");
            continue;
        };
        while !bytes.is_empty() {
            let length = match bytes.starts_with(b"PRI") {
                true => 24,
                false => 9 + usize::from(bytes[1]) * 256 + usize::from(bytes[2]),
            };
            let (frame, behind) = bytes.split_at(length);
            let event = Event::Bytes(direction, frame);
            writer.write(&Record { event, ..record }).expect("written");
            bytes = behind;
        }
    }
    writer.finish().expect("ended")
}

/// The client of this capture says `tx` where it should say `te`.
fn without_te(capture: &[u8]) -> Vec<u8> {
    let mut reader = Reader::new(capture).expect("a capture");
    let mut writer = Writer::new(Vec::new()).expect("begun");
    while let Some(record) = reader.next_record().expect("whole records") {
        let mut owned = Vec::new();
        let event = match record.event {
            Event::Bytes(direction, bytes) => {
                owned.extend_from_slice(bytes);
                if let Some(at) = bytes.windows(3).position(|part| part == b"\x02te")
                    && direction == Direction::ClientToServer
                {
                    owned[at + 2] = b'x';
                }
                Event::Bytes(direction, &owned)
            }
            event => event,
        };
        writer.write(&Record { event, ..record }).expect("written");
    }
    writer.finish().expect("ended")
}

#[test]
fn a_capture_breaks_what_its_exchange_does_as_packets_too() {
    for case in CASES {
        let capture = capture(case);
        let exchange = decode_capture(&capture[..], Limits::default()).expect("a capture");
        let expected: BTreeSet<(String, String)> = rules::check(&exchange)
            .iter()
            .map(|finding| (finding.code.clone(), culprit(finding.culprit).to_owned()))
            .collect();
        let own = linted(&capture, &Secrets::default());
        assert_eq!(broken(&own), expected, "{case}");
        let packets = of_packets(&packets(&capture));
        assert_eq!(broken(&packets), expected, "{case}");
        let figures = |told: &[ConnectionTold]| {
            let figures = told
                .iter()
                .map(|told| (told.calls, told.messages, told.bytes));
            figures.collect::<Vec<_>>()
        };
        assert_eq!(figures(&packets), figures(&own), "{case}");
        assert!(own.iter().all(|told| told.http2 && told.notes.is_empty()));
    }
}

#[test]
fn a_broken_exchange_is_caught_with_its_bytes() {
    let told = of_packets(&packets(&without_te(&capture("say-hello"))));
    let found = told[0]
        .findings
        .iter()
        .find(|told| told.finding.code == "request/te-trailers")
        .expect("the rule is broken");
    assert_eq!(found.finding.level, "MUST");
    assert_eq!(found.finding.culprit, "client");
    let excerpt = found.bytes.as_ref().expect("its bytes");
    let range = found.finding.place.byte_range.expect("a place");
    assert_eq!(
        (excerpt.offset, excerpt.length),
        (range.0, range.1 - range.0)
    );
    assert_eq!(told[0].levels[0], 1);
}

#[test]
fn an_answer_that_is_not_http2_is_the_servers_fault() {
    let told = |server: &'static [u8], client: &'static [u8]| {
        let mut linter = Linter::new(Secrets::default());
        let mut told = Vec::new();
        let events = [
            Event::Opened,
            Event::Bytes(Direction::ServerToClient, server),
            Event::Bytes(Direction::ClientToServer, client),
            Event::Closed,
        ];
        for event in events {
            let record = Record {
                connection: 1,
                at_ns: 0,
                event,
            };
            linter.hear(&Assembled::Record(record), &mut |one| told.push(one));
        }
        told.remove(0)
    };
    let client = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    let found = told(b"HTTP/1.1 400 Bad Request\r\n\r\n", client);
    assert_eq!(found.findings[0].finding.culprit, "server", "{found:?}");
    let other = told(
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: shop\r\n\r\n",
    );
    assert!(!other.http2 && other.findings.is_empty(), "{other:?}");
    assert_eq!(other.notes, ["the client speaks HTTP/1.1, not gRPC"]);
    let garbage = told(&[7; 200], &[9; 200]);
    assert!(!garbage.http2 && garbage.findings.is_empty(), "{garbage:?}");
}

#[test]
fn a_secret_is_in_nothing_that_is_told() {
    let capture = capture("metadata-base64");
    let exchange = decode_capture(&capture[..], Limits::default()).expect("a capture");
    let lists = &exchange.connections[0].streams[0].request.headers[0];
    let field = lists
        .fields
        .iter()
        .find(|field| field.name.ends_with(b"-bin"))
        .expect("the capture has some");
    let (name, value) = (
        String::from_utf8_lossy(&field.name).into_owned(),
        field.value.to_vec(),
    );
    let told = linted(&capture, &Secrets::new([&name]));
    let json = told.iter().map(crate::report::lint::connection_json);
    let json = json.map(|value| value.to_string()).collect::<String>();
    let hex = wirecheck_core::model::from_judge::hex(&value);
    assert!(!json.contains(&hex), "{json}");
    assert!(
        !json.contains(&String::from_utf8_lossy(&value)[..]),
        "{json}"
    );
}

#[test]
fn a_capture_that_begins_in_the_middle_says_so() {
    let whole = packets(&frame_by_frame(&capture("ten-calls")));
    let late = changed(&whole, |blocks| drop(blocks.drain(..blocks.len() / 4)));
    let told = of_packets(&late);
    assert_eq!(told.len(), 1);
    assert!(told[0].http2 && told[0].calls > 0, "{told:?}");
    assert!(told[0].notes[0].starts_with("its beginning is not there"));
    let hpack = told[0].notes.iter().any(|note| note.contains("HPACK"));
    assert!(hpack, "{:?}", told[0].notes);
    assert_eq!(told[0].levels[0], 0, "{:?}", told[0].findings);
    // SETTINGS and the like tell nobody's side.
    let last = changed(&whole, |blocks| *blocks = blocks.drain(6..10).collect());
    let told = of_packets(&last);
    assert!(!told[0].http2 && told[0].findings.is_empty(), "{told:?}");
    let guessed = told[0].notes.iter().any(|note| note.contains("a guess"));
    assert!(guessed, "{:?}", told[0].notes);
}

#[test]
fn a_packet_that_is_not_there_is_said_and_nobodys_fault() {
    let whole = packets(&capture("ten-calls"));
    let gap = changed(&whole, |blocks| drop(blocks.remove(blocks.len() / 2)));
    let told = of_packets(&gap);
    assert_eq!(told[0].levels[0], 0, "{:?}", told[0].findings);
    let said = told[0].notes.iter().any(|note| note.contains("not there"));
    assert!(said, "{:?}", told[0].notes);
}

#[test]
fn memory_is_bounded_by_what_is_told_apart() {
    let mut talk = Talk::default();
    talk.note(&Record {
        connection: 1,
        at_ns: 0,
        event: Event::Bytes(Direction::ClientToServer, &[0; 24]),
    });
    for n in 0..10_000 {
        talk.broke([FindingOf {
            sentence: n.to_string(),
            level: "MUST".into(),
            ..FindingOf::default()
        }]);
    }
    let told = talk.finish(1);
    assert_eq!((told.findings.len(), told.more), (100, 9_900));
    assert_eq!(told.levels, [10_000, 0, 0]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn packets_out_of_order_and_twice_change_nothing(
        case in select(&CASES[..]),
        moves in prop::collection::vec((any::<prop::sample::Index>(), 1..4usize, any::<bool>()), 0..6),
    ) {
        let whole = packets(&capture(case));
        let shuffled = changed(&whole, |blocks| {
            for (at, by, twice) in &moves {
                // The end stays: what comes behind it is not of the connection.
                let last = blocks.len().saturating_sub(8).max(1);
                let from = at.index(last);
                let to = (from + by).min(last);
                let block = match twice {
                    true => blocks[from].clone(),
                    false => blocks.remove(from),
                };
                blocks.insert(to, block);
            }
        });
        let (before, after) = (of_packets(&whole), of_packets(&shuffled));
        prop_assert_eq!(broken(&after), broken(&before));
        prop_assert_eq!(after[0].bytes, before[0].bytes);
        prop_assert_eq!(after[0].calls, before[0].calls);
    }

    #[test]
    fn no_change_of_a_packet_breaks_it(
        case in select(&CASES[..]),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40),
    ) {
        let mut file = packets(&capture(case));
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        let (mut linter, mut told) = (Linter::new(Secrets::default()), Vec::new());
        if let Ok(packets) = Packets::new(&file[..]) {
            let _ = packets.read(&mut |passed| linter.hear(&passed, &mut |one| told.push(one)));
        }
        linter.finish(&mut |one| told.push(one));
        for told in &told {
            prop_assert!(told.findings.len() <= 100);
        }
    }
}
