//! The hostile peers, and what has to be said of each.

use std::fmt::Write as _;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use wirecheck_core::judge::rules::{self, Lint};
use wirecheck_core::wire::capture::{Direction, Event, Record};
use wirecheck_core::wire::coding::content;
use wirecheck_core::wire::decode::{Decoder, LiveDecoder, Seen};
use wirecheck_core::wire::exchange::Limits;
use wirecheck_core::wire::frame::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, PREFACE, SETTINGS,
};
use wirecheck_core::wire::write::block::{Encoder, Field, Item};
use wirecheck_core::wire::write::frame::Frame;
use wirecheck_core::wire::write::message::Prefix;

const CLIENT: Direction = Direction::ClientToServer;

/// Gives bytes, piece by piece.
type Generate = fn(&mut dyn FnMut(&[u8]));

/// A client that does one thing without end.
pub struct Peer {
    pub name: &'static str,
    /// Its bytes behind preface and SETTINGS.
    bytes: Generate,
    /// What is said of it, among other things.
    pub says: &'static [&'static str],
}

pub const PEERS: &[Peer] = &[
    Peer {
        name: "endless_header_block",
        bytes: endless_header_block,
        says: &[
            "cell: bytes of a header block in connection 1, 1048576",
            "cell: 524576042 bytes",
            "cell: fatal: the field block of stream 1 is longer than the 1048576 bytes that are followed",
            "live: bytes of a header block in connection 1, 262144",
            "live: closed",
        ],
    },
    Peer {
        name: "ten_million_frames",
        bytes: ten_million_frames,
        says: &[
            "cell: frames of connection 1, 20000",
            "cell: 20000 frames",
            "cell: 90000033 bytes",
            "live: 10000001 frames",
        ],
    },
    Peer {
        name: "message_of_2_gib",
        bytes: message_of_2_gib,
        says: &[
            "cell: breaks message/complete",
            "cell: byte ranges of a message in connection 1, 1024",
            "live: breaks message/complete",
        ],
    },
    Peer {
        name: "compression_bombs",
        bytes: compression_bombs,
        says: &[
            "cell: 20 messages, the first of 65011712 bytes",
            "live: closed",
        ],
    },
    Peer {
        name: "hundred_thousand_streams",
        bytes: hundred_thousand_streams,
        says: &[
            "cell: streams of connection 1, 10000",
            "cell: 10000 streams",
            "live: streams of connection 1, 10000",
        ],
    },
    Peer {
        name: "a_million_empty_messages",
        bytes: a_million_empty_messages,
        says: &[
            "cell: messages of a stream in connection 1, 1000",
            "live: closed",
        ],
    },
];

/// 32,000 CONTINUATION of 16 KiB, and never END_HEADERS.
fn endless_header_block(send: &mut dyn FnMut(&[u8])) {
    send(&frame(HEADERS, 0, 1, &[]));
    let continuation = frame(CONTINUATION, 0, 1, &[0x82; 16_384]);
    (0..32_000).for_each(|_| send(&continuation));
}

/// Empty frames of a type that nobody knows.
fn ten_million_frames(send: &mut dyn FnMut(&[u8])) {
    let thousand = frame(0xfa, 0, 0, &[]).repeat(1_000);
    (0..10_000).for_each(|_| send(&thousand));
}

/// Declares 2 GiB, and sends 256 MiB of them in small frames.
fn message_of_2_gib(send: &mut dyn FnMut(&[u8])) {
    send(&request(1, &[]));
    let prefix = Prefix {
        length: Some(1 << 31),
        ..Prefix::PLAIN
    };
    send(&frame(DATA, 0, 1, &prefix.before(&[])));
    let data = frame(DATA, 0, 1, &[0; 1_024]).repeat(64);
    (0..4_096).for_each(|_| send(&data));
    send(&frame(DATA, END_STREAM, 1, &[]));
}

/// Each is as long as what is kept of a message, and becomes a thousand times
/// as many zeros.
fn compression_bombs(send: &mut dyn FnMut(&[u8])) {
    send(&request(1, &[("grpc-encoding", "gzip")]));
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let zeros = vec![0; 1 << 20];
    for _ in 0..62 {
        encoder.write_all(&zeros).expect("room");
    }
    let bomb = encoder.finish().expect("room");
    let flag = Prefix {
        flag: 1,
        ..Prefix::PLAIN
    };
    let message = flag.before(&bomb);
    let frames: Vec<u8> = message
        .chunks(16_384)
        .flat_map(|chunk| frame(DATA, 0, 1, chunk))
        .collect();
    (0..20).for_each(|_| send(&frames));
}

fn hundred_thousand_streams(send: &mut dyn FnMut(&[u8])) {
    (0..100_000).for_each(|nth| send(&request(2 * nth + 1, &[])));
}

fn a_million_empty_messages(send: &mut dyn FnMut(&[u8])) {
    send(&request(1, &[]));
    let data = frame(DATA, 0, 1, &[0; 5 * 1_000]);
    (0..1_000).for_each(|_| send(&data));
}

fn request(stream: u32, fields: &[(&'static str, &'static str)]) -> Vec<u8> {
    let usual = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/helloworld.Greeter/SayHello"),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
    ];
    let fields = usual.iter().chain(fields);
    let items: Vec<Item> = { fields }
        .map(|(name, value)| Item::Field(Field::new(*name, *value)))
        .collect();
    let block = Encoder::new().encode(&items).expect("literals");
    frame(HEADERS, END_HEADERS, stream, &block)
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    Frame::new(kind, flags, stream, payload).write(&mut out);
    out
}

impl Peer {
    /// What is said of it when it is read as the capture of a cell, and live.
    pub fn told(&self) -> String {
        let mut told = String::new();
        self.as_cell(&mut told).expect("memory takes it");
        self.live(&mut told).expect("memory takes it");
        told
    }

    fn events(&self, see: &mut dyn FnMut(Event<'_>)) {
        see(Event::Opened);
        let mut hello = PREFACE.to_vec();
        hello.extend(frame(SETTINGS, 0, 0, &[]));
        see(Event::Bytes(CLIENT, &hello));
        (self.bytes)(&mut |bytes| {
            see(Event::Bytes(CLIENT, bytes));
        });
        see(Event::HalfClosed(CLIENT));
        see(Event::Closed);
    }

    fn as_cell(&self, told: &mut String) -> std::fmt::Result {
        let mut decoder = Decoder::new(Limits::default());
        self.events(&mut |event| decoder.feed(record(event)));
        let exchange = decoder.finish();
        for cut in &exchange.cuts {
            writeln!(told, "cell: {}, {}", cut.what, cut.limit)?;
        }
        let connection = &exchange.connections[0];
        writeln!(told, "cell: {} bytes", connection.client.bytes)?;
        writeln!(told, "cell: {} frames", connection.frames.len())?;
        writeln!(told, "cell: {} streams", connection.streams.len())?;
        for fault in connection.faults.iter().filter(|fault| fault.fatal) {
            writeln!(told, "cell: fatal: {}", fault.what)?;
        }
        for stream in connection.streams.iter().take(1) {
            let messages = &stream.request.messages;
            if let Some(Ok(first)) = messages
                .first()
                .map(|first| content(&stream.request, first))
            {
                let count = messages.len();
                writeln!(
                    told,
                    "cell: {count} messages, the first of {} bytes",
                    first.length
                )?;
            }
        }
        for finding in rules::check(&exchange) {
            writeln!(told, "cell: breaks {}", finding.code)?;
        }
        Ok(())
    }

    fn live(&self, told: &mut String) -> std::fmt::Result {
        let mut decoder = LiveDecoder::new(LiveDecoder::live_limits());
        let (mut lint, mut frames, mut lines) = (Lint::default(), 0, Vec::new());
        let mut hear = |seen: Seen<'_>| {
            match &seen {
                Seen::Frame { .. } => frames += 1,
                Seen::Cut(cut) => lines.push(format!("{}, {}", cut.what, cut.limit)),
                Seen::Closed(_) => lines.push("closed".to_owned()),
                _ => {}
            }
            for finding in lint.hear(&seen) {
                lines.push(format!("breaks {}", finding.code));
            }
            lines.dedup();
        };
        self.events(&mut |event| decoder.feed(record(event), &mut hear));
        writeln!(told, "live: {frames} frames")?;
        lines
            .iter()
            .try_for_each(|line| writeln!(told, "live: {line}"))
    }
}

fn record(event: Event<'_>) -> Record<'_> {
    Record {
        connection: 1,
        at_ns: 0,
        event,
    }
}
