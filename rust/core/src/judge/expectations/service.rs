//! What holds for every call of every service, whoever wrote it: the server
//! gives each call a status, and the client is told what stood on the wire.

use super::blame::{self, CallStream};
use super::{broken, calls, with_texts};
use crate::judge::answer::{self, COUNT, METADATA};
use crate::judge::check::{Check, State};
use crate::judge::finding::{Culprit, Finding};
use crate::judge::leaves::{Difference, differences};
use crate::judge::observed::{CallResult, CallSeen, Observation};
use crate::plan::types::{CallPlan, CasePlan, Payload, Piece, StepKind};
use crate::wire::canonical::canonical;
use crate::wire::names::{status_code, status_text};

pub fn check(case: &CasePlan, seen: &Observation) -> Vec<Check> {
    let calls = case.calls.iter().enumerate();
    calls
        .flat_map(|(index, call)| one(case, seen, index, call))
        .collect()
}

fn one(case: &CasePlan, seen: &Observation, index: usize, call: &CallPlan) -> Vec<Check> {
    let streams = blame::streams_of(case, &seen.exchange, index);
    let at = streams.first();
    let report = seen.calls.get(index).and_then(|reports| reports.first());
    match report {
        None | Some(CallSeen::Missing) => vec![calls::not_reported(call)],
        Some(CallSeen::NotMade) => vec![calls::not_made(call)],
        Some(CallSeen::Untold(why)) => vec![calls::untold(call, why)],
        Some(CallSeen::CouldNotTry(why)) => vec![calls::could_not_try(call, why)],
        Some(CallSeen::Unsupported(_)) => Vec::new(),
        Some(CallSeen::Result(result)) => {
            let mut checks = vec![status(call, result, at)];
            checks.extend(at.map(|at| sent(call, at)));
            checks.extend(at.map(|at| told(call, result, at)));
            checks
        }
    }
}

fn path(call: &CallPlan, key: &str) -> String {
    format!("calls.{}.{key}", call.id)
}

/// The server gave a status, and the client reports that one.
fn status(call: &CallPlan, result: &CallResult, at: Option<&CallStream<'_>>) -> Check {
    let path = path(call, "status");
    let reported = status_text(result.status);
    let sent = at.and_then(CallStream::status);
    let (code, culprit, sentence) = match sent {
        Some(sent) if Some(sent) == status_code("UNIMPLEMENTED") => (
            "service/unimplemented",
            Culprit::Server,
            format!("the server does not implement {}", call.path),
        ),
        Some(sent) if sent == result.status => return Check::met(path),
        Some(sent) => (
            "service/status",
            Culprit::Client,
            format!(
                "the server sent {}, the client reports {reported}",
                status_text(sent)
            ),
        ),
        None => no_status(call, result, at),
    };
    let expected = match sent {
        Some(sent) if code == "service/status" => status_text(sent),
        _ => "a status of the method".into(),
    };
    let got = format!("{reported} {:?}", result.message);
    let mut finding = with_texts(broken(code, &path, culprit, sentence), expected, got);
    if let Some(at) = at
        && let Some(list) = at.stream.response.trailers()
    {
        finding.place = at.place_of(list);
    }
    Check::broken(path, finding)
}

fn no_status(
    call: &CallPlan,
    result: &CallResult,
    at: Option<&CallStream<'_>>,
) -> (&'static str, Culprit, String) {
    let reported = status_text(result.status);
    if at.is_none() {
        let sentence = format!("the call never came to the wire; the client reports {reported}");
        return ("service/no-call", Culprit::Client, sentence);
    }
    let is_late = Some(result.status) == status_code("DEADLINE_EXCEEDED");
    match call.timeout.filter(|_| is_late) {
        Some(limit) => {
            let sentence = format!(
                "the server gave {} no status within {} s",
                call.path,
                limit.as_secs_f32()
            );
            ("service/no-end", Culprit::Server, sentence)
        }
        None => {
            let sentence = format!(
                "the server sent no status for {}; the client made {reported} of it",
                call.path
            );
            (
                "service/no-status",
                blame::of_status(at, result.status),
                sentence,
            )
        }
    }
}

/// The client put on the wire what it was given. A request that the server cut
/// short by its answer need not have been sent in full.
fn sent(call: &CallPlan, at: &CallStream<'_>) -> Check {
    let path = path(call, "send");
    let given: Vec<Vec<u8>> = call
        .send
        .iter()
        .filter_map(|step| given(&step.kind))
        .collect();
    for (index, (given, sent)) in given.iter().zip(&at.stream.request.messages).enumerate() {
        let is_readable =
            sent.flag == 0 && sent.complete && sent.head.len() == sent.length as usize;
        if !is_readable {
            continue;
        }
        let kind = Some(&call.types.request);
        if canonical(&sent.head, kind).ok() != canonical(given, kind).ok() {
            let sentence = format!(
                "the client sent another message #{} than it was given",
                index + 1
            );
            let mut finding = broken("service/request", &path, Culprit::Client, sentence);
            finding.place =
                at.place_of_message(crate::wire::capture::Direction::ClientToServer, index, sent);
            finding = with_texts(
                finding,
                shown(call, given, true),
                shown(call, &sent.head, true),
            );
            return Check::broken(path, finding);
        }
    }
    Check::met(path)
}

fn given(kind: &StepKind) -> Option<Vec<u8>> {
    let StepKind::Message(Payload { pieces }) = kind else {
        return None;
    };
    let mut bytes = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Bytes(part) => bytes.extend_from_slice(part),
            Piece::Fill { .. } => return None,
        }
    }
    Some(bytes)
}

fn shown(call: &CallPlan, bytes: &[u8], is_request: bool) -> String {
    let kind = match is_request {
        true => &call.types.request,
        false => &call.types.response,
    };
    match crate::plan::schema::decode(kind, bytes) {
        Ok(json) => json.to_string(),
        Err(why) => format!("{} bytes ({why})", bytes.len()),
    }
}

/// The client reports the messages and the metadata that stood on the wire.
fn told(call: &CallPlan, result: &CallResult, at: &CallStream<'_>) -> Check {
    let path = path(call, "receive");
    let kind = &call.types.response;
    let Some(wire) = answer::on_the_wire(at.stream, kind) else {
        let why = "the answer is compressed, cut or has no status";
        return Check {
            path,
            state: State::Unreadable(why.into()),
        };
    };
    let reported = answer::reported(result, kind);
    let lost = differences(&wire, &reported)
        .into_iter()
        .find(is_the_clients);
    match lost {
        None => Check::met(path),
        Some(lost) => {
            let finding = misread(&path, lost);
            Check::broken(path, finding)
        }
    }
}

/// The status has a check of its own, and its message may be made up where it
/// is empty.
fn is_the_clients(difference: &Difference) -> bool {
    difference.path.starts_with(COUNT) || difference.path.starts_with(METADATA)
}

fn misread(path: &str, lost: Difference) -> Finding {
    let absent = || "(absent)".to_owned();
    let (sent, told) = (
        lost.left.unwrap_or_else(absent),
        lost.right.unwrap_or_else(absent),
    );
    let sentence = format!(
        "`{}` stood on the wire otherwise than the client reports it",
        lost.path
    );
    with_texts(
        broken("service/reply", path, Culprit::Client, sentence),
        sent,
        told,
    )
}
