//! What `Stats` counts besides accesses: how tables change, what waits for a listener, and what panics; and how values
//! of `Stats` are subtracted and added. The model suite compares hits, misses, inserts and departures with a plain
//! model.

mod common;

use common::{
    ignore,
    locks::{NotingMutex, StdRwLock},
    panics,
    policy::{Never, Of},
};
use proptest::prelude::*;
use sharded::{
    ShardedMap, Stats,
    builder::BuildField,
    evict::Unbounded,
    lock::{Lock, Mutex, Optimistic, Rcu, RwLock, Serves},
    sharded,
};
use std::{
    collections::{HashMap, HashSet},
    sync::{Barrier, mpsc},
    thread,
    time::Duration,
};

type Map<L> = ShardedMap<u64, u64, Of<L, Never, Unbounded>>;

#[test]
fn splits_and_merges_are_counted() {
    fn check<L>()
    where
        L: Lock + Serves<u64, u64>,
        Map<L>: BuildField<Of<L, Never, Unbounded>>,
    {
        let map: Map<L> = ShardedMap::new();
        map.insert(0, 0);
        assert_eq!((map.stats().splits, map.stats().merges), (0, 0));
        (0..20_000).for_each(|key| ignore(map.insert(key, key)));
        let grown = map.stats();
        // A bucket has at most 15 slots, and each shard began with one.
        assert!(grown.splits >= 20_000 / 15 - 16, "{} splits", grown.splits);
        assert!(grown.splits < 20_000 && grown.merges == 0);
        (0..20_000).for_each(|key| ignore(map.remove(&key)));
        map.shrink_to_fit();
        let shrunk = map.stats();
        assert_eq!(shrunk.splits, grown.splits);
        assert!(shrunk.merges > 0 && shrunk.merges <= shrunk.splits, "{} merges", shrunk.merges);
    }
    check::<Mutex>();
    check::<RwLock>();
    check::<Optimistic>();
    check::<Rcu>();
}

/// What is counted of the waits for a map's locks, when a thread waits for a closure that takes a while: so many times,
/// or fewer once a wait is counted. Also how many waits there were, and what is counted of another map.
fn waits<L>(rounds: std::ops::RangeInclusive<u64>) -> (u64, u64, u64)
where
    L: Lock + Serves<u64, u64>,
    Map<L>: BuildField<Of<L, Never, Unbounded>> + Sync,
{
    let (map, other): (Map<L>, Map<L>) = (ShardedMap::new(), ShardedMap::new());
    map.insert(1, 1);
    let mut round = 0;
    // A wait goes uncounted where the thread comes late, or while another test builds a map.
    while round < *rounds.start() || (map.stats().lock_waits.count == 0 && round < *rounds.end()) {
        round += 1;
        let may_go = Barrier::new(2);
        thread::scope(|scope| {
            map.with_mut(&1, |value| {
                scope.spawn(|| {
                    may_go.wait();
                    map.insert(1, 2);
                });
                may_go.wait();
                thread::sleep(Duration::from_millis(50));
                *value += 1;
            });
        });
    }
    let stats = map.stats().lock_waits;
    assert_eq!(stats.by_length.iter().sum::<u64>(), stats.count);
    assert_eq!(stats.count == 0, stats.time.is_zero());
    (stats.count, round, other.stats().lock_waits.count)
}

#[test]
fn waits_for_a_lock_are_counted_by_the_map_of_the_lock() {
    for (count, rounds, of_other) in [
        waits::<Mutex>(1..=1000),
        waits::<RwLock>(1..=1000),
        waits::<Optimistic>(1..=1000),
        waits::<NotingMutex>(1..=1000),
    ] {
        assert!((1..=rounds).contains(&count), "{count} of {rounds} waits");
        assert_eq!(of_other, 0);
    }
    assert_eq!(waits::<StdRwLock>(5..=5), (0, 5, 0), "a lock that notes none");
}

#[sharded(ttl = "1h", shards = 4)]
struct Shop {
    carts: HashMap<u64, u64>,
    online: HashSet<u64>,
}

#[test]
fn nested_accesses_that_panic_are_counted_by_the_field_that_was_accessed() {
    let shop = Shop::new();
    shop.online().insert(1);
    shop.online().for_each(|_| {
        panics(|| shop.carts().get(&1));
        panics(|| shop.carts().get_or_load_with(1, || 1));
        panics(|| shop.online().clear());
    });
    assert_eq!((shop.carts().stats().nesting_panics, shop.online().stats().nesting_panics), (2, 1));
}

#[test]
fn entries_that_wait_for_a_receiver_and_those_that_it_missed_are_counted() {
    let shop = Shop::new();
    let mut removals = shop.carts().removals(3).unwrap();
    (0..5).for_each(|key| ignore(shop.carts().insert(key, key)));
    shop.carts().clear();
    let stats = shop.carts().stats();
    assert_eq!((stats.removals_waiting, stats.removals_missed), (3, 2));
    ignore(removals.recv());
    assert_eq!(shop.carts().stats().removals_waiting, 2);
    assert_eq!(shop.carts().stats().removals_missed, removals.missed());
}

#[test]
fn entries_that_wait_for_a_listener_are_counted() {
    let shop = Shop::new();
    let (told, is_told) = mpsc::channel();
    let (proceed, may_proceed) = mpsc::channel();
    let may_proceed = std::sync::Mutex::new(may_proceed);
    shop.carts()
        .on_removal(move |&key, _, _| {
            told.send(key).unwrap();
            may_proceed.lock().unwrap().recv().unwrap();
        })
        .unwrap();
    (0..3).for_each(|key| ignore(shop.carts().insert(key, key)));
    std::thread::scope(|scope| {
        scope.spawn(|| shop.carts().remove(&0));
        is_told.recv().unwrap();
        // Other threads leave theirs to the one that is in the listener.
        shop.carts().remove(&1);
        shop.carts().remove(&2);
        let waiting = shop.carts().stats().removals_waiting;
        (0..3).for_each(|_| proceed.send(()).unwrap());
        assert_eq!(waiting, 2);
    });
    assert_eq!(shop.carts().stats().removals_waiting, 0);
}

/// Makes some of everything that can be made at once by one thread.
fn use_up_to(shop: &Shop, keys: u64) {
    for key in 0..keys {
        ignore(shop.carts().get(&key));
        ignore(shop.carts().insert(key, key));
        ignore(shop.carts().get_or_try_insert_with(key + 1_000_000, || Err::<u64, _>(())));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Subtracting says what happened in between, and adding it again gives the later counts.
    #[test]
    fn differences_add_up(first in 0_u64..300, then in 0_u64..300) {
        let shop = Shop::new();
        use_up_to(&shop, first);
        let before = shop.carts().stats();
        use_up_to(&shop, then);
        let after = shop.carts().stats();
        let between = after.clone() - before.clone();
        prop_assert_eq!((between.inserts, between.hits + between.misses), (then, 2 * then));
        let loads = between.loads;
        prop_assert_eq!((loads.started, loads.ended, loads.failed), (then, then, then));
        prop_assert_eq!(&between.shard_sizes, &after.shard_sizes);
        let mut sum = before;
        sum += between;
        // Sizes add up, too: those of two maps.
        let sizes = |stats: &Stats| (stats.shard_sizes.clone(), stats.table_bytes);
        sum.shard_sizes = sizes(&after).0;
        sum.table_bytes = sizes(&after).1;
        (sum.retired, sum.retired_bytes) = (after.retired, after.retired_bytes);
        prop_assert_eq!(sum, after);
    }

    #[test]
    #[allow(clippy::cast_precision_loss, reason = "small numbers")]
    fn a_sum_has_the_shards_of_all_maps(carts in 0_u64..200, online in 0_u64..200) {
        let shop = Shop::new();
        (0..carts).for_each(|key| ignore(shop.carts().insert(key, key)));
        (0..online).for_each(|key| ignore(shop.online().insert(key)));
        let sum: Stats = [shop.carts().stats(), shop.online().stats()].into_iter().sum();
        prop_assert_eq!((sum.inserts, sum.entries() as u64, sum.shard_sizes.len()), (carts + online, carts + online, 8));
        let most = shop.carts().stats().largest_shard().max(shop.online().stats().largest_shard());
        prop_assert_eq!(sum.largest_shard(), most);
        prop_assert_eq!(sum.mean_shard().to_bits(), ((carts + online) as f64 / 8.0).to_bits());
    }
}
