//! The rules over captures, whoever made them: connections as they end, each
//! with what it broke.
//!
//! What is kept is bounded: by [`LiveDecoder`]'s limits, the newest bytes of
//! each open connection, and so many findings.

mod talk;
mod tape;

use std::collections::BTreeMap;

use wirecheck_core::judge::finding::Finding;
use wirecheck_core::judge::rules::Lint;
use wirecheck_core::model::from_judge::finding_of_rule;
use wirecheck_core::model::redact::SecretValues;
use wirecheck_core::model::run::FindingOf;
use wirecheck_core::wire::capture::{Event, Record, records};
use wirecheck_core::wire::decode::{Glimpse, LiveDecoder, Seen};
use wirecheck_core::wire::exchange::{Cut, Limits};
use wirecheck_core::wire::mask::Masker;
use wirecheck_core::wire::secret::Secrets;
use wirecheck_core::wire::tcp::{Assembled, Begun};

use crate::report::lint::ConnectionTold;
use talk::Talk;

/// Connections that are read at one time.
const MOST_CONNECTIONS: usize = 1_024;

/// Hears what passed, and tells each connection when it has ended.
pub struct Linter {
    decoder: LiveDecoder,
    masker: Masker,
    masked: Vec<u8>,
    hearing: Hearing,
}

/// What becomes of what the decoder sees.
struct Hearing {
    lint: Lint,
    secrets: Secrets,
    talks: BTreeMap<u32, Talk>,
    /// The connection of the record that is heard.
    current: u32,
    not_followed: u64,
}

/// Who is told of connections.
pub type Tell<'t> = &'t mut dyn FnMut(ConnectionTold);

impl Linter {
    /// A linter that shows no value of these keys.
    pub fn new(secrets: Secrets) -> Self {
        let mut decoder = LiveDecoder::new(Limits {
            connections: MOST_CONNECTIONS,
            ..LiveDecoder::live_limits()
        });
        decoder.mask(secrets.clone());
        Self {
            decoder,
            masker: Masker::default(),
            masked: Vec::new(),
            hearing: Hearing {
                lint: Lint::default(),
                secrets,
                talks: BTreeMap::new(),
                current: 0,
                not_followed: 0,
            },
        }
    }

    /// Takes what passed next.
    pub fn hear(&mut self, assembled: &Assembled<'_>, tell: Tell<'_>) {
        match assembled {
            Assembled::Begun(begun) => self.begin(begun),
            Assembled::Record(record) => self.record(record, tell),
            Assembled::NotFollowed => {}
        }
    }

    /// Nothing more comes. Returns how many connections were not read, since
    /// too many were open.
    pub fn finish(mut self, tell: Tell<'_>) -> u64 {
        for (id, talk) in &mut self.hearing.talks {
            talk.missed(self.decoder.missed(*id));
        }
        let hearing = &mut self.hearing;
        self.decoder.finish(&mut |seen| hearing.hear(&seen));
        self.masker.finish(&mut self.masked);
        self.hearing.tape(&self.masked);
        let talks = std::mem::take(&mut self.hearing.talks);
        for (id, talk) in talks {
            tell(talk.finish(id));
        }
        self.hearing.not_followed
    }

    fn begin(&mut self, begun: &Begun) {
        let id = begun.connection;
        self.hearing.talks.insert(id, Talk::of(begun));
        if !begun.from_start {
            self.decoder.join(id);
            self.hearing.lint.lose(id);
        }
    }

    fn record(&mut self, record: &Record<'_>, tell: Tell<'_>) {
        let id = record.connection;
        let hearing = &mut self.hearing;
        hearing.current = id;
        hearing.talks.entry(id).or_default().note(record);
        if let Event::LeftOut(..) = record.event {
            hearing.lint.lose(id);
        }
        if record.event == Event::Closed
            && let Some(talk) = hearing.talks.get_mut(&id)
        {
            talk.missed(self.decoder.missed(id));
        }
        self.decoder.feed(*record, &mut |seen| hearing.hear(&seen));
        self.masker
            .pass(record, &mut self.decoder, &mut self.masked);
        hearing.tape(&self.masked);
        self.masked.clear();
        if record.event == Event::Closed
            && let Some(talk) = hearing.talks.remove(&id)
        {
            tell(talk.finish(id));
        }
    }
}

impl Hearing {
    fn hear(&mut self, seen: &Seen<'_>) {
        let findings = self.lint.hear(seen);
        match seen {
            Seen::Frame { connection, .. } => {
                let talk = self.talk(*connection);
                talk.has_frames = true;
                talk.broke(findings.iter().map(finding_of_rule));
            }
            Seen::Fault { connection, fault } => {
                let found = findings.iter().map(finding_of_rule).collect();
                self.talk(*connection).fault(fault, found);
            }
            Seen::Messages(glimpse) => {
                let found = self.of_call(glimpse, &findings);
                self.talk(glimpse.connection().id).messages(glimpse, found);
            }
            Seen::Ended(glimpse) => {
                let found = self.of_call(glimpse, &findings);
                self.talk(glimpse.connection().id).ended(glimpse, found);
            }
            Seen::Closed(connection) => {
                let found = findings.iter().map(finding_of_rule);
                self.talk(connection.id).broke(found);
            }
            Seen::NotFollowed(connection) => {
                self.not_followed += 1;
                self.talk(*connection).is_followed = false;
            }
            Seen::Cut(cut) => self.cut(cut),
        }
    }

    /// What a call broke, without the values of secrets.
    fn of_call(&self, glimpse: &Glimpse, findings: &[Finding]) -> Vec<FindingOf> {
        if findings.is_empty() {
            return Vec::new();
        }
        let values = SecretValues::on_the_wire(&glimpse.exchange, &self.secrets);
        let without_secrets = |finding| {
            let mut finding = finding_of_rule(finding);
            values.out_of_finding(&mut finding);
            finding
        };
        findings.iter().map(without_secrets).collect()
    }

    /// A limit is said where it is reached first. What a capture lacks is said
    /// by its connection.
    fn cut(&mut self, cut: &Cut) {
        if !cut.what.starts_with("bytes of connection") {
            self.talk(self.current).limit(cut);
        }
    }

    /// Keeps bytes that can be shown.
    fn tape(&mut self, masked: &[u8]) {
        for record in records(masked) {
            if let Some(talk) = self.talks.get_mut(&record.connection) {
                talk.tape(&record);
            }
        }
    }

    fn talk(&mut self, connection: u32) -> &mut Talk {
        self.talks.entry(connection).or_default()
    }
}

#[cfg(test)]
mod tests;
