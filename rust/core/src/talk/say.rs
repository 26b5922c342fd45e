//! From a line of the dialogue to its bytes.

use super::Heard;
use crate::plan::dialogue::{Act, DataPlan, StreamPlan, told};
use crate::wire::frame::{ACK, DATA, END_STREAM, PADDED, PREFACE};
use crate::wire::write::block::{Encoder, NotInTable};
use crate::wire::write::frame::{Frame, GOAWAY, Headers, PING, goaway, padded};

/// What the script says on one connection.
#[derive(Debug, Default)]
pub struct Talk {
    encoder: Encoder,
}

/// Why a line could not be said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CannotSay {
    /// The peer has not opened the stream.
    #[error("{0} is not open: a line before has to wait for its HEADERS")]
    NoStream(String),
    /// No PING came.
    #[error("there was no PING to answer")]
    NoPing,
    /// A field was to be one index.
    #[error(transparent)]
    NotInTable(#[from] NotInTable),
}

impl Talk {
    /// The bytes of a line, so many calls on from the streams that it names.
    /// Empty for a line that says nothing.
    ///
    /// # Errors
    ///
    /// It refers to what has not happened.
    pub fn say(&mut self, act: &Act, shift: u32, heard: &Heard) -> Result<Vec<u8>, CannotSay> {
        let number = |stream: StreamPlan| {
            let stream = stream.shifted(shift);
            let known = heard.stream(stream);
            known.ok_or_else(|| CannotSay::NoStream(told::stream(stream)))
        };
        let mut out = Vec::new();
        match act {
            Act::Preface => out.extend_from_slice(PREFACE),
            Act::Headers {
                stream,
                headers,
                items,
            } => {
                let stream = number(*stream)?;
                let block = self.encoder.encode(items)?;
                let headers = Headers {
                    stream,
                    ..headers.clone()
                };
                let frames = headers.frames(&block);
                frames.iter().for_each(|frame| frame.write(&mut out));
            }
            Act::Data(data) => {
                let frames = data_frames(data, number(data.stream)?);
                frames.iter().for_each(|frame| frame.write(&mut out));
            }
            Act::Frame { stream, frame } => {
                let frame = Frame {
                    stream: number(*stream)?,
                    ..frame.clone()
                };
                frame.write(&mut out);
            }
            Act::GoAway { last, error, debug } => {
                // What is the last of all calls stays it.
                let last = match *last {
                    StreamPlan::Number(number) => number,
                    call => number(call)?,
                };
                Frame::new(GOAWAY, 0, 0, goaway(last, *error, debug)).write(&mut out);
            }
            Act::PingAck => {
                let data = heard.ping().ok_or(CannotSay::NoPing)?;
                Frame::new(PING, ACK, 0, data).write(&mut out);
            }
            Act::Raw(payload) => out = payload.to_vec(),
            Act::Close
            | Act::Reset
            | Act::StopReading
            | Act::ReadOn
            | Act::NextConnection
            | Act::Await(_)
            | Act::AwaitClose
            | Act::Pause(_)
            | Act::Repeat { .. } => {}
        }
        Ok(out)
    }
}

/// The frames of DATA on a stream; at least one.
pub(crate) fn data_frames(data: &DataPlan, stream: u32) -> Vec<Frame> {
    let payload = data.payload.to_vec();
    let size = data.frame_size.unwrap_or(payload.len()).max(1);
    let mut chunks: Vec<&[u8]> = payload.chunks(size).collect();
    if chunks.is_empty() {
        chunks.push(&[]);
    }
    let last = chunks.len() - 1;
    let frames = chunks.into_iter().enumerate().map(|(index, chunk)| {
        let mut flags = data.flags;
        if data.end_stream && index == last {
            flags |= END_STREAM;
        }
        match data.padding {
            Some(padding) => Frame::new(DATA, flags | PADDED, stream, padded(chunk, padding)),
            None => Frame::new(DATA, flags, stream, chunk),
        }
    });
    frames.collect()
}
