//! `wirecheck compare`: what differs between two servers, and what only looks as if it did.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;
use wirecheck_interop_tests::prerequisite::project_root;

use crate::folder::{Folder, ORDERS, absolute};
use crate::program::{Server, python, rust};

#[test]
fn compare_names_what_is_planted_and_nothing_else() {
    let old = Server::start(python("python-to-rust-rewrite/python/server.py"));
    let folder = Folder::new();
    let kinds = [
        "default-left-out",
        "unknown-field-lost",
        "enum-value",
        "status-code",
        "error-details",
        "metadata-key",
        "stream-order",
        "trailing-whitespace",
    ];
    for planted in kinds
        .map(|kind| vec![kind])
        .into_iter()
        .chain([Vec::new(), kinds.to_vec()])
    {
        let mut command = rust("shop-rewrite");
        if !planted.is_empty() {
            command.args(["--planted", &planted.join(",")]);
        }
        let new = Server::start(command);
        let answer = folder.wirecheck(&[
            "compare",
            old.address(),
            new.address(),
            "--proto",
            &absolute(ORDERS),
            "--format",
            "json",
        ]);
        let wanted = i32::from(!planted.is_empty());
        assert_eq!(
            answer.exit,
            Some(wanted),
            "{planted:?}: {}{}",
            answer.stdout,
            answer.stderr
        );
        let found: serde_json::Value = serde_json::from_str(&answer.stdout).expect("JSON");
        let mut found: Vec<&str> = found["differences"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|found| found["kind"].as_str().expect("a kind"))
            .collect();
        found.sort_unstable();
        found.dedup();
        let mut planted = planted.clone();
        planted.sort_unstable();
        assert_eq!(found, planted, "{}", answer.stdout);
    }
}

/// Servers that say the same in other bytes.
fn two_encodings() -> (Server, Server) {
    let server = |way: &str| {
        let mut command = Command::new(project_root().join(".venv/bin/python"));
        command.arg(project_root().join("interop-tests/foreign/encodings.py"));
        command.arg(way);
        Server::start_with_stdin(command)
    };
    (server("canonical"), server("otherwise"))
}

const ENCODINGS: &str = "interop-tests/foreign/encodings.proto";

#[test]
fn the_same_meaning_in_other_bytes_is_a_note_and_no_fault() {
    let (one, other) = two_encodings();
    let folder = Folder::new();
    let proto = absolute(ENCODINGS);
    let servers = [one.address(), other.address()];
    let words = ["compare", servers[0], servers[1], "--proto", &proto];
    let answer = folder.wirecheck(&words);
    assert_eq!(answer.exit, Some(0), "{}{}", answer.stdout, answer.stderr);
    for line in [
        "other-bytes  Get `messages[].sizes`",
        "12 03 01 02 03",
        "10 01 10 02 10 03",
        "same meaning, other bytes: the values are packed otherwise",
        "no difference; same meaning in other bytes: 5",
    ] {
        assert!(answer.stdout.contains(line), "{line}\n{}", answer.stdout);
    }
    let answer = folder.wirecheck(&[&words[..], &["--format", "json"]].concat());
    let found: Value = serde_json::from_str(&answer.stdout).expect("JSON");
    assert_eq!(found["differences"], Value::Array(Vec::new()));
    let wanted = [
        ("messages[]", "the fields stand in another order"),
        (
            "messages[].left",
            "one writes the default, the other leaves it out",
        ),
        ("messages[].name", "one writes a number in more bytes"),
        ("messages[].shelf.row", "one writes a number in more bytes"),
        ("messages[].sizes", "the values are packed otherwise"),
    ];
    assert_eq!(lax(&found), wanted.into_iter().collect(), "{found:#}");
}

#[test]
fn what_is_left_out_is_left_out_of_the_bytes_too() {
    let (one, other) = two_encodings();
    let folder = Folder::new();
    let proto = absolute(ENCODINGS);
    let servers = [one.address(), other.address()];
    let words = ["compare", servers[0], servers[1], "--proto", &proto];
    let left_out = ["--leave-out", "shelf", "--leave-out", "sizes"];
    let answer = folder.wirecheck(&[&words[..], &left_out, &["--format", "json"]].concat());
    assert_eq!(answer.exit, Some(0), "{}{}", answer.stdout, answer.stderr);
    let found: Value = serde_json::from_str(&answer.stdout).expect("JSON");
    let paths: BTreeSet<&str> = lax(&found).into_iter().map(|(path, _)| path).collect();
    assert_eq!(
        paths,
        BTreeSet::from(["messages[].left", "messages[].name"]),
        "{found:#}"
    );
}

/// Paths of the same meaning in other bytes, and how they came to be others.
fn lax(found: &Value) -> BTreeSet<(&str, &str)> {
    let list = found["lax"].as_array().expect("a list");
    list.iter()
        .inspect(|found| assert_eq!(found["kind"], "other-bytes"))
        .map(|found| {
            (
                found["path"].as_str().expect("text"),
                found["how"].as_str().expect("text"),
            )
        })
        .collect()
}
