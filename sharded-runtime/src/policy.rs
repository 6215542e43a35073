//! The declaration of a field, as one type.

use crate::{
    clock::{Clock, System},
    evict::Eviction,
    expiry::Expiry,
    lock::Lock,
    observe::events::Names,
    placement::{Off, Placement},
    shards::{Auto, ShardCount},
};
use std::{marker::PhantomData, time::Duration};

/// The policy of one map: the number of shards, their lock, when entries expire, which entry leaves when the map is
/// full, and the NUMA node of each shard.
///
/// `#[sharded]` writes an empty enum for each field and implements this trait for it. You can do the same by hand for a
/// [`ShardedMap`](crate::ShardedMap) outside any store. A policy is never stored: each choice is a type or a constant,
/// so a choice that is not made costs nothing. Choices that contradict each other, such as a `TTL` with
/// [`Never`](crate::expiry::Never), do not compile. A [`builder`](crate::builder) may override `TTL`, `IDLE`,
/// `CAPACITY` and the number of shards.
///
/// # A policy written by hand
///
/// It needs the six types and `NAME`. All other items have the default of a declaration without that option. Later
/// versions of this crate will only add items with a default, and types for the six choices, so such a policy stays
/// valid.
///
/// # Examples
///
/// ```
/// use sharded::{Policy, ShardedMap, clock, evict, expiry, lock, placement, shards};
/// use std::time::Duration;
///
/// enum Sessions {}
/// impl Policy for Sessions {
///     type Shards = shards::Fixed<16>;
///     type Lock = lock::RwLock;
///     type Expiry = expiry::AfterWrite;
///     type Eviction = evict::Lru;
///     type Placement = placement::Spread;
///     type Clock = clock::System;
///     const NAME: &'static str = "sessions";
///     const TTL: Option<Duration> = Some(Duration::from_secs(1800));
///     const CAPACITY: Option<usize> = Some(10_000);
/// }
///
/// let sessions: ShardedMap<u64, String, Sessions> = ShardedMap::new();
/// sessions.insert(7, "ada".to_owned());
/// assert_eq!(sessions.get(&7).as_deref(), Some("ada"));
/// ```
pub trait Policy: 'static {
    /// How many shards: [`Fixed`](crate::shards::Fixed) or [`Auto`].
    type Shards: ShardCount;
    /// The lock of a shard: [`Mutex`](crate::lock::Mutex), [`RwLock`](crate::lock::RwLock),
    /// [`Optimistic`](crate::lock::Optimistic), [`Rcu`](crate::lock::Rcu) or a custom one.
    type Lock: Lock;
    /// When an entry expires: [`Never`](crate::expiry::Never), [`AfterWrite`](crate::expiry::AfterWrite) or
    /// [`AfterAccess`](crate::expiry::AfterAccess).
    type Expiry: Expiry;
    /// Which entry leaves when the capacity is reached: [`Unbounded`](crate::evict::Unbounded),
    /// [`Adaptive`](crate::evict::Adaptive), [`Lru`](crate::evict::Lru), [`Sieve`](crate::evict::Sieve),
    /// [`S3Fifo`](crate::evict::S3Fifo), [`TinyLfu`](crate::evict::TinyLfu), [`Reject`](crate::evict::Reject) or a
    /// custom one.
    type Eviction: Eviction;
    /// On which NUMA node each shard lies: [`Spread`](crate::placement::Spread), [`Local`](crate::placement::Local),
    /// [`Off`], [`Strict`](crate::placement::Strict) or a custom one.
    type Placement: Placement;
    /// The clock: [`System`], [`Boot`](crate::clock::Boot) or a custom one. (A declared
    /// [`Manual`](crate::clock::Manual) clock never moves. Pass one to the builder instead.)
    type Clock: Clock;

    /// The name of the map in messages: that of the field.
    const NAME: &'static str;
    /// The name of the store in messages and events: that of the struct. Empty for a map outside any store.
    const STORE: &'static str = "";
    /// The purpose of the map in one line, for exporters: the first paragraph of the field's doc comment. Empty if
    /// there is none, or if it is no literal or depends on a `cfg_attr`.
    const DESCRIPTION: &'static str = "";
    /// How long an entry lives after it was written. `None` is for ever, unless there is an `IDLE` time or the entry
    /// has a time to live of its own.
    const TTL: Option<Duration> = None;
    /// Whether the time to live of an entry comes from its key and value, by the function of
    /// [`FieldOptions::ttl_of`](crate::builder::FieldOptions::ttl_of). Then there is no `TTL`.
    const TTL_OF_ENTRY: bool = false;
    /// The `TTL` of an entry is shorter by up to this many percent, from 0 to 99. The number is drawn from the hash of
    /// the key, so entries that were written at once do not expire at once. It is never longer. A time to live of an
    /// entry's own, given by [`insert_with_ttl`](crate::ShardedMap::insert_with_ttl) for one, is exact.
    const TTL_JITTER: u8 = 0;
    /// How long an entry lives after it was last read or written. Needs [`AfterAccess`](crate::expiry::AfterAccess).
    const IDLE: Option<Duration> = None;
    /// The age from which a call that loads, such as
    /// [`get_or_try_insert_with`](crate::ShardedMap::get_or_try_insert_with), loads an entry anew, while other calls
    /// get the old value. `None`: only an expired entry is loaded anew. Needs a `TTL`.
    const REFRESH_AFTER: Option<Duration> = None;
    /// The most entries that the whole map (not each shard) holds; if `WEIGHS`, the most that they weigh together.
    /// Needs an eviction other than [`Unbounded`](crate::evict::Unbounded).
    const CAPACITY: Option<usize> = None;
    /// Whether entries take as much of the capacity as they [weigh](crate::builder::FieldOptions::weigher), rather than
    /// one each.
    const WEIGHS: bool = false;
    /// Whether the memory of the tables is taken when the map is built: see
    /// [`preallocate`](crate::builder::FieldOptions::preallocate). Needs a `CAPACITY` that counts entries, and a lock
    /// other than [`Rcu`](crate::lock::Rcu).
    const PREALLOCATE: bool = false;
    /// Whether some entries may not be [evicted](crate::builder::FieldOptions::evictable).
    const PINS: bool = false;
    /// How old a read of a tiered field may be, `staleness = …` of a field with `tier = …`. `None` is one second.
    const STALENESS: Option<Duration> = None;
    /// The version of the values of a tiered field, `schema = …`. A value of another version is an error.
    const SCHEMA: u32 = 0;
    /// Whether the map has an [index](crate::index). The attribute says so of a map that an `index_of` names.
    const INDEXED: bool = false;
    /// Whether the uses of the map can be [recorded](crate::Store::recorder). If not, recording costs nothing.
    const RECORDS: bool = false;
}

/// The choices that decide how entries are stored. Policies that agree in them share the code of their tables, which
/// would otherwise be compiled for each field of a store.
#[doc(hidden)]
#[derive(Debug)]
pub struct Storage<L, E, V>(PhantomData<(L, E, V)>);

/// The names in the events of a map.
pub(crate) const fn names_of<P: Policy>() -> &'static Names {
    const { &Names { store: P::STORE, field: P::NAME } }
}

pub(crate) type StorageOf<P> = Storage<<P as Policy>::Lock, <P as Policy>::Expiry, <P as Policy>::Eviction>;

impl<L: Lock, E: Expiry, V: Eviction> Policy for Storage<L, E, V> {
    type Shards = Auto;
    type Lock = L;
    type Expiry = E;
    type Eviction = V;
    type Placement = Off;
    type Clock = System;

    const NAME: &'static str = "";
}
