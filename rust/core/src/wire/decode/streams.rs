//! The streams of a connection, and what may be sent on them in which state
//! (RFC 9113, section 5.1).

use std::collections::BTreeMap;

use super::ledger::{Kind, Ledger};
use super::messages::{DataPart, MessageReader};
use crate::wire::capture::Direction;
use crate::wire::exchange::{ErrorCode, Half, HeaderList, Place, Stream};
use crate::wire::payload::Violation;

#[derive(Debug, Default)]
pub(super) struct Streams {
    streams: BTreeMap<u32, StreamState>,
    /// The highest stream that the client opened.
    highest: u32,
    /// Streams were left out, so nothing is known of some.
    cut: bool,
}

#[derive(Debug)]
struct StreamState {
    stream: Stream,
    request: MessageReader,
    response: MessageReader,
}

impl Streams {
    /// What is wrong with sending a frame of this type now.
    pub fn violation(&self, direction: Direction, stream: u32, frame: &str) -> Option<Violation> {
        let Some(state) = self.streams.get(&stream) else {
            return self.violation_on_unknown(direction, stream, frame);
        };
        let half = state.stream.half(direction);
        let before = match (&half.reset, &half.end_stream) {
            (Some(_), _) => "RST_STREAM",
            (None, Some(_)) => "END_STREAM",
            (None, None) => return None,
        };
        // What only ends or feeds the other direction may follow END_STREAM.
        let is_allowed = matches!(frame, "RST_STREAM" | "WINDOW_UPDATE" | "PRIORITY");
        (!is_allowed).then(|| Violation {
            what: format!("{frame} on stream {stream} after {before}"),
            section: "RFC 9113, section 5.1",
        })
    }

    fn violation_on_unknown(
        &self,
        direction: Direction,
        stream: u32,
        frame: &str,
    ) -> Option<Violation> {
        if self.cut || frame == "PRIORITY" {
            return None;
        }
        let (what, section) = match (direction, frame) {
            (Direction::ClientToServer, "HEADERS") if stream.is_multiple_of(2) => (
                format!("the client opens stream {stream}, which has an even number"),
                "RFC 9113, section 5.1.1",
            ),
            (Direction::ClientToServer, "HEADERS") if stream < self.highest => (
                format!(
                    "the client opens stream {stream} after stream {}",
                    self.highest
                ),
                "RFC 9113, section 5.1.1",
            ),
            (Direction::ClientToServer, "HEADERS") => return None,
            _ => (
                format!("{frame} on stream {stream}, which is idle"),
                "RFC 9113, section 5.1",
            ),
        };
        Some(Violation { what, section })
    }

    /// HEADERS begin to come on a stream. A server opens none with them.
    pub fn open(&mut self, direction: Direction, stream: u32, ledger: &mut Ledger) {
        if direction == Direction::ClientToServer {
            self.highest = self.highest.max(stream);
            self.insert(stream, ledger);
        }
    }

    /// A header list is whole.
    pub fn headers(&mut self, direction: Direction, stream: u32, list: HeaderList) {
        if let Some(half) = self.half(direction, stream) {
            half.headers.push(list);
        }
    }

    /// The header list of a pushed request: the request of the promised
    /// stream, although the server sent it.
    pub fn promise(&mut self, promised: u32, list: HeaderList, ledger: &mut Ledger) {
        self.insert(promised, ledger);
        if let Some(half) = self.half(Direction::ClientToServer, promised) {
            half.headers.push(list);
        }
    }

    pub fn data(&mut self, stream: u32, part: DataPart<'_>, place: &Place, ledger: &mut Ledger) {
        if let Some((half, reader)) = self.half_and_reader(place.direction, stream) {
            reader.feed(part, place, half, ledger);
        }
    }

    /// A DATA frame is whole.
    pub fn end_data(&mut self, stream: u32, place: &Place) {
        if let Some((half, reader)) = self.half_and_reader(place.direction, stream) {
            reader.end_frame(place, half);
        }
    }

    pub fn end_stream(&mut self, stream: u32, place: &Place) {
        if let Some((half, reader)) = self.half_and_reader(place.direction, stream) {
            reader.end(half);
            half.end_stream.get_or_insert_with(|| place.clone());
        }
    }

    pub fn reset(&mut self, stream: u32, place: &Place, error: ErrorCode) {
        if let Some(half) = self.half(place.direction, stream) {
            half.reset.get_or_insert_with(|| (place.clone(), error));
        }
    }

    /// The streams in the order of their identifiers.
    pub fn finish(self) -> Vec<Stream> {
        self.streams
            .into_values()
            .map(StreamState::finish)
            .collect()
    }

    fn insert(&mut self, stream: u32, ledger: &mut Ledger) {
        if self.streams.contains_key(&stream) {
            return;
        }
        let few = self.streams.len() < ledger.limits.streams;
        if !few {
            ledger.cut(Kind::Streams);
        }
        if few && ledger.take::<StreamState>(0) {
            self.streams.insert(stream, StreamState::new(stream));
        } else {
            self.cut = true;
        }
    }

    fn half(&mut self, direction: Direction, stream: u32) -> Option<&mut Half> {
        self.half_and_reader(direction, stream)
            .map(|(half, _)| half)
    }

    fn half_and_reader(
        &mut self,
        direction: Direction,
        stream: u32,
    ) -> Option<(&mut Half, &mut MessageReader)> {
        let StreamState {
            stream,
            request,
            response,
        } = self.streams.get_mut(&stream)?;
        Some(match direction {
            Direction::ClientToServer => (&mut stream.request, request),
            Direction::ServerToClient => (&mut stream.response, response),
        })
    }
}

impl StreamState {
    fn new(id: u32) -> Self {
        Self {
            stream: Stream {
                id,
                request: Half::default(),
                response: Half::default(),
            },
            request: MessageReader::default(),
            response: MessageReader::default(),
        }
    }

    fn finish(mut self) -> Stream {
        self.request.end(&mut self.stream.request);
        self.response.end(&mut self.stream.response);
        self.stream
    }
}
