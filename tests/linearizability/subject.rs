//! The map under test, of any policy.

use super::{
    common::policy::{Of, Times},
    histories::{
        churn::Churned,
        map::answer,
        payload::{Name, Payload},
        register::{Answer, Number},
    },
};
use sharded::{
    ShardedMap,
    clock::System,
    evict::MakesRoom,
    lock::{Lock, Serves},
};
use std::hash::BuildHasher;

/// What is tried.
pub(crate) trait Subject: Churned + Sync {
    fn get_many(&self, keys: &[u32]) -> Vec<Answer>;
    fn insert_many(&self, entries: &[(u32, Number)]) -> Vec<Answer>;
    fn remove_many(&self, keys: &[u32]) -> Vec<Answer>;
    /// What a visit of all entries shows, key by key.
    fn walk(&self) -> Vec<(u32, Answer)>;
    /// What taking out all entries takes.
    fn drain(&self) -> Vec<(u32, Answer)>;
    fn shards(&self) -> usize;
    /// Whether it answers [`Call::Find`](super::histories::register::Call::Find).
    fn has_index(&self) -> bool {
        false
    }
}

impl<K, V, L, X, E, const SHARDS: usize, const CAPACITY: usize, const INDEXED: bool, S> Subject
    for ShardedMap<K, V, Of<L, X, E, System, SHARDS, CAPACITY, INDEXED>, S>
where
    K: Name,
    V: Payload,
    L: Lock + Serves<K, V>,
    X: Times,
    E: MakesRoom,
    S: BuildHasher + Default + Send + Sync + 'static,
    Self: Sync,
{
    fn get_many(&self, keys: &[u32]) -> Vec<Answer> {
        let keys: Vec<K> = keys.iter().map(|&key| K::of(key)).collect();
        self.get_many(&keys).iter().map(|value| answer(value.as_ref())).collect()
    }

    fn insert_many(&self, entries: &[(u32, Number)]) -> Vec<Answer> {
        let entries = entries.iter().map(|&(key, number)| (K::of(key), V::of(number)));
        let replaced = self.insert_many(entries).expect("the eviction makes room");
        replaced.iter().map(|value| answer(value.as_ref())).collect()
    }

    fn remove_many(&self, keys: &[u32]) -> Vec<Answer> {
        let keys: Vec<K> = keys.iter().map(|&key| K::of(key)).collect();
        self.remove_many(&keys).iter().map(|value| answer(value.as_ref())).collect()
    }

    fn walk(&self) -> Vec<(u32, Answer)> {
        let mut seen = Vec::new();
        self.for_each(|key, value| seen.push((key.number(), answer(Some(value)))));
        seen
    }

    fn drain(&self) -> Vec<(u32, Answer)> {
        self.drain().iter().map(|(key, value)| (key.number(), answer(Some(value)))).collect()
    }

    fn shards(&self) -> usize {
        self.shard_count()
    }
}
