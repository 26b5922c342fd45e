//! What passed, in a few lines.

use std::collections::BTreeMap;

use wirecheck_core::judge::finding::{Culprit, Level};

use super::{culprit, level};
use crate::report::style::{Line, Page, Paint, Style};
use crate::report::table::Table;
use crate::report::text;

/// Where what is named on the left begins.
const COLUMN: usize = 13;

/// Figures over all that passed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// How long the tap was open, in nanoseconds.
    pub open_ns: u64,
    /// Connections that were accepted.
    pub connections: u64,
    /// Of these, how many the upstream did not take.
    pub refused: u64,
    /// Connections that were reset since too many were open.
    pub turned_away: u64,
    /// Connections that were passed on and not read, since too many were open.
    pub not_followed: u64,
    /// Connections that do not speak HTTP/2.
    pub foreign: u64,
    /// Calls, by path and how they ended.
    pub calls: BTreeMap<(String, String), u64>,
    /// Calls of further paths than are told apart.
    pub other_calls: u64,
    /// Messages of clients and of servers.
    pub messages: [u64; 2],
    /// Bytes of clients and of servers.
    pub bytes: [u64; 2],
    /// Findings, by rule and culprit.
    pub findings: BTreeMap<(String, &'static str), Heard>,
    /// What was left out, line by line.
    pub left_out: Vec<String>,
    /// What was written, line by line.
    pub files: Vec<String>,
}

/// How often a rule was broken by one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// How bad it is.
    pub level: Level,
    /// How often.
    pub count: u64,
    /// What was said of it first.
    pub sentence: String,
}

impl Summary {
    /// Calls in all.
    pub fn call_count(&self) -> u64 {
        self.calls.values().sum::<u64>() + self.other_calls
    }

    /// Whether anything that passed breaks a MUST.
    pub fn broke_must(&self) -> bool {
        self.findings
            .values()
            .any(|heard| heard.level == Level::Must)
    }

    /// Counts a finding.
    pub fn count_finding(&mut self, code: &str, by: Culprit, level: Level, sentence: &str) {
        let key = (code.to_owned(), culprit(by));
        let heard = self.findings.entry(key).or_insert_with(|| Heard {
            level,
            count: 0,
            sentence: sentence.to_owned(),
        });
        heard.count += 1;
    }
}

/// The summary as text.
pub fn summary(summary: &Summary, style: Style) -> String {
    let mut page = Page::new(style);
    let calls = text::count(summary.call_count() as usize, "call");
    let connections = text::count(summary.connections as usize, "connection");
    page.line(
        Line::default()
            .paint(Paint::Strong, format!("{calls} on {connections}"))
            .right(text::waited(summary.open_ns / 1_000_000)),
    );
    put_calls(&mut page, summary);
    put_traffic(&mut page, summary);
    put_connections(&mut page, summary);
    put_findings(&mut page, summary);
    for line in &summary.left_out {
        entry(&mut page, "left out", Paint::Warn, line);
    }
    for line in &summary.files {
        entry(&mut page, "wrote", Paint::Dim, line);
    }
    page.finish()
}

fn put_calls(page: &mut Page, summary: &Summary) {
    let mut table = Table::default();
    for ((path, ending), count) in &summary.calls {
        table.texts([
            &text::number(*count),
            &text::fit(ending, 30),
            &text::fit(path, 60),
        ]);
    }
    table.put(page, 2, 2);
    if summary.other_calls > 0 {
        let told = format!(
            "{} of further paths",
            text::count(summary.other_calls as usize, "call")
        );
        page.line(Line::indent(2).text(told));
    }
}

fn put_traffic(page: &mut Page, summary: &Summary) {
    let told = |side: usize| {
        let messages = text::count(summary.messages[side] as usize, "message");
        format!("{messages} in {} bytes", text::number(summary.bytes[side]))
    };
    entry(page, "clients", Paint::Dim, &told(0));
    entry(page, "servers", Paint::Dim, &told(1));
}

fn put_connections(page: &mut Page, summary: &Summary) {
    let said = [
        (summary.refused, "not taken by the upstream"),
        (summary.turned_away, "reset, since too many were open"),
        (
            summary.not_followed,
            "passed on and not read, since too many were open",
        ),
        (summary.foreign, "without HTTP/2 in plaintext"),
    ];
    for (count, what) in said.into_iter().filter(|(count, _)| *count > 0) {
        let connections = text::count(count as usize, "connection");
        entry(page, "", Paint::Dim, &format!("{connections} {what}"));
    }
}

fn put_findings(page: &mut Page, summary: &Summary) {
    let mut findings: Vec<_> = summary.findings.iter().collect();
    findings.sort_by_key(|(_, heard)| {
        (
            std::cmp::Reverse(heard.level),
            std::cmp::Reverse(heard.count),
        )
    });
    if findings.is_empty() && summary.call_count() > 0 {
        entry(page, "findings", Paint::Dim, "none");
    }
    let mut label = "findings";
    for ((code, culprit), heard) in findings {
        let paint = match heard.level {
            Level::Must => Paint::Bad,
            Level::Should => Paint::Warn,
            Level::Info => Paint::Dim,
        };
        let times = match heard.count {
            1 => "once".to_owned(),
            count => format!("{} times", text::number(count)),
        };
        let told = format!(
            "{} {culprit}, {times}: {}   ({code})",
            level(heard.level),
            heard.sentence
        );
        entry(page, label, paint, &told);
        label = "";
    }
}

fn entry(page: &mut Page, label: &str, paint: Paint, text: &str) {
    page.folded(Line::indent(2).paint(paint, label), COLUMN, text);
}
