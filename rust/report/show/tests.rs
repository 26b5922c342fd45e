use super::*;
use crate::report::sample;

/// Ports, times and PING payloads are no facts of a case; here they are, since
/// a capture is a file that does not change.
fn shown(case: &str, with_schema: bool) -> String {
    let run = sample::changed_byte();
    let exchange = sample::exchange(case);
    let schema = sample::schema();
    let schema = with_schema.then_some(&schema);
    let material = Material {
        exchange: Some(&exchange),
        schema,
    };
    let text = show(&run, &run.cells[0], 0, material, Style::Plain);
    for line in text.lines() {
        assert!(text::width(line) <= super::super::style::WIDTH, "{line}");
    }
    text
}

#[test]
fn the_article_s_call() {
    let text = shown("say-hello", true);
    assert!(
        text.contains("00 00 00 00 07 0a 05 57 6f 72 6c 64\n"),
        "{text}"
    );
    insta::assert_snapshot!(text);
}

#[test]
fn without_a_schema_the_name_can_be_read() {
    let text = shown("say-hello", false);
    assert!(text.contains("1       \"World\""), "{text}");
}

#[test]
fn an_error_with_details() {
    insta::assert_snapshot!(shown("fail-with-details", true));
}

#[test]
fn a_deadline_ends_in_a_reset() {
    let text = shown("deadline", true);
    let reset = text.lines().find(|line| line.contains("RST_STREAM"));
    assert!(reset.is_some_and(|line| line.ends_with("CANCEL")), "{text}");
}

#[test]
fn binary_metadata_is_decoded_either_way() {
    for case in ["metadata-base64", "metadata-true-binary"] {
        insta::assert_snapshot!(case, shown(case, true));
    }
}

#[test]
fn a_long_message_is_cut() {
    let text = shown("split-message", true);
    assert!(text.contains("16,388 bytes over 2 pieces"), "{text}");
    assert!(text.contains("more bytes"), "{text}");
    assert!(text.lines().count() < 150);
}

#[test]
fn a_cell_without_a_capture_still_has_its_reports() {
    let run = sample::changed_byte();
    let text = show(&run, &run.cells[0], 0, Material::default(), Style::Plain);
    insta::assert_snapshot!(text);
    let beyond = show(&run, &run.cells[0], 7, Material::default(), Style::Plain);
    assert!(beyond.lines().count() < 8, "{beyond}");
}

#[test]
fn what_is_beyond_the_limits_is_counted() {
    let run = sample::changed_byte();
    let mut exchange = sample::exchange("say-hello");
    let connection = &mut exchange.connections[0];
    let last = connection.frames[17].clone();
    connection.frames.resize(20_000, last);
    let fields = &mut connection.streams[0].request.headers[0].fields;
    let field = fields[0].clone();
    fields.resize(1_000, field);
    let connection = exchange.connections[0].clone();
    exchange.connections.resize(20, connection);
    let material = Material {
        exchange: Some(&exchange),
        schema: None,
    };
    let text = show(&run, &run.cells[0], 0, material, Style::Plain);
    for more in [
        "... 19,900 frames left out",
        "... 936 more",
        "... 12 more connections",
    ] {
        assert!(text.contains(more), "{more}");
    }
    assert!(text.lines().count() < 8 * 300);
}

#[test]
fn frames_and_codes_have_their_names() {
    use wirecheck_core::wire::exchange::ErrorCode;
    use wirecheck_core::wire::frame::Body;
    let run = sample::changed_byte();
    let mut exchange = sample::exchange("say-hello");
    let frames = &mut exchange.connections[0].frames;
    frames.truncate(3);
    frames[0].kind = 7;
    frames[0].body = Body::GoAway {
        last_stream: 5,
        error: ErrorCode(11),
        debug: bytes::Bytes::from_static(b"too_many\x1bpings"),
    };
    frames[1].kind = 0x1f;
    frames[1].flags = 0x82;
    frames[1].body = Body::Unknown(bytes::Bytes::from_static(&[1, 2]));
    frames[2].kind = 4;
    frames[2].body = Body::Settings(vec![(0x99, 7)]);
    let material = Material {
        exchange: Some(&exchange),
        schema: None,
    };
    let text = show(&run, &run.cells[0], 0, material, Style::Plain);
    for told in [
        "ENHANCE_YOUR_CALM  last stream 5",
        r#""too_many\x1bpings""#,
        "0x1f ",
        "flags 0x82  01 02",
        "0x0099=7",
    ] {
        assert!(text.contains(told), "{told} in\n{text}");
    }
}
