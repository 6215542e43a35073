//! Removal listeners.

use super::sharded_set::ShardedSet;
use crate::{Cause, HasListener, Key, Policy, Removals};

impl<K: Key + Clone, P: Policy, S> ShardedSet<K, P, S> {
    /// Registers a function that is called with every key that leaves the set from now on, and with the cause: see [the
    /// removal listener](crate::ShardedMap#removal-listener). Adding a key again is no removal, so the cause is never
    /// [`Replaced`](Cause::Replaced).
    ///
    /// # Errors
    ///
    /// [`HasListener`] gives the function back if the set already has a listener.
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::{collections::HashSet, sync::mpsc};
    /// # #[sharded(ttl = "1h")]
    /// # struct Chat { online: HashSet<String> }
    /// let chat = Chat::new();
    /// let (gone, log) = mpsc::channel();
    /// chat.online().on_removal(move |who, _| gone.send(who.clone()).unwrap()).unwrap();
    /// chat.online().insert("ada".to_owned());
    /// chat.online().remove("ada");
    /// assert_eq!(log.try_recv(), Ok("ada".to_owned()));
    /// ```
    pub fn on_removal<F>(&self, listener: F) -> Result<(), HasListener<F>>
    where
        F: Fn(&K, Cause) + Send + Sync + 'static,
    {
        self.map.on_removal_of_key(listener)
    }

    /// Sends every key that leaves the set from now on to a channel: see
    /// [`ShardedMap::removals`](crate::ShardedMap::removals).
    ///
    /// # Errors
    ///
    /// [`HasListener`] if the set already has a listener.
    ///
    /// # Panics
    ///
    /// If the capacity is zero.
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashSet;
    /// # #[sharded(ttl = "1h")]
    /// # struct Chat { online: HashSet<String> }
    /// let chat = Chat::new();
    /// let mut removals = chat.online().removals(100).unwrap();
    /// chat.online().insert("ada".to_owned());
    /// chat.online().remove("ada");
    /// assert_eq!(removals.recv().unwrap().key, "ada");
    /// ```
    #[track_caller]
    pub fn removals(&self, capacity: usize) -> Result<Removals<K, ()>, HasListener<()>> {
        self.map.removals_of_keys(capacity)
    }
}
