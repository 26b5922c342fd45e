//! A case as it is written in a suite's YAML file.
//!
//! These types are the file format: their JSON Schema is
//! `interop-tests/cases/schema.json`, and an unknown key is an error.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::dialogue::written::Line;
use super::expect::Expect;
use super::faults::written::Fault;
use super::variant::Variant;

/// A file of cases that belong together.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Suite {
    /// The suite's name, the third part of a cell's id; `[a-z0-9._-]`.
    pub suite: String,
    /// What the suite is about, in a sentence.
    pub about: String,
    /// What its cases are run over, where they do not say so themselves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<Variant>,
    /// The `:authority` that clients say over a Unix socket. Without it some name
    /// the path of the socket, which not every server takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority_over_uds: Option<String>,
    /// Run only where a pattern names the suite: for what takes long.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub on_request: bool,
    /// The cases, in the order in which they are shown.
    pub cases: Vec<Case>,
}

/// One thing to check.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Case {
    /// The case's name, the fourth part of a cell's id; `[a-z0-9._-]`.
    pub name: String,
    /// What it checks, in a sentence.
    pub about: String,
    /// MUST, SHOULD or MAY, where a specification asks for what it checks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keyword: Option<Keyword>,
    /// The section that asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// The rules that it holds a peer to by what the other side says or does,
    /// where bytes alone do not prove them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<String>,
    /// Words to select by.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Features that both peers must have, by the names of the contract.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<String>,
    /// Whose fault it is if the case fails, where it is about what one side must
    /// not do: the bytes between the two do not tell that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blames: Option<Party>,
    /// What it is run over, each a cell of its own; as the suite says if unset,
    /// or only `tcp`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<Variant>,
    /// How long the whole case may take, such as `10s`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<Span>,
    /// How many times the cell is run: for what is decided by a race. The cell
    /// is then all of its samples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeat: Option<u32>,
    /// The case of the official interop suite that this is: peers with
    /// `contract = "grpc-interop"` take part in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub official: Option<Official>,
    /// One case for each value: `${param}` stands for it in every text, and
    /// the name gets `.value`.
    #[serde(skip_serializing_if = "Each::is_empty")]
    pub each: Each,
    /// The server's listeners. Without them there is one, `main`, with both
    /// built-in Greeters.
    #[serde(skip_serializing_if = "Server::is_empty")]
    pub server: Server,
    /// The client's channels. Without them there is one, `main`, to the first
    /// listener.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub channels: IndexMap<String, Channel>,
    /// Shorthand for one unary call, named `call`: its path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// The messages of the one call, as JSON.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub send: Vec<Value>,
    /// The metadata of the one call.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metadata: Vec<Metadatum>,
    /// The deadline of the one call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
    /// Calls, where one is not enough or its steps matter.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<Call>,
    /// What the harness itself does, in order, while the calls run.
    #[serde(rename = "do", skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<Action>,
    /// What is wrong with the line between the two, for the whole case.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
    /// The role under test: a scripted peer is in the other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub against: Option<Party>,
    /// What the scripted peer says and waits for, line by line.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dialogue: Vec<Line>,
    /// The rules that the script breaks on purpose: it must break these and no
    /// other MUST. If unset, it is not held against the rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub breaks: Option<Vec<String>>,
    /// What must be seen.
    pub expect: Expect,
}

/// A case as official interop programs have it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Official {
    /// What official clients call it; as it is named here if unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
    /// How many of the calls, from the first on, official clients make; all if
    /// unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls: Option<usize>,
    /// How many calls of the same method official clients may open besides, and
    /// leave without a message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub besides: Option<u32>,
}

/// What a specification says of a requirement (RFC 2119).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Keyword {
    /// Absolutely required.
    Must,
    /// Recommended.
    Should,
    /// Allowed.
    May,
}

/// A span of time as text: a whole number and `ms`, `s` or `m`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Span(pub String);

/// Parameters and their values: a list, or a map from the name of a value to
/// the value where a value cannot stand in a name.
pub type Each = IndexMap<String, Values>;

/// The values of one parameter.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Values(pub Value);

/// The server's side of a case.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// Listeners by a name of the case's own.
    pub listeners: IndexMap<String, Listener>,
}

impl Server {
    fn is_empty(&self) -> bool {
        self.listeners.is_empty()
    }
}

/// One listener: services or scripts for each path, never both.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Listener {
    /// Built-in services by full name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<String>,
    /// Methods that follow a script, by path.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub scripts: IndexMap<String, MethodScripts>,
    /// What is unset is left to the library's default.
    #[serde(skip_serializing_if = "ServerOptions::is_default")]
    pub options: ServerOptions,
    /// Who it proves to be where the cell is over TLS.
    #[serde(skip_serializing_if = "ServerTls::is_default")]
    pub tls: ServerTls,
    /// Features that the server must have for it, by the names of the contract.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<String>,
}

/// The server's side of TLS. Certificates are made for each run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ServerTls {
    /// The certificate that it shows.
    pub certificate: Certificate,
}

impl ServerTls {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// A certificate of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Certificate {
    /// Signed by the authority of the run; a server's is for `localhost`.
    #[default]
    Good,
    /// Likewise, but its time is over.
    Expired,
    /// Likewise, but for another name.
    OtherName,
    /// Signed by another authority.
    OtherAuthority,
    /// None at all; only a client can do without.
    None,
}

/// The client's side of TLS.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClientTls {
    /// The certificate that it shows in a cell over mutual TLS.
    pub certificate: Certificate,
    /// It trusts another authority than that of the run.
    pub trusts_other_authority: bool,
}

impl ClientTls {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What one method does.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MethodScripts {
    /// The send lane: what the handler answers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub send: Vec<Step>,
    /// The receive lane; empty for a handler with one request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub receive: Vec<Step>,
    /// Take shape and types of this method, for a path that no schema has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub like: Option<String>,
}

/// Options of a listener, see the contract.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs)]
pub struct ServerOptions {
    pub max_receive_message_size: Option<u32>,
    pub max_send_message_size: Option<u32>,
    pub max_concurrent_streams: Option<u32>,
    pub max_header_list_size: Option<u32>,
    pub initial_stream_window: Option<u32>,
    pub initial_connection_window: Option<u32>,
    pub compression: Option<String>,
    pub accept_compression: Option<String>,
}

impl ServerOptions {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// One channel of the client.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Channel {
    /// The listener that it leads to; the first one if unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listener: Option<String>,
    /// What is unset is left to the library's default.
    #[serde(skip_serializing_if = "ChannelOptions::is_default")]
    pub options: ChannelOptions,
    /// Whom it trusts and who it is where the cell is over TLS.
    #[serde(skip_serializing_if = "ClientTls::is_default")]
    pub tls: ClientTls,
    /// So many channels; the calls go through them in turn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// Features that the client must have for it, by the names of the contract.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<String>,
}

/// Options of a channel, see the contract.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs)]
pub struct ChannelOptions {
    pub max_receive_message_size: Option<u32>,
    pub max_send_message_size: Option<u32>,
    pub max_header_list_size: Option<u32>,
    pub initial_stream_window: Option<u32>,
    pub initial_connection_window: Option<u32>,
    pub authority: Option<String>,
    pub compression: Option<String>,
    pub accept_compression: Option<String>,
}

impl ChannelOptions {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// One call.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Call {
    /// A name of the case's own; `call` if it is the only one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The channel; the first one if unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// The path.
    pub method: String,
    /// Take shape and types of this method, for a path that no schema has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub like: Option<String>,
    /// Which interface of the library makes the call.
    #[serde(skip_serializing_if = "Api::is_idiomatic")]
    pub api: Api,
    /// Metadata, in this order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metadata: Vec<Metadatum>,
    /// The deadline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
    /// A token that the library's own call credentials send along.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bearer_token: Option<String>,
    /// So many of this call, begun without waiting for each other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parallel: Option<u32>,
    /// So many of this call, each begun when the one before it has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_turn: Option<u32>,
    /// Begin only when this has happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_after: Option<Event>,
    /// The send lane.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub send: Vec<Step>,
    /// The receive lane; empty receives everything.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub receive: Vec<Step>,
}

/// Which interface of a library makes a call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Api {
    /// What the library's users have for the shape.
    #[default]
    Idiomatic,
    /// The most general one, a stream both ways.
    Stream,
}

impl Api {
    fn is_idiomatic(&self) -> bool {
        *self == Self::Idiomatic
    }
}

/// One entry of metadata: `{ key: x-request, value: text }`, or `hex` for the
/// bytes of a key that ends in `-bin`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Metadatum {
    /// The key, in lower case.
    pub key: String,
    /// A value of ASCII text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// A value of bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hex: Option<String>,
    /// A value of one character, `count` times: for what would be long to write.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fill: Option<Fill>,
}

/// One step of a lane: exactly one of its kinds, and a name if something is to
/// wait for it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Step {
    /// A name to wait for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A message as JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Value>,
    /// A message by its encoding; the peer decodes it and encodes it anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hex: Option<String>,
    /// Bytes that are sent as they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
    /// A message with one long text field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fill: Option<Fill>,
    /// Send this message uncompressed, although the others are compressed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub uncompressed: bool,
    /// End the request here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub half_close: Option<Empty>,
    /// Wait for the response headers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub await_headers: Option<Empty>,
    /// Receive so many messages, or all with 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receive: Option<u32>,
    /// Wait for a release, or for a step of the other lane.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait: Option<Wait>,
    /// Cancel the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancel: Option<Empty>,
    /// Send leading metadata.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headers: Option<Vec<Metadatum>>,
    /// End the call with a status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// Reset the stream with this error code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reset: Option<u32>,
    /// Panic, or throw.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub panic: Option<String>,
}

/// `{}`: the step has nothing to say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Empty {}

/// One character, many times: the one text field of a message, or a value of metadata.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Fill {
    /// The character, one ASCII letter; `a` if unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub byte: Option<String>,
    /// The length of the field's value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<Number>,
    /// The length of the whole encoded message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoded_size: Option<Number>,
}

/// A number, or `${param}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Number(pub Value);

/// What a step waits for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Wait {
    /// A release by its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub released: Option<String>,
    /// A step of the other lane by its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
}

/// How a handler ends its call.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Status {
    /// The code by its name, such as `NOT_FOUND`.
    pub code: String,
    /// The message.
    pub message: String,
    /// `grpc-status-details-bin` in hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<String>,
    /// Trailing metadata.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub trailing: Vec<Metadatum>,
}

/// Something that the harness does itself: exactly one of these.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Action {
    /// Go on when this has happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait: Option<Event>,
    /// Open a latch for both peers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// Hold or let what passes the tap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tap: Option<TapAction>,
}

/// What the tap is told: exactly one of these.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TapAction {
    /// Hold this side's bytes from this frame on. Holds stand before the first
    /// call begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<FrameMatch>,
    /// Let everything pass that this side sent.
    #[serde(rename = "let", skip_serializing_if = "Option::is_none")]
    pub pass: Option<Party>,
}

/// One of the two peers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Party {
    /// The client.
    Client,
    /// The server.
    Server,
}

/// Something that happens: exactly one of these.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Event {
    /// The nth handler of the case was entered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub began: Option<u32>,
    /// The nth handler of the case has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handled: Option<u32>,
    /// A call's report is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_ended: Option<String>,
    /// A step with this name was reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reached: Option<String>,
    /// A frame came to the tap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame: Option<FrameMatch>,
}

/// A frame.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FrameMatch {
    /// Who sends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Party>,
    /// Its type by name, such as `HEADERS`; any type if unset.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// It ends its stream: END_STREAM is set, or it is RST_STREAM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends_stream: Option<bool>,
    /// The nth one that matches, counted from 1; the first if unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nth: Option<u32>,
    /// The error code of RST_STREAM or GOAWAY by its name. Only for what is
    /// expected of the wire.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Methods by path, for what handlers are expected to have seen.
pub type ByMethod<T> = BTreeMap<String, T>;
