//! What was seen of a cell: the reports of both peers beside the exchange.

use crate::plan::types::Metadata;
use crate::wire::capture::Direction;
use crate::wire::exchange::Exchange;

/// One run of a cell, as it was seen.
#[derive(Debug, Clone, Default)]
pub struct Observation {
    /// For each call of the case, by its index, the report of each of its
    /// parallel calls.
    pub calls: Vec<Vec<CallSeen>>,
    /// What handlers saw, in the order in which they ended.
    pub handled: Vec<HandledSeen>,
    /// What passed the tap, beside the client if there are two.
    pub exchange: Exchange,
    /// The cell was run over TLS: what passed the tap cannot be read.
    pub tls: bool,
    /// The client's run, where it is a program that knows nothing of Wirecheck.
    pub program: Option<Box<ProgramSeen>>,
    /// The server knows nothing of Wirecheck: what its handlers saw nobody tells.
    pub is_server_silent: bool,
    /// How far a scripted peer came, where one is in the place of a side.
    pub dialogue: Option<DialogueSeen>,
    /// What became of the faults of the case, where it has any.
    pub line: Option<Box<LineSeen>>,
}

/// What a line with faults did, between a tap beside each side.
#[derive(Debug, Clone, Default)]
pub struct LineSeen {
    /// What passed the tap beside the server.
    pub beside_server: Exchange,
    /// How often each fault of the case was put on the line.
    pub applied: Vec<u32>,
    /// Connections that were reset as the case asks.
    pub refused: u32,
    /// Why the frames of a connection could not be followed any more.
    pub gave_up: Option<String>,
}

/// How far a dialogue came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DialogueSeen {
    /// To its end, on one connection at least.
    Through,
    /// Nobody connected, or accepted.
    NoConnection,
    /// Not to its end. Of several connections, that on which it came furthest.
    Stopped(Box<Stopped>),
}

/// Where a dialogue stands that did not come to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stopped {
    /// The line, such as `3` or `4.2`.
    pub number: String,
    /// Where that is written.
    pub at: String,
    /// What the line does, in words.
    pub what: String,
    /// Why it did not go on.
    pub why: WhyStopped,
    /// What came that no line had waited for, in words.
    pub came: String,
}

/// Why a dialogue did not go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhyStopped {
    /// What the line waits for did not come.
    NotCome,
    /// The line could not be said, for the reason given.
    CannotSay(String),
}

/// One run of a client that knows nothing of Wirecheck.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProgramSeen {
    /// Its command as one would type it.
    pub command: String,
    /// How it ended, in words, such as `exit status: 1`.
    pub ended: String,
    /// Its exit code, if it had one.
    pub exit: Option<i32>,
    /// It is an official interop program: its exit code is its word on the case.
    pub gives_word: bool,
    /// The exit code that is expected.
    pub expected_exit: i32,
    /// The beginning of its stdout.
    pub output: String,
    /// Not all of its stdout was kept.
    pub output_cut: bool,
    /// The stdout that is expected.
    pub expected_output: Option<String>,
    /// The beginning of its stderr.
    pub errors: String,
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallSeen {
    /// The client's report.
    Result(Box<CallResult>),
    /// The client lacks a feature.
    Unsupported(String),
    /// The client failed at the attempt.
    CouldNotTry(String),
    /// No report came within the time of the case.
    Missing,
    /// The client reports nothing, and the tap saw no such call.
    NotMade,
    /// The client reports nothing, and what passed the tap does not tell, for
    /// the reason given.
    Untold(String),
}

/// A client's report of one call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CallResult {
    /// The status code.
    pub status: u32,
    /// The status message.
    pub message: String,
    /// `grpc-status-details-bin`, decoded.
    pub details: Vec<u8>,
    /// Leading metadata, or both where `merged`.
    pub leading: Metadata,
    /// Trailing metadata.
    pub trailing: Metadata,
    /// The interface cannot tell leading and trailing metadata apart.
    pub merged: bool,
    /// The messages, at most the first 1,000.
    pub messages: Vec<MessageSeen>,
    /// How many messages came.
    pub message_count: u64,
    /// The last step that was begun in the send and the receive lane.
    pub stood_at: (u32, u32),
    /// The harness ended it.
    pub aborted: bool,
    /// Nanoseconds from the start of the call until its status was known.
    pub duration_ns: u64,
}

/// A message as a peer's codec understood it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MessageSeen {
    /// Bytes of the encoding.
    pub length: u64,
    /// SHA-256 of the encoding.
    pub sha256: Vec<u8>,
    /// The first bytes of the encoding.
    pub head: Vec<u8>,
    /// The codec refused the message, in its own words.
    pub codec_error: Option<String>,
}

/// What a handler saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandledSeen {
    /// Index of the listener in the case.
    pub listener: usize,
    /// The listener's calls, counted from 1.
    pub number: u64,
    /// The path.
    pub method: String,
    /// Metadata at entry.
    pub metadata: Metadata,
    /// What it received, at most the first 1,000.
    pub messages: Vec<MessageSeen>,
    /// How many messages it received.
    pub message_count: u64,
    /// How the request ended; `None` if the handler was never said to end.
    pub request_end: Option<RequestEnd>,
    /// How the call ended; likewise.
    pub call_end: Option<CallEnd>,
    /// The library's own words about the end.
    pub detail: String,
    /// Nanoseconds from entry to end.
    pub duration_ns: u64,
}

/// How a request stream ended as its handler saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum RequestEnd {
    HalfClosed,
    Cancelled,
    Error,
    Unread,
}

/// How a call ended as its handler saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum CallEnd {
    Returned,
    Cancelled,
    Deadline,
    Dropped,
    Panicked,
    Running,
}

impl RequestEnd {
    /// The word that cases and reports use.
    pub fn name(self) -> &'static str {
        match self {
            Self::HalfClosed => "half-closed",
            Self::Cancelled => "cancelled",
            Self::Error => "error",
            Self::Unread => "unread",
        }
    }
}

impl CallEnd {
    /// The word that cases and reports use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Returned => "returned",
            Self::Cancelled => "cancelled",
            Self::Deadline => "deadline",
            Self::Dropped => "dropped",
            Self::Panicked => "panicked",
            Self::Running => "running",
        }
    }
}

impl ProgramSeen {
    /// An official client that was told a case that it does not have. All of
    /// them say it in nearly the same words, and end with an error.
    pub fn knows_no_such_case(&self) -> bool {
        const WORDS: [&str; 4] = ["unsupported", "unknown", "unrecognized", "invalid"];
        let printed = format!("{}\n{}", self.output, self.errors).to_ascii_lowercase();
        // What Java says of a name that is none of an enum's.
        let is_no_name = printed.contains("no enum constant") && printed.contains("testcases.");
        let says_so = |word: &&str| -> bool {
            ["test case", "test_case", "testcase"]
                .iter()
                .any(|what| printed.contains(&format!("{word} {what}")))
        };
        let says_so = is_no_name || WORDS.iter().any(says_so);
        self.gives_word && self.exit != Some(0) && says_so
    }
}

impl Observation {
    /// What the server got and sent.
    pub fn beside_server(&self) -> &Exchange {
        let line = self.line.as_deref();
        line.map_or(&self.exchange, |line| &line.beside_server)
    }

    /// What passed beside the one who sends in this direction.
    pub fn beside_sender(&self, direction: Direction) -> &Exchange {
        match direction {
            Direction::ClientToServer => &self.exchange,
            Direction::ServerToClient => self.beside_server(),
        }
    }

    /// The report of a call that is made once.
    pub fn result(&self, call: usize) -> Option<&CallResult> {
        match self.calls.get(call)?.first()? {
            CallSeen::Result(result) => Some(result),
            _ => None,
        }
    }

    /// A feature that a peer said it lacks.
    pub fn unsupported(&self) -> Option<&str> {
        self.calls.iter().flatten().find_map(|seen| match seen {
            CallSeen::Unsupported(feature) => Some(feature.as_str()),
            _ => None,
        })
    }
}
