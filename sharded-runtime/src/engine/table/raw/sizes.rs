//! How many homes a table begins with, and how full it gets before it grows.
//!
//! The number of homes doubles, so the load varies by a factor of two, and the final load of a table is a matter of
//! chance. But if a capacity says how many entries there will be, the base is chosen so that the tables of a full map
//! have the highest load.

use super::layout::Layout;
use crate::{Policy, evict::Eviction};

/// The most buckets of a table.
pub(super) const MAX_BUCKETS: u32 = 1 << 28;

/// A table begins to double at this load, in 32nds...
const FULL: usize = 22;
/// ...and has doubled when the entries are this share of its former slots. Fuller buckets have more displaced entries,
/// and buckets get fuller while they wait for their split. Between the two loads there is one split for about three
/// inserts.
pub(super) const FULLEST: usize = 28;
/// It halves at this load.
pub(super) const SPARSE: usize = 6;
/// A table that has its final size begins to double at this load. Gaps are filled in such tables, so chains stay short.
const FULL_AT_LAST: usize = 26;

/// The least number of doublings from the first size to the final one.
const LEAST_DOUBLINGS: u32 = 4;
/// Bits of the base. With more bits the final size is more precise, but a table begins larger.
const BASE_BITS: u32 = 5;

/// The sizes of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sizes {
    /// The number of homes at the beginning, which doubles.
    pub(super) base: u32,
    /// The final number of homes, if known.
    last: Option<u32>,
}

impl Sizes {
    const UNKNOWN: Sizes = Sizes { base: 1, last: None };

    /// The sizes of a table for this many entries, if known.
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

    /// The load at which a table with this many homes begins to double, in 32nds.
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
                // No smaller size would have room.
                assert!(last <= 16 || (last * 15 / 16 - 16) * slots * 26 / 32 < entries, "{entries}: {sizes:?}");
            }
        }
    }

    #[test]
    fn sizes_beyond_the_numbering_are_not_planned() {
        assert_eq!(Sizes::new(usize::MAX, 1), Sizes::UNKNOWN);
        assert_eq!(Sizes::new(1 << 60, 15), Sizes::UNKNOWN);
    }
}
