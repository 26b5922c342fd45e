//! Recorded exchanges, and the places in them where something can be changed.

use std::cell::OnceCell;
use std::path::PathBuf;

use wirecheck_core::judge::finding::{Culprit, Finding};
use wirecheck_core::judge::rules;
use wirecheck_core::wire::capture::Direction;
use wirecheck_core::wire::decode::decode_capture;
use wirecheck_core::wire::exchange::{Connection, Exchange, HeaderList, Limits};
use wirecheck_core::wire::frame::{DATA, END_STREAM, HEADERS};
use wirecheck_core::wire::relay::{Fault, FrameMatch, replay};

pub const CLIENT: Direction = Direction::ClientToServer;
pub const SERVER: Direction = Direction::ServerToClient;

/// The captures of `tests/captures` that are short; the long one would only
/// take time.
const NAMES: [&str; 8] = [
    "say-hello",
    "metadata-base64",
    "metadata-true-binary",
    "unknown-method",
    "fail-with-details",
    "deadline",
    "server-streaming",
    "ten-calls",
];

/// An exchange of two real peers on one connection.
pub struct Recorded {
    pub name: &'static str,
    capture: Vec<u8>,
    exchange: Exchange,
    findings: Vec<Finding>,
    lists: OnceCell<Vec<List>>,
    data: OnceCell<Vec<Data>>,
}

/// What a header list is in its call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Request,
    Response,
    TrailersOnly,
    Trailers,
}

/// A header list.
pub struct List {
    pub part: Part,
    pub which: FrameMatch,
    pub stream: u32,
    pub fields: Vec<(Vec<u8>, Vec<u8>)>,
}

/// A DATA frame.
pub struct Data {
    pub which: FrameMatch,
    pub stream: u32,
    /// Octets of its data.
    pub length: usize,
    /// A message begins with it.
    pub begins: bool,
    /// It is the last one of its direction of the stream.
    pub is_last: bool,
    /// END_STREAM stands on it.
    pub ends: bool,
    /// The direction of the stream ends in order.
    pub half_ends: bool,
}

impl Recorded {
    pub fn all() -> Vec<Self> {
        NAMES.into_iter().map(Self::read).collect()
    }

    fn read(name: &'static str) -> Self {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/captures");
        let path = folder.join(format!("python-grpcio.python-grpcio.{name}.wirecap"));
        let capture = std::fs::read(&path).expect("a capture");
        let exchange = decoded(&capture);
        assert_eq!(exchange.connections.len(), 1, "{name}");
        Self {
            name,
            findings: rules::check(&exchange),
            capture,
            exchange,
            lists: OnceCell::new(),
            data: OnceCell::new(),
        }
    }

    /// The exchange with faults, if each of them could be put there.
    pub fn with(&self, faults: &[Fault]) -> Option<Exchange> {
        let (capture, applied) = replay(&self.capture[..], faults).expect("a capture");
        applied
            .iter()
            .all(|count| *count > 0)
            .then(|| decoded(&capture))
    }

    /// It was said of the exchange as it is. Places move, so they do not count.
    pub fn has(&self, finding: &Finding) -> bool {
        self.findings.iter().any(|known| {
            (
                &known.code,
                known.culprit,
                &known.sentence,
                known.place.stream,
            ) == (
                &finding.code,
                finding.culprit,
                &finding.sentence,
                finding.place.stream,
            )
        })
    }

    /// A side breaks a rule in it as it is.
    pub fn breaks(&self, rule: &str, culprit: Culprit) -> bool {
        let mut findings = self.findings.iter();
        findings.any(|finding| finding.code == rule && finding.culprit == culprit)
    }

    /// A response has begun on this stream.
    pub fn is_answered(&self, stream: u32) -> bool {
        let stream = self.connection().stream(stream);
        stream.is_some_and(|stream| !stream.response.headers.is_empty())
    }

    pub fn connection(&self) -> &Connection {
        &self.exchange.connections[0]
    }

    /// Every header list.
    pub fn lists(&self) -> &[List] {
        self.lists.get_or_init(|| {
            let connection = self.connection();
            let mut lists = Vec::new();
            for stream in &connection.streams {
                let request = stream.request.headers.iter();
                lists.extend(request.map(|list| self.list(stream.id, Part::Request, list)));
                for (index, list) in stream.response.headers.iter().enumerate() {
                    let part = match (index, list.end_stream) {
                        (0, true) => Part::TrailersOnly,
                        (_, true) => Part::Trailers,
                        _ => Part::Response,
                    };
                    lists.push(self.list(stream.id, part, list));
                }
            }
            lists
        })
    }

    fn list(&self, stream: u32, part: Part, list: &HeaderList) -> List {
        let index = list.place.frame.expect("the frame was kept");
        let fields = list.fields.iter();
        List {
            part,
            which: self.which(index),
            stream,
            fields: fields
                .map(|field| (field.name.to_vec(), field.value.to_vec()))
                .collect(),
        }
    }

    /// Every DATA frame with data in it.
    pub fn data(&self) -> &[Data] {
        self.data.get_or_init(|| {
            let connection = self.connection();
            let frames = connection.frames.iter().enumerate();
            let data = frames.filter(|(_, frame)| frame.kind == DATA);
            data.filter_map(|(index, frame)| {
                let half = connection.stream(frame.stream)?.half(frame.direction);
                let length = (frame.range.end - frame.range.start) as usize - 9;
                let begins = half.messages.iter().any(|message| {
                    let start = message.segments.first().map(|segment| segment.start);
                    start == Some(frame.range.start + 9)
                });
                let mut later = connection.frames[index + 1..].iter();
                let is_last = !later.any(|next| {
                    (next.kind, next.stream, next.direction)
                        == (DATA, frame.stream, frame.direction)
                });
                (length > 0).then(|| Data {
                    which: self.which(index),
                    stream: frame.stream,
                    length,
                    begins,
                    is_last,
                    ends: frame.has(END_STREAM),
                    half_ends: half.end_stream.is_some(),
                })
            })
            .collect()
        })
    }

    /// The frame of this index, by its number among those of its kind.
    pub fn which(&self, index: usize) -> FrameMatch {
        let frames = &self.connection().frames;
        let frame = &frames[index];
        let same = frames[..=index]
            .iter()
            .filter(|other| (other.kind, other.direction) == (frame.kind, frame.direction));
        FrameMatch::nth(frame.direction, frame.kind, same.count() as u32)
    }

    /// The last trailers of the server come behind its last DATA, and no reset.
    pub fn ends_in_order(&self, stream: u32) -> bool {
        let stream = self.connection().stream(stream).expect("the stream");
        let halves = [&stream.request, &stream.response];
        halves
            .iter()
            .all(|half| half.end_stream.is_some() && half.reset.is_none())
    }

    /// The trailers of a stream.
    pub fn trailers(&self, stream: u32) -> Option<&List> {
        let mut lists = self.lists().iter();
        lists.find(|list| list.stream == stream && list.part == Part::Trailers)
    }
}

impl List {
    pub fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|field| field.0 == name.as_bytes())
    }

    pub fn value(&self, name: &str) -> Option<&[u8]> {
        let found = self.fields.iter().find(|field| field.0 == name.as_bytes());
        found.map(|field| &field.1[..])
    }

    pub fn culprit(&self) -> Culprit {
        Culprit::sender(self.which.direction)
    }
}

impl Data {
    pub fn culprit(&self) -> Culprit {
        Culprit::sender(self.which.direction)
    }
}

fn decoded(capture: &[u8]) -> Exchange {
    decode_capture(capture, Limits::default()).expect("a capture")
}

/// HEADERS of a stream of one side.
pub fn headers_of(direction: Direction, stream: u32) -> FrameMatch {
    FrameMatch {
        stream: Some(stream),
        ..FrameMatch::each(direction, Some(HEADERS))
    }
}
