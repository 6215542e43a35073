//! dashmap.

use super::System;
use dashmap::DashMap;

type Map = DashMap<u64, u64, ahash::RandomState>;

pub(crate) fn default_shards() -> Map {
    DashMap::with_hasher(ahash::RandomState::with_seeds(1, 2, 3, 4))
}

pub(crate) fn shards(shards: usize) -> Map {
    DashMap::with_hasher_and_shard_amount(ahash::RandomState::with_seeds(1, 2, 3, 4), shards)
}

impl System for Map {
    fn get(&self, key: u64) -> Option<u64> {
        DashMap::get(self, &key).map(|value| *value)
    }

    fn increment(&self, key: u64) {
        if let Some(mut value) = self.get_mut(&key) {
            *value = value.wrapping_add(1);
        }
    }

    fn insert(&self, key: u64, value: u64) {
        DashMap::insert(self, key, value);
    }

    fn remove(&self, key: u64) {
        DashMap::remove(self, &key);
    }
}
