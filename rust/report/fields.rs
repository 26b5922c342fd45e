//! Messages as rows of fields with their byte ranges.

use std::ops::Range;

use prost_reflect::MessageDescriptor;
use wirecheck_core::wire::protobuf::{self, FieldValue, FieldView, Limits, WireType};

use super::text;

/// The most bytes of a value that are written out.
const MOST_VALUE: usize = 64;

/// How much of a message is read: what a reader can take in, not all of it.
const LIMITS: Limits = Limits {
    depth: 16,
    fields: 200,
};

/// One field, nested ones indented by their label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Number and, with a schema, name.
    pub label: String,
    /// All of it, from the beginning of the message.
    pub range: Range<usize>,
    /// The value on one line.
    pub value: String,
    /// How the value is laid out.
    pub wire_type: WireType,
    /// What is wrong with it.
    pub problem: Option<String>,
}

/// The fields of a message, and why they are not all of it.
#[derive(Debug, Default)]
pub struct Rows {
    /// In wire order.
    pub rows: Vec<Row>,
    /// Why there are no more.
    pub note: Option<String>,
}

/// Reads the fields of a message of which `bytes` are the beginning and
/// `length` bytes are all.
pub fn rows(bytes: &[u8], length: u64, schema: Option<&MessageDescriptor>) -> Rows {
    let fields = protobuf::fields(bytes, schema, LIMITS);
    let mut rows = Vec::new();
    for field in &fields.fields {
        add(&mut rows, field, 0);
    }
    let kept = bytes.len() as u64;
    let note = match fields.error {
        _ if fields.cut => Some("more fields follow".to_owned()),
        _ if kept < length => Some(format!(
            "only the first {} of {} bytes are here",
            text::number(kept),
            text::number(length)
        )),
        error => error.map(|error| error.to_string()),
    };
    Rows { rows, note }
}

fn add(rows: &mut Vec<Row>, field: &FieldView, depth: usize) {
    let name = field
        .name
        .as_deref()
        .map_or(String::new(), |name| format!(" {name}"));
    rows.push(Row {
        label: format!("{}{}{name}", "  ".repeat(depth), field.number),
        range: field.range.clone(),
        value: value(field),
        wire_type: field.wire_type,
        problem: field.problem.as_ref().map(ToString::to_string),
    });
    // Bytes of an unknown type that read as text are shown as that alone.
    if field.value.as_text().is_none() {
        for child in &field.children {
            add(rows, child, depth + 1);
        }
    }
}

fn value(field: &FieldView) -> String {
    match &field.value {
        FieldValue::Message => "message".into(),
        FieldValue::Len(_) if is_shown_as_message(field) => "bytes, or a message".into(),
        FieldValue::String(bytes) | FieldValue::Bytes(bytes) | FieldValue::Len(bytes) => {
            literal(bytes)
        }
        _ => text::fit(&protobuf::value_text(field), 2 * MOST_VALUE),
    }
}

fn is_shown_as_message(field: &FieldView) -> bool {
    !field.children.is_empty() && field.value.as_text().is_none()
}

/// A string literal, cut when it is long.
fn literal(bytes: &[u8]) -> String {
    if bytes.len() <= MOST_VALUE {
        return protobuf::escape(bytes);
    }
    let mut end = MOST_VALUE / 2;
    // Not inside a character: a cut one would look like bytes that are none.
    while end > 0 && bytes[end] & 0xc0 == 0x80 {
        end -= 1;
    }
    let head = protobuf::escape(&bytes[..end]);
    format!("{head}... {}", text::count(bytes.len(), "byte"))
}

/// First and last byte in hexadecimal: `00..06`.
pub fn bytes_text(range: &Range<usize>, base: usize) -> String {
    let (first, last) = (range.start + base, (range.end + base).saturating_sub(1));
    match last > first {
        true => format!("{first:02x}..{last:02x}"),
        false => format!("{first:02x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_value_is_cut_between_characters() {
        let message = [&[0x0a, 0x60][..], "世".repeat(32).as_bytes()].concat();
        let read = rows(&message, message.len() as u64, None);
        assert_eq!(read.rows.len(), 1);
        let shown = format!("\"{}\"... 96 bytes", "世".repeat(10));
        assert_eq!(read.rows[0].value, shown);
        assert_eq!(bytes_text(&read.rows[0].range, 5), "05..66");
    }

    #[test]
    fn what_is_not_all_here_is_said() {
        let read = rows(b"\x0a\x7fWorl", 129, None);
        assert_eq!(read.rows, []);
        assert_eq!(
            read.note.as_deref(),
            Some("only the first 6 of 129 bytes are here")
        );
        let read = rows(b"\x0a\x7fWorl", 6, None);
        assert!(read.note.is_some_and(|note| note.contains("at offset")));
    }
}
