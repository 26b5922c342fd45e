//! Header fields of both sides, whatever they mean: Custom-Metadata in the
//! section "Requests" of gRPC over HTTP2, and what HTTP/2 forbids in fields.

use super::Rule;
use super::breach::{Breach, shown};
use super::request::wrong_value;
use super::scope::{Listed, calls};
use super::spec::{grpc, rfc9113};
use crate::judge::finding::Level;
use crate::wire::exchange::{Exchange, HeaderField};

pub(super) static NAME_CHARACTERS: Rule = Rule {
    id: "metadata/name-characters",
    level: Level::Must,
    about: "header names are made of a-z, 0-9, `_`, `-` and `.` only",
    section: grpc!(
        "Requests",
        "requests",
        "Header-Name → 1*( %x30-39 / %x61-7A / \"_\" / \"-\" / \".\") ; 0-9 a-z _ - ."
    ),
    find: |exchange, breaches| {
        for (listed, field) in fields(exchange) {
            if !is_pseudo(field) && !is_name(&field.name) {
                let sentence = format!("the header name `{}` is not allowed", shown(&field.name));
                let breach = Breach::new(listed.name(field), sentence);
                breaches.push(breach.expected("0-9 a-z _ - .").got(&field.name));
            }
        }
    },
};

fn is_name(name: &[u8]) -> bool {
    let allowed = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'z' | b'_' | b'-' | b'.');
    !name.is_empty() && name.iter().all(allowed)
}

pub(super) static ASCII_VALUE: Rule = Rule {
    id: "metadata/ascii-value",
    level: Level::Must,
    about: "values of headers that are not binary are printable ASCII",
    section: grpc!(
        "Requests",
        "requests",
        "ASCII-Value → 1*( %x20-%x7E ) ; space and printable ASCII"
    ),
    find: |exchange, breaches| {
        for (listed, field) in fields(exchange).filter(|(_, field)| is_ascii_header(field)) {
            if field.value.iter().any(|byte| !matches!(byte, 0x20..=0x7e)) {
                breaches.push(wrong_value(listed, field, "printable ASCII"));
            }
        }
    },
};

pub(super) static EMPTY_VALUE: Rule = Rule {
    id: "metadata/empty-value",
    // Off the grammar, but HTTP allows it and every library passes it on.
    level: Level::Info,
    about: "values of headers that are not binary are not empty",
    section: grpc!(
        "Requests",
        "requests",
        "ASCII-Value → 1*( %x20-%x7E ) ; space and printable ASCII"
    ),
    find: |exchange, breaches| {
        let empty = fields(exchange).filter(|(_, field)| field.value.is_empty());
        for (listed, field) in empty.filter(|(_, field)| is_ascii_header(field)) {
            let sentence = format!("the value of `{}` is empty", shown(&field.name));
            breaches.push(Breach::new(listed.field(field), sentence));
        }
    },
};

pub(super) static VALUE_WHITESPACE: Rule = Rule {
    id: "metadata/value-whitespace",
    level: Level::Should,
    about: "values neither begin nor end with white space",
    section: grpc!(
        "Requests",
        "requests",
        "ASCII-Value should not have leading or trailing whitespace."
    ),
    find: |exchange, breaches| {
        for (listed, field) in fields(exchange).filter(|(_, field)| is_ascii_header(field)) {
            if field.value.trim_ascii().len() < field.value.len() {
                let sentence = format!(
                    "the value of `{}` begins or ends with white space",
                    shown(&field.name)
                );
                breaches.push(Breach::new(listed.value(field), sentence).got(&field.value));
            }
        }
    },
};

pub(super) static RESERVED_NAME: Rule = Rule {
    id: "metadata/reserved-name",
    level: Level::Should,
    about: "names that begin with grpc- are those that gRPC defines",
    section: grpc!(
        "Requests",
        "requests",
        "Header names starting with \"grpc-\" but not listed here are reserved for future GRPC use \
         and should not be used by applications as Custom-Metadata."
    ),
    find: |exchange, breaches| {
        for (listed, field) in fields(exchange) {
            if field.name.starts_with(b"grpc-") && !is_defined(field) {
                let sentence = format!("`{}` is a reserved name", shown(&field.name));
                let breach = Breach::new(listed.name(field), sentence);
                breaches.push(breach.got(&field.name));
            }
        }
    },
};

pub(super) static MESSAGE_TYPE: Rule = Rule {
    id: "metadata/message-type",
    // No specification says what else it could be, and no library reads it.
    level: Level::Info,
    about: "`grpc-message-type` is the full name of a message",
    section: grpc!(
        "Requests",
        "requests",
        "Message-Type → \"grpc-message-type\" {type name for message schema}"
    ),
    find: |exchange, breaches| {
        let named = fields(exchange).filter(|(_, field)| field.name == "grpc-message-type");
        for (listed, field) in named.filter(|(_, field)| !is_full_name(&field.value)) {
            breaches.push(wrong_value(listed, field, "a name such as package.Message"));
        }
    },
};

/// Identifiers with dots between them, as protobuf has them.
fn is_full_name(value: &[u8]) -> bool {
    value.split(|byte| *byte == b'.').all(|part| {
        let begins = part.first().is_some_and(|first| !first.is_ascii_digit());
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        begins && part.iter().all(is_word)
    })
}

/// The names of gRPC over HTTP2, then those that gRFCs and the libraries'
/// shared statistics and tracing have defined since.
const DEFINED: [&str; 14] = [
    "grpc-timeout",
    "grpc-encoding",
    "grpc-accept-encoding",
    "grpc-message-type",
    "grpc-status",
    "grpc-message",
    "grpc-status-details-bin",
    "grpc-previous-rpc-attempts",
    "grpc-retry-pushback-ms",
    "grpc-trace-bin",
    "grpc-tags-bin",
    "grpc-server-stats-bin",
    "grpc-server-stats-trace-bin",
    "grpc-internal-encoding-request",
];

fn is_defined(field: &HeaderField) -> bool {
    DEFINED.iter().any(|name| field.name == *name)
}

pub(super) static CONNECTION_SPECIFIC: Rule = Rule {
    id: "metadata/connection-specific",
    level: Level::Must,
    about: "no connection, keep-alive, proxy-connection, transfer-encoding or upgrade, no te in a response",
    section: rfc9113!(
        "8.2.2",
        "An endpoint MUST NOT generate an HTTP/2 message containing connection-specific header \
         fields."
    ),
    find: |exchange, breaches| {
        for (listed, field) in fields(exchange) {
            if is_connection_specific(listed, field) {
                let sentence = format!("HTTP/2 forbids the header `{}`", shown(&field.name));
                let breach = Breach::new(listed.field(field), sentence);
                breaches.push(breach.got(&field.value));
            }
        }
    },
};

fn is_connection_specific(listed: Listed<'_>, field: &HeaderField) -> bool {
    match field.name.as_ref() {
        b"connection" | b"keep-alive" | b"proxy-connection" | b"transfer-encoding" | b"upgrade" => {
            true
        }
        b"te" => !std::ptr::eq(listed.list, listed.call.request),
        _ => false,
    }
}

pub(super) static CONTENT_CODING: Rule = Rule {
    id: "metadata/content-coding",
    level: Level::Must,
    about: "`grpc-encoding` is one coding, `grpc-accept-encoding` a list without empty items",
    section: grpc!(
        "Requests",
        "requests",
        "Message-Accept-Encoding → \"grpc-accept-encoding\" Content-Coding *(\",\" Content-Coding)"
    ),
    find: |exchange, breaches| {
        for (listed, field) in fields(exchange) {
            match field.name.as_ref() {
                b"grpc-encoding" if !is_coding(&field.value) => {
                    breaches.push(wrong_value(listed, field, "one coding"));
                }
                b"grpc-accept-encoding" if !codings(&field.value).all(is_coding) => {
                    breaches.push(wrong_value(listed, field, "codings between commas"));
                }
                _ => {}
            }
        }
    },
};

/// The items of a list of codings. The grammar has no white space around the
/// commas; libraries put a space there, and HTTP lists allow it.
pub(super) fn codings(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii)
}

fn is_coding(value: &[u8]) -> bool {
    let in_token = |byte: &u8| byte.is_ascii_graphic() && !b",;\"".contains(byte);
    !value.is_empty() && value.iter().all(in_token)
}

pub(super) static LIST_SIZE: Rule = Rule {
    id: "metadata/list-size",
    level: Level::Info,
    about: "a header list is at most 8 KiB, which a receiver may take for its limit",
    section: grpc!(
        "Requests",
        "requests",
        "Servers may limit the size of Request-Headers, with a default of 8 KiB suggested."
    ),
    find: |exchange, breaches| {
        for listed in calls(exchange).flat_map(|call| call.lists()) {
            if listed.list.list_bytes > SUGGESTED_LIMIT {
                let size = listed.list.list_bytes;
                let sentence = format!("{} counts {size} bytes", listed.part.noun());
                let breach = Breach::new(listed.spot(), sentence);
                breaches.push(breach.expected(format!("at most {SUGGESTED_LIMIT} bytes")));
            }
        }
    },
};

const SUGGESTED_LIMIT: u64 = 8 * 1024;

/// Every header field of every call.
pub(super) fn fields(exchange: &Exchange) -> impl Iterator<Item = (Listed<'_>, &HeaderField)> {
    let lists = calls(exchange).flat_map(|call| call.lists());
    lists.flat_map(|listed| listed.list.fields.iter().map(move |field| (listed, field)))
}

fn is_pseudo(field: &HeaderField) -> bool {
    field.name.starts_with(b":")
}

/// Neither Base64 nor percent-encoded, so that its value is ASCII-Value.
fn is_ascii_header(field: &HeaderField) -> bool {
    !field.name.ends_with(b"-bin") && field.name != "grpc-message"
}
