//! The traffic: what passes in one exchange, written once and read again and
//! again as the streams of one connection, so that memory shows what the
//! reader keeps and not what it is given.

use std::fmt;
use std::time::Duration;

use wirecheck_core::wire::capture::Direction;
use wirecheck_core::wire::frame::{DATA, END_HEADERS, END_STREAM, HEADERS, PREFACE, SETTINGS};
use wirecheck_core::wire::write::block::{Coding, Encoder, Field, Item};
use wirecheck_core::wire::write::frame::Frame;
use wirecheck_core::wire::write::message::Prefix;

pub const CLIENT: Direction = Direction::ClientToServer;
pub const SERVER: Direction = Direction::ServerToClient;

/// DATA of the size that libraries send.
const FRAME: usize = 16_384;
/// Bytes of messages in a stream of the long mix: 64 of them are 1 GiB.
const LONG_STREAM: usize = 16 << 20;
const SMALL_MESSAGE: usize = 300;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mix {
    /// Streams of uncompressed messages of 16 to 64 KiB, 1 GiB in all.
    Long,
    /// Unary calls of 300 bytes each way, with Huffman-coded headers.
    Small,
}

impl Mix {
    pub fn unit(self) -> &'static str {
        match self {
            Self::Long => "MB/s",
            Self::Small => "µs an exchange",
        }
    }

    pub fn exchanges(self) -> u32 {
        match self {
            Self::Long => 64,
            Self::Small => 50_000,
        }
    }
}

/// One side's bytes of a step, as one read.
pub type Step = (Direction, Vec<u8>);

pub struct Traffic {
    pub mix: Mix,
    /// Both prefaces and SETTINGS.
    pub opening: Vec<Step>,
    /// The first exchange, which fills the dynamic tables.
    pub first: Vec<Step>,
    /// Those after it, on stream 3. [`Traffic::on`] moves it to another.
    pub other: Vec<Step>,
    /// Where the frames of each step begin, to move them.
    frames: Vec<Vec<usize>>,
    bytes: u64,
}

impl Traffic {
    pub fn of(mix: Mix) -> Self {
        let settings = Frame::new(SETTINGS, 0, 0, []);
        let mut hello = PREFACE.to_vec();
        settings.write(&mut hello);
        let mut answer = Vec::new();
        settings.write(&mut answer);
        let mut sides = [Encoder::new(), Encoder::new()];
        let first = exchange(mix, 1, &mut sides);
        let other = exchange(mix, 3, &mut sides);
        let frames = other.iter().map(|(_, bytes)| frames(bytes)).collect();
        let bytes: usize = other.iter().map(|(_, bytes)| bytes.len()).sum();
        Self {
            mix,
            opening: vec![(CLIENT, hello), (SERVER, answer)],
            first,
            other,
            frames,
            bytes: bytes as u64 * u64::from(mix.exchanges()),
        }
    }

    /// Moves [`Traffic::other`] to the nth stream, counted from 0.
    pub fn on(&self, other: &mut [Step], nth: u32) {
        let stream = (2 * nth + 1).to_be_bytes();
        for ((_, bytes), frames) in other.iter_mut().zip(&self.frames) {
            for at in frames {
                bytes[at + 5..at + 9].copy_from_slice(&stream);
            }
        }
    }

    /// Bytes a second.
    pub fn rate(&self, time: Duration) -> f64 {
        self.bytes as f64 / time.as_secs_f64()
    }

    /// The time of one exchange.
    pub fn each(&self, time: Duration) -> Duration {
        time / self.mix.exchanges()
    }

    /// In [`Mix::unit`].
    pub fn figure(&self, time: Duration) -> f64 {
        match self.mix {
            Mix::Long => self.rate(time) / 1e6,
            Mix::Small => self.each(time).as_secs_f64() * 1e6,
        }
    }
}

impl fmt::Display for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, mebibytes) = (self.mix.exchanges(), self.bytes >> 20);
        match self.mix {
            Mix::Long => write!(
                f,
                "{count} streams of messages of 16 to 64 KiB, {mebibytes} MiB"
            ),
            Mix::Small => write!(f, "{count} unary calls of {SMALL_MESSAGE} bytes each way"),
        }
    }
}

fn exchange(mix: Mix, stream: u32, [client, server]: &mut [Encoder; 2]) -> Vec<Step> {
    let headers = |encoder: &mut Encoder, fields: &[(&str, &str)], flags| {
        let fields = fields
            .iter()
            .map(|(name, value)| field(encoder, name, value));
        let block = fields.collect::<Vec<_>>().concat();
        Frame::new(HEADERS, END_HEADERS | flags, stream, block)
    };
    let id = format!("5f3c9a{stream:08x}");
    let request = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/helloworld.Greeter/SayHello"),
        (":authority", "greeter.example:50051"),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
        (
            "user-agent",
            "grpc-python/1.85.1 grpc-c/58.0.0 (linux; chttp2)",
        ),
        ("grpc-accept-encoding", "identity, deflate, gzip"),
        ("x-request-id", &id),
    ];
    let response = [
        (":status", "200"),
        ("content-type", "application/grpc"),
        ("grpc-accept-encoding", "identity, deflate, gzip"),
    ];
    let mut asked = Vec::new();
    headers(client, &request, 0).write(&mut asked);
    data(&message(SMALL_MESSAGE), END_STREAM, stream, &mut asked);
    let mut answered = Vec::new();
    headers(server, &response, 0).write(&mut answered);
    match mix {
        Mix::Small => data(&message(SMALL_MESSAGE), 0, stream, &mut answered),
        Mix::Long => data(&long(), 0, stream, &mut answered),
    }
    headers(server, &[("grpc-status", "0")], END_STREAM).write(&mut answered);
    vec![(CLIENT, asked), (SERVER, answered)]
}

/// As libraries write it: an index where there is one, else a Huffman-coded
/// literal that enters the table; what changes with each call does not.
fn field(encoder: &mut Encoder, name: &str, value: &str) -> Vec<u8> {
    let field = |coding| {
        [Item::Field(Field {
            coding,
            name_index: true,
            huffman: true,
            ..Field::new(name.to_owned(), value.to_owned())
        })]
    };
    let literal = match name {
        "x-request-id" | "grpc-timeout" => Coding::WithoutIndexing,
        _ => Coding::Incremental,
    };
    let indexed = encoder.encode(&field(Coding::Indexed));
    indexed.unwrap_or_else(|_| encoder.encode(&field(literal)).expect("a literal"))
}

/// Messages whose sizes go through 16 to 64 KiB.
fn long() -> Vec<u8> {
    let mut all = Vec::new();
    let mut size = 16 << 10;
    while all.len() < LONG_STREAM {
        all.extend(message(size));
        size = (16 << 10) + (size * 7 + 4_099) % (48 << 10);
    }
    all
}

fn message(size: usize) -> Vec<u8> {
    let octets: Vec<u8> = (0..size).map(|at| ((at * 31) >> 3) as u8).collect();
    Prefix::PLAIN.before(&octets)
}

fn data(bytes: &[u8], flags: u8, stream: u32, out: &mut Vec<u8>) {
    let count = bytes.chunks(FRAME).len();
    for (index, chunk) in bytes.chunks(FRAME).enumerate() {
        let flags = if index + 1 == count { flags } else { 0 };
        Frame::new(DATA, flags, stream, chunk).write(out);
    }
}

fn frames(bytes: &[u8]) -> Vec<usize> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        found.push(at);
        let length = u32::from_be_bytes([0, bytes[at], bytes[at + 1], bytes[at + 2]]);
        at += 9 + length as usize;
    }
    found
}
