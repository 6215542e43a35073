//! A map or a set of any policy, as something that operations can be tried on.

use super::{
    common::policy::{Idle, Never, Of, Times, Ttl, TtlIdle},
    ops::{Answer, Decision, Key, Op, Value, is_removable, retained},
    reference::Queue,
};
use sharded::{
    Cause, Change, Policy, Refused, ShardedMap, ShardedSet, Stats,
    builder::{BuildField, FieldOptions, StoreOptions},
    clock::Manual,
    evict::{self, Bounded, Eviction, MakesRoom},
    lock::{Lock, Serves},
    topology::{Node, NodeId, Topology},
};
use std::{
    hash::BuildHasher,
    sync::{Arc, Mutex},
    time::Duration,
};

/// The capacity of all that are bounded.
pub(crate) const CAPACITY: usize = 12;

/// What is tried.
pub(crate) trait Subject {
    fn apply(&self, op: &Op) -> Answer;
    /// The live entries by key.
    fn entries(&self) -> Vec<(Key, Value)>;
    fn len(&self) -> usize;
    fn is_empty(&self) -> bool;
    fn live_len(&self) -> usize;
    fn capacity(&self) -> Option<usize>;
    fn stats(&self) -> Stats;
    fn shard_of(&self, key: Key) -> usize;
    /// Has the causes noted of all that leaves.
    fn listen(&self, log: Log);
}

/// The causes of all removals so far.
pub(crate) type Log = Arc<Mutex<Vec<Cause>>>;

/// What the suite must know of a policy.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Traits {
    pub(crate) ttl: Option<Duration>,
    pub(crate) idle: Option<Duration>,
    pub(crate) expires: bool,
    pub(crate) makes_room: bool,
    pub(crate) queue: Queue,
    pub(crate) is_set: bool,
}

impl Traits {
    pub(crate) fn serves(&self, op: &Op) -> bool {
        match op {
            Op::InsertOwn(..) => self.makes_room && self.expires,
            Op::ExpireIn(..) | Op::Touch(_) | Op::TtlOf(_) => self.expires,
            Op::Insert(..) | Op::Extend(_) => self.makes_room,
            Op::InsertIfAbsent(..) | Op::Upsert(..) | Op::Compute(..) | Op::GetOrInsert(..) => {
                self.makes_room && !self.is_set
            }
            Op::WithMut(..) | Op::Contains(_) | Op::GetMany(_) | Op::RemoveIf(_) => !self.is_set,
            _ => true,
        }
    }
}

pub(crate) type Parts<L, X, E> = Of<L, X, E>;
pub(crate) type Map<L, X, E, S> = ShardedMap<Key, Value, Parts<L, X, E>, S>;
pub(crate) type Set<L, X, E, S> = ShardedSet<Key, Parts<L, X, E>, S>;

/// Builds a map or set with a clock of ours, and with [`CAPACITY`] where it is bounded. One of four shards has them on two nodes, though
/// there may be but one, so that what it knows of entries is where that of placed shards is.
pub(crate) fn build<P: Policy<Eviction: EvictionCalls>, T: BuildField<P>>(clock: &Manual, shards: usize) -> T {
    let options = <P::Eviction as EvictionCalls>::bounded(FieldOptions::new().shards(shards));
    let mut store = StoreOptions::new().clock(clock.clone());
    if shards == 4 {
        store = store.topology(Topology::new([0, 1].map(|node| Node::new(NodeId::new(node), [node], 1 << 30))));
    }
    T::build(&store.start(), 0, options)
}

/// The calls that only some expiry choices allow.
pub(crate) trait ExpiryCalls: Times + Sized {
    const EXPIRES: bool = true;
    fn on_map<L: Lock + Serves<Key, Value>, E: Eviction, S: Hasher>(map: &Map<L, Self, E, S>, op: &Op) -> Answer;
    fn on_set<L: Lock + Serves<Key, ()>, E: Eviction, S: Hasher>(set: &Set<L, Self, E, S>, op: &Op) -> Answer;
    fn put_own<L, E, S>(map: &Map<L, Self, E, S>, key: Key, value: Value, ttl: Duration) -> Option<Value>
    where
        L: Lock + Serves<Key, Value>,
        E: MakesRoom,
        S: Hasher;
    fn add_own<L, E, S>(set: &Set<L, Self, E, S>, key: Key, ttl: Duration) -> bool
    where
        L: Lock + Serves<Key, ()>,
        E: MakesRoom,
        S: Hasher;
}

pub(crate) trait Hasher: BuildHasher + Default + Send + Sync + 'static {}
impl<S: BuildHasher + Default + Send + Sync + 'static> Hasher for S {}

/// The calls that only some evictions allow.
pub(crate) trait EvictionCalls: Eviction {
    const MAKES_ROOM: bool = true;
    /// With [`CAPACITY`], where it goes with one.
    fn bounded<P: Policy<Eviction = Self>>(options: FieldOptions<P>) -> FieldOptions<P>;
    /// What is predicted of it under a lock that readers share, or don't.
    fn queue(shared: bool) -> Queue {
        let _ = shared;
        Queue::Unknown
    }
    fn on_map<L: Lock + Serves<Key, Value>, X: ExpiryCalls, S: Hasher>(map: &Map<L, X, Self, S>, op: &Op) -> Answer;
    fn on_set<L: Lock + Serves<Key, ()>, X: ExpiryCalls, S: Hasher>(set: &Set<L, X, Self, S>, op: &Op) -> Answer;
}

macro_rules! expires {
    ($($choice:ty),*) => {$(
        impl ExpiryCalls for $choice {
            fn on_map<L: Lock + Serves<Key, Value>, E: Eviction, S: Hasher>(map: &Map<L, Self, E, S>, op: &Op) -> Answer {
                match *op {
                    Op::ExpireIn(key, ttl) => Answer::Is(map.expire_in(&key, ttl)),
                    Op::Touch(key) => Answer::Is(map.touch(&key)),
                    Op::TtlOf(key) => Answer::Time(map.ttl_of(&key)),
                    _ => unreachable!("{op:?}"),
                }
            }
            fn on_set<L: Lock + Serves<Key, ()>, E: Eviction, S: Hasher>(set: &Set<L, Self, E, S>, op: &Op) -> Answer {
                match *op {
                    Op::ExpireIn(key, ttl) => Answer::Is(set.expire_in(&key, ttl)),
                    Op::Touch(key) => Answer::Is(set.touch(&key)),
                    Op::TtlOf(key) => Answer::Time(set.ttl_of(&key)),
                    _ => unreachable!("{op:?}"),
                }
            }
            fn put_own<L, E, S>(map: &Map<L, Self, E, S>, key: Key, value: Value, ttl: Duration) -> Option<Value>
            where
                L: Lock + Serves<Key, Value>,
                E: MakesRoom,
                S: Hasher,
            {
                map.insert_with_ttl(key, value, ttl)
            }
            fn add_own<L, E, S>(set: &Set<L, Self, E, S>, key: Key, ttl: Duration) -> bool
            where
                L: Lock + Serves<Key, ()>,
                E: MakesRoom,
                S: Hasher,
            {
                set.insert_with_ttl(key, ttl)
            }
        }
    )*};
}
expires!(
    Ttl<{ super::TTL_MS }>,
    Idle<{ super::IDLE_MS }>,
    TtlIdle<{ super::TTL_MS }, { super::IDLE_MS }>
);

impl ExpiryCalls for Never {
    const EXPIRES: bool = false;
    fn on_map<L: Lock + Serves<Key, Value>, E: Eviction, S: Hasher>(_: &Map<L, Self, E, S>, op: &Op) -> Answer {
        unreachable!("{op:?}")
    }
    fn on_set<L: Lock + Serves<Key, ()>, E: Eviction, S: Hasher>(_: &Set<L, Self, E, S>, op: &Op) -> Answer {
        unreachable!("{op:?}")
    }
    fn put_own<L, E, S>(_: &Map<L, Self, E, S>, _: Key, _: Value, _: Duration) -> Option<Value>
    where
        L: Lock + Serves<Key, Value>,
        E: MakesRoom,
        S: Hasher,
    {
        unreachable!()
    }
    fn add_own<L, E, S>(_: &Set<L, Self, E, S>, _: Key, _: Duration) -> bool
    where
        L: Lock + Serves<Key, ()>,
        E: MakesRoom,
        S: Hasher,
    {
        unreachable!()
    }
}

macro_rules! makes_room {
    ($choice:ty { $($also:tt)* }) => {
        impl EvictionCalls for $choice {
            $($also)*
            fn on_map<L: Lock + Serves<Key, Value>, X: ExpiryCalls, S: Hasher>(map: &Map<L, X, Self, S>, op: &Op) -> Answer {
                match *op {
                    Op::Insert(key, value) => Answer::Value(map.insert(key, value)),
                    Op::InsertOwn(key, value, ttl) => Answer::Value(X::put_own(map, key, value, ttl)),
                    Op::InsertIfAbsent(key, value) => Answer::Is(match map.insert_if_absent(key, value) {
                        Ok(()) => true,
                        Err(occupied) => {
                            assert_eq!((occupied.key, occupied.value), (key, value), "what was not stored is given back");
                            false
                        }
                    }),
                    Op::Upsert(key, value) => {
                        Answer::Value(map.upsert(key, || value, |old| std::mem::replace(old, value)))
                    }
                    Op::Compute(key, decision, value) => Answer::Value(map.compute(key, |old| {
                        let before = old.as_deref().copied();
                        match decision {
                            Decision::Keep => Change::Keep(before),
                            Decision::ChangeAndKeep => {
                                if let Some(old) = old {
                                    *old = value;
                                }
                                Change::Keep(before)
                            }
                            Decision::Put => Change::Put(value, before),
                            Decision::Remove => Change::Remove(before),
                        }
                    })),
                    Op::GetOrInsert(key, value) => Answer::Value(Some(map.get_or_insert_with(key, || value))),
                    Op::Extend(ref entries) => {
                        map.extend(entries.iter().copied());
                        Answer::Nothing
                    }
                    _ => unreachable!("{op:?}"),
                }
            }
            fn on_set<L: Lock + Serves<Key, ()>, X: ExpiryCalls, S: Hasher>(set: &Set<L, X, Self, S>, op: &Op) -> Answer {
                match *op {
                    // A set's `true` is "new"; the model's "there was one before" is a value of zero.
                    Op::Insert(key, _) => Answer::Value((!set.insert(key)).then_some(0)),
                    Op::InsertOwn(key, _, ttl) => Answer::Value((!X::add_own(set, key, ttl)).then_some(0)),
                    Op::Extend(ref entries) => {
                        set.extend(entries.iter().map(|&(key, _)| key));
                        Answer::Nothing
                    }
                    _ => unreachable!("{op:?}"),
                }
            }
        }
    };
}
makes_room!(evict::Unbounded {
    fn bounded<P: Policy<Eviction = Self>>(options: FieldOptions<P>) -> FieldOptions<P> {
        options
    }
});
makes_room!(evict::Lru {
    fn bounded<P: Policy<Eviction = Self>>(options: FieldOptions<P>) -> FieldOptions<P> {
        options.capacity(CAPACITY)
    }
    fn queue(shared: bool) -> Queue {
        if shared { Queue::MarkedLru } else { Queue::Lru }
    }
});
makes_room!(evict::Sieve {
    fn bounded<P: Policy<Eviction = Self>>(options: FieldOptions<P>) -> FieldOptions<P> {
        options.capacity(CAPACITY)
    }
    fn queue(_: bool) -> Queue {
        Queue::Sieve
    }
});
makes_room!(evict::Adaptive {
    fn bounded<P: Policy<Eviction = Self>>(options: FieldOptions<P>) -> FieldOptions<P> {
        options.capacity(CAPACITY)
    }
});
makes_room!(evict::S3Fifo {
    fn bounded<P: Policy<Eviction = Self>>(options: FieldOptions<P>) -> FieldOptions<P> {
        options.capacity(CAPACITY)
    }
});
makes_room!(evict::TinyLfu {
    fn bounded<P: Policy<Eviction = Self>>(options: FieldOptions<P>) -> FieldOptions<P> {
        options.capacity(CAPACITY)
    }
});
makes_room!(Nonsense {
    fn bounded<P: Policy<Eviction = Self>>(options: FieldOptions<P>) -> FieldOptions<P> {
        options.capacity(CAPACITY)
    }
});

impl EvictionCalls for evict::Reject {
    const MAKES_ROOM: bool = false;
    fn bounded<P: Policy<Eviction = Self>>(options: FieldOptions<P>) -> FieldOptions<P> {
        options.capacity(CAPACITY)
    }
    fn on_map<L: Lock + Serves<Key, Value>, X: ExpiryCalls, S: Hasher>(_: &Map<L, X, Self, S>, op: &Op) -> Answer {
        unreachable!("{op:?}")
    }
    fn on_set<L: Lock + Serves<Key, ()>, X: ExpiryCalls, S: Hasher>(_: &Set<L, X, Self, S>, op: &Op) -> Answer {
        unreachable!("{op:?}")
    }
}

/// An eviction that names anything as its victim: entries, vacant slots, slots that never were, nobody.
#[derive(Debug, Default)]
pub(crate) struct Nonsense(u32);

impl Bounded for Nonsense {}
impl MakesRoom for Nonsense {}
impl Eviction for Nonsense {
    fn inserted(&mut self, _: u32) {}
    fn removed(&mut self, _: u32) {}
    fn moved(&mut self, _: u32, _: u32) {}
    fn victim(&mut self) -> Option<u32> {
        self.0 += 1;
        match self.0 % 4 {
            0 => None,
            1 => Some(u32::MAX),
            _ => Some(self.0 * 7 % 16),
        }
    }
}

impl<L, X, E, S> Subject for Map<L, X, E, S>
where
    L: Lock + Serves<Key, Value>,
    X: ExpiryCalls,
    E: EvictionCalls,
    S: Hasher,
{
    fn apply(&self, op: &Op) -> Answer {
        match *op {
            Op::Get(key) => Answer::Value(self.get(&key)),
            Op::With(key) => Answer::Value(self.with(&key, |&value| value)),
            Op::WithMut(key, value) => Answer::Value(self.with_mut(&key, |old| std::mem::replace(old, value))),
            Op::Contains(key) => Answer::Is(self.contains_key(&key)),
            Op::GetMany(ref keys) => Answer::Values(self.get_many(keys)),
            Op::TryInsert(key, value) => match self.try_insert(key, value) {
                Ok(old) => Answer::Value(old),
                Err(Refused { key: k, value: v, .. }) => {
                    assert_eq!((k, v), (key, value), "what was refused is given back");
                    Answer::Refused
                }
            },
            Op::Remove(key) => Answer::Value(self.remove(&key)),
            Op::RemoveEntry(key) => Answer::Entry(self.remove_entry(&key)),
            Op::RemoveIf(key) => Answer::Value(self.remove_if(&key, |&value| is_removable(value))),
            Op::ExpireIn(..) | Op::Touch(_) | Op::TtlOf(_) => X::on_map(self, op),
            Op::Retain(modulus) => {
                self.retain(|&key, value| {
                    let kept = retained(modulus, key, *value);
                    *value = kept.unwrap_or(*value);
                    kept.is_some()
                });
                Answer::Nothing
            }
            Op::Look => {
                let entries = self.entries();
                let mut keys = self.keys();
                keys.sort_unstable();
                assert!(keys.iter().eq(entries.iter().map(|(key, _)| key)), "keys() shows what to_vec() does");
                let mut values = self.values();
                values.sort_unstable();
                let mut of_entries: Vec<_> = entries.iter().map(|&(_, value)| value).collect();
                of_entries.sort_unstable();
                assert_eq!(values, of_entries, "values() shows what to_vec() does");
                let mut seen = Vec::new();
                self.for_each(|&key, &value| seen.push((key, value)));
                Answer::Entries(sorted(seen))
            }
            Op::Clear => {
                self.clear();
                Answer::Nothing
            }
            Op::InvalidateAll => {
                self.invalidate_all();
                Answer::Nothing
            }
            Op::Drain => Answer::Entries(sorted(self.drain())),
            Op::Shrink => {
                self.shrink_to_fit();
                Answer::Nothing
            }
            Op::Sweep => Answer::Swept(self.sweep()),
            Op::Advance(_) => Answer::Nothing,
            _ => E::on_map(self, op),
        }
    }

    fn entries(&self) -> Vec<(Key, Value)> {
        sorted(self.to_vec())
    }
    fn len(&self) -> usize {
        self.len()
    }
    fn is_empty(&self) -> bool {
        self.is_empty()
    }
    fn live_len(&self) -> usize {
        self.live_len()
    }
    fn capacity(&self) -> Option<usize> {
        self.capacity()
    }
    fn stats(&self) -> Stats {
        self.stats()
    }
    fn shard_of(&self, key: Key) -> usize {
        self.shard_of(&key)
    }
    fn listen(&self, log: Log) {
        self.on_removal(move |_, _, cause| log.lock().unwrap().push(cause)).unwrap();
    }
}

/// A set is a map whose values are all zero.
impl<L, X, E, S> Subject for Set<L, X, E, S>
where
    L: Lock + Serves<Key, ()>,
    X: ExpiryCalls,
    E: EvictionCalls,
    S: Hasher,
{
    fn apply(&self, op: &Op) -> Answer {
        match *op {
            Op::Get(key) | Op::With(key) => Answer::Value(self.contains(&key).then_some(0)),
            Op::TryInsert(key, _) => match self.try_insert(key) {
                Ok(is_new) => Answer::Value((!is_new).then_some(0)),
                Err(refused) => {
                    assert_eq!(refused.key, key, "what was refused is given back");
                    Answer::Refused
                }
            },
            Op::Remove(key) => Answer::Value(self.remove(&key).then_some(0)),
            Op::RemoveEntry(key) => Answer::Entry(self.take(&key).map(|key| (key, 0))),
            Op::ExpireIn(..) | Op::Touch(_) | Op::TtlOf(_) => X::on_set(self, op),
            Op::Retain(modulus) => {
                self.retain(|&key| retained(modulus, key, 0).is_some());
                Answer::Nothing
            }
            Op::Look => {
                let mut seen = Vec::new();
                self.for_each(|&key| seen.push((key, 0)));
                Answer::Entries(sorted(seen))
            }
            Op::Clear => {
                self.clear();
                Answer::Nothing
            }
            Op::InvalidateAll => {
                self.invalidate_all();
                Answer::Nothing
            }
            Op::Drain => Answer::Entries(sorted(self.drain().into_iter().map(|key| (key, 0)).collect())),
            Op::Shrink => {
                self.shrink_to_fit();
                Answer::Nothing
            }
            Op::Sweep => Answer::Swept(self.sweep()),
            Op::Advance(_) => Answer::Nothing,
            _ => E::on_set(self, op),
        }
    }

    fn entries(&self) -> Vec<(Key, Value)> {
        sorted(self.to_vec().into_iter().map(|key| (key, 0)).collect())
    }
    fn len(&self) -> usize {
        self.len()
    }
    fn is_empty(&self) -> bool {
        self.is_empty()
    }
    fn live_len(&self) -> usize {
        self.live_len()
    }
    fn capacity(&self) -> Option<usize> {
        self.capacity()
    }
    fn stats(&self) -> Stats {
        self.stats()
    }
    fn shard_of(&self, key: Key) -> usize {
        self.shard_of(&key)
    }
    fn listen(&self, log: Log) {
        self.on_removal(move |_, cause| log.lock().unwrap().push(cause)).unwrap();
    }
}

fn sorted(mut entries: Vec<(Key, Value)>) -> Vec<(Key, Value)> {
    entries.sort_unstable();
    entries
}
