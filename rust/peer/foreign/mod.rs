//! Programs that know nothing of Wirecheck: servers that are started, waited
//! for and ended, or that run already, and clients that run once.

pub mod client;
pub mod container;
mod probe;
mod ready;
mod running;
mod tls;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use futures_util::future::{join_all, select_all};
use tokio::net::TcpSocket;
use tokio::sync::OnceCell;

use super::fault::PeerFault;
use super::log::Log;
use super::process::Program;
use super::spec::{ForeignServer, Origin, Readiness};
use crate::tap::Endpoint;

use ready::{Published, Waiting};
use running::{Ending, Running};

/// A foreign server that is ready.
#[derive(Debug)]
pub struct Server {
    /// Where it listens.
    pub address: Endpoint,
    /// Its log: what it printed.
    pub log: Log,
    /// Speaks TLS to it, if it wants that; the address is then the bridge's.
    bridge: Option<tls::Bridge>,
    /// What was started here.
    running: Option<Running>,
    /// The same server over TLS, once a cell asked for it.
    over_tls: Option<OverTls>,
}

/// A server that is started a second time, when the first cell over TLS comes.
#[derive(Debug)]
struct OverTls {
    spec: Box<ForeignServer>,
    name: String,
    log: PathBuf,
    started: OnceCell<Result<Box<Server>, PeerFault>>,
}

impl Server {
    /// Starts a server, if it does not run already, and waits until it is ready
    /// and speaks HTTP/2.
    ///
    /// # Errors
    ///
    /// The fault; the process is gone then.
    pub async fn start(
        spec: &ForeignServer,
        name: &str,
        log: PathBuf,
    ) -> Result<Self, (PeerFault, Log)> {
        let log = match &spec.ready {
            Readiness::Log(line) => Log::watching(log, line),
            Readiness::Tcp | Readiness::Health => Log::new(log),
        };
        let (address, running) = match began(spec, name, &log).await {
            Ok(began) => began,
            Err(fault) => return Err((fault, log)),
        };
        let mut server = Self {
            address,
            bridge: None,
            running,
            over_tls: spec.over_tls.as_ref().map(|over_tls| OverTls {
                spec: over_tls.clone(),
                name: name.to_owned(),
                log: log.path().with_extension("tls.log"),
                started: OnceCell::new(),
            }),
            log: log.clone(),
        };
        match server.become_usable(spec).await {
            Ok(()) => Ok(server),
            Err(fault) => {
                let left = server.kill().await.err();
                Err((left.unwrap_or(fault), log))
            }
        }
    }

    /// Waits until it is ready, and puts TLS before it where it wants that.
    async fn become_usable(&mut self, spec: &ForeignServer) -> Result<(), PeerFault> {
        let tls = spec.tls.as_ref();
        let tls = tls.map(|files| tls::Tls::new(files, &self.address));
        let tls = tls.transpose()?;
        self.become_ready(spec, tls.as_ref()).await?;
        if let Some(tls) = tls {
            tls.check().await?;
            let bridge = tls.bridge().await;
            let bridge = bridge.map_err(|error| PeerFault::Tls(error.to_string()))?;
            self.address = bridge.address.clone();
            self.bridge = Some(bridge);
        }
        match spec.is_encrypted {
            false => probe::speaks_http2(&self.address).await,
            // The first cell will see what it speaks.
            true => Ok(()),
        }
    }

    /// Where it listens for TLS from end to end. It is started for that with
    /// these files when it is asked the first time.
    ///
    /// # Errors
    ///
    /// Nobody said how, or it does not start.
    pub async fn address_over_tls(&self, cert: &Path, key: &Path) -> Result<Endpoint, PeerFault> {
        let Some(over_tls) = &self.over_tls else {
            let why = "nobody said how it is started with a certificate";
            return Err(PeerFault::Tls(why.into()));
        };
        let started = over_tls.started.get_or_init(|| over_tls.start(cert, key));
        started
            .await
            .as_ref()
            .map(|server| server.address.clone())
            .map_err(Clone::clone)
    }

    /// The second one, if it was started.
    fn second(&self) -> Option<&Server> {
        let started = self.over_tls.as_ref()?.started.get()?;
        started.as_ref().ok().map(Box::as_ref)
    }

    async fn become_ready(
        &self,
        spec: &ForeignServer,
        tls: Option<&tls::Tls>,
    ) -> Result<(), PeerFault> {
        let waiting = Waiting {
            address: self.address.clone(),
            readiness: spec.ready.clone(),
            published: match &spec.origin {
                Origin::Image(image) => Some(Published {
                    inside: image.port,
                    tls: tls.cloned(),
                }),
                Origin::Command { .. } | Origin::Runs(_) => None,
            },
        };
        let ready = tokio::time::timeout(spec.within, async {
            tokio::select! {
                ready = waiting.until_ready(&self.log) => ready,
                fault = self.gone() => Err(fault.before_ready()),
            }
        });
        ready.await.unwrap_or_else(|_| {
            let (waited_for, within) = (waiting.shown(), spec.within);
            Err(match &spec.origin {
                Origin::Image(image) => PeerFault::NotReadyInside {
                    waited_for,
                    within,
                    port: image.port,
                },
                origin => PeerFault::NotReady {
                    waited_for,
                    within,
                    runs_already: matches!(origin, Origin::Runs(_)),
                },
            })
        })
    }

    /// Whether it still runs; of one that was not started here nobody can tell.
    pub fn is_alive(&self) -> bool {
        self.all_running().all(|running| !running.is_gone())
    }

    /// Waits until it is gone, and says why.
    pub async fn gone(&self) -> PeerFault {
        let gone: Vec<_> = self
            .all_running()
            .map(|running| Box::pin(running.gone()))
            .collect();
        match gone.is_empty() {
            true => std::future::pending().await,
            false => select_all(gone).await.0,
        }
    }

    /// What was started here.
    fn all_running(&self) -> impl Iterator<Item = &Running> {
        let second = self.second().and_then(|server| server.running.as_ref());
        self.running.iter().chain(second)
    }

    /// Ends it in order, and by force if it does not. One that was not started
    /// here is left alone.
    ///
    /// # Errors
    ///
    /// Its container could not be removed.
    pub async fn stop(&self) -> Result<(), PeerFault> {
        self.end(Ending::Stop).await
    }

    /// Ends it at once.
    ///
    /// # Errors
    ///
    /// Its container could not be removed.
    pub async fn kill(&self) -> Result<(), PeerFault> {
        self.end(Ending::Kill).await
    }

    async fn end(&self, ending: Ending) -> Result<(), PeerFault> {
        let ended = self.all_running().map(|running| running.end(ending));
        let faults = join_all(ended).await.into_iter().flatten();
        faults.into_iter().next().map_or(Ok(()), Err)
    }
}

impl OverTls {
    async fn start(&self, cert: &Path, key: &Path) -> Result<Box<Server>, PeerFault> {
        let mut spec = (*self.spec).clone();
        if let Origin::Command { program, .. } = &mut spec.origin {
            let (cert, key) = (cert.display().to_string(), key.display().to_string());
            *program = program.with(&[("cert", &cert), ("key", &key)]);
        }
        let started = Box::pin(Server::start(&spec, &self.name, self.log.clone())).await;
        started.map(Box::new).map_err(|(fault, _)| fault)
    }
}

/// Starts what is not there yet: where it is to listen, and what was started.
async fn began(
    spec: &ForeignServer,
    name: &str,
    log: &Log,
) -> Result<(Endpoint, Option<Running>), PeerFault> {
    match &spec.origin {
        Origin::Runs(address) => Ok((address.clone(), None)),
        Origin::Command { program, address } => {
            let address = match address {
                Some(address) => address.clone(),
                None => Endpoint::Tcp(
                    free_address()
                        .map_err(|error| PeerFault::Start(format!("no port is free: {error}")))?,
                ),
            };
            let running = start_process(program, &address, log).await?;
            Ok((address, Some(running)))
        }
        Origin::Image(image) => {
            let (address, running) = container::start(image, name, log).await?;
            Ok((Endpoint::Tcp(address), Some(running)))
        }
    }
}

async fn start_process(
    program: &Program,
    address: &Endpoint,
    log: &Log,
) -> Result<Running, PeerFault> {
    if ready::accepts(address).await {
        return Err(PeerFault::Taken(address.to_string()));
    }
    let words = words(address);
    let words: Vec<(&str, &str)> = words
        .iter()
        .map(|(word, value)| (*word, value.as_str()))
        .collect();
    Running::process(&program.with(&words), log)
}

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
