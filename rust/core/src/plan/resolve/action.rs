//! What the harness itself does in a case, and the events that it waits for.

use super::super::case;
use super::super::source::did_you_mean;
use super::super::types::*;
use super::fault::{Fault, Resolved};
use super::text::{exactly_one, index_of};
use crate::wire::capture::Direction;
use crate::wire::{frame, names};

pub(super) fn action_plan(action: &case::Action, calls: &[CallPlan]) -> Resolved<ActionPlan> {
    let mut kinds = Vec::new();
    if let Some(event) = &action.wait {
        kinds.push(ActionPlan::Wait(
            event_plan(event, calls).map_err(|fault| fault.under("wait"))?,
        ));
    }
    if let Some(name) = &action.release {
        kinds.push(ActionPlan::Release(name.clone()));
    }
    if let Some(tap) = &action.tap {
        kinds.push(tap_plan(tap).map_err(|fault| fault.under("tap"))?);
    }
    exactly_one(kinds, "an action")
}

fn tap_plan(tap: &case::TapAction) -> Resolved<ActionPlan> {
    match (&tap.hold, tap.pass) {
        (Some(hold), None) => {
            let frame = frame_plan(hold).map_err(|fault| fault.under("hold"))?;
            let direction = frame
                .direction
                .ok_or_else(|| Fault::new("`hold` needs `from`: whose bytes?").under("hold"))?;
            Ok(ActionPlan::Hold(direction, frame))
        }
        (None, Some(party)) => Ok(ActionPlan::Pass(direction(party))),
        _ => Err(Fault::new("`tap` takes either `hold` or `let`")),
    }
}

pub(super) fn event_plan(event: &case::Event, calls: &[CallPlan]) -> Resolved<EventPlan> {
    let mut kinds = Vec::new();
    kinds.extend(event.began.map(EventPlan::Began));
    kinds.extend(event.handled.map(EventPlan::Handled));
    kinds.extend(event.reached.clone().map(EventPlan::Reached));
    if let Some(id) = &event.call_ended {
        let names: Vec<_> = calls.iter().map(|call| call.id.as_str()).collect();
        kinds.push(EventPlan::CallEnded(
            index_of(Some(id), &names, "call").map_err(|fault| fault.under("call_ended"))?,
        ));
    }
    if let Some(frame) = &event.frame {
        kinds.push(EventPlan::Frame(
            frame_plan(frame).map_err(|fault| fault.under("frame"))?,
        ));
    }
    exactly_one(kinds, "an event")
}

pub(in crate::plan) fn frame_plan(written: &case::FrameMatch) -> Resolved<FramePlan> {
    let kind = written
        .kind
        .as_deref()
        .map(frame_kind)
        .transpose()
        .map_err(|fault| fault.under("type"))?;
    let error = written
        .error
        .as_deref()
        .map(error_code)
        .transpose()
        .map_err(|fault| fault.under("error"))?;
    Ok(FramePlan {
        direction: written.from.map(direction),
        kind,
        ends_stream: written.ends_stream,
        nth: written.nth.unwrap_or(1).max(1),
        error,
    })
}

fn frame_kind(name: &str) -> Resolved<u8> {
    let names: Vec<_> = (0..=9).filter_map(frame::type_name).collect();
    let kind = names.iter().position(|known| *known == name);
    kind.map(|kind| kind as u8).ok_or_else(|| {
        Fault::new(format!("unknown frame type `{name}`"))
            .hint(did_you_mean(name, names.iter().copied()))
    })
}

fn error_code(name: &str) -> Resolved<u32> {
    let known = names::error_names();
    let code = known.iter().position(|known| *known == name);
    code.map(|code| code as u32).ok_or_else(|| {
        Fault::new(format!("unknown error code `{name}`"))
            .hint(did_you_mean(name, known.iter().copied()))
    })
}

fn direction(party: case::Party) -> Direction {
    match party {
        case::Party::Client => Direction::ClientToServer,
        case::Party::Server => Direction::ServerToClient,
    }
}
