//! Steps and lanes, as far as client and server have them in common.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::contract::{Reached, Role, Step, from_peer::Event, reached::Where, step::Kind, wait};
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

/// Refuses lanes that could not be run to their end.
pub fn check(role: Role, send: &[Step], receive: &[Step]) -> Result<(), Refusal> {
    for (lane, steps) in [(Lane::Send, send), (Lane::Receive, receive)] {
        for (number, step) in (1..).zip(steps) {
            features::check(role, &step.requires)?;
            check_compression(step)?;
            check_step(role, lane, step.kind.as_ref()).map_err(|refusal| match refusal {
                Refusal::CouldNotTry(why) => {
                    Refusal::CouldNotTry(format!("step {number} of the lane {lane:?}: {why}"))
                }
                unsupported => unsupported,
            })?;
        }
    }
    check_order(send)
}

/// tonic compresses all messages that a side sends in a call, or none.
fn check_compression(step: &Step) -> Result<(), Refusal> {
    if step.uncompressed {
        let feature = "per-message-compression".to_owned();
        return Err(Refusal::Unsupported(feature));
    }
    Ok(())
}

fn check_step(role: Role, lane: Lane, kind: Option<&Kind>) -> Result<(), Refusal> {
    let Some(kind) = kind else {
        return could_not_try("its kind is unknown");
    };
    let is_in_place = match kind {
        Kind::Message(_) | Kind::Raw(_) => lane == Lane::Send,
        Kind::HalfClose(_) => (role, lane) == (Role::Client, Lane::Send),
        Kind::AwaitHeaders(_) => (role, lane) == (Role::Client, Lane::Receive),
        Kind::Receive(_) => lane == Lane::Receive,
        Kind::Wait(_) => true,
        Kind::Cancel(_) => role == Role::Client,
        Kind::Headers(_) => (role, lane) == (Role::Server, Lane::Send),
        Kind::Status(_) | Kind::Reset(_) | Kind::Panic(_) => role == Role::Server,
    };
    if !is_in_place {
        return could_not_try("it has no place there");
    }
    match kind {
        Kind::Message(content) | Kind::Raw(content) => payload::check(content),
        Kind::Headers(headers) => metadata::to_map(&headers.metadata).map(drop),
        Kind::Status(status) if status.code > 16 => could_not_try("tonic has no such status code"),
        Kind::Status(status) => metadata::to_map(&status.trailing).map(drop),
        Kind::Reset(_) => Err(Refusal::Unsupported("reset".to_owned())),
        Kind::Wait(wait) if wait.event.is_none() => could_not_try("its event is unknown"),
        _ => Ok(()),
    }
}

/// Headers go before all messages, and no message after a half-close.
fn check_order(send: &[Step]) -> Result<(), Refusal> {
    let mut has_begun = false;
    let mut has_ended = false;
    for step in send {
        match step.kind {
            Some(Kind::Headers(_)) if has_begun => {
                return could_not_try("headers come after what is sent with them");
            }
            Some(Kind::Message(_) | Kind::Raw(_)) if has_ended => {
                return could_not_try("a message comes after the half-close");
            }
            Some(Kind::Headers(_) | Kind::Message(_) | Kind::Raw(_)) => has_begun = true,
            Some(Kind::HalfClose(_)) => has_ended = true,
            _ => {}
        }
    }
    Ok(())
}

fn could_not_try(why: &str) -> Result<(), Refusal> {
    Err(Refusal::CouldNotTry(why.to_owned()))
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
