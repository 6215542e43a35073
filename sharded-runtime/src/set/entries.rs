//! Keys, one or several.

use super::sharded_set::ShardedSet;
use crate::{Key, Policy, Refused, RefusedMany, evict::MakesRoom, lock::Serves, topology::NodeId};
use std::{
    borrow::Borrow,
    hash::{BuildHasher, Hash},
};

impl<K: Key, P: Policy<Lock: Serves<K, ()>>, S: BuildHasher + Default + 'static> ShardedSet<K, P, S> {
    /// Adds a key, and returns whether it is new. The time to live starts now, also if the key was there.
    ///
    /// # Panics
    ///
    /// Inside a closure on the same or a later shard: see [the order](crate::ShardedMap#order-of-nested-accesses).
    /// Or if there is no memory for one more key, or the shard has no free slot number (it has at least 2^28).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashSet;
    /// # #[sharded(ttl = "1h")]
    /// # struct Chat { online: HashSet<String> }
    /// let chat = Chat::new();
    /// assert!(chat.online().insert("ada".to_owned()));
    /// assert!(!chat.online().insert("ada".to_owned()));
    /// ```
    #[track_caller]
    pub fn insert(&self, key: K) -> bool
    where
        P::Eviction: MakesRoom,
    {
        self.map.insert(key, ()).is_none()
    }

    /// Adds a key if there is room, and returns whether it is new: see
    /// [`ShardedMap::try_insert`](crate::ShardedMap::try_insert).
    ///
    /// # Errors
    ///
    /// [`Refused`] gives back the key if there is no room.
    ///
    /// # Panics
    ///
    /// Inside a closure on the same or a later shard: see [the order](crate::ShardedMap#order-of-nested-accesses).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashSet;
    /// # #[sharded(ttl = "1h")]
    /// # struct Chat { online: HashSet<String> }
    /// let chat = Chat::new();
    /// assert_eq!(chat.online().try_insert("ada".to_owned()), Ok(true));
    /// ```
    #[track_caller]
    pub fn try_insert(&self, key: K) -> Result<bool, Refused<K, ()>> {
        self.map.try_insert(key, ()).map(|old| old.is_none())
    }

    /// Whether a key is in the set. This is a use of the key, and is counted.
    ///
    /// # Panics
    ///
    /// Inside a closure on the same or a later shard: see [the order](crate::ShardedMap#order-of-nested-accesses).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashSet;
    /// # #[sharded(ttl = "1h")]
    /// # struct Chat { online: HashSet<String> }
    /// let chat = Chat::new();
    /// chat.online().insert("ada".to_owned());
    /// assert!(chat.online().contains("ada"));
    /// ```
    #[track_caller]
    pub fn contains<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.map.with(key, |()| ()).is_some()
    }

    /// Removes a key, and returns whether it was there.
    ///
    /// # Panics
    ///
    /// Inside a closure on the same or a later shard: see [the order](crate::ShardedMap#order-of-nested-accesses).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashSet;
    /// # #[sharded(ttl = "1h")]
    /// # struct Chat { online: HashSet<String> }
    /// let chat = Chat::new();
    /// chat.online().insert("ada".to_owned());
    /// assert!(chat.online().remove("ada"));
    /// assert!(!chat.online().remove("ada"));
    /// ```
    #[track_caller]
    pub fn remove<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.take(key).is_some()
    }

    /// Removes a key and returns it.
    ///
    /// # Panics
    ///
    /// Inside a closure on the same or a later shard: see [the order](crate::ShardedMap#order-of-nested-accesses).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashSet;
    /// # #[sharded(ttl = "1h")]
    /// # struct Chat { online: HashSet<String> }
    /// let chat = Chat::new();
    /// chat.online().insert("ada".to_owned());
    /// assert_eq!(chat.online().take("ada"), Some("ada".to_owned()));
    /// ```
    #[track_caller]
    pub fn take<Q>(&self, key: &Q) -> Option<K>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.map.remove_entry(key).map(|(key, ())| key)
    }

    /// The shard that a key belongs to, counted from zero. It differs from store to store. Takes no lock.
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashSet;
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { names: HashSet<String> }
    /// let shop = Shop::new();
    /// assert!(shop.names().shard_of("ada") < shop.names().shard_count());
    /// ```
    pub fn shard_of<Q>(&self, key: &Q) -> usize
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.map.shard_of(key)
    }

    /// The declared NUMA node of a key's shard. `None` with [`numa = Off`](crate::placement::Off). Takes no lock.
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashSet;
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { names: HashSet<String> }
    /// let shop = Shop::new();
    /// assert!(shop.names().node_of("ada").is_some());
    /// ```
    pub fn node_of<Q>(&self, key: &Q) -> Option<NodeId>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.map.node_of(key)
    }

    /// Adds keys in their order, each as [`try_insert`](Self::try_insert) does, and returns which of them are new: see
    /// [`ShardedMap::insert_many`](crate::ShardedMap::insert_many). O(n).
    ///
    /// # Errors
    ///
    /// [`RefusedMany`] gives back the keys that found no room. The others are in the set.
    ///
    /// # Panics
    ///
    /// Inside a closure on the same or a later shard: see [the order](crate::ShardedMap#order-of-nested-accesses).
    /// Or if there is no memory for one more key.
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashSet;
    /// # #[sharded(ttl = "1h")]
    /// # struct Chat { online: HashSet<String> }
    /// let chat = Chat::new();
    /// let names = ["ada", "bob", "ada"].map(str::to_owned);
    /// assert_eq!(chat.online().insert_many(names).unwrap(), [true, true, false]);
    /// ```
    #[track_caller]
    pub fn insert_many(&self, keys: impl IntoIterator<Item = K>) -> Result<Vec<bool>, RefusedMany<K, ()>> {
        let replaced = self.map.insert_many(keys.into_iter().map(|key| (key, ())))?;
        Ok(replaced.iter().map(Option::is_none).collect())
    }

    /// Removes several keys, and returns which of them were there: see
    /// [`ShardedMap::remove_many`](crate::ShardedMap::remove_many). O(n).
    ///
    /// # Panics
    ///
    /// Inside a closure on the same or a later shard: see [the order](crate::ShardedMap#order-of-nested-accesses).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashSet;
    /// # #[sharded(ttl = "1h")]
    /// # struct Chat { online: HashSet<String> }
    /// let chat = Chat::new();
    /// chat.online().insert("ada".to_owned());
    /// assert_eq!(chat.online().remove_many(["bob", "ada"]), [false, true]);
    /// ```
    #[allow(clippy::must_use_candidate, reason = "to remove them may be all that is wanted")]
    #[track_caller]
    pub fn remove_many<'q, Q>(&self, keys: impl IntoIterator<Item = &'q Q>) -> Vec<bool>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized + 'q,
    {
        self.map.remove_many(keys).iter().map(Option::is_some).collect()
    }

    /// Adds keys in their order: see [`ShardedMap::extend`](crate::ShardedMap::extend).
    ///
    /// # Panics
    ///
    /// Inside a closure on the same or a later shard: see [the order](crate::ShardedMap#order-of-nested-accesses).
    /// Or if there is no memory for one more key, or the shard has no free slot number (it has at least 2^28).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashSet;
    /// # #[sharded(ttl = "1h")]
    /// # struct Chat { online: HashSet<String> }
    /// let chat = Chat::new();
    /// chat.online().extend(["ada".to_owned(), "bob".to_owned()]);
    /// assert_eq!(chat.online().len(), 2);
    /// ```
    #[track_caller]
    pub fn extend(&self, keys: impl IntoIterator<Item = K>)
    where
        P::Eviction: MakesRoom,
    {
        self.map.extend(keys.into_iter().map(|key| (key, ())));
    }
}

/// Copies of keys.
impl<'a, K, P, S> Extend<&'a K> for &ShardedSet<K, P, S>
where
    K: Key + Copy,
    P: Policy<Lock: Serves<K, ()>, Eviction: MakesRoom>,
    S: BuildHasher + Default + 'static,
{
    #[track_caller]
    fn extend<I: IntoIterator<Item = &'a K>>(&mut self, keys: I) {
        ShardedSet::extend(self, keys.into_iter().copied());
    }
}
