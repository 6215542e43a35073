//! All keys at once.

use super::sharded_set::ShardedSet;
use crate::{Key, Policy, lock::Serves};
use std::hash::BuildHasher;

impl<K: Key, P: Policy<Lock: Serves<K, ()>>, S: BuildHasher + Default + 'static> ShardedSet<K, P, S> {
    /// Calls a closure with every live key: see [`ShardedMap::for_each`](crate::ShardedMap::for_each). O(n).
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
    /// chat.online().for_each(|name| assert_eq!(name, "ada"));
    /// ```
    #[track_caller]
    pub fn for_each(&self, mut visit: impl FnMut(&K)) {
        self.map.for_each(|key, ()| visit(key));
    }

    /// Lends live keys to a closure until it returns a value, and returns that. It looks at the keys as
    /// [`for_each`](Self::for_each) does, in no particular order.
    ///
    /// # Panics
    ///
    /// Inside a closure on the same or a later place: see [the order](crate::ShardedMap#order-of-nested-accesses).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashSet;
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { names: HashSet<String> }
    /// let shop = Shop::new();
    /// shop.names().extend(["ada".to_owned(), "bob".to_owned()]);
    /// assert_eq!(shop.names().find_map(|name| name.strip_prefix("b").map(str::to_owned)).as_deref(), Some("ob"));
    /// ```
    #[track_caller]
    pub fn find_map<R>(&self, mut look: impl FnMut(&K) -> Option<R>) -> Option<R> {
        self.map.find_map(|key, ()| look(key))
    }

    /// Whether a closure returns true for any live key. It looks at no more keys after the first of these.
    ///
    /// # Panics
    ///
    /// Inside a closure on the same or a later place: see [the order](crate::ShardedMap#order-of-nested-accesses).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashSet;
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { names: HashSet<String> }
    /// let shop = Shop::new();
    /// shop.names().extend(["ada".to_owned(), "bob".to_owned()]);
    /// assert!(shop.names().any(|name| name.len() == 3));
    /// ```
    #[track_caller]
    pub fn any(&self, mut holds: impl FnMut(&K) -> bool) -> bool {
        self.map.any(|key, ()| holds(key))
    }

    /// Keeps the keys for which a closure returns true, and returns how many it has removed: see
    /// [`ShardedMap::retain`](crate::ShardedMap::retain). O(n).
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
    /// chat.online().retain(|name| name != "ada");
    /// assert!(chat.online().is_empty());
    /// ```
    #[allow(clippy::must_use_candidate, reason = "what it removes may be all that is wanted")]
    #[track_caller]
    pub fn retain(&self, mut keep: impl FnMut(&K) -> bool) -> usize {
        self.map.retain(|key, ()| keep(key))
    }

    /// Removes and returns all keys: see [`ShardedMap::drain`](crate::ShardedMap::drain). O(n).
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
    /// assert_eq!(chat.online().drain(), ["ada"]);
    /// ```
    #[allow(clippy::must_use_candidate, reason = "what it removes may be all that is wanted")]
    #[track_caller]
    pub fn drain(&self) -> Vec<K> {
        self.map.drain().into_iter().map(|(key, ())| key).collect()
    }

    /// Returns copies of all keys, in no particular order. O(n).
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
    /// assert_eq!(chat.online().to_vec(), ["ada"]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn to_vec(&self) -> Vec<K>
    where
        K: Clone,
    {
        self.map.keys()
    }
}
