//! Cuts the bytes of one direction into frames, as they come and without
//! copying them (RFC 9113, section 4.1).

use super::frame::FrameHeader;

/// Finds frames in bytes that come in pieces of any size.
#[derive(Debug, Default)]
pub struct Framer {
    header: [u8; FrameHeader::LEN],
    header_bytes: usize,
    /// Payload bytes of the frame under way that did not come yet.
    missing: Option<u32>,
}

/// What comes next in the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token<'a> {
    /// The header of a frame is whole.
    Header(FrameHeader),
    /// Bytes of the payload, at least one.
    Payload(&'a [u8]),
    /// The payload is whole.
    End,
}

impl Framer {
    /// Takes the next token from the front of `input`, or `None` when `input`
    /// is used up and more is needed.
    pub fn next<'a>(&mut self, input: &mut &'a [u8]) -> Option<Token<'a>> {
        match self.missing {
            None => self.next_header(input),
            Some(0) => {
                self.missing = None;
                Some(Token::End)
            }
            Some(_) if input.is_empty() => None,
            Some(missing) => {
                let (payload, rest) = input.split_at(input.len().min(missing as usize));
                *input = rest;
                self.missing = Some(missing - payload.len() as u32);
                Some(Token::Payload(payload))
            }
        }
    }

    /// The octets of a frame header of which the rest did not come yet.
    pub fn partial_header(&self) -> &[u8] {
        &self.header[..self.header_bytes]
    }

    fn next_header(&mut self, input: &mut &[u8]) -> Option<Token<'static>> {
        let wanted = FrameHeader::LEN - self.header_bytes;
        let (bytes, rest) = input.split_at(input.len().min(wanted));
        *input = rest;
        self.header[self.header_bytes..][..bytes.len()].copy_from_slice(bytes);
        self.header_bytes += bytes.len();
        if self.header_bytes < FrameHeader::LEN {
            return None;
        }
        self.header_bytes = 0;
        let header = FrameHeader::parse(&self.header);
        self.missing = Some(header.length);
        Some(Token::Header(header))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tokens of all pieces, payloads that touch joined.
    fn tokens(pieces: &[&[u8]]) -> Vec<String> {
        let mut framer = Framer::default();
        let mut payload = Vec::new();
        let mut found = Vec::new();
        for piece in pieces {
            let mut input = *piece;
            while let Some(token) = framer.next(&mut input) {
                match token {
                    Token::Header(header) => {
                        found.push(format!("{} at {}", header.length, header.stream))
                    }
                    Token::Payload(bytes) => payload.extend_from_slice(bytes),
                    Token::End => found.push(format!("{:?}", std::mem::take(&mut payload))),
                }
            }
            assert!(input.is_empty(), "all input is used up");
        }
        found
    }

    #[test]
    fn frames_are_found_however_the_bytes_are_split() {
        let bytes = [
            &[0, 0, 3, 0, 0, 0, 0, 0, 1, 7, 8, 9][..],
            &[0, 0, 0, 4, 1, 0, 0, 0, 0],
            &[0, 0, 1, 0xfa, 0, 0, 0, 0, 3, 5],
        ]
        .concat();
        let expected = ["3 at 1", "[7, 8, 9]", "0 at 0", "[]", "1 at 3", "[5]"];
        assert_eq!(tokens(&[&bytes]), expected);
        assert_eq!(tokens(&bytes.chunks(1).collect::<Vec<_>>()), expected);
        for at in 0..bytes.len() {
            let (head, tail) = bytes.split_at(at);
            assert_eq!(tokens(&[head, tail]), expected, "split at {at}");
        }
    }
}
