//! Which shards may have expired entries. Where a map is full, those leave before live ones, whatever the shard of the new entry.
//!
//! Each shard tells a lower bound of its deadlines, and the map keeps a lower bound of all. So one comparison says that nothing has expired. The bounds are
//! lowered when an entry comes. They are raised only by a search, so a search may be in vain.

use super::{
    core::{Core, Shard},
    limits::STEPS_PER_WRITE,
    session::Session,
};

use crate::Policy;

/// Shards that one call searches in vain at most.
const MOST_SEARCHED: usize = 64;
/// Buckets that one call looks through in all shards but its own.
const LOOKS_ELSEWHERE: usize = 128;

impl<K, V, P: Policy, S> Core<K, V, P, S> {
    fn earliest_in(&self, shard: usize) -> u64 {
        self.shards.status(shard).earliest.get()
    }
}

impl<K, V, P: Policy, S> Session<'_, K, V, P, S> {
    /// Tells that an entry has come that expires before what was told of the shard.
    #[cold]
    #[inline(never)]
    pub(crate) fn tell_earliest(&mut self) {
        let deadline = self.table.tell_earliest();
        self.extras.status().earliest.set(deadline);
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
            let take = |extras: Shard<'_, K, V, P>, table: &mut _| {
                let mut session = Session { core, extras, now, table, garbage, heavy: None };
                let taken = session.take_expired(true, &mut looks);
                let _ = session.step(STEPS_PER_WRITE);
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
