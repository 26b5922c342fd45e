//! A run as JUnit XML: a suite for each pair, a test for each case.
//!
//! What is known, unsupported or not run is skipped with its reason; what a
//! peer or the harness could not do is an error, and no failure. Cells that no
//! pattern selected are not in it.

use std::time::Duration;

use quick_junit::{
    NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestRerun, TestSuite,
};
use wirecheck_core::judge::outcome::Outcome;
use wirecheck_core::model::run::{Attempt, Cell, FindingOf, KnownOf, Run};

use super::failure::chosen;
use super::peers;
use super::style::Style;
use super::tally;
use super::text;
use super::trouble;
use super::whole::{Evidence, in_full};

/// The most columns of a message, which stands in an attribute.
const MOST_MESSAGE: usize = 400;

/// The whole run.
pub fn junit(run: &Run, evidence: Evidence<'_>) -> String {
    let mut report = Report::new("wirecheck");
    report.set_time(Duration::from_millis(run.wall_ms));
    for cells in pairs(run) {
        report.add_test_suite(suite(run, &cells, evidence));
    }
    report.to_string().expect("memory takes every byte")
}

/// The selected cells of each pair, in the order of the plan.
fn pairs(run: &Run) -> Vec<Vec<&Cell>> {
    let mut pairs: Vec<Vec<&Cell>> = Vec::new();
    for cell in run.cells.iter().filter(|cell| !tally::is_filtered(cell)) {
        let same = |first: &Cell| first.client == cell.client && first.server == cell.server;
        match pairs.iter_mut().find(|cells| same(cells[0])) {
            Some(cells) => cells.push(cell),
            None => pairs.push(vec![cell]),
        }
    }
    pairs
}

fn suite(run: &Run, cells: &[&Cell], evidence: Evidence<'_>) -> TestSuite {
    let (client, server) = (&cells[0].client, &cells[0].server);
    let mut suite = TestSuite::new(xml(&format!("{client}/{server}")));
    let time = cells.iter().map(|cell| cell.duration_ms).sum();
    suite.set_time(Duration::from_millis(time));
    suite
        .extra
        .insert("timestamp".into(), xml(&run.started).into());
    suite.add_property(property("run", &run.id));
    suite.add_property(property("seed", &run.seed.to_string()));
    for (role, name) in [("client", client), ("server", server)] {
        suite.add_properties(versions(run, role, name));
    }
    suite.add_test_cases(cells.iter().map(|cell| test_case(run, cell, evidence)));
    let troubles = troubles(run, client, server);
    if !troubles.is_empty() {
        suite.set_system_err(xml(&troubles));
    }
    suite
}

/// `client.grpcio` = `1.85.1`, and so on.
fn versions(run: &Run, role: &str, name: &str) -> Vec<Property> {
    let peer = peers::find(run, name, role);
    let versions = peer.map_or(&[][..], |peer| &peer.versions);
    let versions = versions.iter();
    versions
        .map(|part| property(&format!("{role}.{}", part.name), &part.version))
        .collect()
}

/// What went wrong with either peer as a process.
fn troubles(run: &Run, client: &str, server: &str) -> String {
    let peers = [("client", client), ("server", server)]
        .into_iter()
        .filter_map(|(role, name)| peers::find(run, name, role));
    let told = peers.map(|peer| trouble::in_its_role(run, peer, Style::Plain));
    told.collect()
}

fn test_case(run: &Run, cell: &Cell, evidence: Evidence<'_>) -> TestCase {
    let mut test = TestCase::new(xml(&cell.case_and_variant()), status(run, cell, evidence));
    let class = format!("{}.{}.{}", cell.client, cell.server, cell.suite);
    test.set_classname(xml(&class));
    test.set_time(Duration::from_millis(cell.duration_ms));
    let outcome = tally::outcome(cell);
    if outcome == Outcome::Lax {
        test.add_property(property("outcome", outcome.name()));
    }
    test
}

fn status(run: &Run, cell: &Cell, evidence: Evidence<'_>) -> TestCaseStatus {
    let outcome = tally::outcome(cell);
    match outcome {
        Outcome::Pass | Outcome::Lax => TestCaseStatus::success(),
        Outcome::Flaky => flaky(cell),
        Outcome::Known => skipped(outcome, &known(run, cell)),
        Outcome::Unsupported | Outcome::NotRun => skipped(outcome, &reason(cell)),
        Outcome::Fail | Outcome::Stale => red(run, cell, NonSuccessKind::Failure, evidence),
        Outcome::Error => red(run, cell, NonSuccessKind::Error, evidence),
    }
}

fn skipped(outcome: Outcome, why: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_type(outcome.name());
    status.set_message(message(why));
    status
}

/// The reasons of all entries that a cell shows, with where they are written.
fn known(run: &Run, cell: &Cell) -> String {
    let entries = cell.known_entry.iter();
    let entries: Vec<&KnownOf> = entries.filter_map(|index| run.known.get(*index)).collect();
    if entries.is_empty() {
        return reason(cell);
    }
    let told = entries.iter().map(|entry| {
        let link = entry.link.as_ref();
        let link = link.map_or(String::new(), |link| format!(", {link}"));
        format!(
            "{} ({}, since {}{link})",
            entry.reason, entry.at, entry.since
        )
    });
    told.collect::<Vec<_>>().join("; ")
}

fn reason(cell: &Cell) -> String {
    let reason = cell.reason.as_ref();
    reason.map_or_else(
        || "no reason given".into(),
        |reason| reason.sentence.clone(),
    )
}

fn red(run: &Run, cell: &Cell, kind: NonSuccessKind, evidence: Evidence<'_>) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    let found = chosen(run, cell).filter(|_| tally::outcome(cell) != Outcome::Stale);
    match found {
        Some((_, finding)) => {
            status.set_type(xml(&finding.code));
            status.set_message(message(&with_culprit(cell, finding)));
        }
        None => {
            status.set_type(tally::outcome(cell).name());
            status.set_message(message(&reason(cell)));
        }
    }
    status.set_description(xml(&in_full(run, cell, evidence, Style::Plain)));
    let again = cell.attempts.iter().filter(|run| run.kind == "alone");
    status.add_reruns(again.filter_map(rerun));
    status
}

/// The sentence with whose fault it is.
fn with_culprit(cell: &Cell, finding: &FindingOf) -> String {
    let culprit = match finding.culprit.as_str() {
        "client" => format!("client {}", cell.client),
        "server" => format!("server {}", cell.server),
        "" => "undetermined".into(),
        other => other.into(),
    };
    format!("{} (culprit: {culprit})", finding.sentence)
}

/// It passed in the end: what went wrong before is kept beside the success.
fn flaky(cell: &Cell) -> TestCaseStatus {
    let mut status = TestCaseStatus::success();
    status.add_reruns(cell.attempts.iter().filter_map(rerun));
    status
}

/// A run of a cell that went wrong.
fn rerun(attempt: &Attempt) -> Option<TestRerun> {
    let kind = match attempt.outcome.as_str() {
        "fail" => NonSuccessKind::Failure,
        "error" => NonSuccessKind::Error,
        _ => return None,
    };
    let mut rerun = TestRerun::new(kind);
    let mut findings = attempt.findings.iter();
    if let Some(finding) = findings.find(|finding| finding.level == "MUST") {
        rerun.set_type(xml(&finding.code));
        rerun.set_message(message(&finding.sentence));
    }
    rerun.set_description(xml(&format!("in the run of kind `{}`", attempt.kind)));
    Some(rerun)
}

fn property(name: &str, value: &str) -> Property {
    Property::new(xml(name), xml(value))
}

fn message(sentence: &str) -> String {
    xml(&text::fit(sentence, MOST_MESSAGE))
}

/// Text that XML can hold, whatever a peer put into it: the characters that it
/// forbids are escapes, and lines stay lines.
fn xml(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(text::clean).collect();
    let is_forbidden = |c| matches!(c, '\u{fffe}' | '\u{ffff}');
    let mut out = String::new();
    for c in lines.join("\n").chars() {
        match is_forbidden(c) {
            true => out.extend(c.escape_unicode()),
            false => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests;
