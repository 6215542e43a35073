//! The operations of a map as values.

use std::time::Duration;

/// The number of a key, see [`Keys`](crate::Keys).
pub type Key = u32;
/// The number of a value.
pub type Value = u32;

/// The declared ttl of maps whose entries expire, in milliseconds.
pub const TTL_MS: u64 = 1500;
/// Their declared idle time, in milliseconds.
pub const IDLE_MS: u64 = 700;

/// One call of the map, or a step of its clock.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "most are named like the method")]
pub enum Op {
    Get(Key),
    With(Key),
    WithMut(Key, Value),
    Contains(Key),
    GetMany(Vec<Key>),
    Insert(Key, Value),
    TryInsert(Key, Value),
    /// `insert_with_ttl`.
    InsertOwn(Key, Value, Duration),
    InsertIfAbsent(Key, Value),
    Upsert(Key, Value),
    Compute(Key, Decision, Value),
    /// `get_or_insert_with`.
    GetOrInsert(Key, Value),
    Extend(Vec<(Key, Value)>),
    InsertMany(Vec<(Key, Value)>),
    RemoveMany(Vec<Key>),
    /// A transaction of rows with different keys, and whether its closure returns `Ok`.
    Transact(Vec<(Key, RowStep)>, bool),
    /// A read of rows of one moment.
    Observe(Vec<Key>),
    Remove(Key),
    RemoveEntry(Key),
    /// Removes an even value.
    RemoveIf(Key),
    ExpireIn(Key, Duration),
    Touch(Key),
    TtlOf(Key),
    /// Keeps the keys that are not multiples of the number, and changes their values.
    Retain(Key),
    /// Visits all entries.
    Look,
    Clear,
    InvalidateAll,
    Drain,
    Shrink,
    Sweep,
    /// Moves the clock.
    Advance(Duration),
}

impl Op {
    /// The key of a call that may add one entry.
    pub(crate) fn adds(&self) -> Option<Key> {
        match *self {
            Op::Insert(key, _)
            | Op::TryInsert(key, _)
            | Op::InsertOwn(key, ..)
            | Op::InsertIfAbsent(key, _)
            | Op::Upsert(key, _)
            | Op::Compute(key, ..)
            | Op::GetOrInsert(key, _) => Some(key),
            Op::Extend(ref entries) | Op::InsertMany(ref entries) => match entries[..] {
                [(key, _)] => Some(key),
                _ => None,
            },
            _ => None,
        }
    }
}

/// What the closure of `compute` decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Decision {
    Keep,
    ChangeAndKeep,
    Put,
    Remove,
}

/// What a transaction does with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum RowStep {
    Read,
    Put(Value),
    Update(Value),
    OrPut(Value),
    Remove,
}

/// What a call returned.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Answer {
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
    /// How many entries were removed by a condition.
    NotRetained(usize),
}

/// What [`Op::Retain`] makes of a value, or `None` if the entry is removed.
pub(crate) fn retained(modulus: Key, key: Key, value: Value) -> Option<Value> {
    (!key.is_multiple_of(modulus)).then(|| value.wrapping_add(1))
}

/// The condition of [`Op::RemoveIf`].
pub(crate) fn is_removable(value: Value) -> bool {
    value.is_multiple_of(2)
}
