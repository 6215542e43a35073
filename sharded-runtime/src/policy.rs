//! All that was declared of a field, as one type.

use crate::{
    clock::{Clock, System},
    evict::Eviction,
    expiry::Expiry,
    lock::Lock,
    placement::{Off, Placement},
    shards::{Auto, ShardCount},
};
use std::{marker::PhantomData, time::Duration};

/// The policy of one map: how many shards, which lock, when entries expire, which one leaves when it is full, on which
/// NUMA node they are.
///
/// `#[sharded]` writes one empty enum per field that implements this trait; one written by hand does the same for a
/// [`ShardedMap`](crate::ShardedMap) outside any store. Nothing is stored of it: each choice is a type, so a choice that
/// is not made costs nothing; one that contradicts another, such as a `TTL` with [`Never`](crate::expiry::Never), does not
/// compile. `TTL`, `IDLE` and `CAPACITY` are what [`builder`](crate::builder) may override.
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
///     const TTL: Option<Duration> = Some(Duration::from_mins(30));
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
    /// [`Optimistic`](crate::lock::Optimistic) or one's own.
    type Lock: Lock;
    /// When an entry stops being readable: [`Never`](crate::expiry::Never), [`AfterWrite`](crate::expiry::AfterWrite) or
    /// [`AfterAccess`](crate::expiry::AfterAccess).
    type Expiry: Expiry;
    /// Which entry leaves when the capacity is reached: [`Unbounded`](crate::evict::Unbounded),
    /// [`Adaptive`](crate::evict::Adaptive), [`Lru`](crate::evict::Lru), [`Sieve`](crate::evict::Sieve),
    /// [`S3Fifo`](crate::evict::S3Fifo), [`TinyLfu`](crate::evict::TinyLfu), [`Reject`](crate::evict::Reject) or one's own.
    type Eviction: Eviction;
    /// On which NUMA node each shard lies: [`Spread`](crate::placement::Spread), [`Local`](crate::placement::Local),
    /// [`Off`], [`Strict`](crate::placement::Strict) or one's own.
    type Placement: Placement;
    /// What tells the time: [`System`], [`Boot`](crate::clock::Boot) or one's own.
    /// (A declared [`Manual`](crate::clock::Manual) clock stands still for good: give one to the builder.)
    type Clock: Clock;

    /// What messages call the map: the field's name.
    const NAME: &'static str;
    /// How long an entry lives after it was written. `None`: for ever, but for `IDLE` and a ttl of its own.
    const TTL: Option<Duration> = None;
    /// By how many percent of it at most the `TTL` of an entry is shorter, from 0 to 99: by how many is drawn from the hash of its key, so that
    /// what was written at once does not expire at once. Never longer. A ttl of an entry's own, as of
    /// [`insert_with_ttl`](crate::ShardedMap::insert_with_ttl), is exact.
    const TTL_JITTER: u8 = 0;
    /// How long an entry lives after it was last read or written. Only [`AfterAccess`](crate::expiry::AfterAccess) heeds it.
    const IDLE: Option<Duration> = None;
    /// The age from which a call that loads, such as [`get_or_try_insert_with`](crate::ShardedMap::get_or_try_insert_with), loads an entry
    /// anew, while others get what is there. `None`: only what has expired is. Needs a `TTL`.
    const REFRESH_AFTER: Option<Duration> = None;
    /// The most entries that the whole map (not a shard of it) holds, or, where `WEIGHS`, what they weigh together. Needs an eviction
    /// other than `Unbounded`.
    const CAPACITY: Option<usize> = None;
    /// Whether entries take as much of the capacity as they [weigh](crate::builder::FieldOptions::weigher), rather than one each.
    const WEIGHS: bool = false;
    /// Whether some entries may not be [evicted](crate::builder::FieldOptions::evictable).
    const PINS: bool = false;
    /// Whether its uses can be [recorded](crate::Store::recorder). If not, it costs nothing.
    const RECORDS: bool = false;
}

/// What of a policy decides how entries are stored. Policies that agree in it share the code of their tables, which would
/// otherwise be compiled for each field of a store.
#[doc(hidden)]
#[derive(Debug)]
pub struct Storage<L, E, V>(PhantomData<(L, E, V)>);

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
