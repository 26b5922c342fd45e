//! The ways in which this rewrite can be made to differ from the old service.

use std::collections::BTreeSet;
use std::fmt;

use clap::ValueEnum;

/// One way to differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Kind {
    /// `Receipt.points` is left out when it is 0.
    DefaultLeftOut,
    /// `SaveDraft` loses the fields that its schema lacks.
    UnknownFieldLost,
    /// `Receipt.delivery` is a letter for a parcel, and a parcel for a letter.
    EnumValue,
    /// `GetOrder` answers UNKNOWN, not NOT_FOUND.
    StatusCode,
    /// `CheckOrder` refuses without saying which field is wrong.
    ErrorDetails,
    /// `ListOrders` tells the number of orders as `x-orders-total`.
    MetadataKey,
    /// `ListOrders` sends its orders the other way round.
    StreamOrder,
    /// `Receipt.thanks` ends with a space.
    TrailingWhitespace,
}

/// All that are planted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Planted(BTreeSet<Kind>);

/// A seed picks no more than this many, and at least one.
const MOST: u64 = 5;

impl Planted {
    /// What a seed picks, the same in every run.
    pub fn by_seed(seed: u64) -> Self {
        let mut random = Random(seed);
        let count = 1 + random.below(MOST);
        let mut left = Kind::value_variants().to_vec();
        (0..count)
            .map(|_| left.swap_remove(random.below(left.len() as u64) as usize))
            .collect()
    }

    /// Whether this is one of them.
    pub fn has(&self, kind: Kind) -> bool {
        self.0.contains(&kind)
    }
}

impl FromIterator<Kind> for Planted {
    fn from_iter<I: IntoIterator<Item = Kind>>(kinds: I) -> Self {
        Self(kinds.into_iter().collect())
    }
}

/// One a line, by the names that `--planted` takes.
impl fmt::Display for Planted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.iter().filter_map(ValueEnum::to_possible_value);
        names
            .into_iter()
            .try_for_each(|name| writeln!(f, "{}", name.get_name()))
    }
}

/// SplitMix64, which is enough to pick from a list and needs no crate.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEEDS: std::ops::Range<u64> = 0..1_000;

    #[test]
    fn a_seed_picks_one_to_five_and_always_the_same() {
        let counts: BTreeSet<usize> = SEEDS
            .map(|seed| {
                let planted = Planted::by_seed(seed);
                assert_eq!(planted, Planted::by_seed(seed));
                planted.0.len()
            })
            .collect();
        assert_eq!(counts, BTreeSet::from([1, 2, 3, 4, 5]));
    }

    #[test]
    fn every_kind_is_picked_by_some_seed_alone() {
        let alone: BTreeSet<Kind> = SEEDS
            .map(Planted::by_seed)
            .filter(|planted| planted.0.len() == 1)
            .flat_map(|planted| planted.0)
            .collect();
        assert_eq!(alone.len(), Kind::value_variants().len());
    }
}
