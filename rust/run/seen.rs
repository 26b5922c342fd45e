//! From the contract's events to what the judge reads.

use wirecheck_core::judge::observed::{
    CallEnd, CallResult, CallSeen, HandledSeen, MessageSeen, RequestEnd,
};
use wirecheck_core::plan::types::Metadata;

use crate::peer::contract::{self, report};

/// A client's report.
pub fn call(report: contract::Report) -> CallSeen {
    match report.outcome {
        Some(report::Outcome::Result(result)) => CallSeen::Result(Box::new(call_result(result))),
        Some(report::Outcome::Unsupported(answer)) => CallSeen::Unsupported(answer.feature),
        Some(report::Outcome::CouldNotTry(answer)) => CallSeen::CouldNotTry(answer.why),
        None => CallSeen::CouldNotTry("the report says nothing".into()),
    }
}

fn call_result(result: contract::CallResult) -> CallResult {
    CallResult {
        status: result.status,
        message: result.message,
        details: result.details.into(),
        leading: metadata(result.leading),
        trailing: metadata(result.trailing),
        merged: result.merged,
        messages: result.messages.into_iter().map(message).collect(),
        message_count: result.message_count,
        stood_at: (result.stood_at_send, result.stood_at_receive),
        aborted: result.aborted,
        duration_ns: result.duration_ns,
    }
}

/// A handler at its entry; how it ended comes later.
pub fn began(began: contract::Began, listener: usize) -> HandledSeen {
    HandledSeen {
        listener,
        number: began.number,
        method: began.method,
        metadata: metadata(began.metadata),
        messages: Vec::new(),
        message_count: 0,
        request_end: None,
        call_end: None,
        detail: String::new(),
        duration_ns: 0,
    }
}

/// Adds how a handler ended to what was seen at its entry.
pub fn handled(seen: &mut HandledSeen, handled: contract::Handled) {
    seen.request_end = request_end(handled.request_end());
    seen.call_end = call_end(handled.call_end());
    seen.messages = handled.messages.into_iter().map(message).collect();
    seen.message_count = handled.message_count;
    seen.detail = handled.detail;
    seen.duration_ns = handled.duration_ns;
}

fn request_end(end: contract::RequestEnd) -> Option<RequestEnd> {
    Some(match end {
        contract::RequestEnd::Unspecified => return None,
        contract::RequestEnd::HalfClosed => RequestEnd::HalfClosed,
        contract::RequestEnd::Cancelled => RequestEnd::Cancelled,
        contract::RequestEnd::Error => RequestEnd::Error,
        contract::RequestEnd::Unread => RequestEnd::Unread,
    })
}

fn call_end(end: contract::CallEnd) -> Option<CallEnd> {
    Some(match end {
        contract::CallEnd::Unspecified => return None,
        contract::CallEnd::Returned => CallEnd::Returned,
        contract::CallEnd::Cancelled => CallEnd::Cancelled,
        contract::CallEnd::Deadline => CallEnd::Deadline,
        contract::CallEnd::Dropped => CallEnd::Dropped,
        contract::CallEnd::Panicked => CallEnd::Panicked,
        contract::CallEnd::Running => CallEnd::Running,
    })
}

fn message(seen: contract::Seen) -> MessageSeen {
    MessageSeen {
        length: seen.length,
        sha256: seen.sha256.into(),
        head: seen.head.into(),
        codec_error: (!seen.codec_error.is_empty()).then_some(seen.codec_error),
    }
}

fn metadata(entries: Vec<contract::Metadatum>) -> Metadata {
    entries
        .into_iter()
        .map(|entry| (entry.key, entry.value.into()))
        .collect()
}
