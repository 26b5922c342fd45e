//! Calls as JSON, one object for each. The fields are documented in
//! `docs/tap.md`.

use serde_json::{Map, Value, json};
use wirecheck_core::model::from_judge::hex;
use wirecheck_core::plan::schema::{Method, Schema, decode};
use wirecheck_core::wire::call::{Ending, metadata, path};
use wirecheck_core::wire::capture::Direction;
use wirecheck_core::wire::exchange::{HeaderField, HeaderList, Message};
use wirecheck_core::wire::metadata::decode_bin;
use wirecheck_core::wire::names::error_name;
use wirecheck_core::wire::protobuf::{self, Limits};
use wirecheck_core::wire::secret::{REDACTED, Secrets};

use super::PassedCall;

/// The version of the objects; fields are only added to it.
pub const SCHEMA_VERSION: u32 = 1;

/// The most messages of a direction.
pub const MOST_MESSAGES: usize = 100;

/// How much of a message is read without a schema.
const LIMITS: Limits = Limits {
    depth: 16,
    fields: 500,
};

/// A call as a JSON object.
pub fn object(call: &PassedCall<'_>, schema: Option<&Schema>, secrets: &Secrets) -> Value {
    let stream = call.glimpse.stream();
    let path = path(stream);
    let method = schema.zip(path.as_deref());
    let method = method.and_then(|(schema, path)| schema.method(path));
    let begun_ns = stream.request.headers.first().map(|list| list.place.at_ns);
    let lists = |trailing: bool| {
        let lists = stream.response.headers.iter();
        let lists = lists.filter(move |list| list.end_stream == trailing);
        entries(lists, secrets)
    };
    json!({
        "schema_version": SCHEMA_VERSION,
        "type": "call",
        "number": call.number,
        "connection": call.glimpse.connection().id,
        "stream": stream.id,
        "path": path,
        "end": ending(&Ending::of(stream)),
        "start_ms": begun_ns.map(milliseconds),
        "duration_ms": begun_ns.map(|begun| milliseconds(call.glimpse.now_ns.saturating_sub(begun))),
        "request": {
            "metadata": entries(stream.request.headers.iter(), secrets),
            "message_count": stream.request.message_count,
            "messages": messages(call, Direction::ClientToServer, method.as_ref()),
        },
        "response": {
            "leading": lists(false),
            "trailing": lists(true),
            "message_count": stream.response.message_count,
            "messages": messages(call, Direction::ServerToClient, method.as_ref()),
        },
        "findings": call.findings,
    })
}

fn ending(ending: &Ending) -> Value {
    match ending {
        Ending::Status { code, message } => json!({
            "kind": "status",
            "status": ending.word(),
            "code": code,
            "message": message,
        }),
        Ending::Reset { by, error } => json!({
            "kind": "reset",
            "by": match by {
                Direction::ClientToServer => "client",
                Direction::ServerToClient => "server",
            },
            "error": error_name(error.0),
            "code": error.0,
        }),
        Ending::NoStatus { http_status } => json!({
            "kind": "no_status",
            "http_status": http_status,
        }),
        Ending::Open => json!({ "kind": "unfinished" }),
    }
}

/// Milliseconds with three places: microseconds are what a tap can tell.
fn milliseconds(nanoseconds: u64) -> f64 {
    (nanoseconds / 1_000) as f64 / 1_000.0
}

fn entries<'a>(lists: impl Iterator<Item = &'a HeaderList>, secrets: &Secrets) -> Vec<Value> {
    lists
        .flat_map(metadata)
        .map(|field| entry(field, secrets))
        .collect()
}

fn entry(field: &HeaderField, secrets: &Secrets) -> Value {
    let key = String::from_utf8_lossy(&field.name);
    if secrets.is_secret(&key) {
        return json!({ "key": key, "value": REDACTED });
    }
    if key.ends_with("-bin")
        && let Ok(values) = decode_bin(&field.value, true)
    {
        return json!({ "key": key, "hex": hex(&values.concat()) });
    }
    json!({ "key": key, "value": field.value_text() })
}

fn messages(call: &PassedCall<'_>, direction: Direction, method: Option<&Method>) -> Vec<Value> {
    let kept = call.messages_of(direction).iter().take(MOST_MESSAGES);
    kept.map(|message| {
        let mut object = Map::new();
        object.insert("bytes".into(), message.length.into());
        read(message, direction, method, &mut object);
        Value::Object(object)
    })
    .collect()
}

/// Adds what a message says: as JSON with a schema, else as text.
fn read(
    message: &Message,
    direction: Direction,
    method: Option<&Method>,
    object: &mut Map<String, Value>,
) {
    if message.flag != 0 {
        object.insert("compressed".into(), true.into());
        return;
    }
    let is_whole = message.complete && message.head.len() == message.length as usize;
    if !is_whole {
        object.insert("cut".into(), true.into());
    }
    let kind = method.map(|method| match direction {
        Direction::ClientToServer => &method.request,
        Direction::ServerToClient => &method.response,
    });
    match kind
        .filter(|_| is_whole)
        .map(|kind| decode(kind, &message.head))
    {
        Some(Ok(value)) => object.insert("json".into(), value),
        _ => {
            let fields = protobuf::fields(&message.head, kind, LIMITS);
            object.insert("text".into(), protobuf::text_format(&fields).into())
        }
    };
}
