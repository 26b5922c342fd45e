//! `wirecheck tap` between two programs: a client and a server that say to each other, byte for
//! byte, what a real pair said when it was recorded.

mod pair;
mod tapping;

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use rustix::process::Signal;
use serde_json::Value;

use super::wirecheck::{Place, answer, command, wirecheck};
use pair::{Pair, listen};
use tapping::Tapping;
use wirecheck_interop_tests::prerequisite::project_root;

const HELLO: [&str; 2] = ["--proto", "proto/hello.proto"];

#[test]
fn a_call_is_told_with_its_messages_and_counted_in_the_end() {
    let pair = Pair::of("say-hello");
    let tapping = Tapping::start(&pair.address, &HELLO);
    pair.talk(&tapping.address);
    let told = tapping.end(Signal::INT);
    assert_eq!(told.exit, Some(0), "{}", told.stderr);
    for line in [
        "#1    OK  /Greeter/SayHello",
        "-> name: \"World\"",
        "<- message: \"Hello, World\"",
    ] {
        assert!(told.stdout.contains(line), "{line}\n{}", told.stdout);
    }
    for line in [
        "1 call on 1 connection",
        "1  OK  /Greeter/SayHello",
        "clients    1 message in",
    ] {
        assert!(told.stderr.contains(line), "{line}\n{}", told.stderr);
    }
}

#[test]
fn without_a_schema_fields_have_numbers_and_term_ends_it_too() {
    let pair = Pair::of("ten-calls");
    let tapping = Tapping::start(&pair.address, &[]);
    pair.talk(&tapping.address);
    let told = tapping.end(Signal::TERM);
    assert_eq!(told.exit, Some(0), "{}", told.stderr);
    assert!(told.stdout.contains("#10"), "{}", told.stdout);
    assert!(told.stdout.contains("-> 1: \""), "{}", told.stdout);
    assert!(
        told.stderr.contains("10 calls on 1 connection"),
        "{}",
        told.stderr
    );
}

#[test]
fn json_is_one_object_for_each_call_and_nothing_else() {
    let pair = Pair::of("server-streaming");
    let tapping = Tapping::start(&pair.address, &[&HELLO[..], &["--json"]].concat());
    pair.talk(&tapping.address);
    let told = tapping.end(Signal::INT);
    let calls: Vec<Value> = told
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line of JSON"))
        .collect();
    assert_eq!(calls.len(), 1, "{}", told.stdout);
    let call = &calls[0];
    assert_eq!(call["schema_version"], 1);
    assert_eq!(call["end"]["status"], "OK");
    assert_eq!(call["response"]["message_count"], 3);
    assert_eq!(
        call["response"]["messages"].as_array().map(Vec::len),
        Some(3)
    );
    assert!(call["duration_ms"].is_number(), "{call}");
    assert!(
        told.stderr.contains("1 call on 1 connection"),
        "{}",
        told.stderr
    );
}

#[test]
fn packets_hold_every_byte_in_order() {
    let place = Place::new();
    let file = place.path().join("all.pcapng").display().to_string();
    let pair = Pair::of("say-hello");
    let sent = pair.bytes();
    let tapping = Tapping::start(&pair.address, &["--pcapng", &file]);
    pair.talk(&tapping.address);
    let told = tapping.end(Signal::INT);
    assert!(told.stderr.contains("all.pcapng: "), "{}", told.stderr);
    assert_eq!(pair::payloads(&fs::read(&file).expect("a file")), sent);
}

#[test]
fn saved_calls_are_cases() {
    let place = Place::new();
    let folder = place.path().join("cases");
    fs::create_dir(&folder).expect("a folder");
    let file = folder.join("seen.yaml").display().to_string();
    let pair = Pair::of("ten-calls");
    let tapping = Tapping::start(
        &pair.address,
        &[&HELLO[..], &["--save-cases", &file]].concat(),
    );
    pair.talk(&tapping.address);
    let told = tapping.end(Signal::INT);
    assert!(told.stderr.contains("seen.yaml: "), "{}", told.stderr);
    let folder = folder.display().to_string();
    let listed = wirecheck(&["list", "--cases", &folder]);
    assert_eq!(listed.exit, Some(0), "{}", listed.stderr);
    assert!(listed.stdout.contains("say-hello"), "{}", listed.stdout);
    let ran = place.run(&["--cases", &folder, "rust-tonic/rust-tonic/seen/say-hello"]);
    assert!(matches!(ran.exit, Some(0 | 1)), "{}", ran.stderr);
}

/// A client that knows nothing of Wirecheck, and no schema either.
const CLIENT: &str = "
import sys
import grpc

with grpc.insecure_channel(sys.argv[1]) as channel:
    call = channel.unary_unary('/Greeter/SayHello')
    print(call(b'\\x0a\\x05World', timeout=20))
";

#[test]
fn saved_calls_are_replies_too() {
    let place = Place::new();
    let file = place.path().join("seen.yaml").display().to_string();
    let pair = Pair::of("say-hello");
    let tapping = Tapping::start(
        &pair.address,
        &[&HELLO[..], &["--save-cases", &file]].concat(),
    );
    pair.talk(&tapping.address);
    tapping.end(Signal::INT);
    let script = place.write("client.py", CLIENT).join("client.py");
    let python = project_root().join(".venv/bin/python");
    let client = format!("{} {} {{target}}", python.display(), script.display());
    let printed = place.write("printed", "b'\\n\\x0cHello, World'\n");
    let printed = printed.join("printed");
    let printed = printed.display().to_string();
    let words = ["--client", &client, "--client-output", &printed];
    let ran = place.run(&[&words[..], &HELLO, &["--cases", &file]].concat());
    assert_eq!(ran.exit, Some(0), "{}", ran.stderr);
    let cells = place.last().cells;
    assert!(cells.iter().all(|cell| cell.case == "answers.given"));
    assert!(cells.iter().any(|cell| cell.outcome == "pass"));
}

#[test]
fn what_breaks_a_rule_is_told_once_with_its_side() {
    let pair = Pair::of("say-hello").without_te();
    let tapping = Tapping::start(&pair.address, &["--strict"]);
    pair.talk(&tapping.address);
    let told = tapping.end(Signal::INT);
    let findings = told.stdout.matches("request/te-trailers").count();
    assert_eq!(findings, 1, "{}", told.stdout);
    assert!(told.stdout.contains("MUST client: "), "{}", told.stdout);
    assert_eq!(told.exit, Some(1), "--strict\n{}", told.stderr);
}

/// What nobody reads fills the pipe, and printing it would not end.
#[test]
fn output_that_nobody_reads_holds_up_neither_the_traffic_nor_an_end_told_twice() {
    let pair = Pair::of("ten-calls");
    let mut tapping = Tapping::start(&pair.address, &HELLO);
    for _ in 0..60 {
        pair.talk(&tapping.address);
    }
    tapping.send(Signal::INT);
    tapping.wait_for("told to end once more");
    tapping.send(Signal::INT);
    assert_eq!(tapping.ended().exit, Some(130));
}

#[test]
fn secrets_are_in_nothing_that_is_printed_or_written() {
    let place = Place::new();
    let path = |name: &str| place.path().join(name).display().to_string();
    let (packets, cases) = (path("all.pcapng"), path("seen.yaml"));
    let pair = Pair::of("metadata-base64");
    let files = ["--pcapng", &packets, "--save-cases", &cases];
    let (key, value) = ("x-text", b"plain");
    for extra in [vec![], vec!["--json"]] {
        let arguments = [&HELLO[..], &files, &["--secret", key], &extra].concat();
        let tapping = Tapping::start(&pair.address, &arguments);
        pair.talk(&tapping.address);
        let told = tapping.end(Signal::INT);
        let read = |file: &str| fs::read(file).expect("a file");
        let written = [
            told.stdout.into_bytes(),
            told.stderr.into_bytes(),
            read(&packets),
            read(&cases),
        ];
        for output in &written {
            let found = output.windows(value.len()).any(|bytes| bytes == value);
            assert!(
                !found,
                "the value of `{key}` is in {}",
                String::from_utf8_lossy(output)
            );
        }
        assert!(String::from_utf8_lossy(&written[0]).contains("[redacted]"));
    }
}

#[test]
fn what_speaks_something_else_is_said() {
    let (server, address) = listen();
    let tapping = Tapping::start(&address, &[]);
    let mut client = TcpStream::connect(&tapping.address).expect("the tap listens");
    client
        .write_all(b"GET / HTTP/1.1\r\nhost: shop\r\n\r\n")
        .expect("sent");
    let (mut passed, _) = server.accept().expect("passed on");
    let mut begin = [0; 14];
    passed.read_exact(&mut begin).expect("passed on");
    assert_eq!(&begin, b"GET / HTTP/1.1");
    let mut tls = TcpStream::connect(&tapping.address).expect("the tap listens");
    let hello = [&[0x16, 3, 1, 2, 0][..], &[0; 40]].concat();
    tls.write_all(&hello).expect("sent");
    let (mut passed, _) = server.accept().expect("passed on");
    passed.read_exact(&mut begin).expect("passed on");
    let told = tapping.end(Signal::INT);
    assert!(
        told.stdout.contains("the client speaks HTTP/1.1"),
        "{}",
        told.stdout
    );
    assert!(
        told.stdout.contains("the client speaks TLS"),
        "{}",
        told.stdout
    );
    assert!(
        told.stderr
            .contains("2 connections without HTTP/2 in plaintext"),
        "{}",
        told.stderr
    );
}

#[test]
fn an_upstream_that_refuses_is_said() {
    let (server, address) = listen();
    drop(server);
    let tapping = Tapping::start(&address, &[]);
    let mut client = TcpStream::connect(&tapping.address).expect("the tap listens");
    // The tap resets it, which reading shows.
    let _ = client.read(&mut [0]);
    let told = tapping.end(Signal::INT);
    let line = format!("connection 1: {address} did not take it: Connection refused");
    assert!(told.stdout.contains(&line), "{}", told.stdout);
    assert!(
        told.stderr
            .contains("1 connection not taken by the upstream"),
        "{}",
        told.stderr
    );
}

#[test]
fn wrong_arguments_are_refused_before_anything_listens() {
    let (held, taken) = listen();
    let to = ["tap", "--to", &taken];
    let refused = [
        (vec!["tap", "--to", "nowhere"], 2, "is no address"),
        (
            [&to[..], &["--save-cases", "a.yaml"]].concat(),
            2,
            "needs the schema",
        ),
        (
            [&to[..], &["--json", "--pcapng", "-"]].concat(),
            2,
            "both want stdout",
        ),
        ([&to[..], &["--proto", "no.proto"]].concat(), 2, "no.proto"),
        (
            [&to[..], &["--listen", &taken]].concat(),
            3,
            "cannot listen on",
        ),
        (
            [&to[..], &["--pcapng", "/no/such/a.pcapng"]].concat(),
            3,
            "cannot write",
        ),
    ];
    for (arguments, exit, told) in refused {
        let answer = answer(&mut command(&arguments));
        assert_eq!(answer.exit, Some(exit), "{arguments:?}\n{}", answer.stderr);
        assert!(
            answer.stderr.contains(told),
            "{arguments:?}\n{}",
            answer.stderr
        );
    }
    drop(held);
}

#[test]
fn the_transcript_in_the_documentation_is_what_is_printed() {
    let text = fs::read_to_string(project_root().join("docs/tap.md")).expect("the page");
    let shown = text
        .split("```console\n$ wirecheck tap --to 127.0.0.1:50051 --proto proto/hello.proto\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .expect("the page shows a transcript");
    let pair = Pair::of("say-hello");
    let tapping = Tapping::start(&pair.address, &HELLO);
    pair.talk(&tapping.address);
    let told = tapping.end(Signal::INT);
    let lines = |text: &str| -> Vec<String> {
        let timeless = text.lines().filter(|line| !line.starts_with("tap "));
        timeless.map(without_times).collect()
    };
    let printed = format!("{}{}", told.stdout, told.stderr);
    // Whether the connection's end was seen before the tap's is a race.
    let printed: Vec<String> = lines(&printed);
    for line in lines(shown) {
        assert!(
            printed.contains(&line),
            "`{line}` is not printed:\n{}",
            printed.join("\n")
        );
    }
}

/// A line without what differs from time to time.
fn without_times(line: &str) -> String {
    let words = line.split_whitespace();
    let is_time = |word: &&str| word.parse::<f64>().is_ok_and(|_| word.contains('.'));
    words
        .filter(|word| !is_time(word))
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn the_fields_in_the_documentation_are_those_of_the_json() {
    let text = fs::read_to_string(project_root().join("docs/tap.md")).expect("the page");
    let pair = Pair::of("fail-with-details");
    let tapping = Tapping::start(&pair.address, &[&HELLO[..], &["--json"]].concat());
    pair.talk(&tapping.address);
    let told = tapping.end(Signal::INT);
    let call: BTreeMap<String, Value> =
        serde_json::from_str(told.stdout.lines().next().expect("a call")).expect("JSON");
    for (field, value) in &call {
        assert!(
            text.contains(&format!("`{field}`")),
            "docs/tap.md lacks `{field}`"
        );
        for inner in value
            .as_object()
            .into_iter()
            .flat_map(|object| object.keys())
        {
            assert!(
                text.contains(&format!("`{inner}`")),
                "docs/tap.md lacks `{field}.{inner}`"
            );
        }
    }
}
