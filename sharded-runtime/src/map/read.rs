//! Reads.

use super::sharded_map::ShardedMap;
use crate::{
    Key, Policy, Value,
    field::{
        batch::{Batches, PREFETCHED},
        limits::BATCH,
    },
    hasher::KeyHash,
    lock::{Copies, Lock, Serves},
    record::{Operation, Timed},
    shard::access::UserCode,
};

use smallvec::SmallVec;
use std::{
    borrow::Borrow,
    hash::{BuildHasher, Hash},
};

impl<K: Key, V: Value, P: Policy<Lock: Serves<K, V>>, S: BuildHasher + Default + 'static> ShardedMap<K, V, P, S> {
    /// Returns a copy of a key's value, made under the shard's lock. This is a use of the entry.
    ///
    /// # Panics
    ///
    /// Inside a closure on the same or a later place: see [the order](ShardedMap#order-of-nested-accesses).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashMap;
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { names: HashMap<String, u32> }
    /// let shop = Shop::new();
    /// shop.names().insert("ada".to_owned(), 36);
    /// assert_eq!(shop.names().get("ada"), Some(36));
    /// assert_eq!(shop.names().get("bob"), None);
    /// ```
    #[inline]
    #[track_caller]
    pub fn get<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
        V: Clone,
    {
        self.read(Operation::Get, key, UserCode::Traits, V::clone)
    }

    /// Runs a closure on a key's value, under the shard's lock, and returns its result. Readers share the lock if it
    /// has a shared mode. This is a use of the entry.
    ///
    /// # Panics
    ///
    /// Inside a closure on the same or a later place: see [the order](ShardedMap#order-of-nested-accesses).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashMap;
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { carts: HashMap<u64, Vec<String>> }
    /// let shop = Shop::new();
    /// shop.carts().insert(7, vec!["apple".to_owned()]);
    /// assert_eq!(shop.carts().with(&7, |cart| cart.len()), Some(1));
    /// ```
    #[inline]
    #[track_caller]
    pub fn with<Q, R>(&self, key: &Q, read: impl FnOnce(&V) -> R) -> Option<R>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.read(Operation::Read, key, UserCode::Closure, read)
    }

    #[inline]
    #[track_caller]
    fn read<Q, R>(&self, operation: Operation, key: &Q, user_code: UserCode, read: impl FnOnce(&V) -> R) -> Option<R>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let hash = self.core.hasher.hash(key);
        if P::RECORDS && self.core.is_due(hash) {
            return self.read_noted(operation, hash, key, user_code, read);
        }
        self.core.read(hash, key, user_code, read)
    }

    /// A read that a recorder notes. It is a tail call for the whole read, so that other reads keep nothing live for
    /// it.
    #[cold]
    #[inline(never)]
    #[track_caller]
    fn read_noted<Q, R>(
        &self,
        operation: Operation,
        hash: KeyHash,
        key: &Q,
        user_code: UserCode,
        read: impl FnOnce(&V) -> R,
    ) -> Option<R>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let is_timed = self.core.note(operation, hash).and(user_code == UserCode::Closure);
        let read = |value: &V| self.core.timed(is_timed, Timed::Hold, || read(value));
        let found = self.core.read(hash, key, user_code, read);
        self.core.note_found(hash, found.is_some());
        found
    }

    /// Whether a key has an entry that has not expired. This is no use of the entry: it changes neither the idle time,
    /// nor the order of eviction, nor the counters.
    ///
    /// # Panics
    ///
    /// Inside a closure on the same or a later place: see [the order](ShardedMap#order-of-nested-accesses).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashMap;
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { names: HashMap<String, u32> }
    /// let shop = Shop::new();
    /// shop.names().insert("ada".to_owned(), 36);
    /// assert!(shop.names().contains_key("ada"));
    /// ```
    #[track_caller]
    pub fn contains_key<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.core.peek(self.core.hash_for(Operation::Read, key), key, |_, _| ()).is_some()
    }

    /// Returns copies of the values of several keys, in the order of the keys. Each is a use of its entry. The values
    /// are not of one moment.
    ///
    /// If the entries of the map take more than about 16 MiB, without what keys and values own, it fetches the memory
    /// of up to 32 keys side by side, which is much faster than single reads. O(n). If there are more keys than shards,
    /// it visits each shard once, for all its keys, in steps of 64 keys per lock hold: O(n log n). Under
    /// [`Optimistic`](crate::lock::Optimistic) it takes no lock.
    ///
    /// # Panics
    ///
    /// Inside a closure on the same or a later place: see [the order](ShardedMap#order-of-nested-accesses).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashMap;
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { names: HashMap<String, u32> }
    /// let shop = Shop::new();
    /// shop.names().insert("ada".to_owned(), 36);
    /// assert_eq!(shop.names().get_many(["bob", "ada"]), [None, Some(36)]);
    /// ```
    #[track_caller]
    pub fn get_many<'q, Q>(&self, keys: impl IntoIterator<Item = &'q Q>) -> Vec<Option<V>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized + 'q,
        V: Clone,
    {
        if <P::Lock as Lock>::READS_RACE
            && let Some(copies) = <P::Lock as Serves<K, V>>::COPIES
        {
            return self.get_many_copies(keys, copies);
        }
        let keys = keys.into_iter();
        if keys.size_hint().1.is_some_and(|most| most <= self.core.shard_count()) {
            return self.get_many_single(keys);
        }
        let hash = |key: &'q Q| self.core.hash_for(Operation::Get, key);
        let mut keys: Vec<_> = keys.enumerate().map(|(index, key)| (hash(key), (index, key))).collect();
        // The shard is the top of the hash, so this brings the keys of a shard together.
        keys.sort_unstable_by_key(|&(hash, _)| hash.bits());
        let mut values: Vec<Option<V>> = (0..keys.len()).map(|_| None).collect();
        for of_shard in keys.chunk_by(|(a, _), (b, _)| self.core.route(*a) == self.core.route(*b)) {
            for batch in of_shard.chunks(BATCH) {
                let read = |&(index, _): &(usize, &Q), value: &V| values[index] = Some(V::clone(value));
                self.core.read_batch(batch, |&(_, key)| key, read);
            }
        }
        values
    }

    /// Reads the keys one by one, after some at a time are fetched: few of them share a shard.
    #[track_caller]
    fn get_many_single<'q, Q>(&self, keys: impl Iterator<Item = &'q Q>) -> Vec<Option<V>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized + 'q,
        V: Clone,
    {
        let mut values = Vec::with_capacity(keys.size_hint().0);
        let mut batches = Batches::new(keys);
        while let Some(batch) = batches.next(|key| self.core.hash_for(Operation::Get, *key)) {
            self.core.fetch_ahead::<_, Q>(batch.as_slice());
            for (hash, key) in batch {
                let value = self.core.read(hash, key, UserCode::Traits, V::clone);
                if P::RECORDS && self.core.is_due(hash) {
                    self.core.note_found(hash, value.is_some());
                }
                values.push(value);
            }
        }
        values
    }

    #[track_caller]
    fn get_many_copies<'q, Q>(&self, keys: impl IntoIterator<Item = &'q Q>, copies: Copies<K, V>) -> Vec<Option<V>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized + 'q,
        V: Clone,
    {
        let mut keys = keys.into_iter().fuse();
        let mut values = Vec::with_capacity(keys.size_hint().0);
        let mut batch: SmallVec<[(KeyHash, &Q); PREFETCHED]> = SmallVec::new();
        loop {
            batch.clear();
            for key in keys.by_ref().take(PREFETCHED) {
                batch.push((self.core.hash_for(Operation::Get, key), key));
            }
            if batch.is_empty() {
                return values;
            }
            self.core.read_copies(&batch, copies, |value| values.push(value));
        }
    }
}
