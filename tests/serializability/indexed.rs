//! A map with a unique index, whose index keys go from one row to another. A transaction that would give an index key
//! to two rows is refused.

use super::{
    common::policy::{Never, Of},
    histories::{
        map::answer,
        payload::{Name, Payload},
        register::{Answer, Call},
    },
    history::{GROUPS, Outcome, Subject},
    library::Refusing,
    transaction::{End, Row, Step},
};
use sharded::{
    Policy, ShardedMap,
    builder::{BuildField, FieldOptions, StoreOptions},
    clock::System,
    evict::Unbounded,
    index::UniqueIndex,
    lock::{Lock, Mutex, Serves},
    macro_support::{add_index, begin_index, build, finish_index},
};
use std::hash::RandomState;

/// The group of a row, and whether its number is even.
type IndexKey = (Row, bool);

fn index_key<K: Name, V: Payload>(key: &K, value: &V) -> Option<IndexKey> {
    Some((key.number() as Row % GROUPS, value.number()?.is_multiple_of(2)))
}

pub(crate) type IndexedPolicy<L> = Of<L, Never, Unbounded, System, 16, 0, true>;
pub(crate) type IndexedMap<K, V, L> = ShardedMap<K, V, IndexedPolicy<L>>;
type Index<M> = UniqueIndex<IndexKey, M, Of<Mutex, Never, Unbounded, System, 4>, RandomState>;

/// A map with its index. All changes are transactions, and single ones have one row.
pub(crate) struct Indexed<K, V, L: Lock>(Refusing<IndexedMap<K, V, L>>, Index<IndexedMap<K, V, L>>);

impl<K, V, L> Indexed<K, V, L>
where
    K: Name,
    V: Payload,
    L: Lock + Serves<K, V>,
    IndexedMap<K, V, L>: BuildField<IndexedPolicy<L>>,
{
    pub(crate) fn new(shards: usize) -> Self {
        let store = StoreOptions::new().start();
        let begun = begin_index::<Index<IndexedMap<K, V, L>>, Option<IndexKey>>(
            &store,
            1,
            FieldOptions::new(),
            index_key::<K, V>,
        );
        let options = add_index::<Index<IndexedMap<K, V, L>>>(FieldOptions::new().shards(shards), &begun);
        let map: IndexedMap<K, V, L> = build(&store, 0, options);
        let index = finish_index(begun, &map);
        Indexed(Refusing(map), index)
    }
}

impl<K, V, L> Subject for Indexed<K, V, L>
where
    K: Name,
    V: Payload,
    L: Lock + Serves<K, V>,
    IndexedPolicy<L>: Policy<Lock: Serves<K, V>>,
    IndexedMap<K, V, L>: Sync,
    Self: Sync,
{
    fn single(&self, row: Row, call: Call) -> Outcome {
        self.0.single(row, call)
    }

    fn transaction(&self, rows: &[Row], steps: &[Step], end: End) -> Outcome {
        self.0.transaction(rows, steps, end)
    }

    fn view(&self, rows: &[Row]) -> Vec<Answer> {
        self.0.view(rows)
    }

    fn find(&self, group: Row, is_even: bool) -> Option<[Answer; 2]> {
        let mut answers = [Answer::Value(None); 2];
        let found = self.1.with(&(group, is_even), |key, value| (key.number() as Row / GROUPS, answer(Some(value))));
        if let Some((place, answer)) = found {
            answers[place] = answer;
        }
        Some(answers)
    }

    fn has_index(&self) -> bool {
        true
    }
}
