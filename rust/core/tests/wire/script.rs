//! Connections written by hand, to be decoded.

use wirecheck_core::wire::capture::{Direction, Event, Record};
use wirecheck_core::wire::decode::Decoder;
use wirecheck_core::wire::exchange::{Connection, Exchange, Limits};
use wirecheck_core::wire::frame::{END_HEADERS, PREFACE};
use wirecheck_core::wire::hpack::{Representation, literal};

pub const CLIENT: Direction = Direction::ClientToServer;
pub const SERVER: Direction = Direction::ServerToClient;

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PUSH_PROMISE: u8 = 5;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;

/// What both sides sent, in order. Each step is one record, a nanosecond after
/// the one before.
#[derive(Default)]
pub struct Script {
    steps: Vec<(Direction, Vec<u8>)>,
}

impl Script {
    /// A connection on which nothing was sent yet.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Both prefaces with empty SETTINGS: 33 bytes of the client, 9 of the
    /// server.
    pub fn begun() -> Self {
        let settings = frame(SETTINGS, 0, 0, b"");
        Self::empty()
            .bytes(CLIENT, &[&PREFACE[..], &settings].concat())
            .bytes(SERVER, &settings)
    }

    /// As [`Script::begun`], and the client opens stream 1 with an empty list:
    /// 42 bytes of the client.
    pub fn opened() -> Self {
        Self::begun().frame(CLIENT, HEADERS, END_HEADERS, 1, b"")
    }

    pub fn bytes(mut self, direction: Direction, bytes: &[u8]) -> Self {
        self.steps.push((direction, bytes.to_vec()));
        self
    }

    pub fn frame(
        self,
        direction: Direction,
        kind: u8,
        flags: u8,
        stream: u32,
        payload: &[u8],
    ) -> Self {
        self.bytes(direction, &frame(kind, flags, stream, payload))
    }

    /// The steps, for who decodes them otherwise.
    pub fn into_steps(self) -> Vec<(Direction, Vec<u8>)> {
        self.steps
    }

    pub fn exchange(&self, limits: Limits) -> Exchange {
        let mut decoder = Decoder::new(limits);
        for (at_ns, (direction, bytes)) in (0..).zip(&self.steps) {
            decoder.feed(Record {
                connection: 1,
                at_ns,
                event: Event::Bytes(*direction, bytes),
            });
        }
        decoder.finish()
    }

    /// The one connection, under the default limits.
    pub fn connection(&self) -> Connection {
        self.exchange(Limits::default()).connections.remove(0)
    }

    /// The faults as text, with their ranges.
    pub fn faults(&self) -> Vec<String> {
        let faults = self.connection().faults.into_iter();
        faults
            .map(|fault| {
                let sender = if fault.direction == CLIENT {
                    "client"
                } else {
                    "server"
                };
                let fatal = if fault.fatal { ", fatal" } else { "" };
                format!(
                    "{sender} {:?}: {} ({}{fatal})",
                    fault.range, fault.what, fault.section
                )
            })
            .collect()
    }
}

pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A header block of literals that enter the dynamic table.
pub fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        let representation = Representation::LiteralIncremental { name_index: None };
        literal::encode_literal(
            &mut block,
            name.as_bytes(),
            value.as_bytes(),
            false,
            representation,
        );
    }
    block
}

/// A gRPC message with its prefix.
pub fn message(bytes: &[u8]) -> Vec<u8> {
    [&[0], &(bytes.len() as u32).to_be_bytes()[..], bytes].concat()
}
