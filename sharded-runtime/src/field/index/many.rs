//! An index with many keys for each index key.

use super::{
    list::{After, KeyList},
    table::{IndexTable, Same},
};
use crate::{
    Policy,
    builder::{Overrides, StoreContext},
    contain::contain,
    engine::{
        index::{Claim, Entrant, Holder, Index, TransactionId, Unfinished},
        table::{Handed, Offer},
    },
    field::{
        limits::BATCH,
        types::{FieldTypes, Types, UsableTypes},
    },
    hasher::LowHash,
};
use std::{borrow::Borrow, hash::Hash};

/// The types of an index with these index keys, of a map with these keys.
pub(crate) type ManyTypes<I, K, X, H> = Types<I, KeyList<K>, X, H>;

/// An index of a map with these keys and values, with many keys for each index key.
pub(crate) struct ManyKeys<F: FieldTypes, K, V, G: ?Sized>(pub(crate) IndexTable<F, K, V, G>);

impl<F: UsableTypes, K, V, G> ManyKeys<F, K, V, G> {
    pub(crate) fn new(store: &StoreContext, number: u16, given: &Overrides, key_of: G) -> Self {
        ManyKeys(IndexTable::new(store, number, given, key_of))
    }
}

impl<F, K, V, G> ManyKeys<F, K, V, G>
where
    F: UsableTypes<Value = KeyList<K>>,
    K: Eq + Clone,
    G: Fn(&K, &V) -> Option<F::Key> + ?Sized,
{
    /// Copies some keys of an index key, from there on. Returns where the rest begins.
    pub(crate) fn copy<Q: Hash + Eq + ?Sized>(
        &self,
        index_key: &Q,
        from: Option<After>,
        copies: &mut Vec<K>,
    ) -> Option<After>
    where
        F::Key: Borrow<Q>,
    {
        self.0.look(self.0.hash(index_key), index_key, |list| list.copy(from, BATCH, copies))?
    }

    /// Adds a key to an index key, if there is a new one.
    #[inline]
    fn enter(&self, index_key: Result<Option<F::Key>, Same>, key: &K, hash: LowHash) -> Claim<K> {
        let Ok(index_key) = index_key else { return Claim::Unchanged };
        if let Some(index_key) = index_key {
            self.add(index_key, key, hash);
        }
        Claim::Changed
    }

    fn add(&self, index_key: F::Key, key: &K, hash: LowHash) {
        let of_index_key = self.0.hash(&index_key);
        let mut offer = Offer::of_key(index_key);
        self.0.change(of_index_key, |session| {
            let Some(index_key) = offer.key() else { return };
            let owned = &session.shard().status().meter.weight;
            let add = |list: &mut KeyList<K>| {
                let before = list.owned();
                list.add(hash, key);
                owned.set(owned.get() + list.owned() as u64 - before as u64);
            };
            if session.table().find_change(of_index_key, index_key, add).is_err() {
                // An index has no bound, so it is stored.
                offer.value = Some(KeyList::of(hash, key.clone()));
                let _ = session.insert_or_evict(of_index_key, &mut offer, None);
            }
        });
    }

    /// Removes a key from an index key. Contains panics.
    fn leave(&self, index_key: F::Key, key: &K, hash: LowHash) {
        contain(move || {
            let of_index_key = self.0.hash(&index_key);
            let (mut handed, mut taken) = (Handed::new(), None);
            self.0.change(of_index_key, |session| {
                let owned = &session.shard().status().meter.weight;
                let take = |list: &mut KeyList<K>| {
                    let before = list.owned();
                    taken = list.take(hash, key);
                    owned.set(owned.get() + list.owned() as u64 - before as u64);
                    list.len() == 0
                };
                if let Ok(true) = session.table().find_change(of_index_key, &index_key, take) {
                    // If this search panics, the list stays, with what it owns.
                    let leaves = |list: &KeyList<K>| {
                        let is_empty = list.len() == 0;
                        if is_empty {
                            owned.set(owned.get() - list.owned() as u64);
                        }
                        is_empty
                    };
                    session.hand_if(of_index_key, &index_key, leaves, &mut handed);
                }
            });
        });
    }
}

impl<F, K, V, G> Index<K, V> for ManyKeys<F, K, V, G>
where
    F: UsableTypes<Value = KeyList<K>>,
    K: Eq + Clone,
    G: Fn(&K, &V) -> Option<F::Key>,
    Self: Send + Sync,
{
    fn name(&self) -> &'static str {
        F::Policy::NAME
    }

    fn claim(&self, new: Entrant<'_, K, V>, old: Option<&V>, _: TransactionId) -> Claim<K> {
        let index_key = self.0.key_of(new.key, new.value);
        self.enter(self.0.unless_same(index_key, new.key, old), new.key, new.hash)
    }

    fn release(&self, gone: Entrant<'_, K, V>, other: Option<&V>) {
        if let Some(index_key) = self.0.lost(gone, other) {
            self.leave(index_key, gone.key, gone.hash);
        }
    }

    fn follow<'i>(
        &'i self,
        key: &K,
        hash: LowHash,
        value: &mut V,
        change: &mut dyn FnMut(&mut V),
    ) -> Option<Unfinished<'i, K>> {
        let enter = |index_key| self.enter(Ok(index_key), key, hash);
        self.0.follow(key, value, change, enter, move |index_key, key: &K| self.leave(index_key, key, hash))
    }

    fn other_holder(&self, _: Entrant<'_, K, V>) -> Option<Holder<K>> {
        None
    }

    fn dismiss(&self, _: Entrant<'_, K, V>, _: &Holder<K>) {}

    fn is_same(&self, one: (&K, &V), other: (&K, &V)) -> bool {
        self.0.is_same(one, other)
    }

    fn give_up(&self, _: Entrant<'_, K, V>, _: Option<&V>, _: TransactionId) {}

    fn keep(&self, _: Entrant<'_, K, V>, _: Option<&V>) -> bool {
        true
    }
}
