//! Room for an entry in other shards than its own.
//!
//! No two shards are locked at once where that could wait: a session that needs an entry of another shard to leave only tries that lock,
//! and eviction in other shards comes before or after the lock of the entry's own shard.

use super::{
    core::Core,
    limits::{MORE_SEARCHES, MOST_SEARCHED},
};
use crate::{
    Policy,
    contain::Drops,
    engine::{
        budget::{Budget, Debt, Held},
        garbage::Garbage,
        session::{STEPS_PER_WRITE, Session},
        table::{Offer, SEARCHED, SEARCHED_ELSEWHERE},
    },
    shard::{access::Access, order},
};
use std::sync::atomic::Ordering;

/// Shards that one call searches in vain at most for an expired entry.
const MOST_SEARCHED_FOR_EXPIRED: usize = 64;
/// Buckets that one call looks through for an expired entry in other shards.
const LOOKS_ELSEWHERE: usize = 128;

impl<K, V, P: Policy, S> Core<K, V, P, S> {
    /// Visits a shard for the sake of another one. `None`: the lock was taken, and this call does not wait.
    fn visit_for_room<R>(
        &self,
        shard: usize,
        waits: bool,
        garbage: &mut Garbage<K, V>,
        visit: impl FnOnce(&mut Session<'_, Self>) -> R,
    ) -> Option<R> {
        let visit = |session: &mut Session<'_, Self>| {
            let result = visit(session);
            let _ = session.step(STEPS_PER_WRITE);
            result
        };
        if waits {
            Some(self.session(shard, Access::Unrecorded, Some(garbage), visit))
        } else {
            self.try_session(shard, garbage, visit)
        }
    }

    /// Takes an expired entry out of another shard, if one is found, and returns its units, which stay taken. Called inside a session, so
    /// it waits for no lock: a shard that is locked is passed over, as is the session's own.
    #[cold]
    #[inline(never)]
    pub(super) fn take_expired(&self, now: u64, garbage: &mut Garbage<K, V>) -> Option<u64> {
        let count = self.shards.count();
        let bound = |shard: usize| self.shards.status(shard).earliest.get();
        let mut looks = LOOKS_ELSEWHERE;
        for _ in 0..MOST_SEARCHED_FOR_EXPIRED.min(count - 1) {
            let shard = self.expired.next(now, count, bound)?;
            let taken = self.visit_for_room(shard, false, garbage, |session| session.take_expired(true, &mut looks));
            if let Some(Some(units)) = taken {
                return Some(units);
            }
            if looks == 0 {
                break;
            }
            self.expired.pass(shard, bound);
        }
        None
    }

    /// Evicts entries until what was overdrawn at the beginning is repaid, for an entry of this shard that was stored without room or has
    /// become heavier. Entries of the shard itself leave last, so that the new entry does not leave for itself. Ends early if no
    /// entry may leave. Does not end on a panic.
    #[cold]
    pub(super) fn repay(&self, budget: &Budget, own: usize, garbage: &mut Garbage<K, V>) {
        // Without weights every call that stores has one entry evicted.
        let most = if P::WEIGHS { u64::MAX } else { 1 };
        let (mut debt, mut eviction) = (Debt::new(budget), Eviction::new(self, budget, garbage));
        let mut owed = |held: &mut Held<'_>| loop {
            debt.pay(held);
            let owed = debt.next(most);
            if owed == 0 || held.units() == 0 {
                break owed;
            }
        };
        eviction.go_around(own, &mut owed);
        // Twice, as the first time may have ended in a panic.
        let mut in_vain = 0;
        while in_vain < 2 {
            let owed = owed(&mut eviction.held);
            if owed == 0 {
                break;
            }
            in_vain += u32::from(!eviction.evict_in(own, SEARCHED_ELSEWHERE, owed));
        }
        drop(debt);
        eviction.end();
    }

    /// Evicts entries of other shards for an entry on offer that its shard has refused. Returns whether it may fit now.
    #[cold]
    #[track_caller]
    pub(crate) fn make_room_elsewhere(&self, hash: u64, offer: &Offer<K, V>) -> bool {
        let Some((key, value)) = offer.key().zip(offer.value.as_ref()) else { return false };
        let units = u64::from(self.rules.units::<P>(key, value));
        self.make_room(hash, units, &mut self.leaving().garbage)
    }

    /// Evicts entries of other shards than that of a hash, or of its own where a search has not seen all of it, until they had so many
    /// units. Returns whether they had.
    #[cold]
    pub(crate) fn make_room(&self, hash: u64, units: u64, garbage: &mut Garbage<K, V>) -> bool {
        let Some(budget) = self.budget.as_ref().filter(|budget| units <= budget.capacity() as u64) else {
            return false;
        };
        let own = self.route(hash);
        let mut eviction = Eviction::new(self, budget, garbage);
        // A table has two slots for each entry, or a few more.
        let unseen = 2 * self.shards.status(own).meter.stored.get() / u64::from(SEARCHED);
        for _ in 0..unseen.min(MORE_SEARCHES) {
            if eviction.held.units() < units {
                eviction.evict_in(own, SEARCHED, units);
            }
        }
        eviction.go_around(own, &mut |held| if held.units() < units { units } else { 0 });
        let is_made = eviction.held.units() >= units;
        eviction.end();
        is_made
    }
}

/// Evictions in many shards, some entries per lock hold.
struct Eviction<'a, K, V, P: Policy, S> {
    core: &'a Core<K, V, P, S>,
    held: Held<'a>,
    garbage: &'a mut Garbage<K, V>,
    drops: Drops,
}

impl<'a, K, V, P: Policy, S> Eviction<'a, K, V, P, S> {
    fn new(core: &'a Core<K, V, P, S>, budget: &'a Budget, garbage: &'a mut Garbage<K, V>) -> Self {
        Eviction { core, held: Held::none(budget), garbage, drops: Drops::default() }
    }

    /// Goes around the other shards until `wanted`, given the units that are held, says that none are to be held, or every shard was
    /// visited in vain. If some entries may not be evicted, [`MOST_SEARCHED`] shards are visited in vain, from where the last call ended.
    fn go_around(&mut self, own: usize, wanted: &mut dyn FnMut(&mut Held<'_>) -> u64) {
        let shards = &self.core.shards;
        let (count, others) = (shards.count(), shards.count() - 1);
        let most = if P::PINS { others.min(MOST_SEARCHED) } else { others };
        // Relaxed: it is only where to begin.
        let mut shard = if P::PINS { self.core.search_from.fetch_add(most, Ordering::Relaxed) } else { own };
        let mut in_vain = 0;
        while in_vain < most {
            shard = shard.wrapping_add(1) % count;
            if shard == own {
                continue;
            }
            let units = wanted(&mut self.held);
            if units == 0 {
                break;
            }
            let is_empty = shards.status(shard).meter.stored.get() == 0;
            let is_in_vain = is_empty || !self.evict_in(shard, SEARCHED_ELSEWHERE, units);
            in_vain = if is_in_vain { in_vain + 1 } else { 0 };
        }
    }

    /// Evicts entries of a shard until so many units are held, or so many entries are gone as one lock hold may take out. Returns whether
    /// any is gone, also if a panic ends it. If the eviction names no victim that may be evicted, so many slots are searched.
    ///
    /// Inside a closure a shard whose lock is taken is passed over, since waiting for it could be for ever. The next write repays what is
    /// left.
    fn evict_in(&mut self, shard: usize, searched: u32, units: u64) -> bool {
        // Few entries at a time: all that is collected may be much to move, which must not be done under the lock.
        let mut gone = Garbage::new();
        let Eviction { core, held, garbage, drops } = self;
        drops.watch(|| {
            let waits = !order::is_inside();
            core.visit_for_room(shard, waits, &mut gone, |session| session.make_room(units, held, searched));
        });
        let any = gone.len() > 0;
        garbage.append(&mut gone);
        any
    }

    /// Goes on with the first panic.
    fn end(self) {
        let Eviction { held, drops, .. } = self;
        drop(held);
        drops.end();
    }
}
