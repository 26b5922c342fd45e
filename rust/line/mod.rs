//! A line with faults on it: a proxy between a client and a server that does
//! to what passes what it is told, by frame, by header field or by octet.
//!
//! It keeps nothing of what passes; a [`Tap`](crate::tap::Tap) on each side of
//! it sees what was sent and what came. What is done is decided by a
//! [`Relay`] for each connection, and only carried out here.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! # use std::time::Duration;
//! use wirecheck::line::{Line, LineOptions};
//! use wirecheck::tap::Endpoint;
//! use wirecheck_core::wire::capture::Direction::ServerToClient;
//! use wirecheck_core::wire::relay::{self, Fault, FrameAct, FrameMatch};
//!
//! let reset_before_trailers = Fault::Frame {
//!     which: FrameMatch::nth(ServerToClient, 0x01, 2),
//!     act: FrameAct::Line { after: false, line: relay::Line::Reset },
//! };
//! let server: Endpoint = "127.0.0.1:50051".parse()?;
//! let options = LineOptions::new(vec![reset_before_trailers]);
//! let line = Line::open(&Endpoint::any_port(), server, options).await?;
//! // Here a client calls `line.address()`.
//! let told = line.close(Duration::from_secs(5)).await;
//! assert_eq!(told.applied, [1]);
//! # Ok(())
//! # }
//! ```

mod connection;
mod journal;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch::{Receiver, Sender};
use tokio::task::{JoinHandle, JoinSet};
use wirecheck_core::wire::relay::{Fault, Relay};

use crate::tap::socket::{Listener, Socket, is_about_one_connection};
use crate::tap::{Endpoint, TapError};
use connection::Connection;
use journal::Journal;

pub use journal::Told;

/// What a line does.
#[derive(Debug, Clone)]
pub struct LineOptions {
    /// The faults on each connection.
    pub faults: Vec<Fault>,
    /// How many connections are reset before one is let through.
    pub refuse: u32,
    /// How many connections may be open at one time; those beyond are reset.
    pub max_open: usize,
    /// How long the upstream may take to accept a connection.
    pub connect_within: Duration,
}

impl LineOptions {
    /// These faults, on at most 1,024 connections at one time, and a minute for
    /// the upstream to accept one.
    pub fn new(faults: Vec<Fault>) -> Self {
        Self {
            faults,
            refuse: 0,
            max_open: 1024,
            connect_within: Duration::from_secs(60),
        }
    }
}

/// A proxy with one listening address. Dropping it ends its connections.
pub struct Line {
    address: Endpoint,
    journal: Arc<Journal>,
    phase: Sender<Phase>,
    server: JoinHandle<()>,
}

/// What the accepting task is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Accept.
    Open,
    /// End as soon as no connection is left.
    Closing,
}

impl Line {
    /// Listens, and passes each connection on to the upstream. Must be called
    /// within a tokio runtime.
    ///
    /// # Errors
    /// [`TapError::Listen`].
    pub async fn open(
        listen: &Endpoint,
        upstream: Endpoint,
        options: LineOptions,
    ) -> Result<Self, TapError> {
        let failed = |source| TapError::Listen {
            endpoint: listen.clone(),
            source,
        };
        let listener = Listener::bind(listen).await.map_err(failed)?;
        let address = listener.endpoint().map_err(failed)?;
        let journal = Arc::new(Journal::new(options.faults.len()));
        let phase = Sender::new(Phase::Open);
        let doorman = Doorman {
            journal: Arc::clone(&journal),
            upstream,
            options,
            phase: phase.subscribe(),
            connections: JoinSet::new(),
        };
        Ok(Self {
            address,
            journal,
            phase,
            server: tokio::spawn(doorman.serve(listener)),
        })
    }

    /// Where clients connect to.
    pub fn address(&self) -> &Endpoint {
        &self.address
    }

    /// Waits until all connections have ended, at most so long, and tells what
    /// was done. Connections that are open then are reset.
    pub async fn close(mut self, patience: Duration) -> Told {
        self.phase.send_replace(Phase::Closing);
        let in_time = tokio::time::timeout(patience, &mut self.server).await;
        if in_time.is_err() {
            self.server.abort();
            // It has been told to end, and ends at its next wait.
            let _ = (&mut self.server).await;
        }
        self.journal.told(in_time.is_err())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        // The listener and all connections belong to this task.
        self.server.abort();
    }
}

/// Accepts connections and looks after them.
struct Doorman {
    journal: Arc<Journal>,
    upstream: Endpoint,
    options: LineOptions,
    phase: Receiver<Phase>,
    connections: JoinSet<()>,
}

impl Doorman {
    async fn serve(mut self, listener: Listener) {
        while self.is_wanted() {
            tokio::select! {
                client = listener.accept() => match client {
                    Ok(client) => self.admit(client),
                    Err(error) if is_about_one_connection(&error) => {}
                    Err(error) => return self.fail(&error),
                },
                Some(_) = self.connections.join_next() => {}
                _ = self.phase.changed() => {}
            }
        }
    }

    fn is_wanted(&self) -> bool {
        *self.phase.borrow() == Phase::Open || !self.connections.is_empty()
    }

    fn fail(&self, error: &io::Error) {
        self.journal.failed(error);
    }

    fn admit(&mut self, client: Socket) {
        let is_refused = self.journal.refuses(self.options.refuse);
        if is_refused || self.connections.len() >= self.options.max_open {
            client.reset_on_close();
            return;
        }
        let relay = Relay::new(&self.options.faults);
        let connection = Connection::new(Arc::clone(&self.journal), relay);
        let (upstream, within) = (self.upstream.clone(), self.options.connect_within);
        self.connections
            .spawn(connection.serve(client, upstream, within));
    }
}
