//! Frames of the contract, read and written without any of its checks.

use std::io::{self, Read};

use prost::Message;

/// The bytes of a frame.
pub fn encode(envelope: &impl Message) -> Vec<u8> {
    envelope.encode_length_delimited_to_vec()
}

/// The next envelope; `None` at the end of the input.
pub fn read<M: Message + Default>(input: &mut impl Read) -> io::Result<Option<M>> {
    let Some(length) = read_length(input)? else {
        return Ok(None);
    };
    let mut envelope = vec![0; length];
    input.read_exact(&mut envelope)?;
    M::decode(envelope.as_slice())
        .map(Some)
        .map_err(io::Error::other)
}

fn read_length(input: &mut impl Read) -> io::Result<Option<usize>> {
    let mut varint = Vec::new();
    let mut byte = [0];
    while varint.last().is_none_or(|last| last & 0x80 != 0) {
        if input.read(&mut byte)? == 0 {
            return Ok(None);
        }
        varint.push(byte[0]);
    }
    prost::decode_length_delimiter(varint.as_slice())
        .map(Some)
        .map_err(io::Error::other)
}
