//! What a run or a tap leaves, in the formats of other tools and in Wirecheck's
//! own.

pub mod calls;
pub mod pcapng;
pub mod suite;

use wirecheck_core::wire::capture::Direction;
use wirecheck_core::wire::decode::Glimpse;
use wirecheck_core::wire::exchange::Message;

/// A call that has ended, with the messages that were kept of it.
#[derive(Debug, Clone)]
pub struct PassedCall<'a> {
    /// Counted from 1, in the order in which calls were first told.
    pub number: u64,
    /// The call, with the messages that were not told before it ended.
    pub glimpse: &'a Glimpse,
    /// Messages of the request and of the response from the first on, not
    /// necessarily all.
    pub messages: [Vec<&'a Message>; 2],
    /// The rules that it broke, each once, in order.
    pub findings: Vec<&'a str>,
}

impl PassedCall<'_> {
    /// The messages of a direction that were kept.
    pub fn messages_of(&self, direction: Direction) -> &[&Message] {
        match direction {
            Direction::ClientToServer => &self.messages[0],
            Direction::ServerToClient => &self.messages[1],
        }
    }

    /// Whether all messages of a direction were kept.
    pub fn has_all(&self, direction: Direction) -> bool {
        let half = self.glimpse.stream().half(direction);
        self.messages_of(direction).len() as u64 == half.message_count
    }
}
