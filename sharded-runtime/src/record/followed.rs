//! The followed keys: every use of them is recorded.
//!
//! One in 256 keys at first. Whenever there is no more room for their uses, half of the keys are dropped along with
//! their uses, as long as enough of the keys that a cache holds remain. After that, no key is followed. So a popular
//! key among them does not slow the program for as long as it is recorded. (Sampling keys by their hash at a falling
//! rate is SHARDS: Waldspurger, Park, Garthwaite, Ahmad, "Efficient MRC Construction with SHARDS", FAST 2015. There the
//! number of keys is bounded, here that of uses.)

use crate::hasher::KeyHash;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

/// The first of the bits that are zero in the hash of a followed key. They affect neither the shard nor, mostly, the
/// bucket.
const FROM: u32 = 24;
/// The initial number of these bits.
const FIRST: u32 = 8;
/// The most of these bits.
const MOST: u32 = 16;
/// The number of these bits at which no key is followed.
const CLOSED: u64 = u64::MAX;
/// The least number of followed keys among those that a cache can hold.
const LEAST_HELD: usize = 256;

/// The keys that are followed.
#[derive(Debug)]
pub(super) struct Followed {
    zeros: AtomicU64,
    /// The rank of the keys that are dropped last.
    last: AtomicU32,
}

impl Followed {
    pub(super) const fn new() -> Self {
        Followed { zeros: AtomicU64::new(zeros(FIRST)), last: AtomicU32::new(MOST) }
    }

    /// Follows keys of a map with this capacity.
    pub(super) fn start(&self, capacity: Option<usize>) {
        let halvings = capacity.map_or(MOST, |capacity| (capacity / LEAST_HELD).max(1).ilog2());
        self.last.store(halvings.clamp(FIRST, MOST), Relaxed);
        self.zeros.store(zeros(FIRST), Relaxed);
    }

    /// Whether the uses of a key of this hash are recorded.
    #[inline]
    pub(super) fn has(&self, hash: KeyHash) -> bool {
        hash.bits() & self.zeros.load(Relaxed) == 0
    }

    /// The least [`rank`] of keys whose uses were all recorded. That is one key in two to the power of the rank.
    pub(super) fn least_rank(&self) -> u32 {
        self.zeros.load(Relaxed).count_ones().min(self.last.load(Relaxed))
    }

    /// Drops half of the keys that have at least this rank, because there is no room for more uses of them.
    pub(super) fn halve(&self, rank: u32) {
        let fewer = if rank < self.last.load(Relaxed) { zeros(rank + 1) } else { CLOSED };
        // If this fails, another thread has done it.
        let _ = self.zeros.compare_exchange(zeros(rank), fewer, Relaxed, Relaxed);
    }
}

const fn zeros(bits: u32) -> u64 {
    ((1 << bits) - 1) << FROM
}

/// The number of halvings after which a key of this hash is still followed, at most [`MOST`].
pub(super) fn rank(hash: KeyHash) -> u8 {
    let zeros = (hash.bits() >> FROM).trailing_zeros().min(MOST);
    u8::try_from(zeros).unwrap_or(u8::MAX)
}
