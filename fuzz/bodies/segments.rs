//! TCP segments of a connection, out of order, sent again and over each other:
//! what comes out is what was sent, once.
//!
//! Input: two sequence numbers, how many changes, those, then runs, each of
//! which is a segment of its own.

use std::net::SocketAddr;

use wirecheck_core::wire::capture::{Direction, Event};
use wirecheck_core::wire::tcp::{Assembled, Limits, Reassembly, Segment};

use super::input::{Input, Run};

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let first = [(); 2].map(|()| u32::MAX - u32::from(input.number()));
    let changes = input.short();
    let mut runs = input.runs();
    // More than are held of a connection would leave gaps.
    runs.truncate(200);
    let mut order = in_order(&runs);
    for change in changes.chunks_exact(3).take(100) {
        if order.is_empty() {
            return;
        }
        let (one, other) = (
            change[1] as usize % order.len(),
            change[2] as usize % order.len(),
        );
        match change[0] % 3 {
            0 => order.swap(one, other),
            1 => order.insert(one, order[other]),
            _ => order[one] = longer(order[one], &runs, change[2]),
        }
    }
    let passed = assembled(&order, &runs, first);
    for direction in [Direction::ClientToServer, Direction::ServerToClient] {
        assert_eq!(passed[direction as usize], joined(&runs, direction));
    }
}

/// A part of what a side sends, and how much of the other side's it has seen.
#[derive(Debug, Clone, Copy)]
struct Part {
    side: Direction,
    start: usize,
    length: usize,
    seen: usize,
}

fn in_order(runs: &[Run<'_>]) -> Vec<Part> {
    let mut sent = [0; 2];
    let parts = runs.iter().map(|(side, bytes)| {
        let part = Part {
            side: *side,
            start: sent[*side as usize],
            length: bytes.len(),
            seen: sent[side.reverse() as usize],
        };
        sent[*side as usize] += bytes.len();
        part
    });
    parts.collect()
}

/// The same with octets of what follows: it was sent again, in other pieces.
fn longer(part: Part, runs: &[Run<'_>], by: u8) -> Part {
    let all = joined(runs, part.side).len();
    Part {
        length: (part.length + usize::from(by)).min(all - part.start),
        ..part
    }
}

fn joined(runs: &[Run<'_>], direction: Direction) -> Vec<u8> {
    let of_it = runs.iter().filter(|(other, _)| *other == direction);
    of_it.flat_map(|(_, bytes)| bytes.iter().copied()).collect()
}

/// The bytes of both sides, as they came out behind a handshake.
fn assembled(order: &[Part], runs: &[Run<'_>], first: [u32; 2]) -> [Vec<u8>; 2] {
    let sides = [0, 1].map(|side| match side {
        0 => joined(runs, Direction::ClientToServer),
        _ => joined(runs, Direction::ServerToClient),
    });
    let limits = Limits::default();
    let mut reassembly = Reassembly::new(limits);
    let mut passed = [Vec::new(), Vec::new()];
    let mut hear = |assembled: Assembled<'_>| match assembled {
        Assembled::Begun(begun) => assert!(begun.from_start && begun.is_sure),
        Assembled::Record(record) => match record.event {
            Event::Bytes(direction, bytes) => passed[direction as usize].extend_from_slice(bytes),
            Event::LeftOut(..) => panic!("{record:?}: nothing is missing"),
            _ => {}
        },
        Assembled::NotFollowed => panic!("there is one connection"),
    };
    let number =
        |side: Direction, at: usize| first[side as usize].wrapping_add(1).wrapping_add(at as u32);
    for side in [Direction::ClientToServer, Direction::ServerToClient] {
        let acknowledged =
            (side == Direction::ServerToClient).then(|| number(Direction::ClientToServer, 0));
        let syn = Segment {
            syn: true,
            sequence: first[side as usize],
            acknowledged,
            ..segment(side)
        };
        reassembly.feed(0, &syn, &mut hear);
    }
    for part in order {
        let segment = Segment {
            sequence: number(part.side, part.start),
            acknowledged: Some(number(part.side.reverse(), part.seen)),
            bytes: &sides[part.side as usize][part.start..][..part.length],
            ..segment(part.side)
        };
        reassembly.feed(1, &segment, &mut hear);
        assert!(reassembly.held_bytes() <= limits.bytes);
    }
    reassembly.finish(&mut hear);
    passed
}

fn segment(side: Direction) -> Segment<'static> {
    let client = SocketAddr::from(([10, 0, 0, 1], 60_000));
    let server = SocketAddr::from(([10, 0, 0, 2], 50_051));
    let (from, to) = match side {
        Direction::ClientToServer => (client, server),
        Direction::ServerToClient => (server, client),
    };
    Segment {
        from,
        to,
        sequence: 0,
        acknowledged: None,
        syn: false,
        fin: false,
        rst: false,
        bytes: &[],
        cut: 0,
    }
}
