//! How far a dialogue has come, on each of its connections.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use wirecheck_core::judge::observed::{DialogueSeen, Stopped, WhyStopped};
use wirecheck_core::plan::dialogue::{Act, DialoguePlan, LinePlan, told};
use wirecheck_core::talk::Heard;

/// The most connections on which a dialogue is played.
const MOST_CONNECTIONS: usize = 64;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Board {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    connections: Vec<Connection>,
    calls_are_over: bool,
    /// The time of the case has run out.
    is_out_of_time: bool,
    /// Its connections are dropped.
    is_hung_up: bool,
}

/// One connection.
#[derive(Debug)]
struct Connection {
    heard: Heard,
    /// Lines that were done.
    done: u64,
    /// The line under way, with what it waits for.
    line: Option<(String, String, String)>,
    state: Playing,
    /// What is played on it is the end of the dialogue.
    is_last: bool,
    /// What the peer sends is read.
    reads: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Playing {
    /// It goes on.
    On,
    /// It came to its end.
    Through,
    /// It cannot go on.
    Stopped(WhyStopped),
}

impl Board {
    /// A new connection's place; none if there are too many.
    pub(super) fn open(&self, plan: &DialoguePlan) -> Option<usize> {
        let mut state = self.lock();
        let place = state.connections.len();
        if place == MOST_CONNECTIONS {
            return None;
        }
        let playing = match state.is_out_of_time {
            true => Playing::Stopped(WhyStopped::NotCome),
            false => Playing::On,
        };
        state.connections.push(Connection {
            heard: Heard::new(!plan.is_client()),
            done: 0,
            line: None,
            state: playing,
            is_last: plan.part(place).1,
            reads: true,
        });
        Some(place)
    }

    /// What came on a connection.
    pub(super) fn hear(&self, place: usize, hear: impl FnOnce(&mut Heard)) {
        hear(&mut self.lock().connections[place].heard);
        self.changed.notify_waiters();
    }

    /// Looks at what came on a connection.
    pub(super) fn heard<T>(&self, place: usize, look: impl FnOnce(&mut Heard) -> T) -> T {
        look(&mut self.lock().connections[place].heard)
    }

    /// A line is begun.
    pub(super) fn begin(&self, place: usize, line: &LinePlan) {
        let connection = &mut self.lock().connections[place];
        connection.done += 1;
        let is_known = connection
            .line
            .as_ref()
            .is_some_and(|(number, ..)| *number == line.number);
        if is_known || matches!(line.act, Act::Repeat { .. }) {
            return;
        }
        let what = told::act(&line.act);
        connection.line = Some((line.number.clone(), line.at.to_string(), what));
    }

    /// A connection's dialogue has ended.
    pub(super) fn end(&self, place: usize, stopped: Option<WhyStopped>) {
        let connection = &mut self.lock().connections[place];
        // What the peer does when it is told that its time is over is no part of it.
        if connection.state == Playing::On {
            connection.state = match stopped {
                None => Playing::Through,
                Some(why) => Playing::Stopped(why),
            };
        }
        // How the peer ends the connection is heard in any case.
        connection.reads = true;
        self.changed.notify_waiters();
    }

    /// The time of the case has run out: what has not come does not come.
    pub(super) fn out_of_time(&self) {
        let state = &mut *self.lock();
        state.is_out_of_time = true;
        for connection in &mut state.connections {
            if connection.state == Playing::On {
                connection.state = Playing::Stopped(WhyStopped::NotCome);
            }
        }
        self.changed.notify_waiters();
    }

    /// Its connections are to be dropped.
    pub(super) fn hang_up(&self) {
        self.lock().is_hung_up = true;
        self.changed.notify_waiters();
    }

    /// Waits until that is said.
    pub(super) async fn hung_up(&self) {
        self.until(|state| state.is_hung_up).await;
    }

    /// Whether what the peer sends is read from now on.
    pub(super) fn read(&self, place: usize, reads: bool) {
        self.lock().connections[place].reads = reads;
        self.changed.notify_waiters();
    }

    /// Waits until that is so.
    pub(super) async fn until_reading(&self, place: usize, reads: bool) {
        self.until(|state| state.connections[place].reads == reads)
            .await;
    }

    pub(super) fn no_more_calls(&self) {
        self.lock().calls_are_over = true;
        self.changed.notify_waiters();
    }

    /// Waits until a dialogue is through, or all are stopped and nobody is to
    /// come.
    pub(super) async fn over(&self) {
        self.until(State::is_over).await;
    }

    /// Waits until something is so on a connection, or the client has made all
    /// its calls; tells whether it is so.
    pub(super) async fn heard_in_calls(
        &self,
        place: usize,
        mut so: impl FnMut(&mut Heard) -> bool,
    ) -> bool {
        let mut is_so = false;
        self.until(|state| {
            is_so = so(&mut state.connections[place].heard);
            is_so || state.calls_are_over
        })
        .await;
        is_so
    }

    /// Waits until something is so on a connection.
    pub(super) async fn until_heard(&self, place: usize, mut so: impl FnMut(&mut Heard) -> bool) {
        self.until(|state| so(&mut state.connections[place].heard))
            .await;
    }

    async fn until(&self, mut so: impl FnMut(&mut State) -> bool) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Registered before the look, so that no change falls between.
            changed.as_mut().enable();
            if so(&mut self.lock()) {
                return;
            }
            changed.await;
        }
    }

    /// What the judge is told: of several connections, the one that came
    /// furthest.
    pub(super) fn seen(&self) -> DialogueSeen {
        let state = self.lock();
        if state.is_through() {
            return DialogueSeen::Through;
        }
        let connections = state.connections.iter().enumerate();
        let furthest =
            connections.max_by_key(|(place, of)| (of.is_last, of.done, usize::MAX - place));
        let Some((_, connection)) = furthest else {
            return DialogueSeen::NoConnection;
        };
        let (number, at, what) = connection.line.clone().unwrap_or_default();
        DialogueSeen::Stopped(Box::new(Stopped {
            number,
            at,
            what,
            why: match &connection.state {
                Playing::Stopped(why) => why.clone(),
                Playing::On | Playing::Through => WhyStopped::NotCome,
            },
            came: connection.heard.told(),
        }))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_through(&self) -> bool {
        let mut connections = self.connections.iter();
        connections.any(|connection| connection.is_last && connection.state == Playing::Through)
    }

    fn is_over(&mut self) -> bool {
        let is_live = |connection: &Connection| connection.state == Playing::On;
        self.is_through() || self.calls_are_over && !self.connections.iter().any(is_live)
    }
}
