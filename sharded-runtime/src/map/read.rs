//! Reads.

use super::sharded_map::ShardedMap;
use crate::{Key, Policy, Value, lock::Serves, record::Operation};
use std::{
    borrow::Borrow,
    hash::{BuildHasher, Hash},
};

impl<K: Key, V: Value, P: Policy<Lock: Serves<K, V>>, S: BuildHasher + Default + 'static> ShardedMap<K, V, P, S> {
    /// Returns a copy of a key's value, made under the shard's lock. This is a use of the entry.
    ///
    /// # Panics
    ///
    /// Inside a closure on the same or a later shard: see [the order](ShardedMap#order-of-nested-accesses).
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
        self.core.read(Operation::Get, key, V::clone)
    }

    /// As [`get`](Self::get), but no use of the entry: it neither keeps it alive nor from being evicted, and is not
    /// counted.
    ///
    /// # Panics
    ///
    /// Inside a closure on the same or a later place: see [the order](ShardedMap#order-of-nested-accesses).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::{clock::Manual, sharded};
    /// # use std::{collections::HashMap, time::Duration};
    /// #[sharded(idle = "1h")]
    /// struct Shop {
    ///     names: HashMap<String, u32>,
    /// }
    /// let clock = Manual::new();
    /// let shop = Shop::builder().clock(clock.clone()).build();
    /// shop.names().insert("ada".to_owned(), 36);
    /// clock.advance(Duration::from_secs(3599));
    /// assert_eq!(shop.names().peek("ada"), Some(36));
    /// clock.advance(Duration::from_secs(1));
    /// assert_eq!(shop.names().peek("ada"), None);
    /// ```
    #[track_caller]
    pub fn peek<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
        V: Clone,
    {
        self.core.peek_copy(key)
    }

    /// Runs a closure on a key's value, under the shard's lock, and returns its result. Readers share the lock if it
    /// has a shared mode. This is a use of the entry.
    ///
    /// # Panics
    ///
    /// Inside a closure on the same or a later shard: see [the order](ShardedMap#order-of-nested-accesses).
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
    #[doc(alias("view", "read", "get_ref"))]
    #[inline]
    #[track_caller]
    pub fn with<Q, R>(&self, key: &Q, read: impl FnOnce(&V) -> R) -> Option<R>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.core.read(Operation::Read, key, read)
    }

    /// Whether a key has an entry that has not expired. This is no use of the entry: it changes neither the idle time,
    /// nor the order of eviction, nor the counters.
    ///
    /// # Panics
    ///
    /// Inside a closure on the same or a later shard: see [the order](ShardedMap#order-of-nested-accesses).
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
        self.core.contains(key)
    }

    /// Returns copies of the values of several keys, in the order of the keys. Each is a use of its entry. The values
    /// are not of one moment.
    ///
    /// If the entries of the map take more than about 16 MiB, without what keys and values own, it fetches the memory
    /// of up to 32 keys side by side, which is much faster than single reads. O(n). If there are more keys than shards,
    /// it visits each shard once, for all its keys, in steps of 64 keys per lock hold: O(n log n). Under
    /// [`Optimistic`](crate::lock::Optimistic) and [`Rcu`](crate::lock::Rcu) it takes no lock.
    ///
    /// # Panics
    ///
    /// Inside a closure on the same or a later shard: see [the order](ShardedMap#order-of-nested-accesses).
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
        self.core.get_many(keys)
    }
}
