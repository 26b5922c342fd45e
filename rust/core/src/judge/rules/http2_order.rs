//! RFC 9113: what follows what on a connection. A tap sees when bytes passed,
//! not when they were read, so each rule here holds only what the order of one
//! sender's own frames, or a chain of replies, proves.

use std::collections::{BTreeMap, BTreeSet};

use super::Rule;
use super::breach::{Breach, Breaches};
use super::scope::{Spot, fully_read};
use super::spec::rfc9113;
use crate::judge::finding::{Culprit, Level, Where};
use crate::wire::capture::Direction;
use crate::wire::exchange::Connection;
use crate::wire::frame::{ACK, Body, END_STREAM, Frame};

pub(super) static CONCURRENT_STREAMS: Rule = Rule {
    id: "http2/concurrent-streams",
    level: Level::Must,
    about: "the client keeps to SETTINGS_MAX_CONCURRENT_STREAMS once it has acknowledged it",
    section: rfc9113!(
        "5.1.2",
        "Endpoints MUST NOT exceed the limit set by their peer."
    ),
    find: |exchange, breaches| {
        for connection in fully_read(exchange) {
            let mut streams = OpenStreams::default();
            for (index, frame) in connection.frames.iter().enumerate() {
                if let Some(limit) = streams.exceeded_by(frame) {
                    let spot = Spot::frame(connection, index, frame);
                    let open = streams.open.len();
                    let sentence =
                        format!("the client has {open} streams open, {limit} are allowed");
                    breaches.push(Breach::new(spot, sentence).expected(format!("at most {limit}")));
                }
            }
        }
    },
};

/// SETTINGS_MAX_CONCURRENT_STREAMS.
const MAX_CONCURRENT_STREAMS: u16 = 0x03;

/// The client's streams that no frame has closed yet. The tap sees a server's
/// frame before the client does, so that this is never more than the client
/// itself believes to be open.
#[derive(Default)]
struct OpenStreams {
    /// Streams with the sides that have not ended them.
    open: BTreeMap<u32, BTreeSet<Direction>>,
    highest: u32,
    /// The limit in each SETTINGS of the server that is not acknowledged.
    announced: std::collections::VecDeque<Option<u32>>,
    limit: Option<u32>,
}

impl OpenStreams {
    /// Follows a frame, and gives the limit that it exceeds.
    fn exceeded_by(&mut self, frame: &Frame) -> Option<u32> {
        self.follow_settings(frame);
        let opened = self.opens(frame);
        self.close(frame);
        let limit = self.limit.filter(|_| opened)?;
        (self.open.len() > limit as usize).then_some(limit)
    }

    fn follow_settings(&mut self, frame: &Frame) {
        let Body::Settings(settings) = &frame.body else {
            return;
        };
        match (frame.direction, frame.has(ACK)) {
            (Direction::ServerToClient, false) => {
                let limit = settings
                    .iter()
                    .rfind(|(id, _)| *id == MAX_CONCURRENT_STREAMS);
                self.announced.push_back(limit.map(|(_, value)| *value));
            }
            (Direction::ClientToServer, true) => {
                self.limit = self.announced.pop_front().flatten().or(self.limit);
            }
            _ => {}
        }
    }

    fn opens(&mut self, frame: &Frame) -> bool {
        let is_new = matches!(frame.body, Body::Headers { .. })
            && frame.direction == Direction::ClientToServer
            && frame.stream > self.highest;
        if is_new {
            self.highest = frame.stream;
            let both = [Direction::ClientToServer, Direction::ServerToClient];
            self.open.insert(frame.stream, BTreeSet::from(both));
        }
        is_new
    }

    fn close(&mut self, frame: &Frame) {
        if matches!(frame.body, Body::RstStream(_)) {
            self.open.remove(&frame.stream);
        }
        if ends_stream(frame)
            && let Some(sides) = self.open.get_mut(&frame.stream)
        {
            sides.remove(&frame.direction);
            if sides.is_empty() {
                self.open.remove(&frame.stream);
            }
        }
    }
}

fn ends_stream(frame: &Frame) -> bool {
    matches!(frame.body, Body::Data { .. } | Body::Headers { .. }) && frame.has(END_STREAM)
}

pub(super) static GOAWAY_BEFORE_CLOSE: Rule = Rule {
    id: "http2/goaway-before-close",
    level: Level::Should,
    about: "who closes a connection sends GOAWAY first",
    section: rfc9113!(
        "6.8",
        "Endpoints SHOULD always send a GOAWAY frame before closing a connection so that the \
         remote peer can know whether a stream has been partially processed or not."
    ),
    find: |exchange, breaches| {
        for connection in fully_read(exchange) {
            close_without_goaway(connection, breaches);
        }
    },
};

fn close_without_goaway(connection: &Connection, breaches: &mut Breaches<'_>) {
    let Some(direction) = closed_first(connection) else {
        return;
    };
    let mut frames = sent(connection, direction).peekable();
    let spoke = frames.peek().is_some();
    let said_so = frames.any(|(_, frame)| matches!(frame.body, Body::GoAway { .. }));
    if spoke && !said_so && is_whole(connection, direction) && !misbehaves(connection, direction) {
        let sentence = "the connection is closed without GOAWAY";
        breaches.push(Breach::new(end_spot(connection, direction), sentence).expected("GOAWAY"));
    }
}

fn sent(connection: &Connection, direction: Direction) -> impl Iterator<Item = (usize, &Frame)> {
    let frames = connection.frames.iter().enumerate();
    frames.filter(move |(_, frame)| frame.direction == direction)
}

/// Who ended its direction first. At the same nanosecond nobody did.
fn closed_first(connection: &Connection) -> Option<Direction> {
    let client = connection.client.end.map(|end| end.at_ns);
    let server = connection.server.end.map(|end| end.at_ns);
    match (client, server) {
        (Some(client), server) if server.is_none_or(|server| client < server) => {
            Some(Direction::ClientToServer)
        }
        (client, Some(server)) if client.is_none_or(|client| server < client) => {
            Some(Direction::ServerToClient)
        }
        _ => None,
    }
}

/// Every byte of the direction is in a frame or known to be left over.
fn is_whole(connection: &Connection, direction: Direction) -> bool {
    let side = connection.side(direction);
    let last = sent(connection, direction).last();
    let read = last.map_or(0, |(_, frame)| frame.range.end);
    side.leftover.is_none() && read == side.bytes
}

/// "An endpoint might choose to close a connection without sending a GOAWAY
/// for misbehaving peers", says the section.
fn misbehaves(connection: &Connection, direction: Direction) -> bool {
    let mut faults = connection.faults.iter();
    faults.any(|fault| fault.direction == direction.reverse())
}

fn end_spot(connection: &Connection, direction: Direction) -> Spot {
    let side = connection.side(direction);
    Spot {
        culprit: Culprit::sender(direction),
        place: Where {
            connection: Some(connection.id),
            direction: Some(direction),
            byte_range: Some(side.bytes..side.bytes),
            at_ns: side.end.map(|end| end.at_ns),
            ..Where::default()
        },
    }
}
