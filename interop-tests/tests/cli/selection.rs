//! `--last-failed` and `--repeat`: what is run, and how often.

use super::changed_byte::{CELL, changed_suite};
use super::wirecheck::{Answer, Place, cell};

const HEALTHY: &str = "rust-tonic/rust-tonic/greeter/text.chinese";

/// Runs with the suite in which one cell fails.
fn run(place: &Place, arguments: &[&str]) -> Answer {
    let cases = place.write("greeter.yaml", &changed_suite());
    let mut all = vec!["--cases", cases.to_str().expect("UTF-8")];
    all.extend(arguments);
    place.run(&all)
}

fn ran(place: &Place) -> Vec<String> {
    let cells = place.last().cells.into_iter();
    cells
        .filter(|cell| !cell.attempts.is_empty())
        .map(|cell| cell.id)
        .collect()
}

#[test]
fn only_what_failed_runs_again() {
    let place = Place::new();
    assert_eq!(run(&place, &[CELL, HEALTHY]).exit, Some(1));
    assert_eq!(ran(&place).len(), 2);
    let again = run(&place, &["--last-failed"]);
    assert_eq!(again.exit, Some(1), "{}", again.stderr);
    assert_eq!(ran(&place), [CELL]);
    // The suite without the fault.
    assert_eq!(place.run(&["--last-failed"]).exit, Some(0));
    assert_eq!(ran(&place), [CELL]);
}

#[test]
fn without_a_failure_there_is_nothing_to_do_and_all_is_well() {
    let place = Place::new();
    assert_eq!(place.run(&[HEALTHY]).exit, Some(0));
    let id = place.last().id;
    let again = place.run(&["--last-failed"]);
    assert_eq!((again.exit, again.stdout.as_str()), (Some(0), ""));
    assert_eq!(
        again.stderr,
        format!("every cell of run {id} was as expected\n")
    );
    assert_eq!(place.last().id, id, "no run was made");
}

#[test]
fn patterns_choose_among_what_failed() {
    let place = Place::new();
    assert_eq!(run(&place, &[CELL, HEALTHY]).exit, Some(1));
    let other = run(&place, &["--last-failed", "text.chinese"]);
    assert_eq!(other.exit, Some(4), "{}", other.stderr);
    assert!(
        other.stderr.starts_with("no cell that failed in run "),
        "{}",
        other.stderr
    );
    assert_eq!(run(&place, &["--last-failed", "say-hello"]).exit, Some(1));
}

#[test]
fn what_the_latest_run_did_not_come_to_is_owed_too() {
    let place = Place::new();
    assert_eq!(
        run(&place, &["--fail-fast", "--jobs", "1", CELL, HEALTHY]).exit,
        Some(1)
    );
    let left: Vec<String> = ["fail", "not-run"]
        .iter()
        .flat_map(|outcome| {
            place
                .last()
                .cells
                .into_iter()
                .filter(move |cell| cell.outcome == **outcome)
        })
        .filter(|cell| [CELL, HEALTHY].contains(&cell.id.as_str()))
        .map(|cell| cell.id)
        .collect();
    run(&place, &["--last-failed"]);
    let mut ran = ran(&place);
    ran.sort();
    let mut left = left;
    left.sort();
    assert_eq!(ran, left);
}

#[test]
fn without_a_run_there_is_nothing_to_look_at() {
    let answer = Place::new().run(&["--last-failed"]);
    assert_eq!((answer.exit, answer.stdout.as_str()), (Some(2), ""));
    assert!(
        answer.stderr.contains("there is no run to look at"),
        "{}",
        answer.stderr
    );
}

#[test]
fn every_cell_runs_as_often_as_is_asked_for() {
    let place = Place::new();
    let answer = place.run(&["--repeat", "3", HEALTHY]);
    assert_eq!(answer.exit, Some(0), "{}", answer.stderr);
    let run = place.last();
    let cell = cell(&run, HEALTHY);
    let mut kinds: Vec<&str> = cell
        .attempts
        .iter()
        .map(|attempt| attempt.kind.as_str())
        .collect();
    // They run side by side.
    kinds.sort_unstable();
    assert_eq!(kinds, ["sample 1", "sample 2", "sample 3"]);
    assert_eq!(cell.distribution.get("OK"), Some(&3));
    let red = self::run(&place, &["--repeat", "2", CELL]);
    assert_eq!(red.exit, Some(1), "{}", red.stderr);
}

#[test]
fn a_number_of_times_must_make_sense() {
    for times in ["0", "101", "x"] {
        let answer = Place::new().run(&["--repeat", times]);
        assert_eq!(answer.exit, Some(2), "{}", answer.stderr);
    }
}
