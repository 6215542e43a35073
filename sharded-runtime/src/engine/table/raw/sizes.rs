//! How many homes a table begins with, and how full it gets before it grows.
//!
//! The number of homes doubles, so the load varies by a factor of two, and the final load of a table is a matter of
//! chance. But if a capacity says how many entries there will be, the base is chosen so that the tables of a full map
//! have the highest load.

use super::{layout::Layout, shape::Shape};
use crate::{
    Policy,
    evict::{Eviction, InAdvance},
};

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

/// The most buckets behind the last home of a table that takes its memory in advance. The displaced entries of a chain
/// that ends there lie in them.
const BEHIND: u32 = 32;

/// The sizes of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sizes {
    /// The number of homes that is doubled.
    pub(super) base: u32,
    /// The final number of homes, if known.
    last: Option<u32>,
    /// Whether the table begins with the final number of homes, and never has fewer.
    in_advance: bool,
}

impl Sizes {
    const UNKNOWN: Sizes = Sizes { base: 1, last: None, in_advance: false };

    /// The sizes of a table for this many entries, if known. See [`begun_with`](Sizes::begun_with) for `in_advance`.
    pub(super) fn for_entries<K, V, P: Policy>(entries: Option<usize>, in_advance: bool) -> Self {
        match entries {
            Some(entries) if P::Eviction::BOUNDED => {
                Self::new(entries, Layout::<K, V, P>::SLOTS).begun_with(in_advance)
            }
            _ => Self::UNKNOWN,
        }
    }

    /// The same sizes, for a table that takes its memory in advance or not.
    fn begun_with(self, in_advance: bool) -> Self {
        Sizes { in_advance: in_advance && self.last.is_some(), ..self }
    }

    pub(super) fn is_in_advance(self) -> bool {
        self.in_advance
    }

    /// The fewest homes, with which the table begins.
    pub(super) fn least(self) -> u32 {
        self.last.filter(|_| self.in_advance).unwrap_or(self.base)
    }

    /// The fewest buckets with memory of a table that takes it in advance, or zero. A chunk has `2^classes` buckets.
    pub(super) fn least_buckets(self, classes: u32) -> u32 {
        if !self.in_advance {
            return 0;
        }
        let least = self.least() + self.least().min(BEHIND);
        // Below a chunk there is one block, whose size is a power of two.
        if least <= 1 << classes { least.next_power_of_two() } else { least.next_multiple_of(1 << classes) }
    }

    fn new(entries: usize, slots: usize) -> Self {
        let homes = (entries as u128 * 32).div_ceil((slots * FULL_AT_LAST) as u128);
        let Some(homes) = u32::try_from(homes).ok().filter(|&homes| homes <= MAX_BUCKETS / 2) else {
            return Self::UNKNOWN;
        };
        let bits = u32::BITS - homes.leading_zeros();
        let doublings = bits.saturating_sub(BASE_BITS).max(LEAST_DOUBLINGS);
        let base = homes.div_ceil(1 << doublings).max(1);
        Sizes { base, last: Some(base << doublings), in_advance: false }
    }

    /// The load at which a table with this many homes begins to double, in 32nds.
    pub(super) fn full(self, homes: u32) -> usize {
        if self.last == Some(homes) { FULL_AT_LAST } else { FULL }
    }
}

impl Shape {
    /// The size of a table for this many entries that takes its memory in advance. `None` if there are no numbers for
    /// so many.
    pub(crate) fn in_advance(&self, entries: usize) -> Option<InAdvance> {
        let sizes = Sizes::new(entries, self.slots).begun_with(true);
        let buckets = sizes.least_buckets(self.arena.classes);
        sizes.in_advance.then(|| InAdvance { buckets, slots: buckets << self.slot_bits })
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
    fn a_table_in_advance_begins_with_its_last_size() {
        for slots in [1, 7, 15] {
            for entries in (0..3_000).chain((3_000..2_000_000).step_by(9973)) {
                let grown = Sizes::new(entries, slots);
                let sizes = grown.begun_with(true);
                assert_eq!((Some(sizes.least()), grown.least()), (grown.last, grown.base));
                for classes in [0, 3, 7] {
                    let buckets = sizes.least_buckets(classes);
                    assert!(buckets > sizes.least() && buckets.is_multiple_of(1 << buckets.ilog2().min(classes)));
                    assert_eq!(grown.least_buckets(classes), 0);
                }
            }
        }
        assert!(!Sizes::UNKNOWN.begun_with(true).is_in_advance());
    }

    #[test]
    fn sizes_beyond_the_numbering_are_not_planned() {
        assert_eq!(Sizes::new(usize::MAX, 1), Sizes::UNKNOWN);
        assert_eq!(Sizes::new(1 << 60, 15), Sizes::UNKNOWN);
    }
}
