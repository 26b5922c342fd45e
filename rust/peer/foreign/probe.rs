//! What an address speaks, from its answer to the first bytes of HTTP/2.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use wirecheck_core::wire::frame::FrameHeader;

use super::ready::connect;
use crate::peer::fault::PeerFault;
use crate::tap::Endpoint;

/// How long an address may take to answer a connection preface. A server on
/// loopback does within a millisecond.
const LIMIT: Duration = Duration::from_secs(3);
/// The client's connection preface with an empty SETTINGS frame (RFC 9113,
/// section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
/// SETTINGS, which a server must send first.
const SETTINGS: u8 = 0x04;

/// Checks that an address answers as HTTP/2 servers do.
pub(super) async fn speaks_http2(address: &Endpoint) -> Result<(), PeerFault> {
    let spoken = match tokio::time::timeout(LIMIT, answer(address)).await {
        Ok(Ok(first)) => recognized(&first),
        Ok(Err(error)) => Some(format!("nothing: {error}")),
        Err(_) => Some(format!("nothing within {} s", LIMIT.as_secs())),
    };
    match spoken {
        None => Ok(()),
        Some(what) => Err(PeerFault::Speaks {
            address: address.to_string(),
            what,
        }),
    }
}

/// Whether anything comes back from an address.
pub(super) async fn is_answered(address: &Endpoint) -> bool {
    let answered = tokio::time::timeout(LIMIT, answer(address)).await;
    matches!(answered, Ok(Ok(first)) if !first.is_empty())
}

/// The first bytes that come back, as many as a frame header has.
async fn answer(address: &Endpoint) -> std::io::Result<Vec<u8>> {
    let mut stream = connect(address).await?;
    stream.write_all(PREFACE).await?;
    let mut first = Vec::new();
    while first.len() < FrameHeader::LEN {
        let mut buffer = [0; FrameHeader::LEN];
        match stream.read(&mut buffer).await {
            Ok(0) => break,
            Ok(read) => first.extend_from_slice(&buffer[..read]),
            // Some close with a reset what they do not understand.
            Err(_) if !first.is_empty() => break,
            Err(error) => return Err(error),
        }
    }
    Ok(first)
}

/// What was spoken, if it was not HTTP/2.
fn recognized(first: &[u8]) -> Option<String> {
    let frame = first.first_chunk().map(FrameHeader::parse);
    if frame.is_some_and(|frame| frame.kind == SETTINGS && frame.stream == 0) {
        return None;
    }
    Some(match first {
        [] => "nothing: it closed the connection".into(),
        // A TLS record: an alert, or a handshake (RFC 8446, section 5.1).
        [0x15 | 0x16, 0x03, ..] => "TLS".into(),
        [b'H', b'T', b'T', b'P', b'/', b'1', ..] => "HTTP/1.1".into(),
        other => format!("bytes that are no HTTP/2: \"{}\"", other.escape_ascii()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_spoken_is_named() {
        assert_eq!(recognized(b"\0\0\x12\x04\0\0\0\0\0"), None);
        assert_eq!(recognized(b"HTTP/1.1 "), Some("HTTP/1.1".into()));
        assert_eq!(
            recognized(b"\x15\x03\x01\0\x02\x02\x16"),
            Some("TLS".into())
        );
        assert!(recognized(b"").is_some_and(|what| what.contains("closed")));
        assert!(recognized(b"220 mail ").is_some_and(|what| what.contains("220 mail")));
    }
}
