//! Lower bounds of deadlines: of each shard, and of the whole map.

use crate::{
    clock::{AtomicDeadline, Deadline, Moment},
    memory::sync::unmodelled::Mutex,
};
use std::sync::atomic::Ordering::SeqCst;

/// The most bounds that one call of `next` reads.
const MOST_LOOKED_AT: usize = 256;

// All accesses are sequentially consistent. An insert lowers the bound of its shard before it lowers those of the map.
// The walk lowers `passed` for each shard that it passes. At the end of a round it raises `earliest` to `passed`, and
// then reads `passed` again. So for each concurrent insert, the walk sees the lowered bound of the shard, or sees
// `passed` lowered, or the insert lowers `earliest` after the walk has raised it.

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
    /// A lower bound of the deadlines in the shards before `next`, and of the entries that were inserted during this
    /// round.
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

    /// Notes the deadline of an entry in a shard whose bound was lowered for it.
    pub(crate) fn note(&self, deadline: Deadline) {
        for bound in [&self.passed, &self.earliest] {
            // The bound seldom has to be lowered. Usually the cache line, which other threads read, is not written.
            if deadline.is_before(bound.load(SeqCst)) {
                bound.lower(deadline, SeqCst);
            }
        }
    }

    /// The next shard that may have an expired entry. `bound` returns the bound of each of the `shards`.
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

    /// Ends the search of this shard. The walk goes on with the next one.
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

    /// As long as a shard has an expired entry, the walk finds one, in any sequence of calls.
    #[test]
    fn every_expired_entry_is_found_in_the_end() {
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
                    // Another call removes expired entries and does not update the bound.
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
                    // With many shards, one call reads only some bounds.
                    None => assert!(!is_there() || shards > 256),
                }
            }
        }
    }
}
