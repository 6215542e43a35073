//! User code panics at each of its runs in a transaction: either no map has changed, or the whole transaction has been
//! made.

use crate::common::{
    fuse::{Burnt, Key, Plain, Ticks, Value, alive, burns, forget, set_now, step, with_bad_drops},
    ignore,
    locks::StdRwLock,
    policy::{Never, Of, Times, TtlIdle},
};
use sharded::{
    ShardedMap,
    builder::{BuildField, FieldOptions},
    evict::{Adaptive, Eviction, Lru, Reject, Unbounded},
    lock::{Lock, Mutex, RwLock, Serves},
};

type Map<L, X, E, const N: usize> = ShardedMap<Key, Value, Of<L, X, E, Ticks, 4, N>, Plain>;

const CAPACITY: usize = 8;

fn contents<L, X, E, const N: usize>(maps: &[Map<L, X, E, N>; 2]) -> [Vec<(u64, u64)>; 2]
where
    L: Lock + Serves<Key, Value>,
    X: Times,
    E: Eviction,
{
    maps.each_ref().map(|map| {
        let mut contents = Vec::new();
        map.for_each(|key, value| contents.push((key.0, value.0)));
        contents.sort_unstable();
        contents
    })
}

/// What is left to evictions: entries that are there must be as before or as after.
fn is_part(part: &[Vec<(u64, u64)>; 2], whole: &[Vec<(u64, u64)>; 2]) -> bool {
    part.iter().zip(whole).all(|(part, whole)| part.iter().all(|entry| whole.contains(entry)))
}

fn check<L, X, E, const N: usize>(name: &str, listens: bool)
where
    L: Lock + Serves<Key, Value>,
    X: Times,
    E: Eviction,
    Map<L, X, E, N>: BuildField<Of<L, X, E, Ticks, 4, N>>,
{
    for number in 0.. {
        forget();
        set_now(1);
        let maps = [0, 1].map(|_| Map::<L, X, E, N>::with_options(FieldOptions::new()));
        // What is told of is dropped by the test, outside of the transaction.
        let mut told = Vec::new();
        for map in &maps {
            // Expired by the time of the transaction, if entries expire.
            ignore(map.try_insert(Key::new(20), Value::new(20)));
        }
        set_now(2_000_000_000);
        for map in &maps {
            for key in 0..6 {
                ignore(map.try_insert(Key::new(key), Value::new(key)));
            }
            if listens {
                told.push(map.removals(1000).unwrap());
            }
        }
        let before = contents(&maps);
        let keys: Vec<Key> = [0, 1, 2, 3, 20, 30, 31].map(Key::new).into();
        let run = || {
            let [a, b] = maps.each_ref().map(|map| keys.iter().map(|key| map.row(key)).collect::<Vec<_>>());
            let result = sharded::transaction([a, b], |maps| {
                for rows in maps {
                    let [read, put, updated, removed, expired, new, other] = &mut rows[..] else { unreachable!() };
                    step();
                    let _ = read.get();
                    put.insert(Value::new(101));
                    updated.update(|value| {
                        step();
                        value.0 = 102;
                    });
                    removed.remove();
                    expired.insert(Value::new(120));
                    new.or_insert_with(|| {
                        step();
                        Value::new(130)
                    });
                    other.insert(Value::new(131));
                    other.remove();
                }
                step();
                Ok::<_, ()>(())
            });
            assert!(result.is_ok() || N > 0);
        };
        let burnt = burns(number, run);
        let left = contents(&maps);
        let after = [0, 1].map(|_| vec![(0, 0), (1, 101), (2, 102), (4, 4), (5, 5), (20, 120), (30, 130)]);
        let (is_before, is_after) =
            if N == 0 { (left == before, left == after) } else { (is_part(&left, &before), is_part(&left, &after)) };
        match burnt {
            None => assert!(is_after, "{name}: {left:?} after no panic"),
            Some(Burnt::Elsewhere) => assert!(is_before || is_after, "{name}, run {number}: {left:?}"),
            Some(Burnt::InDrop) => assert!(is_before || is_after, "{name}, drop {number}: {left:?}"),
        }
        // The maps go on, and nothing is lost.
        for map in &maps {
            ignore(map.try_insert(Key::new(77), Value::new(77)));
            assert!(map.contains_key(&Key::new(77)) || (N > 0 && !E::EVICTS), "{name}, run {number}");
        }
        drop((keys, told, maps));
        assert_eq!(alive(), 0, "{name}, run {number}");
        if burnt.is_none() {
            assert!(number > 20, "only {number} runs of user code");
            break;
        }
    }
}

#[test]
fn each_panic_leaves_all_or_nothing() {
    for listens in [false, true] {
        check::<Mutex, Never, Unbounded, 0>("Mutex", listens);
        check::<Mutex, TtlIdle<1500, 1500>, Unbounded, 0>("Mutex, ttl", listens);
        check::<RwLock, TtlIdle<1500, 1500>, Lru, CAPACITY>("RwLock, Lru", listens);
        check::<Mutex, Never, Adaptive, CAPACITY>("Mutex, Adaptive", listens);
        check::<StdRwLock, Never, Reject, CAPACITY>("a lock of one's own, Reject", listens);
    }
}

/// Every drop panics: all are dropped all the same, and the transaction is made.
#[test]
fn bad_drops_of_what_has_left_come_after_all() {
    forget();
    let map: Map<Mutex, Never, Unbounded, 0> = ShardedMap::new();
    for key in 0..4 {
        map.insert(Key::new(key), Value::new(key));
    }
    let keys: Vec<Key> = (0..4).map(Key::new).collect();
    let outcome = with_bad_drops(|| {
        let rows: Vec<_> = keys.iter().map(|key| map.row(key)).collect();
        sharded::transaction(rows, |rows| {
            for row in rows {
                if row.key().0 < 2 {
                    row.insert(Value::new(9));
                } else {
                    row.remove();
                }
            }
            Ok::<_, ()>(())
        })
    });
    assert!(outcome.is_err(), "the first panic reaches the caller");
    let left: Vec<_> = (0..4).map(|key| map.with(&Key::new(key), |value| value.0)).collect();
    assert_eq!(left, [Some(9), Some(9), None, None]);
    drop((map, keys));
    assert_eq!(alive(), 0);
}

/// A drop of what has left panics after the closure has returned: what it has returned is dropped, not leaked.
#[test]
fn a_bad_drop_of_what_has_left_leaks_no_result() {
    for rows in 1..=3 {
        for is_ok in [true, false] {
            forget();
            let map: Map<Mutex, Never, Unbounded, 0> = ShardedMap::new();
            let keys: Vec<Key> = (0..3).map(Key::new).collect();
            for key in 0..3 {
                map.insert(Key::new(key), Value::new(key));
            }
            let row = |number: usize| map.row(&keys[number]);
            let result = || if is_ok { Ok(Key::new(7)) } else { Err(Key::new(8)) };
            let outcome = with_bad_drops(|| match rows {
                1 => ignore(sharded::transaction(row(0), |one| {
                    one.insert(Value::new(9));
                    result()
                })),
                2 => ignore(sharded::transaction((row(0), row(1)), |(one, two)| {
                    one.insert(Value::new(9));
                    two.insert(Value::new(9));
                    result()
                })),
                _ => ignore(sharded::transaction([0, 1, 2].map(row), |rows| {
                    for row in rows {
                        row.insert(Value::new(9));
                    }
                    result()
                })),
            });
            assert!(outcome.is_err(), "{rows} rows, {is_ok}");
            drop((map, keys));
            assert_eq!(alive(), 0, "{rows} rows, {is_ok}");
        }
    }
}
