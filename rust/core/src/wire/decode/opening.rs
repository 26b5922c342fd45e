//! The first bytes of a direction: HTTP/2, or something else by mistake.

use crate::wire::capture::Direction;
use crate::wire::frame::{FrameHeader, PREFACE};

/// The first bytes of a direction, until it is clear what they are.
#[derive(Debug)]
pub(super) struct Opening {
    direction: Direction,
    bytes: Vec<u8>,
}

/// What the first bytes of a direction are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// HTTP/2. The bytes are the beginning of the first frame.
    Http2(Vec<u8>),
    /// Something else, in a lower-case fragment.
    Foreign(String),
}

impl Opening {
    pub fn new(direction: Direction) -> Self {
        Self {
            direction,
            bytes: Vec::new(),
        }
    }

    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Takes bytes from the front of `input` until there are enough.
    pub fn feed(&mut self, input: &mut &[u8]) -> Option<Verdict> {
        let wanted = self.wanted() - self.bytes.len();
        let (bytes, rest) = input.split_at(input.len().min(wanted));
        *input = rest;
        self.bytes.extend_from_slice(bytes);
        (self.bytes.len() == self.wanted()).then(|| self.judge())
    }

    /// The direction has ended before there were enough bytes. `None` if
    /// those that came could be the beginning of HTTP/2.
    pub fn end(&self) -> Option<Verdict> {
        let possible = match self.direction {
            Direction::ClientToServer => PREFACE.starts_with(&self.bytes),
            Direction::ServerToClient => foreign_protocol(&self.bytes).is_none(),
        };
        (!possible).then(|| self.judge())
    }

    fn wanted(&self) -> usize {
        match self.direction {
            Direction::ClientToServer => PREFACE.len(),
            Direction::ServerToClient => FrameHeader::LEN,
        }
    }

    fn judge(&self) -> Verdict {
        let foreign = foreign_protocol(&self.bytes);
        match (self.direction, foreign) {
            (Direction::ClientToServer, _) if self.bytes == PREFACE => Verdict::Http2(Vec::new()),
            (Direction::ClientToServer, Some(protocol)) => Verdict::Foreign(format!(
                "the client preface is missing: this looks like {protocol}"
            )),
            (Direction::ClientToServer, None) => {
                Verdict::Foreign("the client preface is missing".into())
            }
            (Direction::ServerToClient, Some(protocol)) => Verdict::Foreign(format!(
                "these are no HTTP/2 frames: this looks like {protocol}"
            )),
            (Direction::ServerToClient, None) => Verdict::Http2(self.bytes.clone()),
        }
    }
}

/// A protocol that is met by mistake, by how it begins.
fn foreign_protocol(bytes: &[u8]) -> Option<&'static str> {
    const METHODS: [&[u8]; 9] = [
        b"GET ",
        b"HEAD ",
        b"POST ",
        b"PUT ",
        b"DELETE ",
        b"CONNECT ",
        b"OPTIONS ",
        b"TRACE ",
        b"PATCH ",
    ];
    match bytes {
        // TLS record header: the type, then major version 3.
        [0x16, 0x03, 0x00..=0x04, ..] => Some("a TLS handshake"),
        [0x15, 0x03, 0x00..=0x04, ..] => Some("a TLS alert"),
        [b'H', b'T', b'T', b'P', b'/', b'1', ..] => Some("an HTTP/1.1 response"),
        _ if METHODS.iter().any(|method| bytes.starts_with(method)) => Some("an HTTP/1.1 request"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: Direction = Direction::ClientToServer;
    const SERVER: Direction = Direction::ServerToClient;

    fn judged(direction: Direction, bytes: &[u8]) -> Option<Verdict> {
        let mut opening = Opening::new(direction);
        bytes
            .chunks(1)
            .find_map(|mut byte| opening.feed(&mut byte))
            .or_else(|| opening.end())
    }

    fn foreign(what: &str) -> Option<Verdict> {
        Some(Verdict::Foreign(what.into()))
    }

    #[test]
    fn a_preface_and_a_first_frame_are_http2() {
        assert_eq!(judged(CLIENT, PREFACE), Some(Verdict::Http2(Vec::new())));
        let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
        assert_eq!(
            judged(SERVER, &settings),
            Some(Verdict::Http2(settings.to_vec()))
        );
    }

    #[test]
    fn too_little_is_no_fault() {
        assert_eq!(judged(CLIENT, b""), None);
        assert_eq!(judged(CLIENT, &PREFACE[..23]), None);
        assert_eq!(judged(SERVER, &[0, 0, 0]), None);
    }

    #[test]
    fn other_protocols_are_named() {
        let missing = "the client preface is missing";
        assert_eq!(
            judged(CLIENT, b"GET / HTTP/1.1\r\nHost: x\r\n"),
            foreign(&format!("{missing}: this looks like an HTTP/1.1 request"))
        );
        assert_eq!(
            judged(CLIENT, b"POST /"),
            foreign(&format!("{missing}: this looks like an HTTP/1.1 request"))
        );
        let hello = [0x16, 0x03, 0x01, 0x02, 0x00, 0x01];
        assert_eq!(
            judged(CLIENT, &hello),
            foreign(&format!("{missing}: this looks like a TLS handshake"))
        );
        assert_eq!(
            judged(CLIENT, b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"),
            foreign(missing)
        );
        let alert = [0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28];
        let no_frames = "these are no HTTP/2 frames";
        assert_eq!(
            judged(SERVER, &alert),
            foreign(&format!("{no_frames}: this looks like a TLS alert"))
        );
        assert_eq!(
            judged(SERVER, b"HTTP/1.1 400 Bad Request"),
            foreign(&format!(
                "{no_frames}: this looks like an HTTP/1.1 response"
            ))
        );
    }
}
