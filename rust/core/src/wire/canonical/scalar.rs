//! Values as their type reads them.

use prost_reflect::Kind;

use crate::wire::protobuf::record::{Content, ProtobufError, Record, Records};

/// A value in the form in which it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scalar<'a> {
    Varint(u64),
    I64(u64),
    I32(u32),
    Bytes(&'a [u8]),
}

/// The key of a map, ordered: numbers by their value, texts by their bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key<'a> {
    Number(i128),
    Bytes(&'a [u8]),
}

impl<'a> Scalar<'a> {
    pub fn is_default(&self) -> bool {
        match self {
            Self::Varint(value) | Self::I64(value) => *value == 0,
            Self::I32(value) => *value == 0,
            Self::Bytes(bytes) => bytes.is_empty(),
        }
    }

    pub fn into_key(self, kind: &Kind) -> Key<'a> {
        let is_signed = matches!(
            kind,
            Kind::Int32
                | Kind::Int64
                | Kind::Sfixed32
                | Kind::Sfixed64
                | Kind::Sint32
                | Kind::Sint64
        );
        match self {
            Self::Bytes(bytes) => Key::Bytes(bytes),
            Self::I32(value) if is_signed => Key::Number(i128::from(value as i32)),
            Self::I32(value) => Key::Number(i128::from(value)),
            Self::Varint(value) if matches!(kind, Kind::Sint32 | Kind::Sint64) => {
                Key::Number(unzigzag(value))
            }
            Self::Varint(value) | Self::I64(value) if is_signed => {
                Key::Number(i128::from(value as i64))
            }
            Self::Varint(value) | Self::I64(value) => Key::Number(i128::from(value)),
        }
    }
}

/// A repeated field of this kind may be packed.
pub(super) fn is_packable(kind: &Kind) -> bool {
    !matches!(kind, Kind::String | Kind::Bytes | Kind::Message(_))
}

/// A value of this kind, or `None` if the wire type is another one.
pub(super) fn read<'a>(kind: &Kind, content: Content<'a>) -> Option<Scalar<'a>> {
    match (kind, content) {
        (Kind::String | Kind::Bytes, Content::Len(bytes)) => Some(Scalar::Bytes(bytes)),
        (Kind::Double | Kind::Fixed64 | Kind::Sfixed64, Content::I64(value)) => {
            Some(Scalar::I64(value))
        }
        (Kind::Float | Kind::Fixed32 | Kind::Sfixed32, Content::I32(value)) => {
            Some(Scalar::I32(value))
        }
        (kind, Content::Varint(value)) => varint(kind, value).map(Scalar::Varint),
        _ => None,
    }
}

/// The values that are packed in a LEN record.
pub(super) fn unpack<'a>(
    kind: &Kind,
    record: &Record<'a>,
) -> Result<Vec<Scalar<'a>>, ProtobufError> {
    let Content::Len(bytes) = record.content else {
        return Ok(Vec::new());
    };
    let mut records = Records::new(bytes, record.value.start);
    let mut found = Vec::new();
    loop {
        let scalar = match kind {
            Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => records
                .next_fixed()?
                .map(|(_, value)| Scalar::I64(u64::from_le_bytes(value))),
            Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => records
                .next_fixed()?
                .map(|(_, value)| Scalar::I32(u32::from_le_bytes(value))),
            kind => records
                .next_varint()?
                .and_then(|(_, value)| varint(kind, value))
                .map(Scalar::Varint),
        };
        match scalar {
            Some(scalar) => found.push(scalar),
            None => return Ok(found),
        }
    }
}

pub(super) fn default(kind: &Kind) -> Scalar<'static> {
    match kind {
        Kind::String | Kind::Bytes | Kind::Message(_) => Scalar::Bytes(&[]),
        Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => Scalar::I64(0),
        Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => Scalar::I32(0),
        _ => Scalar::Varint(0),
    }
}

/// The varint that a writer would have sent for what a reader of this kind
/// understands: 32-bit kinds read the low 32 bits, a bool reads zero or not.
fn varint(kind: &Kind, value: u64) -> Option<u64> {
    match kind {
        Kind::Int32 | Kind::Enum(_) => Some(i64::from(value as u32 as i32) as u64),
        Kind::Uint32 | Kind::Sint32 => Some(u64::from(value as u32)),
        Kind::Int64 | Kind::Uint64 | Kind::Sint64 => Some(value),
        Kind::Bool => Some(u64::from(value != 0)),
        _ => None,
    }
}

fn unzigzag(value: u64) -> i128 {
    i128::from((value >> 1) as i64 ^ -((value & 1) as i64))
}
