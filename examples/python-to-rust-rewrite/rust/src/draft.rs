//! A draft that keeps what its schema lacks.
//!
//! The service in Python hands unknown fields on, because its runtime does;
//! prost reads past them. So `Draft` is a message by hand: the known fields are
//! prost's, all others are kept as they came, and are written behind them.

use bytes::{Buf, BufMut};
use prost::encoding::{DecodeContext, WireType, encode_key, skip_field};
use prost::{DecodeError, Message};

/// The message `shop.orders.v1.Draft`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Draft {
    known: Known,
    /// Tags and values, as they are on the wire.
    unknown: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct Known {
    #[prost(string, tag = "1")]
    title: String,
    #[prost(string, tag = "2")]
    body: String,
    #[prost(uint64, tag = "3")]
    revision: u64,
}

const LAST_KNOWN_TAG: u32 = 3;

impl Draft {
    /// The same draft, one revision on.
    pub fn revised(mut self) -> Self {
        self.known.revision = self.known.revision.wrapping_add(1);
        self
    }

    /// The same draft, as prost alone would have it.
    pub fn without_unknown_fields(self) -> Self {
        Self {
            unknown: Vec::new(),
            ..self
        }
    }
}

impl Message for Draft {
    fn encode_raw(&self, buf: &mut impl BufMut) {
        self.known.encode_raw(buf);
        buf.put_slice(&self.unknown);
    }

    fn merge_field(
        &mut self,
        tag: u32,
        wire_type: WireType,
        buf: &mut impl Buf,
        ctx: DecodeContext,
    ) -> Result<(), DecodeError> {
        if tag <= LAST_KNOWN_TAG {
            return self.known.merge_field(tag, wire_type, buf, ctx);
        }
        encode_key(tag, wire_type, &mut self.unknown);
        let copy = &mut self.unknown;
        skip_field(wire_type, tag, &mut Copying { buf, copy }, ctx)
    }

    fn encoded_len(&self) -> usize {
        self.known.encoded_len() + self.unknown.len()
    }

    fn clear(&mut self) {
        *self = Self::default();
    }
}

/// Copies what is read through it, so that reading past a field keeps it.
struct Copying<'a, B> {
    buf: &'a mut B,
    copy: &'a mut Vec<u8>,
}

impl<B: Buf> Buf for Copying<'_, B> {
    fn remaining(&self) -> usize {
        self.buf.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.buf.chunk()
    }

    fn advance(&mut self, count: usize) {
        self.copy.put((&mut *self.buf).take(count));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_fields_of_every_wire_type_come_back_behind_the_known_ones() {
        let unknown: [&[u8]; 5] = [
            b"\x20\x96\x01",                         // 4: varint 150
            b"\x29\x01\x02\x03\x04\x05\x06\x07\x08", // 5: 64 bits
            b"\x7a\x05candy",                        // 15: bytes
            b"\x83\x01\x08\x01\x84\x01",             // 16: a group with one field
            b"\x8d\x01\x01\x02\x03\x04",             // 17: 32 bits
        ];
        let known = b"\x0a\x01T";
        let sent = [&unknown[..2].concat()[..], known, &unknown[2..].concat()].concat();
        let draft = Draft::decode(sent.as_slice()).expect("unknown fields are legal");
        let back = draft.encode_to_vec();
        assert_eq!(back, [known, &unknown.concat()[..]].concat());
        assert_eq!(back.len(), draft.encoded_len());
        assert_eq!(draft.without_unknown_fields().encode_to_vec(), known);
    }

    #[test]
    fn a_field_that_is_cut_short_is_an_error() {
        assert!(Draft::decode(b"\x7a\x05can".as_slice()).is_err());
    }
}
