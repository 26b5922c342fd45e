//! Records of a tap to an [`Exchange`], as they come and within [`Limits`].
//!
//! Bytes go through these layers, each of which takes them in pieces of any
//! size: the opening (is this HTTP/2?), frames, field blocks and data, and
//! gRPC messages. What breaks a rule on the way becomes a
//! [`Fault`](super::exchange::Fault); decoding of a direction goes on unless
//! the fault makes that impossible, and then its bytes are only counted.

mod announced;
mod block;
mod checks;
mod collect;
mod connection;
mod direction;
mod ended;
mod late;
mod ledger;
mod live;
mod messages;
mod opening;
mod streams;

use std::collections::HashMap;
use std::io::Read;

use self::connection::ConnectionDecoder;
use self::ledger::{Kind, Ledger};
use super::capture::{CaptureError, Event, Reader, Record};
use super::exchange::{Connection, Exchange, Limits};
use super::tls::Hellos;

pub use block::Patch;
pub use late::Missed;
pub(super) use late::sender;
pub use live::{Glimpse, LiveDecoder, Seen, Tell};

/// Decodes the records of one cell.
#[derive(Debug)]
pub struct Decoder {
    ledger: Ledger,
    connections: Vec<ConnectionDecoder>,
    /// Of each of `connections`, what TLS says of itself.
    hellos: Vec<Hellos>,
    /// Where a connection stands in `connections`.
    places: HashMap<u32, usize>,
}

impl Decoder {
    /// A decoder that keeps at most what `limits` allow.
    pub fn new(limits: Limits) -> Self {
        Self {
            ledger: Ledger::new(limits),
            connections: Vec::new(),
            hellos: Vec::new(),
            places: HashMap::new(),
        }
    }

    /// Takes the next record. Records come in the order in which the tap wrote
    /// them; how bytes are spread over them changes nothing but times.
    pub fn feed(&mut self, record: Record<'_>) {
        let Some(place) = self.place(&record) else {
            return;
        };
        let (connection, ledger) = (&mut self.connections[place], &mut self.ledger);
        let at_ns = record.at_ns;
        ledger.connection = record.connection;
        match record.event {
            Event::Opened => {}
            Event::Bytes(direction, bytes) => {
                self.hellos[place].feed(direction, bytes);
                connection.bytes(direction, bytes, at_ns, ledger);
            }
            Event::HalfClosed(direction) => connection.end(direction, false, at_ns, ledger),
            Event::Reset(direction) => connection.end(direction, true, at_ns, ledger),
            Event::Closed => connection.close(at_ns),
            Event::LeftOut(direction, bytes) => {
                connection.leave_out(direction, bytes, at_ns, ledger)
            }
        }
    }

    /// What all records say together.
    pub fn finish(mut self) -> Exchange {
        let ledger = &mut self.ledger;
        let connections = self
            .connections
            .into_iter()
            .zip(&self.hellos)
            .map(|(connection, hellos)| Connection {
                tls: hellos.read(),
                ..connection.finish(ledger)
            })
            .collect();
        Exchange {
            connections,
            cuts: self.ledger.into_cuts(),
        }
    }

    fn place(&mut self, record: &Record<'_>) -> Option<usize> {
        if let Some(place) = self.places.get(&record.connection) {
            return Some(*place);
        }
        let place = self.connections.len();
        if place == self.ledger.limits.connections {
            self.ledger.cut(Kind::Connections);
            return None;
        }
        self.connections.push(ConnectionDecoder::new(
            record.connection,
            record.at_ns,
            &self.ledger,
        ));
        self.hellos.push(Hellos::default());
        self.places.insert(record.connection, place);
        Some(place)
    }
}

/// Decodes a whole capture. One that ends inside a record is decoded up to
/// there, and the cut is said in [`Exchange::cuts`].
///
/// # Errors
/// When `input` fails or is not a capture.
pub fn decode_capture<R: Read>(input: R, limits: Limits) -> Result<Exchange, CaptureError> {
    let mut reader = Reader::new(input)?;
    let mut decoder = Decoder::new(limits);
    loop {
        match reader.next_record() {
            Ok(Some(record)) => decoder.feed(record),
            Ok(None) => return Ok(decoder.finish()),
            Err(CaptureError::Truncated { offset }) => {
                decoder.ledger.say(
                    "bytes of the capture, which ends inside a record".to_owned(),
                    offset,
                );
                return Ok(decoder.finish());
            }
            Err(error) => return Err(error),
        }
    }
}
