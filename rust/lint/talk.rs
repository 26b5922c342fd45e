//! What is noted of one connection.

use std::ops::Range;

use wirecheck_core::model::run::FindingOf;
use wirecheck_core::wire::capture::{Direction, Event, Record};
use wirecheck_core::wire::decode::{Glimpse, Missed};
use wirecheck_core::wire::exchange::{Cut, Fault};
use wirecheck_core::wire::frame::PREFACE;
use wirecheck_core::wire::tcp::Begun;

use super::tape::Tape;
use crate::report::lint::{ConnectionTold, Excerpt, FindingTold};
use crate::report::number;

/// Findings of a connection that are told apart.
const MOST_FINDINGS: usize = 100;
/// Notes on a connection.
const MOST_NOTES: usize = 20;
/// The section that the first bytes of a connection break if they are not
/// HTTP/2.
const OPENING: &str = "RFC 9113, section 3.4";

/// One connection.
#[derive(Debug)]
pub(super) struct Talk {
    pub has_frames: bool,
    pub is_followed: bool,
    told: ConnectionTold,
    from_start: bool,
    /// Which side is the client is known.
    is_sure: bool,
    /// What each side speaks that is not HTTP/2.
    foreign: [Option<String>; 2],
    /// What that breaks, if the other side speaks HTTP/2.
    broken_by_foreign: Vec<FindingOf>,
    tapes: [Tape; 2],
    gaps: [Gap; 2],
    missed: Missed,
}

/// Bytes that are not in the capture.
#[derive(Debug, Clone, Copy, Default)]
struct Gap {
    from: u64,
    bytes: u64,
}

impl Default for Talk {
    fn default() -> Self {
        Self {
            has_frames: false,
            is_followed: true,
            told: ConnectionTold::default(),
            from_start: true,
            is_sure: true,
            foreign: [None, None],
            broken_by_foreign: Vec::new(),
            tapes: [Tape::default(), Tape::default()],
            gaps: [Gap::default(); 2],
            missed: Missed::default(),
        }
    }
}

impl Talk {
    pub fn of(begun: &Begun) -> Self {
        let mut talk = Self {
            from_start: begun.from_start,
            is_sure: begun.is_sure,
            ..Self::default()
        };
        talk.told.ends = Some([begun.client.to_string(), begun.server.to_string()]);
        talk
    }

    /// Counts a record, before it is decoded.
    pub fn note(&mut self, record: &Record<'_>) {
        match record.event {
            Event::Bytes(direction, bytes) => {
                self.told.bytes[index(direction)] += bytes.len() as u64;
            }
            Event::LeftOut(direction, bytes) => {
                let from = self.told.bytes[index(direction)];
                let gap = &mut self.gaps[index(direction)];
                if gap.bytes == 0 {
                    gap.from = from;
                }
                gap.bytes = gap.bytes.saturating_add(bytes);
            }
            _ => {}
        }
    }

    /// Keeps bytes that can be shown.
    pub fn tape(&mut self, record: &Record<'_>) {
        match record.event {
            Event::Bytes(direction, bytes) => self.tapes[index(direction)].push(bytes),
            Event::LeftOut(direction, bytes) => self.tapes[index(direction)].skip(bytes),
            _ => {}
        }
    }

    pub fn missed(&mut self, missed: Option<Missed>) {
        self.missed = missed.unwrap_or_default();
    }

    pub fn messages(&mut self, glimpse: &Glimpse, found: Vec<FindingOf>) {
        let stream = glimpse.stream();
        let messages = stream.request.messages.len() + stream.response.messages.len();
        self.told.messages += messages as u64;
        self.broke(found);
    }

    pub fn ended(&mut self, glimpse: &Glimpse, found: Vec<FindingOf>) {
        self.told.calls += 1;
        self.messages(glimpse, found);
    }

    /// Bytes that are not what they should be. Where the beginning was missed,
    /// that is nobody's fault.
    pub fn fault(&mut self, fault: &Fault, found: Vec<FindingOf>) {
        let side = index(fault.direction);
        if !self.from_start {
            if fault.fatal {
                let (who, at) = (sender(fault.direction), number(fault.range.start));
                let what = &fault.what;
                self.say(format!(
                    "from byte {at} on the {who} cannot be read: {what}"
                ));
            }
            return;
        }
        if !fault.fatal || fault.section != OPENING {
            return self.broke(found);
        }
        self.foreign[side] = Some(spoken(fault));
        if fault.direction == Direction::ServerToClient {
            self.broken_by_foreign = found;
        }
    }

    /// Notes findings, those that are alike once.
    pub fn broke(&mut self, found: impl IntoIterator<Item = FindingOf>) {
        for finding in found {
            self.told.count(&finding.level);
            let is_alike = |known: &FindingTold| {
                let known = &known.finding;
                (&known.code, &known.culprit, &known.sentence)
                    == (&finding.code, &finding.culprit, &finding.sentence)
            };
            match self.told.findings.iter().position(is_alike) {
                Some(at) => self.told.findings[at].times += 1,
                None if self.told.findings.len() < MOST_FINDINGS => {
                    let bytes = self.excerpt(&finding);
                    self.told.findings.push(FindingTold {
                        finding,
                        times: 1,
                        bytes,
                    });
                }
                None => self.told.more += 1,
            }
        }
    }

    /// A limit of the decoder was reached.
    pub fn limit(&mut self, cut: &Cut) {
        let limit = number(cut.limit);
        self.say(format!("not all is read: {}, beyond {limit}", cut.what));
    }

    /// All that there is to say of it.
    pub fn finish(mut self, id: u32) -> ConnectionTold {
        self.told.connection = id;
        self.settle_foreign();
        if !self.is_followed {
            self.say("it is not read: too many are open".to_owned());
        }
        self.say_missed();
        self.say_gaps();
        self.find_bytes();
        self.told
    }

    /// A server that answers HTTP/2 with something else breaks it; one that is
    /// asked in something else does not, whatever its bytes look like.
    fn settle_foreign(&mut self) {
        self.told.http2 = self.is_http2();
        let found = std::mem::take(&mut self.broken_by_foreign);
        if self.told.http2 {
            return self.broke(found);
        }
        self.told.forget_findings();
        let spoken = self.foreign.iter_mut().find_map(Option::take);
        if let Some(spoken) = spoken {
            return self.say(spoken);
        }
        if self.from_start && self.is_followed {
            let told = match self.gaps[0].bytes {
                0 => "it ends before it is clear what the client speaks",
                _ => "what it is cannot be told: the client's first bytes are not there",
            };
            self.say(told.to_owned());
        }
    }

    /// The preface tells, and without it whether there are frames.
    fn is_http2(&self) -> bool {
        let preface = PREFACE.len() as u64;
        let is_known = |gap: &Gap| gap.bytes == 0 || gap.from >= preface;
        match self.from_start {
            true => {
                let has_begun = self.told.bytes[0] >= preface && is_known(&self.gaps[0]);
                has_begun && self.foreign[0].is_none()
            }
            false => self.has_frames,
        }
    }

    fn say_missed(&mut self) {
        if self.from_start {
            return;
        }
        if !self.told.http2 {
            return self.say("its beginning is not there, and no frame is found in it".to_owned());
        }
        self.say(
            "its beginning is not there: it is read from the first frame on, and calls that had \
             begun before are not told"
                .to_owned(),
        );
        if !self.is_sure {
            self.told.http2 = false;
            self.told.forget_findings();
            self.say(
                "which side is the client is a guess by their ports, so it is not held against \
                 the rules"
                    .to_owned(),
            );
        }
        let Missed {
            skipped,
            unknown_fields,
        } = self.missed;
        for (bytes, who) in skipped.into_iter().zip(["client", "server"]) {
            if bytes > 0 {
                let bytes = number(bytes);
                self.say(format!("{bytes} bytes of the {who} come before a frame"));
            }
        }
        if unknown_fields > 0 {
            let fields = number(unknown_fields);
            self.say(format!(
                "{fields} header fields are unknown, and those behind them not read: the state \
                 of HPACK that they refer to was made before"
            ));
        }
    }

    fn say_gaps(&mut self) {
        for (gap, who) in self.gaps.into_iter().zip(["client", "server"]) {
            if gap.bytes > 0 {
                let (bytes, from) = (number(gap.bytes), number(gap.from));
                self.say(format!(
                    "{bytes} bytes of the {who} are not there, from byte {from} on: nothing \
                     behind them can be read"
                ));
            }
        }
    }

    /// Bytes of a header block can be shown when all of it has come.
    fn find_bytes(&mut self) {
        let mut findings = std::mem::take(&mut self.told.findings);
        for told in findings.iter_mut().filter(|told| told.bytes.is_none()) {
            told.bytes = self.excerpt(&told.finding);
        }
        self.told.findings = findings;
    }

    fn excerpt(&self, finding: &FindingOf) -> Option<Excerpt> {
        let (start, end) = finding.place.byte_range?;
        let range: Range<u64> = start..end.max(start);
        match finding.place.sender.as_deref()? {
            "client" => self.tapes[0].at(&range),
            _ => self.tapes[1].at(&range),
        }
    }

    fn say(&mut self, note: String) {
        if self.told.notes.len() < MOST_NOTES && !self.told.notes.contains(&note) {
            self.told.notes.push(note);
        }
    }
}

fn spoken(fault: &Fault) -> String {
    let who = sender(fault.direction);
    match fault.what.split_once("looks like ") {
        Some((_, what)) if what.contains("TLS") => {
            format!("the {who} speaks TLS, which cannot be read")
        }
        Some(_) => format!("the {who} speaks HTTP/1.1, not gRPC"),
        None => format!(
            "the {who} speaks something else than HTTP/2: {}",
            fault.what
        ),
    }
}

fn index(direction: Direction) -> usize {
    match direction {
        Direction::ClientToServer => 0,
        Direction::ServerToClient => 1,
    }
}

fn sender(direction: Direction) -> &'static str {
    match direction {
        Direction::ClientToServer => "client",
        Direction::ServerToClient => "server",
    }
}
