//! One encoding for each meaning, so that two messages can be compared by
//! what they mean: equal canonical bytes, equal meaning.
//!
//! With a schema: fields by number; of a singular field the last value, or the
//! merge of messages; repeated values in order and packed as the schema says;
//! maps by key; the default of a field without presence left out; numbers as
//! their type reads them, floats bit for bit. Unknown fields come last, in
//! wire order, and so do values of the wrong wire type, as parsers see them.
//!
//! Without a schema: records by number, those of one number in wire order,
//! lengths and numbers in their shortest form.

mod scalar;
mod write;

use std::collections::BTreeMap;

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

use self::scalar::{Key, Scalar};
use self::write::{write_group, write_len, write_record, write_scalar, write_value};
use super::protobuf::record::{Content, MAX_DEPTH, ProtobufError, Record, Records, error};

/// The canonical encoding of a message. It is itself an encoding of the same
/// message.
///
/// # Errors
/// When the bytes are not a protobuf message, or nest deeper than
/// [`MAX_DEPTH`].
pub fn canonical(
    bytes: &[u8],
    schema: Option<&MessageDescriptor>,
) -> Result<Vec<u8>, ProtobufError> {
    match schema {
        Some(schema) => message(bytes, schema, MAX_DEPTH),
        None => without_schema(bytes),
    }
}

fn without_schema(bytes: &[u8]) -> Result<Vec<u8>, ProtobufError> {
    let mut records = Records::new(bytes, 0);
    let mut found = Vec::new();
    while let Some(record) = records.next()? {
        found.push(record);
    }
    found.sort_by_key(|record| record.number);
    let mut out = Vec::with_capacity(bytes.len());
    for record in &found {
        write_record(&mut out, record)?;
    }
    Ok(out)
}

/// The values of one field, as they come together from its records.
enum Values<'a> {
    One(Scalar<'a>),
    /// All encodings of one message, one behind the other: that merges them.
    Message(Vec<u8>),
    Many(Vec<Scalar<'a>>),
    Messages(Vec<&'a [u8]>),
    Map(BTreeMap<Key<'a>, &'a [u8]>),
}

fn message(
    bytes: &[u8],
    schema: &MessageDescriptor,
    depth: usize,
) -> Result<Vec<u8>, ProtobufError> {
    let Some(depth) = depth.checked_sub(1) else {
        return Err(error(0, "messages are nested too deeply", "Submessages"));
    };
    let mut known: BTreeMap<u32, (FieldDescriptor, Values<'_>)> = BTreeMap::new();
    let mut unknown = Vec::new();
    let mut records = Records::new(bytes, 0);
    while let Some(record) = records.next()? {
        let field = schema.get_field(record.number);
        let Some((field, read)) =
            field.and_then(|field| read(&field, &record).map(|read| (field, read)))
        else {
            write_record(&mut unknown, &record)?;
            continue;
        };
        clear_oneof(&field, &mut known);
        let (field, values) = known.entry(record.number).or_insert_with(|| {
            let empty = empty(&field);
            (field, empty)
        });
        add(values, read?, field)?;
    }
    let mut out = Vec::with_capacity(bytes.len());
    for (field, values) in known.into_values() {
        write(&mut out, &field, values, depth)?;
    }
    out.extend(unknown);
    Ok(out)
}

/// What one record says, by its field.
enum Read<'a> {
    Scalars(Vec<Scalar<'a>>),
    Message(&'a [u8]),
}

/// `None` if the record's wire type does not fit the field, which makes it an
/// unknown field.
fn read<'a>(
    field: &FieldDescriptor,
    record: &Record<'a>,
) -> Option<Result<Read<'a>, ProtobufError>> {
    let kind = field.kind();
    match (&kind, record.content) {
        (Kind::Message(_), Content::Group(bytes)) if field.is_group() => {
            Some(Ok(Read::Message(bytes)))
        }
        (Kind::Message(_), Content::Len(bytes)) if !field.is_group() => {
            Some(Ok(Read::Message(bytes)))
        }
        (Kind::Message(_), _) => None,
        (_, Content::Len(_)) if field.is_list() && scalar::is_packable(&kind) => {
            Some(scalar::unpack(&kind, record).map(Read::Scalars))
        }
        (_, content) => scalar::read(&kind, content).map(|scalar| Ok(Read::Scalars(vec![scalar]))),
    }
}

/// Setting a member of a oneof clears the others.
fn clear_oneof(field: &FieldDescriptor, known: &mut BTreeMap<u32, (FieldDescriptor, Values<'_>)>) {
    let Some(oneof) = field.containing_oneof() else {
        return;
    };
    for other in oneof
        .fields()
        .filter(|other| other.number() != field.number())
    {
        known.remove(&other.number());
    }
}

fn empty<'a>(field: &FieldDescriptor) -> Values<'a> {
    let is_message = matches!(field.kind(), Kind::Message(_));
    match (is_message, field.is_map(), field.is_list()) {
        (_, true, _) => Values::Map(BTreeMap::new()),
        (true, _, true) => Values::Messages(Vec::new()),
        (true, _, false) => Values::Message(Vec::new()),
        // Also before the first value of a singular field.
        (false, ..) => Values::Many(Vec::new()),
    }
}

fn add<'a>(
    values: &mut Values<'a>,
    read: Read<'a>,
    field: &FieldDescriptor,
) -> Result<(), ProtobufError> {
    match (values, read) {
        (Values::Map(entries), Read::Message(entry)) => {
            entries.insert(map_key(entry, field)?, entry);
        }
        (Values::Messages(messages), Read::Message(message)) => messages.push(message),
        (Values::Message(merged), Read::Message(message)) => merged.extend_from_slice(message),
        (Values::Many(many), Read::Scalars(scalars)) if field.is_list() => many.extend(scalars),
        (values, Read::Scalars(scalars)) => {
            if let Some(last) = scalars.into_iter().last() {
                *values = Values::One(last);
            }
        }
        (_, Read::Message(_)) => {}
    }
    Ok(())
}

/// The key of a map entry; a missing one is the default.
fn map_key<'a>(entry: &'a [u8], field: &FieldDescriptor) -> Result<Key<'a>, ProtobufError> {
    let Kind::Message(schema) = field.kind() else {
        unreachable!("a map is a list of messages")
    };
    let kind = schema.map_entry_key_field().kind();
    let mut key = scalar::default(&kind);
    let mut records = Records::new(entry, 0);
    while let Some(record) = records.next()? {
        if record.number == 1 {
            key = scalar::read(&kind, record.content).unwrap_or(key);
        }
    }
    Ok(key.into_key(&kind))
}

fn write(
    out: &mut Vec<u8>,
    field: &FieldDescriptor,
    values: Values<'_>,
    depth: usize,
) -> Result<(), ProtobufError> {
    let number = field.number();
    match values {
        Values::One(scalar) if !field.supports_presence() && scalar.is_default() => {}
        Values::One(scalar) => write_scalar(out, number, &scalar),
        Values::Many(scalars) if field.is_packed() && !scalars.is_empty() => {
            let mut packed = Vec::new();
            scalars
                .iter()
                .for_each(|scalar| write_value(&mut packed, scalar));
            write_len(out, number, &packed);
        }
        Values::Many(scalars) => scalars
            .iter()
            .for_each(|scalar| write_scalar(out, number, scalar)),
        Values::Message(bytes) => write_message(out, field, &bytes, depth)?,
        Values::Messages(messages) => {
            for bytes in messages {
                write_message(out, field, bytes, depth)?;
            }
        }
        Values::Map(entries) => {
            for entry in entries.into_values() {
                write_message(out, field, entry, depth)?;
            }
        }
    }
    Ok(())
}

fn write_message(
    out: &mut Vec<u8>,
    field: &FieldDescriptor,
    bytes: &[u8],
    depth: usize,
) -> Result<(), ProtobufError> {
    let Kind::Message(schema) = field.kind() else {
        unreachable!("only messages are collected as such")
    };
    let mut bytes = message(bytes, &schema, depth)?;
    if field.is_map() {
        bytes = with_defaults(bytes, &schema)?;
    }
    if field.is_group() {
        write_group(out, field.number(), &bytes);
    } else {
        write_len(out, field.number(), &bytes);
    }
    Ok(())
}

/// A map entry has key and value, whether they were written or not.
fn with_defaults(entry: Vec<u8>, schema: &MessageDescriptor) -> Result<Vec<u8>, ProtobufError> {
    let mut present = [false; 2];
    let mut records = Records::new(&entry, 0);
    while let Some(record) = records.next()? {
        if let Some(present) = present.get_mut(record.number as usize - 1) {
            *present = true;
        }
    }
    if present == [true; 2] {
        return Ok(entry);
    }
    let mut out = Vec::new();
    if !present[0] {
        write_scalar(
            &mut out,
            1,
            &scalar::default(&schema.map_entry_key_field().kind()),
        );
    }
    // The key, if it is there, comes before the value and both before the rest.
    let mut records = Records::new(&entry, 0);
    let key_end = match records.next()? {
        Some(record) if record.number == 1 => record.range.end,
        _ => 0,
    };
    out.extend_from_slice(&entry[..key_end]);
    if !present[1] {
        match schema.map_entry_value_field().kind() {
            Kind::Message(_) => write_len(&mut out, 2, &[]),
            kind => write_scalar(&mut out, 2, &scalar::default(&kind)),
        }
    }
    out.extend_from_slice(&entry[key_end..]);
    Ok(out)
}
