//! Sequences of operations, decoded from bytes: one byte selects the call, the next ones its arguments. So a changed
//! byte is a changed call, and an inserted or removed byte shifts the others but leaves most of them the same calls.

use crate::ops::{Decision, IDLE_MS, Key, Op, RowStep, TTL_MS, Value};
use std::time::Duration;

/// The bytes that are not decoded yet.
#[derive(Debug)]
pub struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    /// All of these bytes.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Bytes(bytes)
    }

    fn next(&mut self) -> Option<u8> {
        self.0.split_off_first().copied()
    }

    /// The next byte, or zero after the last.
    pub fn byte(&mut self) -> u8 {
        self.next().unwrap_or(0)
    }

    fn below(&mut self, limit: u8) -> u32 {
        u32::from(self.byte() % limit)
    }

    /// Three in four are one of 16 keys, the others are spread over 256.
    fn key(&mut self) -> Key {
        match self.byte() {
            byte @ ..192 => u32::from(byte % 16),
            byte => 4 * u32::from(byte - 192),
        }
    }

    /// Keys at equal distances. With a distance of zero, one key again and again.
    fn keys(&mut self, most: u8) -> impl Iterator<Item = Key> + use<> {
        let (first, count, distance) = (self.key(), self.below(most), self.below(8));
        (0..count).map(move |place| first + place * distance)
    }

    /// Consecutive keys.
    fn range(&mut self, bulk: u32) -> std::ops::Range<Key> {
        let (first, count) = (bulk * self.below(255), bulk * self.below(255));
        first..first + count
    }

    fn row_step(&mut self, value: Value) -> RowStep {
        match self.below(6) {
            0 => RowStep::Read,
            1 | 2 => RowStep::Put(value),
            3 => RowStep::Update(value),
            4 => RowStep::OrPut(value),
            _ => RowStep::Remove,
        }
    }

    /// Times near the declared ones and near a sixteenth of the idle time, and much shorter and longer ones.
    fn time(&mut self) -> Duration {
        let byte = self.byte();
        let (kind, number) = (byte % 16, byte / 16);
        let near = |micros: u64| Duration::from_nanos(micros * 1000 - 1 + u64::from(number % 3));
        match kind {
            0 => near(IDLE_MS * 1000 / 16),
            1..4 => near(IDLE_MS * 1000),
            4..8 => near(TTL_MS * 1000),
            8..12 => Duration::from_millis(u64::from(self.byte()) * 16 + u64::from(number)),
            12 => Duration::from_nanos(u64::from(self.byte()) * 4_000_000 + u64::from(number)),
            13 => Duration::from_secs(u64::from(self.byte()) * 400),
            14 => Duration::from_nanos(u64::from(number % 2)),
            _ if number == 0 => Duration::MAX,
            _ => Duration::from_secs(u64::from(self.byte()) * 4_000_000),
        }
    }
}

/// At most this number of calls is decoded, so that no input takes long.
const MOST_CALLS: usize = 6000;

/// The clock does not come to its end, 584 years, where nothing is left to expire.
const LONGEST: Duration = Duration::from_hours(500 * 365 * 24);
const DECADES: Duration = Duration::from_secs(1_000_000_000);

/// Decodes calls up to the end of the bytes. Most use a few keys; a bulk uses up to 254 times `bulk`, so that tables
/// grow, become sparse and shrink. Values count up, so nearly every write has a value of its own.
#[must_use]
pub fn read(bytes: &mut Bytes<'_>, bulk: u32) -> Vec<Op> {
    let mut ops = Vec::new();
    let mut time_left = LONGEST;
    while ops.len() < MOST_CALLS
        && let Some(code) = bytes.next()
    {
        let value = Value::try_from(ops.len()).unwrap_or_default() + 1;
        match code % 64 {
            53..60 => {
                let by = bytes.time().min(DECADES).min(time_left);
                time_left -= by;
                ops.push(Op::Advance(by));
            }
            60 | 61 => ops.extend(bytes.range(bulk).map(|key| Op::Insert(key, value + key))),
            62 | 63 => ops.extend(bytes.range(bulk).map(Op::Remove)),
            code => ops.push(call(code, bytes, value)),
        }
    }
    ops
}

/// A code selects a call about as often as the call is likely to show a fault.
fn call(code: u8, bytes: &mut Bytes<'_>, value: Value) -> Op {
    match code {
        0..5 => Op::Get(bytes.key()),
        5 | 6 => Op::With(bytes.key()),
        7 | 8 => Op::WithMut(bytes.key(), value),
        9 => Op::Contains(bytes.key()),
        10 => Op::GetMany(bytes.keys(100).collect()),
        11..16 => Op::Insert(bytes.key(), value),
        16..20 => Op::TryInsert(bytes.key(), value),
        20..23 => Op::InsertOwn(bytes.key(), value, bytes.time()),
        23 | 24 => Op::InsertIfAbsent(bytes.key(), value),
        25 | 26 => Op::Upsert(bytes.key(), value),
        27 => Op::Compute(bytes.key(), Decision::Keep, value),
        28 => Op::Compute(bytes.key(), Decision::ChangeAndKeep, value),
        29 => Op::Compute(bytes.key(), Decision::Put, value),
        30 => Op::Compute(bytes.key(), Decision::Remove, value),
        31 | 32 => Op::GetOrInsert(bytes.key(), value),
        33 => {
            let is_asked = bytes.below(2) == 0;
            let entries = bytes.keys(70).zip(value..).collect();
            if is_asked { Op::InsertMany(entries) } else { Op::Extend(entries) }
        }
        34..37 => Op::Remove(bytes.key()),
        37 => match bytes.below(2) {
            0 => Op::RemoveMany(bytes.keys(70).collect()),
            _ => Op::RemoveEntry(bytes.key()),
        },
        38 | 39 => Op::RemoveIf(bytes.key()),
        40 | 41 => Op::ExpireIn(bytes.key(), bytes.time()),
        42 | 43 => Op::Touch(bytes.key()),
        44 | 45 => Op::TtlOf(bytes.key()),
        46 => Op::Retain(bytes.below(8) + 1),
        47 => Op::Look,
        48 => match bytes.below(3) {
            0 => Op::Clear,
            1 => Op::InvalidateAll,
            _ => Op::Drain,
        },
        49 => Op::Shrink,
        51 => {
            let mut rows: Vec<_> =
                bytes.keys(6).zip(value..).map(|(key, value)| (key, bytes.row_step(value))).collect();
            rows.dedup_by_key(|row| row.0);
            Op::Transact(rows, bytes.below(5) > 0)
        }
        52 => Op::Observe(bytes.keys(6).collect()),
        _ => Op::Sweep,
    }
}
