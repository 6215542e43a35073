//! Which bucket a hash belongs to, while their number changes by one at a time.
//!
//! Linear hashing (Litwin, "Linear Hashing: a new tool for file and table addressing", VLDB 1980): the lowest bits of the hash say
//! the bucket, one bit less where that bucket does not exist yet.

use std::hint;

/// How many homes there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Homes {
    pub(super) count: u32,
    /// All bits that a home's number has...
    pub(super) mask: u32,
    /// ...but the highest.
    pub(super) half: u32,
}

impl Homes {
    pub(super) const ONE: Homes = Homes::new(1);

    /// So many, at least one.
    #[inline]
    const fn new(count: u32) -> Self {
        let mask = if count == 1 { 0 } else { u32::MAX >> (count - 1).leading_zeros() };
        Homes { count, mask, half: mask >> 1 }
    }

    #[inline]
    pub(super) fn count(self) -> u32 {
        self.count
    }

    /// The home of a hash.
    #[inline]
    pub(super) fn of(self, hash: u64) -> u32 {
        #[allow(clippy::cast_possible_truncation, reason = "the lowest bits are wanted")]
        let hash = hash as u32;
        // Without a branch: while the number of homes is on its way from one power of two to the next, nobody could predict it.
        hash & hint::select_unpredictable(hash & self.mask < self.count, self.mask, self.half)
    }

    /// Whether a hash belongs to the home with the largest number, of at least two.
    #[inline]
    pub(super) fn is_newest(self, hash: u64) -> bool {
        #[allow(clippy::cast_possible_truncation, reason = "the lowest bits are wanted")]
        let number = hash as u32 & self.mask;
        number == self.count - 1
    }

    /// With one more: the new home, and the one that it takes entries from.
    #[inline]
    pub(super) fn one_more(self) -> (Homes, u32, u32) {
        let new = self.count;
        let more = Homes::new(new + 1);
        (more, new, self.of(u64::from(new)))
    }

    /// With one less: the home that is gone, and the one that its entries go to.
    #[inline]
    pub(super) fn one_less(self) -> (Homes, u32, u32) {
        let gone = self.count - 1;
        let less = Homes::new(gone);
        (less, gone, less.of(u64::from(gone)))
    }

    /// Where the hashes of a home lie among all hashes, these read with their lowest bit first: a range, which is cut in two
    /// by a split and put together by a merge.
    pub(super) fn range(self, home: u32) -> (u32, u64) {
        let half = self.mask.wrapping_add(1) >> 1;
        let bits = self.mask.count_ones();
        let bits = if self.mask != 0 && home < half && home + half >= self.count { bits - 1 } else { bits };
        (home.reverse_bits(), u64::from(home.reverse_bits()) + (1 << (32 - bits)))
    }
}

#[cfg(test)]
mod tests {
    use super::Homes;

    #[test]
    fn more_and_less_are_each_others_opposite() {
        let mut homes = Homes::ONE;
        for _ in 0..300 {
            let (more, new, from) = homes.one_more();
            assert_eq!(more.one_less(), (homes, new, from));
            assert!(from < new);
            for hash in 0..4096_u64 {
                let (before, after) = (homes.of(hash), more.of(hash));
                assert!(after == before || (before == from && after == new), "{homes:?} {hash}");
            }
            homes = more;
        }
    }

    #[test]
    fn the_ranges_of_all_homes_are_all_hashes() {
        let mut homes = Homes::ONE;
        for _ in 0..100 {
            let mut ranges: Vec<_> = (0..homes.count()).map(|home| homes.range(home)).collect();
            ranges.sort_unstable();
            let mut next = 0;
            for (begin, end) in ranges {
                assert_eq!(u64::from(begin), next);
                next = end;
            }
            assert_eq!(next, 1 << 32);
            for hash in [0, 1, 77, 0xdead_beef, 0x8000_0000, 0xffff_ffff_u32] {
                let (begin, end) = homes.range(homes.of(u64::from(hash)));
                assert!((u64::from(begin)..end).contains(&u64::from(hash.reverse_bits())), "{homes:?} {hash}");
            }
            homes = homes.one_more().0;
        }
    }
}
