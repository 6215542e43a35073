//! Which bucket a hash belongs to, while the number of buckets changes by one at a time.
//!
//! Linear hashing (Litwin, "Linear Hashing: a new tool for file and table addressing", VLDB 1980): the lowest bits of
//! the hash are the number of the bucket, with one bit less if that bucket does not exist yet. As there, the initial
//! number of buckets, the *base*, need not be one. The highest bits of the lower half then choose one of the initial
//! buckets, the *origin*, and the lowest bits choose one of the buckets that were split off from it.

use super::slot::BucketNo;
use crate::hasher::LowHash;
use std::hint;

/// How many homes there are: the base, doubled some number of times, and a part of the next doubling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Homes {
    pub(super) count: u32,
    /// The bits of the hash that are used. The highest one is used only if the home with it exists...
    pub(super) mask: u32,
    /// ...whose number is larger by this than the number without it.
    pub(super) step: u32,
    pub(super) base: u32,
}

/// The lower half.
#[allow(clippy::cast_possible_truncation, reason = "the lower half is wanted")]
const fn lower(number: u64) -> u32 {
    number as u32
}

impl Homes {
    pub(super) const ONE: Homes = Homes::first(1);

    /// The fewest homes with this base, which is at least one.
    #[inline]
    pub(super) const fn first(base: u32) -> Self {
        Homes::new(base, base)
    }

    /// `count` homes, at least the base.
    #[inline]
    pub(super) const fn new(base: u32, count: u32) -> Self {
        let doubled = (count - 1) / base;
        if doubled == 0 {
            return Homes { count, mask: 0, step: 0, base };
        }
        let mask = u32::MAX >> doubled.leading_zeros();
        Homes { count, mask, step: ((mask >> 1) + 1) * base, base }
    }

    #[inline]
    pub(super) fn count(self) -> u32 {
        self.count
    }

    /// The number of homes at the end of the current doubling.
    pub(super) fn when_doubled(self) -> u32 {
        (self.mask + 1) * self.base
    }

    /// The initial home that the home of a hash was split off from.
    #[inline]
    fn origin(self, hash: LowHash) -> u32 {
        lower((u64::from(hash.bits()) * u64::from(self.base)) >> 32)
    }

    /// The home with this number if it exists. Otherwise the one that it will be split off from.
    #[inline]
    fn existing(self, number: u32) -> BucketNo {
        // Without a branch, which could not be predicted during a doubling.
        BucketNo::new(number.wrapping_sub(hint::select_unpredictable(number < self.count, 0, self.step)))
    }

    /// The home of a hash.
    #[inline]
    pub(super) fn of(self, hash: LowHash) -> BucketNo {
        self.existing((hash.bits() & self.mask) * self.base + self.origin(hash))
    }

    /// Whether a hash belongs to the last home. There must be more homes than the base.
    #[inline]
    pub(super) fn is_newest(self, hash: LowHash) -> bool {
        (hash.bits() & self.mask) * self.base + self.origin(hash) == self.count - 1
    }

    /// With one more home. Also returns the new home, and the one that it is split off from.
    #[inline]
    pub(super) fn one_more(self) -> (Homes, BucketNo, BucketNo) {
        let more = Homes::new(self.base, self.count + 1);
        (more, BucketNo::new(self.count), BucketNo::new(self.count - more.step))
    }

    /// With one home less. Also returns the removed home, and the one that it is merged with. There must be more homes
    /// than the base.
    #[inline]
    pub(super) fn one_less(self) -> (Homes, BucketNo, BucketNo) {
        let gone = self.count - 1;
        (Homes::new(self.base, gone), BucketNo::new(gone), BucketNo::new(gone - self.step))
    }

    /// The rank of a hash: its number in an order in which the hashes of each home are a range. A split divides the
    /// range, and a merge joins two. Hashes are ordered by their origin, and then by their reversed bits.
    pub(super) fn rank(self, hash: LowHash) -> u64 {
        u64::from(self.origin(hash)) << 32 | u64::from(hash.bits().reverse_bits())
    }

    /// The home of the hashes of a rank. `None` after the last rank.
    pub(super) fn at(self, rank: u64) -> Option<BucketNo> {
        let (origin, bits) = (lower(rank >> 32), lower(rank).reverse_bits());
        (origin < self.base).then(|| self.existing((bits & self.mask) * self.base + origin))
    }

    /// The first rank of a home.
    #[inline]
    pub(super) fn begin(self, home: BucketNo) -> u64 {
        let home = home.get();
        u64::from(home % self.base) << 32 | u64::from((home / self.base).reverse_bits())
    }

    /// The rank after the last one of a home.
    pub(super) fn end(self, home: BucketNo) -> u64 {
        let bits = self.mask.count_ones();
        let is_split = home.get() >= self.step || home.get() + self.step < self.count;
        let bits = if self.mask != 0 && !is_split { bits - 1 } else { bits };
        self.begin(home) + (1 << (32 - bits))
    }
}

#[cfg(test)]
mod tests {
    use super::{BucketNo, Homes, LowHash, lower};

    const BASES: [u32; 6] = [1, 2, 3, 7, 16, 31];

    /// Homes after `more` splits.
    fn grown(base: u32, more: u32) -> Homes {
        (0..more).fold(Homes::first(base), |homes, _| homes.one_more().0)
    }

    /// Hashes in which all bits vary, the highest and the lowest most.
    fn hashes() -> impl Iterator<Item = LowHash> {
        (0..1024_u64).map(|n| LowHash::from_bits(lower(n.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_right(7) ^ n)))
    }

    #[test]
    fn the_homes_of_a_doubled_base_are_equally_large() {
        for (base, doublings) in [(1, 4), (3, 3), (5, 2), (16, 0), (21, 1), (31, 2)] {
            let homes = grown(base, (base << doublings) - base);
            assert_eq!((homes.count(), homes.when_doubled()), (base << doublings, base << doublings));
            let mut of_each = vec![0_u32; homes.count() as usize];
            let hashes = 1_u32 << 20;
            for n in 0..hashes {
                of_each[homes.of(LowHash::from_bits(n.wrapping_mul(0x9E37_79B9))).get() as usize] += 1;
            }
            let fair = hashes / homes.count();
            assert!(of_each.iter().all(|&count| count.abs_diff(fair) < fair / 20), "{base} {doublings} {of_each:?}");
        }
    }

    #[test]
    fn growing_and_shrinking_are_inverse() {
        for base in BASES {
            let mut homes = Homes::first(base);
            for _ in 0..200 {
                let (more, new, from) = homes.one_more();
                assert_eq!(more.one_less(), (homes, new, from));
                assert!(from < new);
                for hash in hashes() {
                    let (before, after) = (homes.of(hash), more.of(hash));
                    assert!(after == before || (before == from && after == new), "{homes:?} {hash:?}");
                    assert_eq!(more.is_newest(hash), after == new);
                }
                homes = more;
            }
        }
    }

    #[test]
    fn the_ranks_of_all_homes_are_all_ranks() {
        for base in BASES {
            for more in 0..200 {
                let homes = grown(base, more);
                let (mut rank, mut is_met) = (0, vec![false; homes.count() as usize]);
                while let Some(home) = homes.at(rank) {
                    assert!(!std::mem::replace(&mut is_met[home.get() as usize], true), "{homes:?} {home:?}");
                    assert!(homes.end(home) > rank);
                    rank = homes.end(home);
                }
                assert_eq!(rank, u64::from(base) << 32);
                assert!(is_met.iter().all(|&is_met| is_met));
                for hash in hashes() {
                    let (home, rank) = (homes.of(hash), homes.rank(hash));
                    assert!((homes.begin(home)..homes.end(home)).contains(&rank), "{homes:?} {hash:?}");
                    assert_eq!(homes.at(rank), Some(home));
                }
            }
        }
    }

    /// So the hashes that a walk has met are whole homes at any time.
    #[test]
    fn the_end_of_a_home_stays_an_end_after_splits() {
        for base in BASES {
            let mut homes = Homes::first(base);
            for _ in 0..200 {
                let more = homes.one_more().0;
                for home in BucketNo::FIRST.up_to(BucketNo::new(homes.count())) {
                    let end = homes.end(home);
                    assert_eq!(more.at(end - 1).map(|last| more.end(last)), Some(end), "{homes:?} {home:?}");
                }
                homes = more;
            }
        }
    }
}
