//! The accessor of a tiered field: how it is built, and what it says of itself.

use super::{
    error::TierError,
    key,
    licence::Licence,
    request::Name,
    server::Redis,
    servers::Servers,
    shared::Shared,
    stamps::Stamp,
    stats::{FieldCounts, TierStats},
};
use crate::{
    Field, FieldInfo, Key, Policy, Recording, ShardedMap, Stats, Value,
    builder::{BuildError, BuildField, FieldOptions, StoreContext, StoreOptions, built},
    lock::Serves,
    placement::FieldPlacement,
    store::sealed::Sealed,
};
use serde::{Serialize, de::DeserializeOwned};
use std::{
    borrow::Borrow,
    fmt,
    hash::{BuildHasher, Hash, RandomState},
    sync::Arc,
    time::Duration,
};

/// The staleness of a field that declares none.
const STALENESS: Duration = Duration::from_secs(1);

/// A map whose entries are on a server that other processes use too, with a near cache in this one: `tier = Redis`.
///
/// See [the module](super) for the promise, what is stored, and what may go wrong. All calls that ask the server are
/// async and can fail. Their futures run on any task of the tokio runtime on which [`Redis::connect`] was called, and
/// can be dropped at any time: a write whose future is dropped may have happened or not.
///
/// Values come as [`Arc`]s, which the near cache shares with its callers.
///
/// # Examples
///
/// ```no_run
/// use serde::{Deserialize, Serialize};
/// use sharded::{sharded, tier::{Redis, TierError}};
/// use std::collections::HashMap;
///
/// #[derive(Serialize, Deserialize)]
/// struct Profile {
///     name: String,
///     visits: u32,
/// }
///
/// #[sharded]
/// struct Shop {
///     #[shard(tier = Redis, ttl = "10m", staleness = "3s", capacity = 100_000)]
///     profiles: HashMap<u64, Profile>,
/// }
///
/// # async fn fetch(_: u64) -> std::io::Result<Profile> { Ok(Profile { name: "ada".to_owned(), visits: 0 }) }
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let shop = Shop::builder().redis(Redis::connect("redis://127.0.0.1:6379").await?).build();
/// // One load for all processes that ask at the same time.
/// let profile = shop.profiles().get_or_try_insert_with(&7, || fetch(7)).await?;
/// println!("{}", profile.name);
/// shop.profiles().update(&7, |profile| profile.map(|old| Profile { visits: old.visits + 1, ..old })).await?;
/// # Ok(())
/// # }
/// ```
pub struct TieredMap<K, V, P: Policy, S = RandomState> {
    /// What was read from the server, valid or not.
    pub(super) near: ShardedMap<K, Near<V>, P, S>,
    pub(super) redis: Redis,
    /// What is also in `redis`, so that a near hit finds it at once.
    shared: Arc<Shared>,
    pub(super) prefix: Vec<u8>,
    pub(super) staleness: Duration,
    /// The time to live of what is written, without one of its own.
    pub(super) ttl: Option<Duration>,
    pub(super) counts: FieldCounts,
}

/// A value in the near cache.
#[doc(hidden)]
#[derive(Debug)]
pub struct Near<V> {
    pub(super) value: Arc<V>,
    pub(super) stamp: Stamp,
    /// `None` if the server does not tell of changes, so that it is never valid.
    pub(super) licence: Option<Arc<Licence>>,
    /// When the read of it was sent.
    pub(super) sent: u64,
    /// When it expires on the server, or before that.
    pub(super) deadline: u64,
}

impl<V> Clone for Near<V> {
    fn clone(&self) -> Self {
        Near { value: Arc::clone(&self.value), licence: self.licence.clone(), ..*self }
    }
}

/// A type that can be the key of a tiered field: `Eq + Hash + Clone + Send + Sync + Serialize + DeserializeOwned`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be the key of a tiered field",
    label = "not the key of a tiered field",
    note = "such a key is `Eq + Hash + Clone + Send + Sync + Serialize + Deserialize` and borrows nothing: derive them"
)]
pub trait TieredKey: Key + Clone + Sync + Serialize + DeserializeOwned {}
#[diagnostic::do_not_recommend]
impl<K: Key + Clone + Sync + Serialize + DeserializeOwned> TieredKey for K {}

/// A type that can be the value of a tiered field: `Send + Sync + Serialize + DeserializeOwned`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be the value of a tiered field",
    label = "not the value of a tiered field",
    note = "such a value is `Send + Sync + Serialize + Deserialize` and borrows nothing: derive them"
)]
pub trait TieredValue: Value + Sync + Serialize + DeserializeOwned {}
#[diagnostic::do_not_recommend]
impl<V: Value + Sync + Serialize + DeserializeOwned> TieredValue for V {}

impl<K, V, P: Policy, S> TieredMap<K, V, P, S>
where
    ShardedMap<K, Near<V>, P, S>: BuildField<P>,
{
    /// Builds a tiered map by itself, outside any store.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use sharded::{Policy, clock, evict, expiry, lock, placement, shards};
    /// use sharded::{builder::FieldOptions, tier::{Redis, TieredMap}};
    /// use std::time::Duration;
    ///
    /// enum Names {}
    /// impl Policy for Names {
    ///     type Shards = shards::Auto;
    ///     type Lock = lock::Mutex;
    ///     type Expiry = expiry::AfterWrite;
    ///     type Eviction = evict::Adaptive;
    ///     type Placement = placement::Spread;
    ///     type Clock = clock::System;
    ///     const NAME: &'static str = "names";
    ///     const TTL: Option<Duration> = Some(Duration::from_mins(10));
    ///     const CAPACITY: Option<usize> = Some(100_000);
    /// }
    ///
    /// # async fn example() -> Result<(), sharded::tier::TierError> {
    /// let redis = Redis::connect("redis://127.0.0.1:6379").await?;
    /// let names: TieredMap<u64, String, Names> = TieredMap::with_options(FieldOptions::new(), &redis);
    /// names.insert(&7, &"ada".to_owned()).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Where [`try_with_options`](Self::try_with_options) returns an error.
    #[must_use]
    #[track_caller]
    pub fn with_options(options: FieldOptions<P>, redis: &Redis) -> Self {
        built(Self::try_with_options(options, redis))
    }

    /// As [`with_options`](Self::with_options), for options that are not known to be right.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if an option has a value that no map can be built with, such as a ttl of zero.
    ///
    /// # Examples
    ///
    /// As of [`ShardedMap::try_with_options`](crate::ShardedMap::try_with_options).
    pub fn try_with_options(options: FieldOptions<P>, redis: &Redis) -> Result<Self, BuildError> {
        let store = StoreOptions::new().start();
        store.check(Self::build(&store, 0, options, redis))
    }

    pub(crate) fn build(store: &StoreContext, index: u16, options: FieldOptions<P>, redis: &Redis) -> Self {
        let ttl = options.given.ttl.or(P::TTL);
        let staleness = P::STALENESS.unwrap_or(STALENESS);
        redis.servers().shared.require(staleness);
        TieredMap {
            near: BuildField::build_with(store, index, options),
            prefix: redis.prefix(P::STORE, P::NAME),
            shared: Arc::clone(&redis.servers().shared),
            redis: redis.clone(),
            staleness,
            ttl,
            counts: FieldCounts::default(),
        }
    }
}

impl<K, V, P: Policy, S> TieredMap<K, V, P, S> {
    /// How old a read may be at most.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # use sharded::{sharded, tier::Redis};
    /// # use std::{collections::HashMap, time::Duration};
    /// # #[sharded]
    /// # struct Shop {
    /// #     #[shard(tier = Redis, ttl = "10m", staleness = "3s")]
    /// #     names: HashMap<u64, String>,
    /// # }
    /// # fn example(shop: &Shop) {
    /// assert_eq!(shop.names().staleness(), Duration::from_secs(3));
    /// # }
    /// ```
    #[must_use]
    pub fn staleness(&self) -> Duration {
        self.staleness
    }

    /// What has happened on the way to the server. [`stats`](Field::stats) of the trait [`Field`] is about the near
    /// cache as a map.
    ///
    /// # Examples
    ///
    /// See [`TierStats`].
    #[must_use]
    pub fn tier_stats(&self) -> TierStats {
        let (counts, servers) = (&self.counts, self.servers());
        TierStats {
            near_hits: counts.near_hits.get(),
            remote_hits: counts.remote_hits.get(),
            misses: counts.misses.get(),
            loads: counts.loads.get(),
            loads_not_stored: counts.loads_not_stored.get(),
            lease_waits: counts.lease_waits.get(),
            bytes_sent: counts.bytes_sent.get(),
            bytes_received: counts.bytes_received.get(),
            stale_hits: counts.stale_hits.get(),
            invalidations: servers.shared.counts.invalidations.get(),
            flushes: servers.shared.counts.flushes.get(),
            losses: servers.shared.counts.losses.get(),
            is_connected: servers.is_connected(),
            lag: servers.lag(),
        }
    }

    pub(super) fn servers(&self) -> &Arc<Servers> {
        self.redis.servers()
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(super) fn staleness_nanos(&self) -> u64 {
        u64::try_from(self.staleness.as_nanos()).unwrap_or(u64::MAX)
    }

    /// Whether a value in the near cache is at most as old as declared, and has not expired.
    #[inline]
    pub(super) fn is_valid(&self, near: &Near<V>) -> bool {
        let Some(licence) = &near.licence else { return false };
        let (shared, staleness) = (self.shared(), self.staleness_nanos());
        // First, see `Licence::heard`.
        let heard = licence.heard();
        let now = shared.now_or_later(staleness);
        licence.holds()
            && shared.stamps.is_current(near.stamp)
            && now < near.deadline
            && now.saturating_sub(heard.max(near.sent)) <= staleness
    }
}

impl<K: TieredKey, V: TieredValue, P: Policy<Lock: Serves<K, Near<V>>>, S: BuildHasher + Default + 'static>
    TieredMap<K, V, P, S>
{
    /// The key on the server.
    pub(super) fn name(&self, key: &K) -> Result<Name, TierError> {
        let bytes = key::write(&self.prefix, key).map_err(TierError::encode)?;
        let slot = self.shared().stamps.slot(&bytes);
        Ok(Name { bytes, slot })
    }

    /// Has no call get what was known of a key before, neither from the near cache nor from a load that is under way.
    pub(super) fn forget<Q>(&self, key: &Q)
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.near.remove(key);
    }

    /// Empties the near cache. The server keeps all entries.
    ///
    /// # Panics
    ///
    /// Inside a closure on the same or a later place: see [the order](ShardedMap#order-of-nested-accesses).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # use sharded::{sharded, tier::Redis};
    /// # use std::collections::HashMap;
    /// # #[sharded]
    /// # struct Shop {
    /// #     #[shard(tier = Redis, ttl = "10m")]
    /// #     names: HashMap<u64, String>,
    /// # }
    /// # fn example(shop: &Shop) {
    /// shop.names().clear_near();
    /// # }
    /// ```
    pub fn clear_near(&self) {
        Field::clear(&self.near);
    }
}

/// A field whose entries are in this process, so that its keys can be rows.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a tiered field has no rows",
    label = "its entries are on a server",
    note = "a transaction locks entries of this process; `update` changes one entry of a tiered field in one step"
)]
pub trait HasRows {}

impl<K, V, P: Policy, S> TieredMap<K, V, P, S> {
    /// There only to say that it is not there.
    #[doc(hidden)]
    pub fn row<Q: ?Sized>(&self, _: &Q)
    where
        Self: HasRows,
    {
    }
}

impl<K, V, P: Policy, S> Sealed for TieredMap<K, V, P, S> {}

/// The near cache as a map: its entries are some of those on the server, and invalid ones count until they leave.
impl<K, V, P: Policy, S> Field for TieredMap<K, V, P, S> {
    fn name(&self) -> &'static str {
        P::NAME
    }
    fn len(&self) -> usize {
        Field::len(&self.near)
    }
    fn capacity(&self) -> Option<usize> {
        Field::capacity(&self.near)
    }
    fn shard_count(&self) -> usize {
        Field::shard_count(&self.near)
    }
    fn info(&self) -> FieldInfo {
        self.near.info()
    }
    fn stats(&self) -> Stats {
        Field::stats(&self.near)
    }
    fn sweep(&self) -> usize {
        Field::sweep(&self.near)
    }
    /// Empties the near cache. The server keeps all entries.
    fn clear(&self) {
        Field::clear(&self.near);
    }
    fn placement(&self) -> FieldPlacement {
        Field::placement(&self.near)
    }
    fn recording(&self) -> Option<&Recording> {
        self.near.recording()
    }
    fn tier_stats(&self) -> Option<TierStats> {
        Some(self.tier_stats())
    }
}

impl<K, V, P: Policy, S> fmt::Debug for TieredMap<K, V, P, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TieredMap").field("near", &self.near).field("redis", &self.redis).finish_non_exhaustive()
    }
}
