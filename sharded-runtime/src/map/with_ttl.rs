//! Calls that store an entry with a time to live of its own.

use super::{load::recursive, sharded_map::ShardedMap};
use crate::{
    Change, Key, LoadError, Occupied, Policy, Refused, Value, clock::Nanos, evict::MakesRoom, expiry::Expires,
    lock::Serves,
};
use std::{
    borrow::Borrow,
    convert::Infallible,
    fmt,
    hash::{BuildHasher, Hash, RandomState},
    panic::Location,
    time::Duration,
};

/// A map whose calls store entries with one time to live: see [`ShardedMap::with_ttl`].
///
/// Each call does what the call of the map with the same name does, has the same errors, and panics where that panics.
/// An entry that it stores lives for this time in place of the declared one. A value that it changes in place keeps the
/// time that it has left. A declared `refresh_after` counts for the calls that load: they take an entry to be as old as
/// if it had been stored with this time, and load none anew if this time is not longer than `refresh_after`.
///
/// # Examples
///
/// ```
/// # use sharded::{Change, sharded};
/// # use std::{collections::HashMap, time::Duration};
/// #[sharded(ttl = "1h")]
/// struct Shop {
///     names: HashMap<String, u32>,
/// }
/// let shop = Shop::new();
/// let soon = Duration::from_secs(60);
/// let brief = shop.names().with_ttl(soon);
///
/// brief.insert_if_absent("ada".to_owned(), 36)?;
/// brief.upsert("bob".to_owned(), || 7, |age| *age += 1);
/// brief.compute("eve".to_owned(), |_| Change::Put(19, ()));
/// assert_eq!(brief.get_or_load_with("joe".to_owned(), || 51), 51);
/// for name in ["ada", "bob", "eve", "joe"] {
///     assert!(shop.names().ttl_of(name).unwrap() <= soon);
/// }
/// # Ok::<(), sharded::Occupied<String, u32>>(())
/// ```
pub struct WithTtl<'a, K, V, P: Policy, S = RandomState> {
    map: &'a ShardedMap<K, V, P, S>,
    ttl: Nanos,
}

impl<K, V, P: Policy, S> Clone for WithTtl<'_, K, V, P, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V, P: Policy, S> Copy for WithTtl<'_, K, V, P, S> {}

impl<K, V, P: Policy, S> fmt::Debug for WithTtl<'_, K, V, P, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WithTtl").field("map", self.map).field("ttl", &self.ttl.to_duration()).finish()
    }
}

impl<K, V, P: Policy<Expiry: Expires>, S> ShardedMap<K, V, P, S> {
    /// The calls that store entries, with this time to live in place of the declared one. It has no jitter. A declared
    /// idle time holds as well.
    ///
    /// A time that ends beyond what the clock can count (584 years) is for ever. A time of zero is over at once.
    /// [`insert_with_ttl`](Self::insert_with_ttl) is short for the most common of them.
    ///
    /// # Examples
    ///
    /// See [`WithTtl`].
    #[doc(alias("expire_after_create", "set_with_ttl"))]
    #[must_use]
    pub fn with_ttl(&self, ttl: Duration) -> WithTtl<'_, K, V, P, S> {
        WithTtl { map: self, ttl: Nanos::from_duration(ttl) }
    }
}

#[allow(
    clippy::missing_errors_doc,
    clippy::missing_panics_doc,
    reason = "the documentation of the type says that they are those of the map's calls"
)]
impl<K: Key, V: Value, P: Policy<Lock: Serves<K, V>>, S: BuildHasher + Default + 'static> WithTtl<'_, K, V, P, S> {
    /// As [`ShardedMap::insert`].
    #[track_caller]
    pub fn insert(&self, key: K, value: V) -> Option<V>
    where
        P::Eviction: MakesRoom,
    {
        self.map.core().insert(key, value, Some(self.ttl))
    }

    /// As [`ShardedMap::try_insert`].
    #[track_caller]
    pub fn try_insert(&self, key: K, value: V) -> Result<Option<V>, Refused<K, V>> {
        self.map.core().try_insert(key, value, Some(self.ttl))
    }

    /// As [`ShardedMap::insert_if_absent`].
    #[track_caller]
    pub fn insert_if_absent(&self, key: K, value: V) -> Result<(), Occupied<K, V>>
    where
        P::Eviction: MakesRoom,
    {
        self.map.core().insert_if_absent(key, value, Some(self.ttl))
    }

    /// As [`ShardedMap::upsert`].
    #[track_caller]
    pub fn upsert<R>(&self, key: K, init: impl FnOnce() -> V, update: impl FnOnce(&mut V) -> R) -> Option<R>
    where
        P::Eviction: MakesRoom,
    {
        self.map.core().upsert(key, init, update, Some(self.ttl))
    }

    /// As [`ShardedMap::upsert_ref`].
    #[track_caller]
    pub fn upsert_ref<Q, R>(&self, key: &Q, init: impl FnOnce() -> V, update: impl FnOnce(&mut V) -> R) -> Option<R>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
        P::Eviction: MakesRoom,
    {
        self.map.core().upsert_ref(key, init, update, Some(self.ttl))
    }

    /// As [`ShardedMap::with_or_insert`].
    #[track_caller]
    pub fn with_or_insert<R>(&self, key: K, init: impl FnOnce() -> V, change: impl FnOnce(&mut V) -> R) -> R
    where
        P::Eviction: MakesRoom,
    {
        self.map.core().with_or_insert(key, init, change, Some(self.ttl))
    }

    /// As [`ShardedMap::compute`]. The time is that of a [`Change::Put`].
    #[track_caller]
    pub fn compute<R>(&self, key: K, change: impl FnOnce(Option<&mut V>) -> Change<V, R>) -> R
    where
        P::Eviction: MakesRoom,
    {
        self.map.core().compute(key, change, Some(self.ttl))
    }

    /// As [`ShardedMap::compute_ref`]. The time is that of a [`Change::Put`].
    #[track_caller]
    pub fn compute_ref<Q, R>(&self, key: &Q, change: impl FnOnce(Option<&mut V>) -> Change<V, R>) -> R
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
        P::Eviction: MakesRoom,
    {
        self.map.core().compute_ref(key, change, Some(self.ttl))
    }

    /// As [`ShardedMap::get_or_insert_with`].
    #[track_caller]
    pub fn get_or_insert_with(&self, key: K, init: impl FnOnce() -> V) -> V
    where
        V: Clone,
        P::Eviction: MakesRoom,
    {
        self.map.core().get_or_insert_with(key, init, Some(self.ttl))
    }

    /// As [`ShardedMap::get_or_try_insert_with`]. The time begins when the load ends; the caller that loads decides.
    #[track_caller]
    pub fn get_or_try_insert_with<E>(&self, key: K, load: impl FnOnce() -> Result<V, E>) -> Result<V, LoadError<E>>
    where
        V: Clone,
        E: Send + Sync + 'static,
    {
        self.map.core().load(key, load, Location::caller(), Some(self.ttl))
    }

    /// As [`ShardedMap::get_or_try_insert_ref`]. The time begins when the load ends; the caller that loads decides.
    #[track_caller]
    pub fn get_or_try_insert_ref<Q, E>(&self, key: &Q, load: impl FnOnce() -> Result<V, E>) -> Result<V, LoadError<E>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
        V: Clone,
        E: Send + Sync + 'static,
    {
        self.map.core().load_ref(key, load, Location::caller(), Some(self.ttl))
    }

    /// As [`ShardedMap::get_or_load_with`]. The time begins when the load ends; the caller that loads decides.
    #[track_caller]
    pub fn get_or_load_with(&self, key: K, load: impl FnOnce() -> V) -> V
    where
        V: Clone,
    {
        match self.get_or_try_insert_with(key, || Ok::<V, Infallible>(load())) {
            Ok(value) => value,
            Err(error) => recursive::<P>(&error, Location::caller()),
        }
    }

    /// As [`ShardedMap::get_or_load_ref`]. The time begins when the load ends; the caller that loads decides.
    #[track_caller]
    pub fn get_or_load_ref<Q>(&self, key: &Q, load: impl FnOnce() -> V) -> V
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
        V: Clone,
    {
        match self.get_or_try_insert_ref(key, || Ok::<V, Infallible>(load())) {
            Ok(value) => value,
            Err(error) => recursive::<P>(&error, Location::caller()),
        }
    }
}

impl<K, V, P, S> WithTtl<'_, K, V, P, S>
where
    K: Key,
    V: Value + Clone,
    P: Policy<Lock: Serves<K, V>>,
    S: BuildHasher + Default + 'static,
{
    /// As [`ShardedMap::get_or_try_insert_async`]. The time begins when the load ends; the caller that loads decides.
    #[track_caller]
    pub fn get_or_try_insert_async<E, F>(
        self,
        key: K,
        load: impl FnOnce() -> F,
    ) -> impl Future<Output = Result<V, LoadError<E>>>
    where
        E: Send + Sync + 'static,
        F: Future<Output = Result<V, E>>,
    {
        self.map.core().load_async(key, load, Location::caller(), Some(self.ttl), |loaded| loaded)
    }

    /// As [`ShardedMap::get_or_try_insert_async_ref`]. The time begins when the load ends; the caller that loads
    /// decides.
    #[track_caller]
    pub fn get_or_try_insert_async_ref<Q, E, F>(
        self,
        key: &Q,
        load: impl FnOnce() -> F,
    ) -> impl Future<Output = Result<V, LoadError<E>>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
        E: Send + Sync + 'static,
        F: Future<Output = Result<V, E>>,
    {
        self.map.core().load_async_ref(key, load, Location::caller(), Some(self.ttl), |loaded| loaded)
    }

    /// As [`ShardedMap::get_or_load_async`]. The time begins when the load ends; the caller that loads decides.
    #[track_caller]
    pub fn get_or_load_async<F>(self, key: K, load: impl FnOnce() -> F) -> impl Future<Output = V>
    where
        F: Future<Output = V>,
    {
        let at = Location::caller();
        let load = || async { Ok::<V, Infallible>(load().await) };
        let finish = move |loaded: Result<V, _>| loaded.unwrap_or_else(|error| recursive::<P>(&error, at));
        self.map.core().load_async(key, load, at, Some(self.ttl), finish)
    }

    /// As [`ShardedMap::get_or_load_async_ref`]. The time begins when the load ends; the caller that loads decides.
    #[track_caller]
    pub fn get_or_load_async_ref<Q, F>(self, key: &Q, load: impl FnOnce() -> F) -> impl Future<Output = V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
        F: Future<Output = V>,
    {
        let at = Location::caller();
        let load = || async { Ok::<V, Infallible>(load().await) };
        let finish = move |loaded: Result<V, _>| loaded.unwrap_or_else(|error| recursive::<P>(&error, at));
        self.map.core().load_async_ref(key, load, at, Some(self.ttl), finish)
    }
}
