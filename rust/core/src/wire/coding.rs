//! The codings of messages: what `grpc-encoding` names and the Compressed-Flag
//! says of each message (gRPC over HTTP2, "Requests"; gRPC Compression).

use std::borrow::Cow;
use std::io::{self, Read};

use flate2::bufread::{GzDecoder, ZlibDecoder};
use sha2::{Digest, Sha256};

use super::exchange::{Half, Message};

/// The most bytes that a message is decompressed to, 64 MiB. Some bytes of a
/// hostile peer could become a thousand times as many.
pub const MOST_DECOMPRESSED: u64 = 64 << 20;

/// How much of a decompressed message is kept in [`Content::head`], 64 KiB: as
/// much as of one that came uncompressed.
const HEAD: usize = 64 * 1024;

/// A message as it was before it was compressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content<'a> {
    /// The first bytes.
    pub head: Cow<'a, [u8]>,
    /// Bytes in all.
    pub length: u64,
    /// SHA-256 of all bytes, if they are known.
    pub sha256: Option<[u8; 32]>,
}

/// Why a message cannot be decompressed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodingError {
    /// Its flag is 1, and no coding is named.
    #[error("no `grpc-encoding` says how to read it")]
    NotNamed,
    /// Wirecheck does not know the coding.
    #[error("Wirecheck cannot read the coding `{0}`")]
    Unknown(String),
    /// Not all of it was kept.
    #[error("only the first {0} bytes of it were kept")]
    Cut(usize),
    /// It becomes longer than Wirecheck follows.
    #[error("it has more than {MOST_DECOMPRESSED} bytes when decompressed")]
    TooLong,
    /// The bytes are not what the coding says.
    #[error("it is no {coding}: {why}")]
    Broken {
        /// The coding.
        coding: &'static str,
        /// What is wrong, in the decoder's words.
        why: String,
    },
    /// Behind the end of the compressed data there are more bytes.
    #[error("{count} bytes stand behind the end of the {coding} data")]
    Trailing {
        /// The coding.
        coding: &'static str,
        /// How many.
        count: usize,
    },
}

impl CodingError {
    /// The bytes prove that the sender did wrong; anything else is a limit of
    /// ours, or told by another rule.
    pub fn is_senders(&self) -> bool {
        matches!(self, Self::Broken { .. } | Self::Trailing { .. })
    }
}

/// A message of this half as it was before it was compressed, which is itself
/// if its flag is 0.
///
/// # Errors
///
/// See [`CodingError`].
pub fn content<'a>(half: &Half, message: &'a Message) -> Result<Content<'a>, CodingError> {
    if message.flag == 0 {
        return Ok(Content {
            head: Cow::Borrowed(&message.head),
            length: message.length.into(),
            sha256: message.sha256,
        });
    }
    if message.head.len() as u64 != u64::from(message.length) {
        return Err(CodingError::Cut(message.head.len()));
    }
    let coding = half.initial().and_then(|list| list.get("grpc-encoding"));
    let coding = coding.ok_or(CodingError::NotNamed)?;
    decompress(&coding.value, &message.head)
}

fn decompress<'a>(coding: &[u8], bytes: &[u8]) -> Result<Content<'a>, CodingError> {
    match coding {
        b"gzip" => {
            let mut decoder = GzDecoder::new(bytes);
            let content = read("gzip", &mut decoder)?;
            ended("gzip", decoder.into_inner(), content)
        }
        // RFC 1950, with a header and a checksum around DEFLATE.
        b"deflate" => {
            let mut decoder = ZlibDecoder::new(bytes);
            let content = read("deflate", &mut decoder)?;
            ended("deflate", decoder.into_inner(), content)
        }
        b"identity" => Err(CodingError::NotNamed),
        other => {
            let name = String::from_utf8_lossy(other).into_owned();
            Err(CodingError::Unknown(name))
        }
    }
}

/// Reads to the end, keeps the beginning and hashes everything.
fn read<'a>(coding: &'static str, decoder: &mut impl Read) -> Result<Content<'a>, CodingError> {
    let broken = |error: io::Error| CodingError::Broken {
        coding,
        why: error.to_string(),
    };
    let mut head = Vec::new();
    let mut length = 0_u64;
    let mut hash = Sha256::new();
    let mut block = vec![0; 16 * 1024];
    loop {
        let count = decoder.read(&mut block).map_err(broken)?;
        if count == 0 {
            break;
        }
        length += count as u64;
        if length > MOST_DECOMPRESSED {
            return Err(CodingError::TooLong);
        }
        hash.update(&block[..count]);
        let room = HEAD - head.len();
        head.extend_from_slice(&block[..count.min(room)]);
    }
    Ok(Content {
        head: Cow::Owned(head),
        length,
        sha256: Some(hash.finalize().into()),
    })
}

/// A message is one stream of its coding: nothing follows it.
fn ended<'a>(
    coding: &'static str,
    rest: &[u8],
    content: Content<'a>,
) -> Result<Content<'a>, CodingError> {
    match rest.len() {
        0 => Ok(content),
        count => Err(CodingError::Trailing { coding, count }),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{GzEncoder, ZlibEncoder};

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).expect("room");
        encoder.finish().expect("room")
    }

    fn head(coding: &str, bytes: &[u8]) -> Result<Vec<u8>, CodingError> {
        decompress(coding.as_bytes(), bytes).map(|content| content.head.into_owned())
    }

    #[test]
    fn gzip_and_deflate_are_read() {
        assert_eq!(head("gzip", &gzip(b"Hello")), Ok(b"Hello".to_vec()));
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(b"Hello").expect("room");
        let zlib = encoder.finish().expect("room");
        assert_eq!(head("deflate", &zlib), Ok(b"Hello".to_vec()));
    }

    #[test]
    fn a_long_message_is_kept_in_part_and_known_in_full() {
        let long = vec![7; 300_000];
        let content = decompress(b"gzip", &gzip(&long)).expect("gzip");
        assert_eq!(content.length, 300_000);
        assert_eq!(content.head.len(), HEAD);
        assert_eq!(content.sha256, Some(Sha256::digest(&long).into()));
    }

    #[test]
    fn a_bomb_is_not_followed() {
        let bomb = gzip(&vec![0; MOST_DECOMPRESSED as usize + 1]);
        assert_eq!(head("gzip", &bomb), Err(CodingError::TooLong));
    }

    #[test]
    fn what_is_wrong_with_the_bytes_is_the_senders() {
        let good = gzip(b"Hello");
        let cut = head("gzip", &good[..good.len() - 8]).expect_err("no checksum");
        let mut changed = good.clone();
        *changed.last_mut().expect("bytes") ^= 1;
        let changed = head("gzip", &changed).expect_err("a wrong length");
        let behind = head("gzip", &[good, vec![0; 3]].concat()).expect_err("more");
        assert_eq!(
            behind,
            CodingError::Trailing {
                coding: "gzip",
                count: 3
            }
        );
        for error in [cut, changed, behind] {
            assert!(error.is_senders(), "{error}");
        }
    }

    #[test]
    fn what_is_not_known_is_nobodys_fault() {
        let unknown = head("snappy", b"").expect_err("not known");
        assert_eq!(
            unknown.to_string(),
            "Wirecheck cannot read the coding `snappy`"
        );
        assert!(!unknown.is_senders());
    }
}
