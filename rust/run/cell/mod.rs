//! One run of one cell: listeners, taps and channels are opened, the calls and
//! the harness's own actions run side by side, and everything is closed again.

mod close;
mod notes;
mod observe;
mod open;
mod play;
mod wires;

use std::path::{Path, PathBuf};
use std::time::Duration;

use wirecheck_core::judge::observed::Observation;
use wirecheck_core::plan::types::{CasePlan, EventPlan};
use wirecheck_core::plan::variant::Variant;
use wirecheck_core::wire::secret::Secrets;

use super::certificates::{CertificateError, Certificates};
use super::facts::Facts;
use super::sockets::Sockets;
use crate::peer::contract;
use crate::peer::contract::to_peer::Order;
use crate::peer::fault::PeerFault;
use crate::peer::link::Link;
use crate::peer::session::Session;
use crate::peer::spec::Body;
use crate::peer::up::Up;
use crate::script::Script;
use crate::tap::TapError;

/// How long a peer may take for an order that is done at once, such as to open
/// a listener. The slowest seen took 0.4 s, under full load.
const ORDER_LIMIT: Duration = Duration::from_secs(10);

/// What one run of a cell gave.
#[derive(Debug)]
pub struct Attempted {
    /// What was seen.
    pub seen: Observation,
    /// What each tap captured, in the order of the listeners.
    pub captures: Vec<Capture>,
    /// If the time of the case ran out, and calls had to be aborted: what was
    /// still waited for.
    pub out_of_time: Option<Vec<EventPlan>>,
}

/// A tap's capture.
#[derive(Debug)]
pub struct Capture {
    /// The file, if it was written.
    pub path: PathBuf,
    /// Bytes that passed.
    pub bytes: u64,
    /// Not all of them were kept.
    pub cut: bool,
    /// It is what passed beside the server, behind the faults of the case.
    pub beside_server: bool,
}

/// Which peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Side {
    Client,
    Server,
}

/// Why a run of a cell came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// A peer is gone, or does not do what it is told.
    #[error("{fault}")]
    Peer {
        /// Which.
        side: Side,
        /// What is wrong with it.
        fault: PeerFault,
    },
    /// A peer lacks a feature.
    #[error("unsupported: {feature}")]
    Unsupported {
        /// Which.
        side: Side,
        /// The feature.
        feature: String,
    },
    /// A peer failed at an attempt.
    #[error("{why}")]
    CouldNotTry {
        /// Which.
        side: Side,
        /// In its own words.
        why: String,
    },
    /// The scripted peer has no place to listen.
    #[error("the scripted peer cannot listen: {0}")]
    Script(std::io::Error),
    /// There is no place for Unix sockets.
    #[error("no folder for Unix sockets: {0}")]
    Sockets(#[from] std::io::Error),
    /// No certificate could be made.
    #[error("no certificate could be made: {0}")]
    Certificates(#[from] CertificateError),
    /// The line with the faults of the case failed.
    #[error("the line with the faults failed: {0}")]
    Line(String),
    /// The tap failed.
    #[error("the tap failed: {0}")]
    Tap(#[from] TapError),
    /// A capture could not be read or written.
    #[error("the capture failed: {0}")]
    Capture(String),
}

/// What a cell is run with.
pub struct Stage<'a> {
    /// The case.
    pub case: &'a CasePlan,
    /// What it is run over.
    pub variant: Variant,
    /// Paths for Unix sockets.
    pub sockets: &'a Sockets,
    /// Certificates for cells over TLS.
    pub certificates: &'a Certificates,
    /// The client.
    pub client: &'a Up,
    /// The server.
    pub server: &'a Up,
    /// What the server is.
    pub server_body: &'a Body,
    /// How many calls both peers can take at one time.
    pub at_once: u32,
    /// Unique in the run: the cell and the attempt.
    pub scope: String,
    /// The capture of the nth listener is this path with `.n` before its
    /// ending; of the first, the path itself.
    pub capture: PathBuf,
    /// Where a foreign client's output is kept.
    pub client_log: &'a Path,
    /// Metadata whose values are not to be kept.
    pub secrets: &'a Secrets,
}

/// Runs a cell once.
///
/// # Errors
///
/// It came to nothing, see [`Trouble`]. A call that fails is not that.
pub async fn attempt(stage: Stage<'_>) -> Result<Attempted, Trouble> {
    let mut mail = Mail {
        client: stage.client.link().map(Link::session),
        server: stage.server.link().map(Link::session),
    };
    let script = open::script(&stage).await?;
    let (listeners, addresses) = match script.as_ref().and_then(Script::address) {
        Some(address) => (Vec::new(), vec![address.clone()]),
        None => open::listeners(&stage, mail.server.as_mut()).await?,
    };
    let wires = open::wires(&stage, &addresses).await?;
    let channels = open::channels(&stage, mail.client.as_mut(), &wires.taps).await?;
    let calls = match &mut mail.client {
        Some(session) => {
            let calls = stage.case.calls.iter();
            calls
                .map(|call| (0..call.count).map(|_| session.id()).collect())
                .collect()
        }
        None => Vec::new(),
    };
    let ids = Ids {
        listeners,
        channels,
        calls,
    };
    let facts = Facts::new(stage.case.calls.len());
    let cell = Cell {
        stage: &stage,
        ids: &ids,
        facts: &facts,
        script: script.as_ref(),
    };
    let ended = tokio::select! {
        done = cell.run(wires) => done,
        trouble = cell.pump(&mut mail) => Err(trouble),
    };
    let (passed, out_of_time) = match ended {
        Ok(ended) => ended,
        Err(trouble) => {
            // A peer that does not read its orders must not hold up the others.
            let _ = tokio::time::timeout(ORDER_LIMIT, cell.let_go()).await;
            return Err(trouble);
        }
    };
    end_scopes(&stage).await;
    let dialogue = script.as_ref().map(Script::seen);
    observe::observe(&stage, &facts, passed, out_of_time, dialogue).await
}

/// The identifiers of a cell.
struct Ids {
    listeners: Vec<u64>,
    /// For each channel of the case, one for each of its count.
    channels: Vec<Vec<u64>>,
    /// For each call of the case, one for each of its parallel calls.
    calls: Vec<Vec<u64>>,
}

/// What both peers send of this cell; foreign ones say nothing.
struct Mail {
    client: Option<Session>,
    server: Option<Session>,
}

/// A cell that runs: everything is open.
struct Cell<'a> {
    stage: &'a Stage<'a>,
    ids: &'a Ids,
    facts: &'a Facts,
    /// What plays the dialogue of the case.
    script: Option<&'a Script>,
}

async fn end_scopes(stage: &Stage<'_>) {
    let order = || {
        Order::EndScope(contract::EndScope {
            scope: stage.scope.clone(),
        })
    };
    tell(stage.client, order()).await;
    tell(stage.server, order()).await;
}

/// Gives an order to a peer that takes any.
async fn tell(peer: &Up, order: Order) {
    if let Some(link) = peer.link() {
        link.send(order).await;
    }
}

fn silent(side: Side, order: &'static str, limit: Duration) -> Trouble {
    Trouble::Peer {
        side,
        fault: PeerFault::Silent { order, limit },
    }
}
