//! Entries that have an index key which a new entry asks for: whether they still have it.
//!
//! The holder of an index key may have expired, and its shard is mostly another one than that of the new entry. No call
//! waits for a shard while it holds another one. So a session tries the lock of that shard for a while. A call that can
//! release its own lock does so, waits for the other one, and then tries again.

use super::{
    core::Core,
    types::{FieldTypes, UsableTypes},
};
use crate::{
    Policy,
    clock::Nanos,
    engine::{
        cause::Cause,
        garbage::Garbage,
        index::Entrant,
        session::{Session, Taken, no_room},
        spec::{OfferFor, Spec},
        table::Stored,
    },
    field::write::IfOccupied,
    hasher::KeyHash,
    shard::{access::Access, array::ByHash, order},
};
use std::thread;

/// How often a session tries the lock of another shard, with a yield between two tries.
const TRIES: usize = 64;

/// How often a call tries to store an entry whose index keys seem to be free, but that is refused.
const ROUNDS: usize = 64;

impl<F: FieldTypes> Core<F> {
    /// See [`Spec::is_holding_elsewhere`].
    #[cold]
    pub(super) fn try_is_holding(
        &self,
        hash: KeyHash,
        key: &F::Key,
        is_same: &dyn Fn(&F::Key, &F::Value) -> bool,
        garbage: &mut Garbage<F::Key, F::Value>,
    ) -> Option<bool> {
        let shard = self.route(hash);
        for _ in 0..TRIES {
            let is_holding = self.shards.try_write(shard, |extras, table| {
                Session::new(self, extras, table, Some(garbage)).is_holding(hash, key, is_same)
            });
            if is_holding.is_some() {
                return is_holding;
            }
            thread::yield_now();
        }
        None
    }
}

impl<F: UsableTypes> Core<F> {
    /// Takes the index keys of an entry on offer from holders that do not have them any more. Fails if one of them is
    /// held. The shard of the entry is not locked.
    #[track_caller]
    fn settle(&self, hash: KeyHash, offer: &OfferFor<Self>) -> Result<(), Taken> {
        let (Some(key), Some(value)) = (offer.key(), &offer.value) else { return Ok(()) };
        let new = Entrant { key, hash: hash.low(), value };
        for index in self.indexes() {
            while let Some(holder) = index.other_holder(new) {
                let of_holder = self.hash_of(&holder.key);
                if self
                    .is_holding(of_holder, &holder.key, &|key, value| index.is_same((new.key, new.value), (key, value)))
                {
                    return Err(Taken { index: index.name() });
                }
                index.dismiss(new, &holder);
            }
        }
        Ok(())
    }

    /// As [`Session::is_holding`], after waiting for the lock, where this thread may wait.
    #[track_caller]
    fn is_holding(&self, hash: KeyHash, key: &F::Key, is_same: &dyn Fn(&F::Key, &F::Value) -> bool) -> bool {
        let mut leaving = self.leaving();
        if order::is_inside() {
            return self.try_is_holding(hash, key, is_same, &mut leaving.garbage).unwrap_or(true);
        }
        self.session(ByHash(hash), Access::Recorded, Some(&mut leaving.garbage), |session| {
            session.is_holding(hash, key, is_same)
        })
    }

    /// Stores an entry for which an index key was taken, if that is free by now.
    #[cold]
    #[track_caller]
    pub(super) fn store_settled(
        &self,
        hash: KeyHash,
        offer: &mut OfferFor<Self>,
        mut store: impl FnMut(&mut OfferFor<Self>) -> Stored,
    ) -> Stored {
        for _ in 0..ROUNDS {
            if self.settle(hash, offer).is_err() {
                return Stored::Taken;
            }
            let stored = store(offer);
            if stored != Stored::Taken {
                return stored;
            }
        }
        Stored::Taken
    }

    /// Stores an entry after an index key of it was taken, in case that has become free meanwhile.
    ///
    /// # Panics
    ///
    /// If it is still taken. The message names the index.
    #[cold]
    #[track_caller]
    pub(super) fn store_taken(&self, hash: KeyHash, offer: &mut OfferFor<Self>, ttl: Option<Nanos>) -> Stored {
        loop {
            if let Err(taken) = self.settle(hash, offer) {
                taken.refuse();
            }
            let stored = self.store(hash, offer, ttl);
            if stored != Stored::Taken {
                return stored;
            }
        }
    }

    /// Finishes a call that could not store a new entry, for want of room or since an index key is taken. See
    /// [`store_refused`](Core::store_refused).
    ///
    /// # Panics
    ///
    /// If an index key is taken and the call gives nothing back.
    #[cold]
    #[track_caller]
    pub(super) fn store_refused_indexed(
        &self,
        hash: KeyHash,
        offer: &mut OfferFor<Self>,
        (ttl, occupied): (Option<Nanos>, IfOccupied),
    ) {
        for round in 0..ROUNDS {
            if let Err(taken) = self.settle(hash, offer) {
                if occupied == IfOccupied::GiveBack {
                    return;
                }
                taken.refuse();
            }
            // The first failure may have been for an index key.
            let may_fit = round == 0 || !F::Policy::PINS || self.make_room_elsewhere(hash, offer);
            let is_done = self.write(ByHash(hash), Access::Recorded, |session| {
                if session.find_offered(hash, offer).is_some() {
                    if occupied == IfOccupied::Evict {
                        session.depart_offered(offer, Cause::Evicted);
                    }
                    return true;
                }
                session.insert(hash, offer, ttl).is_some()
            });
            if is_done {
                return;
            }
            if F::Policy::PINS && (round > 1 || !may_fit) {
                self.write(ByHash(hash), Access::Recorded, |session| session.depart_offered(offer, Cause::Evicted));
                return;
            }
        }
        no_room();
    }
}
