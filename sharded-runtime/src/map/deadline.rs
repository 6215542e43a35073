//! The time to live of an entry.

use super::ShardedMap;
use crate::{
    Key, Policy, Value, clock::to_nanos, engine::table::Offer, evict::MakesRoom, expiry::Expires, lock::Serves,
    shard::access::UserCode,
};

use std::{
    borrow::Borrow,
    hash::{BuildHasher, Hash},
    time::Duration,
};

impl<K, V, P, S> ShardedMap<K, V, P, S>
where
    K: Key,
    V: Value,
    P: Policy,
    P::Lock: Serves<K, V>,
    S: BuildHasher + Default + 'static,
{
    /// As [`insert`](Self::insert), with a time to live of its own in place of the declared one, and exact also where a jitter is declared. A declared
    /// idle time holds as well.
    ///
    /// A time that ends beyond what the clock can count (584 years) is for ever; one of zero is over at once. No other is over early; how late an entry goes
    /// depends on [the clock](crate::clock::Clock#how-early-and-how-late-an-entry-expires).
    ///
    /// # Panics
    ///
    /// Inside a closure on the same or a later place: see [the order](ShardedMap#order-of-nested-accesses).
    /// Or if there is no memory for one more entry, or no number (a shard numbers 2^28 entries at least).
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
        let mut offer = Offer::new(key, value);
        if self.store(&mut offer, Some(to_nanos(ttl))) { offer.value.take() } else { None }
    }

    /// Has an entry expire after this time from now, in place of what it had left. A use of the entry. Says whether there is one.
    ///
    /// What is being loaded in its place meanwhile, by a declared `refresh_after`, is not stored.
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
        self.restart(key, Some(to_nanos(ttl)))
    }

    /// Gives an entry the whole declared time to live again, and counts as a use. Says whether there is one.
    ///
    /// A time of its own, given by [`insert_with_ttl`](Self::insert_with_ttl) or [`expire_in`](Self::expire_in), is not remembered.
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
    /// assert_eq!(shop.names().get("ada"), Some(36));
    /// ```
    #[track_caller]
    pub fn touch<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
        P::Expiry: Expires,
    {
        self.restart(key, None)
    }

    /// How long an entry has left if it is not used meanwhile, or `None` where there is none; `Duration::MAX` is for ever. No use of the entry.
    ///
    /// It has so much left at least: zero where its time is over, but a [coarse clock](crate::clock::Clock#how-early-and-how-late-an-entry-expires) does not show
    /// it yet.
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
        let left =
            self.core.peek(self.core.hasher.hash(key), key, <P::Lock as Serves<K, V>>::COPIES, |_, left| left)?;
        let at_least = || Duration::from_nanos(left.saturating_sub(self.core.clock.resolution()));
        Some(if left == u64::MAX { Duration::MAX } else { at_least() })
    }

    #[track_caller]
    fn restart<Q>(&self, key: &Q, ttl: Option<u64>) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let hash = self.core.hasher.hash(key);
        self.core.write(self.core.route(hash), UserCode::Traits, |session| {
            let found = session.find(hash, key);
            if let Some(slot) = found {
                session.used(slot);
                // A time of its own holds against a load that is under way. The declared time is what that would give it, too.
                if ttl.is_some() {
                    session.overtake_refresh(slot);
                }
                session.restart(slot, hash, ttl);
            }
            found.is_some()
        })
    }
}
