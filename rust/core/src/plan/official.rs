//! A case as it is played where one side, or both, are official interop
//! programs: they do not wait for Wirecheck, and report nothing but an exit code.

use std::time::Duration;

use super::types::{ActionPlan, CallPlan, CasePlan, EventPlan, FramePlan, PeerKind, WireTarget};
use super::variant::Variant;
use crate::wire::capture::Direction;

/// How long a case may take with a client that is a process of its own: one in
/// Java was seen to take three seconds to start on a loaded machine.
const PROCESS_LIMIT: Duration = Duration::from_secs(60);
/// The type octet of HEADERS (RFC 9113, section 6.2).
const HEADERS: u8 = 0x01;

/// The case as this pair plays it: itself, unless a side is an official program.
#[must_use]
pub fn played(case: &CasePlan, client: PeerKind, server: PeerKind, variant: Variant) -> CasePlan {
    let mut case = case.clone();
    if client == PeerKind::Official {
        as_official_client(&mut case);
    }
    if server == PeerKind::Official {
        as_official_server(&mut case, variant);
    }
    case
}

/// The client makes only the calls that the official case has, by itself.
fn as_official_client(case: &mut CasePlan) {
    let Some(official) = case.official.clone() else {
        return;
    };
    let calls = official.calls;
    let left: Vec<String> = case.calls.drain(calls..).map(|call| call.path).collect();
    case.streams_besides = official.besides;
    case.actions.clear();
    case.limit = case.limit.max(PROCESS_LIMIT);
    let expect = &mut case.expect;
    expect.calls.truncate(calls);
    expect.survives = expect.survives.filter(|call| *call < calls);
    let is_made =
        |target: &WireTarget, call| matches!(target, WireTarget::Connections(_)) || call < calls;
    expect.wire.retain(|wire| is_made(&wire.target, wire.call));
    let of_path = |path: &String| {
        let path = path.clone();
        case.calls.iter().filter(move |call| call.path == path)
    };
    let is_only_left = |path: &String| left.contains(path) && of_path(path).next().is_none();
    // Whether a call that its client gives up has come to a handler before is a
    // race that nobody holds back here.
    let is_uncertain =
        |path: &String| official.besides > 0 || of_path(path).any(CallPlan::is_given_up);
    expect
        .handled
        .retain(|(path, _)| !is_uncertain(path) && !is_only_left(path));
    if case.calls.iter().any(CallPlan::need_not_be_sent) {
        expect.present.clear();
    }
}

/// What the server does is known only from frames: that a handler was entered
/// from the request, that it has ended from the end of the call. Where frames
/// cannot be read, nobody waits for them.
fn as_official_server(case: &mut CasePlan, variant: Variant) {
    if variant.is_encrypted() {
        let waits = |action: &ActionPlan| matches!(action, ActionPlan::Wait(EventPlan::Began(_)));
        case.actions.retain(|action| !waits(action));
    }
    for action in &mut case.actions {
        if let ActionPlan::Wait(event) = action {
            seen_by_the_tap(event, 0);
        }
    }
    for (index, call) in case.calls.iter_mut().enumerate() {
        if let Some(event) = &mut call.start_after {
            seen_by_the_tap(event, index.saturating_sub(1));
        }
    }
}

fn seen_by_the_tap(event: &mut EventPlan, call_before: usize) {
    match event {
        EventPlan::Began(nth) => {
            *event = EventPlan::Frame(FramePlan {
                direction: Some(Direction::ClientToServer),
                kind: Some(HEADERS),
                ends_stream: None,
                nth: *nth,
                error: None,
            });
        }
        EventPlan::Handled(_) => *event = EventPlan::CallEnded(call_before),
        EventPlan::CallEnded(_)
        | EventPlan::Reached(_)
        | EventPlan::Frame(_)
        | EventPlan::ProgramEnded
        | EventPlan::DialogueEnded => {}
    }
}

#[cfg(test)]
mod tests;
