//! Status and Status-Message in the section "Responses" of gRPC over HTTP2:
//! `grpc-status` and `grpc-message`.

use super::Rule;
use super::breach::{Breach, Breaches, shown};
use super::request::wrong_value;
use super::response::ok_responses;
use super::scope::{Listed, calls};
use super::spec::grpc;
use crate::judge::finding::Level;
use crate::wire::exchange::{Exchange, HeaderField};

const STATUS: &str = "grpc-status";
const MESSAGE: &str = "grpc-message";

pub(super) static PRESENT: Rule = Rule {
    id: "status/present",
    level: Level::Must,
    about: "the trailers have `grpc-status`, also when it is 0",
    section: grpc!(
        "Responses",
        "responses",
        "Status must be sent in Trailers even if the status code is OK."
    ),
    find: |exchange, breaches| {
        let answered = ok_responses(exchange).map(|response| response.call);
        for listed in answered.flat_map(|call| call.response_lists()) {
            let ends = listed.list.end_stream && listed.part.carries_status();
            if ends && listed.is_whole() && listed.list.get(STATUS).is_none() {
                let sentence = format!("{} has no `{STATUS}`", listed.part.noun());
                breaches.push(Breach::new(listed.spot(), sentence).expected("a status"));
            }
        }
    },
};

pub(super) static ONLY_IN_TRAILERS: Rule = Rule {
    id: "status/only-in-trailers",
    level: Level::Must,
    about: "`grpc-status` and `grpc-message` stand in trailers or in Trailers-Only, nowhere else",
    section: grpc!(
        "Responses",
        "responses",
        "Response-Headers → HTTP-Status [Message-Encoding] [Message-Accept-Encoding] Content-Type \
         *Custom-Metadata"
    ),
    find: |exchange, breaches| {
        let lists = calls(exchange).flat_map(|call| call.lists());
        for listed in lists.filter(|listed| !listed.part.carries_status()) {
            for field in status_fields(listed) {
                let name = shown(&field.name);
                let sentence = format!("{} has `{name}`", listed.part.noun());
                breaches.push(Breach::new(listed.field(field), sentence).got(&field.value));
            }
        }
    },
};

fn status_fields<'e>(listed: Listed<'e>) -> impl Iterator<Item = &'e HeaderField> {
    let fields = listed.list.fields.iter();
    fields.filter(|field| field.name == STATUS || field.name == MESSAGE)
}

pub(super) static ONCE: Rule = Rule {
    id: "status/once",
    level: Level::Must,
    about: "`grpc-status` and `grpc-message` stand at most once",
    section: grpc!(
        "Responses",
        "responses",
        "Trailers → Status [Status-Message] *Custom-Metadata"
    ),
    find: |exchange, breaches| {
        for listed in status_lists(exchange) {
            super::request::once(listed, breaches, STATUS);
            super::request::once(listed, breaches, MESSAGE);
        }
    },
};

pub(super) static DECIMAL: Rule = Rule {
    id: "status/decimal",
    level: Level::Must,
    about: "`grpc-status` is a decimal number without leading zeros",
    section: grpc!(
        "Responses",
        "responses",
        "The value portion of Status is a decimal-encoded integer as an ASCII string, without any \
         leading zeros."
    ),
    find: |exchange, breaches| {
        each(exchange, STATUS, breaches, |listed, field| {
            let expected = "a decimal number without leading zeros";
            (!is_decimal(&field.value)).then(|| wrong_value(listed, field, expected))
        });
    },
};

fn is_decimal(value: &[u8]) -> bool {
    match value {
        [b'0'] => true,
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

pub(super) static KNOWN_CODE: Rule = Rule {
    id: "status/known-code",
    // The grammar lets a later gRPC have more of them.
    level: Level::Info,
    about: "`grpc-status` is 0 to 16, the codes that are defined",
    section: grpc!(
        "Responses",
        "responses",
        "Status → \"grpc-status\" 1*DIGIT ; 0-9"
    ),
    find: |exchange, breaches| {
        each(exchange, STATUS, breaches, |listed, field| {
            let unknown = is_decimal(&field.value) && !is_defined(&field.value);
            unknown.then(|| wrong_value(listed, field, "0 to 16"))
        });
    },
};

fn is_defined(code: &[u8]) -> bool {
    matches!(code, [_] | [b'1', b'0'..=b'6'])
}

pub(super) static MESSAGE_ENCODING: Rule = Rule {
    id: "status/message-encoding",
    level: Level::Must,
    about: "`grpc-message` is percent-encoded: printable ASCII, and after each % two hex digits",
    section: grpc!(
        "Responses",
        "responses",
        "Percent-Byte-Unencoded → 1*( %x20-%x24 / %x26-%x7E ) ; space and VCHAR, except %"
    ),
    find: |exchange, breaches| {
        each(exchange, MESSAGE, breaches, |listed, field| {
            let broken = percent_decoded(&field.value).is_none();
            broken.then(|| wrong_value(listed, field, "percent-encoded"))
        });
    },
};

pub(super) static MESSAGE_UTF8: Rule = Rule {
    id: "status/message-utf8",
    level: Level::Must,
    about: "`grpc-message`, decoded, is UTF-8",
    section: grpc!(
        "Responses",
        "responses",
        "The value portion of Status-Message is conceptually a Unicode string description of the \
         error, physically encoded as UTF-8 followed by percent-encoding."
    ),
    find: |exchange, breaches| {
        each(exchange, MESSAGE, breaches, |listed, field| {
            let decoded = percent_decoded(&field.value)?;
            let broken = std::str::from_utf8(&decoded).is_err();
            broken.then(|| wrong_value(listed, field, "UTF-8 behind its percent-encoding"))
        });
    },
};

/// The bytes behind the percent-encoding, or `None` if it is none.
fn percent_decoded(value: &[u8]) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(value.len());
    let mut bytes = value.iter();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => escaped_byte([*bytes.next()?, *bytes.next()?])?,
            0x20..=0x7e => *byte,
            _ => return None,
        });
    }
    Some(decoded)
}

fn escaped_byte([high, low]: [u8; 2]) -> Option<u8> {
    Some(hex_digit(high)? << 4 | hex_digit(low)?)
}

fn hex_digit(byte: u8) -> Option<u8> {
    let digit = char::from(byte).to_digit(16)?;
    u8::try_from(digit).ok()
}

pub(super) static MESSAGE_HEX_CASE: Rule = Rule {
    id: "status/message-hex-case",
    level: Level::Should,
    about: "`grpc-message` uses upper-case hex digits",
    section: grpc!(
        "Responses",
        "responses",
        "Percent-Byte-Encoded → \"%\" 2HEXDIGIT ; 0-9 A-F"
    ),
    find: |exchange, breaches| {
        each(exchange, MESSAGE, breaches, |listed, field| {
            let lower = escapes(&field.value)
                .any(|digits| digits.iter().any(|digit| digit.is_ascii_lowercase()));
            lower.then(|| wrong_value(listed, field, "percent-encoded in upper-case hex"))
        });
    },
};

pub(super) static MESSAGE_OVER_ENCODED: Rule = Rule {
    id: "status/message-over-encoded",
    // Decodes to the same, so that nobody is wrong; bytes differ.
    level: Level::Info,
    about: "`grpc-message` encodes only what needs it",
    section: grpc!(
        "Responses",
        "responses",
        "Percent-Byte-Unencoded → 1*( %x20-%x24 / %x26-%x7E ) ; space and VCHAR, except %"
    ),
    find: |exchange, breaches| {
        each(exchange, MESSAGE, breaches, |listed, field| {
            let needless = escapes(&field.value)
                .filter_map(escaped_byte)
                .find(|byte| matches!(byte, 0x20..=0x24 | 0x26..=0x7e))?;
            let character = char::from(needless);
            let sentence = format!("`{MESSAGE}` encodes `{character}`, which needs none");
            Some(Breach::new(listed.value(field), sentence).got(&field.value))
        });
    },
};

/// The two bytes after each %.
fn escapes(value: &[u8]) -> impl Iterator<Item = [u8; 2]> {
    value.windows(3).filter_map(|window| match window {
        [b'%', high, low] => Some([*high, *low]),
        _ => None,
    })
}

pub(super) static MESSAGE_EMPTY: Rule = Rule {
    id: "status/message-empty",
    // Off the grammar, but grpcio sends it with every OK.
    level: Level::Info,
    about: "`grpc-message` is left out rather than empty",
    section: grpc!(
        "Responses",
        "responses",
        "Percent-Encoded → 1*(Percent-Byte-Unencoded / Percent-Byte-Encoded)"
    ),
    find: |exchange, breaches| {
        each(exchange, MESSAGE, breaches, |listed, field| {
            let empty = field.value.is_empty();
            empty.then(|| Breach::new(listed.field(field), format!("`{MESSAGE}` is empty")))
        });
    },
};

pub(super) static MESSAGE_WITH_OK: Rule = Rule {
    id: "status/message-with-ok",
    level: Level::Info,
    about: "`grpc-message` comes with errors",
    section: grpc!(
        "Errors",
        "errors",
        "When an application or runtime error occurs during an RPC a Status and Status-Message are \
         delivered in Trailers."
    ),
    find: |exchange, breaches| {
        each(exchange, MESSAGE, breaches, |listed, field| {
            let ok = listed
                .list
                .get(STATUS)
                .is_some_and(|status| status.value == "0");
            let sentence = format!("`{MESSAGE}` is `{}` with status 0", shown(&field.value));
            (ok && !field.value.is_empty())
                .then(|| Breach::new(listed.value(field), sentence).got(&field.value))
        });
    },
};

/// The lists of all responses in which Status belongs.
fn status_lists(exchange: &Exchange) -> impl Iterator<Item = Listed<'_>> {
    let lists = calls(exchange).flat_map(|call| call.response_lists());
    lists.filter(|listed| listed.part.carries_status())
}

/// Holds `check` against each field of a name in the lists where Status belongs.
fn each(
    exchange: &Exchange,
    name: &str,
    breaches: &mut Breaches<'_>,
    check: fn(Listed<'_>, &HeaderField) -> Option<Breach>,
) {
    for listed in status_lists(exchange) {
        for field in listed.list.all(name) {
            if let Some(breach) = check(listed, field) {
                breaches.push(breach);
            }
        }
    }
}
