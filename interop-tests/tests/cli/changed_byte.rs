//! What a user sees when one byte is not as a case expects.

use std::fs;

use wirecheck_interop_tests::prerequisite::project_root;

use super::text::assert_text;
use super::wirecheck::{Place, cell};

pub const CELL: &str = "rust-tonic/rust-tonic/greeter/say-hello";
const BYTES: &str = "0a 05 57 6f 72 6c 64";

#[test]
fn it_is_shown_with_its_place_and_whose_it_is() {
    let place = Place::new();
    let cases = place.write("greeter.yaml", &changed_suite());
    let answer = place.run(&["--cases", cases.to_str().expect("UTF-8"), CELL]);
    assert_eq!(answer.exit, Some(1), "{}", answer.stderr);
    assert_eq!(answer.stdout, "");
    assert_text!(place.path(), answer.stderr);
}

#[test]
fn the_report_names_culprit_and_finding() {
    let place = Place::new();
    let cases = place.write("greeter.yaml", &changed_suite());
    let answer = place.run(&["--cases", cases.to_str().expect("UTF-8"), CELL]);
    assert_eq!(answer.exit, Some(1), "{}", answer.stderr);
    let run = place.last();
    let cell = cell(&run, CELL);
    assert_eq!(cell.outcome, "fail");
    let findings = &cell.attempts.last().expect("an attempt").findings;
    let finding = findings
        .iter()
        .find(|finding| finding.code == "expect/wire-bytes");
    assert_eq!(finding.expect("the finding").culprit, "client");
}

/// The greeter suite, which expects of `say-hello` one byte that nobody sends.
pub fn changed_suite() -> String {
    let suite = project_root().join("interop-tests/cases/greeter.yaml");
    let suite = fs::read_to_string(suite).expect("the suite");
    let changed = suite.replacen(BYTES, &BYTES.replace("64", "65"), 1);
    assert_ne!(suite, changed, "the suite expects other bytes now");
    changed
}
