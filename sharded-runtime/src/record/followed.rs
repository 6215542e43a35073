//! Which keys have every use noted.
//!
//! One in 256 at first. Where there is no more room for their uses it is half of them from then on, and what is kept of the others is let go;
//! and so on while enough of what a cache holds is among them, and then no more. So a popular key that happens to be among them doesn't slow
//! the program for as long as it is recorded.
//! (Sampling keys by their hash at a falling rate is SHARDS: Waldspurger, Park, Garthwaite, Ahmad, "Efficient MRC Construction with SHARDS",
//! FAST 2015. There the number of keys is bounded, here that of uses.)

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

/// The bits of the hash that are zero for keys that are followed say neither the shard nor, mostly, the place in the table.
const FROM: u32 = 24;
/// So many of them at first, and never more than that.
const FIRST: u32 = 8;
const MOST: u32 = 16;
/// No key.
const CLOSED: u64 = u64::MAX;
/// So many of the keys that a cache can hold are to be among them.
const LEAST_HELD: usize = 256;

/// The keys that are followed.
#[derive(Debug)]
pub(super) struct Followed {
    zeros: AtomicU64,
    /// The rank of those that are followed to the end.
    last: AtomicU32,
}

impl Followed {
    pub(super) const fn new() -> Self {
        Followed { zeros: AtomicU64::new(zeros(FIRST)), last: AtomicU32::new(MOST) }
    }

    /// Follows the keys of a map that holds so many of them at most.
    pub(super) fn start(&self, capacity: Option<usize>) {
        let halvings = capacity.map_or(MOST, |capacity| (capacity / LEAST_HELD).max(1).ilog2());
        self.last.store(halvings.clamp(FIRST, MOST), Relaxed);
        self.zeros.store(zeros(FIRST), Relaxed);
    }

    /// Whether the uses of a key of this hash are noted.
    #[inline]
    pub(super) fn has(&self, hash: u64) -> bool {
        hash & self.zeros.load(Relaxed) == 0
    }

    /// Keys of at least this [`rank`] are those of which all uses were noted: one in two to the power of it.
    pub(super) fn least_rank(&self) -> u32 {
        self.zeros.load(Relaxed).count_ones().min(self.last.load(Relaxed))
    }

    /// There is no room for more uses of keys of this rank and above.
    pub(super) fn halve(&self, rank: u32) {
        let fewer = if rank < self.last.load(Relaxed) { zeros(rank + 1) } else { CLOSED };
        // Someone else has done so if this fails.
        let _ = self.zeros.compare_exchange(zeros(rank), fewer, Relaxed, Relaxed);
    }
}

const fn zeros(bits: u32) -> u64 {
    ((1 << bits) - 1) << FROM
}

/// How long keys of such a hash are followed: as long as any from [`MOST`] on.
pub(super) fn rank(hash: u64) -> u8 {
    let zeros = (hash >> FROM).trailing_zeros().min(MOST);
    u8::try_from(zeros).unwrap_or(u8::MAX)
}
