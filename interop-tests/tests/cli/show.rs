//! `wirecheck show`: what passed in a cell of a run.

use super::wirecheck::{Answer, Place};

const CELL: &str = "rust-tonic/rust-tonic/greeter/say-hello";
/// The request of the article as it travels: not compressed, 7 bytes, field 1, "World".
const PAYLOAD: &str = "0000  00 00 00 00 07 0a 05 57 6f 72 6c 64\n";

#[test]
fn a_message_is_shown_as_bytes_and_as_fields() {
    let shown = show(&[CELL]);
    for told in [
        PAYLOAD,
        "message #1, HelloRequest, 7 bytes",
        "00..04  prefix  flag 0 (not compressed), length 7",
        r#"05..0b  1 name  "World""#,
        r#"05..12  1 message  "Hello, World""#,
        ":path         /Greeter/SayHello",
        "grpc-status  0   (OK)",
    ] {
        assert!(shown.contains(told), "{told}\n{shown}");
    }
}

/// gRPC is not encryption: whoever reads the line reads the name.
#[test]
fn without_a_schema_the_name_is_read_all_the_same() {
    let shown = show(&["--no-schema", CELL]);
    assert!(shown.contains(PAYLOAD), "{shown}");
    assert!(shown.contains(r#""World""#), "{shown}");
    assert!(!shown.contains("HelloRequest"), "{shown}");
    assert!(!shown.contains("1 name"), "{shown}");
}

#[test]
fn a_block_for_an_issue_is_markdown_with_versions_and_commands() {
    let block = show(&["--issue", CELL]);
    assert!(block.starts_with("### rust-tonic -> rust-tonic"), "{block}");
    for told in [
        "| client | rust-tonic | rust ",
        "At fault: the client",
        "https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md",
        "wirecheck run ",
        "wirecheck show ",
    ] {
        assert!(block.contains(told), "{told}\n{block}");
    }
    assert_eq!(
        block.matches("~~~~").count() % 2,
        0,
        "a fence is open\n{block}"
    );
}

#[test]
fn a_cell_that_the_latest_run_left_out_is_shown_from_the_newest_that_ran_it() {
    let place = Place::new();
    place.run(&[CELL]);
    let ran = place.last().id;
    place.run(&["rust-tonic/rust-tonic/greeter/empty-name"]);
    let latest = place.last().id;
    let shown = place.show(&[CELL]);
    assert_eq!(shown.exit, Some(0), "{}", shown.stderr);
    assert!(shown.stdout.contains(PAYLOAD), "{}", shown.stdout);
    assert_eq!(
        shown.stderr,
        format!("the latest run, {latest}, did not run this cell; this is run {ran}\n")
    );
    let named = place.show(&["--run", "latest", CELL]);
    assert_eq!(named.exit, Some(2), "{}", named.stdout);
}

#[test]
fn a_part_of_an_id_that_one_cell_has_is_enough() {
    assert!(show(&["say-hello"]).contains(CELL));
}

#[test]
fn a_name_that_no_cell_has_is_answered_with_the_nearest() {
    let answer = shown(&["say-helo"]);
    assert_eq!((answer.exit, answer.stdout.as_str()), (Some(2), ""));
    insta::assert_snapshot!(answer.stderr);
}

#[test]
fn a_cell_that_was_not_run_says_so() {
    let answer = shown(&["rust-tonic/rust-tonic/greeter/metadata"]);
    assert_eq!((answer.exit, answer.stdout.as_str()), (Some(2), ""));
    for told in [
        "rust-tonic/rust-tonic/greeter/metadata",
        "has no capture",
        "not selected",
    ] {
        assert!(answer.stderr.contains(told), "{told}\n{}", answer.stderr);
    }
}

#[test]
fn without_a_run_there_is_nothing_to_show() {
    let answer = Place::new().show(&[CELL]);
    assert_eq!((answer.exit, answer.stdout.as_str()), (Some(2), ""));
    for told in ["there is no run to look at", "`wirecheck run` makes one"] {
        assert!(answer.stderr.contains(told), "{told}\n{}", answer.stderr);
    }
}

fn show(arguments: &[&str]) -> String {
    let answer = shown(arguments);
    assert_eq!(answer.exit, Some(0), "{}", answer.stderr);
    assert_eq!(answer.stderr, "");
    answer.stdout
}

/// Runs the cell, then shows what the arguments name.
fn shown(arguments: &[&str]) -> Answer {
    let place = Place::new();
    let run = place.run(&[CELL]);
    assert_eq!(run.exit, Some(0), "{}", run.stderr);
    place.show(arguments)
}

#[test]
fn a_cell_becomes_packets_for_wireshark() {
    let place = Place::new();
    place.run(&[CELL]);
    let file = place.path().join("say-hello.pcapng");
    let shown = place.show(&["--pcapng", &file.display().to_string(), CELL]);
    assert_eq!(shown.exit, Some(0), "{}", shown.stderr);
    assert_eq!(shown.stdout, "");
    let told = "packets in 1 connection, servers from port 50051 on\n";
    assert!(shown.stderr.ends_with(told), "{}", shown.stderr);
    let packets = std::fs::read(&file).expect("a file");
    // The block type that a section begins with (pcapng, section 4.1).
    assert_eq!(packets[..4], [0x0a, 0x0d, 0x0d, 0x0a]);
    let request = [0, 0, 0, 0, 7, 0x0a, 5, b'W', b'o', b'r', b'l', b'd'];
    assert!(
        packets
            .windows(request.len())
            .any(|window| window == request)
    );

    let nowhere = place.path().join("no/such/folder/it.pcapng");
    let refused = place.show(&["--pcapng", &nowhere.display().to_string(), CELL]);
    assert_eq!(refused.exit, Some(3));
    assert!(
        refused.stderr.contains("cannot write"),
        "{}",
        refused.stderr
    );
}
