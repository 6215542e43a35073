//! Loads of missing values: one for all callers of all processes.
//!
//! In this process the near cache has one flight per key. Its leader asks the server. If that has no value, the leader
//! stores a *lease* under the key, if there is still nothing, and then runs the loader. Leaders in other processes find
//! the lease and wait until the server tells them that the key has changed. The holder renews its lease while it
//! loads, so the lease of a process that has died is soon over. The value replaces the lease only if that is still
//! there: a write or a removal in the meantime comes first.

use super::{
    command::{Command, Ttl},
    error::{TierError, TierLoadError},
    map::{Near, TieredKey, TieredMap, TieredValue},
    read::Fetched,
    request::{Name, Replies, Reply, Request},
    servers::Servers,
    shared::tell,
    value,
};
use crate::{LoadError, Policy, evict::MakesRoom, lock::Serves};
use redis::Value;
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

/// The right to load a key, which this process has on the server, or asks for. It is given back when this is dropped,
/// unless a value has replaced it.
struct Lease {
    servers: Arc<Servers>,
    name: Name,
    bytes: Arc<[u8]>,
    staleness: Duration,
    /// The task that renews it.
    renewal: Option<AbortHandle>,
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
        let began = self.shared().now();
        let mut load = Some(load);
        loop {
            // Where an entry is, the near cache would not load.
            self.forget_invalid(&key);
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
            let mut change = pin!(self.shared().stamps.change(name.slot));
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
                        lease.renew(self.redis.lease());
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
        let command = Command::TakeLease { lease: bytes, lasts: self.redis.lease() };
        let taken = self.servers().write(&[Request { name, command }], self.staleness).await?;
        Ok(!matches!(first(&taken), Some(Value::Nil) | None))
    }

    fn lease(&self, name: &Name, bytes: &Arc<[u8]>) -> Lease {
        Lease {
            servers: Arc::clone(self.servers()),
            name: name.clone(),
            bytes: Arc::clone(bytes),
            staleness: self.staleness,
            renewal: None,
            is_over: false,
        }
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
        let (stamp, sent) = (self.shared().stamps.stamp(lease.name.slot), self.shared().now());
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
            tell!(warn, "a value that was loaded for `{}` is not stored: {error}", P::NAME);
        }
        // The server does not track the key by this, so the next call reads the value from it.
        Ok(Near { value: Arc::new(value), stamp, licence: None, sent, deadline: 0 })
    }
}

impl Lease {
    /// Has the lease renewed until it is dropped.
    fn renew(&mut self, lasts: Duration) {
        let (servers, name, bytes, staleness) =
            (Arc::clone(&self.servers), self.name.clone(), Arc::clone(&self.bytes), self.staleness);
        let renew = async move {
            loop {
                tokio::time::sleep(lasts / 3).await;
                let command = Command::RenewLease { lease: &bytes, lasts };
                // If that fails, the lease may end, and the loaded value is not stored.
                let _ = servers.write(&[Request { name: &name, command }], staleness).await;
            }
        };
        self.renewal = Some(self.servers.shared.runtime.spawn(renew).abort_handle());
    }

    /// Puts a value in the place of the lease. Returns whether the lease was still there.
    async fn replace(mut self, value: &[u8], ttl: Option<Duration>) -> Result<bool, TierError> {
        let stored = swap(&self.servers, &self.name, &self.bytes, (value, ttl), self.staleness).await;
        self.is_over = stored.is_ok();
        Ok(matches!(first(&stored?), Some(Value::Int(1))))
    }

    /// Lets others load.
    async fn give_back(mut self) {
        self.is_over = swap(&self.servers, &self.name, &self.bytes, (&[], None), self.staleness).await.is_ok();
    }
}

async fn swap(
    servers: &Servers,
    name: &Name,
    before: &[u8],
    (after, ttl): (&[u8], Option<Duration>),
    staleness: Duration,
) -> Result<Replies, TierError> {
    let command = Command::Swap { before, after, ttl: Ttl::New(ttl) };
    servers.write(&[Request { name, command }], staleness).await
}

fn first(replies: &[Reply]) -> Option<&Value> {
    replies.first().and_then(|reply| reply.values.first())
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(renewal) = &self.renewal {
            renewal.abort();
        }
        if self.is_over {
            return;
        }
        // The load has panicked, or its future was dropped.
        let (servers, name, bytes, staleness) =
            (Arc::clone(&self.servers), self.name.clone(), Arc::clone(&self.bytes), self.staleness);
        self.servers.shared.runtime.spawn(async move {
            let _ = swap(&servers, &name, &bytes, (&[], None), staleness).await;
        });
    }
}
