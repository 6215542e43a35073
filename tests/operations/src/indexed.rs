//! A map of any policy with two indexes, behind the same trait as a map. After each comparison of all entries the
//! indexes are compared with them, too.

use crate::{
    calls::{EvictionCalls, ExpiryCalls, Hasher},
    made::{Keys, Made, MadeKey},
    ops::{Answer, Key, Op, Value},
    policy::{Never, Of},
    subject::{Keyed, Log, Map, Subject, sorted, start},
};
use sharded::{
    Stats,
    builder::{BuildField, FieldOptions},
    clock::{Manual, System},
    evict::Unbounded,
    index::{ManyIndex, UniqueIndex},
    lock::{Lock, Mutex, Serves},
    macro_support::{add_index, begin_index, build, finish_index},
};

/// The integer of a key, and the number of a value. No two entries have the same pair, so the unique index refuses
/// none.
type Pair = (u32, Value);

fn pair_of<K: Made, V: Made>(key: &K, value: &V) -> Pair {
    (key.number(), value.number())
}

/// How many groups there are.
const GROUPS: u32 = 3;

/// Of so many entries not all are looked up.
const MANY: usize = 100;

/// The group of a value. Some have none.
fn group_of<K, V: Made>(_: &K, value: &V) -> Option<u32> {
    let number = value.number();
    (!number.is_multiple_of(5)).then_some(number % GROUPS)
}

type IndexPolicy = Of<Mutex, Never, Unbounded, System, 4>;
type Mapped<K, V, L, X, E, S> = Map<K, V, L, X, E, S, true>;
type ByPair<K, V, L, X, E, S> = UniqueIndex<Pair, Mapped<K, V, L, X, E, S>, IndexPolicy, S>;
type ByGroup<K, V, L, X, E, S> = ManyIndex<u32, Mapped<K, V, L, X, E, S>, IndexPolicy, S>;

/// A map with two indexes.
#[derive(Debug)]
pub struct Indexed<K, V, L, X, E, S>
where
    L: Lock,
    X: ExpiryCalls,
    E: EvictionCalls,
{
    keyed: Keyed<Mapped<K, V, L, X, E, S>>,
    by_pair: ByPair<K, V, L, X, E, S>,
    by_group: ByGroup<K, V, L, X, E, S>,
}

impl<K, V, L, X, E, S> Indexed<K, V, L, X, E, S>
where
    K: MadeKey,
    V: Made,
    L: Lock + Serves<K, V>,
    X: ExpiryCalls,
    E: EvictionCalls,
    S: Hasher,
    Mapped<K, V, L, X, E, S>: BuildField<Of<L, X, E, System, 16, 0, true>>,
{
    /// As [`build`](crate::build) builds a map.
    #[must_use]
    pub fn build(clock: &Manual, shards: usize, capacity: usize, keys: Keys) -> Self {
        Self::with_groups(clock, shards, capacity, keys, group_of)
    }

    /// The same, with another function for the groups.
    #[must_use]
    pub fn with_groups(
        clock: &Manual,
        shards: usize,
        capacity: usize,
        keys: Keys,
        group_of: fn(&K, &V) -> Option<u32>,
    ) -> Self {
        let (store, options) = start::<Of<L, X, E, System, 16, 0, true>>(clock, shards, capacity);
        let by_pair = begin_index::<ByPair<K, V, L, X, E, S>, Pair>(&store, 1, FieldOptions::new(), pair_of::<K, V>);
        let by_group = begin_index::<ByGroup<K, V, L, X, E, S>, Option<u32>>(&store, 2, FieldOptions::new(), group_of);
        let options = add_index::<ByPair<K, V, L, X, E, S>>(options, &by_pair);
        let options = add_index::<ByGroup<K, V, L, X, E, S>>(options, &by_group);
        let map: Mapped<K, V, L, X, E, S> = build(&store, 0, options);
        let (by_pair, by_group) = (finish_index(by_pair, &map), finish_index(by_group, &map));
        Indexed { keyed: Keyed { map, keys }, by_pair, by_group }
    }
}

impl<K, V, L, X, E, S> Subject for Indexed<K, V, L, X, E, S>
where
    K: MadeKey,
    V: Made,
    L: Lock + Serves<K, V>,
    X: ExpiryCalls,
    E: EvictionCalls,
    S: Hasher,
{
    fn apply(&self, op: &Op) -> Answer {
        self.keyed.apply(op)
    }
    fn entries(&self) -> Vec<(Key, Value)> {
        self.keyed.entries()
    }
    fn len(&self) -> usize {
        self.keyed.len()
    }
    fn is_empty(&self) -> bool {
        self.keyed.is_empty()
    }
    fn live_len(&self) -> usize {
        self.keyed.live_len()
    }
    fn capacity(&self) -> Option<usize> {
        self.keyed.capacity()
    }
    fn stats(&self) -> Stats {
        self.keyed.stats()
    }
    fn shard_of(&self, key: Key) -> usize {
        self.keyed.shard_of(key)
    }
    fn listen(&self, log: Log) {
        self.keyed.listen(log);
    }

    /// A lookup finds the entries that have an index key, and no others.
    fn disagreement(&self) -> Option<String> {
        let (entries, keys) = (self.entries(), self.keyed.keys);
        // A sample of many, since hashers that collide make each lookup long.
        for &(key, value) in entries.iter().step_by(entries.len() / MANY + 1) {
            let found = self.by_pair.key(&(keys.integer(key), value)).map(|found| keys.key(found.number()));
            if found != Some(key) || self.by_pair.contains(&(keys.integer(key), !value)) {
                return Some(format!("key {key} with value {value}: the unique index has {found:?}"));
            }
        }
        for group in if entries.len() < MANY { 0..=GROUPS } else { 0..=0 } {
            let has = |value: Value| !value.is_multiple_of(5) && value % GROUPS == group;
            let expected: Vec<Key> = entries.iter().filter(|entry| has(entry.1)).map(|&(key, _)| key).collect();
            let found = sorted(self.by_group.keys(&group).iter().map(|key| keys.key(key.number())));
            if found != expected {
                return Some(format!("group {group}: the index has {found:?} in place of {expected:?}"));
            }
        }
        // Also those of entries that have expired and are still stored.
        (self.by_pair.len() != self.len())
            .then(|| format!("{} entries have {} index keys", self.len(), self.by_pair.len()))
    }
}
