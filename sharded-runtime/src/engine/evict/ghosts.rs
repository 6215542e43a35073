//! Keys that were evicted not long ago, by a few bits of their hashes: what [`Adaptive`](super::Adaptive) and [`S3Fifo`](super::S3Fifo)
//! remember of them.

use crate::{
    hasher::{GOLDEN, LowHash},
    memory::arena::Heap,
    memory::chunked::Chunked,
};

/// Ghosts of a bucket.
pub(super) const WAYS: usize = 8;

/// Ghosts of a bucket from each on.
const LEFT: [i16; WAYS] = [8, 7, 6, 5, 4, 3, 2, 1];
const LEFT_BITS: u32 = WAYS.ilog2();

/// More than the age of any ghost: that of none.
const NONE: u16 = 255;

/// A bucket: 10 bits of the hash that are never zero, and the tick of the last use, halved, modulo 64. Zero is none.
type Bucket = [u16; WAYS];

/// Ghosts of a shard for each of its entries, at most: twice as many as a full map has, since its shards are not equally full.
const PER_ENTRY: usize = 3;

/// The ghosts of a shard. Their memory grows by a bucket with each insert, and only as far as the shard's entries go: a map that is far from full
/// remembers little, as it evicts nothing.
#[derive(Debug, Default)]
pub(super) struct Ghosts {
    stored: Chunked<Bucket>,
    buckets: u32,
}

/// What is known about a key that is missing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Haunting {
    /// The age of its ghost, in ticks.
    pub(super) age: Option<u16>,
    /// Ghosts of its bucket that are younger than was asked for.
    pub(super) young: u32,
}

/// The number of the bucket of a hash, and what its ghost is known by.
#[allow(clippy::cast_possible_truncation, reason = "both are in range")]
fn home(hash: LowHash, buckets: u32) -> (usize, u16) {
    let spread = u64::from(hash.bits()).wrapping_mul(GOLDEN);
    let bucket = ((spread >> 32) * u64::from(buckets)) >> 32;
    let print = 1 + (((spread >> 12 & 0xffff) * 1023) >> 16);
    (bucket as usize, print as u16)
}

fn age(ghost: u16, tick: u64) -> u16 {
    (half(tick).wrapping_sub(ghost) & 63) << 1
}

#[allow(clippy::cast_possible_truncation, reason = "six bits are kept")]
fn half(tick: u64) -> u16 {
    (tick >> 1) as u16 & 63
}

impl Ghosts {
    pub(super) fn new(heap: &Heap, buckets: u32) -> Self {
        Ghosts { stored: Chunked::new(heap), buckets }
    }

    pub(super) fn part(&self, index: usize) -> Option<(usize, usize)> {
        self.stored.part(index)
    }

    /// How many there may be.
    pub(super) fn slots(&self) -> u64 {
        u64::from(self.buckets) * WAYS as u64
    }

    /// Buckets that there is memory for, at most, in a shard of so many entries.
    fn most_stored(&self, entries: u32) -> usize {
        (self.buckets as usize).min(entries as usize * PER_ENTRY / WAYS + 1)
    }

    /// Makes memory for one bucket more, if a shard of so many entries may have one more.
    pub(super) fn grow(&mut self, entries: u32) {
        if self.stored.len() < self.most_stored(entries) {
            self.stored.reach(self.stored.len());
        }
    }

    /// Gives back the memory that a shard of so many entries may not have.
    pub(super) fn shrink(&mut self, entries: u32) {
        let most = self.most_stored(entries);
        if self.stored.len() > most {
            self.stored.truncate(most);
        }
    }

    /// Has there be so many buckets. (The ghosts then are in the wrong ones, where nobody finds them; they grow old.)
    pub(super) fn resize(&mut self, buckets: u32) {
        self.buckets = buckets;
        self.stored.truncate(buckets as usize);
    }

    /// Has there be as many ghosts as entries, or twice as many.
    pub(super) fn fit(&mut self, entries: usize) {
        let slots = self.buckets as usize * WAYS;
        if entries > slots {
            self.resize((self.buckets * 2).max(1));
        } else if entries < slots / 4 && self.buckets > 1 {
            self.resize(self.buckets / 2);
        }
    }

    /// Has the processor fetch what is looked at for this hash.
    pub(super) fn prefetch(&self, hash: LowHash) {
        self.stored.prefetch(home(hash, self.buckets).0);
    }

    // No branches in the loops, so that all of a bucket is looked at at once. What is compared has no sign, and no use for the bit of it: without SSE4.1
    // only signed numbers can be compared at once.

    /// Looks for the ghost of a key, and takes it. Ghosts of fewer ticks are young.
    pub(super) fn take(&mut self, hash: LowHash, tick: u64, young: u16) -> Haunting {
        let (bucket, print) = home(hash, self.buckets);
        if bucket >= self.stored.len() {
            return Haunting { age: None, young: 0 };
        }
        let ghosts = &mut self.stored[bucket];
        let (mut is_young, mut ways_left) = (0, 0);
        for (ghost, left) in ghosts.iter().zip(LEFT) {
            is_young += i16::from(*ghost != 0) & i16::from(age(*ghost, tick) < young);
            ways_left = ways_left.max(if *ghost >> 6 == print { left } else { 0 });
        }
        let found = ghosts.get_mut(WAYS - usize::from(ways_left.unsigned_abs()));
        let age = found.map(|ghost| age(std::mem::take(ghost), tick));
        Haunting { age, young: is_young.unsigned_abs().into() }
    }

    /// Remembers a key that was last used so many ticks ago, in place of the one that is gone for longest.
    pub(super) fn put(&mut self, hash: LowHash, tick: u64, ticks_ago: u16) {
        let (bucket, print) = home(hash, self.buckets);
        if bucket >= self.stored.len() {
            return;
        }
        let ghosts = &mut self.stored[bucket];
        let mut oldest = 0;
        for (ghost, left) in ghosts.iter().zip(LEFT) {
            let age = if *ghost == 0 { NONE } else { age(*ghost, tick) };
            oldest = oldest.max((age << LEFT_BITS).cast_signed() | (left - 1));
        }
        let left = usize::from(oldest.unsigned_abs()) % WAYS;
        ghosts[WAYS - 1 - left] = print << 6 | half(tick.saturating_sub(u64::from(ticks_ago)));
    }
}
