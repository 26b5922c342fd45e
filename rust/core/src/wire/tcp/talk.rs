//! One connection: what is held of it, and what may pass.

use std::net::SocketAddr;

use super::{Assembled, Begun, Limits, Segment, Tell, distance, record};
use crate::wire::capture::{Direction, Event, Record};
use crate::wire::decode::sender;
use crate::wire::frame::PREFACE;

/// How much of the preface tells a client.
const TELLING: usize = 16;
/// Bytes that are held for a handshake.
const BEFORE_HANDSHAKE: usize = 256 * 1024;

/// The segments between two addresses. Sides are numbered by their addresses
/// until it is known which one is the client.
#[derive(Debug)]
pub(super) struct Talk {
    id: u32,
    ends: [SocketAddr; 2],
    stage: Stage,
    lanes: [Lane; 2],
    held: Vec<Held>,
    held_bytes: usize,
    /// Its handshake or its preface was seen.
    from_start: bool,
    now_ns: u64,
    /// When the newest bytes came that have passed.
    passed_ns: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Neither a handshake nor a preface has come.
    Waiting,
    /// The number of the client's side is known.
    Open {
        client: usize,
    },
    Ended {
        client: usize,
    },
}

/// What one side sent.
#[derive(Debug, Default)]
struct Lane {
    /// The number of its first byte.
    first: Option<u32>,
    /// That of the byte that comes next.
    next: Option<u32>,
    /// Bytes have passed.
    has_passed: bool,
    /// There was a gap.
    is_lost: bool,
    /// Its FIN has passed.
    has_ended: bool,
}

/// A segment that waits.
#[derive(Debug)]
struct Held {
    side: usize,
    at_ns: u64,
    sequence: u32,
    acknowledged: Option<u32>,
    fin: bool,
    rst: bool,
    bytes: Vec<u8>,
    cut: u32,
}

/// What a held segment waits for.
enum Blocked {
    No,
    /// Where its side begins is not known.
    Beginning,
    /// Bytes of its own side.
    Own,
    /// Bytes of the other side.
    Other,
}

impl Talk {
    pub fn new(id: u32, ends: (SocketAddr, SocketAddr)) -> Self {
        Self {
            id,
            ends: [ends.0, ends.1],
            stage: Stage::Waiting,
            lanes: [Lane::default(), Lane::default()],
            held: Vec::new(),
            held_bytes: 0,
            from_start: false,
            now_ns: 0,
            passed_ns: 0,
        }
    }

    pub fn id(&self) -> u32 {
        self.id
    }

    pub fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    pub fn has_ended(&self) -> bool {
        matches!(self.stage, Stage::Ended { .. })
    }

    /// Whether it is open and neither side has said anything.
    pub fn is_silent(&self) -> bool {
        let is_open = matches!(self.stage, Stage::Open { .. });
        is_open && self.held.is_empty() && self.lanes.iter().all(|lane| !lane.has_passed)
    }

    /// Whether a segment with SYN is not of this connection.
    pub fn is_another(&self, side: usize, segment: &Segment<'_>) -> bool {
        let first = segment.sequence.wrapping_add(1);
        let is_again = self.lanes[side].first == Some(first);
        let is_later = self.lanes[side].first.is_some() && self.lanes[side].has_passed;
        match self.stage {
            Stage::Waiting => false,
            Stage::Open { .. } => !is_again && is_later && segment.acknowledged.is_none(),
            Stage::Ended { .. } => segment.acknowledged.is_none(),
        }
    }

    /// Ends it, if it has not ended: another one has taken its place.
    pub fn close(&mut self, at_ns: u64) -> Option<Record<'static>> {
        let Stage::Open { client } = self.stage else {
            return None;
        };
        self.stage = Stage::Ended { client };
        Some(Record {
            connection: self.id,
            at_ns: at_ns.max(self.passed_ns),
            event: Event::Closed,
        })
    }

    pub fn take(
        &mut self,
        side: usize,
        at_ns: u64,
        segment: &Segment<'_>,
        limits: &Limits,
        tell: Tell<'_>,
    ) {
        self.now_ns = at_ns;
        if self.has_ended() {
            return;
        }
        if segment.syn {
            self.shake(side, segment, tell);
        }
        self.hold(side, segment);
        if self.stage == Stage::Waiting {
            self.look_for_preface(side, segment, tell);
        }
        let waits = self.stage == Stage::Waiting;
        if waits && self.held.len() <= limits.before_handshake && self.held_bytes < BEFORE_HANDSHAKE
        {
            return;
        }
        self.begin_in_the_middle(tell);
        if !self.from_start && self.lanes[side].next.is_none() {
            self.first(side, segment.sequence);
        }
        self.pass(tell);
        while self.held.len() > limits.segments || self.held_bytes > limits.bytes {
            self.give_up_one(tell);
            self.pass(tell);
        }
    }

    /// What is held passes, whatever it waits for.
    pub fn let_go(&mut self, tell: Tell<'_>) {
        if self.has_ended() || (self.stage == Stage::Waiting && self.held.is_empty()) {
            return;
        }
        self.begin_in_the_middle(tell);
        self.pass(tell);
        while !self.held.is_empty() {
            self.give_up_one(tell);
            self.pass(tell);
        }
    }

    /// A handshake, or the half of it that is there.
    fn shake(&mut self, side: usize, segment: &Segment<'_>, tell: Tell<'_>) {
        let other = 1 - side;
        let client = match segment.acknowledged {
            None => side,
            Some(_) => other,
        };
        self.begin(client, tell);
        self.first(side, segment.sequence.wrapping_add(1));
        if let Some(acknowledged) = segment.acknowledged {
            self.first(other, acknowledged);
        }
    }

    /// The first byte of a side has this number.
    fn first(&mut self, side: usize, number: u32) {
        let lane = &mut self.lanes[side];
        if !lane.has_passed {
            lane.first = Some(number);
            lane.next = Some(number);
        }
    }

    /// Without a handshake, the preface tells who the client is, and what it
    /// acknowledges where the server's bytes begin.
    fn look_for_preface(&mut self, side: usize, segment: &Segment<'_>, tell: Tell<'_>) {
        if segment.bytes.len() < TELLING || !PREFACE.starts_with(&segment.bytes[..TELLING]) {
            return;
        }
        self.begin(side, tell);
        self.first(side, segment.sequence);
        let other = 1 - side;
        let held = self.lowest(other).map(|at| self.held[at].sequence);
        let begins = match (held, segment.acknowledged) {
            (Some(held), Some(number)) if distance(held, number) < 0 => Some(number),
            (held, number) => held.or(number),
        };
        if let Some(number) = begins {
            self.first(other, number);
        }
    }

    /// What is held is the beginning of all that there is.
    fn begin_in_the_middle(&mut self, tell: Tell<'_>) {
        if self.stage != Stage::Waiting {
            return;
        }
        let by_port = usize::from(self.ends[1].port() > self.ends[0].port());
        let told = self.client_by_frames();
        self.begin_late(told.unwrap_or(by_port), told.is_some(), tell);
        for side in 0..2 {
            if let Some(at) = self.lowest(side) {
                self.first(side, self.held[at].sequence);
            }
        }
    }

    /// The client's side, if a held segment shows who sent it.
    fn client_by_frames(&self) -> Option<usize> {
        self.held.iter().find_map(|held| {
            Some(match sender(&held.bytes)? {
                Direction::ClientToServer => held.side,
                Direction::ServerToClient => 1 - held.side,
            })
        })
    }

    fn begin(&mut self, client: usize, tell: Tell<'_>) {
        if self.stage == Stage::Waiting {
            self.from_start = true;
            self.tell_begun(client, true, tell);
        }
    }

    fn begin_late(&mut self, client: usize, is_sure: bool, tell: Tell<'_>) {
        self.from_start = false;
        self.tell_begun(client, is_sure, tell);
    }

    fn tell_begun(&mut self, client: usize, is_sure: bool, tell: Tell<'_>) {
        self.stage = Stage::Open { client };
        let begun = Begun {
            connection: self.id,
            client: self.ends[client],
            server: self.ends[1 - client],
            from_start: self.from_start,
            is_sure,
        };
        tell(Assembled::Begun(&begun));
        self.passed_ns = self.held.first().map_or(self.now_ns, |held| held.at_ns);
        tell(record(self.id, self.passed_ns, Event::Opened));
    }

    /// Holds what there is of a segment beside its SYN.
    fn hold(&mut self, side: usize, segment: &Segment<'_>) {
        let is_empty = segment.bytes.is_empty() && segment.cut == 0;
        if is_empty && !segment.fin && !segment.rst {
            return;
        }
        self.held_bytes += segment.bytes.len();
        self.held.push(Held {
            side,
            at_ns: self.now_ns,
            // SYN takes a number as a byte does.
            sequence: segment.sequence.wrapping_add(u32::from(segment.syn)),
            acknowledged: segment.acknowledged,
            fin: segment.fin,
            rst: segment.rst,
            bytes: segment.bytes.to_vec(),
            cut: segment.cut,
        });
    }

    /// Everything passes that may, in the order in which it came.
    fn pass(&mut self, tell: Tell<'_>) {
        let mut at = 0;
        while at < self.held.len() && !self.has_ended() {
            match self.blocked(&self.held[at]) {
                Blocked::No => {
                    self.pass_one(at, tell);
                    at = 0;
                }
                _ => at += 1,
            }
        }
        if self.has_ended() {
            self.held.clear();
            self.held_bytes = 0;
        }
    }

    fn blocked(&self, held: &Held) -> Blocked {
        let (own, other) = (&self.lanes[held.side], &self.lanes[1 - held.side]);
        let Some(next) = own.next else {
            return Blocked::Beginning;
        };
        let is_behind = |number: Option<u32>, next: Option<u32>| {
            let both = number.zip(next);
            both.is_some_and(|(number, next)| distance(next, number) > 0)
        };
        match () {
            () if !own.is_lost && distance(next, held.sequence) > 0 => Blocked::Own,
            () if !other.is_lost && is_behind(held.acknowledged, other.next) => Blocked::Other,
            () => Blocked::No,
        }
    }

    fn pass_one(&mut self, at: usize, tell: Tell<'_>) {
        let held = self.held.remove(at);
        self.held_bytes -= held.bytes.len();
        // What waited passes when what it waited for does.
        self.passed_ns = self.passed_ns.max(held.at_ns);
        let (id, at_ns, direction) = (self.id, self.passed_ns, self.direction(held.side));
        let next = self.lanes[held.side].next.unwrap_or(held.sequence);
        let ahead = distance(next, held.sequence);
        let has_content = !held.bytes.is_empty() || held.cut > 0;
        if ahead > 0 && has_content {
            self.gap(held.side, ahead as u32, at_ns, tell);
        }
        let known = usize::try_from(-i64::from(ahead)).unwrap_or(0);
        let lane = &mut self.lanes[held.side];
        if let Some(news) = held.bytes.get(known..).filter(|news| !news.is_empty()) {
            lane.has_passed = true;
            lane.next = Some(held.sequence.wrapping_add(held.bytes.len() as u32));
            tell(record(id, at_ns, Event::Bytes(direction, news)));
        }
        let whole = held.bytes.len() as u32;
        let end = held.sequence.wrapping_add(whole).wrapping_add(held.cut);
        let next = self.lanes[held.side].next.unwrap_or(end);
        let missing = distance(next, end);
        if held.cut > 0 && missing > 0 {
            self.gap(held.side, missing as u32, at_ns, tell);
        }
        if held.fin {
            self.end(held.side, end, at_ns, tell);
        }
        // One that also ended the last direction has closed the connection.
        if held.rst && !self.has_ended() {
            tell(record(id, at_ns, Event::Reset(direction)));
            self.close_at(at_ns, tell);
        }
    }

    /// Bytes of a side are not there.
    fn gap(&mut self, side: usize, bytes: u32, at_ns: u64, tell: Tell<'_>) {
        let direction = self.direction(side);
        let lane = &mut self.lanes[side];
        lane.next = lane.next.map(|next| next.wrapping_add(bytes));
        lane.is_lost = true;
        lane.has_passed = true;
        let event = Event::LeftOut(direction, u64::from(bytes));
        tell(record(self.id, at_ns, event));
    }

    fn end(&mut self, side: usize, number: u32, at_ns: u64, tell: Tell<'_>) {
        let direction = self.direction(side);
        let lane = &mut self.lanes[side];
        let is_next = lane.next.is_none_or(|next| next == number) || lane.is_lost;
        if lane.has_ended || !is_next {
            return;
        }
        lane.has_ended = true;
        lane.next = Some(number.wrapping_add(1));
        tell(record(self.id, at_ns, Event::HalfClosed(direction)));
        if self.lanes.iter().all(|lane| lane.has_ended) {
            self.close_at(at_ns, tell);
        }
    }

    fn close_at(&mut self, at_ns: u64, tell: Tell<'_>) {
        if let Some(record) = self.close(at_ns) {
            tell(Assembled::Record(record));
        }
    }

    /// What the oldest held segment waits for will not come.
    fn give_up_one(&mut self, tell: Tell<'_>) {
        let Some(side) = self.held.first().map(|held| held.side) else {
            return;
        };
        let at = self.lowest(side).unwrap_or(0);
        let (sequence, at_ns) = (self.held[at].sequence, self.passed_ns);
        match self.blocked(&self.held[at]) {
            Blocked::No => self.pass_one(at, tell),
            Blocked::Beginning => self.first(side, sequence),
            // A reset may have any number.
            Blocked::Own if self.held[at].rst => self.pass_one(at, tell),
            Blocked::Own => {
                let next = self.lanes[side].next.unwrap_or(sequence);
                let missing = distance(next, sequence);
                self.gap(side, missing.max(0) as u32, at_ns, tell);
            }
            Blocked::Other => self.give_up_other(at, tell),
        }
    }

    /// A segment acknowledges bytes of the other side that have not come.
    fn give_up_other(&mut self, at: usize, tell: Tell<'_>) {
        let (side, at_ns) = (self.held[at].side, self.passed_ns);
        let other = 1 - side;
        let next = self.lanes[other].next.unwrap_or(0);
        let acknowledged = self.held[at].acknowledged.unwrap_or(next);
        let held = self.lowest(other).map(|at| self.held[at].sequence);
        let up_to = match held {
            Some(held) => distance(next, held).min(distance(next, acknowledged)),
            None => distance(next, acknowledged),
        };
        match u32::try_from(up_to) {
            Ok(missing) if missing > 0 => self.gap(other, missing, at_ns, tell),
            // Each waits for the other.
            _ => self.pass_one(at, tell),
        }
    }

    /// The held segment of a side that comes first in it.
    fn lowest(&self, side: usize) -> Option<usize> {
        let held = self.held.iter().enumerate();
        let of_side = held.filter(|(_, held)| held.side == side);
        let lowest =
            of_side.reduce(
                |lowest, held| match distance(lowest.1.sequence, held.1.sequence) < 0 {
                    true => held,
                    false => lowest,
                },
            );
        lowest.map(|(at, _)| at)
    }

    fn direction(&self, side: usize) -> Direction {
        match self.stage {
            Stage::Open { client } | Stage::Ended { client } if client != side => {
                Direction::ServerToClient
            }
            _ => Direction::ClientToServer,
        }
    }
}
