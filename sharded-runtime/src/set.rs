//! A set: a map without values.

#[cfg(feature = "serde")]
mod snapshot;

use crate::{
    Cause, Field, HasListener, Key, Policy, Recording, Refused, Removals, ShardedMap, Stats,
    builder::{BuildField, FieldOptions, StoreContext},
    evict::MakesRoom,
    expiry::Expires,
    lock::Serves,
    placement::FieldPlacement,
    topology::NodeId,
};
use std::{
    borrow::Borrow,
    fmt,
    hash::{BuildHasher, Hash, RandomState},
    time::Duration,
};

/// A concurrent set in shards, whose [`Policy`] says how they are locked and when entries leave.
///
/// It is a [`ShardedMap`] without values: what is said there of nested accesses, panics and cost holds here too.
///
/// # Examples
///
/// ```
/// use sharded::sharded;
/// use std::collections::HashSet;
///
/// #[sharded]
/// struct Chat {
///     #[shard(idle = "5m")]
///     online: HashSet<String>,
/// }
///
/// let chat = Chat::new();
/// assert!(chat.online().insert("ada".to_owned()));
/// assert!(chat.online().contains("ada"));
/// ```
pub struct ShardedSet<K, P: Policy, S = RandomState> {
    map: ShardedMap<K, (), P, S>,
}

impl<K, P, S> BuildField<P> for ShardedSet<K, P, S>
where
    P: Policy,
    ShardedMap<K, (), P, S>: BuildField<P>,
{
    fn build(store: &StoreContext, index: u16, options: FieldOptions<P>) -> Self {
        ShardedSet { map: BuildField::build(store, index, options) }
    }
}

impl<K, P, S> ShardedSet<K, P, S>
where
    P: Policy,
    ShardedMap<K, (), P, S>: BuildField<P>,
{
    /// A set by itself, as declared.
    ///
    /// # Examples
    ///
    /// See [`Policy`]; a set is built as a map is.
    #[must_use]
    pub fn new() -> Self {
        ShardedSet { map: ShardedMap::new() }
    }

    /// A set by itself, with some of what was declared overridden.
    ///
    /// # Examples
    ///
    /// See [`FieldOptions`].
    #[must_use]
    pub fn with_options(options: FieldOptions<P>) -> Self {
        ShardedSet { map: ShardedMap::with_options(options) }
    }
}

impl<K, P: Policy, S> ShardedSet<K, P, S> {
    /// The number of keys stored, those too that have expired and are not yet removed. No lock; O(number of shards).
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
    /// assert_eq!(chat.online().len(), 1);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.map.len()
    }

    /// Whether nothing is stored. No lock; O(number of shards).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashSet;
    /// # #[sharded(ttl = "1h")]
    /// # struct Chat { online: HashSet<String> }
    /// assert!(Chat::new().online().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.map.is_empty()
    }

    /// The most keys that the set holds, see [`ShardedMap::capacity`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashSet;
    /// # #[sharded(ttl = "1h")]
    /// # struct Chat { online: HashSet<String> }
    /// assert_eq!(Chat::new().online().capacity(), None);
    /// ```
    #[must_use]
    pub fn capacity(&self) -> Option<usize> {
        self.map.capacity()
    }

    /// The number of shards.
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashSet;
    /// # #[sharded(ttl = "1h")]
    /// # struct Chat { online: HashSet<String> }
    /// assert!(Chat::new().online().shard_count().is_power_of_two());
    /// ```
    #[must_use]
    pub fn shard_count(&self) -> usize {
        self.map.shard_count()
    }

    /// What has happened in the set so far. No lock; O(number of shards).
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
    /// assert_eq!(chat.online().stats().inserts, 1);
    /// ```
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.map.stats()
    }

    /// Removes what has expired now, see [`ShardedMap::sweep`].
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
    /// # struct Chat { online: HashSet<String> }
    /// assert_eq!(Chat::new().online().sweep(), 0);
    /// ```
    #[allow(clippy::must_use_candidate, reason = "what it removes may be all that is wanted")]
    #[track_caller]
    pub fn sweep(&self) -> usize {
        self.map.sweep()
    }

    /// Removes all keys, see [`ShardedMap::clear`].
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
    /// # struct Chat { online: HashSet<String> }
    /// let chat = Chat::new();
    /// chat.online().insert("ada".to_owned());
    /// chat.online().clear();
    /// assert!(chat.online().is_empty());
    /// ```
    #[track_caller]
    pub fn clear(&self) {
        self.map.clear();
    }

    /// Gives back memory that no key needs, see [`ShardedMap::shrink_to_fit`].
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
    /// # struct Chat { online: HashSet<String> }
    /// Chat::new().online().shrink_to_fit();
    /// ```
    #[track_caller]
    pub fn shrink_to_fit(&self) {
        self.map.shrink_to_fit();
    }

    /// Asks the kernel on which NUMA nodes the shards are, see [`ShardedMap::placement`].
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
    /// # struct Chat { online: HashSet<String> }
    /// print!("{}", Chat::new().online().placement());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn placement(&self) -> FieldPlacement {
        self.map.placement()
    }
}

impl<K: Key + Clone, P: Policy, S> ShardedSet<K, P, S> {
    /// Has a function called with every key that leaves the set from now on, and why: see [the removal
    /// listener](crate::ShardedMap#removal-listener). A key that is added again has not left, so the cause is never
    /// [`Replaced`](Cause::Replaced).
    ///
    /// # Errors
    ///
    /// [`HasListener`] gives it back, where the set has a listener already.
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

    /// Has every key that leaves the set from now on put in a channel, see [`ShardedMap::removals`].
    ///
    /// # Errors
    ///
    /// [`HasListener`] where the set has a listener already.
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

impl<K, P, S> ShardedSet<K, P, S>
where
    K: Key,
    P: Policy,
    P::Lock: Serves<K, ()>,
    S: BuildHasher + Default + 'static,
{
    /// Adds a key, and says whether it is new. The time to live starts now, also where the key was there.
    ///
    /// # Panics
    ///
    /// Inside a closure on the same or a later place: see [the order](crate::ShardedMap#order-of-nested-accesses).
    /// Or if there is no memory for one more key, or no number (a shard numbers 2^28 keys at least).
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

    /// Adds a key if there is room, and says whether it is new, see [`ShardedMap::try_insert`].
    ///
    /// # Errors
    ///
    /// [`Refused`] gives back the key where there is no room.
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
    /// # struct Chat { online: HashSet<String> }
    /// let chat = Chat::new();
    /// assert_eq!(chat.online().try_insert("ada".to_owned()), Ok(true));
    /// ```
    #[track_caller]
    pub fn try_insert(&self, key: K) -> Result<bool, Refused<K, ()>> {
        self.map.try_insert(key, ()).map(|old| old.is_none())
    }

    /// Whether a key is there. A use of it, counted.
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

    /// Takes a key out, and says whether it was there.
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

    /// Takes a key out.
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

    /// Adds keys one by one; no lock is held between two.
    ///
    /// # Panics
    ///
    /// Inside a closure on the same or a later place: see [the order](crate::ShardedMap#order-of-nested-accesses).
    /// Or if there is no memory for one more key, or no number (a shard numbers 2^28 keys at least).
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

    /// Shows every live key to a closure, see [`ShardedMap::for_each`]. O(n).
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
    /// # struct Chat { online: HashSet<String> }
    /// let chat = Chat::new();
    /// chat.online().insert("ada".to_owned());
    /// chat.online().for_each(|name| assert_eq!(name, "ada"));
    /// ```
    #[track_caller]
    pub fn for_each(&self, mut visit: impl FnMut(&K)) {
        self.map.for_each(|key, ()| visit(key));
    }

    /// Keeps the keys that a closure says, see [`ShardedMap::retain`]. O(n).
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
    /// # struct Chat { online: HashSet<String> }
    /// let chat = Chat::new();
    /// chat.online().insert("ada".to_owned());
    /// chat.online().retain(|name| name != "ada");
    /// assert!(chat.online().is_empty());
    /// ```
    #[track_caller]
    pub fn retain(&self, mut keep: impl FnMut(&K) -> bool) {
        self.map.retain(|key, ()| keep(key));
    }

    /// Removes all keys and leaves them to the background thread to be dropped, see [`ShardedMap::invalidate_all`].
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
    /// # struct Chat { online: HashSet<String> }
    /// let chat = Chat::new();
    /// chat.online().insert("ada".to_owned());
    /// chat.online().invalidate_all();
    /// assert!(!chat.online().contains("ada"));
    /// ```
    #[track_caller]
    pub fn invalidate_all(&self) {
        self.map.invalidate_all();
    }

    /// Takes out all keys, see [`ShardedMap::drain`]. O(n).
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

    /// Copies of all keys, in no particular order. O(n).
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

    /// The number of keys that have not expired. O(n).
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
    /// # struct Chat { online: HashSet<String> }
    /// let chat = Chat::new();
    /// chat.online().insert("ada".to_owned());
    /// assert_eq!(chat.online().live_len(), 1);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn live_len(&self) -> usize {
        self.map.live_len()
    }

    /// The shard that a key belongs to, see [`ShardedMap::shard_of`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashSet;
    /// # #[sharded(ttl = "1h")]
    /// # struct Chat { online: HashSet<String> }
    /// let chat = Chat::new();
    /// assert!(chat.online().shard_of("ada") < chat.online().shard_count());
    /// ```
    pub fn shard_of<Q>(&self, key: &Q) -> usize
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.map.shard_of(key)
    }

    /// The NUMA node that a key's shard was declared to be on, see [`ShardedMap::node_of`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashSet;
    /// # #[sharded(ttl = "1h")]
    /// # struct Chat { online: HashSet<String> }
    /// assert!(Chat::new().online().node_of("ada").is_some());
    /// ```
    pub fn node_of<Q>(&self, key: &Q) -> Option<NodeId>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.map.node_of(key)
    }

    /// Adds a key with a time to live of its own, and says whether it is new, see [`ShardedMap::insert_with_ttl`].
    ///
    /// # Panics
    ///
    /// Inside a closure on the same or a later place: see [the order](crate::ShardedMap#order-of-nested-accesses).
    /// Or if there is no memory for one more key, or no number (a shard numbers 2^28 keys at least).
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

    /// Has a key expire after this time from now, see [`ShardedMap::expire_in`]. Says whether it is there.
    ///
    /// # Panics
    ///
    /// Inside a closure on the same or a later place: see [the order](crate::ShardedMap#order-of-nested-accesses).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::{clock::Manual, sharded};
    /// # use std::{collections::HashSet, time::Duration};
    /// # #[sharded(ttl = "1h")]
    /// # struct Chat { online: HashSet<String> }
    /// let chat = Chat::new();
    /// chat.online().insert("ada".to_owned());
    /// assert!(chat.online().expire_in("ada", Duration::from_secs(1)));
    /// ```
    #[track_caller]
    pub fn expire_in<Q>(&self, key: &Q, ttl: Duration) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
        P::Expiry: Expires,
    {
        self.map.expire_in(key, ttl)
    }

    /// Gives a key the whole declared time to live again, see [`ShardedMap::touch`]. Says whether it is there.
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
    /// # struct Chat { online: HashSet<String> }
    /// let chat = Chat::new();
    /// chat.online().insert("ada".to_owned());
    /// assert!(chat.online().touch("ada"));
    /// ```
    #[track_caller]
    pub fn touch<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
        P::Expiry: Expires,
    {
        self.map.touch(key)
    }

    /// How long a key has left, see [`ShardedMap::ttl_of`].
    ///
    /// # Panics
    ///
    /// Inside a closure on the same or a later place: see [the order](crate::ShardedMap#order-of-nested-accesses).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::{clock::Manual, sharded};
    /// # use std::{collections::HashSet, time::Duration};
    /// # #[sharded(ttl = "1h")]
    /// # struct Chat { online: HashSet<String> }
    /// let chat = Chat::new();
    /// chat.online().insert("ada".to_owned());
    /// assert!(chat.online().ttl_of("ada").unwrap() <= Duration::from_secs(3600));
    /// ```
    #[track_caller]
    pub fn ttl_of<Q>(&self, key: &Q) -> Option<Duration>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
        P::Expiry: Expires,
    {
        self.map.ttl_of(key)
    }
}

impl<K, P, S> Default for ShardedSet<K, P, S>
where
    P: Policy,
    ShardedMap<K, (), P, S>: BuildField<P>,
{
    fn default() -> Self {
        Self::new()
    }
}

/// Sizes, not contents: no lock is taken.
impl<K, P: Policy, S> fmt::Debug for ShardedSet<K, P, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ShardedSet").field(&self.map).finish()
    }
}

impl<K, P: Policy, S> Field for ShardedSet<K, P, S> {
    fn name(&self) -> &'static str {
        P::NAME
    }
    fn len(&self) -> usize {
        self.len()
    }
    fn capacity(&self) -> Option<usize> {
        self.capacity()
    }
    fn shard_count(&self) -> usize {
        self.shard_count()
    }
    fn stats(&self) -> Stats {
        self.stats()
    }
    fn sweep(&self) -> usize {
        self.sweep()
    }
    fn clear(&self) {
        self.clear();
    }
    fn placement(&self) -> FieldPlacement {
        self.placement()
    }
    fn recording(&self) -> Option<&Recording> {
        self.map.recording()
    }
}

impl<K, P, S> Extend<K> for &ShardedSet<K, P, S>
where
    K: Key,
    P: Policy,
    P::Lock: Serves<K, ()>,
    P::Eviction: MakesRoom,
    S: BuildHasher + Default + 'static,
{
    #[track_caller]
    fn extend<I: IntoIterator<Item = K>>(&mut self, keys: I) {
        ShardedSet::extend(self, keys);
    }
}

impl<K, P, S> FromIterator<K> for ShardedSet<K, P, S>
where
    K: Key,
    P: Policy,
    P::Lock: Serves<K, ()>,
    P::Eviction: MakesRoom,
    S: BuildHasher + Default + 'static,
    ShardedMap<K, (), P, S>: BuildField<P>,
{
    fn from_iter<I: IntoIterator<Item = K>>(keys: I) -> Self {
        let set = Self::new();
        set.extend(keys);
        set
    }
}
