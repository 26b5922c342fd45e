//! One connection: the frames of both directions, and what they mean together.

use std::ops::Range;
use std::sync::Arc;

use super::block::{FieldBlock, Patch, TooLong, hpack_section};
use super::collect::{Collected, FrameSpan, Piece};
use super::direction::{DirectionDecoder, Step};
use super::late::Missed;
use super::ledger::{Kind, Ledger};
use super::messages::DataPart;
use super::streams::Streams;
use crate::wire::capture::Direction;
use crate::wire::exchange::{Connection, Fault, HeaderList, Place};
use crate::wire::frame::{ACK, Body, END_HEADERS, END_STREAM, Frame};
use crate::wire::hpack::Block;
use crate::wire::payload::Violation;
use crate::wire::secret::Secrets;

#[derive(Debug)]
pub(super) struct ConnectionDecoder {
    pub(super) id: u32,
    pub(super) opened_ns: u64,
    pub(super) closed_ns: Option<u64>,
    /// The time of the newest record.
    pub(super) now_ns: u64,
    pub(super) client: DirectionDecoder,
    pub(super) server: DirectionDecoder,
    pub(super) frames: Vec<Frame>,
    /// Whether frames have an index, since all of them are kept.
    pub(super) keeps_frames: bool,
    pub(super) streams: Streams,
    /// What is to be masked, if anything.
    secrets: Option<Arc<Secrets>>,
    patches: Vec<Patch>,
    pub(super) faults: Vec<Fault>,
    /// Its beginning was missed.
    is_late: bool,
    unknown_fields: u64,
}

/// Whether decoding of a direction can go on after a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    Passing,
    Fatal,
}

impl ConnectionDecoder {
    pub fn new(id: u32, at_ns: u64, ledger: &Ledger) -> Self {
        Self {
            id,
            opened_ns: at_ns,
            closed_ns: None,
            now_ns: at_ns,
            client: DirectionDecoder::new(Direction::ClientToServer, ledger.limits),
            server: DirectionDecoder::new(Direction::ServerToClient, ledger.limits),
            frames: Vec::new(),
            keeps_frames: true,
            streams: Streams::default(),
            secrets: None,
            patches: Vec::new(),
            faults: Vec::new(),
            is_late: false,
            unknown_fields: 0,
        }
    }

    /// As [`Self::new`], for one who takes frames, faults and ended streams
    /// out as they come.
    pub fn passing(id: u32, at_ns: u64, ledger: &Ledger, secrets: Option<Arc<Secrets>>) -> Self {
        Self {
            secrets,
            keeps_frames: false,
            streams: Streams::passing(),
            ..Self::new(id, at_ns, ledger)
        }
    }

    /// As [`Self::passing`], for a connection whose beginning was missed: what
    /// it says of streams, settings and the dynamic tables is not known.
    pub fn late(id: u32, at_ns: u64, ledger: &Ledger, secrets: Option<Arc<Secrets>>) -> Self {
        Self {
            client: DirectionDecoder::late(Direction::ClientToServer, ledger.limits),
            server: DirectionDecoder::late(Direction::ServerToClient, ledger.limits),
            streams: Streams::late(),
            is_late: true,
            ..Self::passing(id, at_ns, ledger, secrets)
        }
    }

    /// What of it was missed: bytes of a client and of a server before the
    /// first frame that was found, and header fields that are unknown.
    pub fn missed(&self) -> Missed {
        Missed {
            skipped: [self.client.skipped(), self.server.skipped()],
            unknown_fields: self.unknown_fields,
        }
    }

    /// Some of it is not there, so that what is not seen may have been sent.
    pub fn is_partial(&self) -> bool {
        self.is_late || self.client.left_out() > 0 || self.server.left_out() > 0
    }

    /// Takes one step with the front of `bytes`; gives the stream that it was
    /// on, or `None` when `bytes` are used up.
    pub fn advance(
        &mut self,
        direction: Direction,
        bytes: &mut &[u8],
        at_ns: u64,
        ledger: &mut Ledger,
    ) -> Option<u32> {
        self.now_ns = at_ns;
        let step = self.side(direction).next(bytes)?;
        let stream = step.stream();
        self.step(direction, step, ledger);
        Some(stream)
    }

    /// The frames and faults since the last time.
    pub fn take_news(&mut self) -> (Vec<Frame>, Vec<Fault>) {
        (
            std::mem::take(&mut self.frames),
            std::mem::take(&mut self.faults),
        )
    }

    /// What masks the secrets that have come since the last time.
    pub fn take_patches(&mut self) -> Vec<Patch> {
        std::mem::take(&mut self.patches)
    }

    /// See [`DirectionDecoder::settled`].
    pub fn settled(&self, direction: Direction) -> Option<u64> {
        match direction {
            Direction::ClientToServer => self.client.settled(),
            Direction::ServerToClient => self.server.settled(),
        }
    }

    /// Whether a stream has ended, with all that its ends carry.
    pub fn is_over(&self, stream: u32) -> bool {
        let is_lost = |direction| match direction {
            Direction::ClientToServer => self.client.is_given_up(),
            Direction::ServerToClient => self.server.is_given_up(),
        };
        let blocks = [&self.client.block, &self.server.block];
        let carries_on = blocks
            .into_iter()
            .flatten()
            .any(|block| block.stream == stream);
        !carries_on && self.streams.is_over(stream, is_lost)
    }

    /// The streams that are kept.
    pub fn streams(&mut self) -> &mut Streams {
        &mut self.streams
    }

    /// The connection as a whole, without frames and streams.
    pub fn outline(&self) -> Connection {
        Connection {
            id: self.id,
            opened_ns: self.opened_ns,
            closed_ns: self.closed_ns,
            client: self.client.to_side(),
            server: self.server.to_side(),
            frames: Vec::new(),
            streams: Vec::new(),
            faults: Vec::new(),
            tls: None,
        }
    }

    pub fn id(&self) -> u32 {
        self.id
    }

    pub fn bytes(
        &mut self,
        direction: Direction,
        mut bytes: &[u8],
        at_ns: u64,
        ledger: &mut Ledger,
    ) {
        self.now_ns = at_ns;
        while let Some(step) = self.side(direction).next(&mut bytes) {
            self.step(direction, step, ledger);
        }
    }

    pub fn end(&mut self, direction: Direction, reset: bool, at_ns: u64, ledger: &mut Ledger) {
        self.now_ns = at_ns;
        self.side(direction).close(at_ns, reset);
        self.end_opening(direction, ledger);
    }

    pub fn close(&mut self, at_ns: u64) {
        self.now_ns = at_ns;
        self.closed_ns.get_or_insert(at_ns);
    }

    pub fn leave_out(&mut self, direction: Direction, bytes: u64, at_ns: u64, ledger: &mut Ledger) {
        self.now_ns = at_ns;
        let side = self.side(direction);
        side.leave_out(bytes);
        let limit = side.seen();
        ledger.say(
            format!(
                "bytes of connection {} from the {}",
                self.id,
                sender(direction)
            ),
            limit,
        );
    }

    pub fn finish(mut self, ledger: &mut Ledger) -> Connection {
        ledger.connection = self.id;
        self.end_all(ledger);
        let outline = self.outline();
        Connection {
            frames: self.frames,
            streams: self.streams.finish(),
            faults: self.faults,
            ..outline
        }
    }

    /// No more bytes come: what came so far may not even have been HTTP/2.
    pub fn end_all(&mut self, ledger: &mut Ledger) {
        for direction in [Direction::ClientToServer, Direction::ServerToClient] {
            self.end_opening(direction, ledger);
        }
    }

    fn end_opening(&mut self, direction: Direction, ledger: &mut Ledger) {
        if let Some(step) = self.side(direction).end_opening() {
            self.step(direction, step, ledger);
        }
    }

    fn step(&mut self, direction: Direction, step: Step<'_>, ledger: &mut Ledger) {
        match step {
            Step::Foreign(what, length) => {
                let violation = Violation {
                    what,
                    section: "RFC 9113, section 3.4",
                };
                self.fault(direction, 0, 0..length, violation, Weight::Fatal, ledger);
            }
            Step::Piece(Piece::Data(span, part)) => self.data(direction, &span, part, ledger),
            Step::Piece(Piece::Frame(frame)) => self.frame(direction, frame, ledger),
        }
    }

    /// Data comes before its frame is whole, so the frame has no index yet.
    fn data(
        &mut self,
        direction: Direction,
        span: &FrameSpan,
        part: DataPart<'_>,
        ledger: &mut Ledger,
    ) {
        let place = Place {
            frame: None,
            kind: span.header.kind,
            direction,
            range: span.range.clone(),
            at_ns: self.now_ns,
        };
        self.streams.data(span.header.stream, part, &place, ledger);
    }

    fn frame(&mut self, direction: Direction, frame: Collected, ledger: &mut Ledger) {
        let kept = !self.keeps_frames || self.has_room_for(&frame, ledger);
        let place = Place {
            frame: (kept && self.keeps_frames).then_some(self.frames.len()),
            kind: frame.span.header.kind,
            direction,
            range: frame.span.range.clone(),
            at_ns: self.now_ns,
        };
        if self.check(&frame, &place, ledger) == Weight::Passing {
            self.apply(&frame, &place, ledger);
        }
        if kept {
            self.frames.push(into_frame(frame, &place));
        }
    }

    fn has_room_for(&self, frame: &Collected, ledger: &mut Ledger) -> bool {
        let room = self.frames.len() < ledger.limits.frames;
        if !room {
            ledger.cut(Kind::Frames);
        }
        room && ledger.take::<Frame>(kept_bytes(frame))
    }

    /// What the frame changes.
    fn apply(&mut self, frame: &Collected, place: &Place, ledger: &mut Ledger) {
        let header = frame.span.header;
        let Ok(body) = &frame.body else { return };
        if carries_block(header.kind) {
            return self.apply_fragment(frame, body, place, ledger);
        }
        match body {
            Body::Data { .. } => {
                self.streams.end_data(header.stream, place);
                if header.has(END_STREAM) {
                    self.streams.end_stream(header.stream, place);
                }
            }
            Body::RstStream(error) => self.streams.reset(header.stream, place, *error),
            Body::Settings(_) if header.has(ACK) => self.side(place.direction).acknowledge(),
            Body::Settings(settings) => self.side(place.direction.reverse()).announce(settings),
            _ => {}
        }
    }

    fn apply_fragment(
        &mut self,
        frame: &Collected,
        body: &Body,
        place: &Place,
        ledger: &mut Ledger,
    ) {
        let header = frame.span.header;
        let end_stream = header.kind == 0x01 && header.has(END_STREAM);
        let begun = |promised| FieldBlock::new(header.stream, promised, end_stream, place.clone());
        let (mut block, fragment) = match body {
            Body::Headers { fragment, .. } => {
                self.streams.open(place.direction, header.stream, ledger);
                if end_stream {
                    self.streams.end_stream(header.stream, place);
                }
                (begun(None), fragment)
            }
            Body::PushPromise { promised, fragment } => (begun(Some(*promised)), fragment),
            Body::Continuation(fragment) => {
                let Some(mut block) = self.side(place.direction).block.take() else {
                    return;
                };
                block.continuations += 1;
                (block, fragment)
            }
            _ => return,
        };
        match block.append(frame.bytes(fragment), fragment, ledger.limits.block_bytes) {
            Err(TooLong) => self.block_too_long(&block, place, ledger),
            Ok(()) if header.has(END_HEADERS) => self.end_block(&block, place, ledger),
            Ok(()) => self.side(place.direction).block = Some(block),
        }
    }

    fn block_too_long(&mut self, block: &FieldBlock, place: &Place, ledger: &mut Ledger) {
        ledger.cut(Kind::BlockBytes);
        let limit = ledger.limits.block_bytes;
        let violation = Violation {
            what: format!(
                "the field block of stream {} is longer than the {limit} bytes that are followed",
                block.stream
            ),
            section: "RFC 9113, section 10.5.1",
        };
        self.fault_at(place, block.stream, violation, Weight::Fatal, ledger);
    }

    fn end_block(&mut self, block: &FieldBlock, place: &Place, ledger: &mut Ledger) {
        let decoded = match self.side(place.direction).hpack.decode(block.bytes()) {
            Ok(decoded) => decoded,
            Err(error) => {
                let range = block.range_from(error.offset());
                let violation = Violation {
                    what: error.to_string(),
                    section: hpack_section(&error),
                };
                return self.fault(
                    place.direction,
                    block.stream,
                    range,
                    violation,
                    Weight::Fatal,
                    ledger,
                );
            }
        };
        self.unknown_fields += decoded.unknown as u64;
        self.mask(block, &decoded);
        if let Some(size) = decoded.missing_size_update {
            let violation = Violation {
                what: format!(
                    "the header block does not begin with the size update to {size} that it owes"
                ),
                section: "RFC 9113, section 4.3.1",
            };
            self.fault(
                place.direction,
                block.stream,
                block.range_from(0),
                violation,
                Weight::Passing,
                ledger,
            );
        }
        if !ledger.take::<HeaderList>(0) {
            return;
        }
        let list = block.header_list(decoded, ledger);
        match block.promised {
            Some(promised) => self.streams.promise(promised, list, ledger),
            None => self.streams.headers(place.direction, block.stream, list),
        }
    }

    fn mask(&mut self, block: &FieldBlock, decoded: &Block) {
        let Some(secrets) = &self.secrets else { return };
        match block.patches(decoded, secrets) {
            Some(patches) => self.patches.extend(patches),
            None => self.side(block.place.direction).is_masked = false,
        }
    }

    pub(super) fn fault_at(
        &mut self,
        place: &Place,
        stream: u32,
        violation: Violation,
        weight: Weight,
        ledger: &mut Ledger,
    ) {
        self.fault(
            place.direction,
            stream,
            place.range.clone(),
            violation,
            weight,
            ledger,
        );
    }

    fn fault(
        &mut self,
        direction: Direction,
        stream: u32,
        range: Range<u64>,
        violation: Violation,
        weight: Weight,
        ledger: &mut Ledger,
    ) {
        let fatal = weight == Weight::Fatal;
        if fatal {
            self.side(direction).give_up();
        }
        let few = self.faults.len() < ledger.limits.faults;
        if !few {
            ledger.cut(Kind::Faults);
        }
        // The one that ends a direction is kept in any case; there are two.
        if fatal || !self.keeps_frames || few && ledger.take::<Fault>(violation.what.len()) {
            let Violation { what, section } = violation;
            self.faults.push(Fault {
                direction,
                stream,
                range,
                at_ns: self.now_ns,
                what,
                section,
                fatal,
            });
        }
    }

    pub(super) fn side(&mut self, direction: Direction) -> &mut DirectionDecoder {
        match direction {
            Direction::ClientToServer => &mut self.client,
            Direction::ServerToClient => &mut self.server,
        }
    }
}

/// HEADERS, PUSH_PROMISE or CONTINUATION.
pub(super) fn carries_block(kind: u8) -> bool {
    matches!(kind, 0x01 | 0x05 | 0x09)
}

fn kept_bytes(frame: &Collected) -> usize {
    match &frame.body {
        Ok(Body::Settings(settings)) => settings.len() * size_of::<(u16, u32)>(),
        Ok(Body::GoAway { debug, .. }) => debug.len(),
        Ok(Body::Unknown(payload)) => payload.len(),
        Ok(_) => 0,
        Err(_) => frame.payload.len(),
    }
}

fn into_frame(frame: Collected, place: &Place) -> Frame {
    let header = frame.span.header;
    Frame {
        direction: place.direction,
        at_ns: place.at_ns,
        range: frame.span.range,
        kind: header.kind,
        flags: header.flags,
        stream: header.stream,
        body: frame
            .body
            .unwrap_or_else(|_| Body::Unknown(frame.payload.into())),
    }
}

fn sender(direction: Direction) -> &'static str {
    match direction {
        Direction::ClientToServer => "client",
        Direction::ServerToClient => "server",
    }
}
