//! Single-flight loads of missing values.

use super::sharded_map::ShardedMap;
use crate::{Key, LoadError, Policy, Value, lock::Serves};

use std::{
    borrow::Borrow,
    convert::Infallible,
    hash::{BuildHasher, Hash},
    panic::Location,
};

impl<K, V, P, S> ShardedMap<K, V, P, S>
where
    K: Key,
    V: Value + Clone,
    P: Policy,
    P::Lock: Serves<K, V>,
    S: BuildHasher + Default + 'static,
{
    /// Returns a copy of a key's value. If it has none, `load` computes it, and it is stored. If several callers ask
    /// for the key, by this call, [`get_or_load_with`](Self::get_or_load_with) or the async forms, one `load` runs and
    /// the other callers wait for it. This is a use of the entry.
    ///
    /// No lock is held while the value is loaded or waited for, so only callers that need this key wait. For a key that
    /// is present the cost is that of [`get`](Self::get). If it is costly to make the key, call
    /// [`get_or_try_insert_ref`](Self::get_or_try_insert_ref): a `get` before this call would pass over
    /// `refresh_after`.
    ///
    /// - **The load fails:** all callers that wait get the same error. A later call tries again.
    /// - **It panics,** or it is an async load that is dropped: the caller that has waited longest loads next, with its
    ///   own loader.
    /// - **The key is inserted meanwhile:** that value wins, and the callers get it, even if the load has failed.
    /// - **The key is removed meanwhile,** by any call: the loaded value goes to the callers that wait for it and is
    ///   not stored. Later callers begin a load of their own at once, since the one under way may have read the old
    ///   state. (`clear` and `retain` count as a removal of every key that is being loaded, and `remove_if` as one of
    ///   its key: a condition can't be checked for a value that is not there yet.)
    /// - **The value is old,** by the declared `refresh_after`: one caller loads it anew, while the others get the old
    ///   value and do not wait. The new value replaces the old one and begins to live then, unless a call has meanwhile
    ///   inserted the key, changed its value, given it a time of its own ([`expire_in`](Self::expire_in)) or removed
    ///   it. If the load fails, its caller too gets the old value, as long as that has not expired. A later call tries
    ///   again.
    /// - **There is no room,** since nothing may leave or the value is heavier than the capacity: the callers get the
    ///   value, and it is evicted at once: see [the removal listener](ShardedMap#removal-listener).
    /// - **A listener loads,** or the `Drop` of a value that has left: it runs when the waiting callers have their
    ///   answer, so it may load any key. Inside a loader it gets [`LoadError::Recursive`] for the key that is being
    ///   loaded there.
    ///
    /// The time to live starts when the load ends. This call blocks the thread; in async code await
    /// [`get_or_try_insert_async`](Self::get_or_try_insert_async).
    ///
    /// # Errors
    ///
    /// [`LoadError::Failed`] has the error of the loader. Callers whose error type differs from that of the loading
    /// caller load for themselves, one after the other. [`LoadError::Recursive`] says that a loader asked for a key
    /// that waits for it: its own, or one whose loader asks for its own in turn, in whichever maps.
    ///
    /// # Panics
    ///
    /// Inside a closure of any map, whether or not the key is present: the load that this call may wait for may need
    /// that shard. Or if there is no memory for one more entry.
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashMap;
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { ages: HashMap<String, u32> }
    /// let shop = Shop::new();
    /// let age = |text: &str| shop.ages().get_or_try_insert_with("ada".to_owned(), || text.parse::<u32>());
    /// assert!(age("many").is_err());
    /// assert_eq!(age("36"), Ok(36));
    /// assert_eq!(age("many"), Ok(36)); // stored by now
    /// ```
    #[doc(alias("try_get_with", "optionally_get_with", "get_or_fetch"))]
    #[track_caller]
    pub fn get_or_try_insert_with<E>(&self, key: K, load: impl FnOnce() -> Result<V, E>) -> Result<V, LoadError<E>>
    where
        E: Send + Sync + 'static,
    {
        self.core.load(key, load, Location::caller(), None)
    }

    /// As [`get_or_try_insert_with`](Self::get_or_try_insert_with), for a loader that is a future. It works on any
    /// executor, and threads and tasks can wait for each other.
    ///
    /// `load` is called only if there is something to load. The future does nothing until it is polled, and may be
    /// dropped at any time; if it was loading, the caller that has waited longest loads next. A future that is neither
    /// polled nor dropped blocks all callers that wait for it.
    ///
    /// # Errors
    ///
    /// As [`get_or_try_insert_with`](Self::get_or_try_insert_with). A request counts as the loader's if it is polled as
    /// a part of the loader. Requests of a task that the loader has spawned do not count.
    ///
    /// # Panics
    ///
    /// When it is polled, as [`get_or_try_insert_with`](Self::get_or_try_insert_with).
    ///
    /// A panic in the waker's `clone` reaches the caller of `poll`. A panic in its `wake` or `drop` is contained, and
    /// all other waiting callers are woken.
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashMap;
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { ages: HashMap<String, u32> }
    /// # async fn fetch(_: &str) -> Result<u32, std::io::Error> { Ok(36) }
    /// # use std::{pin::pin, task::{Context, Poll, Waker}};
    /// # fn block_on<F: Future>(future: F) -> F::Output {
    /// #     let mut future = pin!(future);
    /// #     loop {
    /// #         if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) { return output }
    /// #     }
    /// # }
    /// # block_on(async {
    /// let shop = Shop::new();
    /// let age = shop.ages().get_or_try_insert_async("ada".to_owned(), || fetch("ada")).await;
    /// assert_eq!(age.unwrap(), 36);
    /// # });
    /// ```
    #[track_caller]
    pub fn get_or_try_insert_async<E, F>(
        &self,
        key: K,
        load: impl FnOnce() -> F,
    ) -> impl Future<Output = Result<V, LoadError<E>>>
    where
        E: Send + Sync + 'static,
        F: Future<Output = Result<V, E>>,
    {
        self.core.load_async(key, load, Location::caller(), None, |loaded| loaded)
    }

    /// As [`get_or_try_insert_with`](Self::get_or_try_insert_with), for a loader that can't fail.
    ///
    /// [`get_or_insert_with`](Self::get_or_insert_with) is for values that are computed quickly: it computes them under
    /// the shard's lock.
    ///
    /// # Panics
    ///
    /// Inside a closure of any map, whether or not the key is present; or if there is no memory for one more entry; or
    /// if the loader asks for a key that waits for it, see [`LoadError::Recursive`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashMap;
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { names: HashMap<String, u32> }
    /// let shop = Shop::new();
    /// assert_eq!(shop.names().get_or_load_with("ada".to_owned(), || 36), 36);
    /// assert_eq!(shop.names().get_or_load_with("ada".to_owned(), || unreachable!()), 36);
    /// ```
    #[doc(alias("get_with", "computeIfAbsent"))]
    #[track_caller]
    pub fn get_or_load_with(&self, key: K, load: impl FnOnce() -> V) -> V {
        match self.get_or_try_insert_with(key, || Ok::<V, Infallible>(load())) {
            Ok(value) => value,
            Err(error) => recursive::<P>(&error, Location::caller()),
        }
    }

    /// As [`get_or_try_insert_async`](Self::get_or_try_insert_async), for a loader that can't fail.
    ///
    /// # Panics
    ///
    /// When it is polled, as [`get_or_load_with`](Self::get_or_load_with).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashMap;
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { names: HashMap<String, u32> }
    /// # use std::{pin::pin, task::{Context, Poll, Waker}};
    /// # fn block_on<F: Future>(future: F) -> F::Output {
    /// #     let mut future = pin!(future);
    /// #     loop {
    /// #         if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) { return output }
    /// #     }
    /// # }
    /// # block_on(async {
    /// let shop = Shop::new();
    /// assert_eq!(shop.names().get_or_load_async("ada".to_owned(), async || 36).await, 36);
    /// # });
    /// ```
    #[track_caller]
    pub fn get_or_load_async<F>(&self, key: K, load: impl FnOnce() -> F) -> impl Future<Output = V>
    where
        F: Future<Output = V>,
    {
        let at = Location::caller();
        let load = || async { Ok::<V, Infallible>(load().await) };
        self.core.load_async(key, load, at, None, |loaded| loaded.unwrap_or_else(|error| recursive::<P>(&error, at)))
    }

    /// As [`get_or_try_insert_with`](Self::get_or_try_insert_with), for a borrowed key, which is made ([`ToOwned`])
    /// only if there is something to load: a hit costs no allocation. The key that is made must be equal to it: see
    /// [`upsert_ref`](Self::upsert_ref).
    ///
    /// # Errors
    ///
    /// As [`get_or_try_insert_with`](Self::get_or_try_insert_with).
    ///
    /// # Panics
    ///
    /// As [`get_or_try_insert_with`](Self::get_or_try_insert_with).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashMap;
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { ages: HashMap<String, u32> }
    /// let shop = Shop::new();
    /// assert_eq!(shop.ages().get_or_try_insert_ref("ada", || "36".parse::<u32>()), Ok(36));
    /// assert_eq!(shop.ages().get_or_try_insert_ref("ada", || "many".parse::<u32>()), Ok(36)); // stored by now
    /// ```
    #[doc(alias("try_get_with_by_ref", "optionally_get_with_by_ref"))]
    #[track_caller]
    pub fn get_or_try_insert_ref<Q, E>(&self, key: &Q, load: impl FnOnce() -> Result<V, E>) -> Result<V, LoadError<E>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
        E: Send + Sync + 'static,
    {
        self.core.load_ref(key, load, Location::caller(), None)
    }

    /// As [`get_or_try_insert_async`](Self::get_or_try_insert_async), for a borrowed key, which is made ([`ToOwned`])
    /// only if there is something to load. The key that is made must be equal to it: see
    /// [`upsert_ref`](Self::upsert_ref).
    ///
    /// # Errors
    ///
    /// As [`get_or_try_insert_async`](Self::get_or_try_insert_async).
    ///
    /// # Panics
    ///
    /// As [`get_or_try_insert_async`](Self::get_or_try_insert_async).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashMap;
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { ages: HashMap<String, u32> }
    /// # async fn fetch(_: &str) -> Result<u32, std::io::Error> { Ok(36) }
    /// # use std::{pin::pin, task::{Context, Poll, Waker}};
    /// # fn block_on<F: Future>(future: F) -> F::Output {
    /// #     let mut future = pin!(future);
    /// #     loop {
    /// #         if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) { return output }
    /// #     }
    /// # }
    /// # block_on(async {
    /// let shop = Shop::new();
    /// assert_eq!(shop.ages().get_or_try_insert_async_ref("ada", || fetch("ada")).await.unwrap(), 36);
    /// # });
    /// ```
    #[track_caller]
    pub fn get_or_try_insert_async_ref<Q, E, F>(
        &self,
        key: &Q,
        load: impl FnOnce() -> F,
    ) -> impl Future<Output = Result<V, LoadError<E>>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
        E: Send + Sync + 'static,
        F: Future<Output = Result<V, E>>,
    {
        self.core.load_async_ref(key, load, Location::caller(), None, |loaded| loaded)
    }

    /// As [`get_or_load_with`](Self::get_or_load_with), for a borrowed key, which is made ([`ToOwned`]) only if there
    /// is something to load. The key that is made must be equal to it: see [`upsert_ref`](Self::upsert_ref).
    ///
    /// # Panics
    ///
    /// As [`get_or_load_with`](Self::get_or_load_with).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashMap;
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { ages: HashMap<String, u32> }
    /// let shop = Shop::new();
    /// assert_eq!(shop.ages().get_or_load_ref("ada", || 36), 36);
    /// assert_eq!(shop.ages().get_or_load_ref("ada", || unreachable!()), 36);
    /// ```
    #[doc(alias("get_with_by_ref"))]
    #[track_caller]
    pub fn get_or_load_ref<Q>(&self, key: &Q, load: impl FnOnce() -> V) -> V
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        match self.get_or_try_insert_ref(key, || Ok::<V, Infallible>(load())) {
            Ok(value) => value,
            Err(error) => recursive::<P>(&error, Location::caller()),
        }
    }

    /// As [`get_or_load_async`](Self::get_or_load_async), for a borrowed key, which is made ([`ToOwned`]) only if there
    /// is something to load. The key that is made must be equal to it: see [`upsert_ref`](Self::upsert_ref).
    ///
    /// # Panics
    ///
    /// As [`get_or_load_async`](Self::get_or_load_async).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashMap;
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { ages: HashMap<String, u32> }
    /// # use std::{pin::pin, task::{Context, Poll, Waker}};
    /// # fn block_on<F: Future>(future: F) -> F::Output {
    /// #     let mut future = pin!(future);
    /// #     loop {
    /// #         if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) { return output }
    /// #     }
    /// # }
    /// # block_on(async {
    /// let shop = Shop::new();
    /// assert_eq!(shop.ages().get_or_load_async_ref("ada", async || 36).await, 36);
    /// # });
    /// ```
    #[track_caller]
    pub fn get_or_load_async_ref<Q, F>(&self, key: &Q, load: impl FnOnce() -> F) -> impl Future<Output = V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
        F: Future<Output = V>,
    {
        let at = Location::caller();
        let load = || async { Ok::<V, Infallible>(load().await) };
        self.core
            .load_async_ref(key, load, at, None, |loaded| loaded.unwrap_or_else(|error| recursive::<P>(&error, at)))
    }
}

#[cold]
pub(super) fn recursive<P: Policy>(error: &LoadError<Infallible>, at: &Location<'_>) -> ! {
    match error {
        LoadError::Recursive => {
            panic!("`{}` is accessed at {at}, inside a loader, for a key whose load waits for that loader", P::NAME)
        }
        LoadError::Failed(never) => match **never {},
    }
}
