//! Reads of a tiered field.

use super::{
    command::Command,
    error::TierError,
    map::{Near, TieredKey, TieredMap, TieredValue},
    node::as_error,
    request::{Name, Reply, Request},
    value::{self, Stored},
};
use crate::{Policy, evict::MakesRoom, lock::Serves};
use redis::Value;
use smallvec::SmallVec;
use std::{
    borrow::Borrow,
    hash::{BuildHasher, Hash},
    sync::Arc,
    time::Duration,
};
use tokio::time::Instant;

/// What the server has under a key.
pub(super) enum Fetched<V> {
    Value(Near<V>),
    Absent,
    /// Somebody loads the value.
    Leased,
}

impl<K, V, P, S> TieredMap<K, V, P, S>
where
    K: TieredKey,
    V: TieredValue,
    P: Policy<Lock: Serves<K, Near<V>>, Eviction: MakesRoom>,
    S: BuildHasher + Default + 'static,
{
    /// The value of a key: from the near cache if it has it, and else from the server.
    ///
    /// It is what the server had at some moment within the last [`staleness`](Self::staleness), and no older than what
    /// this process wrote.
    ///
    /// # Errors
    ///
    /// [`TierError::Unreachable`] if the server did not answer within the staleness, [`TierError::Decode`] if what it
    /// has is no value of this field, [`TierError::Refused`] if it answered an error.
    ///
    /// # Panics
    ///
    /// Inside a closure on the same or a later place: see [the order](crate::ShardedMap#order-of-nested-accesses).
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
    /// if let Some(name) = shop.names().get(&7).await? {
    ///     println!("{name}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn get<Q>(&self, key: &Q) -> Result<Option<Arc<V>>, TierError>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + Sync + ToOwned<Owned = K> + ?Sized,
    {
        match self.near_value(key) {
            Some(value) => Ok(Some(value)),
            None => self.read_through(key.to_owned()).await,
        }
    }

    /// Lends the value of a key to a closure, as [`get`](Self::get) finds it.
    ///
    /// The closure may run under the lock of a shard of the near cache, so it must be short.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    ///
    /// # Panics
    ///
    /// As [`get`](Self::get). A panic of the closure reaches the caller.
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
    /// let length = shop.names().with(&7, |name| name.len()).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn with<Q, R>(&self, key: &Q, read: impl FnOnce(&V) -> R) -> Result<Option<R>, TierError>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + Sync + ToOwned<Owned = K> + ?Sized,
    {
        let mut read = Some(read);
        if let Some(result) = self.near_hit(key, |value| read.take().map(|read| read(value))) {
            return Ok(result);
        }
        let value = self.read_through(key.to_owned()).await?;
        Ok(value.and_then(|value| read.take().map(|read| read(&value))))
    }

    /// The values of several keys, in their order. Each server is asked once, for all of its keys that the near cache
    /// does not have.
    ///
    /// The values need not be of one moment, but each is at most [`staleness`](Self::staleness) old when the call
    /// returns.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), for the first key that fails.
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
    /// # #[sharded]
    /// # struct Shop {
    /// #     #[shard(tier = Redis, ttl = "10m")]
    /// #     names: HashMap<u64, String>,
    /// # }
    /// # async fn example(shop: &Shop) -> Result<(), sharded::tier::TierError> {
    /// let names = shop.names().get_many(&[7, 8]).await?;
    /// assert_eq!(names.len(), 2);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn get_many(&self, keys: &[K]) -> Result<Vec<Option<Arc<V>>>, TierError> {
        let mut values: Vec<Option<Arc<V>>> = vec![None; keys.len()];
        let mut is_asked = vec![false; keys.len()];
        let began = Instant::now();
        loop {
            // After each answer all over again, since what the near cache had before it may be too old by now.
            let mut missing = Vec::new();
            for (at, key) in keys.iter().enumerate().filter(|(at, _)| !is_asked[*at]) {
                values[at] = self.find(key, Arc::clone);
                if values[at].is_none() {
                    missing.push(at);
                }
            }
            if missing.is_empty() {
                let near_hits = is_asked.iter().filter(|is_asked| !**is_asked).count();
                self.counts.near_hits.add(near_hits as u64);
                return Ok(values);
            }
            let names = missing.iter().map(|at| self.name(&keys[*at])).collect::<Result<Vec<_>, _>>()?;
            for (at, fetched) in missing.into_iter().zip(self.fetch(&names, began).await?) {
                values[at] = self.take_in(&keys[at], fetched?);
                is_asked[at] = true;
            }
        }
    }

    /// How long the server keeps the entry if it is not written meanwhile, or `None` if it is not there.
    /// `Duration::MAX` is for ever. In milliseconds, always asked from the server.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
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
    /// if let Some(left) = shop.names().ttl_of(&7).await? {
    ///     assert!(left <= Duration::from_mins(10));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn ttl_of<Q>(&self, key: &Q) -> Result<Option<Duration>, TierError>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + Sync + ToOwned<Owned = K> + ?Sized,
    {
        let name = self.name(&key.to_owned())?;
        let reply = self.ask(&name, Command::Left).await?;
        let [head, left] = &reply.values[..] else { return Err(unexpected()) };
        let is_absent = bytes(P::SCHEMA, &name, head)?.is_none_or(|head| head.is_empty() || head == value::LEASE_HEAD);
        Ok(match left {
            _ if is_absent => None,
            Value::Int(-1) => Some(Duration::MAX),
            Value::Int(left) => u64::try_from(*left).ok().map(Duration::from_millis),
            _ => return Err(unexpected()),
        })
    }

    /// A valid value of the near cache.
    #[inline]
    pub(super) fn near_value<Q>(&self, key: &Q) -> Option<Arc<V>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.near_hit(key, Arc::clone)
    }

    /// Lends a valid value of the near cache, and counts that.
    #[inline]
    fn near_hit<Q, R>(&self, key: &Q, read: impl FnOnce(&Arc<V>) -> R) -> Option<R>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let found = self.find(key, read)?;
        self.counts.near_hits.add(1);
        Some(found)
    }

    /// Lends a valid value of the near cache.
    #[inline]
    fn find<Q, R>(&self, key: &Q, read: impl FnOnce(&Arc<V>) -> R) -> Option<R>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.near.with(key, |near| self.is_valid(near).then(|| read(&near.value))).flatten()
    }

    /// Asks the server, and keeps the answer.
    pub(super) async fn read_through(&self, key: K) -> Result<Option<Arc<V>>, TierError> {
        let name = self.name(&key)?;
        let fetched = self.fetch_one(&name).await?;
        Ok(self.take_in(&key, fetched))
    }

    /// Counts what the server answered, and keeps it while it is valid.
    pub(super) fn take_in(&self, key: &K, fetched: Fetched<V>) -> Option<Arc<V>> {
        let Fetched::Value(near) = fetched else {
            self.counts.misses.add(1);
            self.forget_invalid(key);
            return None;
        };
        self.counts.remote_hits.add(1);
        let value = Arc::clone(&near.value);
        if near.licence.is_some() && self.shared().stamps.is_current(near.stamp) {
            self.near.insert(key.clone(), near);
        } else {
            // It is older than what the caller gets.
            self.forget_invalid(key);
        }
        Some(value)
    }

    /// Drops what the near cache has of a key if that is not valid, once something newer is known. A removal also ends
    /// loads that are under way, so nothing is removed without need.
    pub(super) fn forget_invalid(&self, key: &K) {
        if self.near.with(key, |near| !self.is_valid(near)) == Some(true) {
            self.near.remove_if(key, |near| !self.is_valid(near));
        }
    }

    /// Asks for one key, of which the near cache knows nothing.
    pub(super) async fn ask(&self, name: &Name, command: Command<'_>) -> Result<Reply, TierError> {
        let replies = self.servers().read(&[Request { name, command }], Instant::now(), self.staleness).await?;
        replies.into_iter().next().ok_or_else(unexpected)
    }

    /// What the server has under one key.
    pub(super) async fn fetch_one(&self, name: &Name) -> Result<Fetched<V>, TierError> {
        let fetched = self.fetch(std::slice::from_ref(name), Instant::now()).await?;
        fetched.into_iter().next().unwrap_or_else(|| Err(unexpected()))
    }

    /// What the servers have under each of these keys, if they answer in time. From then on they tell of changes.
    async fn fetch(
        &self,
        names: &[Name],
        began: Instant,
    ) -> Result<SmallVec<[Result<Fetched<V>, TierError>; 1]>, TierError> {
        let requests: SmallVec<[_; 1]> = names.iter().map(|name| Request { name, command: Command::Fetch }).collect();
        let mut replies = self.servers().read(&requests, began, self.staleness).await?;
        if names.len() > 1 {
            // There was something, and no value: it is of another type, or it has expired meanwhile.
            let is_unclear = |at: &usize| matches!(replies[*at].values[..], [Value::Int(-1..), Value::Nil]);
            let unclear: Vec<usize> = (0..names.len()).filter(is_unclear).collect();
            let again = |at: &usize| Request { name: &names[*at], command: Command::FetchAlone };
            let again: Vec<_> = unclear.iter().map(again).collect();
            let alone = self.servers().read(&again, began, self.staleness).await?;
            unclear.into_iter().zip(alone).for_each(|(at, reply)| replies[at] = reply);
        }
        Ok(names.iter().zip(replies).map(|(name, reply)| self.understand(name, reply)).collect())
    }

    fn understand(&self, name: &Name, reply: Reply) -> Result<Fetched<V>, TierError> {
        let Reply { values, stamp, licence, sent } = reply;
        let [left, stored] = &values[..] else { return Err(unexpected()) };
        let Some(bytes) = bytes(P::SCHEMA, name, stored)? else { return Ok(Fetched::Absent) };
        self.counts.bytes_received.add(bytes.len());
        let Stored::Value(value) = value::read(&name.bytes, bytes, P::SCHEMA)? else { return Ok(Fetched::Leased) };
        let (licence, deadline) = match left {
            Value::Int(-1) => (licence, u64::MAX),
            // It was stored between the two commands.
            Value::Int(..-1) => (None, sent),
            // The server counted from a moment after the sending.
            Value::Int(left) => (licence, sent.saturating_add(left.unsigned_abs().saturating_mul(1_000_000))),
            other => match as_error(other) {
                Some(error) => return Err(TierError::refused(error)),
                None => return Err(unexpected()),
            },
        };
        Ok(Fetched::Value(Near { value: Arc::new(value), stamp, licence, sent, deadline }))
    }
}

/// The bytes in a reply to a read of a key, or `None` if it is not there.
pub(super) fn bytes<'a>(schema: u32, name: &Name, reply: &'a Value) -> Result<Option<&'a [u8]>, TierError> {
    match reply {
        Value::Nil => Ok(None),
        Value::BulkString(bytes) => Ok(Some(bytes)),
        Value::SimpleString(text) => Ok(Some(text.as_bytes())),
        Value::ServerError(error) if error.code() == "WRONGTYPE" => Err(value::wrong_type(&name.bytes, schema)),
        Value::ServerError(error) => Err(TierError::refused(error)),
        _ => Err(unexpected()),
    }
}

/// For a reply that the command can't have.
pub(super) fn unexpected() -> TierError {
    TierError::Refused { code: "PROTOCOL".to_owned(), message: "the server gave an answer of another form".to_owned() }
}
