//! An entry that a map has no room for is reported as evicted, for every call, unless the call returns it.

#![allow(clippy::trivially_copy_pass_by_ref, reason = "what such functions are given")]

use super::common::ignore;
use proptest::prelude::*;
use sharded::{Cause, Change, Policy, ShardedMap, clock::Manual, evict::MakesRoom, lock::Serves, sharded};
use std::{
    collections::HashMap,
    convert::Infallible,
    pin::pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
    time::Duration,
};

fn own(_: &u32, weight: &u32) -> u32 {
    *weight
}

fn never(_: &u32, _: &u32) -> bool {
    false
}

#[sharded(shards = 2)]
struct Shop {
    #[shard(capacity = 100, weight = own, evict = Lru)]
    weighed: HashMap<u32, u32>,
    #[shard(capacity = 100, weight = own, lock = Optimistic, ttl = "10s", refresh_after = "1s", evict = Sieve)]
    refreshed: HashMap<u32, u32>,
    #[shard(capacity = 2, evictable = never, evict = Lru)]
    pinned: HashMap<u32, u32>,
    #[shard(capacity = 100, weight = own, evictable = never, evict = Adaptive)]
    both: HashMap<u32, u32>,
    #[shard(capacity = 2, evict = Reject)]
    seats: HashMap<u32, u32>,
}

type Map<P> = ShardedMap<u32, u32, P>;
type Told = Arc<Mutex<Vec<(u32, u32, Cause)>>>;

fn listened<P: Policy>(map: &Map<P>) -> Told {
    let told = Told::default();
    let log = Arc::clone(&told);
    map.on_removal(move |&key, &value, cause| log.lock().unwrap().push((key, value, cause))).unwrap();
    told
}

/// A future that never waits.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("there is nothing to wait for"),
    }
}

/// The calls that load, under any policy.
fn loads<P>() -> Vec<fn(&Map<P>, u32, u32)>
where
    P: Policy<Lock: Serves<u32, u32>>,
{
    vec![
        |map, key, value| assert_eq!(map.get_or_load_with(key, || value), value),
        |map, key, value| assert_eq!(map.get_or_try_insert_with(key, || Ok::<_, ()>(value)), Ok(value)),
        |map, key, value| assert_eq!(now(map.get_or_load_async(key, async || value)), value),
        |map, key, value| {
            let loaded = now(map.get_or_try_insert_async(key, async || Ok::<_, Infallible>(value)));
            assert_eq!(loaded, Ok(value));
        },
    ]
}

/// All calls that bring a value.
fn calls<P>() -> Vec<fn(&Map<P>, u32, u32)>
where
    P: Policy<Eviction: MakesRoom, Lock: Serves<u32, u32>>,
{
    let mut calls = loads::<P>();
    calls.extend([
        (|map, key, value| ignore(map.insert(key, value))) as fn(&Map<P>, u32, u32),
        |map, key, value| map.extend([(key, value)]),
        |map, key, value| ignore(map.insert_if_absent(key, value)),
        |map, key, value| ignore(map.upsert(key, || value, |stored| *stored = value)),
        |map, key, value| map.compute(key, |_| Change::Put(value, ())),
        |map, key, value| assert_eq!(map.get_or_insert_with(key, || value), value),
    ]);
    calls
}

/// Each call has its value told as evicted, and it alone; the rest of the map stays.
fn refused<P>(map: &Map<P>, calls: &[fn(&Map<P>, u32, u32)], stored: &[(u32, u32)], value: u32)
where
    P: Policy<Lock: Serves<u32, u32>>,
{
    let told = listened(map);
    for (key, call) in (100..).zip(calls) {
        let before = map.stats().evicted;
        call(map, key, value);
        assert_eq!(std::mem::take(&mut *told.lock().unwrap()), [(key, value, Cause::Evicted)], "call {key}");
        assert_eq!(map.stats().evicted, before + 1, "call {key}");
        assert_eq!((map.len(), map.contains_key(&key)), (stored.len(), false), "call {key}");
        assert!(stored.iter().all(|&(key, value)| map.get(&key) == Some(value)), "call {key}");
        let back = map.try_insert(key, value).unwrap_err();
        assert_eq!((back.key, back.value, told.lock().unwrap().len()), (key, value, 0), "it is given back");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn what_is_refused_is_told_as_evicted(keys in prop::array::uniform2(0_u32..50), weight in 101_u32..) {
        prop_assume!(keys[0] != keys[1]);
        let clock = Manual::new();
        let shop = Shop::builder().clock(clock.clone()).build();
        let stored = keys.map(|key| (key, 50));
        shop.weighed().extend(stored);
        refused(shop.weighed(), &calls(), &stored, weight);
        shop.refreshed().extend(stored);
        refused(shop.refreshed(), &calls(), &stored, weight);
        shop.pinned().extend(stored);
        refused(shop.pinned(), &calls(), &stored, weight);
        // It fits, but for what may not leave.
        shop.both().extend(stored);
        refused(shop.both(), &calls(), &stored, weight % 100 + 1);
        for (key, value) in stored {
            shop.seats().try_insert(key, value).unwrap();
        }
        refused(shop.seats(), &loads(), &stored, weight);
    }
}

/// What replaces a value and is refused then takes that one with it, by whichever call.
#[test]
fn what_replaces_a_value_and_is_refused_leaves_nothing() {
    let replaces: [fn(&Map<ShopRefreshed>); 6] = [
        |map| ignore(map.insert(1, 200)),
        |map| map.compute(1, |_| Change::Put(200, ())),
        |map| ignore(map.insert_with_ttl(1, 200, Duration::from_secs(5))),
        |map| assert_eq!(map.get_or_load_with(1, || 200), 200),
        |map| assert_eq!(map.get_or_try_insert_with(1, || Ok::<_, ()>(200)), Ok(200)),
        |map| assert_eq!(now(map.get_or_load_async(1, async || 200)), 200),
    ];
    for (number, replace) in replaces.into_iter().enumerate() {
        let clock = Manual::new();
        let shop = Shop::builder().clock(clock.clone()).build();
        let map = shop.refreshed();
        let told = listened(map);
        map.extend([(1, 10), (2, 10)]);
        clock.advance(Duration::from_secs(1));
        replace(map);
        let all = [(1, 10, Cause::Replaced), (1, 200, Cause::Evicted)];
        assert_eq!(*told.lock().unwrap(), all, "call {number}");
        assert_eq!((map.get(&1), map.get(&2), map.weight()), (None, Some(10), 10), "call {number}");
    }
}

/// What pinned entries leave no room for in one shard may have room in another, of which evictable entries leave.
#[test]
fn a_load_makes_room_in_other_shards() {
    fn is_odd(key: &u32, _: &u32) -> bool {
        !key.is_multiple_of(2)
    }
    #[sharded(shards = 4)]
    struct Odd {
        #[shard(capacity = 8, evictable = is_odd, evict = Lru)]
        numbers: HashMap<u32, u32>,
    }
    let odd = Odd::builder().numbers(|numbers| numbers.shards(4)).build();
    let map = odd.numbers();
    let in_shard = |shard, is_evictable: bool| {
        (0..1000).filter(move |key| map.shard_of(key) == shard && is_odd(key, &0) == is_evictable)
    };
    map.extend(in_shard(0, false).take(4).chain(in_shard(1, true).take(4)).map(|key| (key, key)));
    let told = listened(map);
    let new = in_shard(0, false).nth(10).unwrap();
    assert_eq!(map.get_or_load_with(new, || 7), 7);
    assert_eq!((map.get(&new), map.len()), (Some(7), 8));
    assert!(matches!(**told.lock().unwrap(), [(key, _, Cause::Evicted)] if map.shard_of(&key)  == 1));
}
