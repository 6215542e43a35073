//! Inserts and removals, of one entry or several.

use super::sharded_map::ShardedMap;
use crate::{Key, Occupied, Policy, Refused, RefusedMany, Value, evict::MakesRoom, lock::Serves};

use std::{
    borrow::Borrow,
    hash::{BuildHasher, Hash},
};

impl<K: Key, V: Value, P: Policy<Lock: Serves<K, V>>, S: BuildHasher + Default + 'static> ShardedMap<K, V, P, S> {
    /// Stores a value and returns the one that it replaces, if any. The time to live of the entry starts now.
    ///
    /// If the map is full, another entry leaves: an expired one of any shard, if a [bounded
    /// search](ShardedMap#room-from-expired-entries) finds one; else the victim of this shard by the declared eviction;
    /// else, if this shard has no entry, one of another shard, after this shard's lock is released. As in std's map, a
    /// replaced entry keeps its key.
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
    /// assert_eq!(shop.names().insert("ada".to_owned(), 36), None);
    /// assert_eq!(shop.names().insert("ada".to_owned(), 37), Some(36));
    /// ```
    #[doc(alias("put", "set", "store"))]
    #[track_caller]
    pub fn insert(&self, key: K, value: V) -> Option<V>
    where
        P::Eviction: MakesRoom,
    {
        self.core.insert(key, value, None)
    }

    /// Stores a value if there is room, and returns the one that it replaces, if any.
    ///
    /// It makes room as [`insert`](Self::insert) does, except under [`Reject`](crate::evict::Reject), which makes none.
    /// A value that replaces another one needs no room.
    ///
    /// # Errors
    ///
    /// [`Refused`] gives back the key and the value if there is no room. Expired entries take room until they are
    /// removed. If [one is found](ShardedMap#room-from-expired-entries), it is removed for the new entry, as with
    /// [`insert`](Self::insert).
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
    /// #[sharded]
    /// struct Flight {
    ///     #[shard(capacity = 1, shards = 1, evict = Reject)]
    ///     seats: HashMap<u8, &'static str>,
    /// }
    /// let flight = Flight::new();
    /// assert!(flight.seats().try_insert(1, "ada").is_ok());
    /// assert!(flight.seats().try_insert(2, "bob").is_err());
    /// assert_eq!(flight.seats().try_insert(1, "eve").unwrap(), Some("ada"));
    /// ```
    #[track_caller]
    pub fn try_insert(&self, key: K, value: V) -> Result<Option<V>, Refused<K, V>> {
        self.core.try_insert(key, value, None)
    }

    /// Stores a value unless the key has one.
    ///
    /// # Errors
    ///
    /// [`Occupied`] gives back the key and the value if the key has an entry that has not expired. That entry stays as
    /// it is.
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
    /// assert!(shop.names().insert_if_absent("ada".to_owned(), 36).is_ok());
    /// let occupied = shop.names().insert_if_absent("ada".to_owned(), 37).unwrap_err();
    /// assert_eq!(occupied.value, 37);
    /// ```
    #[doc(alias("put_if_absent", "setnx", "insert_unique", "try_insert"))]
    #[track_caller]
    pub fn insert_if_absent(&self, key: K, value: V) -> Result<(), Occupied<K, V>>
    where
        P::Eviction: MakesRoom,
    {
        self.core.insert_if_absent(key, value, None)
    }

    /// Removes a key's entry and returns its value.
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
    /// assert_eq!(shop.names().remove("ada"), Some(36));
    /// assert_eq!(shop.names().remove("ada"), None);
    /// ```
    #[doc(alias("invalidate", "delete", "del", "pop"))]
    #[track_caller]
    pub fn remove<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.core.remove(key).take_value()
    }

    /// Removes a key's entry and returns key and value.
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
    /// assert_eq!(shop.names().remove_entry("ada"), Some(("ada".to_owned(), 36)));
    /// ```
    #[track_caller]
    pub fn remove_entry<Q>(&self, key: &Q) -> Option<(K, V)>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.core.remove(key).take()
    }

    /// Removes a key's entry if a condition holds for its value, in one critical section, and returns the value. The
    /// check is no use of the entry.
    ///
    /// If the key has no entry and its value is being loaded, the loaded value is not stored, as after
    /// [`remove`](Self::remove): the load may have read what the caller has changed since, and the condition can't be
    /// checked for a value that does not exist yet. If such a load is to be stored, call
    /// [`contains_key`](Self::contains_key) first.
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
    /// assert_eq!(shop.names().remove_if("ada", |&age| age > 40), None);
    /// assert_eq!(shop.names().remove_if("ada", |&age| age < 40), Some(36));
    /// ```
    #[track_caller]
    pub fn remove_if<Q>(&self, key: &Q, condition: impl FnOnce(&V) -> bool) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.core.remove_if(key, condition).take_value()
    }

    /// Stores entries in their order, each as [`try_insert`](Self::try_insert) does, and returns the values that they
    /// replace, if any, in the order of the entries. Where keys are equal, the last entry wins.
    ///
    /// It takes up to 32 entries at a time from the iterator, while no lock is held: as many as the lower bound of its
    /// `size_hint` promises, and one at least. So entries that wait in a channel are stored as they come. If the
    /// entries of the map take more than about 16 MiB, without what keys and values own, it fetches the memory of these
    /// 32 side by side, which is much faster than single inserts. Then it stores them one by one, so the entries are
    /// not stored at one moment. O(n).
    ///
    /// If the iterator or a key's `Hash` or `Eq` panics, the entries that were stored stay, and others that were taken
    /// from the iterator are dropped.
    ///
    /// # Errors
    ///
    /// [`RefusedMany`] gives back the entries that found no room. The others are stored. Under an eviction that makes
    /// room, an entry is refused only if it weighs more than the capacity, if no entry
    /// [may be evicted](crate::builder::FieldOptions::evictable), or if its shard has no free slot number (it has at
    /// least 2^28).
    ///
    /// # Panics
    ///
    /// Inside a closure on the same or a later shard: see [the order](ShardedMap#order-of-nested-accesses).
    /// Or if there is no memory for one more entry.
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashMap;
    /// #[sharded]
    /// struct Flight {
    ///     #[shard(capacity = 2, shards = 1, evict = Reject)]
    ///     seats: HashMap<u8, &'static str>,
    /// }
    /// let flight = Flight::new();
    /// assert_eq!(flight.seats().insert_many([(1, "ada"), (1, "eve")]).unwrap(), [None, Some("ada")]);
    /// let refused = flight.seats().insert_many([(2, "bob"), (3, "dan")]).unwrap_err();
    /// assert_eq!((refused.replaced.len(), refused.refused[0].key), (2, 3));
    /// ```
    #[track_caller]
    pub fn insert_many(&self, entries: impl IntoIterator<Item = (K, V)>) -> Result<Vec<Option<V>>, RefusedMany<K, V>> {
        self.core.insert_many(entries)
    }

    /// Removes the entries of several keys in their order, and returns their values in the order of the keys. Of equal
    /// keys, the first one gets the value.
    ///
    /// If the entries of the map take more than about 16 MiB, without what keys and values own, it fetches the memory
    /// of up to 32 keys side by side, which is much faster than single removals. The entries are not removed at one
    /// moment. O(n).
    ///
    /// If a key's `Hash` or `Eq` or the `Drop` of a stored key panics, the entries that were removed until then stay
    /// removed.
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
    /// assert_eq!(shop.names().remove_many(["bob", "eve", "bob"]), [Some(7), None, None]);
    /// assert_eq!(shop.names().len(), 1);
    /// ```
    #[allow(clippy::must_use_candidate, reason = "what it removes may be all that is wanted")]
    #[track_caller]
    pub fn remove_many<'q, Q>(&self, keys: impl IntoIterator<Item = &'q Q>) -> Vec<Option<V>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized + 'q,
    {
        self.core.remove_many(keys)
    }

    /// Stores entries in their order, each as [`insert`](Self::insert) does. Where keys are equal, the last entry wins.
    ///
    /// It takes up to 32 entries at a time from the iterator, as [`insert_many`](Self::insert_many) does. No lock is
    /// held while the iterator runs or between two entries.
    ///
    /// If the iterator or a key's `Hash` or `Eq` panics, the entries that were stored stay, and others that were taken
    /// from the iterator are dropped.
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
    /// shop.names().extend([("ada".to_owned(), 36), ("bob".to_owned(), 7)]);
    /// assert_eq!(shop.names().len(), 2);
    /// ```
    #[doc(alias = "put_all")]
    #[track_caller]
    pub fn extend(&self, entries: impl IntoIterator<Item = (K, V)>)
    where
        P::Eviction: MakesRoom,
    {
        self.core.extend(entries);
    }
}

/// Copies of entries.
impl<'a, K, V, P, S> Extend<(&'a K, &'a V)> for &ShardedMap<K, V, P, S>
where
    K: Key + Copy,
    V: Value + Copy,
    P: Policy<Lock: Serves<K, V>, Eviction: MakesRoom>,
    S: BuildHasher + Default + 'static,
{
    #[track_caller]
    fn extend<I: IntoIterator<Item = (&'a K, &'a V)>>(&mut self, entries: I) {
        ShardedMap::extend(self, entries.into_iter().map(|(&key, &value)| (key, value)));
    }
}
