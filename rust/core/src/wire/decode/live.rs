//! Records of a tap to finished calls, for as long as connections live: what
//! has ended is told and given up, so that memory is bounded by what is open.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::block::Patch;
use super::connection::ConnectionDecoder;
use super::late::Missed;
use super::ledger::Ledger;
use super::streams::Progress;
use crate::wire::capture::{Direction, Event, Record};
use crate::wire::exchange::{Connection, Cut, Exchange, Fault, Half, Limits, Message, Stream};
use crate::wire::frame::{Body, Frame};
use crate::wire::secret::Secrets;

/// SETTINGS frames that are kept of a connection, the newest ones.
const MAX_SETTINGS: usize = 32;

/// What a [`LiveDecoder`] has seen.
#[derive(Debug)]
pub enum Seen<'a> {
    /// A frame came whole.
    Frame {
        /// The connection, counted from 1.
        connection: u32,
        /// The frame, counted from 0 over both directions.
        number: usize,
        /// The frame.
        frame: &'a Frame,
    },
    /// Bytes are not what they should be.
    Fault {
        /// The connection, counted from 1.
        connection: u32,
        /// What is wrong.
        fault: &'a Fault,
    },
    /// Messages of a stream that goes on: the second one of a direction came,
    /// or [`LiveDecoder::tell_waiting`] asked for them. They will not be told
    /// again.
    Messages(&'a Glimpse),
    /// A stream has ended, or its connection has.
    Ended(&'a Glimpse),
    /// A connection has ended. Its streams were told before.
    Closed(&'a Connection),
    /// A connection is not followed, since too many are open.
    NotFollowed(u32),
    /// Something was left out; said once for each kind and connection.
    Cut(&'a Cut),
}

/// One stream, with what has not been told of it yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glimpse {
    /// One connection with one stream. Its frames are the connection's newest
    /// SETTINGS, and places have no frame index.
    pub exchange: Exchange,
    /// Messages of the request and of the response that were told before.
    pub told: [u64; 2],
    /// Messages of it were told as they came.
    pub is_long: bool,
    /// When the newest bytes came, in nanoseconds since the tap was opened.
    pub now_ns: u64,
}

impl Glimpse {
    /// The connection, counted from 1.
    pub fn connection(&self) -> &Connection {
        &self.exchange.connections[0]
    }

    /// The stream.
    pub fn stream(&self) -> &Stream {
        &self.connection().streams[0]
    }

    /// How many messages of a direction were told before.
    pub fn told_of(&self, direction: Direction) -> u64 {
        self.told[index(direction)]
    }
}

/// Decodes what passes a tap without an end in sight.
#[derive(Debug)]
pub struct LiveDecoder {
    ledger: Ledger,
    connections: BTreeMap<u32, Live>,
    not_followed: BTreeSet<u32>,
    /// Connections to come whose beginning was missed.
    late: BTreeSet<u32>,
    secrets: Option<Arc<Secrets>>,
}

/// Whom a [`LiveDecoder`] tells what it has seen.
pub type Tell<'t> = &'t mut dyn FnMut(Seen<'_>);

#[derive(Debug)]
struct Live {
    decoder: ConnectionDecoder,
    /// The newest SETTINGS, which rules look at.
    settings: VecDeque<Frame>,
    frames: usize,
    now_ns: u64,
}

impl LiveDecoder {
    /// A decoder that keeps at most what `limits` allow of what is open at one
    /// time. `limits.frames` does not count: frames are told and not kept.
    pub fn new(limits: Limits) -> Self {
        Self {
            ledger: Ledger::new(limits),
            connections: BTreeMap::new(),
            not_followed: BTreeSet::new(),
            late: BTreeSet::new(),
            secrets: None,
        }
    }

    /// Has the values of these keys masked, for connections that begin from
    /// now on: see [`Masker`](crate::wire::mask::Masker).
    pub fn mask(&mut self, secrets: Secrets) {
        self.secrets = Some(Arc::new(secrets));
    }

    /// What masks the secrets of a connection that have come since the last
    /// time.
    pub fn take_patches(&mut self, connection: u32) -> Vec<Patch> {
        let live = self.connections.get_mut(&connection);
        live.map_or_else(Vec::new, |live| live.decoder.take_patches())
    }

    /// The number of bytes, from the beginning of a direction, that no patch
    /// to come will change. `None` if they cannot be read, or the connection
    /// is not followed.
    pub fn settled(&self, connection: u32, direction: Direction) -> Option<u64> {
        self.connections
            .get(&connection)?
            .decoder
            .settled(direction)
    }

    /// What a tap that runs on should keep: 256 connections, 16 KiB of each
    /// message and no hashes, 32 MiB in all.
    pub fn live_limits() -> Limits {
        Limits {
            connections: 256,
            fields: 500,
            list_bytes: 128 * 1024,
            block_bytes: 256 * 1024,
            // A frame of the default size can carry 3,276 empty ones.
            messages: 4_096,
            message_head: 16 * 1024,
            hash_messages: false,
            ..Limits::default()
        }
    }

    /// Says that the beginning of a connection was missed, before its first
    /// record. It is read from the first frame on that begins where the bytes
    /// of a record do; calls are told that begin after it.
    pub fn join(&mut self, connection: u32) {
        self.late.insert(connection);
    }

    /// What was missed of a connection that is open.
    pub fn missed(&self, connection: u32) -> Option<Missed> {
        let live = self.connections.get(&connection)?;
        Some(live.decoder.missed())
    }

    /// Takes the next record, in the order in which the tap saw them.
    pub fn feed(&mut self, record: Record<'_>, tell: Tell<'_>) {
        self.ledger.connection = record.connection;
        if !self.follow(&record, tell) {
            return;
        }
        let at_ns = record.at_ns;
        match record.event {
            Event::Opened => {}
            Event::Bytes(direction, bytes) => {
                self.bytes(record.connection, direction, bytes, at_ns, tell)
            }
            Event::HalfClosed(direction) => self.end(&record, direction, false, tell),
            Event::Reset(direction) => self.end(&record, direction, true, tell),
            Event::LeftOut(direction, bytes) => {
                if let Some(live) = self.connections.get_mut(&record.connection) {
                    live.now_ns = at_ns;
                    live.decoder
                        .leave_out(direction, bytes, at_ns, &mut self.ledger);
                }
            }
            Event::Closed => self.close(record.connection, at_ns, tell),
        }
        for cut in self.ledger.take_cuts() {
            tell(Seen::Cut(&cut));
        }
    }

    /// Tells the messages of calls that began before `before_ns` and still go
    /// on, and from then on every message of them as it comes.
    pub fn tell_waiting(&mut self, before_ns: u64, tell: Tell<'_>) {
        for live in self.connections.values_mut() {
            for stream in live.decoder.streams().ids() {
                live.tell_messages(stream, Some(before_ns), &mut self.ledger, tell);
            }
        }
    }

    /// Tells all that is open, as if every connection ended now.
    pub fn finish(mut self, tell: Tell<'_>) {
        let open: Vec<u32> = self.connections.keys().copied().collect();
        for id in open {
            self.give_up_connection(id, None, tell);
        }
    }

    /// Streams that are open on all connections.
    pub fn open_streams(&mut self) -> usize {
        let connections = self.connections.values_mut();
        connections.map(|live| live.decoder.streams().len()).sum()
    }

    /// Bytes of memory that open streams have taken, roughly.
    pub fn kept_bytes(&self) -> usize {
        self.ledger.limits.memory - self.ledger.memory_left()
    }

    /// Whether the connection of a record is followed; begins to if it is new
    /// and there are not too many.
    fn follow(&mut self, record: &Record<'_>, tell: Tell<'_>) -> bool {
        let id = record.connection;
        if self.connections.contains_key(&id) {
            return true;
        }
        if matches!(record.event, Event::Closed) {
            self.not_followed.remove(&id);
            return false;
        }
        if self.connections.len() >= self.ledger.limits.connections {
            if self.not_followed.insert(id) {
                tell(Seen::NotFollowed(id));
            }
            return false;
        }
        // One that was missed in part cannot be read from its middle on.
        if self.not_followed.contains(&id) {
            return false;
        }
        let secrets = self.secrets.clone();
        let begin = match self.late.remove(&id) {
            true => ConnectionDecoder::late,
            false => ConnectionDecoder::passing,
        };
        let decoder = begin(id, record.at_ns, &self.ledger, secrets);
        let live = Live {
            decoder,
            settings: VecDeque::new(),
            frames: 0,
            now_ns: record.at_ns,
        };
        self.connections.insert(id, live);
        true
    }

    fn bytes(
        &mut self,
        id: u32,
        direction: Direction,
        mut bytes: &[u8],
        at_ns: u64,
        tell: Tell<'_>,
    ) {
        let Some(live) = self.connections.get_mut(&id) else {
            return;
        };
        live.now_ns = at_ns;
        loop {
            let before = self.ledger.memory_left();
            let step = live
                .decoder
                .advance(direction, &mut bytes, at_ns, &mut self.ledger);
            let Some(stream) = step else { break };
            live.charge(stream, before, &mut self.ledger);
            let lost = live.tell_news(tell);
            live.tell_messages(stream, None, &mut self.ledger, tell);
            live.tell_if_over(stream, &mut self.ledger, tell);
            if lost {
                live.tell_all_over(&mut self.ledger, tell);
            }
        }
    }

    fn end(&mut self, record: &Record<'_>, direction: Direction, reset: bool, tell: Tell<'_>) {
        if let Some(live) = self.connections.get_mut(&record.connection) {
            live.now_ns = record.at_ns;
            live.decoder
                .end(direction, reset, record.at_ns, &mut self.ledger);
            live.tell_news(tell);
        }
    }

    fn close(&mut self, id: u32, at_ns: u64, tell: Tell<'_>) {
        self.give_up_connection(id, Some(at_ns), tell);
        self.ledger.forget(id);
    }

    fn give_up_connection(&mut self, id: u32, closed_ns: Option<u64>, tell: Tell<'_>) {
        let Some(mut live) = self.connections.remove(&id) else {
            return;
        };
        if let Some(at_ns) = closed_ns {
            live.now_ns = at_ns;
            live.decoder.close(at_ns);
        }
        live.decoder.end_all(&mut self.ledger);
        live.tell_news(tell);
        for stream in live.decoder.streams().ids() {
            live.give_up(stream, &mut self.ledger, tell);
        }
        let connection = Connection {
            frames: live.settings.into(),
            ..live.decoder.outline()
        };
        tell(Seen::Closed(&connection));
    }
}

impl Live {
    /// What a step took is the stream's, as long as that is kept.
    fn charge(&mut self, stream: u32, before: usize, ledger: &mut Ledger) {
        let taken = before.saturating_sub(ledger.memory_left());
        if taken > 0 && !self.decoder.streams().charge(stream, taken) {
            ledger.give_back(taken);
        }
    }

    /// Tells frames and faults; whether a direction cannot be read any more.
    fn tell_news(&mut self, tell: Tell<'_>) -> bool {
        let connection = self.decoder.id();
        let (frames, faults) = self.decoder.take_news();
        for fault in &faults {
            tell(Seen::Fault { connection, fault });
        }
        for frame in frames {
            let number = self.frames;
            self.frames += 1;
            tell(Seen::Frame {
                connection,
                number,
                frame: &frame,
            });
            self.keep_settings(frame);
        }
        faults.iter().any(|fault| fault.fatal)
    }

    fn keep_settings(&mut self, frame: Frame) {
        if matches!(frame.body, Body::Settings(_)) {
            if self.settings.len() == MAX_SETTINGS {
                self.settings.pop_front();
            }
            self.settings.push_back(frame);
        }
    }

    /// Tells the whole messages of a long stream: one with two of a direction,
    /// or with one and open since before `before_ns`.
    fn tell_messages(
        &mut self,
        stream: u32,
        before_ns: Option<u64>,
        ledger: &mut Ledger,
        tell: Tell<'_>,
    ) {
        let Some((open, progress)) = self.decoder.streams().open_stream(stream) else {
            return;
        };
        let halves = [&open.request, &open.response];
        let has_any = halves.iter().any(|half| !half.messages.is_empty());
        let has_two = halves.iter().any(|half| half.messages.len() >= 2);
        let waits = before_ns.is_some_and(|before| opened_ns(open) < before);
        if !has_any || !(progress.is_long || has_two || waits) {
            return;
        }
        progress.is_long = true;
        let (taken, progress) = (take_stream(open), *progress);
        let glimpse = self.glimpse(taken, progress);
        tell(Seen::Messages(&glimpse));
        self.put_back(glimpse, ledger);
    }

    /// The stream goes on without the messages that were told.
    fn put_back(&mut self, glimpse: Glimpse, ledger: &mut Ledger) {
        let mut stream = self.take_apart(glimpse);
        let messages = [&mut stream.request, &mut stream.response]
            .map(|half| std::mem::take(&mut half.messages));
        let freed: usize = messages.iter().flatten().map(kept_bytes).sum();
        if let Some((open, progress)) = self.decoder.streams().open_stream(stream.id) {
            let freed = freed.min(progress.owed);
            progress.owed -= freed;
            ledger.give_back(freed);
            for (told, taken) in progress.told.iter_mut().zip(&messages) {
                *told += taken.len() as u64;
            }
            *open = stream;
        }
    }

    fn tell_if_over(&mut self, stream: u32, ledger: &mut Ledger, tell: Tell<'_>) {
        if stream != 0 && self.decoder.is_over(stream) {
            self.give_up(stream, ledger, tell);
        }
    }

    fn tell_all_over(&mut self, ledger: &mut Ledger, tell: Tell<'_>) {
        for stream in self.decoder.streams().ids() {
            self.tell_if_over(stream, ledger, tell);
        }
    }

    fn give_up(&mut self, stream: u32, ledger: &mut Ledger, tell: Tell<'_>) {
        if let Some((stream, progress)) = self.decoder.streams().give_up(stream) {
            let glimpse = self.glimpse(stream, progress);
            tell(Seen::Ended(&glimpse));
            ledger.give_back(progress.owed);
            self.take_apart(glimpse);
        }
    }

    /// The stream as an exchange. The connection's SETTINGS are in it until
    /// [`Self::take_apart`] takes them back.
    fn glimpse(&mut self, stream: Stream, progress: Progress) -> Glimpse {
        let connection = Connection {
            frames: std::mem::take(&mut self.settings).into(),
            streams: vec![stream],
            ..self.decoder.outline()
        };
        let cut = || Cut {
            what: format!("bytes of connection {}", connection.id),
            limit: 0,
        };
        Glimpse {
            exchange: Exchange {
                cuts: self.decoder.is_partial().then(cut).into_iter().collect(),
                connections: vec![connection],
            },
            told: progress.told,
            is_long: progress.is_long,
            now_ns: self.now_ns,
        }
    }

    fn take_apart(&mut self, glimpse: Glimpse) -> Stream {
        let mut connections = glimpse.exchange.connections;
        let mut connection = connections.pop().expect("a glimpse has one connection");
        self.settings = connection.frames.into();
        connection.streams.pop().expect("and one stream")
    }
}

fn take_stream(open: &mut Stream) -> Stream {
    let empty = Stream {
        id: open.id,
        request: Half::default(),
        response: Half::default(),
    };
    std::mem::replace(open, empty)
}

fn opened_ns(stream: &Stream) -> u64 {
    let first = stream.request.headers.first();
    first.map_or(u64::MAX, |list| list.place.at_ns)
}

/// What the ledger gave for a message.
fn kept_bytes(message: &Message) -> usize {
    size_of::<Message>() + message.head.len() + size_of_val(&message.segments[..])
}

fn index(direction: Direction) -> usize {
    match direction {
        Direction::ClientToServer => 0,
        Direction::ServerToClient => 1,
    }
}
