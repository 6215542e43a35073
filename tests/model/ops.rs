//! The operations of a map as values, so that sequences of them can be made up and shrunk.

use proptest::prelude::*;
use std::time::Duration;

pub(crate) type Key = u32;
pub(crate) type Value = u32;

/// One call on the map, or a step of its clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Get(Key),
    With(Key),
    WithMut(Key, Value),
    Contains(Key),
    GetMany(Vec<Key>),
    Insert(Key, Value),
    TryInsert(Key, Value),
    InsertOwn(Key, Value, Duration),
    InsertIfAbsent(Key, Value),
    Upsert(Key, Value),
    Compute(Key, Decision, Value),
    GetOrInsert(Key, Value),
    Extend(Vec<(Key, Value)>),
    Remove(Key),
    RemoveEntry(Key),
    RemoveIf(Key),
    ExpireIn(Key, Duration),
    Touch(Key),
    TtlOf(Key),
    /// Keeps the keys that are not multiples of the number, and changes their values.
    Retain(Key),
    Look,
    Clear,
    InvalidateAll,
    Drain,
    Shrink,
    Sweep,
    Advance(Duration),
}

/// What the closure of `compute` decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Keep,
    ChangeAndKeep,
    Put,
    Remove,
}

/// What a call returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Nothing,
    Refused,
    Is(bool),
    Value(Option<Value>),
    Values(Vec<Option<Value>>),
    Entry(Option<(Key, Value)>),
    /// In the order of the keys.
    Entries(Vec<(Key, Value)>),
    Time(Option<Duration>),
    /// How many entries a sweep has removed.
    Swept(usize),
}

/// What `Retain` makes of a value, if it stays.
pub(crate) fn retained(modulus: Key, key: Key, value: Value) -> Option<Value> {
    (!key.is_multiple_of(modulus)).then(|| value.wrapping_add(1))
}

/// The condition of `RemoveIf`.
pub(crate) fn is_removable(value: Value) -> bool {
    value.is_multiple_of(2)
}

/// Sequences of calls: most on a few keys, some on so many that tables grow, become sparse and shrink.
pub(crate) fn sequences() -> impl Strategy<Value = Vec<Op>> {
    let step = prop_oneof![
        30 => call().prop_map(|op| vec![op]),
        5 => times().prop_map(|by| vec![Op::Advance(by)]),
        1 => (0..200_u32).prop_map(|n| (0..n).map(|key| Op::Insert(key, key)).collect()),
        1 => (0..200_u32).prop_map(|n| (0..n).map(Op::Remove).collect()),
    ];
    prop::collection::vec(step, 1..60).prop_map(|steps| steps.concat())
}

fn call() -> impl Strategy<Value = Op> {
    let key = || prop_oneof![4 => 0..16_u32, 1 => 0..200_u32];
    let value = || 0..1000_u32;
    let entry = move || (key(), value());
    prop_oneof![
        6 => key().prop_map(Op::Get),
        2 => key().prop_map(Op::With),
        2 => entry().prop_map(|(k, v)| Op::WithMut(k, v)),
        1 => key().prop_map(Op::Contains),
        1 => prop::collection::vec(key(), 0..100).prop_map(Op::GetMany),
        6 => entry().prop_map(|(k, v)| Op::Insert(k, v)),
        4 => entry().prop_map(|(k, v)| Op::TryInsert(k, v)),
        3 => (entry(), times()).prop_map(|((k, v), ttl)| Op::InsertOwn(k, v, ttl)),
        2 => entry().prop_map(|(k, v)| Op::InsertIfAbsent(k, v)),
        2 => entry().prop_map(|(k, v)| Op::Upsert(k, v)),
        4 => (entry(), decision()).prop_map(|((k, v), d)| Op::Compute(k, d, v)),
        2 => entry().prop_map(|(k, v)| Op::GetOrInsert(k, v)),
        1 => prop::collection::vec(entry(), 0..20).prop_map(Op::Extend),
        3 => key().prop_map(Op::Remove),
        1 => key().prop_map(Op::RemoveEntry),
        2 => key().prop_map(Op::RemoveIf),
        2 => (key(), times()).prop_map(|(k, ttl)| Op::ExpireIn(k, ttl)),
        2 => key().prop_map(Op::Touch),
        2 => key().prop_map(Op::TtlOf),
        1 => (1..5_u32).prop_map(Op::Retain),
        1 => Just(Op::Look),
        1 => prop_oneof![Just(Op::Clear), Just(Op::InvalidateAll), Just(Op::Drain)],
        1 => Just(Op::Shrink),
        3 => Just(Op::Sweep),
    ]
}

fn decision() -> impl Strategy<Value = Decision> {
    prop_oneof![Just(Decision::Keep), Just(Decision::ChangeAndKeep), Just(Decision::Put), Just(Decision::Remove)]
}

/// Times around the declared ones, and far off on either side.
fn times() -> impl Strategy<Value = Duration> {
    let around = |nanos: u64| (nanos - 1..=nanos + 1).prop_map(Duration::from_nanos);
    prop_oneof![
        4 => around(super::IDLE_MS * 1_000_000),
        4 => around(super::TTL_MS * 1_000_000),
        4 => (0..4000_u64).prop_map(Duration::from_millis),
        1 => (0..1_000_000_000_u64).prop_map(Duration::from_nanos),
        1 => (0..100_000_u64).prop_map(Duration::from_secs),
        1 => Just(Duration::ZERO),
        // Years: the clock never gets to its end in one sequence.
        1 => (0..30_000_000_u64).prop_map(Duration::from_secs),
    ]
}
