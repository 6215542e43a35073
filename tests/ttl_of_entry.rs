//! Times to live that come from the stored entry, `ttl = self::until`, and maps whose entries have only times that
//! calls give them, `ttl = own`.

#![allow(
    clippy::ptr_arg,
    clippy::trivially_copy_pass_by_ref,
    reason = "what the functions of a ttl and of an index are given"
)]

mod common;

use common::{ignore, threads::Dice};
use sharded::{Change, Store as _, clock::Manual, sharded, snapshot::Snapshot, transaction};
use std::{
    cell::Cell,
    collections::{HashMap, HashSet},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::LazyLock,
    time::Duration,
};

const SECOND: Duration = Duration::from_secs(1);

thread_local! {
    static PANICS: Cell<bool> = const { Cell::new(false) };
}

/// As many seconds as the value says. 1000 is for ever.
fn until(key: &u32, value: &u32) -> Duration {
    assert!(!PANICS.get(), "{key} has no time");
    if *value == 1000 { Duration::MAX } else { *value * SECOND }
}

mod names {
    use std::time::Duration;

    pub(crate) fn length(name: &String, (): &()) -> Duration {
        Duration::from_secs(name.len() as u64)
    }
}

fn parity(_: &u32, value: &u32) -> u32 {
    value % 2
}

#[sharded(snapshot, shards = 2)]
struct Store {
    #[shard(ttl = self::until)]
    plain: HashMap<u32, u32>,
    #[shard(ttl = self::until, lock = RwLock, idle = "10s", capacity = 1000)]
    used: HashMap<u32, u32>,
    #[shard(ttl = self::until, lock = Rcu)]
    shared: HashMap<u32, u32>,
    #[shard(ttl = self::until, lock = Optimistic)]
    copied: HashMap<u32, u32>,
    #[shard(ttl = self::until)]
    indexed: HashMap<u32, u32>,
    #[shard(index_of = indexed, key = parity)]
    by_parity: HashMap<u32, HashSet<u32>>,
    #[shard(ttl = names::length)]
    names: HashSet<String>,
    #[shard(ttl = own, capacity = 1000)]
    own: HashMap<u32, u32>,
}

fn store() -> (Store, Manual) {
    let clock = Manual::new();
    (Store::builder().clock(clock.clone()).build(), clock)
}

macro_rules! on_each_map {
    ($store:ident, $map:ident => $body:expr) => {
        for_map!($store, $map, plain, $body);
        for_map!($store, $map, used, $body);
        for_map!($store, $map, shared, $body);
        for_map!($store, $map, copied, $body);
        for_map!($store, $map, indexed, $body);
    };
}

macro_rules! for_map {
    ($store:ident, $map:ident, $field:ident, $body:expr) => {{
        println!("{}", stringify!($field));
        let $map = $store.$field();
        $body
    }};
}

/// What is left of the time to live, in seconds.
macro_rules! left {
    ($map:ident, $key:expr) => {
        $map.ttl_of(&$key).map(|left| left.as_secs())
    };
}

#[test]
fn every_call_that_stores_asks_the_function() {
    let (store, _) = store();
    on_each_map!(store, map => {
        map.insert(1, 1);
        assert_eq!(map.insert(1, 2), Some(1));
        map.try_insert(3, 3).unwrap();
        map.insert_if_absent(4, 4).unwrap();
        map.upsert(5, || 5, |_| ());
        ignore(map.with_or_insert(6, || 6, |value| *value));
        map.compute(7, |_| Change::Put(7, ()));
        map.compute(1, |_| Change::Put(1, ()));
        map.get_or_insert_with(8, || 8);
        map.get_or_load_with(9, || 9);
        ignore(map.get_or_try_insert_with(2, || Ok::<_, ()>(2)));
        map.extend([(1, 3), (5, 5)]);
        ignore(map.insert_many([(1, 1), (6, 6)]));
        for key in map.keys() {
            assert_eq!(left!(map, key), Some(u64::from(key)), "{key}");
        }
        assert_eq!((map.len(), map.ttl()), (9, None));
    });
    store.names().insert("four".to_owned());
    store.names().insert("sixsix".to_owned());
    assert_eq!(store.names().ttl_of("four"), Some(4 * SECOND));
    assert_eq!(store.names().ttl_of("sixsix"), Some(6 * SECOND));
}

#[test]
fn rows_of_a_transaction_ask_the_function() {
    let (store, _) = store();
    on_each_map!(store, map => {
        map.insert(1, 9);
        map.insert(2, 9);
        transaction((map.row(&1), map.row(&2), map.row(&3), map.row(&4), map.row(&5)), |(a, b, c, d, e)| {
            a.insert(1);
            b.update(|value| *value = 2);
            c.insert(3);
            ignore(d.or_insert_with(|| 4));
            e.insert_with_ttl(5, 7 * SECOND);
            Ok::<_, ()>(())
        })
        .unwrap();
        assert_eq!([1, 2, 3, 4, 5].map(|key| left!(map, key)), [Some(1), Some(9), Some(3), Some(4), Some(7)]);
        // Nor is it asked about a change in place.
        PANICS.set(true);
        transaction(map.row(&2), |row| {
            row.update(|value| *value += 1);
            Ok::<_, ()>(())
        })
        .unwrap();
        PANICS.set(false);
    });
}

#[test]
fn a_time_that_a_call_gives_comes_first() {
    let (store, _) = store();
    on_each_map!(store, map => {
        map.insert_with_ttl(1, 1, 5 * SECOND);
        map.with_ttl(5 * SECOND).get_or_load_with(2, || 2);
        map.insert(3, 3);
        assert!(map.expire_in(&3, 5 * SECOND));
        assert_eq!([1, 2, 3].map(|key| left!(map, key)), [Some(5); 3]);
    });
}

/// A change in place leaves the entry its time. A touch starts the one of the new value.
#[test]
fn a_change_in_place_is_not_asked_about_until_a_touch() {
    let (store, _) = store();
    on_each_map!(store, map => {
        map.insert(1, 3);
        map.with_mut(&1, |value| *value = 6);
        map.upsert(1, || 0, |value| *value += 1);
        assert_eq!(left!(map, 1), Some(3));
        assert!(map.touch(&1));
        assert_eq!(left!(map, 1), Some(7));
    });
}

#[test]
fn entries_expire_when_the_function_said() {
    let (store, clock) = store();
    on_each_map!(store, map => {
        map.extend([(0, 0), (1, 1), (2, 2), (3, 1000)]);
        let live = |expected: &[u32]| {
            let mut keys = map.keys();
            keys.sort_unstable();
            assert_eq!(keys, expected);
        };
        live(&[1, 2, 3]);
        clock.advance(SECOND);
        live(&[2, 3]);
        clock.advance(SECOND);
        live(&[3]);
        store.sweep();
        assert_eq!(map.len(), 1);
        map.clear();
    });
}

/// If the function panics, the map is as it was, and so are its indexes.
#[test]
fn a_panic_of_the_function_changes_nothing() {
    let (store, _) = store();
    on_each_map!(store, map => {
        map.insert(1, 5);
        let calls: [&dyn Fn(); 9] = [
            &|| ignore(map.insert(1, 8)),
            &|| ignore(map.insert(2, 8)),
            &|| ignore(map.try_insert(2, 8)),
            &|| ignore(map.upsert(2, || 8, |_| ())),
            &|| ignore(map.get_or_load_with(2, || 8)),
            &|| map.compute(1, |_| Change::Put(8, ())),
            &|| ignore(map.touch(&1)),
            &|| ignore(transaction(map.row(&2), |row| { row.insert(8); Ok::<_, ()>(()) })),
            &|| ignore(transaction((map.row(&1), map.row(&2)), |(one, two)| {
                one.insert(8);
                two.insert(8);
                Ok::<_, ()>(())
            })),
        ];
        for (number, call) in calls.into_iter().enumerate() {
            PANICS.set(true);
            let outcome = catch_unwind(AssertUnwindSafe(call));
            PANICS.set(false);
            assert!(outcome.is_err(), "call {number}");
            assert_eq!((map.to_vec(), left!(map, 1)), (vec![(1, 5)], Some(5)), "call {number}");
        }
        // A time of its own needs no function.
        PANICS.set(true);
        map.insert_with_ttl(2, 8, SECOND);
        PANICS.set(false);
        map.remove(&2);
    });
    assert_eq!((store.by_parity().get(&1), store.by_parity().get(&0)), (vec![(1, 5)], vec![]));
}

mod nested {
    use super::*;

    #[sharded]
    pub(crate) struct Nested {
        #[shard(ttl = self::looks, shards = 1)]
        pub(crate) map: HashMap<u64, u64>,
    }
    pub(crate) static NESTED: LazyLock<Nested> = LazyLock::new(Nested::new);

    fn looks(_: &u64, value: &u64) -> Duration {
        NESTED.map().get(value).map_or(SECOND, Duration::from_secs)
    }
}

/// The function runs under the lock of a shard. An access to a store would wait for itself there.
#[test]
fn a_function_that_accesses_the_store_panics() {
    let map = nested::NESTED.map();
    assert!(catch_unwind(|| map.insert(1, 2)).is_err());
    assert!(catch_unwind(|| map.get_or_load_with(1, || 2)).is_err());
    assert!(map.is_empty());
}

/// What was left when a store was saved is left when it is restored.
#[test]
fn a_restored_entry_has_what_was_left() {
    let (store, clock) = store();
    store.plain().extend([(1, 10), (2, 1000), (3, 1000)]);
    store.plain().with_mut(&3, |value| *value = 0);
    store.plain().insert_with_ttl(4, 4, Duration::MAX);
    store.own().insert(1, 1);
    store.own().insert_with_ttl(2, 2, 10 * SECOND);
    clock.advance(4 * SECOND);
    let mut file = Vec::new();
    store.save(&mut file).unwrap();
    let (restored, _) = self::store();
    restored.restore(&file[..]).unwrap();
    let left = |key: u32| (restored.plain().ttl_of(&key), restored.own().ttl_of(&key));
    assert_eq!(left(1), (Some(6 * SECOND), Some(Duration::MAX)));
    assert_eq!(left(2), (Some(Duration::MAX), Some(6 * SECOND)));
    // The function is not asked again.
    assert_eq!([3, 4].map(|key| restored.plain().ttl_of(&key)), [Some(Duration::MAX); 2]);
}

#[test]
fn times_of_ones_own_are_the_only_ones() {
    let (store, clock) = store();
    let map = store.own();
    map.insert(1, 1);
    map.insert_with_ttl(2, 2, SECOND);
    map.with_ttl(2 * SECOND).insert(3, 3);
    assert_eq!((map.ttl(), map.ttl_of(&1)), (None, Some(Duration::MAX)));
    clock.advance(SECOND);
    assert_eq!([1, 2, 3].map(|key| map.get(&key)), [Some(1), None, Some(3)]);
    assert!(map.expire_in(&1, SECOND) && map.touch(&3));
    clock.advance(1000 * SECOND);
    assert_eq!(map.keys(), [3], "a touch starts the declared time, which is none");
}

/// No time can be given to all entries where a function has one for each.
#[test]
fn the_builder_takes_no_ttl_beside_the_function() {
    let mistake = Store::builder().plain(|plain| plain.ttl(SECOND)).checked().unwrap_err();
    assert_eq!((mistake.field(), mistake.option()), (Some("plain"), "ttl"));
    let store = Store::builder().own(|own| own.ttl(SECOND)).build();
    assert_eq!(store.own().ttl(), Some(SECOND));
}

fn number(dice: &mut Dice, bound: u64) -> u32 {
    u32::try_from(dice.below(bound)).unwrap()
}

/// Random calls, against a model that has the deadline of each entry.
#[test]
fn random_calls_agree_with_a_model() {
    let mut dice = Dice::new(7);
    for _ in 0..40 {
        let (store, clock) = store();
        let mut now = 0_u64;
        let map = store.plain();
        let mut model: HashMap<u32, (u32, u64)> = HashMap::new();
        for _ in 0..200 {
            let (key, value) = (number(&mut dice, 8), number(&mut dice, 6));
            let deadline = now + u64::from(value);
            match dice.below(7) {
                0 | 1 => {
                    let old = model.insert(key, (value, deadline)).map(|(old, _)| old);
                    assert_eq!(map.insert(key, value), old);
                }
                2 => {
                    map.upsert(key, || value, |old| *old = value);
                    model.entry(key).and_modify(|(old, _)| *old = value).or_insert((value, deadline));
                }
                3 => {
                    let touched = model.get_mut(&key).map(|(value, at)| *at = now + u64::from(*value));
                    assert_eq!(map.touch(&key), touched.is_some());
                }
                4 => assert_eq!(map.remove(&key), model.remove(&key).map(|(value, _)| value)),
                5 => assert_eq!(map.get(&key), model.get(&key).map(|(value, _)| *value)),
                _ => {
                    now += 1;
                    clock.advance(SECOND);
                }
            }
            model.retain(|_, (_, at)| *at > now);
            let mut entries: Vec<_> = model.iter().map(|(&key, &(value, _))| (key, value)).collect();
            let mut seen = map.to_vec();
            entries.sort_unstable();
            seen.sort_unstable();
            assert_eq!(seen, entries);
        }
    }
}
