//! Runs a plan: peers are started once each, cells run side by side, and each
//! is judged when it has ended.

mod books;
pub mod build;
pub mod cell;
mod certificates;
pub mod dispatch;
mod facts;
pub mod folder;
mod groups;
mod machine;
mod orders;
pub mod pool;
mod record;
mod seen;
mod sockets;
pub mod summary;

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{mpsc, watch};
use wirecheck_core::judge::leaves::PathPattern;
use wirecheck_core::model::run as model;
use wirecheck_core::plan::cells::Plan;
use wirecheck_core::plan::known::Known;

use wirecheck_core::wire::secret::Secrets;

use crate::peer::contract::Role;
use crate::peer::spec::PeerSpec;
pub use books::Done;
use build::Network;
use certificates::Certificates;
use dispatch::{Dispatched, Setup, dispatch, told_to_stop};
use folder::RunFolder;
use pool::{Post, stop_all};
use sockets::Sockets;

/// What a run is told.
pub struct Options {
    /// Cells side by side.
    pub jobs: usize,
    /// Replaces the limit of every case.
    pub limit: Option<std::time::Duration>,
    /// The seed of everything that is random.
    pub seed: u64,
    /// Of one server only one cell at a time: it may remember.
    pub one_by_one: bool,
    /// Stop at the first cell that is not as expected.
    pub fail_fast: bool,
    /// Build peers that are not current, and with what.
    pub build: Option<Network>,
    /// What clients need not agree in.
    pub left_out: Vec<PathPattern>,
    /// Metadata whose values are not to be kept.
    pub secrets: Secrets,
    /// What a cell means that fails only beside others.
    pub flaky: Flaky,
    /// What could have been run and was to be left out, with the reason.
    pub notes: Vec<String>,
    /// The command line.
    pub argv: Vec<String>,
}

/// What a cell means that fails only beside others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Flaky {
    /// It is counted, and that is all.
    Pass,
    /// It is shown, and the run may end with 0.
    Warn,
    /// It is not as expected.
    Fail,
}

/// Something that happened in a run, for whoever shows its progress.
#[derive(Debug)]
pub enum Progress {
    /// A peer is being built, with the command.
    Building(String),
    /// So many cells are about to run.
    Running(usize),
    /// A cell has ended.
    Ended(Box<Done>),
    /// The run is being stopped.
    Stopping,
}

/// Runs the selected cells of a plan and gives everything that is known of it.
/// `stop` becoming true ends the run early, with what there is.
pub async fn run(
    plan: Plan,
    known: Vec<Known>,
    peers: &[PeerSpec],
    options: &Options,
    folder: &RunFolder,
    stop: watch::Receiver<bool>,
    mut progress: impl FnMut(&Progress),
) -> model::Run {
    let began = Instant::now();
    let started = folder::now_rfc3339();
    let posts = |names: &[String], role| -> Vec<Arc<Post>> {
        let spec = |name: &String| {
            peers
                .iter()
                .find(|peer| peer.name == *name)
                .expect("the plan is made of these peers")
        };
        names
            .iter()
            .map(|name| Arc::new(Post::new(spec(name), role, &folder.logs(), options.seed)))
            .collect()
    };
    let plan = Arc::new(plan);
    let known = Arc::new(known);
    let clients = posts(&plan.clients, Role::Client);
    let servers = posts(&plan.servers, Role::Server);
    let used = used_posts(&plan, &clients, &servers);
    let absent = absent_posts(&clients, &servers);
    if let Some(network) = options.build {
        // To fetch packages takes a while, and Ctrl-C must not wait for that.
        let mut stop = stop.clone();
        tokio::select! {
            () = build::build_all(peers, &used, network, &mut progress) => {}
            () = told_to_stop(&mut stop) => {}
        }
    }
    let setup = Arc::new(Setup {
        plan: Arc::clone(&plan),
        known: Arc::clone(&known),
        clients: clients.clone(),
        servers: servers.clone(),
        used: used.clone(),
        jobs: options.jobs,
        limit: options.limit,
        one_by_one: options.one_by_one,
        fail_fast: options.fail_fast,
        left_out: options.left_out.clone(),
        secrets: options.secrets.clone(),
        folder: folder.path().to_owned(),
        sockets: Sockets::default(),
        certificates: Certificates::default(),
        began,
        stop: stop.clone(),
    });
    progress(&Progress::Running(setup.cells().count()));
    let (report, mut reports) = mpsc::unbounded_channel();
    let dispatcher = tokio::spawn(dispatch(setup, report));
    let mut done = Vec::new();
    while let Some(cell) = reports.recv().await {
        let ended = Progress::Ended(Box::new(cell));
        progress(&ended);
        let Progress::Ended(cell) = ended else {
            unreachable!("made just above")
        };
        done.push(*cell);
    }
    // A dispatcher that panicked has not come through.
    let dispatched = dispatcher.await.unwrap_or(Dispatched {
        stopped: true,
        agreements: Vec::new(),
    });
    let interrupted = *stop.borrow();
    if interrupted {
        progress(&Progress::Stopping);
    }
    stop_all(&used).await;
    let outline = summary::Outline {
        plan: &plan,
        known: &known,
        posts: &used,
        absent: &absent,
        options,
        folder,
        started,
        began,
    };
    summary::summarize(&outline, done, dispatched, interrupted)
}

/// Peers that are not to be started, clients first.
fn absent_posts(clients: &[Arc<Post>], servers: &[Arc<Post>]) -> Vec<Arc<Post>> {
    let posts = clients.iter().chain(servers);
    posts
        .filter(|post| post.absent.is_some())
        .map(Arc::clone)
        .collect()
}

/// Peers that some cell needs that is to run, clients first.
fn used_posts(plan: &Plan, clients: &[Arc<Post>], servers: &[Arc<Post>]) -> Vec<Arc<Post>> {
    let selected = || {
        let cells = plan.cells.iter();
        cells.filter(|cell| pool::is_to_run(cell, clients, servers))
    };
    let clients = clients
        .iter()
        .enumerate()
        .filter(|(index, _)| selected().any(|cell| cell.client == *index));
    let servers = servers
        .iter()
        .enumerate()
        .filter(|(index, _)| selected().any(|cell| cell.server == *index));
    clients
        .chain(servers)
        .map(|(_, post)| Arc::clone(post))
        .collect()
}
