//! Which cell runs when: as many side by side as there are jobs and as the
//! peers have room for, long ones first; what a dying peer took with it runs
//! once more, alone, at the end.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use wirecheck_core::judge::leaves::PathPattern;
use wirecheck_core::model::run as model;
use wirecheck_core::plan::cells::{CellPlan, Plan};
use wirecheck_core::plan::known::Known;
use wirecheck_core::plan::official;
use wirecheck_core::plan::types::CasePlan;
use wirecheck_core::wire::secret::Secrets;

use super::books::{Books, Done, Ran, Unit};
use super::cell::{Side, Stage, Trouble, attempt};
use super::certificates::Certificates;
use super::pool::{self, Post, start_all};
use super::record::{self, Sample};
use super::sockets::Sockets;

/// What a run needs.
pub struct Setup {
    /// The cells.
    pub plan: Arc<Plan>,
    /// Known deviations.
    pub known: Arc<Vec<Known>>,
    /// Clients, by their index in the plan.
    pub clients: Vec<Arc<Post>>,
    /// Servers, by their index in the plan.
    pub servers: Vec<Arc<Post>>,
    /// Those of them that a selected cell needs.
    pub used: Vec<Arc<Post>>,
    /// Cells side by side.
    pub jobs: usize,
    /// Replaces the case's own limit.
    pub limit: Option<Duration>,
    /// Of one server only one cell at a time: it may remember.
    pub one_by_one: bool,
    /// Stop at the first cell that is not as expected.
    pub fail_fast: bool,
    /// What clients need not agree in.
    pub left_out: Vec<PathPattern>,
    /// Metadata whose values are not to be kept.
    pub secrets: Secrets,
    /// The run's folder.
    pub folder: PathBuf,
    /// Paths for Unix sockets.
    pub sockets: Sockets,
    /// Certificates for cells over TLS.
    pub certificates: Certificates,
    /// When the run began.
    pub began: Instant,
    /// Becomes true when the run is to stop.
    pub stop: watch::Receiver<bool>,
}

impl Setup {
    /// The cells that are to run, with their indices.
    pub fn cells(&self) -> impl Iterator<Item = (usize, &CellPlan)> {
        let cells = self.plan.cells.iter().enumerate();
        cells.filter(|(_, cell)| self.is_to_run(cell))
    }

    /// The cell is known to be the end of one of its peers: nothing else is to be
    /// there when that happens.
    pub fn ends_a_peer(&self, cell: usize) -> bool {
        let id = &self.plan.cells[cell].id;
        let mut entries = self.known.iter();
        entries.any(|entry| entry.finding == record::PEER_ENDED && entry.cells.matches(id))
    }

    /// Whether a cell was selected and both its peers are there.
    pub fn is_to_run(&self, cell: &CellPlan) -> bool {
        pool::is_to_run(cell, &self.clients, &self.servers)
    }
}

/// Cells that move a lot at the same time: each may hold tens of megabytes in
/// buffers of the tap and the kernel.
const HEAVY_AT_ONCE: usize = 3;
/// From here on a cell is heavy, in bytes of messages.
const HEAVY: u64 = 1 << 20;

/// What a dispatch leaves beside its cells.
#[derive(Debug, Default)]
pub struct Dispatched {
    /// It was stopped before it was through.
    pub stopped: bool,
    /// Cells that were held against each other.
    pub agreements: Vec<model::Agreement>,
}

/// Runs all selected cells and gives each to `report` when its outcome is known.
pub async fn dispatch(setup: Arc<Setup>, report: mpsc::UnboundedSender<Done>) -> Dispatched {
    let mut books = Books::new(&setup, report);
    let (alone, units) = order(&setup)
        .into_iter()
        .partition(|unit| setup.ends_a_peer(unit.cell));
    books.put_off(alone);
    let mut stopped = side_by_side(&setup, units, &mut books).await;
    if !stopped {
        stopped = again(&setup, &mut books).await;
    }
    Dispatched {
        stopped,
        agreements: books.finish(),
    }
}

/// What a dying peer took with it, one cell after the other.
async fn again(setup: &Arc<Setup>, books: &mut Books) -> bool {
    for unit in books.take_again() {
        let mut stop = setup.stop.clone();
        let ran = tokio::select! {
            ran = run_unit(Arc::clone(setup), unit, true) => ran,
            () = told_to_stop(&mut stop) => return true,
        };
        books.enter(ran);
    }
    false
}

/// Nobody who could tell any more means that nobody will.
pub async fn told_to_stop(stop: &mut watch::Receiver<bool>) {
    let told = stop.wait_for(|stop| *stop).await.is_ok();
    if !told {
        std::future::pending().await
    }
}

/// Waiting is what takes long: cells with deadlines and many samples first, so
/// that they do not stand alone at the end.
fn order(setup: &Setup) -> Vec<Unit> {
    let plan = &setup.plan;
    let mut units: Vec<Unit> = setup
        .cells()
        .flat_map(|(cell, planned)| {
            (0..plan.cases[planned.case].repeat).map(move |sample| Unit { cell, sample })
        })
        .collect();
    units.sort_by_key(|unit| {
        std::cmp::Reverse(expected_wait(&plan.cases[plan.cells[unit.cell].case]))
    });
    units
}

fn expected_wait(case: &CasePlan) -> (Duration, u64) {
    let waits = case
        .calls
        .iter()
        .filter_map(|call| call.timeout)
        .filter(|_| case.repeat > 1 || !case.actions.is_empty());
    (waits.max().unwrap_or_default(), weight(case))
}

fn weight(case: &CasePlan) -> u64 {
    use wirecheck_core::plan::types::{StepKind, StepPlan};
    let bytes = |steps: &[StepPlan]| -> u64 {
        let sizes = steps.iter().map(|step| match &step.kind {
            StepKind::Message(payload) | StepKind::Raw(payload) => payload.len(),
            _ => 0,
        });
        sizes.sum()
    };
    let scripts = case
        .listeners
        .iter()
        .flat_map(|listener| &listener.scripts)
        .map(|script| bytes(&script.send));
    let calls = case
        .calls
        .iter()
        .map(|call| bytes(&call.send) * u64::from(call.count));
    scripts.chain(calls).sum()
}

async fn side_by_side(setup: &Arc<Setup>, units: Vec<Unit>, books: &mut Books) -> bool {
    let mut queue = Queue::new(setup, units);
    let mut stop = setup.stop.clone();
    let mut starting = start_all(&setup.used);
    let mut running = JoinSet::new();
    loop {
        while running.len() < setup.jobs && !books.must_stop() {
            let Some(unit) = queue.next() else { break };
            running.spawn(run_unit(Arc::clone(setup), unit, false));
        }
        if running.is_empty() && (queue.units.is_empty() || books.must_stop()) {
            return books.must_stop();
        }
        tokio::select! {
            Some(ran) = running.join_next() => match ran {
                Ok(ran) => {
                    queue.ended(ran.unit);
                    books.enter(ran);
                }
                Err(panic) => std::panic::resume_unwind(panic.into_panic()),
            },
            Some(started) = starting.join_next() => {
                if let Err(panic) = started {
                    std::panic::resume_unwind(panic.into_panic());
                }
            }
            () = told_to_stop(&mut stop) => {
                starting.shutdown().await;
                running.shutdown().await;
                return true;
            }
        }
    }
}

/// What is still to be made, in order, except that a cell that would only wait,
/// for a peer that is being started or for heavy cells to end, is passed by.
struct Queue<'a> {
    setup: &'a Setup,
    units: VecDeque<Unit>,
    heavy_running: usize,
    /// Cells that run, by the index of their server.
    at_server: Vec<usize>,
}

impl<'a> Queue<'a> {
    fn new(setup: &'a Setup, units: Vec<Unit>) -> Self {
        Self {
            setup,
            units: units.into(),
            heavy_running: 0,
            at_server: vec![0; setup.servers.len()],
        }
    }

    /// The first that may begin now.
    fn next(&mut self) -> Option<Unit> {
        let first = self.units.iter().position(|unit| self.may_begin(*unit))?;
        let unit = self.units.remove(first)?;
        self.heavy_running += usize::from(self.is_heavy(unit));
        let server = self.server_of(unit);
        self.at_server[server] += 1;
        Some(unit)
    }

    fn may_begin(&self, unit: Unit) -> bool {
        let cell = &self.setup.plan.cells[unit.cell];
        let has_peers = self.setup.clients[cell.client].is_settled()
            && self.setup.servers[cell.server].is_settled();
        let has_turn = !self.setup.one_by_one || self.at_server[cell.server] == 0;
        has_peers && has_turn && (self.heavy_running < HEAVY_AT_ONCE || !self.is_heavy(unit))
    }

    fn server_of(&self, unit: Unit) -> usize {
        self.setup.plan.cells[unit.cell].server
    }

    fn ended(&mut self, unit: Unit) {
        self.heavy_running -= usize::from(self.is_heavy(unit));
        let server = self.server_of(unit);
        self.at_server[server] -= 1;
    }

    fn is_heavy(&self, unit: Unit) -> bool {
        weight(&self.setup.plan.cases[self.setup.plan.cells[unit.cell].case]) >= HEAVY
    }
}

/// Makes one run of a cell.
async fn run_unit(setup: Arc<Setup>, unit: Unit, alone: bool) -> Ran {
    let start = setup.began.elapsed();
    let began = Instant::now();
    let result = try_unit(&setup, unit, alone).await;
    Ran {
        unit,
        start,
        duration: began.elapsed(),
        result,
        alone,
    }
}

async fn try_unit(setup: &Setup, unit: Unit, alone: bool) -> Result<Sample, Trouble> {
    let cell = &setup.plan.cells[unit.cell];
    let case = case_as_played(setup, cell);
    let (client_post, server_post) = (&setup.clients[cell.client], &setup.servers[cell.server]);
    let gone = |side| move |fault| Trouble::Peer { side, fault };
    let client = client_post.up().await.map_err(gone(Side::Client))?;
    let server = server_post.up().await.map_err(gone(Side::Server))?;
    let calls = case.calls.iter().map(|call| match call.in_turn {
        true => 1,
        false => call.count,
    });
    let calls: u32 = calls.sum();
    let _client_place = reserve(client_post, calls.max(1), 0).await;
    let _server_place = reserve(server_post, calls.max(1), case.listeners.len() as u32).await;
    let suffix = match (alone, unit.sample) {
        (true, sample) => format!(".alone{sample}"),
        (false, 0) => String::new(),
        (false, sample) => format!(".{sample}"),
    };
    let capture = setup
        .folder
        .join("captures")
        .join(format!("{}{suffix}.wirecap", cell.id.replace('/', "~")));
    let stage = Stage {
        case: &case,
        variant: cell.variant,
        sockets: &setup.sockets,
        certificates: &setup.certificates,
        client: &client,
        server: &server,
        server_body: &server_post.body,
        at_once: most_at_once(client_post).min(most_at_once(server_post)),
        scope: format!("{}{suffix}", cell.id),
        capture,
        client_log: client_post.log(),
        secrets: &setup.secrets,
    };
    let attempted = attempt(stage).await;
    if let Err(Trouble::Peer { side, fault }) = &attempted {
        // It is dead, or of no more use; the next one who needs it starts it.
        match side {
            Side::Client => client_post.kill(&client, fault).await,
            Side::Server => server_post.kill(&server, fault).await,
        }
        if alone && setup.ends_a_peer(unit.cell) {
            client_post.was_to_end().await;
            server_post.was_to_end().await;
        }
    }
    let attempted = attempted?;
    client_post.is_well();
    server_post.is_well();
    let folder = setup.folder.clone();
    let name = client_post.name.clone();
    let secrets = setup.secrets.clone();
    let judged = tokio::task::spawn_blocking(move || {
        record::judge(&case, attempted, &folder, &name, &secrets)
    });
    judged
        .await
        .map_err(|error| Trouble::Capture(error.to_string()))?
}

fn case_as_played(setup: &Setup, cell: &CellPlan) -> CasePlan {
    let (client, server) = (&setup.clients[cell.client], &setup.servers[cell.server]);
    let case = &setup.plan.cases[cell.case];
    let mut case = official::played(case, client.body.kind(), server.body.kind(), cell.variant);
    case.limit = setup.limit.unwrap_or(case.limit);
    case
}

/// How many calls or handlers a peer takes at one time.
fn most_at_once(post: &Post) -> u32 {
    post.slots().map_or(u32::MAX, |slots| slots.most)
}

/// Reserves room in a peer, so that calls that are held open cannot starve
/// other cells. No cell waits for more than the peer has in all.
async fn reserve(
    post: &Post,
    work: u32,
    listeners: u32,
) -> Option<(
    tokio::sync::SemaphorePermit<'_>,
    tokio::sync::SemaphorePermit<'_>,
)> {
    let slots = post.slots()?;
    let work = slots.work.acquire_many(work.min(slots.most)).await.ok()?;
    let listeners = slots.listeners.acquire_many(listeners).await.ok()?;
    Some((work, listeners))
}
