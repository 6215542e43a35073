//! Ghosts: a few bits of the hashes of recently evicted keys, for [`Adaptive`](super::Adaptive) and
//! [`S3Fifo`](super::S3Fifo).

use crate::{
    hasher::{GOLDEN, LowHash},
    memory::arena::Heap,
    memory::chunked::Chunked,
};

/// Ghosts of a bucket.
pub(super) const WAYS: usize = 8;
/// The bits of a ghost: above these, a fingerprint of the hash, which is never zero; in these, the tick of the last
/// use, halved, modulo 64.
const TICK_BITS: u32 = 6;
const TICK: u16 = (1 << TICK_BITS) - 1;
const FINGERPRINTS: u64 = 1 << (u16::BITS - TICK_BITS);

/// A queue: the latest ghost comes first, and the last one falls out. Zero is no ghost.
#[derive(Debug, Default)]
#[repr(align(16))] // The processor compares all ghosts at once.
struct Bucket([u16; WAYS]);

/// The most ghosts of a shard per entry: twice as many as a full map has, since its shards are not equally full.
const PER_ENTRY: usize = 3;

/// The ghosts of a shard. Their memory grows by a bucket per insert, up to a size in proportion to the entries of the
/// shard: a map that is far from full evicts nothing.
#[derive(Debug, Default)]
pub(super) struct Ghosts {
    stored: Chunked<Bucket>,
    buckets: u32,
    /// Whether all buckets are stored from the beginning.
    keeps_all: bool,
}

/// What the ghosts say about an absent key.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Haunting {
    /// The ticks since its last use, if it is a ghost.
    pub(super) age: Option<u16>,
    /// How many ghosts of the sample are younger than the given age.
    pub(super) young: u32,
}

/// The number of the bucket of a hash, and its fingerprint.
#[allow(clippy::cast_possible_truncation, reason = "both are in range")]
fn home(hash: LowHash, buckets: u32) -> (usize, u16) {
    let spread = u64::from(hash.bits()).wrapping_mul(GOLDEN);
    let bucket = ((spread >> 32) * u64::from(buckets)) >> 32;
    let print = 1 + (((spread >> 12 & 0xffff) * (FINGERPRINTS - 1)) >> 16);
    (bucket as usize, print as u16)
}

#[allow(clippy::cast_possible_truncation, reason = "six bits are kept")]
fn half(tick: u64) -> u16 {
    (tick >> 1) as u16 & TICK
}

/// The ticks since the last use of a ghost, if it is one.
fn age(ghost: u16, tick: u64) -> Option<u16> {
    (ghost != 0).then(|| (half(tick).wrapping_sub(ghost) & TICK) << 1)
}

impl Bucket {
    /// The ghost with this fingerprint.
    #[inline]
    fn find(&self, print: u16) -> Option<usize> {
        // No way has the lowest bit: if one had it, the compiler would not compare all ways at once.
        let mut found = 0u16;
        for (way, ghost) in self.0.iter().enumerate() {
            found |= u16::from(ghost >> TICK_BITS == print) << (way + 1);
        }
        (found != 0).then(|| found.trailing_zeros() as usize - 1)
    }

    fn push(&mut self, ghost: u16) {
        self.0.copy_within(..WAYS - 1, 1);
        self.0[0] = ghost;
    }

    fn remove(&mut self, way: usize) -> u16 {
        let ghost = self.0[way];
        self.0.copy_within(way + 1.., way);
        self.0[WAYS - 1] = 0;
        ghost
    }
}

impl Ghosts {
    pub(super) fn new(heap: &Heap, buckets: u32) -> Self {
        Ghosts { stored: Chunked::new(heap), buckets, keeps_all: false }
    }

    /// Takes the memory of all buckets now, and keeps it. The number of buckets must not be
    /// [changed](Ghosts::resize) later.
    pub(super) fn keep_all(&mut self) {
        self.keeps_all = true;
        self.stored.grow_to(self.buckets as usize);
    }

    pub(super) fn part(&self, index: usize) -> Option<(usize, usize)> {
        self.stored.part(index)
    }

    /// The most ghosts that there may be.
    pub(super) fn slots(&self) -> u64 {
        u64::from(self.buckets) * WAYS as u64
    }

    /// The most buckets that a shard with this many entries stores.
    fn most_stored(&self, entries: u32) -> usize {
        (self.buckets as usize).min(entries as usize * PER_ENTRY / WAYS + 1)
    }

    /// Adds a bucket, if a shard with this many entries may have one more.
    pub(super) fn grow(&mut self, entries: u32) {
        let stored = self.stored.len();
        if stored < self.buckets as usize && stored < self.most_stored(entries) {
            self.stored.reach(stored);
        }
    }

    /// Gives back the memory that a shard with this many entries may not have.
    pub(super) fn shrink(&mut self, entries: u32) {
        let most = self.most_stored(entries);
        if self.stored.len() > most && !self.keeps_all {
            self.stored.truncate(most);
        }
    }

    /// Changes the number of buckets. This forgets most ghosts: they are then in wrong buckets, where no search finds
    /// them.
    pub(super) fn resize(&mut self, buckets: u32) {
        self.buckets = buckets;
        self.stored.truncate(buckets as usize);
    }

    /// Changes the number of buckets so that there may be one or two ghosts per entry.
    pub(super) fn fit(&mut self, entries: usize) {
        let slots = self.buckets as usize * WAYS;
        if entries > slots {
            self.resize((self.buckets * 2).max(1));
        } else if entries < slots / 4 && self.buckets > 1 {
            self.resize(self.buckets / 2);
        }
    }

    /// Removes the ghost of a key, if there is one. Counts the ghosts that are younger than `younger_than`, in a sample
    /// of `sample` ghosts.
    pub(super) fn take(&mut self, hash: LowHash, tick: u64, younger_than: u16, sample: u32) -> Haunting {
        let (index, print) = home(hash, self.buckets);
        let Some(bucket) = self.stored.get_mut(index) else { return Haunting::default() };
        let mut young = 0;
        for way in 0..sample {
            let ghost = bucket.0[hash.bits().wrapping_add(way) as usize % WAYS];
            young += u32::from(age(ghost, tick).is_some_and(|age| age < younger_than));
        }
        let age = bucket.find(print).and_then(|way| age(bucket.remove(way), tick));
        Haunting { age, young }
    }

    /// Remembers a key that was last used `ticks_ago`.
    pub(super) fn put(&mut self, hash: LowHash, tick: u64, ticks_ago: u16) {
        let (index, print) = home(hash, self.buckets);
        if let Some(bucket) = self.stored.get_mut(index) {
            bucket.push(print << TICK_BITS | half(tick.saturating_sub(ticks_ago.into())));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Ghosts, LowHash};
    use crate::{hasher::KeyHash, memory::arena::Heap};

    fn low(key: u64) -> LowHash {
        KeyHash::from_bits(key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20).low()
    }

    #[test]
    fn a_ghost_is_found_once() {
        let mut ghosts = Ghosts::new(&Heap::default(), 50);
        (0..50).for_each(|_| ghosts.grow(1000));
        for n in 0..100 {
            ghosts.put(low(n), 40, 8);
        }
        let found = (0..100).filter(|&n| ghosts.take(low(n), 60, 20, 0).age == Some(28)).count();
        assert!(found > 90, "{found}");
        assert!((0..100).all(|n| ghosts.take(low(n), 60, 20, 0).age.is_none()));
        // The oldest one makes room, and one that was taken leaves room for another.
        let mut ghosts = Ghosts::new(&Heap::default(), 1);
        ghosts.grow(1000);
        (0..9).for_each(|n| ghosts.put(low(n), 40 + 2 * n, 0));
        assert_eq!(ghosts.take(low(0), 60, 20, 0).age, None);
        assert_eq!(ghosts.take(low(4), 60, 20, 0).age, Some(12));
        ghosts.put(low(9), 58, 0);
        assert_eq!([1, 8, 9].map(|n| ghosts.take(low(n), 60, 20, 0).age), [Some(18), Some(4), Some(2)]);
    }

    #[test]
    fn ghosts_are_sampled() {
        let mut ghosts = Ghosts::new(&Heap::default(), 1);
        ghosts.grow(1000);
        (0..4).for_each(|n| ghosts.put(low(n), 40 + 2 * n, 0));
        let young = |ghosts: &mut Ghosts, sample| {
            (800..808).map(|hash| ghosts.take(LowHash::from_bits(hash), 60, 18, sample).young).sum::<u32>()
        };
        // Of the four that are 20, 18, 16 and 14 ticks old.
        assert_eq!([1, 2, 8].map(|sample| young(&mut ghosts, sample)), [2, 4, 16]);
    }
}
