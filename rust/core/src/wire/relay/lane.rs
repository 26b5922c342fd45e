//! One direction of a connection, frame by frame.

use std::collections::VecDeque;

use super::edit::{apply, inserted, join, without_padding};
use super::fault::{Edit, Fault, FrameAct, FrameMatch, Line};
use super::lists::{GaveUp, Lists, Read};
use super::unit::{Body, MAX_FRAME, Unit, frame};
use super::{Found, Numbered};
use crate::wire::capture::Direction;
use crate::wire::frame::{ACK, DATA, END_STREAM, FrameHeader, HEADERS, PREFACE, SETTINGS};
use crate::wire::framing::{Framer, Token};

/// The octets of one frame that are waited for. No library sends frames of
/// more than 16 KiB unless it is told to.
const MAX_PAYLOAD: usize = 1 << 20;
/// SETTINGS_HEADER_TABLE_SIZE (RFC 9113, section 6.5.2).
const HEADER_TABLE_SIZE: u16 = 0x01;

/// Reads the frames of one direction and does to them what is asked.
#[derive(Debug)]
pub(super) struct Lane {
    direction: Direction,
    faults: Vec<Numbered<Met>>,
    /// What of the client's preface did not come yet.
    preface: &'static [u8],
    framer: Framer,
    /// The frame under way: its header, and what came of its payload.
    header: Option<FrameHeader>,
    payload: Vec<u8>,
    lists: Option<Lists>,
    /// The frames of a header block that is not whole, in case it never is.
    held: Vec<u8>,
    /// DATA that wait for more.
    waiting: Option<Unit>,
    /// Frames are not followed any more: why.
    gave_up: Option<GaveUp>,
    /// The streams that the client has opened, as many as are counted.
    opened: Vec<u32>,
    counted: usize,
    /// Nothing passes any more.
    ended: bool,
}

/// A fault, and how many frames it has met.
#[derive(Debug)]
struct Met {
    which: FrameMatch,
    act: FrameAct,
    count: u32,
}

impl Met {
    /// It concerns this frame.
    fn meets(&mut self, header: &FrameHeader, opened: &[u32]) -> bool {
        if !self.which.is_like(header, opened) {
            return false;
        }
        self.count = self.count.saturating_add(1);
        self.which.nth.is_none_or(|nth| nth == self.count)
    }
}

/// How many streams of the client have to be counted for these.
fn counted(faults: &[Fault]) -> usize {
    let calls = faults.iter().filter_map(|fault| match fault {
        Fault::Frame { which, .. } => which.call,
        Fault::Octet { .. } => None,
    });
    calls.max().unwrap_or(0) as usize
}

impl Lane {
    pub fn new(direction: Direction, faults: &[Fault]) -> Self {
        let numbered = faults.iter().enumerate();
        let own = numbered.filter_map(|(index, fault)| match fault {
            Fault::Frame { which, act } if which.direction == direction => {
                let (which, act) = (*which, act.clone());
                Some((
                    index,
                    Met {
                        which,
                        act,
                        count: 0,
                    },
                ))
            }
            _ => None,
        });
        let changes_lists = faults.iter().any(|fault| match fault {
            Fault::Frame { which, .. } => which.direction == direction && fault.changes_lists(),
            Fault::Octet { .. } => false,
        });
        Self {
            direction,
            faults: own.collect(),
            preface: match direction {
                Direction::ClientToServer => PREFACE,
                Direction::ServerToClient => &[],
            },
            framer: Framer::default(),
            header: None,
            payload: Vec::new(),
            lists: changes_lists.then(Lists::new),
            held: Vec::new(),
            waiting: None,
            gave_up: None,
            opened: Vec::new(),
            counted: counted(faults),
            ended: false,
        }
    }

    /// The other side, which is the client, has opened streams.
    pub fn peer_opens(&mut self, streams: &[u32]) {
        self.opened.extend_from_slice(streams);
    }

    pub fn gave_up(&self) -> Option<GaveUp> {
        self.gave_up
    }

    /// The other side has sent SETTINGS.
    pub fn peer_announces(&mut self, sizes: VecDeque<Option<u32>>) {
        if let Some(lists) = &mut self.lists {
            lists.announced(sizes);
        }
    }

    /// Takes what the side sent.
    pub fn take(&mut self, octets: &[u8], found: &mut Found) {
        let mut octets = self.take_preface(octets, found);
        while !self.ended && self.gave_up.is_none() {
            match self.framer.next(&mut octets) {
                None => return,
                Some(Token::Header(header)) => self.begin(header, found),
                Some(Token::Payload(payload)) => self.payload.extend_from_slice(payload),
                Some(Token::End) => self.end_frame(found),
            }
        }
        if !self.ended {
            found.pass(octets);
        }
    }

    /// Passes on what waits: nothing more comes.
    pub fn end(&mut self, found: &mut Found) {
        if self.ended {
            return;
        }
        self.let_go(found);
        found.pass(&std::mem::take(&mut self.held));
        if let Some(header) = self.header.take() {
            found.pass(&begun(&header, &self.payload));
        }
        found.pass(self.framer.partial_header());
    }

    /// Passes the client's preface as it comes. What begins otherwise is no
    /// HTTP/2 and passes as it is.
    fn take_preface<'a>(&mut self, octets: &'a [u8], found: &mut Found) -> &'a [u8] {
        let (now, later) = octets.split_at(octets.len().min(self.preface.len()));
        if now.is_empty() || self.ended {
            return octets;
        }
        if !self.preface.starts_with(now) {
            self.gave_up = Some(GaveUp::Preface);
            return octets;
        }
        self.preface = &self.preface[now.len()..];
        found.pass(now);
        later
    }

    fn begin(&mut self, header: FrameHeader, found: &mut Found) {
        if header.length as usize > MAX_PAYLOAD {
            self.give_up(GaveUp::Frame, found);
            found.pass(&begun(&header, &[]));
            return;
        }
        self.header = Some(header);
    }

    fn end_frame(&mut self, found: &mut Found) {
        let header = self.header.take().expect("a frame has begun");
        let payload = std::mem::take(&mut self.payload);
        self.note_settings(&header, &payload, found);
        self.note_stream(&header, found);
        let Some(lists) = &mut self.lists else {
            let FrameHeader {
                kind,
                flags,
                stream,
                ..
            } = header;
            let unit = Unit::new(kind, flags, stream, Body::Octets(payload));
            return self.meet(unit, found);
        };
        let wire = frame(header.kind, header.flags, header.stream, &payload);
        match lists.read(header, payload) {
            Ok(Read::Whole(unit)) => {
                self.held.clear();
                self.meet(unit, found);
            }
            Ok(Read::Open) => self.held.extend(wire),
            Err(lost) => {
                self.give_up(lost, found);
                found.pass(&wire);
            }
        }
    }

    /// Follows which streams the client opens.
    fn note_stream(&mut self, header: &FrameHeader, found: &mut Found) {
        let is_new = self.opened.last().is_none_or(|last| header.stream > *last);
        if header.kind == HEADERS
            && self.direction == Direction::ClientToServer
            && self.opened.len() < self.counted
            && is_new
        {
            self.opened.push(header.stream);
            found.opened.push(header.stream);
        }
    }

    /// Follows what decides on the size of the dynamic table.
    fn note_settings(&mut self, header: &FrameHeader, payload: &[u8], found: &mut Found) {
        if header.kind != SETTINGS {
            return;
        }
        if header.flags & ACK == 0 {
            found.table_sizes.push_back(table_size(payload));
        } else if let Some(lists) = &mut self.lists {
            lists.acknowledged();
        }
    }

    /// Does to a frame what all faults that it meets ask for, in their order.
    fn meet(&mut self, mut unit: Unit, found: &mut Found) {
        let header = unit.header();
        let mut before = Vec::new();
        let mut after = Vec::new();
        let mut copies = 1;
        let mut waits = false;
        for (index, met) in &mut self.faults {
            if !met.meets(&header, &self.opened) {
                continue;
            }
            let applied = match &met.act {
                FrameAct::Edit(Edit::Drop) => std::mem::replace(&mut copies, 0) > 0,
                FrameAct::Edit(Edit::Twice) => {
                    copies *= 2;
                    copies > 0
                }
                FrameAct::Edit(Edit::Join) => {
                    waits = unit.data().is_some();
                    waits
                }
                FrameAct::Edit(edit) => apply(edit, &mut unit),
                FrameAct::Insert {
                    after: behind,
                    frames,
                } => {
                    let octets = frames.iter().flat_map(|what| inserted(what, header.stream));
                    let octets = Beside::Octets(octets.collect());
                    if *behind { &mut after } else { &mut before }.push(octets);
                    true
                }
                FrameAct::Line {
                    after: behind,
                    line,
                } => {
                    let line = Beside::Line(line.clone());
                    if *behind { &mut after } else { &mut before }.push(line);
                    true
                }
            };
            if applied {
                found.applied.push(*index);
            }
        }
        self.put_all(before, found);
        match waits && copies == 1 {
            true => self.wait_for_more(unit, found),
            false => self.put(&unit, copies, found),
        }
        self.put_all(after, found);
    }

    fn put(&mut self, unit: &Unit, copies: usize, found: &mut Found) {
        if self.ended {
            return;
        }
        if self
            .waiting
            .as_ref()
            .is_some_and(|waiting| waiting.stream == unit.stream)
        {
            self.let_go(found);
        }
        for _ in 0..copies {
            found.pass(&unit.encode());
        }
    }

    fn put_all(&mut self, beside: Vec<Beside>, found: &mut Found) {
        for what in beside {
            if self.ended {
                return;
            }
            self.let_go(found);
            match what {
                Beside::Octets(octets) => found.pass(&octets),
                Beside::Line(line) => {
                    found.line(&line);
                    self.ended = line.ends();
                }
            }
        }
    }

    /// Keeps DATA back until more of its stream comes.
    fn wait_for_more(&mut self, unit: Unit, found: &mut Found) {
        if self.ended {
            return;
        }
        let room = |waiting: &Unit| {
            let octets = waiting.data().map_or(0, <[u8]>::len) + unit.data().map_or(0, <[u8]>::len);
            waiting.stream == unit.stream && octets <= MAX_FRAME
        };
        match &mut self.waiting {
            Some(waiting) if room(waiting) => join(waiting, &unit),
            _ => {
                self.let_go(found);
                self.waiting = Some(without_padding(unit));
            }
        }
        let ends = |waiting: &Unit| waiting.kind == DATA && waiting.flags & END_STREAM != 0;
        if self.waiting.as_ref().is_some_and(ends) {
            self.let_go(found);
        }
    }

    fn let_go(&mut self, found: &mut Found) {
        if let Some(waiting) = self.waiting.take() {
            found.pass(&waiting.encode());
        }
    }

    /// Passes on what waits; all that follows passes as it is.
    fn give_up(&mut self, why: GaveUp, found: &mut Found) {
        self.gave_up = Some(why);
        self.let_go(found);
        found.pass(&std::mem::take(&mut self.held));
    }
}

/// What comes before or behind a frame.
enum Beside {
    Octets(Vec<u8>),
    Line(Line),
}

/// A frame of which not all came.
fn begun(header: &FrameHeader, payload: &[u8]) -> Vec<u8> {
    let length = header.length.to_be_bytes();
    let stream = header.stream.to_be_bytes();
    [&length[1..], &[header.kind, header.flags], &stream, payload].concat()
}

/// What SETTINGS say of the dynamic table: the last value counts.
fn table_size(payload: &[u8]) -> Option<u32> {
    let settings = payload.chunks_exact(6).map(|setting| {
        let id = u16::from_be_bytes([setting[0], setting[1]]);
        let value = u32::from_be_bytes([setting[2], setting[3], setting[4], setting[5]]);
        (id, value)
    });
    let sizes = settings.filter(|(id, _)| *id == HEADER_TABLE_SIZE);
    sizes.map(|(_, value)| value).next_back()
}
