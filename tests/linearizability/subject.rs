//! A map of any policy, as something that histories are recorded on.

use super::{
    common::policy::{Of, Times},
    histories::{
        churn::Churned,
        payload::{Name, Payload, stumble},
        register::{Answer, Call, Decision, Number, add, is_removable},
    },
};
use sharded::{
    Change, ShardedMap,
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
}

const TORN: Answer = Answer::Wrong("a torn value");

fn answer<V: Payload>(value: Option<&V>) -> Answer {
    match value.map(V::number) {
        None => Answer::Value(None),
        Some(Some(number)) => Answer::Value(Some(number)),
        Some(None) => TORN,
    }
}

/// Adds to a value in place and answers what it was before.
fn add_to<V: Payload>(value: &mut V, by: Number) -> Answer {
    let before = answer(Some(&*value));
    stumble();
    if let Answer::Value(Some(number)) = before {
        value.set(add(number, by));
    }
    before
}

impl<K, V, L, X, E, const SHARDS: usize, const CAPACITY: usize, S> Churned
    for ShardedMap<K, V, Of<L, X, E, System, SHARDS, CAPACITY>, S>
where
    K: Name,
    V: Payload,
    L: Lock + Serves<K, V>,
    X: Times,
    E: MakesRoom,
    S: BuildHasher + Default + Send + Sync + 'static,
    Self: Sync,
{
    fn call(&self, key: u32, call: Call) -> Answer {
        let key = K::of(key);
        match call {
            Call::Get => answer(self.get(&key).as_ref()),
            Call::With => self.with(&key, |value| answer(Some(value))).unwrap_or(Answer::Value(None)),
            Call::Contains => Answer::Is(self.contains_key(&key)),
            Call::Insert(number) => answer(self.insert(key, V::of(number)).as_ref()),
            Call::InsertIfAbsent(number) => Answer::Is(self.insert_if_absent(key, V::of(number)).is_ok()),
            Call::GetOrInsert(number) => answer(Some(&self.get_or_insert_with(key, || {
                stumble();
                V::of(number)
            }))),
            Call::Upsert(number, by) => {
                self.upsert(key, || V::of(number), |value| add_to(value, by)).unwrap_or(Answer::Value(None))
            }
            Call::WithMut(by) => self.with_mut(&key, |value| add_to(value, by)).unwrap_or(Answer::Value(None)),
            Call::Compute(decision, number) => self.compute(key, |value| {
                let before = answer(value.as_deref());
                stumble();
                match (decision, value) {
                    (Decision::AddAndKeep, Some(value)) => Change::Keep(add_to(value, number)),
                    (Decision::Keep | Decision::AddAndKeep, _) => Change::Keep(before),
                    (Decision::Put, _) => Change::Put(V::of(number), before),
                    (Decision::Remove, _) => Change::Remove(before),
                }
            }),
            Call::Remove => answer(self.remove(&key).as_ref()),
            Call::RemoveIf => answer(self.remove_if(&key, |value| value.number().is_none_or(is_removable)).as_ref()),
            Call::GetMany | Call::Walk | Call::Drain => unreachable!("{call:?} is not on one key"),
        }
    }

    fn shrink(&self) {
        self.shrink_to_fit();
    }
}

impl<K, V, L, X, E, const SHARDS: usize, const CAPACITY: usize, S> Subject
    for ShardedMap<K, V, Of<L, X, E, System, SHARDS, CAPACITY>, S>
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
