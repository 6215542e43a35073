//! A map of any policy, as something that operations can be tried on.

use super::{
    choices::KeySet,
    model::{is_removable, retained},
    ops::{Answer, Decision, IDLE, Nth, Op, TTL, Value},
    policy::{Never, Of, Times, TtlIdle},
    spread::Spread,
};
use sharded::{
    Change, ShardedMap,
    evict::MakesRoom,
    lock::{Lock, Serves},
};
use std::{fmt::Debug, hash::Hash};

/// What is tried.
pub(crate) trait Subject {
    fn apply(&self, op: &Op) -> Answer;
    /// How many entries are stored, those too that are over.
    fn len(&self) -> usize;
    fn capacity(&self) -> Option<usize>;
    /// How many entries had to leave for others so far.
    fn evicted(&self) -> u64;
}

/// A key or a value that is made of a number.
pub(crate) trait Made: Clone + Debug + Send + Sync + 'static {
    fn of(number: u32) -> Self;
    fn number(&self) -> u32;
}

impl Made for u32 {
    fn of(number: u32) -> Self {
        number
    }
    fn number(&self) -> u32 {
        *self
    }
}

/// On the heap, so that one that is lost or dropped twice shows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Heap(Box<u32>);

impl Made for Heap {
    fn of(number: u32) -> Self {
        Heap(Box::new(number))
    }
    fn number(&self) -> u32 {
        *self.0
    }
}

/// Several words, all of which say the same.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words([u64; 3]);

impl Made for Words {
    fn of(number: u32) -> Self {
        Words([u64::from(number), !u64::from(number), u64::from(number) << 32])
    }
    fn number(&self) -> u32 {
        let number = u32::try_from(self.0[0]).expect("a number in the first word");
        assert_eq!(self.0, Words::of(number).0, "a value is torn");
        number
    }
}

/// The choices of expiry, with the calls that not all allow.
pub(crate) trait Deadlines: Times + Sized {
    fn call<K, V, L, E>(map: &Map<K, V, L, Self, E>, key: K, op: &Op) -> Answer
    where
        K: Made + Eq + Hash,
        V: Made,
        L: Lock + Serves<K, V>,
        E: MakesRoom;
}

/// The declared times.
pub(crate) type Both = TtlIdle<{ millis(TTL) }, { millis(IDLE) }>;

const fn millis(time: std::time::Duration) -> u64 {
    time.as_secs() * 1000 + time.subsec_millis() as u64
}

impl Deadlines for Both {
    fn call<K, V, L, E>(map: &Map<K, V, L, Self, E>, key: K, op: &Op) -> Answer
    where
        K: Made + Eq + Hash,
        V: Made,
        L: Lock + Serves<K, V>,
        E: MakesRoom,
    {
        match *op {
            Op::InsertOwn(_, value, ttl) => {
                Answer::Value(map.insert_with_ttl(key, V::of(value), ttl).map(|value| value.number()))
            }
            Op::ExpireIn(_, ttl) => Answer::Is(map.expire_in(&key, ttl)),
            Op::Touch(_) => Answer::Is(map.touch(&key)),
            Op::TtlOf(_) => Answer::Time(map.ttl_of(&key)),
            _ => unreachable!("{op:?}"),
        }
    }
}

impl Deadlines for Never {
    fn call<K, V, L, E>(_: &Map<K, V, L, Self, E>, _: K, op: &Op) -> Answer
    where
        K: Made + Eq + Hash,
        V: Made,
        L: Lock + Serves<K, V>,
        E: MakesRoom,
    {
        unreachable!("{op:?} where nothing expires")
    }
}

pub(crate) type Map<K, V, L, X, E> = ShardedMap<K, V, Of<L, X, E>, Spread>;

/// A map whose keys come from a set.
pub(crate) struct Keyed<M> {
    pub(crate) map: M,
    pub(crate) keys: KeySet,
}

impl<K, V, L, X, E> Keyed<Map<K, V, L, X, E>>
where
    K: Made + Eq + Hash,
    V: Made,
    L: Lock + Serves<K, V>,
    X: Deadlines,
    E: MakesRoom,
{
    fn key(&self, nth: Nth) -> K {
        K::of(self.keys.key(nth))
    }

    fn entry(&self, (key, value): (&K, &V)) -> (Nth, Value) {
        (self.keys.nth(key.number()), value.number())
    }
}

fn value<V: Made>(value: Option<V>) -> Answer {
    Answer::Value(value.map(|value| value.number()))
}

fn replace<V: Made>(old: &mut V, value: Value) -> Value {
    std::mem::replace(old, V::of(value)).number()
}

fn sorted(mut entries: Vec<(Nth, Value)>) -> Answer {
    entries.sort_unstable();
    Answer::Entries(entries)
}

impl<K, V, L, X, E> Subject for Keyed<Map<K, V, L, X, E>>
where
    K: Made + Eq + Hash,
    V: Made,
    L: Lock + Serves<K, V>,
    X: Deadlines,
    E: MakesRoom,
{
    fn apply(&self, op: &Op) -> Answer {
        let map = &self.map;
        match *op {
            Op::Get(nth) => value(map.get(&self.key(nth))),
            Op::With(nth) => Answer::Value(map.with(&self.key(nth), V::number)),
            Op::WithMut(nth, new) => Answer::Value(map.with_mut(&self.key(nth), |old| replace(old, new))),
            Op::Contains(nth) => Answer::Is(map.contains_key(&self.key(nth))),
            Op::GetMany(first, count) => {
                let keys: Vec<K> = (first..first + count).map(|nth| self.key(nth)).collect();
                Answer::Values(map.get_many(&keys).iter().map(|value| value.as_ref().map(V::number)).collect())
            }
            Op::Insert(nth, new) => value(map.insert(self.key(nth), V::of(new))),
            Op::TryInsert(nth, new) => {
                value(map.try_insert(self.key(nth), V::of(new)).expect("an eviction that makes room refuses nothing"))
            }
            Op::InsertOwn(nth, ..) | Op::ExpireIn(nth, _) | Op::Touch(nth) | Op::TtlOf(nth) => {
                X::call(map, self.key(nth), op)
            }
            Op::InsertIfAbsent(nth, new) => Answer::Is(match map.insert_if_absent(self.key(nth), V::of(new)) {
                Ok(()) => true,
                Err(back) => {
                    assert_eq!(self.entry((&back.key, &back.value)), (nth, new), "what was not stored is given back");
                    false
                }
            }),
            Op::Upsert(nth, new) => Answer::Value(map.upsert(self.key(nth), || V::of(new), |old| replace(old, new))),
            Op::Compute(nth, decision, new) => Answer::Value(map.compute(self.key(nth), |old| {
                let before = old.as_deref().map(V::number);
                match (decision, old) {
                    (Decision::ChangeAndKeep, Some(old)) => Change::Keep(Some(replace(old, new))),
                    (Decision::Keep | Decision::ChangeAndKeep, _) => Change::Keep(before),
                    (Decision::Put, _) => Change::Put(V::of(new), before),
                    (Decision::Remove, _) => Change::Remove(before),
                }
            })),
            Op::GetOrInsert(nth, new) => value(Some(map.get_or_insert_with(self.key(nth), || V::of(new)))),
            Op::Remove(nth) => value(map.remove(&self.key(nth))),
            Op::RemoveEntry(nth) => {
                let removed = map.remove_entry(&self.key(nth));
                Answer::Entry(removed.map(|(key, value)| self.entry((&key, &value))))
            }
            Op::RemoveIf(nth) => value(map.remove_if(&self.key(nth), |value| is_removable(value.number()))),
            Op::Retain(modulus) => {
                map.retain(|_, value| match retained(modulus, value.number()) {
                    Some(changed) => {
                        *value = V::of(changed);
                        true
                    }
                    None => false,
                });
                Answer::Nothing
            }
            Op::Look => {
                let mut seen = Vec::new();
                map.for_each(|key, value| seen.push(self.entry((key, value))));
                sorted(seen)
            }
            Op::Clear => {
                map.clear();
                Answer::Nothing
            }
            Op::Drain => sorted(map.drain().iter().map(|(key, value)| self.entry((key, value))).collect()),
            Op::Shrink => {
                map.shrink_to_fit();
                Answer::Nothing
            }
            Op::Sweep => {
                map.sweep();
                Answer::Swept
            }
            Op::Advance(_) => Answer::Nothing,
        }
    }

    fn len(&self) -> usize {
        self.map.len()
    }
    fn capacity(&self) -> Option<usize> {
        self.map.capacity()
    }
    fn evicted(&self) -> u64 {
        self.map.stats().evicted
    }
}
