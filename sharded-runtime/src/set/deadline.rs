//! The time to live of a key.

use super::sharded_set::ShardedSet;
use crate::{Key, Policy, clock::Nanos, evict::MakesRoom, expiry::Expires, lock::Serves};
use std::{
    borrow::Borrow,
    hash::{BuildHasher, Hash},
    time::Duration,
};

impl<K: Key, P: Policy<Lock: Serves<K, ()>>, S: BuildHasher + Default + 'static> ShardedSet<K, P, S> {
    /// Adds a key with this time to live instead of the declared one, and returns whether it is new: see
    /// [`ShardedMap::insert_with_ttl`](crate::ShardedMap::insert_with_ttl).
    ///
    /// # Panics
    ///
    /// Inside a closure on the same or a later shard: see [the order](crate::ShardedMap#order-of-nested-accesses).
    /// Or if there is no memory for one more key, or the shard has no free slot number (it has at least 2^28).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::{clock::Manual, sharded};
    /// # use std::{collections::HashSet, time::Duration};
    /// # #[sharded(ttl = "1h")]
    /// # struct Chat { online: HashSet<String> }
    /// let chat = Chat::new();
    /// assert!(chat.online().insert_with_ttl("ada".to_owned(), Duration::from_secs(1)));
    /// ```
    #[track_caller]
    pub fn insert_with_ttl(&self, key: K, ttl: Duration) -> bool
    where
        P::Eviction: MakesRoom,
        P::Expiry: Expires,
    {
        self.map.insert_with_ttl(key, (), ttl).is_none()
    }

    /// Sets the remaining time to live of a key. This is a use of the key. Returns whether it is in the set.
    ///
    /// # Panics
    ///
    /// Inside a closure on the same or a later shard: see [the order](crate::ShardedMap#order-of-nested-accesses).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::{collections::HashSet, time::Duration};
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { names: HashSet<String> }
    /// let shop = Shop::new();
    /// shop.names().insert("ada".to_owned());
    /// assert!(shop.names().expire_in("ada", Duration::from_secs(5)));
    /// assert!(shop.names().ttl_of("ada").unwrap() <= Duration::from_secs(5));
    /// assert!(!shop.names().expire_in("bob", Duration::from_secs(5)));
    /// ```
    #[track_caller]
    pub fn expire_in<Q>(&self, key: &Q, ttl: Duration) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
        P::Expiry: Expires,
    {
        self.core().restart_ttl(key, Some(Nanos::from_duration(ttl)))
    }

    /// Restarts the time to live of a key, with the declared length. This is a use of the key. Returns whether it is in
    /// the set.
    ///
    /// This replaces a time to live of its own, from [`insert_with_ttl`](Self::insert_with_ttl) or
    /// [`expire_in`](Self::expire_in).
    ///
    /// # Panics
    ///
    /// Inside a closure on the same or a later shard: see [the order](crate::ShardedMap#order-of-nested-accesses).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::{clock::Manual, sharded};
    /// # use std::{collections::HashSet, time::Duration};
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { names: HashSet<String> }
    /// let clock = Manual::new();
    /// let shop = Shop::builder().clock(clock.clone()).build();
    /// shop.names().insert("ada".to_owned());
    /// clock.advance(Duration::from_secs(3000));
    /// assert!(shop.names().touch("ada"));
    /// clock.advance(Duration::from_secs(3000));
    /// assert_eq!(shop.names().live_len(), 1);
    /// ```
    #[track_caller]
    pub fn touch<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
        P::Expiry: Expires,
    {
        self.core().restart_ttl(key, None)
    }

    /// The remaining time to live of a key if it is not used again, or `None` if it is not in the set. `Duration::MAX`
    /// is for ever. This is no use of the key.
    ///
    /// The key has at least this much time left. Zero means that its time is over, but a [coarse
    /// clock](crate::clock::Clock#how-early-and-how-late-an-entry-expires) does not show that yet.
    ///
    /// # Panics
    ///
    /// Inside a closure on the same or a later shard: see [the order](crate::ShardedMap#order-of-nested-accesses).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::{clock::Manual, sharded};
    /// # use std::{collections::HashSet, time::Duration};
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { names: HashSet<String> }
    /// let clock = Manual::new();
    /// let shop = Shop::builder().clock(clock.clone()).build();
    /// shop.names().insert("ada".to_owned());
    /// clock.advance(Duration::from_secs(600));
    /// assert_eq!(shop.names().ttl_of("ada"), Some(Duration::from_secs(3000)));
    /// ```
    #[track_caller]
    pub fn ttl_of<Q>(&self, key: &Q) -> Option<Duration>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
        P::Expiry: Expires,
    {
        self.core().ttl_of(key)
    }
}
