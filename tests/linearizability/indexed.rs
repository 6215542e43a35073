//! A map with a unique index. A lookup in the index is a read of one key, whose answer depends on the value.

use super::{
    common::policy::{Never, Of, Times},
    histories::{
        churn::Churned,
        map::answer,
        payload::{Name, Payload},
        register::{Answer, Call, Number},
    },
    subject::Subject,
};
use sharded::{
    ShardedMap,
    builder::{BuildField, FieldOptions, StoreOptions},
    clock::System,
    evict::{MakesRoom, Unbounded},
    index::UniqueIndex,
    lock::{Lock, Mutex, Serves},
    macro_support::{add_index, begin_index, build, finish_index},
};
use std::hash::{BuildHasher, RandomState};

/// A key, and whether its value is even. No two entries have the same one, and a change of an entry mostly moves it
/// from one to another.
type IndexKey = (u32, bool);

fn index_key<K: Name, V: Payload>(key: &K, value: &V) -> Option<IndexKey> {
    Some((key.number(), value.number()?.is_multiple_of(2)))
}

type Map<K, V, L, X, E, S, const CAPACITY: usize> = ShardedMap<K, V, Policy<L, X, E, CAPACITY>, S>;
type Policy<L, X, E, const CAPACITY: usize> = Of<L, X, E, System, 16, CAPACITY, true>;
type Index<M> = UniqueIndex<IndexKey, M, Of<Mutex, Never, Unbounded, System, 4>, RandomState>;

/// A map with its index.
pub(crate) struct Indexed<K, V, L, X, E, S, const CAPACITY: usize>
where
    L: Lock,
    X: Times,
    E: MakesRoom,
{
    map: Map<K, V, L, X, E, S, CAPACITY>,
    index: Index<Map<K, V, L, X, E, S, CAPACITY>>,
}

impl<K, V, L, X, E, S, const CAPACITY: usize> Indexed<K, V, L, X, E, S, CAPACITY>
where
    K: Name,
    V: Payload,
    L: Lock + Serves<K, V>,
    X: Times,
    E: MakesRoom,
    S: BuildHasher + Default + Send + Sync + 'static,
    Map<K, V, L, X, E, S, CAPACITY>: BuildField<Policy<L, X, E, CAPACITY>>,
{
    pub(crate) fn new(shards: usize) -> Self {
        let store = StoreOptions::new().start();
        let begun = begin_index::<Index<Map<K, V, L, X, E, S, CAPACITY>>, Option<IndexKey>>(
            &store,
            1,
            FieldOptions::new(),
            index_key::<K, V>,
        );
        let options = FieldOptions::new().shards(shards);
        let options = add_index::<Index<Map<K, V, L, X, E, S, CAPACITY>>>(options, &begun);
        let map: Map<K, V, L, X, E, S, CAPACITY> = build(&store, 0, options);
        let index = finish_index(begun, &map);
        Indexed { map, index }
    }
}

impl<K, V, L, X, E, S, const CAPACITY: usize> Churned for Indexed<K, V, L, X, E, S, CAPACITY>
where
    K: Name,
    V: Payload,
    L: Lock + Serves<K, V>,
    X: Times,
    E: MakesRoom,
    S: BuildHasher + Default + Send + Sync + 'static,
    Map<K, V, L, X, E, S, CAPACITY>: Churned,
{
    fn call(&self, key: u32, call: Call) -> Answer {
        let Call::Find(is_even) = call else { return self.map.call(key, call) };
        let found = self.index.with(&(key, is_even), |found, value| {
            if found.number() == key { answer(Some(value)) } else { Answer::Wrong("the entry of another key") }
        });
        found.unwrap_or(Answer::Value(None))
    }

    fn shrink(&self) {
        self.map.shrink();
    }
}

impl<K, V, L, X, E, S, const CAPACITY: usize> Subject for Indexed<K, V, L, X, E, S, CAPACITY>
where
    K: Name,
    V: Payload,
    L: Lock + Serves<K, V>,
    X: Times,
    E: MakesRoom,
    S: BuildHasher + Default + Send + Sync + 'static,
    Map<K, V, L, X, E, S, CAPACITY>: Subject,
    Self: Sync,
{
    fn get_many(&self, keys: &[u32]) -> Vec<Answer> {
        Subject::get_many(&self.map, keys)
    }
    fn insert_many(&self, entries: &[(u32, Number)]) -> Vec<Answer> {
        Subject::insert_many(&self.map, entries)
    }
    fn remove_many(&self, keys: &[u32]) -> Vec<Answer> {
        Subject::remove_many(&self.map, keys)
    }
    fn walk(&self) -> Vec<(u32, Answer)> {
        self.map.walk()
    }
    fn drain(&self) -> Vec<(u32, Answer)> {
        Subject::drain(&self.map)
    }
    fn shards(&self) -> usize {
        self.map.shards()
    }
    fn has_index(&self) -> bool {
        true
    }
}
