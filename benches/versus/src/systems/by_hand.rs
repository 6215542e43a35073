//! What a careful engineer writes: padded locks around hashbrown tables, the hash computed once.

use super::System;
use hashbrown::{HashTable, hash_table::Entry};
use parking_lot::RwLock;

pub(crate) struct ByHand {
    hasher: ahash::RandomState,
    shards: Vec<Padded>,
}

#[repr(align(128))]
struct Padded(RwLock<HashTable<(u64, u64)>>);

impl ByHand {
    pub(crate) fn new() -> Self {
        let shards = (0..64).map(|_| Padded(RwLock::default())).collect();
        ByHand { hasher: ahash::RandomState::with_seeds(1, 2, 3, 4), shards }
    }

    fn find(&self, key: u64) -> (u64, &RwLock<HashTable<(u64, u64)>>) {
        let hash = self.hasher.hash_one(key);
        // Below the seven bits that hashbrown takes for its tags.
        (hash, &self.shards[usize::try_from(hash << 7 >> 58).unwrap_or(0)].0)
    }
}

impl System for ByHand {
    fn get(&self, key: u64) -> Option<u64> {
        let (hash, shard) = self.find(key);
        shard.read().find(hash, |entry| entry.0 == key).map(|entry| entry.1)
    }

    fn increment(&self, key: u64) {
        let (hash, shard) = self.find(key);
        if let Some(entry) = shard.write().find_mut(hash, |entry| entry.0 == key) {
            entry.1 = entry.1.wrapping_add(1);
        }
    }

    fn insert(&self, key: u64, value: u64) {
        let (hash, shard) = self.find(key);
        match shard.write().entry(hash, |entry| entry.0 == key, |entry| self.hasher.hash_one(entry.0)) {
            Entry::Occupied(mut entry) => entry.get_mut().1 = value,
            Entry::Vacant(entry) => drop(entry.insert((key, value))),
        }
    }

    fn remove(&self, key: u64) {
        let (hash, shard) = self.find(key);
        if let Ok(entry) = shard.write().find_entry(hash, |entry| entry.0 == key) {
            entry.remove();
        }
    }
}
