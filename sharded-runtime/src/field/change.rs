//! Changes of an entry, or its insertion, in one critical section.

use super::{core::Core, types::UsableTypes, write::IfOccupied};
use crate::{
    bounds::owned_key,
    clock::Nanos,
    engine::{
        cause::Cause,
        session::Session,
        spec::{OfferFor, Spec},
        table::{Offer, Slot},
    },
    hasher::KeyHash,
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
        ttl: Option<Nanos>,
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
            is_settled = session.insert_made(hash, &mut offer, ttl, init);
            None
        });
        self.store_refused(hash, &mut offer, is_settled, (ttl, IfOccupied::Evict));
        updated
    }

    /// As [`upsert`](Core::upsert), for a key that is made when it is stored.
    #[track_caller]
    pub(crate) fn upsert_ref<Q, R>(
        &self,
        key: &Q,
        init: impl FnOnce() -> F::Value,
        update: impl FnOnce(&mut F::Value) -> R,
        ttl: Option<Nanos>,
    ) -> Option<R>
    where
        F::Key: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = F::Key> + ?Sized,
    {
        let (hash, is_timed) = self.hash_timed(Operation::Update, key);
        let init = || self.timed(is_timed, Timed::Hold, init);
        let update = |value: &mut F::Value| self.timed(is_timed, Timed::Hold, || update(value));
        let mut offer = Offer::without_key(None);
        let mut is_settled = true;
        let updated = self.write_in_place(ByHash(hash), Access::Recorded, |session| {
            if let Ok(updated) = session.change_if_present(hash, key, update) {
                return Some(updated);
            }
            offer.set_key(session.run_apart(|| owned_key(key)));
            is_settled = session.insert_made(hash, &mut offer, ttl, init);
            None
        });
        self.store_refused(hash, &mut offer, is_settled, (ttl, IfOccupied::Evict));
        updated
    }

    /// Lends the value of a key to a closure, after making one if it has none, which is stored after that.
    #[track_caller]
    pub(crate) fn with_or_insert<R>(
        &self,
        key: F::Key,
        init: impl FnOnce() -> F::Value,
        change: impl FnOnce(&mut F::Value) -> R,
        ttl: Option<Nanos>,
    ) -> R {
        let (hash, is_timed) = self.hash_timed(Operation::Update, &key);
        let init = || self.timed(is_timed, Timed::Hold, init);
        let change = |value: &mut F::Value| self.timed(is_timed, Timed::Hold, || change(value));
        let mut offer = Offer::of_key(key);
        let mut is_settled = true;
        let result = self.write_in_place(ByHash(hash), Access::Recorded, |session| {
            let change = match session.change_offered(hash, &offer, change) {
                Ok(result) => return result,
                Err(change) => change,
            };
            let mut result = None;
            is_settled = session.insert_made(hash, &mut offer, ttl, || {
                let mut value = init();
                result = Some(change(&mut value));
                value
            });
            result.expect("the value was made")
        });
        self.store_refused(hash, &mut offer, is_settled, (ttl, IfOccupied::Evict));
        result
    }

    /// Calls a closure with the value of a key, and changes the entry as the closure returns.
    #[track_caller]
    pub(crate) fn compute<R>(
        &self,
        key: F::Key,
        change: impl FnOnce(Option<&mut F::Value>) -> Change<F::Value, R>,
        ttl: Option<Nanos>,
    ) -> R {
        let (hash, is_timed) = self.hash_timed(Operation::Update, &key);
        let change = |value: Option<&mut F::Value>| self.timed(is_timed, Timed::Hold, || change(value));
        let mut offer = Offer::of_key(key);
        let mut is_settled = true;
        let result = self.write(ByHash(hash), Access::Recorded, |session| {
            let slot = session.access_offered(hash, &offer);
            let (change, result) = run_change(session, (hash, slot), change, &mut offer.value);
            match change {
                Computed::Keep => {}
                Computed::Put => {
                    is_settled = put_computed(session, hash, slot, &mut offer, ttl);
                }
                Computed::Remove => match slot {
                    Some(slot) => session.remove(slot, Some(hash.low()), Cause::Removed),
                    None => offer.key().into_iter().for_each(|key| session.overtake(hash, key)),
                },
            }
            result
        });
        self.store_refused(hash, &mut offer, is_settled, (ttl, IfOccupied::Evict));
        result
    }

    /// As [`compute`](Core::compute), for a key that is made when it is stored.
    #[track_caller]
    pub(crate) fn compute_ref<Q, R>(
        &self,
        key: &Q,
        change: impl FnOnce(Option<&mut F::Value>) -> Change<F::Value, R>,
        ttl: Option<Nanos>,
    ) -> R
    where
        F::Key: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = F::Key> + ?Sized,
    {
        let (hash, is_timed) = self.hash_timed(Operation::Update, key);
        let change = |value: Option<&mut F::Value>| self.timed(is_timed, Timed::Hold, || change(value));
        let mut offer = Offer::without_key(None);
        let mut is_settled = true;
        let result = self.write(ByHash(hash), Access::Recorded, |session| {
            let slot = session.access(hash, key);
            let (change, result) = run_change(session, (hash, slot), change, &mut offer.value);
            match change {
                Computed::Keep => {}
                Computed::Put => {
                    if slot.is_none() || self.listener().is_some() {
                        offer.set_key(session.run_apart(|| owned_key(key)));
                    }
                    is_settled = put_computed(session, hash, slot, &mut offer, ttl);
                }
                Computed::Remove => match slot {
                    Some(slot) => session.remove(slot, Some(hash.low()), Cause::Removed),
                    None => session.overtake(hash, key),
                },
            }
            result
        });
        self.store_refused(hash, &mut offer, is_settled, (ttl, IfOccupied::Evict));
        result
    }

    /// Returns a copy of the value of a key. If it has none, stores the value of `init` first.
    #[track_caller]
    pub(crate) fn get_or_insert_with(
        &self,
        key: F::Key,
        init: impl FnOnce() -> F::Value,
        ttl: Option<Nanos>,
    ) -> F::Value
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
            is_settled = session.insert_or_evict(hash, &mut offer, ttl);
        });
        self.store_refused(hash, &mut offer, is_settled, (ttl, IfOccupied::Evict));
        copy.expect("it is there or was made")
    }
}

/// A [`Change`], apart from the value and from what the call returns.
enum Computed {
    Keep,
    Put,
    Remove,
}

/// Runs the closure of a [`compute`](Core::compute) on the entry of a slot, if there is one. A value that is to be
/// stored goes to `made`.
fn run_change<F: Spec, R>(
    session: &mut Session<'_, F>,
    (hash, slot): (KeyHash, Option<Slot>),
    change: impl FnOnce(Option<&mut F::Value>) -> Change<F::Value, R>,
    made: &mut Option<F::Value>,
) -> (Computed, R) {
    let change = match slot {
        Some(slot) => session.change_found(slot, hash.low(), |value| change(Some(value))),
        None => session.run_apart(|| change(None)),
    };
    match change {
        Change::Keep(result) => (Computed::Keep, result),
        Change::Put(value, result) => {
            *made = Some(value);
            (Computed::Put, result)
        }
        Change::Remove(result) => (Computed::Remove, result),
    }
}

/// Stores the value on offer, for this long or the declared time, in place of the one in a slot or as a new entry.
/// Returns whether it left the offer.
fn put_computed<F: Spec<Key: Eq>>(
    session: &mut Session<'_, F>,
    hash: KeyHash,
    slot: Option<Slot>,
    offer: &mut OfferFor<F>,
    ttl: Option<Nanos>,
) -> bool {
    // The closure may have taken long.
    session.refresh_now();
    let Some(slot) = slot else { return session.insert_or_evict(hash, offer, ttl) };
    if let Err(taken) = session.replace(slot, hash, offer, ttl) {
        taken.refuse();
    }
    session.depart_offered(offer, Cause::Replaced);
    true
}
