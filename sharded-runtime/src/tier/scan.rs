//! All entries of a tiered field.

use super::{
    error::TierError,
    key,
    link::as_error,
    map::{Name, Near, TieredKey, TieredMap, TieredValue},
    read::{bytes, unexpected},
    value::{self, Stored},
};
use crate::{Policy, evict::MakesRoom, lock::Serves};
use redis::{Pipeline, Value};
use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    sync::Arc,
};

/// A visit of all entries that the server has of a field: see [`TieredMap::scan`].
///
/// # Examples
///
/// See [`TieredMap::scan`].
pub struct Scan<'a, K, V, P: Policy, S = RandomState> {
    map: &'a TieredMap<K, V, P, S>,
    pattern: Vec<u8>,
    /// `None` once the server has shown everything.
    cursor: Option<u64>,
}

impl<K, V, P, S> TieredMap<K, V, P, S>
where
    K: TieredKey,
    V: TieredValue,
    P: Policy<Lock: Serves<K, Near<V>>, Eviction: MakesRoom>,
    S: BuildHasher + Default + 'static,
{
    /// Visits all entries that the server has of this field, a page at a time.
    ///
    /// An entry that stays throughout is on at least one page; it may be on several. An entry that is inserted or
    /// removed meanwhile may be on none. The near cache is not used. The server goes through all of its keys, those of
    /// other fields too: O(its keys).
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
        Scan { map: self, pattern, cursor: Some(0) }
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
        let Some(cursor) = self.cursor else { return Ok(None) };
        let (next, names) = self.names(cursor).await?;
        let values = self.values(&names).await?;
        self.cursor = Some(next).filter(|next| *next != 0);
        let mut page = Vec::with_capacity(names.len());
        for (name, stored) in names.iter().zip(&values) {
            let Some(bytes) = bytes(P::SCHEMA, name, stored)? else { continue };
            self.map.counts.bytes_received.add(bytes.len());
            let Stored::Value(value) = value::read(&name.bytes, bytes, P::SCHEMA)? else { continue };
            page.push((self.key(name)?, Arc::new(value)));
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

    /// Some names, and where to go on.
    async fn names(&self, cursor: u64) -> Result<(u64, Vec<Name>), TierError> {
        let mut commands = Pipeline::new();
        commands.cmd("SCAN").arg(cursor).arg("MATCH").arg(&self.pattern).arg("COUNT").arg(256);
        let reply = self.map.link().read(&commands, &[], self.map.staleness).await?;
        let (next, names) = match reply.values.first() {
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
                Some(Name { slot: self.map.link().stamps.slot(bytes), bytes: bytes.clone() })
            }
            _ => None,
        });
        Ok((next, names.collect()))
    }

    async fn values(&self, names: &[Name]) -> Result<Vec<Value>, TierError> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let mut commands = Pipeline::with_capacity(names.len());
        for name in names {
            commands.cmd("GET").arg(&name.bytes);
        }
        Ok(self.map.link().read(&commands, &[], self.map.staleness).await?.values)
    }
}

impl<K, V, P: Policy, S> fmt::Debug for Scan<'_, K, V, P, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scan").field("map", self.map).field("cursor", &self.cursor).finish_non_exhaustive()
    }
}
