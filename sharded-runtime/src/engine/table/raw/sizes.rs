//! How many homes a table begins with, and how full it gets before there are more.
//!
//! The number of homes doubles, so the share of slots that are taken swings, and where a table ends in that swing is
//! chance. Not so where a capacity says how many entries there will be: then the base that is doubled is chosen so that
//! a full map ends where its tables are as full as they may be.

use super::layout::Layout;
use crate::{Policy, evict::Eviction};

/// The most buckets that can be numbered.
pub(super) const MAX_BUCKETS: u32 = 1 << 28;

/// A table begins to double when this share of its slots is taken, in 32nds...
const FULL: usize = 22;
/// ...and is done when this share of those that it had is: the fuller a bucket is the more is displaced, and a bucket
/// that waits for its split gets fuller. Between the two there is one split for about three inserts.
pub(super) const FULLEST: usize = 28;
/// It halves when only this share is taken.
pub(super) const SPARSE: usize = 6;
/// What is as large as it is ever to be begins to double later: gaps are filled in such tables, so chains are short
/// even then.
const FULL_AT_LAST: usize = 26;

/// A table has at most this share of the homes to begin with that it has at last, as a power of two.
const LEAST_DOUBLINGS: u32 = 4;
/// Bits of the base: with more, a table is nearer to the size that it should have at last, and larger to begin with.
const BASE_BITS: u32 = 5;

/// The sizes of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sizes {
    /// The homes that it begins with, and which are doubled.
    pub(super) base: u32,
    /// The homes that it is to have at last, if that is known.
    last: Option<u32>,
}

impl Sizes {
    const UNKNOWN: Sizes = Sizes { base: 1, last: None };

    /// Of a table that is to have room for so many entries, if that is known.
    pub(super) fn for_entries<K, V, P: Policy>(entries: Option<usize>) -> Self {
        match entries {
            Some(entries) if P::Eviction::BOUNDED => Self::new(entries, Layout::<K, V, P>::SLOTS),
            _ => Self::UNKNOWN,
        }
    }

    fn new(entries: usize, slots: usize) -> Self {
        let homes = (entries as u128 * 32).div_ceil((slots * FULL_AT_LAST) as u128);
        let Some(homes) = u32::try_from(homes).ok().filter(|&homes| homes <= MAX_BUCKETS / 2) else {
            return Self::UNKNOWN;
        };
        let bits = u32::BITS - homes.leading_zeros();
        let doublings = bits.saturating_sub(BASE_BITS).max(LEAST_DOUBLINGS);
        let base = homes.div_ceil(1 << doublings).max(1);
        Sizes { base, last: Some(base << doublings) }
    }

    /// How full a table with so many homes gets before it doubles, in 32nds.
    pub(super) fn full(self, homes: u32) -> usize {
        if self.last == Some(homes) { FULL_AT_LAST } else { FULL }
    }
}

#[cfg(test)]
mod tests {
    use super::Sizes;

    #[test]
    fn the_last_size_is_dense_and_the_first_is_small() {
        for slots in [1, 7, 15] {
            for entries in (0..20_000).chain((20_000..2_000_000).step_by(997)) {
                let sizes = Sizes::new(entries, slots);
                let last = sizes.last.expect("there are not that many") as usize;
                let most = last * slots * sizes.full(sizes.last.unwrap_or(0)) / 32;
                assert!(most >= entries, "{entries} in {slots}: {sizes:?}");
                assert!(sizes.base as usize * 16 <= last);
                // A size less would not do, nor would one with fewer doublings to make.
                assert!(last <= 16 || (last * 15 / 16 - 16) * slots * 26 / 32 < entries, "{entries}: {sizes:?}");
            }
        }
    }

    #[test]
    fn what_can_not_be_numbered_is_not_planned_for() {
        assert_eq!(Sizes::new(usize::MAX, 1), Sizes::UNKNOWN);
        assert_eq!(Sizes::new(1 << 60, 15), Sizes::UNKNOWN);
    }
}
