//! A peer that cannot be started costs its own cells, and nobody else's.

use super::text::assert_text;
use super::wirecheck::{Place, cell};

const GHOST: [&str; 2] = ["--peer", "ghost=/no/such/program"];
const HEALTHY: &str = "rust-tonic/rust-tonic/greeter/say-hello";

#[test]
fn its_cells_are_errors_and_the_other_pairs_run() {
    let place = Place::new();
    let [flag, ghost] = GHOST;
    let answer = place.run(&[flag, ghost, "ghost/rust-tonic/greeter/text.*", HEALTHY]);
    assert_eq!(answer.exit, Some(3), "{}", answer.stderr);
    let run = place.last();
    assert_eq!((run.exit, run.complete), (3, true));
    assert_eq!(cell(&run, HEALTHY).outcome, "pass");
    for text in ["chinese", "emoji", "combining", "right-to-left"] {
        let lost = cell(&run, &format!("ghost/rust-tonic/greeter/text.{text}"));
        assert_eq!(lost.outcome, "error");
    }
}

#[test]
fn it_is_told_of_once_and_not_once_a_cell() {
    let place = Place::new();
    let [flag, ghost] = GHOST;
    let answer = place.run(&[flag, ghost, "ghost/rust-tonic/greeter/text.*"]);
    assert_eq!(answer.exit, Some(3), "{}", answer.stderr);
    assert_eq!(answer.stdout, "");
    let told = answer
        .stderr
        .matches("ghost (client): could not be started");
    assert_eq!(told.count(), 1, "{}", answer.stderr);
    assert_text!(place.path(), answer.stderr);
}

#[test]
fn a_program_that_ends_at_once_is_told_of_with_its_exit_status_and_last_lines() {
    let place = Place::new();
    let peer = r"ghost=/bin/sh -c 'echo the library is missing >&2; exit 7'";
    let answer = place.run(&["--peer", peer, "rust-tonic/ghost/greeter/say-hello"]);
    assert_eq!(answer.exit, Some(3), "{}", answer.stderr);
    for told in [
        "ghost (server)",
        "the library is missing",
        "exit status",
        "7",
    ] {
        assert!(answer.stderr.contains(told), "{told}\n{}", answer.stderr);
    }
}
