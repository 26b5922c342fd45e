//! From the judge's values to those of the model.

use sha2::{Digest, Sha256};

use super::run::*;
use crate::judge::check::{Check, State};
use crate::judge::finding::{Culprit, Evidence, Finding, Level, Section, Where};
pub use crate::judge::leaves::hex;
use crate::judge::observed::{CallEnd, CallResult, CallSeen, HandledSeen, MessageSeen, RequestEnd};
use crate::judge::rules::Rule;
use crate::plan::told::sender;
use crate::plan::types::{CasePlan, Metadata};
use crate::wire::exchange::Connection;
use crate::wire::names::status_text;
use crate::wire::tls::Tls;

/// How much of a call's messages the model keeps.
#[derive(Debug, Clone, Copy)]
pub struct Kept {
    /// The most messages.
    messages: usize,
    /// The most bytes of one.
    each: usize,
    /// The most bytes of all.
    all: usize,
}

impl Kept {
    /// Enough to see what it was: the exact sizes of 100 calls matter, those of
    /// a thousand messages are counted.
    pub const OUTLINE: Self = Self {
        messages: 8,
        each: 256,
        all: 8 * 256,
    };
    /// Enough to hold answers against each other. What is longer is compared by
    /// its hash.
    pub const WHOLE: Self = Self {
        messages: 1000,
        each: 64 << 10,
        all: 1 << 20,
    };
}

/// A finding of this case.
pub fn finding(case: &CasePlan, finding: &Finding) -> FindingOf {
    FindingOf {
        case_at: finding.path.as_ref().map(|_| case.at.to_string()),
        ..finding_of_rule(finding)
    }
}

/// A finding that no case is needed for.
pub fn finding_of_rule(finding: &Finding) -> FindingOf {
    FindingOf {
        code: finding.code.clone(),
        fingerprint: fingerprint(finding),
        level: level(finding.level).into(),
        culprit: culprit(finding.culprit).into(),
        sentence: finding.sentence.clone(),
        place: place(&finding.place),
        expected: finding.expected.as_ref().map(value),
        got: finding.got.as_ref().map(value),
        section: finding.section.as_ref().map(section),
        path: finding.path.clone(),
        case_at: None,
    }
}

/// Equal for equal findings, whatever the cell, ports and times. Of what was got
/// the first line counts: what a program printed stands behind it, with its times.
pub fn fingerprint(finding: &Finding) -> String {
    let got = finding.got.as_ref();
    let got = got.and_then(|evidence| evidence.text.lines().next());
    let got = got.unwrap_or_default();
    let text = format!(
        "{}\n{}\n{}\n{got}",
        finding.code,
        culprit(finding.culprit),
        finding.path.as_deref().unwrap_or("")
    );
    hex(&Sha256::digest(text)[..6])
}

/// An expectation.
pub fn check(check: &Check) -> CheckOf {
    let (state, why) = match &check.state {
        State::Met => ("met", None),
        State::Lax(_) => ("lax", None),
        State::Broken(_) => ("broken", None),
        State::Unreadable(why) => ("unreadable", Some(why.clone())),
        State::Unobservable(why) => ("unobservable", Some(why.clone())),
    };
    CheckOf {
        path: check.path.clone(),
        state: state.into(),
        why,
    }
}

/// A client's report.
pub fn call(seen: &CallSeen, kept: Kept) -> ClientOf {
    let not_tried = |why: String| ClientOf {
        not_tried: Some(why),
        ..ClientOf::default()
    };
    match seen {
        CallSeen::Result(result) => result_of(result, kept),
        CallSeen::Unsupported(feature) => not_tried(format!("unsupported: {feature}")),
        CallSeen::CouldNotTry(why) => not_tried(why.clone()),
        CallSeen::Missing => not_tried("no report came in time".into()),
        CallSeen::NotMade => not_tried("the client did not make it".into()),
        CallSeen::Untold(why) => not_tried(format!("nobody tells: {why}")),
    }
}

fn result_of(result: &CallResult, kept: Kept) -> ClientOf {
    ClientOf {
        status: status_text(result.status),
        message: result.message.clone(),
        details: hex(&result.details),
        leading: metadata(&result.leading),
        trailing: metadata(&result.trailing),
        merged: result.merged,
        messages: messages(&result.messages, kept),
        message_count: result.message_count,
        stood_at: result.stood_at,
        not_tried: None,
        duration_ns: result.duration_ns,
    }
}

/// What a handler saw.
pub fn handled(seen: &HandledSeen) -> HandledOf {
    HandledOf {
        method: seen.method.clone(),
        metadata: metadata(&seen.metadata),
        messages: messages(&seen.messages, Kept::OUTLINE),
        message_count: seen.message_count,
        request_end: seen.request_end.map(RequestEnd::name).map(str::to_owned),
        call_end: seen.call_end.map(CallEnd::name).map(str::to_owned),
        detail: seen.detail.clone(),
    }
}

/// A connection.
pub fn connection(connection: &Connection) -> ConnectionOf {
    ConnectionOf {
        id: connection.id,
        opened_ns: connection.opened_ns,
        closed_ns: connection.closed_ns,
        client_bytes: connection.client.bytes,
        server_bytes: connection.server.bytes,
        tls: connection.tls.as_ref().map(tls),
    }
}

fn tls(tls: &Tls) -> TlsOf {
    TlsOf {
        server_name: tls.server_name.clone(),
        offered_alpn: tls.offered_alpn.clone(),
        offered_versions: tls.offered_versions.clone(),
        version: tls.version.clone(),
    }
}

/// A rule.
pub fn rule(rule: &Rule) -> RuleOf {
    RuleOf {
        id: rule.id.into(),
        level: level(rule.level).into(),
        about: rule.about.into(),
        section: rule.section.name.into(),
        link: rule.section.link.into(),
    }
}

/// The word for a level.
pub fn level(level: Level) -> &'static str {
    match level {
        Level::Must => "MUST",
        Level::Should => "SHOULD",
        Level::Info => "INFO",
    }
}

/// The word for a culprit.
pub fn culprit(culprit: Culprit) -> &'static str {
    match culprit {
        Culprit::Client => "client",
        Culprit::Server => "server",
        Culprit::Harness => "harness",
        Culprit::Case => "case",
        Culprit::Undetermined => "undetermined",
    }
}

fn place(place: &Where) -> WhereOf {
    WhereOf {
        connection: place.connection,
        stream: place.stream,
        frame: place.frame,
        message: place.message,
        sender: place.direction.map(|direction| sender(direction).into()),
        byte_range: place
            .byte_range
            .as_ref()
            .map(|range| (range.start, range.end)),
        at_ns: place.at_ns,
    }
}

fn value(evidence: &Evidence) -> ValueOf {
    let cut = evidence
        .bytes
        .as_ref()
        .is_some_and(|bytes| (bytes.len() as u64) < evidence.length);
    ValueOf {
        value: evidence.text.clone(),
        hex: evidence.bytes.as_deref().map(hex),
        length: evidence.length,
        sha256: evidence.sha256.as_ref().map(|digest| hex(digest)),
        cut,
    }
}

fn section(section: &Section) -> SectionOf {
    SectionOf {
        name: section.name.into(),
        quote: section.quote.into(),
        link: section.link.into(),
    }
}

fn metadata(metadata: &Metadata) -> Vec<MetadatumOf> {
    metadata
        .iter()
        .map(|(key, value)| metadatum(key, value))
        .collect()
}

fn metadatum(key: &str, value: &[u8]) -> MetadatumOf {
    let text = std::str::from_utf8(value).ok().filter(|text| {
        !key.ends_with("-bin") && text.chars().all(|c| c.is_ascii_graphic() || c == ' ')
    });
    MetadatumOf {
        key: key.to_owned(),
        value: text.map(str::to_owned),
        hex: text.is_none().then(|| hex(value)),
    }
}

fn messages(seen: &[MessageSeen], kept: Kept) -> Vec<MessageOf> {
    let mut left = kept.all;
    let messages = seen.iter().take(kept.messages).map(|seen| {
        let message = message(seen, kept.each.min(left));
        left -= message.hex.len() / 2;
        message
    });
    messages.collect()
}

fn message(seen: &MessageSeen, most: usize) -> MessageOf {
    let head = &seen.head[..seen.head.len().min(most)];
    MessageOf {
        length: seen.length,
        sha256: hex(&seen.sha256),
        hex: hex(head),
        cut: (head.len() as u64) < seen.length,
        codec_error: seen.codec_error.clone(),
    }
}
