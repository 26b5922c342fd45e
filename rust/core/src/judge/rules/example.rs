//! For each rule an exchange that keeps it, and what makes it break the rule:
//! for who reads about a rule, and to hold the rules against themselves.

use super::Rule;
use crate::wire::capture::Direction::{self, ClientToServer as Client, ServerToClient as Server};
use crate::wire::decode::decode_capture;
use crate::wire::exchange::{Exchange, Limits};
use crate::wire::frame::{DATA, END_STREAM, GOAWAY, HEADERS, PING, SETTINGS};
use crate::wire::relay::{
    Edit, Fault, FieldEdit, FrameAct, FrameMatch, Inserted, OctetEdit, replay,
};

/// Calls between two grpcio peers, as a tap saw them.
macro_rules! recorded {
    ($name:literal) => {
        include_bytes!(concat!(
            "../../../tests/captures/python-grpcio.python-grpcio.",
            $name,
            ".wirecap"
        ))
    };
}

/// One unary call.
const SAY_HELLO: &[u8] = recorded!("say-hello");
/// Ten of them on one connection.
const TEN_CALLS: &[u8] = recorded!("ten-calls");
/// With metadata whose names end with `-bin`.
const BINARY: &[u8] = recorded!("metadata-base64");
/// To a method that is not there, which is answered with Trailers-Only.
const UNKNOWN_METHOD: &[u8] = recorded!("unknown-method");
/// Refused with a message that has to be percent-encoded.
const REFUSED: &[u8] = recorded!("fail-with-details");
/// With a deadline.
const DEADLINE: &[u8] = recorded!("deadline");

/// An exchange that keeps a rule, and what makes it break the rule.
#[derive(Debug)]
pub struct Example {
    capture: &'static [u8],
    /// What has to be done for the exchange to keep the rule.
    mended: Vec<Fault>,
    faults: Vec<Fault>,
}

impl Example {
    /// The example of a rule. Every rule of [`all`](super::all) has one.
    pub fn of(rule: &Rule) -> Option<Self> {
        let (capture, faults) = found(rule.id)?;
        let mended = mended(rule.id);
        Some(Self {
            capture,
            mended,
            faults,
        })
    }

    /// The exchange that keeps the rule.
    pub fn kept(&self) -> Exchange {
        with(self.capture, &self.mended)
    }

    /// The same with what breaks it.
    pub fn broken(&self) -> Exchange {
        with(self.capture, &self.faults)
    }
}

fn with(capture: &[u8], faults: &[Fault]) -> Exchange {
    let (capture, _) = replay(capture, faults).expect("it was recorded by a tap");
    decode_capture(&capture[..], Limits::default()).expect("it was recorded by a tap")
}

/// No grpcio client says GOAWAY, so that what was recorded breaks this rule.
fn mended(id: &str) -> Vec<Fault> {
    match id {
        "http2/goaway-before-close" => {
            let goaway = frame(GOAWAY, 0, Some(0), &[0; 8]);
            vec![after(Client, PING, 2, goaway)]
        }
        _ => Vec::new(),
    }
}

fn found(id: &str) -> Option<(&'static [u8], Vec<Fault>)> {
    let (section, _) = id.split_once('/')?;
    match section {
        "request" => request(id),
        "metadata" => metadata(id),
        "message" => message(id),
        "response" => response(id),
        "status" => status(id),
        "http2" => http2(id),
        _ => None,
    }
}

type Found = Option<(&'static [u8], Vec<Fault>)>;

fn request(id: &str) -> Found {
    let one = |edit| Some((SAY_HELLO, vec![in_request(edit)]));
    match id {
        "request/method" => one(set(":method", "GET")),
        "request/scheme" => one(set(":scheme", "grpc")),
        "request/path" => one(set(":path", "Greeter/SayHello")),
        "request/authority" => one(remove(":authority")),
        "request/te-trailers" => one(set("te", "gzip")),
        "request/content-type" => one(set("content-type", "application/json")),
        "request/timeout" => Some((DEADLINE, vec![in_request(set("grpc-timeout", "100"))])),
        "request/timeout-first" => one(add("grpc-timeout", "1S")),
        "request/definition-first" => {
            let metadata = in_request(add("x-shop", "1"));
            Some((
                SAY_HELLO,
                vec![metadata, in_request(FieldEdit::ToBack("te".into()))],
            ))
        }
        "request/user-agent" => one(set("user-agent", "curl/8.0")),
        "request/no-trailers" => {
            let trailers = headers(END_STREAM, None, &[("x-shop", "1")]);
            let behind = after(Client, DATA, 1, trailers);
            Some((SAY_HELLO, vec![clear_end(), behind]))
        }
        "request/ends-with-data" => {
            let end = edit(Client, HEADERS, 1, flags(END_STREAM, 0));
            Some((SAY_HELLO, vec![end, edit(Client, DATA, 1, Edit::Drop)]))
        }
        _ => None,
    }
}

fn metadata(id: &str) -> Found {
    let one = |edit| Some((SAY_HELLO, vec![in_request(edit)]));
    let binary = |value| Some((BINARY, vec![in_request(add("x-shop-bin", value))]));
    match id {
        "metadata/name-characters" => one(add("X-Token", "1")),
        "metadata/ascii-value" => one(add("x-name", "Zoë")),
        "metadata/empty-value" => one(add("x-empty", "")),
        "metadata/value-whitespace" => one(add("x-padded", " a")),
        "metadata/reserved-name" => one(add("grpc-shop", "1")),
        "metadata/connection-specific" => one(add("connection", "close")),
        "metadata/content-coding" => one(set("grpc-accept-encoding", "identity,,gzip")),
        "metadata/list-size" => one(add("x-long", &"a".repeat(8 * 1024))),
        "metadata/message-type" => one(add("grpc-message-type", "hello.1Request")),
        "metadata/binary-base64" => binary("_-8"),
        "metadata/binary-unpadded" => binary("q80="),
        "metadata/true-binary" => binary("\0raw"),
        _ => None,
    }
}

fn message(id: &str) -> Found {
    let coded = |coding| vec![in_response(set("grpc-encoding", coding)), flag(Server, 1)];
    let faults = match id {
        "message/flag" => vec![flag(Client, 2)],
        "message/flag-without-encoding" => vec![flag(Client, 1)],
        "message/complete" => vec![payload(Client, OctetEdit::Truncate(9))],
        "message/decompresses" => coded("gzip"),
        "message/undisclosed-encoding" => coded("snappy"),
        "message/accepted-encoding" => vec![
            in_request(set("grpc-encoding", "gzip")),
            payload(Client, OctetEdit::Replace(GZIP.to_vec())),
            in_response(set("grpc-accept-encoding", "identity,deflate")),
        ],
        _ => return None,
    };
    Some((SAY_HELLO, faults))
}

/// The request of [`SAY_HELLO`], compressed, with its prefix.
const GZIP: &[u8] = b"\x01\0\0\0\x1b\
    \x1f\x8b\x08\0\0\0\0\0\x02\x03\xe3b\x0d\xcf/\xcaI\x01\0\xd9\xd8ET\x07\0\0\0";

fn response(id: &str) -> Found {
    let one = |edit| Some((SAY_HELLO, vec![in_response(edit)]));
    match id {
        "response/http-status" => one(set(":status", "503")),
        "response/content-type" => one(set("content-type", "text/html")),
        "response/content-subtype" => one(set("content-type", "application/grpc+proto")),
        "response/one-header-block" => {
            let more = after(Server, DATA, 1, headers(0, None, &[("x-more", "1")]));
            Some((SAY_HELLO, vec![more]))
        }
        "response/ends-with-trailers" => {
            let end = edit(Server, DATA, 1, flags(END_STREAM, 0));
            Some((SAY_HELLO, vec![end, edit(Server, HEADERS, 2, Edit::Drop)]))
        }
        "response/trailers-only-error" => {
            Some((UNKNOWN_METHOD, vec![in_response(set("grpc-status", "0"))]))
        }
        "response/unsupported-media-type" => {
            let other = in_request(set("content-type", "text/plain"));
            Some((SAY_HELLO, vec![other]))
        }
        _ => None,
    }
}

fn status(id: &str) -> Found {
    let one = |edit| Some((SAY_HELLO, vec![in_trailers(edit)]));
    let said = |text| Some((REFUSED, vec![in_trailers(set("grpc-message", text))]));
    match id {
        "status/present" => one(remove("grpc-status")),
        "status/only-in-trailers" => Some((SAY_HELLO, vec![in_response(add("grpc-status", "0"))])),
        "status/once" => one(add("grpc-status", "13")),
        "status/decimal" => one(set("grpc-status", "00")),
        "status/known-code" => Some((UNKNOWN_METHOD, vec![in_trailers(set("grpc-status", "17"))])),
        "status/message-encoding" => said("100%"),
        "status/message-utf8" => said("%FF"),
        "status/message-hex-case" => said("%c3%9F"),
        "status/message-over-encoded" => said("too%20long"),
        "status/message-empty" => said(""),
        "status/message-with-ok" => one(set("grpc-message", "fine")),
        _ => None,
    }
}

fn http2(id: &str) -> Found {
    let one = |fault| Some((SAY_HELLO, vec![fault]));
    match id {
        "http2/well-formed" => {
            let short = frame(PING, 0, Some(0), b"seven b");
            one(after(Server, HEADERS, 1, short))
        }
        "http2/pseudo-header-known" => one(in_request(FieldEdit::AddFirst(field(":version", "2")))),
        "http2/pseudo-header-once" => one(in_request(FieldEdit::Twice(":path".into()))),
        "http2/pseudo-header-first" => one(in_request(FieldEdit::ToBack(":path".into()))),
        "http2/stream-ids" => one(after(Client, DATA, 1, headers(0, Some(4), REQUEST))),
        "http2/stream-state" => one(after(Client, DATA, 1, frame(DATA, 0, None, b""))),
        "http2/concurrent-streams" => {
            let limit = Edit::Setting { id: 3, value: 9 };
            Some((TEN_CALLS, vec![edit(Server, SETTINGS, 1, limit)]))
        }
        "http2/ping-answered" => {
            let other = OctetEdit::Set(0, b"pingpong".to_vec());
            one(edit(Client, PING, 1, Edit::Payload(other)))
        }
        "http2/goaway-before-close" => Some((SAY_HELLO, Vec::new())),
        "http2/early-response-resets" => one(clear_end()),
        _ => None,
    }
}

/// A request that stays open.
const REQUEST: &[(&str, &str)] = &[
    (":method", "POST"),
    (":scheme", "http"),
    (":path", "/Greeter/SayHello"),
    (":authority", "127.0.0.1"),
    ("te", "trailers"),
    ("content-type", "application/grpc"),
    ("user-agent", "grpc-example/1"),
];

fn in_request(change: FieldEdit) -> Fault {
    edit(Client, HEADERS, 1, Edit::Fields(change))
}

fn in_response(change: FieldEdit) -> Fault {
    edit(Server, HEADERS, 1, Edit::Fields(change))
}

fn in_trailers(change: FieldEdit) -> Fault {
    let which = FrameMatch::nth(Server, HEADERS, 1).flags(END_STREAM);
    let act = FrameAct::Edit(Edit::Fields(change));
    Fault::Frame { which, act }
}

/// The request does not end.
fn clear_end() -> Fault {
    edit(Client, DATA, 1, flags(0, END_STREAM))
}

fn flag(direction: Direction, flag: u8) -> Fault {
    payload(direction, OctetEdit::Set(0, vec![flag]))
}

fn payload(direction: Direction, change: OctetEdit) -> Fault {
    edit(direction, DATA, 1, Edit::Payload(change))
}

fn edit(direction: Direction, kind: u8, nth: u32, change: Edit) -> Fault {
    let which = FrameMatch::nth(direction, kind, nth);
    let act = FrameAct::Edit(change);
    Fault::Frame { which, act }
}

fn after(direction: Direction, kind: u8, nth: u32, what: Inserted) -> Fault {
    let which = FrameMatch::nth(direction, kind, nth);
    let frames = vec![what];
    let act = FrameAct::Insert {
        after: true,
        frames,
    };
    Fault::Frame { which, act }
}

fn frame(kind: u8, flags: u8, stream: Option<u32>, payload: &[u8]) -> Inserted {
    let payload = payload.to_vec();
    Inserted::Frame {
        kind,
        flags,
        stream,
        payload,
    }
}

fn headers(flags: u8, stream: Option<u32>, fields: &[(&str, &str)]) -> Inserted {
    let fields = fields.iter().map(|(name, value)| field(name, value));
    Inserted::Headers {
        flags,
        stream,
        fields: fields.collect(),
    }
}

fn flags(set: u8, clear: u8) -> Edit {
    Edit::Flags { set, clear }
}

fn set(name: &str, value: &str) -> FieldEdit {
    FieldEdit::Set(field(name, value))
}

fn add(name: &str, value: &str) -> FieldEdit {
    FieldEdit::AddLast(field(name, value))
}

fn remove(name: &str) -> FieldEdit {
    FieldEdit::Remove(name.into())
}

fn field(name: &str, value: &str) -> (Vec<u8>, Vec<u8>) {
    (name.into(), value.into())
}
