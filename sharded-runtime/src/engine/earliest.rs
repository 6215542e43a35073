//! Lower bounds of deadlines: of each shard, and of the whole map.

use crate::memory::sync::unmodelled::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

/// Shards of which one call looks at the bounds at most, for each that it searches.
const MOST_LOOKED_AT: usize = 256;

// Sequential consistency throughout. A shard's bound is lowered before those of the map are. The walk lowers `passed` for each shard that it
// passes. At its end it raises `earliest` to `passed` and then looks at `passed` once more. So of an entry that comes meanwhile, either the walk sees the bound of
// the shard, or it sees `passed` lowered, or `earliest` is lowered after it was raised.

/// No entry of a shard expires before. Written by the holder of the exclusive lock.
#[derive(Debug)]
pub(crate) struct Earliest(AtomicU64);

impl Default for Earliest {
    fn default() -> Self {
        Earliest(AtomicU64::new(u64::MAX))
    }
}

impl Earliest {
    pub(crate) fn set(&self, deadline: u64) {
        self.0.store(deadline, SeqCst);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(SeqCst)
    }
}

/// The walk around all shards in search of expired entries.
#[derive(Debug)]
pub(crate) struct ExpiredShards {
    /// No entry of the map expires before.
    earliest: AtomicU64,
    /// No entry expires before that is in a shard before `next`, or came since the walk began.
    passed: AtomicU64,
    next: Mutex<usize>,
}

impl ExpiredShards {
    pub(crate) fn new() -> Self {
        ExpiredShards { earliest: AtomicU64::new(u64::MAX), passed: AtomicU64::new(u64::MAX), next: Mutex::new(0) }
    }

    /// Whether some entry may have expired.
    #[inline]
    pub(crate) fn may_be(&self, now: u64) -> bool {
        self.earliest.load(SeqCst) <= now
    }

    /// A shard that has told its bound has an entry that expires then.
    pub(crate) fn note(&self, deadline: u64) {
        for bound in [&self.passed, &self.earliest] {
            // Mostly it is not lowered, and then the line stays with all who read it.
            if bound.load(SeqCst) > deadline {
                bound.fetch_min(deadline, SeqCst);
            }
        }
    }

    /// The next shard that may have an expired entry, with the bounds of so many shards.
    pub(crate) fn next(&self, now: u64, shards: usize, bound: impl Fn(usize) -> u64) -> Option<usize> {
        let mut next = self.next.lock();
        for _ in 0..MOST_LOOKED_AT {
            if *next >= shards {
                *next = 0;
                self.earliest.store(self.passed.load(SeqCst), SeqCst);
                self.earliest.fetch_min(self.passed.load(SeqCst), SeqCst);
                self.passed.store(u64::MAX, SeqCst);
            }
            if !self.may_be(now) {
                return None;
            }
            let deadline = bound(*next);
            if deadline <= now {
                return Some(*next);
            }
            self.passed.fetch_min(deadline, SeqCst);
            *next += 1;
        }
        None
    }

    /// Goes on behind this shard.
    pub(crate) fn pass(&self, shard: usize, bound: impl Fn(usize) -> u64) {
        let mut next = self.next.lock();
        if *next == shard {
            self.passed.fetch_min(bound(shard), SeqCst);
            *next += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Earliest, ExpiredShards};
    use crate::dice::Dice;

    /// Entries come and go, one call after the other: a shard is found as long as one has an expired entry.
    #[test]
    fn no_expired_entry_is_passed_over_for_good() {
        let mut dice = Dice(1);
        for shards in [2_usize, 5, 300, 700] {
            let expired = ExpiredShards::new();
            let bounds: Vec<_> = (0..shards).map(|_| Earliest::default()).collect();
            let mut entries: Vec<Vec<u64>> = vec![Vec::new(); shards];
            for now in 0..3000 {
                for _ in 0..dice.below(3) {
                    let shard = usize::try_from(dice.below(shards as u64)).unwrap();
                    let deadline = now + 1 + dice.below(200);
                    entries[shard].push(deadline);
                    if deadline < bounds[shard].get() {
                        bounds[shard].set(deadline);
                        expired.note(deadline);
                    }
                }
                if dice.below(4) == 0 {
                    // Someone else removes what has expired, and tells nobody.
                    let shard = usize::try_from(dice.below(shards as u64)).unwrap();
                    entries[shard].retain(|&deadline| deadline > now);
                }
                let is_there = || entries.iter().flatten().any(|&deadline| deadline <= now);
                assert!(!is_there() || expired.may_be(now));
                if dice.below(2) == 0 {
                    continue;
                }
                // Every shard may be searched in vain once.
                let found = (0..2 * shards).find_map(|_| {
                    let shard = expired.next(now, shards, |shard| bounds[shard].get())?;
                    if let Some(at) = entries[shard].iter().position(|&deadline| deadline <= now) {
                        return Some((shard, at));
                    }
                    bounds[shard].set(entries[shard].iter().copied().min().unwrap_or(u64::MAX));
                    expired.pass(shard, |shard| bounds[shard].get());
                    None
                });
                match found {
                    Some((shard, at)) => _ = entries[shard].swap_remove(at),
                    // Of many shards, one call looks at some only.
                    None => assert!(!is_there() || shards > 256),
                }
            }
        }
    }
}
