//! A write to one shard, and what is owed after it.

use super::{
    core::{Core, Shard},
    garbage::{Garbage, Leaving},
    limits::{EXPIRED_PER_WRITE, LOOKS_PER_WRITE, MORE_SEARCHES, MOST_SEARCHED, STEPS_PER_WRITE},
    session::Session,
};
use crate::{
    Policy,
    contain::Drops,
    engine::budget::{Budget, Debt, Held},
    engine::table::{Offer, SEARCHED, SEARCHED_ELSEWHERE, StampOf, TableOf},
    evict::Eviction,
    expiry::Stamp,
    shard::access::{Access, IntoTurn},
    shard::order,
};
use std::{sync::atomic::Ordering, time::Duration};

impl<K, V, P: Policy, S> Core<K, V, P, S> {
    /// Lends a shard for changing. What the change takes out of it is dropped after the lock is released; the bounded
    /// rest of the work (expired entries, a sparse table, a capacity overdrawn) is done on the way.
    #[inline]
    #[track_caller]
    pub(crate) fn write<R>(
        &self,
        shard: usize,
        user_code: impl IntoTurn,
        change: impl FnOnce(&mut Session<'_, K, V, P, S>) -> R,
    ) -> R {
        self.write_leaving(shard, user_code, &mut self.leaving(), change)
    }

    /// As [`write`](Core::write), but what leaves stays in `leaving`: the caller decides when it is told and dropped, which runs user code.
    #[inline]
    #[track_caller]
    pub(crate) fn write_leaving<R>(
        &self,
        shard: usize,
        user_code: impl IntoTurn,
        leaving: &mut Leaving<'_, K, V>,
        change: impl FnOnce(&mut Session<'_, K, V, P, S>) -> R,
    ) -> R {
        let settling = Settling { core: self, shard, garbage: &mut leaving.garbage };
        let garbage = &mut *settling.garbage;
        let change = |extras: Shard<'_, K, V, P>, table: &mut TableOf<K, V, P>| {
            let now = self.now();
            let mut session = Session { core: self, extras, now, table, garbage, heavy: None };
            let result = change(&mut session);
            session.drop_heavy();
            if StampOf::<P>::EXPIRES {
                session.sweep(LOOKS_PER_WRITE, EXPIRED_PER_WRITE);
            }
            // Without memory to grow the table is just fuller; the next write tries again.
            let _ = session.step(STEPS_PER_WRITE);
            (result, session.table.due_at())
        };
        let (result, due_at) = self.shards.write(shard, user_code.turn::<K, V>(), change);
        drop(settling);
        if StampOf::<P>::EXPIRES && self.background.is_some() && due_at < self.alarm.load(Ordering::Relaxed) {
            self.ring(due_at);
        }
        result
    }

    /// Has a background thread look at this map at a time that is earlier than was known.
    #[cold]
    #[inline(never)]
    fn ring(&self, due_at: u64) {
        // Relaxed: what is due is found under the lock of its shard.
        if self.alarm.fetch_min(due_at, Ordering::Relaxed) > due_at {
            self.ring_anyway();
        }
    }

    /// Has a background thread look at this map when it is due next.
    pub(crate) fn ring_anyway(&self) {
        let alarm = self.alarm.load(Ordering::Relaxed);
        if let Some(background) = self.background.as_ref().filter(|_| alarm != u64::MAX) {
            background.ring(Duration::from_nanos(alarm.saturating_sub(self.clock.nanos())));
        }
    }

    /// Evicts entries for one of this shard that had to be stored without room, or became heavier, until all that was owed at the beginning is paid. It goes
    /// around the other shards, so many entries per lock hold, and takes those of this shard last, so that the entry does not leave for itself. It ends early
    /// where no entry may leave. A panic on the way does not end it.
    ///
    /// Inside a closure a shard that is taken is passed over, since waiting for it could be for ever; whoever writes next
    /// settles what is left.
    #[cold]
    fn settle(&self, budget: &Budget, overdrawn: usize, garbage: &mut Garbage<K, V>) {
        // Entries of one unit are evicted one for each that was stored, by whoever stored it.
        let most = if P::WEIGHS { u64::MAX } else { 1 };
        let mut debt = Debt::new(budget);
        let mut drops = Drops::default();
        let (first, shards) = if P::PINS { self.shards_to_search() } else { (overdrawn, self.shards.count()) };
        let (mut shard, mut in_vain) = (first, 0);
        // Each of the others once in vain, then this one, twice, as the first time may have been a panic.
        while debt.next(most) > 0 && in_vain <= shards {
            let is_others = in_vain + 1 < shards;
            if is_others {
                shard = (shard + 1) % self.shards.count();
                if shard == overdrawn {
                    continue;
                }
            }
            let from = if is_others { shard } else { overdrawn };
            in_vain += 1;
            if self.shards.status(from).meter.stored.get() == 0 {
                continue;
            }
            let mut held = Held::none(budget);
            if self.evict_some((from, SEARCHED_ELSEWHERE), debt.next(most), &mut held, garbage, &mut drops) {
                in_vain = if is_others { 0 } else { in_vain - 1 };
            }
            debt.pay(&mut held);
        }
        drop(debt);
        drops.end();
    }

    /// Evicts entries of a shard until so many units are held, or so many entries are gone as one lock hold may take out; says whether any is, also
    /// where a panic ends it.
    /// Where the eviction names none that may leave, so many slots are searched.
    fn evict_some(
        &self,
        (shard, searched): (usize, u32),
        units: u64,
        held: &mut Held<'_>,
        garbage: &mut Garbage<K, V>,
        drops: &mut Drops,
    ) -> bool {
        // Few entries at a time, as what is collected may be much to move, which is not done under the lock.
        let mut gone = Garbage::new();
        let make_room = |extras: Shard<'_, K, V, P>, table: &mut TableOf<K, V, P>| {
            let now = self.now();
            let mut session = Session { core: self, extras, now, table, garbage: &mut gone, heavy: None };
            session.make_room(units, held, searched);
            let _ = session.step(STEPS_PER_WRITE);
        };
        drops.watch(|| {
            if order::is_inside() {
                self.shards.try_write(shard, make_room);
            } else {
                self.shards.write(shard, Access::Unrecorded, make_room);
            }
        });
        let any = gone.len() > 0;
        garbage.append(&mut gone);
        any
    }

    /// Where some entries may not be evicted: the shard at which a search for those that may begins, where the last one ended, and how many shards at most
    /// are searched in vain.
    fn shards_to_search(&self) -> (usize, usize) {
        let most = self.shards.count().min(MOST_SEARCHED);
        // Relaxed: it is but where to begin.
        (self.search_from.fetch_add(most, Ordering::Relaxed) % self.shards.count(), most)
    }

    /// Evicts entries of other shards for what is on offer, before it is stored. Says whether there may be room now.
    #[cold]
    #[track_caller]
    pub(crate) fn make_room_elsewhere(&self, shard: usize, offer: &Offer<K, V>) -> bool {
        let Some((budget, (key, value))) = self.budget.as_ref().zip(offer.key().zip(offer.value.as_ref())) else {
            return false;
        };
        let units = u64::from(self.rules.units::<P>(key, value));
        if units > budget.capacity() as u64 {
            return false;
        }
        self.evict_elsewhere(shard, units, &mut self.leaving().garbage)
    }

    /// Evicts entries of other shards, or of this one where a search has not seen all of it, until they had so many units. Says whether they had.
    #[cold]
    pub(crate) fn evict_elsewhere(&self, shard: usize, units: u64, garbage: &mut Garbage<K, V>) -> bool {
        let Some(budget) = &self.budget else { return false };
        let mut drops = Drops::default();
        let mut held = Held::none(budget);
        // A table has two slots for each entry, or a few more.
        let unseen = 2 * self.shards.status(shard).meter.stored.get() / u64::from(SEARCHED);
        for _ in 0..unseen.min(MORE_SEARCHES) {
            if held.units() < units {
                self.evict_some((shard, SEARCHED), units, &mut held, garbage, &mut drops);
            }
        }
        let (first, most) = self.shards_to_search();
        let mut in_vain = 0;
        for next in (first..).take(self.shards.count()) {
            let next = next % self.shards.count();
            if held.units() >= units || in_vain == most {
                break;
            }
            if next != shard && !self.evict_some((next, SEARCHED_ELSEWHERE), units, &mut held, garbage, &mut drops) {
                in_vain += 1;
            }
        }
        drops.end();
        held.units() >= units
    }
}

/// Settles what is owed after a write to this shard, also where that panics.
struct Settling<'a, K, V, P: Policy, S> {
    core: &'a Core<K, V, P, S>,
    shard: usize,
    garbage: &'a mut Garbage<K, V>,
}

impl<K, V, P: Policy, S> Drop for Settling<'_, K, V, P, S> {
    #[inline]
    fn drop(&mut self) {
        // What rejects evicts nothing.
        if P::Eviction::EVICTS
            && let Some(budget) = &self.core.budget
            && budget.is_overdrawn()
        {
            self.core.settle(budget, self.shard, self.garbage);
        }
    }
}
