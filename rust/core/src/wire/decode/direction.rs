//! One direction of a connection: its bytes as frames, and the state that its
//! header blocks need.

use super::announced::Announced;
use super::block::FieldBlock;
use super::collect::{Collector, Piece};
use super::late;
use super::opening::{Opening, Verdict};
use crate::wire::capture::Direction;
use crate::wire::exchange::{Limits, Side, SideEnd};
use crate::wire::hpack;
use crate::wire::payload::{DEFAULT_MAX_FRAME_SIZE, HEADER_TABLE_SIZE, MAX_FRAME_SIZE};

/// SETTINGS_HEADER_TABLE_SIZE before any is announced, in bytes.
const DEFAULT_TABLE_SIZE: u32 = 4096;

#[derive(Debug)]
pub(super) struct DirectionDecoder {
    stage: Stage,
    limits: Limits,
    /// Bytes that came to the decoder.
    seen: u64,
    /// Bytes that the capture left out behind them.
    left_out: u64,
    /// Bytes before the first frame of a direction that began late.
    skipped: u64,
    /// Where the last whole frame ends.
    whole: u64,
    end: Option<SideEnd>,
    pub hpack: hpack::Decoder,
    pub block: Option<FieldBlock>,
    /// The first frame has come.
    pub begun: bool,
    /// No secret has come that could not be masked.
    pub is_masked: bool,
    table_size: Announced,
    frame_size: Announced,
}

#[derive(Debug)]
enum Stage {
    Opening(Opening),
    /// The first bytes were missed: a frame is looked for that begins where a
    /// piece of bytes does.
    Late,
    Frames(Box<Collector>),
    /// Bytes are only counted.
    Counting,
}

/// What comes next in a direction.
#[derive(Debug)]
pub(super) enum Step<'a> {
    /// The direction is not HTTP/2; the first so many bytes tell.
    Foreign(String, u64),
    Piece(Piece<'a>),
}

impl Step<'_> {
    /// The stream that it is on, or 0.
    pub fn stream(&self) -> u32 {
        match self {
            Self::Foreign(..) => 0,
            Self::Piece(Piece::Data(span, _)) => span.header.stream,
            Self::Piece(Piece::Frame(frame)) => frame.span.header.stream,
        }
    }
}

impl DirectionDecoder {
    pub fn new(direction: Direction, limits: Limits) -> Self {
        let mut hpack = hpack::Decoder::new();
        hpack.set_limits(hpack::Limits {
            fields: limits.fields,
            list_bytes: limits.list_bytes,
        });
        Self {
            stage: Stage::Opening(Opening::new(direction)),
            limits,
            seen: 0,
            left_out: 0,
            skipped: 0,
            whole: 0,
            end: None,
            hpack,
            block: None,
            begun: false,
            is_masked: true,
            table_size: Announced::new(DEFAULT_TABLE_SIZE),
            frame_size: Announced::new(DEFAULT_MAX_FRAME_SIZE),
        }
    }

    /// The bytes before the first ones that come were missed, and what they
    /// said of the connection.
    pub fn late(direction: Direction, limits: Limits) -> Self {
        let mut hpack = hpack::Decoder::late();
        hpack.set_limits(hpack::Limits {
            fields: limits.fields,
            list_bytes: limits.list_bytes,
        });
        Self {
            stage: Stage::Late,
            hpack,
            begun: true,
            table_size: Announced::new(u32::MAX),
            frame_size: Announced::new(u32::MAX),
            ..Self::new(direction, limits)
        }
    }

    /// Bytes before the first frame that was found in a direction that began
    /// late.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Bytes that the capture lacks.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// The next step from the front of `input`, or `None` when `input` is used
    /// up.
    pub fn next<'a>(&mut self, input: &mut &'a [u8]) -> Option<Step<'a>> {
        let before = input.len();
        let step = self.step(input);
        self.seen += (before - input.len()) as u64;
        if let Some(Step::Piece(Piece::Frame(frame))) = &step {
            self.whole = frame.span.range.end;
        }
        step
    }

    fn step<'a>(&mut self, input: &mut &'a [u8]) -> Option<Step<'a>> {
        if let Stage::Opening(opening) = &mut self.stage {
            let verdict = opening.feed(input)?;
            let foreign = self.opened(verdict);
            if foreign.is_some() {
                return foreign;
            }
        }
        if matches!(self.stage, Stage::Late) {
            self.look_for_frames(input);
        }
        match &mut self.stage {
            Stage::Frames(collector) => collector.next(input).map(Step::Piece),
            Stage::Opening(_) | Stage::Late | Stage::Counting => {
                *input = &[];
                None
            }
        }
    }

    fn look_for_frames(&mut self, input: &[u8]) {
        if late::begins_with_frames(input) {
            self.whole = self.seen;
            self.skipped = self.seen;
            let collector = Collector::new(self.seen, &[], self.limits);
            self.stage = Stage::Frames(Box::new(collector));
        }
    }

    /// The direction ends, or the exchange does: what came so far may still
    /// turn out not to be HTTP/2.
    pub fn end_opening(&mut self) -> Option<Step<'static>> {
        let Stage::Opening(opening) = &self.stage else {
            return None;
        };
        let verdict = opening.end()?;
        self.opened(verdict)
    }

    fn opened(&mut self, verdict: Verdict) -> Option<Step<'static>> {
        let Stage::Opening(opening) = &self.stage else {
            return None;
        };
        let length = opening.len() as u64;
        match verdict {
            Verdict::Foreign(what) => {
                self.stage = Stage::Counting;
                Some(Step::Foreign(what, length))
            }
            Verdict::Http2(first) => {
                self.whole = length - first.len() as u64;
                let collector = Box::new(Collector::new(self.whole, &first, self.limits));
                self.stage = Stage::Frames(collector);
                None
            }
        }
    }

    /// Nothing more can be decoded.
    pub fn give_up(&mut self) {
        self.stage = Stage::Counting;
        self.block = None;
    }

    pub fn leave_out(&mut self, bytes: u64) {
        self.left_out = self.left_out.saturating_add(bytes);
        self.give_up();
    }

    pub fn close(&mut self, at_ns: u64, reset: bool) {
        self.end.get_or_insert(SideEnd { at_ns, reset });
    }

    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// The other side announced settings, which this side may act on.
    pub fn announce(&mut self, settings: &[(u16, u32)]) {
        let values = |wanted| {
            settings
                .iter()
                .filter(move |(id, _)| *id == wanted)
                .map(|(_, value)| *value)
        };
        self.frame_size.announce(values(MAX_FRAME_SIZE));
        let before = self.table_size.highest();
        self.table_size.announce(values(HEADER_TABLE_SIZE));
        let highest = self.table_size.highest();
        if highest > before {
            self.hpack.set_max_table_size(highest);
        }
    }

    /// This side acknowledged the oldest settings of the other one.
    pub fn acknowledge(&mut self) {
        self.frame_size.acknowledge();
        if let Some([lowest, last]) = self.table_size.acknowledge() {
            self.hpack.set_max_table_size(lowest);
            self.hpack
                .set_max_table_size(last.max(self.table_size.highest()));
        }
    }

    /// The longest payload that this side may send, in bytes.
    pub fn max_frame_size(&self) -> u32 {
        self.frame_size.highest()
    }

    /// Up to where nothing will change when secrets are masked: to the field
    /// block that is not whole, if there is one. `None` if it cannot be told.
    pub fn settled(&self) -> Option<u64> {
        match &self.stage {
            _ if !self.is_masked => None,
            Stage::Counting => None,
            Stage::Opening(_) | Stage::Late => Some(0),
            Stage::Frames(collector) => {
                let block = self.block.as_ref().map(|block| block.place.range.start);
                Some(block.or(collector.open_block()).unwrap_or(self.seen))
            }
        }
    }

    /// Whether nothing can be read any more.
    pub fn is_given_up(&self) -> bool {
        matches!(self.stage, Stage::Counting)
    }

    pub fn to_side(&self) -> Side {
        let leftover = (self.whole < self.seen).then_some(self.whole..self.seen);
        Side {
            bytes: self.seen.saturating_add(self.left_out),
            end: self.end,
            leftover,
        }
    }
}
