//! What is remembered of calls that go on: their numbers, what they broke, and
//! messages for what is written when they end.

use std::collections::HashMap;

use wirecheck_core::judge::finding::Finding;
use wirecheck_core::wire::capture::Direction;
use wirecheck_core::wire::decode::Glimpse;
use wirecheck_core::wire::exchange::{Half, Message};

use crate::export::PassedCall;
use crate::export::calls::MOST_MESSAGES;

/// Bytes of messages that are kept of all calls that go on.
const MOST_BYTES: usize = 8 << 20;
/// Rules that are named with a call.
const MOST_RULES: usize = 32;

/// All calls that go on and were told of.
#[derive(Default)]
pub(super) struct Stories {
    stories: HashMap<(u32, u32), Story>,
    /// Whether messages are kept.
    keeps: bool,
    bytes: usize,
    /// The number of the newest call.
    newest: u64,
}

/// One call that goes on.
#[derive(Default)]
struct Story {
    number: u64,
    messages: [Vec<Message>; 2],
    /// Messages that were left out: those behind them are too.
    is_cut: [bool; 2],
    bytes: usize,
    codes: Vec<String>,
}

/// A call that has ended, to be looked at.
pub(super) struct Ended {
    story: Story,
}

impl Stories {
    /// `keeps` says whether messages are of use when a call ends.
    pub(super) fn new(keeps: bool) -> Self {
        Self {
            keeps,
            ..Self::default()
        }
    }

    /// The number of a call, which it gets when it is first told of.
    pub(super) fn number(&mut self, glimpse: &Glimpse) -> u64 {
        let newest = &mut self.newest;
        let story = self.stories.entry(key(glimpse)).or_insert_with(|| {
            *newest += 1;
            Story {
                number: *newest,
                ..Story::default()
            }
        });
        story.number
    }

    /// Keeps messages that will not be told again.
    pub(super) fn keep(&mut self, glimpse: &Glimpse) {
        if !self.keeps {
            return;
        }
        let room = MOST_BYTES.saturating_sub(self.bytes);
        if let Some(story) = self.stories.get_mut(&key(glimpse)) {
            self.bytes += story.keep(glimpse, room);
        }
    }

    /// Notes what a call broke.
    pub(super) fn broke(&mut self, glimpse: &Glimpse, findings: &[Finding]) {
        if let Some(story) = self.stories.get_mut(&key(glimpse)) {
            for finding in findings {
                if story.codes.len() < MOST_RULES && !story.codes.contains(&finding.code) {
                    story.codes.push(finding.code.clone());
                }
            }
        }
    }

    /// A call has ended.
    pub(super) fn end(&mut self, glimpse: &Glimpse) -> Ended {
        let story = self.stories.remove(&key(glimpse)).unwrap_or_default();
        self.bytes -= story.bytes;
        Ended { story }
    }
}

impl Story {
    /// Returns how many bytes that took.
    fn keep(&mut self, glimpse: &Glimpse, room: usize) -> usize {
        let stream = glimpse.stream();
        let mut taken = 0;
        for (index, half) in [&stream.request, &stream.response].into_iter().enumerate() {
            for message in &half.messages {
                let bytes = size_of::<Message>() + message.head.len();
                let few = self.messages[index].len() < MOST_MESSAGES;
                self.is_cut[index] |= !few || taken + bytes > room;
                if !self.is_cut[index] {
                    taken += bytes;
                    self.messages[index].push(message.clone());
                }
            }
        }
        self.bytes += taken;
        taken
    }
}

impl Ended {
    /// The call as it is written.
    pub(super) fn call<'a>(&'a self, glimpse: &'a Glimpse) -> PassedCall<'a> {
        let stream = glimpse.stream();
        PassedCall {
            number: self.story.number,
            glimpse,
            messages: [
                self.messages(Direction::ClientToServer, &stream.request),
                self.messages(Direction::ServerToClient, &stream.response),
            ],
            findings: self.story.codes.iter().map(String::as_str).collect(),
        }
    }

    fn messages<'a>(&'a self, direction: Direction, half: &'a Half) -> Vec<&'a Message> {
        let index = match direction {
            Direction::ClientToServer => 0,
            Direction::ServerToClient => 1,
        };
        let behind = half.messages.iter().filter(|_| !self.story.is_cut[index]);
        self.story.messages[index].iter().chain(behind).collect()
    }
}

fn key(glimpse: &Glimpse) -> (u32, u32) {
    (glimpse.connection().id, glimpse.stream().id)
}
