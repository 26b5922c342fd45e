//! What a caller can wait for: frames that came to the tap, and how
//! connections began and ended.

use tokio::sync::oneshot;
use wirecheck_core::wire::capture::Direction;
use wirecheck_core::wire::frame::FrameHeader;

/// Which frames are meant. All conditions must hold; matches are counted over
/// all connections of the tap in the order in which they came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameMatch {
    direction: Direction,
    kind: u8,
    flags: u8,
    stream: Option<u32>,
    connection: Option<u32>,
    nth: u32,
}

impl FrameMatch {
    /// The first frame of a type that goes in this direction.
    pub fn new(direction: Direction, kind: u8) -> Self {
        Self {
            direction,
            kind,
            flags: 0,
            stream: None,
            connection: None,
            nth: 1,
        }
    }

    /// Only with all of these flags set.
    #[must_use]
    pub fn flags(self, flags: u8) -> Self {
        Self { flags, ..self }
    }

    /// Only on this stream.
    #[must_use]
    pub fn stream(self, stream: u32) -> Self {
        Self {
            stream: Some(stream),
            ..self
        }
    }

    /// Only on this connection, counted from 1.
    #[must_use]
    pub fn connection(self, connection: u32) -> Self {
        Self {
            connection: Some(connection),
            ..self
        }
    }

    /// The nth match, counted from 1, in place of the first.
    #[must_use]
    pub fn nth(self, nth: u32) -> Self {
        Self { nth, ..self }
    }

    /// Which way the frame goes.
    pub fn direction(&self) -> Direction {
        self.direction
    }

    pub(super) fn count(&self) -> u32 {
        self.nth.max(1)
    }

    /// Whether a frame on this connection could be meant.
    pub(super) fn concerns(&self, connection: u32, direction: Direction) -> bool {
        self.direction == direction && self.connection.is_none_or(|only| only == connection)
    }

    pub(super) fn matches(
        &self,
        connection: u32,
        direction: Direction,
        frame: &FrameHeader,
    ) -> bool {
        self.concerns(connection, direction)
            && self.kind == frame.kind
            && frame.flags & self.flags == self.flags
            && self.stream.is_none_or(|only| only == frame.stream)
    }
}

/// How a connection begins and ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionEvent {
    /// The client connected.
    Opened,
    /// The tap could not connect to the upstream; the client was reset.
    Refused,
    /// The sender of this direction will send no more (FIN).
    HalfClosed(Direction),
    /// The sender of this direction reset the connection, or it broke.
    Reset(Direction),
    /// Both directions have ended.
    Closed,
}

/// What to wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// A frame whose last byte has come to the tap, passed on or held.
    Frame(FrameMatch),
    /// The nth time, counted from 1, that this happens to any connection.
    Connection(ConnectionEvent, u32),
}

/// What came to the tap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sighting {
    /// The connection, counted from 1.
    pub connection: u32,
    /// Nanoseconds since the tap was opened.
    pub at_ns: u64,
    /// What it was.
    pub what: Sighted,
}

/// One frame, or one event of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sighted {
    /// A whole frame.
    Frame(Direction, FrameHeader),
    /// The beginning or end of a connection.
    Connection(ConnectionEvent),
}

/// Why something that was waited for did not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotSeen {
    /// The tap was closed before.
    #[error("the tap was closed before it saw what was waited for")]
    TapClosed,
    /// Too much had passed when the wait began.
    #[error("more than {HISTORY} frames had passed before the wait began; set the watch earlier")]
    TooLate,
}

/// Frames and events that are remembered for watches set after them: those of
/// any ordinary cell, at 40 bytes each.
const HISTORY: usize = 4096;

/// A watch that was set; it keeps what it saw until it is asked.
#[derive(Debug)]
pub struct Watch(Result<oneshot::Receiver<Sighting>, NotSeen>);

impl Watch {
    /// Waits until the tap has seen it. The caller bounds the time.
    ///
    /// # Errors
    /// When it can no longer be seen.
    pub async fn seen(self) -> Result<Sighting, NotSeen> {
        self.0?.await.map_err(|_| NotSeen::TapClosed)
    }
}

/// All watches of a tap, with what has passed so far.
#[derive(Default)]
pub(super) struct Watches {
    pending: Vec<Pending>,
    history: Vec<Sighting>,
    forgotten: bool,
}

struct Pending {
    wanted: Wanted,
    left: u32,
    tell: oneshot::Sender<Sighting>,
}

impl Watches {
    pub(super) fn set(&mut self, wanted: Wanted) -> Watch {
        let mut left = wanted.count();
        for seen in &self.history {
            if wanted.matches(seen) {
                left -= 1;
            }
            if left == 0 {
                let (tell, watch) = oneshot::channel();
                // The other end is at hand, so this cannot fail.
                let _ = tell.send(*seen);
                return Watch(Ok(watch));
            }
        }
        if self.forgotten {
            return Watch(Err(NotSeen::TooLate));
        }
        let (tell, watch) = oneshot::channel();
        self.pending.push(Pending { wanted, left, tell });
        Watch(Ok(watch))
    }

    pub(super) fn saw(&mut self, seen: Sighting) {
        self.remember(seen);
        let is_fulfilled = |watch: &mut Pending| {
            if watch.wanted.matches(&seen) {
                watch.left -= 1;
            }
            watch.left == 0
        };
        for watch in self.pending.extract_if(.., is_fulfilled) {
            // Whoever set the watch may have given up.
            let _ = watch.tell.send(seen);
        }
    }

    /// Has all that wait hear that nothing will come any more.
    pub(super) fn end(&mut self) {
        self.pending.clear();
    }

    fn remember(&mut self, seen: Sighting) {
        if self.history.len() < HISTORY {
            self.history.push(seen);
        } else {
            self.forgotten = true;
        }
    }
}

impl Wanted {
    fn count(&self) -> u32 {
        match self {
            Self::Frame(frame) => frame.count(),
            Self::Connection(_, nth) => (*nth).max(1),
        }
    }

    fn matches(&self, seen: &Sighting) -> bool {
        match (self, &seen.what) {
            (Self::Frame(wanted), Sighted::Frame(direction, header)) => {
                wanted.matches(seen.connection, *direction, header)
            }
            (Self::Connection(wanted, _), Sighted::Connection(event)) => wanted == event,
            _ => false,
        }
    }
}
