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
use crate::wire::exchange::{Connection, Fault};
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
                streams.follow(connection.id, index, frame, breaches);
            }
        }
    },
};

/// SETTINGS_MAX_CONCURRENT_STREAMS.
const MAX_CONCURRENT_STREAMS: u16 = 0x03;

/// SETTINGS that are followed before their ACK. No library leaves more than a
/// few open, and beyond the rule says nothing.
const MAX_UNANSWERED: usize = 256;

/// The client's streams that no frame has closed yet. The tap sees a server's
/// frame before the client does, so that this is never more than the client
/// itself believes to be open.
#[derive(Debug, Default)]
pub(super) struct OpenStreams {
    /// Streams with the sides that have not ended them.
    open: BTreeMap<u32, BTreeSet<Direction>>,
    highest: u32,
    /// The limit in each SETTINGS of the server that is not acknowledged.
    announced: std::collections::VecDeque<Option<u32>>,
    limit: Option<u32>,
}

impl OpenStreams {
    /// Follows the next frame of a connection.
    pub fn follow(
        &mut self,
        connection: u32,
        index: usize,
        frame: &Frame,
        breaches: &mut Breaches<'_>,
    ) {
        if let Some(limit) = self.exceeded_by(frame) {
            let spot = Spot::frame(connection, index, frame);
            let open = self.open.len();
            let sentence = format!("the client has {open} streams open, {limit} are allowed");
            breaches.push(Breach::new(spot, sentence).expected(format!("at most {limit}")));
        }
    }

    /// Follows a frame, and gives the limit that it exceeds.
    fn exceeded_by(&mut self, frame: &Frame) -> Option<u32> {
        self.follow_settings(frame);
        let opened = self.opens(frame);
        self.close(frame);
        let is_sure = self.announced.len() < MAX_UNANSWERED;
        let limit = self.limit.filter(|_| opened && is_sure)?;
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
                if self.announced.len() < MAX_UNANSWERED {
                    self.announced.push_back(limit.map(|(_, value)| *value));
                }
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
            let mut said = Farewells::default();
            connection
                .frames
                .iter()
                .for_each(|frame| said.follow(frame));
            connection.faults.iter().for_each(|fault| said.note(fault));
            said.check(connection, breaches);
        }
    },
};

/// What both sides have sent, as far as it matters when one of them closes.
#[derive(Debug, Default)]
pub(super) struct Farewells {
    client: Farewell,
    server: Farewell,
}

#[derive(Debug, Default)]
struct Farewell {
    said_so: bool,
    misbehaved: bool,
    /// Where the last frame ends, if there was one.
    read: Option<u64>,
}

impl Farewells {
    /// Follows the next frame of a connection.
    pub fn follow(&mut self, frame: &Frame) {
        let side = self.side(frame.direction);
        side.read = Some(frame.range.end);
        side.said_so |= matches!(frame.body, Body::GoAway { .. });
    }

    /// A side did what it should not.
    pub fn note(&mut self, fault: &Fault) {
        self.side(fault.direction).misbehaved = true;
    }

    /// Holds it against who closed the connection.
    pub fn check(&mut self, connection: &Connection, breaches: &mut Breaches<'_>) {
        let Some(direction) = closed_first(connection) else {
            return;
        };
        // "An endpoint might choose to close a connection without sending a
        // GOAWAY for misbehaving peers", says the section.
        let provoked = self.side(direction.reverse()).misbehaved;
        let side = self.side(direction);
        let bytes = connection.side(direction);
        // Every byte is in a frame or known to be left over.
        let is_whole = bytes.leftover.is_none() && side.read == Some(bytes.bytes);
        if is_whole && !side.said_so && !provoked {
            let sentence = "the connection is closed without GOAWAY";
            let spot = end_spot(connection, direction);
            breaches.push(Breach::new(spot, sentence).expected("GOAWAY"));
        }
    }

    fn side(&mut self, direction: Direction) -> &mut Farewell {
        match direction {
            Direction::ClientToServer => &mut self.client,
            Direction::ServerToClient => &mut self.server,
        }
    }
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
