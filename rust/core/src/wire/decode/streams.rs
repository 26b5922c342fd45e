//! The streams of a connection, and what may be sent on them in which state
//! (RFC 9113, section 5.1).

use std::collections::BTreeMap;

use super::ended::{EndedStreams, Past, end};
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
    /// Streams were promised that are not followed.
    pushes: bool,
    /// Streams that were given up. `None` if all are kept.
    ended: Option<EndedStreams>,
}

#[derive(Debug)]
struct StreamState {
    stream: Stream,
    request: MessageReader,
    response: MessageReader,
    progress: Progress,
}

/// What a stream that will be given up has cost, and what was told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Progress {
    /// Bytes of memory that the ledger gave for it.
    pub owed: usize,
    /// Its messages are told as they pass.
    pub is_long: bool,
    /// Messages that were taken out of the request and of the response.
    pub told: [u64; 2],
}

impl Streams {
    /// For one who takes streams out when they have ended. Pushed streams are
    /// not followed: gRPC has none.
    pub fn passing() -> Self {
        Self {
            ended: Some(EndedStreams::default()),
            ..Self::default()
        }
    }

    /// Likewise, for a connection whose beginning was missed: any stream may
    /// be one that was opened before.
    pub fn late() -> Self {
        Self {
            cut: true,
            ..Self::passing()
        }
    }

    /// What is wrong with sending a frame of this type now.
    pub fn violation(&self, direction: Direction, stream: u32, frame: &str) -> Option<Violation> {
        let Some(state) = self.streams.get(&stream) else {
            return self.violation_on_unknown(direction, stream, frame);
        };
        violation_after(end(state.stream.half(direction)), stream, frame)
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
        if let Some(ended) = &self.ended {
            let opens = direction == Direction::ClientToServer && frame == "HEADERS";
            match ended.past(direction, stream) {
                Past::Ended(before) => return violation_after(before, stream, frame),
                Past::Forgotten => return None,
                Past::Unopened if self.pushes && stream.is_multiple_of(2) && !opens => return None,
                Past::Unopened => {}
            }
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
        if self.ended.is_some() {
            self.pushes = true;
            return;
        }
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
        } else if let Some(ended) = &mut self.ended {
            ended.note(place.direction, stream, "END_STREAM");
        }
    }

    pub fn reset(&mut self, stream: u32, place: &Place, error: ErrorCode) {
        if let Some(half) = self.half(place.direction, stream) {
            half.reset.get_or_insert_with(|| (place.clone(), error));
        } else if let Some(ended) = &mut self.ended {
            ended.note(place.direction, stream, "RST_STREAM");
        }
    }

    /// Notes what a stream has cost; `false` if it is not kept.
    pub fn charge(&mut self, stream: u32, bytes: usize) -> bool {
        let state = self.streams.get_mut(&stream);
        state.map(|state| state.progress.owed += bytes).is_some()
    }

    /// Whether a stream is kept on which nothing more can come. A direction of
    /// which nothing can be read any more counts as ended.
    pub fn is_over(&self, stream: u32, is_lost: impl Fn(Direction) -> bool) -> bool {
        self.streams.get(&stream).is_some_and(|state| {
            let is_reset = [&state.stream.request, &state.stream.response]
                .iter()
                .any(|half| half.reset.is_some());
            let has_ended =
                |direction| end(state.stream.half(direction)).is_some() || is_lost(direction);
            is_reset || has_ended(Direction::ClientToServer) && has_ended(Direction::ServerToClient)
        })
    }

    /// The identifiers of the streams that are kept.
    pub fn ids(&self) -> Vec<u32> {
        self.streams.keys().copied().collect()
    }

    /// How many streams are kept.
    pub fn len(&self) -> usize {
        self.streams.len()
    }

    /// Takes a stream out for good.
    pub fn give_up(&mut self, stream: u32) -> Option<(Stream, Progress)> {
        let state = self.streams.remove(&stream)?;
        let progress = state.progress;
        let stream = state.finish();
        if let Some(ended) = &mut self.ended {
            ended.remember(&stream);
        }
        Some((stream, progress))
    }

    /// A stream as far as it has come, to be read; what is taken out of it
    /// stays out.
    pub fn open_stream(&mut self, stream: u32) -> Option<(&mut Stream, &mut Progress)> {
        let state = self.streams.get_mut(&stream)?;
        Some((&mut state.stream, &mut state.progress))
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
            ..
        } = self.streams.get_mut(&stream)?;
        Some(match direction {
            Direction::ClientToServer => (&mut stream.request, request),
            Direction::ServerToClient => (&mut stream.response, response),
        })
    }
}

/// What is wrong with a frame whose sender had ended its direction with
/// `before`.
fn violation_after(before: Option<&str>, stream: u32, frame: &str) -> Option<Violation> {
    let before = before?;
    // What only ends or feeds the other direction may follow END_STREAM.
    let is_allowed = matches!(frame, "RST_STREAM" | "WINDOW_UPDATE" | "PRIORITY");
    (!is_allowed).then(|| Violation {
        what: format!("{frame} on stream {stream} after {before}"),
        section: "RFC 9113, section 5.1",
    })
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
            progress: Progress::default(),
        }
    }

    fn finish(mut self) -> Stream {
        self.request.end(&mut self.stream.request);
        self.response.end(&mut self.stream.response);
        self.stream
    }
}
