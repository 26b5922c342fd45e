//! What a case expects, understood.

use prost_reflect::MessageDescriptor;
use serde_json::Value;

use super::case::Case;
use super::expect::{Expect, ExpectCall, ExpectHandled, Match, Matcher};
use super::message::encoded;
use super::part::Part;
use super::resolve::action::frame_plan;
use super::resolve::fault::{Fault, Resolved, each};
use super::resolve::step::metadata;
use super::resolve::text::{hex, index_of, status_code};
use super::schema::Schema;
use super::source::did_you_mean;
use super::types::*;
use crate::wire::capture::Direction;
use crate::wire::names::status_name;

pub(super) fn resolve_expect(
    case: &Case,
    calls: &[CallPlan],
    schema: &Schema,
) -> Resolved<ExpectPlan> {
    let expect = &case.expect;
    let names: Vec<_> = calls.iter().map(|call| call.id.as_str()).collect();
    for id in expect.calls.keys() {
        index_of(Some(id), &names, "call")
            .map_err(|fault| fault.under(id.as_str()).under("calls"))?;
    }
    let (present, absent) = frames(expect)?;
    Ok(ExpectPlan {
        calls: calls
            .iter()
            .enumerate()
            .map(|(index, call)| call_of(expect, index, call))
            .collect::<Resolved<_>>()?,
        handled: handled(expect, schema)?,
        wire: wire(expect, calls)?,
        present,
        absent,
        survives: survives(expect, &names)?,
    })
}

/// What is expected of one call: what stands under its id, or for the first
/// call what stands directly under `expect`; `OK` where nothing is said.
fn call_of(expect: &Expect, index: usize, call: &CallPlan) -> Resolved<CallExpect> {
    if let Some(named) = expect.calls.get(&call.id) {
        return call_expect(named, &call.types.response)
            .map_err(|fault| fault.under(call.id.as_str()).under("calls"));
    }
    let direct = ExpectCall {
        status: expect.status.clone(),
        message: expect.message.clone(),
        details: expect.details.clone(),
        leading: expect.leading.clone(),
        trailing: expect.trailing.clone(),
        receive: expect.receive.clone(),
        count: None,
    };
    call_expect(
        if index == 0 { &direct } else { &DEFAULT },
        &call.types.response,
    )
}

static DEFAULT: ExpectCall = ExpectCall {
    status: None,
    message: None,
    details: None,
    leading: Vec::new(),
    trailing: Vec::new(),
    receive: None,
    count: None,
};

fn call_expect(written: &ExpectCall, response: &MessageDescriptor) -> Resolved<CallExpect> {
    let status = optional_matcher(written.status.as_ref(), "status")?
        .unwrap_or(Matcher::Literal("OK".into()));
    check_status(&status).map_err(|fault| fault.under("status"))?;
    Ok(CallExpect {
        status,
        message: optional_matcher(written.message.as_ref(), "message")?,
        details: written
            .details
            .as_ref()
            .map(details)
            .transpose()
            .map_err(|fault| fault.under("details"))?,
        leading: metadata(&written.leading).map_err(|fault| fault.under("leading"))?,
        trailing: metadata(&written.trailing).map_err(|fault| fault.under("trailing"))?,
        receive: messages(written.receive.as_deref(), response)?,
        count: optional_matcher(written.count.as_ref(), "count")?,
    })
}

fn handled(expect: &Expect, schema: &Schema) -> Resolved<Vec<(String, HandledExpect)>> {
    let handled = expect.handled.iter().map(|(path, written)| {
        let request = schema.method(path).map(|method| method.request);
        let plan = handled_expect(written, request)
            .map_err(|fault| fault.under(path.as_str()).under("handled"))?;
        Ok((path.clone(), plan))
    });
    handled.collect()
}

fn handled_expect(
    written: &ExpectHandled,
    request: Option<MessageDescriptor>,
) -> Resolved<HandledExpect> {
    let receive = match (&written.receive, &request) {
        (Some(values), Some(request)) => messages(Some(values), request)?,
        (Some(_), None) => {
            return Err(Fault::new(
                "no schema has this method, so its messages cannot be read",
            ));
        }
        (None, _) => None,
    };
    Ok(HandledExpect {
        times: optional_matcher(written.times.as_ref(), "times")?,
        receive,
        metadata: metadata(&written.metadata)?,
        request_end: optional_matcher(written.request_end.as_ref(), "request_end")?,
        call_end: optional_matcher(written.call_end.as_ref(), "call_end")?,
        request,
    })
}

fn messages(
    written: Option<&[Value]>,
    kind: &MessageDescriptor,
) -> Resolved<Option<Vec<MessageExpect>>> {
    written
        .map(|values| each(values, "receive", |value| message(value, kind)))
        .transpose()
}

/// `{size: N}` is a matcher unless the type has a field of that name.
fn message(value: &Value, kind: &MessageDescriptor) -> Resolved<MessageExpect> {
    if kind.get_field_by_name("size").is_none()
        && let Matcher::Size(size) = Matcher::parse(value).map_err(Fault::new)?
    {
        return Ok(MessageExpect::Size(size));
    }
    if let Some(part) = Part::parse(value, kind).map_err(Fault::new)? {
        return Ok(MessageExpect::Has(part));
    }
    let bytes = encoded(kind, value)?;
    Ok(MessageExpect::Is {
        bytes,
        json: value.clone(),
    })
}

fn wire(expect: &Expect, calls: &[CallPlan]) -> Resolved<Vec<WireExpect>> {
    let mut expected = Vec::new();
    for (key, value) in &expect.wire {
        let (call, rest) = wire_call(key, calls);
        let targets = wire_targets(rest, value, &calls[call].types)
            .map_err(|fault| fault.under(key.as_str()).under("wire"))?;
        expected.extend(targets.into_iter().map(|target| WireExpect {
            key: key.clone(),
            call,
            target,
        }));
    }
    Ok(expected)
}

/// The call that a key is about: the one whose id it begins with, or the first.
fn wire_call<'a>(key: &'a str, calls: &[CallPlan]) -> (usize, &'a str) {
    let named = calls.iter().enumerate().find_map(|(index, call)| {
        let rest = key.strip_prefix(call.id.as_str())?.strip_prefix('.')?;
        Some((index, rest))
    });
    named.unwrap_or((0, key))
}

fn wire_targets(key: &str, value: &Value, types: &Types) -> Resolved<Vec<WireTarget>> {
    let parts: Vec<&str> = key.splitn(3, '.').collect();
    let matcher = || Matcher::parse(value).map_err(Fault::new);
    match parts.as_slice() {
        ["connections"] => Ok(vec![WireTarget::Connections(matcher()?)]),
        ["request", "path"] => Ok(vec![WireTarget::RequestHeader(":path".into(), matcher()?)]),
        ["request", "headers", name] => {
            Ok(vec![WireTarget::RequestHeader((*name).into(), matcher()?)])
        }
        ["response", "headers", name] => {
            Ok(vec![WireTarget::ResponseHeader((*name).into(), matcher()?)])
        }
        ["response", "trailers", name] => Ok(vec![WireTarget::ResponseTrailer(
            (*name).into(),
            matcher()?,
        )]),
        [side @ ("request" | "response"), "message", index] => {
            let index = index
                .parse()
                .map_err(|_| Fault::new(format!("`{index}` is not the index of a message")))?;
            let (direction, kind) = match *side {
                "request" => (Direction::ClientToServer, &types.request),
                _ => (Direction::ServerToClient, &types.response),
            };
            let expected = wire_messages(value, kind)?.into_iter();
            Ok(expected
                .map(|expected| WireTarget::Message(direction, index, expected))
                .collect())
        }
        _ => {
            const KNOWN: [&str; 7] = [
                "connections",
                "request.path",
                "request.headers.NAME",
                "request.message.0",
                "response.headers.NAME",
                "response.message.0",
                "response.trailers.NAME",
            ];
            let hint = did_you_mean(key, KNOWN).or_else(|| {
                let keys = KNOWN.join(", ");
                Some(format!(
                    "the keys are {keys}, with `CALL.` before them for another call"
                ))
            });
            Err(Fault::new(format!("unknown key `{key}`")).hint(hint))
        }
    }
}

fn wire_messages(value: &Value, kind: &MessageDescriptor) -> Resolved<Vec<WireMessage>> {
    match value.as_object() {
        Some(entries) if !entries.is_empty() => entries
            .iter()
            .map(|(key, value)| wire_message(key, value, kind))
            .collect(),
        _ => Err(unknown_message()),
    }
}

fn wire_message(key: &str, value: &Value, kind: &MessageDescriptor) -> Resolved<WireMessage> {
    match (key, value) {
        ("hex", Value::String(text)) => Ok(WireMessage::Hex(hex(text)?)),
        ("canonical", Value::String(text)) => Ok(WireMessage::Canonical(hex(text)?, kind.clone())),
        ("canonical", json) => Ok(WireMessage::Canonical(encoded(kind, json)?, kind.clone())),
        ("size", size) if size.is_u64() => Ok(WireMessage::Size(size.as_u64().unwrap_or_default())),
        ("decompressed", size) if size.is_u64() => {
            Ok(WireMessage::Decompressed(size.as_u64().unwrap_or_default()))
        }
        ("flag", flag) if flag.as_u64().is_some_and(|flag| flag <= 255) => {
            Ok(WireMessage::Flag(flag.as_u64().unwrap_or_default() as u8))
        }
        _ => Err(unknown_message()),
    }
}

fn unknown_message() -> Fault {
    Fault::new(
        "a message on the wire is `{ hex: .. }`, `{ canonical: .. }`, `{ size: N }`, \
         `{ decompressed: N }` or `{ flag: N }`",
    )
}

fn frames(expect: &Expect) -> Resolved<(Vec<FramePlan>, Vec<FramePlan>)> {
    let Some(frames) = &expect.frames else {
        return Ok((Vec::new(), Vec::new()));
    };
    let under = |fault: Fault| fault.under("frames");
    let present = each(&frames.present, "present", frame_plan).map_err(under)?;
    let absent = each(&frames.absent, "absent", frame_plan).map_err(under)?;
    Ok((present, absent))
}

fn survives(expect: &Expect, names: &[&str]) -> Resolved<Option<usize>> {
    let Some(id) = &expect.survives else {
        return Ok(None);
    };
    let index = index_of(Some(id), names, "call").map_err(|fault| fault.under("survives"))?;
    match index {
        0 => Err(Fault::new("the first call has none before it to survive").under("survives")),
        index => Ok(Some(index)),
    }
}

fn optional_matcher(written: Option<&Match>, key: &str) -> Resolved<Option<Matcher>> {
    written
        .map(|written| Matcher::parse(&written.0).map_err(|what| Fault::new(what).under(key)))
        .transpose()
}

/// A misspelt status would never match and so look like a peer's fault.
fn check_status(matcher: &Matcher) -> Resolved<()> {
    let check = |value: &Value| match value.as_str() {
        // A code that is not defined may be handed on as its number.
        Some(text)
            if text
                .parse::<u32>()
                .is_ok_and(|code| status_name(code).is_none()) =>
        {
            Ok(())
        }
        Some(name) => status_code(name).map(|_| ()),
        None => Err(Fault::new(
            "a status is given by its name, such as `NOT_FOUND`",
        )),
    };
    match matcher {
        Matcher::Literal(value) => check(value),
        Matcher::AnyOf(values) => values.iter().try_for_each(check),
        _ => Ok(()),
    }
}

fn details(written: &Match) -> Resolved<Vec<u8>> {
    match &written.0 {
        Value::String(text) => hex(text),
        _ => Err(Fault::new("details are given in hex")),
    }
}
