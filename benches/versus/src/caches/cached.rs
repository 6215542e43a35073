//! cached's sharded LRU caches: with a time to live, without one, and with deadlines in the values.

use super::{Cache, Expiring, LONG};
use crate::{entries::Entry, systems::Hasher};
use cached::{Expires, ShardedExpiringLruCache, ShardedLruCache, ShardedLruTtlCache};
use std::time::Instant;

type Map<E> = ShardedLruTtlCache<<E as Entry>::Key, <E as Entry>::Value, Hasher>;

pub(super) fn with_ttl<E: Entry>(capacity: usize) -> Map<E> {
    let builder = ShardedLruTtlCache::builder().max_size(capacity).ttl(LONG).hasher(Hasher::default());
    builder.build().expect("a capacity and a time")
}

impl<E: Entry> Cache<E> for Map<E> {
    fn get_or_insert(&self, key: &E::Query, value: E::Value) -> bool {
        let hit = self.get(key).is_some();
        if !hit {
            self.set(key.to_owned(), value);
        }
        hit
    }
}

type Lasting<E> = ShardedLruCache<<E as Entry>::Key, <E as Entry>::Value, Hasher>;

pub(super) fn without_ttl<E: Entry>(capacity: usize) -> Lasting<E> {
    let builder = ShardedLruCache::builder().max_size(capacity).hasher(Hasher::default());
    builder.build().expect("a capacity")
}

impl<E: Entry> Cache<E> for Lasting<E> {
    fn get_or_insert(&self, key: &E::Query, value: E::Value) -> bool {
        let hit = self.get(key).is_some();
        if !hit {
            self.set(key.to_owned(), value);
        }
        hit
    }
}

#[derive(Clone)]
struct Until(Instant);

impl Expires for Until {
    fn is_expired(&self) -> bool {
        self.0 <= Instant::now()
    }
}

pub(super) struct Deadlines(ShardedExpiringLruCache<u64, Until, Hasher>);

pub(super) fn with_deadlines(capacity: usize) -> Deadlines {
    let builder = ShardedExpiringLruCache::builder().max_size(capacity).hasher(Hasher::default());
    Deadlines(builder.build().expect("a capacity"))
}

impl Expiring for Deadlines {
    fn put(&self, key: u64, until: Instant) {
        self.0.set(key, Until(until));
    }

    fn get(&self, key: u64) -> bool {
        self.0.get(&key).is_some()
    }

    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn upkeep(&self) {
        let _gone = self.0.evict();
    }
}
