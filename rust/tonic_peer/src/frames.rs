//! Frames: a varint with the length of an envelope, then the envelope.

use std::time::Duration;

use prost::Message as _;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::time::timeout;

use crate::contract::{FromPeer, ToPeer, from_peer::Event};

const MAGIC: u32 = 0x5743_4B31;
/// The five bytes at the front of every envelope: the tag of field 1, then the number.
const ENVELOPE_START: [u8; 5] = [0x0d, 0x31, 0x4b, 0x43, 0x57];
/// The most bytes of an envelope.
pub const MAX_ENVELOPE: usize = 8 * 1024 * 1024;
/// How long a frame may stay half-read.
const HALF_READ_LIMIT: Duration = Duration::from_secs(5);

/// Why no order could be read.
#[derive(Debug, Error)]
pub enum FrameError {
    #[error("an envelope on stdin is longer than {MAX_ENVELOPE} bytes")]
    TooLong,
    #[error("an envelope on stdin does not begin with the magic number")]
    WrongMagic,
    #[error("a frame on stdin was half-read for {} seconds", HALF_READ_LIMIT.as_secs())]
    HalfRead,
    #[error("cannot read stdin: {0}")]
    Read(#[from] std::io::Error),
    #[error("cannot decode an order: {0}")]
    Decode(#[from] prost::DecodeError),
}

/// Reads the next order; `None` at the end of the input.
pub async fn read_order(
    input: &mut (impl AsyncRead + Unpin),
) -> Result<Option<ToPeer>, FrameError> {
    let mut first = [0];
    if input.read(&mut first).await? == 0 {
        return Ok(None);
    }
    timeout(HALF_READ_LIMIT, read_rest(first[0], input))
        .await
        .map_err(|_| FrameError::HalfRead)?
        .map(Some)
}

async fn read_rest(first: u8, input: &mut (impl AsyncRead + Unpin)) -> Result<ToPeer, FrameError> {
    let length = read_length(first, input).await?;
    if length > MAX_ENVELOPE {
        return Err(FrameError::TooLong);
    }
    // The magic number is looked at before the rest is waited for: stray text
    // would otherwise declare a length that never comes.
    let mut start = ENVELOPE_START;
    let known = length.min(start.len());
    input.read_exact(&mut start[..known]).await?;
    if length < start.len() || start != ENVELOPE_START {
        return Err(FrameError::WrongMagic);
    }
    let mut envelope = vec![0; length];
    envelope[..known].copy_from_slice(&start);
    input.read_exact(&mut envelope[known..]).await?;
    Ok(ToPeer::decode(bytes::Bytes::from(envelope))?)
}

async fn read_length(first: u8, input: &mut (impl AsyncRead + Unpin)) -> Result<usize, FrameError> {
    let mut byte = first;
    let mut length = 0;
    // Four groups of seven bits hold every length that is allowed.
    for shift in [0, 7, 14, 21] {
        length |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(length);
        }
        byte = input.read_u8().await?;
    }
    Err(FrameError::TooLong)
}

/// The frame that carries an event.
pub fn encode_event(event: Event) -> Vec<u8> {
    let envelope = FromPeer {
        magic: MAGIC,
        event: Some(event),
    };
    envelope.encode_length_delimited_to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{Stop, to_peer::Order};

    async fn read(mut input: &[u8]) -> Result<Option<ToPeer>, FrameError> {
        read_order(&mut input).await
    }

    #[tokio::test]
    async fn reads_one_order_after_the_other() {
        let stop = ToPeer {
            magic: MAGIC,
            order: Some(Order::Stop(Stop {})),
        };
        let frame = stop.encode_length_delimited_to_vec();
        let input = [frame.clone(), frame].concat();
        let mut rest = &input[..];
        for _ in 0..2 {
            let order = read_order(&mut rest).await.expect("a frame");
            assert_eq!(order, Some(stop.clone()));
        }
        assert!(matches!(read_order(&mut rest).await, Ok(None)));
    }

    #[tokio::test]
    async fn finds_stray_text_at_its_first_bytes() {
        // `H` declares 72 bytes, and far fewer come.
        assert!(matches!(
            read(b"Hello\n").await,
            Err(FrameError::WrongMagic)
        ));
        assert!(matches!(read(&[0]).await, Err(FrameError::WrongMagic)));
    }

    #[tokio::test]
    async fn limits_the_length() {
        // 8 MiB is allowed, so this one fails only for want of its rest.
        let longest = [0x80, 0x80, 0x80, 0x04, 0x0d, 0x31, 0x4b, 0x43, 0x57];
        assert!(matches!(read(&longest).await, Err(FrameError::Read(_))));
        let longer = [0x81, 0x80, 0x80, 0x04];
        assert!(matches!(read(&longer).await, Err(FrameError::TooLong)));
        assert!(matches!(read(&[0xff; 10]).await, Err(FrameError::TooLong)));
    }
}
