//! An `Everything` with the entries of its maps in one order.
//!
//! A map has no order on the wire. prost writes a `BTreeMap` in the order of its keys;
//! Python's deterministic order is another one: numbers descend as if unsigned, and a
//! string comes after those that it is a prefix of. Only the entries of one map are
//! brought into an order here; every other byte stays where it is.

use std::ops::Range;

const MAPS: u64 = 5;
const NESTED: u64 = 7;
const LENGTH_DELIMITED: u64 = 2;

/// Sorts the entries of each map of an encoded `Everything`, nested ones included. What
/// cannot be read as one is left as it is.
pub fn with_sorted_maps(everything: &[u8]) -> Vec<u8> {
    let mut sorted = everything.to_vec();
    sort_maps(&mut sorted);
    sorted
}

fn sort_maps(everything: &mut [u8]) {
    let Some(fields) = length_delimited_fields(everything) else {
        return;
    };
    for field in fields {
        match field.number {
            MAPS => sort_entries(&mut everything[field.payload]),
            NESTED => sort_maps(&mut everything[field.payload]),
            _ => {}
        }
    }
}

/// A `Maps` holds nothing but entries: sorted by field, then by their bytes.
fn sort_entries(maps: &mut [u8]) {
    let Some(mut entries) = length_delimited_fields(maps) else {
        return;
    };
    entries.sort_by_key(|entry| (entry.number, &maps[entry.payload.clone()]));
    let sorted: Vec<u8> = entries
        .iter()
        .flat_map(|entry| &maps[entry.whole.clone()])
        .copied()
        .collect();
    maps.copy_from_slice(&sorted);
}

/// A field with its tag and length, and without.
struct Field {
    number: u64,
    whole: Range<usize>,
    payload: Range<usize>,
}

/// The fields of a message that has only length-delimited ones; `None` if it is not such.
fn length_delimited_fields(message: &[u8]) -> Option<Vec<Field>> {
    let mut fields = Vec::new();
    let mut at = 0;
    while at < message.len() {
        let start = at;
        let tag = varint(message, &mut at)?;
        if tag & 7 != LENGTH_DELIMITED {
            return None;
        }
        let length = usize::try_from(varint(message, &mut at)?).ok()?;
        let end = at.checked_add(length).filter(|end| *end <= message.len())?;
        fields.push(Field {
            number: tag >> 3,
            whole: start..end,
            payload: at..end,
        });
        at = end;
    }
    Some(fields)
}

fn varint(bytes: &[u8], at: &mut usize) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = *bytes.get(*at)?;
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}
