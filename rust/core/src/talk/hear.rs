//! What the peer under test sent on a connection: frames that a line of the
//! dialogue may wait for, and where its streams and PINGs stand.

use std::collections::VecDeque;

use crate::plan::dialogue::{AwaitPlan, StreamPlan, told};
use crate::wire::frame::{ACK, END_STREAM, FrameHeader, PREFACE};
use crate::wire::framing::{Framer, Token};
use crate::wire::write::frame::{GOAWAY, HEADERS, PING, RST_STREAM};

/// The most frames that no line has waited for yet; beyond, the oldest are
/// forgotten.
const MOST_FRAMES: usize = 4_096;
/// The most streams of the peer whose numbers are kept.
const MOST_STREAMS: usize = 100_000;
/// Bytes of each payload that are looked at.
const HEAD: usize = 8;

/// Everything that came on one connection.
#[derive(Debug, Default)]
pub struct Heard {
    /// What is missing of the peer's preface.
    preface: &'static [u8],
    framer: Framer,
    header: Option<FrameHeader>,
    head: Vec<u8>,
    frames: VecDeque<HeardFrame>,
    forgotten: u64,
    streams: Vec<u32>,
    ping: Option<[u8; 8]>,
    /// It is no HTTP/2 from here on.
    is_other: bool,
    /// How the peer ended the connection, as the end of a sentence.
    ended: Option<&'static str>,
}

/// A frame that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeardFrame {
    /// The type octet.
    pub kind: u8,
    /// The flags octet.
    pub flags: u8,
    /// The stream.
    pub stream: u32,
    /// The error code of RST_STREAM and GOAWAY.
    pub error: Option<u32>,
}

impl Heard {
    /// Nothing yet. A client has its preface before its frames.
    pub fn new(is_client: bool) -> Self {
        Self {
            preface: if is_client { PREFACE } else { &[] },
            ..Self::default()
        }
    }

    /// Takes the next bytes, however they are spread over reads.
    pub fn bytes(&mut self, mut bytes: &[u8]) {
        self.after_preface(&mut bytes);
        while !self.is_other
            && let Some(token) = self.framer.next(&mut bytes)
        {
            match token {
                Token::Header(header) => {
                    self.header = Some(header);
                    self.head.clear();
                }
                Token::Payload(payload) => {
                    let room = HEAD - self.head.len();
                    let kept = &payload[..payload.len().min(room)];
                    self.head.extend_from_slice(kept);
                }
                Token::End => self.end_of_frame(),
            }
        }
    }

    fn after_preface(&mut self, bytes: &mut &[u8]) {
        let here = self.preface.len().min(bytes.len());
        let (preface, rest) = bytes.split_at(here);
        self.is_other |= !self.preface.starts_with(preface);
        self.preface = &self.preface[here..];
        *bytes = rest;
    }

    fn end_of_frame(&mut self) {
        let Some(header) = self.header.take() else {
            return;
        };
        let number = |at: usize| {
            let bytes = self.head.get(at..at + 4)?;
            Some(u32::from_be_bytes(bytes.try_into().ok()?))
        };
        let error = match header.kind {
            RST_STREAM => number(0),
            GOAWAY => number(4),
            _ => None,
        };
        if header.kind == PING && !header.has(ACK) {
            self.ping = self.head.get(..8).and_then(|data| data.try_into().ok());
        }
        let is_new = self.streams.last().is_none_or(|last| *last < header.stream);
        if header.kind == HEADERS && is_new && self.streams.len() < MOST_STREAMS {
            self.streams.push(header.stream);
        }
        if self.frames.len() == MOST_FRAMES {
            self.frames.pop_front();
            self.forgotten += 1;
        }
        self.frames.push_back(HeardFrame {
            kind: header.kind,
            flags: header.flags,
            stream: header.stream,
            error,
        });
    }

    /// The peer has ended the connection.
    pub fn end(&mut self, by_reset: bool) {
        let how = match by_reset {
            true => "the peer reset the connection",
            false => "the peer closed the connection",
        };
        self.ended.get_or_insert(how);
    }

    /// Whether the peer has ended the connection.
    pub fn has_ended(&self) -> bool {
        self.ended.is_some()
    }

    /// The number of a stream, if it is known yet.
    pub fn stream(&self, stream: StreamPlan) -> Option<u32> {
        match stream {
            StreamPlan::Number(number) => Some(number),
            StreamPlan::Call(nth) => self.streams.get((nth as usize).checked_sub(1)?).copied(),
        }
    }

    /// The data of the last PING that asks for an answer.
    pub fn ping(&self) -> Option<[u8; 8]> {
        self.ping
    }

    /// Whether a frame that is waited for has come. It, and those before it that
    /// match too, are then waited for no more.
    pub fn take(&mut self, wanted: &AwaitPlan) -> bool {
        let on = match wanted.stream.map(|stream| self.stream(stream)) {
            Some(None) => return false,
            Some(on) => on,
            None => None,
        };
        let matches = |frame: &HeardFrame| {
            wanted.kind.is_none_or(|kind| frame.kind == kind)
                && on.is_none_or(|on| frame.stream == on)
                && frame.flags & wanted.flags == wanted.flags
                && wanted
                    .ends_stream
                    .is_none_or(|ends| frame.ends_stream() == ends)
                && (wanted.error.is_none() || frame.error == wanted.error)
        };
        let nth = wanted.nth as usize;
        if self.frames.iter().filter(|frame| matches(frame)).count() < nth {
            return false;
        }
        let mut left = nth;
        self.frames.retain(|frame| {
            let is_taken = left > 0 && matches(frame);
            left -= usize::from(is_taken);
            !is_taken
        });
        true
    }

    /// What came and no line had waited for, and how the peer ended, in words.
    pub fn told(&self) -> String {
        /// More would not be read.
        const MOST_TOLD: usize = 12;
        let tell =
            |frame: &HeardFrame| told::heard(frame.kind, frame.flags, frame.stream, frame.error);
        let mut parts: Vec<String> = self.frames.iter().take(MOST_TOLD).map(tell).collect();
        let more = self.forgotten as usize + self.frames.len().saturating_sub(MOST_TOLD);
        if more > 0 {
            parts.push(format!("{more} more"));
        }
        if parts.is_empty() {
            parts.push("nothing more".into());
        }
        let other = self.is_other.then(|| "bytes that are no HTTP/2".to_owned());
        parts.extend(other);
        parts.extend(self.ended.map(str::to_owned));
        parts.join(", ")
    }
}

impl HeardFrame {
    fn ends_stream(&self) -> bool {
        self.kind == RST_STREAM || self.kind <= HEADERS && self.flags & END_STREAM != 0
    }
}
