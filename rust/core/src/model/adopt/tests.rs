use super::*;
use crate::model::run::{Reason, ValueOf};
use crate::plan::known::load;
use crate::plan::known_edit::append;
use crate::plan::source::Source;

const ID: &str = "python-grpcio/rust-tonic/greeter/say-hello";

fn words() -> Words {
    Words {
        reason: "as found".into(),
        link: None,
        since: "2026-11-22".into(),
    }
}

fn finding(code: &str, got: Option<&str>) -> FindingOf {
    FindingOf {
        code: code.into(),
        level: "MUST".into(),
        got: got.map(|value| ValueOf {
            value: value.into(),
            ..ValueOf::default()
        }),
        ..FindingOf::default()
    }
}

fn status(got: &str) -> FindingOf {
    finding("expect/status", Some(got))
}

/// A cell whose runs show these findings; none is a pass.
fn cell(id: &str, outcome: &str, runs: &[&[FindingOf]]) -> Cell {
    let parts: Vec<&str> = id.split('/').collect();
    let attempts = runs.iter().map(|findings| Attempt {
        outcome: if findings.is_empty() { "pass" } else { "fail" }.into(),
        findings: findings.to_vec(),
        ..Attempt::default()
    });
    Cell {
        id: id.into(),
        client: parts[0].into(),
        server: parts[1].into(),
        suite: parts[2].into(),
        case: parts[3].into(),
        outcome: outcome.into(),
        attempts: attempts.collect(),
        ..Cell::default()
    }
}

fn list(entries: &[NewEntry]) -> Vec<Known> {
    let loaded = load(&Source::new("known.toml", append("", entries)));
    loaded.unwrap_or_else(|problem| panic!("{}", problem.render(false)))
}

fn adopted(cell: &Cell, known: &[Known], samples: u32) -> Adoption {
    adopt([cell], known, &|_| samples, &words())
}

fn shown(adoption: &Adoption) -> Vec<(Option<&str>, Option<String>)> {
    assert_eq!(adoption.left, []);
    let entries = adoption.entries.iter();
    entries
        .map(|entry| {
            let rate = entry.rate.map(|rate| rate.to_string());
            (entry.got.as_deref(), rate)
        })
        .collect()
}

#[test]
fn each_finding_of_a_failing_cell_becomes_an_entry() {
    let findings = [status("CANCELLED"), finding("rule/te", None)];
    let failing = cell(ID, "fail", &[&findings]);
    let adoption = adopted(&failing, &[], 1);
    assert_eq!(shown(&adoption), [(Some("CANCELLED"), None), (None, None)]);
    assert_eq!(adoption.entries[0].cells, ID);
    assert_eq!(adoption.entries[1].finding, "rule/te");
}

#[test]
fn what_is_listed_or_not_required_is_left_out() {
    let mut habit = status("OK");
    habit.level = "SHOULD".into();
    let failing = cell(
        ID,
        "fail",
        &[&[status("CANCELLED"), status("UNKNOWN"), habit]],
    );
    let known = list(&[entry(&failing, &status("CANCELLED"), &words())]);
    assert_eq!(
        shown(&adopted(&failing, &known, 1)),
        [(Some("UNKNOWN"), None)]
    );
}

#[test]
fn a_value_that_is_long_or_changes_is_not_named() {
    let mut bytes = status("message");
    if let Some(got) = &mut bytes.got {
        got.hex = Some("0a".into());
    }
    for finding in [bytes, status(&"x".repeat(73)), status("at 127.0.0.1:4711")] {
        assert_eq!(got_of(&finding), None, "{finding:?}");
    }
    let many: Vec<FindingOf> = ["A", "B", "C", "D"].map(status).to_vec();
    let runs: Vec<&[FindingOf]> = many.chunks(1).collect();
    let adoption = adopted(&cell(ID, "fail", &runs), &[], 4);
    assert_eq!(shown(&adoption), [(None, Some("1..4/4".into()))]);
}

#[test]
fn a_race_has_a_rate() {
    let always = cell(ID, "fail", &[&[status("A")], &[status("A")]]);
    assert_eq!(
        shown(&adopted(&always, &[], 2)),
        [(Some("A"), Some("1..2/2".into()))]
    );
    let at_times = cell(ID, "fail", &[&[status("A")], &[], &[status("B")]]);
    assert_eq!(
        shown(&adopted(&at_times, &[], 3)),
        [
            (Some("A"), Some("0..3/3".into())),
            (Some("B"), Some("0..3/3".into()))
        ]
    );
}

/// `--repeat` shows that it comes and goes, and no entry can say so of a case
/// with one sample.
#[test]
fn what_comes_and_goes_in_a_case_without_samples_is_left() {
    let failing = cell(ID, "fail", &[&[status("A")], &[]]);
    let adoption = adopted(&failing, &[], 1);
    assert_eq!(adoption.entries, []);
    assert!(adoption.left[0].1.starts_with("it shows in 1 of 2 samples"));
}

#[test]
fn what_no_entry_can_mend_is_left_with_why() {
    let mut rate = cell(ID, "fail", &[&[status("A")]]);
    rate.reason = Some(Reason {
        sentence: "known in 2..3/3 samples, seen in 1 of 3".into(),
        ..Reason::default()
    });
    let known = list(&[entry(&rate, &status("A"), &words())]);
    for (cell, why) in [
        (rate, "it is listed, but not so: known in 2..3/3"),
        (cell(ID, "error", &[]), "it came to no verdict"),
        (cell(ID, "stale", &[&[]]), "it is listed, and passes"),
        (cell(ID, "flaky", &[&[status("A")], &[]]), "it passes when"),
    ] {
        let adoption = adopted(&cell, &known, 1);
        assert_eq!(adoption.entries, []);
        assert!(adoption.left[0].1.starts_with(why), "{:?}", adoption.left);
    }
}

fn known_of(entry: &Known) -> KnownOf {
    KnownOf {
        pattern: entry.cells.as_str().into(),
        finding: entry.finding.clone(),
        reason: entry.reason.clone(),
        since: entry.since.clone(),
        at: entry.at.to_string(),
        ..KnownOf::default()
    }
}

/// A run with one entry over all cells of a server, and these cells.
fn run(cells: &[(&str, &str, &[&[FindingOf]])]) -> (Run, Vec<Known>) {
    let mut wide = entry(&cell(ID, "fail", &[]), &status("A"), &words());
    wide.cells = "*/rust-tonic/greeter/say-hello".into();
    wide.got = Some("A".into());
    let known = list(&[wide]);
    let cells = cells.iter().map(|(client, outcome, runs)| {
        let mut cell = cell(
            &format!("{client}/rust-tonic/greeter/say-hello"),
            outcome,
            runs,
        );
        cell.known_entry = vec![0];
        cell
    });
    let run = Run {
        known: known.iter().map(known_of).collect(),
        cells: cells.collect(),
        ..Run::default()
    };
    (run, known)
}

fn fate_of(cells: &[(&str, &str, &[&[FindingOf]])]) -> Option<Fate> {
    let (run, known) = run(cells);
    let stale = stale(&run, &known);
    stale.first().map(|stale| {
        assert_eq!(stale.place, Some(0));
        stale.fate.clone()
    })
}

#[test]
fn an_entry_goes_when_no_cell_shows_it() {
    let gone: &[&[FindingOf]] = &[&[]];
    assert_eq!(
        fate_of(&[("a", "stale", gone), ("b", "unsupported", &[])]),
        Some(Fate::Remove)
    );
    assert_eq!(fate_of(&[("a", "known", &[&[status("A")]])]), None);
}

#[test]
fn an_entry_stays_while_some_cell_shows_it_or_was_not_run() {
    let gone: &[&[FindingOf]] = &[&[]];
    assert_eq!(
        fate_of(&[("a", "stale", gone), ("b", "known", &[&[status("A")]])]),
        Some(Fate::Narrow { shown: 1, stale: 1 })
    );
    assert_eq!(
        fate_of(&[
            ("a", "stale", gone),
            ("b", "not-run", &[]),
            ("c", "error", &[])
        ]),
        Some(Fate::Wait { cells: 2 })
    );
    // Failing otherwise is not showing it.
    assert_eq!(
        fate_of(&[("a", "stale", gone), ("b", "fail", &[&[status("B")]])]),
        Some(Fate::Remove)
    );
}

#[test]
fn an_entry_that_moved_is_found_and_one_that_changed_is_not() {
    let (run, known) = run(&[("a", "stale", &[&[]])]);
    let text = "# one more line\n\n[[known]]\ncells = \"*/rust-tonic/greeter/say-hello\"\n\
        finding = \"expect/status\"\ngot = \"A\"\nreason = \"as found\"\nsince = \"2026-11-22\"\n";
    let moved = load(&Source::new("known.toml", text)).expect("valid");
    assert_ne!(moved[0].at, known[0].at);
    assert_eq!(stale(&run, &moved)[0].fate, Fate::Remove);
    let changed = text.replace("as found", "looked into");
    let changed = load(&Source::new("known.toml", changed)).expect("valid");
    assert_eq!(stale(&run, &changed)[0].fate, Fate::Changed);
}
