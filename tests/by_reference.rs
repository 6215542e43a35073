//! Calls that take a borrowed key make one only where it is stored.

mod common;

use common::{
    ignore, panics,
    policy::{Never, Of},
};
use sharded::{Change, LoadError, ShardedMap, clock::Manual, evict::Unbounded, lock::Mutex, sharded};
use std::{
    cell::Cell,
    collections::HashMap,
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

thread_local! {
    static MADE: Cell<usize> = const { Cell::new(0) };
}

/// A key whose copies are counted.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Key(Vec<u8>);

impl Clone for Key {
    fn clone(&self) -> Self {
        MADE.set(MADE.get() + 1);
        assert!(self.0 != b"panics", "a key may panic");
        Key(self.0.clone())
    }
}

#[sharded(ttl = "1h", refresh_after = "10m", capacity = 1000)]
struct Shop {
    names: HashMap<Key, u64>,
}

fn made(run: impl FnOnce()) -> usize {
    MADE.set(0);
    run();
    MADE.get()
}

fn block_on<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

fn shop() -> (Shop, Manual) {
    let clock = Manual::new();
    (Shop::builder().clock(clock.clone()).build(), clock)
}

#[test]
fn a_hit_makes_no_key_and_a_miss_makes_one() {
    type Call<'a> = (&'a str, &'a dyn Fn(&Key));
    let (shop, clock) = shop();
    let map = shop.names();
    let calls: [Call<'_>; 6] = [
        ("upsert_ref", &|key| ignore(map.upsert_ref(key, || 1, |value| *value += 1))),
        ("compute_ref", &|key| map.compute_ref(key, |value| value.map_or(Change::Put(1, ()), |_| Change::Keep(())))),
        ("get_or_try_insert_ref", &|key| assert!(map.get_or_try_insert_ref(key, || Ok::<_, ()>(1)).is_ok())),
        ("get_or_load_ref", &|key| ignore(map.get_or_load_ref(key, || 1))),
        ("get_or_try_insert_async_ref", &|key| {
            assert!(block_on(map.get_or_try_insert_async_ref(key, async || Ok::<_, ()>(1))).is_ok());
        }),
        ("get_or_load_async_ref", &|key| ignore(block_on(map.get_or_load_async_ref(key, async || 1)))),
    ];
    for (name, call) in calls {
        let key = Key(name.as_bytes().to_vec());
        assert_eq!(made(|| call(&key)), 1, "{name}, which misses");
        assert_eq!(map.peek(&key), Some(1));
        assert_eq!(made(|| call(&key)), 0, "{name}, which hits");
    }
    let stats = map.stats();
    assert_eq!((stats.hits, stats.misses, stats.inserts), (6, 6, 6), "each call is one use");

    // What is old is loaded anew, also by reference.
    clock.advance(Duration::from_secs(700));
    let key = Key(b"get_or_load_ref".to_vec());
    assert_eq!(made(|| assert_eq!(map.get_or_load_ref(&key, || 7), 7)), 1);
    let key = Key(b"get_or_load_async_ref".to_vec());
    assert_eq!(made(|| assert_eq!(block_on(map.get_or_load_async_ref(&key, async || 8)), 8)), 1);
    assert_eq!((map.peek(&key), map.stats().loads.refreshes), (Some(8), 2));
}

#[test]
fn loads_by_reference_store_with_a_time_of_their_own() {
    let (shop, _) = shop();
    let (map, ttl) = (shop.names(), Duration::from_secs(7));
    let (one, other) = (Key(vec![1]), Key(vec![2]));
    let tried = || block_on(map.with_ttl(ttl).get_or_try_insert_async_ref(&one, async || Ok::<_, ()>(1))).unwrap();
    let loaded = || block_on(map.with_ttl(ttl).get_or_load_async_ref(&other, async || 2));
    for keys in [1, 0] {
        assert_eq!(made(|| assert_eq!(tried(), 1)), keys);
        assert_eq!(made(|| assert_eq!(loaded(), 2)), keys);
    }
    assert_eq!((map.ttl_of(&one), map.ttl_of(&other)), (Some(ttl), Some(ttl)));
    let missing = Key(vec![3]);
    let fails = map.with_ttl(ttl).get_or_try_insert_async_ref(&missing, async || Err::<u64, _>("no"));
    assert!(block_on(fails).is_err());
}

#[test]
fn compute_by_reference_does_what_the_closure_says() {
    let (shop, _) = shop();
    let (map, key) = (shop.names(), Key(vec![1]));
    assert_eq!(map.compute_ref(&key, |value| Change::Remove(value.copied())), None);
    assert_eq!(map.compute_ref(&key, |value| Change::Keep(value.copied())), None);
    assert_eq!(made(|| map.compute_ref(&key, |_| Change::Put(1, ()))), 1);
    assert_eq!(made(|| assert_eq!(map.compute_ref(&key, |value| Change::Put(2, value.copied())), Some(1))), 0);
    // A listener is told of a replaced value with the key of the call.
    let mut removals = map.removals(10).unwrap();
    assert_eq!(made(|| map.compute_ref(&key, |_| Change::Put(3, ()))), 1);
    let told = removals.try_recv().unwrap();
    assert_eq!((told.key == key, told.value), (true, 2));
    assert_eq!(map.compute_ref(&key, |value| Change::Remove(value.copied())), Some(3));
    assert!(map.is_empty());
}

#[test]
fn a_key_that_panics_stores_nothing() {
    let (shop, _) = shop();
    let (map, key) = (shop.names(), Key(b"panics".to_vec()));
    panics(|| map.upsert_ref(&key, || 1, |_| ()));
    panics(|| map.compute_ref(&key, |_| Change::Put(1, ())));
    panics(|| map.get_or_load_ref(&key, || 1));
    panics(|| block_on(map.get_or_load_async_ref(&key, async || 1)));
    assert!(map.is_empty());
    // And leaves nothing behind that others would wait for.
    assert_eq!(map.get_or_load_with(Key(b"panics".to_vec()), || 2), 2);
}

#[test]
fn a_load_that_fails_is_shared() {
    let (shop, _) = shop();
    let failed = shop.names().get_or_try_insert_ref(&Key(vec![1]), || Err("no"));
    assert_eq!(failed.clone(), Err(LoadError::Failed(std::sync::Arc::new("no"))));
    assert_eq!(failed.unwrap_err().into_failure().as_deref(), Some(&"no"));
}

/// A key whose copies differ from it, against the rule of [`ToOwned`].
#[derive(Debug, PartialEq, Eq, Hash)]
struct Drifting(u64);

impl Clone for Drifting {
    fn clone(&self) -> Self {
        Drifting(self.0 + 1)
    }
}

/// The entry would be stored where nobody finds it.
#[cfg(debug_assertions)]
#[test]
fn a_made_key_that_differs_is_found_in_debug_builds() {
    let map: ShardedMap<Drifting, u64, Of<Mutex, Never, Unbounded>> = ShardedMap::new();
    let key = Drifting(1);
    let calls: [&dyn Fn(); 4] = [
        &|| ignore(map.upsert_ref(&key, || 1, |value| *value += 1)),
        &|| map.compute_ref(&key, |_| Change::Put(1, ())),
        &|| ignore(map.get_or_load_ref(&key, || 1)),
        &|| {
            let made = sharded::transaction(map.row(&key), |row| {
                row.insert(1);
                Ok::<_, ()>(())
            });
            made.unwrap();
        },
    ];
    for call in calls {
        let message = panics(call);
        assert!(message.contains("`to_owned`"), "{message}");
        assert!(map.is_empty());
    }
}
