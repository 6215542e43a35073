//! The calls that only some choices of expiry and of eviction allow.

use crate::{
    made::{Made, MadeKey},
    ops::{Answer, Decision, IDLE_MS, Key, Op, TTL_MS, Value},
    policy::{Idle, Never, Times, Ttl, TtlIdle},
    queues::Queue,
    subject::{Map, Set, number, replace, value},
};
use sharded::{
    Change, Policy,
    builder::FieldOptions,
    evict::{self, Bounded, Eviction, MakesRoom},
    lock::{Lock, Serves},
};
use std::{hash::BuildHasher, time::Duration};

/// A hasher of a map.
pub trait Hasher: BuildHasher + Default + Send + Sync + 'static {}
impl<S: BuildHasher + Default + Send + Sync + 'static> Hasher for S {}

/// The calls that only some choices of expiry allow.
pub trait ExpiryCalls: Times + Sized {
    /// Whether entries expire.
    const EXPIRES: bool = true;
    /// A call of a map that concerns a deadline.
    fn on_map<K: MadeKey, V: Made, L: Lock + Serves<K, V>, E: Eviction, S: Hasher, const I: bool>(
        map: &Map<K, V, L, Self, E, S, I>,
        key: &K,
        op: &Op,
    ) -> Answer;
    /// The same of a set.
    fn on_set<L: Lock + Serves<Key, ()>, E: Eviction, S: Hasher>(set: &Set<L, Self, E, S>, op: &Op) -> Answer;
    /// `insert_with_ttl` of a map.
    fn insert_own<K: MadeKey, V: Made, L: Lock + Serves<K, V>, E: MakesRoom, S: Hasher, const I: bool>(
        map: &Map<K, V, L, Self, E, S, I>,
        key: K,
        value: V,
        ttl: Duration,
    ) -> Option<V>;
    /// The same of a set.
    fn add_own<L: Lock + Serves<Key, ()>, E: MakesRoom, S: Hasher>(
        set: &Set<L, Self, E, S>,
        key: Key,
        ttl: Duration,
    ) -> bool;
}

/// The calls that only some evictions allow.
pub trait EvictionCalls: Eviction {
    /// Whether an insert into a full map makes room, rather than being refused.
    const MAKES_ROOM: bool = true;
    /// With a capacity, if the eviction has one.
    #[must_use]
    fn bounded<P: Policy<Eviction = Self>>(options: FieldOptions<P>, capacity: usize) -> FieldOptions<P>;
    /// What is predicted of it under a lock that readers do or do not share.
    #[must_use]
    fn queue(shared: bool) -> Queue {
        let _ = shared;
        Queue::Unknown
    }
    /// A call of a map that adds an entry.
    fn on_map<K: MadeKey, V: Made, L: Lock + Serves<K, V>, X: ExpiryCalls, S: Hasher, const I: bool>(
        map: &Map<K, V, L, X, Self, S, I>,
        key: impl Fn(Key) -> K,
        op: &Op,
    ) -> Answer;
    /// The same of a set.
    fn on_set<L: Lock + Serves<Key, ()>, X: ExpiryCalls, S: Hasher>(set: &Set<L, X, Self, S>, op: &Op) -> Answer;
}

macro_rules! expires {
    ($($choice:ty),*) => {$(
        impl ExpiryCalls for $choice {
            fn on_map<K: MadeKey, V: Made, L: Lock + Serves<K, V>, E: Eviction, S: Hasher, const I: bool>(
                map: &Map<K, V, L, Self, E, S, I>,
                key: &K,
                op: &Op,
            ) -> Answer {
                match *op {
                    Op::ExpireIn(_, ttl) => Answer::Is(map.expire_in(key, ttl)),
                    Op::Touch(_) => Answer::Is(map.touch(key)),
                    Op::TtlOf(_) => Answer::Time(map.ttl_of(key)),
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
            fn insert_own<K: MadeKey, V: Made, L: Lock + Serves<K, V>, E: MakesRoom, S: Hasher, const I: bool>(
                map: &Map<K, V, L, Self, E, S, I>,
                key: K,
                value: V,
                ttl: Duration,
            ) -> Option<V> {
                if ttl.subsec_nanos() % 2 == 0 {
                    map.insert_with_ttl(key, value, ttl)
                } else {
                    map.with_ttl(ttl).insert(key, value)
                }
            }
            fn add_own<L: Lock + Serves<Key, ()>, E: MakesRoom, S: Hasher>(
                set: &Set<L, Self, E, S>,
                key: Key,
                ttl: Duration,
            ) -> bool {
                set.insert_with_ttl(key, ttl)
            }
        }
    )*};
}
expires!(Ttl<TTL_MS>, Idle<IDLE_MS>, TtlIdle<TTL_MS, IDLE_MS>);

impl ExpiryCalls for Never {
    const EXPIRES: bool = false;
    fn on_map<K: MadeKey, V: Made, L: Lock + Serves<K, V>, E: Eviction, S: Hasher, const I: bool>(
        _: &Map<K, V, L, Self, E, S, I>,
        _: &K,
        op: &Op,
    ) -> Answer {
        unreachable!("{op:?}")
    }
    fn on_set<L: Lock + Serves<Key, ()>, E: Eviction, S: Hasher>(_: &Set<L, Self, E, S>, op: &Op) -> Answer {
        unreachable!("{op:?}")
    }
    fn insert_own<K: MadeKey, V: Made, L: Lock + Serves<K, V>, E: MakesRoom, S: Hasher, const I: bool>(
        _: &Map<K, V, L, Self, E, S, I>,
        _: K,
        _: V,
        _: Duration,
    ) -> Option<V> {
        unreachable!()
    }
    fn add_own<L: Lock + Serves<Key, ()>, E: MakesRoom, S: Hasher>(
        _: &Set<L, Self, E, S>,
        _: Key,
        _: Duration,
    ) -> bool {
        unreachable!()
    }
}

/// The calls of an eviction that makes room, with the other items of the trait.
macro_rules! makes_room {
    ($choice:ty, |$options:ident, $capacity:ident| $bounded:expr $(, |$shared:ident| $queue:expr)?) => {
        impl EvictionCalls for $choice {
            fn bounded<P: Policy<Eviction = Self>>($options: FieldOptions<P>, $capacity: usize) -> FieldOptions<P> {
                $bounded
            }
            $(fn queue($shared: bool) -> Queue {
                $queue
            })?
            fn on_map<K: MadeKey, V: Made, L: Lock + Serves<K, V>, X: ExpiryCalls, S: Hasher, const I: bool>(
                map: &Map<K, V, L, X, Self, S, I>,
                key: impl Fn(Key) -> K,
                op: &Op,
            ) -> Answer {
                match *op {
                    Op::Insert(number, new) => value(map.insert(key(number), V::of(new))),
                    Op::InsertOwn(number, new, ttl) => value(X::insert_own(map, key(number), V::of(new), ttl)),
                    Op::InsertIfAbsent(number, new) => {
                        Answer::Is(match map.insert_if_absent(key(number), V::of(new)) {
                            Ok(()) => true,
                            Err(occupied) => {
                                let back = (occupied.key.number(), occupied.value.number());
                                assert_eq!(back, (key(number).number(), new), "what was not stored is given back");
                                false
                            }
                        })
                    }
                    // Calls that answer the same take turns.
                    Op::Upsert(number, new) => Answer::Value(match new % 3 {
                        0 => map.upsert(key(number), || V::of(new), |old| replace(old, new)),
                        1 => map.upsert_ref(&key(number), || V::of(new), |old| replace(old, new)),
                        _ => {
                            let mut is_new = false;
                            let make = || {
                                is_new = true;
                                V::of(new)
                            };
                            let before = map.with_or_insert(key(number), make, |old| replace(old, new));
                            (!is_new).then_some(before)
                        }
                    }),
                    Op::Compute(number, decision, new) => Answer::Value(if new % 2 == 0 {
                        map.compute(key(number), |old| compute(decision, old, new))
                    } else {
                        map.compute_ref(&key(number), |old| compute(decision, old, new))
                    }),
                    Op::GetOrInsert(number, new) => value(Some(match new % 3 {
                        0 => map.get_or_insert_with(key(number), || V::of(new)),
                        1 => map.get_or_load_with(key(number), || V::of(new)),
                        _ => map.get_or_load_ref(&key(number), || V::of(new)),
                    })),
                    Op::Extend(ref entries) => {
                        map.extend(entries.iter().map(|&(number, new)| (key(number), V::of(new))));
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
makes_room!(evict::Unbounded, |options, _capacity| options);
makes_room!(evict::Lru, |options, capacity| options.capacity(capacity), |shared| if shared {
    Queue::MarkedLru
} else {
    Queue::Lru
});
makes_room!(evict::Sieve, |options, capacity| options.capacity(capacity), |_shared| Queue::Sieve);
makes_room!(evict::Adaptive, |options, capacity| options.capacity(capacity));
makes_room!(evict::S3Fifo, |options, capacity| options.capacity(capacity));
makes_room!(evict::TinyLfu, |options, capacity| options.capacity(capacity));
makes_room!(Nonsense, |options, capacity| options.capacity(capacity));

/// The closure of `compute`.
fn compute<V: Made>(decision: Decision, old: Option<&mut V>, new: Value) -> Change<V, Option<Value>> {
    let before = old.as_deref().map(number);
    match decision {
        Decision::Keep => Change::Keep(before),
        Decision::ChangeAndKeep => Change::Keep(old.map(|old| replace(old, new))),
        Decision::Put => Change::Put(V::of(new), before),
        Decision::Remove => Change::Remove(before),
    }
}

impl EvictionCalls for evict::Reject {
    const MAKES_ROOM: bool = false;
    fn bounded<P: Policy<Eviction = Self>>(options: FieldOptions<P>, capacity: usize) -> FieldOptions<P> {
        options.capacity(capacity)
    }
    fn on_map<K: MadeKey, V: Made, L: Lock + Serves<K, V>, X: ExpiryCalls, S: Hasher, const I: bool>(
        _: &Map<K, V, L, X, Self, S, I>,
        _: impl Fn(Key) -> K,
        op: &Op,
    ) -> Answer {
        unreachable!("{op:?}")
    }
    fn on_set<L: Lock + Serves<Key, ()>, X: ExpiryCalls, S: Hasher>(_: &Set<L, X, Self, S>, op: &Op) -> Answer {
        unreachable!("{op:?}")
    }
}

/// An eviction that names anything as its victim: entries, vacant slots, slots that never were, nobody.
#[derive(Debug, Default)]
pub struct Nonsense(u32);

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
