//! What can go wrong with a peer as a process, and what its writer can do
//! about it.

use std::borrow::Cow;
use std::num::NonZeroU16;
use std::process::ExitStatus;
use std::time::Duration;

use super::contract::{self, FrameError};
use super::foreign::container::ContainerFault;
use super::link::{FRAME_LIMIT, START_LIMIT};
use super::session::Misdelivered;

/// What went wrong with a peer as a process.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeerFault {
    /// It could not be started.
    #[error("could not be started: {0}")]
    Start(String),
    /// What it needs could not be built.
    #[error("could not be built: {0}")]
    Build(String),
    /// It was not ready in time.
    #[error("did not become ready within {} s", START_LIMIT.as_secs())]
    NeverReady,
    /// A server was not ready in time.
    #[error("was not ready within {} s, waited for {waited_for}", .within.as_secs_f32())]
    NotReady {
        /// What was waited for.
        waited_for: String,
        /// How long.
        within: Duration,
        /// It was not started here.
        runs_already: bool,
    },
    /// A server in a container was not ready in time.
    #[error("was not ready within {} s, waited for {waited_for}", .within.as_secs_f32())]
    NotReadyInside {
        /// What was waited for.
        waited_for: String,
        /// How long.
        within: Duration,
        /// The port on which it is to listen inside.
        port: NonZeroU16,
    },
    /// It cannot be started in a container.
    #[error("cannot be started: {0}")]
    Container(#[from] ContainerFault),
    /// Its container could not be removed.
    #[error("left the container {name} behind: {why}")]
    LeftContainer {
        /// The name of the container.
        name: String,
        /// Why.
        why: ContainerFault,
    },
    /// Something listens already where the server is to be started.
    #[error("cannot be started: something listens on {0} already")]
    Taken(String),
    /// What listens there is no gRPC server.
    #[error("does not speak HTTP/2: {address} speaks {what}")]
    Speaks {
        /// Where.
        address: String,
        /// What it spoke.
        what: String,
    },
    /// TLS cannot be spoken to it with what was given for that.
    #[error("cannot be spoken to with TLS: {0}")]
    Tls(String),
    /// It ended before it was told to.
    #[error("ended {when}: {}", status_text(.status))]
    Died {
        /// `before it was ready`, or `in the middle of the run`.
        when: &'static str,
        /// Its exit status.
        status: Option<ExitStatus>,
    },
    /// Its frames cannot be read.
    #[error("{0}")]
    Frame(#[from] FrameError),
    /// A frame stayed half-read.
    #[error("left a frame unfinished for {} s", FRAME_LIMIT.as_secs())]
    HalfFrame,
    /// An event has nobody to take it.
    #[error("{0}")]
    Misdelivered(#[from] Misdelivered),
    /// It speaks another version of the contract.
    #[error("speaks version {0} of the contract, not {version}", version = contract::CONTRACT_VERSION)]
    Version(u32),
    /// It agreed to a feature that does not exist.
    #[error("agreed to the made-up feature `{0}`: it says yes to everything")]
    SaysYes(String),
    /// It told of something that nobody asked for.
    #[error("sent {event}, which nothing in the cell asks for")]
    Unasked {
        /// The event.
        event: &'static str,
    },
    /// It answered with something else than asked.
    #[error("answered `{order}` with `{answer}`")]
    Unexpected {
        /// The order.
        order: &'static str,
        /// The event.
        answer: &'static str,
    },
    /// It did not answer.
    #[error("did not answer `{order}` within {} s", .limit.as_secs())]
    Silent {
        /// The order.
        order: &'static str,
        /// How long it was waited for.
        limit: Duration,
    },
    /// It had to be ended by force.
    #[error("did not end when it was told to; it was sent {0}")]
    WouldNotEnd(&'static str),
    /// It left children behind.
    #[error("left processes of its own behind; they were killed")]
    LeftProcesses,
}

impl PeerFault {
    /// What who wrote the peer can do about it, where the sentence does not say.
    pub fn hint(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::Container(fault) => fault.hint().map(Cow::Owned),
            Self::LeftContainer { name, .. } => {
                Some(Cow::Owned(format!("docker rm --force {name}")))
            }
            Self::NotReadyInside { port, .. } => Some(Cow::Owned(format!(
                "inside, the server must listen on port {port} of 0.0.0.0: nobody outside hears 127.0.0.1",
            ))),
            other => other.fixed_hint().map(Cow::Borrowed),
        }
    }

    fn fixed_hint(&self) -> Option<&'static str> {
        match self {
            Self::NeverReady => Some(
                "a peer first writes `Ready` in a frame of the contract, proto/wirecheck/v1/peer.proto",
            ),
            Self::Frame(_) => Some(
                "stdout belongs to the contract: whatever the peer or its libraries print goes to stderr",
            ),
            Self::HalfFrame => Some("flush stdout after every frame"),
            Self::SaysYes(_) => {
                Some("answer `Refused` with `Unsupported` to a feature that is not known")
            }
            Self::Silent { .. } => {
                Some("orders are to be read while calls and handlers run, never after them")
            }
            Self::WouldNotEnd(_) => {
                Some("a peer ends when it is told `Stop`, and when its stdin ends")
            }
            Self::LeftProcesses => {
                Some("a peer waits for the processes that it starts, or ends them")
            }
            Self::NotReady {
                runs_already: true, ..
            } => Some("start the server first, and give the address that it listens on"),
            Self::NotReady { .. } => {
                Some("`{port}` in the command is replaced by the port that it must listen on")
            }
            Self::Taken(_) => Some(
                "end the program that listens there, or put `{port}` in the command in place of the port",
            ),
            Self::Speaks { what, .. } if what == "TLS" => {
                Some("`--ca FILE` makes Wirecheck speak TLS to the server")
            }
            Self::Speaks { what, .. } if what.starts_with("TLS that") => Some(
                "`--ca` must name who signed the server's certificate, and `--authority` a name that is in it",
            ),
            Self::Speaks { .. } => Some("gRPC needs HTTP/2 without TLS, or TLS with `--ca FILE`"),
            Self::Start(_)
            | Self::Build(_)
            | Self::Tls(_)
            | Self::Died { .. }
            | Self::Container(_)
            | Self::LeftContainer { .. }
            | Self::NotReadyInside { .. }
            | Self::Misdelivered(_)
            | Self::Version(_)
            | Self::Unasked { .. }
            | Self::Unexpected { .. } => None,
        }
    }
}

impl PeerFault {
    /// The same fault of a peer that was not ready yet.
    pub(super) fn before_ready(self) -> Self {
        match self {
            Self::Died { status, .. } => Self::Died {
                when: "before it was ready",
                status,
            },
            other => other,
        }
    }
}

fn status_text(status: &Option<ExitStatus>) -> String {
    status.map_or("exit status unknown".into(), |status| status.to_string())
}
