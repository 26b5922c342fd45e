//! The ways of reading the traffic, each with one stage more than the one before.

use std::fmt;
use std::hint::black_box;
use std::time::{Duration, Instant};

use wirecheck_core::judge::rules::{self, Lint};
use wirecheck_core::wire::capture::{Direction, Event, Record};
use wirecheck_core::wire::decode::{Decoder, LiveDecoder, Seen};
use wirecheck_core::wire::exchange::Limits;
use wirecheck_core::wire::frame::{FrameHeader, HEADERS, PREFACE};
use wirecheck_core::wire::framing::{Framer, Token};
use wirecheck_core::wire::hpack;

use crate::traffic::{CLIENT, SERVER, Step, Traffic};

/// Bytes of a read.
const READ: usize = 64 << 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Frames,
    Blocks,
    Live,
    /// With all rules, as `wirecheck tap` and `lint` read.
    LiveRules,
    Cell,
    /// With hashes and all rules, as the captures of a run are read: small
    /// exchanges each on a connection of its own.
    CellRules,
}

impl Way {
    /// The last two of both kinds are the whole; shares are of the live one.
    pub const ALL: [Self; 6] = [
        Self::Frames,
        Self::Blocks,
        Self::Live,
        Self::Cell,
        Self::CellRules,
        Self::LiveRules,
    ];

    /// How long reading takes, without what writing and moving takes.
    pub fn time(self, traffic: &Traffic) -> Duration {
        match self {
            Self::Frames => drive(traffic, &mut Frames::new(false)),
            Self::Blocks => drive(traffic, &mut Frames::new(true)),
            Self::Live => drive(traffic, &mut Live::new(None)),
            Self::LiveRules => drive(traffic, &mut Live::new(Some(Lint::default()))),
            Self::Cell => cells(traffic, false),
            Self::CellRules => cells(traffic, true),
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Frames => "frames",
            Self::Blocks => "frames and header blocks",
            Self::Live => "all of a live tap",
            Self::LiveRules => "all of a live tap, and all rules",
            Self::Cell => "all of a cell, with hashes",
            Self::CellRules => "all of a cell, with hashes and all rules",
        })
    }
}

trait Reads {
    fn read(&mut self, direction: Direction, bytes: &[u8]);
}

/// One connection, its exchanges on a stream each.
fn drive(traffic: &Traffic, reader: &mut dyn Reads) -> Duration {
    let mut spent = Duration::ZERO;
    let mut read = |steps: &[Step]| {
        let began = Instant::now();
        for (direction, bytes) in steps {
            for piece in bytes.chunks(READ) {
                reader.read(*direction, black_box(piece));
            }
        }
        spent += began.elapsed();
    };
    read(&traffic.opening);
    read(&traffic.first);
    let mut other = traffic.other.clone();
    for nth in 1..=traffic.mix.exchanges() {
        traffic.on(&mut other, nth);
        read(&other);
    }
    spent
}

/// Frames, and header blocks if they are read.
struct Frames {
    sides: [(Framer, Option<hpack::Decoder>); 2],
    preface: usize,
    header: Option<FrameHeader>,
    block: Vec<u8>,
}

impl Frames {
    fn new(blocks: bool) -> Self {
        let side = || (Framer::default(), blocks.then(hpack::Decoder::new));
        Self {
            sides: [side(), side()],
            preface: PREFACE.len(),
            header: None,
            block: Vec::new(),
        }
    }
}

impl Reads for Frames {
    fn read(&mut self, direction: Direction, mut bytes: &[u8]) {
        if direction == CLIENT {
            bytes = &bytes[std::mem::take(&mut self.preface)..];
        }
        let (framer, decoder) = &mut self.sides[usize::from(direction == SERVER)];
        while let Some(token) = framer.next(&mut bytes) {
            match (token, &mut *decoder) {
                (Token::Header(header), _) => {
                    self.header = Some(header);
                    self.block.clear();
                }
                (Token::Payload(payload), Some(_)) if self.header.is_some_and(is_block) => {
                    self.block.extend_from_slice(payload);
                }
                (Token::End, Some(decoder)) if self.header.is_some_and(is_block) => {
                    black_box(decoder.decode(&self.block).expect("a block"));
                }
                (token, _) => drop(black_box(token)),
            }
        }
    }
}

fn is_block(header: FrameHeader) -> bool {
    header.kind == HEADERS
}

struct Live {
    decoder: LiveDecoder,
    lint: Option<Lint>,
}

impl Live {
    fn new(lint: Option<Lint>) -> Self {
        let decoder = LiveDecoder::new(LiveDecoder::live_limits());
        Self { decoder, lint }
    }
}

impl Reads for Live {
    fn read(&mut self, direction: Direction, bytes: &[u8]) {
        let lint = &mut self.lint;
        let mut hear = |seen: Seen<'_>| {
            let found = lint.as_mut().map(|lint| lint.hear(&seen));
            assert!(found.is_none_or(|found| found.is_empty()), "good traffic");
        };
        self.decoder
            .feed(record(Event::Bytes(direction, bytes)), &mut hear);
    }
}

/// The long mix as one cell, the small one as a cell for each exchange.
fn cells(traffic: &Traffic, with_rules: bool) -> Duration {
    let mut cell = Cell(Decoder::new(Limits::default()));
    if traffic.mix == crate::traffic::Mix::Long {
        let spent = drive(traffic, &mut cell);
        let began = Instant::now();
        cell.finish(with_rules);
        return spent + began.elapsed();
    }
    let began = Instant::now();
    for _ in 0..traffic.mix.exchanges() {
        let mut cell = Cell(Decoder::new(Limits::default()));
        for (direction, bytes) in traffic.opening.iter().chain(&traffic.first) {
            cell.read(*direction, black_box(bytes));
        }
        cell.finish(with_rules);
    }
    began.elapsed()
}

struct Cell(Decoder);

impl Reads for Cell {
    fn read(&mut self, direction: Direction, bytes: &[u8]) {
        self.0.feed(record(Event::Bytes(direction, bytes)));
    }
}

impl Cell {
    fn finish(self, with_rules: bool) {
        let exchange = black_box(self.0.finish());
        assert_eq!(exchange.connections[0].faults, []);
        if with_rules {
            assert_eq!(rules::check(&exchange), [], "good traffic");
        }
    }
}

fn record(event: Event<'_>) -> Record<'_> {
    Record {
        connection: 1,
        at_ns: 0,
        event,
    }
}
