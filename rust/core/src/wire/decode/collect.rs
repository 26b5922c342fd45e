//! Frames with their payload: DATA in parts as it comes, everything else
//! collected up to a limit and read when it is whole.

use std::ops::Range;

use super::connection::carries_block;
use super::messages::DataPart;
use crate::wire::exchange::Limits;
use crate::wire::frame::{Body, DATA, FrameHeader, PADDED};
use crate::wire::framing::{Framer, Token};
use crate::wire::payload::{self, Violation};

/// What a HEADERS or PUSH_PROMISE frame can hold besides its fragment: the pad
/// length, priority or promised stream, and the padding.
const AROUND_FRAGMENT: usize = 1 + 5 + 255;
/// SETTINGS are read up to the frame size that every endpoint accepts.
const SETTINGS_BYTES: usize = 16_380;

/// The frames of one direction, from its first frame header on.
#[derive(Debug)]
pub(super) struct Collector {
    framer: Framer,
    current: Option<Current>,
    /// The offset of the next byte in the direction.
    offset: u64,
    limits: Limits,
}

/// What comes next in a direction.
#[derive(Debug)]
pub(super) enum Piece<'a> {
    /// Data of a DATA frame that is not whole yet.
    Data(FrameSpan, DataPart<'a>),
    /// A whole frame.
    Frame(Collected),
}

/// A frame of which the header is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FrameSpan {
    pub header: FrameHeader,
    /// All of it, header included.
    pub range: Range<u64>,
}

/// A whole frame.
#[derive(Debug)]
pub(super) struct Collected {
    pub span: FrameSpan,
    /// The payload, or its beginning. Empty for DATA.
    pub payload: Vec<u8>,
    pub body: Result<Body, Violation>,
}

#[derive(Debug)]
struct Current {
    span: FrameSpan,
    payload: Vec<u8>,
    /// Payload bytes to collect.
    wanted: usize,
    /// Where the data of a DATA frame lies, once that is known.
    data: Option<Result<(Range<u64>, u32), Violation>>,
}

impl Collector {
    /// `offset` is where the first frame begins in the direction, and `begun`
    /// what came of it already: nothing, or its header.
    pub fn new(offset: u64, mut begun: &[u8], limits: Limits) -> Self {
        let mut collector = Self {
            framer: Framer::default(),
            current: None,
            offset: offset + begun.len() as u64,
            limits,
        };
        if let Some(Token::Header(header)) = collector.framer.next(&mut begun) {
            collector.begin(header);
        }
        collector
    }

    /// The next piece from the front of `input`, or `None` when `input` is
    /// used up.
    pub fn next<'a>(&mut self, input: &mut &'a [u8]) -> Option<Piece<'a>> {
        loop {
            let before = input.len();
            let token = self.framer.next(input);
            let offset = self.offset;
            self.offset += (before - input.len()) as u64;
            match token? {
                Token::Header(header) => self.begin(header),
                Token::Payload(bytes) => {
                    let current = self.current.as_mut().expect("a payload follows its header");
                    if let Some(part) = current.payload(DataPart { bytes, offset }) {
                        return Some(Piece::Data(current.span.clone(), part));
                    }
                }
                Token::End => {
                    let current = self.current.take().expect("a frame ends after its header");
                    return Some(Piece::Frame(current.end(&self.limits)));
                }
            }
        }
    }

    /// Where a frame begins that has not come whole and carries a field block.
    pub fn open_block(&self) -> Option<u64> {
        let current = self.current.as_ref()?;
        carries_block(current.span.header.kind).then_some(current.span.range.start)
    }

    /// The header of a frame came; `offset` is behind it.
    fn begin(&mut self, header: FrameHeader) {
        let end = self.offset + u64::from(header.length);
        let range = self.offset - FrameHeader::LEN as u64..end;
        self.current = Some(Current::new(FrameSpan { header, range }, &self.limits));
    }
}

impl Current {
    fn new(span: FrameSpan, limits: &Limits) -> Self {
        let header = span.header;
        let wanted = match header.kind {
            DATA => 0,
            0x01 | 0x05 => limits.block_bytes.saturating_add(AROUND_FRAGMENT),
            0x04 => SETTINGS_BYTES,
            0x07 => limits.frame_payload.saturating_add(8),
            0x09 => limits.block_bytes,
            _ => limits.frame_payload.max(8),
        };
        let known = header.kind == DATA && (!header.has(PADDED) || header.length == 0);
        let data = known.then(|| payload::data(&header, None, span.payload_start()));
        Self {
            span,
            payload: Vec::new(),
            wanted,
            data,
        }
    }

    /// Takes payload; gives that of it which is data.
    fn payload<'a>(&mut self, part: DataPart<'a>) -> Option<DataPart<'a>> {
        if self.span.header.kind != DATA {
            let room = self.wanted - self.payload.len();
            self.payload
                .extend_from_slice(&part.bytes[..part.bytes.len().min(room)]);
            return None;
        }
        let start = self.span.payload_start();
        let (header, first) = (&self.span.header, part.bytes[0]);
        let data = self
            .data
            .get_or_insert_with(|| payload::data(header, Some(first), start));
        let (data, _) = data.as_ref().ok()?;
        part.within(data)
    }

    fn end(self, limits: &Limits) -> Collected {
        let start = self.span.payload_start();
        let body = match self.data {
            Some(data) => data
                .and_then(|data| payload::check_data_stream(&self.span.header).map(|()| data))
                .map(|(data, padding)| Body::Data { data, padding }),
            None => payload::parse(&self.span.header, &self.payload, start),
        };
        let mut payload = self.payload;
        if body.is_err() {
            payload.truncate(limits.frame_payload);
        }
        Collected {
            span: self.span,
            payload,
            body,
        }
    }
}

impl FrameSpan {
    pub fn payload_start(&self) -> u64 {
        self.range.start + FrameHeader::LEN as u64
    }
}

impl Collected {
    /// The collected bytes of a range of the payload.
    pub fn bytes(&self, range: &Range<u64>) -> &[u8] {
        let start = self.span.payload_start();
        let end = ((range.end - start) as usize).min(self.payload.len());
        &self.payload[((range.start - start) as usize).min(end)..end]
    }

    /// The payload is longer than what was collected of it.
    pub fn is_cut(&self) -> bool {
        self.span.header.kind != DATA && self.payload.len() < self.span.header.length as usize
    }
}

impl<'a> DataPart<'a> {
    /// What of it lies in `range`, if anything does.
    fn within(self, range: &Range<u64>) -> Option<Self> {
        let end = self.offset + self.bytes.len() as u64;
        let start = self.offset.max(range.start);
        let end = end.min(range.end);
        (start < end).then(|| Self {
            bytes: &self.bytes[(start - self.offset) as usize..(end - self.offset) as usize],
            offset: start,
        })
    }
}
