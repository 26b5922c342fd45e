//! What is wrong with one cell. The parts always come in the same order: title,
//! sentence, who, where, bytes, fields, rule, case, hint, what to type next.
//! All that stands above the bytes fits in eight lines.

mod accept;
mod bytes;
mod headers;

use prost_reflect::MessageDescriptor;
use wirecheck_core::judge::outcome::Outcome;
use wirecheck_core::model::run::{Attempt, Case, Cell, FindingOf, Run, ValueOf};
use wirecheck_core::wire::capture::Direction;
use wirecheck_core::wire::frame::type_name;

use super::Material;
use super::peers;
use super::reproduce;
use super::style::{Line, Page, Paint, Style, WIDTH};
use super::tally;
use super::text;

/// Where labels begin.
const INDENT: usize = 3;
/// Where what they name begins.
const COLUMN: usize = 14;
/// The most columns of a value that was expected or seen.
const MOST_VALUE: usize = 400;
/// The most lines of a value.
const MOST_LINES: usize = 12;
/// The most findings that are named beside the one that is told.
const MOST_OTHERS: usize = 3;

/// Why a cell is not as expected, as far as one finding tells it, with what
/// else was found named below. The exchange is that of the last attempt; of an
/// earlier one only the model tells.
pub fn failure(run: &Run, cell: &Cell, material: Material<'_>, style: Style) -> String {
    let mut page = Page::new(style);
    title(&mut page, run, cell);
    match chosen(run, cell) {
        Some((attempt, finding)) => {
            Message::new(run, cell, attempt, finding, material).put(&mut page)
        }
        None => reason(&mut page, cell),
    }
    next_steps(&mut page, run, cell);
    page.finish()
}

fn title(page: &mut Page, run: &Run, cell: &Cell) {
    let outcome = tally::outcome(cell);
    let verdict = format!(
        " {} {}",
        outcome.mark(),
        tally::word(outcome).to_uppercase()
    );
    page.line(Line::default().paint(Paint::Dim, "-".repeat(WIDTH)));
    page.line(
        Line::default()
            .paint(tally::paint(outcome), verdict)
            .text("  ")
            .paint(Paint::Strong, &cell.id)
            .right(format!(
                "{}   run {}",
                text::waited(cell.duration_ms),
                run.id
            )),
    );
}

/// Where a finding points to and what differs there, without who and why.
pub(super) fn evidence(
    run: &Run,
    cell: &Cell,
    attempt: &Attempt,
    finding: &FindingOf,
    material: Material<'_>,
) -> String {
    let mut page = Page::new(Style::Plain);
    let message = Message {
        run,
        cell,
        attempt,
        finding,
        material,
    };
    message.place(&mut page);
    page.blank();
    message.difference(&mut page);
    page.finish()
}

/// The finding that decided: of the required ones the first that is not known,
/// of the last attempt that has one.
pub(super) fn chosen<'a>(run: &Run, cell: &'a Cell) -> Option<(&'a Attempt, &'a FindingOf)> {
    let findings = || {
        let attempts = cell.attempts.iter().rev();
        attempts.flat_map(|attempt| {
            attempt
                .findings
                .iter()
                .map(move |finding| (attempt, finding))
        })
    };
    let required = |found: &(&Attempt, &FindingOf)| found.1.level == "MUST";
    let new = |found: &(&Attempt, &FindingOf)| required(found) && !is_known(run, cell, found.1);
    findings()
        .find(new)
        .or_else(|| findings().find(required))
        .or_else(|| findings().next())
}

fn is_known(run: &Run, cell: &Cell, finding: &FindingOf) -> bool {
    let mut entries = cell
        .known_entry
        .iter()
        .filter_map(|index| run.known.get(*index));
    entries.any(|entry| entry.finding == finding.code)
}

/// The model has no finding for what was never tried.
fn reason(page: &mut Page, cell: &Cell) {
    let Some(reason) = &cell.reason else {
        page.line(Line::new(" nothing is known of it"));
        return;
    };
    page.entry(Line::default(), 1, &reason.sentence);
    if let Some(peer) = &reason.peer {
        page.blank();
        entry(page, "peer", peer);
    }
    if let Some(mend) = &reason.mend {
        hint(page, mend);
    }
}

fn entry(page: &mut Page, label: &str, text: &str) {
    page.entry(Line::indent(INDENT).paint(Paint::Dim, label), COLUMN, text);
}

fn hint(page: &mut Page, text: &str) {
    page.blank();
    page.entry(Line::new(" hint:"), 7, text);
}

/// What there is to tell of a finding.
struct Message<'a> {
    run: &'a Run,
    cell: &'a Cell,
    attempt: &'a Attempt,
    finding: &'a FindingOf,
    material: Material<'a>,
}

impl<'a> Message<'a> {
    fn new(
        run: &'a Run,
        cell: &'a Cell,
        attempt: &'a Attempt,
        finding: &'a FindingOf,
        material: Material<'a>,
    ) -> Self {
        let is_last = cell
            .attempts
            .last()
            .is_some_and(|last| std::ptr::eq(last, attempt));
        let exchange = material.exchange.filter(|_| is_last);
        let material = Material {
            exchange,
            ..material
        };
        Self {
            run,
            cell,
            attempt,
            finding,
            material,
        }
    }

    fn put(&self, page: &mut Page) {
        self.sentence(page);
        page.blank();
        self.who(page);
        self.place(page);
        page.blank();
        self.difference(page);
        self.rule(page);
        self.case(page);
        self.samples(page);
        self.others(page);
        self.hint(page);
    }

    /// At most two lines; all of a long value stands below.
    fn sentence(&self, page: &mut Page) {
        let room = WIDTH - 1;
        let mut lines = text::wrap(&self.finding.sentence, room);
        if lines.len() > 2 {
            let rest = lines.split_off(1).join(" ");
            lines.push(text::fit(&rest, room));
        }
        for line in lines {
            page.line(Line::new(" ").paint(Paint::Strong, text::fit(&line, room)));
        }
    }

    fn who(&self, page: &mut Page) {
        let culprit = self.finding.culprit.as_str();
        let name = match culprit {
            "client" => format!(
                "client  {}",
                peers::in_short(self.run, &self.cell.client, culprit)
            ),
            "server" => format!(
                "server  {}",
                peers::in_short(self.run, &self.cell.server, culprit)
            ),
            "" => "undetermined".to_owned(),
            other => other.to_owned(),
        };
        let room = WIDTH - COLUMN;
        let told = match self.client_saw() {
            Some(saw) if text::width(&name) + text::width(&saw) + 3 <= room => {
                format!("{name}   {saw}")
            }
            _ => name,
        };
        let label = Line::indent(INDENT).paint(Paint::Dim, "culprit");
        page.line(label.pad(COLUMN).text(text::fit(&told, room)));
        if bytes::same_meaning(self.finding, self.message_type().as_ref()) {
            entry(page, "meaning", "the same: other bytes of the same message");
        }
    }

    /// What the client made of it, where that is not the finding itself.
    fn client_saw(&self) -> Option<String> {
        if self.finding.code == "expect/status" {
            return None;
        }
        // Which of several calls the finding speaks of is not known here.
        let mut reports = self.attempt.calls.values().flatten();
        let report = reports.next().filter(|_| reports.next().is_none())?;
        let status = (!report.status.is_empty()).then_some(&report.status)?;
        Some(format!("(the client saw {status})"))
    }

    fn place(&self, page: &mut Page) {
        let place = &self.finding.place;
        let sender = place
            .sender
            .as_deref()
            .map_or(String::new(), |sender| format!("{sender} "));
        let bytes = place.byte_range.filter(|(start, end)| end > start);
        let parts = [
            place.connection.map(|id| format!("connection {id}")),
            place.stream.map(|id| format!("stream {id}")),
            place.frame.map(|index| self.frame(index)),
            place.message.map(|index| format!("message #{}", index + 1)),
            bytes.map(|(start, end)| format!("{sender}bytes {start} to {}", end - 1)),
            place
                .at_ns
                .map(|at| format!("+{} ms", text::milliseconds(at))),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        if !parts.is_empty() {
            entry(page, "where", &parts.join(", "));
        }
    }

    /// Frames are counted from 1, as `show` does.
    fn frame(&self, index: usize) -> String {
        let frames = self.material.exchange.and_then(|exchange| {
            let mut connections = exchange.connections.iter();
            connections.find(|connection| Some(connection.id) == self.finding.place.connection)
        });
        let kind = frames.and_then(|connection| type_name(connection.frames.get(index)?.kind));
        match kind {
            Some(kind) => format!("frame {} ({kind})", index + 1),
            None => format!("frame {}", index + 1),
        }
    }

    fn difference(&self, page: &mut Page) {
        let kind = self.message_type();
        let shown = bytes::put(page, self.finding, kind.as_ref())
            || headers::put(page, self.finding, self.material.exchange);
        if !shown {
            value(page, "expected", self.finding.expected.as_ref());
            value(page, "got", self.finding.got.as_ref());
            headers::put_as_sent(page, self.finding, self.material.exchange);
        }
        page.blank();
    }

    /// The type of the message that the finding is about.
    fn message_type(&self) -> Option<MessageDescriptor> {
        let path = self.finding.path.as_deref().unwrap_or_default();
        let direction = match self.finding.place.sender.as_deref() {
            Some("client") => Direction::ClientToServer,
            Some(_) => Direction::ServerToClient,
            None if path.starts_with("handled.") => Direction::ClientToServer,
            None => Direction::ServerToClient,
        };
        let stream = self
            .material
            .exchange
            .and_then(|exchange| headers::stream(exchange, &self.finding.place));
        if let Some(stream) = stream {
            return self.material.message_type(stream, direction);
        }
        let in_path = path
            .strip_prefix("handled.")
            .and_then(|rest| rest.rsplit_once('.'));
        let method = match in_path {
            Some((method, _)) => method,
            None => self.attempt.handled.first()?.method.as_str(),
        };
        self.material.type_of(method, direction)
    }

    /// A peer that is gone breaks no rule.
    fn is_of_process(&self) -> bool {
        let code = self.finding.code.as_str();
        code.starts_with("peer/") || code.starts_with("harness/")
    }

    fn rule(&self, page: &mut Page) {
        if self.is_of_process() {
            return;
        }
        if let Some(section) = &self.finding.section {
            let held = self.of_case().and_then(|case| case.holds.first());
            let held = held.filter(|_| self.finding.code.starts_with("expect/"));
            let told = format!(
                "{}{}, {}: \"{}\"",
                held.map_or(String::new(), |id| format!("{id}, ")),
                self.finding.level,
                section.name,
                section.quote
            );
            entry(page, "rule", &told);
            entry(page, "", &section.link);
            return;
        }
        let case = self.of_case();
        if let Some(section) = case.and_then(|case| case.section.as_ref()) {
            let keyword = case.and_then(|case| case.keyword.as_deref());
            let keyword = keyword.map_or(String::new(), |keyword| format!("{keyword}, "));
            entry(page, "rule", &format!("{keyword}{section}"));
        }
    }

    fn case(&self, page: &mut Page) {
        let at = self.finding.case_at.clone();
        let of_case = || {
            let case = self.of_case()?;
            Some(format!("{}:{}", case.file, case.line))
        };
        let at = at.or_else(of_case).unwrap_or_default();
        let key = match &self.finding.path {
            Some(path) => format!("   expect: {path}"),
            None if self.is_of_process() => String::new(),
            None => format!("   rule {}", self.finding.code),
        };
        entry(page, "case", &format!("{at}{key}"));
    }

    fn of_case(&self) -> Option<&Case> {
        let id = format!("{}/{}", self.cell.suite, self.cell.case);
        self.run.cases.iter().find(|case| case.id == id)
    }

    /// A rate that is not as listed, and how the samples came out.
    fn samples(&self, page: &mut Page) {
        if let Some(reason) = self
            .cell
            .reason
            .as_ref()
            .filter(|reason| reason.sentence != self.finding.sentence)
        {
            entry(page, "reason", &reason.sentence);
        }
        if !self.cell.distribution.is_empty() {
            let counts = self.cell.distribution.iter();
            let counts: Vec<String> = counts
                .map(|(status, count)| format!("{status} {count}"))
                .collect();
            entry(page, "samples", &counts.join(", "));
        }
    }

    /// What else was found, each kind once.
    fn others(&self, page: &mut Page) {
        let mut told = vec![&self.finding.fingerprint];
        let mut others = Vec::new();
        for finding in self
            .cell
            .attempts
            .iter()
            .flat_map(|attempt| &attempt.findings)
        {
            if finding.level == "MUST" && !told.contains(&&finding.fingerprint) {
                told.push(&finding.fingerprint);
                others.push(finding);
            }
        }
        for finding in others.iter().take(MOST_OTHERS) {
            let sentence = format!(
                "{}   ({}, {})",
                finding.sentence, finding.culprit, finding.code
            );
            entry(page, "also", &text::fit(&sentence, 2 * (WIDTH - COLUMN)));
        }
        if others.len() > MOST_OTHERS {
            entry(page, "", &super::matrix::more(others.len() - MOST_OTHERS));
        }
    }

    fn hint(&self, page: &mut Page) {
        let mend = self
            .cell
            .reason
            .as_ref()
            .and_then(|reason| reason.mend.as_deref());
        if let Some(mend) = mend {
            hint(page, mend);
        } else if self.finding.code == "expect/wire-bytes"
            && bytes::same_meaning(self.finding, self.message_type().as_ref())
        {
            hint(
                page,
                "equal meaning is accepted with `canonical` in place of `hex`; the cell is then `~` (lax)",
            );
        }
    }
}

/// A value in full, within bounds.
fn value(page: &mut Page, label: &str, value: Option<&ValueOf>) {
    if let Some(value) = value {
        let mut label = Line::indent(INDENT).paint(Paint::Dim, label);
        // What a program printed has lines of its own.
        for line in value.value.split('\n').take(MOST_LINES) {
            page.folded(
                std::mem::take(&mut label),
                COLUMN,
                &text::fit(line, MOST_VALUE),
            );
        }
    }
}

fn next_steps(page: &mut Page, run: &Run, cell: &Cell) {
    page.blank();
    entry(page, "again", &reproduce::command(run, "run", &cell.id));
    if !cell.attempts.is_empty() {
        entry(page, "inspect", &reproduce::command(run, "show", &cell.id));
    }
    let outcome = tally::outcome(cell);
    if outcome != Outcome::Fail {
        return;
    }
    if let Some((_, finding)) = chosen(run, cell) {
        accept::put(page, run, cell, finding);
    }
}

#[cfg(test)]
mod tests;
