//! A map of any policy, behind a trait.

use crate::{
    calls::{EvictionCalls, ExpiryCalls, Hasher},
    made::{Keys, Made, MadeKey},
    ops::{Answer, Key, Op, Value, is_removable, retained},
    policy::Of,
    rows,
};
use sharded::{
    Cause, Policy, ShardedMap, ShardedSet, Stats,
    builder::{BuildField, FieldOptions, StoreContext, StoreOptions},
    clock::{Manual, System},
    lock::{Lock, Serves},
    topology::{Node, NodeId, Topology},
};
use std::sync::{Arc, Mutex};

/// A map or a set that operations are tried on.
pub trait Subject {
    /// Calls the map.
    fn apply(&self, op: &Op) -> Answer;
    /// The live entries in the order of their keys.
    fn entries(&self) -> Vec<(Key, Value)>;
    /// Entries that are stored, expired ones among them.
    fn len(&self) -> usize;
    /// Whether no entry is stored.
    fn is_empty(&self) -> bool;
    /// Entries that have not expired.
    fn live_len(&self) -> usize;
    /// The capacity.
    fn capacity(&self) -> Option<usize>;
    /// The counters.
    fn stats(&self) -> Stats;
    /// The shard of a key.
    fn shard_of(&self, key: Key) -> usize;
    /// Logs the causes of all removals from now on.
    fn listen(&self, log: Log);
    /// How its indexes disagree with the entries, if they do.
    fn disagreement(&self) -> Option<String> {
        None
    }
}

/// The causes of removals.
pub type Log = Arc<Mutex<Vec<Cause>>>;

/// A map with a policy of these parts.
pub type Map<K, V, L, X, E, S, const INDEXED: bool = false> = ShardedMap<K, V, Of<L, X, E, System, 16, 0, INDEXED>, S>;
/// A set with a policy of these parts.
pub type Set<L, X, E, S> = ShardedSet<Key, Of<L, X, E>, S>;

/// Builds a map or a set with this clock, and with this capacity if it is bounded. With four shards it is placed on two
/// nodes, even on a machine with one node, so that its shards and their extras are placed.
#[must_use]
pub fn build<P: Policy<Eviction: EvictionCalls>, T: BuildField<P>>(
    clock: &Manual,
    shards: usize,
    capacity: usize,
) -> T {
    let (store, options) = start(clock, shards, capacity);
    T::build(&store, 0, options)
}

/// The store and the options of such a map.
pub(crate) fn start<P: Policy<Eviction: EvictionCalls>>(
    clock: &Manual,
    shards: usize,
    capacity: usize,
) -> (StoreContext, FieldOptions<P>) {
    let options = <P::Eviction as EvictionCalls>::bounded(FieldOptions::new().shards(shards), capacity);
    let mut store = StoreOptions::new().clock(clock.clone());
    if shards == 4 {
        store = store.topology(Topology::new([0, 1].map(|node| Node::new(NodeId::new(node), [node], 1 << 30))));
    }
    (store.start(), options)
}

/// A map, and the integers that its keys are made of.
#[derive(Debug)]
pub struct Keyed<M> {
    /// The map.
    pub map: M,
    /// What its keys are made of.
    pub keys: Keys,
}

pub(crate) fn number<V: Made>(value: &V) -> Value {
    value.number()
}

#[allow(clippy::needless_pass_by_value, reason = "it is what calls return")]
pub(crate) fn value<V: Made>(value: Option<V>) -> Answer {
    Answer::Value(value.as_ref().map(number))
}

pub(crate) fn replace<V: Made>(old: &mut V, value: Value) -> Value {
    std::mem::replace(old, V::of(value)).number()
}

pub(crate) fn sorted<T: Ord>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut items: Vec<T> = items.into_iter().collect();
    items.sort_unstable();
    items
}

impl<M> Keyed<M> {
    fn key<K: Made>(&self, key: Key) -> K {
        K::of(self.keys.integer(key))
    }

    fn number(&self, key: &impl Made) -> Key {
        self.keys.key(key.number())
    }

    fn entry(&self, key: &impl Made, value: &impl Made) -> (Key, Value) {
        (self.number(key), value.number())
    }
}

impl<K, V, L, X, E, S, const I: bool> Subject for Keyed<Map<K, V, L, X, E, S, I>>
where
    K: MadeKey,
    V: Made,
    L: Lock + Serves<K, V>,
    X: ExpiryCalls,
    E: EvictionCalls,
    S: Hasher,
{
    fn apply(&self, op: &Op) -> Answer {
        let map = &self.map;
        match *op {
            Op::Get(key) => value(map.get(&self.key(key))),
            Op::With(key) => Answer::Value(map.with(&self.key(key), number)),
            Op::WithMut(key, new) => Answer::Value(map.with_mut(&self.key(key), |old| replace(old, new))),
            Op::Contains(key) => {
                let key = self.key(key);
                let is_there = map.contains_key(&key);
                assert_eq!(map.peek(&key).is_some(), is_there, "peek() finds what contains_key() does");
                Answer::Is(is_there)
            }
            Op::GetMany(ref keys) => {
                let keys: Vec<K> = keys.iter().map(|&key| self.key(key)).collect();
                Answer::Values(map.get_many(&keys).iter().map(|value| value.as_ref().map(number)).collect())
            }
            Op::TryInsert(key, new) => match map.try_insert(self.key(key), V::of(new)) {
                Ok(old) => value(old),
                Err(refused) => {
                    let back = self.entry(&refused.key, &refused.value);
                    assert_eq!(back, (key, new), "what was refused is given back");
                    Answer::Refused
                }
            },
            Op::InsertMany(ref entries) => {
                match map.insert_many(entries.iter().map(|&(key, new)| (self.key(key), V::of(new)))) {
                    Ok(replaced) => Answer::Values(replaced.iter().map(|old| old.as_ref().map(number)).collect()),
                    Err(refused) => {
                        let back: Vec<_> =
                            refused.refused.iter().map(|refused| self.entry(&refused.key, &refused.value)).collect();
                        assert_eq!(&back, entries, "what was refused is given back");
                        Answer::Refused
                    }
                }
            }
            Op::Transact(ref steps, ends_well) => {
                let keys: Vec<K> = steps.iter().map(|&(key, _)| self.key(key)).collect();
                rows::transact(keys.iter().map(|key| map.row(key)).collect(), steps, ends_well)
            }
            Op::Observe(ref keys) => {
                let keys: Vec<K> = keys.iter().map(|&key| self.key(key)).collect();
                rows::read(keys.iter().map(|key| map.row(key)).collect())
            }
            Op::RemoveMany(ref keys) => {
                let keys: Vec<K> = keys.iter().map(|&key| self.key(key)).collect();
                Answer::Values(map.remove_many(&keys).iter().map(|value| value.as_ref().map(number)).collect())
            }
            Op::Remove(key) => value(map.remove(&self.key(key))),
            Op::RemoveEntry(key) => {
                Answer::Entry(map.remove_entry(&self.key(key)).map(|(key, value)| self.entry(&key, &value)))
            }
            Op::RemoveIf(key) => value(map.remove_if(&self.key(key), |value| is_removable(value.number()))),
            Op::ExpireIn(key, _) | Op::Touch(key) | Op::TtlOf(key) => X::on_map(map, &self.key(key), op),
            Op::Retain(modulus) => Answer::NotRetained(map.retain(|key, value| {
                let changed = retained(modulus, self.number(key), value.number());
                if let Some(changed) = changed {
                    *value = V::of(changed);
                }
                changed.is_some()
            })),
            Op::Look => {
                let entries = self.entries();
                let keys = sorted(map.keys().iter().map(|key| self.number(key)));
                assert!(keys.iter().eq(entries.iter().map(|(key, _)| key)), "keys() shows what to_vec() does");
                let values = sorted(map.values().iter().map(number));
                let expected = sorted(entries.iter().map(|&(_, value)| value));
                assert_eq!(values, expected, "values() shows what to_vec() does");
                let mut seen = Vec::new();
                map.for_each(|key, value| seen.push(self.entry(key, value)));
                for entry in entries.first().into_iter().chain(entries.last()) {
                    let mut looks = 0;
                    let found = map.find_map(|key, value| {
                        looks += 1;
                        (self.entry(key, value) == *entry).then_some(looks)
                    });
                    assert_eq!(found, Some(looks), "find_map() ends with what it finds");
                }
                assert!(!map.any(|key, _| !keys.contains(&self.number(key))), "any() looks at what keys() does");
                Answer::Entries(sorted(seen))
            }
            Op::Clear => {
                map.clear();
                Answer::Nothing
            }
            Op::InvalidateAll => {
                map.invalidate_all();
                Answer::Nothing
            }
            Op::Drain => Answer::Entries(sorted(map.drain().iter().map(|(key, value)| self.entry(key, value)))),
            Op::Shrink => {
                map.shrink_to_fit();
                Answer::Nothing
            }
            Op::Sweep => Answer::Swept(map.sweep()),
            Op::Advance(_) => Answer::Nothing,
            _ => E::on_map(map, |key| self.key(key), op),
        }
    }

    fn entries(&self) -> Vec<(Key, Value)> {
        sorted(self.map.to_vec().iter().map(|(key, value)| self.entry(key, value)))
    }
    fn len(&self) -> usize {
        self.map.len()
    }
    fn is_empty(&self) -> bool {
        self.map.is_empty()
    }
    fn live_len(&self) -> usize {
        self.map.live_len()
    }
    fn capacity(&self) -> Option<usize> {
        self.map.capacity()
    }
    fn stats(&self) -> Stats {
        self.map.stats()
    }
    fn shard_of(&self, key: Key) -> usize {
        self.map.shard_of(&self.key(key))
    }
    fn listen(&self, log: Log) {
        self.map.on_removal(move |_, _, cause| log.lock().unwrap().push(cause)).unwrap();
    }
}
