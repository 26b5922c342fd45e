//! Messages and frames with something wrong in them.

use wirecheck_core::judge::finding::Culprit;
use wirecheck_core::wire::frame::{
    ACK, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PADDED, PING, PUSH_PROMISE, RST_STREAM,
    SETTINGS, WINDOW_UPDATE,
};
use wirecheck_core::wire::relay::{Edit, Fault, FrameMatch, OctetEdit};

use super::changes::{Mutant, behind, edit, fields, frame, headers, payload, set};
use super::places::{CLIENT, Data, List, Part, Recorded, SERVER, headers_of};
use super::random::Random;

pub fn of(rule: &'static str, recorded: &Recorded) -> Vec<Mutant> {
    let mut random = Random::of(&format!("{rule} {}", recorded.name));
    let data = recorded.data().iter();
    let of_data = data.flat_map(|data| message(rule, recorded, data, &mut random));
    let mut mutants: Vec<_> = of_data.collect();
    if rule == "http2/well-formed" {
        mutants.extend(malformed(recorded));
    }
    mutants
}

fn message(
    rule: &'static str,
    recorded: &Recorded,
    data: &Data,
    random: &mut Random,
) -> Vec<Mutant> {
    let which = data.which;
    let one = |what: &str, change| {
        let what = format!("{what} in {which:?}");
        vec![Mutant::new(
            rule,
            data.culprit(),
            what,
            vec![payload(which, change)],
        )]
    };
    match rule {
        "message/flag" if data.begins => {
            let flag = 2 + random.below(254) as u8;
            one("a flag of its own", OctetEdit::Set(0, vec![flag]))
        }
        "message/flag-without-encoding" if data.begins && !is_coded(recorded, data) => {
            one("a flag of 1", OctetEdit::Set(0, vec![1]))
        }
        "message/complete" if data.is_last && data.half_ends => {
            let mut mutants = one("an end too early", {
                OctetEdit::Truncate(1 + random.below(data.length - 1))
            });
            let tail = vec![0; 1 + random.below(4)];
            mutants.extend(one("octets behind it", OctetEdit::Append(tail)));
            mutants
        }
        "message/decompresses" | "message/undisclosed-encoding" if data.begins => {
            coded(rule, recorded, data, random).into_iter().collect()
        }
        "message/accepted-encoding" if data.which.direction == CLIENT => {
            undisclosed(recorded, data).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

fn list_of<'a>(recorded: &'a Recorded, data: &Data) -> Option<&'a List> {
    let mut lists = recorded.lists().iter();
    lists.find(|list| list.stream == data.stream && list.which.direction == data.which.direction)
}

fn is_coded(recorded: &Recorded, data: &Data) -> bool {
    list_of(recorded, data).is_some_and(|list| list.has("grpc-encoding"))
}

/// A message that says that it is compressed, and is not.
fn coded(
    rule: &'static str,
    recorded: &Recorded,
    data: &Data,
    random: &mut Random,
) -> Option<Mutant> {
    let list = list_of(recorded, data)?;
    let coding = match rule {
        "message/decompresses" => random.of_these(&["gzip", "deflate"]).to_owned(),
        // A server has to keep to what the client lists, and not the other way.
        _ if data.which.direction == CLIENT => return None,
        _ => String::from_utf8(random.word()).expect("letters"),
    };
    let faults = vec![
        fields(list.which, set("grpc-encoding", coding.clone())),
        payload(data.which, OctetEdit::Set(0, vec![1])),
    ];
    let what = format!("{coding} that it is not in {:?}", data.which);
    Some(Mutant::new(rule, data.culprit(), what, faults))
}

/// An empty message, as gzip has it.
const EMPTY_GZIP: &[u8] = b"\x01\0\0\0\x14\
    \x1f\x8b\x08\0\0\0\0\0\x02\x03\x03\0\0\0\0\0\0\0\0\0";

/// A server that reads a coding and does not list it.
fn undisclosed(recorded: &Recorded, data: &Data) -> Option<Mutant> {
    let request = list_of(recorded, data)?;
    let mut lists = recorded.lists().iter();
    let response = lists.find(|list| list.stream == data.stream && list.part == Part::Response)?;
    let is_read = recorded.trailers(data.stream)?.value("grpc-status") == Some(b"0");
    let faults = vec![
        fields(request.which, set("grpc-encoding", "gzip")),
        payload(data.which, OctetEdit::Replace(EMPTY_GZIP.to_vec())),
        fields(response.which, set("grpc-accept-encoding", "identity")),
    ];
    let what = format!(
        "gzip that is read and not listed, on stream {}",
        data.stream
    );
    let rule = "message/accepted-encoding";
    is_read.then(|| Mutant::new(rule, Culprit::Server, what, faults))
}

/// Frames that are none, behind the SETTINGS of each side.
fn malformed(recorded: &Recorded) -> Vec<Mutant> {
    let frames = [
        ("a PING of 7 octets", frame(PING, 0, Some(0), b"seven b")),
        ("a PING on a stream", frame(PING, 0, Some(1), b"12345678")),
        (
            "SETTINGS of 5 octets",
            frame(SETTINGS, 0, Some(0), b"12345"),
        ),
        ("SETTINGS on a stream", frame(SETTINGS, 0, Some(1), b"")),
        (
            "an ACK with settings",
            frame(SETTINGS, ACK, Some(0), b"\0\x03\0\0\0\x09"),
        ),
        (
            "a window of 2^31",
            frame(SETTINGS, 0, Some(0), b"\0\x04\x80\0\0\0"),
        ),
        (
            "frames of 1 octet",
            frame(SETTINGS, 0, Some(0), b"\0\x05\0\0\0\x01"),
        ),
        (
            "ENABLE_PUSH of 2",
            frame(SETTINGS, 0, Some(0), b"\0\x02\0\0\0\x02"),
        ),
        (
            "a WINDOW_UPDATE of 3 octets",
            frame(WINDOW_UPDATE, 0, Some(0), b"123"),
        ),
        (
            "a WINDOW_UPDATE by 0",
            frame(WINDOW_UPDATE, 0, Some(0), b"\0\0\0\0"),
        ),
        (
            "a GOAWAY of 7 octets",
            frame(GOAWAY, 0, Some(0), b"1234567"),
        ),
        (
            "a GOAWAY on a stream",
            frame(GOAWAY, 0, Some(1), b"\0\0\0\0\0\0\0\0"),
        ),
        (
            "RST_STREAM on the connection",
            frame(RST_STREAM, 0, Some(0), b"\0\0\0\x08"),
        ),
        ("DATA on the connection", frame(DATA, 0, Some(0), b"")),
        (
            "HEADERS on the connection",
            headers(0, Some(0), &[("a", "b")]),
        ),
        (
            "CONTINUATION by itself",
            frame(9, END_HEADERS, Some(1), b""),
        ),
        (
            "padding that is too long",
            frame(HEADERS, PADDED | END_HEADERS, Some(99), b"\x05\0"),
        ),
        (
            "an index of 0",
            frame(HEADERS, END_HEADERS, Some(99), b"\x80"),
        ),
        (
            "an index beyond the table",
            frame(HEADERS, END_HEADERS, Some(99), b"\xff\x7f"),
        ),
    ];
    let sides = [CLIENT, SERVER].into_iter();
    let mutants = sides.flat_map(|side| {
        frames.iter().map(move |(what, inserted)| {
            let settings = FrameMatch::nth(side, SETTINGS, 1);
            let faults = vec![behind(settings, inserted.clone())];
            Mutant::new("http2/well-formed", Culprit::sender(side), *what, faults)
        })
    });
    let first = |side| edit(FrameMatch::nth(side, SETTINGS, 1), Edit::Drop);
    let without = [CLIENT, SERVER].map(|side| {
        let what = "no SETTINGS first";
        Mutant::new(
            "http2/well-formed",
            Culprit::sender(side),
            what,
            vec![first(side)],
        )
    });
    let pushed = frame(PUSH_PROMISE, END_HEADERS, Some(1), b"\0\0\0\x02");
    let pushed = Mutant::new(
        "http2/well-formed",
        Culprit::Client,
        "a promise of a client",
        vec![behind(FrameMatch::nth(CLIENT, SETTINGS, 1), pushed)],
    );
    let chopped = recorded
        .lists()
        .iter()
        .filter(|list| list.part != Part::Trailers);
    let chopped = chopped.map(|list| {
        let which = headers_of(list.which.direction, list.stream);
        let cut = edit(
            FrameMatch {
                nth: Some(1),
                ..which
            },
            Edit::Flags {
                set: 0,
                clear: END_HEADERS,
            },
        );
        let what = format!("a block without an end on stream {}", list.stream);
        Mutant::new("http2/well-formed", list.culprit(), what, vec![cut])
    });
    let chopped: Vec<_> = chopped.collect();
    mutants
        .chain(without)
        .chain([pushed])
        .chain(chopped)
        .collect()
}

/// The last DATA of each request, and whether END_STREAM stands on it.
pub fn last_of_requests(recorded: &Recorded) -> impl Iterator<Item = &Data> {
    let data = recorded.data().iter();
    data.filter(|data| data.which.direction == CLIENT && data.is_last && data.ends)
}

/// Those of each response.
pub fn last_of_responses(recorded: &Recorded) -> impl Iterator<Item = &Data> {
    let data = recorded.data().iter();
    data.filter(|data| data.which.direction == SERVER && data.is_last)
}

/// END_STREAM is taken away, or set.
pub fn end(which: FrameMatch, ends: bool) -> Fault {
    let (set, clear) = if ends {
        (END_STREAM, 0)
    } else {
        (0, END_STREAM)
    };
    edit(which, Edit::Flags { set, clear })
}
