//! Finds the frames in one direction of a connection by their headers alone.

use wirecheck_core::wire::capture::Direction;
use wirecheck_core::wire::frame::{FrameHeader, PREFACE};

/// What the scanner came upon. Offsets count the bytes of the direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// The header of the frame that begins at this offset is complete.
    Begun(u64, FrameHeader),
    /// The last byte of the frame has come.
    Whole(FrameHeader),
}

/// Follows one direction, whatever the pieces in which it comes.
pub(super) struct Scanner {
    /// Bytes seen so far.
    offset: u64,
    state: State,
}

enum State {
    /// In the client's preface, after this many bytes of it.
    Preface(usize),
    /// In a header, of which this many bytes have come.
    Header([u8; FrameHeader::LEN], usize),
    /// In a payload, of which this many bytes are to come.
    Payload(FrameHeader, u32),
    /// Not HTTP/2: there are no frames to find.
    Opaque,
}

const NEXT_HEADER: State = State::Header([0; FrameHeader::LEN], 0);

impl Scanner {
    pub(super) fn new(direction: Direction) -> Self {
        let state = match direction {
            Direction::ClientToServer => State::Preface(0),
            Direction::ServerToClient => NEXT_HEADER,
        };
        Self { offset: 0, state }
    }

    /// Takes the bytes that came next and tells what they complete.
    pub(super) fn feed(&mut self, mut bytes: &[u8], mut tell: impl FnMut(Mark)) {
        while !bytes.is_empty() {
            let taken = self.step(bytes, &mut tell);
            self.offset += taken as u64;
            bytes = &bytes[taken..];
        }
    }

    /// Where the header begins of which only a part has come, and otherwise
    /// the number of bytes seen.
    pub(super) fn settled(&self) -> u64 {
        match self.state {
            State::Header(_, have) => self.offset - have as u64,
            _ => self.offset,
        }
    }

    /// Takes what belongs to the present state; how many bytes that was.
    fn step(&mut self, bytes: &[u8], tell: &mut impl FnMut(Mark)) -> usize {
        match &mut self.state {
            State::Preface(have) => {
                let taken = bytes.len().min(PREFACE.len() - *have);
                if PREFACE[*have..][..taken] != bytes[..taken] {
                    self.state = State::Opaque;
                } else if *have + taken == PREFACE.len() {
                    self.state = NEXT_HEADER;
                } else {
                    *have += taken;
                }
                taken
            }
            State::Header(header, have) => {
                let taken = bytes.len().min(FrameHeader::LEN - *have);
                header[*have..][..taken].copy_from_slice(&bytes[..taken]);
                let began = self.offset - *have as u64;
                *have += taken;
                if *have == FrameHeader::LEN {
                    let header = FrameHeader::parse(header);
                    tell(Mark::Begun(began, header));
                    self.enter_payload(header, header.length, tell);
                }
                taken
            }
            State::Payload(header, left) => {
                let header = *header;
                let taken = bytes.len().min(*left as usize);
                let left = *left - taken as u32;
                self.enter_payload(header, left, tell);
                taken
            }
            State::Opaque => bytes.len(),
        }
    }

    fn enter_payload(&mut self, header: FrameHeader, left: u32, tell: &mut impl FnMut(Mark)) {
        if left > 0 {
            self.state = State::Payload(header, left);
        } else {
            tell(Mark::Whole(header));
            self.state = NEXT_HEADER;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
        let mut frame = (payload.len() as u32).to_be_bytes()[1..].to_vec();
        frame.extend([kind, 0]);
        frame.extend(stream.to_be_bytes());
        frame.extend(payload);
        frame
    }

    fn marks(direction: Direction, pieces: &[&[u8]]) -> Vec<Mark> {
        let mut scanner = Scanner::new(direction);
        let mut marks = Vec::new();
        for piece in pieces {
            scanner.feed(piece, |mark| marks.push(mark));
        }
        marks
    }

    #[test]
    fn the_same_frames_are_found_whatever_the_pieces() {
        let frames = [frame(4, 0, b""), frame(0, 1, b"message"), frame(1, 1, b"x")];
        let bytes = [PREFACE.to_vec(), frames.concat()].concat();
        let whole = marks(Direction::ClientToServer, &[&bytes]);
        let begun: Vec<u64> = whole
            .iter()
            .filter_map(|mark| match mark {
                Mark::Begun(offset, _) => Some(*offset),
                Mark::Whole(_) => None,
            })
            .collect();
        assert_eq!(begun, [24, 33, 49]);
        assert_eq!(whole.len(), 6);
        for size in 1..bytes.len() {
            let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
            assert_eq!(marks(Direction::ClientToServer, &pieces), whole);
        }
    }

    #[test]
    fn a_client_that_does_not_greet_sends_no_frames() {
        let bytes = frame(4, 0, b"");
        assert_eq!(marks(Direction::ClientToServer, &[&bytes]), []);
        assert_eq!(marks(Direction::ServerToClient, &[&bytes]).len(), 2);
    }

    #[test]
    fn only_a_part_of_a_header_is_unsettled() {
        let mut scanner = Scanner::new(Direction::ServerToClient);
        let settled: Vec<u64> = frame(0, 1, b"ab")
            .iter()
            .map(|byte| {
                scanner.feed(&[*byte], |_| {});
                scanner.settled()
            })
            .collect();
        assert_eq!(settled, [0, 0, 0, 0, 0, 0, 0, 0, 9, 10, 11]);
    }
}
