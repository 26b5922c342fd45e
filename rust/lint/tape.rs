//! The newest bytes of one direction, to be shown.

use std::ops::Range;

use crate::report::lint::Excerpt;

/// Bytes that are kept of a direction.
const KEPT: usize = 16 * 1024;
/// The most bytes that are shown of one place.
pub(super) const SHOWN: usize = 64;

/// Bytes from an offset on.
#[derive(Debug, Default)]
pub(super) struct Tape {
    start: u64,
    bytes: Vec<u8>,
}

impl Tape {
    /// Adds what came next.
    pub fn push(&mut self, bytes: &[u8]) {
        let kept = &bytes[bytes.len().saturating_sub(KEPT)..];
        if kept.len() < bytes.len() {
            self.skip((bytes.len() - kept.len()) as u64);
        }
        self.bytes.extend_from_slice(kept);
        // Twice as much, so that bytes are seldom moved.
        if self.bytes.len() > 2 * KEPT {
            let old = self.bytes.len() - KEPT;
            self.bytes.drain(..old);
            self.start += old as u64;
        }
    }

    /// Bytes came that cannot be shown.
    pub fn skip(&mut self, bytes: u64) {
        self.start += self.bytes.len() as u64 + bytes;
        self.bytes.clear();
    }

    /// What lies at `range`, or its beginning, if it is still there.
    pub fn at(&self, range: &Range<u64>) -> Option<Excerpt> {
        let from = usize::try_from(range.start.checked_sub(self.start)?).ok()?;
        let wanted = (range.end - range.start).min(SHOWN as u64) as usize;
        let bytes = self.bytes.get(from..from.checked_add(wanted)?)?;
        (!bytes.is_empty()).then(|| Excerpt {
            offset: range.start,
            bytes: bytes.to_vec(),
            length: range.end - range.start,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_bytes_are_there_by_their_offsets() {
        let mut tape = Tape::default();
        for n in 0..10u8 {
            tape.push(&[n; 10_000]);
        }
        assert_eq!(tape.at(&(0..5)), None);
        let found = tape.at(&(99_990..100_000)).expect("the newest");
        assert_eq!((found.offset, found.bytes), (99_990, vec![9; 10]));
        assert_eq!(tape.at(&(99_999..100_001)), None, "not all came");
        tape.push(&[7; 100_000]);
        assert_eq!(tape.at(&(199_999..200_000)).expect("it").bytes, [7]);
        tape.skip(5);
        tape.push(b"x");
        assert_eq!(tape.at(&(200_005..200_006)).expect("it").bytes, b"x");
        assert!(tape.bytes.len() <= 3 * KEPT);
    }

    #[test]
    fn only_the_beginning_of_a_long_place_is_shown() {
        let mut tape = Tape::default();
        tape.push(&[1; 1_000]);
        let found = tape.at(&(10..1_000)).expect("a place");
        assert_eq!((found.bytes.len(), found.length), (SHOWN, 990));
    }
}
