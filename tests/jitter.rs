//! `ttl_jitter`: entries that were written at the same time do not expire at the same time, and none outlives its ttl.

mod common;

use common::policy::{Jittered, Of, Times, Ttl};
use proptest::prelude::*;
use sharded::{
    Change, ShardedMap,
    builder::{BuildField, FieldOptions, StoreOptions},
    clock::{Manual, System},
    evict::Unbounded,
    lock::Mutex,
    sharded,
};
use std::{collections::HashMap, time::Duration};

type Policy<X, L = Mutex> = Of<L, X, Unbounded, System, 4>;
type Map<X, L = Mutex> = ShardedMap<u64, u64, Policy<X, L>>;

const TTL: Duration = Duration::from_secs(1000);

fn map<X: Times>(clock: &Manual, options: FieldOptions<Policy<X>>) -> Map<X> {
    BuildField::build(&StoreOptions::new().clock(clock.clone()).start(), 0, options)
}

fn left<X: Times>(map: &Map<X>, key: u64) -> Duration
where
    X::Expiry: sharded::expiry::Expires,
{
    map.ttl_of(&key).expect("it was just written")
}

/// How many percent of the ttl are over when each tenth of so many entries, all written at once, is gone.
fn tenths<X: Times>(entries: u64) -> Vec<u64> {
    let clock = Manual::new();
    let map = map::<X>(&clock, FieldOptions::new());
    map.extend((0..entries).map(|key| (key, key)));
    let mut gone_by = Vec::new();
    for percent in 1..=100 {
        clock.advance(TTL / 100);
        map.sweep();
        let gone = entries - map.len() as u64;
        gone_by.resize(usize::try_from(gone * 10 / entries).unwrap(), percent);
    }
    gone_by
}

#[test]
fn what_is_written_at_once_expires_little_by_little() {
    assert_eq!(tenths::<Ttl<1_000_000>>(10_000), [100; 10], "without a jitter all goes at once");
    // With half of the ttl, a tenth goes every five percent of it; the draw is even, but a draw.
    for (gone_by, even) in tenths::<Jittered<1_000_000, 50>>(10_000).into_iter().zip((55..).step_by(5)) {
        assert!(gone_by.abs_diff(even) <= 2, "{gone_by} for {even}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// For any ttl, begun in any way.
    #[test]
    fn an_entry_lives_its_ttl_less_the_jitter_at_most(key: u64, other: u64, ttl in (0..60_u32, any::<u64>())) {
        let ttl = Duration::from_nanos((1 << ttl.0) | (ttl.1 & ((1 << ttl.0) - 1)));
        let clock = Manual::new();
        let map = map::<Jittered<1_000_000, 25>>(&clock, FieldOptions::new().ttl(ttl));
        let least = ttl.saturating_sub(ttl / 4);
        map.insert(key, 1);
        let first = left(&map, key);
        prop_assert!((least..=ttl).contains(&first), "{first:?} of {ttl:?}");
        // For one key it is always the same, for any call that starts its time.
        map.insert(key, 2);
        prop_assert_eq!(left(&map, key), first);
        clock.advance(first.saturating_sub(Duration::from_nanos(1)));
        prop_assert_eq!(map.get(&key), Some(2));
        prop_assert!(map.touch(&key));
        prop_assert_eq!(left(&map, key), first);
        map.compute(key, |_| Change::Put(3, ()));
        prop_assert_eq!(left(&map, key), first);
        clock.advance(first);
        prop_assert_eq!((map.get(&key), map.sweep()), (None, 1));
        // A time of its own is exact.
        map.insert_with_ttl(other, 4, ttl);
        prop_assert_eq!(left(&map, other), ttl);
        prop_assert!(map.expire_in(&other, ttl / 2) && (ttl.as_nanos() == 1 || left(&map, other) == ttl / 2));
    }
}

#[test]
fn for_ever_stays_for_ever() {
    let map = map::<Jittered<1000, 99>>(&Manual::new(), FieldOptions::new().ttl(Duration::MAX));
    (0..1000).for_each(|key| _ = map.insert(key, key));
    assert!((0..1000).all(|key| left(&map, key) == Duration::MAX));
}

#[test]
fn as_declared() {
    #[sharded(ttl = "1000s", ttl_jitter = "10%")]
    struct Shop {
        carts: HashMap<u64, u64>,
        #[shard(lock = Optimistic, ttl_jitter = "40%")]
        prices: HashMap<u64, u64>,
        #[shard(ttl_jitter = none)]
        exact: HashMap<u64, u64>,
        #[shard(ttl = never, unbounded = "few")]
        lasting: HashMap<u64, u64>,
    }
    let shop = Shop::builder().clock(Manual::new()).build();
    let shortest = |left: &dyn Fn(u64) -> Option<Duration>| (0..1000).filter_map(left).min().unwrap();
    (0..1000).for_each(|key| {
        shop.carts().insert(key, key);
        shop.prices().insert(key, key);
        shop.exact().insert(key, key);
        shop.lasting().insert(key, key);
    });
    let [carts, prices, exact] = [
        shortest(&|key| shop.carts().ttl_of(&key)),
        shortest(&|key| shop.prices().ttl_of(&key)),
        shortest(&|key| shop.exact().ttl_of(&key)),
    ];
    assert!((TTL * 90 / 100..TTL * 91 / 100).contains(&carts), "{carts:?}");
    assert!((TTL * 60 / 100..TTL * 64 / 100).contains(&prices), "{prices:?}");
    assert_eq!(exact, TTL);
}
