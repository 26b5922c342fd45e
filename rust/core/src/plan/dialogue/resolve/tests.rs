use super::super::super::load::load;
use super::super::super::resolve::resolve;
use super::super::super::schema::Schema;
use super::super::super::source::Source;
use super::super::told;
use super::*;
use crate::plan::types::CasePlan;

const PROTO: &str = "
    syntax = \"proto3\";
    message Name { string name = 1; }
    message Text { string message = 1; }
    service Greeter { rpc SayHello(Name) returns (Text); }
";

fn schema() -> Schema {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("greeter.proto");
    std::fs::write(&file, PROTO).expect("written");
    let set = protox::compile([&file], [folder.path()]).expect("compiles");
    Schema::decode(&prost::Message::encode_to_vec(&set)).expect("a set")
}

fn read(case: &str) -> Result<CasePlan, String> {
    let indented = case.replace('\n', "\n    ");
    let text =
        format!("suite: edge\nabout: a\ncases:\n  - name: a\n    about: b\n    {indented}\n");
    let loaded = load(Source::new("edge.yaml", text)).map_err(|problem| problem.render(false))?;
    let cases = resolve(&loaded, &schema()).map_err(|problem| problem.render(false))?;
    Ok(cases.into_iter().next().expect("one case"))
}

fn against_client(lines: &str) -> Result<CasePlan, String> {
    read(&format!(
        "against: client\ncall: /Greeter/SayHello\ndialogue:\n{lines}"
    ))
}

fn refused(lines: &str) -> String {
    against_client(lines).expect_err("a problem")
}

fn told(lines: &str) -> Vec<String> {
    let case = against_client(lines).unwrap_or_else(|problem| panic!("{problem}"));
    let dialogue = case.dialogue.expect("a dialogue");
    dialogue
        .lines
        .iter()
        .map(|line| told::act(&line.act))
        .collect()
}

#[test]
fn a_dialogue_is_read_line_by_line() {
    insta::assert_debug_snapshot!(told(
        r#"  - settings: { MAX_CONCURRENT_STREAMS: 1, 0xfe03: 1, "99": 7 }
  - await: { type: HEADERS, stream: call 1 }
  - settings_ack: {}
  - ping: { hex: "01 02 03 04 05 06 07 08" }
  - await: { type: PING, flags: [ACK], optional: true }
  - headers: { response: 200, fields: ["X-Upper:  a", { name: x-b, hex: "ff", coding: never-indexed }, { size_update: 0 }], split: [1, 2] }
  - data: { message: { message: Hello }, pad: 3 }
  - data: { hex: "0a 01 61", prefix: { flag: 1, length: 9 }, cut: 6 }
  - data: { fill: { count: 100000 }, frame_size: 16384, end_stream: true }
  - headers: { status: NOT_FOUND, end_stream: true }
  - rst_stream: { error: NO_ERROR }
  - window_update: { increment: 0 }
  - priority: { depends_on: 1, weight: 256 }
  - frame: { type: 250, flags: 255, stream: 7, length: 9, reserved: true, payload: { text: hi } }
  - goaway: { last_stream: call 1, error: ENHANCE_YOUR_CALM, debug: too_many_pings }
  - raw: { text: "HTTP/1.1 502 Bad Gateway" }
  - pause: 10ms
  - repeat: { n: 3, next_stream: true, steps: [{ rst_stream: { error: CANCEL } }] }
  - stop_reading: {}
  - read_on: {}
  - close: {}
  - await_close: {}
  - next_connection: {}
  - reset: {}"#
    ));
}

#[test]
fn a_line_within_a_repeat_has_a_number_and_a_place_of_its_own() {
    let case =
        against_client("  - repeat:\n      n: 2\n      steps:\n        - reset: {}").unwrap();
    let Act::Repeat { lines, .. } = &case.dialogue.expect("a dialogue").lines[0].act else {
        panic!("a repeat");
    };
    assert_eq!(lines[0].number, "1.1");
    assert_eq!(lines[0].at.to_string(), "edge.yaml:12");
}

#[test]
fn a_message_has_the_type_of_the_path_that_was_asked_for() {
    let case = read(
        "against: server\ndialogue:\n  - headers: { stream: 7, request: /Greeter/SayHello }\n  - data: { stream: 7, message: { name: a } }",
    )
    .unwrap();
    let dialogue = case.dialogue.expect("a dialogue");
    assert_eq!(
        told::act(&dialogue.lines[1].act),
        "DATA on stream 7: 00 00 00 00 03, then 0a 01 61"
    );
}

#[test]
fn what_comes_of_a_script_is_held_against_the_role_under_test() {
    let case = against_client("  - reset: {}").unwrap();
    assert_eq!(case.blames, Some(Party::Client));
    assert_eq!(
        (case.client, case.server),
        (
            crate::plan::types::PeerKind::Contract,
            crate::plan::types::PeerKind::Scripted
        )
    );
}

#[test]
fn a_key_that_no_frame_has_is_pointed_at() {
    insta::assert_snapshot!(refused("  - data: { raw: { hex: \"00\" }, paddding: 3 }"));
}

#[test]
fn a_key_that_no_field_has_is_pointed_at() {
    insta::assert_snapshot!(refused("  - headers: { fields: [{ name: a, valeu: b }] }"));
}

#[test]
fn a_field_without_a_colon_is_pointed_at() {
    insta::assert_snapshot!(refused("  - headers: { fields: [\":status 200\"] }"));
}

#[test]
fn an_unknown_frame_type_is_pointed_at() {
    insta::assert_snapshot!(refused("  - await: { type: HEADER }"));
}

#[test]
fn an_unknown_setting_is_pointed_at() {
    insta::assert_snapshot!(refused("  - settings: { MAX_CONCURENT_STREAMS: 1 }"));
}

#[test]
fn a_number_out_of_its_range_is_pointed_at() {
    insta::assert_snapshot!(refused("  - data: { pad: 256 }"));
}

#[test]
fn a_line_that_does_two_things_is_pointed_at() {
    insta::assert_snapshot!(refused("  - settings_ack: {}\n    close: {}"));
}

#[test]
fn a_wrong_line_within_a_repeat_is_pointed_at() {
    insta::assert_snapshot!(refused(
        "  - repeat: { n: 2, steps: [{ ping: { hex: \"01\" } }] }"
    ));
}

#[test]
fn another_connection_is_a_servers_and_of_no_repeat() {
    insta::assert_snapshot!(refused(
        "  - repeat: { n: 2, steps: [{ next_connection: {} }] }"
    ));
    insta::assert_snapshot!(
        read("against: server\ndialogue: [{ next_connection: {} }]").expect_err("a problem")
    );
    insta::assert_snapshot!(
        read("against: server\ndialogue: [{ await: { optional: true } }]").expect_err("a problem")
    );
}

#[test]
fn each_connection_has_its_lines_and_the_last_ones_are_done_anew() {
    let case =
        against_client("  - reset: {}\n  - next_connection: {}\n  - settings: {}\n  - close: {}");
    let dialogue = case.unwrap().dialogue.expect("a dialogue");
    let numbers = |connection| {
        let (lines, is_last) = dialogue.part(connection);
        let numbers: Vec<_> = lines.iter().map(|line| line.number.as_str()).collect();
        (numbers.join(" "), is_last)
    };
    assert_eq!(numbers(0), ("1 2".into(), false));
    assert_eq!(numbers(1), ("3 4".into(), true));
    assert_eq!(numbers(2), ("3 4".into(), true));
}

#[test]
fn a_rule_that_there_is_not_is_pointed_at() {
    insta::assert_snapshot!(refused("  - reset: {}\nbreaks: [response/http-statu]"));
}

#[test]
fn more_than_can_be_sent_is_refused_before_anything_is() {
    insta::assert_snapshot!(refused(
        "  - repeat: { n: 4000000000, steps: [{ data: { raw: { hex: \"00\" } } }] }"
    ));
}

#[test]
fn a_dialogue_needs_somebody_to_talk_to() {
    insta::assert_snapshot!(
        read("call: /Greeter/SayHello\ndialogue: [{ close: {} }]").expect_err("a problem")
    );
    insta::assert_snapshot!(
        read("call: /Greeter/SayHello\nagainst: client").expect_err("a problem")
    );
}
