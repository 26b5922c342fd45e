use std::path::PathBuf;

use wirecheck_core::judge::finding::Culprit;
use wirecheck_core::judge::rules::Lint;
use wirecheck_core::wire::capture::{Event, Reader};
use wirecheck_core::wire::decode::{LiveDecoder, Seen};

use super::*;
use crate::report::sample;

/// What is printed while a committed capture passes.
fn told(case: &str, schema: Option<&Schema>, secrets: &Secrets) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("rust/core/tests/captures");
    let file = folder.join(format!("python-grpcio.python-grpcio.{case}.wirecap"));
    let file = std::fs::File::open(file).expect("a capture of this case");
    let mut reader = Reader::new(file).expect("a capture");
    let writing = Writing {
        schema,
        secrets,
        style: Style::Plain,
    };
    let (mut lint, mut text, mut number) = (Lint::default(), String::new(), 1);
    let mut hear = |seen: Seen<'_>| {
        let findings = lint.hear(&seen);
        match &seen {
            Seen::Messages(glimpse) => text.push_str(&writing.messages(number, glimpse)),
            Seen::Ended(glimpse) => {
                text.push_str(&writing.ended(number, glimpse));
                number += 1;
            }
            _ => {}
        }
        for finding in findings {
            text.push_str(&writing.finding(&finding, None));
        }
    };
    let mut decoder = LiveDecoder::new(LiveDecoder::live_limits());
    while let Some(mut record) = reader.next_record().expect("whole records") {
        // Times are those of the machine that recorded it.
        record.at_ns = match record.event {
            Event::Opened => 0,
            _ => 2_000_000,
        };
        decoder.feed(record, &mut hear);
    }
    decoder.finish(&mut hear);
    for line in text.lines() {
        assert!(text::width(line) <= WIDTH, "{line}");
    }
    text
}

#[test]
fn a_call_is_a_block_with_its_messages() {
    let schema = sample::schema();
    insta::assert_snapshot!(told("say-hello", Some(&schema), &Secrets::default()));
}

#[test]
fn without_a_schema_fields_have_numbers() {
    let text = told("say-hello", None, &Secrets::default());
    assert!(text.contains("-> 1: \"World\"\n"), "{text}");
    assert!(text.contains("<- 1: \"Hello, World\"\n"), "{text}");
}

#[test]
fn messages_of_a_stream_stand_on_their_own() {
    let schema = sample::schema();
    insta::assert_snapshot!(told("server-streaming", Some(&schema), &Secrets::default()));
}

#[test]
fn an_error_has_its_message_and_a_reset_its_sender() {
    let schema = sample::schema();
    let failed = told("fail-with-details", Some(&schema), &Secrets::default());
    insta::assert_snapshot!(failed);
    let reset = told("deadline", Some(&schema), &Secrets::default());
    assert!(reset.contains("the client reset the stream"), "{reset}");
}

#[test]
fn metadata_that_is_secret_is_not_shown() {
    let open = told("metadata-base64", None, &Secrets::default());
    let line = open.lines().find(|line| line.contains("metadata"));
    let (key, value) = line
        .and_then(|line| line.trim_start().strip_prefix("metadata"))
        .and_then(|entry| entry.trim().split_once(": "))
        .expect("the capture has metadata");
    let value = value.split(' ').next().expect("a value");
    let hidden = told("metadata-base64", None, &Secrets::new([key]));
    assert!(hidden.contains(&format!("{key}: [redacted]")), "{hidden}");
    assert!(open.contains(value) && !hidden.contains(value), "{hidden}");
}

#[test]
fn a_summary_counts_everything() {
    let mut counted = Summary {
        open_ns: 61_000_000_000,
        connections: 3,
        refused: 1,
        foreign: 1,
        messages: [1_200, 1_199],
        bytes: [20_000, 30_000],
        left_out: vec!["3 calls not shown: what takes them is too slow".into()],
        files: vec!["a.pcapng: 36 packets".into()],
        ..Summary::default()
    };
    let calls = [("OK", 1_199), ("NOT_FOUND", 1)];
    for (ending, count) in calls {
        let key = ("/Greeter/SayHello".to_owned(), ending.to_owned());
        counted.calls.insert(key, count);
    }
    let must = "the request has no `te`";
    counted.count_finding("request/te-trailers", Culprit::Client, Level::Must, must);
    counted.count_finding("request/te-trailers", Culprit::Client, Level::Must, must);
    assert!(counted.broke_must());
    insta::assert_snapshot!(summary(&counted, Style::Plain));
}
