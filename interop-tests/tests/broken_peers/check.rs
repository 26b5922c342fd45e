//! Holds what became of a broken peer against its row of the table.

use wirecheck_core::model::run::{Attempt, FindingOf, Peer};

use super::run::{Finished, SUSPECT};
use super::table::Row;

/// What is not as the table says, one sentence each.
pub fn broken_promises(row: &Row, finished: &Finished) -> Vec<String> {
    let checks = [
        exit(row, finished),
        outcome(row, finished),
        culprit(row, finished),
        finding(row, finished),
        says(row, finished),
        log(row, finished),
        log_is_bounded(finished),
        rest_goes_on(finished),
        fault_is_unnamed(row, finished),
        nothing_is_left(finished),
    ];
    checks.into_iter().flatten().collect()
}

fn unless(holds: bool, sentence: impl FnOnce() -> String) -> Option<String> {
    (!holds).then(sentence)
}

fn exit(row: &Row, finished: &Finished) -> Option<String> {
    let as_expected = finished.exit == Some(row.exit) && i32::from(finished.run.exit) == row.exit;
    unless(as_expected, || {
        format!("it exited with {:?}, expected {}", finished.exit, row.exit)
    })
}

fn outcome(row: &Row, finished: &Finished) -> Option<String> {
    let outcome = finished.cell.outcome.as_str();
    unless(row.outcomes.contains(&outcome), || {
        format!("the cell is `{outcome}`, expected {:?}", row.outcomes)
    })
}

/// The first finding that decides, of the last run of the cell.
fn decisive(finished: &Finished) -> Option<&FindingOf> {
    let required = |attempt: &'_ Attempt| {
        let mut findings = attempt.findings.iter();
        findings.position(|finding| finding.level == "MUST")
    };
    let attempt = finished.cell.attempts.last()?;
    required(attempt).map(|index| &attempt.findings[index])
}

fn culprit(row: &Row, finished: &Finished) -> Option<String> {
    let culprit = row.culprit?;
    let got = decisive(finished).map(|finding| finding.culprit.as_str());
    unless(got == Some(culprit), || {
        format!("the culprit is {got:?}, expected {culprit}")
    })
}

/// What was found, whichever came first.
fn finding(row: &Row, finished: &Finished) -> Option<String> {
    let wanted = row.finding?;
    let findings = || {
        finished
            .cell
            .attempts
            .iter()
            .flat_map(|attempt| &attempt.findings)
    };
    let found = findings().any(|finding| {
        finding.code == wanted
            && finding.level == "MUST"
            && Some(finding.culprit.as_str()) == row.culprit
    });
    unless(found, || {
        let all: Vec<_> = findings()
            .map(|finding| (&finding.code, &finding.culprit, &finding.sentence))
            .collect();
        format!(
            "there is no `{wanted}` of the {:?}, only {all:?}",
            row.culprit
        )
    })
}

/// In the report and on the terminal: what the table says, or else the finding.
fn says(row: &Row, finished: &Finished) -> Option<String> {
    let of_finding = || {
        row.finding
            .and(decisive(finished))
            .map(|finding| finding.sentence.as_str())
    };
    let says = row.says.or_else(of_finding)?;
    let reason = finished.cell.reason.iter().map(|reason| &reason.sentence);
    let errors =
        suspects(finished).flat_map(|peer| peer.errors.iter().map(|error| &error.sentence));
    let finding = decisive(finished).map(|finding| &finding.sentence);
    let told = reason
        .chain(errors)
        .chain(finding)
        .chain(&finished.run.cuts);
    let in_report = told.into_iter().any(|sentence| sentence.contains(says));
    // Lines are wrapped where they are printed.
    let printed = words(&finished.stdout) + " " + &words(&finished.stderr);
    let in_print = printed.contains(&words(says)) && printed.contains(SUSPECT);
    unless(in_report && in_print, || {
        format!("\"{says}\" is in the report: {in_report}, in print: {in_print}")
    })
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn suspects(finished: &Finished) -> impl Iterator<Item = &Peer> {
    let peers = finished.run.peers.iter();
    peers.filter(|peer| peer.name == SUSPECT)
}

fn log(row: &Row, finished: &Finished) -> Option<String> {
    let log = row.log?;
    let mut lines =
        suspects(finished).flat_map(|peer| peer.errors.iter().flat_map(|error| &error.log_tail));
    let in_report = lines.any(|line| line.contains(log));
    let in_print = finished.stdout.contains(log) || finished.stderr.contains(log);
    unless(in_report && in_print, || {
        format!("the log's \"{log}\" is in the report: {in_report}, in print: {in_print}")
    })
}

/// The limit of a log, and the line that says how much was cut.
fn log_is_bounded(finished: &Finished) -> Option<String> {
    const MOST: u64 = 1024 * 1024 + 100;
    let folder = finished.folder.path().join("report/runs/latest/logs");
    let logs = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes: Vec<u64> = logs
        .filter_map(|log| Some(log.metadata().ok()?.len()))
        .collect();
    unless(
        !sizes.is_empty() && sizes.iter().all(|size| *size <= MOST),
        || format!("the logs have {sizes:?} bytes, at most {MOST} are right"),
    )
}

fn rest_goes_on(finished: &Finished) -> Option<String> {
    let outcome = finished.healthy.outcome.as_str();
    let attempts = finished.healthy.attempts.len();
    unless(outcome == "pass" && attempts == 1, || {
        format!("the healthy cell is `{outcome}` after {attempts} runs")
    })
}

/// Nothing that was judged may tell which fault it is.
fn fault_is_unnamed(row: &Row, finished: &Finished) -> Option<String> {
    let judged = serde_json::to_string(&(&finished.run.cells, &finished.run.causes));
    let judged = judged.unwrap_or_default();
    unless(!judged.is_empty() && !judged.contains(row.fault), || {
        format!("what was judged names the fault `{}`", row.fault)
    })
}

fn nothing_is_left(finished: &Finished) -> Option<String> {
    let left = &finished.left;
    unless(left.is_empty(), || format!("processes are left: {left:?}"))
}
