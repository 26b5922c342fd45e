//! `examples/python-to-rust-rewrite`: equal, but for what is planted.

use std::collections::BTreeSet;
use std::process::Command;

use crate::program::{Server, python, rust};

/// Every kind that can be planted, and the calls of the client that show it.
const PLANTED: [(&str, &[&str]); 8] = [
    ("default-left-out", &["a line"]),
    ("unknown-field-lost", &["a draft"]),
    ("enum-value", &["a line", "twenty lines"]),
    ("status-code", &["an unknown order"]),
    ("error-details", &["no lines"]),
    ("metadata-key", &["all orders", "two orders"]),
    ("stream-order", &["all orders", "two orders"]),
    ("trailing-whitespace", &["a line", "twenty lines"]),
];

#[test]
fn the_rewrite_answers_as_the_service_does() {
    assert_eq!(printed_by(&[]), printed_by_the_old_service());
}

#[test]
fn each_kind_that_is_planted_shows_in_its_calls_and_nowhere_else() {
    let old = printed_by_the_old_service();
    for (kind, calls) in PLANTED {
        let new = printed_by(&["--planted", kind]);
        let wanted: BTreeSet<&str> = calls.iter().copied().collect();
        assert_eq!(differing(&old, &new), wanted, "{kind}");
    }
}

#[test]
fn a_seed_plants_what_it_says() {
    let names: BTreeSet<&str> = PLANTED.iter().map(|(kind, _)| *kind).collect();
    for seed in ["1", "2", "3", "4", "5"] {
        let kinds = said_of(seed);
        let kinds: Vec<&str> = kinds.lines().collect();
        assert!((1..=5).contains(&kinds.len()), "{seed}: {kinds:?}");
        assert!(kinds.iter().all(|kind| names.contains(kind)), "{kinds:?}");
        assert_eq!(
            printed_by(&["--planted-by", seed]),
            printed_by(&["--planted", &kinds.join(",")]),
        );
    }
}

fn printed_by_the_old_service() -> String {
    Server::start(python("python-to-rust-rewrite/python/server.py")).satisfied(client())
}

/// What the client prints for the rewrite with these options.
fn printed_by(options: &[&str]) -> String {
    let mut server = rust("shop-rewrite");
    server.args(options);
    Server::start(server).satisfied(client())
}

fn said_of(seed: &str) -> String {
    let output = rust("shop-rewrite").args(["planted", seed]).output();
    let output = output.expect("it can be started");
    assert!(output.status.success());
    String::from_utf8(output.stdout).expect("names are ASCII")
}

fn client() -> Command {
    python("python-to-rust-rewrite/python/client.py")
}

/// The titles of the calls that two clients printed other things about.
fn differing<'a>(old: &'a str, new: &'a str) -> BTreeSet<&'a str> {
    let (old, new) = (calls(old), calls(new));
    assert_eq!(old.len(), new.len());
    old.iter()
        .zip(&new)
        .filter(|(old, new)| old != new)
        .map(|(old, _)| old.lines().next().unwrap_or_default())
        .collect()
}

fn calls(printed: &str) -> Vec<&str> {
    printed.split("== ").skip(1).collect()
}
