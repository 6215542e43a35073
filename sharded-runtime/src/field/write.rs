//! Sessions in the shards of a map, and the work after a write.

use super::{
    core::Core,
    leaving::Leaving,
    limits::{EXPIRED_PER_WRITE, LOOKS_PER_WRITE},
    types::{FieldTypes, RefusedFor, UsableTypes},
};
use crate::{
    Occupied, Policy, Refused,
    clock::{Deadline, Nanos},
    engine::{
        cause::Cause,
        garbage::Garbage,
        session::{STEPS_PER_WRITE, Session, no_room},
        spec::{HandedFor, OfferFor, Spec},
        table::{Backlog, Handed, Offer, StampOf, Stored, Wait},
    },
    evict::Eviction,
    expiry::Stamp,
    hasher::KeyHash,
    names_of,
    observe::{events, tally::Event},
    record::Operation,
    shard::access::{Access, Turn},
    shard::array::{ByHash, ShardSelector},
};
use std::{borrow::Borrow, hash::Hash, mem::needs_drop, sync::atomic::Ordering, thread};

impl<F: FieldTypes> Core<F> {
    /// Counts an entry that is given back because there is no room.
    pub(super) fn note_refused(&self) {
        self.count(Event::Refusal);
        events::refused(names_of::<F::Policy>());
    }

    /// The access of a call that runs only `Eq` and `Clone` of keys and values under the lock. (For types that own
    /// nothing, they are not checked.)
    pub(crate) const TRAITS: Access =
        if needs_drop::<(F::Key, F::Value)>() { Access::Recorded } else { Access::Unrecorded };

    /// How a call enters a shard that runs no closure, but changes entries: an index and the function of a ttl are user
    /// code.
    pub(crate) const WRITES: Access =
        if F::Policy::INDEXED || F::Policy::TTL_OF_ENTRY { Access::Recorded } else { Self::TRAITS };

    /// Opens a session in a shard, without the work after a write.
    #[inline]
    #[track_caller]
    pub(crate) fn session<R>(
        &self,
        shard: impl ShardSelector,
        turn: impl Turn,
        garbage: Option<&mut Garbage<F::Key, F::Value>>,
        run: impl FnOnce(&mut Session<'_, Self>) -> R,
    ) -> R {
        self.shards.write(shard, turn, |extras, table| run(&mut Session::new(self, extras, table, garbage)))
    }

    /// Changes a shard. Entries that leave are dropped after the lock is released. It also does the bounded work that a
    /// write does for others: it removes expired entries, grows or shrinks the table, and repays an overdraft of the
    /// capacity.
    #[inline]
    #[track_caller]
    pub(crate) fn write<R>(
        &self,
        shard: impl ShardSelector,
        turn: impl Turn,
        change: impl FnOnce(&mut Session<'_, Self>) -> R,
    ) -> R {
        self.write_leaving(shard, turn, &mut self.leaving(), change)
    }

    /// As [`write`](Core::write), for a change in which entries leave only if they expire or are evicted.
    #[inline]
    #[track_caller]
    pub(crate) fn write_in_place<R>(
        &self,
        shard: impl ShardSelector,
        access: Access,
        change: impl FnOnce(&mut Session<'_, Self>) -> R,
    ) -> R {
        if Session::<Self>::IS_PLAIN {
            self.session(shard, access, None, change)
        } else {
            self.write(shard, access, change)
        }
    }

    /// As [`write`](Core::write), but entries that leave stay in `leaving`: the caller decides when they are dropped,
    /// which runs user code.
    #[inline]
    #[track_caller]
    pub(crate) fn write_leaving<R>(
        &self,
        shard: impl ShardSelector,
        turn: impl Turn,
        leaving: &mut Leaving<'_, F::Key, F::Value>,
        change: impl FnOnce(&mut Session<'_, Self>) -> R,
    ) -> R {
        let mut repaying = RepayOnDrop { core: self, shard, garbage: &mut leaving.garbage, has_begun: false };
        let has_begun = &mut repaying.has_begun;
        let (result, due_at, backlog) = self.session(shard, turn, Some(&mut *repaying.garbage), |session| {
            if Session::<Self>::SHARES {
                *has_begun = true;
            }
            let result = change(session);
            // Tested here, so that maps without weights have no code for it.
            if F::Policy::WEIGHS {
                session.evict_heavy();
            }
            if StampOf::<F::Policy>::EXPIRES {
                session.sweep(LOOKS_PER_WRITE, EXPIRED_PER_WRITE);
            }
            // Without memory to grow, the table becomes fuller. The next write tries again.
            let _ = session.step(STEPS_PER_WRITE);
            // By a constant, so that only maps whose entries are shared get its code.
            let backlog =
                if Session::<Self>::SHARES { session.release_retired(Wait::Own(Backlog::Many)) } else { Backlog::None };
            (result, session.due_at(), backlog)
        });
        // First, since user code that runs in the repayment may panic.
        self.wake_for(due_at);
        drop(repaying);
        if Session::<Self>::SHARES && backlog != Backlog::None {
            self.tend_retired(shard, backlog, &mut leaving.garbage);
        }
        result
    }

    /// Schedules a sweep of this map at this time, if a background thread sweeps it.
    #[inline]
    pub(super) fn wake_for(&self, due_at: Deadline) {
        if StampOf::<F::Policy>::EXPIRES
            && self.background.is_some()
            && due_at.is_before(self.alarm.load(Ordering::Relaxed))
        {
            self.ring(due_at);
        }
    }

    /// Repays an overdraft of the capacity, after a write in this shard.
    #[inline]
    pub(super) fn repay_after(&self, shard: impl ShardSelector, garbage: &mut Garbage<F::Key, F::Value>) {
        // Without eviction there are no overdrafts.
        if <F::Policy as Policy>::Eviction::EVICTS
            && let Some(budget) = &self.budget
            && budget.is_overdrawn()
        {
            self.repay(budget, self.shards.index(shard), garbage);
        }
    }

    /// Schedules the next sweep of this map at an earlier time.
    #[cold]
    #[inline(never)]
    fn ring(&self, due_at: Deadline) {
        // Relaxed: due entries are found under the lock of their shard.
        if due_at.is_before(self.alarm.lower(due_at, Ordering::Relaxed)) {
            self.ring_anyway();
        }
    }

    /// Schedules a sweep of this map at the time when it is due next.
    pub(crate) fn ring_anyway(&self) {
        let alarm = self.alarm.load(Ordering::Relaxed);
        if let Some(background) = &self.background
            && !alarm.is_never()
        {
            background.ring(alarm.left(self.clock.now()).to_duration());
        }
    }
}

/// Repays an overdraft of the capacity after a write, also if the write panics.
struct RepayOnDrop<'a, F: FieldTypes, N: ShardSelector> {
    core: &'a Core<F>,
    shard: N,
    garbage: &'a mut Garbage<F::Key, F::Value>,
    /// Whether the write has begun. Maintained only if entries are shared with readers.
    has_begun: bool,
}

impl<F: FieldTypes, N: ShardSelector> Drop for RepayOnDrop<'_, F, N> {
    #[inline]
    fn drop(&mut self) {
        if Session::<Core<F>>::SHARES && self.has_begun && thread::panicking() {
            // The change may have retired an entry before it panicked. This publishes that.
            self.core.release_in(self.shard, Wait::Own(Backlog::Full), self.garbage);
        }
        self.core.repay_after(self.shard, self.garbage);
    }
}

/// The fate of a new entry whose key another thread has stored meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IfOccupied {
    /// It is evicted.
    Evict,
    /// It stays on offer, for a call that gives it back.
    GiveBack,
}

impl<F: UsableTypes> Core<F> {
    /// Stores an entry under a policy that makes room, with this ttl or the declared one. Returns the value that it
    /// replaces.
    #[inline]
    #[track_caller]
    pub(crate) fn insert(&self, key: F::Key, value: F::Value, ttl: Option<Nanos>) -> Option<F::Value> {
        self.insert_hashed(self.hash_for(Operation::Insert, &key), key, value, ttl)
    }

    /// As [`insert`](Core::insert), for a key that was hashed. An entry that is still refused is evicted at once,
    /// together with the old entry of its key.
    #[inline]
    #[track_caller]
    pub(super) fn insert_hashed(
        &self,
        hash: KeyHash,
        key: F::Key,
        value: F::Value,
        ttl: Option<Nanos>,
    ) -> Option<F::Value> {
        let mut offer = Offer::new(key, value);
        let mut stored = self.store(hash, &mut offer, ttl);
        // By a constant, so that only maps with an index get its code.
        if F::Policy::INDEXED && stored == Stored::Taken {
            stored = self.store_taken(hash, &mut offer, ttl);
        }
        match stored {
            Stored::New => return None,
            Stored::InPlace | Stored::Taken => {}
            Stored::Refused if F::Policy::WEIGHS || F::Policy::PINS => self.evict_refused(hash, &mut offer),
            Stored::Refused => no_room(),
        }
        offer.value.take()
    }

    /// Stores an entry if there is room. Returns the value that it replaces.
    #[track_caller]
    pub(crate) fn try_insert(
        &self,
        key: F::Key,
        value: F::Value,
        ttl: Option<Nanos>,
    ) -> Result<Option<F::Value>, RefusedFor<F>> {
        let hash = self.hash_for(Operation::Insert, &key);
        let mut offer = Offer::new(key, value);
        match self.store(hash, &mut offer, ttl) {
            Stored::New => Ok(None),
            Stored::InPlace => Ok(offer.value.take()),
            Stored::Refused | Stored::Taken => offer.take().map_or(Ok(None), |(key, value)| {
                self.note_refused();
                Err(Refused { key, value })
            }),
        }
    }

    /// Stores an entry under a policy that makes room, unless its key has a live one.
    #[track_caller]
    pub(crate) fn insert_if_absent(
        &self,
        key: F::Key,
        value: F::Value,
        ttl: Option<Nanos>,
    ) -> Result<(), Occupied<F::Key, F::Value>> {
        let hash = self.hash_for(Operation::Insert, &key);
        let mut offer = Offer::new(key, value);
        let is_settled = self.write_in_place(ByHash(hash), Self::WRITES, |session| {
            session.find_offered(hash, &offer).is_some() || session.insert_or_evict(hash, &mut offer, ttl)
        });
        self.store_refused(hash, &mut offer, is_settled, (ttl, IfOccupied::GiveBack));
        offer.take().map_or(Ok(()), |(key, value)| Err(Occupied { key, value }))
    }

    /// Removes the entry of a key, and hands it out.
    #[inline]
    #[track_caller]
    pub(crate) fn remove<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> HandedFor<Self>
    where
        F::Key: Borrow<Q>,
    {
        self.remove_hashed_if(self.hash_for(Operation::Remove, key), key, Self::WRITES, |_| true)
    }

    /// As [`remove`](Core::remove), if a condition holds for the value.
    #[inline]
    #[track_caller]
    pub(crate) fn remove_if<Q: Hash + Eq + ?Sized>(
        &self,
        key: &Q,
        condition: impl FnOnce(&F::Value) -> bool,
    ) -> HandedFor<Self>
    where
        F::Key: Borrow<Q>,
    {
        self.remove_hashed_if(self.hash_for(Operation::Remove, key), key, Access::Recorded, condition)
    }

    /// Stores the entry on offer, with this ttl or the declared one. See [`Session::store`].
    #[inline]
    #[track_caller]
    pub(crate) fn store(&self, hash: KeyHash, offer: &mut OfferFor<Self>, ttl: Option<Nanos>) -> Stored {
        let mut stored = self.store_in_shard(hash, offer, ttl);
        if F::Policy::INDEXED && stored == Stored::Taken {
            stored = self.store_settled(hash, offer, |offer| self.store_in_shard(hash, offer, ttl));
        }
        // Other shards may have evictable entries. This tries twice, since another thread may take the room first.
        if F::Policy::PINS && stored == Stored::Refused && self.make_room_elsewhere(hash, offer) {
            return self.store_in_shard(hash, offer, ttl);
        }
        stored
    }

    /// (No closure of `store`, which would hide the caller.)
    #[inline]
    #[track_caller]
    fn store_in_shard(&self, hash: KeyHash, offer: &mut OfferFor<Self>, ttl: Option<Nanos>) -> Stored {
        if self.leaves_nothing() {
            return self.session(ByHash(hash), Self::WRITES, None, |session| session.store(hash, offer, ttl));
        }
        self.write(ByHash(hash), Self::WRITES, |session| session.store(hash, offer, ttl))
    }

    /// As [`remove_if`](Core::remove_if), for a key that was hashed.
    #[inline]
    #[track_caller]
    pub(super) fn remove_hashed_if<Q: Eq + ?Sized>(
        &self,
        hash: KeyHash,
        key: &Q,
        access: Access,
        condition: impl FnOnce(&F::Value) -> bool,
    ) -> HandedFor<Self>
    where
        F::Key: Borrow<Q>,
    {
        let mut handed = Handed::new();
        let shard = ByHash(hash);
        if self.leaves_nothing() {
            self.session(shard, access, None, |session| session.hand_if(hash, key, condition, &mut handed));
        } else {
            self.write(shard, access, |session| session.hand_if(hash, key, condition, &mut handed));
        }
        handed
    }

    /// Whether there is no work after a call that hands out the entries that it takes out. (Each caller has a closure
    /// for each of both cases. A shared one would not be inlined.)
    #[inline]
    fn leaves_nothing(&self) -> bool {
        // A listener gets copies of the entries.
        Session::<Self>::IS_STEADY && self.listener().is_none()
    }

    /// Finishes a call that has stored a new entry, or has found no room for it in its shard. In the second case
    /// entries of other shards are evicted for it. If none can be, the new entry is evicted at once. If another thread
    /// has stored the key meanwhile, the new entry stays on offer or is evicted. It is stored with this ttl or the
    /// declared one.
    #[inline]
    #[track_caller]
    pub(crate) fn store_refused(
        &self,
        hash: KeyHash,
        offer: &mut OfferFor<Self>,
        is_stored: bool,
        (ttl, occupied): (Option<Nanos>, IfOccupied),
    ) {
        if F::Policy::INDEXED {
            if !is_stored {
                self.store_refused_indexed(hash, offer, (ttl, occupied));
            }
        } else if F::Policy::PINS && !is_stored {
            let may_fit = self.make_room_elsewhere(hash, offer);
            self.write(ByHash(hash), Self::WRITES, |session| {
                let is_there = session.find_offered(hash, offer).is_some();
                if is_there && occupied == IfOccupied::GiveBack {
                    return;
                }
                let is_stored = may_fit && !is_there && session.insert(hash, offer, ttl).is_some();
                if !is_stored {
                    session.depart_offered(offer, Cause::Evicted);
                }
            });
        }
    }

    /// Evicts an entry on offer that was refused, and removes the entry of its key, whose value is then on offer.
    #[cold]
    #[inline(never)]
    #[track_caller]
    fn evict_refused(&self, hash: KeyHash, offer: &mut OfferFor<Self>) {
        let mut replaced = Handed::new();
        self.write(ByHash(hash), Self::WRITES, |session| {
            if let Some(slot) = session.find_offered(hash, offer) {
                session.hand(slot, Some(hash.low()), Cause::Replaced, &mut replaced);
            }
            session.depart_offered(offer, Cause::Evicted);
        });
        offer.value = replaced.take_value();
    }
}
