//! Values that break a grammar, the same in every run.

/// A generator of numbers (Knuth's multiplicative congruence), which need not
/// be good ones.
pub struct Random(u64);

impl Random {
    /// One for each purpose, so that a change of one leaves the others alone.
    pub fn of(purpose: &str) -> Self {
        let seed = purpose
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
        Self(seed | 1)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % bound
    }

    pub fn of_these<'a, T: ?Sized>(&mut self, these: &[&'a T]) -> &'a T {
        these[self.below(these.len())]
    }

    /// So many octets out of a set.
    pub fn octets(&mut self, from: &[u8], count: usize) -> Vec<u8> {
        (0..count).map(|_| from[self.below(from.len())]).collect()
    }

    /// A word of lower-case letters.
    pub fn word(&mut self) -> Vec<u8> {
        let count = 3 + self.below(8);
        self.octets(b"abcdefghijklmnopqrstuvwxyz", count)
    }

    /// A word with one octet of a set somewhere inside.
    pub fn word_with(&mut self, of: &[u8]) -> Vec<u8> {
        let mut word = self.word();
        let at = 1 + self.below(word.len() - 1);
        word.insert(at, of[self.below(of.len())]);
        word
    }
}
