//! Metadata values of names that end in `-bin` (PROTOCOL-HTTP2, "Requests",
//! and gRFC G1 for true binary metadata).

use std::borrow::Cow;

use base64::alphabet;
use base64::engine::{DecodePaddingMode, Engine, GeneralPurpose, GeneralPurposeConfig};
use thiserror::Error;

/// The setting with which a side says that it reads raw bytes behind a NUL
/// (gRFC G1); its value is then 1.
pub const ALLOW_TRUE_BINARY: u16 = 0xfe03;

/// Base64 as RFC 4648, section 4 has it, with or without padding. Bits behind
/// the last byte are ignored: RFC 4648, section 3.5 leaves that to decoders.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// As gRPC asks senders to write it.
const UNPADDED: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_encode_padding(false),
);

/// Why the value of a `-bin` name cannot be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BinError {
    /// A NUL in front, but the receiver did not announce
    /// [`ALLOW_TRUE_BINARY`].
    #[error("true binary metadata, which the receiver did not allow")]
    TrueBinaryNotAllowed,
    /// A byte outside the alphabet. `-` and `_` belong to another one.
    #[error("byte {byte:#04x} at offset {offset} is not of the Base64 alphabet")]
    Byte {
        /// Where in the value.
        offset: usize,
        /// The byte.
        byte: u8,
    },
    /// An item with a length that Base64 cannot have, or wrong padding.
    #[error("the Base64 item at offset {offset} has a wrong length or padding")]
    Length {
        /// Where the item begins in the value.
        offset: usize,
    },
}

/// Decodes the value of a `-bin` name: one value of raw bytes behind a NUL if
/// the receiver allowed that, else Base64 values between commas, padded or not.
///
/// # Errors
/// At the first item that is not Base64.
pub fn decode_bin(value: &[u8], true_binary_allowed: bool) -> Result<Vec<Vec<u8>>, BinError> {
    match value {
        [0, raw @ ..] if true_binary_allowed => Ok(vec![raw.to_vec()]),
        [0, ..] => Err(BinError::TrueBinaryNotAllowed),
        _ => items(value)
            .map(|(offset, item)| decode_item(offset, item))
            .collect(),
    }
}

/// The value of a `-bin` name as text: Base64 as it was sent, and without padding
/// of one that was sent as raw bytes behind a NUL (gRFC G1).
pub fn bin_text(value: &[u8]) -> Cow<'_, str> {
    match value {
        [0, raw @ ..] => UNPADDED.encode(raw).into(),
        _ => String::from_utf8_lossy(value),
    }
}

/// The items between commas with their offsets. White space around a comma is
/// not part of them (RFC 9110, section 5.6.1).
fn items(value: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut offset = 0;
    value.split(|byte| *byte == b',').map(move |item| {
        let start = offset;
        offset += item.len() + 1;
        let blank = item.len() - item.trim_ascii_start().len();
        (start + blank, item.trim_ascii())
    })
}

fn decode_item(offset: usize, item: &[u8]) -> Result<Vec<u8>, BinError> {
    let in_alphabet =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    if let Some(index) = item.iter().position(|byte| !in_alphabet(byte)) {
        return Err(BinError::Byte {
            offset: offset + index,
            byte: item[index],
        });
    }
    // Padding is all there or not at all.
    if item.ends_with(b"=") && !item.len().is_multiple_of(4) {
        return Err(BinError::Length { offset });
    }
    BASE64.decode(item).map_err(|_| BinError::Length { offset })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_bytes_are_told_in_base64() {
        assert_eq!(bin_text(b"\0\xab\xab\xab"), "q6ur");
        assert_eq!(bin_text(b"\0\x01"), "AQ");
        assert_eq!(bin_text(b"AQ=="), "AQ==");
    }

    #[test]
    fn base64_is_decoded_padded_or_not() {
        assert_eq!(
            decode_bin(b"q6urAQ==", false),
            Ok(vec![vec![0xab, 0xab, 0xab, 1]])
        );
        assert_eq!(
            decode_bin(b"q6urAQ", false),
            Ok(vec![vec![0xab, 0xab, 0xab, 1]])
        );
        assert_eq!(decode_bin(b"", false), Ok(vec![vec![]]));
        assert_eq!(decode_bin(b"+/8", true), Ok(vec![vec![0xfb, 0xff]]));
        assert_eq!(
            decode_bin(b"AR", false),
            Ok(vec![vec![1]]),
            "bits behind the last byte"
        );
    }

    #[test]
    fn values_are_split_at_commas() {
        assert_eq!(
            decode_bin(b"AQ,Ag==, Aw", false),
            Ok(vec![vec![1], vec![2], vec![3]])
        );
        assert_eq!(decode_bin(b"AQ,", false), Ok(vec![vec![1], vec![]]));
    }

    #[test]
    fn true_binary_needs_leave() {
        assert_eq!(decode_bin(b"\0a,b\0", true), Ok(vec![b"a,b\0".to_vec()]));
        assert_eq!(decode_bin(b"\0", true), Ok(vec![vec![]]));
        assert_eq!(
            decode_bin(b"\0a", false),
            Err(BinError::TrueBinaryNotAllowed)
        );
    }

    #[test]
    fn what_is_not_base64_is_told_with_its_offset() {
        assert_eq!(
            decode_bin(b"AQ,-_8", false),
            Err(BinError::Byte {
                offset: 3,
                byte: b'-'
            })
        );
        assert_eq!(
            decode_bin(b"AQ, A", false),
            Err(BinError::Length { offset: 4 })
        );
        assert_eq!(
            decode_bin(b"A=Q=", false),
            Err(BinError::Length { offset: 0 })
        );
        assert_eq!(
            decode_bin(b"AQ=", false),
            Err(BinError::Length { offset: 0 })
        );
        assert_eq!(
            decode_bin(b"A Q=", false),
            Err(BinError::Byte {
                offset: 1,
                byte: b' '
            })
        );
    }
}
