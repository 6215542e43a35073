//! Transactions and reads of one row or of two rows, which go ways of their own.

use crate::common::{
    fuse::{Burnt, Key, Plain, Ticks, Value, alive, burns, forget, step, with_bad_drops},
    ignore,
    locks::StdRwLock,
    policy::{Never, Of, Ttl},
    threads::must_end,
};
use sharded::{
    Cause, ShardedMap,
    builder::{BuildField, FieldOptions, StoreOptions},
    clock::{Clock, System},
    evict::{Lru, Unbounded},
    lock::{Lock, Mutex, Optimistic, Rcu, RwLock, Serves},
    rows::RowMut,
};
use std::{
    cell::Cell,
    sync::{Arc, Mutex as StdMutex, mpsc},
    thread,
};

type Fused<L, const SHARDS: usize> = ShardedMap<Key, Value, Of<L, Never, Unbounded, Ticks, SHARDS>, Plain>;

/// What is done with a row.
#[derive(Clone, Copy, Debug)]
enum Change {
    Read,
    Put,
    Update,
    Remove,
    PutTwice,
    PutAndRemove,
    OrInsert,
}

impl Change {
    const ALL: [Change; 7] = [
        Change::Read,
        Change::Put,
        Change::Update,
        Change::Remove,
        Change::PutTwice,
        Change::PutAndRemove,
        Change::OrInsert,
    ];

    fn make<P>(self, row: &mut RowMut<'_, Key, Value, P>) {
        step();
        match self {
            Change::Read => ignore(row.get()),
            Change::Put => row.insert(Value::new(100)),
            Change::Update => ignore(row.update(|value| {
                step();
                value.0 = 100;
            })),
            Change::Remove => ignore(row.remove()),
            Change::PutTwice => {
                row.insert(Value::new(99));
                row.insert(Value::new(100));
            }
            Change::PutAndRemove => {
                row.insert(Value::new(99));
                row.remove();
            }
            Change::OrInsert => ignore(row.or_insert_with(|| {
                step();
                Value::new(100)
            })),
        }
        step();
    }

    /// What becomes of a value.
    fn after(self, before: Option<u64>) -> Option<u64> {
        match self {
            Change::Read => before,
            Change::Put | Change::PutTwice => Some(100),
            Change::Update => before.map(|_| 100),
            Change::Remove | Change::PutAndRemove => None,
            Change::OrInsert => before.or(Some(100)),
        }
    }
}

/// User code panics at each of its runs: both entries are as before or as after.
fn check_panics<L: Lock + Serves<Key, Value>, const SHARDS: usize>(
    (changes, keys): ([Change; 2], [u64; 2]),
    listens: bool,
    run: impl Fn(&Fused<L, SHARDS>, &[Key; 2], [Change; 2]),
) where
    Fused<L, SHARDS>: BuildField<Of<L, Never, Unbounded, Ticks, SHARDS>>,
{
    for number in 0.. {
        forget();
        let map = Fused::<L, SHARDS>::new();
        (0..4).for_each(|key| ignore(map.insert(Key::new(key), Value::new(key))));
        let told = listens.then(|| map.removals(100).unwrap());
        let keys = keys.map(Key::new);
        let values = || keys.each_ref().map(|key| map.with(key, |value| value.0));
        let before = values();
        let burnt = burns(number, || run(&map, &keys, changes));
        let (left, at) = (values(), format!("{changes:?} of {keys:?}, run {number}"));
        let after = [0, 1].map(|row| changes[row].after(before[row]));
        let is_whole = match burnt {
            None => left == after,
            Some(Burnt::Elsewhere | Burnt::InDrop) => left == before || left == after,
        };
        assert!(is_whole, "{at}: {before:?}, {left:?}");
        // The shards go on, and nothing is lost.
        (0..4).for_each(|key| ignore(map.insert(Key::new(key), Value::new(key))));
        drop((keys, told, map));
        assert_eq!(alive(), 0, "{at}");
        if burnt.is_none() {
            break;
        }
    }
}

#[test]
fn a_panic_leaves_one_row_as_it_was_or_made() {
    fn check<L: Lock + Serves<Key, Value>>()
    where
        Fused<L, 4>: BuildField<Of<L, Never, Unbounded, Ticks, 4>>,
    {
        for (change, key, listens) in Change::ALL
            .iter()
            .flat_map(|&change| [(change, 1, false), (change, 9, false), (change, 1, true), (change, 9, true)])
        {
            check_panics::<L, 4>(([change, Change::Read], [key, 2]), listens, |map, [key, _], [change, _]| {
                sharded::transaction(map.row(key), |row| Ok::<_, ()>(change.make(row))).unwrap();
            });
        }
    }
    check::<Mutex>();
    check::<StdRwLock>();
}

#[test]
fn a_panic_leaves_two_rows_as_they_were_or_made() {
    fn check<L: Lock + Serves<Key, Value>, const SHARDS: usize>(listens: bool)
    where
        Fused<L, SHARDS>: BuildField<Of<L, Never, Unbounded, Ticks, SHARDS>>,
    {
        for (one, other) in Change::ALL.iter().flat_map(|&one| Change::ALL.map(|other| (one, other))) {
            for keys in [[1, 2], [2, 9], [8, 9]] {
                check_panics::<L, SHARDS>(([one, other], keys), listens, |map, [a, b], changes| {
                    let change = |one: &mut RowMut<'_, Key, Value, _>, other: &mut RowMut<'_, Key, Value, _>| {
                        changes[0].make(one);
                        changes[1].make(other);
                        Ok::<_, ()>(())
                    };
                    if keys[0] == 2 {
                        sharded::transaction([map.row(a), map.row(b)], |[a, b]| change(a, b)).unwrap();
                    } else {
                        sharded::transaction((map.row(a), map.row(b)), |(a, b)| change(a, b)).unwrap();
                    }
                });
            }
        }
    }
    check::<Mutex, 16>(false);
    check::<Mutex, 1>(false);
    check::<RwLock, 4>(true);
}

/// An error changes nothing, whatever was staged.
#[test]
fn an_error_leaves_two_rows_as_they_were() {
    let map: ShardedMap<u64, u64, Of<Mutex, Never, Unbounded>> = ShardedMap::new();
    map.extend([(1, 1), (2, 2)]);
    for (a, b) in (0..6).flat_map(|a| (0..6).map(move |b| (a, b))).filter(|(a, b)| a != b) {
        let result = sharded::transaction((map.row(&a), map.row(&b)), |(a, b)| {
            a.insert(10);
            b.remove();
            Err::<(), _>(a.get().copied())
        });
        assert_eq!(result.unwrap_err().into_failure(), Some(Some(10)));
        assert_eq!((map.get(&1), map.get(&2), map.len()), (Some(1), Some(2), 2));
    }
}

/// Every drop panics: all values are dropped all the same, once, and the transaction is made.
#[test]
fn bad_drops_come_after_all() {
    for change in [Change::Put, Change::PutTwice, Change::Remove, Change::PutAndRemove] {
        forget();
        let map = Fused::<Mutex, 4>::new();
        (0..4).for_each(|key| ignore(map.insert(Key::new(key), Value::new(key))));
        let keys = [0, 1, 2].map(Key::new);
        let [one, two, three] = &keys;
        let single = with_bad_drops(|| sharded::transaction(map.row(one), |row| Ok::<_, ()>(change.make(row))));
        let pair = with_bad_drops(|| {
            sharded::transaction((map.row(two), map.row(three)), |(two, three)| {
                change.make(two);
                change.make(three);
                Ok::<_, ()>(())
            })
        });
        assert!(single.is_err() && pair.is_err(), "the first panic reaches the caller");
        let left = [one, two, three].map(|key| map.with(key, |value| value.0));
        assert_eq!(left, [change.after(Some(0)); 3], "{change:?}");
        drop((map, keys));
        assert_eq!(alive(), 0, "{change:?}");
    }
}

/// A listener is told of what one row or two rows have replaced and removed, as with single calls.
#[test]
fn a_listener_is_told_of_few_rows() {
    let map: ShardedMap<u64, u64, Of<Mutex, Never, Unbounded>> = ShardedMap::new();
    map.extend((0..6).map(|key| (key, 10 * key)));
    let told = Arc::new(StdMutex::new(Vec::new()));
    let seen = Arc::clone(&told);
    map.on_removal(move |key, value, cause| seen.lock().unwrap().push((*key, *value, cause))).unwrap();
    sharded::transaction(map.row(&1), |row| Ok::<_, ()>(row.insert(1))).unwrap();
    sharded::transaction(map.row(&2), |row| Ok::<_, ()>(row.remove())).unwrap();
    sharded::transaction(map.row(&3), |row| Ok::<_, ()>(row.update(|value| *value += 1))).unwrap();
    sharded::transaction((map.row(&4), map.row(&5)), |(four, five)| {
        four.insert(1);
        five.remove();
        Ok::<_, ()>(())
    })
    .unwrap();
    let told = told.lock().unwrap().clone();
    assert_eq!(
        told,
        [(1, 10, Cause::Replaced), (2, 20, Cause::Removed), (4, 40, Cause::Replaced), (5, 50, Cause::Removed)]
    );
}

/// Each kind of change of few rows is counted as single calls are.
#[test]
fn few_rows_are_counted_as_single_calls() {
    let map: ShardedMap<u64, u64, Of<Mutex, Never, Unbounded>> = ShardedMap::new();
    map.extend([(1, 1), (2, 2)]);
    let counts = || {
        let stats = map.stats();
        [stats.hits, stats.misses, stats.inserts, stats.entries() as u64]
    };
    let mut before = counts();
    let mut grown = |what: &str, by: [u64; 3], entries: u64| {
        let now = counts();
        assert_eq!([0, 1, 2].map(|count| now[count] - before[count]), by, "{what}");
        assert_eq!(now[3], entries, "{what}");
        before = now;
    };
    sharded::transaction(map.row(&1), |row| Ok::<_, ()>(row.insert(5))).unwrap();
    grown("replace", [0, 0, 1], 2);
    sharded::transaction(map.row(&3), |row| Ok::<_, ()>(row.insert(5))).unwrap();
    grown("insert", [0, 0, 1], 3);
    sharded::transaction(map.row(&3), |row| Ok::<_, ()>(row.remove())).unwrap();
    grown("remove", [0, 0, 0], 2);
    sharded::transaction(map.row(&3), |row| Ok::<_, ()>(row.update(|_| ()))).unwrap();
    grown("update of nothing", [0, 1, 0], 2);
    sharded::transaction(map.row(&1), |row| Ok::<_, ()>(row.update(|_| ()))).unwrap();
    grown("update", [1, 0, 0], 2);
    sharded::transaction((map.row(&1), map.row(&3)), |(one, three)| {
        assert_eq!((one.get(), three.get()), (Some(&5), None));
        one.insert(6);
        three.insert(7);
        Ok::<_, ()>(())
    })
    .unwrap();
    grown("two, one of them new", [1, 1, 2], 3);
    sharded::transaction([map.row(&1), map.row(&3)], |[one, three]| {
        one.update(|value| *value += 1);
        three.insert(8);
        Ok::<_, ()>(())
    })
    .unwrap();
    grown("two in place", [1, 0, 1], 3);
    let failed = sharded::transaction((map.row(&1), map.row(&4)), |(one, four)| {
        assert_eq!((one.get(), four.get()), (Some(&7), None));
        one.remove();
        Err::<(), ()>(())
    });
    assert!(failed.is_err());
    grown("two of an error", [1, 1, 0], 3);
    assert_eq!(sharded::observe(map.row(&1), |row| row.get().copied()), Some(7));
    grown("a read", [1, 0, 0], 3);
    sharded::observe(map.row(&1), |_| ());
    grown("a row that is not looked at", [0, 0, 0], 3);
}

/// A read of rows under `Optimistic` ends while another thread has the lock of their shard.
#[test]
fn rows_are_read_without_a_lock() {
    must_end("reads of rows without a lock", || {
        type Cached = ShardedMap<u64, u64, Of<Optimistic, Ttl<3_600_000>, Lru, System, 1, 100>>;
        let map = Arc::new(Cached::new());
        map.extend([(1, 1), (2, 2)]);
        let (is_inside, inside) = mpsc::channel();
        let (is_read, read) = mpsc::channel::<()>();
        let visitor = thread::spawn({
            let map = Arc::clone(&map);
            move || {
                map.for_each(|key, _| {
                    if *key == 1 {
                        is_inside.send(()).unwrap();
                        read.recv().unwrap();
                    }
                });
            }
        });
        inside.recv().unwrap();
        let before = map.stats();
        assert_eq!(sharded::observe(map.row(&1), |row| row.get().copied()), Some(1));
        let three = [1, 2, 3].each_ref().map(|key| map.row(key));
        assert_eq!(sharded::observe(three, |rows| rows.map(|row| row.get().copied())), [Some(1), Some(2), None]);
        assert_eq!(sharded::observe(&three[..2], |rows| rows.iter().filter_map(|row| row.get()).sum::<u64>()), 3);
        assert_eq!(
            sharded::observe((three[2], [three[0]]), |(none, [one])| none.get().or(one.get()).copied()),
            Some(1)
        );
        let after = map.stats();
        assert_eq!((after.hits - before.hits, after.misses - before.misses), (6, 2));
        let sum = |map: &Cached, count: u64| {
            let keys: Vec<u64> = (0..count).collect();
            let rows: Vec<_> = keys.iter().map(|key| map.row(key)).collect();
            sharded::observe(rows, |rows| rows.iter().filter_map(|row| row.get()).sum::<u64>())
        };
        assert_eq!(sum(&map, 256), 3);
        is_read.send(()).unwrap();
        visitor.join().unwrap();
        // So many are not copied.
        assert_eq!(sum(&map, 257), 3);
    });
}

/// Rows that are read without a lock are in the order of accesses all the same.
#[test]
fn a_read_without_a_lock_keeps_the_order() {
    let map: ShardedMap<u64, u64, Of<Optimistic, Never, Unbounded, System, 1>> = ShardedMap::new();
    map.insert(1, 1);
    let message = crate::common::panics(|| sharded::observe(map.row(&1), |_| map.get(&1)));
    assert!(message.contains("from inside `field`") && message.contains("few.rs"), "{message}");
    let message = crate::common::panics(|| map.with(&1, |_| sharded::observe([map.row(&1)], |_| ())));
    assert!(message.contains("from inside `field`") && message.contains("few.rs"), "{message}");
}

thread_local! {
    static READINGS: Cell<u64> = const { Cell::new(0) };
}

/// A clock that goes on by a second at each reading.
#[derive(Debug, Default)]
struct Impatient;
impl Clock for Impatient {
    const RUNS: bool = false;
    fn nanos(&self) -> u64 {
        READINGS.set(READINGS.get() + 1);
        READINGS.get() * 1_000_000_000
    }
}

type Timed<L> = ShardedMap<u64, u64, Of<L, Ttl<100_000>, Unbounded, Impatient>>;

/// A clock that several maps have in common is read once for the look at all rows, and once for the commit.
#[test]
fn all_rows_of_one_clock_have_one_time() {
    fn check<L: Lock + Serves<u64, u64>>()
    where
        Timed<L>: BuildField<Of<L, Ttl<100_000>, Unbounded, Impatient>>,
    {
        let store = StoreOptions::new().start();
        let maps: [Timed<L>; 3] = [0, 1, 2].map(|index| BuildField::build(&store, index, FieldOptions::new()));
        let rows = || maps.each_ref().map(|map| map.row(&1));
        let read = |run: &dyn Fn()| {
            let before = READINGS.get();
            run();
            READINGS.get() - before
        };
        let stored = read(&|| {
            sharded::transaction(rows(), |rows| Ok::<_, ()>(rows.iter_mut().for_each(|row| row.insert(1)))).unwrap();
        });
        assert_eq!(stored, 2);
        let seen = read(&|| {
            assert_eq!(sharded::observe(rows(), |rows| rows.iter().filter_map(|row| row.get()).count()), 3);
        });
        assert_eq!(seen, 1);
        // All have one deadline.
        while sharded::observe(rows(), |[one, ..]| one.get().is_some()) {
            let [_, two, three] = sharded::observe(rows(), |rows| rows.map(|row| row.get().is_some()));
            assert_eq!(two, three);
        }
    }
    check::<Mutex>();
    check::<RwLock>();
    check::<Optimistic>();
    check::<Rcu>();
}
