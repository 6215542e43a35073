//! Loads of missing values: one for all callers of all processes.
//!
//! In this process the near cache has one flight per key. Its leader asks the server. If that has no value, the leader
//! stores a *lease* under the key, if there is still nothing, and then runs the loader. Leaders in other processes find
//! the lease and wait until the server tells them that the key has changed. The holder renews its lease while it
//! loads, so the lease of a process that has died is soon over. The value replaces the lease only if that is still
//! there: a write or a removal in the meantime comes first.

use super::{
    change::millis,
    error::{TierError, TierLoadError},
    link::Link,
    map::{Name, Near, TieredKey, TieredMap, TieredValue},
    read::Fetched,
    scripts::{self, RENEW, SWAP},
    stamps::{Slot, Stamp},
    value,
};
use crate::{LoadError, Policy, evict::MakesRoom, lock::Serves};
use redis::{Pipeline, Value};
use std::{
    borrow::Borrow,
    hash::{BuildHasher, Hash},
    pin::pin,
    sync::Arc,
    time::Duration,
};
use tokio::{task::AbortHandle, time::timeout};

/// Why a flight has no value.
enum Failure<E> {
    Tier(TierError),
    Loader(Arc<E>),
}

impl<E> From<TierError> for Failure<E> {
    fn from(error: TierError) -> Self {
        Failure::Tier(error)
    }
}

/// The right to load a key, which this process has on the server. It is renewed until it is dropped, and given back
/// then unless a value has replaced it.
struct Lease {
    link: Arc<Link>,
    name: Arc<[u8]>,
    slot: Slot,
    bytes: Arc<[u8]>,
    staleness: Duration,
    renewal: AbortHandle,
    is_over: bool,
}

impl<K, V, P, S> TieredMap<K, V, P, S>
where
    K: TieredKey,
    V: TieredValue,
    P: Policy<Lock: Serves<K, Near<V>>, Eviction: MakesRoom>,
    S: BuildHasher + Default + 'static,
{
    /// The value of a key, as [`get`](Self::get) finds it. If there is none, `load` computes it, and it is stored with
    /// the declared time to live. However many callers ask for the key, in however many processes, one `load` runs and
    /// the others wait for it.
    ///
    /// - **The load fails:** all callers of this process that wait get the same error. A caller of another process that
    ///   waits loads next, with its own loader.
    /// - **It panics,** or its future is dropped: the caller of this process that has waited longest loads next.
    /// - **The process dies:** another one loads when the [lease](super::RedisOptions::lease) is over.
    /// - **The key is written or removed meanwhile,** by any process: the loaded value goes to the callers of this
    ///   process that wait for it and is not stored. The same holds if the server can't be reached when the load ends.
    ///
    /// # Errors
    ///
    /// [`TierLoadError::Failed`] has the error of the loader. [`TierLoadError::Tier`] says that the server could not be
    /// asked: nothing is loaded then, since every process would do it. [`TierLoadError::Recursive`] says that a loader
    /// asked for a key that waits for it.
    ///
    /// # Panics
    ///
    /// Inside a closure of any map.
    ///
    /// # Examples
    ///
    /// See [`TieredMap`].
    pub async fn get_or_try_insert_with<Q, E, F>(
        &self,
        key: &Q,
        load: impl FnOnce() -> F,
    ) -> Result<Arc<V>, TierLoadError<E>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + Sync + ToOwned<Owned = K> + ?Sized,
        E: Send + Sync + 'static,
        F: Future<Output = Result<V, E>>,
    {
        if let Some(value) = self.near_value(key) {
            return Ok(value);
        }
        let key = key.to_owned();
        let name = self.name(&key)?;
        let began = self.link().now();
        let mut load = Some(load);
        loop {
            // Where an entry is, the near cache would not load. A removal also ends flights, so nothing is removed
            // without need.
            if self.near.with::<K, _>(&key, |near| !self.is_valid(near)) == Some(true) {
                self.near.remove_if::<K>(&key, |near| !self.is_valid(near));
            }
            let mut ours = None;
            let (kept, loader, name) = (&mut ours, &mut load, &name);
            let ask = move || {
                let load = loader.take().expect("a caller leads once, and then it returns");
                async move {
                    let near = self.ask_or_load(name, load).await?;
                    *kept = Some(Arc::clone(&near.value));
                    Ok(near)
                }
            };
            let asked = self.near.get_or_try_insert_async(key.clone(), ask).await;
            match (asked, ours) {
                // Not what the near cache has, which a slow read may have stored meanwhile.
                (Ok(_), Some(value)) => return Ok(value),
                // What came from another caller may be a valid entry, or one that was read after this call began.
                (Ok(near), None) if near.sent >= began || self.is_valid(&near) => return Ok(near.value),
                (Ok(_), None) => {}
                (Err(LoadError::Recursive), _) => return Err(TierLoadError::Recursive),
                (Err(LoadError::Failed(failure)), _) => {
                    return Err(match &*failure {
                        Failure::Tier(error) => TierLoadError::Tier(error.clone()),
                        Failure::Loader(error) => TierLoadError::Failed(Arc::clone(error)),
                    });
                }
            }
        }
    }

    /// Gets the value from the server, or loads it if nobody else does.
    async fn ask_or_load<E, F>(&self, name: &Name, load: impl FnOnce() -> F) -> Result<Near<V>, Failure<E>>
    where
        F: Future<Output = Result<V, E>>,
    {
        let bytes: Arc<[u8]> = value::new_lease().into();
        loop {
            // Before the server is asked, so that no change is missed.
            let mut change = pin!(self.link().stamps.change(name.slot));
            change.as_mut().enable();
            match self.fetch_one(name).await? {
                Fetched::Value(near) => {
                    self.counts.remote_hits.add(1);
                    return Ok(near);
                }
                Fetched::Absent => {
                    // Before it is asked for: if this future is dropped or the answer is lost, the server may have the
                    // lease, which is then given back.
                    let mut lease = self.lease(name, &bytes);
                    if self.take_lease(name, &bytes).await? {
                        self.counts.misses.add(1);
                        return self.load_under(lease, load).await;
                    }
                    lease.is_over = true;
                }
                Fetched::Leased => {
                    self.counts.lease_waits.add(1);
                    // A lease that ends by itself is noticed when it is asked for.
                    let _ = timeout(self.redis.lease() / 4, change).await;
                }
            }
        }
    }

    /// Stores the lease if there is nothing under the key.
    async fn take_lease(&self, name: &Name, bytes: &[u8]) -> Result<bool, TierError> {
        let mut commands = Pipeline::new();
        let lasts = millis(self.redis.lease()).unwrap_or(u64::MAX);
        commands.cmd("SET").arg(&name.bytes).arg(bytes).arg("NX").arg("PX").arg(lasts);
        let taken = self.link().write(&commands, &[], self.staleness).await?;
        Ok(!matches!(taken.first(), Some(Value::Nil) | None))
    }

    fn lease(&self, name: &Name, bytes: &Arc<[u8]>) -> Lease {
        let (link, lasts) = (Arc::clone(self.link()), self.redis.lease());
        let (name, slot, bytes): (Arc<[u8]>, _, _) = (name.bytes.clone().into(), name.slot, Arc::clone(bytes));
        let staleness = self.staleness;
        let renew = {
            let mut commands = Pipeline::new();
            let mut command = scripts::call(RENEW, &name);
            command.arg(&bytes[..]).arg(millis(lasts).unwrap_or(u64::MAX));
            commands.add_command(command);
            let link = Arc::clone(&link);
            async move {
                loop {
                    tokio::time::sleep(lasts / 3).await;
                    // If that fails, the lease may end, and the loaded value is not stored.
                    let _ = link.write(&commands, &[], staleness).await;
                }
            }
        };
        let renewal = tokio::spawn(renew).abort_handle();
        Lease { link, name, slot, bytes, staleness, renewal, is_over: false }
    }

    async fn load_under<E, F>(&self, lease: Lease, load: impl FnOnce() -> F) -> Result<Near<V>, Failure<E>>
    where
        F: Future<Output = Result<V, E>>,
    {
        self.counts.loads.add(1);
        let value = match load().await {
            Ok(value) => value,
            Err(error) => {
                lease.give_back().await;
                return Err(Failure::Loader(Arc::new(error)));
            }
        };
        let (slot, sent) = (lease.slot, self.link().now());
        let stored = match value::write(&value, P::SCHEMA) {
            Ok(bytes) => {
                self.counts.bytes_sent.add(bytes.len());
                lease.replace(&bytes, self.ttl).await
            }
            Err(error) => {
                lease.give_back().await;
                Err(error)
            }
        };
        if !matches!(stored, Ok(true)) {
            self.counts.loads_not_stored.add(1);
        }
        if let Err(error) = stored {
            log::warn!(target: "sharded", "a value that was loaded for `{}` is not stored: {error}", P::NAME);
        }
        // The server does not track the key by this, so the next call reads the value from it.
        Ok(Near { value: Arc::new(value), stamp: Stamp::never(slot), sent, deadline: 0 })
    }
}

impl Lease {
    /// Puts a value in the place of the lease. Returns whether the lease was still there.
    async fn replace(mut self, value: &[u8], ttl: Option<Duration>) -> Result<bool, TierError> {
        let commands = self.swap(value, ttl);
        let stored = self.link.write(&commands, &[self.slot], self.staleness).await;
        self.is_over = stored.is_ok();
        Ok(matches!(stored?.first(), Some(Value::Int(1))))
    }

    /// Lets others load.
    async fn give_back(mut self) {
        let commands = self.swap(&[], None);
        self.is_over = self.link.write(&commands, &[self.slot], self.staleness).await.is_ok();
    }

    fn swap(&self, after: &[u8], ttl: Option<Duration>) -> Pipeline {
        let mut command = scripts::call(SWAP, &self.name);
        command.arg(&self.bytes[..]);
        match ttl.map(millis) {
            // A time that is over at once.
            Some(Some(0)) => command.arg("").arg("none"),
            Some(Some(millis)) => command.arg(after).arg(millis),
            Some(None) | None => command.arg(after).arg("none"),
        };
        let mut commands = Pipeline::new();
        commands.add_command(command);
        commands
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.renewal.abort();
        if self.is_over {
            return;
        }
        // The load has panicked, or its future was dropped. Without a runtime the lease ends by itself.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let (commands, link, slot, staleness) =
                (self.swap(&[], None), Arc::clone(&self.link), self.slot, self.staleness);
            runtime.spawn(async move {
                let _ = link.write(&commands, &[slot], staleness).await;
            });
        }
    }
}
