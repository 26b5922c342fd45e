//! Playing a case: its calls and the harness's own actions, side by side.

use futures_util::future::{join_all, select_all};
use wirecheck_core::plan::types::{ActionPlan, EventPlan, FramePlan};
use wirecheck_core::wire::capture::Direction;
use wirecheck_core::wire::frame::END_STREAM;

use super::wires::{Passed, Wires};
use super::{Cell, Side, Trouble, tell};
use crate::peer::contract;
use crate::peer::contract::to_peer::Order;
use crate::peer::foreign;
use crate::peer::foreign::client::Words;
use crate::peer::spec::ForeignClient;
use crate::peer::up::Up;
use crate::run::certificates::SERVER_NAME;
use crate::run::orders;
use crate::script::Script;
use crate::tap::{FrameMatch, HoldId, Tap, Wanted};

impl Cell<'_> {
    /// Plays the case, then closes everything in order: channels, taps,
    /// listeners.
    pub(super) async fn run(
        &self,
        wires: Wires,
    ) -> Result<(Passed, Option<Vec<EventPlan>>), Trouble> {
        let tap = &wires.taps[0];
        let played = async {
            match self.stage.client {
                Up::Client(client) => self.run_program(client, tap).await,
                Up::Peer(_) | Up::Server(_) | Up::Scripted => {
                    self.play(tap).await;
                    Ok(())
                }
            }
        };
        let in_time = tokio::time::timeout(self.stage.case.limit, played).await;
        // Which line a dialogue stands at is told by its own check.
        let waiting = || self.facts.lock().waiting.clone();
        let is_over = in_time.is_err();
        let out_of_time = is_over
            .then(waiting)
            .filter(|waiting| *waiting != [EventPlan::DialogueEnded]);
        match in_time {
            Ok(played) => played?,
            Err(_) => self.script.iter().for_each(|script| script.out_of_time()),
        }
        if out_of_time.is_some() {
            self.abort_calls().await?;
        }
        self.close_channels().await?;
        if is_over {
            // A client may wait for what the script does not say.
            self.script.iter().for_each(|script| script.hang_up());
        }
        let passed = wires.close().await;
        self.unlisten().await?;
        Ok((passed, out_of_time))
    }

    /// A client that knows nothing of Wirecheck runs until it ends.
    async fn run_program(&self, client: &ForeignClient, tap: &Tap) -> Result<(), Trouble> {
        self.facts.lock().waiting.push(EventPlan::ProgramEnded);
        let side = Side::Client;
        let official = self.stage.case.official.as_ref();
        let ca = match self.stage.variant.is_encrypted() {
            true => Some(self.stage.certificates.files()?.ca.display().to_string()),
            false => None,
        };
        let words = Words {
            target: tap.address(),
            case: official.map_or("", |official| official.case.as_str()),
            tls: ca.as_deref().map(|ca| (ca, SERVER_NAME)),
        };
        let ran = foreign::client::run(client, &words, self.stage.client_log).await;
        let program = ran.map_err(|fault| Trouble::Peer { side, fault })?;
        if program.knows_no_such_case() {
            let feature = format!("test-case:{}", words.case);
            return Err(Trouble::Unsupported { side, feature });
        }
        self.facts.note(|seen| {
            seen.waiting.clear();
            seen.program = Some(Box::new(program));
        });
        Ok(())
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
        let calls = async {
            if self.script.is_some_and(Script::is_client) {
                return;
            }
            join_all((0..self.stage.case.calls.len()).map(|index| self.call(index, tap))).await;
            self.script.iter().for_each(|script| script.no_more_calls());
        };
        let rest = async {
            for action in &actions[first..] {
                self.act(action, tap, &mut holds).await;
            }
        };
        tokio::join!(calls, rest, self.talk(tap));
    }

    /// Plays the dialogue of the case, if it has one.
    async fn talk(&self, tap: &Tap) {
        let Some(script) = self.script else { return };
        if script.is_client()
            && let Ok(address) = tap.address().parse()
        {
            script.connect(address);
        }
        self.facts.lock().waiting.push(EventPlan::DialogueEnded);
        script.over().await;
        let waiting = &mut self.facts.lock().waiting;
        waiting.retain(|event| *event != EventPlan::DialogueEnded);
    }

    async fn call(&self, index: usize, tap: &Tap) {
        let call = &self.stage.case.calls[index];
        if let Some(event) = &call.start_after {
            self.wait(event, tap).await;
        }
        let at_once = match call.in_turn {
            true => 1,
            false => self.stage.at_once as usize,
        };
        let channels = self.ids.channels[call.channel].iter().cycle();
        for (begun, (id, channel)) in self.ids.calls[index].iter().zip(channels).enumerate() {
            let has_room = |ended: usize| begun < ended.saturating_add(at_once);
            self.facts
                .until(|seen| has_room(seen.calls[index].len()))
                .await;
            self.facts.lock().begun[index] += 1;
            let (scope, descriptors) = (&self.stage.scope, &self.stage.case.descriptors);
            let order = orders::call(*id, *channel, call, scope, descriptors);
            tell(self.stage.client, Order::Call(order)).await;
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
        tell(self.stage.client, Order::Release(release.clone())).await;
        tell(self.stage.server, Order::Release(release)).await;
    }

    /// Waits for an event, and leaves a note of it for as long as that takes.
    async fn wait(&self, event: &EventPlan, tap: &Tap) {
        self.facts.lock().waiting.push(event.clone());
        self.happens(event, tap).await;
        let waiting = &mut self.facts.lock().waiting;
        if let Some(index) = waiting.iter().position(|other| other == event) {
            waiting.remove(index);
        }
    }

    async fn happens(&self, event: &EventPlan, tap: &Tap) {
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
            // Nobody but the one who plays it waits for it.
            EventPlan::DialogueEnded => {}
            // The one who waits for it runs the program.
            EventPlan::ProgramEnded => self.facts.until(|seen| seen.program.is_some()).await,
            EventPlan::Frame(frame) => {
                let watches =
                    frame_matches(frame).map(|wanted| Box::pin(tap.wait(Wanted::Frame(wanted))));
                // A frame that can no longer be seen is waited for in vain; the
                // time of the case ends that.
                let _ = select_all(watches.collect::<Vec<_>>()).await;
            }
        }
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
