//! Overrides for one field.

use super::{error::BuildError, functions::Functions};
use crate::{Policy, evict::Bounded, expiry, lock::Lock};
use std::{marker::PhantomData, time::Duration};

/// Overrides for one field.
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
/// #     type Eviction = evict::Lru;
/// #     type Placement = placement::Spread;
/// #     type Clock = clock::System;
/// #     const NAME: &'static str = "pages";
/// #     const TTL: Option<Duration> = Some(Duration::from_secs(60));
/// #     const CAPACITY: Option<usize> = Some(10_000);
/// # }
/// use sharded::builder::FieldOptions;
/// use std::time::Duration;
///
/// let options = FieldOptions::new().capacity(100).shards(4).ttl(Duration::from_millis(50));
/// let pages: ShardedMap<u32, String, Pages> = ShardedMap::with_options(options);
/// assert_eq!(pages.capacity(), Some(100));
/// assert_eq!(pages.shard_count(), 4);
/// ```
///
/// `F` is `()`, or [`Functions`] of keys and values once [`weigher`](FieldOptions::weigher),
/// [`evictable`](FieldOptions::evictable) or [`ttl_of`](FieldOptions::ttl_of) was called. Options with functions fit
/// only a map with those keys and values.
pub struct FieldOptions<P, F = ()> {
    pub(crate) given: Overrides,
    pub(crate) functions: F,
    policy: PhantomData<fn() -> P>,
}

/// The overrides, without the type of the policy.
#[derive(Default)]
pub(crate) struct Overrides {
    pub(crate) shards: Option<usize>,
    pub(crate) capacity: Option<usize>,
    pub(crate) ttl: Option<Duration>,
    pub(crate) idle: Option<Duration>,
    pub(crate) huge_pages: bool,
    pub(crate) preallocate: bool,
    /// The first value that no map can be built with. It is in none of the other fields.
    pub(crate) mistake: Option<BuildError>,
}

impl<P: Policy> FieldOptions<P> {
    /// No overrides.
    ///
    /// # Examples
    ///
    /// See [`FieldOptions`].
    #[must_use]
    pub fn new() -> Self {
        FieldOptions { given: Overrides::default(), functions: (), policy: PhantomData }
    }
}

impl<P: Policy, F> FieldOptions<P, F> {
    /// Exactly this many shards instead of the declared number, even if each shard then has few entries of the
    /// [capacity](Self::capacity). (With fewer than 64 entries per shard, the choice of victims is worse.)
    ///
    /// It must be a power of two of at most [`MAX_SHARDS`](crate::shards::MAX_SHARDS). Otherwise the map is not built,
    /// see [`BuildError`].
    ///
    /// # Examples
    ///
    /// See [`FieldOptions`].
    #[must_use]
    pub fn shards(mut self, shards: usize) -> Self {
        match BuildError::check_shards(Some(P::NAME), shards) {
            Ok(()) => self.given.shards = Some(shards),
            Err(mistake) => self.given.note(mistake),
        }
        self
    }

    /// Asks the system for huge pages for the tables of the field. They cause fewer TLB misses if a map takes hundreds
    /// of megabytes. In return, memory comes in pieces of 2 MiB, which take an insert tenths of a millisecond to make
    /// ready, and less of it goes back. This is a hint, on Linux only.
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashMap;
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { carts: HashMap<u64, String> }
    /// let shop = Shop::builder().carts(|carts| carts.huge_pages()).build();
    /// shop.carts().insert(1, "apple".to_owned());
    /// ```
    #[must_use]
    pub fn huge_pages(mut self) -> Self {
        self.given.huge_pages = true;
        self
    }

    /// Takes the memory of the field's tables when the map is built, as `preallocate` in the attribute does: all that
    /// its capacity can ever need is mapped, bound to the NUMA nodes of its shards, and touched.
    ///
    /// Afterwards no operation on the field asks the system or the global allocator for memory of the tables, and none
    /// waits for a page of them. The tables have their final size from the beginning, so that inserts move no entries
    /// of others. In return, an empty map takes as much memory as a full one. Nothing gives it back before the map is
    /// dropped: removing entries, [`clear`](crate::ShardedMap::clear), [`drain`](crate::ShardedMap::drain) and
    /// [`shrink_to_fit`](crate::ShardedMap::shrink_to_fit) keep it. For that reason `clear`, `drain` and
    /// [`invalidate_all`](crate::ShardedMap::invalidate_all) remove entry by entry, some per lock hold.
    ///
    /// # What is taken
    ///
    /// - The buckets of all shards, and the data about their slots: of the evictions of this crate, their ghosts
    ///   included, and of expiry, for any time to live. (The latter is 16 KiB for each shard. So a map with many small
    ///   shards pays most for it.)
    /// - For each shard the memory of its even share of the capacity, plus eight times the square root of that, plus
    ///   eight. With a good hasher, such as the default one, fewer than one shard in 10^10 has more. A shard that has
    ///   more, since a hasher of your own spreads keys unevenly, takes memory as it needs it, and keeps it as well. So
    ///   does a shard into which one transaction inserts more than some 30 new entries while it is full.
    /// - Not what keys and values own, such as the text of a `String`, nor the memory of an
    ///   [index](mod@crate::index), of a listener's queue, of loads in progress, and of an eviction of your own.
    ///
    /// # Errors
    ///
    /// The map is not built, see [`BuildError`], if there is not enough memory: if the machine, or a control group
    /// (version 2) of the process, has less left than is needed, or if the system refuses a page of the buckets. Under
    /// a [strict](crate::placement::Strict) placement each page of the buckets must lie on its node. The data about
    /// slots, up to 24 bytes for each, may come from another node. It is allocated last, and as for any allocation, the
    /// process aborts if the system refuses it then.
    ///
    /// The library can't know what other processes take meanwhile. Linux promises more memory than it has, and may then
    /// end a process rather than refuse a page.
    ///
    /// # Limits
    ///
    /// It does not compile for a policy that [weighs](Policy::WEIGHS) entries, since a weight does not say how many
    /// there may be, and under [`Rcu`](crate::lock::Rcu), where each insert allocates its entry.
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashMap;
    /// # #[sharded(capacity = 1_000)]
    /// # struct Exchange { orders: HashMap<u64, u64> }
    /// let exchange = Exchange::builder().orders(|orders| orders.preallocate()).build();
    /// let before = exchange.orders().stats();
    /// (0..100_000).for_each(|id| _ = exchange.orders().insert(id, id));
    /// let after = exchange.orders().stats();
    /// assert_eq!((after.table_bytes, after.table_blocks), (before.table_bytes, before.table_blocks));
    /// ```
    #[must_use]
    pub fn preallocate(mut self) -> Self
    where
        P::Eviction: Bounded,
    {
        const { assert!(!P::WEIGHS, "`preallocate` needs a capacity in entries, and a weight does not count them") }
        const {
            assert!(
                !<P::Lock as Lock>::SHARES_ENTRIES,
                "`preallocate` takes the memory of tables, and under `Rcu` each entry is an allocation of its own"
            );
        }
        self.given.preallocate = true;
        self
    }

    /// The weight of an entry, for a policy that [weighs](Policy::WEIGHS): `weight = …` in the attribute.
    ///
    /// The function is called under a shard's lock, before an entry is stored and after it was changed in place. So it
    /// must be quick and must not access a store. A weight may be zero. It is stored with the entry, in four bytes,
    /// until the next such call. So a change by interior mutability, such as of a `Cell` or an `Arc<Mutex<_>>`, does
    /// not update it.
    ///
    /// If it panics before an entry is stored, nothing is stored. If it panics after a change in place, it is called
    /// once more. If that panics too, the entry is evicted, since its weight is unknown.
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::{Policy, ShardedMap, clock, evict, expiry, lock, placement, shards};
    /// enum Pages {}
    /// impl Policy for Pages {
    /// #     type Shards = shards::Fixed<64>;
    /// #     type Lock = lock::Mutex;
    /// #     type Expiry = expiry::Never;
    ///     type Eviction = evict::Lru;
    /// #     type Placement = placement::Spread;
    /// #     type Clock = clock::System;
    ///     const NAME: &'static str = "pages";
    ///     const CAPACITY: Option<usize> = Some(1 << 20); // bytes
    ///     const WEIGHS: bool = true;
    ///     // …
    /// }
    /// use sharded::builder::FieldOptions;
    ///
    /// let weigh = |_: &u32, page: &String| u32::try_from(page.len()).unwrap_or(u32::MAX);
    /// let pages: ShardedMap<u32, String, Pages> = ShardedMap::with_options(FieldOptions::new().weigher(weigh));
    /// for number in 0..100 {
    ///     pages.insert(number, "word ".repeat(10_000));
    /// }
    /// assert!(pages.weight() <= 1 << 20);
    /// assert_eq!(pages.len(), 20);
    /// ```
    #[must_use]
    pub fn weigher<K, V>(self, weigher: fn(&K, &V) -> u32) -> FieldOptions<P, Functions<K, V>>
    where
        F: Into<Functions<K, V>>,
    {
        self.with(|functions| Functions { weigher: Some(weigher), ..functions.into() })
    }

    /// Which entries may be evicted, for a policy that [pins](Policy::PINS) some: `evictable = …` in the attribute.
    ///
    /// The function is called under a shard's lock, for an entry that is to be evicted. So it must be quick and must
    /// not access a store. If it panics, nothing is stored, and the entry for which it was called stays. Its results
    /// are not kept: it may depend on what changes outside of the map, such as the count of an [`Arc`](std::sync::Arc).
    ///
    /// A call for which an entry must leave first asks about some that the eviction names. If none of them may leave,
    /// it searches its key's shard in up to four lock holds, each from where the last one ended. Then it searches other
    /// shards that have entries, in turn, until 16 in a row have none that may leave. A search asks about up to 4,096
    /// entries in the key's shard and about up to 256 in another one, and looks at up to 4,096 slots. (A table has
    /// about two slots for each entry.) A call does that at most twice, however many entries and shards there are. So
    /// an insert is refused if no entry may leave, or if only a few of many may. Repeated calls come to each entry; in
    /// a map with one shard of up to 8,000 entries one call does.
    ///
    /// If entries have weights, several may have to leave for one. Then a call first adds up what those entries weigh
    /// that may leave, and evicts none unless that is enough. So no entry leaves for one that is refused, unless other
    /// threads take the room or the results change meanwhile. The bounds above hold for searches that find nothing.
    /// Besides, the call asks about as many entries as weigh enough, up to 4,096 per lock hold.
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::{Policy, ShardedMap, clock, evict, expiry, lock, placement, shards};
    /// enum Jobs {}
    /// impl Policy for Jobs {
    /// #     type Shards = shards::Fixed<64>;
    /// #     type Lock = lock::Mutex;
    /// #     type Expiry = expiry::Never;
    ///     type Eviction = evict::Lru;
    /// #     type Placement = placement::Spread;
    /// #     type Clock = clock::System;
    ///     const NAME: &'static str = "jobs";
    ///     const CAPACITY: Option<usize> = Some(2);
    ///     const PINS: bool = true;
    ///     // …
    /// }
    /// use sharded::builder::FieldOptions;
    ///
    /// let is_done = |_: &u32, state: &&str| *state == "done";
    /// let jobs: ShardedMap<u32, &str, Jobs> = ShardedMap::with_options(FieldOptions::new().evictable(is_done));
    /// jobs.insert(1, "running");
    /// jobs.insert(2, "done");
    /// jobs.insert(3, "running"); // evicts 2
    /// assert_eq!(jobs.try_insert(4, "running").unwrap_err().value, "running");
    /// assert_eq!(jobs.len(), 2);
    /// ```
    #[must_use]
    pub fn evictable<K, V>(self, evictable: fn(&K, &V) -> bool) -> FieldOptions<P, Functions<K, V>>
    where
        F: Into<Functions<K, V>>,
    {
        self.with(|functions| Functions { evictable: Some(evictable), ..functions.into() })
    }

    /// How long an entry lives, by its key and value, for a policy with [`TTL_OF_ENTRY`](Policy::TTL_OF_ENTRY):
    /// `ttl = self::until` in the attribute. So a token lives until it says that it ends, and a negative answer of a
    /// server shorter than a positive one.
    ///
    /// The function is called by each call that stores a value, also of a load, and by
    /// [`touch`](crate::ShardedMap::touch). A change in place, such as by [`with_mut`](crate::ShardedMap::with_mut),
    /// leaves the entry the time that it has. A time that a call gives itself, such as
    /// [`insert_with_ttl`](crate::ShardedMap::insert_with_ttl), comes first. `Duration::MAX` is for ever. With
    /// `Duration::ZERO` the entry has expired at once.
    ///
    /// It runs under the shard's lock. So it must be quick and must not access a store. If it panics, nothing is
    /// stored.
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::{Policy, ShardedMap, clock, evict, expiry, lock, placement, shards};
    /// enum Answers {}
    /// impl Policy for Answers {
    /// #     type Shards = shards::Fixed<64>;
    /// #     type Lock = lock::Mutex;
    ///     type Expiry = expiry::AfterWrite;
    /// #     type Eviction = evict::Unbounded;
    /// #     type Placement = placement::Spread;
    /// #     type Clock = clock::System;
    ///     const NAME: &'static str = "answers";
    ///     const TTL_OF_ENTRY: bool = true;
    /// }
    ///
    /// use sharded::builder::FieldOptions;
    /// use std::{net::Ipv4Addr, time::Duration};
    ///
    /// /// A host that is not found is asked for again soon.
    /// fn until(_: &String, found: &Option<Ipv4Addr>) -> Duration {
    ///     Duration::from_secs(if found.is_some() { 300 } else { 5 })
    /// }
    /// let answers: ShardedMap<String, Option<Ipv4Addr>, Answers> =
    ///     ShardedMap::with_options(FieldOptions::new().ttl_of(until));
    /// answers.insert("nowhere.example".to_owned(), None);
    /// assert!(answers.ttl_of("nowhere.example").unwrap() <= Duration::from_secs(5));
    /// ```
    #[must_use]
    pub fn ttl_of<K, V>(self, ttl_of: fn(&K, &V) -> Duration) -> FieldOptions<P, Functions<K, V>>
    where
        F: Into<Functions<K, V>>,
    {
        self.with(|functions| Functions { ttl_of: Some(ttl_of), ..functions.into() })
    }

    /// This capacity instead of the declared one, in entries or units of weight. If entries are evicted, the number of
    /// shards is limited so that each has at least [64](crate::shards::ENTRIES_TO_EVICT_WELL) of it.
    ///
    /// With a capacity of zero the map holds nothing: every call works, loads still return their values, and each entry
    /// leaves at once as [`Evicted`](crate::Cause::Evicted), or is refused under [`Reject`](crate::evict::Reject). As
    /// with any capacity, other threads may see an entry until the call that has brought it returns. With
    /// `usize::MAX` there is no limit.
    ///
    /// # Examples
    ///
    /// ```
    /// use sharded::sharded;
    /// use std::collections::HashMap;
    ///
    /// #[sharded(capacity = 10_000)]
    /// struct Dns {
    ///     addresses: HashMap<String, [u8; 4]>,
    /// }
    /// // What an operator has set who wants no cache.
    /// let dns = Dns::builder().addresses(|addresses| addresses.capacity(0)).build();
    /// let address = dns.addresses().get_or_load_with("localhost".to_owned(), || [127, 0, 0, 1]);
    /// assert_eq!(address, [127, 0, 0, 1]);
    /// assert_eq!(dns.addresses().len(), 0);
    /// ```
    #[must_use]
    pub fn capacity(mut self, capacity: usize) -> Self
    where
        P::Eviction: Bounded,
    {
        self.given.capacity = Some(capacity);
        self
    }

    /// This time to live instead of the declared one. If it is zero, or if a function says how long each entry lives,
    /// the map is not built, see [`BuildError`].
    ///
    /// # Examples
    ///
    /// See [`FieldOptions`].
    #[must_use]
    pub fn ttl(mut self, ttl: Duration) -> Self
    where
        P::Expiry: expiry::Expires,
    {
        match BuildError::check_ttl::<P>(ttl) {
            Ok(()) => self.given.ttl = Some(ttl),
            Err(mistake) => self.given.note(mistake),
        }
        self
    }

    /// This idle time instead of the declared one. If it is zero, the map is not built, see [`BuildError`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::{Policy, ShardedMap, clock, evict, expiry, lock, placement, shards};
    /// # enum Sessions {}
    /// # impl Policy for Sessions {
    /// #     type Shards = shards::Fixed<64>;
    /// #     type Lock = lock::Mutex;
    /// #     type Expiry = expiry::AfterAccess;
    /// #     type Eviction = evict::Unbounded;
    /// #     type Placement = placement::Spread;
    /// #     type Clock = clock::System;
    /// #     const NAME: &'static str = "sessions";
    /// #     const IDLE: Option<Duration> = Some(Duration::from_secs(1800));
    /// # }
    /// use sharded::builder::FieldOptions;
    /// use std::time::Duration;
    ///
    /// let options = FieldOptions::new().idle(Duration::from_secs(1));
    /// let sessions: ShardedMap<u32, String, Sessions> = ShardedMap::with_options(options);
    /// sessions.insert(1, "ada".to_owned());
    /// assert!(sessions.ttl_of(&1).unwrap() <= Duration::from_secs(1));
    /// ```
    #[must_use]
    pub fn idle(mut self, idle: Duration) -> Self
    where
        P::Expiry: expiry::TracksAccess,
    {
        match BuildError::check_time(P::NAME, "idle", idle) {
            Ok(()) => self.given.idle = Some(idle),
            Err(mistake) => self.given.note(mistake),
        }
        self
    }

    /// These options with other functions.
    pub(crate) fn with<G>(self, functions: impl FnOnce(F) -> G) -> FieldOptions<P, G> {
        FieldOptions { given: self.given, functions: functions(self.functions), policy: PhantomData }
    }
}

impl<P: Policy, F: Default> Default for FieldOptions<P, F> {
    fn default() -> Self {
        FieldOptions { given: Overrides::default(), functions: F::default(), policy: PhantomData }
    }
}

impl<P, F: std::fmt::Debug> std::fmt::Debug for FieldOptions<P, F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FieldOptions")
            .field("shards", &self.given.shards)
            .field("capacity", &self.given.capacity)
            .field("ttl", &self.given.ttl)
            .field("idle", &self.given.idle)
            .field("huge_pages", &self.given.huge_pages)
            .field("preallocate", &self.given.preallocate)
            .field("functions", &self.functions)
            .finish_non_exhaustive()
    }
}

impl Overrides {
    /// Keeps the first mistake.
    fn note(&mut self, mistake: BuildError) {
        self.mistake.get_or_insert(mistake);
    }
}
