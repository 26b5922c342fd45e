//! Events and frames of a case in words.

use super::types::{CasePlan, EventPlan, FramePlan};
use crate::wire::capture::Direction;
use crate::wire::frame::type_name;
use crate::wire::names::error_name;

/// An event as the end of a sentence that begins with "when" or "until".
pub fn event(case: &CasePlan, event: &EventPlan) -> String {
    match event {
        EventPlan::Began(nth) => format!("handler #{nth} has begun"),
        EventPlan::Handled(nth) => format!("handler #{nth} has ended"),
        EventPlan::CallEnded(index) => {
            let id = case.calls.get(*index).map_or("?", |call| call.id.as_str());
            format!("the report of call `{id}` is in")
        }
        EventPlan::Reached(name) => format!("step `{name}` is reached"),
        EventPlan::ProgramEnded => "the client has ended".into(),
        EventPlan::DialogueEnded => "the dialogue is at its end".into(),
        EventPlan::Frame(wanted) => format!("{} comes", frame(wanted)),
    }
}

/// A frame in words: `the client's 2nd HEADERS that ends its stream`.
pub fn frame(frame: &FramePlan) -> String {
    let whose = frame
        .direction
        .map_or("the".to_owned(), |side| format!("the {}'s", sender(side)));
    let nth = match frame.nth {
        0 | 1 => String::new(),
        nth => format!(" #{nth}"),
    };
    let kind = match frame.kind {
        None => "frame".to_owned(),
        Some(kind) => type_name(kind).map_or(format!("frame of type {kind:#04x}"), str::to_owned),
    };
    let error = frame.error.map_or(String::new(), |code| {
        format!(
            " ({})",
            error_name(code).map_or(code.to_string(), str::to_owned)
        )
    });
    let ends = match frame.ends_stream {
        Some(true) => " that ends its stream",
        Some(false) => " that does not end its stream",
        None => "",
    };
    format!("{whose} {kind}{nth}{error}{ends}")
}

/// Who sends in a direction.
pub fn sender(direction: Direction) -> &'static str {
    match direction {
        Direction::ClientToServer => "client",
        Direction::ServerToClient => "server",
    }
}
