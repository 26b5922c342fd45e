//! One answer to one call, as a client reported it or as it stood on the wire,
//! in leaves that can be compared.

use std::collections::BTreeMap;

use prost_reflect::MessageDescriptor;

use super::leaves::{Leaves, hex};
use super::observed::{CallResult, MessageSeen};
use crate::wire::exchange::{HeaderField, Stream};
use crate::wire::grpc::percent_decode_lossy;
use crate::wire::metadata::decode_bin;
use crate::wire::names::status_text;

/// The status code by its name.
pub const STATUS: &str = "status";
/// The status message.
pub const MESSAGE: &str = "message";
/// `grpc-status-details-bin`.
pub const DETAILS: &str = "details";
/// How many messages came.
pub const COUNT: &str = "messages";
/// What metadata is below.
pub const METADATA: &str = "metadata";

/// Names that belong to gRPC and HTTP, not to the service: libraries differ in
/// whether they show them, and legally so.
const TRANSPORT: [&str; 10] = [
    "content-type",
    "content-length",
    "date",
    "server",
    "te",
    "trailer",
    "user-agent",
    "accept-encoding",
    "connection",
    "vary",
];

/// What a client said of an answer. Leading and trailing metadata are one: some
/// interfaces cannot tell them apart.
pub fn reported(result: &CallResult, kind: &MessageDescriptor) -> Leaves {
    let mut leaves = Leaves::default();
    leaves.insert(STATUS, status_text(result.status));
    add_text(&mut leaves, MESSAGE, &result.message);
    add_details(&mut leaves, &result.details);
    add_metadata(&mut leaves, result.leading.iter().chain(&result.trailing));
    leaves.insert(COUNT, result.message_count.to_string());
    for (index, message) in result.messages.iter().enumerate() {
        add_seen(&mut leaves, index, message, kind);
    }
    leaves
}

/// What stood on the wire, as far as it can be read: `None` where a message is
/// compressed, cut or not there in full.
pub fn on_the_wire(stream: &Stream, kind: &MessageDescriptor) -> Option<Leaves> {
    let mut leaves = Leaves::default();
    let trailers = stream.response.trailers()?;
    let status = std::str::from_utf8(&trailers.get("grpc-status")?.value).ok()?;
    leaves.insert(STATUS, status_text(status.parse().ok()?));
    if let Some(message) = trailers.get("grpc-message") {
        add_text(&mut leaves, MESSAGE, &percent_decode_lossy(&message.value));
    }
    let fields = stream.response.headers.iter().flat_map(|list| &list.fields);
    let decoded: Vec<(String, Vec<u8>)> = fields.flat_map(decoded).collect();
    let details = decoded
        .iter()
        .find(|(name, _)| name == "grpc-status-details-bin");
    add_details(&mut leaves, details.map_or(&[], |(_, value)| value));
    add_metadata(&mut leaves, decoded.iter());
    leaves.insert(COUNT, stream.response.message_count.to_string());
    for (index, message) in stream.response.messages.iter().enumerate() {
        let is_readable =
            message.flag == 0 && message.complete && message.head.len() == message.length as usize;
        if !is_readable {
            return None;
        }
        add_message(&mut leaves, index, &message.head, kind);
    }
    Some(leaves)
}

/// The values of a field; several Base64 values may be joined in one.
fn decoded(field: &HeaderField) -> Vec<(String, Vec<u8>)> {
    let name = String::from_utf8_lossy(&field.name).into_owned();
    let values = match name.ends_with("-bin") {
        // Whether raw bytes were allowed is a rule's to judge.
        true => decode_bin(&field.value, true).unwrap_or_else(|_| vec![field.value.to_vec()]),
        false => vec![field.value.to_vec()],
    };
    values
        .into_iter()
        .map(|value| (name.clone(), value))
        .collect()
}

fn add_text(leaves: &mut Leaves, path: &str, text: &str) {
    if !text.is_empty() {
        leaves.insert(path, format!("{text:?}"));
    }
}

fn add_details(leaves: &mut Leaves, details: &[u8]) {
    if !details.is_empty() {
        leaves.insert(DETAILS, format!("hex {}", hex(details)));
    }
}

/// Values of one name are one list: `a` and `b` may arrive as `a,b`
/// (PROTOCOL-HTTP2, "Custom-Metadata").
fn add_metadata<'a>(leaves: &mut Leaves, entries: impl Iterator<Item = &'a (String, Vec<u8>)>) {
    let mut lists: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (key, value) in entries.filter(|(key, _)| is_of_the_service(key)) {
        let text = match key.ends_with("-bin") {
            true => hex(value),
            false => value.escape_ascii().to_string(),
        };
        lists.entry(key).or_default().push(text);
    }
    for (key, values) in lists {
        let text = match key.ends_with("-bin") {
            true => format!("hex {}", values.join(",")),
            false => format!("\"{}\"", values.join(",")),
        };
        leaves.insert(format!("{METADATA}.{key}"), text);
    }
}

fn is_of_the_service(key: &str) -> bool {
    !key.starts_with(':') && !key.starts_with("grpc-") && !TRANSPORT.contains(&key)
}

fn add_seen(leaves: &mut Leaves, index: usize, seen: &MessageSeen, kind: &MessageDescriptor) {
    let path = format!("{COUNT}[{index}]");
    match &seen.codec_error {
        Some(error) => leaves.insert(path, format!("could not be decoded: {error}")),
        None if seen.head.len() as u64 == seen.length => {
            add_message(leaves, index, &seen.head, kind);
        }
        None => leaves.insert(
            path,
            format!("{} bytes, SHA-256 {}", seen.length, hex(&seen.sha256)),
        ),
    }
}

fn add_message(leaves: &mut Leaves, index: usize, bytes: &[u8], kind: &MessageDescriptor) {
    let path = format!("{COUNT}[{index}]");
    if let Err(why) = leaves.add_message(&path, kind, bytes) {
        use sha2::Digest as _;
        let digest = hex(&sha2::Sha256::digest(bytes));
        leaves.insert(
            path,
            format!("{} bytes, SHA-256 {digest} ({why})", bytes.len()),
        );
    }
}
