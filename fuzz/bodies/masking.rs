//! Bytes that passed, with secrets overwritten: what comes out has the same
//! shape, and masked once more it is the same. The filler depends on lengths
//! alone, so a secret that was missed would change then.
//!
//! Input: four lengths of reads, then runs.

use wirecheck_core::wire::capture::{Direction, Event, records};
use wirecheck_core::wire::decode::LiveDecoder;
use wirecheck_core::wire::exchange::{Exchange, Limits};
use wirecheck_core::wire::mask::Masker;
use wirecheck_core::wire::secret::Secrets;

use super::connection::decode;
use super::input::{Input, Run, at_once, each_piece, record};

/// Two that captures have, besides those that always are secret.
const SECRETS: [&str; 2] = [":path", "user-agent"];
/// What a masker holds: the header block that is not whole, and one read.
const MOST_HELD: usize = (1 << 20) + (64 << 10);

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let pieces = input.pieces();
    let runs = input.runs();
    let (once, is_whole) = masked(&runs, &pieces);
    let passed = borrowed(&once);
    let (twice, _) = masked(&passed, &[]);
    for direction in [Direction::ClientToServer, Direction::ServerToClient] {
        let (sent, once, twice) = (
            joined(&runs, direction),
            joined(&passed, direction),
            joined(&borrowed(&twice), direction),
        );
        assert!(once.len() <= sent.len());
        assert!(once.starts_with(&twice), "a second time changes it");
        assert!(!is_whole || once.len() == sent.len() && twice.len() == once.len());
    }
    if is_whole {
        let before = decode(&runs, &[], Limits::default());
        let after = decode(&passed, &[], Limits::default());
        assert_eq!(shape(&after), shape(&before));
    }
}

fn borrowed(runs: &[(Direction, Vec<u8>)]) -> Vec<Run<'_>> {
    let runs = runs.iter();
    runs.map(|(direction, bytes)| (*direction, &bytes[..]))
        .collect()
}

fn joined(runs: &[Run<'_>], direction: Direction) -> Vec<u8> {
    let of_it = runs.iter().filter(|(other, _)| *other == direction);
    of_it.flat_map(|(_, bytes)| bytes.iter().copied()).collect()
}

/// Names of fields and lengths of their values, frames and faults.
fn shape(exchange: &Exchange) -> (Vec<(&[u8], usize)>, usize, usize) {
    let connections = || exchange.connections.iter();
    let streams = connections().flat_map(|connection| &connection.streams);
    let halves = streams.flat_map(|stream| [&stream.request, &stream.response]);
    let lists = halves.flat_map(|half| &half.headers);
    let fields = lists.flat_map(|list| &list.fields);
    (
        fields
            .map(|field| (&field.name[..], field.value.len()))
            .collect(),
        connections()
            .map(|connection| connection.frames.len())
            .sum(),
        connections()
            .map(|connection| connection.faults.len())
            .sum(),
    )
}

/// What passed in the end, and whether nothing of it was left out.
fn masked(runs: &[Run<'_>], pieces: &[usize]) -> (Vec<(Direction, Vec<u8>)>, bool) {
    let mut decoder = LiveDecoder::new(Limits::default());
    decoder.mask(Secrets::new(SECRETS));
    let mut masker = Masker::default();
    let mut out = Vec::new();
    each_piece(runs, pieces, |direction, piece| {
        let record = record(direction, piece);
        decoder.feed(record, &mut |_| {});
        masker.pass(&record, &mut decoder, &mut out);
        assert!(masker.held_bytes() <= MOST_HELD);
    });
    let closed = at_once(Event::Closed);
    decoder.feed(closed, &mut |_| {});
    masker.pass(&closed, &mut decoder, &mut out);
    let is_whole = masker.finish(&mut out) == 0;
    let mut passed: Vec<(Direction, Vec<u8>)> = Vec::new();
    for record in records(&out) {
        if let Event::Bytes(direction, bytes) = record.event {
            passed.push((direction, bytes.to_vec()));
        }
    }
    (passed, is_whole)
}
