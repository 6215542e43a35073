//! The time to live of an entry.

use super::sharded_map::ShardedMap;
use crate::{Key, Policy, Value, clock::Nanos, evict::MakesRoom, expiry::Expires, lock::Serves};

use std::{
    borrow::Borrow,
    hash::{BuildHasher, Hash},
    time::Duration,
};

impl<K: Key, V: Value, P: Policy<Lock: Serves<K, V>>, S: BuildHasher + Default + 'static> ShardedMap<K, V, P, S> {
    /// As [`insert`](Self::insert), with a time to live of its own in place of the declared one. It has no jitter. A
    /// declared idle time holds as well.
    ///
    /// A time that ends beyond what the clock can count (584 years) is for ever. A time of zero is over at once. No
    /// other time is over early; how late the entry expires depends on [the
    /// clock](crate::clock::Clock#how-early-and-how-late-an-entry-expires).
    ///
    /// # Panics
    ///
    /// Inside a closure on the same or a later place: see [the order](ShardedMap#order-of-nested-accesses).
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
    #[track_caller]
    pub fn insert_with_ttl(&self, key: K, value: V, ttl: Duration) -> Option<V>
    where
        P::Eviction: MakesRoom,
        P::Expiry: Expires,
    {
        self.core.insert(key, value, Some(Nanos::from_duration(ttl)))
    }

    /// Has the entry expire after this time from now, in place of what it had left.
    /// This is a use of it. Returns whether it is there.
    ///
    /// A value that is being loaded in its place meanwhile, because of a declared `refresh_after`, is not stored.
    ///
    /// # Panics
    ///
    /// Inside a closure on the same or a later place: see [the order](ShardedMap#order-of-nested-accesses).
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
    #[track_caller]
    pub fn expire_in<Q>(&self, key: &Q, ttl: Duration) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
        P::Expiry: Expires,
    {
        self.core.restart_ttl(key, Some(Nanos::from_duration(ttl)))
    }

    /// Gives the entry the whole declared time to live again.
    /// This is a use of it. Returns whether it is there.
    ///
    /// A time of its own, given by [`insert_with_ttl`](Self::insert_with_ttl) or [`expire_in`](Self::expire_in), is
    /// forgotten.
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

    /// How long the entry has left if it is not used meanwhile, or `None` if it is not there.
    /// `Duration::MAX` is for ever. This is no use of it.
    ///
    /// It has at least so much left. The answer is zero where its time is over and a
    /// [coarse clock](crate::clock::Clock#how-early-and-how-late-an-entry-expires) does not show it yet.
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
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { names: HashMap<String, u32> }
    /// let clock = Manual::new();
    /// let shop = Shop::builder().clock(clock.clone()).build();
    /// shop.names().insert("ada".to_owned(), 36);
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
        self.core.ttl_of(key)
    }
}
