//! The rules of the wire: requirements of a specification that can be held
//! against an exchange, whatever the case says.
//!
//! A rule speaks only where the bytes prove it: what a limit cut off, what a
//! reset or a lost connection kept from being sent, and what depends on a race
//! that the tap cannot see, is nobody's fault.

mod behaviour;
mod breach;
mod example;
mod http2_early;
mod http2_faults;
mod http2_order;
mod http2_ping;
mod http2_pseudo;
mod live;
mod message;
mod metadata;
mod metadata_binary;
mod request;
mod response;
mod scope;
mod spec;
mod status;

use super::finding::{Finding, Level, Section};
use crate::wire::exchange::Exchange;
use breach::Breaches;

pub use behaviour::{Behaviour, all as behaviours, by_id as behaviour};
pub use breach::MAX_FINDINGS;
pub use example::Example;
pub use live::Lint;

/// One requirement of a specification.
pub struct Rule {
    /// Stable and readable, such as `request/te-trailers`.
    pub id: &'static str,
    /// What breaking it means.
    pub level: Level,
    /// What it requires, in one line.
    pub about: &'static str,
    /// Where it comes from.
    pub section: Section,
    /// Reports every place where an exchange breaks it.
    find: fn(&Exchange, &mut Breaches<'_>),
}

impl Rule {
    /// The places where an exchange breaks this rule, in the order of its
    /// connections and streams. At most [`MAX_FINDINGS`] for each culprit; the
    /// last of them says how many more there are.
    pub fn check(&self, exchange: &Exchange) -> Vec<Finding> {
        let mut breaches = Breaches::new(self);
        (self.find)(exchange, &mut breaches);
        breaches.into_findings()
    }
}

/// What an exchange breaks, rule after rule in the order of [`all`].
pub fn check(exchange: &Exchange) -> Vec<Finding> {
    all().iter().flat_map(|rule| rule.check(exchange)).collect()
}

/// The rule with this id.
pub fn by_id(id: &str) -> Option<&'static Rule> {
    all().iter().copied().find(|rule| rule.id == id)
}

/// A rule on bytes or a behaviour, as lists show them.
#[derive(Debug, Clone, Copy)]
pub struct Listed {
    /// Stable and readable.
    pub id: &'static str,
    /// What breaking it means.
    pub level: Level,
    /// What it requires, in one line.
    pub about: &'static str,
    /// Where it comes from.
    pub section: Section,
    /// Bytes alone do not prove it: cases hold it.
    pub by_cases: bool,
}

impl Listed {
    /// What stands before the slash of the id.
    pub fn group(&self) -> &'static str {
        self.id.split_once('/').map_or(self.id, |(group, _)| group)
    }
}

/// Every rule on bytes and every behaviour, those with the same word before the
/// slash together.
pub fn listed() -> Vec<Listed> {
    let on_bytes = all().iter().map(|rule| Listed {
        id: rule.id,
        level: rule.level,
        about: rule.about,
        section: rule.section,
        by_cases: false,
    });
    let by_cases = behaviours().iter().map(|behaviour| Listed {
        id: behaviour.id,
        level: behaviour.level,
        about: behaviour.about,
        section: behaviour.section,
        by_cases: true,
    });
    let mut listed: Vec<Listed> = on_bytes.chain(by_cases).collect();
    let mut groups: Vec<&str> = Vec::new();
    for group in listed.iter().map(Listed::group) {
        if !groups.contains(&group) {
            groups.push(group);
        }
    }
    listed.sort_by_key(|rule| groups.iter().position(|group| *group == rule.group()));
    listed
}

/// The ids of all rules on bytes and all behaviours.
pub fn ids() -> impl Iterator<Item = &'static str> {
    let on_bytes = all().iter().map(|rule| rule.id);
    on_bytes.chain(behaviours().iter().map(|behaviour| behaviour.id))
}

/// The id of a rule or a behaviour, if there is such a one.
pub fn id(wanted: &str) -> Option<&'static str> {
    ids().find(|id| *id == wanted)
}

/// Where a rule or a behaviour comes from.
pub fn section(id: &str) -> Option<Section> {
    let behaviour = || behaviour(id).map(|behaviour| behaviour.section);
    by_id(id).map(|rule| rule.section).or_else(behaviour)
}

/// Every rule, in the order of the specification.
pub fn all() -> &'static [&'static Rule] {
    static ALL: &[&Rule] = &[
        &request::METHOD,
        &request::SCHEME,
        &request::PATH,
        &request::AUTHORITY,
        &request::TE_TRAILERS,
        &request::CONTENT_TYPE,
        &request::TIMEOUT,
        &request::TIMEOUT_FIRST,
        &request::DEFINITION_FIRST,
        &request::USER_AGENT,
        &request::NO_TRAILERS,
        &request::ENDS_WITH_DATA,
        &metadata::NAME_CHARACTERS,
        &metadata::ASCII_VALUE,
        &metadata::EMPTY_VALUE,
        &metadata::VALUE_WHITESPACE,
        &metadata::RESERVED_NAME,
        &metadata::CONNECTION_SPECIFIC,
        &metadata::CONTENT_CODING,
        &metadata::LIST_SIZE,
        &metadata::MESSAGE_TYPE,
        &metadata_binary::BASE64,
        &metadata_binary::UNPADDED,
        &metadata_binary::TRUE_BINARY,
        &message::FLAG,
        &message::FLAG_WITHOUT_ENCODING,
        &message::COMPLETE,
        &message::DECOMPRESSES,
        &message::UNDISCLOSED_ENCODING,
        &message::ACCEPTED_ENCODING,
        &response::HTTP_STATUS,
        &response::CONTENT_TYPE,
        &response::CONTENT_SUBTYPE,
        &response::ONE_HEADER_BLOCK,
        &response::ENDS_WITH_TRAILERS,
        &response::TRAILERS_ONLY_OK,
        &response::UNSUPPORTED_MEDIA_TYPE,
        &status::PRESENT,
        &status::ONLY_IN_TRAILERS,
        &status::ONCE,
        &status::DECIMAL,
        &status::KNOWN_CODE,
        &status::MESSAGE_ENCODING,
        &status::MESSAGE_UTF8,
        &status::MESSAGE_HEX_CASE,
        &status::MESSAGE_OVER_ENCODED,
        &status::MESSAGE_EMPTY,
        &status::MESSAGE_WITH_OK,
        &http2_faults::WELL_FORMED,
        &http2_pseudo::PSEUDO_HEADER_KNOWN,
        &http2_pseudo::PSEUDO_HEADER_ONCE,
        &http2_pseudo::PSEUDO_HEADER_FIRST,
        &http2_faults::STREAM_IDS,
        &http2_faults::STREAM_STATE,
        &http2_order::CONCURRENT_STREAMS,
        &http2_ping::PING_ANSWERED,
        &http2_order::GOAWAY_BEFORE_CLOSE,
        &http2_early::EARLY_RESPONSE_RESETS,
    ];
    ALL
}
