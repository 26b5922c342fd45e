//! Exchanges in which something comes that should not, or does not come.

use wirecheck_core::judge::finding::Culprit;
use wirecheck_core::wire::frame::{ACK, Body, DATA, END_STREAM, HEADERS, PING, SETTINGS};
use wirecheck_core::wire::relay::{Edit, Fault, FrameAct, FrameMatch, Line, OctetEdit};

use super::changes::{Mutant, behind, edit, frame, headers, payload};
use super::frames::{end, last_of_requests, last_of_responses};
use super::places::{CLIENT, Part, Recorded, SERVER, headers_of};

/// A request that stays open.
const REQUEST: &[(&str, &str)] = &[
    (":method", "POST"),
    (":scheme", "http"),
    (":path", "/Greeter/SayHello"),
    (":authority", "127.0.0.1"),
    ("te", "trailers"),
    ("content-type", "application/grpc"),
    ("user-agent", "grpc-mutant/1"),
];

pub fn of(rule: &'static str, recorded: &Recorded) -> Vec<Mutant> {
    match rule {
        "request/no-trailers" => trailers_of_clients(recorded),
        "request/ends-with-data" => requests_without_data(recorded),
        "response/one-header-block" => second_headers(recorded),
        "response/ends-with-trailers" => no_trailers(recorded),
        "http2/stream-ids" => stream_ids(recorded),
        "http2/stream-state" => late_frames(recorded),
        "http2/concurrent-streams" => concurrent(recorded),
        "http2/ping-answered" => pings(recorded),
        "http2/goaway-before-close" => silent_end(recorded),
        "http2/early-response-resets" => early(recorded),
        _ => Vec::new(),
    }
}

fn trailers_of_clients(recorded: &Recorded) -> Vec<Mutant> {
    let last = last_of_requests(recorded);
    last.map(|data| {
        let trailers = headers(END_STREAM, None, &[("x-m", "1")]);
        let faults = vec![end(data.which, false), behind(data.which, trailers)];
        let what = format!("trailers of the client on stream {}", data.stream);
        Mutant::new("request/no-trailers", Culprit::Client, what, faults)
    })
    .collect()
}

fn requests_without_data(recorded: &Recorded) -> Vec<Mutant> {
    let requests = recorded
        .lists()
        .iter()
        .filter(|list| list.part == Part::Request);
    requests
        .map(|list| {
            let data = FrameMatch {
                stream: Some(list.stream),
                ..FrameMatch::each(CLIENT, Some(DATA))
            };
            let faults = vec![end(list.which, true), edit(data, Edit::Drop)];
            let what = format!("no DATA on stream {}", list.stream);
            Mutant::new("request/ends-with-data", Culprit::Client, what, faults)
        })
        .collect()
}

fn second_headers(recorded: &Recorded) -> Vec<Mutant> {
    let responses = recorded
        .lists()
        .iter()
        .filter(|list| list.part == Part::Response);
    responses
        .map(|list| {
            let faults = vec![behind(list.which, headers(0, None, &[("x-m", "1")]))];
            let what = format!("a second header list on stream {}", list.stream);
            Mutant::new("response/one-header-block", Culprit::Server, what, faults)
        })
        .collect()
}

fn no_trailers(recorded: &Recorded) -> Vec<Mutant> {
    let last = last_of_responses(recorded);
    last.filter_map(|data| {
        let trailers = recorded.trailers(data.stream)?;
        let faults = vec![end(data.which, true), edit(trailers.which, Edit::Drop)];
        let what = format!("no trailers on stream {}", data.stream);
        Some(Mutant::new(
            "response/ends-with-trailers",
            Culprit::Server,
            what,
            faults,
        ))
    })
    .collect()
}

fn stream_ids(recorded: &Recorded) -> Vec<Mutant> {
    let streams = &recorded.connection().streams;
    let highest = streams.last().map_or(1, |stream| stream.id);
    let last = FrameMatch {
        nth: Some(1),
        ..headers_of(CLIENT, highest)
    };
    let request = |stream| behind(last, headers(0, Some(stream), REQUEST));
    let mutant =
        |what: &str, faults| Mutant::new("http2/stream-ids", Culprit::Client, what, faults);
    vec![
        mutant("a request on an even stream", vec![request(highest + 1)]),
        // What is put behind a frame first comes first.
        mutant(
            "a request on a lower stream",
            vec![request(highest + 4), request(highest + 2)],
        ),
    ]
}

fn late_frames(recorded: &Recorded) -> Vec<Mutant> {
    let mut mutants = Vec::new();
    for data in last_of_requests(recorded) {
        let late = [
            frame(DATA, 0, None, b""),
            headers(END_STREAM, None, &[("x-m", "1")]),
        ];
        mutants.extend(late.map(|late| {
            let what = format!("a frame behind the end of the request on {}", data.stream);
            let faults = vec![behind(data.which, late)];
            Mutant::new("http2/stream-state", Culprit::Client, what, faults)
        }));
    }
    let ends = recorded.lists().iter();
    for list in ends.filter(|list| matches!(list.part, Part::Trailers | Part::TrailersOnly)) {
        let what = format!("DATA behind the trailers of stream {}", list.stream);
        let faults = vec![behind(list.which, frame(DATA, 0, None, b""))];
        mutants.push(Mutant::new(
            "http2/stream-state",
            Culprit::Server,
            what,
            faults,
        ));
    }
    let idle = behind(
        FrameMatch::nth(SERVER, SETTINGS, 1),
        frame(DATA, 0, Some(999), b""),
    );
    let what = "DATA on a stream that nobody opened";
    mutants.push(Mutant::new(
        "http2/stream-state",
        Culprit::Server,
        what,
        vec![idle],
    ));
    mutants
}

/// The server allows fewer streams than the client then has open.
fn concurrent(recorded: &Recorded) -> Vec<Mutant> {
    let most = most_open(recorded);
    let limits = (0..most).map(|limit| {
        let settings = FrameMatch::nth(SERVER, SETTINGS, 1);
        let limit = Edit::Setting {
            id: 3,
            value: limit,
        };
        let what = format!("{limit:?} where {most} are open");
        let faults = vec![edit(settings, limit)];
        Mutant::new("http2/concurrent-streams", Culprit::Client, what, faults)
    });
    limits.collect()
}

/// The most streams that are open at one time after the client has
/// acknowledged the server's SETTINGS.
fn most_open(recorded: &Recorded) -> u32 {
    let mut open = std::collections::BTreeMap::new();
    let (mut most, mut acknowledged) = (0, false);
    for frame in &recorded.connection().frames {
        acknowledged |= frame.direction == CLIENT && frame.kind == SETTINGS && frame.has(ACK);
        let is_new = frame.kind == HEADERS && frame.direction == CLIENT;
        if is_new {
            open.insert(frame.stream, 2);
        }
        if is_new && acknowledged {
            most = most.max(open.len() as u32);
        }
        if matches!(frame.kind, DATA | HEADERS)
            && frame.has(END_STREAM)
            && let Some(sides) = open.get_mut(&frame.stream)
        {
            *sides -= 1;
        }
        if matches!(frame.body, Body::RstStream(_)) {
            open.remove(&frame.stream);
        }
        open.retain(|_, sides| *sides > 0);
    }
    most
}

fn pings(recorded: &Recorded) -> Vec<Mutant> {
    let frames = recorded.connection().frames.iter().enumerate();
    let answers = frames.filter(|(_, frame)| frame.kind == PING && frame.has(ACK));
    answers
        .map(|(index, answer)| {
            let which = recorded.which(index);
            let what = format!("another answer than the PING, {which:?}");
            let faults = vec![payload(which, OctetEdit::Flip(3, 0x10))];
            Mutant::new(
                "http2/ping-answered",
                Culprit::sender(answer.direction),
                what,
                faults,
            )
        })
        .collect()
}

/// A side ends behind its last frame, before the other one does.
fn silent_end(recorded: &Recorded) -> Vec<Mutant> {
    let sides = [CLIENT, SERVER].into_iter();
    sides
        .filter_map(|side| {
            let mut frames = recorded.connection().frames.iter().enumerate();
            let (index, _) = frames.rfind(|(_, frame)| frame.direction == side)?;
            let which = recorded.which(index);
            let (after, line) = (true, Line::HalfClose);
            let act = FrameAct::Line { after, line };
            let mutant = Mutant::new(
                "http2/goaway-before-close",
                Culprit::sender(side),
                format!("{side:?} ends without GOAWAY"),
                vec![Fault::Frame { which, act }],
            );
            let already = recorded.breaks(mutant.rule, mutant.culprit);
            Some(mutant.equivalent_if(already, "it ends without GOAWAY as it is"))
        })
        .collect()
}

fn early(recorded: &Recorded) -> Vec<Mutant> {
    let last = last_of_requests(recorded);
    let whole = last.filter(|data| recorded.ends_in_order(data.stream));
    whole
        .map(|data| {
            let what = format!("the request of stream {} does not end", data.stream);
            let faults = vec![end(data.which, false)];
            Mutant::new("http2/early-response-resets", Culprit::Server, what, faults)
        })
        .collect()
}
