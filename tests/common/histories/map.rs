//! A map of any policy under the calls of a history.

use super::{
    churn::Churned,
    payload::{Name, Payload, stumble},
    register::{Answer, Call, Decision, Number, add, is_removable},
};
use crate::common::policy::{Of, Times};
use sharded::{
    Change, ShardedMap,
    clock::System,
    evict::MakesRoom,
    lock::{Lock, Serves},
};
use std::hash::BuildHasher;

/// What a value says.
pub(crate) fn answer<V: Payload>(value: Option<&V>) -> Answer {
    match value.map(V::number) {
        None => Answer::Value(None),
        Some(Some(number)) => Answer::Value(Some(number)),
        Some(None) => Answer::Wrong("a torn value"),
    }
}

/// Adds to a value in place and answers what it was before.
pub(crate) fn add_to<V: Payload>(value: &mut V, by: Number) -> Answer {
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
            Call::Put(number) => {
                self.insert(key, V::of(number));
                Answer::Done
            }
            Call::Delete => Answer::Is(self.remove(&key).is_some()),
            Call::GetMany | Call::Walk | Call::Drain => unreachable!("{call:?} is not on one key"),
        }
    }

    fn shrink(&self) {
        self.shrink_to_fit();
    }
}
