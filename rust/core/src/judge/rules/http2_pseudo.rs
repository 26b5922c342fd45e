//! Pseudo-headers (RFC 9113, section 8.3).

use super::Rule;
use super::breach::{Breach, shown};
use super::scope::{Listed, Part, calls};
use super::spec::rfc9113;
use crate::judge::finding::Level;
use crate::wire::exchange::{Exchange, HeaderField};

pub(super) static PSEUDO_HEADER_KNOWN: Rule = Rule {
    id: "http2/pseudo-header-known",
    level: Level::Must,
    about: "only the pseudo-headers that belong there, and none in trailers",
    section: rfc9113!(
        "8.3",
        "Pseudo-header fields are only valid in the context in which they are defined."
    ),
    find: |exchange, breaches| {
        for (listed, field) in pseudo_headers(exchange) {
            if !belongs(listed.part, &field.name) {
                let name = shown(&field.name);
                let sentence = format!("`{name}` does not belong in {}", listed.part.noun());
                breaches.push(Breach::new(listed.field(field), sentence).got(&field.value));
            }
        }
    },
};

fn belongs(part: Part, name: &[u8]) -> bool {
    match part {
        Part::Request => matches!(name, b":method" | b":scheme" | b":authority" | b":path"),
        Part::Interim | Part::ResponseHeaders | Part::TrailersOnly => name == b":status",
        Part::ClientTrailers | Part::Trailers => false,
    }
}

pub(super) static PSEUDO_HEADER_ONCE: Rule = Rule {
    id: "http2/pseudo-header-once",
    level: Level::Must,
    about: "no pseudo-header stands twice in a header list",
    section: rfc9113!(
        "8.3",
        "The same pseudo-header field name MUST NOT appear more than once in a field block."
    ),
    find: |exchange, breaches| {
        for (listed, field) in pseudo_headers(exchange) {
            let first = listed
                .list
                .fields
                .iter()
                .find(|other| other.name == field.name);
            if first.is_some_and(|first| !std::ptr::eq(first, field)) {
                let name = shown(&field.name);
                let sentence = format!("{} has `{name}` more than once", listed.part.noun());
                breaches.push(Breach::new(listed.field(field), sentence).got(&field.value));
            }
        }
    },
};

pub(super) static PSEUDO_HEADER_FIRST: Rule = Rule {
    id: "http2/pseudo-header-first",
    level: Level::Must,
    about: "pseudo-headers come before all other headers",
    section: rfc9113!(
        "8.3",
        "All pseudo-header fields MUST appear in a field block before all regular field lines."
    ),
    find: |exchange, breaches| {
        for listed in calls(exchange).flat_map(|call| call.lists()) {
            let fields = listed.list.fields.iter();
            let late = fields.skip_while(|field| is_pseudo(field));
            for field in late.filter(|field| is_pseudo(field)) {
                let sentence = format!("`{}` comes after other headers", shown(&field.name));
                breaches.push(Breach::new(listed.field(field), sentence).got(&field.value));
            }
        }
    },
};

fn pseudo_headers(exchange: &Exchange) -> impl Iterator<Item = (Listed<'_>, &HeaderField)> {
    super::metadata::fields(exchange).filter(|(_, field)| is_pseudo(field))
}

fn is_pseudo(field: &HeaderField) -> bool {
    field.name.starts_with(b":")
}
