//! What a client that reports nothing must have been told: put together from
//! what its server sent, so that it is judged like a report.

use sha2::{Digest as _, Sha256};

use super::expectations::streams_of;
use super::observed::{CallResult, CallSeen, MessageSeen};
use crate::plan::types::{CallPlan, CasePlan, Metadata};
use crate::wire::call::{self, Ending};
use crate::wire::capture::Direction;
use crate::wire::coding;
use crate::wire::exchange::{Exchange, Half, HeaderList, Message, Stream};
use crate::wire::metadata::decode_bin;
use crate::wire::names::{error_name, status_code};

const DETAILS: &str = "grpc-status-details-bin";

/// What stands for the reports of all calls of a case.
pub fn reports(case: &CasePlan, exchange: &Exchange, is_encrypted: bool) -> Vec<Vec<CallSeen>> {
    let calls = case.calls.iter().enumerate();
    calls
        .map(|(index, call)| match is_encrypted {
            true => vec![untold("TLS: the tap sees no calls")],
            false => of_call(case, exchange, index, call),
        })
        .collect()
}

fn untold(why: &str) -> CallSeen {
    CallSeen::Untold(why.to_owned())
}

fn of_call(case: &CasePlan, exchange: &Exchange, index: usize, call: &CallPlan) -> Vec<CallSeen> {
    let streams = streams_of(case, exchange, index);
    let made = streams
        .iter()
        .map(|at| of_stream(at.stream, call.timeout.is_some()));
    let missing = std::iter::repeat_with(|| match call.need_not_be_sent() {
        true => untold("the client may have given it up before it was sent"),
        false => CallSeen::NotMade,
    });
    made.chain(missing).take(call.count as usize).collect()
}

fn of_stream(stream: &Stream, has_deadline: bool) -> CallSeen {
    let (status, message) = match Ending::of(stream) {
        Ending::Status { code, message } => (code, message),
        Ending::Reset { by, error } => (status_of_reset(by, error.0, has_deadline), String::new()),
        Ending::NoStatus { http_status } => {
            let http = http_status.as_deref().unwrap_or_default();
            (status_of_http(http), String::new())
        }
        Ending::Open => return untold("the call had not ended when its connection was closed"),
    };
    let half = &stream.response;
    let messages: Vec<MessageSeen> = half
        .messages
        .iter()
        .filter(|message| message.complete)
        .map(|message| understood(half, message))
        .collect();
    let left_out = half.message_count - half.messages.len() as u64;
    CallSeen::Result(Box::new(CallResult {
        status,
        message,
        details: details(half.trailers()),
        leading: match half.is_trailers_only() {
            true => Metadata::new(),
            false => metadata(half.initial()),
        },
        trailing: metadata(half.trailers()),
        message_count: messages.len() as u64 + left_out,
        messages,
        ..CallResult::default()
    }))
}

/// The status of a call that ended by RST_STREAM (gRPC over HTTP/2, "Errors").
/// A client that gives a call up does so for its deadline or by itself.
fn status_of_reset(by: Direction, error: u32, has_deadline: bool) -> u32 {
    let name = match (by, error_name(error)) {
        (Direction::ClientToServer, Some("CANCEL")) if has_deadline => "DEADLINE_EXCEEDED",
        (_, Some("CANCEL")) => "CANCELLED",
        (_, Some("REFUSED_STREAM")) => "UNAVAILABLE",
        (_, Some("ENHANCE_YOUR_CALM")) => "RESOURCE_EXHAUSTED",
        (_, Some("INADEQUATE_SECURITY")) => "PERMISSION_DENIED",
        _ => "INTERNAL",
    };
    status_code(name).unwrap_or_default()
}

/// The status where only HTTP gave one (HTTP to gRPC Status Code Mapping).
fn status_of_http(status: &str) -> u32 {
    let name = match status {
        "400" => "INTERNAL",
        "401" => "UNAUTHENTICATED",
        "403" => "PERMISSION_DENIED",
        "404" => "UNIMPLEMENTED",
        "429" | "502" | "503" | "504" => "UNAVAILABLE",
        _ => "UNKNOWN",
    };
    status_code(name).unwrap_or_default()
}

/// A message as a codec would get it.
fn understood(half: &Half, message: &Message) -> MessageSeen {
    match coding::content(half, message) {
        Ok(content) => MessageSeen {
            length: content.length,
            sha256: match content.sha256 {
                Some(digest) => digest.to_vec(),
                None => Sha256::digest(&content.head).to_vec(),
            },
            head: content.head.into_owned(),
            codec_error: None,
        },
        Err(error) => MessageSeen {
            codec_error: Some(error.to_string()),
            ..MessageSeen::default()
        },
    }
}

fn metadata(list: Option<&HeaderList>) -> Metadata {
    let fields = list.into_iter().flat_map(call::metadata);
    fields
        .flat_map(|field| {
            let name = String::from_utf8_lossy(&field.name).into_owned();
            values(&name, &field.value)
                .into_iter()
                .map(move |value| (name.clone(), value))
        })
        .collect()
}

/// Several values of bytes may be joined in one field. Whether raw bytes were
/// allowed is a rule's to judge.
fn values(name: &str, value: &[u8]) -> Vec<Vec<u8>> {
    match name.ends_with("-bin") {
        true => decode_bin(value, true).unwrap_or_else(|_| vec![value.to_vec()]),
        false => vec![value.to_vec()],
    }
}

fn details(trailers: Option<&HeaderList>) -> Vec<u8> {
    let field = trailers.and_then(|list| list.get(DETAILS));
    let values = field.map(|field| values(DETAILS, &field.value));
    values.into_iter().flatten().next().unwrap_or_default()
}

#[cfg(test)]
mod tests;
