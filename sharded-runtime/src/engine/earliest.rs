//! Lower bounds of deadlines: of each shard, and of the whole map.

use crate::{
    clock::{AtomicDeadline, Deadline, Moment},
    memory::sync::unmodelled::Mutex,
};
use std::sync::atomic::Ordering::SeqCst;

/// Shards whose bounds one call looks at, at most, for each shard that it searches.
const MOST_LOOKED_AT: usize = 256;

// Sequential consistency throughout. A shard's bound is lowered before the map's bounds. The walk lowers `passed` for
// each shard that it passes. At its end it raises `earliest` to `passed`, and then reads `passed` once more. So for an
// entry that comes meanwhile, either the walk sees the bound of its shard, or it sees `passed` lowered, or `earliest`
// is lowered after it was raised.

/// A lower bound of the deadlines in a shard. Written by the holder of the exclusive lock.
#[derive(Debug)]
pub(crate) struct Earliest(AtomicDeadline);

impl Default for Earliest {
    fn default() -> Self {
        Earliest(AtomicDeadline::never())
    }
}

impl Earliest {
    pub(crate) fn set(&self, deadline: Deadline) {
        self.0.store(deadline, SeqCst);
    }

    pub(crate) fn get(&self) -> Deadline {
        self.0.load(SeqCst)
    }
}

/// The walk around all shards in search of expired entries.
#[derive(Debug)]
pub(crate) struct ExpiredShards {
    /// A lower bound of all deadlines.
    earliest: AtomicDeadline,
    /// A lower bound of the deadlines in shards before `next`, and of entries that came since the walk began.
    passed: AtomicDeadline,
    next: Mutex<usize>,
}

impl ExpiredShards {
    pub(crate) fn new() -> Self {
        let (earliest, passed) = (AtomicDeadline::never(), AtomicDeadline::never());
        ExpiredShards { earliest, passed, next: Mutex::new(0) }
    }

    /// Whether an entry may have expired.
    #[inline]
    pub(crate) fn may_be(&self, now: Moment) -> bool {
        self.earliest.load(SeqCst).has_passed(now)
    }

    /// A shard whose bound was lowered has an entry with this deadline.
    pub(crate) fn note(&self, deadline: Deadline) {
        for bound in [&self.passed, &self.earliest] {
            // It seldom has to be lowered. Otherwise no cache line is written that other threads read.
            if deadline.is_before(bound.load(SeqCst)) {
                bound.lower(deadline, SeqCst);
            }
        }
    }

    /// The next shard that may have an expired entry. `bound` is the bound of each of the `shards`.
    pub(crate) fn next(&self, now: Moment, shards: usize, bound: impl Fn(usize) -> Deadline) -> Option<usize> {
        let mut next = self.next.lock();
        for _ in 0..MOST_LOOKED_AT {
            if *next >= shards {
                *next = 0;
                self.earliest.store(self.passed.load(SeqCst), SeqCst);
                self.earliest.lower(self.passed.load(SeqCst), SeqCst);
                self.passed.store(Deadline::NEVER, SeqCst);
            }
            if !self.may_be(now) {
                return None;
            }
            let deadline = bound(*next);
            if deadline.has_passed(now) {
                return Some(*next);
            }
            self.passed.lower(deadline, SeqCst);
            *next += 1;
        }
        None
    }

    /// Goes on after this shard.
    pub(crate) fn pass(&self, shard: usize, bound: impl Fn(usize) -> Deadline) {
        let mut next = self.next.lock();
        if *next == shard {
            self.passed.lower(bound(shard), SeqCst);
            *next += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Earliest, ExpiredShards};
    use crate::{
        clock::{Deadline, Moment, Nanos},
        dice::Dice,
    };

    /// Entries come and go, one call after the other: a shard is found as long as one has an expired entry.
    #[test]
    fn no_expired_entry_is_passed_over_for_good() {
        let mut dice = Dice(1);
        for shards in [2_usize, 5, 300, 700] {
            let expired = ExpiredShards::new();
            let bounds: Vec<_> = (0..shards).map(|_| Earliest::default()).collect();
            let mut entries: Vec<Vec<Deadline>> = vec![Vec::new(); shards];
            for now in (0..3000).map(Moment::from_nanos) {
                for _ in 0..dice.below(3) {
                    let shard = usize::try_from(dice.below(shards as u64)).unwrap();
                    let deadline = now.plus(Nanos::new(1 + dice.below(200)));
                    entries[shard].push(deadline);
                    if deadline.is_before(bounds[shard].get()) {
                        bounds[shard].set(deadline);
                        expired.note(deadline);
                    }
                }
                if dice.below(4) == 0 {
                    // Someone else removes what has expired, and tells nobody.
                    let shard = usize::try_from(dice.below(shards as u64)).unwrap();
                    entries[shard].retain(|deadline| !deadline.has_passed(now));
                }
                let is_there = || entries.iter().flatten().any(|deadline| deadline.has_passed(now));
                assert!(!is_there() || expired.may_be(now));
                if dice.below(2) == 0 {
                    continue;
                }
                // Every shard may be searched in vain once.
                let found = (0..2 * shards).find_map(|_| {
                    let shard = expired.next(now, shards, |shard| bounds[shard].get())?;
                    if let Some(at) = entries[shard].iter().position(|deadline| deadline.has_passed(now)) {
                        return Some((shard, at));
                    }
                    bounds[shard].set(entries[shard].iter().copied().fold(Deadline::NEVER, Deadline::or_earlier));
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
