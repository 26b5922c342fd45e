//! Frames in the order of time, each with the headers that it carries and the
//! messages that it completes.

use wirecheck_core::wire::capture::Direction;
use wirecheck_core::wire::exchange::{
    Connection, ErrorCode, Exchange, HeaderList, Message, Side, Stream,
};
use wirecheck_core::wire::frame::{
    ACK, Body, END_HEADERS, END_STREAM, Frame, FrameHeader, PADDED, PRIORITY, type_name,
};
use wirecheck_core::wire::names::{error_name, setting_name};

use super::messages;
use crate::report::Material;
use crate::report::matrix::more;
use crate::report::metadata::{header_name, header_value};
use crate::report::style::{Line, Page, Paint, WIDTH};
use crate::report::text;

/// The most frames at the beginning of a connection that are shown.
const FIRST_FRAMES: usize = 80;
/// The most frames at its end, where a call has its status.
const LAST_FRAMES: usize = 20;
/// The most connections that are shown.
const MOST_CONNECTIONS: usize = 8;
/// The most header fields of a list that are shown.
const MOST_FIELDS: usize = 64;
/// The most faults of a connection that are shown.
const MOST_FAULTS: usize = 8;
/// Where the name of a frame begins.
const TYPE: usize = 18;
/// Where its stream begins.
const STREAM: usize = 33;
/// Where its length begins.
const LENGTH: usize = 44;
/// Where what it says begins.
const SAYS: usize = 58;
/// Where what it carries begins.
pub(super) const INSIDE: usize = TYPE;

/// Puts all connections on a page.
pub fn put(page: &mut Page, exchange: &Exchange, material: Material<'_>) {
    if exchange.connections.is_empty() {
        page.blank();
        page.line(Line::new("no connection was made"));
    }
    for connection in exchange.connections.iter().take(MOST_CONNECTIONS) {
        page.blank();
        put_connection(page, connection, material);
    }
    if exchange.connections.len() > MOST_CONNECTIONS {
        let left = more(exchange.connections.len() - MOST_CONNECTIONS);
        page.line(Line::new(format!("{left} connections")));
    }
    for cut in &exchange.cuts {
        let told = format!("{}, beyond {}", cut.what, text::number(cut.limit));
        page.entry(Line::default().paint(Paint::Warn, "cut"), 10, &told);
    }
}

fn put_connection(page: &mut Page, connection: &Connection, material: Material<'_>) {
    let title = format!("connection {}", connection.id);
    page.line(Line::default().paint(Paint::Strong, title).right(format!(
        "client {}, server {}",
        side(&connection.client),
        side(&connection.server)
    )));
    if let Some(tls) = &connection.tls {
        let told = format!("{tls}; what follows the hellos cannot be read");
        page.entry(Line::indent(2).paint(Paint::Strong, "TLS"), 10, &told);
        return;
    }
    let header = Line::new("  frame")
        .pad(9)
        .text("+ms")
        .pad(TYPE)
        .text("type");
    let header = header
        .pad(STREAM)
        .text("stream")
        .pad(LENGTH)
        .text("payload");
    page.line(header.pad(SAYS).text("flags, contents"));
    let frames = &connection.frames;
    let left_out = frames.len().saturating_sub(FIRST_FRAMES + LAST_FRAMES);
    for (index, frame) in frames.iter().enumerate() {
        if left_out > 0 && index == FIRST_FRAMES {
            let left = format!("... {} frames left out", text::number(left_out as u64));
            page.line(Line::indent(TYPE).text(left));
        }
        if index < FIRST_FRAMES || index >= FIRST_FRAMES + left_out {
            put_frame(page, index, frame);
            put_carried(page, connection, index, material);
        }
    }
    for fault in connection.faults.iter().take(MOST_FAULTS) {
        let who = sender(fault.direction);
        let told = format!(
            "{who}, stream {}: {} ({})",
            fault.stream, fault.what, fault.section
        );
        page.entry(Line::indent(2).paint(Paint::Bad, "fault"), 10, &told);
    }
    if connection.faults.len() > MOST_FAULTS {
        page.line(Line::indent(10).text(more(connection.faults.len() - MOST_FAULTS)));
    }
}

fn side(side: &Side) -> String {
    let end = match side.end {
        Some(end) if end.reset => ", reset",
        Some(_) => "",
        None => ", open",
    };
    format!("{} bytes{end}", text::number(side.bytes))
}

fn put_frame(page: &mut Page, index: usize, frame: &Frame) {
    let (arrow, paint) = match frame.direction {
        Direction::ClientToServer => ("->", Paint::Good),
        Direction::ServerToClient => ("<-", Paint::Warn),
    };
    let kind = type_name(frame.kind).map_or(format!("{:#04x}", frame.kind), str::to_owned);
    let payload = (frame.range.end - frame.range.start).saturating_sub(FrameHeader::LEN as u64);
    let number = format!("{:>6}  {:>6}", index + 1, text::milliseconds(frame.at_ns));
    let line = Line::new(number)
        .text(" ")
        .paint(paint, arrow)
        .pad(TYPE)
        .paint(Paint::Strong, kind);
    let line = line.pad(STREAM).text(frame.stream.to_string()).pad(LENGTH);
    let line = line.text(format!("{} bytes", text::number(payload)));
    let mut says = flags(frame);
    says.extend(contents(&frame.body));
    page.entry(line, SAYS, &says.join("  "));
}

/// Flags that are set, by the names that their type gives them; for others the
/// bits.
pub(in crate::report) fn flags(frame: &Frame) -> Vec<String> {
    let named: &[(u8, &str)] = match frame.kind {
        0x00 => &[(END_STREAM, "END_STREAM"), (PADDED, "PADDED")],
        0x01 => &[
            (END_STREAM, "END_STREAM"),
            (END_HEADERS, "END_HEADERS"),
            (PADDED, "PADDED"),
            (PRIORITY, "PRIORITY"),
        ],
        0x04 | 0x06 => &[(ACK, "ACK")],
        0x05 => &[(END_HEADERS, "END_HEADERS"), (PADDED, "PADDED")],
        0x09 => &[(END_HEADERS, "END_HEADERS")],
        _ => &[],
    };
    let set = named.iter().filter(|(bit, _)| frame.has(*bit));
    let mut names: Vec<String> = set.map(|(_, name)| (*name).to_owned()).collect();
    let unnamed = named.iter().fold(frame.flags, |left, (bit, _)| left & !bit);
    if unnamed != 0 {
        names.push(format!("flags {unnamed:#04x}"));
    }
    names
}

/// What a frame says apart from headers and messages.
pub(in crate::report) fn contents(body: &Body) -> Vec<String> {
    match body {
        Body::Data { padding, .. } | Body::Headers { padding, .. } if *padding > 0 => {
            vec![format!("padding {padding}")]
        }
        Body::Data { .. } | Body::Headers { .. } | Body::Priority | Body::Continuation(_) => {
            Vec::new()
        }
        Body::RstStream(code) => vec![error(*code)],
        Body::Settings(settings) => settings
            .iter()
            .map(|(id, value)| setting(*id, *value))
            .collect(),
        Body::PushPromise { promised, .. } => vec![format!("promises stream {promised}")],
        Body::Ping(payload) => vec![text::hex(payload)],
        Body::GoAway {
            last_stream,
            error: code,
            debug,
        } => {
            let mut told = vec![error(*code), format!("last stream {last_stream}")];
            if !debug.is_empty() {
                told.push(text::fit(&format!("\"{}\"", debug.escape_ascii()), WIDTH));
            }
            told
        }
        Body::WindowUpdate(increment) => vec![format!("+{}", text::number(u64::from(*increment)))],
        Body::Unknown(bytes) => vec![text::hex(&bytes[..bytes.len().min(32)])],
    }
}

fn error(code: ErrorCode) -> String {
    error_name(code.0).map_or(format!("error {:#x}", code.0), str::to_owned)
}

fn setting(id: u16, value: u32) -> String {
    match setting_name(id) {
        Some(name) => format!("{name}={value}"),
        None => format!("{id:#06x}={value}"),
    }
}

fn sender(direction: Direction) -> &'static str {
    match direction {
        Direction::ClientToServer => "client",
        Direction::ServerToClient => "server",
    }
}

/// The header lists that begin in a frame and the messages that end in it.
fn put_carried(page: &mut Page, connection: &Connection, index: usize, material: Material<'_>) {
    for stream in carrying(connection, index) {
        for direction in [Direction::ClientToServer, Direction::ServerToClient] {
            let half = stream.half(direction);
            let lists = half
                .headers
                .iter()
                .filter(|list| list.place.frame == Some(index));
            lists.for_each(|list| put_list(page, list));
            let of_frame = |message: &Message| {
                message.frames.1.frame == Some(index) && message.frames.1.direction == direction
            };
            let messages = half.messages.iter().enumerate();
            for (number, message) in messages.filter(|(_, message)| of_frame(message)) {
                let kind = material.message_type(stream, direction);
                messages::put(page, number, half, message, kind.as_ref());
            }
        }
    }
}

/// The streams that a frame may carry something of: its own, and the one that
/// it promises.
pub(in crate::report) fn carrying(
    connection: &Connection,
    index: usize,
) -> impl Iterator<Item = &Stream> {
    let frame = &connection.frames[index];
    let promised = match frame.body {
        Body::PushPromise { promised, .. } => Some(promised),
        _ => None,
    };
    let ids = [Some(frame.stream), promised];
    ids.into_iter()
        .flatten()
        .filter_map(|id| connection.stream(id))
}

fn put_list(page: &mut Page, list: &HeaderList) {
    let shown = list.fields.iter().take(MOST_FIELDS);
    let widest = shown
        .clone()
        .map(|field| text::width(&header_name(field)))
        .max();
    let column = INSIDE + widest.unwrap_or(0).min(28) + 2;
    for field in shown {
        let name = Line::indent(INSIDE).text(text::fit(&header_name(field), 40));
        page.folded(name, column, &header_value(field));
    }
    let left = list.fields.len().saturating_sub(MOST_FIELDS) + list.fields_cut as usize;
    if left > 0 {
        page.line(Line::indent(INSIDE).text(more(left)));
    }
}
