//! Inserts and removals of several entries.

use super::sharded_map::ShardedMap;
use crate::{
    Key, Policy, Refused, RefusedMany, Value,
    engine::{
        session::no_room,
        table::{Handed, Offer, Stored},
    },
    evict::MakesRoom,
    field::batch::Batches,
    hasher::KeyHash,
    lock::Serves,
    names_of,
    observe::{events, tally::Event},
    record::Operation,
    shard::access::UserCode,
};

use std::{
    borrow::Borrow,
    hash::{BuildHasher, Hash},
};

impl<K: Key, V: Value, P: Policy<Lock: Serves<K, V>>, S: BuildHasher + Default + 'static> ShardedMap<K, V, P, S> {
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
    /// Inside a closure on the same or a later place: see [the order](ShardedMap#order-of-nested-accesses).
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
        let entries = entries.into_iter();
        let (mut replaced, mut refused) = (Vec::with_capacity(entries.size_hint().0), Vec::new());
        let mut batches = Batches::new(entries);
        while let Some(batch) = batches.next(|(key, _)| self.core.hash_for(Operation::Insert, key)) {
            self.core.fetch_ahead::<_, K>(batch.as_slice());
            for (hash, (key, value)) in batch {
                let mut offer = Offer::new(key, value);
                let stored = self.core.store(hash, &mut offer, None);
                if stored == Stored::Refused
                    && let Some((key, value)) = offer.take()
                {
                    self.core.count(Event::Refusal);
                    events::refused(names_of::<P>());
                    refused.push(Refused { key, value });
                }
                replaced.push(if stored == Stored::InPlace { offer.value.take() } else { None });
            }
        }
        if refused.is_empty() { Ok(replaced) } else { Err(RefusedMany { refused, replaced }) }
    }

    /// Removes the entries of several keys in their order, and returns their values in the order of the keys. Of equal
    /// keys, the first one gets the value.
    ///
    /// If the entries of the map take more than about 16 MiB, without what keys and values own, it fetches the memory
    /// of up to 32 keys side by side, which is much faster than single removals. The entries are not removed at one
    /// moment. O(n).
    ///
    /// If a key's `Hash` or `Eq` or the `Drop` of a stored key panics, the entries that were removed are gone.
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
        let keys = keys.into_iter();
        let mut values = Vec::with_capacity(keys.size_hint().0);
        let mut batches = Batches::new(keys);
        while let Some(batch) = batches.next(|key| self.core.hash_for(Operation::Remove, *key)) {
            self.core.fetch_ahead::<_, Q>(batch.as_slice());
            for (hash, key) in batch {
                let mut handed = Handed::new();
                self.core.hand_if(hash, key, UserCode::Traits, |_| true, &mut handed);
                values.push(handed.take_value());
            }
        }
        values
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
    /// shop.names().extend([("ada".to_owned(), 36), ("bob".to_owned(), 7)]);
    /// assert_eq!(shop.names().len(), 2);
    /// ```
    #[track_caller]
    pub fn extend(&self, entries: impl IntoIterator<Item = (K, V)>)
    where
        P::Eviction: MakesRoom,
    {
        let mut batches = Batches::new(entries.into_iter());
        while let Some(batch) = batches.next(|(key, _)| self.core.hash_for(Operation::Insert, key)) {
            self.core.fetch_ahead::<_, K>(batch.as_slice());
            for (hash, (key, value)) in batch {
                let mut offer = Offer::new(key, value);
                let stored = self.core.store(hash, &mut offer, None);
                self.settle(hash, &mut offer, stored);
            }
        }
    }

    /// Finishes an insert under a policy that makes room. An entry that is refused all the same is evicted at once,
    /// with the entry of its key.
    #[track_caller]
    pub(super) fn settle(&self, hash: KeyHash, offer: &mut Offer<K, V>, stored: Stored) {
        match stored {
            Stored::New | Stored::InPlace => {}
            Stored::Refused if P::WEIGHS || P::PINS => self.core.evict_refused(hash, offer),
            Stored::Refused => no_room(),
        }
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
