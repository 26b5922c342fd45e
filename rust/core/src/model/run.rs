//! `run.json`: everything that a run knows, in one file.
//!
//! Readers ignore fields that they do not know; within a schema version fields
//! are only added. Byte values are hex; times are nanoseconds or milliseconds
//! as the name says.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The version of this format.
pub const SCHEMA_VERSION: u32 = 1;

/// A run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Run {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The program and its version, such as `wirecheck 0.1.0`.
    pub tool: String,
    /// The run's id, four hex digits or more.
    pub id: String,
    /// When it began, RFC 3339, UTC.
    pub started: String,
    /// How long it took.
    pub wall_ms: u64,
    /// The seed of everything that is random.
    pub seed: u64,
    /// The command line, program first.
    pub argv: Vec<String>,
    /// The git revision of the folder, if it is one.
    pub revision: Option<String>,
    /// Where it ran.
    pub machine: Machine,
    /// Every planned cell was run or left out on purpose.
    pub complete: bool,
    /// Why it is not complete.
    pub incomplete_reason: Option<String>,
    /// The exit code.
    pub exit: u8,
    /// What was planned.
    pub plan: PlanOf,
    /// Which part of the plan this is.
    pub shard: Option<Shard>,
    /// The peers, one entry for each role.
    pub peers: Vec<Peer>,
    /// The cases.
    pub cases: Vec<Case>,
    /// The rules that were held against every exchange.
    pub rules: Vec<RuleOf>,
    /// The entries of the known list.
    pub known: Vec<KnownOf>,
    /// What is wrong, grouped: cells that share a cause.
    pub causes: Vec<Cause>,
    /// What could have been run and was to be left out, with the reason.
    pub left_out: Vec<String>,
    /// Groups of cells that are held against each other.
    pub agreements: Vec<Agreement>,
    /// What was left out because a limit was reached.
    pub cuts: Vec<String>,
    /// Every planned cell, also those that were not run.
    pub cells: Vec<Cell>,
}

/// Where a run took place.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[allow(missing_docs)]
pub struct Machine {
    pub os: String,
    pub arch: String,
    /// Logical processors.
    pub cores: usize,
}

/// What was planned.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PlanOf {
    /// Equal digests mean the same cells with the same cases.
    pub digest: String,
    /// How many cells.
    pub cells: usize,
}

/// One of several parts of a plan, counted from 1.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[allow(missing_docs)]
pub struct Shard {
    pub i: u32,
    pub n: u32,
}

/// A peer in one role.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Peer {
    /// Its name, such as `python-grpcio`.
    pub name: String,
    /// `client` or `server`.
    pub role: String,
    /// Where it comes from: `built-in`, or what the user named.
    pub source: String,
    /// How it was started.
    pub command: Vec<String>,
    /// Language, libraries and transport by name.
    pub versions: Vec<VersionOf>,
    /// Features that it declares.
    pub features: Vec<String>,
    /// Features that a cell has shown to work.
    pub features_verified: Vec<String>,
    /// Findings below MUST, by rule: how many cells show them.
    pub habits: BTreeMap<String, u64>,
    /// Its log, relative to the run's folder.
    pub log: Option<String>,
    /// Why it was not to be started at all.
    pub absent: Option<Absent>,
    /// Why it did not run, or what went wrong with it.
    pub errors: Vec<PeerError>,
    /// It was started again so many times.
    pub restarts: u32,
}

/// Why a peer is not there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Absent {
    /// In a few words, such as `not installed`.
    pub reason: String,
    /// The command that brings it.
    pub mend: String,
    /// It was asked for: the run is not complete without it.
    pub required: bool,
}

/// A version of a part of a peer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[allow(missing_docs)]
pub struct VersionOf {
    pub name: String,
    pub version: String,
}

/// Something that went wrong with a peer as a process.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PeerError {
    /// What, in one sentence.
    pub sentence: String,
    /// How the process ended, if it did.
    pub exit_status: Option<String>,
    /// The last lines of its log.
    pub log_tail: Vec<String>,
    /// What could be done.
    pub hint: Option<String>,
}

/// A case.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[allow(missing_docs)]
pub struct Case {
    /// `suite/case`.
    pub id: String,
    pub digest: String,
    pub about: String,
    pub file: String,
    pub line: u32,
    pub keyword: Option<String>,
    pub section: Option<String>,
    /// The rules that it holds a peer to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<String>,
}

/// A rule that was held against every exchange.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[allow(missing_docs)]
pub struct RuleOf {
    pub id: String,
    /// `MUST`, `SHOULD` or `INFO`.
    pub level: String,
    pub about: String,
    pub section: String,
    pub link: String,
}

/// An entry of the known list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct KnownOf {
    /// The pattern.
    pub pattern: String,
    /// The code of the finding.
    pub finding: String,
    /// Why it is as it is.
    pub reason: String,
    /// Where it is discussed.
    pub link: Option<String>,
    /// Since when it is listed.
    pub since: String,
    /// How often it shows up.
    pub rate: Option<String>,
    /// Where the entry stands, `file:line`.
    pub at: String,
    /// Cells that show it.
    pub matched: Vec<String>,
}

/// Cells with the same finding of the same culprit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Cause {
    /// The fingerprint that the findings share.
    pub id: String,
    /// The outcome of the cells.
    pub outcome: String,
    /// What, in one sentence.
    pub sentence: String,
    /// Whose fault.
    pub culprit: String,
    /// The peer at fault, where it is one.
    pub peer: Option<String>,
    /// The cells.
    pub cells: Vec<String>,
}

/// Cells that are held against each other.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[allow(missing_docs)]
pub struct Agreement {
    /// `server/suite/case`.
    pub group: String,
    pub cells: Vec<String>,
    /// All of them have ended.
    pub complete: bool,
    /// Paths that were not compared: they vary by nature, or were to be left
    /// out.
    pub left_out: Vec<String>,
}

/// One cell.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Cell {
    /// `client/server/suite/case`.
    pub id: String,
    /// The client's name.
    pub client: String,
    /// The server's name.
    pub server: String,
    /// The suite.
    pub suite: String,
    /// The case.
    pub case: String,
    /// What it was run over, where that is not the default.
    pub variant: Vec<String>,
    /// The case's digest.
    pub digest: String,
    /// `pass`, `lax`, `fail`, `known`, `stale`, `flaky`, `unsupported`,
    /// `error` or `not-run`.
    pub outcome: String,
    /// Why, where the outcome needs a reason.
    pub reason: Option<Reason>,
    /// Indices in [`Run::known`].
    pub known_entry: Vec<usize>,
    /// When it began, after the start of the run.
    pub start_ms: u64,
    /// How long it took, samples and all.
    pub duration_ms: u64,
    /// What it waited for before it could begin.
    pub waited_for: Option<String>,
    /// Its runs: `first`, `alone` after a peer died, or `sample N`.
    pub attempts: Vec<Attempt>,
    /// Of several samples, how many had each status.
    pub distribution: BTreeMap<String, u64>,
}

impl Cell {
    /// The fourth part of the id: the case, with what it was run over that is
    /// not the default, as in `say-hello+uds`.
    pub fn case_and_variant(&self) -> String {
        let words = self.variant.iter();
        let words: String = words.map(|word| format!("+{word}")).collect();
        format!("{}{words}", self.case)
    }
}

/// Why a cell has its outcome.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Reason {
    /// A stable word: `known`, `stale`, `feature`, `peer`, `harness`, `filtered`, `stopped`.
    pub code: String,
    /// In one sentence.
    pub sentence: String,
    /// The peer that it is about.
    pub peer: Option<String>,
    /// The feature that it is about.
    pub feature: Option<String>,
    /// What would mend it.
    pub mend: Option<String>,
}

/// One run of a cell.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Attempt {
    /// `first`, `alone` or `sample N`.
    pub kind: String,
    /// The outcome of this run, known deviations aside: `pass`, `lax`, `fail`,
    /// `unsupported` or `error`.
    pub outcome: String,
    /// What is not as expected.
    pub findings: Vec<FindingOf>,
    /// Every expectation of the case.
    pub checks: Vec<CheckOf>,
    /// The client's reports, by call.
    pub calls: BTreeMap<String, Vec<ClientOf>>,
    /// What handlers saw.
    pub handled: Vec<HandledOf>,
    /// The connections through the tap.
    pub connections: Vec<ConnectionOf>,
    /// What the tap captured.
    pub captures: Vec<CaptureOf>,
    /// What was left out because a limit was reached.
    pub cuts: Vec<String>,
}

/// One thing that is not as expected.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct FindingOf {
    /// The rule or the check.
    pub code: String,
    /// Equal for equal findings in other cells and other runs.
    pub fingerprint: String,
    /// `MUST`, `SHOULD` or `INFO`.
    pub level: String,
    /// `client`, `server`, `harness`, `case` or `undetermined`.
    pub culprit: String,
    /// What differs.
    pub sentence: String,
    /// Where.
    #[serde(rename = "where")]
    pub place: WhereOf,
    /// What was expected.
    pub expected: Option<ValueOf>,
    /// What was seen.
    pub got: Option<ValueOf>,
    /// The specification.
    pub section: Option<SectionOf>,
    /// The key of the case that was not met.
    pub path: Option<String>,
    /// Where the case is written, `file:line`.
    pub case_at: Option<String>,
}

/// Where a finding points.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[allow(missing_docs)]
pub struct WhereOf {
    pub connection: Option<u32>,
    pub stream: Option<u32>,
    pub frame: Option<usize>,
    pub message: Option<usize>,
    /// `client` or `server`: who sent the bytes.
    pub sender: Option<String>,
    /// First byte and the byte after the last, in the sender's direction.
    pub byte_range: Option<(u64, u64)>,
    pub at_ns: Option<u64>,
}

/// A value on one side of a difference.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[allow(missing_docs)]
pub struct ValueOf {
    pub value: String,
    pub hex: Option<String>,
    /// Bytes in full.
    pub length: u64,
    pub sha256: Option<String>,
    /// `hex` has not all of it.
    pub cut: bool,
}

/// A place in a specification.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[allow(missing_docs)]
pub struct SectionOf {
    pub name: String,
    pub quote: String,
    pub link: String,
}

/// An expectation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CheckOf {
    /// The key of the case.
    pub path: String,
    /// `met`, `lax`, `broken`, `unreadable` or `unobservable`.
    pub state: String,
    /// Why it could not be read or observed.
    pub why: Option<String>,
}

/// A client's report of a call.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[allow(missing_docs)]
pub struct ClientOf {
    /// The status by name; empty if there was no report.
    pub status: String,
    pub message: String,
    /// Hex.
    pub details: String,
    pub leading: Vec<MetadatumOf>,
    pub trailing: Vec<MetadatumOf>,
    pub merged: bool,
    pub messages: Vec<MessageOf>,
    pub message_count: u64,
    pub stood_at: (u32, u32),
    /// Why there is no status.
    pub not_tried: Option<String>,
    pub duration_ns: u64,
}

/// One entry of metadata; a value that is not printable ASCII is in hex.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[allow(missing_docs)]
pub struct MetadatumOf {
    pub key: String,
    pub value: Option<String>,
    pub hex: Option<String>,
}

/// A message as a codec understood it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[allow(missing_docs)]
pub struct MessageOf {
    pub length: u64,
    pub sha256: String,
    /// The first bytes.
    pub hex: String,
    pub cut: bool,
    pub codec_error: Option<String>,
}

/// What a handler saw.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[allow(missing_docs)]
pub struct HandledOf {
    pub method: String,
    pub metadata: Vec<MetadatumOf>,
    pub messages: Vec<MessageOf>,
    pub message_count: u64,
    pub request_end: Option<String>,
    pub call_end: Option<String>,
    pub detail: String,
}

/// A connection through the tap.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[allow(missing_docs)]
pub struct ConnectionOf {
    pub id: u32,
    pub opened_ns: u64,
    pub closed_ns: Option<u64>,
    pub client_bytes: u64,
    pub server_bytes: u64,
    /// What TLS says of itself in plain text, if the connection was TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsOf>,
}

/// What the hellos of a TLS connection say.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TlsOf {
    /// The name that the client asked for (SNI).
    pub server_name: Option<String>,
    /// The protocols that the client offered.
    pub offered_alpn: Vec<String>,
    /// The versions that the client offered.
    pub offered_versions: Vec<String>,
    /// The version that the server chose, if it answered.
    pub version: Option<String>,
}

/// What the tap captured.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[allow(missing_docs)]
pub struct CaptureOf {
    /// Relative to the run's folder.
    pub path: String,
    /// `wirecap-1`.
    pub format: String,
    pub length: u64,
    pub sha256: String,
    pub cut: bool,
    /// `server`, where the case puts faults on the line and this is what passed
    /// beside the server, behind them.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub beside: String,
}

impl CaptureOf {
    /// It is what the cell is shown by: what passed beside the client.
    pub fn is_main(&self) -> bool {
        self.beside.is_empty()
    }
}
