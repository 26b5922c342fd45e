//! Values as the schema reads them.

use prost_reflect::{FieldDescriptor, Kind};

use super::FieldValue;
use super::read::FieldReader;
use super::record::{Content, ProtobufError, Record, Records, error};

/// The record has a wire type that parsers accept for the field.
pub(super) fn fits(field: &FieldDescriptor, record: &Record<'_>) -> bool {
    let kind = field.kind();
    match record.content {
        Content::Group(_) => field.is_group(),
        Content::Len(_) => match kind {
            Kind::Message(_) => !field.is_group(),
            Kind::String | Kind::Bytes => true,
            _ => field.is_list(),
        },
        Content::I64(_) => matches!(kind, Kind::Double | Kind::Fixed64 | Kind::Sfixed64),
        Content::I32(_) => matches!(kind, Kind::Float | Kind::Fixed32 | Kind::Sfixed32),
        Content::Varint(_) => is_varint(&kind),
    }
}

/// The type as a `.proto` file writes it.
pub(super) fn type_name(field: &FieldDescriptor) -> String {
    match field.kind() {
        Kind::Message(entry) if field.is_map() => {
            let key = kind_name(&entry.map_entry_key_field().kind());
            format!(
                "map<{key}, {}>",
                kind_name(&entry.map_entry_value_field().kind())
            )
        }
        kind if field.is_list() => format!("repeated {}", kind_name(&kind)),
        kind => kind_name(&kind),
    }
}

/// The value of a scalar field, or of a packed one, and what is wrong with it.
pub(super) fn value(
    reader: &mut FieldReader<'_>,
    kind: &Kind,
    record: &Record<'_>,
) -> (FieldValue, Option<ProtobufError>) {
    match (kind, record.content) {
        (Kind::String, Content::Len(text)) => {
            let problem = std::str::from_utf8(text).err().map(|utf8| {
                let offset = record.value.start + utf8.valid_up_to();
                error(
                    offset,
                    "a `string` that is not UTF-8",
                    "Length-Delimited Records",
                )
            });
            (FieldValue::String(reader.slice(record)), problem)
        }
        (_, Content::Len(_)) if *kind == Kind::Bytes => {
            (FieldValue::Bytes(reader.slice(record)), None)
        }
        (_, Content::Len(bytes)) => packed(reader, kind, Records::new(bytes, record.value.start)),
        (_, content) => (scalar(kind, content), None),
    }
}

fn packed(
    reader: &mut FieldReader<'_>,
    kind: &Kind,
    mut values: Records<'_>,
) -> (FieldValue, Option<ProtobufError>) {
    let mut found = Vec::new();
    loop {
        let next = match kind {
            Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => values.next_fixed().map(|next| {
                next.map(|(range, bytes)| (range, Content::I64(u64::from_le_bytes(bytes))))
            }),
            Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => values.next_fixed().map(|next| {
                next.map(|(range, bytes)| (range, Content::I32(u32::from_le_bytes(bytes))))
            }),
            _ => values
                .next_varint()
                .map(|next| next.map(|(range, value)| (range, Content::Varint(value)))),
        };
        match next {
            Ok(Some((range, content))) if reader.take() => {
                found.push((range, scalar(kind, content)))
            }
            Ok(Some(_) | None) => return (FieldValue::Packed(found), None),
            Err(error) => return (FieldValue::Packed(found), Some(error)),
        }
    }
}

fn scalar(kind: &Kind, content: Content<'_>) -> FieldValue {
    match content {
        Content::Varint(value) => varint(kind, value),
        Content::I64(value) => match kind {
            Kind::Double => FieldValue::Double(f64::from_bits(value)),
            Kind::Sfixed64 => FieldValue::Int(value as i64),
            _ => FieldValue::Uint(value),
        },
        Content::I32(value) => match kind {
            Kind::Float => FieldValue::Float(f32::from_bits(value)),
            Kind::Sfixed32 => FieldValue::Int(i64::from(value as i32)),
            _ => FieldValue::Uint(u64::from(value)),
        },
        Content::Len(_) | Content::Group(_) => FieldValue::Message,
    }
}

fn varint(kind: &Kind, value: u64) -> FieldValue {
    match kind {
        Kind::Bool => FieldValue::Bool(value != 0),
        Kind::Int32 => FieldValue::Int(i64::from(value as i32)),
        Kind::Int64 => FieldValue::Int(value as i64),
        Kind::Sint32 => FieldValue::Int(unzigzag(u64::from(value as u32))),
        Kind::Sint64 => FieldValue::Int(unzigzag(value)),
        Kind::Uint32 => FieldValue::Uint(u64::from(value as u32)),
        Kind::Enum(values) => {
            let number = value as i32;
            FieldValue::Enum(
                number,
                values
                    .get_value(number)
                    .map(|value| value.name().to_owned()),
            )
        }
        _ => FieldValue::Uint(value),
    }
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

fn is_varint(kind: &Kind) -> bool {
    match kind {
        Kind::Int32 | Kind::Int64 | Kind::Uint32 | Kind::Uint64 => true,
        Kind::Sint32 | Kind::Sint64 | Kind::Bool | Kind::Enum(_) => true,
        Kind::Double
        | Kind::Float
        | Kind::Fixed32
        | Kind::Fixed64
        | Kind::Sfixed32
        | Kind::Sfixed64 => false,
        Kind::String | Kind::Bytes | Kind::Message(_) => false,
    }
}

fn kind_name(kind: &Kind) -> String {
    match kind {
        Kind::Message(message) => message.full_name().to_owned(),
        Kind::Enum(values) => values.full_name().to_owned(),
        // `Int32` is `int32`, and so on.
        scalar => format!("{scalar:?}").to_ascii_lowercase(),
    }
}
