//! The contract's messages, generated from `proto/wirecheck/v1/peer.proto`,
//! and their frames.

use bytes::{Buf, Bytes, BytesMut};
use prost::Message as _;

#[allow(missing_docs, clippy::doc_lazy_continuation, clippy::doc_markdown)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/wirecheck.v1.rs"));
}

pub use generated::Result as CallResult;
pub use generated::{
    Abort, Api, AwaitHeaders, Began, Call, CallEnd, Cancel, ChannelOptions, ClientTls, Close,
    Closed, CouldNotTry, EndScope, Fill, FromPeer, HalfClose, Handled, Headers, Listen, Listening,
    Metadatum, MethodScripts, Open, Opened, Panic, Payload, Piece, Reached, Ready, Receive,
    Refused, Release, Report, RequestEnd, Reset, Role, Script, Seen, ServerOptions, ServerTls,
    Shape, ShutDown, Start, Status, Step, Stop, Tcp, ToPeer, Transport, Uds, Unlisten, Unlistened,
    Unsupported, Version, Wait, abort, from_peer, piece, reached, refused, report, step, to_peer,
    transport, wait,
};

/// The version of the contract that this program speaks.
pub const CONTRACT_VERSION: u32 = 1;
/// The field that begins every envelope.
pub const MAGIC: u32 = 0x5743_4B31;
/// What every envelope begins with on the line: the tag of field 1 and the
/// magic number, little-endian.
const MAGIC_BYTES: [u8; 5] = [0x0d, 0x31, 0x4b, 0x43, 0x57];
/// The most bytes of an envelope.
pub const MAX_ENVELOPE: usize = 8 * 1024 * 1024;
/// The most bytes of a length as a varint: 8 MiB need four.
const MAX_LENGTH_BYTES: usize = 4;

/// How a peer broke the frames of the contract.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// What came is no frame: most often text that a library printed.
    #[error("wrote something other than contract frames to stdout: {}", shown(.0))]
    NoFrame(Bytes),
    /// The length is beyond the limit.
    #[error("sent a frame longer than {MAX_ENVELOPE} bytes")]
    TooLong,
    /// The envelope cannot be decoded.
    #[error("sent an envelope that cannot be decoded: {0}")]
    Undecodable(String),
    /// The stream ended within a frame.
    #[error("ended in the middle of a frame")]
    Truncated,
}

/// Puts an order into a frame.
pub fn encode(order: to_peer::Order) -> Bytes {
    let envelope = ToPeer {
        magic: MAGIC,
        order: Some(order),
    };
    Bytes::from(envelope.encode_length_delimited_to_vec())
}

/// Takes frames out of what a peer writes.
#[derive(Debug, Default)]
pub struct FrameReader {
    buffer: BytesMut,
}

impl FrameReader {
    /// Adds what was read.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next event, if it is there in full.
    ///
    /// # Errors
    ///
    /// The peer broke the contract; nothing more can be read.
    pub fn next_event(&mut self) -> Result<Option<from_peer::Event>, FrameError> {
        let Some((length, prefix)) = self.length()? else {
            return Ok(None);
        };
        self.check_magic(length, prefix)?;
        if self.buffer.len() < prefix + length {
            return Ok(None);
        }
        self.buffer.advance(prefix);
        let envelope = self.buffer.split_to(length).freeze();
        let envelope = FromPeer::decode(envelope)
            .map_err(|error| FrameError::Undecodable(error.to_string()))?;
        match envelope.event {
            Some(event) => Ok(Some(event)),
            None => Err(FrameError::Undecodable(
                "it says nothing that this version knows".into(),
            )),
        }
    }

    /// Whether a frame has begun and is not yet there in full.
    pub fn is_within_frame(&self) -> bool {
        !self.buffer.is_empty()
    }

    /// What the end of the stream means now.
    ///
    /// # Errors
    ///
    /// A frame was not whole.
    pub fn end(&self) -> Result<(), FrameError> {
        match self.is_within_frame() {
            false => Ok(()),
            true => Err(FrameError::Truncated),
        }
    }

    /// The length of the next envelope and of its own encoding.
    fn length(&self) -> Result<Option<(usize, usize)>, FrameError> {
        let mut length = 0usize;
        for (index, byte) in self.buffer.iter().take(MAX_LENGTH_BYTES).enumerate() {
            length |= usize::from(byte & 0x7f) << (7 * index);
            if byte & 0x80 == 0 {
                return match length {
                    0..MAX_ENVELOPE => Ok(Some((length, index + 1))),
                    _ => Err(FrameError::TooLong),
                };
            }
        }
        match self.buffer.len() >= MAX_LENGTH_BYTES {
            true => Err(self.no_frame()),
            false => Ok(None),
        }
    }

    /// Text on stdout is found here, by the first byte that is not the
    /// constant's, before its "length" is waited for.
    fn check_magic(&self, length: usize, prefix: usize) -> Result<(), FrameError> {
        let seen = &self.buffer[prefix..];
        let as_far = seen.len().min(MAGIC_BYTES.len());
        if length < MAGIC_BYTES.len() || seen[..as_far] != MAGIC_BYTES[..as_far] {
            return Err(self.no_frame());
        }
        Ok(())
    }

    fn no_frame(&self) -> FrameError {
        FrameError::NoFrame(Bytes::copy_from_slice(
            &self.buffer[..self.buffer.len().min(60)],
        ))
    }
}

fn shown(bytes: &Bytes) -> String {
    format!("\"{}\"", bytes.escape_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(channel: u64) -> Vec<u8> {
        let event = Some(from_peer::Event::Opened(Opened { channel }));
        FromPeer {
            magic: MAGIC,
            event,
        }
        .encode_length_delimited_to_vec()
    }

    #[test]
    fn frames_come_out_whatever_the_reads() {
        let bytes: Vec<u8> = (1..=3).flat_map(opened).collect();
        for size in 1..bytes.len() {
            let mut reader = FrameReader::default();
            let mut channels = Vec::new();
            for chunk in bytes.chunks(size) {
                reader.push(chunk);
                while let Some(event) = reader.next_event().expect("valid") {
                    let from_peer::Event::Opened(opened) = event else {
                        panic!("{event:?}")
                    };
                    channels.push(opened.channel);
                }
            }
            assert_eq!(channels, [1, 2, 3], "in reads of {size} bytes");
            assert_eq!(reader.end(), Ok(()));
        }
    }

    #[test]
    fn text_on_stdout_is_shown_at_once() {
        let mut reader = FrameReader::default();
        reader.push(b"Hello");
        let error = reader.next_event().expect_err("not a frame");
        assert_eq!(
            error.to_string(),
            "wrote something other than contract frames to stdout: \"Hello\""
        );
    }

    #[test]
    fn a_cut_frame_and_a_long_one_are_told_apart() {
        let mut reader = FrameReader::default();
        reader.push(&opened(1)[..4]);
        assert_eq!(reader.next_event(), Ok(None));
        assert_eq!(reader.end(), Err(FrameError::Truncated));
        let mut reader = FrameReader::default();
        reader.push(&[0xff, 0xff, 0xff, 0x7f]);
        assert_eq!(reader.next_event(), Err(FrameError::TooLong));
    }
}
