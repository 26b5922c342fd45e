//! `wirecheck.toml`: a team's own peers, schema and cases.
//!
//! These types are the file format: their JSON Schema is
//! `docs/manifest.schema.json`, and an unknown key is an error. Paths are
//! relative to the file.

mod official;
mod resolve;

use std::collections::BTreeMap;
use std::num::NonZeroU16;
use std::path::PathBuf;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::case::Span;
use super::variant::Variant;

pub use official::Official;
pub use resolve::{Manifest, Peer, Readiness, Role, Runs, load};

/// The name of the file.
pub const FILE: &str = "wirecheck.toml";

/// The file as it is written.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct File {
    /// `.proto` files of the services, or folders of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub protos: Vec<PathBuf>,
    /// Folders that imports are relative to. Without any they follow from the
    /// packages of the files.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub import_paths: Vec<PathBuf>,
    /// Descriptor sets of the services, as protoc and buf write them, with all
    /// imports.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub descriptor_sets: Vec<PathBuf>,
    /// A folder of suites with cases of your own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cases: Option<PathBuf>,
    /// The list of known deviations; `known.toml` beside this file if unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known: Option<PathBuf>,
    /// Which of Wirecheck's own peers take part, and must be there, also in other
    /// versions, as `rust-tonic@0.12` or `go-grpc=path:../grpc-go`; all that are
    /// there if unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub with: Option<Vec<String>>,
    /// Run only cells that one of these patterns matches, as for
    /// `wirecheck run`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<String>,
    /// What Wirecheck's own clients are run over, up to the tap: `tcp` if unset.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<Variant>,
    /// Replaces the time limit of every case, such as `30s`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<Span>,
    /// Names of metadata whose values are not to be shown anywhere, beside
    /// `authorization`, `cookie` and the like.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<String>,
    /// How the methods of the services are called.
    pub calls: Calls,
    /// The peers, by their names.
    pub peer: IndexMap<String, PeerEntry>,
}

/// How the methods of the services are called.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Calls {
    /// Methods that must not be called, as `Shop/Delete*`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
    /// Call only methods whose `idempotency_level` says that they can be called
    /// twice.
    pub idempotent_only: bool,
    /// Fields and metadata that clients need not agree in, as `created_at` or
    /// `order.id`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub leave_out: Vec<String>,
    /// Metadata of every call.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
}

/// One peer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PeerEntry {
    /// `server` or `client`; it follows from the command if that has `{port}`,
    /// `{address}` or `{target}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<RoleWord>,
    /// The command that builds it; it should do nothing when all is current.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub build: Option<Command>,
    /// The command that starts it. In that of a server `{port}` stands for a
    /// free port and `{address}` for `127.0.0.1:` and that port; in that of a
    /// client `{target}` stands for where the server is. With `image` it is
    /// what comes after the image: arguments, in which `{port}` stands for the
    /// port inside and `{address}` for `0.0.0.0:` and that port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<Command>,
    /// The image of a server that is started in a container, such as `shop:1`.
    /// It is never pulled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The port on which the server listens inside its container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<NonZeroU16>,
    /// Where a server runs already, or where the one that is started listens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The folder in which its commands are run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cwd: Option<PathBuf>,
    /// Variables that its commands get; the words in braces stand there too.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// When a server is ready; when it accepts a connection if unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready: Option<ReadyEntry>,
    /// How long that may take, such as `20s`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within: Option<Span>,
    /// How TLS is spoken to a server that wants it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
    /// The exit code that is expected of a client; 0 if unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit: Option<i32>,
    /// A file with the stdout that is expected of a client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<PathBuf>,
    /// The command line that its programs have: that of gRPC's official interop
    /// programs. They are run through the official cases, against each other and
    /// against Wirecheck's own peers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract: Option<ContractWord>,
    /// With `contract`: the client, which also gets `--server_host`,
    /// `--server_port`, `--test_case` and `--use_tls`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<Command>,
    /// With `contract`: the server, which also gets `--port` and `--use_tls`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<Command>,
    /// What the client gets over TLS, beside `--use_tls=true` and
    /// `--server_host_override`; `{ca}` stands for a file with the certificate to
    /// trust, in PEM. It is not run over TLS if unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_tls: Option<Vec<String>>,
    /// What the server gets over TLS, beside `--use_tls=true`; `{cert}` and
    /// `{key}` stand for files in PEM. It is not run over TLS if unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_tls: Option<Vec<String>>,
    /// With `contract`: what the server has of what official servers need not
    /// have, such as `compression:gzip`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<String>,
}

/// The command line of a peer's programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ContractWord {
    /// That of the official interop programs of gRPC.
    #[serde(rename = "grpc-interop")]
    GrpcInterop,
}

/// How TLS is spoken to a server: Wirecheck speaks it, so that the wire can be
/// seen.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The certificates that are trusted, in PEM.
    pub ca: PathBuf,
    /// The certificate of the client, in PEM.
    pub cert: Option<PathBuf>,
    /// Its key, in PEM.
    pub key: Option<PathBuf>,
    /// The server's name in its certificate; that of its address if unset.
    pub authority: Option<String>,
}

/// What a peer is in the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RoleWord {
    /// It is called.
    Server,
    /// It calls.
    Client,
}

/// A command: a list of arguments, or a line that is split at spaces, without a
/// shell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Command {
    /// The program and its arguments.
    Arguments(Vec<String>),
    /// The same in one line, quoted as for a shell.
    Line(String),
}

/// When a server is ready.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ReadyEntry {
    /// A word.
    Word(ReadyWord),
    /// A line that it prints.
    Log {
        /// A text in that line.
        log: String,
    },
}

/// When a server is ready, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReadyWord {
    /// When it accepts a connection.
    Tcp,
    /// When it answers SERVING to `grpc.health.v1.Health/Check`.
    GrpcHealth,
    /// It keeps Wirecheck's contract, and says so.
    Contract,
}

#[cfg(test)]
mod tests;
