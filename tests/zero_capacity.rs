//! A map with a capacity of zero, given when it is built, holds nothing. Every call still works.

mod common;

use common::policy::{Limited, Never, Of, Refreshed, Ttl};
use sharded::{
    Cause, Change, LoadError, ShardedMap,
    builder::FieldOptions,
    clock::System,
    evict::{Adaptive, Lru, Reject, S3Fifo, Sieve, TinyLfu},
    lock::{Mutex, Optimistic, Rcu, RwLock},
    sharded, transaction,
};
use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{Arc, Mutex as StdMutex},
};

type Field<L, X, E> = ShardedMap<u64, u64, Of<L, X, E, System, 4, 100>>;

/// Every way to store an entry, in a map that can evict.
macro_rules! stores_nothing {
    ($($Lock:ty, $Times:ty, $Evict:ty;)*) => {$(
        for shards in [1, 4] {
            let map: Field<$Lock, $Times, $Evict> =
                ShardedMap::with_options(FieldOptions::new().capacity(0).shards(shards));
            let left = Arc::new(StdMutex::new(Vec::new()));
            let heard = Arc::clone(&left);
            assert!(map.on_removal(move |key, _, cause| heard.lock().unwrap().push((*key, cause))).is_ok());
            assert_eq!(map.capacity(), Some(0));
            assert_eq!(map.insert(1, 1), None);
            assert_eq!(map.insert(1, 2), None, "the first one has left");
            map.insert_if_absent(2, 2).expect("it is absent");
            map.insert_if_absent(2, 2).expect("it is absent again");
            map.upsert(3, || 3, |_| unreachable!("no value stays"));
            assert_eq!(map.get_or_insert_with(4, || 4), 4);
            assert_eq!(map.with_or_insert(5, || 5, |value| *value + 1), 6);
            assert_eq!(map.compute(6, |_| Change::Put(6, "made")), "made");
            assert_eq!(map.get_or_load_with(7, || 7), 7);
            let loaded: Result<u64, LoadError<Infallible>> = map.get_or_try_insert_with(7, || Ok(8));
            assert_eq!(loaded.ok(), Some(8));
            transaction((map.row(&8), map.row(&9)), |(eight, nine)| {
                eight.insert(8);
                nine.insert(9);
                Ok::<_, Infallible>(())
            })
            .expect("it commits");
            map.extend((10..20).map(|key| (key, key)));
            assert_eq!((map.len(), map.weight(), map.get(&1)), (0, 0, None));
            map.for_each(|key, _| panic!("{key} has stayed"));
            let left = left.lock().unwrap();
            assert!(left.iter().all(|(_, cause)| *cause == Cause::Evicted), "{left:?}");
            assert_eq!((left.len(), map.stats().evicted), (22, 22), "{left:?}");
        }
    )*};
}

#[test]
fn no_entry_stays() {
    stores_nothing! {
        Mutex, Never, Adaptive;
        RwLock, Ttl<1000>, Lru;
        Optimistic, Never, Sieve;
        Rcu, Refreshed<1000, 500>, S3Fifo;
        Mutex, Ttl<1000>, TinyLfu;
        Rcu, Never, Adaptive;
    }
}

#[test]
fn every_entry_is_refused_where_none_is_evicted() {
    let map: Field<Mutex, Never, Reject> = ShardedMap::with_options(FieldOptions::new().capacity(0));
    assert_eq!(map.try_insert(1, 2).map_err(|refused| refused.value), Err(2));
    assert_eq!(map.get_or_load_with(1, || 3), 3);
    assert_eq!((map.len(), map.stats().refused), (0, 1));
}

/// Not even an entry that weighs nothing, or that may not be evicted.
#[test]
fn neither_weight_nor_pins_keep_an_entry() {
    fn none<P: sharded::Policy<Eviction = Lru>>() -> FieldOptions<P> {
        FieldOptions::new().capacity(0)
    }
    let weighed: ShardedMap<u64, u64, Limited<Lru, 4, 100, true, false>> =
        ShardedMap::with_options(none().weigher(|_: &u64, weight: &u64| u32::try_from(*weight).unwrap()));
    let pinned: ShardedMap<u64, u64, Limited<Lru, 4, 100, false, true>> =
        ShardedMap::with_options(none().evictable(|_: &u64, _: &u64| false));
    let both: ShardedMap<u64, u64, Limited<Lru, 4, 100, true, true>> = ShardedMap::with_options(
        none().weigher(|_: &u64, weight: &u64| u32::try_from(*weight).unwrap()).evictable(|_: &u64, _: &u64| false),
    );
    for weight in [0, 1, 1000] {
        weighed.insert(weight, weight);
        weighed.upsert(weight, || weight, |_| unreachable!("no value stays"));
        assert_eq!(weighed.get_or_load_with(weight, || weight), weight);
        pinned.insert(weight, weight);
        assert!(pinned.try_insert(weight, weight).is_err());
        assert_eq!(pinned.get_or_load_with(weight, || weight), weight);
        both.insert(weight, weight);
        assert!(both.try_insert(weight, weight).is_err());
    }
    assert_eq!((weighed.len(), pinned.len(), both.len()), (0, 0, 0));
}

/// Threads that insert at once leave nothing behind.
#[test]
fn nothing_is_left_when_all_threads_are_done() {
    let map: Field<Mutex, Never, Adaptive> = ShardedMap::with_options(FieldOptions::new().capacity(0).shards(4));
    common::threads::together(8, |thread| {
        for n in 0..2000 {
            map.insert((thread << 32) | (n % 50), n);
            map.upsert(n % 50, || n, |value| *value += 1);
        }
    });
    assert_eq!(map.len(), 0);
}

#[sharded(capacity = 100)]
struct Pages {
    pages: HashMap<u64, String>,
}

#[test]
fn the_builder_of_a_store_takes_it() {
    let store = Pages::builder().pages(|pages| pages.capacity(0)).build();
    store.pages().insert(1, String::new());
    assert_eq!((store.pages().capacity(), store.pages().len()), (Some(0), 0));
}
