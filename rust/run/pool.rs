//! The peers of a run: each started once in each role, started again when it
//! dies, and ended at the end.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use futures_util::future::join_all;
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinSet;
use wirecheck_core::plan::cells::CellPlan;

use super::machine;
use crate::peer::contract::{Ready, Role};
use crate::peer::fault::PeerFault;
use crate::peer::foreign::{Server, container};
use crate::peer::link::Link;
use crate::peer::log::Log;
use crate::peer::process::Program;
use crate::peer::spec::{Absent, Body, PeerSpec};
use crate::peer::up::Up;

/// How often a peer may die without a cell that ended well in between, before
/// it is left alone. One more than the two deaths that make a peer the culprit
/// of one cell, for each of two cells.
const MOST_DEATHS: u32 = 5;

/// One peer in one role.
#[derive(Debug)]
pub struct Post {
    /// The peer's name.
    pub name: String,
    /// Its role.
    pub role: Role,
    /// Where it comes from.
    pub source: String,
    /// What it is.
    pub body: Body,
    /// How it is started.
    pub program: Program,
    /// Why it is not to be started at all.
    pub absent: Option<Absent>,
    /// What it said of itself when it was last ready.
    pub ready: std::sync::Mutex<Option<Ready>>,
    /// What went wrong with it, in order.
    pub faults: std::sync::Mutex<Vec<Failure>>,
    /// How often it was started again.
    pub restarts: AtomicU32,
    log: PathBuf,
    seed: u64,
    deaths_in_a_row: AtomicU32,
    log_left_out: AtomicU64,
    state: Mutex<State>,
    settled: AtomicBool,
    slots: std::sync::OnceLock<Slots>,
}

/// What went wrong with a peer, with the last lines of its log.
#[derive(Debug, Clone)]
pub struct Failure {
    /// What.
    pub fault: PeerFault,
    /// The last lines of its log.
    pub log_tail: Vec<String>,
    /// What could be done.
    pub hint: Option<String>,
}

#[derive(Debug)]
enum State {
    Fresh,
    Up(Up),
    /// Not to be started any more.
    Down(PeerFault),
}

/// How much of a peer is free, from what it said in `Ready`.
#[derive(Debug)]
pub struct Slots {
    /// Calls of a client, or handlers of a server.
    pub work: Semaphore,
    /// The most of them that one cell may reserve.
    pub most: u32,
    /// Listeners.
    pub listeners: Semaphore,
}

/// Stands for "no limit" where a peer names none.
const PLENTY: u32 = 100_000;

impl Slots {
    fn new(ready: &Ready, role: Role) -> Self {
        let limit = |named: u32| if named == 0 { PLENTY } else { named };
        let most = limit(match role {
            Role::Client => ready.max_calls,
            _ => ready.max_handlers,
        });
        let listeners = limit(ready.max_listeners);
        Self {
            work: Semaphore::new(most as usize),
            most,
            listeners: Semaphore::new(listeners as usize),
        }
    }
}

impl Post {
    /// A peer that is not started yet.
    pub fn new(spec: &PeerSpec, role: Role, logs: &Path, seed: u64) -> Self {
        Self {
            name: spec.name.clone(),
            role,
            source: spec.source.clone(),
            body: spec.body.clone(),
            program: spec.command(role_name(role)),
            absent: spec.absent.clone(),
            ready: std::sync::Mutex::default(),
            faults: std::sync::Mutex::default(),
            restarts: AtomicU32::new(0),
            log: logs.join(format!("{}.{}.log", file_name(&spec.name), role_name(role))),
            seed,
            deaths_in_a_row: AtomicU32::new(0),
            log_left_out: AtomicU64::new(0),
            state: Mutex::new(State::Fresh),
            settled: AtomicBool::new(false),
            slots: std::sync::OnceLock::new(),
        }
    }

    /// Its log.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Bytes of its log beyond the limit.
    pub fn log_left_out(&self) -> u64 {
        self.log_left_out.load(Ordering::Relaxed)
    }

    /// The running peer; started if it is not.
    ///
    /// # Errors
    ///
    /// It cannot be started, or has died too often.
    pub async fn up(&self) -> Result<Up, PeerFault> {
        let mut state = self.state.lock().await;
        match &*state {
            State::Up(up) if up.is_alive() => return Ok(up.clone()),
            State::Down(fault) => return Err(fault.clone()),
            State::Up(dead) => {
                let fault = dead.gone().await;
                let tail = dead.log().map(Log::tail).unwrap_or_default();
                self.note(fault.clone(), tail);
                if self.deaths_in_a_row.fetch_add(1, Ordering::Relaxed) + 1 >= MOST_DEATHS {
                    *state = State::Down(fault.clone());
                    return Err(fault);
                }
                self.restarts.fetch_add(1, Ordering::Relaxed);
            }
            State::Fresh => {}
        }
        self.start(&mut state).await
    }

    /// Its first start has ended, well or not: nobody would wait for it any more.
    pub fn is_settled(&self) -> bool {
        self.settled.load(Ordering::Acquire)
    }

    async fn start(&self, state: &mut State) -> Result<Up, PeerFault> {
        let started = self.start_body().await;
        self.settled.store(true, Ordering::Release);
        match started {
            Ok(up) => {
                let ready = up.link().map(|link| link.ready.clone()).unwrap_or_default();
                self.slots.get_or_init(|| Slots::new(&ready, self.role));
                *lock(&self.ready) = Some(ready);
                *state = State::Up(up.clone());
                Ok(up)
            }
            Err((fault, log)) => {
                self.note(fault.clone(), log.tail());
                *state = State::Down(fault.clone());
                Err(fault)
            }
        }
    }

    async fn start_body(&self) -> Result<Up, (PeerFault, Log)> {
        let log = self.log.clone();
        Ok(match &self.body {
            Body::Contract(_) => {
                let link = Link::start(&self.program, self.role, log, self.seed).await?;
                Up::Peer(Arc::new(link))
            }
            Body::Server(server) => {
                Up::Server(Arc::new(Server::start(server, &self.name, log).await?))
            }
            Body::Client(client) => Up::Client(Arc::new(client.clone())),
            Body::Scripted => Up::Scripted,
            Body::Official(official) => match self.role {
                Role::Client => Up::Client(Arc::new(official.as_client())),
                _ => {
                    let spec = official.as_server();
                    Up::Server(Arc::new(Server::start(&spec, &self.name, log).await?))
                }
            },
        })
    }

    /// Never to be started: what it needs could not be built.
    pub async fn give_up(&self, fault: PeerFault, log_tail: Vec<String>, hint: Option<String>) {
        lock(&self.faults).push(Failure {
            fault: fault.clone(),
            log_tail,
            hint,
        });
        *self.state.lock().await = State::Down(fault);
        self.settled.store(true, Ordering::Release);
    }

    /// A cell has ended well: what was before is forgiven.
    pub fn is_well(&self) {
        self.deaths_in_a_row.store(0, Ordering::Relaxed);
    }

    /// A cell that is known to be its end has run. If it has ended, that is the
    /// cell's outcome and no fault of the run; the next who needs it starts it.
    pub async fn was_to_end(&self) {
        let mut state = self.state.lock().await;
        if let State::Up(up) = &*state
            && !up.is_alive()
        {
            let left_out = up.log().map_or(0, Log::left_out);
            self.log_left_out.fetch_max(left_out, Ordering::Relaxed);
            self.restarts.fetch_add(1, Ordering::Relaxed);
            *state = State::Fresh;
        }
        self.is_well();
    }

    /// A peer that does not answer is of no more use.
    pub async fn kill(&self, up: &Up, fault: &PeerFault) {
        up.kill(fault).await;
    }

    /// What it has free. Only a peer that was ready once has any.
    pub fn slots(&self) -> Option<&Slots> {
        self.slots.get()
    }

    /// Ends it, and notes if that took force.
    pub async fn stop(&self) {
        let mut state = self.state.lock().await;
        if let State::Up(up) = &*state {
            let tail = || up.log().map(Log::tail).unwrap_or_default();
            if !up.is_alive() {
                self.note(up.gone().await, tail());
            } else if let Err(fault) = up.stop().await {
                self.note(fault, tail());
            }
            let left_out = up.log().map_or(0, Log::left_out);
            self.log_left_out.fetch_max(left_out, Ordering::Relaxed);
        }
        *state = State::Fresh;
    }

    /// The last line that it printed before it failed.
    pub fn last_words(&self) -> String {
        let faults = lock(&self.faults);
        let last = faults.last().and_then(|failure| failure.log_tail.last());
        last.cloned().unwrap_or_default()
    }

    fn note(&self, fault: PeerFault, log_tail: Vec<String>) {
        lock(&self.faults).push(Failure {
            hint: fault.hint().map(Cow::into_owned),
            fault,
            log_tail,
        });
    }
}

/// Whether a cell was selected, and both its peers and what it is run over are
/// there.
pub fn is_to_run(cell: &CellPlan, clients: &[Arc<Post>], servers: &[Arc<Post>]) -> bool {
    cell.selected
        && why_absent(cell, clients, servers).is_none()
        && machine::lacks(cell.variant).is_none()
}

/// What keeps a cell from running before anything is started.
pub fn why_absent<'a>(
    cell: &CellPlan,
    clients: &'a [Arc<Post>],
    servers: &'a [Arc<Post>],
) -> Option<&'a Absent> {
    let sides = [&clients[cell.client], &servers[cell.server]];
    sides.into_iter().find_map(|post| post.absent.as_ref())
}

/// Starts all peers at the same time, each in a task of its own. Those that
/// fail are told by their posts.
pub fn start_all(posts: &[Arc<Post>]) -> JoinSet<()> {
    let start = |post: &Arc<Post>| {
        let post = Arc::clone(post);
        async move { drop(post.up().await) }
    };
    posts.iter().map(start).collect()
}

/// Ends all peers at the same time.
pub async fn stop_all(posts: &[Arc<Post>]) {
    join_all(posts.iter().map(|post| post.stop())).await;
    // A start that nobody waited for any more may have made one.
    container::all_gone().await;
}

/// The word for a role.
pub fn role_name(role: Role) -> &'static str {
    match role {
        Role::Client => "client",
        _ => "server",
    }
}

/// A peer's name may hold what a file's name may not.
fn file_name(name: &str) -> String {
    name.chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || "._-@".contains(c) {
                c
            } else {
                '_'
            }
        })
        .collect()
}

fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
