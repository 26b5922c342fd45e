//! What a tap knows: its log, what is watched for and what is held, all of it
//! under one lock, so that there is one order of arrival.

use std::collections::HashMap;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::watch::{Receiver, Sender};
use wirecheck_core::wire::capture::{Direction, Event};

use super::TapOptions;
use super::feed::{Arrivals, feed};
use super::hold::{Held, HoldId, Holds, Queue};
use super::log::{Keeper, Log};
use super::outlet::{Backlog, Outlet, Stored};
use super::scan::Mark;
use super::watch::{ConnectionEvent, FrameMatch, Sighted, Sighting, Wanted, Watch, Watches};

/// Shared by a tap and all of its connections.
pub(super) struct Ledger {
    opened: Instant,
    state: Mutex<State>,
    /// Told of every release.
    released: Sender<()>,
    backlog: Backlog,
}

struct State {
    /// Taken out when the tap has closed.
    log: Option<Log>,
    watches: Watches,
    holds: Holds,
    /// Those that are open.
    connections: HashMap<u32, Connection>,
    max_connections: u32,
    max_open: usize,
    totals: Totals,
}

/// Figures over all connections of a tap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Connections that were accepted.
    pub connections: u32,
    /// Of these, how many could not be passed on, as nothing accepted them
    /// at the upstream.
    pub refused: u32,
    /// Connections beyond [`TapOptions::max_connections`] or
    /// [`TapOptions::max_open`], which were reset and do not count as accepted.
    pub turned_away: u64,
    /// Bytes that came from the client.
    pub client_bytes: u64,
    /// Bytes that came from the server.
    pub server_bytes: u64,
    /// Of all bytes, how many the capture does not hold because of
    /// [`TapOptions::capture_limit`].
    pub left_out: u64,
}

#[derive(Default)]
struct Connection {
    client: Side,
    server: Side,
}

/// One direction of a connection.
#[derive(Default)]
struct Side {
    left_out: u64,
    /// FIN or RST has come.
    ended: bool,
    /// FIN has been passed on: nobody looks after this direction any more.
    done: bool,
    /// Its sender takes no more bytes, so its end is a reset.
    broken: bool,
}

impl Ledger {
    /// One that keeps what it sees. Must be called within a tokio runtime.
    pub(super) fn new(options: &TapOptions) -> Self {
        let backlog = Backlog::new();
        let outlet = Outlet::new(&options.capture, options.spill_after, backlog.clone());
        let keeper = Keeper::new(outlet, options.capture_limit);
        Self::with_log(Log::Kept(keeper), backlog, options)
    }

    /// One whose log is read along.
    pub(super) fn live(options: &TapOptions) -> (Self, Arrivals) {
        let backlog = Backlog::new();
        let (feed, arrivals) = feed(backlog.clone());
        (Self::with_log(Log::Fed(feed), backlog, options), arrivals)
    }

    fn with_log(log: Log, backlog: Backlog, options: &TapOptions) -> Self {
        let state = State {
            log: Some(log),
            watches: Watches::default(),
            holds: Holds::default(),
            connections: HashMap::new(),
            max_connections: options.max_connections,
            max_open: options.max_open,
            totals: Totals::default(),
        };
        Self {
            opened: Instant::now(),
            state: Mutex::new(state),
            released: Sender::new(()),
            backlog,
        }
    }

    pub(super) fn watch(&self, wanted: Wanted) -> Watch {
        self.lock().watches.set(wanted)
    }

    pub(super) fn hold(&self, from: FrameMatch) -> HoldId {
        self.lock().holds.set(from)
    }

    pub(super) fn release(&self, id: HoldId) {
        self.lock().holds.release(id);
        self.released.send_replace(());
    }

    /// Ends all holds, those to come included.
    pub(super) fn end_holds(&self, held: Held) {
        self.lock().holds.end(held);
        self.released.send_replace(());
    }

    /// Hears of every release from now on.
    pub(super) fn releases(&self) -> Receiver<()> {
        self.released.subscribe()
    }

    /// Returns once the disk can take more.
    pub(super) async fn wait_for_disk(&self) {
        self.backlog.wait_for_room().await;
    }

    /// Takes a new connection in, unless there are too many.
    pub(super) fn open(&self) -> Option<u32> {
        let (mut state, at_ns) = self.lock_now();
        let is_full = state.connections.len() >= state.max_open;
        if is_full || state.totals.connections == state.max_connections {
            state.totals.turned_away += 1;
            return None;
        }
        state.totals.connections += 1;
        let id = state.totals.connections;
        state.connections.insert(id, Connection::default());
        state.note(id, at_ns, ConnectionEvent::Opened);
        Some(id)
    }

    /// The upstream did not take the connection: to the client that is a
    /// reset by the server.
    pub(super) fn refuse(&self, id: u32, why: &io::Error) {
        let (mut state, at_ns) = self.lock_now();
        state.totals.refused += 1;
        if let Some(log) = &mut state.log {
            log.refuse(id, why);
        }
        state.note(id, at_ns, ConnectionEvent::Refused);
    }

    /// Takes in the queue's bytes from `fresh` on. Returns how many of its
    /// bytes may pass now.
    pub(super) fn arrived(&self, id: u32, queue: &mut Queue, fresh: usize) -> usize {
        let (mut state, at_ns) = self.lock_now();
        state.keep(id, at_ns, queue.direction, &queue.bytes[fresh..]);
        state.scan(id, at_ns, queue, fresh);
        state.holds.passable(id, queue)
    }

    /// How many of the queue's bytes may pass now, or `None` if they are to
    /// be thrown away.
    pub(super) fn passable(&self, id: u32, queue: &mut Queue) -> Option<usize> {
        let state = self.lock();
        (!state.holds.are_dropped()).then(|| state.holds.passable(id, queue))
    }

    /// The direction has ended, by FIN or by reset.
    pub(super) fn ended(&self, id: u32, direction: Direction, by_reset: bool) {
        let (mut state, at_ns) = self.lock_now();
        let side = state.side(id, direction);
        side.ended = true;
        // That of a broken connection may come as FIN: the system reports
        // the reset once, and writing may have been told of it.
        side.broken |= by_reset;
        let event = if side.broken {
            ConnectionEvent::Reset(direction)
        } else {
            ConnectionEvent::HalfClosed(direction)
        };
        state.note_left_out(id, at_ns, direction);
        state.note(id, at_ns, event);
    }

    /// All bytes of the direction have passed. Returns whether it ended in
    /// order, so that FIN is to follow.
    pub(super) fn finish(&self, id: u32, direction: Direction) -> bool {
        let mut state = self.lock();
        let side = state.side(id, direction);
        side.done = true;
        !side.broken
    }

    /// The receiver of the direction takes no more bytes. Returns whether
    /// the other direction will notice, once it has passed on what came
    /// before.
    pub(super) fn receiver_broke(&self, id: u32, direction: Direction) -> bool {
        let (mut state, at_ns) = self.lock_now();
        state.side(id, direction).done = true;
        let other = state.side(id, direction.reverse());
        let is_news = other.ended && !other.broken;
        other.broken = true;
        let will_notice = !other.done;
        if is_news {
            state.note(id, at_ns, ConnectionEvent::Reset(direction.reverse()));
        }
        will_notice
    }

    pub(super) fn closed(&self, id: u32) {
        let (mut state, at_ns) = self.lock_now();
        state.note_left_out(id, at_ns, Direction::ClientToServer);
        state.note_left_out(id, at_ns, Direction::ServerToClient);
        state.note(id, at_ns, ConnectionEvent::Closed);
        state.connections.remove(&id);
    }

    /// Ends the log; `None` if that was done before.
    pub(super) async fn store(&self) -> Option<Stored> {
        let log = {
            let mut state = self.lock();
            state.watches.end();
            state.log.take()
        };
        Some(log?.finish().await)
    }

    pub(super) fn totals(&self) -> Totals {
        self.lock().totals
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Where a connection panicked, the others still have their log.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state and the time, which is taken under the lock so that it never
    /// runs backwards in the log.
    fn lock_now(&self) -> (MutexGuard<'_, State>, u64) {
        let state = self.lock();
        let at_ns = u64::try_from(self.opened.elapsed().as_nanos()).unwrap_or(u64::MAX);
        (state, at_ns)
    }
}

impl State {
    fn side(&mut self, id: u32, direction: Direction) -> &mut Side {
        let connection = self.connections.entry(id).or_default();
        match direction {
            Direction::ClientToServer => &mut connection.client,
            Direction::ServerToClient => &mut connection.server,
        }
    }

    fn keep(&mut self, id: u32, at_ns: u64, direction: Direction, bytes: &[u8]) {
        let left_out = match &mut self.log {
            Some(log) => log.bytes(id, at_ns, direction, bytes),
            None => bytes.len() as u64,
        };
        self.side(id, direction).left_out += left_out;
        self.totals.left_out += left_out;
        match direction {
            Direction::ClientToServer => self.totals.client_bytes += bytes.len() as u64,
            Direction::ServerToClient => self.totals.server_bytes += bytes.len() as u64,
        }
    }

    /// Who reads along decodes frames, and nobody watches or holds them here.
    fn is_watched(&self) -> bool {
        self.log.as_ref().is_none_or(Log::is_kept)
    }

    fn scan(&mut self, id: u32, at_ns: u64, queue: &mut Queue, fresh: usize) {
        if !self.is_watched() {
            return;
        }
        let Queue {
            direction,
            bytes,
            scanner,
            barriers,
            ..
        } = queue;
        scanner.feed(&bytes[fresh..], |mark| match mark {
            Mark::Begun(offset, frame) => {
                let begun = self.holds.begin(id, *direction, &frame);
                barriers.extend(begun.map(|hold| (offset, hold)));
            }
            Mark::Whole(frame) => self.watches.saw(Sighting {
                connection: id,
                at_ns,
                what: Sighted::Frame(*direction, frame),
            }),
        });
    }

    fn note(&mut self, id: u32, at_ns: u64, event: ConnectionEvent) {
        if let Some(log) = &mut self.log {
            log.event(id, at_ns, recorded(event));
        }
        self.watches.saw(Sighting {
            connection: id,
            at_ns,
            what: Sighted::Connection(event),
        });
    }

    fn note_left_out(&mut self, id: u32, at_ns: u64, direction: Direction) {
        let count = std::mem::take(&mut self.side(id, direction).left_out);
        if let Some(log) = &mut self.log
            && count > 0
        {
            log.event(id, at_ns, Event::LeftOut(direction, count));
        }
    }
}

/// How the capture's format says it.
fn recorded(event: ConnectionEvent) -> Event<'static> {
    match event {
        ConnectionEvent::Opened => Event::Opened,
        ConnectionEvent::Refused => Event::Reset(Direction::ServerToClient),
        ConnectionEvent::HalfClosed(direction) => Event::HalfClosed(direction),
        ConnectionEvent::Reset(direction) => Event::Reset(direction),
        ConnectionEvent::Closed => Event::Closed,
    }
}
