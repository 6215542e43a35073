//! This library.

use super::System;
use sharded::{Policy, ShardedMap, clock, evict, expiry, lock, shards};

pub(crate) enum Mutex {}

impl Policy for Mutex {
    type Shards = shards::Fixed<64>;
    type Lock = lock::Mutex;
    type Expiry = expiry::Never;
    type Eviction = evict::Unbounded;
    type Clock = clock::System;
    const NAME: &'static str = "mutex";
}

pub(crate) enum RwLock {}

impl Policy for RwLock {
    type Shards = shards::Fixed<64>;
    type Lock = lock::RwLock;
    type Expiry = expiry::Never;
    type Eviction = evict::Unbounded;
    type Clock = clock::System;
    const NAME: &'static str = "rwlock";
}

pub(crate) fn mutex() -> ShardedMap<u64, u64, Mutex> {
    ShardedMap::new()
}

pub(crate) fn rwlock() -> ShardedMap<u64, u64, RwLock> {
    ShardedMap::new()
}

impl<P> System for ShardedMap<u64, u64, P>
where
    P: Policy,
    P::Lock: lock::Serves<u64, u64>,
    P::Eviction: evict::MakesRoom,
    Self: Sync,
{
    fn get(&self, key: u64) -> Option<u64> {
        ShardedMap::get(self, &key)
    }

    fn increment(&self, key: u64) {
        self.with_mut(&key, |value| *value = value.wrapping_add(1));
    }

    fn insert(&self, key: u64, value: u64) {
        ShardedMap::insert(self, key, value);
    }

    fn remove(&self, key: u64) {
        ShardedMap::remove(self, &key);
    }
}
