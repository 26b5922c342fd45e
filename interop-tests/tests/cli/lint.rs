//! `wirecheck lint` over captures of a run, its packets, and files that are none.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;
use wirecheck_core::model::run::Cell;

use super::wirecheck::{Place, cell, wirecheck};
use wirecheck_interop_tests::prerequisite::project_root;

const CELL: &str = "rust-tonic/rust-tonic/greeter/say-hello";
const SAY_HELLO: &str = "rust/core/tests/captures/python-grpcio.python-grpcio.say-hello.wirecap";
const TEN_CALLS: &str = "rust/core/tests/captures/python-grpcio.python-grpcio.ten-calls.wirecap";

/// Rules and culprits of what a cell broke beside what its case expects.
fn of_cell(cell: &Cell) -> BTreeSet<(String, String)> {
    let attempts = cell.attempts.iter();
    let findings = attempts.flat_map(|attempt| &attempt.findings);
    let of_rules = findings.filter(|finding| finding.path.is_none());
    of_rules
        .map(|finding| (finding.code.clone(), finding.culprit.clone()))
        .collect()
}

fn of_lint(document: &Value) -> BTreeSet<(String, String)> {
    let all = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let files = all(&document["files"]);
    let connections = files.iter().flat_map(|file| all(&file["connections"]));
    let findings = connections.flat_map(|connection| all(&connection["findings"]));
    findings
        .map(|finding| (word(&finding["code"]), word(&finding["culprit"])))
        .collect()
}

fn json(arguments: &[&str]) -> (Option<i32>, Value) {
    let answer = wirecheck(&[&["lint", "--format", "json"][..], arguments].concat());
    let document = serde_json::from_str(&answer.stdout);
    let document = document.unwrap_or_else(|error| panic!("{error}: {}", answer.stdout));
    (answer.exit, document)
}

/// The client of the capture says `tx` where it should say `te`.
fn without_te(place: &Place) -> String {
    let mut bytes = fs::read(project_root().join(SAY_HELLO)).expect("a capture");
    let at = bytes.windows(3).position(|part| part == b"\x02te");
    bytes[at.expect("it writes `te` in plain letters") + 2] = b'x';
    let file = place.path().join("broken.wirecap");
    fs::write(&file, bytes).expect("a file");
    file.display().to_string()
}

#[test]
fn a_cell_as_packets_breaks_what_the_cell_does() {
    let place = Place::new();
    let run = place.run(&[CELL]);
    assert_eq!(run.exit, Some(0), "{}", run.stderr);
    let file = place.path().join("say-hello.pcapng").display().to_string();
    let shown = place.show(&["--pcapng", &file, CELL]);
    assert_eq!(shown.exit, Some(0), "{}", shown.stderr);
    let run = place.last();
    let cell = cell(&run, CELL);
    let expected = of_cell(cell);
    assert!(!expected.is_empty(), "the cell has habits to tell of");
    let (exit, document) = json(&[&file]);
    assert_eq!((exit, of_lint(&document)), (Some(0), expected.clone()));
    let connection = &document["files"][0]["connections"][0];
    assert_eq!(connection["server"], "127.0.0.1:50051");
    assert_eq!(
        (&connection["calls"], &connection["messages"]),
        (&1.into(), &2.into())
    );
    let own = place.runs().join("latest");
    let own = own.join(&cell.attempts[0].captures[0].path);
    let (exit, document) = json(&[&own.display().to_string()]);
    assert_eq!((exit, of_lint(&document)), (Some(0), expected));
}

#[test]
fn what_breaks_a_must_is_told_with_its_bytes_and_fails() {
    let place = Place::new();
    let told = wirecheck(&["lint", &without_te(&place)]);
    assert_eq!(told.exit, Some(1), "{}", told.stdout);
    for part in [
        "broken.wirecap",
        "connection 1",
        "1 call, 2 messages",
        "!     MUST client: ",
        "(request/te-trailers)",
        "of the client\n",
        "gRPC over HTTP2, \"Requests\"",
        "1 MUST",
        "exit 1\n",
    ] {
        assert!(told.stdout.contains(part), "{part}\n{}", told.stdout);
    }
    assert_eq!(told.stderr, "");
}

#[test]
fn several_files_are_one_answer() {
    let place = Place::new();
    let (exit, document) = json(&[SAY_HELLO, TEN_CALLS, &without_te(&place)]);
    assert_eq!(exit, Some(1));
    assert_eq!(document["schema_version"], 1);
    assert_eq!(document["files"].as_array().map(Vec::len), Some(3));
    assert_eq!(document["counts"]["calls"], 12);
    assert_eq!(document["counts"]["must"], 1);
}

#[test]
fn a_capture_that_begins_in_the_middle_is_read_as_far_as_it_can_be() {
    let place = Place::new();
    let cell = "rust-tonic/rust-tonic/greeter/hundred-calls";
    let run = place.run(&[cell]);
    assert_eq!(run.exit, Some(0), "{}", run.stderr);
    let file = place.path().join("late.pcapng");
    let shown = place.show(&["--pcapng", &file.display().to_string(), cell]);
    assert_eq!(shown.exit, Some(0), "{}", shown.stderr);
    let whole = fs::read(&file).expect("a file");
    fs::write(&file, without_beginning(&whole)).expect("a file");
    let told = wirecheck(&["lint", &file.display().to_string()]);
    assert_eq!(told.exit, Some(0), "{}", told.stdout);
    assert!(
        told.stdout.contains("its beginning is not there"),
        "{}",
        told.stdout
    );
}

/// A pcapng without the first half of its packets.
fn without_beginning(file: &[u8]) -> Vec<u8> {
    const ENHANCED_PACKET: u32 = 6;
    let is_big = file[8..12] == [0x1a, 0x2b, 0x3c, 0x4d];
    let number = |at: usize| {
        let bytes = file[at..at + 4].try_into().expect("four bytes");
        match is_big {
            true => u32::from_be_bytes(bytes),
            false => u32::from_le_bytes(bytes),
        }
    };
    let (mut at, mut headers, mut packets) = (0, Vec::new(), Vec::new());
    while at < file.len() {
        let end = at + number(at + 4) as usize;
        match number(at) {
            ENHANCED_PACKET => packets.push(&file[at..end]),
            _ => headers.push(&file[at..end]),
        }
        at = end;
    }
    let behind = packets.split_off(packets.len() / 2);
    [headers, behind].concat().concat()
}

#[test]
fn what_is_no_capture_is_refused_with_its_path_before_anything_is_read() {
    let place = Place::new();
    let write = |name: &str, bytes: &[u8]| {
        let file = place.path().join(name);
        fs::write(&file, bytes).expect("a file");
        file.display().to_string()
    };
    let files = [
        (write("notes.txt", b"not a capture"), "it is no capture"),
        (write("empty.pcapng", b""), "the file is empty"),
        (
            write("begun.pcapng", b"\x0a\x0d\x0d\x0a\x1c"),
            "it is damaged",
        ),
        (
            write(
                "calls.ndjson",
                b"{\"schema_version\":1,\"type\":\"call\",\"number\":1}\n",
            ),
            "none of their bytes",
        ),
        (
            place.path().join("missing.pcapng").display().to_string(),
            "No such file",
        ),
        (place.path().display().to_string(), "it is a folder"),
    ];
    for (file, why) in files {
        let told = wirecheck(&["lint", SAY_HELLO, &file]);
        assert_eq!(told.exit, Some(2), "{file}: {}", told.stdout);
        assert!(told.stderr.contains(&file), "{}", told.stderr);
        assert!(told.stderr.contains(why), "{why}: {}", told.stderr);
    }
    let hinted = wirecheck(&[
        "lint",
        &place.path().join("notes.txt").display().to_string(),
    ]);
    assert_eq!(hinted.stdout, "", "nothing was read");
    assert!(
        hinted.stderr.contains("\n\nhint: it takes what Wireshark"),
        "{}",
        hinted.stderr
    );
}

#[test]
fn a_capture_without_http2_is_no_success() {
    let place = Place::new();
    let file = place.path().join("nothing.wirecap");
    fs::write(&file, b"WIRECAP\x01").expect("a file");
    let told = wirecheck(&["lint", &file.display().to_string()]);
    assert_eq!(told.exit, Some(4), "{}", told.stdout);
    assert!(told.stdout.ends_with("exit 4\n"), "{}", told.stdout);
}

#[test]
fn a_capture_that_is_cut_off_is_read_up_to_there() {
    let place = Place::new();
    let whole = fs::read(project_root().join(TEN_CALLS)).expect("a capture");
    let file = place.path().join("cut.wirecap");
    fs::write(&file, &whole[..whole.len() - 40]).expect("a file");
    let told = wirecheck(&["lint", &file.display().to_string()]);
    assert_eq!(told.exit, Some(0), "{}", told.stdout);
    assert!(
        told.stdout.contains("which is cut off after"),
        "{}",
        told.stdout
    );
}
