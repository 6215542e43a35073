//! All entries of a tiered field.

use super::{
    address::Address,
    command::Command,
    error::TierError,
    key,
    map::{Near, TieredKey, TieredMap, TieredValue},
    node::as_error,
    read::{bytes, unexpected},
    request::{Name, Replies, Request},
    value::{self, Stored},
};
use crate::{Policy, evict::MakesRoom, lock::Serves};
use redis::{Pipeline, Value};
use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    sync::Arc,
};
use tokio::time::Instant;

/// A visit of all entries that the server has of a field: see [`TieredMap::scan`].
///
/// # Examples
///
/// See [`TieredMap::scan`].
pub struct Scan<'a, K, V, P: Policy, S = RandomState> {
    map: &'a TieredMap<K, V, P, S>,
    pattern: Vec<u8>,
    /// The servers that have shown everything.
    done: Vec<Address>,
    /// The server that is asked, and where it goes on.
    cursor: Option<(Address, u64)>,
}

impl<K, V, P, S> TieredMap<K, V, P, S>
where
    K: TieredKey,
    V: TieredValue,
    P: Policy<Lock: Serves<K, Near<V>>, Eviction: MakesRoom>,
    S: BuildHasher + Default + 'static,
{
    /// Visits all entries that the servers have of this field, a page at a time.
    ///
    /// An entry that stays throughout is on at least one page; it may be on several. An entry that is inserted or
    /// removed meanwhile may be on none, as may one that moves to another node of a cluster. The near cache is not
    /// used. The servers go through all of their keys, those of other fields too: O(their keys).
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
    /// let mut scan = shop.names().scan();
    /// while let Some(page) = scan.next_page().await? {
    ///     for (id, name) in page {
    ///         println!("{id}: {name}");
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn scan(&self) -> Scan<'_, K, V, P, S> {
        let mut pattern = Vec::with_capacity(self.prefix.len() + 1);
        for byte in &self.prefix {
            if b"*?[]\\^".contains(byte) {
                pattern.push(b'\\');
            }
            pattern.push(*byte);
        }
        pattern.push(b'*');
        Scan { map: self, pattern, done: Vec::new(), cursor: None }
    }
}

impl<K, V, P, S> Scan<'_, K, V, P, S>
where
    K: TieredKey,
    V: TieredValue,
    P: Policy<Lock: Serves<K, Near<V>>, Eviction: MakesRoom>,
    S: BuildHasher + Default + 'static,
{
    /// The next entries, some hundreds at most and perhaps none, or `None` when all have been shown.
    ///
    /// # Errors
    ///
    /// [`TierError::Unreachable`] and [`TierError::Refused`]: a further call tries the same page again.
    /// [`TierError::Decode`] if something on the page is no entry of this field: a further call goes on with the next
    /// page.
    ///
    /// # Examples
    ///
    /// See [`TieredMap::scan`].
    pub async fn next_page(&mut self) -> Result<Option<Vec<(K, Arc<V>)>>, TierError> {
        let Some((address, cursor)) = self.place() else { return Ok(None) };
        let (next, names) = self.names(&address, cursor).await?;
        let values = self.values(&names).await?;
        self.cursor = match next {
            0 => {
                self.done.push(address);
                None
            }
            next => Some((address, next)),
        };
        let mut page = Vec::with_capacity(names.len());
        for (name, reply) in names.iter().zip(&values) {
            let stored = reply.values.first().ok_or_else(unexpected)?;
            let Some(bytes) = bytes(P::SCHEMA, name, stored)? else { continue };
            self.map.counts.bytes_received.add(bytes.len());
            let Stored::Value(value) = value::read(&name.bytes, bytes, P::SCHEMA)? else { continue };
            let key = self.key(name)?;
            // It may be older than what the caller sees now, and could be served while the server is away.
            self.map.forget_invalid(&key);
            page.push((key, Arc::new(value)));
        }
        Ok(Some(page))
    }

    fn key(&self, name: &Name) -> Result<K, TierError> {
        key::read(&name.bytes[self.map.prefix.len()..]).map_err(|source| TierError::Decode {
            key: key::shown(&name.bytes),
            found: None,
            expected: P::SCHEMA,
            source: Arc::new(source),
        })
    }

    /// Where the next page is. A server that has lost its keys to others meanwhile is left out.
    fn place(&mut self) -> Option<(Address, u64)> {
        let route = self.map.servers().route();
        let here = self.cursor.take().filter(|(address, _)| route.find(address).is_some());
        let fresh = || route.nodes().iter().find(|node| !self.done.contains(&node.address));
        self.cursor = here.or_else(|| fresh().map(|node| (node.address.clone(), 0)));
        self.cursor.clone()
    }

    /// Some names that a server has, and where it goes on.
    async fn names(&self, address: &Address, cursor: u64) -> Result<(u64, Vec<Name>), TierError> {
        let mut commands = Pipeline::new();
        commands.cmd("SCAN").arg(cursor).arg("MATCH").arg(&self.pattern).arg("COUNT").arg(256);
        let reply = self.map.servers().ask_at(address, &commands, self.map.staleness).await?;
        let (next, names) = match reply.first() {
            Some(Value::Array(parts)) => match &parts[..] {
                [Value::BulkString(next), Value::Array(names)] => (next, names),
                _ => return Err(unexpected()),
            },
            Some(other) => return Err(as_error(other).map_or_else(unexpected, TierError::refused)),
            None => return Err(unexpected()),
        };
        let next = str::from_utf8(next).ok().and_then(|next| next.parse().ok()).ok_or_else(unexpected)?;
        let names = names.iter().filter_map(|name| match name {
            Value::BulkString(bytes) if bytes.starts_with(&self.map.prefix) => {
                Some(Name { slot: self.map.shared().stamps.slot(bytes), bytes: bytes.clone() })
            }
            _ => None,
        });
        Ok((next, names.collect()))
    }

    async fn values(&self, names: &[Name]) -> Result<Replies, TierError> {
        let requests: Vec<_> = names.iter().map(|name| Request { name, command: Command::Get }).collect();
        self.map.servers().read(&requests, Instant::now(), self.map.staleness).await
    }
}

impl<K, V, P: Policy, S> fmt::Debug for Scan<'_, K, V, P, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scan").field("map", self.map).field("done", &self.done).finish_non_exhaustive()
    }
}
