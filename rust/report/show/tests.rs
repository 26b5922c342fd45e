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
