//! A map of any policy under the calls of a history.

use super::{
    churn::Churned,
    payload::{Name, Payload, stumble},
    register::{Answer, Call, Decision, Number, add, is_removable},
};
use crate::common::policy::{Of, Times};
use sharded::{
    Change, Policy, ShardedMap, TransactionError,
    clock::System,
    evict::MakesRoom,
    lock::{Lock, Serves},
    observe,
    rows::RowMut,
    transaction,
};
use std::{cell::Cell, convert::Infallible, hash::BuildHasher};

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

thread_local! {
    static CALLS: Cell<u64> = const { Cell::new(0) };
}

/// Whether this call of the thread is made by a transaction or a read of one row: every third one is.
fn is_by_row() -> bool {
    CALLS.set(CALLS.get() + 1);
    CALLS.get().is_multiple_of(3)
}

/// Makes a call of one key by a row.
fn by_row<K, V, P, S>(map: &ShardedMap<K, V, P, S>, key: &K, call: Call) -> Answer
where
    K: Name,
    V: Payload,
    P: Policy<Lock: Serves<K, V>>,
    S: BuildHasher + Default + 'static,
{
    let row = map.row(key);
    if matches!(call, Call::Get | Call::With) {
        return observe(row, |row| {
            stumble();
            answer(row.get())
        });
    }
    match transaction(row, |row| Ok::<_, Infallible>(call_row(row, call))) {
        Ok(answer) => answer,
        Err(TransactionError::Failed(never)) => match never {},
        Err(TransactionError::Refused { .. }) => unreachable!("the eviction makes room"),
        Err(TransactionError::Taken { .. }) => unreachable!("no two entries have one index key"),
    }
}

/// Makes a call of the key of a row.
pub(crate) fn call_row<Q: ?Sized, V: Payload, P: Policy>(row: &mut RowMut<'_, Q, V, P>, call: Call) -> Answer {
    match call {
        Call::Get | Call::With => answer(row.get()),
        Call::Contains => Answer::Is(row.get().is_some()),
        Call::Insert(number) => {
            let before = answer(row.get());
            row.insert(V::of(number));
            before
        }
        Call::Put(number) => {
            row.insert(V::of(number));
            Answer::Done
        }
        Call::WithMut(by) => row.update(|value| add_to(value, by)).unwrap_or(Answer::Value(None)),
        Call::GetOrInsert(number) => answer(Some(row.or_insert_with(|| {
            stumble();
            V::of(number)
        }))),
        Call::Remove => {
            let before = answer(row.get());
            let is_there = before != Answer::Value(None);
            if row.remove() == is_there { before } else { Answer::Wrong("a removal and a read disagree") }
        }
        Call::Delete => Answer::Is(row.remove()),
        Call::InsertIfAbsent(number) => {
            let is_absent = row.get().is_none();
            if is_absent {
                row.insert(V::of(number));
            }
            Answer::Is(is_absent)
        }
        Call::Upsert(number, by) => row.update(|value| add_to(value, by)).unwrap_or_else(|| {
            row.insert(V::of(number));
            Answer::Value(None)
        }),
        Call::Compute(decision, number) => {
            let before = answer(row.get());
            stumble();
            match decision {
                Decision::Keep => {}
                Decision::AddAndKeep => _ = row.update(|value| add_to(value, number)),
                Decision::Put => row.insert(V::of(number)),
                Decision::Remove => _ = row.remove(),
            }
            before
        }
        Call::RemoveIf => {
            let is_gone = row.get().is_some_and(|value| value.number().is_none_or(is_removable));
            let before = answer(row.get());
            if is_gone && row.remove() { before } else { Answer::Value(None) }
        }
        Call::GetMany | Call::Walk | Call::Drain | Call::Find(_) => unreachable!("{call:?} is not on one key of a map"),
    }
}

impl<K, V, L, X, E, const SHARDS: usize, const CAPACITY: usize, const INDEXED: bool, S> Churned
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
    fn call(&self, key: u32, call: Call) -> Answer {
        let key = K::of(key);
        if is_by_row() {
            return by_row(self, &key, call);
        }
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
            // Calls that answer the same take turns.
            Call::Upsert(number, by) => {
                let (init, update) = (|| V::of(number), |value: &mut V| add_to(value, by));
                let updated =
                    if number % 2 == 0 { self.upsert(key, init, update) } else { self.upsert_ref(&key, init, update) };
                updated.unwrap_or(Answer::Value(None))
            }
            Call::WithMut(by) => self.with_mut(&key, |value| add_to(value, by)).unwrap_or(Answer::Value(None)),
            Call::Compute(decision, number) => {
                let change = |value: Option<&mut V>| {
                    let before = answer(value.as_deref());
                    stumble();
                    match (decision, value) {
                        (Decision::AddAndKeep, Some(value)) => Change::Keep(add_to(value, number)),
                        (Decision::Keep | Decision::AddAndKeep, _) => Change::Keep(before),
                        (Decision::Put, _) => Change::Put(V::of(number), before),
                        (Decision::Remove, _) => Change::Remove(before),
                    }
                };
                if number % 2 == 0 { self.compute(key, change) } else { self.compute_ref(&key, change) }
            }
            Call::Remove => answer(self.remove(&key).as_ref()),
            Call::RemoveIf => answer(self.remove_if(&key, |value| value.number().is_none_or(is_removable)).as_ref()),
            Call::Put(number) => {
                self.insert(key, V::of(number));
                Answer::Done
            }
            Call::Delete => Answer::Is(self.remove(&key).is_some()),
            Call::GetMany | Call::Walk | Call::Drain | Call::Find(_) => {
                unreachable!("{call:?} is not on one key of a map")
            }
        }
    }

    fn shrink(&self) {
        self.shrink_to_fit();
    }
}
