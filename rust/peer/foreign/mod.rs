//! Programs that know nothing of Wirecheck: servers that are started, waited
//! for and ended, or that run already, and clients that run once.

pub mod client;
mod probe;
mod ready;
mod tls;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::net::TcpSocket;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::link::{PeerFault, fault_of};
use super::log::Log;
use super::process::{Process, Program};
use super::spec::{ForeignServer, Readiness};
use crate::tap::Endpoint;

pub use ready::Waiting;

/// A foreign server that is ready.
#[derive(Debug)]
pub struct Server {
    /// Where it listens.
    pub address: Endpoint,
    /// Its log: what it printed.
    pub log: Log,
    /// Speaks TLS to it, if it wants that; the address is then the bridge's.
    bridge: Option<tls::Bridge>,
    process: Option<Running>,
}

/// The process of a server that was started here.
#[derive(Debug)]
struct Running {
    gone: watch::Receiver<Option<PeerFault>>,
    ending: mpsc::Sender<Ending>,
    keeper: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug, Clone, Copy)]
enum Ending {
    Stop,
    Kill,
}

impl Server {
    /// Starts a server, if it does not run already, and waits until it is ready
    /// and speaks HTTP/2.
    ///
    /// # Errors
    ///
    /// The fault; the process is gone then.
    pub async fn start(spec: &ForeignServer, log: PathBuf) -> Result<Self, (PeerFault, Log)> {
        let log = match &spec.ready {
            Readiness::Log(line) => Log::watching(log, line),
            Readiness::Tcp | Readiness::Health => Log::new(log),
        };
        let failed = |fault| (fault, log.clone());
        let address =
            match &spec.address {
                Some(address) => address.clone(),
                None => Endpoint::Tcp(free_address().map_err(|error| {
                    failed(PeerFault::Start(format!("no port is free: {error}")))
                })?),
            };
        let process = match &spec.program {
            None => None,
            Some(program) => {
                if ready::accepts(&address).await {
                    return Err(failed(PeerFault::Taken(address.to_string())));
                }
                let words = words(&address);
                let words: Vec<(&str, &str)> = words
                    .iter()
                    .map(|(word, value)| (*word, value.as_str()))
                    .collect();
                let program = program.with(&words);
                Some(Running::start(&program, &log).map_err(failed)?)
            }
        };
        let mut server = Self {
            address,
            log: log.clone(),
            bridge: None,
            process,
        };
        match server.become_usable(spec).await {
            Ok(()) => Ok(server),
            Err(fault) => {
                server.kill().await;
                Err((fault, log))
            }
        }
    }

    /// Waits until it is ready, and puts TLS before it where it wants that.
    async fn become_usable(&mut self, spec: &ForeignServer) -> Result<(), PeerFault> {
        self.become_ready(spec).await?;
        if let Some(files) = &spec.tls {
            let tls = tls::Tls::new(files, &self.address)?;
            tls.check().await?;
            let bridge = tls.bridge().await;
            let bridge = bridge.map_err(|error| PeerFault::Tls(error.to_string()))?;
            self.address = bridge.address.clone();
            self.bridge = Some(bridge);
        }
        probe::speaks_http2(&self.address).await
    }

    async fn become_ready(&self, spec: &ForeignServer) -> Result<(), PeerFault> {
        let waiting = Waiting {
            address: self.address.clone(),
            readiness: spec.ready.clone(),
        };
        let ready = tokio::time::timeout(spec.within, async {
            tokio::select! {
                ready = waiting.until_ready(&self.log) => ready,
                fault = self.gone() => Err(fault.before_ready()),
            }
        });
        ready.await.unwrap_or_else(|_| {
            Err(PeerFault::NotReady {
                waited_for: waiting.shown(),
                within: spec.within,
                runs_already: spec.program.is_none(),
            })
        })
    }

    /// Whether it still runs; of one that was not started here nobody can tell.
    pub fn is_alive(&self) -> bool {
        let gone = |process: &Running| process.gone.borrow().is_some();
        !self.process.as_ref().is_some_and(gone)
    }

    /// Waits until it is gone, and says why.
    pub async fn gone(&self) -> PeerFault {
        let Some(process) = &self.process else {
            return std::future::pending().await;
        };
        fault_of(&mut process.gone.clone()).await
    }

    /// Ends it in order, and by force if it does not. One that was not started
    /// here is left alone.
    pub async fn stop(&self) {
        self.end(Ending::Stop).await;
    }

    /// Ends it at once.
    pub async fn kill(&self) {
        self.end(Ending::Kill).await;
    }

    async fn end(&self, ending: Ending) {
        let Some(process) = &self.process else { return };
        let _ = process.ending.send(ending).await;
        let keeper = process.keeper.lock();
        let keeper = keeper.unwrap_or_else(PoisonError::into_inner).take();
        if let Some(keeper) = keeper {
            let _ = keeper.await;
        }
    }
}

/// How long a log may be read on after its process has ended.
const LOG_GRACE: Duration = Duration::from_millis(500);

/// What stands for what in the command of a server.
fn words(address: &Endpoint) -> Vec<(&'static str, String)> {
    let port = match address {
        Endpoint::Tcp(address) => address.port().to_string(),
        Endpoint::Unix(_) => String::new(),
    };
    vec![("port", port), ("address", address.to_string())]
}

/// A port that nobody has. Another program may take it in between, which the
/// look before the start and the probe after it would notice.
///
/// It is bound, and not listened on: a peer that is being started at that moment
/// has the socket too until it is another program, and would seem to listen.
fn free_address() -> std::io::Result<SocketAddr> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
    socket.local_addr()
}

impl Running {
    fn start(program: &Program, log: &Log) -> Result<Self, PeerFault> {
        let (process, output) = Process::start_merged(program)
            .map_err(|error| PeerFault::Start(format!("`{}`: {error}", program.shown())))?;
        let (gone_sender, gone) = watch::channel(None);
        let (ending, endings) = mpsc::channel(2);
        let log_reader = tokio::spawn(log.clone().drain(output));
        let keeper = tokio::spawn(keep(process, endings, log_reader, gone_sender));
        Ok(Self {
            gone,
            ending,
            keeper: Mutex::new(Some(keeper)),
        })
    }
}

/// Owns the process. It ends by itself, or when it is told to.
async fn keep(
    mut process: Process,
    mut endings: mpsc::Receiver<Ending>,
    mut log_reader: JoinHandle<()>,
    gone: watch::Sender<Option<PeerFault>>,
) {
    let status = tokio::select! {
        status = process.wait() => {
            // It may have left children behind.
            process.kill().await;
            status.ok()
        }
        ending = endings.recv() => match ending {
            Some(Ending::Stop) => process.terminate().await.status,
            Some(Ending::Kill) | None => process.kill().await.status,
        },
    };
    let _ = tokio::time::timeout(LOG_GRACE, &mut log_reader).await;
    log_reader.abort();
    gone.send_replace(Some(PeerFault::Died {
        when: "in the middle of the run",
        status,
    }));
}
