//! What a scripted peer hears, and what it says of it.
//!
//! Input: whether the peer is a client, four lengths of reads, eight frames
//! that are waited for, then bytes.

use wirecheck_core::plan::dialogue::{Act, AwaitPlan, StreamPlan};
use wirecheck_core::talk::{Heard, Talk};
use wirecheck_core::wire::capture::Direction;
use wirecheck_core::wire::frame::FrameHeader;

use super::input::{Input, each_piece};

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let is_client = input.chance();
    let pieces = input.pieces();
    let awaited: [AwaitPlan; 8] = [(); 8].map(|()| awaited(&mut input));
    let bytes = input.rest();
    let whole = outcome(is_client, bytes, &[], &awaited);
    let split = outcome(is_client, bytes, &pieces, &awaited);
    assert_eq!(whole, split, "reads of {pieces:?} change what was heard");
}

/// What was taken, what the streams are, the answer to a PING, and the rest in
/// words.
type Outcome = (Vec<bool>, Vec<Option<u32>>, Option<Vec<u8>>, String);

fn outcome(is_client: bool, bytes: &[u8], pieces: &[usize], awaited: &[AwaitPlan]) -> Outcome {
    let mut heard = Heard::new(is_client);
    let runs = [(Direction::ClientToServer, bytes)];
    each_piece(&runs, pieces, |_, piece| heard.bytes(piece));
    let streams: Vec<_> = (0..5)
        .map(|nth| heard.stream(StreamPlan::Call(nth)))
        .collect();
    let opened = streams.iter().flatten().collect::<Vec<_>>();
    assert!(opened.is_sorted(), "streams are counted as they are opened");
    let pong = Talk::default().say(&Act::PingAck, 0, &heard).ok();
    if let Some(pong) = &pong {
        assert_eq!(pong.len(), FrameHeader::LEN + 8);
    }
    let taken = awaited.iter().map(|frame| heard.take(frame)).collect();
    heard.end(false);
    assert!(heard.has_ended());
    (taken, streams, pong, heard.told())
}

fn awaited(input: &mut Input<'_>) -> AwaitPlan {
    let what = input.byte();
    let some = |bit: u8| what & bit != 0;
    AwaitPlan {
        kind: some(1).then(|| input.byte() % 12),
        stream: some(2).then(|| match input.byte() {
            number @ 0..0x80 => StreamPlan::Number(number.into()),
            nth => StreamPlan::Call(u32::from(nth & 7)),
        }),
        flags: if some(4) { input.byte() } else { 0 },
        ends_stream: some(8).then(|| some(0x10)),
        error: some(0x20).then(|| u32::from(input.byte())),
        nth: 1 + u32::from(what >> 6),
        optional: some(0x80),
    }
}
