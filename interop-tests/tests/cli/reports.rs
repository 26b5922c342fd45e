//! Reports of a run: made later, with the run, and for GitHub Actions by themselves.

use std::fs;
use std::path::Path;

use quick_junit::{NonSuccessKind, Report, TestCaseStatus};

use super::changed_byte::{CELL, changed_suite};
use super::text::assert_text;
use super::wirecheck::{Answer, Place, answer, command, wirecheck};

/// Runs one cell that is as it should be.
fn green() -> Place {
    let place = Place::new();
    let answer = place.run(&[CELL]);
    assert_eq!(answer.exit, Some(0), "{}", answer.stderr);
    place
}

/// Runs one cell that fails; `more` is typed behind it.
fn red(place: &Place, more: &[&str]) -> Answer {
    red_with(place, more, &[])
}

fn red_with(place: &Place, more: &[&str], set: &[(&str, &Path)]) -> Answer {
    let cases = place.write("greeter.yaml", &changed_suite());
    let mut command = command(&["run", "--no-build", "--runs"]);
    command.arg(place.runs()).arg("--cases").arg(cases);
    let answer = answer(command.arg(CELL).args(more).envs(set.iter().copied()));
    assert_eq!(answer.exit, Some(1), "{}", answer.stderr);
    answer
}

fn report(place: &Place, arguments: &[&str]) -> String {
    let answer = place.about(&["report"], arguments);
    assert_eq!(answer.exit, Some(0), "{}", answer.stderr);
    assert_eq!(answer.stderr, "");
    answer.stdout
}

#[test]
fn the_text_is_what_the_run_printed() {
    let place = Place::new();
    let printed = red(&place, &[]).stderr;
    let text = report(&place, &[]);
    assert!(printed.ends_with(&text), "{printed}\n{text}");
    assert!(text.contains("culprit    client  rust-tonic"), "{text}");
}

#[test]
fn json_is_the_file_itself() {
    let place = green();
    let printed = report(&place, &["--format", "json"]);
    assert_eq!(printed.as_bytes(), place.report());
}

#[test]
fn junit_has_the_failure_with_its_whole_report() {
    let place = Place::new();
    red(&place, &[]);
    let text = report(&place, &["--format", "junit"]);
    let report = Report::deserialize_from_str(&text).expect("JUnit");
    assert_eq!((report.tests, report.failures, report.errors), (1, 1, 0));
    let suite = &report.test_suites[0];
    assert_eq!(suite.name.as_str(), "rust-tonic/rust-tonic");
    let versions = suite
        .properties
        .iter()
        .map(|property| property.name.as_str());
    assert!(
        versions.clone().any(|name| name == "client.tonic"),
        "{text}"
    );
    let test = &suite.test_cases[0];
    let class = test.classname.as_ref().expect("a class").as_str();
    assert_eq!(class, "rust-tonic.rust-tonic.greeter");
    let TestCaseStatus::NonSuccess {
        kind,
        message,
        description,
        ..
    } = &test.status
    else {
        panic!("{:?}", test.status)
    };
    assert_eq!(*kind, NonSuccessKind::Failure);
    let message = message.as_ref().expect("a sentence").as_str();
    assert!(
        message.ends_with("(culprit: client rust-tonic)"),
        "{message}"
    );
    let told = description.as_ref().expect("the report").as_str();
    for part in [
        "where      connection 1",
        "0a 05",
        "again      wirecheck run",
    ] {
        assert!(told.contains(part), "{part}\n{told}");
    }
}

#[test]
fn a_peer_that_does_not_start_is_an_error_and_no_failure() {
    let place = Place::new();
    let ghost = [
        "--peer",
        "ghost=/no/such/program",
        "ghost/rust-tonic/greeter/say-hello",
    ];
    assert_eq!(place.run(&ghost).exit, Some(3));
    let report = Report::deserialize_from_str(&report(&place, &["--format", "junit"]));
    let report = report.expect("JUnit");
    assert_eq!((report.tests, report.failures, report.errors), (1, 0, 1));
    let told = report.test_suites[0]
        .system_err
        .as_ref()
        .expect("what is wrong");
    assert!(told.as_str().contains("could not be started"), "{told:?}");
}

#[test]
fn markdown_has_the_matrix_and_the_cause() {
    let place = Place::new();
    red(&place, &[]);
    let text = report(&place, &["--format", "markdown"]);
    assert_text!(place.path(), text);
}

#[test]
fn a_file_is_written_and_nothing_is_printed() {
    let place = green();
    let file = place.path().join("deep/below/report.xml");
    let name = file.to_str().expect("UTF-8");
    fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
    fs::write(&file, "x".repeat(100_000)).expect("a longer file");
    let printed = report(&place, &["--format", "junit", "--output", name]);
    assert_eq!(printed, "");
    let written = fs::read_to_string(&file).expect("the report");
    Report::deserialize_from_str(&written).expect("JUnit and nothing behind it");
}

#[test]
fn a_run_can_be_named_by_its_id_or_its_file() {
    let place = green();
    let latest = report(&place, &["--format", "markdown"]);
    let id = place.last().id;
    assert_eq!(report(&place, &["--format", "markdown", &id]), latest);
    let moved = place.path().join("elsewhere.json");
    fs::copy(place.runs().join("latest/run.json"), &moved).expect("a copy");
    let moved = wirecheck(&[
        "report",
        "--format",
        "markdown",
        moved.to_str().expect("UTF-8"),
    ]);
    assert_eq!((moved.exit, moved.stdout), (Some(0), latest));
}

/// One sentence, exit 2, and nothing on stdout.
fn assert_refused(text: Option<&str>, told: &str) {
    let place = Place::new();
    let folder = place.write("other.txt", "");
    let file = folder.join("run.json");
    if let Some(text) = text {
        fs::write(&file, text).expect("a file");
    }
    for format in ["text", "junit", "markdown", "github", "json"] {
        let file = file.to_str().expect("UTF-8");
        let answer = wirecheck(&["report", "--format", format, file]);
        assert_eq!((answer.exit, answer.stdout.as_str()), (Some(2), ""));
        assert!(answer.stderr.contains(told), "{told}\n{}", answer.stderr);
        let error = answer.stderr.split("\n\n").next().expect("an error");
        assert_eq!(error.trim_end().lines().count(), 1, "{error}");
    }
}

#[test]
fn a_run_of_a_newer_version_is_refused() {
    let newer = r#"{"schema_version": 2, "cells": "in another form"}"#;
    assert_refused(
        Some(newer),
        "its schema version is 2, and this program reads 1",
    );
}

#[test]
fn what_is_no_run_is_refused() {
    assert_refused(None, "there is no run to look at");
    assert_refused(Some("# notes"), "it is not JSON");
    assert_refused(Some("{}"), "it is not a run of Wirecheck");
    assert_refused(Some("[1, 2]"), "it is not a run of Wirecheck");
    assert_refused(
        Some("{\"schema_version\": 1, \"cells\": ["),
        "it is not JSON",
    );
}

/// What a run.json names as captures is looked for beside it, and nowhere else.
#[test]
fn a_run_from_elsewhere_opens_no_other_file() {
    let place = Place::new();
    red(&place, &[]);
    let mut run = place.last();
    let cell = run.cells.iter_mut().find(|cell| cell.id == CELL);
    let capture = &mut cell.expect("the cell").attempts[0].captures[0];
    let outside = place.runs().join("latest").join(&capture.path);
    capture.path = outside.display().to_string();
    let file = place.path().join("run.json");
    fs::write(&file, serde_json::to_vec(&run).expect("JSON")).expect("a file");
    let told = wirecheck(&["report", file.to_str().expect("UTF-8")]);
    assert_eq!(told.exit, Some(0), "{}", told.stderr);
    assert!(
        report(&place, &[]).contains("(DATA)"),
        "the frame is named by the capture"
    );
    assert!(!told.stdout.contains("(DATA)"), "{}", told.stdout);
}

#[test]
fn a_run_writes_every_report_that_is_asked_for() {
    let place = Place::new();
    let files = [
        ("junit", "<testsuites "),
        ("markdown", "## Wirecheck"),
        ("github", "::error "),
    ];
    let wanted = files.map(|(format, _)| {
        let file = place.path().join("target").join(format);
        (format!("{format}={}", file.display()), file)
    });
    let flags: Vec<&str> = wanted
        .iter()
        .flat_map(|(flag, _)| ["--report", flag])
        .collect();
    assert_eq!(red(&place, &flags).stdout, "");
    for ((_, file), (_, begin)) in wanted.iter().zip(files) {
        let text = fs::read_to_string(file).expect("the report");
        assert!(text.contains(begin), "{begin}\n{text}");
    }
}

#[test]
fn a_report_that_cannot_be_written_stops_before_anything_starts() {
    let place = Place::new();
    for flag in [
        "junit=/proc/nope/junit.xml".to_owned(),
        format!("junit={}", place.path().display()),
    ] {
        let answer = place.run(&["--report", &flag, CELL]);
        assert_eq!((answer.exit, answer.stdout.as_str()), (Some(3), ""));
        assert!(
            answer.stderr.starts_with("error: cannot write `"),
            "{}",
            answer.stderr
        );
        assert!(!place.runs().exists(), "a run was begun");
    }
}

/// The disk may fill up while the run goes on: the run keeps what it was, and says so.
#[test]
fn a_report_that_cannot_be_written_in_the_end_is_told_of() {
    let place = Place::new();
    let answer = place.run(&["--report", "junit=/dev/full", CELL]);
    assert_eq!(answer.exit, Some(3), "{}", answer.stderr);
    assert!(
        answer.stderr.contains("cannot write `/dev/full`"),
        "{}",
        answer.stderr
    );
    assert!(
        answer.stderr.contains("all as expected"),
        "{}",
        answer.stderr
    );
    assert_eq!(place.last().exit, 0);
    assert!(
        red(&place, &["--report", "junit=/dev/full"])
            .stderr
            .contains("cannot write")
    );
}

#[test]
fn a_format_that_there_is_not_is_refused() {
    for flag in ["xml=report.xml", "junit", "junit="] {
        let answer = wirecheck(&["run", "--report", flag]);
        assert_eq!(answer.exit, Some(2), "{}", answer.stderr);
        assert!(answer.stderr.contains("junit"), "{}", answer.stderr);
    }
}

#[test]
fn in_github_actions_it_annotates_and_summarizes_by_itself() {
    let place = Place::new();
    let summary = place.path().join("summary.md");
    fs::write(&summary, "# What another step wrote\n\n").expect("a file");
    let set = [
        ("GITHUB_ACTIONS", Path::new("true")),
        ("GITHUB_STEP_SUMMARY", &summary),
    ];
    let answer = red_with(&place, &[], &set);
    assert_text!(place.path(), answer.stdout);
    let summary = fs::read_to_string(summary).expect("the summary");
    assert!(summary.starts_with("# What another step wrote\n\n## Wirecheck: incompatible\n"));
    assert!(summary.contains("<details><summary>"), "{summary}");
}

#[test]
fn in_github_actions_stdout_stays_json_where_json_is_asked_for() {
    let place = Place::new();
    let set = [("GITHUB_ACTIONS", Path::new("true"))];
    let answer = red_with(&place, &["--format", "json"], &set);
    serde_json::from_str::<serde_json::Value>(&answer.stdout).expect("JSON and nothing else");
    assert!(
        answer.stderr.contains("\n::error file="),
        "{}",
        answer.stderr
    );
}

#[test]
fn github_can_be_switched_off_and_on() {
    let place = Place::new();
    let there = ("GITHUB_ACTIONS", Path::new("true"));
    let summary = place.path().join("summary.md");
    let file = ("GITHUB_STEP_SUMMARY", summary.as_path());
    assert_eq!(
        red_with(&place, &["--github", "never"], &[there, file]).stdout,
        ""
    );
    let never = ("WIRECHECK_GITHUB", Path::new("never"));
    assert_eq!(red_with(&place, &[], &[there, file, never]).stdout, "");
    assert!(!summary.exists());
    assert_eq!(
        red_with(&place, &[], &[file]).stdout,
        "",
        "this is not GitHub"
    );
    assert!(
        red_with(&place, &["--github", "always"], &[])
            .stdout
            .starts_with("::error file=")
    );
}

#[test]
fn a_summary_that_cannot_be_written_stops_before_anything_starts() {
    let place = Place::new();
    let mut command = command(&["run", "--no-build", "--runs"]);
    command
        .arg(place.runs())
        .arg(CELL)
        .env("GITHUB_ACTIONS", "true");
    let answer = answer(command.env("GITHUB_STEP_SUMMARY", "/proc/nope/summary.md"));
    assert_eq!((answer.exit, answer.stdout.as_str()), (Some(3), ""));
    assert!(!place.runs().exists(), "a run was begun");
}

/// GitHub looks for files from the root of the repository.
#[test]
fn annotations_name_files_from_the_workspace() {
    let place = Place::new();
    let root = wirecheck_interop_tests::prerequisite::project_root();
    let above = root.parent().expect("a folder above").to_owned();
    let set = [
        ("GITHUB_ACTIONS", Path::new("true")),
        ("GITHUB_WORKSPACE", &above),
    ];
    // Only a path that is not absolute is seen from somewhere.
    let cases = ["--cases", "interop-tests/cases", "--known", "/dev/null"];
    let mut command = command(&["run", "--no-build", "--runs"]);
    command.arg(place.runs()).args(cases).envs(set);
    let answer = answer(command.arg("rust-tonic/rust-tonic/greeter/deadline"));
    assert_eq!(answer.exit, Some(1), "{}", answer.stderr);
    let folder = root.file_name().expect("a name").to_str().expect("UTF-8");
    let begin = format!("::error file={folder}/interop-tests/cases/greeter.yaml,line=");
    assert!(answer.stdout.starts_with(&begin), "{}", answer.stdout);
}
