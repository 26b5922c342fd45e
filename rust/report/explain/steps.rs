//! Lanes of steps and metadata.

use prost_reflect::MessageDescriptor;
use wirecheck_core::plan::schema;
use wirecheck_core::plan::types::{Metadata, Payload, Piece, StepKind, StepPlan};
use wirecheck_core::wire::names::{error_name, status_text};

use super::COLUMN;
use crate::report::style::{Line, Page, Paint};
use crate::report::text;

/// The most bytes of a payload that are written out.
const MOST_BYTES: usize = 64;

/// Puts a lane on a page; `kind` is the type of what it sends.
pub fn put(page: &mut Page, lane: &str, steps: &[StepPlan], kind: &MessageDescriptor) {
    let mut label = lane;
    for step in steps {
        let name = step
            .name
            .as_ref()
            .map_or(String::new(), |name| format!("   (step `{name}`)"));
        let coding = if step.uncompressed {
            ", uncompressed"
        } else {
            ""
        };
        item(
            page,
            label,
            &format!("{}{coding}{name}", told(&step.kind, kind)),
        );
        label = "";
        match &step.kind {
            StepKind::Message(payload) | StepKind::Raw(payload) => item(page, "", &bytes(payload)),
            StepKind::Headers(metadata) => put_metadata(page, "", metadata),
            StepKind::Status { trailing, .. } => put_metadata(page, "", trailing),
            _ => {}
        }
    }
}

/// Puts metadata on a page, one entry a line.
pub fn put_metadata(page: &mut Page, label: &str, metadata: &Metadata) {
    let mut label = label;
    for (key, value) in metadata {
        item(page, label, &entry(key, value));
        label = "";
    }
}

/// `key: value`, bytes in hexadecimal.
pub fn entry(key: &str, value: &[u8]) -> String {
    match std::str::from_utf8(value)
        .ok()
        .filter(|_| !key.ends_with("-bin"))
    {
        Some(value) => format!("{key}: {value}"),
        None => format!("{key}: {}", text::hex(value)),
    }
}

fn item(page: &mut Page, label: &str, text: &str) {
    let label = Line::indent(2).paint(Paint::Dim, label);
    page.entry(label, COLUMN, text);
}

fn told(step: &StepKind, kind: &MessageDescriptor) -> String {
    match step {
        StepKind::Message(payload) => message(payload, kind),
        StepKind::Raw(_) => "raw bytes, past the codec".into(),
        StepKind::HalfClose => "end the request".into(),
        StepKind::AwaitHeaders => "wait for the response headers".into(),
        StepKind::Receive(0) => "receive everything".into(),
        StepKind::Receive(count) => format!("receive {}", text::count(*count as usize, "message")),
        StepKind::WaitRelease(name) => format!("wait until `{name}` is released"),
        StepKind::WaitStep(name) => format!("wait for step `{name}` of the other lane"),
        StepKind::Cancel => "cancel the call".into(),
        StepKind::Headers(_) => "leading metadata".into(),
        StepKind::Status {
            code,
            message,
            details,
            ..
        } => status(*code, message, details),
        StepKind::Reset(code) => {
            let name = error_name(*code).map_or(code.to_string(), str::to_owned);
            format!("reset the stream with {name}")
        }
        StepKind::Panic(message) => format!("panic: {message}"),
    }
}

fn status(code: u32, message: &str, details: &[u8]) -> String {
    let mut told = format!("end with {}", status_text(code));
    if !message.is_empty() {
        told.push_str(&format!(" \"{message}\""));
    }
    if !details.is_empty() {
        told.push_str(&format!(", details {}", shortened(details)));
    }
    told
}

/// A message as JSON, if it is small enough to be read.
fn message(payload: &Payload, kind: &MessageDescriptor) -> String {
    let json = match payload.pieces.as_slice() {
        [] => schema::decode(kind, &[]).ok(),
        [Piece::Bytes(bytes)] if bytes.len() <= 4 * MOST_BYTES => schema::decode(kind, bytes).ok(),
        _ => None,
    };
    match json {
        Some(json) => json.to_string(),
        None => format!("a {} of these bytes", kind.full_name()),
    }
}

/// The bytes of a payload: in full, or piece by piece.
fn bytes(payload: &Payload) -> String {
    if payload.is_empty() {
        return "zero bytes".into();
    }
    let pieces: Vec<String> = payload.pieces.iter().map(piece).collect();
    let length = text::number(payload.len());
    let unit = if payload.len() == 1 { "byte" } else { "bytes" };
    format!("{}   ({length} {unit})", pieces.join(" then "))
}

fn piece(piece: &Piece) -> String {
    match piece {
        Piece::Bytes(bytes) => shortened(bytes),
        Piece::Fill { byte, count } => format!("{} times {byte:02x}", text::number(*count)),
    }
}

/// Bytes in hexadecimal, cut when there are many.
pub fn shortened(bytes: &[u8]) -> String {
    match bytes.len() {
        0..=MOST_BYTES => text::hex(bytes),
        all => format!(
            "{} ... {}",
            text::hex(&bytes[..MOST_BYTES]),
            text::count(all, "byte")
        ),
    }
}
