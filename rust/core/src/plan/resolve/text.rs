//! Names, numbers and times, as they are written in a case.

use std::time::Duration;

use super::super::case;
use super::super::source::did_you_mean;
use super::super::span;
use super::fault::{Fault, Resolved};
use crate::wire::names;

pub(in crate::plan) fn status_code(name: &str) -> Resolved<u32> {
    names::status_code(name).ok_or_else(|| {
        let known = names::status_names().iter().copied();
        Fault::new(format!("unknown status `{name}`")).hint(did_you_mean(name, known))
    })
}

/// Bytes from hex digits, white space ignored.
pub(in crate::plan) fn hex(text: &str) -> Resolved<Vec<u8>> {
    let digits: Vec<u8> = text
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    let wrong = || Fault::new("hex is pairs of the digits 0 to 9 and a to f, as in `0a 05`");
    if !digits.len().is_multiple_of(2) {
        return Err(wrong());
    }
    let nibble = |digit: u8| (digit as char).to_digit(16).ok_or_else(wrong);
    digits
        .chunks_exact(2)
        .map(|pair| Ok((nibble(pair[0])? << 4 | nibble(pair[1])?) as u8))
        .collect()
}

pub(in crate::plan) fn index_of(name: Option<&str>, names: &[&str], what: &str) -> Resolved<usize> {
    let Some(name) = name else { return Ok(0) };
    names
        .iter()
        .position(|known| *known == name)
        .ok_or_else(|| {
            Fault::new(format!("there is no {what} `{name}` in this case"))
                .hint(did_you_mean(name, names.iter().copied()))
        })
}

pub(in crate::plan) fn exactly_one<T>(mut kinds: Vec<T>, what: &str) -> Resolved<T> {
    match (kinds.pop(), kinds.is_empty()) {
        (Some(kind), true) => Ok(kind),
        (None, _) => Err(Fault::new(format!(
            "{what} needs one key that says what it does"
        ))),
        (Some(_), false) => Err(Fault::new(format!(
            "{what} does one thing, this one does several"
        ))),
    }
}

pub(in crate::plan) fn optional_span(
    span: Option<&case::Span>,
    key: &str,
) -> Resolved<Option<Duration>> {
    span.map(|span| parse_span(&span.0).map_err(|fault| fault.under(key)))
        .transpose()
}

fn parse_span(text: &str) -> Resolved<Duration> {
    span::parse(text).ok_or_else(|| {
        Fault::new(format!("`{text}` is not a time")).hint(Some(span::HOW.to_owned()))
    })
}

/// A part of an id may stand in a shell, a path and an address without quotes.
pub(super) fn slug(name: &str) -> Resolved<()> {
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
    match !name.is_empty() && name.chars().all(legal) {
        true => Ok(()),
        false => Err(Fault::new(format!(
            "`{name}` cannot be a name: use a to z, 0 to 9, `.`, `_` and `-`"
        ))),
    }
}
