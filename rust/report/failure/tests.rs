use wirecheck_core::model::run::{SectionOf, WhereOf};
use wirecheck_core::wire::exchange::{Exchange, HeaderList};

use super::*;
use crate::report::sample;

/// What a user reads of the first cell. Commands and links apart, no line is
/// too wide, and above the bytes there are at most eight.
fn told(run: &Run, exchange: Option<&Exchange>, with_schema: bool) -> String {
    let schema = sample::schema();
    let schema = with_schema.then_some(&schema);
    let text = failure(
        run,
        &run.cells[0],
        Material { exchange, schema },
        Style::Plain,
    );
    for line in text.lines() {
        assert!(
            text::width(line) <= WIDTH || line.contains("http"),
            "{line}"
        );
    }
    let above = text.lines().take_while(|line| !line.contains("offset "));
    assert!(!text.contains("offset ") || above.count() <= 8, "{text}");
    assert!(!text.contains("\n\n\n"), "{text}");
    text
}

#[test]
fn one_changed_byte() {
    insta::assert_snapshot!(told(&sample::changed_byte(), None, true));
}

#[test]
fn one_changed_byte_without_a_schema() {
    let exchange = sample::exchange("say-hello");
    insta::assert_snapshot!(told(&sample::changed_byte(), Some(&exchange), false));
}

#[test]
fn the_same_meaning_in_other_bytes() {
    let sentence = "request message #1 has 8 bytes, expected 7";
    let finding = sample::of_bytes(sentence, b"\x0a\x05World", b"\x0a\x85\x00World");
    let run = sample::failing("python-grpcio", "rust-tonic", finding);
    insta::assert_snapshot!(told(&run, None, true));
}

#[test]
fn a_field_too_many_and_one_with_another_type() {
    let sentence = "request message #1 differs at byte 0: 08, expected 0a";
    let finding = sample::of_bytes(sentence, b"\x0a\x05World", b"\x08\x05\x12\x03\x0a\x01a");
    let run = sample::failing("python-grpcio", "rust-tonic", finding);
    insta::assert_snapshot!(told(&run, None, true));
}

#[test]
fn a_long_message_is_cut() {
    let expected = [&b"\x0a\xe8\x07"[..], &[b'a'; 1000]].concat();
    let mut got = expected.clone();
    for at in (3..1003).step_by(40) {
        got[at] = b'b';
    }
    let mut finding = sample::of_bytes("request message #1 differs at byte 3", &expected, &got);
    let value = finding.got.as_mut().expect("it has one");
    value.length = 1_000_000;
    value.cut = true;
    value.sha256 = Some("ab".repeat(32));
    let run = sample::failing("python-grpcio", "rust-tonic", finding);
    insta::assert_snapshot!(told(&run, None, true));
}

fn place_of(list: &HeaderList) -> WhereOf {
    WhereOf {
        connection: Some(1),
        stream: Some(1),
        frame: list.place.frame,
        message: None,
        sender: Some("server".into()),
        byte_range: Some((list.place.range.start, list.place.range.end)),
        at_ns: Some(2_500_000),
    }
}

fn trailers(exchange: &Exchange) -> &HeaderList {
    exchange.connections[0].streams[0]
        .response
        .trailers()
        .expect("trailers came")
}

fn of_header(sentence: &str, place: WhereOf, expected: &str, got: &str) -> FindingOf {
    FindingOf {
        code: "expect/wire".into(),
        fingerprint: "b2".into(),
        level: "MUST".into(),
        culprit: "server".into(),
        sentence: sentence.into(),
        place,
        expected: Some(sample::words(expected)),
        got: Some(sample::words(got)),
        path: Some("wire.response.trailers.grpc-status".into()),
        case_at: Some("cases/greeter.yaml:5".into()),
        ..FindingOf::default()
    }
}

#[test]
fn another_value_of_a_trailer() {
    let exchange = sample::exchange("unknown-method");
    let list = trailers(&exchange);
    let mut place = place_of(list);
    let field = &list.get("grpc-status").expect("there is a status").range;
    place.byte_range = Some((field.start, field.end));
    let sentence = "`grpc-status` is 12 on the wire, expected 0";
    let finding = of_header(sentence, place, "0", "12");
    let run = sample::failing("python-grpcio", "rust-tonic", finding);
    insta::assert_snapshot!(told(&run, Some(&exchange), true));
}

#[test]
fn a_trailer_that_is_missing() {
    let exchange = sample::exchange("unknown-method");
    let mut finding = of_header(
        "`x-tag` is missing in a Trailers-Only response",
        place_of(trailers(&exchange)),
        "a value",
        "(absent)",
    );
    finding.code = "response/x-tag".into();
    finding.path = None;
    finding.case_at = None;
    finding.section = Some(SectionOf {
        name: "gRPC over HTTP2, \"Responses\"".into(),
        quote: "Trailers-Only \u{2192} HTTP-Status Content-Type Trailers".into(),
        link: "https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses".into(),
    });
    let run = sample::failing("python-grpcio", "rust-tonic", finding);
    insta::assert_snapshot!(told(&run, Some(&exchange), true));
}

#[test]
fn a_header_that_should_be_elsewhere() {
    let exchange = sample::exchange("unknown-method");
    let list = trailers(&exchange);
    let mut place = place_of(list);
    let field = &list.get("grpc-message").expect("there is a message").range;
    place.byte_range = Some((field.start, field.end));
    let mut finding = of_header(
        "`grpc-message` says nothing",
        place,
        "",
        "Method not found!",
    );
    finding.expected = None;
    let run = sample::failing("python-grpcio", "rust-tonic", finding);
    let text = told(&run, Some(&exchange), true);
    let line = text
        .lines()
        .find(|line| line.contains("grpc-message  Method"));
    assert_eq!(
        line,
        Some("      grpc-message  Method not found!     <--"),
        "{text}"
    );
}

#[test]
fn another_status_than_expected() {
    let exchange = sample::exchange("fail-with-details");
    let mut finding = of_header(
        "the call ended with FAILED_PRECONDITION, expected OK",
        place_of(trailers(&exchange)),
        "OK",
        "FAILED_PRECONDITION",
    );
    finding.code = "expect/status".into();
    finding.path = Some("calls.call.status".into());
    let mut run = sample::failing("python-grpcio", "rust-tonic", finding.clone());
    finding.fingerprint = "c3".into();
    finding.code = "expect/message".into();
    finding.sentence = "the status message is \"a\\b\x1b[0m\", expected empty".into();
    run.cells[0].attempts[0].findings.push(finding);
    insta::assert_snapshot!(told(&run, Some(&exchange), true));
}

#[test]
fn a_long_word_of_a_peer_is_broken() {
    let got = "x".repeat(2_000);
    let finding = of_header("`x` is another value", WhereOf::default(), "y", &got);
    let run = sample::failing("python-grpcio", "rust-tonic", finding);
    let text = told(&run, None, true);
    assert!(text.lines().count() < 40, "{text}");
}

#[test]
fn a_rate_that_is_not_as_listed() {
    let finding = of_header(
        "the call ended with CANCELLED, expected OK",
        WhereOf::default(),
        "OK",
        "CANCELLED",
    );
    let mut run = sample::failing("python-grpcio", "rust-tonic", finding);
    run.known = vec![sample::known_of()];
    let reason = Some(("fail", "known in 1..5/30 samples, seen in 9 of 30"));
    sample::set(&mut run, "", Outcome::Fail, reason);
    run.cells[0].distribution = [("OK".to_owned(), 21), ("CANCELLED".to_owned(), 9)].into();
    insta::assert_snapshot!(told(&run, None, true));
}

#[test]
fn a_cell_that_was_never_tried() {
    let mut run = sample::failing("python-grpcio", "rust-tonic", FindingOf::default());
    run.cells[0].attempts.clear();
    sample::set(
        &mut run,
        "",
        Outcome::Error,
        Some(("peer", "the server was not ready within 10 s")),
    );
    run.cells[0].reason.as_mut().expect("set above").mend = Some("run `make python`".into());
    insta::assert_snapshot!(told(&run, None, true));
}

#[test]
fn a_peer_that_died_in_mid_call() {
    let finding = FindingOf {
        code: "peer/process".into(),
        fingerprint: "peer/process".into(),
        level: "MUST".into(),
        culprit: "server".into(),
        sentence: "the server died during the call: signal: 9 (SIGKILL)".into(),
        ..FindingOf::default()
    };
    let mut run = sample::failing("python-grpcio", "rust-tonic", finding);
    run.cells[0].attempts[0].calls.clear();
    sample::set(
        &mut run,
        "",
        Outcome::Error,
        Some((
            "peer",
            "the server died during the call: signal: 9 (SIGKILL)",
        )),
    );
    insta::assert_snapshot!(told(&run, None, true));
}

#[test]
fn the_known_finding_is_not_the_one_that_is_told() {
    let mut run = sample::changed_byte();
    run.known = vec![sample::known_of()];
    let cell = &mut run.cells[0];
    cell.known_entry = vec![0];
    let known = of_header(
        "the call ended with CANCELLED",
        WhereOf::default(),
        "OK",
        "CANCELLED",
    );
    cell.attempts[0].findings.insert(
        0,
        FindingOf {
            code: "expect/status".into(),
            ..known
        },
    );
    let (_, finding) = chosen(&run, &run.cells[0]).expect("there are two");
    assert_eq!(finding.code, "expect/wire-bytes");
}
