//! Fields in the manner of the protobuf text format.

use std::fmt::Write;

use super::{FieldValue, FieldView, Fields};

/// All fields, one a line, nested ones indented. An unknown field has its
/// number for a name. Bytes that could be a message and text at once are shown
/// as both: the text in a comment.
pub fn text_format(fields: &Fields) -> String {
    let mut out = String::new();
    for field in &fields.fields {
        write_field(&mut out, field, 0);
    }
    if let Some(error) = &fields.error {
        let _ = writeln!(out, "# {error}");
    }
    if fields.cut {
        out.push_str("# more fields follow\n");
    }
    out
}

/// A value on one line; a message by its fields in braces.
pub fn value_text(field: &FieldView) -> String {
    match &field.value {
        FieldValue::Len(_) if !field.children.is_empty() => braces(&field.children),
        FieldValue::Message => braces(&field.children),
        value => scalar_text(value),
    }
}

/// A string literal with its quotes. What is not printable UTF-8 is written
/// in hexadecimal escapes.
pub fn escape(bytes: &[u8]) -> String {
    let mut out = String::from("\"");
    for chunk in bytes.utf8_chunks() {
        chunk.valid().chars().for_each(|c| escape_char(&mut out, c));
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out.push('"');
    out
}

fn escape_char(out: &mut String, c: char) {
    match c {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        // Invisible characters and those that turn the direction of text.
        c if c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}') =>
        {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                let _ = write!(out, "\\x{byte:02x}");
            }
        }
        c => out.push(c),
    }
}

fn write_field(out: &mut String, field: &FieldView, indent: usize) {
    let _ = write!(out, "{:indent$}{}", "", label(field));
    if is_message(field) {
        out.push_str(" {");
        if let Some(text) = field.value.as_text() {
            let _ = write!(out, "  # or {}", escape(text.as_bytes()));
        }
        out.push('\n');
        for child in &field.children {
            write_field(out, child, indent + 2);
        }
        let _ = write!(out, "{:indent$}}}", "");
    } else {
        let _ = write!(out, ": {}", scalar_text(&field.value));
    }
    if let Some(problem) = &field.problem {
        let _ = write!(out, "  # {problem}");
    }
    out.push('\n');
}

fn label(field: &FieldView) -> String {
    field
        .name
        .clone()
        .unwrap_or_else(|| field.number.to_string())
}

fn is_message(field: &FieldView) -> bool {
    field.value == FieldValue::Message || !field.children.is_empty()
}

fn braces(children: &[FieldView]) -> String {
    let inner: Vec<_> = children
        .iter()
        .map(|child| match is_message(child) {
            true => format!("{} {}", label(child), value_text(child)),
            false => format!("{}: {}", label(child), value_text(child)),
        })
        .collect();
    if inner.is_empty() {
        "{}".into()
    } else {
        format!("{{ {} }}", inner.join(" "))
    }
}

fn scalar_text(value: &FieldValue) -> String {
    match value {
        FieldValue::Int(value) => value.to_string(),
        FieldValue::Uint(value) | FieldValue::Varint(value) => value.to_string(),
        FieldValue::Bool(value) => value.to_string(),
        FieldValue::Float(value) => float_text(f64::from(*value), value.to_string()),
        FieldValue::Double(value) => float_text(*value, value.to_string()),
        FieldValue::Enum(_, Some(name)) => name.clone(),
        FieldValue::Enum(number, None) => number.to_string(),
        FieldValue::String(bytes) | FieldValue::Bytes(bytes) | FieldValue::Len(bytes) => {
            escape(bytes)
        }
        FieldValue::I32(value) => format!("{value:#010x}"),
        FieldValue::I64(value) => format!("{value:#018x}"),
        FieldValue::Packed(values) => {
            let values: Vec<_> = values.iter().map(|(_, value)| scalar_text(value)).collect();
            format!("[{}]", values.join(", "))
        }
        FieldValue::Message => "{}".into(),
    }
}

fn float_text(value: f64, text: String) -> String {
    match value {
        value if value.is_nan() => "nan".into(),
        f64::INFINITY => "inf".into(),
        f64::NEG_INFINITY => "-inf".into(),
        _ => text,
    }
}
