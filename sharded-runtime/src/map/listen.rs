//! Removal listeners.

use super::sharded_map::ShardedMap;
use crate::{
    Cause, HasListener, Key, Policy, Value,
    field::removal::{Listening, Removals},
    names_of,
};

impl<K, V, P, S> ShardedMap<K, V, P, S>
where
    K: Key + Clone,
    V: Value + Clone,
    P: Policy,
{
    /// Registers a function that is called with every entry that leaves the map from now on, and with the cause: see
    /// [the removal listener](ShardedMap#removal-listener). A call that is under way at this moment may remove its
    /// entry without the listener.
    ///
    /// # Errors
    ///
    /// [`HasListener`] gives the function back if the map already has a listener. A listener can't be replaced.
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::{Cause, clock::Manual, sharded};
    /// # use std::{collections::HashMap, sync::mpsc, time::Duration};
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { carts: HashMap<u64, String> }
    /// let clock = Manual::new();
    /// let shop = Shop::builder().clock(clock.clone()).build();
    /// let (gone, log) = mpsc::channel();
    /// let listener = move |&id: &u64, cart: &String, cause| gone.send((id, cart.clone(), cause)).unwrap();
    /// shop.carts().on_removal(listener).unwrap();
    ///
    /// shop.carts().insert(1, "apple".to_owned());
    /// shop.carts().insert(1, "pear".to_owned());
    /// assert_eq!(log.try_recv(), Ok((1, "apple".to_owned(), Cause::Replaced)));
    /// clock.advance(Duration::from_secs(3600));
    /// shop.carts().sweep();
    /// assert_eq!(log.try_recv(), Ok((1, "pear".to_owned(), Cause::Expired)));
    /// ```
    pub fn on_removal<F>(&self, listener: F) -> Result<(), HasListener<F>>
    where
        F: Fn(&K, &V, Cause) + Send + Sync + 'static,
    {
        self.core.listen(listener, |listener| Listening::by_call(names_of::<P>(), listener))
    }

    /// Sends every entry that leaves the map from now on to a channel with this capacity. The channel is the [removal
    /// listener](ShardedMap#removal-listener) of the map, but no writer ever waits for it: if it is full, the entry is
    /// dropped and [counted](Removals::missed).
    ///
    /// An entry can be received once the call that has removed it is about to return.
    ///
    /// # Errors
    ///
    /// [`HasListener`] if the map already has a listener.
    ///
    /// # Panics
    ///
    /// If the capacity is zero.
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::{Cause, sharded};
    /// # use std::collections::HashMap;
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { carts: HashMap<u64, String> }
    /// let shop = Shop::new();
    /// let mut removals = shop.carts().removals(100).unwrap();
    /// shop.carts().insert(1, "apple".to_owned());
    /// shop.carts().remove(&1);
    /// let removal = removals.recv().unwrap();
    /// assert_eq!((removal.key, removal.value.as_str(), removal.cause), (1, "apple", Cause::Removed));
    /// ```
    #[track_caller]
    pub fn removals(&self, capacity: usize) -> Result<Removals<K, V>, HasListener<()>> {
        let (listening, removals) = Listening::by_channel(capacity);
        self.core.listen((), |()| listening)?;
        Ok(removals)
    }
}

impl<K: Key + Clone, P: Policy, S> ShardedMap<K, (), P, S> {
    /// As [`on_removal`](Self::on_removal), for a set.
    pub(crate) fn on_removal_of_key<F>(&self, listener: F) -> Result<(), HasListener<F>>
    where
        F: Fn(&K, Cause) + Send + Sync + 'static,
    {
        self.core.listen(listener, |listener| {
            Listening::by_call(names_of::<P>(), move |key, (), cause| listener(key, cause)).of_keys()
        })
    }

    /// As [`removals`](Self::removals), for a set.
    #[track_caller]
    pub(crate) fn removals_of_keys(&self, capacity: usize) -> Result<Removals<K, ()>, HasListener<()>> {
        let (listening, removals) = Listening::by_channel(capacity);
        self.core.listen((), |()| listening.of_keys())?;
        Ok(removals)
    }
}
