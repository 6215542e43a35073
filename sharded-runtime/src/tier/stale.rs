//! Values that are served while a server is away: `stale = …`.

use super::{
    error::TierError,
    map::{Near, TieredKey, TieredMap, TieredValue},
};
use crate::{Policy, evict::MakesRoom, lock::Serves};
use std::{
    borrow::Borrow,
    hash::{BuildHasher, Hash},
    sync::Arc,
    time::Duration,
};

/// A policy of a tiered field that serves stale values while a server is away: `stale = "5m"`.
///
/// # Examples
///
/// See [`TieredMap::get_or_stale`].
#[diagnostic::on_unimplemented(
    message = "the field of `{Self}` serves no stale values",
    label = "it has no `stale`",
    note = "add `stale = \"5m\"` to its `#[shard(…)]`, or use `get`, which fails while the server is away"
)]
pub trait ServesStale: Policy {
    /// How old a value may be that is served while the server is away.
    const STALE: Duration;
}

/// A value of which the reader is told whether it may be too old.
///
/// # Examples
///
/// See [`TieredMap::get_or_stale`].
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MaybeStale<V> {
    /// As [`get`](TieredMap::get) returns it.
    Fresh(Arc<V>),
    /// The server is away, and had this the last time that it was heard of.
    Stale {
        /// The value.
        value: Arc<V>,
        /// How long ago the server had it for certain.
        age: Duration,
    },
}

impl<V> MaybeStale<V> {
    /// The value, stale or not.
    ///
    /// # Examples
    ///
    /// See [`TieredMap::get_or_stale`].
    #[must_use]
    pub fn value(&self) -> &Arc<V> {
        match self {
            MaybeStale::Fresh(value) | MaybeStale::Stale { value, .. } => value,
        }
    }

    /// How long ago the server had the value for certain, if that is longer than the staleness.
    ///
    /// # Examples
    ///
    /// See [`TieredMap::get_or_stale`].
    #[must_use]
    pub fn age(&self) -> Option<Duration> {
        match self {
            MaybeStale::Fresh(_) => None,
            MaybeStale::Stale { age, .. } => Some(*age),
        }
    }
}

impl<V> Clone for MaybeStale<V> {
    fn clone(&self) -> Self {
        match self {
            MaybeStale::Fresh(value) => MaybeStale::Fresh(Arc::clone(value)),
            MaybeStale::Stale { value, age } => MaybeStale::Stale { value: Arc::clone(value), age: *age },
        }
    }
}

impl<K, V, P, S> TieredMap<K, V, P, S>
where
    K: TieredKey,
    V: TieredValue,
    P: Policy<Lock: Serves<K, Near<V>>, Eviction: MakesRoom>,
    S: BuildHasher + Default + 'static,
{
    /// The value of a key, as [`get`](Self::get) returns it. While its server is away, what the near cache has, marked,
    /// if the server had it within the last `stale`. The field declares that: `stale = "5m"`.
    ///
    /// What is not served: a value of which the server has said that it has changed, one that has expired by its time
    /// to live, one that this process has written, also without an answer, and one that the near cache has evicted.
    /// Once a connection is lost, a call that finds a stale value does not wait for the next one.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get): [`TierError::Unreachable`] if the near cache has no such value.
    ///
    /// # Panics
    ///
    /// As [`get`](Self::get).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # use sharded::{sharded, tier::Redis};
    /// # use std::collections::HashMap;
    /// #[sharded]
    /// struct Shop {
    ///     #[shard(tier = Redis, ttl = "10m", stale = "5m")]
    ///     names: HashMap<u64, String>,
    /// }
    ///
    /// # async fn example(shop: &Shop) -> Result<(), sharded::tier::TierError> {
    /// if let Some(name) = shop.names().get_or_stale(&7).await? {
    ///     match name.age() {
    ///         None => println!("{}", name.value()),
    ///         Some(age) => println!("{}, as of {age:?} ago", name.value()),
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn get_or_stale<Q>(&self, key: &Q) -> Result<Option<MaybeStale<V>>, TierError>
    where
        P: ServesStale,
        K: Borrow<Q>,
        Q: Hash + Eq + Sync + ToOwned<Owned = K> + ?Sized,
    {
        if let Some(value) = self.near_value(key) {
            return Ok(Some(MaybeStale::Fresh(value)));
        }
        let key = key.to_owned();
        if !self.is_heard(&key)?
            && let Some(stale) = self.stale_value(&key, P::STALE)
        {
            return Ok(Some(stale));
        }
        match self.read_through(key.clone()).await {
            Ok(value) => Ok(value.map(MaybeStale::Fresh)),
            Err(error @ TierError::Unreachable { .. }) => self.stale_value(&key, P::STALE).map(Some).ok_or(error),
            Err(error) => Err(error),
        }
    }

    /// Whether the server of a key is connected and was heard of within the staleness.
    fn is_heard(&self, key: &K) -> Result<bool, TierError> {
        let (name, route) = (self.name(key)?, self.servers().route());
        let Some(node) = route.node_of(&name.bytes) else { return Ok(false) };
        let silent = self.shared().now().saturating_sub(node.heard());
        Ok(node.is_connected() && silent <= self.staleness_nanos())
    }

    fn stale_value(&self, key: &K, oldest: Duration) -> Option<MaybeStale<V>> {
        let found = self.near.with(key, |near| {
            let licence = near.licence.as_ref()?;
            let (known, now) = (licence.heard().max(near.sent), self.shared().now());
            let age = Duration::from_nanos(now.saturating_sub(known));
            let is_known_to_be_gone =
                licence.is_revoked() || !self.shared().stamps.is_current(near.stamp) || now >= near.deadline;
            let serves = !is_known_to_be_gone && age <= oldest;
            serves.then(|| MaybeStale::Stale { value: Arc::clone(&near.value), age })
        });
        let found = found.flatten()?;
        self.counts.stale_hits.add(1);
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::MaybeStale;
    use std::{sync::Arc, time::Duration};

    #[test]
    fn a_stale_value_says_its_age() {
        let (fresh, age) = (MaybeStale::Fresh(Arc::new(1)), Duration::from_secs(2));
        let stale = MaybeStale::Stale { value: Arc::new(1), age };
        assert_eq!((fresh.value(), fresh.age()), (stale.value(), None));
        assert_eq!((stale.age(), stale.clone()), (Some(age), stale));
    }
}
