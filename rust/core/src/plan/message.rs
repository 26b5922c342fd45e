//! Messages of a case, from JSON to their encoding, with what is wrong with
//! them.

use std::collections::BTreeSet;

use prost_reflect::{Kind, MessageDescriptor};
use serde_json::Value;

use super::resolve::fault::{Fault, Resolved};
use super::schema::encode;
use super::source::{Segment, did_you_mean};

/// The encoding of a message that is given as JSON.
pub(super) fn encoded(kind: &MessageDescriptor, json: &Value) -> Resolved<Vec<u8>> {
    encode(kind, json).map_err(|what| match unknown_field(&what) {
        Some(name) => {
            let mut names = BTreeSet::new();
            add_names(kind, &mut BTreeSet::new(), &mut names);
            let hint = did_you_mean(name, names.iter().map(String::as_str));
            let fault = Fault::new(format!("unknown field `{name}`")).hint(hint);
            let path = path_to(json, name).unwrap_or_default();
            path.into_iter().rev().fold(fault, Fault::under)
        }
        None => Fault::new(what),
    })
}

/// The name of the field that the schema lacks, in the reader's words.
fn unknown_field(what: &str) -> Option<&str> {
    let rest = what.strip_prefix("unrecognized field name '")?;
    rest.split('\'').next()
}

/// Where the first value of this name stands.
fn path_to(json: &Value, name: &str) -> Option<Vec<Segment>> {
    let below = |segment: Segment, value: &Value| {
        let mut path = path_to(value, name)?;
        path.insert(0, segment);
        Some(path)
    };
    match json {
        Value::Object(entries) if entries.contains_key(name) => Some(vec![name.into()]),
        Value::Object(entries) => entries
            .iter()
            .find_map(|(key, value)| below(key.as_str().into(), value)),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(index, value)| below(index.into(), value)),
        _ => None,
    }
}

/// The names of the fields of a message and of those that it is made of.
fn add_names(kind: &MessageDescriptor, seen: &mut BTreeSet<String>, names: &mut BTreeSet<String>) {
    if !seen.insert(kind.full_name().to_owned()) {
        return;
    }
    for field in kind.fields() {
        if !kind.is_map_entry() {
            names.insert(field.name().to_owned());
        }
        if let Kind::Message(below) = field.kind() {
            add_names(&below, seen, names);
        }
    }
}
