//! Changes of an entry, or its insertion, in one critical section.

use super::sharded_map::ShardedMap;
use crate::{Change, Key, Policy, Value, evict::MakesRoom, lock::Serves};

use std::{
    borrow::Borrow,
    hash::{BuildHasher, Hash},
};

impl<K: Key, V: Value, P: Policy<Lock: Serves<K, V>>, S: BuildHasher + Default + 'static> ShardedMap<K, V, P, S> {
    /// Runs a closure that may change a key's value in place, under the shard's exclusive lock, and returns its result.
    /// This is a use of the entry. Its time to live does not restart.
    ///
    /// If the closure panics, the value stays as the closure left it.
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
    /// shop.names().with_mut("ada", |age| *age += 1);
    /// assert_eq!(shop.names().get("ada"), Some(37));
    /// ```
    #[doc(alias("get_mut", "update", "alter", "entry"))]
    #[inline]
    #[track_caller]
    pub fn with_mut<Q, R>(&self, key: &Q, change: impl FnOnce(&mut V) -> R) -> Option<R>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.core.change(key, change)
    }

    /// Stores `init()` if the key has no value, or else calls `update` with the value, in one critical section. Returns
    /// the result of `update`, or `None` if the value is new. This is a use of the entry. An update in place does not
    /// restart its time to live.
    ///
    /// If `init` panics, nothing is stored. If `update` panics, the value stays as `update` left it.
    ///
    /// Where some entries [may not be evicted](crate::builder::FieldOptions::evictable), a new value for which no entry
    /// of its shard may leave is stored in a second critical section, after entries of other shards have left. Another
    /// thread may run `init` for the key between the two. Then the value that comes later is evicted at once.
    ///
    /// # Panics
    ///
    /// Inside a closure on the same or a later shard: see [the order](ShardedMap#order-of-nested-accesses).
    /// Or if there is no memory for one more entry, or the shard has no free slot number (it has at least 2^28).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashMap;
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { names: HashMap<String, u32> }
    /// let shop = Shop::new();
    /// for word in ["to", "be", "or", "not", "to", "be"] {
    ///     shop.names().upsert(word.to_owned(), || 1, |count| *count += 1);
    /// }
    /// assert_eq!(shop.names().get("be"), Some(2));
    /// ```
    #[doc(alias("entry", "and_upsert_with", "and_modify", "alter", "merge"))]
    #[inline]
    #[track_caller]
    pub fn upsert<R>(&self, key: K, init: impl FnOnce() -> V, update: impl FnOnce(&mut V) -> R) -> Option<R>
    where
        P::Eviction: MakesRoom,
    {
        self.core.upsert(key, init, update, None)
    }

    /// As [`upsert`](Self::upsert), for a borrowed key, which is made ([`ToOwned`]) if it is to be stored: a key that
    /// is there costs no allocation.
    ///
    /// The key that is made must be equal to the borrowed one, and have the same hash, or nobody finds the entry again.
    /// Debug builds panic if it is not equal.
    ///
    /// # Panics
    ///
    /// Inside a closure on the same or a later place: see [the order](ShardedMap#order-of-nested-accesses).
    /// Or if there is no memory for one more entry, or the shard has no free slot number (it has at least 2^28).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashMap;
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { names: HashMap<String, u32> }
    /// let shop = Shop::new();
    /// for word in ["to", "be", "or", "not", "to", "be"] {
    ///     shop.names().upsert_ref(word, || 1, |count| *count += 1);
    /// }
    /// assert_eq!(shop.names().get("be"), Some(2));
    /// ```
    #[track_caller]
    pub fn upsert_ref<Q, R>(&self, key: &Q, init: impl FnOnce() -> V, update: impl FnOnce(&mut V) -> R) -> Option<R>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
        P::Eviction: MakesRoom,
    {
        self.core.upsert_ref(key, init, update, None)
    }

    /// Lends a key's value to a closure, after making it with `init` if there is none, and returns the closure's
    /// result, in one critical section. This is a use of the entry. A value that is there does not restart its time to
    /// live.
    ///
    /// It is what `entry(key).or_insert_with(init)` is for elsewhere. [`upsert`](Self::upsert) is for a new value that
    /// is not to be changed.
    ///
    /// A new value is stored after the closure, so if `init` or the closure panics on it, nothing is stored. If the
    /// closure panics on a value that is there, that stays as the closure left it.
    ///
    /// Where some entries [may not be evicted](crate::builder::FieldOptions::evictable), what [`upsert`](Self::upsert)
    /// says of them holds.
    ///
    /// # Panics
    ///
    /// Inside a closure on the same or a later place: see [the order](ShardedMap#order-of-nested-accesses).
    /// Or if there is no memory for one more entry, or the shard has no free slot number (it has at least 2^28).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashMap;
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { names: HashMap<String, u32> }
    /// let shop = Shop::new();
    /// let mut next = |name: &str| shop.names().with_or_insert(name.to_owned(), || 0, |last| {
    ///     *last += 1;
    ///     *last
    /// });
    /// assert_eq!((next("ada"), next("ada"), next("bob")), (1, 2, 1));
    /// ```
    #[doc(alias("entry", "or_insert_with", "or_default"))]
    #[track_caller]
    pub fn with_or_insert<R>(&self, key: K, init: impl FnOnce() -> V, change: impl FnOnce(&mut V) -> R) -> R
    where
        P::Eviction: MakesRoom,
    {
        self.core.with_or_insert(key, init, change, None)
    }

    /// Calls a closure with a key's value. The closure decides whether the value is kept, replaced, stored or removed,
    /// in one critical section. This is a use of the entry.
    ///
    /// The closure gets a `&mut`, so [`Change::Keep`] also keeps changes in place. If the closure panics, the value
    /// stays as the closure left it, and nothing is stored or removed.
    ///
    /// Where some entries [may not be evicted](crate::builder::FieldOptions::evictable), a new value for which no entry
    /// of its shard may leave is stored in a second critical section. If another thread has stored the key between the
    /// two, the new value is evicted at once.
    ///
    /// # Panics
    ///
    /// Inside a closure on the same or a later shard: see [the order](ShardedMap#order-of-nested-accesses).
    /// Or if there is no memory for one more entry, or the shard has no free slot number (it has at least 2^28).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashMap;
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { names: HashMap<String, u32> }
    /// use sharded::Change;
    ///
    /// let shop = Shop::new();
    /// let take_one = |stock: Option<&mut u32>| match stock {
    ///     None | Some(0) => Change::Remove(false),
    ///     Some(1) => Change::Remove(true),
    ///     Some(n) => {
    ///         *n -= 1;
    ///         Change::Keep(true)
    ///     }
    /// };
    /// shop.names().insert("apple".to_owned(), 2);
    /// assert!(shop.names().compute("apple".to_owned(), take_one));
    /// assert!(shop.names().compute("apple".to_owned(), take_one));
    /// assert!(!shop.names().compute("apple".to_owned(), take_one));
    /// assert!(shop.names().is_empty());
    /// ```
    #[doc(alias("entry", "and_compute_with", "alter", "modify"))]
    #[track_caller]
    pub fn compute<R>(&self, key: K, change: impl FnOnce(Option<&mut V>) -> Change<V, R>) -> R
    where
        P::Eviction: MakesRoom,
    {
        self.core.compute(key, change, None)
    }

    /// As [`compute`](Self::compute), for a borrowed key, which is made ([`ToOwned`]) if it is to be stored. The
    /// key that is made must be equal to it: see [`upsert_ref`](Self::upsert_ref).
    ///
    /// # Panics
    ///
    /// Inside a closure on the same or a later place: see [the order](ShardedMap#order-of-nested-accesses).
    /// Or if there is no memory for one more entry, or the shard has no free slot number (it has at least 2^28).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashMap;
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { names: HashMap<String, u32> }
    /// let shop = Shop::new();
    /// use sharded::Change;
    ///
    /// shop.names().insert("apple".to_owned(), 1);
    /// let left = shop.names().compute_ref("apple", |stock| match stock {
    ///     Some(1) | None => Change::Remove(0),
    ///     Some(n) => { *n -= 1; Change::Keep(*n) }
    /// });
    /// assert_eq!((left, shop.names().len()), (0, 0));
    /// ```
    #[track_caller]
    pub fn compute_ref<Q, R>(&self, key: &Q, change: impl FnOnce(Option<&mut V>) -> Change<V, R>) -> R
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
        P::Eviction: MakesRoom,
    {
        self.core.compute_ref(key, change, None)
    }

    /// Returns a copy of a key's value, after storing `init()` if it had none, in one critical section. So `init` runs
    /// once for any number of threads. This is a use of the entry.
    ///
    /// `init` runs under the shard's lock: keep it short. If it panics, or `Clone` does, nothing is stored.
    ///
    /// Where some entries [may not be evicted](crate::builder::FieldOptions::evictable), `init` may run in several
    /// threads: a new value for which no entry of its shard may leave is stored in a second critical section, after
    /// entries of other shards have left. If another thread has stored the key between the two, the new value is
    /// evicted at once, and this call still returns it.
    ///
    /// # Panics
    ///
    /// Inside a closure on the same or a later shard: see [the order](ShardedMap#order-of-nested-accesses).
    /// Or if there is no memory for one more entry, or the shard has no free slot number (it has at least 2^28).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashMap;
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { names: HashMap<String, u32> }
    /// let shop = Shop::new();
    /// assert_eq!(shop.names().get_or_insert_with("ada".to_owned(), || 36), 36);
    /// assert_eq!(shop.names().get_or_insert_with("ada".to_owned(), || 37), 36);
    /// ```
    #[doc(alias("or_insert_with", "entry"))]
    #[track_caller]
    pub fn get_or_insert_with(&self, key: K, init: impl FnOnce() -> V) -> V
    where
        V: Clone,
        P::Eviction: MakesRoom,
    {
        self.core.get_or_insert_with(key, init, None)
    }
}
