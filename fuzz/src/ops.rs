//! The calls of a case, read from bytes: one byte says which call, the next ones with what. So a changed byte is a changed
//! call, and one byte more or less moves the rest but leaves it the same calls.

use std::time::Duration;

/// Which key: the number of one, see [`KeySet`](super::choices::KeySet).
pub(crate) type Nth = u32;
pub(crate) type Value = u32;

/// What the map is declared with where entries expire.
pub(crate) const TTL: Duration = Duration::from_millis(1500);
pub(crate) const IDLE: Duration = Duration::from_millis(700);

/// One call, or a step of the clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Get(Nth),
    With(Nth),
    WithMut(Nth, Value),
    Contains(Nth),
    GetMany(Nth, u32),
    Insert(Nth, Value),
    TryInsert(Nth, Value),
    InsertOwn(Nth, Value, Duration),
    InsertIfAbsent(Nth, Value),
    Upsert(Nth, Value),
    Compute(Nth, Decision, Value),
    GetOrInsert(Nth, Value),
    Remove(Nth),
    RemoveEntry(Nth),
    RemoveIf(Nth),
    ExpireIn(Nth, Duration),
    Touch(Nth),
    TtlOf(Nth),
    /// Keeps the values that are not multiples of the number, and adds one to them.
    Retain(Value),
    Look,
    Clear,
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

/// What a call has returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Nothing,
    Is(bool),
    Value(Option<Value>),
    Values(Vec<Option<Value>>),
    Entry(Option<(Nth, Value)>),
    /// In the order of the keys.
    Entries(Vec<(Nth, Value)>),
    Time(Option<Duration>),
    /// How many entries a sweep has removed, which a model can't know.
    Swept,
}

/// What is left of an input.
pub(crate) struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Bytes(bytes)
    }

    fn next(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }

    /// The next byte, or zero after the last.
    pub(crate) fn byte(&mut self) -> u8 {
        self.next().unwrap_or(0)
    }

    fn key(&mut self) -> Nth {
        self.byte().into()
    }
}

/// At most this many calls are made, so that no input takes long.
const MOST: usize = 6000;

/// Reads calls to the end of the bytes. Their values count up: each write has its own.
pub(crate) fn read(bytes: &mut Bytes<'_>) -> Vec<Op> {
    let mut ops = Vec::new();
    // The clock does not come to its end, in 584 years, where nothing is left to expire.
    let mut years_left = Duration::from_hours(500 * 365 * 24);
    while ops.len() < MOST
        && let Some(code) = bytes.next()
    {
        let value = Value::try_from(ops.len()).expect("at most MOST") + 1;
        match code % 32 {
            // Enough to fill a table, or to empty it.
            30 => ops.extend(range(bytes).map(|nth| Op::Insert(nth, value + nth))),
            31 => ops.extend(range(bytes).map(Op::Remove)),
            29 => {
                let by = time(bytes).min(years_left);
                years_left -= by;
                ops.push(Op::Advance(by));
            }
            code => ops.push(one(code, bytes, value)),
        }
    }
    ops
}

/// Keys in a row, up to a thousand of them.
fn range(bytes: &mut Bytes<'_>) -> std::ops::Range<Nth> {
    let (start, count) = (4 * bytes.key(), 4 * bytes.key());
    start..start + count
}

fn one(code: u8, bytes: &mut Bytes<'_>, value: Value) -> Op {
    match code {
        0 | 1 => Op::Get(bytes.key()),
        2 => Op::With(bytes.key()),
        3 => Op::WithMut(bytes.key(), value),
        4 => Op::Contains(bytes.key()),
        5 => Op::GetMany(bytes.key(), bytes.key() % 100),
        6 | 7 => Op::Insert(bytes.key(), value),
        8 => Op::TryInsert(bytes.key(), value),
        9 => Op::InsertOwn(bytes.key(), value, time(bytes)),
        10 => Op::InsertIfAbsent(bytes.key(), value),
        11 => Op::Upsert(bytes.key(), value),
        12 => Op::Compute(bytes.key(), Decision::Keep, value),
        13 => Op::Compute(bytes.key(), Decision::ChangeAndKeep, value),
        14 => Op::Compute(bytes.key(), Decision::Put, value),
        15 => Op::Compute(bytes.key(), Decision::Remove, value),
        16 => Op::GetOrInsert(bytes.key(), value),
        17 | 18 => Op::Remove(bytes.key()),
        19 => Op::RemoveEntry(bytes.key()),
        20 => Op::RemoveIf(bytes.key()),
        21 => Op::ExpireIn(bytes.key(), time(bytes)),
        22 => Op::Touch(bytes.key()),
        23 => Op::TtlOf(bytes.key()),
        24 => Op::Retain(Value::from(bytes.byte() % 8) + 1),
        25 => Op::Look,
        26 => match bytes.byte() % 2 {
            0 => Op::Clear,
            _ => Op::Drain,
        },
        27 => Op::Shrink,
        _ => Op::Sweep,
    }
}

/// Times about the declared ones, short ones and long ones.
fn time(bytes: &mut Bytes<'_>) -> Duration {
    const NANO: Duration = Duration::from_nanos(1);
    match bytes.byte() {
        0 => Duration::ZERO,
        1 => NANO,
        2 => TTL.saturating_sub(NANO),
        3 => TTL,
        4 => TTL + NANO,
        5 => IDLE.saturating_sub(NANO),
        6 => IDLE,
        7 => IDLE + NANO,
        // Decades.
        8 => Duration::from_secs(1_000_000_000),
        9 => Duration::MAX,
        byte @ ..128 => Duration::from_millis(u64::from(byte) * 16),
        byte => Duration::from_secs(u64::from(byte - 127)),
    }
}
