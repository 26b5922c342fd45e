//! Binary-Header: `-bin` values, as Base64 or, where the receiver announced
//! it, as raw bytes behind a NUL (gRFC G1).

use super::Rule;
use super::breach::{Breach, shown};
use super::metadata::fields;
use super::request::wrong_value;
use super::scope::{Listed, fully_read};
use super::spec::{TRUE_BINARY as TRUE_BINARY_SECTION, grpc};
use crate::judge::finding::Level;
use crate::wire::exchange::{Exchange, HeaderField};
use crate::wire::frame::{Body, Frame};

pub(super) static BASE64: Rule = Rule {
    id: "metadata/binary-base64",
    level: Level::Must,
    about: "`-bin` values are Base64 with + and /, padded or not, or commas between such",
    section: grpc!(
        "Requests",
        "requests",
        "Note that HTTP2 does not allow arbitrary octet sequences for header values so binary \
         header values must be encoded using Base64 as per \
         https://tools.ietf.org/html/rfc4648#section-4."
    ),
    find: |exchange, breaches| {
        for (listed, field) in base64_fields(exchange) {
            if !items(&field.value).all(is_base64) {
                breaches.push(wrong_value(listed, field, "Base64 (RFC 4648, section 4)"));
            }
        }
    },
};

pub(super) static UNPADDED: Rule = Rule {
    id: "metadata/binary-unpadded",
    level: Level::Should,
    about: "`-bin` values are Base64 without padding",
    section: grpc!(
        "Requests",
        "requests",
        "Implementations MUST accept padded and un-padded values and should emit un-padded values."
    ),
    find: |exchange, breaches| {
        for (listed, field) in base64_fields(exchange) {
            if items(&field.value).any(|item| item.ends_with(b"=")) {
                let sentence = format!("the value of `{}` is padded", shown(&field.name));
                breaches.push(Breach::new(listed.value(field), sentence).got(&field.value));
            }
        }
    },
};

pub(super) static TRUE_BINARY: Rule = Rule {
    id: "metadata/true-binary",
    level: Level::Must,
    about: "raw `-bin` values only to a peer that announced SETTINGS 0xFE03 = 1",
    section: TRUE_BINARY_SECTION,
    find: |exchange, breaches| {
        // The announcement may be in what was left out.
        let all_read: Vec<_> = fully_read(exchange).map(|read| read.id).collect();
        for (listed, field) in binary_fields(exchange).filter(|(_, field)| is_raw(&field.value)) {
            let is_sure = all_read.contains(&listed.call.connection.id);
            if is_sure && !announced_true_binary(listed) {
                breaches.push(not_announced(listed, field));
            }
        }
    },
};

fn not_announced(listed: Listed<'_>, field: &HeaderField) -> Breach {
    let name = shown(&field.name);
    let sentence =
        format!("the value of `{name}` is raw bytes, which its receiver has not asked for");
    let breach = Breach::new(listed.value(field), sentence);
    breach.expected("Base64").got(&field.value)
}

/// GRPC_ALLOW_TRUE_BINARY_METADATA.
const ALLOW_TRUE_BINARY: u16 = 0xfe03;

/// Whether the receiver's SETTINGS had said so when this list passed the tap.
fn announced_true_binary(listed: Listed<'_>) -> bool {
    let place = &listed.list.place;
    let frames = &listed.call.connection.frames;
    // Of a call that was seen live, only the time says what came before.
    let before = match place.frame {
        Some(index) => index,
        None => frames.partition_point(|frame| frame.at_ns <= place.at_ns),
    };
    let received = frames[..before]
        .iter()
        .filter(|frame| frame.direction != place.direction);
    received.filter_map(setting).last() == Some(1)
}

fn setting(frame: &Frame) -> Option<u32> {
    let Body::Settings(settings) = &frame.body else {
        return None;
    };
    let ours = settings.iter().rfind(|(id, _)| *id == ALLOW_TRUE_BINARY);
    ours.map(|(_, value)| *value)
}

fn binary_fields(exchange: &Exchange) -> impl Iterator<Item = (Listed<'_>, &HeaderField)> {
    fields(exchange).filter(|(_, field)| field.name.ends_with(b"-bin"))
}

fn base64_fields(exchange: &Exchange) -> impl Iterator<Item = (Listed<'_>, &HeaderField)> {
    binary_fields(exchange).filter(|(_, field)| !is_raw(&field.value))
}

fn is_raw(value: &[u8]) -> bool {
    value.starts_with(&[0])
}

/// Values of one name may be joined with commas.
fn items(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii)
}

/// Bits that the last character has beyond the last byte are left alone: a
/// decoder may refuse them, and RFC 4648 leaves it at that.
fn is_base64(item: &[u8]) -> bool {
    let padding = item.iter().rev().take_while(|byte| **byte == b'=').count();
    let characters = &item[..item.len() - padding];
    let in_alphabet = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/".contains(byte);
    let padded_well = padding == 0 || padding <= 2 && item.len().is_multiple_of(4);
    characters.iter().all(in_alphabet) && characters.len() % 4 != 1 && padded_well
}
