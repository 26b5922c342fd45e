//! What stands on the wire.

use std::borrow::Cow;

use serde_json::Value;

use super::blame::{self, CallStream};
use super::{broken, with_texts};
use crate::judge::check::{Check, State};
use crate::judge::finding::{Culprit, Evidence, Level};
use crate::judge::observed::Observation;
use crate::plan::expect::Matcher;
use crate::plan::types::{CasePlan, FramePlan, WireExpect, WireMessage, WireTarget};
use crate::wire::canonical::canonical;
use crate::wire::capture::Direction;
use crate::wire::coding;
use crate::wire::exchange::{Exchange, Half, HeaderList, Message};
use crate::wire::frame::{Body, END_STREAM, Frame, type_name};
use crate::wire::metadata::bin_text;
use crate::wire::names::error_name;

pub fn check(case: &CasePlan, seen: &Observation) -> Vec<Check> {
    let expect = &case.expect;
    let mut checks: Vec<Check> = expect
        .wire
        .iter()
        .map(|expect| one(case, expect, seen))
        .collect();
    // What never came is missed by each expectation of it, and said once.
    checks.dedup();
    checks.extend(
        expect
            .present
            .iter()
            .map(|frame| present(frame, beside(frame, seen))),
    );
    checks.extend(
        expect
            .absent
            .iter()
            .map(|frame| absent(frame, beside(frame, seen))),
    );
    checks.extend(
        expect
            .survives
            .map(|call| survives(case, &seen.exchange, call)),
    );
    checks
}

/// Where frames are looked for: beside the one who sends them.
fn beside<'a>(frame: &FramePlan, seen: &'a Observation) -> &'a Exchange {
    seen.beside_sender(frame.direction.unwrap_or(Direction::ClientToServer))
}

/// The path of a check.
pub(super) fn path(expect: &WireExpect) -> String {
    format!("wire.{}", expect.key)
}

pub(super) fn one(case: &CasePlan, expect: &WireExpect, seen: &Observation) -> Check {
    let path = path(expect);
    if let WireTarget::Connections(matcher) = &expect.target {
        return connections(path, matcher, &seen.exchange);
    }
    let direction = match &expect.target {
        WireTarget::Message(direction, ..) => *direction,
        WireTarget::RequestHeader(..) => Direction::ClientToServer,
        _ => Direction::ServerToClient,
    };
    let streams = blame::streams_of(case, seen.beside_sender(direction), expect.call);
    let Some(at) = streams.first() else {
        let sentence = "the call never came to the wire".to_owned();
        return Check::broken(
            path.clone(),
            broken("expect/wire", &path, Culprit::Client, sentence),
        );
    };
    if let Some(fault) = at
        .connection
        .faults
        .iter()
        .find(|fault| fault.fatal && fault.direction == direction)
    {
        return Check {
            path,
            state: State::Unreadable(fault.what.clone()),
        };
    }
    match &expect.target {
        WireTarget::Connections(_) => unreachable!("answered above"),
        WireTarget::RequestHeader(name, matcher) => header(
            path,
            name,
            matcher,
            at.stream.request.initial(),
            at,
            direction,
        ),
        WireTarget::ResponseHeader(name, matcher) => header(
            path,
            name,
            matcher,
            at.stream.response.initial(),
            at,
            direction,
        ),
        WireTarget::ResponseTrailer(name, matcher) => header(
            path,
            name,
            matcher,
            at.stream.response.trailers(),
            at,
            direction,
        ),
        WireTarget::Message(direction, index, expected) => {
            message(path, *direction, *index, expected, at)
        }
    }
}

fn connections(path: String, matcher: &Matcher, exchange: &Exchange) -> Check {
    let count = exchange.connections.len();
    if exchange.has_more_connections() {
        let why = format!("there are more connections than the {count} that were decoded");
        return Check {
            path,
            state: State::Unobservable(why),
        };
    }
    if matcher.accepts(Some(&Value::from(count))) {
        return Check::met(path);
    }
    let sentence = format!("the client made {count} connections, expected {matcher}");
    let finding = broken("expect/connections", &path, Culprit::Client, sentence);
    Check::broken(
        path,
        with_texts(finding, matcher.to_string(), count.to_string()),
    )
}

fn header(
    path: String,
    name: &str,
    matcher: &Matcher,
    list: Option<&HeaderList>,
    at: &CallStream<'_>,
    direction: Direction,
) -> Check {
    let field = list.and_then(|list| list.get(name));
    let text = field.map(|field| match name.ends_with("-bin") {
        true => bin_text(&field.value),
        false => field.value_text(),
    });
    let value = text.as_deref().map(Value::from);
    if matcher.accepts(value.as_ref()) {
        return Check::met(path);
    }
    let got = text.map_or("(absent)".into(), Cow::into_owned);
    let sentence = format!("`{name}` is {got} on the wire, expected {matcher}");
    let mut finding = broken("expect/wire", &path, Culprit::sender(direction), sentence);
    finding = with_texts(finding, matcher.to_string(), got);
    if let Some(list) = list {
        finding.place = at.place_of(list);
        finding.place.byte_range = field
            .map(|field| field.range.clone())
            .or(finding.place.byte_range);
    }
    Check::broken(path, finding)
}

fn message(
    path: String,
    direction: Direction,
    index: usize,
    expected: &WireMessage,
    at: &CallStream<'_>,
) -> Check {
    let side = match direction {
        Direction::ClientToServer => "request",
        Direction::ServerToClient => "response",
    };
    let culprit = Culprit::sender(direction);
    let Some(message) = at.stream.half(direction).messages.get(index) else {
        let sentence = format!("{side} message #{} never came", index + 1);
        return Check::broken(
            path.clone(),
            broken("expect/wire", &path, culprit, sentence),
        );
    };
    let half = at.stream.half(direction);
    let verdict = difference(expected, half, message);
    let sentence = match (expected, verdict) {
        (_, Verdict::Same) => return Check::met(path),
        (WireMessage::Canonical(..), Verdict::OtherBytes) => format!(
            "{side} message #{} has the expected meaning in other bytes",
            index + 1
        ),
        (WireMessage::Size(_) | WireMessage::Hex(_), _) if !message.complete => format!(
            "{side} message #{} ends before its {} bytes have come",
            index + 1,
            message.length
        ),
        (WireMessage::Size(size), _) => format!(
            "{side} message #{} has {} bytes, expected {size}",
            index + 1,
            message.length
        ),
        (WireMessage::Flag(flag), _) => format!(
            "the Compressed-Flag of {side} message #{} is {}, expected {flag}",
            index + 1,
            message.flag
        ),
        (WireMessage::Decompressed(size), _) => format!(
            "{side} message #{} is {} when decompressed, expected {size} bytes",
            index + 1,
            decompressed(half, message)
        ),
        (WireMessage::Hex(bytes), _) => describe_bytes(side, index, bytes, message),
        (WireMessage::Canonical(..), _) => format!(
            "{side} message #{} has another meaning than expected",
            index + 1
        ),
    };
    let lax = matches!(expected, WireMessage::Canonical(..)) && verdict == Verdict::OtherBytes;
    let mut finding = broken("expect/wire-bytes", &path, culprit, sentence);
    finding.place = at.place_of_message(direction, index, message);
    let (wanted, got) = evidence(expected, half, message);
    finding.expected = Some(wanted);
    finding.got = Some(got);
    if lax {
        finding.level = Level::Should;
        return Check {
            path,
            state: State::Lax(Box::new(finding)),
        };
    }
    Check::broken(path, finding)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Same,
    OtherBytes,
    Other,
}

fn difference(expected: &WireMessage, half: &Half, message: &Message) -> Verdict {
    let same = |same| if same { Verdict::Same } else { Verdict::Other };
    match expected {
        WireMessage::Hex(bytes) => {
            same(message.complete && message.head.as_ref() == bytes.as_slice())
        }
        WireMessage::Size(size) => same(message.complete && u64::from(message.length) == *size),
        WireMessage::Flag(flag) => same(message.flag == *flag),
        WireMessage::Decompressed(size) => {
            let content = coding::content(half, message);
            same(message.complete && content.is_ok_and(|content| content.length == *size))
        }
        WireMessage::Canonical(bytes, kind) => {
            if message.complete && message.head.as_ref() == bytes.as_slice() {
                return Verdict::Same;
            }
            match (
                canonical(bytes, Some(kind)),
                canonical(&message.head, Some(kind)),
            ) {
                (Ok(wanted), Ok(got)) if wanted == got && message.complete => Verdict::OtherBytes,
                _ => Verdict::Other,
            }
        }
    }
}

/// What a message is when it is decompressed, in words.
fn decompressed(half: &Half, message: &Message) -> String {
    match coding::content(half, message) {
        Ok(content) => format!("{} bytes", content.length),
        Err(error) => format!("unreadable ({error})"),
    }
}

/// The first byte that differs, in a sentence.
fn describe_bytes(side: &str, index: usize, expected: &[u8], message: &Message) -> String {
    let number = index + 1;
    let got = &message.head;
    let at = expected.iter().zip(got.iter()).position(|(a, b)| a != b);
    match at {
        Some(at) => {
            let (wanted, got) = (expected[at], got[at]);
            format!(
                "{side} message #{number} differs at byte {at}: {got:02x}, expected {wanted:02x}"
            )
        }
        None => format!(
            "{side} message #{number} has {} bytes, expected {}",
            message.length,
            expected.len()
        ),
    }
}

fn evidence(expected: &WireMessage, half: &Half, message: &Message) -> (Evidence, Evidence) {
    let got = || {
        let mut evidence = Evidence::bytes("message", &message.head);
        evidence.length = u64::from(message.length);
        evidence.sha256 = message.sha256;
        evidence
    };
    match expected {
        WireMessage::Hex(bytes) | WireMessage::Canonical(bytes, _) => {
            (Evidence::bytes("message", bytes), got())
        }
        WireMessage::Size(size) => (
            Evidence::text(format!("{size} bytes")),
            Evidence::text(format!("{} bytes", message.length)),
        ),
        WireMessage::Decompressed(size) => (
            Evidence::text(format!("{size} bytes")),
            Evidence::text(decompressed(half, message)),
        ),
        WireMessage::Flag(flag) => (
            Evidence::text(flag.to_string()),
            Evidence::text(message.flag.to_string()),
        ),
    }
}

pub(super) fn present_path(expected: &FramePlan) -> String {
    format!("frames.present.{}", describe(expected))
}

fn present(expected: &FramePlan, exchange: &Exchange) -> Check {
    let path = present_path(expected);
    if matching(expected, exchange)
        .nth(expected.nth as usize - 1)
        .is_some()
    {
        return Check::met(path);
    }
    let culprit = expected
        .direction
        .map_or(Culprit::Undetermined, Culprit::sender);
    let sentence = format!("no {} passed", describe(expected));
    Check::broken(
        path.clone(),
        broken("expect/frames", &path, culprit, sentence),
    )
}

pub(super) fn absent_path(expected: &FramePlan) -> String {
    format!("frames.absent.{}", describe(expected))
}

fn absent(expected: &FramePlan, exchange: &Exchange) -> Check {
    let path = absent_path(expected);
    let Some((connection, frame)) = matching(expected, exchange).next() else {
        return Check::met(path);
    };
    let sentence = format!("{} passed and should not have", describe(expected));
    let mut finding = broken(
        "expect/frames",
        &path,
        Culprit::sender(frame.direction),
        sentence,
    );
    finding.place.connection = Some(connection);
    finding.place.stream = Some(frame.stream);
    finding.place.direction = Some(frame.direction);
    finding.place.byte_range = Some(frame.range.clone());
    finding.place.at_ns = Some(frame.at_ns);
    Check::broken(path, finding)
}

fn matching<'a>(
    expected: &'a FramePlan,
    exchange: &'a Exchange,
) -> impl Iterator<Item = (u32, &'a Frame)> {
    let frames = exchange.connections.iter().flat_map(|connection| {
        connection
            .frames
            .iter()
            .map(move |frame| (connection.id, frame))
    });
    frames.filter(move |(_, frame)| matches(expected, frame))
}

fn matches(expected: &FramePlan, frame: &Frame) -> bool {
    let error = match &frame.body {
        Body::RstStream(code) => Some(code.0),
        Body::GoAway { error, .. } => Some(error.0),
        _ => None,
    };
    let ends =
        matches!(frame.body, Body::RstStream(_)) || (frame.kind <= 1 && frame.has(END_STREAM));
    expected
        .direction
        .is_none_or(|direction| direction == frame.direction)
        && expected.kind.is_none_or(|kind| kind == frame.kind)
        && expected.ends_stream.is_none_or(|wanted| wanted == ends)
        && expected.error.is_none_or(|wanted| error == Some(wanted))
}

fn describe(frame: &FramePlan) -> String {
    let kind = frame.kind.and_then(type_name).unwrap_or("frame");
    let error = frame
        .error
        .and_then(error_name)
        .map_or(String::new(), |name| format!("({name})"));
    let from = match frame.direction {
        Some(Direction::ClientToServer) => " of the client",
        Some(Direction::ServerToClient) => " of the server",
        None => "",
    };
    format!("{kind}{error}{from}")
}

pub(super) const SURVIVES: &str = "survives";

/// The call and the one before it must have used one connection, and the call
/// must have been answered.
fn survives(case: &CasePlan, exchange: &Exchange, call: usize) -> Check {
    let path = SURVIVES.to_owned();
    let streams = blame::streams_of(case, exchange, call);
    let before = blame::streams_of(case, exchange, call - 1);
    match (before.first(), streams.first()) {
        (Some(before), Some(at))
            if before.connection.id == at.connection.id && at.status() == Some(0) =>
        {
            Check::met(path)
        }
        // The one before was refused by its own library and never sent.
        (None, Some(at)) if at.status() == Some(0) => Check::met(path),
        (Some(before), Some(at)) if before.connection.id != at.connection.id => {
            let sentence =
                "the call needed a new connection: the one before it did not survive".to_owned();
            Check::broken(
                path.clone(),
                broken("expect/survives", &path, Culprit::Undetermined, sentence),
            )
        }
        _ => {
            let sentence = "the call after it was not answered on the same connection".to_owned();
            Check::broken(
                path.clone(),
                broken("expect/survives", &path, Culprit::Undetermined, sentence),
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::exchange::{CUT_CONNECTIONS, Cut};

    #[test]
    fn connections_are_counted_only_where_all_were_decoded() {
        let one = Matcher::Literal(Value::from(1));
        let of = |exchange: &Exchange| connections("wire.connections".into(), &one, exchange);
        let mut exchange = Exchange::default();
        assert!(matches!(of(&exchange).state, State::Broken(_)));
        exchange.cuts.push(Cut {
            what: CUT_CONNECTIONS.into(),
            limit: 64,
        });
        assert!(matches!(of(&exchange).state, State::Unobservable(_)));
    }
}
