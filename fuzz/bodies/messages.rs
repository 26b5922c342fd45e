//! gRPC messages in DATA frames that cut them anywhere, and what they become
//! when they are decompressed.
//!
//! Input: four lengths of frames, four of reads, a coding, whether the rest is
//! one content to be compressed, and the rest.

use std::io::Write;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use sha2::{Digest, Sha256};
use wirecheck_core::wire::capture::Direction;
use wirecheck_core::wire::coding::content;
use wirecheck_core::wire::exchange::{Half, Limits};
use wirecheck_core::wire::frame::{DATA, END_HEADERS, HEADERS, PREFACE, SETTINGS};
use wirecheck_core::wire::write::block::{Encoder, Field, Item};
use wirecheck_core::wire::write::frame::Frame;

use super::connection::decode;
use super::input::Input;

const CODINGS: [&str; 5] = ["gzip", "deflate", "identity", "snappy", ""];
/// What is kept of a decompressed message.
const HEAD: usize = 64 * 1024;

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let (frames, reads) = (input.pieces(), input.pieces());
    let coding = CODINGS[input.below(CODINGS.len())];
    match input.chance() {
        true => content_comes_back(input.rest(), coding, &frames, &reads),
        false => framing_is_followed(input.rest(), coding, &frames, &reads),
    }
}

/// Any octets as data: the messages are those of a naive reader.
fn framing_is_followed(data: &[u8], coding: &str, frames: &[usize], reads: &[usize]) {
    let half = received(data, coding, frames, reads);
    let expected = naive(data);
    assert_eq!(half.message_count, expected.len() as u64);
    assert_eq!(half.data_bytes, data.len() as u64);
    for (message, (flag, length, bytes)) in half.messages.iter().zip(&expected) {
        assert_eq!((message.flag, message.length), (*flag, *length));
        let is_whole = bytes.len() as u64 == u64::from(*length);
        assert_eq!(&message.head[..], &bytes[..bytes.len().min(HEAD)]);
        assert_eq!(message.sha256.is_some(), message.complete);
        assert!(!message.complete || is_whole);
        if let Ok(content) = content(&half, message) {
            assert!(content.head.len() <= HEAD);
        }
    }
}

/// Flag, declared length, and the octets that are there.
fn naive(mut data: &[u8]) -> Vec<(u8, u32, &[u8])> {
    let mut messages = Vec::new();
    while let Some((&flag, behind)) = data.split_first() {
        let Some((length, behind)) = behind.split_first_chunk() else {
            messages.push((flag, 0, &[][..]));
            break;
        };
        let length = u32::from_be_bytes(*length);
        let (message, rest) = behind.split_at(behind.len().min(length as usize));
        messages.push((flag, length, message));
        data = rest;
    }
    messages
}

/// What was compressed comes back.
fn content_comes_back(data: &[u8], coding: &str, frames: &[usize], reads: &[usize]) {
    let packed = match coding {
        "gzip" => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(data).expect("room");
            encoder.finish().expect("room")
        }
        "deflate" => {
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(data).expect("room");
            encoder.finish().expect("room")
        }
        _ => return,
    };
    let prefix = [&[1][..], &(packed.len() as u32).to_be_bytes()].concat();
    let half = received(&[prefix, packed].concat(), coding, frames, reads);
    let [message] = &half.messages[..] else {
        panic!("{} messages", half.messages.len());
    };
    let content = content(&half, message).expect("it was compressed as it says");
    assert_eq!(content.length, data.len() as u64);
    assert_eq!(content.head[..], data[..data.len().min(HEAD)]);
    assert_eq!(content.sha256, Some(Sha256::digest(data).into()));
}

/// A request with these data, decoded.
fn received(data: &[u8], coding: &str, frames: &[usize], reads: &[usize]) -> Half {
    let mut sent = PREFACE.to_vec();
    Frame::new(SETTINGS, 0, 0, []).write(&mut sent);
    let field = Item::Field(Field::new("grpc-encoding", coding.to_owned()));
    let block = Encoder::new().encode(&[field]).expect("a literal");
    Frame::new(HEADERS, END_HEADERS, 1, block).write(&mut sent);
    let mut rest = data;
    for length in frames.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (chunk, behind) = rest.split_at(rest.len().min(*length));
        Frame::new(DATA, 0, 1, chunk).write(&mut sent);
        rest = behind;
    }
    let runs = [(Direction::ClientToServer, &sent[..])];
    let mut exchange = decode(&runs, reads, Limits::default());
    assert_eq!(exchange.connections[0].faults, []);
    exchange.connections[0].streams.remove(0).request
}
