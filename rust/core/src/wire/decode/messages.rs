//! gRPC messages in the DATA frames of one direction of a stream
//! (PROTOCOL-HTTP2, "Length-Prefixed-Message").

use std::ops::Range;

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::ledger::{Kind, Ledger};
use crate::wire::exchange::{Half, Limits, Message, Place};

/// The Compressed-Flag byte and four bytes of length.
const PREFIX: usize = 5;

/// Finds messages in data that comes in pieces of any size.
#[derive(Debug, Default)]
pub(super) struct MessageReader {
    open: Option<Open>,
}

/// Part of the data of a DATA frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct DataPart<'a> {
    pub bytes: &'a [u8],
    /// Where they lie in the direction.
    pub offset: u64,
}

/// A message that did not come whole yet.
#[derive(Debug)]
struct Open {
    prefix: [u8; PREFIX],
    prefix_bytes: usize,
    /// Bytes of the message that came, without the prefix.
    message_bytes: u32,
    /// `None` if the message is only counted.
    kept: Option<Kept>,
}

#[derive(Debug)]
struct Kept {
    head: Vec<u8>,
    head_is_cut: bool,
    hash: Option<Sha256>,
    segments: Vec<Range<u64>>,
    frames: (Place, Place),
}

impl MessageReader {
    /// Takes data. `place` is the DATA frame as far as it is known yet.
    pub fn feed(
        &mut self,
        mut part: DataPart<'_>,
        place: &Place,
        half: &mut Half,
        ledger: &mut Ledger,
    ) {
        half.data_bytes += part.bytes.len() as u64;
        while !part.bytes.is_empty() {
            let open = self
                .open
                .get_or_insert_with(|| Open::new(place, half, ledger));
            open.feed(&mut part, place, ledger);
            if open.is_complete() {
                self.close(half);
            }
        }
    }

    /// The DATA frame is whole: its place is known in full now.
    pub fn end_frame(&mut self, place: &Place, half: &mut Half) {
        let open = self
            .open
            .as_mut()
            .and_then(|open| open.kept.as_mut())
            .map(|kept| &mut kept.frames);
        let closed = half
            .messages
            .iter_mut()
            .rev()
            .map(|message| &mut message.frames);
        for (first, last) in open.into_iter().chain(closed) {
            if last.range != place.range {
                break;
            }
            *last = place.clone();
            if first.range == place.range {
                *first = place.clone();
            }
        }
    }

    /// No more data comes: a message that is not whole stays so.
    pub fn end(&mut self, half: &mut Half) {
        if self.open.is_some() {
            self.close(half);
        }
    }

    fn close(&mut self, half: &mut Half) {
        half.messages
            .extend(self.open.take().and_then(Open::into_message));
    }
}

impl Open {
    /// Counts a new message, and keeps it unless there are too many.
    fn new(place: &Place, half: &mut Half, ledger: &mut Ledger) -> Self {
        half.message_count += 1;
        let few = half.messages.len() < ledger.limits.messages;
        if !few {
            ledger.cut(Kind::Messages);
        }
        let kept = (few && ledger.take::<Message>(0)).then(|| Kept::new(place, &ledger.limits));
        Self {
            prefix: [0; PREFIX],
            prefix_bytes: 0,
            message_bytes: 0,
            kept,
        }
    }

    /// Takes what belongs to this message from the front of `part`.
    fn feed(&mut self, part: &mut DataPart<'_>, place: &Place, ledger: &mut Ledger) {
        let start = part.offset;
        let prefix = part.take(PREFIX - self.prefix_bytes);
        self.prefix[self.prefix_bytes..][..prefix.len()].copy_from_slice(prefix);
        self.prefix_bytes += prefix.len();
        let message = match self.length() {
            Some(length) => part.take((length - self.message_bytes) as usize),
            None => &[],
        };
        self.message_bytes += message.len() as u32;
        if let Some(kept) = &mut self.kept {
            kept.frames.1 = place.clone();
            kept.add(message, ledger);
            kept.add_segment(start..part.offset, ledger);
        }
    }

    fn length(&self) -> Option<u32> {
        let [_, length @ ..] = self.prefix;
        (self.prefix_bytes == PREFIX).then(|| u32::from_be_bytes(length))
    }

    fn is_complete(&self) -> bool {
        self.length() == Some(self.message_bytes)
    }

    fn into_message(self) -> Option<Message> {
        let complete = self.is_complete();
        let length = self.length().unwrap_or(0);
        self.kept.map(|kept| Message {
            flag: self.prefix[0],
            length,
            head: Bytes::from(kept.head),
            sha256: kept
                .hash
                .filter(|_| complete)
                .map(|hash| hash.finalize().into()),
            segments: kept.segments,
            frames: kept.frames,
            complete,
        })
    }
}

impl Kept {
    fn new(place: &Place, limits: &Limits) -> Self {
        Self {
            head: Vec::new(),
            head_is_cut: false,
            hash: limits.hash_messages.then(Sha256::new),
            segments: Vec::new(),
            frames: (place.clone(), place.clone()),
        }
    }

    fn add(&mut self, bytes: &[u8], ledger: &mut Ledger) {
        if let Some(hash) = &mut self.hash {
            hash.update(bytes);
        }
        let room = ledger.limits.message_head - self.head.len();
        let head = &bytes[..bytes.len().min(room)];
        self.head_is_cut |= !ledger.take::<()>(head.len());
        if !self.head_is_cut {
            self.head.extend_from_slice(head);
        }
    }

    /// Bytes that touch those before them are one range with them.
    fn add_segment(&mut self, range: Range<u64>, ledger: &mut Ledger) {
        let few = self.segments.len() < ledger.limits.segments;
        match self.segments.last_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            _ if !few => ledger.cut(Kind::Segments),
            _ if ledger.take::<Range<u64>>(0) => self.segments.push(range),
            _ => {}
        }
    }
}

impl<'a> DataPart<'a> {
    fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.bytes.split_at(self.bytes.len().min(count));
        self.bytes = rest;
        self.offset += taken.len() as u64;
        taken
    }
}
