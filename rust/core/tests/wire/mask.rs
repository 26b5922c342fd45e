//! Secrets are overwritten in place, and nothing else is.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use wirecheck_core::wire::capture::{Direction, Event, Record, append, records};
use wirecheck_core::wire::decode::LiveDecoder;
use wirecheck_core::wire::exchange::{Exchange, HeaderField, Limits};
use wirecheck_core::wire::frame::{END_HEADERS, END_STREAM};
use wirecheck_core::wire::hpack::{Representation, literal};
use wirecheck_core::wire::mask::Masker;
use wirecheck_core::wire::secret::Secrets;

use super::properties::{CAPTURES, Runs, decode, hostile, mutated, runs};
use super::script::{CLIENT, CONTINUATION, HEADERS, SERVER, Script};

const BOTH: [Direction; 2] = [CLIENT, SERVER];

/// Keys that are in every capture, some of them as references to the dynamic
/// table.
fn secrets() -> Secrets {
    Secrets::new([":path", "user-agent", "grpc-accept-encoding", "x-text"])
}

/// What comes out of a masker, and the most that it held.
struct Masked {
    records: Vec<u8>,
    most_held: usize,
}

fn masked(runs: &Runs, pieces: &[usize], secrets: &Secrets) -> Masked {
    let mut decoder = LiveDecoder::new(Limits::default());
    decoder.mask(secrets.clone());
    let (mut masker, mut out, mut most_held) = (Masker::default(), Vec::new(), 0);
    let mut pass = |event| {
        let record = Record {
            connection: 1,
            at_ns: 0,
            event,
        };
        decoder.feed(record, &mut |_| {});
        masker.pass(&record, &mut decoder, &mut out);
        most_held = most_held.max(masker.held_bytes());
    };
    pass(Event::Opened);
    let mut lengths = pieces.iter().copied().cycle();
    for (direction, bytes) in runs {
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let length = lengths.next().unwrap_or(usize::MAX).clamp(1, rest.len());
            let (piece, behind) = rest.split_at(length);
            pass(Event::Bytes(*direction, piece));
            rest = behind;
        }
    }
    pass(Event::Closed);
    Masked {
        records: out,
        most_held,
    }
}

impl Masked {
    /// The bytes of each direction, and how many were left out of it.
    fn sides(&self) -> [(Vec<u8>, u64); 2] {
        BOTH.map(|wanted| {
            let (mut all, mut left_out) = (Vec::new(), 0);
            for record in records(&self.records) {
                match record.event {
                    Event::Bytes(direction, bytes) if direction == wanted => {
                        assert_eq!(left_out, 0, "nothing comes after what was left out");
                        all.extend_from_slice(bytes);
                    }
                    Event::LeftOut(direction, count) if direction == wanted => left_out += count,
                    _ => {}
                }
            }
            (all, left_out)
        })
    }

    fn runs(&self) -> Runs {
        let mut runs: Runs = Vec::new();
        for record in records(&self.records) {
            if let Event::Bytes(direction, bytes) = record.event {
                runs.push((direction, bytes.to_vec()));
            }
        }
        runs
    }
}

fn sent(runs: &Runs) -> [Vec<u8>; 2] {
    BOTH.map(|wanted| {
        let of = runs.iter().filter(|(direction, _)| *direction == wanted);
        of.flat_map(|(_, bytes)| bytes.clone()).collect()
    })
}

/// Every header field, in the order of streams.
fn fields(exchange: &Exchange) -> Vec<&HeaderField> {
    let streams = exchange
        .connections
        .iter()
        .flat_map(|connection| &connection.streams);
    let halves = streams.flat_map(|stream| [&stream.request, &stream.response]);
    let lists = halves.flat_map(|half| &half.headers);
    lists.flat_map(|list| &list.fields).collect()
}

/// The masked bytes decode to the same, apart from what is secret.
fn assert_masked(runs: &Runs, pieces: &[usize], secrets: &Secrets) {
    let masked = masked(runs, pieces, secrets);
    for ((bytes, left_out), sent) in masked.sides().into_iter().zip(sent(runs)) {
        assert_eq!((bytes.len(), left_out), (sent.len(), 0));
    }
    let (before, after) = (
        decode(runs, &[], Limits::default()),
        decode(&masked.runs(), &[], Limits::default()),
    );
    assert_eq!(
        before.connections[0].frames.len(),
        after.connections[0].frames.len()
    );
    assert_eq!(after.connections[0].faults, before.connections[0].faults);
    let (before, after) = (fields(&before), fields(&after));
    assert_eq!(before.len(), after.len());
    for (before, after) in before.into_iter().zip(after) {
        let is_static = before.value_range.is_none() && before.value == after.value;
        if secrets.is_secret_name(&before.name) && !is_static {
            assert_eq!(before.value.len(), after.value.len());
            assert!(
                before.value != after.value || before.value.is_empty(),
                "{after:?}"
            );
            let unmasked = HeaderField {
                value: before.value.clone(),
                ..after.clone()
            };
            assert_eq!(*before, unmasked);
        } else {
            assert_eq!(before, after);
        }
    }
}

#[test]
fn real_captures_are_masked_and_nothing_else_of_them_changes() {
    for case in CAPTURES {
        let runs = runs(case);
        assert_masked(&runs, &[], &secrets());
        let masked = masked(&runs, &[], &secrets());
        for path in ["/Greeter/", "grpc-python"] {
            let plain = masked.records.windows(path.len());
            assert!(
                !plain.into_iter().any(|bytes| bytes == path.as_bytes()),
                "{case}"
            );
        }
    }
}

#[test]
fn without_a_secret_every_byte_is_the_same() {
    for case in CAPTURES {
        let runs = runs(case);
        let masked = masked(&runs, &[7, 100], &Secrets::default());
        let bytes = masked.sides().map(|(bytes, _)| bytes);
        assert!(bytes == sent(&runs), "{case}");
    }
}

/// A secret that enters the dynamic table, is cut by a CONTINUATION frame and
/// referred to by a later call.
fn over_frames(value: &str, huffman: bool, cut: usize) -> Runs {
    let mut block = Vec::new();
    let incremental = Representation::LiteralIncremental { name_index: None };
    literal::encode_literal(
        &mut block,
        b"x-token",
        value.as_bytes(),
        huffman,
        incremental,
    );
    literal::encode_literal(&mut block, b"x-open", b"to be read", huffman, incremental);
    let (first, rest) = block.split_at(cut.min(block.len()));
    // Both entries, newest first, then static ones that nobody masks.
    let again = [0x80 | 63, 0x80 | 62];
    Script::begun()
        .frame(CLIENT, HEADERS, END_STREAM, 1, first)
        .frame(CLIENT, CONTINUATION, END_HEADERS, 1, rest)
        .frame(CLIENT, HEADERS, END_HEADERS | END_STREAM, 3, &again)
        .frame(SERVER, HEADERS, END_HEADERS | END_STREAM, 1, &[0x88])
        .into_steps()
}

#[test]
fn a_reference_to_a_secret_leads_to_the_filler() {
    let runs = over_frames("Bearer 0123456789", true, 12);
    assert_masked(&runs, &[], &Secrets::default());
    let masked = masked(&runs, &[], &Secrets::default());
    let exchange = decode(&masked.runs(), &[], Limits::default());
    let again = &exchange.connections[0].streams[1].request.headers[0];
    let secret = again.get("x-token").expect("the entry is still there");
    assert_eq!(secret.value.len(), 17);
    assert_ne!(secret.value, "Bearer 0123456789");
    assert_eq!(
        again.get("x-open").map(|field| &field.value[..]),
        Some(&b"to be read"[..])
    );
}

#[test]
fn what_cannot_be_read_is_left_out() {
    let http1 = b"GET / HTTP/1.1\r\nauthorization: Bearer abc\r\n\r\n".to_vec();
    let all = http1.len() as u64;
    let masked = masked(&vec![(CLIENT, http1)], &[5], &Secrets::default());
    assert_eq!(masked.sides()[0], (Vec::new(), all));
}

#[test]
fn a_block_that_never_ends_is_not_held_for_ever() {
    let mut steps = Script::begun()
        .frame(CLIENT, HEADERS, 0, 1, b"")
        .into_steps();
    // A length that no receiver allows, and that the decoder follows all the same.
    steps.push((CLIENT, vec![0xff, 0xff, 0xff, CONTINUATION, 0, 0, 0, 0, 1]));
    steps.extend((0..40).map(|_| (CLIENT, vec![7; 100_000])));
    let sent = sent(&steps);
    let masked = masked(&steps, &[], &Secrets::default());
    assert!(
        masked.most_held < 2 << 20,
        "{} bytes are held",
        masked.most_held
    );
    let [(bytes, left_out), _] = masked.sides();
    assert_eq!(bytes.len() as u64 + left_out, sent[0].len() as u64);
}

proptest! {
    #[test]
    fn any_split_is_masked_alike(case in select(&CAPTURES[..]), pieces in vec(1..100_usize, 1..20)) {
        assert_masked(&runs(case), &pieces, &secrets());
    }

    #[test]
    fn any_secret_is_masked_wherever_frames_cut_it(
        value in "[ -~]{1,60}", huffman in any::<bool>(), cut in 0..90_usize, pieces in vec(1..30_usize, 1..10),
    ) {
        let is_filler = value.bytes().all(|byte| b"0-:*!+#$^<".contains(&byte));
        prop_assume!(!is_filler);
        assert_masked(&over_frames(&value, huffman, cut), &pieces, &Secrets::default());
    }

    #[test]
    fn changed_bytes_pass_or_are_left_out(runs in mutated(), pieces in vec(1..100_usize, 1..20)) {
        let masked = masked(&runs, &pieces, &secrets());
        for ((bytes, left_out), sent) in masked.sides().into_iter().zip(sent(&runs)) {
            prop_assert_eq!(bytes.len() as u64 + left_out, sent.len() as u64);
        }
    }

    #[test]
    fn hostile_frames_pass_or_are_left_out(runs in hostile(), pieces in vec(1..30_usize, 1..20)) {
        let masked = masked(&runs, &pieces, &Secrets::default());
        for ((bytes, left_out), sent) in masked.sides().into_iter().zip(sent(&runs)) {
            prop_assert_eq!(bytes.len() as u64 + left_out, sent.len() as u64);
            prop_assert!(sent.len() >= bytes.len());
        }
    }
}

#[test]
fn records_of_other_connections_are_not_held_up() {
    let mut decoder = LiveDecoder::new(Limits::default());
    decoder.mask(Secrets::default());
    let (mut masker, mut out, mut expected) = (Masker::default(), Vec::new(), Vec::new());
    let open = Script::begun()
        .frame(CLIENT, HEADERS, 0, 1, b"")
        .into_steps();
    let events = open
        .iter()
        .map(|(direction, bytes)| (1, Event::Bytes(*direction, bytes)));
    for (connection, event) in events.chain([(2, Event::Opened)]) {
        let record = Record {
            connection,
            at_ns: 0,
            event,
        };
        decoder.feed(record, &mut |_| {});
        masker.pass(&record, &mut decoder, &mut out);
        if connection == 2 {
            append(&record, &mut expected);
        }
    }
    assert!(out.ends_with(&expected));
}
