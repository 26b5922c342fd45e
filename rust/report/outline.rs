//! An exchange in a few lines: each frame with what it carries, without times
//! and places, so that two of them can be compared.

use wirecheck_core::wire::capture::Direction;
use wirecheck_core::wire::exchange::{Connection, Exchange, Message};
use wirecheck_core::wire::frame::{Body, Frame, type_name};

use super::metadata::{header_name, header_value};
use super::show::frames::{carrying, contents, flags};
use super::text;

/// Where what a frame carries begins.
const INSIDE: &str = "     ";
/// The most bytes of a message that are shown.
const MOST_BYTES: usize = 24;
/// The most columns of a value.
const WIDEST_VALUE: usize = 60;

/// The lines of all connections.
pub fn outline(exchange: &Exchange) -> String {
    let connections = exchange.connections.iter();
    let lines: Vec<String> = connections.flat_map(connection).collect();
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn connection(connection: &Connection) -> Vec<String> {
    let mut lines = Vec::new();
    for (index, frame) in connection.frames.iter().enumerate() {
        lines.extend(lines_of(frame));
        lines.extend(carried(connection, index));
    }
    lines.extend(connection.faults.iter().map(|fault| {
        let arrow = arrow(fault.direction);
        format!("{arrow} not HTTP/2: {}", fault.what)
    }));
    lines.extend(ends(connection));
    lines
}

/// A frame by itself. Settings have lines of their own, so that a difference
/// shows which of them it is.
fn lines_of(frame: &Frame) -> Vec<String> {
    let kind = type_name(frame.kind).map_or(format!("{:#04x}", frame.kind), str::to_owned);
    let (arrow, stream) = (arrow(frame.direction), frame.stream);
    let mut says = vec![format!("{arrow} {kind} on stream {stream}")];
    says.extend(flags(frame));
    let mut inside = contents(&frame.body);
    if !matches!(frame.body, Body::Settings(_)) {
        says.append(&mut inside);
    }
    let inside = inside.iter().map(|setting| format!("{INSIDE}{setting}"));
    std::iter::once(says.join("  ")).chain(inside).collect()
}

/// The header lists that begin in a frame, and the messages that end in it.
fn carried(connection: &Connection, index: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for stream in carrying(connection, index) {
        for half in [&stream.request, &stream.response] {
            let lists = half.headers.iter();
            let lists = lists.filter(|list| list.place.frame == Some(index));
            for field in lists.flat_map(|list| &list.fields) {
                let value = text::fit(&header_value(field), WIDEST_VALUE);
                lines.push(format!("{INSIDE}{}: {value}", header_name(field)));
            }
            let messages = half.messages.iter();
            let messages = messages.filter(|message| message.frames.1.frame == Some(index));
            lines.extend(messages.map(message));
        }
    }
    lines
}

fn message(message: &Message) -> String {
    let shown = &message.head[..message.head.len().min(MOST_BYTES)];
    let cut = if shown.len() < message.head.len() {
        " ..."
    } else {
        ""
    };
    let whole = if message.complete { "" } else { ", incomplete" };
    let length = text::count(message.length as usize, "byte");
    let (flag, hex) = (message.flag, text::hex(shown));
    format!("{INSIDE}message with flag {flag}, {length}{whole}: {hex}{cut}")
}

/// How both directions ended, in the order of time.
fn ends(connection: &Connection) -> Vec<String> {
    let sides = [Direction::ClientToServer, Direction::ServerToClient];
    let ended = sides.iter().filter_map(|direction| {
        let end = connection.side(*direction).end?;
        let how = if end.reset {
            "resets the connection"
        } else {
            "ends (FIN)"
        };
        Some((end.at_ns, format!("{} {how}", arrow(*direction))))
    });
    let mut ended: Vec<_> = ended.collect();
    ended.sort_by_key(|(at, _)| *at);
    ended.into_iter().map(|(_, line)| line).collect()
}

fn arrow(direction: Direction) -> &'static str {
    match direction {
        Direction::ClientToServer => "->",
        Direction::ServerToClient => "<-",
    }
}
