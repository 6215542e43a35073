//! Changes of an entry, or its insertion, in one critical section.

use super::{core::Core, types::UsableTypes, write::IfOccupied};
use crate::{
    engine::{cause::Cause, table::Offer},
    record::{Operation, Timed},
    shard::{access::Access, array::ByHash},
};
use std::{borrow::Borrow, hash::Hash};

/// What [`ShardedMap::compute`](crate::ShardedMap::compute) is to do with the entry, with the value that the call
/// returns.
///
/// # Examples
///
/// See [`ShardedMap::compute`](crate::ShardedMap::compute).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change<V, R = ()> {
    /// Keep the entry as it is: changed in place, unchanged, or absent.
    Keep(R),
    /// Store this value instead of the present one, if any. The time to live starts now.
    Put(V, R),
    /// Remove the entry, if there is one.
    Remove(R),
}

impl<F: UsableTypes> Core<F> {
    /// Runs a closure that may change the live value of a key in place. This counts as a use of the entry.
    #[inline]
    #[track_caller]
    pub(crate) fn change<Q: Hash + Eq + ?Sized, R>(&self, key: &Q, change: impl FnOnce(&mut F::Value) -> R) -> Option<R>
    where
        F::Key: Borrow<Q>,
    {
        let (hash, is_timed) = self.hash_timed(Operation::Update, key);
        let change = |value: &mut F::Value| self.timed(is_timed, Timed::Hold, || change(value));
        self.write_in_place(ByHash(hash), Access::Recorded, |session| session.change_if_present(hash, key, change).ok())
    }

    /// Stores the value of `init` if the key has no live value, or else calls `update` with the value.
    #[inline]
    #[track_caller]
    pub(crate) fn upsert<R>(
        &self,
        key: F::Key,
        init: impl FnOnce() -> F::Value,
        update: impl FnOnce(&mut F::Value) -> R,
    ) -> Option<R> {
        let (hash, is_timed) = self.hash_timed(Operation::Update, &key);
        let init = || self.timed(is_timed, Timed::Hold, init);
        let update = |value: &mut F::Value| self.timed(is_timed, Timed::Hold, || update(value));
        let mut offer = Offer::of_key(key);
        let mut is_settled = true;
        let updated = self.write_in_place(ByHash(hash), Access::Recorded, |session| {
            if let Ok(updated) = session.change_offered(hash, &offer, update) {
                return Some(updated);
            }
            is_settled = session.insert_made(hash, &mut offer, init);
            None
        });
        self.store_refused(hash, &mut offer, is_settled, IfOccupied::Evict);
        updated
    }

    /// Calls a closure with the value of a key, and changes the entry as the closure returns.
    #[track_caller]
    pub(crate) fn compute<R>(
        &self,
        key: F::Key,
        change: impl FnOnce(Option<&mut F::Value>) -> Change<F::Value, R>,
    ) -> R {
        let (hash, is_timed) = self.hash_timed(Operation::Update, &key);
        let change = |value: Option<&mut F::Value>| self.timed(is_timed, Timed::Hold, || change(value));
        let mut offer = Offer::of_key(key);
        let mut is_settled = true;
        let result = self.write(ByHash(hash), Access::Recorded, |session| {
            let slot = session.access_offered(hash, &offer);
            let change = match slot {
                Some(slot) => session.change_found(slot, hash.low(), |value| change(Some(value))),
                None => session.run_apart(|| change(None)),
            };
            match (change, slot) {
                (Change::Keep(result), _) => result,
                (Change::Remove(result), None) => {
                    if let Some(key) = offer.key() {
                        session.overtake(hash, key);
                    }
                    result
                }
                (Change::Put(value, result), Some(slot)) => {
                    // The closure may have taken long.
                    session.refresh_now();
                    offer.value = Some(value);
                    if let Err(taken) = session.replace(slot, hash, &mut offer, None) {
                        taken.refuse();
                    }
                    session.depart_offered(&mut offer, Cause::Replaced);
                    result
                }
                (Change::Put(value, result), None) => {
                    session.refresh_now();
                    offer.value = Some(value);
                    is_settled = session.insert_or_evict(hash, &mut offer);
                    result
                }
                (Change::Remove(result), Some(slot)) => {
                    session.remove(slot, Some(hash.low()), Cause::Removed);
                    result
                }
            }
        });
        self.store_refused(hash, &mut offer, is_settled, IfOccupied::Evict);
        result
    }

    /// Returns a copy of the value of a key. If it has none, stores the value of `init` first.
    #[track_caller]
    pub(crate) fn get_or_insert_with(&self, key: F::Key, init: impl FnOnce() -> F::Value) -> F::Value
    where
        F::Value: Clone,
    {
        let (hash, is_timed) = self.hash_timed(Operation::Load, &key);
        let init = || self.timed(is_timed, Timed::Miss, init);
        let mut offer = Offer::of_key(key);
        let mut is_settled = true;
        let mut copy = None;
        self.write_in_place(ByHash(hash), Access::Recorded, |session| {
            if let Some(slot) = session.access_offered(hash, &offer) {
                copy = Some(session.value(slot).clone());
                return;
            }
            // The copy comes first: once the entry is stored, no user code runs that could panic.
            copy = Some(session.run_apart(|| offer.value.insert(init()).clone()));
            session.refresh_now();
            is_settled = session.insert_or_evict(hash, &mut offer);
        });
        self.store_refused(hash, &mut offer, is_settled, IfOccupied::Evict);
        copy.expect("it is there or was made")
    }
}
