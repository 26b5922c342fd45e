//! A case, understood: names are looked up, bytes are bytes, times are times.

use std::time::Duration;

use bytes::Bytes;
use prost_reflect::MessageDescriptor;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::case::{Api, ChannelOptions, ClientTls, Keyword, Party, ServerOptions, ServerTls};
use super::dialogue::DialoguePlan;
use super::expect::Matcher;
use super::faults::FaultsPlan;
use super::part::Part;
use super::schema::Shape;
use super::source::Location;
use super::variant::Variant;
use crate::wire::capture::Direction;

/// One case, ready to be run by any pair.
#[derive(Debug, Clone)]
pub struct CasePlan {
    /// `suite/case`.
    pub id: String,
    /// The suite's name.
    pub suite: String,
    /// What the suite is about.
    pub suite_about: String,
    /// The `:authority` of channels over a Unix socket.
    pub authority_over_uds: Option<String>,
    /// It is run only where a pattern names its suite.
    pub on_request: bool,
    /// The case's name.
    pub name: String,
    /// What it checks.
    pub about: String,
    /// What the specification says.
    pub keyword: Option<Keyword>,
    /// Where it says so.
    pub section: Option<String>,
    /// The rules that it holds a peer to: behaviours, or rules on bytes that
    /// need somebody to say something wrong.
    pub holds: Vec<&'static str>,
    /// Words to select by.
    pub tags: Vec<String>,
    /// Features that both peers must have.
    pub needs: Vec<String>,
    /// Whose fault it is if the case fails, where the case says so.
    pub blames: Option<Party>,
    /// What it is run over; at least one.
    pub variants: Vec<Variant>,
    /// How long one run of it may take.
    pub limit: Duration,
    /// How many samples the cell has.
    pub repeat: u32,
    /// Where it is written.
    pub at: Location,
    /// SHA-256 of the case as it is written, in hex, 16 digits.
    pub digest: String,
    /// The server's listeners.
    pub listeners: Vec<ListenerPlan>,
    /// The client's channels.
    pub channels: Vec<ChannelPlan>,
    /// The calls.
    pub calls: Vec<CallPlan>,
    /// What the harness itself does.
    pub actions: Vec<ActionPlan>,
    /// What must be seen.
    pub expect: ExpectPlan,
    /// Official interop programs take part in it.
    pub official: Option<OfficialPlan>,
    /// How many streams of a method there may be that are none of these calls:
    /// opened by the client, and left.
    pub streams_besides: u32,
    /// What the client must be.
    pub client: PeerKind,
    /// What the server must be.
    pub server: PeerKind,
    /// A serialized `google.protobuf.FileDescriptorSet` of types that the peers
    /// do not have built in.
    pub descriptors: Bytes,
    /// Nobody has said what is right: its calls ask the same thing twice, and
    /// what clients are told by one server must agree.
    pub agrees: bool,
    /// What a scripted peer says in place of the client or the server.
    pub dialogue: Option<DialoguePlan>,
    /// What is wrong with the line.
    pub faults: FaultsPlan,
}

/// What a peer is to the harness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PeerKind {
    /// It keeps the contract: it does what it is told, and reports.
    Contract,
    /// It knows nothing of Wirecheck.
    Foreign,
    /// It knows nothing of Wirecheck, and has the command line of the official
    /// interop programs. What a case asks for as a client and as a server is met
    /// by pairs of which one side or both are such.
    Official,
    /// It says what the case has it say, see [`DialoguePlan`].
    Scripted,
}

/// A case as official interop programs have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfficialPlan {
    /// What official clients call it.
    pub case: String,
    /// How many of its calls, from the first on, they make.
    pub calls: usize,
    /// How many calls of the same method they may open besides, and leave.
    pub besides: u32,
}

/// One listener.
#[derive(Debug, Clone)]
pub struct ListenerPlan {
    /// Its name in the case.
    pub name: String,
    /// Built-in services by full name.
    pub services: Vec<String>,
    /// Methods with a script.
    pub scripts: Vec<ScriptPlan>,
    /// Options.
    pub options: ServerOptions,
    /// Who it proves to be, over TLS.
    pub tls: ServerTls,
    /// Features that the server must have for it.
    pub needs: Vec<String>,
}

/// What one method does.
#[derive(Debug, Clone)]
pub struct ScriptPlan {
    /// The path.
    pub path: String,
    /// Shape and types.
    pub types: Types,
    /// The send lane.
    pub send: Vec<StepPlan>,
    /// The receive lane.
    pub receive: Vec<StepPlan>,
}

/// Shape and types of a method.
#[derive(Debug, Clone)]
pub struct Types {
    /// How many messages go each way.
    pub shape: Shape,
    /// The request type.
    pub request: MessageDescriptor,
    /// The response type.
    pub response: MessageDescriptor,
}

/// One channel.
#[derive(Debug, Clone)]
pub struct ChannelPlan {
    /// Its name in the case.
    pub name: String,
    /// Index of its listener.
    pub listener: usize,
    /// Options.
    pub options: ChannelOptions,
    /// Whom it trusts and who it is, over TLS.
    pub tls: ClientTls,
    /// How many there are; the calls go through them in turn.
    pub count: u32,
    /// Features that the client must have for it.
    pub needs: Vec<String>,
}

/// One call.
#[derive(Debug, Clone)]
pub struct CallPlan {
    /// Its name in the case.
    pub id: String,
    /// Index of its channel.
    pub channel: usize,
    /// The path.
    pub path: String,
    /// Shape and types.
    pub types: Types,
    /// Which interface of the library makes it.
    pub api: Api,
    /// Metadata.
    pub metadata: Metadata,
    /// The deadline.
    pub timeout: Option<Duration>,
    /// A token for the library's own call credentials.
    pub bearer_token: Option<String>,
    /// How many times it is made; at once, unless it is made in turn.
    pub count: u32,
    /// Each begins when the one before it has ended.
    pub in_turn: bool,
    /// Begin when this has happened.
    pub start_after: Option<EventPlan>,
    /// The send lane.
    pub send: Vec<StepPlan>,
    /// The receive lane.
    pub receive: Vec<StepPlan>,
    /// Received messages are wanted in full.
    pub whole: bool,
}

/// Keys and values, `-bin` values as the bytes themselves.
pub type Metadata = Vec<(String, Vec<u8>)>;

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepPlan {
    /// A name to wait for.
    pub name: Option<String>,
    /// What it does.
    pub kind: StepKind,
    /// Of a message: it is not to be compressed.
    pub uncompressed: bool,
}

/// What a step does; the contract has the words.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum StepKind {
    Message(Payload),
    Raw(Payload),
    HalfClose,
    AwaitHeaders,
    Receive(u32),
    WaitRelease(String),
    WaitStep(String),
    Cancel,
    Headers(Metadata),
    Status {
        code: u32,
        message: String,
        details: Vec<u8>,
        trailing: Metadata,
    },
    Reset(u32),
    Panic(String),
}

/// Bytes in pieces, so that large ones need not be held.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Payload {
    /// The pieces, in order.
    pub pieces: Vec<Piece>,
}

/// A part of a payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// These bytes.
    Bytes(Vec<u8>),
    /// One byte, so many times.
    Fill {
        /// The byte.
        byte: u8,
        /// How many.
        count: u64,
    },
}

/// Something that happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventPlan {
    /// The nth handler of the case was entered.
    Began(u32),
    /// The nth handler of the case has ended.
    Handled(u32),
    /// The report of the call with this index is in.
    CallEnded(usize),
    /// A step with this name was reached.
    Reached(String),
    /// A frame came to the tap.
    Frame(FramePlan),
    /// A client that knows nothing of Wirecheck has ended.
    ProgramEnded,
    /// The dialogue was played to its end.
    DialogueEnded,
}

/// A frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FramePlan {
    /// Who sends it; either if unset.
    pub direction: Option<Direction>,
    /// The type octet; any if unset.
    pub kind: Option<u8>,
    /// It ends its stream, or it does not.
    pub ends_stream: Option<bool>,
    /// The nth that matches, counted from 1.
    pub nth: u32,
    /// The error code of RST_STREAM or GOAWAY.
    pub error: Option<u32>,
}

/// Something that the harness does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActionPlan {
    /// Go on when this has happened.
    Wait(EventPlan),
    /// Open a latch for both peers.
    Release(String),
    /// Hold a direction from a frame on.
    Hold(Direction, FramePlan),
    /// Let everything pass in a direction.
    Pass(Direction),
}

/// What must be seen.
#[derive(Debug, Clone, Default)]
pub struct ExpectPlan {
    /// For each call, by its index.
    pub calls: Vec<CallExpect>,
    /// What handlers saw, by path.
    pub handled: Vec<(String, HandledExpect)>,
    /// What stands on the wire.
    pub wire: Vec<WireExpect>,
    /// Frames that must have passed.
    pub present: Vec<FramePlan>,
    /// Frames that must not have passed.
    pub absent: Vec<FramePlan>,
    /// The call that must have been answered on the connection of the one
    /// before it, by its index.
    pub survives: Option<usize>,
}

/// What must be seen of one call.
#[derive(Debug, Clone)]
pub struct CallExpect {
    /// The status by its name.
    pub status: Matcher,
    /// The status message.
    pub message: Option<Matcher>,
    /// `grpc-status-details-bin`.
    pub details: Option<Vec<u8>>,
    /// Leading metadata.
    pub leading: Metadata,
    /// Trailing metadata.
    pub trailing: Metadata,
    /// The messages.
    pub receive: Option<Vec<MessageExpect>>,
    /// How many of a parallel call came out like this; all if unset.
    pub count: Option<Matcher>,
}

/// A message that is expected of a codec.
#[derive(Debug, Clone)]
pub enum MessageExpect {
    /// This message.
    Is {
        /// Its encoding.
        bytes: Vec<u8>,
        /// As it was written.
        json: Value,
    },
    /// Any message whose encoding has so many bytes.
    Size(u64),
    /// Any message that holds this much.
    Has(Part),
}

/// What must be seen of the handlers of a method.
#[derive(Debug, Clone)]
pub struct HandledExpect {
    /// How often it was entered.
    pub times: Option<Matcher>,
    /// What it received.
    pub receive: Option<Vec<MessageExpect>>,
    /// Metadata that it saw.
    pub metadata: Metadata,
    /// How the request ended.
    pub request_end: Option<Matcher>,
    /// How the call ended.
    pub call_end: Option<Matcher>,
    /// The type of its requests, for readers.
    pub request: Option<MessageDescriptor>,
}

/// One expectation of the wire.
#[derive(Debug, Clone)]
pub struct WireExpect {
    /// The key as it was written.
    pub key: String,
    /// Index of the call whose stream is looked at.
    pub call: usize,
    /// What it is about.
    pub target: WireTarget,
}

/// What an expectation of the wire is about. All but `Connections` look at the
/// stream of one call.
#[derive(Debug, Clone)]
pub enum WireTarget {
    /// How many connections the client made.
    Connections(Matcher),
    /// A field of the request headers.
    RequestHeader(String, Matcher),
    /// A field of the response headers.
    ResponseHeader(String, Matcher),
    /// A field of the trailers.
    ResponseTrailer(String, Matcher),
    /// A message, by its index.
    Message(Direction, usize, WireMessage),
}

/// What a message on the wire must be.
#[derive(Debug, Clone)]
pub enum WireMessage {
    /// These bytes.
    Hex(Vec<u8>),
    /// This meaning; other bytes of the same meaning are lax.
    Canonical(Vec<u8>, MessageDescriptor),
    /// So many bytes.
    Size(u64),
    /// The Compressed-Flag.
    Flag(u8),
    /// So many bytes when decompressed.
    Decompressed(u64),
}

impl CallPlan {
    /// Its client ends it before its server does: by its deadline, or by
    /// cancelling it.
    pub fn is_given_up(&self) -> bool {
        let mut steps = self.send.iter().chain(&self.receive);
        self.timeout.is_some() || steps.any(|step| step.kind == StepKind::Cancel)
    }

    /// Its client may end it before anything of it was sent, unless somebody
    /// holds it back: a deadline may pass, and what is cancelled before the first
    /// message need not come to the wire.
    pub fn need_not_be_sent(&self) -> bool {
        let mut before = self
            .send
            .iter()
            .take_while(|step| !matches!(step.kind, StepKind::Message(_) | StepKind::Raw(_)));
        self.timeout.is_some() || before.any(|step| step.kind == StepKind::Cancel)
    }
}

impl StepPlan {
    /// A step that nothing waits for.
    pub fn unnamed(kind: StepKind) -> Self {
        Self {
            name: None,
            kind,
            uncompressed: false,
        }
    }

    /// A step that something waits for.
    pub fn named(name: &str, kind: StepKind) -> Self {
        Self {
            name: Some(name.to_owned()),
            ..Self::unnamed(kind)
        }
    }
}

impl Payload {
    /// A payload of these bytes.
    pub fn bytes(bytes: Vec<u8>) -> Self {
        Self {
            pieces: vec![Piece::Bytes(bytes)],
        }
    }

    /// The length in bytes.
    pub fn len(&self) -> u64 {
        self.pieces.iter().map(Piece::len).sum()
    }

    /// All of its bytes. Only for what is known to be short.
    pub fn to_vec(&self) -> Vec<u8> {
        let mut all = Vec::new();
        for piece in &self.pieces {
            match piece {
                Piece::Bytes(bytes) => all.extend_from_slice(bytes),
                Piece::Fill { byte, count } => all.resize(all.len() + *count as usize, *byte),
            }
        }
        all
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// SHA-256 of all bytes, without holding them.
    pub fn sha256(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        for piece in &self.pieces {
            match piece {
                Piece::Bytes(bytes) => hash.update(bytes),
                Piece::Fill { byte, count } => hash_fill(&mut hash, *byte, *count),
            }
        }
        hash.finalize().into()
    }
}

impl Piece {
    fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Fill { count, .. } => *count,
        }
    }
}

fn hash_fill(hash: &mut Sha256, byte: u8, count: u64) {
    let block = [byte; 4096];
    let mut left = count;
    while left > 0 {
        let now = left.min(block.len() as u64);
        hash.update(&block[..now as usize]);
        left -= now;
    }
}
