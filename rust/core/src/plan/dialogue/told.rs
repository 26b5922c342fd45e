//! The lines of a dialogue in words.

use super::{Act, AwaitPlan, DataPlan, StreamPlan};
use crate::plan::types::{Payload, Piece};
use crate::wire::frame::{ACK, DATA, END_HEADERS, END_STREAM, PADDED, PRIORITY, type_name};
use crate::wire::names::{error_name, setting_name};
use crate::wire::write::block::Item;
use crate::wire::write::frame::{
    Frame as Written, GOAWAY, HEADERS, PING, RST_STREAM, SETTINGS, WINDOW_UPDATE,
};

/// The most bytes that are written out.
const MOST_BYTES: usize = 24;
/// The most fields of a block that are named.
const MOST_FIELDS: usize = 8;

/// What a line does, without whose it is.
pub fn act(act: &Act) -> String {
    match act {
        Act::Preface => "the client's preface".into(),
        Act::Headers {
            stream: on,
            headers,
            items,
        } => {
            let mut told = format!("HEADERS on {}", stream(*on));
            let flags = headers.flags & !END_HEADERS;
            told += &behind(flag_names(HEADERS, flags));
            if headers.flags & END_HEADERS == 0 {
                told += ", without END_HEADERS";
            }
            if !headers.split.is_empty() {
                told += &format!(", split over {} frames", headers.split.len() + 1);
            }
            let fields: Vec<String> = items.iter().take(MOST_FIELDS).map(item).collect();
            let more = items.len().saturating_sub(MOST_FIELDS);
            told += &format!(": {}", fields.join(", "));
            match more {
                0 => told,
                more => format!("{told}, and {more} more"),
            }
        }
        Act::Data(data) => data_frame(data),
        Act::Frame { stream: on, frame } => written(*on, frame),
        Act::GoAway { last, error, debug } => {
            let debug = match debug.is_empty() {
                true => String::new(),
                false => format!(", \"{}\"", debug.escape_ascii()),
            };
            let last = match last {
                StreamPlan::Number(number) => number.to_string(),
                StreamPlan::Call(_) => stream(*last),
            };
            format!("GOAWAY {}, last stream {last}{debug}", code(*error))
        }
        Act::PingAck => "PING with ACK, as the last PING".into(),
        Act::Raw(bytes) => format!("bytes: {}", payload(bytes)),
        Act::Close => "end (FIN)".into(),
        Act::Reset => "reset (RST)".into(),
        Act::StopReading => "stop reading".into(),
        Act::ReadOn => "read on".into(),
        Act::NextConnection => "the next connection".into(),
        Act::Await(frame) => awaited(frame),
        Act::AwaitClose => "the end of the connection".into(),
        Act::Pause(time) => format!("pause for {} ms", time.as_millis()),
        Act::Repeat {
            times, next_stream, ..
        } => match next_stream {
            true => format!("{times} times, each on the next stream"),
            false => format!("{times} times"),
        },
    }
}

/// A frame that is waited for.
pub fn awaited(frame: &AwaitPlan) -> String {
    let mut told = match frame.kind {
        Some(kind) => kind_name(kind),
        None => "a frame".into(),
    };
    if frame.nth > 1 {
        told += &format!(" #{}", frame.nth);
    }
    if let Some(on) = frame.stream {
        told += &format!(" on {}", stream(on));
    }
    told += &behind(flag_names(frame.kind.unwrap_or(DATA), frame.flags));
    if let Some(error) = frame.error {
        told += &format!(" ({})", code(error));
    }
    match frame.ends_stream {
        Some(true) => told += " that ends its stream",
        Some(false) => told += " that does not end its stream",
        None => {}
    }
    match frame.optional {
        true => told + ", or the end of all calls",
        false => told,
    }
}

/// A frame as it came: type, stream and flags.
pub fn heard(kind: u8, flags: u8, on: u32, error: Option<u32>) -> String {
    let on = match on {
        0 => String::new(),
        on => format!(" on stream {on}"),
    };
    let error = error.map_or(String::new(), |error| format!(" ({})", code(error)));
    let flags = match kind {
        HEADERS => flags & !END_HEADERS,
        _ => flags,
    };
    format!(
        "{}{on}{error}{}",
        kind_name(kind),
        behind(flag_names(kind, flags))
    )
}

/// A stream in words.
pub fn stream(stream: StreamPlan) -> String {
    match stream {
        StreamPlan::Number(0) => "the connection".into(),
        StreamPlan::Number(number) => format!("stream {number}"),
        StreamPlan::Call(nth) => format!("the stream of call {nth}"),
    }
}

fn behind(flags: Vec<String>) -> String {
    match flags.is_empty() {
        true => String::new(),
        false => format!(" with {}", flags.join(" and ")),
    }
}

fn flag_names(kind: u8, flags: u8) -> Vec<String> {
    let names = [
        (
            1,
            match kind {
                SETTINGS | PING => "ACK",
                _ => "END_STREAM",
            },
        ),
        (END_HEADERS, "END_HEADERS"),
        (PADDED, "PADDED"),
        (PRIORITY, "PRIORITY"),
    ];
    let known = names.iter().filter(|(flag, _)| flags & flag != 0);
    let mut told: Vec<String> = known.map(|(_, name)| (*name).to_owned()).collect();
    let unknown = names.iter().fold(flags, |left, (flag, _)| left & !flag);
    if unknown != 0 {
        told.push(format!("flags {unknown:#04x}"));
    }
    told
}

fn kind_name(kind: u8) -> String {
    type_name(kind).map_or(format!("a frame of type {kind:#04x}"), str::to_owned)
}

fn code(code: u32) -> String {
    error_name(code).map_or(code.to_string(), str::to_owned)
}

fn item(item: &Item) -> String {
    match item {
        Item::Field(field) => {
            let text = format!(
                "{}: {}",
                field.name.escape_ascii(),
                field.value.escape_ascii()
            );
            match text.chars().count() > 60 {
                true => format!("{}: {} bytes", field.name.escape_ascii(), field.value.len()),
                false => text,
            }
        }
        Item::Index(index) => format!("index {index}"),
        Item::SizeUpdate(size) => format!("table size {size}"),
        Item::Raw(bytes) => format!("bytes {}", hex(bytes)),
    }
}

fn data_frame(data: &DataPlan) -> String {
    let mut told = format!("DATA on {}", stream(data.stream));
    let end = if data.end_stream { END_STREAM } else { 0 };
    told += &behind(flag_names(DATA, data.flags & !PADDED | end));
    if let Some(padding) = data.padding {
        told += &format!(", {padding} bytes of padding");
    }
    if let Some(size) = data.frame_size {
        told += &format!(", {size} bytes a frame");
    }
    match data.payload.is_empty() {
        true => told + ", empty",
        false => format!("{told}: {}", payload(&data.payload)),
    }
}

fn written(on: StreamPlan, frame: &Written) -> String {
    let on = match on {
        StreamPlan::Number(0) => String::new(),
        on => format!(" on {}", stream(on)),
    };
    let number = |at: usize| {
        let bytes = frame.payload.get(at..at + 4)?;
        Some(u32::from_be_bytes(bytes.try_into().ok()?))
    };
    let what = match (frame.kind, number(0)) {
        (SETTINGS, _) if frame.flags & ACK == 0 => settings(&frame.payload),
        (RST_STREAM, Some(error)) if frame.payload.len() == 4 => format!(" {}", code(error)),
        (WINDOW_UPDATE, Some(by)) if frame.payload.len() == 4 => format!(" +{by}"),
        (GOAWAY | SETTINGS, _) => String::new(),
        _ if frame.payload.is_empty() => String::new(),
        _ => format!(" {}", hex(&frame.payload)),
    };
    let mut told = format!("{}{on}{what}", kind_name(frame.kind));
    told += &behind(flag_names(frame.kind, frame.flags));
    if let Some(length) = frame.length {
        told += &format!(", declared as {length} bytes");
    }
    if frame.reserved {
        told += ", the reserved bit set";
    }
    told
}

fn settings(payload: &[u8]) -> String {
    let entries = payload.chunks_exact(6).map(|entry| {
        let id = u16::from_be_bytes([entry[0], entry[1]]);
        let value = u32::from_be_bytes([entry[2], entry[3], entry[4], entry[5]]);
        let name = setting_name(id).map_or(format!("{id:#06x}"), str::to_owned);
        format!(" {name} = {value}")
    });
    entries.collect::<Vec<_>>().join(",")
}

fn payload(payload: &Payload) -> String {
    let pieces = payload.pieces.iter().map(|piece| match piece {
        Piece::Bytes(bytes) => hex(bytes),
        Piece::Fill { byte, count } => format!("{count} times {byte:02x}"),
    });
    pieces.collect::<Vec<_>>().join(", then ")
}

fn hex(bytes: &[u8]) -> String {
    let shown: Vec<String> = bytes
        .iter()
        .take(MOST_BYTES)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    match bytes.len() > MOST_BYTES {
        true => format!("{} ... {} bytes", shown.join(" "), bytes.len()),
        false => shown.join(" "),
    }
}
