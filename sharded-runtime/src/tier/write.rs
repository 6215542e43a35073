//! Writes of a tiered field.

use super::{
    change::Present,
    command::Command,
    error::TierError,
    map::{Near, TieredKey, TieredMap, TieredValue},
    request::Request,
    value,
};
use crate::{Policy, evict::MakesRoom, lock::Serves};
use std::{
    borrow::Borrow,
    hash::{BuildHasher, Hash},
    sync::Arc,
    time::Duration,
};

/// How many entries are encoded and sent together.
const CHUNK: usize = 256;

impl<K, V, P, S> TieredMap<K, V, P, S>
where
    K: TieredKey,
    V: TieredValue,
    P: Policy<Lock: Serves<K, Near<V>>, Eviction: MakesRoom>,
    S: BuildHasher + Default + 'static,
{
    /// Stores a value under a key, with the declared time to live. Returns once the server has it.
    ///
    /// # Errors
    ///
    /// [`TierError::Unreachable`] if there was no connection within the staleness: nothing was written.
    /// [`TierError::Unknown`] if the answer did not come: it may or may not be written. [`TierError::Refused`] if the
    /// server answered an error, such as `OOM`. [`TierError::Encode`] if the key or the value does not serialize.
    ///
    /// # Panics
    ///
    /// Inside a closure on the same or a later place: see [the order](crate::ShardedMap#order-of-nested-accesses).
    ///
    /// # Examples
    ///
    /// See [`Redis`](super::Redis).
    pub async fn insert<Q>(&self, key: &Q, value: &V) -> Result<(), TierError>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + Sync + ToOwned<Owned = K> + ?Sized,
    {
        self.put(&key.to_owned(), value, self.ttl).await
    }

    /// As [`insert`](Self::insert), with a time to live of its own, in milliseconds, rounded up. A time of zero is over
    /// at once.
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert).
    ///
    /// # Panics
    ///
    /// As [`insert`](Self::insert).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # use sharded::{sharded, tier::Redis};
    /// # use std::{collections::HashMap, time::Duration};
    /// # #[sharded]
    /// # struct Shop {
    /// #     #[shard(tier = Redis, ttl = "10m")]
    /// #     names: HashMap<u64, String>,
    /// # }
    /// # async fn example(shop: &Shop) -> Result<(), sharded::tier::TierError> {
    /// shop.names().insert_with_ttl(&7, &"ada".to_owned(), Duration::from_secs(5)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn insert_with_ttl<Q>(&self, key: &Q, value: &V, ttl: Duration) -> Result<(), TierError>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + Sync + ToOwned<Owned = K> + ?Sized,
    {
        self.put(&key.to_owned(), value, Some(ttl)).await
    }

    /// Stores a value under a key that has none. Returns whether it was stored. A value that another caller is loading
    /// counts as absent, and is not stored then.
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert).
    ///
    /// # Panics
    ///
    /// As [`insert`](Self::insert).
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
    /// # async fn example(shop: &Shop) -> Result<(), sharded::tier::TierError> {
    /// let is_new = shop.names().insert_if_absent(&7, &"ada".to_owned()).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn insert_if_absent<Q>(&self, key: &Q, value: &V) -> Result<bool, TierError>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + Sync + ToOwned<Owned = K> + ?Sized,
    {
        let key = key.to_owned();
        let name = self.name(&key)?;
        let bytes = value::write(value, P::SCHEMA)?;
        self.swap(&key, &name, &[], &bytes).await
    }

    /// Stores several values, with the declared time to live. Each server gets its entries together, 256 of all entries
    /// at a time. If a key is named twice, its last value stays.
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert). Some of the entries may be stored then, unless it is [`TierError::Unreachable`].
    ///
    /// # Panics
    ///
    /// As [`insert`](Self::insert).
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
    /// # async fn example(shop: &Shop) -> Result<(), sharded::tier::TierError> {
    /// shop.names().insert_many(&[(7, "ada".to_owned()), (8, "bob".to_owned())]).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn insert_many(&self, entries: &[(K, V)]) -> Result<(), TierError> {
        for (number, chunk) in entries.chunks(CHUNK).enumerate() {
            let mut named = Vec::with_capacity(chunk.len());
            for (key, value) in chunk {
                named.push((self.name(key)?, value::write(value, P::SCHEMA)?));
            }
            self.counts.bytes_sent.add(named.iter().map(|(_, bytes)| bytes.len()).sum());
            let set = |(name, value)| Request { name, command: Command::Set { value, ttl: self.ttl } };
            let requests: Vec<_> = named.iter().map(|(name, value)| set((name, &value[..]))).collect();
            let written = self.servers().write(&requests, self.staleness).await;
            for (key, _) in chunk {
                self.forget_written(key, &written);
            }
            written.map_err(|error| if number > 0 { error.of_some() } else { error })?;
        }
        Ok(())
    }

    /// Removes an entry. Returns whether it was there.
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert).
    ///
    /// # Panics
    ///
    /// As [`insert`](Self::insert).
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
    /// # async fn example(shop: &Shop) -> Result<(), sharded::tier::TierError> {
    /// let was_there = shop.names().remove(&7).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn remove<Q>(&self, key: &Q) -> Result<bool, TierError>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + Sync + ToOwned<Owned = K> + ?Sized,
    {
        let key = key.to_owned();
        let name = self.name(&key)?;
        self.run(&key, &name, Command::Remove).await
    }

    /// Removes an entry if its value fulfils a condition, and returns the value. The condition is asked again if
    /// another caller changes the entry meanwhile. Of all callers that ask at once, one gets the value.
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert), or [`TierError::Decode`] if what is stored is no value of this field.
    ///
    /// # Panics
    ///
    /// As [`insert`](Self::insert).
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
    /// # async fn example(shop: &Shop) -> Result<(), sharded::tier::TierError> {
    /// let removed = shop.names().remove_if(&7, |name| name == "ada").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn remove_if<Q>(
        &self,
        key: &Q,
        mut condition: impl FnMut(&V) -> bool,
    ) -> Result<Option<Arc<V>>, TierError>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + Sync + ToOwned<Owned = K> + ?Sized,
    {
        let key = key.to_owned();
        let name = self.name(&key)?;
        loop {
            let present = self.present(&key, &name).await?;
            let Some(value) = present.value.filter(|value| condition(value)) else { return Ok(None) };
            if self.swap(&key, &name, &present.bytes, &[]).await? {
                return Ok(Some(Arc::new(value)));
            }
        }
    }

    /// Changes an entry: the closure gets the value, or `None` if there is none, and returns the new one, or `None` to
    /// have none. Returns what the closure returned last.
    ///
    /// If another caller changes the entry meanwhile, the closure runs again, with the new value. So it should have no
    /// other effect. The time to live does not restart; that of a new entry is the declared one.
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert), or [`TierError::Decode`] if what is stored is no value of this field.
    ///
    /// # Panics
    ///
    /// As [`insert`](Self::insert). A panic of the closure reaches the caller and leaves the entry as it was.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # use sharded::{sharded, tier::Redis};
    /// # use std::collections::HashMap;
    /// # #[sharded]
    /// # struct Shop {
    /// #     #[shard(tier = Redis, ttl = "10m")]
    /// #     visits: HashMap<u64, u32>,
    /// # }
    /// # async fn example(shop: &Shop) -> Result<(), sharded::tier::TierError> {
    /// let visits = shop.visits().update(&7, |visits| Some(visits.unwrap_or(0) + 1)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn update<Q>(
        &self,
        key: &Q,
        mut change: impl FnMut(Option<V>) -> Option<V>,
    ) -> Result<Option<Arc<V>>, TierError>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + Sync + ToOwned<Owned = K> + ?Sized,
    {
        let key = key.to_owned();
        let name = self.name(&key)?;
        loop {
            let Present { bytes: before, value } = self.present(&key, &name).await?;
            let after = change(value);
            let bytes = after.as_ref().map_or_else(|| Ok(Vec::new()), |after| value::write(after, P::SCHEMA))?;
            let is_same = before.is_empty() && bytes.is_empty();
            if is_same || self.swap(&key, &name, &before, &bytes).await? {
                return Ok(after.map(Arc::new));
            }
        }
    }

    /// Gives the entry the whole declared time to live again, or none if the field declares none. Returns whether the
    /// entry is there.
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert).
    ///
    /// # Panics
    ///
    /// As [`insert`](Self::insert).
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
    /// # async fn example(shop: &Shop) -> Result<(), sharded::tier::TierError> {
    /// let is_there = shop.names().touch(&7).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn touch<Q>(&self, key: &Q) -> Result<bool, TierError>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + Sync + ToOwned<Owned = K> + ?Sized,
    {
        self.expire(&key.to_owned(), self.ttl).await
    }

    /// Has the entry expire after this time from now, in milliseconds, rounded up. Returns whether it is there.
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert).
    ///
    /// # Panics
    ///
    /// As [`insert`](Self::insert).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # use sharded::{sharded, tier::Redis};
    /// # use std::{collections::HashMap, time::Duration};
    /// # #[sharded]
    /// # struct Shop {
    /// #     #[shard(tier = Redis, ttl = "10m")]
    /// #     names: HashMap<u64, String>,
    /// # }
    /// # async fn example(shop: &Shop) -> Result<(), sharded::tier::TierError> {
    /// let is_there = shop.names().expire_in(&7, Duration::from_secs(5)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn expire_in<Q>(&self, key: &Q, ttl: Duration) -> Result<bool, TierError>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + Sync + ToOwned<Owned = K> + ?Sized,
    {
        self.expire(&key.to_owned(), Some(ttl)).await
    }
}
