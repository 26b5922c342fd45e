//! The tap: a proxy between a client and a server that changes no byte and
//! keeps all of them.
//!
//! Each cell has a tap with an address of its own, so bytes belong to a cell
//! without a mark in them. A tap forwards both directions as they come, with
//! their half-closes and resets, and writes them down on arrival
//! ([`capture`](wirecheck_core::wire::capture) is the format). It can hold a
//! direction from a frame on until it is told to release it, and tell when a
//! frame has come.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! # use std::time::Duration;
//! use wirecheck::tap::{Endpoint, FrameMatch, Held, Tap, TapOptions, Wanted};
//! use wirecheck_core::wire::capture::Direction::ServerToClient;
//!
//! let server: Endpoint = "127.0.0.1:50051".parse()?;
//! let tap = Tap::open(&Endpoint::any_port(), server, TapOptions::new("cell.wirecap")).await?;
//! let headers = FrameMatch::new(ServerToClient, 0x01);
//! let hold = tap.hold(headers);
//! // Here a client calls `tap.address()`.
//! tap.wait(Wanted::Frame(headers)).await?;
//! tap.release(hold);
//! let captured = tap.close(Duration::from_secs(5), Held::LetGo).await;
//! assert!(!captured.forced);
//! # Ok(())
//! # }
//! ```

mod connection;
mod feed;
mod hold;
mod ledger;
mod log;
mod outlet;
mod ports;
mod scan;
pub(crate) mod socket;
mod watch;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch::{Receiver, Sender};
use tokio::task::{JoinHandle, JoinSet};

use connection::Entry;
use ledger::Ledger;
use socket::{Listener, Socket, is_about_one_connection};

pub use feed::{Arrivals, Batch, Next, Refused};
pub use hold::{Held, HoldId};
pub use ledger::Totals;
pub use outlet::CaptureLog;
pub use socket::Endpoint;
pub use watch::{ConnectionEvent, FrameMatch, NotSeen, Sighted, Sighting, Wanted, Watch};

/// How a tap keeps what it sees.
#[derive(Debug, Clone)]
pub struct TapOptions {
    /// The file for a capture that outgrows `spill_after`. It is not made
    /// before that, and stays when the tap is dropped.
    pub capture: PathBuf,
    /// The bytes of the capture that are kept in memory.
    pub spill_after: usize,
    /// The bytes of the capture that are kept in all; what comes beyond is
    /// forwarded and counted only. The few bytes that tell how a connection
    /// began and ended are kept beyond it.
    pub capture_limit: u64,
    /// How many connections the tap accepts in its life; those beyond are
    /// reset.
    pub max_connections: u32,
    /// How many connections may be open at one time; those beyond are reset.
    pub max_open: usize,
    /// How long the upstream may take to accept a connection.
    pub connect_within: Duration,
}

impl TapOptions {
    /// 1 MiB in memory, 64 MiB in all, 1,024 connections, and a minute for the
    /// upstream to accept one.
    pub fn new(capture: impl Into<PathBuf>) -> Self {
        Self {
            capture: capture.into(),
            spill_after: 1 << 20,
            capture_limit: 64 << 20,
            max_connections: 1024,
            max_open: 1024,
            connect_within: Duration::from_secs(60),
        }
    }

    /// For a tap whose log is read along and not kept: as many connections one
    /// after the other as there may be, and ten seconds for the upstream.
    pub fn live(max_open: usize) -> Self {
        Self {
            max_connections: u32::MAX,
            max_open,
            connect_within: Duration::from_secs(10),
            ..Self::new(PathBuf::new())
        }
    }
}

/// Why a tap could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum TapError {
    /// The text is no address.
    #[error("`{0}` is neither `address:port` nor `unix:path`")]
    Endpoint(String),
    /// The address cannot be listened on.
    #[error("cannot listen on {endpoint}")]
    Listen {
        /// The address.
        endpoint: Endpoint,
        /// Why.
        source: io::Error,
    },
}

/// A proxy with one listening address. Dropping it resets its connections.
pub struct Tap {
    address: String,
    ledger: Arc<Ledger>,
    phase: Sender<Phase>,
    server: JoinHandle<io::Result<()>>,
}

/// What the accepting task is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// Accept.
    Open,
    /// Accept until there are no connections left.
    Closing,
    /// Reset what there is.
    Forced,
}

/// What a tap leaves behind.
#[derive(Debug)]
pub struct Captured {
    /// What it saw.
    pub log: CaptureLog,
    /// How much it saw, and how much of that the log lacks.
    pub totals: Totals,
    /// Connections were still open when the patience ended, and were reset.
    pub forced: bool,
    /// The log in the file is not whole, because writing it failed.
    pub log_failure: Option<io::Error>,
    /// The tap stopped accepting early, because that failed.
    pub accept_failure: Option<io::Error>,
}

impl Tap {
    /// Listens, and forwards each connection to the upstream. Times in the
    /// capture count from here. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`TapError::Listen`].
    pub async fn open(
        listen: &Endpoint,
        upstream: Endpoint,
        options: TapOptions,
    ) -> Result<Self, TapError> {
        Self::with_ledger(listen, upstream, &options, Ledger::new(&options)).await
    }

    /// As [`Tap::open`], but what it sees is not kept: it comes out of the
    /// [`Arrivals`], which must be read, for the traffic waits for that. Such a
    /// tap can hold nothing and watch for nothing.
    ///
    /// # Errors
    /// [`TapError::Listen`].
    pub async fn open_live(
        listen: &Endpoint,
        upstream: Endpoint,
        options: TapOptions,
    ) -> Result<(Self, Arrivals), TapError> {
        let (ledger, arrivals) = Ledger::live(&options);
        let tap = Self::with_ledger(listen, upstream, &options, ledger).await?;
        Ok((tap, arrivals))
    }

    async fn with_ledger(
        listen: &Endpoint,
        upstream: Endpoint,
        options: &TapOptions,
        ledger: Ledger,
    ) -> Result<Self, TapError> {
        let failed = |source| TapError::Listen {
            endpoint: listen.clone(),
            source,
        };
        let listener = Listener::bind(listen).await.map_err(failed)?;
        let address = listener.endpoint().map_err(failed)?.to_string();
        let ledger = Arc::new(ledger);
        let phase = Sender::new(Phase::Open);
        let doorman = Doorman {
            ledger: Arc::clone(&ledger),
            upstream,
            connect_within: options.connect_within,
            phase: phase.subscribe(),
            connections: JoinSet::new(),
        };
        Ok(Self {
            address,
            ledger,
            phase,
            server: tokio::spawn(doorman.serve(listener)),
        })
    }

    /// Where clients connect to, as gRPC libraries take it: `127.0.0.1:4711`
    /// or `unix:/path`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Holds a direction from a frame on: it, and all that follows it on its
    /// connection, waits for the release, FIN and reset included. The tap
    /// goes on reading what it holds, up to 256 KiB a direction, and then
    /// lets its sender feel that nobody reads. Only frames to come are held.
    pub fn hold(&self, from: FrameMatch) -> HoldId {
        self.ledger.hold(from)
    }

    /// Lets go what the hold holds. If the frame has not come yet, it will
    /// not be held.
    pub fn release(&self, hold: HoldId) {
        self.ledger.release(hold);
    }

    /// Watches for a frame or an event, also among those that have come
    /// already.
    pub fn watch(&self, wanted: Wanted) -> Watch {
        self.ledger.watch(wanted)
    }

    /// Waits until a frame or an event has come; the caller bounds the time.
    ///
    /// # Errors
    /// See [`Watch::seen`].
    pub async fn wait(&self, wanted: Wanted) -> Result<Sighting, NotSeen> {
        self.watch(wanted).seen().await
    }

    /// Figures up to now.
    pub fn totals(&self) -> Totals {
        self.ledger.totals()
    }

    /// Ends all holds, waits until both sides have ended all connections, and
    /// stops listening. Connections that are open when the patience ends are
    /// reset.
    pub async fn close(mut self, patience: Duration, held: Held) -> Captured {
        self.ledger.end_holds(held);
        self.phase.send_replace(Phase::Closing);
        let in_time = tokio::time::timeout(patience, &mut self.server).await;
        let forced = in_time.is_err();
        let served = match in_time {
            Ok(served) => served,
            Err(_) => {
                self.phase.send_replace(Phase::Forced);
                (&mut self.server).await
            }
        };
        let stored = self.ledger.store().await;
        let stored = stored.expect("only `close` stores, and it consumes the tap");
        Captured {
            log: stored.log,
            totals: self.ledger.totals(),
            forced,
            log_failure: stored.failure,
            accept_failure: served.map_err(io::Error::other).flatten().err(),
        }
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        // The listener and all connections belong to this task.
        self.server.abort();
    }
}

/// Accepts connections and looks after them.
struct Doorman {
    ledger: Arc<Ledger>,
    upstream: Endpoint,
    connect_within: Duration,
    phase: Receiver<Phase>,
    connections: JoinSet<()>,
}

impl Doorman {
    async fn serve(mut self, listener: Listener) -> io::Result<()> {
        let accepted = self.accept(&listener).await;
        // A client that connected just before is not forgotten.
        let waiting = listener.stop();
        let stopped = waiting.map(|clients| clients.into_iter().for_each(|c| self.admit(c)));
        self.see_off().await;
        accepted.and(stopped)
    }

    /// Accepts until the tap is closing and no connection is left.
    async fn accept(&mut self, listener: &Listener) -> io::Result<()> {
        while self.is_wanted() {
            tokio::select! {
                client = listener.accept() => match client {
                    Ok(client) => self.admit(client),
                    Err(error) if is_about_one_connection(&error) => {}
                    Err(error) => return Err(error),
                },
                Some(_) = self.connections.join_next() => {}
                _ = self.phase.changed() => {}
            }
        }
        Ok(())
    }

    fn is_wanted(&self) -> bool {
        match *self.phase.borrow() {
            Phase::Open => true,
            Phase::Closing => !self.connections.is_empty(),
            Phase::Forced => false,
        }
    }

    fn admit(&mut self, client: Socket) {
        let Some(id) = self.ledger.open() else {
            client.reset_on_close();
            return;
        };
        let entry = Entry {
            ledger: Arc::clone(&self.ledger),
            id,
        };
        let upstream = self.upstream.clone();
        let connect_within = self.connect_within;
        self.connections
            .spawn(connection::serve(entry, client, upstream, connect_within));
    }

    /// Waits for the connections that are left, unless it is told not to.
    async fn see_off(&mut self) {
        while !self.connections.is_empty() && *self.phase.borrow() != Phase::Forced {
            tokio::select! {
                _ = self.connections.join_next() => {}
                _ = self.phase.changed() => {}
            }
        }
        self.connections.shutdown().await;
    }
}
