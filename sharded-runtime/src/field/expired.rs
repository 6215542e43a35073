//! Which shards may have expired entries. Where a map is full, those leave before live ones, whatever the shard of the new entry.
//!
//! Each shard tells a lower bound of its deadlines, and the map keeps a lower bound of all. So one comparison says that nothing has expired. The bounds are
//! lowered when an entry comes. They are raised only by a search, so a search may be in vain.

use super::{
    core::{Core, STEPS_PER_WRITE, Shard},
    locked::Locked,
};

use crate::{Policy, memory::sync::unmodelled::Mutex};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

/// Shards that one call searches in vain at most.
const MOST_SEARCHED: usize = 64;
/// Shards of which one call looks at the bounds at most, for each that it searches.
const MOST_LOOKED_AT: usize = 256;
/// Buckets that one call looks through in all shards but its own.
const LOOKS_ELSEWHERE: usize = 128;

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

    fn get(&self) -> u64 {
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
    fn note(&self, deadline: u64) {
        for bound in [&self.passed, &self.earliest] {
            // Mostly it is not lowered, and then the line stays with all who read it.
            if bound.load(SeqCst) > deadline {
                bound.fetch_min(deadline, SeqCst);
            }
        }
    }

    /// The next shard that may have an expired entry, with the bounds of so many shards.
    fn next(&self, now: u64, shards: usize, bound: impl Fn(usize) -> u64) -> Option<usize> {
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
    fn pass(&self, shard: usize, bound: impl Fn(usize) -> u64) {
        let mut next = self.next.lock();
        if *next == shard {
            self.passed.fetch_min(bound(shard), SeqCst);
            *next += 1;
        }
    }
}

impl<K, V, P: Policy, S> Core<K, V, P, S> {
    fn earliest_in(&self, shard: usize) -> u64 {
        self.shards.open(shard).earliest.get()
    }
}

impl<K, V, P: Policy, S> Locked<'_, K, V, P, S> {
    /// Tells that an entry has come that expires before what was told of the shard.
    #[cold]
    #[inline(never)]
    pub(crate) fn tell_earliest(&mut self) {
        let deadline = self.table.tell_earliest();
        self.beside.open().earliest.set(deadline);
        self.core.expired.note(deadline);
    }

    /// Takes an expired entry out of another shard, if one is found, and answers its units, which stay taken.
    ///
    /// It waits for no lock: a shard that someone else has is passed over, as is the one that this thread has.
    #[cold]
    #[inline(never)]
    pub(crate) fn take_expired_elsewhere(&mut self) -> Option<u64> {
        let (core, now) = (self.core, self.now);
        let shards = core.shards.count();
        let mut looks = LOOKS_ELSEWHERE;
        for _ in 0..MOST_SEARCHED.min(shards - 1) {
            let shard = core.expired.next(now, shards, |shard| core.earliest_in(shard))?;
            let garbage = &mut *self.garbage;
            let take = |beside: Shard<'_, K, V, P>, table: &mut _| {
                let mut locked = Locked { core, beside, now, table, garbage, heavy: None };
                let taken = locked.take_expired(true, &mut looks);
                let _ = locked.step(STEPS_PER_WRITE);
                taken
            };
            if let Some(Some(units)) = core.shards.try_write(shard, take) {
                return Some(units);
            }
            if looks == 0 {
                break;
            }
            core.expired.pass(shard, |shard| core.earliest_in(shard));
        }
        None
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
