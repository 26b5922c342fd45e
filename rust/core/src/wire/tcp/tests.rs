use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::wire::capture::Direction;

const CLIENT: Direction = Direction::ClientToServer;
const SERVER: Direction = Direction::ServerToClient;

fn client() -> SocketAddr {
    "10.0.0.1:60000".parse().expect("an address")
}

fn server() -> SocketAddr {
    "10.0.0.2:50051".parse().expect("an address")
}

fn segment(by: Direction, sequence: u32, acknowledged: u32, bytes: &[u8]) -> Segment<'_> {
    let (from, to) = match by {
        Direction::ClientToServer => (client(), server()),
        Direction::ServerToClient => (server(), client()),
    };
    Segment {
        from,
        to,
        sequence,
        acknowledged: Some(acknowledged),
        syn: false,
        fin: false,
        rst: false,
        bytes,
        cut: 0,
    }
}

fn syn(by: Direction, sequence: u32, acknowledged: Option<u32>) -> Segment<'static> {
    Segment {
        syn: true,
        acknowledged,
        ..segment(by, sequence, 0, &[])
    }
}

/// What was told, in words; bytes of one direction stand together.
#[derive(Debug, Default)]
struct Heard {
    words: Vec<String>,
    bytes: BTreeMap<(u32, Direction), Vec<u8>>,
    left_out: u64,
}

impl Heard {
    fn hear(&mut self, assembled: &Assembled<'_>) {
        let name = |direction| match direction {
            CLIENT => "client",
            SERVER => "server",
        };
        let word = match assembled {
            Assembled::Begun(begun) => format!(
                "{} begins {} -> {}{}",
                begun.connection,
                begun.client.port(),
                begun.server.port(),
                if begun.from_start { "" } else { " late" }
            ),
            Assembled::NotFollowed => "not followed".to_owned(),
            Assembled::Record(Record {
                connection, event, ..
            }) => match event {
                Event::Opened => return,
                Event::Bytes(direction, bytes) => {
                    let all = self.bytes.entry((*connection, *direction)).or_default();
                    all.extend_from_slice(bytes);
                    let text = String::from_utf8_lossy(bytes);
                    format!("{connection} {} {text}", name(*direction))
                }
                Event::HalfClosed(direction) => format!("{connection} {} ends", name(*direction)),
                Event::Reset(direction) => format!("{connection} {} resets", name(*direction)),
                Event::Closed => format!("{connection} closed"),
                Event::LeftOut(direction, bytes) => {
                    self.left_out += bytes;
                    format!("{connection} {} lacks {bytes}", name(*direction))
                }
            },
        };
        self.words.push(word);
    }
}

fn heard_within(limits: Limits, segments: &[Segment<'_>]) -> Heard {
    let mut heard = Heard::default();
    let mut reassembly = Reassembly::new(limits);
    for (at, segment) in segments.iter().enumerate() {
        reassembly.feed(at as u64, segment, &mut |told| heard.hear(&told));
    }
    reassembly.finish(&mut |told| heard.hear(&told));
    heard
}

fn words(segments: &[Segment<'_>]) -> Vec<String> {
    heard_within(Limits::default(), segments).words
}

fn handshake() -> [Segment<'static>; 2] {
    [syn(CLIENT, 99, None), syn(SERVER, 499, Some(100))]
}

fn after_handshake<'a>(segments: &[Segment<'a>]) -> Vec<Segment<'a>> {
    [&handshake()[..], segments].concat()
}

#[test]
fn a_connection_is_told_from_its_handshake_to_its_ends() {
    let fin = |by, sequence, acknowledged| Segment {
        fin: true,
        ..segment(by, sequence, acknowledged, b"")
    };
    let told = words(&after_handshake(&[
        segment(CLIENT, 100, 500, b"ask"),
        segment(SERVER, 500, 103, b"answer"),
        fin(CLIENT, 103, 506),
        fin(SERVER, 506, 104),
        segment(CLIENT, 104, 507, b""),
    ]));
    assert_eq!(
        told,
        [
            "1 begins 60000 -> 50051",
            "1 client ask",
            "1 server answer",
            "1 client ends",
            "1 server ends",
            "1 closed",
        ]
    );
}

/// FIN and RST in one segment: found by fuzzing.
#[test]
fn a_connection_that_has_closed_is_not_reset() {
    let fin = |by, sequence, acknowledged| Segment {
        fin: true,
        ..segment(by, sequence, acknowledged, b"")
    };
    let both = Segment {
        rst: true,
        ..fin(SERVER, 500, 101)
    };
    let told = words(&after_handshake(&[fin(CLIENT, 100, 500), both]));
    assert_eq!(told[1..], ["1 client ends", "1 server ends", "1 closed"]);
}

#[test]
fn an_answer_waits_for_its_question() {
    let told = words(&after_handshake(&[
        segment(SERVER, 500, 106, b"answer"),
        segment(CLIENT, 103, 500, b"two"),
        segment(CLIENT, 100, 500, b"one"),
    ]));
    assert_eq!(
        told[1..],
        ["1 client one", "1 client two", "1 server answer"]
    );
}

#[test]
fn what_was_sent_again_passes_once_and_the_first_counts() {
    let told = words(&after_handshake(&[
        segment(CLIENT, 100, 500, b"abcd"),
        segment(CLIENT, 100, 500, b"abcd"),
        segment(CLIENT, 102, 500, b"XXef"),
    ]));
    assert_eq!(told[1..], ["1 client abcd", "1 client ef"]);
}

#[test]
fn numbers_wrap() {
    let begin = u32::MAX - 1;
    let told = words(&[
        syn(CLIENT, begin - 1, None),
        syn(SERVER, 499, Some(begin)),
        segment(CLIENT, 2, 500, b"ef"),
        segment(CLIENT, begin, 500, b"abcd"),
    ]);
    assert_eq!(told[1..], ["1 client abcd", "1 client ef"]);
}

#[test]
fn what_never_comes_is_a_gap() {
    let told = words(&after_handshake(&[
        segment(CLIENT, 100, 500, b"abcd"),
        segment(CLIENT, 110, 500, b"kl"),
        segment(SERVER, 500, 112, b"answer"),
    ]));
    let expected = ["abcd", "lacks 6", "kl"].map(|what| format!("1 client {what}"));
    assert_eq!(told[1..4], expected);
    assert_eq!(told[4], "1 server answer");
}

#[test]
fn a_segment_that_was_cut_leaves_a_gap() {
    let cut = Segment {
        cut: 3,
        ..segment(CLIENT, 100, 500, b"ab")
    };
    let told = words(&after_handshake(&[cut, segment(CLIENT, 105, 500, b"fg")]));
    let expected = ["ab", "lacks 3", "fg"].map(|what| format!("1 client {what}"));
    assert_eq!(told[1..], expected);
}

#[test]
fn without_a_handshake_the_preface_tells_the_client() {
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let mut from_high_port = segment(SERVER, 900, 77, preface);
    from_high_port.from.set_port(7);
    from_high_port.to.set_port(8);
    let told = words(&[from_high_port]);
    assert_eq!(told[0], "1 begins 7 -> 8");
    let told = words(&[
        segment(CLIENT, 100, 500, b"abc"),
        segment(SERVER, 500, 103, b"x"),
    ]);
    assert_eq!(told[0], "1 begins 60000 -> 50051 late");
    assert_eq!(told[1..], ["1 client abc", "1 server x"]);
    let status = [0, 0, 1, 1, 4, 0, 0, 0, 1, 0x88];
    let told = words(&[segment(CLIENT, 100, 500, &status)]);
    assert_eq!(told[0], "1 begins 50051 -> 60000 late", "it answers");
}

#[test]
fn a_port_that_is_used_again_is_another_connection() {
    let reset = Segment {
        rst: true,
        ..segment(SERVER, 500, 103, b"")
    };
    let told = words(&after_handshake(&[
        segment(CLIENT, 100, 500, b"abc"),
        reset,
        segment(CLIENT, 103, 500, b"too late"),
        syn(CLIENT, 5_000, None),
        segment(CLIENT, 5_001, 500, b"new"),
    ]));
    assert_eq!(
        told[1..],
        [
            "1 client abc",
            "1 server resets",
            "1 closed",
            "2 begins 60000 -> 50051",
            "2 client new"
        ]
    );
}

#[test]
fn what_is_held_is_bounded() {
    let limits = Limits {
        segments: 4,
        bytes: 1_000,
        all_bytes: 10_000,
        ..Limits::default()
    };
    let filler = [b'x'; 100];
    let mut reassembly = Reassembly::new(limits);
    let mut heard = Heard::default();
    let lost = (0..1_000u32).map(|n| segment(CLIENT, 200 + 200 * n, 500, &filler));
    for segment in after_handshake(&[]).into_iter().chain(lost) {
        reassembly.feed(0, &segment, &mut |told| heard.hear(&told));
        assert!(reassembly.held_bytes() <= 1_000);
    }
    assert_eq!(heard.left_out, 100 * 1_000);
}

#[test]
fn connections_are_bounded() {
    let limits = Limits {
        connections: 2,
        ..Limits::default()
    };
    let from = |port, mut segment: Segment<'static>| {
        segment.from.set_port(port);
        segment
    };
    let opened = |port| from(port, syn(CLIENT, 99, None));
    let says = |port| from(port, segment(CLIENT, 100, 500, b"x"));
    let all = [opened(1), says(1), opened(2), says(2), opened(3)];
    let told = heard_within(limits, &all).words;
    assert_eq!(told.last().expect("a word"), "not followed");
    let all = [opened(1), opened(2), says(2), opened(3), says(3)];
    let told = heard_within(limits, &all).words;
    assert!(
        told.contains(&"1 closed".to_owned()),
        "nobody took it: {told:?}"
    );
    assert_eq!(told.last().expect("a word"), "3 client x");
}

/// Bytes of both sides, cut into segments that acknowledge what had passed.
fn talk() -> impl Strategy<Value = Vec<(Direction, Vec<u8>)>> {
    let part = (any::<bool>(), prop::collection::vec(any::<u8>(), 1..20));
    prop::collection::vec(part, 1..12).prop_map(|parts| {
        let side = |is_client| if is_client { CLIENT } else { SERVER };
        parts
            .into_iter()
            .map(|(by, part)| (side(by), part))
            .collect()
    })
}

fn all_of(talk: &[(Direction, Vec<u8>)], by: Direction) -> Vec<u8> {
    let parts = talk.iter().filter(|(side, _)| *side == by);
    parts.flat_map(|(_, part)| part.clone()).collect()
}

/// The segments of a talk, and, for `again`, further ones over the same bytes.
fn segments<'a>(
    talk: &'a [(Direction, Vec<u8>)],
    whole: &'a [Vec<u8>; 2],
    again: &[(bool, usize, usize)],
) -> Vec<Segment<'a>> {
    let mut next = [100u32, 500u32];
    let mut all = after_handshake(&[]);
    for (by, part) in talk {
        let side = usize::from(*by == SERVER);
        all.push(segment(*by, next[side], next[1 - side], part));
        next[side] += part.len() as u32;
    }
    for (is_client, from, length) in again {
        let side = usize::from(!is_client);
        let bytes = &whole[side];
        let from = from % (bytes.len() + 1);
        let to = (from + length).min(bytes.len());
        let by = if *is_client { CLIENT } else { SERVER };
        let first = [100u32, 500u32][side];
        all.push(segment(by, first + from as u32, 0, &bytes[from..to]));
    }
    all
}

proptest! {
    #[test]
    fn any_cut_order_and_repetition_gives_the_same_bytes(
        talk in talk(),
        again in prop::collection::vec((any::<bool>(), 0..100usize, 0..40usize), 0..8),
        seed in any::<u64>(),
    ) {
        let whole = [CLIENT, SERVER].map(|by| all_of(&talk, by));
        // A segment sent again acknowledges nothing new.
        let mut segments = segments(&talk, &whole, &again);
        for segment in segments.iter_mut().filter(|segment| segment.acknowledged == Some(0)) {
            segment.acknowledged = None;
        }
        fastrand::Rng::with_seed(seed).shuffle(&mut segments);
        let heard = heard_within(Limits::default(), &segments);
        prop_assert_eq!(heard.left_out, 0, "{:?}", &heard.words);
        for (by, expected) in [CLIENT, SERVER].into_iter().zip(&whole) {
            let got = heard.bytes.get(&(1, by)).cloned().unwrap_or_default();
            prop_assert_eq!(&got, expected, "{:?}", &heard.words);
        }
    }

    #[test]
    fn nothing_passes_that_was_not_sent_and_all_lengths_are_right(
        talk in talk(),
        lost in prop::collection::vec(any::<bool>(), 14),
        seed in any::<u64>(),
    ) {
        let whole = [CLIENT, SERVER].map(|by| all_of(&talk, by));
        let all = segments(&talk, &whole, &[]);
        let kept = all.into_iter().zip(lost.iter().chain(std::iter::repeat(&false)));
        let mut kept: Vec<_> = kept.filter(|(_, lost)| !**lost).map(|(kept, _)| kept).collect();
        fastrand::Rng::with_seed(seed).shuffle(&mut kept);
        let heard = heard_within(Limits::default(), &kept);
        let passed: usize = heard.bytes.values().map(Vec::len).sum();
        let sent: usize = kept.iter().map(|segment| segment.bytes.len()).sum();
        prop_assert!(passed <= sent);
        prop_assert!(passed as u64 + heard.left_out <= (whole[0].len() + whole[1].len()) as u64);
    }

    #[test]
    fn no_segment_breaks_it(
        parts in prop::collection::vec(
            (any::<bool>(), any::<u32>(), any::<Option<u32>>(), any::<u8>(), 0..50usize, any::<u32>()),
            0..60,
        ),
    ) {
        let bytes = [7; 50];
        let all: Vec<_> = parts.iter().map(|(by, sequence, acknowledged, flags, length, cut)| Segment {
            syn: flags & 7 == 0,
            fin: flags & 8 != 0,
            rst: flags & 0xf0 == 0,
            acknowledged: *acknowledged,
            cut: if flags & 0x60 == 0x60 { *cut } else { 0 },
            ..segment(if *by { CLIENT } else { SERVER }, *sequence, 0, &bytes[..*length])
        }).collect();
        let limits = Limits { segments: 5, bytes: 60, all_bytes: 80, before_handshake: 3, ..Limits::default() };
        let heard = heard_within(limits, &all);
        let passed: usize = heard.bytes.values().map(Vec::len).sum();
        prop_assert!(passed <= all.iter().map(|segment| segment.bytes.len()).sum());
    }
}
