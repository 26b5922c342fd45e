//! A message with its prefix: hex rows, then fields with their byte ranges.
//! Offsets count from the first byte of the prefix.

use prost_reflect::MessageDescriptor;
use wirecheck_core::wire::coding::{self, CodingError, Content};
use wirecheck_core::wire::exchange::{Half, Message};

use super::frames::INSIDE;
use crate::report::fields;
use crate::report::matrix::more;
use crate::report::style::{Line, Page, Paint};
use crate::report::table::Table;
use crate::report::text;

/// Bytes of the prefix: the Compressed-Flag and four bytes of length.
const PREFIX: usize = 5;
/// Bytes of a hex row.
const ROW: usize = 16;
/// The most hex rows of a message.
const MOST_ROWS: usize = 8;
/// The most fields of a message.
const MOST_FIELDS: usize = 40;

/// Puts a message of a half on a page; `number` counts those of its direction
/// from 0.
pub fn put(
    page: &mut Page,
    number: usize,
    half: &Half,
    message: &Message,
    kind: Option<&MessageDescriptor>,
) {
    title(page, number, message, kind);
    put_rows(page, message);
    put_fields(page, coding::content(half, message), message, kind);
}

fn title(page: &mut Page, number: usize, message: &Message, kind: Option<&MessageDescriptor>) {
    let mut told = format!("message #{}", number + 1);
    if let Some(kind) = kind {
        told.push_str(&format!(", {}", kind.full_name()));
    }
    told.push_str(&format!(
        ", {}",
        text::count(message.length as usize, "byte")
    ));
    if !message.complete {
        told.push_str(", incomplete");
    }
    if message.segments.len() > 1 {
        told.push_str(&format!(" over {} pieces", message.segments.len()));
    }
    page.line(Line::indent(INSIDE).paint(Paint::Strong, told));
}

/// The prefix and the message as they came. Without a break in the row, so that
/// it can be copied and searched.
fn put_rows(page: &mut Page, message: &Message) {
    let most = MOST_ROWS * ROW;
    let mut bytes = vec![message.flag];
    bytes.extend(message.length.to_be_bytes());
    bytes.extend(message.head.iter().take(most - PREFIX));
    for (index, row) in bytes.chunks(ROW).enumerate() {
        let offset = format!("{:04x}  ", index * ROW);
        let line = Line::indent(INSIDE).paint(Paint::Dim, offset);
        page.line(line.text(text::hex(row)));
    }
    let left = message.length as usize + PREFIX - bytes.len();
    if left > 0 && message.complete {
        page.line(Line::indent(INSIDE + 6).text(format!("{} bytes", more(left))));
    }
}

fn put_fields(
    page: &mut Page,
    content: Result<Content<'_>, CodingError>,
    message: &Message,
    kind: Option<&MessageDescriptor>,
) {
    let flag = match message.flag {
        0 => "not compressed",
        1 => "compressed",
        _ => "undefined",
    };
    let mut table = Table::default();
    let told = format!("flag {} ({flag}), length {}", message.flag, message.length);
    table.texts(["00..04", "prefix", &told]);
    let content = match content {
        Ok(content) => content,
        Err(error) => {
            table.put(page, INSIDE, 2);
            page.line(Line::indent(INSIDE).paint(Paint::Warn, error.to_string()));
            return;
        }
    };
    // The bytes of a compressed message are not on the line: its fields are
    // counted from the beginning of what it becomes.
    let prefix = if message.flag == 0 { PREFIX } else { 0 };
    if message.flag != 0 {
        let length = text::count(content.length as usize, "byte");
        table.texts(["", "decompressed", &length]);
    }
    let read = fields::rows(&content.head, content.length, kind);
    for row in read.rows.iter().take(MOST_FIELDS) {
        let value = match &row.problem {
            Some(problem) => format!("{}   {problem}", row.value),
            None => row.value.clone(),
        };
        let range = fields::bytes_text(&row.range, prefix);
        table.texts([&range, &row.label, &value]);
    }
    table.put(page, INSIDE, 2);
    if read.rows.len() > MOST_FIELDS {
        page.line(
            Line::indent(INSIDE).text(format!("{} fields", more(read.rows.len() - MOST_FIELDS))),
        );
    }
    if let Some(note) = read.note {
        page.line(Line::indent(INSIDE).paint(Paint::Warn, note));
    }
}
