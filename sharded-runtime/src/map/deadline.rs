//! The time to live of an entry.

use super::sharded_map::ShardedMap;
use crate::{Key, Policy, Value, clock::Nanos, evict::MakesRoom, expiry::Expires, lock::Serves};

use std::{
    borrow::Borrow,
    hash::{BuildHasher, Hash},
    time::Duration,
};

impl<K: Key, V: Value, P: Policy<Lock: Serves<K, V>>, S: BuildHasher + Default + 'static> ShardedMap<K, V, P, S> {
    /// As [`insert`](Self::insert), with this time to live instead of the declared one. It has no jitter. A declared
    /// idle time applies as well.
    ///
    /// A time that ends after the last moment of the clock (584 years) is for ever. An entry with a time of zero
    /// expires at once. Other entries never expire early. How late they expire depends on [the
    /// clock](crate::clock::Clock#how-early-and-how-late-an-entry-expires).
    ///
    /// # Panics
    ///
    /// Inside a closure on the same or a later shard: see [the order](ShardedMap#order-of-nested-accesses).
    /// Or if there is no memory for one more entry, or the shard has no free slot number (it has at least 2^28).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::{clock::Manual, sharded};
    /// # use std::{collections::HashMap, time::Duration};
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { names: HashMap<String, u32> }
    /// let clock = Manual::new();
    /// let shop = Shop::builder().clock(clock.clone()).build();
    /// shop.names().insert_with_ttl("ada".to_owned(), 36, Duration::from_secs(5));
    /// clock.advance(Duration::from_secs(5));
    /// assert_eq!(shop.names().get("ada"), None);
    /// ```
    #[doc(alias("setex", "put_with_ttl"))]
    #[track_caller]
    pub fn insert_with_ttl(&self, key: K, value: V, ttl: Duration) -> Option<V>
    where
        P::Eviction: MakesRoom,
        P::Expiry: Expires,
    {
        self.core.insert(key, value, Some(Nanos::from_duration(ttl)))
    }

    /// Sets the remaining time to live of an entry. This is a use of the entry. Returns whether the entry exists.
    ///
    /// If its value is being refreshed, because of a declared `refresh_after`, the new value is not stored.
    ///
    /// # Panics
    ///
    /// Inside a closure on the same or a later shard: see [the order](ShardedMap#order-of-nested-accesses).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::{collections::HashMap, time::Duration};
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { names: HashMap<String, u32> }
    /// let shop = Shop::new();
    /// shop.names().insert("ada".to_owned(), 36);
    /// assert!(shop.names().expire_in("ada", Duration::from_secs(5)));
    /// assert!(shop.names().ttl_of("ada").unwrap() <= Duration::from_secs(5));
    /// assert!(!shop.names().expire_in("bob", Duration::from_secs(5)));
    /// ```
    #[doc(alias("pexpire", "expire"))]
    #[track_caller]
    pub fn expire_in<Q>(&self, key: &Q, ttl: Duration) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
        P::Expiry: Expires,
    {
        self.core.restart_ttl(key, Some(Nanos::from_duration(ttl)))
    }

    /// Restarts the time to live of an entry, with the declared length. This is a use of the entry. Returns whether the
    /// entry exists.
    ///
    /// This replaces a time to live of its own, from [`insert_with_ttl`](Self::insert_with_ttl) or
    /// [`expire_in`](Self::expire_in).
    ///
    /// # Panics
    ///
    /// Inside a closure on the same or a later shard: see [the order](ShardedMap#order-of-nested-accesses).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::{clock::Manual, sharded};
    /// # use std::{collections::HashMap, time::Duration};
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { names: HashMap<String, u32> }
    /// let clock = Manual::new();
    /// let shop = Shop::builder().clock(clock.clone()).build();
    /// shop.names().insert("ada".to_owned(), 36);
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
        self.core.restart_ttl(key, None)
    }

    /// The remaining time to live of an entry if it is not used again, or `None` if there is no entry. `Duration::MAX`
    /// is for ever. This is no use of the entry.
    ///
    /// The entry has at least this much time left. Zero means that its time is over, but a [coarse
    /// clock](crate::clock::Clock#how-early-and-how-late-an-entry-expires) does not show that yet.
    ///
    /// # Panics
    ///
    /// Inside a closure on the same or a later shard: see [the order](ShardedMap#order-of-nested-accesses).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::{clock::Manual, sharded};
    /// # use std::{collections::HashMap, time::Duration};
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { names: HashMap<String, u32> }
    /// let clock = Manual::new();
    /// let shop = Shop::builder().clock(clock.clone()).build();
    /// shop.names().insert("ada".to_owned(), 36);
    /// clock.advance(Duration::from_secs(600));
    /// assert_eq!(shop.names().ttl_of("ada"), Some(Duration::from_secs(3000)));
    /// ```
    #[doc(alias("pttl", "expires_at"))]
    #[track_caller]
    pub fn ttl_of<Q>(&self, key: &Q) -> Option<Duration>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
        P::Expiry: Expires,
    {
        self.core.ttl_of(key)
    }

    /// The time to live that entries have, as declared or as built; `None` is for ever. The jitter shortens it, and a
    /// time of an entry's own replaces it. Takes no lock.
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::{collections::HashMap, time::Duration};
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { names: HashMap<String, u32> }
    /// assert_eq!(Shop::new().names().ttl(), Some(Duration::from_secs(3600)));
    /// let shop = Shop::builder().names(|names| names.ttl(Duration::from_secs(5))).build();
    /// assert_eq!(shop.names().ttl(), Some(Duration::from_secs(5)));
    /// ```
    #[must_use]
    #[doc(alias("time_to_live", "expires_after"))]
    pub fn ttl(&self) -> Option<Duration> {
        self.core.declared_ttl()
    }

    /// The time by the map's clock, since its zero: what times to live are counted by. Takes no lock.
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::{clock::Manual, sharded};
    /// # use std::{collections::HashMap, time::Duration};
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { names: HashMap<String, u32> }
    /// let clock = Manual::new();
    /// let shop = Shop::builder().clock(clock.clone()).build();
    /// clock.advance(Duration::from_secs(5));
    /// assert_eq!(shop.names().now(), Duration::from_secs(5));
    /// ```
    #[must_use]
    pub fn now(&self) -> Duration {
        self.core.clock.since_zero().to_duration()
    }
}
