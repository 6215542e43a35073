//! Rules for every transaction: arrangements of rows, keys named twice, nesting, statistics and listeners.

use crate::common::{
    hashers::Constant,
    ignore,
    locks::StdRwLock,
    panics,
    policy::{Idle, Never, Of, Ttl},
    threads::must_end,
};
use sharded::{
    Cause, ShardedMap, ShardedSet, Store, TransactionError,
    builder::{BuildField, FieldOptions, StoreOptions},
    clock::{Manual, System},
    evict::{Lru, Reject, Unbounded},
    lock::{Lock, Mutex, Optimistic, Rcu, RwLock, Serves},
    sharded,
};
use std::{
    cell::Cell,
    collections::HashMap,
    hash::{Hash, Hasher},
    sync::{Arc, Mutex as StdMutex, mpsc},
    thread,
    time::Duration,
};

/// The most shards of one transaction.
const MOST_SHARDS: usize = 1024;

type Map<L> = ShardedMap<u64, u64, Of<L, Never, Unbounded>>;

#[sharded(ttl = "1h")]
struct Shop {
    stock: HashMap<String, u32>,
    orders: HashMap<u64, String>,
}

#[derive(Debug, PartialEq)]
struct SoldOut;

#[test]
fn a_transaction_of_two_maps_is_made_or_not() {
    let shop = Shop::new();
    shop.stock().insert("apple".to_owned(), 1);
    let reserve = |order: u64| {
        sharded::transaction((shop.stock().row("apple"), shop.orders().row(&order)), |(stock, reservation)| {
            reservation.insert(stock.key().to_owned());
            let left = stock.get().copied().unwrap_or(0).checked_sub(1).ok_or(SoldOut)?;
            stock.insert(left);
            Ok(left)
        })
    };
    assert_eq!(reserve(1), Ok(0));
    assert_eq!(reserve(2), Err(TransactionError::Failed(SoldOut)));
    assert_eq!(
        (shop.stock().get("apple"), shop.orders().get(&1), shop.orders().get(&2)),
        (Some(0), Some("apple".to_owned()), None)
    );
}

/// One row alone, tuples of up to 12, arrays, slices, vectors, and mixtures of them; none at all.
#[test]
fn rows_come_in_any_arrangement() {
    let map = Map::<Mutex>::new();
    let keys: Vec<u64> = (0..100).collect();
    let row = |key: usize| map.row(&keys[key]);
    sharded::transaction(row(0), |row| Ok::<_, ()>(row.insert(0))).unwrap();
    sharded::transaction((row(1),), |(row,)| Ok::<_, ()>(row.insert(1))).unwrap();
    sharded::transaction(
        (row(13), row(12), row(11), row(10), row(9), row(8), row(7), row(6), row(5), row(4), row(3), row(2)),
        |(a, b, c, d, e, f, g, h, i, j, k, l)| {
            for row in [a, b, c, d, e, f, g, h, i, j, k, l] {
                row.insert(*row.key());
            }
            Ok::<_, ()>(())
        },
    )
    .unwrap();
    let vector: Vec<_> = (20..60).map(row).collect();
    let mixture = ([row(14), row(15)], (vector, [(row(16), [row(17)])]), &[row(18), row(19)][..]);
    sharded::transaction(mixture, |(array, (vector, [(pair, [single])]), slice)| {
        for row in array.iter_mut().chain(vector).chain([pair, single]).chain(slice) {
            assert_eq!(row.get(), None);
            row.insert(*row.key());
        }
        Ok::<_, ()>(())
    })
    .unwrap();
    assert_eq!(map.len(), 60);
    assert!(keys[..60].iter().all(|key| map.get(key) == Some(*key)));
    let none: [sharded::rows::Row<'_, u64, u64, Of<Mutex, Never, Unbounded>>; 0] = [];
    assert_eq!(sharded::transaction(none, |[]| Ok::<_, ()>(1)), Ok(1));
    assert_eq!(sharded::observe(Vec::from(none), |rows| rows.len()), 0);
    let all: Vec<_> = keys.iter().map(|key| map.row(key)).collect();
    assert_eq!(sharded::observe(&all[..], |rows| rows.iter().filter_map(|row| row.get()).count()), 60);
}

/// Each shard is locked once, in whatever order the rows are named.
#[test]
fn rows_of_one_shard_share_its_lock() {
    fn check<L: Lock + Serves<u64, u64>>()
    where
        ShardedMap<u64, u64, Of<L, Never, Unbounded, System, 2>>: BuildField<Of<L, Never, Unbounded, System, 2>>,
    {
        let map: ShardedMap<u64, u64, Of<L, Never, Unbounded, System, 2>> = ShardedMap::new();
        let keys: Vec<u64> = (0..30).rev().collect();
        let rows: Vec<_> = keys.iter().map(|key| map.row(key)).collect();
        sharded::transaction(&rows[..], |rows| {
            rows.iter_mut().for_each(|row| row.insert(*row.key() + 1));
            Ok::<_, ()>(())
        })
        .unwrap();
        assert_eq!(sharded::observe(rows, |rows| rows.iter().filter_map(|row| row.get()).sum::<u64>()), 465);
    }
    must_end("rows of one shard", || {
        check::<Mutex>();
        check::<RwLock>();
        check::<Optimistic>();
        check::<Rcu>();
        check::<StdRwLock>();
    });
}

#[test]
fn a_key_that_is_named_twice_panics() {
    let shop = Shop::new();
    let (a, b) = ("apple".to_owned(), "apple".to_owned());
    let message = panics(|| {
        let rows = [shop.stock().row(&a), shop.stock().row(&b)];
        ignore(sharded::transaction((rows, shop.orders().row(&1)), |_| Ok::<_, ()>(())));
    });
    assert!(message.contains("are the same key of `stock`: name each key once"), "{message}");
    assert!(message.contains("rules.rs"), "{message}");
    // Borrowed forms of one key.
    let message = panics(|| {
        ignore(sharded::transaction((shop.stock().row("apple"), shop.stock().row(&a)), |_| Ok::<_, ()>(())));
    });
    assert!(message.contains("`stock`"), "{message}");
    // Reads of one key see the same.
    shop.stock().insert(a.clone(), 1);
    assert!(sharded::observe((shop.stock().row("apple"), shop.stock().row(&a)), |(a, b)| a.get() == b.get()));
}

/// Equal keys of several maps, and different keys with equal hashes, are different rows.
#[test]
fn only_the_same_key_of_the_same_map_is_the_same_row() {
    let maps = [0, 1].map(|_| ShardedMap::<u64, u64, Of<Mutex, Never, Unbounded>, Constant>::new());
    let keys = [1, 2, 3];
    let rows = maps.each_ref().map(|map| keys.each_ref().map(|key| map.row(key)));
    sharded::transaction(rows, |rows| {
        for (row, value) in rows.iter_mut().flatten().zip(0..) {
            row.insert(value);
        }
        Ok::<_, ()>(())
    })
    .unwrap();
    let values = maps.each_ref().map(|map| keys.map(|key| map.get(&key).unwrap()));
    assert_eq!(values, [[0, 1, 2], [3, 4, 5]]);
    let twice = [maps[0].row(&keys[0]), maps[0].row(&keys[1]), maps[0].row(&1)];
    assert!(panics(|| ignore(sharded::transaction(twice, |_| Ok::<_, ()>(())))).contains("`field`"));
}

/// A transaction inside a closure, and accesses inside a transaction, follow the one order of locks.
#[test]
fn nested_accesses_ascend() {
    fn check<L: Lock + Serves<u64, u64>>()
    where
        Map<L>: BuildField<Of<L, Never, Unbounded>>,
    {
        let [first, second, third] = [0, 1, 2].map(|_| Map::<L>::new());
        let mut keys: Vec<u64> = (0..100).collect();
        keys.sort_by_key(|key| second.shard_of(key));
        keys.dedup_by_key(|key| second.shard_of(key));
        let (low, middle, high) = (&keys[0], &keys[keys.len() / 2], keys.last().unwrap());
        let rows = || [second.row(low), second.row(middle)];
        let inside = |run: &dyn Fn()| {
            let line = line!() + 1;
            (sharded::transaction(rows(), |_| Ok::<_, ()>(run())), line)
        };
        // Later places are free.
        let (result, _) = inside(&|| {
            ignore(third.insert(1, 1));
            ignore(second.get(high));
            ignore(sharded::transaction((third.row(&1), second.row(high)), |(row, _)| Ok::<_, ()>(row.insert(2))));
        });
        assert_eq!((result, third.get(&1)), (Ok(()), Some(2)));
        // Shards of the transaction, all before them, and those in between are not.
        let denied: [&dyn Fn(); 7] = [
            &|| ignore(second.get(low)),
            &|| ignore(second.get(middle)),
            &|| ignore(second.get(&keys[1])),
            &|| ignore(first.insert(1, 1)),
            &|| ignore(sharded::transaction([second.row(high), second.row(low)], |_| Ok::<_, ()>(()))),
            &|| ignore(sharded::transaction((third.row(&1), first.row(&1)), |_| Ok::<_, ()>(()))),
            &|| ignore(sharded::observe(second.row(middle), |row| row.get().copied())),
        ];
        for run in denied {
            let message = panics(|| inside(run));
            assert!(message.contains("from inside `field` (shard"), "{message}");
            assert_eq!(message.matches("rules.rs").count(), 2, "it names both places: {message}");
        }
        // A transaction inside a closure on a later place.
        let message = panics(|| third.with_or(|| ignore(sharded::transaction(rows(), |_| Ok::<_, ()>(())))));
        assert!(message.contains("is accessed at"), "{message}");
        assert_eq!(second.stats().nesting_panics, 6);
        // All go on.
        assert_eq!(inside(&|| ()).0, Ok(()));
        assert_eq!(first.insert(1, 1), None);
    }
    trait WithOr {
        fn with_or(&self, run: impl FnOnce());
    }
    impl<L: Lock + Serves<u64, u64>> WithOr for Map<L> {
        fn with_or(&self, run: impl FnOnce()) {
            self.with(&1, |_| run());
        }
    }
    must_end("a nested access", || {
        check::<Mutex>();
        check::<RwLock>();
        check::<Optimistic>();
        check::<Rcu>();
        check::<StdRwLock>();
    });
}

/// Listeners are told after the transaction, with the cause that a single call would have.
#[test]
fn listeners_are_told_of_what_has_left() {
    let clock = Manual::new();
    let store = StoreOptions::new().clock(clock.clone()).start();
    let map: ShardedMap<u64, u64, Of<Mutex, Ttl<1000>, Unbounded>> =
        BuildField::build(&store, 0, FieldOptions::default());
    let told = Arc::new(StdMutex::new(Vec::new()));
    map.on_removal({
        let told = Arc::clone(&told);
        move |&key, &value, cause| told.lock().unwrap().push((key, value, cause))
    })
    .unwrap();
    map.insert(1, 10);
    clock.advance(Duration::from_millis(600));
    map.extend([(2, 20), (3, 30), (4, 40)]);
    clock.advance(Duration::from_millis(600));
    let keys = [1, 2, 3, 4, 5];
    let rows = keys.each_ref().map(|key| map.row(key));
    sharded::transaction(rows, |[expired, replaced, removed, updated, new]| {
        assert_eq!(expired.get(), None);
        expired.insert(11);
        replaced.insert(21);
        assert!(removed.remove());
        assert_eq!(updated.update(|value| *value += 1), Some(()));
        new.insert(50);
        assert_eq!(*told.lock().unwrap(), []);
        Ok::<_, ()>(())
    })
    .unwrap();
    let mut seen = told.lock().unwrap().clone();
    seen.sort_by_key(|&(key, ..)| key);
    assert_eq!(seen, [(1, 10, Cause::Expired), (2, 20, Cause::Replaced), (3, 30, Cause::Removed)]);
    assert_eq!(keys.map(|key| map.get(&key)), [Some(11), Some(21), None, Some(41), Some(50)]);
}

/// What is counted of a transaction is what is counted of single calls.
#[test]
fn uses_are_counted_as_those_of_single_calls() {
    fn check<L: Lock + Serves<u64, u64>>()
    where
        Map<L>: BuildField<Of<L, Never, Unbounded>>,
    {
        let map = Map::<L>::new();
        map.extend([(1, 1), (2, 2), (3, 3), (4, 4)]);
        let before = map.stats();
        let keys = [1, 2, 3, 4, 5, 6, 7];
        let rows = keys.each_ref().map(|key| map.row(key));
        let change = |end: Result<(), ()>| {
            sharded::transaction(rows, |[read, put, removed, updated, absent, new, untouched]| {
                assert_eq!((read.get(), read.get(), absent.get()), (Some(&1), Some(&1), None));
                put.insert(20);
                removed.remove();
                updated.update(|value| *value += 1);
                new.insert(60);
                let _ = untouched;
                end
            })
        };
        assert!(change(Err(())).is_err());
        let failed = map.stats();
        assert_eq!((failed.hits - before.hits, failed.misses - before.misses, failed.inserts), (2, 1, before.inserts));
        change(Ok(())).unwrap();
        let after = map.stats();
        assert_eq!((after.hits - failed.hits, after.misses - failed.misses, after.inserts - failed.inserts), (2, 1, 2));
        assert_eq!(sharded::observe(rows, |rows| rows[..5].iter().filter_map(|row| row.get()).count()), 3);
        let read = map.stats();
        assert_eq!((read.hits - after.hits, read.misses - after.misses), (3, 2));
    }
    check::<Mutex>();
    check::<RwLock>();
    check::<Optimistic>();
    check::<Rcu>();
    check::<StdRwLock>();
}

/// A read of a row keeps its entry alive, and makes it the last to be evicted.
#[test]
fn a_read_of_a_row_is_a_use() {
    #[allow(clippy::type_complexity, reason = "the type of a map")]
    fn idle<L: Lock + Serves<u64, u64>>(read: fn(&ShardedMap<u64, u64, Of<L, Idle<1000>, Unbounded>>))
    where
        ShardedMap<u64, u64, Of<L, Idle<1000>, Unbounded>>: BuildField<Of<L, Idle<1000>, Unbounded>>,
    {
        let clock = Manual::new();
        let store = StoreOptions::new().clock(clock.clone()).start();
        let map = BuildField::build(&store, 0, FieldOptions::default());
        ShardedMap::extend(&map, [(1, 1), (2, 2)]);
        for _ in 0..3 {
            clock.advance(Duration::from_millis(600));
            read(&map);
        }
        assert_eq!((map.contains_key(&1), map.contains_key(&2)), (true, false));
    }
    fn both<L: Lock + Serves<u64, u64>>()
    where
        ShardedMap<u64, u64, Of<L, Idle<1000>, Unbounded>>: BuildField<Of<L, Idle<1000>, Unbounded>>,
    {
        idle::<L>(|map| {
            let read = |row: &mut sharded::rows::RowMut<'_, _, _, _>| Ok::<_, ()>(row.get().copied());
            assert_eq!(sharded::transaction(map.row(&1), read), Ok(Some(1)));
        });
        idle::<L>(|map| assert_eq!(sharded::observe(map.row(&1), |row| row.get().copied()), Some(1)));
    }
    both::<Mutex>();
    both::<RwLock>();
    both::<Optimistic>();
    both::<Rcu>();
    both::<StdRwLock>();

    let map: ShardedMap<u64, u64, Of<Mutex, Never, Lru, System, 1, 3>> = ShardedMap::new();
    map.extend([(1, 1), (2, 2), (3, 3)]);
    assert_eq!(sharded::transaction(map.row(&1), |row| Ok::<_, ()>(row.get().copied())), Ok(Some(1)));
    assert_eq!(sharded::observe(map.row(&2), |row| row.get().copied()), Some(2));
    map.insert(4, 4);
    assert_eq!([1, 2, 3, 4].map(|key| map.contains_key(&key)), [true, true, false, true]);
}

/// A value that is being loaded for a key that a transaction writes is not stored.
#[test]
fn a_transaction_overtakes_a_load() {
    for is_written in [true, false] {
        let map = Arc::new(Map::<Mutex>::new());
        let (begun, begins) = mpsc::channel();
        let (written, writes) = mpsc::channel::<()>();
        let loader = std::thread::spawn({
            let map = Arc::clone(&map);
            move || {
                map.get_or_load_with(1, || {
                    begun.send(()).unwrap();
                    writes.recv().unwrap();
                    100
                })
            }
        });
        begins.recv().unwrap();
        sharded::transaction(map.row(&1), |row| {
            if is_written {
                row.insert(1);
            }
            Ok::<_, ()>(())
        })
        .unwrap();
        written.send(()).unwrap();
        ignore(loader.join().unwrap());
        assert_eq!(map.get(&1), Some(if is_written { 1 } else { 100 }));
    }
}

#[test]
fn a_row_of_a_set_has_no_value() {
    let set: ShardedSet<String, Of<Mutex, Never, Unbounded>> = ShardedSet::new();
    set.insert("ada".to_owned());
    let moved = sharded::transaction((set.row("ada"), set.row("bob")), |(from, to)| {
        let is_there = from.remove();
        to.insert(());
        Ok::<_, ()>(is_there)
    });
    assert_eq!((moved, set.contains("ada"), set.contains("bob"), set.len()), (Ok(true), false, true, 1));
}

/// A recorder notes what single calls would have noted.
#[test]
fn a_recorder_notes_the_uses_of_rows() {
    #[sharded(ttl = "1h", record, shards = 1)]
    struct Recorded {
        names: HashMap<u64, u64>,
    }
    let store = Recorded::new();
    let recorder = store.recorder();
    for key in 0..8192 {
        let result = sharded::transaction(store.names().row(&key), |row| {
            if row.get().is_none() {
                row.insert(key);
            }
            if key.is_multiple_of(2) { Ok(()) } else { Err(()) }
        });
        assert_eq!(result.is_ok(), key.is_multiple_of(2));
    }
    let text = recorder.workload();
    drop(recorder);
    assert!(!text.contains("\"get\":0,") && !text.contains("\"insert\":0,"), "{text}");
    assert!(text.contains("\"update\":0,") && text.contains("\"remove\":0,"), "{text}");
}

#[test]
fn many_shards_are_locked_at_once_but_not_any_number() {
    must_end("many shards", || {
        let map: ShardedMap<u64, u64, Of<Mutex, Never, Unbounded, System, 4096>> = ShardedMap::new();
        let mut keys: Vec<u64> = (0..100_000).collect();
        keys.sort_by_key(|key| map.shard_of(key));
        keys.dedup_by_key(|key| map.shard_of(key));
        let rows: Vec<_> = keys.iter().map(|key| map.row(key)).collect();
        sharded::transaction(&rows[..1024], |rows| {
            rows.iter_mut().for_each(|row| row.insert(1));
            Ok::<_, ()>(())
        })
        .unwrap();
        assert_eq!(map.len(), 1024);
        let message = panics(|| ignore(sharded::transaction(&rows[..1025], |_| Ok::<_, ()>(()))));
        assert_eq!(message, "rows in 1025 shards: at most 1024 can be locked at once");
    });
}

/// A transaction of many rows leaves its table as many single inserts would: an entry is found after few comparisons.
#[test]
fn many_inserts_into_one_shard_leave_short_chains() {
    thread_local!(static COMPARED: Cell<u64> = const { Cell::new(0) });
    #[derive(Clone, Debug)]
    struct Counted(u64);
    impl PartialEq for Counted {
        fn eq(&self, other: &Self) -> bool {
            COMPARED.set(COMPARED.get() + 1);
            self.0 == other.0
        }
    }
    impl Eq for Counted {}
    impl Hash for Counted {
        fn hash<H: Hasher>(&self, state: &mut H) {
            self.0.hash(state);
        }
    }
    fn check<L: Lock + Serves<Counted, u64>>()
    where
        ShardedMap<Counted, u64, Of<L, Never, Unbounded, System, 1>>: BuildField<Of<L, Never, Unbounded, System, 1>>,
    {
        let map: ShardedMap<Counted, u64, Of<L, Never, Unbounded, System, 1>> = ShardedMap::new();
        // Into an empty table, then into one that has entries.
        for keys in [0..4000, 4000..12_000] {
            let keys: Vec<_> = keys.map(Counted).collect();
            let rows: Vec<_> = keys.iter().map(|key| map.row(key)).collect();
            sharded::transaction(&rows[..], |rows| {
                rows.iter_mut().for_each(|row| row.insert(1));
                Ok::<_, ()>(())
            })
            .unwrap();
            COMPARED.set(0);
            assert!(keys.iter().all(|key| map.contains_key(key)));
            let compared = COMPARED.get();
            assert!(compared < 2 * keys.len() as u64, "{compared} comparisons for {} keys", keys.len());
        }
    }
    check::<Mutex>();
    check::<RwLock>();
}

/// The time to live begins when the transaction commits, however long its closure has taken.
#[test]
fn the_time_to_live_begins_at_the_commit() {
    let clock = Manual::new();
    let store = StoreOptions::new().clock(clock.clone()).start();
    let map: ShardedMap<u64, u64, Of<Mutex, Ttl<5000>, Unbounded, System, 4>> =
        BuildField::build(&store, 0, FieldOptions::new());
    let seconds = Duration::from_secs;
    map.insert(0, 0);
    sharded::transaction((map.row(&0), map.row(&1), map.row(&2)), |(replaced, new, own)| {
        clock.advance(seconds(4));
        replaced.insert(10);
        new.insert(11);
        own.insert_with_ttl(12, seconds(3));
        clock.advance(seconds(4));
        Ok::<_, ()>(())
    })
    .unwrap();
    clock.advance(seconds(2));
    assert_eq!(map.get_many([&0, &1, &2]), [Some(10), Some(11), Some(12)]);
    clock.advance(seconds(1));
    assert_eq!(map.get_many([&0, &1, &2]), [Some(10), Some(11), None]);
    clock.advance(seconds(2));
    assert_eq!(map.get_many([&0, &1, &2]), [None, None, None]);
}

/// Two keys that find the same entry, since `Eq` is not transitive, are refused as the same key is, before any change.
#[test]
fn two_rows_of_one_entry_are_refused() {
    #[derive(Clone, Debug)]
    struct Odd(u64);
    impl PartialEq for Odd {
        fn eq(&self, other: &Self) -> bool {
            self.0 == other.0 || self.0 == 0 || other.0 == 0
        }
    }
    impl Eq for Odd {}
    impl Hash for Odd {
        fn hash<H: Hasher>(&self, state: &mut H) {
            0.hash(state);
        }
    }
    let map: ShardedMap<Odd, u64, Of<Mutex, Never, Unbounded>> = ShardedMap::new();
    map.insert(Odd(0), 5);
    for removes in [true, false] {
        let message = panics(|| {
            ignore(sharded::transaction((map.row(&Odd(1)), map.row(&Odd(2))), |(first, second)| {
                if removes {
                    first.remove();
                } else {
                    // Both only replace a value.
                    first.insert(6);
                }
                second.insert(7);
                Ok::<_, ()>(())
            }));
        });
        assert!(message.contains("are the same key of `field`"), "{message}");
        assert_eq!((map.get(&Odd(0)), map.len()), (Some(5), 1));
    }
}

/// Keys with one hash are compared with each other once.
#[test]
fn keys_of_one_hash_are_cloned_once_each() {
    thread_local!(static CLONED: Cell<u64> = const { Cell::new(0) });
    #[derive(Debug, PartialEq, Eq, Hash)]
    struct Counted(u64);
    impl Clone for Counted {
        fn clone(&self) -> Self {
            CLONED.set(CLONED.get() + 1);
            Counted(self.0)
        }
    }
    let map: ShardedMap<Counted, u64, Of<Mutex, Never, Unbounded>, Constant> = ShardedMap::new();
    let keys: Vec<_> = (0..100).map(Counted).collect();
    let rows: Vec<_> = keys.iter().map(|key| map.row(key)).collect();
    sharded::transaction(rows, |_| Ok::<_, ()>(())).unwrap();
    let cloned = CLONED.get();
    assert!(cloned <= 100, "{cloned} clones of 100 keys");
}

/// What is staged and then staged otherwise is dropped after unlock, so its drop may use the map.
#[test]
fn what_is_displaced_is_dropped_after_unlock() {
    #[derive(Clone)]
    struct Uses(Option<Arc<Shop>>);
    impl Drop for Uses {
        fn drop(&mut self) {
            if let Some(shop) = &self.0 {
                shop.orders().insert(7, "dropped".to_owned());
            }
        }
    }
    let map: ShardedMap<u64, Uses, Of<Mutex, Never, Unbounded>> = ShardedMap::new();
    let shop = Arc::new(Shop::new());
    for removes in [false, true] {
        let rows = (shop.orders().row(&7), map.row(&1));
        sharded::transaction(rows, |(_, row)| {
            row.insert(Uses(Some(Arc::clone(&shop))));
            if removes {
                row.remove();
            } else {
                row.insert(Uses(None));
            }
            Ok::<_, ()>(())
        })
        .unwrap();
        assert_eq!(shop.orders().remove(&7).as_deref(), Some("dropped"));
    }
}

/// A listener of one map finds all maps as they stay.
#[test]
fn a_listener_finds_all_units_given_back() {
    type Full = ShardedMap<u64, u64, Of<Mutex, Never, Reject, System, 1, 1>>;
    let (told, full): (Map<Mutex>, Arc<Full>) = (ShardedMap::new(), Arc::new(ShardedMap::new()));
    let fits = Arc::new(StdMutex::new(None));
    let (map, seen) = (Arc::clone(&full), Arc::clone(&fits));
    told.on_removal(move |_, _, _| *seen.lock().unwrap() = Some(map.try_insert(7, 7).is_ok())).unwrap();
    told.insert(1, 1);
    full.try_insert(1, 1).unwrap();
    sharded::transaction((told.row(&1), full.row(&1)), |(told, full)| {
        told.remove();
        full.remove();
        Ok::<_, ()>(())
    })
    .unwrap();
    assert_eq!(*fits.lock().unwrap(), Some(true));
}

/// As many shards as there may be, on the stack that a thread has by default.
#[test]
fn many_shards_take_little_stack() {
    fn check<L: Lock + Serves<u64, u64>>()
    where
        ShardedMap<u64, u64, Of<L, Never, Unbounded, System, 1024>>: BuildField<Of<L, Never, Unbounded, System, 1024>>,
    {
        let map: ShardedMap<u64, u64, Of<L, Never, Unbounded, System, 1024>> = ShardedMap::new();
        let mut keys: Vec<u64> = (0..100_000).collect();
        keys.sort_by_key(|key| map.shard_of(key));
        keys.dedup_by_key(|key| map.shard_of(key));
        keys.truncate(MOST_SHARDS);
        assert_eq!(keys.len(), MOST_SHARDS);
        let rows: Vec<_> = keys.iter().map(|key| map.row(key)).collect();
        let insert = |rows: &mut [sharded::rows::RowMut<'_, u64, u64, _>]| {
            rows.iter_mut().for_each(|row| row.insert(1));
            Ok::<_, ()>(())
        };
        sharded::transaction(&rows[..], |rows| insert(rows)).unwrap();
        sharded::transaction(((&rows[..1], &rows[1..]),), |((one, rest),)| insert(one).and_then(|()| insert(rest)))
            .unwrap();
        let array: [_; 200] = std::array::from_fn(|index| rows[index]);
        sharded::transaction(array, |rows| insert(rows)).unwrap();
        sharded::transaction((&array, &rows[200..].to_vec()), |(some, rest)| insert(some).and_then(|()| insert(rest)))
            .unwrap();
        assert_eq!(
            sharded::observe(&rows[..], |rows| rows.iter().filter(|row| row.get().is_some()).count()),
            MOST_SHARDS
        );
    }
    for run in [check::<Mutex>, check::<RwLock>, check::<Optimistic>, check::<Rcu>, check::<StdRwLock>] {
        thread::Builder::new().stack_size(2 << 20).spawn(run).unwrap().join().unwrap();
    }
}
