//! A set: a map without values.

mod deadline;
#[cfg(feature = "serde")]
mod snapshot;

use crate::{
    Cause, Field, HasListener, Key, Policy, Recording, Refused, Removals, ShardedMap, Stats,
    builder::{BuildField, FieldOptions, Functions, FunctionsFor, Parts, StoreContext, StoreOptions},
    evict::MakesRoom,
    field::core::Core,
    lock::Serves,
    map::common::common_items,
    placement::FieldPlacement,
    store::sealed::Sealed,
    topology::NodeId,
};
use std::{
    borrow::Borrow,
    fmt,
    hash::{BuildHasher, Hash, RandomState},
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
        Self::build_with(store, index, options)
    }

    fn build_with<F: FunctionsFor<Self>>(store: &StoreContext, index: u16, options: FieldOptions<P, F>) -> Self {
        ShardedSet { map: BuildField::build_with(store, index, options.with(FunctionsFor::<Self>::functions)) }
    }
}

impl<K, P: Policy, S> Parts for ShardedSet<K, P, S> {
    type Key = K;
    type Value = ();
    type Policy = P;
    type Hasher = S;
}

impl<K, P: Policy, S> FunctionsFor<ShardedSet<K, P, S>> for Functions<K, ()> {
    fn functions(self) -> Functions<K, ()> {
        self
    }
}

impl<K, P, S> ShardedSet<K, P, S>
where
    P: Policy,
    Self: BuildField<P>,
{
    /// Builds a set by itself, as declared.
    ///
    /// # Examples
    ///
    /// See [`Policy`].
    #[must_use]
    pub fn new() -> Self {
        Self::with_options(FieldOptions::new())
    }

    /// Builds a set by itself. The options override what was declared.
    ///
    /// # Panics
    ///
    /// If the options lack a function that the policy asks for ([`WEIGHS`](Policy::WEIGHS), [`PINS`](Policy::PINS)), or have one that it
    /// does not ask for.
    ///
    /// # Examples
    ///
    /// See [`FieldOptions`].
    #[must_use]
    pub fn with_options<F: FunctionsFor<Self>>(options: FieldOptions<P, F>) -> Self {
        Self::build_with(&StoreOptions::new().start(), 0, options)
    }
}

common_items! {
    ShardedSet<K>,
    item: K,
    value: (),
    words: "set", "key", "keys",
    declared: "HashSet<String>",
    store: "# use sharded::{clock::Manual, sharded};
# use std::{collections::HashSet, time::Duration};
# #[sharded(ttl = \"1h\")]
# struct Shop { names: HashSet<String> }",
    insert: "shop.names().insert(\"ada\".to_owned());",
}

impl<K, P: Policy, S> ShardedSet<K, P, S> {
    #[inline]
    fn core(&self) -> &Core<K, (), P, S> {
        self.map.core()
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

    /// The shard that a key belongs to, counted from zero. It differs from store to store. Takes no lock.
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashSet;
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { names: HashSet<String> }
    /// let shop = Shop::new();
    /// assert!(shop.names().shard_of("ada") < shop.names().shard_count());
    /// ```
    pub fn shard_of<Q>(&self, key: &Q) -> usize
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let core = self.core();
        core.route(core.hasher.hash(key))
    }

    /// The NUMA node that a key's shard was declared to be on; `None` with [`numa = Off`](crate::placement::Off). Takes
    /// no lock.
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashSet;
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { names: HashSet<String> }
    /// let shop = Shop::new();
    /// assert!(shop.names().node_of("ada").is_some());
    /// ```
    pub fn node_of<Q>(&self, key: &Q) -> Option<NodeId>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.core().placing.node(self.shard_of(key))
    }
}

impl<K, P: Policy, S> Sealed for ShardedSet<K, P, S> {}

/// Sizes, not contents: no lock is taken.
impl<K, P: Policy, S> fmt::Debug for ShardedSet<K, P, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ShardedSet").field(&self.map).finish()
    }
}
