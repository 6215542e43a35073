//! All entries at once.
//!
//! These calls go from shard to shard and release the lock after every 64 slots, so that other threads can take it.
//! They do not see one moment: an entry that exists throughout is seen exactly once, and an entry that is inserted or
//! removed meanwhile at most once.

use super::sharded_map::ShardedMap;
use crate::{Key, Policy, Value, lock::Serves};

use std::hash::BuildHasher;

impl<K: Key, V: Value, P: Policy<Lock: Serves<K, V>>, S: BuildHasher + Default + 'static> ShardedMap<K, V, P, S> {
    /// Calls a closure with every live entry, under the lock of the entry's shard. Readers share the lock if it has a
    /// shared mode. This is no use of the entries. O(n).
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
    /// shop.names().extend([("ada".to_owned(), 36), ("bob".to_owned(), 7)]);
    /// let mut sum = 0;
    /// shop.names().for_each(|_, age| sum += age);
    /// assert_eq!(sum, 43);
    /// ```
    #[doc(alias("iter", "scan"))]
    #[track_caller]
    pub fn for_each(&self, visit: impl FnMut(&K, &V)) {
        self.core.for_each(visit);
    }

    /// Lends live entries to a closure until it returns a value, and returns that. It looks at the entries as
    /// [`for_each`](Self::for_each) does, in no particular order.
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
    /// shop.names().extend([("ada".to_owned(), 36), ("bob".to_owned(), 7)]);
    /// let child = shop.names().find_map(|name, &age| (age < 18).then(|| name.clone()));
    /// assert_eq!(child.as_deref(), Some("bob"));
    /// ```
    #[doc(alias("find", "scan", "iter"))]
    #[track_caller]
    pub fn find_map<R>(&self, look: impl FnMut(&K, &V) -> Option<R>) -> Option<R> {
        self.core.find_map(look)
    }

    /// Whether a closure returns true for any live entry. It looks at no more entries after the first of these.
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
    /// assert!(shop.names().any(|_, age| *age > 30));
    /// ```
    #[track_caller]
    pub fn any(&self, mut holds: impl FnMut(&K, &V) -> bool) -> bool {
        self.core.find_map(|key, value| holds(key, value).then_some(())).is_some()
    }

    /// Keeps the entries for which a closure returns true, and returns how many it has removed. The closure may change
    /// the values; it runs under the exclusive lock of the entry's shard. O(n).
    ///
    /// Entries that have expired are not shown to the closure and not counted.
    ///
    /// If the closure panics, that entry stays, and so do the entries for which it was not called yet.
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
    /// shop.names().extend([("ada".to_owned(), 36), ("bob".to_owned(), 7)]);
    /// let removed = shop.names().retain(|_, age| *age >= 18);
    /// assert_eq!(removed, 1);
    /// assert_eq!(shop.names().keys(), ["ada"]);
    /// ```
    #[doc(alias("invalidate_entries_if", "alter_all"))]
    #[allow(clippy::must_use_candidate, reason = "what it removes may be all that is wanted")]
    #[track_caller]
    pub fn retain(&self, keep: impl FnMut(&K, &mut V) -> bool) -> usize {
        self.core.retain(keep)
    }

    /// Removes and returns all live entries, shard by shard: O(1) under each shard's lock, O(n) in all. With a
    /// [removal listener](ShardedMap#removal-listener), and where memory was
    /// [taken in advance](crate::builder::FieldOptions::preallocate), it removes 64 entries per lock hold.
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
    /// assert_eq!(shop.names().drain(), [("ada".to_owned(), 36)]);
    /// assert!(shop.names().is_empty());
    /// ```
    #[allow(clippy::must_use_candidate, reason = "what it removes may be all that is wanted")]
    #[track_caller]
    pub fn drain(&self) -> Vec<(K, V)> {
        self.core.drain()
    }

    /// Returns copies of all keys, in no particular order. This is no use of the entries. O(n).
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
    /// assert_eq!(shop.names().keys(), ["ada"]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn keys(&self) -> Vec<K>
    where
        K: Clone,
    {
        self.core.collect(|key, _| key.clone())
    }

    /// Returns copies of all values, in no particular order. This is no use of the entries. O(n).
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
    /// assert_eq!(shop.names().values(), [36]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn values(&self) -> Vec<V>
    where
        V: Clone,
    {
        self.core.collect(|_, value| value.clone())
    }

    /// Returns copies of all entries, in no particular order. This is no use of the entries. O(n).
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
    /// assert_eq!(shop.names().to_vec(), [("ada".to_owned(), 36)]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn to_vec(&self) -> Vec<(K, V)>
    where
        K: Clone,
        V: Clone,
    {
        self.core.collect(|key, value| (key.clone(), value.clone()))
    }
}
