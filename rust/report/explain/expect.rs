//! What must be seen.

use prost_reflect::MessageDescriptor;
use wirecheck_core::plan::expect::Matcher;
use wirecheck_core::plan::told::frame;
use wirecheck_core::plan::types::{
    CallExpect, CasePlan, HandledExpect, MessageExpect, WireMessage, WireTarget,
};

use super::entry;
use super::steps::{self, shortened};
use crate::report::style::Page;
use crate::report::text;

/// Puts every expectation on a page.
pub fn put(page: &mut Page, case: &CasePlan) {
    page.blank();
    let mut label = "expected";
    for line in lines(case) {
        entry(page, label, &line);
        label = "";
    }
}

fn lines(case: &CasePlan) -> Vec<String> {
    let expect = &case.expect;
    let mut lines = Vec::new();
    for (call, expected) in case.calls.iter().zip(&expect.calls) {
        lines.extend(of_call(&call.id, expected));
    }
    for (method, expected) in &expect.handled {
        lines.extend(of_handler(method, expected));
    }
    for wire in &expect.wire {
        lines.push(format!("wire.{}: {}", wire.key, target(&wire.target)));
    }
    lines.extend(
        expect
            .present
            .iter()
            .map(|wanted| format!("{} passes", frame(wanted))),
    );
    lines.extend(
        expect
            .absent
            .iter()
            .map(|wanted| format!("{} never passes", frame(wanted))),
    );
    if let Some(call) = expect.survives.and_then(|index| case.calls.get(index)) {
        lines.push(format!(
            "call `{}` is answered on the connection of the one before it",
            call.id
        ));
    }
    lines
}

fn of_call(id: &str, expect: &CallExpect) -> Vec<String> {
    let mut lines = vec![format!("call `{id}`: status {}", expect.status)];
    let mut add = |what: String| lines.push(format!("call `{id}`: {what}"));
    if let Some(message) = &expect.message {
        add(format!("status message {message}"));
    }
    if let Some(details) = &expect.details {
        add(format!("details {}", shortened(details)));
    }
    for (key, value) in &expect.leading {
        add(format!("leading {}", steps::entry(key, value)));
    }
    for (key, value) in &expect.trailing {
        add(format!("trailing {}", steps::entry(key, value)));
    }
    if let Some(messages) = &expect.receive {
        add(received(messages));
    }
    if let Some(count) = &expect.count {
        add(format!("{count} of the calls at once come out like this"));
    }
    lines
}

fn of_handler(method: &str, expect: &HandledExpect) -> Vec<String> {
    let mut lines = Vec::new();
    let mut add = |what: String| lines.push(format!("handler {method}: {what}"));
    if let Some(times) = &expect.times {
        add(entered(times));
    }
    if let Some(messages) = &expect.receive {
        add(received(messages));
    }
    for (key, value) in &expect.metadata {
        add(format!("metadata {}", steps::entry(key, value)));
    }
    if let Some(end) = &expect.request_end {
        add(format!("the request ends as {end}"));
    }
    if let Some(end) = &expect.call_end {
        add(format!("the call ends as {end}"));
    }
    lines
}

fn entered(times: &Matcher) -> String {
    match times.to_string().as_str() {
        "0" => "never entered".into(),
        "1" => "entered once".into(),
        times => format!("entered {times} times"),
    }
}

fn received(messages: &[MessageExpect]) -> String {
    if messages.is_empty() {
        return "receives no message".into();
    }
    let messages: Vec<String> = messages.iter().map(message).collect();
    format!("receives {}", messages.join(", "))
}

fn message(expect: &MessageExpect) -> String {
    const MOST: usize = 200;
    match expect {
        MessageExpect::Is { json, .. } => text::fit(&json.to_string(), MOST),
        MessageExpect::Size(size) => format!("a message of {} bytes", text::number(*size)),
        MessageExpect::Has(part) => text::fit(&format!("a message with {part}"), MOST),
    }
}

fn target(target: &WireTarget) -> String {
    match target {
        WireTarget::Connections(matcher) => matcher.to_string(),
        WireTarget::RequestHeader(_, matcher)
        | WireTarget::ResponseHeader(_, matcher)
        | WireTarget::ResponseTrailer(_, matcher) => matcher.to_string(),
        WireTarget::Message(_, _, message) => on_the_wire(message),
    }
}

fn on_the_wire(message: &WireMessage) -> String {
    match message {
        WireMessage::Hex(bytes) if bytes.is_empty() => "zero bytes".into(),
        WireMessage::Hex(bytes) => format!("exactly {}", shortened(bytes)),
        WireMessage::Canonical(bytes, kind) => meaning(bytes, kind),
        WireMessage::Size(size) => format!("{} bytes", text::number(*size)),
        WireMessage::Flag(flag) => format!("Compressed-Flag {flag}"),
        WireMessage::Decompressed(size) => {
            format!("{} bytes when decompressed", text::number(*size))
        }
    }
}

fn meaning(bytes: &[u8], kind: &MessageDescriptor) -> String {
    format!(
        "the meaning of {} as a {}",
        shortened(bytes),
        kind.full_name()
    )
}
