//! TCP segments, as somebody on the line saw them, to what passed on each
//! connection: the records that a tap would have written.
//!
//! Segments come in any order, cut anywhere, twice and over each other; what
//! came first counts. A segment is held until the bytes before it have come,
//! and until those of the other side have come that it acknowledges, so that
//! an answer never passes before its question. What does not come within
//! [`Limits`] is a gap ([`Event::LeftOut`]). Sequence numbers are counted
//! modulo 2^32 (RFC 9293, section 3.4).

mod talk;

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;

use self::talk::Talk;
use super::capture::{Event, Record};

/// One TCP segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment<'a> {
    /// Who sent it.
    pub from: SocketAddr,
    /// To whom.
    pub to: SocketAddr,
    /// The sequence number.
    pub sequence: u32,
    /// The number that it acknowledges, if it does.
    pub acknowledged: Option<u32>,
    /// It opens its direction.
    pub syn: bool,
    /// It ends its direction.
    pub fin: bool,
    /// It resets the connection.
    pub rst: bool,
    /// What it carries.
    pub bytes: &'a [u8],
    /// Bytes behind these that it carried and that were not kept of it.
    pub cut: u32,
}

/// What has come of segments.
#[derive(Debug)]
pub enum Assembled<'a> {
    /// A connection has begun. Its records follow.
    Begun(&'a Begun),
    /// What passed on it next. [`Event::LeftOut`] is a gap of so many bytes,
    /// and more can follow in the same direction.
    Record(Record<'a>),
    /// Segments of a connection are not followed, since too many are open; said
    /// for each of them.
    NotFollowed,
}

/// The beginning of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Begun {
    /// Counted from 1, in the order in which they began.
    pub connection: u32,
    /// Who opened it; without its handshake, who sent HTTP/2's preface or, in
    /// the first segments, header lists as a client does; and without that, the
    /// side with the higher port.
    pub client: SocketAddr,
    /// The other side.
    pub server: SocketAddr,
    /// Its first byte is there: its handshake was seen, or the preface.
    pub from_start: bool,
    /// Who the client is was told by more than ports.
    pub is_sure: bool,
}

/// What is kept at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections that are open at one time.
    pub connections: usize,
    /// Connections that have ended and are remembered, so that what still
    /// comes of them is not taken for new ones.
    pub ended: usize,
    /// Segments that are held of one connection.
    pub segments: usize,
    /// Bytes that are held of one connection.
    pub bytes: usize,
    /// Bytes that are held of all.
    pub all_bytes: usize,
    /// Segments that are waited for a handshake.
    pub before_handshake: usize,
}

impl Default for Limits {
    /// 1,024 connections, for each 512 segments and 4 MiB, 64 MiB in all.
    fn default() -> Self {
        Self {
            connections: 1_024,
            ended: 1_024,
            segments: 512,
            bytes: 4 << 20,
            all_bytes: 64 << 20,
            before_handshake: 32,
        }
    }
}

/// Whom a [`Reassembly`] tells what has come of segments.
pub type Tell<'t> = &'t mut dyn FnMut(Assembled<'_>);

/// The connections of a capture.
#[derive(Debug)]
pub struct Reassembly {
    limits: Limits,
    talks: HashMap<Pair, Talk>,
    /// How many of them have not ended.
    open: usize,
    /// Those that have ended, the oldest first.
    ended: VecDeque<(Pair, u32)>,
    /// Connections that have begun or wait for it.
    newest: u32,
    held_bytes: usize,
    now_ns: u64,
}

/// Two addresses, the lower one first.
type Pair = (SocketAddr, SocketAddr);

impl Reassembly {
    /// Nothing has passed.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            talks: HashMap::new(),
            open: 0,
            ended: VecDeque::new(),
            newest: 0,
            held_bytes: 0,
            now_ns: 0,
        }
    }

    /// Takes the next segment of a capture. `at_ns` counts from its beginning;
    /// a time before that of an earlier segment counts as that.
    pub fn feed(&mut self, at_ns: u64, segment: &Segment<'_>, tell: Tell<'_>) {
        self.now_ns = self.now_ns.max(at_ns);
        let pair = pair(segment);
        let side = usize::from(segment.from != pair.0);
        if self.is_another(&pair, side, segment) {
            self.end(&pair, tell);
        }
        if !self.talks.contains_key(&pair) {
            let is_news = segment.syn || !segment.bytes.is_empty();
            if !is_news {
                return;
            }
            if self.open >= self.limits.connections {
                self.end_silent(tell);
            }
            if self.open >= self.limits.connections {
                return tell(Assembled::NotFollowed);
            }
            self.newest += 1;
            self.open += 1;
            self.talks.insert(pair, Talk::new(self.newest, pair));
        }
        let talk = self.talks.get_mut(&pair).expect("it is there by now");
        let (before, had_ended) = (talk.held_bytes(), talk.has_ended());
        talk.take(side, self.now_ns, segment, &self.limits, tell);
        self.held_bytes = self.held_bytes + talk.held_bytes() - before;
        if self.held_bytes > self.limits.all_bytes {
            self.held_bytes -= talk.held_bytes();
            talk.let_go(tell);
        }
        if talk.has_ended() && !had_ended {
            self.open -= 1;
            self.ended.push_back((pair, talk.id()));
            if self.ended.len() > self.limits.ended {
                self.forget_oldest();
            }
        }
    }

    /// Nothing more comes: what is held passes, with gaps for what it waited
    /// for. Connections stay open, as they were.
    pub fn finish(self, tell: Tell<'_>) {
        let mut talks: Vec<Talk> = self.talks.into_values().collect();
        talks.sort_by_key(Talk::id);
        for mut talk in talks {
            talk.let_go(tell);
        }
    }

    /// Bytes that are held.
    pub fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// Whether a segment opens another connection between the same addresses.
    fn is_another(&self, pair: &Pair, side: usize, segment: &Segment<'_>) -> bool {
        let talk = self.talks.get(pair);
        talk.is_some_and(|talk| segment.syn && talk.is_another(side, segment))
    }

    /// Ends a connection that another one replaces.
    fn end(&mut self, pair: &Pair, tell: Tell<'_>) {
        if let Some(mut talk) = self.talks.remove(pair) {
            self.held_bytes -= talk.held_bytes();
            self.open -= usize::from(!talk.has_ended());
            talk.let_go(tell);
            if let Some(record) = talk.close(self.now_ns) {
                tell(Assembled::Record(record));
            }
        }
    }

    /// Ends the oldest connection on which nothing was said: nobody may have
    /// taken it.
    fn end_silent(&mut self, tell: Tell<'_>) {
        let silent = self.talks.iter().filter(|(_, talk)| talk.is_silent());
        let oldest = silent.min_by_key(|(_, talk)| talk.id());
        if let Some(pair) = oldest.map(|(pair, _)| *pair) {
            self.end(&pair, tell);
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((pair, id)) = self.ended.pop_front()
            && self.talks.get(&pair).is_some_and(|talk| talk.id() == id)
        {
            self.talks.remove(&pair);
        }
    }
}

fn pair(segment: &Segment<'_>) -> Pair {
    let (from, to) = (segment.from, segment.to);
    (from.min(to), from.max(to))
}

/// How far `number` is behind `from`; negative if it is before it.
fn distance(from: u32, number: u32) -> i32 {
    number.wrapping_sub(from) as i32
}

fn record<'a>(connection: u32, at_ns: u64, event: Event<'a>) -> Assembled<'a> {
    Assembled::Record(Record {
        connection,
        at_ns,
        event,
    })
}

#[cfg(test)]
mod tests;
