//! One run of one cell: listeners, taps and channels are opened, the calls and
//! the harness's own actions run side by side, and everything is closed again.

use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::future::{join_all, select_all};
use wirecheck_core::judge::observed::{CallSeen, Observation};
use wirecheck_core::plan::types::{ActionPlan, CasePlan, EventPlan, FramePlan};
use wirecheck_core::wire::capture::Direction;
use wirecheck_core::wire::decode::decode_capture;
use wirecheck_core::wire::exchange::{Exchange, Limits};
use wirecheck_core::wire::frame::END_STREAM;

use super::facts::Facts;
use super::{orders, seen};
use crate::peer::contract::from_peer::Event;
use crate::peer::contract::to_peer::Order;
use crate::peer::contract::{self, abort, refused};
use crate::peer::link::{Link, PeerFault};
use crate::peer::session::{Session, name};
use crate::tap::{Captured, Endpoint, FrameMatch, Held, HoldId, Tap, TapError, TapOptions, Wanted};

/// How long a peer may take for an order that is done at once, such as to open
/// a listener. The slowest seen took 0.4 s, under full load.
const ORDER_LIMIT: Duration = Duration::from_secs(10);
/// How long connections may stay open when the channels are closed.
const CLOSE_LIMIT: Duration = Duration::from_secs(3);
/// How long a client may take to report a call that it was told to abort.
const ABORT_LIMIT: Duration = Duration::from_secs(3);
/// The most handlers of one cell; a case makes at most some hundred calls.
const MOST_HANDLERS: usize = 10_000;

/// What one run of a cell gave.
#[derive(Debug)]
pub struct Attempted {
    /// What was seen.
    pub seen: Observation,
    /// What each tap captured, in the order of the listeners.
    pub captures: Vec<Capture>,
    /// The time of the case ran out, and calls had to be aborted.
    pub out_of_time: bool,
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
    /// The client peer.
    pub client: &'a Link,
    /// The server peer.
    pub server: &'a Link,
    /// Unique in the run: the cell and the attempt.
    pub scope: String,
    /// The capture of the nth listener is this path with `.n` before its
    /// ending; of the first, the path itself.
    pub capture: PathBuf,
}

/// Runs a cell once.
///
/// # Errors
///
/// It came to nothing, see [`Trouble`]. A call that fails is not that.
pub async fn attempt(stage: Stage<'_>) -> Result<Attempted, Trouble> {
    let mut mail = Mail {
        client: stage.client.session(),
        server: stage.server.session(),
    };
    let (listeners, addresses) = listen(&stage, &mut mail.server).await?;
    let taps = open_taps(&stage, &addresses).await?;
    let channels = open_channels(&stage, &mut mail.client, &taps).await?;
    let calls = stage
        .case
        .calls
        .iter()
        .map(|call| (0..call.parallel).map(|_| mail.client.id()).collect())
        .collect();
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
    };
    let ended = tokio::select! {
        done = cell.run(taps) => done,
        trouble = cell.pump(&mut mail) => Err(trouble),
    };
    let (captured, out_of_time) = match ended {
        Ok(ended) => ended,
        Err(trouble) => {
            // A peer that does not read its orders must not hold up the others.
            let _ = tokio::time::timeout(ORDER_LIMIT, cell.let_go()).await;
            return Err(trouble);
        }
    };
    end_scopes(&stage).await;
    observe(&stage, &facts, captured, out_of_time).await
}

/// The identifiers of a cell.
struct Ids {
    listeners: Vec<u64>,
    channels: Vec<u64>,
    /// For each call of the case, one for each of its parallel calls.
    calls: Vec<Vec<u64>>,
}

/// What both peers send of this cell.
struct Mail {
    client: Session,
    server: Session,
}

async fn listen(
    stage: &Stage<'_>,
    session: &mut Session,
) -> Result<(Vec<u64>, Vec<String>), Trouble> {
    let mut ids = Vec::new();
    let mut addresses = Vec::new();
    for listener in &stage.case.listeners {
        let id = session.id();
        let order = orders::listen(id, listener, &stage.scope, &stage.case.needs);
        stage.server.send(Order::Listen(order)).await;
        match next(stage.server, session, Side::Server, "Listen").await? {
            Event::Listening(listening) => addresses.push(listening.address),
            other => return Err(unexpected(Side::Server, "Listen", other)),
        }
        ids.push(id);
    }
    Ok((ids, addresses))
}

async fn open_taps(stage: &Stage<'_>, addresses: &[String]) -> Result<Vec<Tap>, Trouble> {
    let mut taps = Vec::new();
    for (index, address) in addresses.iter().enumerate() {
        let upstream: Endpoint = address.parse()?;
        let options = TapOptions::new(capture_path(&stage.capture, index));
        taps.push(Tap::open(&Endpoint::any_port(), upstream, options).await?);
    }
    Ok(taps)
}

/// The first listener's capture has the cell's own name.
fn capture_path(path: &Path, index: usize) -> PathBuf {
    match index {
        0 => path.to_owned(),
        index => path.with_extension(format!("{index}.wirecap")),
    }
}

async fn open_channels(
    stage: &Stage<'_>,
    session: &mut Session,
    taps: &[Tap],
) -> Result<Vec<u64>, Trouble> {
    let mut ids = Vec::new();
    for channel in &stage.case.channels {
        let id = session.id();
        let order = orders::open(
            id,
            channel,
            taps[channel.listener].address(),
            &stage.case.needs,
        );
        stage.client.send(Order::Open(order)).await;
        match next(stage.client, session, Side::Client, "Open").await? {
            Event::Opened(_) => ids.push(id),
            other => return Err(unexpected(Side::Client, "Open", other)),
        }
    }
    Ok(ids)
}

async fn next(
    link: &Link,
    session: &mut Session,
    side: Side,
    order: &'static str,
) -> Result<Event, Trouble> {
    link.next(session, order, ORDER_LIMIT)
        .await
        .map_err(|fault| Trouble::Peer { side, fault })
}

/// An order was refused, or answered with something else.
fn unexpected(side: Side, order: &'static str, event: Event) -> Trouble {
    match event {
        Event::Refused(contract::Refused {
            reason: Some(refused::Reason::Unsupported(answer)),
            ..
        }) => Trouble::Unsupported {
            side,
            feature: answer.feature,
        },
        Event::Refused(contract::Refused {
            reason: Some(refused::Reason::CouldNotTry(answer)),
            ..
        }) => Trouble::CouldNotTry {
            side,
            why: answer.why,
        },
        other => Trouble::Peer {
            side,
            fault: PeerFault::Unexpected {
                order,
                answer: name(&other),
            },
        },
    }
}

async fn end_scopes(stage: &Stage<'_>) {
    let order = || {
        Order::EndScope(contract::EndScope {
            scope: stage.scope.clone(),
        })
    };
    stage.client.send(order()).await;
    stage.server.send(order()).await;
}

/// A cell that runs: everything is open.
struct Cell<'a> {
    stage: &'a Stage<'a>,
    ids: &'a Ids,
    facts: &'a Facts,
}

impl Cell<'_> {
    /// Plays the case, then closes everything in order: channels, taps,
    /// listeners.
    async fn run(&self, taps: Vec<Tap>) -> Result<(Vec<Captured>, bool), Trouble> {
        let in_time = tokio::time::timeout(self.stage.case.limit, self.play(&taps[0])).await;
        let out_of_time = in_time.is_err();
        if out_of_time {
            self.abort_calls().await?;
        }
        self.close_channels().await?;
        let mut captured = Vec::new();
        for tap in taps {
            captured.push(tap.close(CLOSE_LIMIT, Held::LetGo).await);
        }
        self.unlisten().await?;
        Ok((captured, out_of_time))
    }

    /// The calls and the harness's own actions, side by side. Holds that the
    /// actions begin with stand before the first call.
    async fn play(&self, tap: &Tap) {
        let actions = &self.stage.case.actions;
        let first = actions
            .iter()
            .take_while(|action| matches!(action, ActionPlan::Hold(..)))
            .count();
        let mut holds = Holds::default();
        for action in &actions[..first] {
            self.act(action, tap, &mut holds).await;
        }
        let calls = join_all((0..self.stage.case.calls.len()).map(|index| self.call(index, tap)));
        let rest = async {
            for action in &actions[first..] {
                self.act(action, tap, &mut holds).await;
            }
        };
        tokio::join!(calls, rest);
    }

    async fn call(&self, index: usize, tap: &Tap) {
        let call = &self.stage.case.calls[index];
        if let Some(event) = &call.start_after {
            self.wait(event, tap).await;
        }
        for id in &self.ids.calls[index] {
            let order = orders::call(
                *id,
                self.ids.channels[call.channel],
                call,
                &self.stage.scope,
            );
            self.stage.client.send(Order::Call(order)).await;
        }
        self.wait(&EventPlan::CallEnded(index), tap).await;
    }

    async fn act(&self, action: &ActionPlan, tap: &Tap, holds: &mut Holds) {
        match action {
            ActionPlan::Wait(event) => self.wait(event, tap).await,
            ActionPlan::Release(name) => self.release(name).await,
            ActionPlan::Hold(direction, frame) => holds
                .0
                .extend(frame_matches(frame).map(|from| (*direction, tap.hold(from)))),
            ActionPlan::Pass(direction) => holds.release(*direction, tap),
        }
    }

    /// Both peers get each release: a latch that nobody asks for does no harm.
    async fn release(&self, name: &str) {
        let release = contract::Release {
            scope: self.stage.scope.clone(),
            name: name.to_owned(),
        };
        self.stage
            .client
            .send(Order::Release(release.clone()))
            .await;
        self.stage.server.send(Order::Release(release)).await;
    }

    async fn wait(&self, event: &EventPlan, tap: &Tap) {
        match event {
            EventPlan::Began(nth) => {
                self.facts
                    .until(|seen| seen.handled.len() >= *nth as usize)
                    .await
            }
            EventPlan::Handled(nth) => self.facts.until(|seen| seen.handlers_ended >= *nth).await,
            EventPlan::Reached(step) => self.facts.until(|seen| seen.reached.contains(step)).await,
            EventPlan::CallEnded(index) => {
                let all = self.ids.calls[*index].len();
                self.facts
                    .until(|seen| seen.calls[*index].len() == all)
                    .await;
            }
            EventPlan::Frame(frame) => {
                let watches =
                    frame_matches(frame).map(|wanted| Box::pin(tap.wait(Wanted::Frame(wanted))));
                // A frame that can no longer be seen is waited for in vain; the
                // time of the case ends that.
                let _ = select_all(watches.collect::<Vec<_>>()).await;
            }
        }
    }

    /// Ends what a cell that came to nothing has opened in the peers. Nobody
    /// waits for the answers; a peer that is gone gets nothing.
    async fn let_go(&self) {
        let (client, server) = (self.stage.client, self.stage.server);
        if client.is_alive() {
            for id in self.ids.calls.iter().flatten() {
                let what = Some(abort::What::Call(*id));
                client.send(Order::Abort(contract::Abort { what })).await;
            }
            self.send_close().await;
        }
        if server.is_alive() {
            self.send_unlisten().await;
        }
        end_scopes(self.stage).await;
    }

    /// Ends the calls that have not been reported, and waits for their reports.
    async fn abort_calls(&self) -> Result<(), Trouble> {
        for id in self.ids.calls.iter().flatten() {
            let what = Some(abort::What::Call(*id));
            self.stage
                .client
                .send(Order::Abort(contract::Abort { what }))
                .await;
        }
        for id in &self.ids.listeners {
            let what = Some(abort::What::Listener(*id));
            self.stage
                .server
                .send(Order::Abort(contract::Abort { what }))
                .await;
        }
        // Calls that were never begun have nothing to report.
        let begun = self.facts.until(|seen| {
            seen.calls
                .iter()
                .zip(&self.ids.calls)
                .all(|(seen, ids)| seen.is_empty() || seen.len() == ids.len())
        });
        let first = self
            .facts
            .until(|seen| seen.calls[0].len() == self.ids.calls[0].len());
        let reported =
            tokio::time::timeout(ABORT_LIMIT, async { tokio::join!(begun, first) }).await;
        reported
            .map(|_| ())
            .map_err(|_| silent(Side::Client, "Abort", ABORT_LIMIT))
    }

    /// Once, however the cell ends.
    async fn send_close(&self) {
        if std::mem::replace(&mut self.facts.lock().told_to_close, true) {
            return;
        }
        for channel in &self.ids.channels {
            let close = contract::Close { channel: *channel };
            self.stage.client.send(Order::Close(close)).await;
        }
    }

    /// Likewise.
    async fn send_unlisten(&self) {
        if std::mem::replace(&mut self.facts.lock().told_to_unlisten, true) {
            return;
        }
        for listener in &self.ids.listeners {
            let unlisten = contract::Unlisten {
                listener: *listener,
            };
            self.stage.server.send(Order::Unlisten(unlisten)).await;
        }
    }

    async fn close_channels(&self) -> Result<(), Trouble> {
        self.send_close().await;
        let closed = self
            .facts
            .until(|seen| seen.closed.len() == self.ids.channels.len());
        tokio::time::timeout(ORDER_LIMIT, closed)
            .await
            .map_err(|_| silent(Side::Client, "Close", ORDER_LIMIT))
    }

    async fn unlisten(&self) -> Result<(), Trouble> {
        self.send_unlisten().await;
        let ended = self
            .facts
            .until(|seen| seen.unlistened.len() == self.ids.listeners.len());
        tokio::time::timeout(ORDER_LIMIT, ended)
            .await
            .map_err(|_| silent(Side::Server, "Unlisten", ORDER_LIMIT))
    }

    /// Notes everything that the peers say, until one of them is gone or says
    /// something that it must not.
    async fn pump(&self, mail: &mut Mail) -> Trouble {
        loop {
            let (side, event) = tokio::select! {
                biased;
                Some(event) = mail.client.next() => (Side::Client, event),
                Some(event) = mail.server.next() => (Side::Server, event),
                fault = self.stage.client.gone() => return Trouble::Peer { side: Side::Client, fault },
                fault = self.stage.server.gone() => return Trouble::Peer { side: Side::Server, fault },
            };
            let event_name = name(&event);
            if !self.note(event) {
                let fault = PeerFault::Unasked { event: event_name };
                return Trouble::Peer { side, fault };
            }
        }
    }

    /// Notes an event; `false` if it has no place in a cell.
    fn note(&self, event: Event) -> bool {
        match event {
            Event::Began(began) => {
                let Some(listener) = self
                    .ids
                    .listeners
                    .iter()
                    .position(|id| *id == began.listener)
                else {
                    return false;
                };
                if self.facts.lock().handled.len() >= MOST_HANDLERS {
                    return false;
                }
                self.facts
                    .note(|seen| seen.handled.push(seen::began(began, listener)));
            }
            Event::Handled(handled) => return self.note_handled(handled),
            Event::Reached(reached) => return self.note_reached(reached.step),
            Event::Report(report) => {
                let Some(index) = self
                    .ids
                    .calls
                    .iter()
                    .position(|ids| ids.contains(&report.call))
                else {
                    return false;
                };
                self.facts
                    .note(|seen| seen.calls[index].push(seen::call(report)));
            }
            Event::Closed(closed) => self.facts.note(|seen| seen.closed.push(closed.channel)),
            Event::Unlistened(ended) => {
                self.facts.note(|seen| seen.unlistened.push(ended.listener))
            }
            Event::Ready(_)
            | Event::Listening(_)
            | Event::Opened(_)
            | Event::ShutDown(_)
            | Event::Refused(_) => return false,
        }
        true
    }

    /// Notes that a step was reached, once however many calls reach it; `false`
    /// if the case has no such step. So a peer cannot fill the memory with them.
    fn note_reached(&self, step: String) -> bool {
        let case = self.stage.case;
        let scripts = case.listeners.iter().flat_map(|listener| &listener.scripts);
        let of_servers = scripts.flat_map(|script| script.send.iter().chain(&script.receive));
        let of_clients = case
            .calls
            .iter()
            .flat_map(|call| call.send.iter().chain(&call.receive));
        let known = of_servers
            .chain(of_clients)
            .any(|planned| planned.name.as_ref() == Some(&step));
        if known && !self.facts.lock().reached.contains(&step) {
            self.facts.note(|seen| seen.reached.push(step));
        }
        known
    }

    /// Completes the handler's entry; one that never began is a fault.
    fn note_handled(&self, handled: contract::Handled) -> bool {
        let listener = self
            .ids
            .listeners
            .iter()
            .position(|id| *id == handled.listener);
        let mut known = false;
        self.facts.note(|seen| {
            let entry = seen.handled.iter_mut().find(|entry| {
                Some(entry.listener) == listener
                    && entry.number == handled.number
                    && entry.call_end.is_none()
            });
            if let Some(entry) = entry {
                seen::handled(entry, handled);
                seen.handlers_ended += 1;
                known = true;
            }
        });
        known
    }
}

fn silent(side: Side, order: &'static str, limit: Duration) -> Trouble {
    Trouble::Peer {
        side,
        fault: PeerFault::Silent { order, limit },
    }
}

/// The holds of a cell, by direction.
#[derive(Default)]
struct Holds(Vec<(Direction, HoldId)>);

impl Holds {
    fn release(&mut self, direction: Direction, tap: &Tap) {
        self.0.retain(|(held, hold)| {
            let release = *held == direction;
            if release {
                tap.release(*hold);
            }
            !release
        });
    }
}

/// A frame of the case as the tap knows frames. "It ends the stream" is one of
/// three kinds of frames.
fn frame_matches(frame: &FramePlan) -> impl Iterator<Item = FrameMatch> {
    const HEADERS: u8 = 0x01;
    const DATA: u8 = 0x00;
    const RST_STREAM: u8 = 0x03;
    let end = if frame.ends_stream == Some(true) {
        END_STREAM
    } else {
        0
    };
    let kinds = match frame.kind {
        Some(kind) => vec![(kind, end)],
        None => vec![(HEADERS, END_STREAM), (DATA, END_STREAM), (RST_STREAM, 0)],
    };
    let direction = frame.direction.unwrap_or(Direction::ClientToServer);
    let nth = frame.nth;
    kinds
        .into_iter()
        .map(move |(kind, flags)| FrameMatch::new(direction, kind).flags(flags).nth(nth))
}

/// Puts what was seen together. Decoding and writing are not for the threads
/// that serve the traffic.
async fn observe(
    stage: &Stage<'_>,
    facts: &Facts,
    captured: Vec<Captured>,
    out_of_time: bool,
) -> Result<Attempted, Trouble> {
    let path = stage.capture.clone();
    let kept = tokio::task::spawn_blocking(move || {
        let kept = captured
            .into_iter()
            .enumerate()
            .map(|(index, captured)| keep(captured, capture_path(&path, index)));
        kept.collect::<Result<Vec<_>, _>>()
    });
    let kept = kept
        .await
        .map_err(|error| Trouble::Capture(error.to_string()))??;
    let mut exchange = Exchange::default();
    let mut captures = Vec::new();
    for (decoded, capture) in kept {
        exchange.connections.extend(decoded.connections);
        exchange.cuts.extend(decoded.cuts);
        captures.push(capture);
    }
    let state = std::mem::take(&mut *facts.lock());
    let calls = state
        .calls
        .into_iter()
        .zip(&stage.case.calls)
        .map(|(mut seen, call)| {
            seen.resize(call.parallel as usize, CallSeen::Missing);
            seen
        });
    let seen = Observation {
        calls: calls.collect(),
        handled: state.handled,
        exchange,
    };
    Ok(Attempted {
        seen,
        captures,
        out_of_time,
    })
}

fn keep(captured: Captured, path: PathBuf) -> Result<(Exchange, Capture), Trouble> {
    let failed = |error: &dyn std::fmt::Display| Trouble::Capture(error.to_string());
    if let Some(error) = &captured.log_failure {
        return Err(failed(error));
    }
    let exchange = {
        let log = captured.log.open().map_err(|error| failed(&error))?;
        decode_capture(log, Limits::default()).map_err(|error| failed(&error))?
    };
    let bytes = captured.totals.client_bytes + captured.totals.server_bytes;
    captured.log.save(&path).map_err(|error| failed(&error))?;
    Ok((
        exchange,
        Capture {
            path,
            bytes,
            cut: captured.totals.left_out > 0,
        },
    ))
}
