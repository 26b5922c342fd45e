//! A dialogue as it is written in a case: what a scripted peer says on the
//! wire, and what it waits for, line by line.

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Deserializer, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::case::{Empty, Fill, Number, Span};

/// One line: exactly one of these.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Line {
    /// The 24 bytes with which a client begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preface: Option<Empty>,
    /// SETTINGS, each by its name or number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings: Option<IndexMap<String, Number>>,
    /// SETTINGS with ACK.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings_ack: Option<Empty>,
    /// HEADERS, with CONTINUATION where it is split.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headers: Option<Headers>,
    /// DATA.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Data>,
    /// RST_STREAM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rst_stream: Option<RstStream>,
    /// GOAWAY.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goaway: Option<GoAway>,
    /// PING.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ping: Option<Ping>,
    /// PING with ACK, and the data of the last PING that came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ping_ack: Option<Empty>,
    /// WINDOW_UPDATE.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window_update: Option<WindowUpdate>,
    /// PRIORITY.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<PriorityLine>,
    /// Any frame, right or wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame: Option<AnyFrame>,
    /// Bytes as they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw: Option<Raw>,
    /// Send no more, and close when the peer does (FIN).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub close: Option<Empty>,
    /// Reset the connection (RST).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reset: Option<Empty>,
    /// Read nothing more of what the peer sends, until `read_on`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_reading: Option<Empty>,
    /// Read again, from where it was stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_on: Option<Empty>,
    /// A scripted server does the lines behind this on the next connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_connection: Option<Empty>,
    /// Wait for a frame that no line before has waited for.
    #[serde(rename = "await", skip_serializing_if = "Option::is_none")]
    pub awaited: Option<Awaited>,
    /// Wait until the peer has closed or reset the connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub await_close: Option<Empty>,
    /// Wait so long. Only where time is the subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pause: Option<Span>,
    /// The same lines again and again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeat: Option<Repeat>,
}

/// A stream: its number, or `call N` for the Nth that the peer has opened.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Stream(pub Value);

/// HEADERS.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Headers {
    /// The stream; the first call's if unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<Stream>,
    /// Begin with the fields of a gRPC request for this path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// Begin with this `:status` and gRPC's content-type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<Number>,
    /// Go on with this `grpc-status`, by name or number, before `fields`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Number>,
    /// Fields in this order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Field>,
    /// How fields are encoded that do not say so themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coding: Option<Coding>,
    /// Likewise, whether their strings are Huffman-coded.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub huffman: bool,
    /// END_STREAM.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub end_stream: bool,
    /// END_HEADERS on the last frame; `true` if unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_headers: Option<bool>,
    /// Other flags to set: a number, or a list of names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flags: Option<Value>,
    /// Bytes of the block in HEADERS and in each CONTINUATION but the last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub split: Vec<Number>,
    /// Bytes of padding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pad: Option<Number>,
    /// The priority fields.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
}

/// A representation of HPACK.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Coding {
    /// One index for the whole field, which a table must have.
    Indexed,
    /// A literal that enters the dynamic table, its name an index if a table
    /// has it.
    Incremental,
    /// A literal, its name an index if a table has it.
    WithoutIndexing,
    /// A literal that nobody may index.
    NeverIndexed,
    /// A literal, its name too.
    Plain,
}

/// A part of a header block: a field as `name: value`, or one of these.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Field {
    /// The name, in any letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The value in hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hex: Option<String>,
    /// A long value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fill: Option<Fill>,
    /// How it is encoded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coding: Option<Coding>,
    /// Its strings are Huffman-coded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub huffman: Option<bool>,
    /// In place of a field: this index, whether a table has it or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<Number>,
    /// In place of a field: a dynamic table size update.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_update: Option<Number>,
    /// In place of a field: these bytes, in hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
}

/// The keys of [`Field`].
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct FieldKeys {
    name: Option<String>,
    value: Option<String>,
    hex: Option<String>,
    fill: Option<Fill>,
    coding: Option<Coding>,
    huffman: Option<bool>,
    index: Option<Number>,
    size_update: Option<Number>,
    raw: Option<String>,
}

/// DATA: at most one of what it may carry, or nothing.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Data {
    /// The stream; the first call's if unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<Stream>,
    /// A message as JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Value>,
    /// The method whose type the message has; that of the call if unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// A message by its encoding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hex: Option<String>,
    /// A message with one long text field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fill: Option<Fill>,
    /// Bytes without a prefix.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw: Option<Raw>,
    /// What stands before the message, if not what is right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<Prefix>,
    /// Only so many bytes of prefix and message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut: Option<Number>,
    /// Without so many of the first bytes: what an earlier line has sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skip: Option<Number>,
    /// At most so many bytes in a frame; all in one if unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame_size: Option<Number>,
    /// END_STREAM, on the last frame.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub end_stream: bool,
    /// Other flags to set: a number, or a list of names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flags: Option<Value>,
    /// Bytes of padding in each frame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pad: Option<Number>,
}

/// The five bytes before a message.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Prefix {
    /// The Compressed-Flag byte; 0 if unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flag: Option<Number>,
    /// The declared length; that of the message if unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<Number>,
}

/// RST_STREAM.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RstStream {
    /// The stream; the first call's if unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<Stream>,
    /// The error code by name or number; `NO_ERROR` if unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Number>,
}

/// GOAWAY.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GoAway {
    /// The last stream that was or may yet be handled; 2^31 - 1 if unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_stream: Option<Stream>,
    /// The error code by name or number; `NO_ERROR` if unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Number>,
    /// Debug data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub debug: Option<String>,
}

/// PING.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Ping {
    /// Its eight bytes in hex; zeros if unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hex: Option<String>,
    /// ACK.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub ack: bool,
}

/// WINDOW_UPDATE.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WindowUpdate {
    /// The stream; 0, the connection, if unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<Stream>,
    /// How much the window grows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub increment: Option<Number>,
}

/// The priority fields.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Priority {
    /// The parent; 0 if unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub depends_on: Option<Number>,
    /// 1 to 256; 16 if unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<Number>,
    /// The parent has no other.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub exclusive: bool,
}

/// PRIORITY.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PriorityLine {
    /// The stream; the first call's if unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<Stream>,
    /// The parent; 0 if unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub depends_on: Option<Number>,
    /// 1 to 256; 16 if unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<Number>,
    /// The parent has no other.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub exclusive: bool,
}

/// Any frame.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AnyFrame {
    /// The type by name or number.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<Number>,
    /// Flags: a number, or a list of names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flags: Option<Value>,
    /// The stream; 0 if unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<Stream>,
    /// The reserved bit before the stream.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub reserved: bool,
    /// The declared length; that of the payload if unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<Number>,
    /// The payload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<Raw>,
}

/// Bytes: exactly one of these.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Raw {
    /// In hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hex: Option<String>,
    /// As text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// One character, `count` times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fill: Option<Fill>,
}

/// A frame of the peer.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Awaited {
    /// The type by name or number; any if unset.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<Number>,
    /// The stream; any if unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<Stream>,
    /// Flags that must be set: a number, or a list of names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flags: Option<Value>,
    /// It ends its stream: END_STREAM is set, or it is RST_STREAM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends_stream: Option<bool>,
    /// The error code of RST_STREAM or GOAWAY, by name or number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Number>,
    /// The nth that matches, counted from 1; the first if unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nth: Option<Number>,
    /// If all calls of a client end without it, so does the dialogue, in order.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
}

/// The same lines, so many times.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Repeat {
    /// How often.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n: Option<Number>,
    /// Each time on the next streams: numbers grow by two, calls by one.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub next_stream: bool,
    /// The lines.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Line>,
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FieldVisitor)
    }
}

struct FieldVisitor;

impl<'de> Visitor<'de> for FieldVisitor {
    type Value = Field;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("`name: value` in quotes, or a map of keys")
    }

    /// The first colon but that of a pseudo-header ends the name.
    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Field, E> {
        let colon = text.get(1..).and_then(|rest| rest.find(':'));
        let (name, value) = colon
            .map(|at| (&text[..=at], &text[at + 2..]))
            .ok_or_else(|| E::custom("a field is written as `name: value`"))?;
        Ok(Field {
            name: Some(name.to_owned()),
            value: Some(value.strip_prefix(' ').unwrap_or(value).to_owned()),
            ..Field::default()
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Field, A::Error> {
        let keys = FieldKeys::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Field {
            name: keys.name,
            value: keys.value,
            hex: keys.hex,
            fill: keys.fill,
            coding: keys.coding,
            huffman: keys.huffman,
            index: keys.index,
            size_update: keys.size_update,
            raw: keys.raw,
        })
    }
}

impl JsonSchema for Field {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "HeaderField".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({
            "description": "A part of a header block: a field as `name: value`, or a map of keys.",
            "anyOf": [{ "type": "string" }, FieldKeys::json_schema(generator)],
        })
    }
}
