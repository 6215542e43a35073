//! Evictions in other shards to make room for an entry.
//!
//! No call waits for a shard while it holds another one. A session that needs room in another shard only tries its
//! lock. Other evictions there run before the lock of the entry's own shard is taken, or after it is released.

use super::{
    core::Core,
    limits::{MORE_SEARCHES, MOST_SEARCHED},
    types::FieldTypes,
};
use crate::{
    Policy,
    clock::Moment,
    contain::Drops,
    engine::{
        budget::{Budget, Debt, Held},
        garbage::Garbage,
        session::{STEPS_PER_WRITE, Session},
        spec::{OfferFor, Spec},
        table::{Backlog, SEARCHED, SEARCHED_ELSEWHERE, Wait},
        units::Units,
    },
    hasher::KeyHash,
    shard::{access::Access, order},
};
use std::sync::atomic::Ordering;

/// Visits of other shards in which one call looks for an expired entry.
const MOST_SEARCHED_FOR_EXPIRED: usize = 64;
/// Buckets that it searches in each: those of one region, which are scheduled together.
const LOOKS_ELSEWHERE: usize = 8;

impl<F: FieldTypes> Core<F> {
    /// Opens a session in a shard to make room for an entry of another one. `None` if the lock is taken and this call
    /// does not wait.
    fn visit_for_room<R>(
        &self,
        shard: usize,
        waits: bool,
        garbage: &mut Garbage<F::Key, F::Value>,
        visit: impl FnOnce(&mut Session<'_, Self>) -> R,
    ) -> Option<R> {
        let visit = |session: &mut Session<'_, Self>| {
            let result = visit(session);
            let _ = session.step(STEPS_PER_WRITE);
            if Session::<Self>::SHARES && session.release_retired(Wait::Own(Backlog::Many)) != Backlog::None {
                self.schedule_release();
            }
            result
        };
        if waits {
            Some(self.session(shard, Access::Unrecorded, Some(garbage), visit))
        } else {
            self.shards.try_write(shard, |extras, table| visit(&mut Session::new(self, extras, table, Some(garbage))))
        }
    }

    /// Takes an expired entry out of another shard, if it finds one, and returns its units, which stay taken. It is
    /// called inside a session, so it waits for no lock. It skips locked shards, such as the session's own.
    #[cold]
    #[inline(never)]
    pub(super) fn take_expired(&self, now: Moment, garbage: &mut Garbage<F::Key, F::Value>) -> Option<Units> {
        let count = self.shards.count();
        let bound = |shard: usize| self.shards.status(shard).earliest.get();
        let mut passed = 0;
        for _ in 0..MOST_SEARCHED_FOR_EXPIRED {
            if passed == count {
                break;
            }
            let shard = self.expired.next(now, count, bound)?;
            let mut looks = LOOKS_ELSEWHERE;
            let taken = self.visit_for_room(shard, false, garbage, |session| session.take_expired(true, &mut looks));
            if let Some(Some(units)) = taken {
                return Some(units);
            }
            // With no visits left, this shard may still have expired entries.
            if looks > 0 {
                self.expired.pass(shard, bound);
                passed += 1;
            }
        }
        None
    }

    /// Evicts entries until the overdrafts of this call and of earlier calls are repaid. This call has overdrawn the
    /// budget for an entry of shard `own` that was stored without room or has become heavier. Entries of that shard are
    /// evicted last, so that the new entry is not evicted for itself. It ends early if no entry may be evicted, and
    /// continues after a panic.
    #[cold]
    pub(super) fn repay(&self, budget: &Budget, own: usize, garbage: &mut Garbage<F::Key, F::Value>) {
        self.repay_from(budget, own, false, garbage);
    }

    /// As [`repay`](Core::repay), but with `own_first` entries of the own shard are evicted first. That shard must have
    /// older entries than the new one.
    #[cold]
    pub(super) fn repay_from(
        &self,
        budget: &Budget,
        own: usize,
        own_first: bool,
        garbage: &mut Garbage<F::Key, F::Value>,
    ) {
        let mut debt = Debt::new(budget, garbage.take_overdrawn());
        let mut eviction = Eviction::new(self, budget, garbage);
        if own_first {
            let owed = debt.pay(&mut eviction.held);
            eviction.evict_in(own, !order::is_inside(), SEARCHED_ELSEWHERE, owed);
        }
        eviction.go_around(self.first_searched(own), Some(own), &mut |held| debt.pay(held));
        // Two attempts, since the first may have ended in a panic.
        let mut in_vain = 0;
        while in_vain < 2 {
            let owed = debt.pay(&mut eviction.held);
            if owed.is_zero() {
                break;
            }
            in_vain += u32::from(!eviction.evict_in(own, !order::is_inside(), SEARCHED_ELSEWHERE, owed));
        }
        drop(debt);
        eviction.end();
    }

    /// Evicts entries for an entry on offer that its shard has refused. Returns whether it may fit now.
    #[cold]
    #[track_caller]
    pub(crate) fn make_room_elsewhere(&self, hash: KeyHash, offer: &OfferFor<Self>) -> bool {
        let Some((key, value)) = offer.key().zip(offer.value.as_ref()) else { return false };
        let units = self.weigh(key, value).units();
        self.make_room(hash, units, &mut self.leaving().garbage)
    }

    /// Evicts entries until there is room for this many units, and returns whether there is. It evicts from the other
    /// shards, and from the shard of the hash if one search does not cover it. If entries have weights, it evicts none
    /// unless enough of them may be evicted.
    #[cold]
    pub(crate) fn make_room(&self, hash: KeyHash, units: Units, garbage: &mut Garbage<F::Key, F::Value>) -> bool {
        let Some(budget) = self.budget.as_ref().filter(|budget| budget.could_hold(units)) else {
            return false;
        };
        let own = self.route(hash);
        // A table has about two slots for each entry.
        let unseen = (2 * self.shards.counts(own).len() as u64 / u64::from(SEARCHED)).min(MORE_SEARCHES);
        // The eviction visits the shards in the order in which the units were counted.
        let first = self.first_searched(own);
        if F::Policy::WEIGHS && !self.may_have(first, own, unseen, budget.lacking(units), garbage) {
            return false;
        }
        let mut eviction = Eviction::new(self, budget, garbage);
        let wanted = |held: &Held<'_>| budget.lacking(units).minus(held.units());
        for _ in 0..unseen {
            let lacking = wanted(&eviction.held);
            if !lacking.is_zero() {
                eviction.evict_in(own, !order::is_inside(), SEARCHED, eviction.held.units().plus(lacking));
            }
        }
        // The own shard was searched as far as the others are. But for a heavy entry more of its entries may have to be
        // evicted.
        eviction.go_around(first, (!F::Policy::WEIGHS).then_some(own), &mut |held| match wanted(held) {
            Units::ZERO => Units::ZERO,
            lacking => held.units().plus(lacking),
        });
        let is_made = wanted(&eviction.held).is_zero();
        eviction.end();
        is_made
    }

    /// Whether the evictable entries have this many units. It counts in the own shard, then in the others from `first`
    /// on. It stops after `unseen` + 1 searches of the own shard, or [`MOST_SEARCHED`] other shards, in a row that find
    /// none. It waits for shards that are in use only if the others have too few.
    fn may_have(
        &self,
        first: usize,
        own: usize,
        unseen: u64,
        units: Units,
        garbage: &mut Garbage<F::Key, F::Value>,
    ) -> bool {
        let mut last = first;
        for waits in [false, true] {
            let mut around = self.shards_in_turn(first, Some(own));
            let mut survey = Survey { core: self, waits, passed_over: false, garbage: &mut *garbage };
            let mut found = survey.count(own, SEARCHED, unseen, units);
            while found < units
                && let Some(shard) = around.next(self)
            {
                let more = survey.count(shard, SEARCHED_ELSEWHERE, 0, units.minus(found));
                if !more.is_zero() {
                    around.found(Self::MOST_IN_VAIN);
                }
                found = found.plus(more);
            }
            if found >= units {
                return true;
            }
            last = around.shard;
            if !survey.passed_over || order::is_inside() {
                break;
            }
        }
        self.note_searched(last);
        false
    }

    const MOST_IN_VAIN: usize = if F::Policy::PINS { MOST_SEARCHED } else { usize::MAX };

    /// The shard after which a search begins: the last one of the last call, if some entries may not be evicted.
    fn first_searched(&self, own: usize) -> usize {
        // Relaxed: the search may begin anywhere.
        if F::Policy::PINS { self.search_from.load(Ordering::Relaxed) } else { own }
    }

    /// Records the last shard that was searched, at which the next call begins.
    fn note_searched(&self, last: usize) {
        if F::Policy::PINS {
            self.search_from.store(last, Ordering::Relaxed);
        }
    }

    /// The shards after `first`, in a circle, that have entries.
    fn shards_in_turn(&self, first: usize, skipped: Option<usize>) -> Around {
        Around { shard: first, skipped, way: self.shards.count(), left: Self::MOST_IN_VAIN }
    }
}

/// One round of the shards that have entries. It restarts at a shard in which something is found. If some entries may
/// not be evicted, it ends after [`MOST_SEARCHED`] shards in which nothing is found.
struct Around {
    shard: usize,
    /// A shard that is not visited.
    skipped: Option<usize>,
    /// The number of shards until the round ends, with empty ones.
    way: usize,
    /// The number of further shards that may be visited without finding anything.
    left: usize,
}

impl Around {
    fn next<F: FieldTypes>(&mut self, core: &Core<F>) -> Option<usize> {
        let count = core.shards.count();
        while self.left > 0 {
            let next = core.occupied.next(self.shard)?;
            // The next one may be the same shard, a whole round away.
            let distance = (next + count - self.shard - 1) % count + 1;
            self.way = self.way.checked_sub(distance)?;
            self.shard = next;
            if self.skipped != Some(next) {
                self.left -= 1;
                return Some(next);
            }
        }
        None
    }

    /// Something was found, so the limit of shards without a find starts again.
    fn found(&mut self, most_in_vain: usize) {
        self.left = most_in_vain;
    }
}

/// Counts the units of evictable entries.
struct Survey<'a, F: FieldTypes> {
    core: &'a Core<F>,
    /// Whether it waits for a shard that is in use. Inside a closure it must not.
    waits: bool,
    /// Whether a shard was skipped because it was in use.
    passed_over: bool,
    garbage: &'a mut Garbage<F::Key, F::Value>,
}

impl<F: FieldTypes> Survey<'_, F> {
    /// Counts the units of the evictable entries of a shard, up to `enough`. Stops after `in_vain` + 1 searches in a
    /// row that find none.
    fn count(&mut self, shard: usize, searched: u32, in_vain: u64, enough: Units) -> Units {
        let (mut units, mut passed, mut left) = (Units::ZERO, 0, in_vain + 1);
        while units < enough && left > 0 {
            let survey = |session: &mut Session<'_, _>| session.survey(searched, &mut passed, enough.minus(units));
            let Some(more) = self.core.visit_for_room(shard, self.waits, self.garbage, survey) else {
                self.passed_over = true;
                break;
            };
            left = if more.is_zero() { left - 1 } else { in_vain + 1 };
            units = units.plus(more);
        }
        units
    }
}

/// Evictions in many shards, some entries per lock hold.
struct Eviction<'a, F: FieldTypes> {
    core: &'a Core<F>,
    held: Held<'a>,
    garbage: &'a mut Garbage<F::Key, F::Value>,
    drops: Drops,
    /// Whether a shard was skipped because it was in use.
    passed_over: bool,
}

impl<'a, F: FieldTypes> Eviction<'a, F> {
    fn new(core: &'a Core<F>, budget: &'a Budget, garbage: &'a mut Garbage<F::Key, F::Value>) -> Self {
        Eviction { core, held: Held::none(budget), garbage, drops: Drops::default(), passed_over: false }
    }

    /// Evicts in the shards after `first`, except `skipped`, until `wanted` returns zero or no entry may be evicted.
    /// `wanted` gets the number of units that are held, and returns the number that should be. Only a second round
    /// waits for shards that are in use, so a long closure in one shard does not delay a call that finds room in
    /// another.
    fn go_around(&mut self, first: usize, skipped: Option<usize>, wanted: &mut dyn FnMut(&mut Held<'_>) -> Units) {
        for waits in [false, true] {
            let mut around = self.core.shards_in_turn(first, skipped);
            self.passed_over = false;
            let is_done = loop {
                let units = wanted(&mut self.held);
                if units.is_zero() {
                    break true;
                }
                let Some(shard) = around.next(self.core) else { break false };
                if self.evict_in(shard, waits, SEARCHED_ELSEWHERE, units) {
                    around.found(Core::<F>::MOST_IN_VAIN);
                    around.way = self.core.shards.count();
                }
            };
            if is_done || !self.passed_over || order::is_inside() {
                self.core.note_searched(around.shard);
                return;
            }
        }
    }

    /// Evicts entries of a shard until this many units are held, or until it has evicted as many entries as one lock
    /// hold may. Returns whether it has evicted any, also if a panic ends it. If the eviction names no victim that may
    /// be evicted, `searched` slots are searched for one.
    ///
    /// Unless it `waits`, it skips a shard that is in use. Inside a closure it must not wait, since that could be for
    /// ever: the next write repays what is left.
    fn evict_in(&mut self, shard: usize, waits: bool, searched: u32, units: Units) -> bool {
        // A list of its own for the few entries of this hold: to grow the long list would take long under the lock.
        let mut gone = Garbage::new();
        let Eviction { core, held, garbage, drops, passed_over } = self;
        drops.watch(|| {
            let visit = |session: &mut Session<'_, _>| session.make_room(units, held, searched);
            *passed_over |= core.visit_for_room(shard, waits, &mut gone, visit).is_none();
        });
        let any = gone.len() > 0;
        garbage.append(&mut gone);
        any
    }

    /// Resumes the first panic, if there was one.
    fn end(self) {
        let Eviction { held, drops, .. } = self;
        drop(held);
        drops.end();
    }
}
