//! The map: how it is built, and what it says of itself.

use super::common::common_items;
use crate::{
    Field, Key, Policy, Recording, Stats, Value,
    builder::{BuildField, FieldOptions, Functions, FunctionsFor, Parts, StoreContext, StoreOptions},
    engine::table::{StampOf, TableOf},
    evict::MakesRoom,
    expiry::Stamp,
    field::{
        core::{Core, Hashing},
        rules::Rules,
    },
    hasher::MapHasher,
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

/// A concurrent map in shards, whose [`Policy`] says how they are locked and when entries leave.
///
/// A field of a `#[sharded]` struct is one; one can also be built by itself. All methods take `&self`. Nothing that holds a
/// lock is handed out: access is by value, or by a closure that runs under the lock of one shard. Keep such closures
/// short; they can't await, and what they borrow can't leave them.
///
/// # Order of nested accesses
///
/// Inside a closure further accesses of this kind of map must go to a later store (in the order they were built), a later field of
/// the same store (in the order of declaration), or a later shard of the same field. Anything else panics at once, in every
/// build, and the message names both places; it never hangs. The same holds inside the `Eq` and `Clone` of keys and
/// values that own something; those of plain data, without drop glue, and their `Hash`, are not watched and must not access a store at all. [`len`](Self::len), [`stats`](Self::stats), [`capacity`](Self::capacity)
/// and [`shard_of`](Self::shard_of) take no lock and may be called anywhere.
///
/// The calls that load, such as [`get_or_try_insert_with`](Self::get_or_try_insert_with), may not be made inside a closure at all.
///
/// # Panics in user code
///
/// A panic in a closure, or in a key's or value's `Hash`, `Eq`, `Clone` or `Drop`, reaches the caller, releases the lock and leaves
/// the map usable: every entry is whole. What a call was to do with one entry is either done or not begun, and a value lent as
/// `&mut` stays as the closure left it, and is weighed as that where entries have a weight; a call on many entries stops there, unless it says otherwise. Values that leave
/// the map are dropped after its lock is released (but under that of an outer closure, if the call is inside one).
///
/// # Removal listener
///
/// [`on_removal`](Self::on_removal) has a function called with every entry that leaves the map, and with its [`Cause`](crate::Cause);
/// [`removals`](Self::removals) has them put in a channel. A map has one or the other, once.
///
/// - **What is told:** every entry that leaves from then on, exactly once, whatever takes it out. An entry that is changed in place has
///   not left; nor have those that are there when the map is dropped. An entry that has expired is told as such when it is
///   removed, whoever removes it: with `insert` it is `Expired`, not `Replaced`. A replaced value comes with the key of the call that replaced it.
/// - **What is refused,** since it is heavier than the capacity or nothing may leave for it, is told as `Evicted`, as if it had been stored and
///   had left at once: by `insert`, `upsert`, `compute`, `get_or_insert_with`, loads, refreshes and the load of a snapshot alike. `try_insert` gives it back instead, and
///   nothing is told. A loaded value that is not stored because a call has put in or taken out its key meanwhile was never a part of the map.
/// - **Order:** what is told of one key comes in the order of its changes. So it is with keys of the same shard, but not with others.
/// - **Where it runs:** after the shard's lock is released, on one thread at a time, one that has just removed something: a caller of
///   this map, or the background thread. That thread goes on while others remove, up to 4096 calls; then the next one that has removed
///   something takes over. Inside a closure, of whichever map, it waits until the thread is outside of all closures.
/// - **How much waits:** where more than 1024 entries wait to be told, who removes another one waits as well, after the removal and
///   without a lock, until there is room. Not so in a closure, in a listener or in a loader, since there it could be for ever: what is removed there comes on top.
/// - **What it may do:** all that can be done with any map, this one too; what it removes is told after it returns. It must not wait for
///   a thread that removes entries of this map. A background thread may run it. One that takes long holds up this map alone.
///   Let it hold the store as a [`Weak`](std::sync::Weak), or the store is never dropped.
/// - **If it panics,** the panic is contained and [counted](crate::Stats::listener_panics), and the next entry is told. So with the `Drop` of
///   what was told.
/// - **What it costs:** nothing in reads; in calls that remove or replace, a look whether there is one. With one, a call that hands out what it takes
///   (`insert`, `remove`, `remove_entry`, `remove_if`, `drain`) copies it under the shard's lock, since the caller does not wait until it is
///   told: share large values in an [`Arc`]. If that `Clone` panics, nothing is removed. `clear`, `invalidate_all` and `drain`
///   take out 64 entries per lock hold.
///
/// # Cost
///
/// An access hashes the key once and takes one lock. Where nothing else is said, it is O(1) on average and does a bounded amount
/// of work for others on the way: a write looks through at most eight buckets (of up to 15 entries) that are due for entries that have expired, removes at most four, and
/// splits or merges at most two buckets when its shard's table is to grow or to shrink. Keys whose hashes are wholly equal can't be
/// told apart by them: an access to one of n such keys is O(n).
///
/// # Room from expired entries
///
/// Where a map is full, expired entries leave before live ones, whatever shards they are in. The search for an expired entry is bounded, so a
/// live entry may leave, or a new one be refused, before one is found:
///
/// - The search looks through up to 64 buckets (of up to 15 entries) of the new entry's shard, and through up to 128 of 64 other shards. It looks only through buckets in
///   which an entry should have expired by now. Where that entry was used or given more time, the look is in vain.
/// - To find such buckets it goes through 128 groups of eight buckets in each shard: through all of a shard of up to 6,000 entries.
/// - It passes over other shards that are in use at that moment.
///
/// The next search goes on where the last one ended. So where one thread uses a map of at most 65 shards, with at most 6,000 entries each whose
/// deadlines are not put off, no live entry leaves before an expired one. With more shards one may leave for each 64 that are searched in vain, and in larger shards one for
/// each 128 groups.
///
/// # Memory
///
/// Tables grow bucket by bucket, while the share of their slots that is taken lies between 44 % and 69 %; they shrink
/// when it is less than 19 %. With a capacity in entries they grow in such steps that it is 70 % to 80 % when the map is full (where a shard
/// has thousands of entries), and a shard's table begins, with its first entry, at up to a sixteenth of that size. What they no longer need goes back to the system at once, in chunks of 16 to 64 KiB (more where an entry is larger), but for a few that are
/// kept for the next growth. [`Stats::table_bytes`](crate::Stats::table_bytes) says how much they have.
///
/// Keys and values can be aligned to at most 4,096 bytes, else the program does not compile. A larger alignment goes into a `Box`.
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
    pub(super) core: Arc<Core<K, V, P, S>>,
}

// A panic inside leaves the map usable and every entry whole, see above.
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
    fn build(store: &StoreContext, index: u16, options: FieldOptions<P>) -> Self {
        Self::build_with(store, index, options)
    }

    fn build_with<F: FunctionsFor<Self>>(store: &StoreContext, index: u16, options: FieldOptions<P, F>) -> Self {
        let FieldOptions { given, functions, .. } = options;
        let rules = Rules::new::<P>(&functions.functions());
        let core = Core::new(store, index, &given, MapHasher::new(&store.seed), Hashing::new(), rules);
        let core = Arc::new(core);
        // By a constant, so that what sweeps is compiled only for maps whose entries expire.
        if StampOf::<P>::EXPIRES {
            core.bind();
        }
        ShardedMap { core }
    }
}

impl<K, V, P: Policy, S> Parts for ShardedMap<K, V, P, S> {
    type Key = K;
    type Value = V;
    type Policy = P;
    type Hasher = S;
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
    pub fn new() -> Self {
        Self::with_options(FieldOptions::new())
    }

    /// Builds a map by itself. The options override what was declared.
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
    pub(crate) fn core(&self) -> &Core<K, V, P, S> {
        &self.core
    }

    /// What all entries weigh together, where the policy weighs them; otherwise their number. Entries that have expired
    /// count until they are removed. Takes no lock; O(number of shards).
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

    /// The NUMA node that a key's shard was declared to be on; `None` with [`numa = Off`](crate::placement::Off). Takes
    /// no lock.
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
