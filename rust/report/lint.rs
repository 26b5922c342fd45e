//! What `wirecheck lint` prints: connections with what they broke, as text or
//! as JSON.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use wirecheck_core::model::from_judge::hex;
use wirecheck_core::model::run::{FindingOf, ValueOf};

use super::style::{Line, Page, Paint, Style};
use super::text;

/// Where what is said of a connection begins.
const INSIDE: usize = 6;
/// Findings that are told in full once in a file.
const MOST_IN_FULL: usize = 500;
/// Bytes of a row.
const ROW: usize = 16;
/// The most columns of a value.
const MOST_VALUE: usize = 200;

/// One connection of a capture.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ConnectionTold {
    /// Counted from 1.
    pub connection: u32,
    /// The addresses of the client and of the server, if the capture has them.
    pub ends: Option<[String; 2]>,
    /// It speaks HTTP/2, and was held against the rules.
    pub http2: bool,
    /// Calls that ended, or whose connection did.
    pub calls: u64,
    /// Messages of both sides.
    pub messages: u64,
    /// Bytes of the client and of the server.
    pub bytes: [u64; 2],
    /// What cannot be read of it and why, and whatever else is to be known.
    pub notes: Vec<String>,
    /// What it broke, those that are alike once.
    pub findings: Vec<FindingTold>,
    /// How many findings there are beside these.
    pub more: u64,
    /// How often a MUST, a SHOULD and an INFO was broken.
    pub levels: [u64; 3],
}

/// Findings that are alike.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FindingTold {
    /// The first of them.
    pub finding: FindingOf,
    /// How many there are.
    pub times: u64,
    /// What lies at its place, secrets masked, if that is still known.
    pub bytes: Option<Excerpt>,
}

/// Bytes at an offset of a direction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Excerpt {
    /// Where they begin.
    pub offset: u64,
    /// The bytes, or the first of them.
    pub bytes: Vec<u8>,
    /// How many there are.
    pub length: u64,
}

/// Figures over everything that was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections.
    pub connections: u64,
    /// Of these, how many speak HTTP/2 that can be read.
    pub http2: u64,
    /// Calls.
    pub calls: u64,
    /// Messages.
    pub messages: u64,
    /// How often a MUST, a SHOULD and an INFO was broken.
    pub levels: [u64; 3],
}

impl ConnectionTold {
    /// Counts a finding of a level.
    pub fn count(&mut self, level: &str) {
        self.levels[rank(level)] += 1;
    }

    /// What it seemed to break, it does not.
    pub fn forget_findings(&mut self) {
        self.findings.clear();
        self.levels = [0; 3];
        self.more = 0;
    }
}

impl Counts {
    /// Counts a connection.
    pub fn add(&mut self, told: &ConnectionTold) {
        self.connections += 1;
        self.http2 += u64::from(told.http2);
        self.calls += told.calls;
        self.messages += told.messages;
        for (count, level) in self.levels.iter_mut().zip(told.levels) {
            *count += level;
        }
    }

    /// Whether anything breaks a MUST.
    pub fn broke_must(&self) -> bool {
        self.levels[0] > 0
    }
}

fn rank(level: &str) -> usize {
    match level {
        "MUST" => 0,
        "SHOULD" => 1,
        _ => 2,
    }
}

/// Writes the connections of one file as text. What was told in full once is
/// told in one line after that.
#[derive(Debug, Default)]
pub struct Text {
    style: Style,
    told: BTreeSet<String>,
}

impl Text {
    /// A new file.
    pub fn new(style: Style) -> Self {
        Self {
            style,
            told: BTreeSet::new(),
        }
    }

    /// What stands above the connections.
    pub fn file(&self, path: &str, format: &str) -> String {
        let mut page = Page::new(self.style);
        page.line(Line::default().paint(Paint::Strong, path).right(format));
        page.finish()
    }

    /// A connection.
    pub fn connection(&mut self, told: &ConnectionTold) -> String {
        let mut page = Page::new(self.style);
        let number = format!("connection {}", told.connection);
        let mut line = Line::default().paint(Paint::Strong, number);
        if let Some([client, server]) = &told.ends {
            line = line.text("  ").text(format!("{client} -> {server}"));
        }
        page.line(line.right(carried(told)));
        for note in &told.notes {
            page.folded(Line::default().paint(Paint::Warn, "*"), INSIDE, note);
        }
        let mut findings: Vec<&FindingTold> = told.findings.iter().collect();
        findings.sort_by_key(|told| rank(&told.finding.level));
        for told in findings {
            self.finding(&mut page, told);
        }
        if told.more > 0 {
            let more = text::number(told.more);
            let line = Line::indent(INSIDE);
            page.line(line.text(format!("... {more} findings more, of other kinds")));
        }
        page.finish()
    }

    fn finding(&mut self, page: &mut Page, told: &FindingTold) {
        let FindingTold { finding, times, .. } = told;
        let FindingOf {
            code,
            level,
            culprit,
            sentence,
            ..
        } = finding;
        let paint = match rank(level) {
            0 => Paint::Bad,
            1 => Paint::Warn,
            _ => Paint::Dim,
        };
        let times = match times {
            1 => String::new(),
            times => format!(", {} times", text::number(*times)),
        };
        let title = format!("{level} {culprit}{times}: {sentence}   ({code})");
        page.folded(Line::default().paint(paint, "!"), INSIDE, &title);
        let is_new = self.told.len() < MOST_IN_FULL
            && self.told.insert(format!("{code} {culprit} {sentence}"));
        if is_new {
            in_full(page, told);
        }
    }

    /// The last lines: what was not read of a file.
    pub fn left_out(&self, left_out: &[String]) -> String {
        let mut page = Page::new(self.style);
        for line in left_out {
            let label = Line::default().paint(Paint::Warn, "left out");
            page.folded(label, INSIDE + 4, line);
        }
        page.finish()
    }
}

fn carried(told: &ConnectionTold) -> String {
    match told.http2 {
        true => format!(
            "{}, {}",
            text::count(told.calls as usize, "call"),
            text::count(told.messages as usize, "message")
        ),
        false => format!("{} bytes", text::number(told.bytes[0] + told.bytes[1])),
    }
}

/// Where it is, its bytes, and why.
fn in_full(page: &mut Page, told: &FindingTold) {
    let FindingTold { finding, bytes, .. } = told;
    page.folded(Line::default(), INSIDE, &whereabouts(finding));
    if let Some(bytes) = bytes {
        put_bytes(page, bytes);
    }
    for (label, value) in [("expected", &finding.expected), ("got", &finding.got)] {
        if let Some(ValueOf { value, .. }) = value.as_ref().filter(|value| !value.value.is_empty())
        {
            let label = Line::indent(INSIDE).paint(Paint::Dim, label);
            page.folded(label, INSIDE + 10, &text::fit(value, MOST_VALUE));
        }
    }
    if let Some(section) = &finding.section {
        let quoted = format!("{}: \"{}\"", section.name, section.quote);
        page.entry(Line::default(), INSIDE, &quoted);
    }
}

fn whereabouts(finding: &FindingOf) -> String {
    let place = &finding.place;
    let mut parts = Vec::new();
    parts.extend(place.stream.map(|id| format!("stream {id}")));
    parts.extend(place.message.map(|index| format!("message {}", index + 1)));
    if let (Some((start, end)), Some(sender)) = (place.byte_range, &place.sender) {
        let last = end.saturating_sub(1).max(start);
        let (start, last) = (text::number(start), text::number(last));
        parts.push(format!("bytes {start}..{last} of the {sender}"));
    }
    match parts.is_empty() {
        true => "the connection as a whole".to_owned(),
        false => parts.join(", "),
    }
}

fn put_bytes(page: &mut Page, excerpt: &Excerpt) {
    for (nth, row) in excerpt.bytes.chunks(ROW).enumerate() {
        let offset = excerpt.offset + (nth * ROW) as u64;
        let label = format!("{offset:04x}");
        let line = Line::indent(INSIDE).paint(Paint::Dim, label).text("  ");
        let bytes: Vec<String> = row.iter().map(|byte| format!("{byte:02x}")).collect();
        page.line(line.text(bytes.join(" ")));
    }
    let left = excerpt.length.saturating_sub(excerpt.bytes.len() as u64);
    if left > 0 {
        let left = text::count(left as usize, "byte");
        page.line(Line::indent(INSIDE).text(format!("... {left} more")));
    }
}

/// The last line.
pub fn last_line(counts: &Counts, exit: u8, style: Style) -> String {
    let [must, should, info] = counts.levels.map(text::number);
    let told = format!(
        "{}, {} on {}: {must} MUST, {should} SHOULD, {info} INFO",
        text::count(counts.calls as usize, "call"),
        text::count(counts.messages as usize, "message"),
        text::count(counts.connections as usize, "connection"),
    );
    let paint = match counts.broke_must() {
        true => Paint::Bad,
        false => Paint::Strong,
    };
    let mut page = Page::new(style);
    let line = Line::default().paint(paint, told);
    page.line(line.right(format!("exit {exit}")));
    page.finish()
}

/// A connection as JSON.
pub fn connection_json(told: &ConnectionTold) -> Value {
    let ends = told.ends.as_ref();
    let findings = told.findings.iter().map(finding_json);
    json!({
        "connection": told.connection,
        "client": ends.map(|[client, _]| client),
        "server": ends.map(|[_, server]| server),
        "http2": told.http2,
        "calls": told.calls,
        "messages": told.messages,
        "client_bytes": told.bytes[0],
        "server_bytes": told.bytes[1],
        "notes": told.notes,
        "findings": findings.collect::<Vec<_>>(),
        "more_findings": told.more,
    })
}

fn finding_json(told: &FindingTold) -> Value {
    let mut value = json!(told.finding);
    value["times"] = told.times.into();
    value["bytes"] = told.bytes.as_ref().map_or(Value::Null, |excerpt| {
        json!({
            "offset": excerpt.offset,
            "hex": hex(&excerpt.bytes),
            "length": excerpt.length,
        })
    });
    value
}

/// The figures as JSON.
pub fn counts_json(counts: &Counts) -> Value {
    let [must, should, info] = counts.levels;
    json!({
        "connections": counts.connections,
        "http2": counts.http2,
        "calls": counts.calls,
        "messages": counts.messages,
        "must": must,
        "should": should,
        "info": info,
    })
}

#[cfg(test)]
mod tests;
