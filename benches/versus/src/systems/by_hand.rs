//! Shards as a careful engineer writes them: padded locks around hashbrown tables. The hash is computed once.

use super::{Access, Hasher};
use crate::entries::Entry;
use hashbrown::{HashTable, hash_table::Entry as Place};
use parking_lot::RwLock;
use std::{borrow::Borrow, hash::BuildHasher};

pub(crate) struct ByHand<E: Entry> {
    hasher: Hasher,
    shards: Vec<Padded<E>>,
}

type Locked<E> = RwLock<HashTable<(<E as Entry>::Key, <E as Entry>::Value)>>;

#[repr(align(128))]
struct Padded<E: Entry>(Locked<E>);

impl<E: Entry> ByHand<E> {
    pub(crate) fn new() -> Self {
        let shards = (0..64).map(|_| Padded(RwLock::default())).collect();
        ByHand { hasher: Hasher::default(), shards }
    }

    #[inline]
    fn find(&self, key: &E::Query) -> (u64, &Locked<E>) {
        let (hash, shard) = self.place(key);
        (hash, &self.shards[shard].0)
    }

    #[inline]
    fn place(&self, key: &E::Query) -> (u64, usize) {
        let hash = self.hasher.hash_one(key);
        // Below the seven bits that hashbrown takes for its tags.
        (hash, usize::try_from(hash << 7 >> 58).unwrap_or(0))
    }

    /// Locks the shards of two different keys, the lower shard first, and runs a closure on their values.
    #[inline]
    pub(crate) fn with_two<R>(
        &self,
        one: &E::Query,
        other: &E::Query,
        run: impl FnOnce([Option<&mut E::Value>; 2]) -> R,
    ) -> R {
        let ((hash, shard), (other_hash, other_shard)) = (self.place(one), self.place(other));
        if shard == other_shard {
            let keys = [one, other];
            let mut table = self.shards[shard].0.write();
            let entries = table.get_disjoint_mut([hash, other_hash], |at, entry| is::<E>(entry, keys[at]));
            return run(entries.map(|entry| entry.map(|entry| &mut entry.1)));
        }
        let mut lower = self.shards[shard.min(other_shard)].0.write();
        let mut upper = self.shards[shard.max(other_shard)].0.write();
        let (table, other_table) =
            if shard < other_shard { (&mut *lower, &mut *upper) } else { (&mut *upper, &mut *lower) };
        let value = table.find_mut(hash, |entry| is::<E>(entry, one)).map(|entry| &mut entry.1);
        let other_value = other_table.find_mut(other_hash, |entry| is::<E>(entry, other)).map(|entry| &mut entry.1);
        run([value, other_value])
    }

    /// All values, shard by shard.
    pub(crate) fn values(&self) -> impl Iterator<Item = E::Value> {
        self.shards.iter().flat_map(|shard| shard.0.read().iter().map(|entry| entry.1).collect::<Vec<_>>())
    }
}

impl<E: Entry> Access<E> for &ByHand<E> {
    #[inline]
    fn get(&mut self, key: &E::Query) -> Option<E::Value> {
        let (hash, shard) = self.find(key);
        shard.read().find(hash, |entry| is::<E>(entry, key)).map(|entry| entry.1)
    }

    #[inline]
    fn insert(&mut self, key: E::Key, value: E::Value) -> bool {
        let (hash, shard) = self.find(key.borrow());
        match shard.write().entry(hash, |entry| entry.0 == key, |entry| self.hasher.hash_one(&entry.0)) {
            Place::Occupied(mut place) => {
                place.get_mut().1 = value;
                false
            }
            Place::Vacant(place) => {
                place.insert((key, value));
                true
            }
        }
    }

    #[inline]
    fn remove(&mut self, key: &E::Query) -> bool {
        let (hash, shard) = self.find(key);
        // Its own statement, so that the entry is dropped after the lock.
        let removed = shard.write().find_entry(hash, |entry| is::<E>(entry, key)).map(|place| place.remove().0).ok();
        removed.is_some()
    }

    #[inline]
    fn increment(&mut self, key: &E::Query) -> bool {
        let (hash, shard) = self.find(key);
        shard.write().find_mut(hash, |entry| is::<E>(entry, key)).map(|entry| E::increment(&mut entry.1)).is_some()
    }

    fn shrink(&mut self) {
        for Padded(shard) in &self.shards {
            shard.write().shrink_to_fit(|entry| self.hasher.hash_one(&entry.0));
        }
    }
}

#[inline]
fn is<E: Entry>(entry: &(E::Key, E::Value), key: &E::Query) -> bool {
    entry.0.borrow() == key
}
