//! Changes real captures: takes one apart into frames and header lists, lets a
//! test change them, and puts a valid capture together again.
//!
//! All header lists are written as literals without indexing, so that one can
//! be changed without the dynamic table carrying the change to others, and so
//! that a value stands on the wire as it reads.

use std::io::Cursor;

use wirecheck_core::wire::capture::{Direction, Event, Reader, Record, Writer};
use wirecheck_core::wire::frame::{END_STREAM, FrameHeader, PREFACE};

pub use crate::edit_frame::*;
use crate::splitter::Connections;

/// A capture, taken apart.
pub struct Edit {
    items: Vec<Item>,
}

struct Item {
    connection: u32,
    at_ns: u64,
    what: What,
}

/// What stands in a capture, in order.
pub enum What {
    Preface,
    Frame(EditFrame),
    /// Bytes at the end of a direction that are no whole frame.
    Rest(Direction, Vec<u8>),
    Opened,
    HalfClosed(Direction),
    Reset(Direction),
    Closed,
}

/// Takes a capture of `tests/captures` apart, named without its ending.
pub fn edit(capture: &str) -> Edit {
    Edit::of(&super::captures::read(capture))
}

impl Edit {
    pub fn of(capture: &[u8]) -> Self {
        let mut connections = Connections::default();
        let mut items = Vec::new();
        let mut reader = Reader::new(Cursor::new(capture)).expect("a capture");
        while let Some(record) = reader.next_record().expect("a whole record") {
            let Record {
                connection,
                at_ns,
                event,
            } = record;
            let found = connections.split(connection, event);
            items.extend(found.into_iter().map(|what| Item {
                connection,
                at_ns,
                what,
            }));
        }
        Self { items }
    }

    /// Changes the header list of the first request.
    pub fn request(self, change: impl FnOnce(&mut Vec<Field>)) -> Self {
        self.list(|frame| frame.direction == CLIENT, change)
    }

    /// Changes the first header list of the server.
    pub fn response(self, change: impl FnOnce(&mut Vec<Field>)) -> Self {
        self.list(|frame| frame.direction == SERVER, change)
    }

    /// Changes the first header list of the server with END_STREAM.
    pub fn trailers(self, change: impl FnOnce(&mut Vec<Field>)) -> Self {
        let ends = |frame: &EditFrame| frame.flags & END_STREAM != 0;
        self.list(|frame| frame.direction == SERVER && ends(frame), change)
    }

    fn list(
        mut self,
        wanted: impl Fn(&EditFrame) -> bool,
        change: impl FnOnce(&mut Vec<Field>),
    ) -> Self {
        let lists = self
            .items
            .iter_mut()
            .filter_map(|item| match &mut item.what {
                What::Frame(frame) if wanted(frame) => match &mut frame.payload {
                    Payload::List(_, fields) => Some(fields),
                    Payload::Bytes(_) => None,
                },
                _ => None,
            });
        change({ lists }.next().expect("such a header list"));
        self
    }

    /// Changes the nth frame of a type from one side; the first is 0.
    pub fn frame(
        mut self,
        direction: Direction,
        kind: u8,
        nth: usize,
        change: impl FnOnce(&mut EditFrame),
    ) -> Self {
        let at = self.position(direction, kind, nth);
        let What::Frame(frame) = &mut self.items[at].what else {
            unreachable!("the position is that of a frame");
        };
        change(frame);
        self
    }

    /// Changes the payload of the nth DATA frame from one side.
    pub fn data(self, direction: Direction, nth: usize, change: impl FnOnce(&mut Vec<u8>)) -> Self {
        self.frame(direction, DATA, nth, |frame| frame.change_bytes(change))
    }

    /// Leaves a frame out.
    pub fn drop_frame(mut self, direction: Direction, kind: u8, nth: usize) -> Self {
        let at = self.position(direction, kind, nth);
        self.items.remove(at);
        self
    }

    /// Puts frames behind the nth of a type from one side.
    pub fn insert_after(
        mut self,
        (direction, kind, nth): (Direction, u8, usize),
        frames: impl IntoIterator<Item = EditFrame>,
    ) -> Self {
        let at = self.position(direction, kind, nth);
        let Item {
            connection, at_ns, ..
        } = self.items[at];
        let items = frames.into_iter().map(|frame| Item {
            connection,
            at_ns,
            what: What::Frame(frame),
        });
        self.items.splice(at + 1..at + 1, items);
        self
    }

    /// Leaves out all that follows a frame but the ends of the connection.
    pub fn cut_after(mut self, direction: Direction, kind: u8, nth: usize) -> Self {
        let at = self.position(direction, kind, nth);
        let mut index = 0;
        self.items.retain(|item| {
            index += 1;
            index <= at + 1 || !matches!(item.what, What::Frame(_) | What::Rest(..))
        });
        self
    }

    /// Lets this side end its direction first.
    pub fn closed_first_by(mut self, direction: Direction) -> Self {
        let times: Vec<_> = self
            .items
            .iter()
            .filter(|item| item.ends())
            .map(|item| item.at_ns)
            .collect();
        let (first, last) = (times[0], times[times.len() - 1]);
        for item in &mut self.items {
            match item.what {
                What::HalfClosed(side) | What::Reset(side) => {
                    item.at_ns = if side == direction { first } else { last };
                }
                _ => {}
            }
        }
        self.items.sort_by_key(|item| item.at_ns);
        self
    }

    fn position(&self, direction: Direction, kind: u8, nth: usize) -> usize {
        let mut frames = self
            .items
            .iter()
            .enumerate()
            .filter(|(_, item)| match &item.what {
                What::Frame(frame) => frame.direction == direction && frame.kind == kind,
                _ => false,
            });
        frames.nth(nth).expect("such a frame").0
    }

    /// The edited capture.
    pub fn capture(&self) -> Vec<u8> {
        let mut writer = Writer::new(Vec::new()).expect("memory takes it");
        for item in &self.items {
            let bytes;
            let event = match &item.what {
                What::Preface => Event::Bytes(CLIENT, PREFACE),
                What::Frame(frame) => {
                    bytes = frame.encode();
                    Event::Bytes(frame.direction, &bytes)
                }
                What::Rest(direction, rest) => Event::Bytes(*direction, rest),
                What::Opened => Event::Opened,
                What::HalfClosed(direction) => Event::HalfClosed(*direction),
                What::Reset(direction) => Event::Reset(*direction),
                What::Closed => Event::Closed,
            };
            let (connection, at_ns) = (item.connection, item.at_ns);
            let record = Record {
                connection,
                at_ns,
                event,
            };
            writer.write(&record).expect("memory takes it");
        }
        writer.finish().expect("memory takes it")
    }

    /// All bytes of one direction of a connection.
    pub fn bytes(&self, connection: u32, direction: Direction) -> Vec<u8> {
        let items = self
            .items
            .iter()
            .filter(|item| item.connection == connection);
        let pieces = items.map(|item| match &item.what {
            What::Preface if direction == CLIENT => PREFACE.to_vec(),
            What::Frame(frame) if frame.direction == direction => frame.encode(),
            What::Rest(side, rest) if *side == direction => rest.clone(),
            _ => Vec::new(),
        });
        pieces.collect::<Vec<_>>().concat()
    }

    /// The nth frame of a type from one side as it stands on the wire, without
    /// CONTINUATION.
    pub fn encoded(&self, direction: Direction, kind: u8, nth: usize) -> Vec<u8> {
        let What::Frame(frame) = &self.items[self.position(direction, kind, nth)].what else {
            unreachable!("the position is that of a frame");
        };
        let mut bytes = frame.encode();
        let header = FrameHeader::parse(bytes.first_chunk().expect("a frame header"));
        bytes.truncate(FrameHeader::LEN + header.length as usize);
        bytes
    }
}

impl Item {
    fn ends(&self) -> bool {
        matches!(self.what, What::HalfClosed(_) | What::Reset(_))
    }
}

/// Gives a header another value, or adds the header.
pub fn set<V: AsRef<[u8]> + ?Sized>(name: &str, value: &V) -> impl FnOnce(&mut Vec<Field>) {
    let new = (name.as_bytes().to_vec(), value.as_ref().to_vec());
    move |fields| match fields.iter_mut().find(|(name, _)| *name == new.0) {
        Some(field) => *field = new,
        None => fields.push(new),
    }
}

/// Adds a header at the end, also if it is there already.
pub fn add(name: &str, value: &str) -> impl FnOnce(&mut Vec<Field>) {
    let new = field(name, value);
    move |fields| fields.push(new)
}

/// Adds a header before all others.
pub fn add_first(name: &str, value: &str) -> impl FnOnce(&mut Vec<Field>) {
    let new = field(name, value);
    move |fields| fields.insert(0, new)
}

/// Leaves a header out.
pub fn remove(name: &str) -> impl FnOnce(&mut Vec<Field>) {
    let name = name.as_bytes().to_vec();
    move |fields| fields.retain(|field| field.0 != name)
}
