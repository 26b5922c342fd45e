//! Protobuf messages as fields with their byte ranges, with a schema or by
//! what the bytes can be without one.

mod read;
pub mod record;
mod text;
mod typed;

use std::ops::Range;

use bytes::Bytes;
use prost_reflect::MessageDescriptor;

pub use self::record::{ProtobufError, WireType};
pub use self::text::{escape, text_format, value_text};

/// How much of a message is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Messages inside messages. Deeper ones stay bytes.
    pub depth: usize,
    /// Fields in all, packed values and those of nested messages included.
    pub fields: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 32,
            fields: 10_000,
        }
    }
}

/// A message as its fields, in wire order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Fields {
    /// The fields up to the end, the error, or the limit.
    pub fields: Vec<FieldView>,
    /// Why the rest could not be read. Errors inside nested messages stand at
    /// their field: [`FieldView::problem`].
    pub error: Option<ProtobufError>,
    /// Fields were left out beyond [`Limits::fields`].
    pub cut: bool,
}

/// One record of a message. Ranges count from the beginning of the outermost
/// message.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldView {
    /// The field number.
    pub number: u32,
    /// The name in the schema; `None` without one, and for unknown fields.
    pub name: Option<String>,
    /// The type in the schema, as a `.proto` file writes it.
    pub type_name: Option<String>,
    /// How the value is laid out.
    pub wire_type: WireType,
    /// All of it.
    pub range: Range<usize>,
    /// The tag.
    pub tag_range: Range<usize>,
    /// The value: of LEN without its length, of a group without its end tag.
    pub value_range: Range<usize>,
    /// What the value says.
    pub value: FieldValue,
    /// The fields of a nested message or group. Without a schema also those
    /// that the bytes of a LEN value would have, if all of them are a message.
    pub children: Vec<FieldView>,
    /// What is wrong with the value.
    pub problem: Option<ProtobufError>,
}

/// The value of a field.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldValue {
    /// `int32`, `int64`, `sint32`, `sint64`, `sfixed32` or `sfixed64`.
    Int(i64),
    /// `uint32`, `uint64`, `fixed32` or `fixed64`.
    Uint(u64),
    /// `bool`.
    Bool(bool),
    /// `float`.
    Float(f32),
    /// `double`.
    Double(f64),
    /// An enum, with the name of the value if the schema has one.
    Enum(i32, Option<String>),
    /// `string`. Bytes that are not UTF-8 are a [`FieldView::problem`].
    String(Bytes),
    /// `bytes`.
    Bytes(Bytes),
    /// A message or group: see [`FieldView::children`].
    Message,
    /// Packed values, each with its range.
    Packed(Vec<(Range<usize>, FieldValue)>),
    /// A varint of an unknown type.
    Varint(u64),
    /// Four bytes of an unknown type.
    I32(u32),
    /// Eight bytes of an unknown type.
    I64(u64),
    /// A LEN value of an unknown type: text if [`FieldValue::as_text`] gives
    /// it, a message if there are [`FieldView::children`], possibly both.
    Len(Bytes),
}

impl FieldValue {
    /// The value as text: a `string`, or a LEN value that could be one, being
    /// UTF-8 without control characters other than white space.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::String(bytes) => std::str::from_utf8(bytes).ok(),
            Self::Len(bytes) => std::str::from_utf8(bytes)
                .ok()
                .filter(|text| is_printable(text)),
            _ => None,
        }
    }
}

fn is_printable(text: &str) -> bool {
    text.chars()
        .all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t'))
}

/// Reads a message as fields. `schema` gives names and types; a field that it
/// does not have, or that has another wire type, is shown as without one.
pub fn fields(bytes: &[u8], schema: Option<&MessageDescriptor>, limits: Limits) -> Fields {
    read::fields(bytes, schema, limits)
}
