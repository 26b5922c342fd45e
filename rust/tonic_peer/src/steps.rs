//! Steps and lanes, as far as client and server have them in common.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::contract::{Reached, Step, from_peer::Event, reached::Where, step::Kind, wait};
use crate::events::Events;
use crate::features::{self, Refusal};
use crate::latches::Latches;
use crate::{metadata, payload};

/// Which way a lane goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    Send,
    Receive,
}

/// Whose lanes they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Client,
    Server,
}

/// Refuses lanes that could not be run to their end.
pub fn check(side: Side, send: &[Step], receive: &[Step]) -> Result<(), Refusal> {
    for (lane, steps) in [(Lane::Send, send), (Lane::Receive, receive)] {
        for step in steps {
            features::check(&step.requires)?;
            check_step(side, lane, step)?;
        }
    }
    check_order(send)
}

fn check_step(side: Side, lane: Lane, step: &Step) -> Result<(), Refusal> {
    let Some(kind) = &step.kind else {
        return Err(Refusal::CouldNotTry("a step of an unknown kind".to_owned()));
    };
    let is_in_place = match kind {
        Kind::Message(_) | Kind::Raw(_) => lane == Lane::Send,
        Kind::HalfClose(_) => (side, lane) == (Side::Client, Lane::Send),
        Kind::AwaitHeaders(_) => (side, lane) == (Side::Client, Lane::Receive),
        Kind::Receive(_) => lane == Lane::Receive,
        Kind::Wait(_) => true,
        Kind::Cancel(_) => side == Side::Client,
        Kind::Headers(_) => (side, lane) == (Side::Server, Lane::Send),
        Kind::Status(_) | Kind::Reset(_) | Kind::Panic(_) => side == Side::Server,
    };
    if !is_in_place {
        let why = format!("{kind:?} is no step of a {side:?}'s lane {lane:?}");
        return Err(Refusal::CouldNotTry(why));
    }
    match kind {
        Kind::Message(content) | Kind::Raw(content) => payload::check(content),
        Kind::Headers(headers) => metadata::to_map(&headers.metadata).map(drop),
        Kind::Status(status) if status.code > 16 => {
            let why = format!("tonic has no status code {}", status.code);
            Err(Refusal::CouldNotTry(why))
        }
        Kind::Status(status) => metadata::to_map(&status.trailing).map(drop),
        Kind::Reset(_) => Err(Refusal::Unsupported("reset".to_owned())),
        Kind::Wait(wait) if wait.event.is_none() => Err(Refusal::CouldNotTry(
            "a wait for an unknown event".to_owned(),
        )),
        _ => Ok(()),
    }
}

/// Headers go before all messages, and no message after a half-close.
fn check_order(send: &[Step]) -> Result<(), Refusal> {
    let mut has_begun = false;
    let mut has_ended = false;
    for step in send {
        let is_late = match step.kind {
            Some(Kind::Headers(_)) => has_begun,
            Some(Kind::Message(_) | Kind::Raw(_)) => has_ended,
            Some(Kind::HalfClose(_)) => {
                has_ended = true;
                continue;
            }
            _ => continue,
        };
        if is_late {
            return Err(Refusal::CouldNotTry(
                "a step comes too late in its lane".to_owned(),
            ));
        }
        has_begun = true;
    }
    Ok(())
}

/// How far the lanes of one call or one handler have come.
pub struct Progress {
    events: Events,
    place: Where,
    releases: Arc<Latches>,
    /// The named steps that are done.
    done: Latches,
    stood_at: [AtomicU32; 2],
}

impl Progress {
    /// `place` is told with every step that is reached; `releases` are those of the scope.
    pub fn new(events: Events, place: Where, releases: Arc<Latches>) -> Self {
        Self {
            events,
            place,
            releases,
            done: Latches::new(),
            stood_at: [AtomicU32::new(0), AtomicU32::new(0)],
        }
    }

    /// The last step that was begun in a lane, counted from 1; 0 is none.
    pub fn stood_at(&self, lane: Lane) -> u32 {
        self.stood_at[lane as usize].load(Ordering::Relaxed)
    }

    fn begin(&self, lane: Lane) {
        self.stood_at[lane as usize].fetch_add(1, Ordering::Relaxed);
    }

    async fn wait(&self, step: &Step, event: &wait::Event) {
        self.tell(step);
        match event {
            wait::Event::Released(name) => self.releases.opened(name).await,
            wait::Event::Step(name) => self.done.opened(name).await,
        }
    }

    fn done(&self, step: &Step) {
        if !step.name.is_empty() {
            self.done.open(&step.name);
        }
    }

    fn tell(&self, step: &Step) {
        if !step.name.is_empty() {
            self.events.send(Event::Reached(Reached {
                r#where: Some(self.place),
                step: step.name.clone(),
            }));
        }
    }
}

/// What carries out the steps of one lane, waits apart.
pub trait Actor {
    /// What a step can end the call or the handler with.
    type Ending;

    fn act(&mut self, kind: &Kind) -> impl Future<Output = Result<(), Self::Ending>> + Send;
}

/// Carries out the steps of a lane, one after the other.
pub async fn run_lane<A: Actor>(
    progress: &Progress,
    lane: Lane,
    steps: &[Step],
    actor: &mut A,
) -> Result<(), A::Ending> {
    for step in steps {
        progress.begin(lane);
        match &step.kind {
            Some(Kind::Wait(wait)) => {
                if let Some(event) = &wait.event {
                    progress.wait(step, event).await;
                }
            }
            Some(kind) => {
                actor.act(kind).await?;
                progress.tell(step);
            }
            None => {}
        }
        progress.done(step);
    }
    Ok(())
}
