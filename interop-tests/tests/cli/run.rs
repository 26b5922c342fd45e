//! `wirecheck run` where nothing is wrong.

use std::fs;
use std::process::Command;

use serde_json::Value;
use wirecheck_interop_tests::prerequisite::project_root;

use super::text::assert_text;
use super::wirecheck::{Place, cell};

const CELL: &str = "rust-tonic/rust-tonic/greeter/say-hello";

#[test]
fn a_healthy_cell_is_reported_on_stderr_and_in_a_file() {
    let place = Place::new();
    let answer = place.run(&[CELL]);
    assert_eq!(answer.exit, Some(0), "{}", answer.stderr);
    assert_eq!(answer.stdout, "", "stdout holds data only");
    assert_text!(place.path(), answer.stderr);
    let run = place.last();
    assert_eq!((run.exit, run.complete), (0, true));
    assert_eq!(cell(&run, CELL).outcome, "pass");
}

#[test]
fn latest_points_to_the_last_of_several_runs() {
    let place = Place::new();
    for _ in 0..2 {
        assert_eq!(place.run(&[CELL]).exit, Some(0));
        let target = fs::read_link(place.runs().join("latest")).expect("a link");
        assert_eq!(target.to_str(), Some(place.last().id.as_str()));
    }
    let folders = fs::read_dir(place.runs()).expect("readable").flatten();
    let runs = folders.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    assert_eq!(runs.count(), 2);
}

#[test]
fn the_folder_of_the_runs_ignores_itself_in_git() {
    let place = Place::new();
    git(&place, &["init", "--quiet"]);
    fs::write(place.path().join("mine.txt"), "a user's own file").expect("a file");
    assert_eq!(place.run(&[CELL]).exit, Some(0));
    assert!(place.runs().join("latest/run.json").exists());
    assert_eq!(
        git(&place, &["status", "--porcelain", "-uall"]),
        "?? mine.txt\n"
    );
}

/// A folder that a user names stands among the user's own files: they must not be ignored.
#[test]
fn what_stands_beside_the_folder_of_the_runs_is_not_ignored() {
    let place = Place::new();
    git(&place, &["init", "--quiet"]);
    let beside = place.runs().with_file_name("mine.txt");
    fs::create_dir_all(beside.parent().expect("a folder")).expect("a folder");
    fs::write(beside, "a user's own file").expect("a file");
    assert_eq!(place.run(&[CELL]).exit, Some(0));
    assert_eq!(
        git(&place, &["status", "--porcelain", "-uall"]),
        "?? report/mine.txt\n"
    );
}

#[test]
fn as_json_stdout_is_the_report_and_nothing_else() {
    let place = Place::new();
    let answer = place.run(&["--format", "json", CELL]);
    assert_eq!(answer.exit, Some(0), "{}", answer.stderr);
    let printed: Value = serde_json::from_str(&answer.stdout).expect("JSON and nothing else");
    let written: Value = serde_json::from_slice(&place.report()).expect("JSON");
    assert_eq!(printed["schema_version"], 1);
    assert_eq!(printed["id"].as_str(), Some(place.last().id.as_str()));
    assert!(printed == written, "stdout differs from run.json");
    assert_keeps_to_schema(&written);
}

#[test]
fn the_whole_greeter_suite_of_one_pair_is_as_expected() {
    let place = Place::new();
    let answer = place.run(&["rust-tonic/rust-tonic/greeter"]);
    assert_eq!(answer.exit, Some(0), "{}", answer.stderr);
    let run = place.last();
    let selected = run
        .cells
        .iter()
        .filter(|cell| cell.id.starts_with("rust-tonic/rust-tonic/greeter/"));
    let outcomes: Vec<&str> = selected.map(|cell| cell.outcome.as_str()).collect();
    assert!(outcomes.len() >= 16, "{outcomes:?}");
    assert!(
        outcomes
            .iter()
            .all(|outcome| ["pass", "known"].contains(outcome)),
        "{outcomes:?}"
    );
    assert!(outcomes.contains(&"pass"));
    assert_keeps_to_schema(&serde_json::from_slice(&place.report()).expect("JSON"));
}

/// With the same seed and the same selection, the same plan.
#[test]
fn a_seed_that_is_given_is_the_seed_of_the_run() {
    let place = Place::new();
    assert_eq!(place.run(&["--seed", "41", CELL]).exit, Some(0));
    let first = place.last();
    assert_eq!(place.run(&["--seed", "41", CELL]).exit, Some(0));
    assert_eq!(first.seed, 41);
    assert_eq!(first.plan, place.last().plan);
    assert_ne!(first.id, place.last().id);
}

fn assert_keeps_to_schema(report: &Value) {
    let schema = project_root().join("docs/run.schema.json");
    let schema = fs::read(schema).expect("the schema is committed");
    let schema: Value = serde_json::from_slice(&schema).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a valid schema");
    let problems: Vec<String> = validator
        .iter_errors(report)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert_eq!(problems, Vec::<String>::new());
}

fn git(place: &Place, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(place.path())
        .args(arguments)
        .output()
        .expect("git");
    assert!(output.status.success(), "git {arguments:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}
