//! Faults on a capture: what it would have been with them on the line, as far
//! as that can be said, since neither side hears of them.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::time::Duration;

use super::{Fault, Line, Op, Relay};
use crate::wire::capture::{CaptureError, Direction, Event, Reader, Record, Writer};

/// A capture with faults on each of its connections, and how often each fault
/// was put there.
///
/// Delays move what follows in time. Where a fault ends a connection, nothing
/// of it follows; what a stall keeps back is not in the capture, nor is what a
/// black hole swallows.
///
/// # Errors
/// The capture cannot be read to its end.
pub fn replay(capture: impl Read, faults: &[Fault]) -> Result<(Vec<u8>, Vec<u32>), CaptureError> {
    let mut reader = Reader::new(capture)?;
    let mut replay = Replay::new(faults);
    while let Some(record) = reader.next_record()? {
        replay.take(&record);
    }
    Ok(replay.finish())
}

struct Replay<'f> {
    faults: &'f [Fault],
    connections: BTreeMap<u32, Connection>,
    writer: Writer<Vec<u8>>,
    applied: Vec<u32>,
    /// How much later everything is by now.
    late: Duration,
}

struct Connection {
    relay: Relay,
    /// Nothing more of this direction passes.
    ended: BTreeSet<Direction>,
    closed: bool,
}

impl<'f> Replay<'f> {
    fn new(faults: &'f [Fault]) -> Self {
        Self {
            faults,
            connections: BTreeMap::new(),
            writer: Writer::new(Vec::new()).expect("memory takes every write"),
            applied: vec![0; faults.len()],
            late: Duration::ZERO,
        }
    }

    fn take(&mut self, record: &Record<'_>) {
        let fresh = || Connection {
            relay: Relay::new(self.faults),
            ended: BTreeSet::new(),
            closed: false,
        };
        let id = record.connection;
        let mut connection = self.connections.remove(&id).unwrap_or_else(fresh);
        self.pass(record, &mut connection);
        if matches!(record.event, Event::Closed) {
            self.count(&connection);
        } else {
            self.connections.insert(id, connection);
        }
    }

    fn pass(&mut self, record: &Record<'_>, connection: &mut Connection) {
        if connection.closed {
            return;
        }
        let write = |replay: &mut Self, event| replay.write(record, event);
        match record.event {
            Event::Bytes(direction, octets) => {
                let ops = connection.relay.take(direction, octets);
                self.follow(record, direction, ops, connection);
            }
            Event::HalfClosed(direction) | Event::Reset(direction) => {
                let ops = connection.relay.end(direction);
                self.follow(record, direction, ops, connection);
                if !connection.has_ended(direction) {
                    write(self, record.event);
                }
            }
            event => write(self, event),
        }
    }

    fn follow(
        &mut self,
        record: &Record<'_>,
        direction: Direction,
        ops: Vec<Op>,
        connection: &mut Connection,
    ) {
        for op in ops {
            if connection.has_ended(direction) || connection.closed {
                return;
            }
            match op {
                Op::Pass(octets) => self.write(record, Event::Bytes(direction, &octets)),
                Op::Line(line) => self.line(record, direction, &line, connection),
            }
        }
    }

    fn line(
        &mut self,
        record: &Record<'_>,
        direction: Direction,
        line: &Line,
        connection: &mut Connection,
    ) {
        let both = [direction, direction.reverse()];
        match line {
            Line::Delay(time) => self.late = self.late.saturating_add(*time),
            // How fast a capture is read changes nothing in it.
            Line::Throttle { .. } => {}
            Line::Stall | Line::BlackHole => {
                connection.ended.insert(direction);
            }
            Line::HalfClose => {
                self.write(record, Event::HalfClosed(direction));
                connection.ended.insert(direction);
            }
            Line::Close => {
                both.into_iter()
                    .for_each(|side| self.write(record, Event::HalfClosed(side)));
                self.close(record, connection);
            }
            Line::Reset => {
                both.into_iter()
                    .for_each(|side| self.write(record, Event::Reset(side)));
                self.close(record, connection);
            }
        }
    }

    fn close(&mut self, record: &Record<'_>, connection: &mut Connection) {
        self.write(record, Event::Closed);
        connection.closed = true;
    }

    fn write(&mut self, record: &Record<'_>, event: Event<'_>) {
        let late = u64::try_from(self.late.as_nanos()).unwrap_or(u64::MAX);
        let record = Record {
            at_ns: record.at_ns.saturating_add(late),
            event,
            ..*record
        };
        self.writer
            .write(&record)
            .expect("memory takes every write");
    }

    fn count(&mut self, connection: &Connection) {
        for (sum, count) in self.applied.iter_mut().zip(connection.relay.applied()) {
            *sum = sum.saturating_add(*count);
        }
    }

    fn finish(mut self) -> (Vec<u8>, Vec<u32>) {
        for connection in std::mem::take(&mut self.connections).into_values() {
            self.count(&connection);
        }
        let capture = self.writer.finish().expect("memory takes every write");
        (capture, self.applied)
    }
}

impl Connection {
    fn has_ended(&self, direction: Direction) -> bool {
        self.ended.contains(&direction)
    }
}
