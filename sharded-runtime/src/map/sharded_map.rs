//! The map, how it is built, and its properties.

use super::common::common_items;
use crate::{
    Field, FieldInfo, Key, Policy, Recording, Stats, Value,
    builder::{
        BuildError, BuildField, FieldOptions, Functions, FunctionsFor, Parts, StoreContext, StoreOptions, built,
    },
    engine::table::{StampOf, TableOf},
    evict::MakesRoom,
    expiry::Stamp,
    field::{core::Core, passes::Passes, rules::Rules, types::Types},
    lock::{Lock, Serves},
    placement::FieldPlacement,
    store::sealed::Sealed,
    topology::NodeId,
};
use std::{
    borrow::Borrow,
    fmt,
    hash::{BuildHasher, Hash, RandomState},
    panic::{RefUnwindSafe, UnwindSafe},
    sync::Arc,
};

/// A concurrent map in shards. Its [`Policy`] determines how shards are locked and when entries leave.
///
/// The fields of a `#[sharded]` struct are such maps. You can also build one by itself. All methods take `&self`. The
/// map never hands out a guard: you get a copy of a value, or your closure runs under the lock of one shard. Keep such
/// closures short. They can't await, and their references can't leave them.
///
/// # Order of nested accesses
///
/// Inside a closure, a further access must go to a later shard: one of a later store (in the order in which they were
/// built), of a later field of the same store (in the order of declaration), or a later one of the same field. Other
/// accesses panic at once, in every build, rather than hang. The message names both call sites. The same holds inside
/// the `Eq` and `Clone` of keys and values that own something. The `Eq`, `Clone` and `Hash` of types without drop glue
/// are not checked and must not access a store at all. [`len`](Self::len), [`stats`](Self::stats),
/// [`capacity`](Self::capacity) and [`shard_of`](Self::shard_of) take no lock of a shard and may be called anywhere.
///
/// For several keys, [`transaction`](fn@crate::transaction) and [`observe`](fn@crate::observe) take all locks in the
/// right order. Use them for several keys of one map: which of two keys is in the later shard depends on their hashes,
/// and differs from run to run.
///
/// If stores are statics that are built when they are first used, their order depends on which one is used first. Build
/// them in one order at the start of `main`, for instance by `LazyLock::force`.
///
/// The calls that load, such as [`get_or_try_insert_with`](Self::get_or_try_insert_with), may not be made inside a
/// closure at all.
///
/// # Panics in user code
///
/// A panic in a closure, or in the `Hash`, `Eq`, `Clone` or `Drop` of a key or value, reaches the caller. It releases
/// the lock and leaves the map usable, with every entry whole. The change of an entry is either done or not begun. A
/// value that a closure got as `&mut` stays as the closure left it. If entries have weights, the weight of that state
/// counts. A call on many entries stops there, unless its documentation says otherwise. Values that leave the map are
/// dropped after its lock is released. If the call is inside another closure, the lock of that closure is still held
/// then.
///
/// # Drop of a map
///
/// The drop of a map or of a store drops all its keys and values before it returns. If the background thread has taken
/// some of them out, the drop waits until that thread has dropped them. So don't drop a map while you hold a lock that
/// the `Drop` of its values takes. The exceptions:
///
/// - An entry that a removal listener is to be called with is dropped after that call, on the thread that makes it. The
///   drop of the map does not wait for calls of listeners by other threads.
/// - Inside a closure, a listener or a loader the drop waits for no other thread, since it could wait for ever. If the
///   background thread is removing entries of the map at that moment, it drops these, and perhaps the rest, a little
///   later.
/// - If a value that the background thread drops is the last owner of its map, the other values are dropped with the
///   map, and what else the thread has just taken out after that.
///
/// # Removal listener
///
/// [`on_removal`](Self::on_removal) registers a function that is called with every entry that leaves the map, and with
/// the [`Cause`](crate::Cause). [`removals`](Self::removals) puts these entries in a channel. A map takes one of the
/// two, once.
///
/// - **What is reported:** every entry that leaves from then on, exactly once, for every cause. Calls that are running
///   while the listener is registered may not report the entries that they remove. An entry that is changed in place
///   does not leave, and neither do the entries that are in the map when it is dropped. An expired entry is reported as
///   `Expired` by every call that removes it: also by `insert`, which would report a live one as `Replaced`. A replaced
///   value comes with the key of the call that replaced it.
/// - **Refused entries** are reported as `Evicted`, as if they had been stored and evicted at once. An entry is refused
///   if it is heavier than the capacity, or if no other entry may leave for it. This holds for `insert`, `upsert`,
///   `compute`, `get_or_insert_with`, loads, refreshes and the restore of a snapshot. `try_insert` and `insert_many`
///   give the entry back and report nothing. A loaded value that is not stored because its key was inserted or removed
///   meanwhile was never in the map.
/// - **Order:** entries of one key are reported in the order of its changes, and so are entries of one shard. There is
///   no order between shards.
/// - **Where it runs:** after the shard's lock is released, on one thread at a time: a caller that has just removed an
///   entry, or the background thread. That thread also makes the calls for entries that others remove meanwhile, up to
///   4096. Then the next thread that removes an entry takes over. Inside a closure of any map, the calls wait until the
///   thread is outside of all closures.
/// - **Backpressure:** while more than 1024 entries wait for the listener, a thread that removes another one waits
///   after the removal, without a lock, until there is room. In a closure, a listener or a loader it does not wait,
///   since it could wait for ever. Entries that are removed there exceed this bound.
/// - **What it may do:** use any map, this one too. Entries that it removes are reported after it returns. It must not
///   wait for a thread that removes entries of this map. It may run on a background thread. A slow listener delays only
///   this map, as long as at most 511 maps of the process are slow at once, in listeners and in the `Drop` of values.
///   Let it hold the store as a [`Weak`](std::sync::Weak), or the store is never dropped.
/// - **If it panics,** the panic is contained and [counted](crate::Stats::listener_panics), and the next entry is
///   reported. The same holds for a panic in the `Drop` of a reported entry.
/// - **Cost:** none for reads. Calls that remove or replace check whether there is a listener. If there is one, a call
///   that returns the entry that it removes (`insert`, `remove`, `remove_entry`, `remove_if`, their forms for many,
///   `drain`) clones it under the shard's lock, since the caller does not wait for the listener. Share large values in
///   an [`Arc`]. If that `Clone` panics, that entry stays, and entries that `drain` has removed before are dropped.
///   `clear`, `invalidate_all` and `drain` remove 64 entries per lock hold.
///
/// # Cost
///
/// An access hashes the key once and takes one lock. Unless its documentation says otherwise, it is O(1) on average and
/// does a bounded amount of work for other entries. A write scans at most eight buckets (of up to 15 entries each) for
/// expired entries, removes at most four of them, and splits or merges at most two buckets if its shard's table is
/// growing or shrinking. An access to one of n keys with equal hashes is O(n). An insert into a full map that has fewer
/// entries than shards searches for a shard with entries, without a lock, in O(number of shards).
///
/// # Room from expired entries
///
/// In a full map, expired entries of all shards leave before live ones. The search for an expired entry is bounded, so
/// a live entry may leave, or a new one be refused, although an expired one exists:
///
/// - The search scans up to 64 buckets (of up to 15 entries) of the new entry's shard. Then it visits other shards, at
///   most 64 times, and scans up to eight buckets each time. It chooses groups of eight buckets in which an entry
///   should have expired. The scan is in vain if that entry was used, got a later deadline or was removed.
/// - To find such a group it checks 128 groups in each shard: all groups of a shard with up to 6,000 entries.
/// - It skips other shards that are in use at that moment.
///
/// The next search continues where the last one ended. So if one thread uses a map of at most 64 shards, no live entry
/// leaves before an expired one in two cases: if each shard has one group (up to some 50 entries), or if each has at
/// most 6,000 entries, and none is removed or gets a later deadline. Otherwise one live entry may leave for each 64
/// visits in vain, and in larger shards one for each 128 groups.
///
/// # Memory
///
/// Tables grow bucket by bucket. Their load is between 44 % and 69 %, and they shrink below 19 %. With a capacity in
/// entries, the load is 70 % to 80 % when the map is full (if a shard has thousands of entries), and the table of a
/// shard begins, with its first entry, with up to a sixteenth of that size. Memory that tables no longer need goes back
/// to the system at once, in chunks of 16 to 64 KiB (more for larger entries), except a few chunks that are kept for
/// the next growth. [`Stats::table_bytes`](crate::Stats::table_bytes) is the size of all tables.
///
/// Keys and values can be aligned to at most 4,096 bytes. Otherwise the program does not compile. Put a type of larger
/// alignment in a `Box`.
///
/// ```compile_fail,E0080
/// # use sharded::sharded;
/// # use std::collections::HashMap;
/// #[repr(align(8192))]
/// struct Page([u8; 8192]);
///
/// #[sharded(ttl = "1h")]
/// struct Disk {
///     pages: HashMap<u32, Page>,
/// }
/// let disk = Disk::new();
/// ```
///
/// # Examples
///
/// ```
/// use sharded::sharded;
/// use std::collections::HashMap;
///
/// #[sharded(ttl = "30m")]
/// struct Shop {
///     carts: HashMap<u64, Vec<String>>,
/// }
///
/// let shop = Shop::new();
/// shop.carts().upsert(7, || vec!["apple".to_owned()], |cart| cart.push("apple".to_owned()));
/// assert_eq!(shop.carts().with(&7, |cart| cart.len()), Some(1));
/// ```
pub struct ShardedMap<K, V, P: Policy, S = RandomState> {
    /// Dropped first.
    pub(super) _passes: Passes,
    pub(super) core: Arc<Core<Types<K, V, P, S>>>,
}

// A panic inside leaves the map usable and every entry whole, as documented above.
impl<K, V, P: Policy, S> UnwindSafe for ShardedMap<K, V, P, S> {}
impl<K, V, P: Policy, S> RefUnwindSafe for ShardedMap<K, V, P, S> {}

impl<K, V, P, S> BuildField<P> for ShardedMap<K, V, P, S>
where
    K: Key,
    V: Value,
    P: Policy,
    P::Lock: Serves<K, V>,
    <P::Lock as Lock>::Cell<TableOf<K, V, P>>: Send + Sync,
    S: BuildHasher + Default + Send + Sync + 'static,
{
    #[track_caller]
    fn build(store: &StoreContext, index: u16, options: FieldOptions<P>) -> Self {
        built(store.check(Self::build_with(store, index, options)))
    }

    fn build_with<F: FunctionsFor<Self>>(store: &StoreContext, index: u16, options: FieldOptions<P, F>) -> Self {
        let FieldOptions { given, functions, .. } = options;
        let rules = Rules::new::<P>(store, functions.functions());
        let core = Arc::new(Core::new(store, index, &given, rules));
        // A constant, so that the sweep is compiled only for maps whose entries expire or are shared.
        if StampOf::<P>::EXPIRES || P::Lock::SHARES_ENTRIES {
            core.bind();
        }
        let passes = Passes::of(core.background.as_ref(), core.release.as_ref(), &core.discarded);
        ShardedMap { _passes: passes, core }
    }
}

impl<K, V, P: Policy, S> FunctionsFor<ShardedMap<K, V, P, S>> for Functions<K, V> {
    fn functions(self) -> Functions<K, V> {
        self
    }
}

impl<K, V, P, S> ShardedMap<K, V, P, S>
where
    P: Policy,
    Self: BuildField<P>,
{
    /// Builds a map by itself, as declared.
    ///
    /// # Examples
    ///
    /// See [`Policy`].
    #[must_use]
    #[track_caller]
    pub fn new() -> Self {
        Self::with_options(FieldOptions::new())
    }

    /// Builds a map by itself. The options override what was declared.
    ///
    /// # Panics
    ///
    /// Where [`try_with_options`](Self::try_with_options) returns an error.
    ///
    /// # Examples
    ///
    /// See [`FieldOptions`].
    #[must_use]
    #[track_caller]
    pub fn with_options<F: FunctionsFor<Self>>(options: FieldOptions<P, F>) -> Self {
        built(Self::try_with_options(options))
    }

    /// As [`with_options`](Self::with_options), for options that are not known to be right.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if an option has a value that no map can be built with, such as a ttl of zero. So it is if the
    /// options lack a function that the policy requires ([`WEIGHS`](Policy::WEIGHS), [`PINS`](Policy::PINS),
    /// [`TTL_OF_ENTRY`](Policy::TTL_OF_ENTRY)), or have one that it does not use, or a ttl where a function says how
    /// long entries live. And if there is no memory that is to be [taken in advance](FieldOptions::preallocate).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::{Policy, ShardedMap, clock, evict, expiry, lock, placement, shards};
    /// # enum Pages {}
    /// # impl Policy for Pages {
    /// #     type Shards = shards::Fixed<64>;
    /// #     type Lock = lock::Mutex;
    /// #     type Expiry = expiry::AfterWrite;
    /// #     type Eviction = evict::Unbounded;
    /// #     type Placement = placement::Spread;
    /// #     type Clock = clock::System;
    /// #     const NAME: &'static str = "pages";
    /// #     const TTL: Option<Duration> = Some(Duration::from_secs(60));
    /// # }
    /// use sharded::builder::FieldOptions;
    /// use std::time::Duration;
    ///
    /// let options = FieldOptions::new().ttl(Duration::ZERO);
    /// let error = ShardedMap::<u32, String, Pages>::try_with_options(options).unwrap_err();
    /// assert_eq!(error.to_string(), "the ttl of `pages` must not be zero");
    /// ```
    pub fn try_with_options<F: FunctionsFor<Self>>(options: FieldOptions<P, F>) -> Result<Self, BuildError> {
        let store = StoreOptions::new().start();
        store.check(Self::build_with(&store, 0, options))
    }
}

common_items! {
    ShardedMap<K, V>,
    item: (K, V),
    value: V,
    words: "map", "entry", "entries",
    declared: "HashMap<String, u32>",
    store: "# use sharded::{clock::Manual, sharded};
# use std::{collections::HashMap, time::Duration};
# #[sharded(ttl = \"1h\")]
# struct Shop { names: HashMap<String, u32> }",
    insert: "shop.names().insert(\"ada\".to_owned(), 36);",
}

impl<K, V, P: Policy, S> ShardedMap<K, V, P, S> {
    #[inline]
    pub(crate) fn core(&self) -> &Core<Types<K, V, P, S>> {
        &self.core
    }

    pub(crate) fn shared_core(&self) -> Arc<Core<Types<K, V, P, S>>> {
        Arc::clone(&self.core)
    }

    /// The total weight of all entries if the policy weighs them, or else their number. Expired entries count until
    /// they are removed. Takes no lock. O(number of shards).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashMap;
    /// fn bytes(_: &u64, page: &String) -> u32 {
    ///     u32::try_from(page.len()).unwrap_or(u32::MAX)
    /// }
    ///
    /// #[sharded]
    /// struct Shop {
    ///     #[shard(capacity = "64MiB", weight = bytes)]
    ///     pages: HashMap<u64, String>,
    /// }
    /// let shop = Shop::new();
    /// shop.pages().insert(7, "apples".to_owned());
    /// assert_eq!(shop.pages().weight(), 6);
    /// ```
    #[must_use]
    pub fn weight(&self) -> u64 {
        self.core.weight()
    }
}

impl<K: Key, V: Value, P: Policy<Lock: Serves<K, V>>, S: BuildHasher + Default + 'static> ShardedMap<K, V, P, S> {
    /// The shard that a key belongs to, counted from zero. It differs from store to store. Takes no lock.
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashMap;
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { names: HashMap<String, u32> }
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

    /// The declared NUMA node of a key's shard. `None` with [`numa = Off`](crate::placement::Off). Takes no lock.
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashMap;
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { names: HashMap<String, u32> }
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

impl<K, V, P: Policy, S> Sealed for ShardedMap<K, V, P, S> {}

/// Sizes, not contents: no lock is taken.
impl<K, V, P: Policy, S> fmt::Debug for ShardedMap<K, V, P, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_struct("ShardedMap");
        map.field("name", &P::NAME).field("len", &self.len());
        if let Some(capacity) = self.capacity() {
            map.field("capacity", &capacity);
        }
        map.field("shards", &self.shard_count()).finish()
    }
}
