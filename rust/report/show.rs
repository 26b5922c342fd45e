//! Everything about one run of a cell: what was decided, then the frames in the
//! order of time with their headers and messages, then what both sides said.

pub(super) mod frames;
mod messages;
mod reports;

use wirecheck_core::model::run::{Attempt, Cell, FindingOf, Run};

use super::Material;
use super::matrix::more;
use super::peers;
use super::style::{Line, Page, Paint, Style};
use super::tally;
use super::text;

/// Where what is named on the left begins.
const COLUMN: usize = 10;
/// The most findings that are told.
const MOST_FINDINGS: usize = 8;

/// Shows one attempt of a cell, by its index.
pub fn show(
    run: &Run,
    cell: &Cell,
    attempt: usize,
    material: Material<'_>,
    style: Style,
) -> String {
    let mut page = Page::new(style);
    head(&mut page, run, cell, attempt);
    let Some(attempt) = cell.attempts.get(attempt) else {
        return page.finish();
    };
    findings(&mut page, attempt);
    match material.exchange {
        Some(exchange) => frames::put(&mut page, exchange, material),
        None => no_capture(&mut page),
    }
    reports::put(&mut page, attempt);
    captures(&mut page, attempt);
    page.finish()
}

fn head(page: &mut Page, run: &Run, cell: &Cell, attempt: usize) {
    let outcome = tally::outcome(cell);
    page.line(
        Line::default()
            .paint(tally::paint(outcome), format!("{} ", outcome.mark()))
            .paint(Paint::Strong, &cell.id)
            .right(format!(
                "{}   {}   run {}",
                tally::word(outcome),
                text::waited(cell.duration_ms),
                run.id
            )),
    );
    let id = format!("{}/{}", cell.suite, cell.case);
    if let Some(case) = run.cases.iter().find(|case| case.id == id) {
        entry(
            page,
            "case",
            &format!("{}   ({}:{})", case.about, case.file, case.line),
        );
    }
    entry(page, "client", &peers::named(run, &cell.client, "client"));
    entry(page, "server", &peers::named(run, &cell.server, "server"));
    if let Some(reason) = &cell.reason {
        entry(page, "reason", &reason.sentence);
    }
    if cell.attempts.len() > 1 {
        let kind = cell
            .attempts
            .get(attempt)
            .map_or("", |attempt| attempt.kind.as_str());
        let told = format!("{} of {} ({kind})", attempt + 1, cell.attempts.len());
        entry(page, "attempt", &told);
    }
    if !cell.distribution.is_empty() {
        let counts = cell
            .distribution
            .iter()
            .map(|(status, count)| format!("{status} {count}"));
        entry(page, "samples", &counts.collect::<Vec<_>>().join(", "));
    }
}

fn findings(page: &mut Page, attempt: &Attempt) {
    let mut label = "findings";
    for finding in attempt.findings.iter().take(MOST_FINDINGS) {
        entry(page, label, &finding_line(finding));
        label = "";
    }
    if attempt.findings.len() > MOST_FINDINGS {
        entry(page, "", &more(attempt.findings.len() - MOST_FINDINGS));
    }
    let open = attempt
        .checks
        .iter()
        .filter_map(|check| Some((check, check.why.as_ref()?)));
    for (check, why) in open.take(MOST_FINDINGS) {
        entry(
            page,
            "unseen",
            &format!("{}: {} since {why}", check.path, check.state),
        );
    }
}

fn finding_line(finding: &FindingOf) -> String {
    let who = match finding.culprit.as_str() {
        "" => "undetermined",
        culprit => culprit,
    };
    format!(
        "{} {who}: {}   ({})",
        finding.level, finding.sentence, finding.code
    )
}

fn no_capture(page: &mut Page) {
    page.blank();
    page.line(Line::default().paint(Paint::Warn, "there is no capture of it that can be read"));
}

/// Where the bytes are, for other tools.
fn captures(page: &mut Page, attempt: &Attempt) {
    if attempt.captures.is_empty() {
        return;
    }
    page.blank();
    for capture in &attempt.captures {
        let cut = if capture.cut { ", cut" } else { "" };
        let beside = match capture.beside.as_str() {
            "" => String::new(),
            side => format!(", beside the {side}"),
        };
        let length = text::count(capture.length as usize, "byte");
        entry(page, "capture", &capture.path);
        entry(
            page,
            "",
            &format!("in the run's folder, {length}{cut}{beside}"),
        );
    }
}

fn entry(page: &mut Page, label: &str, text: &str) {
    page.folded(Line::default().paint(Paint::Dim, label), COLUMN, text);
}

#[cfg(test)]
mod tests;
