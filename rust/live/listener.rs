//! Hears what the decoder sees, and has it printed, written and counted.

use std::collections::BTreeSet;
use std::time::Duration;

use wirecheck_core::judge::finding::Finding;
use wirecheck_core::judge::rules::Lint;
use wirecheck_core::wire::call::{Ending, path};
use wirecheck_core::wire::capture::{Direction, Event, Record};
use wirecheck_core::wire::decode::{Glimpse, Seen};
use wirecheck_core::wire::exchange::Fault;

use super::packets::Outcome;
use super::printer::Count;
use super::stories::Stories;
use super::{Outputs, Telling, notes};
use crate::export::calls::object;
use crate::export::suite::Suite;
use crate::report::tap::{Summary, Writing};
use crate::report::{count as noun, number};
use crate::tap::Refused;

/// Paths and endings that are counted apart: a peer makes them up.
const MOST_ROWS: usize = 200;
/// The most characters of a path that is counted.
const MOST_PATH: usize = 200;
/// The sentences of findings that are told apart.
const MOST_SENTENCES: usize = 500;
/// How long a terminal or a pipe may take for what is left at the end.
const PRINT_WITHIN: Duration = Duration::from_secs(2);
/// How long a disk may take.
const WRITE_WITHIN: Duration = Duration::from_secs(10);

/// What is left when a tap has been read to its end.
pub struct Told {
    /// Figures over everything.
    pub summary: Summary,
    /// What became of the packets, if they were wanted.
    pub packets: Option<Outcome>,
    /// Bytes that are not among them, since secrets in them could not be
    /// masked.
    pub unmasked: u64,
    /// The cases, if they were wanted.
    pub suite: Option<Suite>,
}

pub(super) struct Listener {
    telling: Telling,
    outputs: Outputs,
    lint: Lint,
    stories: Stories,
    summary: Summary,
    /// Findings that were told, by rule, culprit and sentence.
    sentences: BTreeSet<String>,
    /// Open connections of which it was said why they carry no calls.
    explained: BTreeSet<u32>,
}

impl Listener {
    pub(super) fn new(telling: Telling, outputs: Outputs) -> Self {
        let keeps = outputs.json.is_some() || outputs.suite.is_some();
        Self {
            telling,
            outputs,
            lint: Lint::default(),
            stories: Stories::new(keeps),
            summary: Summary::default(),
            sentences: BTreeSet::new(),
            explained: BTreeSet::new(),
        }
    }

    /// Writes records as packets.
    pub(super) fn packets(&mut self, records: &[u8]) {
        if let Some(packets) = &mut self.outputs.packets
            && !records.is_empty()
        {
            packets.offer(records);
        }
    }

    /// Says which connections the upstream did not take.
    pub(super) fn refused(&mut self, refused: &[Refused]) {
        for Refused { connection, why } in refused {
            self.summary.refused += 1;
            self.explained.insert(*connection);
            let upstream = &self.telling.upstream;
            let told = format!("connection {connection}: {upstream} did not take it: {why}");
            self.note(&told);
        }
    }

    /// Counts a record, before it is decoded.
    pub(super) fn record(&mut self, record: &Record<'_>) {
        match record.event {
            Event::Opened => self.summary.connections += 1,
            Event::Bytes(direction, bytes) => {
                self.summary.bytes[index(direction)] += bytes.len() as u64;
            }
            Event::LeftOut(..) => self.lint.lose(record.connection),
            _ => {}
        }
        self.summary.open_ns = self.summary.open_ns.max(record.at_ns);
    }

    /// Hears what was seen.
    pub(super) fn hear(&mut self, seen: &Seen<'_>) {
        let findings = self.lint.hear(seen);
        match seen {
            Seen::Frame { .. } => self.tell_findings(&findings, None),
            Seen::Fault { connection, fault } => self.fault(*connection, fault, &findings),
            Seen::Messages(glimpse) => self.messages(glimpse, &findings),
            Seen::Ended(glimpse) => self.ended(glimpse, &findings),
            Seen::Closed(connection) => {
                self.tell_findings(&findings, None);
                if !self.explained.remove(&connection.id)
                    && connection.closed_ns.is_some()
                    && let Some(told) = notes::silent(connection)
                {
                    self.note(&told);
                }
            }
            Seen::NotFollowed(connection) => {
                self.summary.not_followed += 1;
                let told = format!("connection {connection} is not read: too many are open");
                self.note(&told);
            }
            Seen::Cut(cut) => {
                let limit = number(cut.limit);
                self.note(&format!("not all is read: {}, beyond {limit}", cut.what));
            }
        }
    }

    /// Has everything printed that was told so far.
    pub(super) fn flush(&mut self) {
        self.outputs.text.flush(gap);
        if let Some(json) = &mut self.outputs.json {
            json.flush(|_| String::new());
        }
    }

    /// Nothing more comes.
    pub(super) fn finish(mut self, unmasked: u64) -> Told {
        let mut summary = self.summary;
        let (missed, in_time) = self.outputs.text.finish(PRINT_WITHIN);
        left_out(&mut summary, missed, in_time, "shown");
        if let Some(json) = self.outputs.json.take() {
            let (missed, in_time) = json.finish(PRINT_WITHIN);
            left_out(&mut summary, missed, in_time, "written as JSON");
        }
        let packets = self.outputs.packets.take();
        Told {
            summary,
            unmasked,
            packets: packets.map(|packets| packets.finish(WRITE_WITHIN)),
            suite: self.outputs.suite.take(),
        }
    }

    fn fault(&mut self, connection: u32, fault: &Fault, findings: &[Finding]) {
        let Some(told) = notes::foreign(connection, fault) else {
            return self.tell_findings(findings, None);
        };
        // What one side speaks says enough of the other.
        if self.explained.insert(connection) {
            self.summary.foreign += 1;
            self.note(&told);
        }
    }

    fn messages(&mut self, glimpse: &Glimpse, findings: &[Finding]) {
        self.count_messages(glimpse);
        let number = self.stories.number(glimpse);
        self.stories.keep(glimpse);
        self.stories.broke(glimpse, findings);
        if self.outputs.json.is_none() {
            let stream = glimpse.stream();
            let told = stream.request.messages.len() + stream.response.messages.len();
            let count = Count {
                messages: told as u64,
                ..Count::default()
            };
            let writing = self.telling.writing();
            let text = &mut self.outputs.text;
            text.print(count, || writing.messages(number, glimpse));
        }
        self.tell_findings(findings, Some(number));
    }

    fn ended(&mut self, glimpse: &Glimpse, findings: &[Finding]) {
        self.count_messages(glimpse);
        self.count_call(glimpse);
        let number = self.stories.number(glimpse);
        self.stories.broke(glimpse, findings);
        let ended = self.stories.end(glimpse);
        let call = ended.call(glimpse);
        let count = Count {
            calls: 1,
            ..Count::default()
        };
        let writing = self.telling.writing();
        match &mut self.outputs.json {
            Some(json) => json.print(count, || {
                let object = object(&call, writing.schema, writing.secrets);
                format!("{object}\n")
            }),
            None => {
                let text = &mut self.outputs.text;
                text.print(count, || writing.ended(number, glimpse));
            }
        }
        if let Some(suite) = &mut self.outputs.suite {
            suite.add(&call);
        }
        self.tell_findings(findings, Some(number));
    }

    fn count_messages(&mut self, glimpse: &Glimpse) {
        let stream = glimpse.stream();
        for (count, half) in self
            .summary
            .messages
            .iter_mut()
            .zip([&stream.request, &stream.response])
        {
            *count += half.messages.len() as u64;
        }
    }

    fn count_call(&mut self, glimpse: &Glimpse) {
        let path = path(glimpse.stream()).unwrap_or_else(|| "(no path)".to_owned());
        let path: String = path.chars().take(MOST_PATH).collect();
        let key = (path, Ending::of(glimpse.stream()).word());
        let calls = &mut self.summary.calls;
        match calls.len() < MOST_ROWS || calls.contains_key(&key) {
            true => *calls.entry(key).or_default() += 1,
            false => self.summary.other_calls += 1,
        }
    }

    /// Tells findings that are new, and counts all.
    fn tell_findings(&mut self, findings: &[Finding], call: Option<u64>) {
        for finding in findings {
            let Finding {
                code,
                culprit,
                level,
                sentence,
                ..
            } = finding;
            self.summary.count_finding(code, *culprit, *level, sentence);
            let said = format!("{code} {culprit:?} {sentence}");
            if self.sentences.len() < MOST_SENTENCES && self.sentences.insert(said) {
                let writing = self.telling.writing();
                let text = &mut self.outputs.text;
                text.print(REMARK, || writing.finding(finding, call));
            }
        }
    }

    fn note(&mut self, told: &str) {
        let writing = self.telling.writing();
        self.outputs.text.print(REMARK, || writing.note(told));
    }
}

const REMARK: Count = Count {
    calls: 0,
    messages: 0,
    remarks: 1,
};

impl Telling {
    fn writing(&self) -> Writing<'_> {
        Writing {
            schema: self.schema.as_ref(),
            secrets: &self.secrets,
            style: self.style,
        }
    }
}

fn gap(missed: Count) -> String {
    format!("... {} not shown\n", counted(missed))
}

fn left_out(summary: &mut Summary, missed: Count, in_time: bool, how: &str) {
    if !missed.is_zero() {
        let told = format!("{} not {how}: what takes them is too slow", counted(missed));
        summary.left_out.push(told);
    }
    if !in_time {
        let told = format!("the rest was not {how} within {} s", PRINT_WITHIN.as_secs());
        summary.left_out.push(told);
    }
}

fn counted(count: Count) -> String {
    let parts = [
        (count.calls, "call"),
        (count.messages, "message"),
        (count.remarks, "remark"),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| noun(count as usize, what))
        .collect();
    parts.join(", ")
}

fn index(direction: Direction) -> usize {
    match direction {
        Direction::ClientToServer => 0,
        Direction::ServerToClient => 1,
    }
}
