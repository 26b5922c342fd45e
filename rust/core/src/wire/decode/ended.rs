//! How streams had ended that are not kept any more, so that what still comes
//! on them can be told from what comes on a stream that was never opened.

use std::collections::BTreeMap;

use crate::wire::capture::Direction;
use crate::wire::exchange::{Half, Stream};

/// Streams of a connection that are remembered: more than are ever on their
/// way at once with the limits of gRPC libraries, at a few bytes each.
const MAX_REMEMBERED: usize = 512;

/// The newest streams that were given up.
#[derive(Debug, Default)]
pub(super) struct EndedStreams {
    ends: BTreeMap<u32, [Option<&'static str>; 2]>,
    /// Nothing is known of streams up to this one.
    forgotten: u32,
}

/// What is known of a stream that is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Past {
    /// The frame with which the sender ended its direction, if it did.
    Ended(Option<&'static str>),
    /// It was not given up: it was never opened.
    Unopened,
    /// It was given up so long ago that this is forgotten, or never opened.
    Forgotten,
}

impl EndedStreams {
    /// Remembers how a stream ended.
    pub fn remember(&mut self, stream: &Stream) {
        self.ends
            .insert(stream.id, [end(&stream.request), end(&stream.response)]);
        if self.ends.len() > MAX_REMEMBERED
            && let Some((oldest, _)) = self.ends.pop_first()
        {
            self.forgotten = self.forgotten.max(oldest);
        }
    }

    /// A direction of a stream ended after the stream was given up: the sender
    /// did not know yet that the other side had reset it.
    pub fn note(&mut self, direction: Direction, stream: u32, frame: &'static str) {
        if let Some(ends) = self.ends.get_mut(&stream) {
            let end = match direction {
                Direction::ClientToServer => &mut ends[0],
                Direction::ServerToClient => &mut ends[1],
            };
            // After a reset nothing else counts.
            if *end != Some("RST_STREAM") {
                *end = Some(frame);
            }
        }
    }

    /// What is known of a direction of a stream.
    pub fn past(&self, direction: Direction, stream: u32) -> Past {
        match self.ends.get(&stream) {
            Some([request, response]) => Past::Ended(match direction {
                Direction::ClientToServer => *request,
                Direction::ServerToClient => *response,
            }),
            None if stream <= self.forgotten => Past::Forgotten,
            None => Past::Unopened,
        }
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.ends.len()
    }
}

/// The frame that ended a direction of a stream.
pub(super) fn end(half: &Half) -> Option<&'static str> {
    match (&half.reset, &half.end_stream) {
        (Some(_), _) => Some("RST_STREAM"),
        (None, Some(_)) => Some("END_STREAM"),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: Direction = Direction::ClientToServer;

    fn stream(id: u32) -> Stream {
        Stream {
            id,
            request: Half::default(),
            response: Half::default(),
        }
    }

    #[test]
    fn the_newest_are_remembered() {
        let mut ended = EndedStreams::default();
        (0..2_000).for_each(|n| ended.remember(&stream(2 * n + 1)));
        assert_eq!(ended.len(), MAX_REMEMBERED);
        assert_eq!(ended.past(CLIENT, 3_999), Past::Ended(None));
        assert_eq!(ended.past(CLIENT, 1), Past::Forgotten);
        assert_eq!(ended.past(CLIENT, 4_001), Past::Unopened);
    }
}
