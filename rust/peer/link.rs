//! The talk with one running peer: started, probed, and ended.

use std::borrow::Cow;
use std::num::NonZeroU16;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{ChildStdin, ChildStdout};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use super::contract::from_peer::Event;
use super::contract::to_peer::Order;
use super::contract::{self, FrameError, FrameReader, Ready, Role, refused};
use super::foreign::container::ContainerFault;
use super::log::Log;
use super::process::{Ended, How, Process, Program};
use super::session::{Misdelivered, Routes, Session, name};

/// How long a peer may take until it is ready. A Python peer takes 0.15 s on an
/// idle machine, and was seen to take 3 s with six of them starting at once on
/// two loaded cores.
pub const START_LIMIT: Duration = Duration::from_secs(20);
/// How long a frame may stay half-read, from the contract.
const FRAME_LIMIT: Duration = Duration::from_secs(5);
/// Orders that may wait for a peer to read them.
const WAITING_ORDERS: usize = 1024;

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

/// A peer that runs in one role.
#[derive(Debug)]
pub struct Link {
    /// What it said of itself.
    pub ready: Ready,
    /// Its log.
    pub log: Log,
    orders: mpsc::Sender<Outgoing>,
    routes: Arc<Routes>,
    gone: watch::Receiver<Option<PeerFault>>,
    ending: mpsc::Sender<Ending>,
    keeper: Mutex<Option<JoinHandle<Option<Ended>>>>,
}

/// What is written to a peer.
#[derive(Debug)]
enum Outgoing {
    /// An order in its frame.
    Frame(Bytes),
    /// The end of its stdin.
    End,
}

/// How the keeper is told to end the process.
#[derive(Debug)]
enum Ending {
    Stop,
    /// With what it did to be killed, if it did anything.
    Kill(Option<PeerFault>),
}

impl Link {
    /// Starts a peer in a role and waits until it is ready and has answered
    /// the probe.
    ///
    /// # Errors
    ///
    /// The fault; the process is gone then.
    pub async fn start(
        program: &Program,
        role: Role,
        log: PathBuf,
        seed: u64,
    ) -> Result<Self, (PeerFault, Log)> {
        let log = Log::new(log);
        let (process, pipes) = Process::start(program)
            .map_err(|error| (PeerFault::Start(error.to_string()), log.clone()))?;
        let log_reader = tokio::spawn(log.clone().drain(pipes.stderr));
        let (order_sender, orders) = mpsc::channel(WAITING_ORDERS);
        let (ready_sender, ready) = oneshot::channel();
        let (gone_sender, gone) = watch::channel(None);
        let (ending, endings) = mpsc::channel(2);
        let routes = Arc::new(Routes::default());
        let writer = tokio::spawn(write(pipes.stdin, orders));
        let reader = tokio::spawn(read(pipes.stdout, Arc::clone(&routes), ready_sender));
        let keeper = Keeper {
            process,
            writer,
            reader,
            log_reader,
            endings,
            gone: gone_sender,
            routes: Arc::clone(&routes),
        };
        let mut link = Self {
            ready: Ready::default(),
            log: log.clone(),
            orders: order_sender,
            routes,
            gone,
            ending,
            keeper: Mutex::new(Some(tokio::spawn(keeper.keep()))),
        };
        match link.greet(role, ready, seed).await {
            Ok(()) => Ok(link),
            Err(fault) => {
                link.kill(Some(fault.clone())).await;
                Err((fault, log))
            }
        }
    }

    async fn greet(
        &mut self,
        role: Role,
        ready: oneshot::Receiver<Ready>,
        seed: u64,
    ) -> Result<(), PeerFault> {
        let start = contract::Start {
            contract_version: contract::CONTRACT_VERSION,
            role: role.into(),
        };
        self.send(Order::Start(start)).await;
        let mut gone = self.gone.clone();
        let limit = tokio::time::timeout(START_LIMIT, async {
            tokio::select! {
                Ok(ready) = ready => Ok(ready),
                fault = fault_of(&mut gone) => Err(fault.before_ready()),
            }
        });
        self.ready = limit.await.map_err(|_| PeerFault::NeverReady)??;
        if self.ready.contract_version != contract::CONTRACT_VERSION {
            return Err(PeerFault::Version(self.ready.contract_version));
        }
        self.probe(role, seed).await
    }

    /// Asks for a feature that does not exist. A peer that agrees would agree
    /// to anything.
    async fn probe(&self, role: Role, seed: u64) -> Result<(), PeerFault> {
        let feature = format!("no-such-feature-{seed:016x}");
        let mut session = self.session();
        let id = session.id();
        let requires = vec![feature.clone()];
        let (order, name_of_order) = match role {
            Role::Client => {
                let target = "127.0.0.1:1".to_owned(); // It must not get as far as to look at it.
                (
                    Order::Open(contract::Open {
                        channel: id,
                        target,
                        options: None,
                        requires,
                    }),
                    "Open",
                )
            }
            _ => {
                let tcp = contract::Transport {
                    kind: Some(contract::transport::Kind::Tcp(contract::Tcp {})),
                };
                let listen = contract::Listen {
                    listener: id,
                    transport: Some(tcp),
                    requires,
                    ..Default::default()
                };
                (Order::Listen(listen), "Listen")
            }
        };
        self.send(order).await;
        match self.next(&mut session, name_of_order, START_LIMIT).await? {
            Event::Refused(contract::Refused {
                reason: Some(refused::Reason::Unsupported(answer)),
                ..
            }) if answer.feature == feature => Ok(()),
            Event::Opened(_) | Event::Listening(_) => Err(PeerFault::SaysYes(feature)),
            other => Err(PeerFault::Unexpected {
                order: name_of_order,
                answer: name(&other),
            }),
        }
    }

    /// A part of the talk of one's own.
    pub fn session(&self) -> Session {
        Session::new(&self.routes)
    }

    /// Sends an order. What happens to a peer that is gone is told by
    /// [`Link::gone`].
    pub async fn send(&self, order: Order) {
        let _ = self
            .orders
            .send(Outgoing::Frame(contract::encode(order)))
            .await;
    }

    /// The next event of a session.
    ///
    /// # Errors
    ///
    /// The peer is gone, or silent beyond the limit.
    pub async fn next(
        &self,
        session: &mut Session,
        order: &'static str,
        limit: Duration,
    ) -> Result<Event, PeerFault> {
        let mut gone = self.gone.clone();
        let event = tokio::time::timeout(limit, async {
            tokio::select! {
                biased;
                Some(event) = session.next() => Ok(event),
                fault = fault_of(&mut gone) => Err(fault),
            }
        });
        event
            .await
            .map_err(|_| PeerFault::Silent { order, limit })?
    }

    /// Waits until the peer is gone, and says why.
    pub async fn gone(&self) -> PeerFault {
        fault_of(&mut self.gone.clone()).await
    }

    /// Whether the peer still runs.
    pub fn is_alive(&self) -> bool {
        self.gone.borrow().is_none()
    }

    /// Ends the peer in order, and by force if it does not.
    ///
    /// # Errors
    ///
    /// It had to be forced, or left something behind.
    pub async fn stop(&self) -> Result<(), PeerFault> {
        let stop = Outgoing::Frame(contract::encode(Order::Stop(contract::Stop {})));
        // A peer that reads nothing any more is ended by force just below.
        let _ = self.orders.try_send(stop);
        let _ = self.orders.try_send(Outgoing::End);
        let ended = self.end(Ending::Stop).await;
        // It may have broken the contract just before, and was killed for that.
        if let Some(fault) = self.broken_contract() {
            return Err(fault);
        }
        match ended {
            Some(Ended {
                how: How::Terminated,
                ..
            }) => Err(PeerFault::WouldNotEnd("TERM")),
            Some(Ended {
                how: How::Killed, ..
            }) => Err(PeerFault::WouldNotEnd("KILL")),
            Some(Ended {
                left_group: true, ..
            }) => Err(PeerFault::LeftProcesses),
            _ => Ok(()),
        }
    }

    fn broken_contract(&self) -> Option<PeerFault> {
        let fault = self.gone.borrow().clone();
        fault.filter(|fault| !matches!(fault, PeerFault::Died { .. }))
    }

    /// Ends the peer at once, for this fault.
    pub async fn kill(&self, fault: Option<PeerFault>) {
        self.end(Ending::Kill(fault)).await;
    }

    async fn end(&self, ending: Ending) -> Option<Ended> {
        let _ = self.ending.send(ending).await;
        let keeper = self
            .keeper
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .take();
        keeper?.await.ok().flatten()
    }
}

/// Why a peer is gone, once it is.
pub(super) async fn fault_of(gone: &mut watch::Receiver<Option<PeerFault>>) -> PeerFault {
    match gone
        .wait_for(Option::is_some)
        .await
        .map(|fault| fault.clone())
    {
        Ok(Some(fault)) => fault,
        // The keeper ends only after it has told why.
        _ => PeerFault::Died {
            when: "in the middle of the run",
            status: None,
        },
    }
}

/// Owns the process and all that serves it. Whatever ends first ends the rest.
struct Keeper {
    process: Process,
    writer: JoinHandle<()>,
    reader: JoinHandle<Result<(), PeerFault>>,
    log_reader: JoinHandle<()>,
    endings: mpsc::Receiver<Ending>,
    gone: watch::Sender<Option<PeerFault>>,
    routes: Arc<Routes>,
}

/// How long a log, and stdout, may be read on after the process has ended. A
/// child that was left behind may hold them open for ever.
const LOG_GRACE: Duration = Duration::from_millis(500);

impl Keeper {
    async fn keep(mut self) -> Option<Ended> {
        let (ended, fault) = tokio::select! {
            ending = self.endings.recv() => match told(self.process, ending).await {
                (ended, None) if matches!(ended.how, How::ByItself) => {
                    let fault = last_words(&mut self.reader).await;
                    (ended, fault)
                }
                other => other,
            },
            read = &mut self.reader => lost(self.process, read.unwrap_or(Ok(()))).await,
        };
        self.writer.abort();
        self.reader.abort();
        let _ = tokio::time::timeout(LOG_GRACE, &mut self.log_reader).await;
        self.log_reader.abort();
        let died = PeerFault::Died {
            when: "in the middle of the run",
            status: ended.status,
        };
        self.gone.send_replace(Some(fault.unwrap_or(died)));
        self.routes.close();
        Some(ended)
    }
}

/// The harness ends the peer: in order after `Stop`, or at once.
async fn told(process: Process, ending: Option<Ending>) -> (Ended, Option<PeerFault>) {
    match ending {
        Some(Ending::Stop) => (process.end().await, None),
        Some(Ending::Kill(fault)) => (process.kill().await, fault),
        None => (process.kill().await, None),
    }
}

/// What a peer broke just before it ended may still be on its way to its reader.
async fn last_words(reader: &mut JoinHandle<Result<(), PeerFault>>) -> Option<PeerFault> {
    let read = tokio::time::timeout(LOG_GRACE, reader).await.ok()?;
    read.unwrap_or(Ok(())).err()
}

/// The peer closed its stdout, or what came from it was no contract.
async fn lost(process: Process, read: Result<(), PeerFault>) -> (Ended, Option<PeerFault>) {
    match read {
        Ok(()) => (process.end().await, None),
        Err(fault) => (process.kill().await, Some(fault)),
    }
}

/// Writes orders, and closes stdin at the end.
async fn write(mut stdin: ChildStdin, mut orders: mpsc::Receiver<Outgoing>) {
    while let Some(Outgoing::Frame(frame)) = orders.recv().await {
        // A peer that does not read any more is noticed by its reader.
        if stdin.write_all(&frame).await.is_err() || stdin.flush().await.is_err() {
            return;
        }
    }
}

/// Reads events and gives them to their sessions, until the peer closes stdout.
async fn read(
    mut stdout: ChildStdout,
    routes: Arc<Routes>,
    ready: oneshot::Sender<Ready>,
) -> Result<(), PeerFault> {
    let mut frames = FrameReader::default();
    let mut ready = Some(ready);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = match frames.is_within_frame() {
            true => tokio::time::timeout(FRAME_LIMIT, stdout.read(&mut buffer))
                .await
                .map_err(|_| PeerFault::HalfFrame)?,
            false => stdout.read(&mut buffer).await,
        };
        let read = read.unwrap_or(0);
        if read == 0 {
            return frames.end().map_err(PeerFault::from);
        }
        frames.push(&buffer[..read]);
        while let Some(event) = frames.next_event()? {
            match (event, ready.take()) {
                (Event::Ready(said), Some(first)) => drop(first.send(said)),
                (Event::Ready(_), None) => {
                    return Err(PeerFault::Unexpected {
                        order: "Start",
                        answer: "Ready, again",
                    });
                }
                (event, still) => {
                    ready = still;
                    routes.deliver(event)?;
                }
            }
        }
    }
}
