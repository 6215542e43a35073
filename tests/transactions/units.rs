//! User code panics at each of its runs in a transaction with random changes: no unit of a capacity is lost or gained,
//! and a transaction that has been made does not pass on a panic of `Hash`.

#![allow(clippy::trivially_copy_pass_by_ref, reason = "what a weigher is given")]

use crate::common::{ignore, threads::Dice};
use sharded::sharded;
use std::{
    cell::Cell,
    collections::HashMap,
    hash::{Hash, Hasher},
    panic::{AssertUnwindSafe, catch_unwind},
};

thread_local! {
    /// Runs of user code that are left until one panics.
    static LEFT: Cell<u64> = const { Cell::new(u64::MAX) };
    /// Whether `Hash` panics.
    static NO_HASH: Cell<bool> = const { Cell::new(false) };
}

fn tick() {
    let left = LEFT.get();
    if left < u64::MAX {
        LEFT.set(left.checked_sub(1).unwrap_or(u64::MAX));
    }
    assert!(left != 0, "it is the turn of this run");
}

#[derive(Debug, PartialEq, Eq)]
struct Key(u64);

impl Clone for Key {
    fn clone(&self) -> Self {
        tick();
        Key(self.0)
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        tick();
        assert!(!NO_HASH.get(), "this is not to be hashed");
        self.0.hash(state);
    }
}

fn weigh(_: &Key, value: &u64) -> u32 {
    tick();
    u32::try_from(*value).unwrap()
}

fn may_leave(_: &Key, value: &u64) -> bool {
    tick();
    *value != 3
}

#[sharded(shards = 2, ttl = never)]
struct Store {
    #[shard(capacity = 20, evict = Lru, weight = weigh, evictable = may_leave)]
    pins: HashMap<Key, u64>,
    #[shard(capacity = 20, evict = Reject, weight = weigh)]
    rejects: HashMap<Key, u64>,
    #[shard(capacity = 20, evict = S3Fifo, weight = weigh)]
    evicts: HashMap<Key, u64>,
    #[shard(shards = 1, unbounded = "a test")]
    grows: HashMap<Key, u64>,
}

macro_rules! check {
    ($field:ident) => {
        for seed in 0..20 {
            for number in 0.. {
                let store = Store::new();
                let map = store.$field();
                let mut dice = Dice::new(seed);
                (0..8).for_each(|key| ignore(map.try_insert(Key(key), 1 + dice.below(5))));
                let keys: Vec<Key> = (0..14).map(Key).collect();
                let changes: Vec<_> = keys.iter().map(|_| (dice.below(6), 1 + dice.below(6))).collect();
                let rows: Vec<_> = keys.iter().map(|key| map.row(key)).collect();
                LEFT.set(number);
                let outcome = catch_unwind(AssertUnwindSafe(|| {
                    ignore(sharded::transaction(rows, |rows| {
                        for (row, &(change, value)) in rows.iter_mut().zip(&changes) {
                            match change {
                                0 => row.insert(value),
                                1 => ignore(row.remove()),
                                2 => ignore(row.update(|old| *old = value)),
                                3 => ignore(row.get()),
                                _ => {}
                            }
                        }
                        if seed % 7 == 0 { Err(()) } else { Ok(()) }
                    }));
                }));
                let is_over = LEFT.replace(u64::MAX) != u64::MAX;
                let at = format!("seed {seed}, run {number}");
                let mut weight = 0;
                map.for_each(|_, value| weight += value);
                assert_eq!(map.weight(), weight, "{at}");
                map.clear();
                for key in 100..130 {
                    ignore(map.try_insert(Key(key), 1));
                }
                assert_eq!(map.len(), 20, "{at}");
                if is_over {
                    assert!(outcome.is_ok(), "{at}");
                    break;
                }
            }
        }
    };
}

#[test]
fn no_unit_is_lost_where_some_may_not_leave() {
    check!(pins);
}

#[test]
fn no_unit_is_lost_where_none_leaves() {
    check!(rejects);
}

#[test]
fn no_unit_is_lost_where_all_may_leave() {
    check!(evicts);
}

#[test]
fn a_panic_in_hash_comes_before_the_commit() {
    let store = Store::new();
    let map = store.grows();
    let mut panicked = 0;
    for number in 0..3000 {
        let key = Key(number);
        let row = map.row(&key);
        NO_HASH.set(true);
        let outcome = catch_unwind(AssertUnwindSafe(|| sharded::transaction(row, |row| Ok::<_, ()>(row.insert(1)))));
        NO_HASH.set(false);
        if outcome.is_err() {
            panicked += 1;
            assert!(!map.contains_key(&key), "{number} is there after a panic");
            map.insert(key, 1);
        }
    }
    assert!(panicked > 50, "only {panicked}");
}
