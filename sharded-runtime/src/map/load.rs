//! Loading what is not there, once for all who ask.

use super::sharded_map::ShardedMap;
use crate::{
    Key, LoadError, Policy, Value,
    field::flight::block_on,
    field::loading::Approach,
    lock::Serves,
    record::{Operation, Timed},
};

use std::{convert::Infallible, hash::BuildHasher, panic::Location};

impl<K, V, P, S> ShardedMap<K, V, P, S>
where
    K: Key,
    V: Value + Clone,
    P: Policy,
    P::Lock: Serves<K, V>,
    S: BuildHasher + Default + 'static,
{
    /// A copy of a key's value; if it has none, what `load` makes, which is stored. One `load` runs however many callers ask for the
    /// key, of this call and its kind ([`get_or_load_with`](Self::get_or_load_with) and the async forms). The others wait for it. A use
    /// of the entry.
    ///
    /// Both the loading and the waiting are outside of all locks: only callers that need this key wait. Where making a key costs, call
    /// [`get`](Self::get) first. A key that is there costs as much as with `get`.
    ///
    /// - **It fails:** each one who waits gets the same error; a later call tries again.
    /// - **It panics,** or is an async load that is dropped: the one who waits longest loads next, with its own loader.
    /// - **The key is put in meanwhile:** that value wins, and the callers get it, also where the load has failed.
    /// - **The key is taken out meanwhile,** by whichever call (`clear` takes out all, and `retain` and `remove_if` may not be asked, as they
    ///   would be of a value): what is loaded goes to those who wait for it, and is not stored. Later callers begin a load of their own at once,
    ///   as the one under way may have read what was before.
    /// - **It is old,** by the declared `refresh_after`: one caller loads it anew, and others get what is there and do not wait. What is loaded
    ///   replaces it and begins to live then, unless a call has put the key in, changed its value, given it a time of its own
    ///   ([`expire_in`](Self::expire_in)) or taken it out meanwhile. Where the load fails, that caller too gets what is there, as long as it has
    ///   not expired; a later call tries again.
    /// - **There is no room,** since nothing may leave or the value is heavier than the capacity: the callers get the value, and it is
    ///   evicted at once: see [the removal listener](ShardedMap#removal-listener).
    /// - **A listener loads,** or the `Drop` of a value that has left: it runs when those who wait have their answer, so it may load any key.
    ///   Inside of a loader it gets [`LoadError::Recursive`] for the key that is being loaded there.
    ///
    /// The time to live starts when the load ends. This blocks the thread; in async code await
    /// [`get_or_try_insert_async`](Self::get_or_try_insert_async).
    ///
    /// # Errors
    ///
    /// [`LoadError::Failed`] has the error of the loader. Callers whose errors are of another type than that of the one who loads load for
    /// themselves, one after the other. [`LoadError::Recursive`] says that a loader asks for what waits for it: its own key, or one whose loader
    /// asks for its own in turn, whatever the maps.
    ///
    /// # Panics
    ///
    /// Inside a closure of any map, whether or not the key is there: the load that this may have to wait for may need that shard.
    /// Or if there is no memory for one more entry.
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
    /// assert_eq!(age("many"), Ok(36)); // there by now
    /// ```
    #[track_caller]
    pub fn get_or_try_insert_with<E>(&self, key: K, load: impl FnOnce() -> Result<V, E>) -> Result<V, LoadError<E>>
    where
        E: Send + Sync + 'static,
    {
        let (hash, is_timed) = self.core.hash_timed(Operation::Load, &key);
        let load = || self.core.timed(is_timed, Timed::Miss, load);
        self.core.check_load(hash, Location::caller());
        // It is declared before the lead, so its `Drop` runs after the lead has ended.
        let mut key = Some(key);
        if let Some(value) = self.core.copy_of(hash, key.as_ref()) {
            let Some(ours) = self.core.refresh(hash, &mut key) else { return Ok(value) };
            return ours.load(load).map(|loaded| *loaded);
        }
        match block_on(self.core.approach(hash, &mut key))? {
            Approach::Value(value) => Ok(*value),
            Approach::Lead(ours) => ours.load(load).map(|loaded| *loaded),
        }
    }

    /// As [`get_or_try_insert_with`](Self::get_or_try_insert_with), for a loader that is a future. It works on any executor, and threads and
    /// tasks can wait for each other.
    ///
    /// `load` is called only when there is something to load. The future does nothing until it is polled, and may be dropped at any time; if it
    /// was loading, the one who waits longest loads next. One that is neither polled nor dropped any more holds up all who wait for it.
    ///
    /// # Errors
    ///
    /// As [`get_or_try_insert_with`](Self::get_or_try_insert_with). What counts as asked by a loader is what is polled while the
    /// loader is: not what a task that it has spawned asks for.
    ///
    /// # Panics
    ///
    /// When it is polled, as [`get_or_try_insert_with`](Self::get_or_try_insert_with).
    ///
    /// A panic in the waker's `clone` reaches whoever polls. A panic in its `wake` or `drop` goes no further, and all others who wait are told.
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
        self.core.load_async(key, load, Location::caller(), |loaded| loaded)
    }

    /// As [`get_or_try_insert_with`](Self::get_or_try_insert_with), for a loader that can't fail.
    ///
    /// [`get_or_insert_with`](Self::get_or_insert_with) is for values that are made at once: it makes them under the shard's lock.
    ///
    /// # Panics
    ///
    /// Inside a closure of any map, whether or not the key is there; or if there is no memory for one more entry; or if the loader asks for
    /// what waits for it, see [`LoadError::Recursive`].
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
        self.core.load_async(key, load, at, |loaded| loaded.unwrap_or_else(|error| recursive::<P>(&error, at)))
    }
}

#[cold]
fn recursive<P: Policy>(error: &LoadError<Infallible>, at: &Location<'_>) -> ! {
    match error {
        LoadError::Recursive => {
            panic!("`{}` is asked at {at}, inside a loader, for what waits for that loader", P::NAME)
        }
        LoadError::Failed(never) => match **never {},
    }
}
