//! Frames, captures and what a relay made of them.

use std::path::PathBuf;

use wirecheck_core::wire::capture::Direction;
use wirecheck_core::wire::decode::decode_capture;
use wirecheck_core::wire::exchange::{Exchange, HeaderList, Limits};
use wirecheck_core::wire::hpack::{Representation, literal};
use wirecheck_core::wire::relay::{Edit, Fault, FrameAct, FrameMatch, Op, Relay};

pub const CLIENT: Direction = Direction::ClientToServer;
pub const SERVER: Direction = Direction::ServerToClient;

/// The captures of `tests/captures`, without what they have in common.
pub const CAPTURES: [&str; 9] = [
    "say-hello",
    "metadata-base64",
    "metadata-true-binary",
    "unknown-method",
    "fail-with-details",
    "deadline",
    "server-streaming",
    "split-message",
    "ten-calls",
];

pub fn capture(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/captures");
    let path = folder.join(format!("python-grpcio.python-grpcio.{name}.wirecap"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub fn decode(capture: &[u8]) -> Exchange {
    decode_capture(capture, Limits::default()).expect("a capture")
}

pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A block of literals without indexing.
pub fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        let plain = Representation::LiteralWithoutIndexing { name_index: None };
        literal::encode_literal(&mut block, name.as_bytes(), value.as_bytes(), false, plain);
    }
    block
}

/// A change of the server's frames of a type.
pub fn change(kind: u8, edit: Edit) -> Fault {
    act(kind, FrameAct::Edit(edit))
}

pub fn act(kind: u8, act: FrameAct) -> Fault {
    let which = FrameMatch::each(SERVER, Some(kind));
    Fault::Frame { which, act }
}

/// What the server's octets become, in one piece; nothing happens on the line.
pub fn passed(faults: &[Fault], octets: &[u8]) -> Vec<u8> {
    let mut relay = Relay::new(faults);
    let mut ops = relay.take(SERVER, octets);
    ops.extend(relay.end(SERVER));
    joined(&ops)
}

/// The octets that pass.
pub fn joined(ops: &[Op]) -> Vec<u8> {
    let pieces = ops.iter().map(|op| match op {
        Op::Pass(octets) => octets.as_slice(),
        Op::Line(line) => panic!("{line:?} was not asked for"),
    });
    pieces.collect::<Vec<_>>().concat()
}

/// The names and values of a list.
pub fn texts(list: &HeaderList) -> Vec<(String, String)> {
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    let fields = list.fields.iter();
    fields
        .map(|field| (text(&field.name), text(&field.value)))
        .collect()
}
