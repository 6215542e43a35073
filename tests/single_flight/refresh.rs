//! `refresh_after`: one caller loads an old entry again, and the others get the old value meanwhile.

use super::{
    Load, Loaded, Task,
    common::{
        ignore,
        locks::StdRwLock,
        policy::{Of, Refreshed, RefreshedIdle, Times},
        threads::together,
    },
};
use sharded::{
    Cause, Change, LoadError, ShardedMap,
    builder::{BuildField, FieldOptions, StoreOptions},
    clock::{Clock as _, Manual, System},
    evict::Unbounded,
    lock::{Lock, Mutex, Optimistic, Rcu, RwLock, Serves},
    sharded,
};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex as StdMutex,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

/// Old after 1 s, gone after 10.
type Times10 = Refreshed<10_000, 1000>;
type Policy<L = Mutex, X = Times10> = Of<L, X, Unbounded, System, 4>;
type Map<L = Mutex, X = Times10> = ShardedMap<u64, u64, Policy<L, X>>;

const AFTER: Duration = Duration::from_secs(1);
const TTL: Duration = Duration::from_secs(10);
const NANO: Duration = Duration::from_nanos(1);
const ALMOST_AFTER: Duration = Duration::from_nanos(999_999_999);
const ALMOST_TTL: Duration = Duration::from_nanos(9_999_999_999);

fn map<L, X>(clock: &Manual) -> Map<L, X>
where
    L: Lock + Serves<u64, u64>,
    X: Times,
    Map<L, X>: BuildField<Policy<L, X>>,
{
    BuildField::build(&StoreOptions::new().clock(clock.clone()).start(), 0, FieldOptions::new())
}

/// A map with an old 70 under 7.
fn old<L>() -> (Map<L>, Manual)
where
    L: Lock + Serves<u64, u64>,
    Map<L>: BuildField<Policy<L>>,
{
    let clock = Manual::new();
    let map = map::<L, _>(&clock);
    assert_eq!(map.get_or_load_with(7, || 70), 70);
    clock.advance(AFTER);
    (map, clock)
}

fn one_loads_and_the_others_are_served<L, X>()
where
    L: Lock + Serves<u64, u64>,
    X: Times,
    Map<L, X>: BuildField<Policy<L, X>>,
{
    let clock = Manual::new();
    let map = map::<L, X>(&clock);
    map.insert(7, 70);
    for round in 0..20 {
        let (before, after) = (70 + round, 71 + round);
        clock.advance(ALMOST_AFTER);
        assert_eq!(map.get_or_load_with(7, || unreachable!("it is young")), before);
        clock.advance(NANO);
        let load = Load::new();
        let mut leader = Task::waiting(map.get_or_load_async(7, || load.run()));
        for _ in 0..3 {
            assert_eq!(map.get_or_load_with(7, || unreachable!("someone loads it")), before);
            assert_eq!(map.get(&7), Some(before));
            clock.advance(AFTER);
        }
        load.end(after);
        assert_eq!((leader.poll(), map.get(&7), map.len()), (Some(after), Some(after), 1));
    }
}

#[test]
fn one_caller_loads_what_is_old_and_the_others_are_served() {
    one_loads_and_the_others_are_served::<Mutex, Times10>();
    one_loads_and_the_others_are_served::<RwLock, Times10>();
    one_loads_and_the_others_are_served::<Optimistic, Times10>();
    one_loads_and_the_others_are_served::<Rcu, Times10>();
    one_loads_and_the_others_are_served::<StdRwLock, Times10>();
    // A jitter moves the end of an entry, not its age.
    one_loads_and_the_others_are_served::<Mutex, RefreshedIdle<10_000, 1000>>();
    one_loads_and_the_others_are_served::<RwLock, RefreshedIdle<10_000, 1000>>();
}

#[test]
fn an_age_is_of_the_last_write_or_touch() {
    let (map, clock) = old::<Mutex>();
    let young = || assert!(map.get_or_load_with(7, || unreachable!("it is young")) >= 70);
    map.touch(&7);
    young();
    clock.advance(AFTER);
    map.insert(7, 71);
    young();
    clock.advance(ALMOST_AFTER);
    // A change in place does not make it younger.
    map.with_mut(&7, |value| *value += 1);
    young();
    clock.advance(NANO);
    assert_eq!(map.get_or_load_with(7, || 73), 73);
    // Of an entry with a time of its own, what counts is how much of that is left.
    map.insert_with_ttl(7, 74, 9 * AFTER + NANO);
    young();
    clock.advance(NANO);
    assert_eq!(map.get_or_load_with(7, || 75), 75);
    // It is served by all other calls as long as it lives.
    clock.advance(ALMOST_TTL);
    assert_eq!(map.get_or_insert_with(7, || unreachable!("it is there")), 75);
    clock.advance(NANO);
    assert_eq!(map.get(&7), None);
}

#[test]
fn where_the_load_fails_what_is_there_is_served_while_it_lives() {
    let (map, clock) = old::<Mutex>();
    for _ in 0..2 {
        assert_eq!(map.get_or_try_insert_with(7, || Err::<u64, _>("down")), Ok(70));
    }
    assert_eq!(map.get_or_try_insert_with(7, || Ok::<_, &str>(71)), Ok(71));
    // It expires during the load.
    clock.advance(ALMOST_TTL);
    let load = Load::<Result<u64, &str>>::new();
    let mut leader: Task<'_, Loaded> = Task::waiting(map.get_or_try_insert_async(7, || load.run()));
    clock.advance(NANO);
    let waiter: Task<'_, Loaded> = Task::waiting(map.get_or_try_insert_async(7, async || unreachable!()));
    load.end(Err("down"));
    let failed: Loaded = Err(LoadError::Failed(Arc::new("down")));
    assert_eq!((leader.poll(), waiter.end(), map.get(&7)), (Some(failed.clone()), failed, None));
}

#[test]
fn what_expires_during_the_load_is_waited_for() {
    let (map, clock) = old::<RwLock>();
    let load = Load::new();
    let mut leader = Task::waiting(map.get_or_load_async(7, || load.run()));
    clock.advance(TTL);
    assert_eq!(map.sweep(), 1);
    let waiter = Task::waiting(map.get_or_load_async(7, async || unreachable!()));
    load.end(71);
    assert_eq!((leader.poll(), waiter.end(), map.get(&7)), (Some(71), 71, Some(71)));
}

#[test]
fn whoever_drops_the_load_or_panics_leaves_it_to_the_next_caller() {
    let (map, _clock) = old::<Mutex>();
    drop(Task::waiting(map.get_or_load_async(7, || Load::<u64>::new().run())));
    let panicked = std::panic::catch_unwind(|| map.get_or_load_with(7, || panic!("the loader")));
    assert!(panicked.is_err());
    assert_eq!(map.get(&7), Some(70));
    assert_eq!(map.get_or_load_with(7, || 71), 71);
    assert_eq!(map.get(&7), Some(71));
}

#[test]
fn a_loader_that_asks_for_its_own_key_is_served_what_is_there() {
    let (map, _clock) = old::<Mutex>();
    assert_eq!(map.get_or_load_with(7, || map.get_or_load_with(7, || unreachable!()) + 1), 71);
    assert_eq!(map.get(&7), Some(71));
}

type Call<L> = fn(&Map<L>);

/// What may be called during the load, and what is stored after both.
fn calls<L: Lock + Serves<u64, u64>>() -> Vec<(Call<L>, Option<u64>)> {
    vec![
        (|map| ignore(map.insert(7, 10)), Some(10)),
        (|map| ignore(map.try_insert(7, 10)), Some(10)),
        (|map| ignore(map.insert_with_ttl(7, 10, TTL)), Some(10)),
        (|map| map.extend([(7, 10)]), Some(10)),
        (|map| map.compute(7, |_| Change::Put(10, ())), Some(10)),
        (|map| ignore(map.upsert(7, || 0, |value| *value = 10)), Some(10)),
        (|map| ignore(map.with_mut(&7, |value| *value = 10)), Some(10)),
        (|map| _ = map.retain(|_, value| *value == 70), Some(70)),
        (|map| ignore(map.remove(&7)), None),
        (|map| ignore(map.remove_if(&7, |_| true)), None),
        (|map| map.compute(7, |_| Change::Remove(())), None),
        (|map| _ = map.retain(|_, _| false), None),
        (|map| map.clear(), None),
        (|map| map.invalidate_all(), None),
        (|map| ignore(map.drain()), None),
        (
            |map| {
                map.remove(&7);
                map.insert(7, 10);
            },
            Some(10),
        ),
        (|map| ignore(map.expire_in(&7, Duration::ZERO)), None),
        (|map| ignore(map.expire_in(&7, TTL)), Some(70)),
        // These neither put it in nor take it out, nor give it another time than the load would.
        (|map| ignore(map.get(&7)), Some(71)),
        (|map| ignore(map.insert_if_absent(7, 10)), Some(71)),
        (|map| ignore(map.get_or_insert_with(7, || 10)), Some(71)),
        (|map| ignore(map.remove_if(&7, |_| false)), Some(71)),
        (|map| ignore(map.touch(&7)), Some(71)),
        (|map| map.for_each(|_, _| ()), Some(71)),
        (|map| map.shrink_to_fit(), Some(71)),
        (|map| map.extend((100..200).map(|key| (key, key))), Some(71)),
    ]
}

fn other_calls<L>()
where
    L: Lock + Serves<u64, u64>,
    Map<L>: BuildField<Policy<L>>,
{
    for (number, (call, stored)) in calls::<L>().into_iter().enumerate() {
        for told in [false, true] {
            let (map, _clock) = old::<L>();
            if told {
                map.on_removal(|_, _, _| ()).unwrap();
            }
            let load = Load::new();
            let mut leader = Task::waiting(map.get_or_load_async(7, || load.run()));
            call(&map);
            load.end(71);
            assert_eq!(leader.poll(), Some(stored.unwrap_or(71)), "call {number}");
            assert_eq!(map.get(&7), stored, "call {number}");
            // Nothing of it is left.
            map.remove(&7);
            assert_eq!((map.get_or_load_with(7, || 72), map.get(&7)), (72, Some(72)), "call {number}");
        }
    }
}

#[test]
fn what_is_put_in_or_changed_meanwhile_wins_over_what_is_loaded() {
    other_calls::<Mutex>();
    other_calls::<RwLock>();
    other_calls::<Optimistic>();
    other_calls::<Rcu>();
}

/// What a call says of an entry's time holds, whenever a load lands that has begun before.
#[test]
fn a_time_of_its_own_given_meanwhile_is_kept() {
    let own = Duration::from_secs(3);
    let calls: [Call<Mutex>; 4] = [
        |map| assert!(map.expire_in(&7, Duration::from_secs(3))),
        |map| ignore(map.insert_with_ttl(7, 10, Duration::from_secs(3))),
        |map| {
            map.touch(&7);
            map.expire_in(&7, Duration::from_secs(3));
        },
        |map| {
            map.with_mut(&7, |value| *value = 10);
            map.expire_in(&7, Duration::from_secs(3));
            map.with_mut(&7, |value| *value = 11);
        },
    ];
    for (number, call) in calls.into_iter().enumerate() {
        let (map, clock) = old::<Mutex>();
        let load = Load::new();
        let mut leader = Task::waiting(map.get_or_load_async(7, || load.run()));
        call(&map);
        load.end(71);
        assert!(leader.poll().is_some());
        assert_eq!(map.ttl_of(&7), Some(own), "call {number}");
        clock.advance(own);
        assert_eq!(map.get(&7), None, "call {number}");
    }
    // The declared time, given again, is what the load gives it as well.
    let (map, clock) = old::<Mutex>();
    let load = Load::new();
    let mut leader = Task::waiting(map.get_or_load_async(7, || load.run()));
    map.touch(&7);
    clock.advance(AFTER);
    load.end(71);
    assert_eq!((leader.poll(), map.ttl_of(&7)), (Some(71), Some(TTL)));
}

#[test]
fn what_is_replaced_is_told() {
    let (map, _clock) = old::<Mutex>();
    let told = Arc::new(StdMutex::new(Vec::new()));
    let log = Arc::clone(&told);
    map.on_removal(move |&key, &value, cause| log.lock().unwrap().push((key, value, cause))).unwrap();
    map.get_or_load_with(7, || 71);
    assert_eq!(*told.lock().unwrap(), [(7, 70, Cause::Replaced)]);
}

/// Threads of which each asks without end, while time goes on: one loads at a time, and nobody is served what is older
/// than what it was served before.
fn under_load<L>()
where
    L: Lock + Serves<u64, u64>,
    Map<L>: BuildField<Policy<L>> + Sync,
{
    let clock = Manual::new();
    let map = map::<L, Times10>(&clock);
    let loading = AtomicU64::new(0);
    let secs = || clock.nanos() / 1_000_000_000;
    map.insert(7, 0);
    together(4, |number| {
        let mut before = 0;
        for turn in 0..2000 {
            let value = map.get_or_load_with(7, || {
                assert_eq!(loading.fetch_add(1, SeqCst), 0, "two load at once");
                let now = secs();
                std::thread::yield_now();
                loading.fetch_sub(1, SeqCst);
                now
            });
            assert!(value >= before, "{value} after {before}");
            before = value;
            if number == 0 && turn % 50 == 0 {
                clock.advance(AFTER);
            }
        }
    });
    assert!(map.stats().inserts > 2, "it was loaded again and again");
}

#[test]
fn under_load_one_loads_at_a_time() {
    under_load::<Mutex>();
    under_load::<RwLock>();
    under_load::<Optimistic>();
    under_load::<Rcu>();
}

#[test]
fn as_declared() {
    #[sharded(ttl = "10s", refresh_after = "1s")]
    struct Shop {
        rates: HashMap<u64, u64>,
        #[shard(lock = Optimistic, ttl = "20s", ttl_jitter = "20%", refresh_after = "5s")]
        prices: HashMap<u64, u64>,
        #[shard(refresh_after = never)]
        names: HashMap<u64, u64>,
    }
    let clock = Manual::new();
    let shop = Shop::builder().clock(clock.clone()).build();
    let ask = |value| {
        [
            shop.rates().get_or_load_with(7, || value),
            shop.prices().get_or_load_with(7, || value),
            shop.names().get_or_load_with(7, || value),
        ]
    };
    assert_eq!(ask(1), [1, 1, 1]);
    clock.advance(AFTER);
    assert_eq!(ask(2), [2, 1, 1]);
    clock.advance(4 * AFTER);
    assert_eq!(ask(3), [3, 3, 1]);
}
