//! A unique index: each index key has one holder.

#![allow(unreachable_pub, reason = "in the bound of a public method")]

use super::table::{IndexTable, Same};
use crate::{
    Policy,
    builder::{Overrides, StoreContext},
    contain::contain,
    engine::{
        index::{Claim, Entrant, Holder, Index, TransactionId, Unfinished},
        session::no_room,
        table::{Handed, Offer, Stored},
    },
    field::types::{FieldTypes, Types, UsableTypes},
    hasher::LowHash,
};
use std::{borrow::Borrow, hash::Hash};

/// What a unique index has for an index key.
#[allow(missing_debug_implementations, reason = "nobody gets one")]
pub struct Single<K> {
    /// The key of the entry that has it, or is going to have it.
    holder: K,
    /// Differs each time that the index key gets a holder: the number of times that any in the shard has got one.
    version: u64,
    /// The transaction in which the holder keeps it or gets it, or [gives it up](TransactionId::giving_up).
    noted: TransactionId,
}

impl<K: Clone> Single<K> {
    fn to_holder(&self) -> Holder<K> {
        Holder { key: self.holder.clone(), version: self.version, noted: self.noted }
    }
}

/// The types of a unique index with these index keys, of a map with these keys.
pub(crate) type UniqueTypes<I, K, X, H> = Types<I, Single<K>, X, H>;

/// A unique index of a map with these keys and values.
pub(crate) struct UniqueKeys<F: FieldTypes, K, V, G: ?Sized>(pub(crate) IndexTable<F, K, V, G>);

impl<F: UsableTypes, K, V, G> UniqueKeys<F, K, V, G> {
    pub(crate) fn new(store: &StoreContext, number: u16, given: &Overrides, key_of: G) -> Self {
        UniqueKeys(IndexTable::new(store, number, given, key_of))
    }
}

impl<F, K, V, G> UniqueKeys<F, K, V, G>
where
    F: UsableTypes<Value = Single<K>>,
    K: Eq + Clone,
    G: Fn(&K, &V) -> Option<F::Key> + ?Sized,
{
    /// The holder of an index key.
    pub(crate) fn holder<Q: Hash + Eq + ?Sized>(&self, index_key: &Q) -> Option<Holder<K>>
    where
        F::Key: Borrow<Q>,
    {
        self.0.look(self.0.hash(index_key), index_key, Single::to_holder)
    }

    /// Enters a key for an index key, if there is a new one. It may be that of another holder which gives it up in this
    /// transaction.
    #[inline]
    fn enter(&self, index_key: Result<Option<F::Key>, Same>, key: &K, by: TransactionId) -> Claim<K> {
        let Ok(index_key) = index_key else { return Claim::Unchanged };
        let may_lose =
            |single: &Single<K>| single.holder == *key || (by != TransactionId::NONE && single.noted == by.giving_up());
        match index_key.and_then(|index_key| self.set(index_key, key, by, may_lose)) {
            Some(holder) => Claim::Held(holder),
            None => Claim::Changed,
        }
    }

    /// Makes a key the holder of an index key, if that has none or the present one may lose it. Returns the present one
    /// otherwise.
    fn set(
        &self,
        index_key: F::Key,
        key: &K,
        noted: TransactionId,
        may_lose: impl FnOnce(&Single<K>) -> bool,
    ) -> Option<Holder<K>> {
        let hash = self.0.hash(&index_key);
        // What was there before is dropped after the lock is released, as is an index key that was there.
        let mut offer = Offer::new(index_key, Single { holder: key.clone(), version: 0, noted });
        self.0.change(hash, |session| {
            let version = session.shard().counts().inserts(&session.shard().status().meter) + 1;
            if let Some(single) = &mut offer.value {
                single.version = version;
            }
            let mut held = None;
            let stored = session.store_if(hash, &mut offer, |present| {
                let may_lose = may_lose(present);
                if !may_lose {
                    held = Some(present.to_holder());
                }
                may_lose
            });
            // An index has no bound, so nothing but a holder that stays refuses it, or else a shard that is full.
            if stored == Stored::Refused && held.is_none() {
                no_room();
            }
            held
        })
    }

    /// Removes an index key if a condition holds for its holder.
    fn remove_if(&self, index_key: &F::Key, condition: impl FnOnce(&Single<K>) -> bool) {
        let hash = self.0.hash(index_key);
        let mut handed = Handed::new();
        self.0.change(hash, |session| session.hand_if(hash, index_key, condition, &mut handed));
    }

    /// Removes an index key, if this key is its holder. Contains panics.
    fn leave(&self, index_key: F::Key, key: &K) {
        contain(move || self.remove_if(&index_key, |single| single.holder == *key));
    }
}

impl<F, K, V, G> Index<K, V> for UniqueKeys<F, K, V, G>
where
    F: UsableTypes<Value = Single<K>>,
    K: Eq + Clone,
    G: Fn(&K, &V) -> Option<F::Key>,
    Self: Send + Sync,
{
    fn name(&self) -> &'static str {
        F::Policy::NAME
    }

    fn claim(&self, new: Entrant<'_, K, V>, old: Option<&V>, by: TransactionId) -> Claim<K> {
        let index_key = self.0.key_of(new.key, new.value);
        self.enter(self.0.unless_same(index_key, new.key, old), new.key, by)
    }

    fn release(&self, gone: Entrant<'_, K, V>, other: Option<&V>) {
        if let Some(index_key) = self.0.lost(gone, other) {
            self.leave(index_key, gone.key);
        }
    }

    fn follow<'i>(
        &'i self,
        key: &K,
        _: LowHash,
        value: &mut V,
        change: &mut dyn FnMut(&mut V),
    ) -> Option<Unfinished<'i, K>> {
        let enter = |index_key| self.enter(Ok(index_key), key, TransactionId::NONE);
        self.0.follow(key, value, change, enter, |index_key, key: &K| self.leave(index_key, key))
    }

    fn other_holder(&self, new: Entrant<'_, K, V>) -> Option<Holder<K>> {
        self.holder(&self.0.key_of(new.key, new.value)?).filter(|holder| holder.key != *new.key)
    }

    fn dismiss(&self, new: Entrant<'_, K, V>, holder: &Holder<K>) {
        if let Some(index_key) = self.0.key_of(new.key, new.value) {
            self.remove_if(&index_key, |single| single.version == holder.version);
        }
    }

    fn is_same(&self, one: (&K, &V), other: (&K, &V)) -> bool {
        self.0.is_same(one, other)
    }

    fn give_up(&self, old: Entrant<'_, K, V>, new: Option<&V>, by: TransactionId) {
        let Some(index_key) = self.0.key_of(old.key, old.value) else { return };
        let is_kept = new.and_then(|new| self.0.key_of(old.key, new)).is_some_and(|new| new == index_key);
        let hash = self.0.hash(&index_key);
        self.0.change(hash, |session| {
            let _ = session.table().find_change(hash, &index_key, |single| {
                if single.holder == *old.key {
                    single.noted = if is_kept { by } else { by.giving_up() };
                }
            });
        });
    }

    fn keep(&self, old: Entrant<'_, K, V>, new: Option<&V>) -> bool {
        let kept = contain(|| {
            let index_key = self.0.key_of(old.key, old.value);
            if let Ok(Some(index_key)) = self.0.unless_same(index_key, old.key, new) {
                let _ = self.set(index_key, old.key, TransactionId::NONE, |_| true);
            }
        });
        kept.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        builder::StoreOptions, clock::System, evict::Unbounded, expiry::Never, lock::Mutex, memory::arena::faults,
        placement::Spread, shards::Fixed,
    };
    use std::{
        hash::RandomState,
        panic::{AssertUnwindSafe, catch_unwind},
    };

    enum ByValue {}
    impl Policy for ByValue {
        type Shards = Fixed<1>;
        type Lock = Mutex;
        type Expiry = Never;
        type Eviction = Unbounded;
        type Placement = Spread;
        type Clock = System;
        const NAME: &'static str = "by_value";
        const CAPACITY: Option<usize> = None;
    }

    /// The entry would be stored without it, and no lookup would find it.
    #[test]
    fn an_index_key_that_finds_no_room_is_not_taken_for_entered() {
        type Keys<G> = UniqueKeys<UniqueTypes<u32, u32, ByValue, RandomState>, u32, u32, G>;
        let store = StoreOptions::new().start();
        let index = Keys::new(&store, 0, &Overrides::default(), |_: &u32, value: &u32| Some(*value));
        let hash = index.0.hash(&1).low();
        let claim = |key: u32| index.claim(Entrant { key: &key, hash, value: &key }, None, TransactionId::NONE);
        assert!(matches!(claim(0), Claim::Changed));
        faults::set_full(true);
        let mut entered = 0..;
        let full = entered.find(|&key| catch_unwind(AssertUnwindSafe(|| claim(key + 1))).is_err()).unwrap();
        faults::set_full(false);
        for key in 0..=full {
            assert_eq!(index.holder(&key).map(|holder| holder.key), Some(key));
        }
        assert!(index.holder(&(full + 1)).is_none());
    }
}
