//! Inserts and removals.

use super::sharded_map::ShardedMap;
use crate::{
    Key, Occupied, Policy, Refused, Value,
    clock::Nanos,
    engine::table::{Handed, Offer, Stored},
    evict::MakesRoom,
    field::write::IfOccupied,
    lock::Serves,
    names_of,
    observe::{events, tally::Event},
    record::Operation,
    shard::{access::UserCode, array::ByHash},
};

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
    /// assert_eq!(shop.names().insert("ada".to_owned(), 36), None);
    /// assert_eq!(shop.names().insert("ada".to_owned(), 37), Some(36));
    /// ```
    #[track_caller]
    pub fn insert(&self, key: K, value: V) -> Option<V>
    where
        P::Eviction: MakesRoom,
    {
        let mut offer = Offer::new(key, value);
        if self.store(&mut offer, None) { offer.value.take() } else { None }
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
    /// Inside a closure on the same or a later place: see [the order](ShardedMap#order-of-nested-accesses).
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
        let mut offer = Offer::new(key, value);
        match self.put(&mut offer, None) {
            Stored::New => Ok(None),
            Stored::InPlace => Ok(offer.value.take()),
            Stored::Refused => offer.take().map_or(Ok(None), |(key, value)| {
                self.core.count(Event::Refusal);
                events::refused(names_of::<P>());
                Err(Refused { key, value })
            }),
        }
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
    /// assert!(shop.names().insert_if_absent("ada".to_owned(), 36).is_ok());
    /// let occupied = shop.names().insert_if_absent("ada".to_owned(), 37).unwrap_err();
    /// assert_eq!(occupied.value, 37);
    /// ```
    #[track_caller]
    pub fn insert_if_absent(&self, key: K, value: V) -> Result<(), Occupied<K, V>>
    where
        P::Eviction: MakesRoom,
    {
        let hash = self.core.hash_for(Operation::Insert, &key);
        let mut offer = Offer::new(key, value);
        let is_settled = self.core.write_in_place(ByHash(hash), UserCode::Traits, |session| {
            session.find_offered(hash, &offer).is_some() || session.insert_or_evict(hash, &mut offer)
        });
        self.core.store_refused(hash, &mut offer, is_settled, IfOccupied::GiveBack);
        offer.take().map_or(Ok(()), |(key, value)| Err(Occupied { key, value }))
    }

    /// Removes a key's entry and returns its value.
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
    /// assert_eq!(shop.names().remove("ada"), Some(36));
    /// assert_eq!(shop.names().remove("ada"), None);
    /// ```
    #[track_caller]
    pub fn remove<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let mut handed = Handed::new();
        self.take_if(key, UserCode::Traits, |_| true, &mut handed);
        // The key is dropped here, after the lock is released.
        handed.take_value()
    }

    /// Removes a key's entry and returns key and value.
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
    /// assert_eq!(shop.names().remove_entry("ada"), Some(("ada".to_owned(), 36)));
    /// ```
    #[track_caller]
    pub fn remove_entry<Q>(&self, key: &Q) -> Option<(K, V)>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let mut handed = Handed::new();
        self.take_if(key, UserCode::Traits, |_| true, &mut handed);
        handed.take()
    }

    /// Removes a key's entry if a condition holds for its value, in one critical section, and returns the value. The
    /// check is no use of the entry.
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
    /// assert_eq!(shop.names().remove_if("ada", |&age| age > 40), None);
    /// assert_eq!(shop.names().remove_if("ada", |&age| age < 40), Some(36));
    /// ```
    #[track_caller]
    pub fn remove_if<Q>(&self, key: &Q, condition: impl FnOnce(&V) -> bool) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let mut handed = Handed::new();
        self.take_if(key, UserCode::Closure, condition, &mut handed);
        handed.take_value()
    }

    /// Stores the entry on offer, unless it finds no room.
    #[track_caller]
    pub(super) fn put(&self, offer: &mut Offer<K, V>, ttl: Option<Nanos>) -> Stored {
        match offer.key() {
            Some(key) => self.core.store(self.core.hash_for(Operation::Insert, key), offer, ttl),
            None => Stored::Refused,
        }
    }

    /// As [`put`](Self::put), under a policy that makes room. An entry that is refused all the same is evicted at once,
    /// with the entry of its key. A value that was replaced is then on offer; returns whether one was.
    #[track_caller]
    pub(super) fn store(&self, offer: &mut Offer<K, V>, ttl: Option<Nanos>) -> bool {
        match self.put(offer, ttl) {
            Stored::New => return false,
            Stored::InPlace => return true,
            Stored::Refused => {}
        }
        if let Some(hash) = offer.key().map(|key| self.core.hasher.hash(key)) {
            self.settle(hash, offer, Stored::Refused);
        }
        offer.value.is_some()
    }

    /// Takes out a key's entry if a condition holds for its value, and hands it out.
    #[track_caller]
    fn take_if<Q>(&self, key: &Q, user_code: UserCode, condition: impl FnOnce(&V) -> bool, handed: &mut Handed<K, V>)
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let hash = self.core.hash_for(Operation::Remove, key);
        self.core.hand_if(hash, key, user_code, condition, handed);
    }
}
