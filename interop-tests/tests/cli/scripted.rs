//! Cases with a scripted peer, on real sockets, against the Rust peer in both roles.

use super::wirecheck::{Answer, Place, answer, cell, command};

/// Both sides say what is right.
const RIGHT: &str = r#"suite: talk
about: A talk.
cases:
  - name: client
    about: A client is answered.
    against: client
    breaks: []
    call: /helloworld.Greeter/SayHello
    send: [{ name: World }]
    dialogue:
      - settings: {}
      - await: { type: SETTINGS }
      - settings_ack: {}
      - await: { stream: call 1, ends_stream: true }
      - headers: { response: 200 }
      - data: { message: { message: Hello } }
      - headers: { status: OK, end_stream: true }
    expect:
      receive: [{ message: Hello }]
  - name: server
    about: A server answers.
    against: server
    breaks: []
    calls: [{ id: hello, method: /helloworld.Greeter/SayHello }]
    dialogue:
      - preface: {}
      - settings: {}
      - await: { type: SETTINGS }
      - settings_ack: {}
      - headers: { request: /helloworld.Greeter/SayHello }
      - data: { message: { name: World }, end_stream: true }
      - await: { stream: 1, ends_stream: true }
    expect:
      calls: { hello: { status: OK } }
      handled: { /helloworld.Greeter/SayHello: { times: 1 } }
"#;

const CLIENT: &str = "rust-tonic/scripted/talk/client";
const SERVER: &str = "scripted/rust-tonic/talk/server";

fn run(place: &Place, suite: &str) -> Answer {
    let folder = place.write("talk.yaml", suite).display().to_string();
    let patterns = ["rust-tonic/scripted", "scripted/rust-tonic"];
    let told = ["--cases", folder.as_str(), "--timeout", "3s"];
    place.run(&[&told[..], &patterns[..]].concat())
}

#[test]
fn a_dialogue_is_played_with_a_client_and_with_a_server() {
    let place = Place::new();
    let ran = run(&place, RIGHT);
    assert_eq!(ran.exit, Some(0), "{}", ran.stderr);
    let report = place.last();
    for id in [CLIENT, SERVER] {
        assert_eq!(cell(&report, id).outcome, "pass", "{id}");
    }
    let planned = report
        .cells
        .iter()
        .filter(|cell| cell.id.contains("scripted/"));
    let all_are_of_the_suite = planned.clone().all(|cell| cell.suite == "talk");
    assert!(
        all_are_of_the_suite,
        "the script takes part in nothing else"
    );
    assert!(planned.count() >= 2);
}

#[test]
fn a_wrong_expectation_of_either_is_caught() {
    let place = Place::new();
    let wrong = RIGHT
        .replace(
            "receive: [{ message: Hello }]",
            "receive: [{ message: Bye }]",
        )
        .replace("status: OK }", "status: NOT_FOUND }");
    let ran = run(&place, &wrong);
    assert_eq!(ran.exit, Some(1), "{}", ran.stderr);
    let report = place.last();
    for (id, code) in [(CLIENT, "expect/receive"), (SERVER, "expect/status")] {
        let findings = &cell(&report, id).attempts[0].findings;
        let codes: Vec<&str> = findings.iter().map(|found| found.code.as_str()).collect();
        assert!(codes.contains(&code), "{id}: {codes:?}");
    }
}

#[test]
fn a_frame_that_does_not_come_is_told_with_the_line_that_waits() {
    let place = Place::new();
    let wrong = RIGHT.replace(
        "- settings: {}\n      - await: { type: SETTINGS }\n      - settings_ack: {}\n      - headers: { request",
        "- settings: {}\n      - await: { type: GOAWAY }\n      - headers: { request",
    );
    let ran = run(&place, &wrong);
    assert_eq!(ran.exit, Some(1), "{}", ran.stderr);
    let report = place.last();
    let findings = &cell(&report, SERVER).attempts[0].findings;
    let finding = findings
        .iter()
        .find(|finding| finding.code == "expect/dialogue")
        .expect("the line is told");
    assert_eq!(finding.path.as_deref(), Some("dialogue.3"));
    assert!(
        finding
            .sentence
            .contains("waited for GOAWAY, and it did not come")
    );
    let got = finding.got.as_ref().map(|got| got.value.as_str());
    assert_eq!(got, Some("no GOAWAY"), "what known.toml compares");
    assert!(ran.stderr.contains("SETTINGS"), "{}", ran.stderr);
}

#[test]
fn a_rule_that_is_not_broken_as_said_and_one_that_is_not_said_are_told() {
    let place = Place::new();
    let wrong = RIGHT
        .replace("breaks: []", "breaks: [response/http-status]")
        .replace(
            "headers: { response: 200 }",
            "headers: { fields: [\":status: 200\", \"content-type: text/plain\"] }",
        );
    let ran = run(&place, &wrong);
    assert_eq!(ran.exit, Some(1), "{}", ran.stderr);
    let report = place.last();
    let findings = &cell(&report, CLIENT).attempts[0].findings;
    let codes: Vec<&str> = findings.iter().map(|found| found.code.as_str()).collect();
    assert!(codes.contains(&"expect/breaks"), "{codes:?}");
    assert!(codes.contains(&"response/content-type"), "{codes:?}");
}

#[test]
fn a_script_that_does_not_read_hears_nothing_until_it_reads_on() {
    let place = Place::new();
    let request = "- await: { stream: call 1, ends_stream: true }";
    // The answer to a PING can only come when it is read no more.
    let deaf = "- stop_reading: {}\n      - ping: {}\n      - await: { type: PING, flags: [ACK] }";
    let told = RIGHT.replace(request, &format!("{deaf}\n      {request}"));
    let ran = run(&place, &told);
    assert_eq!(ran.exit, Some(1), "{}", ran.stderr);
    let report = place.last();
    let findings = &cell(&report, CLIENT).attempts[0].findings;
    let dialogue = findings
        .iter()
        .find(|finding| finding.code == "expect/dialogue");
    let path = dialogue.and_then(|finding| finding.path.as_deref());
    assert_eq!(path, Some("dialogue.6"));

    let hears = told.replace("- ping: {}", "- ping: {}\n      - read_on: {}");
    let ran = run(&place, &hears);
    assert_eq!(ran.exit, Some(0), "{}", ran.stderr);
}

/// The first connection is lost, and the second has lines of its own.
const TWO_CONNECTIONS: &str = r#"suite: talk
about: A talk.
cases:
  - name: client
    about: A client takes another connection.
    against: client
    calls:
      - { id: first, method: /helloworld.Greeter/SayHello, send: [{ message: { name: a } }] }
      - id: second
        method: /helloworld.Greeter/SayHello
        start_after: { call_ended: first }
        send: [{ message: { name: b } }]
    dialogue:
      - settings: {}
      - await: { stream: call 1, ends_stream: true }
      - headers: { response: 200, status: ABORTED, end_stream: true }
      - goaway: { last_stream: call 1 }
      - next_connection: {}
      - settings: {}
      - await: { stream: call 1, ends_stream: true }
      - headers: { response: 200, status: NOT_FOUND, end_stream: true }
      - await: { stream: call 2, optional: true }
      - rst_stream: { stream: call 2 }
    expect:
      calls:
        first: { status: ABORTED }
        second: { status: NOT_FOUND }
"#;

#[test]
fn another_connection_has_its_own_lines_and_the_last_of_them_may_be_optional() {
    let place = Place::new();
    let run = |suite: &str| {
        let folder = place.write("talk.yaml", suite).display().to_string();
        place.run(&["--cases", &folder, "--timeout", "3s", "rust-tonic/scripted"])
    };
    let ran = run(TWO_CONNECTIONS);
    assert_eq!(ran.exit, Some(0), "{}", ran.stderr);

    let wanted = TWO_CONNECTIONS.replace(", optional: true", "");
    let ran = run(&wanted);
    assert_eq!(ran.exit, Some(1), "{}", ran.stderr);
    let report = place.last();
    let findings = &cell(&report, CLIENT).attempts[0].findings;
    let paths: Vec<_> = findings
        .iter()
        .filter_map(|finding| finding.path.as_deref())
        .collect();
    assert_eq!(paths, ["dialogue.9"]);
}

#[test]
fn a_dialogue_is_explained_as_a_sequence() {
    let place = Place::new();
    let folder = place.write("talk.yaml", RIGHT).display().to_string();
    let told = answer(&mut command(&[
        "explain",
        "--cases",
        &folder,
        "talk/client",
    ]));
    assert_eq!(told.exit, Some(0), "{}", told.stderr);
    for line in [
        "1       <--------",
        "2       -------->",
        "... a frame on the stream of call 1 that ends its stream",
    ] {
        assert!(told.stdout.contains(line), "{line}\n{}", told.stdout);
    }
}
