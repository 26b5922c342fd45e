//! The talk with one running peer: started, probed, and ended.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{ChildStdin, ChildStdout};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use super::contract::from_peer::Event;
use super::contract::to_peer::Order;
use super::contract::{self, FrameReader, Ready, Role, refused};
use super::fault::PeerFault;
use super::log::Log;
use super::process::{Ended, How, Process, Program};
use super::session::{Routes, Session, name};

/// How long a peer may take until it is ready. A Python peer takes 0.15 s on an
/// idle machine, and was seen to take 3 s with six of them starting at once on
/// two loaded cores.
pub const START_LIMIT: Duration = Duration::from_secs(20);
/// How long a frame may stay half-read, from the contract.
pub(super) const FRAME_LIMIT: Duration = Duration::from_secs(5);
/// Orders that may wait for a peer to read them.
const WAITING_ORDERS: usize = 1024;

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
                        requires,
                        ..Default::default()
                    }),
                    "Open",
                )
            }
            _ => {
                let tcp = contract::Transport {
                    kind: Some(contract::transport::Kind::Tcp(contract::Tcp::default())),
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
