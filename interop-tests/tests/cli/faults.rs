//! Cases with faults on the line, on real sockets, with the Rust peer in both roles.

use super::text::assert_text;
use super::wirecheck::{Answer, Place, answer, cell, command};

const SUITE: &str = r#"suite: line
about: A line.
cases:
  - name: page
    about: A page in place of an answer.
    call: /helloworld.Greeter/SayHello
    send: [{ name: World }]
    faults:
      - from: server
        frame: { type: HEADERS, nth: 1 }
        insert:
          - headers: { fields: [":status: 503", "content-type: text/plain"], end_stream: true }
      - { from: server, frame: { type: DATA, stream: call 1 }, drop: {}, if_there: true }
      - { from: server, frame: { type: HEADERS, stream: call 1 }, drop: {} }
    expect: { status: UNAVAILABLE }
  - name: changed
    about: Each is judged by what it sent itself.
    call: /helloworld.Greeter/SayHello
    send: [{ name: World }]
    faults:
      - { from: client, frame: { type: DATA, nth: 1 }, payload: { at: 7, set: "77" } }
      - { from: server, frame: { type: HEADERS, nth: 1 }, header: { remove: content-type } }
      - { from: server, frame: { type: HEADERS, nth: 1 }, header: { add_last: "Content-Type: application/grpc" }, if_there: true }
      - { from: server, frame: { type: HEADERS, nth: 1 }, header: { remove: Content-Type } }
      - { from: server, frame: { type: HEADERS, nth: 1 }, header: { add_last: "content-type: application/grpc" } }
    expect:
      receive: [{ message: "Hello, world" }]
      handled: { /helloworld.Greeter/SayHello: { times: 1, receive: [{ name: world }] } }
      wire:
        request.message.0: { hex: "0a 05 57 6f 72 6c 64" }
        response.message.0: { hex: "0a 0c 48 65 6c 6c 6f 2c 20 77 6f 72 6c 64" }
  - name: refused
    about: The first connection is refused.
    call: /helloworld.Greeter/SayHello
    send: [{ name: World }]
    timeout: 5s
    faults: [{ refuse: 1 }]
    expect: { status: { any_of: [OK, UNAVAILABLE, UNKNOWN] } }
"#;

const CELLS: [&str; 3] = ["page", "changed", "refused"];

fn id(case: &str) -> String {
    format!("rust-tonic/rust-tonic/line/{case}")
}

fn run(place: &Place, suite: &str) -> Answer {
    let folder = place.write("line.yaml", suite).display().to_string();
    place.run(&[
        "--cases",
        &folder,
        "--timeout",
        "5s",
        "rust-tonic/rust-tonic",
    ])
}

fn list(place: &Place, suite: &str) -> Answer {
    let folder = place.write("line.yaml", suite).display().to_string();
    answer(&mut command(&["list", "--cases", &folder]))
}

#[test]
fn faults_are_put_on_the_line_and_each_side_is_judged_by_what_it_sent() {
    let place = Place::new();
    let ran = run(&place, SUITE);
    assert_eq!(ran.exit, Some(0), "{}", ran.stderr);
    let report = place.last();
    for case in CELLS {
        let id = id(case);
        let cell = cell(&report, &id);
        assert_eq!(cell.outcome, "pass", "{id}");
        let captures = &cell.attempts[0].captures;
        let beside: Vec<&str> = captures.iter().map(|one| one.beside.as_str()).collect();
        assert_eq!(beside, ["", "server"], "{id}");
        let checks = &cell.attempts[0].checks;
        let of_faults = checks
            .iter()
            .filter(|check| check.path.starts_with("faults."));
        assert!(of_faults.count() > 0, "{id}");
    }
}

#[test]
fn a_fault_that_never_came_to_the_line_is_told() {
    let place = Place::new();
    let never = SUITE.replace(
        "{ from: server, frame: { type: HEADERS, stream: call 1 }, drop: {} }",
        "{ from: server, frame: { type: GOAWAY, nth: 7 }, drop: {} }",
    );
    let ran = run(&place, &never);
    assert_eq!(ran.exit, Some(1), "{}", ran.stderr);
    let report = place.last();
    let findings = &cell(&report, &id("page")).attempts[0].findings;
    let finding = findings.iter().find(|finding| finding.code == "line/fault");
    let finding = finding.expect("the fault is told");
    assert_eq!(finding.culprit, "undetermined");
    assert_eq!(finding.path.as_deref(), Some("faults.3"));
    assert!(
        finding
            .sentence
            .contains("#7 GOAWAY of the server is left out"),
        "{}",
        finding.sentence
    );
}

#[test]
fn a_peer_that_sends_what_is_wrong_itself_is_still_blamed_for_it() {
    let place = Place::new();
    let wrong = SUITE.replace("0a 05 57 6f", "0a 05 57 6e");
    let ran = run(&place, &wrong);
    assert_eq!(ran.exit, Some(1), "{}", ran.stderr);
    let report = place.last();
    let findings = &cell(&report, &id("changed")).attempts[0].findings;
    let finding = findings
        .iter()
        .find(|finding| finding.code == "expect/wire-bytes");
    assert_eq!(finding.expect("told").culprit, "client");
}

#[test]
fn faults_are_explained() {
    let place = Place::new();
    let folder = place.write("line.yaml", SUITE).display().to_string();
    let told = answer(&mut command(&["explain", "--cases", &folder, "line/page"]));
    assert_eq!(told.exit, Some(0), "{}", told.stderr);
    for line in [
        "faults",
        "before the first HEADERS of the server",
        "each DATA of the server on the stream of call 1 is left out, if it comes",
    ] {
        assert!(told.stdout.contains(line), "{line}\n{}", told.stdout);
    }
}

#[test]
fn a_fault_that_cannot_be_is_pointed_at() {
    let wrongs = [
        ("unknown-key", "drop: {} }\n", "dorp: {} }\n"),
        (
            "no-place",
            "{ from: server, frame: { type: HEADERS, stream: call 1 }, drop: {} }",
            "{ from: server, drop: {} }",
        ),
        (
            "two-things",
            "{ from: server, frame: { type: HEADERS, stream: call 1 }, drop: {} }",
            "{ from: server, frame: { type: HEADERS }, drop: {}, twice: {} }",
        ),
        (
            "no-header",
            "frame: { type: DATA, nth: 1 }, payload: { at: 7, set: \"77\" }",
            "frame: { type: DATA, nth: 1 }, header: { remove: te }",
        ),
        (
            "over-tls",
            "    about: A page in place of an answer.\n",
            "    about: A page in place of an answer.\n    variants: [tls]\n",
        ),
        (
            "refuse-more",
            "{ refuse: 1 }",
            "{ refuse: 1, from: client }",
        ),
    ];
    for (name, right, wrong) in wrongs {
        let place = Place::new();
        assert!(SUITE.contains(right), "{name}");
        let answer = list(&place, &SUITE.replacen(right, wrong, 1));
        assert_eq!(answer.exit, Some(2), "{name}\n{}", answer.stderr);
        assert_eq!(answer.stdout, "", "{name}");
        assert_text!(format!("fault-{name}"), place.path(), answer.stderr);
    }
}
