//! Frames, field blocks and messages of both sides of a connection, and the
//! rules over them.
//!
//! Input: four lengths of reads, two bytes of memory limit, then runs.

use wirecheck_core::judge::finding::Finding;
use wirecheck_core::judge::rules::{self, Lint};
use wirecheck_core::wire::capture::Event;
use wirecheck_core::wire::decode::{Decoder, LiveDecoder, Seen};
use wirecheck_core::wire::exchange::{Exchange, Fault, Half, Limits};

use super::input::{Input, Run, at_once, each_piece, record};

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let pieces = input.pieces();
    let memory = usize::from(input.number());
    let runs = input.runs();

    let whole = decode(&runs, &[], Limits::default());
    let split = decode(&runs, &pieces, Limits::default());
    assert!(whole == split, "reads of {pieces:?} change the exchange");
    counts_all(&whole, &runs);

    let limits = Limits {
        memory,
        ..Limits::default()
    };
    let kept = kept_bytes(&decode(&runs, &pieces, limits));
    assert!(kept <= memory, "{kept} bytes are kept, {memory} may be");

    for finding in rules::check(&whole) {
        assert!(points_into(&finding, &whole), "{finding:?}");
    }
    assert_eq!(live_faults(&runs, &[]), live_faults(&runs, &pieces));
}

pub fn decode(runs: &[Run<'_>], pieces: &[usize], limits: Limits) -> Exchange {
    let mut decoder = Decoder::new(limits);
    each_piece(runs, pieces, |direction, piece| {
        decoder.feed(record(direction, piece));
    });
    decoder.finish()
}

fn counts_all(exchange: &Exchange, runs: &[Run<'_>]) {
    let sent: usize = runs.iter().map(|(_, run)| run.len()).sum();
    let sides = exchange.connections.iter();
    let counted: u64 = sides.map(|c| c.client.bytes + c.server.bytes).sum();
    assert_eq!(counted, sent as u64);
}

/// What an exchange keeps, counted low.
fn kept_bytes(exchange: &Exchange) -> usize {
    let half = |half: &Half| {
        let lists = half.headers.iter();
        let fields: usize = lists.map(|list| size_of_val(&list.fields[..])).sum();
        let heads: usize = half.messages.iter().map(|message| message.head.len()).sum();
        fields + heads + size_of_val(&half.headers[..]) + size_of_val(&half.messages[..])
    };
    let connections = exchange.connections.iter();
    let kept = connections.map(|connection| {
        let streams = connection.streams.iter();
        let streams: usize = streams.map(|s| half(&s.request) + half(&s.response)).sum();
        streams + size_of_val(&connection.frames[..]) + size_of_val(&connection.streams[..])
    });
    kept.sum()
}

/// The finding's connection, frame and bytes exist.
fn points_into(finding: &Finding, exchange: &Exchange) -> bool {
    let place = &finding.place;
    let mut connections = exchange.connections.iter();
    let Some(connection) = connections.find(|c| Some(c.id) == place.connection) else {
        return false;
    };
    let (Some(direction), Some(range)) = (place.direction, &place.byte_range) else {
        return false;
    };
    let frames = connection.frames.len();
    place.frame.is_none_or(|frame| frame < frames)
        && range.start <= range.end
        && range.end <= connection.side(direction).bytes
}

/// The faults that a live decoder tells, with the rules listening.
fn live_faults(runs: &[Run<'_>], pieces: &[usize]) -> Vec<Fault> {
    let mut decoder = LiveDecoder::new(LiveDecoder::live_limits());
    let mut lint = Lint::default();
    let mut faults = Vec::new();
    let mut hear = |seen: Seen<'_>| {
        lint.hear(&seen);
        if let Seen::Fault { fault, .. } = seen {
            faults.push(fault.clone());
        }
    };
    decoder.feed(at_once(Event::Opened), &mut hear);
    each_piece(runs, pieces, |direction, piece| {
        decoder.feed(record(direction, piece), &mut hear);
    });
    decoder.feed(at_once(Event::Closed), &mut hear);
    decoder.finish(&mut hear);
    faults
}
