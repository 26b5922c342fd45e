//! The rules over what passes a tap, as it passes: each call when it ends, the
//! rest when a frame shows it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::breach::Breaches;
use super::http2_faults::{STREAM_IDS, STREAM_STATE, WELL_FORMED};
use super::http2_order::{CONCURRENT_STREAMS, Farewells, GOAWAY_BEFORE_CLOSE, OpenStreams};
use super::http2_ping::{PING_ANSWERED, Pings};
use super::message::{COMPLETE, DECOMPRESSES, FLAG, FLAG_WITHOUT_ENCODING, UNDISCLOSED_ENCODING};
use super::{Rule, all};
use crate::judge::finding::Finding;
use crate::wire::decode::{Glimpse, Seen};
use crate::wire::exchange::{Connection, Cut, Exchange, Fault, Side};
use crate::wire::frame::Frame;

/// Rules that bytes break by themselves.
static OF_FAULTS: &[&Rule] = &[&WELL_FORMED, &STREAM_IDS, &STREAM_STATE];
/// Rules about the order of the frames of a connection.
static OF_CONNECTIONS: &[&Rule] = &[&CONCURRENT_STREAMS, &PING_ANSWERED, &GOAWAY_BEFORE_CLOSE];
/// Rules that a message can break that is told before its stream has ended.
static OF_MESSAGES: &[&Rule] = &[
    &FLAG,
    &FLAG_WITHOUT_ENCODING,
    &COMPLETE,
    &DECOMPRESSES,
    &UNDISCLOSED_ENCODING,
];

/// All others, which a call shows when it has ended.
static OF_CALLS: LazyLock<Vec<&Rule>> = LazyLock::new(|| {
    let others = [OF_FAULTS, OF_CONNECTIONS].concat();
    let of_calls = |rule: &&&Rule| !others.iter().any(|other| other.id == rule.id);
    all()
        .iter()
        .copied()
        .filter(|rule| of_calls(&rule))
        .collect()
});

/// Holds what a [`LiveDecoder`](crate::wire::decode::LiveDecoder) sees against
/// the rules. What it keeps is bounded for each open connection.
#[derive(Debug, Default)]
pub struct Lint {
    connections: BTreeMap<u32, Watched>,
}

/// What the rules of a connection need to know of its past.
#[derive(Debug, Default)]
struct Watched {
    /// Something could not be read or was left out.
    is_lost: bool,
    streams: OpenStreams,
    pings: Pings,
    farewells: Farewells,
}

impl Lint {
    /// What this breaks, in the order of the rules. A rule that a message
    /// breaks is broken once more by each of it.
    pub fn hear(&mut self, seen: &Seen<'_>) -> Vec<Finding> {
        match seen {
            Seen::Frame {
                connection,
                number,
                frame,
            } => self.frame(*connection, *number, frame),
            Seen::Fault { connection, fault } => self.fault(*connection, fault),
            Seen::Messages(glimpse) => messages(glimpse),
            Seen::Ended(glimpse) => call(glimpse),
            Seen::Closed(connection) => self.closed(connection),
            Seen::NotFollowed(_) | Seen::Cut(_) => Vec::new(),
        }
    }

    /// Bytes of a connection were left out, so that what is not seen on it may
    /// have been sent.
    pub fn lose(&mut self, connection: u32) {
        self.connections.entry(connection).or_default().is_lost = true;
    }

    fn frame(&mut self, connection: u32, number: usize, frame: &Frame) -> Vec<Finding> {
        let watched = self.connections.entry(connection).or_default();
        if watched.is_lost {
            return Vec::new();
        }
        watched.farewells.follow(frame);
        let mut found = findings(&CONCURRENT_STREAMS, |breaches| {
            watched.streams.follow(connection, number, frame, breaches);
        });
        found.extend(findings(&PING_ANSWERED, |breaches| {
            watched.pings.follow(connection, number, frame, breaches);
        }));
        found
    }

    fn fault(&mut self, connection: u32, fault: &Fault) -> Vec<Finding> {
        let watched = self.connections.entry(connection).or_default();
        watched.farewells.note(fault);
        watched.is_lost |= fault.fatal;
        let exchange = with_fault(connection, fault, watched.is_lost);
        check(OF_FAULTS, &exchange)
    }

    fn closed(&mut self, connection: &Connection) -> Vec<Finding> {
        let watched = self.connections.remove(&connection.id);
        let Some(mut watched) = watched.filter(|watched| !watched.is_lost) else {
            return Vec::new();
        };
        let mut found = findings(&PING_ANSWERED, |breaches| {
            watched.pings.end(connection.id, breaches);
        });
        found.extend(findings(&GOAWAY_BEFORE_CLOSE, |breaches| {
            watched.farewells.check(connection, breaches);
        }));
        found
    }
}

fn messages(glimpse: &Glimpse) -> Vec<Finding> {
    numbered(glimpse, check(OF_MESSAGES, &glimpse.exchange))
}

fn call(glimpse: &Glimpse) -> Vec<Finding> {
    numbered(glimpse, check(&OF_CALLS, &glimpse.exchange))
}

/// Counts messages from the first of the call, and not of what is new of it.
fn numbered(glimpse: &Glimpse, mut findings: Vec<Finding>) -> Vec<Finding> {
    for place in findings.iter_mut().map(|finding| &mut finding.place) {
        if let (Some(message), Some(direction)) = (&mut place.message, place.direction) {
            *message += glimpse.told_of(direction) as usize;
        }
    }
    findings
}

fn check(rules: &[&Rule], exchange: &Exchange) -> Vec<Finding> {
    rules.iter().flat_map(|rule| rule.check(exchange)).collect()
}

fn findings(rule: &Rule, find: impl FnOnce(&mut Breaches<'_>)) -> Vec<Finding> {
    let mut breaches = Breaches::new(rule);
    find(&mut breaches);
    breaches.into_findings()
}

/// An exchange of nothing but a fault.
fn with_fault(connection: u32, fault: &Fault, is_lost: bool) -> Exchange {
    let connection = Connection {
        id: connection,
        opened_ns: 0,
        closed_ns: None,
        client: Side::default(),
        server: Side::default(),
        frames: Vec::new(),
        streams: Vec::new(),
        faults: vec![fault.clone()],
        tls: None,
    };
    let cut = Cut {
        what: "bytes that came before".to_owned(),
        limit: 0,
    };
    Exchange {
        connections: vec![connection],
        cuts: if is_lost { vec![cut] } else { Vec::new() },
    }
}
