//! Other versions of a library, and peers that must be there.

use std::fs;

use super::wirecheck::{Answer, Place, answer, cell, command, is_here, wirecheck};

const RUST: &str = "rust-tonic/rust-tonic/greeter/say-hello";
const GO: &str = "rust-tonic/go-grpc/greeter/say-hello";

/// A run with a cache of its own.
fn run_with(place: &Place, arguments: &[&str]) -> Answer {
    let mut command = command(&["run", "--runs"]);
    command.arg(place.runs());
    command.env("WIRECHECK_CACHE", place.path().join("cache"));
    answer(command.args(arguments))
}

#[test]
fn what_is_no_version_is_said_before_anything_starts() {
    for (asked, told) in [
        ("go-grpc@latest", "a version has digits and dots"),
        ("go-grpc=../grpc", "write it as `NAME`"),
        (
            "cpp-grpc@1.60.0",
            "the version of `cpp-grpc` cannot be chosen",
        ),
        ("go-grp@v1.60.0", "cannot be chosen"),
        ("go-grp", "the nearest are `go-grpc`"),
        ("rust-tonic=path:nowhere", "nowhere"),
    ] {
        let run = wirecheck(&["run", "--with", asked, RUST]);
        assert_eq!(run.exit, Some(2), "{asked}: {}", run.stderr);
        assert!(run.stderr.contains(told), "{asked}: {}", run.stderr);
    }
}

#[test]
fn the_same_words_are_read_in_a_manifest() {
    let place = Place::new();
    let folder = place.write("wirecheck.toml", "with = [\"go-grpc@latest\"]\n");
    let mut list = command(&["peers", "--manifest"]);
    let list = answer(list.arg(folder.join("wirecheck.toml")));
    assert_eq!(list.exit, Some(2), "{}", list.stderr);
    assert!(
        list.stderr.contains("a version has digits"),
        "{}",
        list.stderr
    );
}

/// Asks a registry, which says so itself.
#[test]
fn a_version_that_does_not_exist_is_told_and_other_rows_run() {
    if !is_here("go") {
        return;
    }
    let place = Place::new();
    let other = "rust-tonic/go-grpc@v1.60.9999/greeter/say-hello";
    let run = run_with(&place, &["--with", "go-grpc@v1.60.9999", RUST, other]);
    assert_eq!(run.exit, Some(3), "{}", run.stderr);
    for told in [
        "wirecheck peers build go-grpc@v1.60.9999",
        "go get google.golang.org/grpc@v1.60.9999",
    ] {
        assert!(run.stderr.contains(told), "{told}: {}", run.stderr);
    }
    let last = place.last();
    assert_eq!(cell(&last, RUST).outcome, "pass");
    assert_eq!(cell(&last, other).outcome, "error");
    // The registry's own words.
    let errors = last.peers.iter().flat_map(|peer| &peer.errors);
    let lines: Vec<&String> = errors.flat_map(|error| &error.log_tail).collect();
    assert!(
        lines.iter().any(|line| line.contains("grpc@v1.60.9999:")),
        "{lines:?}"
    );
}

#[test]
fn a_version_stands_beside_the_one_that_comes_along() {
    if !is_here("go") {
        return;
    }
    let place = Place::new();
    let asked = [
        "--with",
        "go-grpc@v1.60.0",
        "go-grpc*/go-grpc*/greeter/say-hello",
    ];
    let run = run_with(&place, &asked);
    assert_eq!(run.exit, Some(0), "{}", run.stderr);
    let last = place.last();
    let old = "go-grpc@v1.60.0/go-grpc/greeter/say-hello";
    assert_eq!(cell(&last, old).outcome, "pass");
    let version_of = |name: &str| {
        let peer = last.peers.iter().find(|peer| peer.name == name);
        let versions = &peer.expect("a peer").versions;
        let grpc = versions.iter().find(|version| version.name == "grpc-go");
        grpc.expect("the version of grpc-go").version.clone()
    };
    assert_eq!(version_of("go-grpc@v1.60.0"), "1.60.0");
    assert_ne!(version_of("go-grpc"), "1.60.0");

    let diff = place.about(&["diff"], &["--peers", "go-grpc@v1.60.0", "go-grpc"]);
    assert_eq!(diff.exit, Some(0), "{}", diff.stdout);
    assert!(diff.stdout.contains("no difference"), "{}", diff.stdout);
    let unknown = place.about(&["diff"], &["--peers", "go-grpc@v1.6", "go-grpc"]);
    assert_eq!(unknown.exit, Some(2), "{}", unknown.stderr);
}

#[test]
fn a_toolchain_that_is_missing_ends_a_run_only_if_it_was_required() {
    let place = Place::new();
    let nowhere = place.path().join("nowhere");
    fs::create_dir(&nowhere).expect("a folder");
    let run = |more: &[&str], ci: Option<&str>| {
        let mut command = command(&["run", "--runs"]);
        command.arg(place.runs()).args(more).args([RUST, GO]);
        command.env("PATH", &nowhere);
        command.envs(ci.map(|ci| ("CI", ci)));
        answer(&mut command)
    };
    let plain = run(&[], None);
    assert_eq!(plain.exit, Some(0), "{}", plain.stderr);
    assert!(plain.stderr.contains("go not found"), "{}", plain.stderr);
    assert_eq!(run(&[], Some("true")).exit, Some(5));
    for required in ["go", "java,go-grpc"] {
        let required = run(&["--require", required], None);
        assert_eq!(required.exit, Some(5), "{}", required.stderr);
        assert!(
            required.stderr.contains("go-grpc is go not found"),
            "{}",
            required.stderr
        );
    }
    assert_eq!(run(&["--require", "cobol"], None).exit, Some(2));
    // What is required and not selected is not missed.
    assert_eq!(run(&["--require", "java"], None).exit, Some(0));
}
