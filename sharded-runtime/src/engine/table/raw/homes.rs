//! Which bucket a hash belongs to, while their number changes by one at a time.
//!
//! Linear hashing (Litwin, "Linear Hashing: a new tool for file and table addressing", VLDB 1980): the lowest bits of
//! the hash say the bucket, one bit less where that bucket does not exist yet. As there, the number of buckets to begin
//! with, the *base*, need not be one: then the highest bits of the lower half say which of the base it is, and the
//! lowest bits which of those that have come of it.

use super::slot::BucketNo;
use crate::hasher::LowHash;
use std::hint;

/// How many homes there are: the base, doubled so many times, and some on the way to the next doubling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Homes {
    pub(super) count: u32,
    /// The bits of the hash that count, the highest of them only where that home exists...
    pub(super) mask: u32,
    /// ...which is so many homes further than the one that it comes of.
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

    /// As few as there may be with this base, which is at least one.
    #[inline]
    pub(super) const fn first(base: u32) -> Self {
        Homes::new(base, base)
    }

    /// So many, at least the base.
    #[inline]
    const fn new(base: u32, count: u32) -> Self {
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

    /// As many as there are when the doubling that is under way is done.
    pub(super) fn when_doubled(self) -> u32 {
        (self.mask + 1) * self.base
    }

    /// Which of the base a hash comes from.
    #[inline]
    fn origin(self, hash: LowHash) -> u32 {
        lower((u64::from(hash.bits()) * u64::from(self.base)) >> 32)
    }

    /// The home with this number if it exists already; otherwise the one that it will come of.
    #[inline]
    fn existing(self, number: u32) -> BucketNo {
        // Without a branch: while the number of homes is on its way to the double, nobody could predict it.
        BucketNo::new(number.wrapping_sub(hint::select_unpredictable(number < self.count, 0, self.step)))
    }

    /// The home of a hash.
    #[inline]
    pub(super) fn of(self, hash: LowHash) -> BucketNo {
        self.existing((hash.bits() & self.mask) * self.base + self.origin(hash))
    }

    /// Whether a hash belongs to the home with the largest number, of more than the base.
    #[inline]
    pub(super) fn is_newest(self, hash: LowHash) -> bool {
        (hash.bits() & self.mask) * self.base + self.origin(hash) == self.count - 1
    }

    /// With one more: the new home, and the one that it takes entries from.
    #[inline]
    pub(super) fn one_more(self) -> (Homes, BucketNo, BucketNo) {
        let more = Homes::new(self.base, self.count + 1);
        (more, BucketNo::new(self.count), BucketNo::new(self.count - more.step))
    }

    /// With one less, of more than the base: the home that is gone, and the one that its entries go to.
    #[inline]
    pub(super) fn one_less(self) -> (Homes, BucketNo, BucketNo) {
        let gone = self.count - 1;
        (Homes::new(self.base, gone), BucketNo::new(gone), BucketNo::new(gone - self.step))
    }

    /// Where a hash lies in an order in which the hashes of each home are a range, which is cut in two by a split and
    /// put together by a merge: by origin, then by the bits, read with the lowest first.
    pub(super) fn place(self, hash: LowHash) -> u64 {
        u64::from(self.origin(hash)) << 32 | u64::from(hash.bits().reverse_bits())
    }

    /// The home of the hashes at a place; `None` behind the last.
    pub(super) fn at(self, place: u64) -> Option<BucketNo> {
        let (origin, bits) = (lower(place >> 32), lower(place).reverse_bits());
        (origin < self.base).then(|| self.existing((bits & self.mask) * self.base + origin))
    }

    /// The first place of a home.
    #[inline]
    pub(super) fn begin(self, home: BucketNo) -> u64 {
        let home = home.get();
        u64::from(home % self.base) << 32 | u64::from((home / self.base).reverse_bits())
    }

    /// The place behind those of a home.
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

    /// Homes that have grown so far.
    fn grown(base: u32, more: u32) -> Homes {
        (0..more).fold(Homes::first(base), |homes, _| homes.one_more().0)
    }

    /// All bits vary, the highest and the lowest most.
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
    fn more_and_less_are_each_others_opposite() {
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
    fn the_places_of_all_homes_are_all_places() {
        for base in BASES {
            for more in 0..200 {
                let homes = grown(base, more);
                let (mut place, mut is_met) = (0, vec![false; homes.count() as usize]);
                while let Some(home) = homes.at(place) {
                    assert!(!std::mem::replace(&mut is_met[home.get() as usize], true), "{homes:?} {home:?}");
                    assert!(homes.end(home) > place);
                    place = homes.end(home);
                }
                assert_eq!(place, u64::from(base) << 32);
                assert!(is_met.iter().all(|&is_met| is_met));
                for hash in hashes() {
                    let (home, place) = (homes.of(hash), homes.place(hash));
                    assert!((homes.begin(home)..homes.end(home)).contains(&place), "{homes:?} {hash:?}");
                    assert_eq!(homes.at(place), Some(home));
                }
            }
        }
    }

    /// So a walk has met whole homes wherever it goes on, and meets the rest.
    #[test]
    fn where_a_home_ends_one_ends_after_splits_too() {
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
