//! One load per key for any number of callers: their results, the next loader, and the effect of other calls on the
//! key.
//!
//! Most tests poll their tasks by hand, so that the test determines the order of events.

#[path = "../common/mod.rs"]
mod common;

mod counts;
mod nesting;
mod overtaken;
mod refresh;
mod stress;
mod task;
mod user_code;

use common::{
    eventually, ignore,
    locks::StdRwLock,
    panics,
    policy::{Never, Of, Ttl},
    threads::together,
};
use sharded::{
    LoadError, ShardedMap,
    builder::{BuildField, FieldOptions, StoreOptions},
    clock::{Manual, System},
    evict::{Lru, Reject, Unbounded},
    lock::{Lock, Mutex, Optimistic, Rcu, RwLock, Serves},
};
use std::{
    convert::Infallible,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Barrier,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};
use task::{Load, Task};

type Map<L = Mutex> = ShardedMap<u64, u64, Of<L, Never, Unbounded>>;
type Loaded = Result<u64, LoadError<&'static str>>;

const THREADS: u64 = 8;

/// What threads get that ask for the same key at once.
fn at_once<L>(map: &Map<L>, load: impl Fn(u64) -> Result<u64, &'static str> + Sync) -> Vec<thread::Result<Loaded>>
where
    L: Lock + Serves<u64, u64>,
    Map<L>: Sync,
{
    let get = |number| catch_unwind(AssertUnwindSafe(|| map.get_or_try_insert_with(7, || load(number))));
    together(THREADS, get)
}

fn one_load_serves_all_threads<L>()
where
    L: Lock + Serves<u64, u64>,
    Map<L>: BuildField<Of<L, Never, Unbounded>> + Sync,
{
    for _ in 0..50 {
        let map = Map::<L>::new();
        let runs = AtomicU32::new(0);
        let all = at_once(&map, |number| {
            runs.fetch_add(1, SeqCst);
            // Most of the others wait by then.
            eventually("all others look", || map.stats().misses == THREADS || runs.load(SeqCst) > 1);
            Ok(number)
        });
        assert_eq!(runs.into_inner(), 1);
        let value = map.get(&7).unwrap();
        assert!(all.into_iter().all(|loaded| loaded.unwrap() == Ok(value)));
    }
}

#[test]
fn one_load_serves_all_threads_under_every_lock() {
    one_load_serves_all_threads::<Mutex>();
    one_load_serves_all_threads::<RwLock>();
    one_load_serves_all_threads::<Optimistic>();
    one_load_serves_all_threads::<Rcu>();
    one_load_serves_all_threads::<StdRwLock>();
}

#[test]
fn threads_share_an_error_and_load_again_after_it() {
    for _ in 0..50 {
        let map = Map::<Mutex>::new();
        let runs = AtomicU32::new(0);
        let all = at_once(&map, |_| {
            runs.fetch_add(1, SeqCst);
            thread::yield_now();
            Err("no such key")
        });
        let errors: Vec<_> = all
            .into_iter()
            .map(|loaded| match loaded.unwrap() {
                Err(LoadError::Failed(error)) => error,
                other => panic!("{other:?}"),
            })
            .collect();
        // Each load has one error, which is one value.
        let mut places: Vec<_> = errors.iter().map(Arc::as_ptr).collect();
        places.sort_unstable();
        places.dedup();
        assert_eq!(places.len(), runs.into_inner() as usize);
        assert!(map.is_empty());
        assert_eq!(map.get_or_try_insert_with(7, || Ok::<_, ()>(1)), Ok(1));
    }
}

#[test]
fn a_panic_reaches_its_caller_and_another_thread_loads() {
    for _ in 0..50 {
        let map = Map::<RwLock>::new();
        let runs = AtomicU32::new(0);
        let all = at_once(&map, |number| {
            thread::yield_now();
            assert!(runs.fetch_add(1, SeqCst) > 0, "the first load panics");
            Ok(number)
        });
        let (loaded, panicked): (Vec<_>, Vec<_>) = all.into_iter().partition(Result::is_ok);
        assert_eq!((panicked.len(), runs.into_inner()), (1, 2));
        let value = map.get(&7).unwrap();
        assert!(loaded.into_iter().all(|loaded| loaded.unwrap() == Ok(value)));
    }
}

#[test]
fn tasks_wait_for_one_load_and_share_its_error() {
    let map = Map::<Mutex>::new();
    let load = Load::<Result<u64, &str>>::new();
    let mut leader = Task::waiting(map.get_or_try_insert_async(7, || load.run()));
    let waiters = [1, 2, 3].map(|_| Task::waiting(map.get_or_try_insert_async(7, async || unreachable!())));
    assert!(load.has_begun() && !waiters.iter().any(Task::is_woken));
    // Another key is another load.
    assert_eq!(Task::new(map.get_or_load_async(8, async || 80)).poll(), Some(80));
    load.end(Err("no such key"));
    let Some(Err(LoadError::Failed(error))) = leader.poll() else { panic!("it has failed") };
    for waiter in waiters {
        let Err(LoadError::Failed(same)) = waiter.end() else { panic!("all fail") };
        assert!(Arc::ptr_eq(&same, &error));
    }
    let again: Task<'_, Loaded> = Task::new(map.get_or_try_insert_async(7, async || Ok(1)));
    assert_eq!({ again }.poll(), Some(Ok(1)));
    assert_eq!(map.get(&7), Some(1));
    // One miss each for those before, a hit each from now on, and no load.
    let before = map.stats();
    assert_eq!(Task::new(map.get_or_load_async(7, async || unreachable!())).poll(), Some(1));
    assert_eq!(map.get_or_load_with(7, || unreachable!()), 1);
    let after = map.stats();
    assert_eq!((before.misses, after.hits - before.hits, after.misses), (6, 2, 6));
}

/// An error of a type that a caller does not know is no answer to it.
#[test]
fn another_type_of_error_is_a_load_of_its_own() {
    let map = Map::<Mutex>::new();
    let load = Load::<Result<u64, &str>>::new();
    let mut leader = Task::waiting(map.get_or_try_insert_async(7, || load.run()));
    let others = [1, 2].map(|n| Task::waiting(map.get_or_try_insert_async(7, move || async move { Ok::<_, u8>(n) })));
    load.end(Err("no such key"));
    assert!(leader.poll().unwrap().is_err());
    let [first, second] = others;
    assert_eq!(first.end(), Ok(1));
    assert_eq!(second.end(), Ok(1));
}

#[test]
fn a_dropped_load_goes_to_who_waits_longest() {
    let map = Map::<Mutex>::new();
    let (first, second, fourth, again) = (Load::<u64>::new(), Load::new(), Load::new(), Load::new());
    let leader = Task::waiting(map.get_or_load_async(7, || first.run()));
    let mut next = Task::waiting(map.get_or_load_async(7, || second.run()));
    let third = Task::waiting(map.get_or_load_async(7, async || unreachable!()));
    let mut last = Task::waiting(map.get_or_load_async(7, || fourth.run()));
    drop(leader);
    assert!(next.is_woken() && !third.is_woken() && !last.is_woken());
    assert!(next.poll().is_none() && second.has_begun());
    // The one who is next is gone before it has heard of it.
    drop(next);
    assert!(third.is_woken() && !last.is_woken());
    drop(third);
    assert!(last.is_woken() && last.poll().is_none() && fourth.has_begun());
    // With the last one, the load is forgotten, and the next call begins anew.
    drop(last);
    let mut leader = Task::waiting(map.get_or_load_async(7, || again.run()));
    let next = Task::waiting(map.get_or_load_async(7, async || unreachable!()));
    again.end(70);
    assert_eq!((leader.poll(), next.end(), map.get(&7)), (Some(70), 70, Some(70)));
}

#[test]
fn a_panic_goes_to_who_waits_longest() {
    let map = Map::<Mutex>::new();
    let load = Load::<bool>::new();
    let panics_at_last = || async {
        assert!(load.run().await, "a bad load");
        0
    };
    let mut leader = Task::waiting(map.get_or_load_async(7, panics_at_last));
    let mut next = Task::waiting(map.get_or_load_async(7, async || 70));
    let last = Task::waiting(map.get_or_load_async(7, async || unreachable!()));
    load.end(false);
    assert!(panics(|| leader.poll()).contains("a bad load"));
    assert!(next.is_woken() && !last.is_woken());
    assert_eq!((next.poll(), last.end(), map.get(&7)), (Some(70), 70, Some(70)));
}

/// One who waits may leave, and nobody misses them.
#[test]
fn who_waits_may_be_dropped() {
    let map = Map::<Mutex>::new();
    let load = Load::<u64>::new();
    let mut leader = Task::waiting(map.get_or_load_async(7, || load.run()));
    let gone = Task::waiting(map.get_or_load_async(7, async || unreachable!()));
    let stays = Task::waiting(map.get_or_load_async(7, async || unreachable!()));
    drop(gone);
    load.end(70);
    assert_eq!(leader.poll(), Some(70));
    // Told, but not polled any more.
    let told = Task::waiting(map.get_or_load_async(8, || Load::<u64>::new().run()));
    drop(told);
    assert_eq!(stays.end(), 70);
}

#[test]
fn threads_and_tasks_wait_for_each_other() {
    let map = &Map::<RwLock>::new();
    let is_waiting = || map.stats().misses == 2;
    // A thread for a task.
    let load = Load::<u64>::new();
    let mut leader = Task::waiting(map.get_or_load_async(1, || load.run()));
    thread::scope(|scope| {
        let thread = scope.spawn(|| map.get_or_load_with(1, || 12));
        eventually("the thread looks", is_waiting);
        load.end(10);
        let loaded = leader.poll().unwrap();
        assert_eq!((thread.join().unwrap(), loaded), (10, 10));
    });
    // A thread takes over from a task.
    let leader = Task::waiting(map.get_or_load_async(2, || Load::<u64>::new().run()));
    let last = thread::scope(|scope| {
        let thread = scope.spawn(|| map.get_or_load_with(2, || 20));
        eventually("the thread looks", || map.stats().misses == 4);
        let last = Task::new(map.get_or_load_async(2, async || 20));
        drop(leader);
        assert_eq!(thread.join().unwrap(), 20);
        last
    });
    assert_eq!({ last }.poll(), Some(20));
    // A task for a thread, and takes over from it.
    let (loads, goes_on) = (Barrier::new(2), Barrier::new(2));
    thread::scope(|scope| {
        let thread = scope.spawn(|| {
            map.get_or_load_with(3, || {
                loads.wait();
                goes_on.wait();
                panic!("a bad load")
            })
        });
        loads.wait();
        let mut task = Task::waiting(map.get_or_load_async(3, async || 30));
        goes_on.wait();
        assert!(thread.join().is_err());
        assert!(task.is_woken());
        assert_eq!(task.poll(), Some(30));
    });
    assert_eq!((map.get(&1), map.get(&2), map.get(&3)), (Some(10), Some(20), Some(30)));
}

#[test]
fn any_executor_will_do_and_the_futures_may_be_sent() {
    let map = Arc::new(Map::<Optimistic>::new());
    let runs = Arc::new(AtomicU32::new(0));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_time().build().unwrap();
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let (map, runs) = (Arc::clone(&map), Arc::clone(&runs));
            runtime.spawn(async move {
                let load = async || {
                    runs.fetch_add(1, SeqCst);
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    Ok::<_, Infallible>(70)
                };
                map.get_or_try_insert_async(7, load).await
            })
        })
        .collect();
    for task in tasks {
        assert_eq!(runtime.block_on(task).unwrap(), Ok(70));
    }
    assert_eq!(runs.load(SeqCst), 1);
}

#[test]
fn the_time_to_live_starts_when_the_load_ends() {
    let clock = Manual::new();
    let store = StoreOptions::new().clock(clock.clone());
    let map: ShardedMap<u64, u64, Of<Mutex, Ttl<1000>, Unbounded>> =
        ShardedMap::build(&store.start(), 0, FieldOptions::new());
    let load = Load::<u64>::new();
    let mut leader = Task::waiting(map.get_or_load_async(7, || load.run()));
    clock.advance(Duration::from_millis(900));
    load.end(70);
    assert_eq!(leader.poll(), Some(70));
    clock.advance(Duration::from_millis(900));
    assert_eq!(map.get_or_load_with(7, || unreachable!()), 70);
    assert_eq!(map.ttl_of(&7), Some(Duration::from_millis(100)));
    clock.advance(Duration::from_millis(100));
    assert_eq!(map.get_or_load_with(7, || 71), 71);
    assert_eq!((map.ttl_of(&7), map.len()), (Some(Duration::from_secs(1)), 1));
}

#[test]
fn a_full_map_makes_room_or_stores_nothing() {
    let lru: ShardedMap<u64, u64, Of<Mutex, Never, Lru, System, 1, 2>> = ShardedMap::new();
    for key in 0..3 {
        assert_eq!(lru.get_or_load_with(key, || key), key);
    }
    assert_eq!((lru.len(), lru.contains_key(&0), lru.contains_key(&2)), (2, false, true));
    let rejects: ShardedMap<u64, u64, Of<Mutex, Never, Reject, System, 1, 2>> = ShardedMap::new();
    for key in 0..3 {
        assert_eq!(rejects.get_or_load_with(key, || key), key);
    }
    assert_eq!((rejects.len(), rejects.contains_key(&2)), (2, false));
    // Those who wait get it all the same, once.
    let load = Load::<u64>::new();
    let mut leader = Task::waiting(rejects.get_or_load_async(2, || load.run()));
    let waiter = Task::waiting(rejects.get_or_load_async(2, async || unreachable!()));
    load.end(20);
    assert_eq!((leader.poll(), waiter.end(), rejects.contains_key(&2)), (Some(20), 20, false));
    assert_eq!(rejects.get_or_load_with(2, || 21), 21);
}

/// The loader may use the map as it likes: no lock is held.
#[test]
fn a_loader_holds_no_lock() {
    let map: ShardedMap<u64, u64, Of<Mutex, Never, Unbounded, System, 1>> = ShardedMap::new();
    let loaded = map.get_or_load_with(1, || {
        map.insert(2, 20);
        map.for_each(|_, value| assert_eq!(*value, 20));
        map.get_or_load_with(3, || 30) + map.get(&2).unwrap()
    });
    assert_eq!((loaded, map.get(&1), map.len()), (50, Some(50), 3));
}

/// A copy that can't be made is a load that has panicked; for one who waits, the value is there.
#[test]
fn a_copy_may_panic() {
    #[derive(Debug)]
    struct Brittle(Arc<AtomicU32>);
    impl Clone for Brittle {
        fn clone(&self) -> Self {
            assert!(self.0.fetch_sub(1, SeqCst) != 1, "no more copies");
            Brittle(Arc::clone(&self.0))
        }
    }
    let copies = Arc::new(AtomicU32::new(0));
    let map: ShardedMap<u64, Brittle, Of<Mutex, Never, Unbounded>> = ShardedMap::new();
    for (of_copies, is_stored) in [(1, false), (2, true)] {
        copies.store(of_copies, SeqCst);
        let load = Load::<Brittle>::new();
        let mut leader = Task::waiting(map.get_or_load_async(7, || load.run()));
        let waiter = Task::waiting(map.get_or_load_async(7, async || Brittle(Arc::clone(&copies))));
        load.end(Brittle(Arc::clone(&copies)));
        assert_eq!(panics(|| leader.poll()), "no more copies");
        assert_eq!(map.contains_key(&7), is_stored);
        copies.store(100, SeqCst);
        ignore(waiter.end());
        assert!(map.remove(&7).is_some());
    }
}

/// Whatever becomes of a load, its keys are dropped.
#[test]
fn no_key_is_left_over() {
    #[derive(Clone, PartialEq, Eq, Hash)]
    struct Key(Arc<u64>);
    let (key, map) = (Key(Arc::new(7)), ShardedMap::<Key, u64, Of<Mutex, Never, Unbounded, System, 1>>::new());
    let other = Key(Arc::new(8));
    map.insert(other.clone(), 1);
    let load = || map.get_or_load_async(key.clone(), || Load::<u64>::new().run());
    let owners = || Arc::strong_count(&key.0);
    drop((Task::waiting(load()), Task::waiting(load())));
    assert_eq!(owners(), 1);
    let failed: Result<u64, _> = map.get_or_try_insert_with(key.clone(), || Err(()));
    assert!(failed.is_err() && owners() == 1);
    panics(|| map.get_or_load_with(key.clone(), || panic!("a bad load")));
    assert_eq!(owners(), 1);
    // Where its shard's lock can't be waited for, a later load drops it.
    let (leader, waiter) = (Task::waiting(load()), Task::waiting(load()));
    map.with(&other, |_| drop((waiter, leader))).unwrap();
    assert!(owners() <= 2);
    assert_eq!(map.get_or_load_with(Key(Arc::new(9)), || 9), 9);
    assert_eq!(owners(), 1);
    // Or takes it on.
    let leader = Task::waiting(load());
    map.with(&other, |_| drop(leader)).unwrap();
    assert_eq!(map.get_or_load_with(key.clone(), || 70), 70);
    assert_eq!((owners(), map.remove(&key), owners()), (2, Some(70), 1));
}

#[test]
fn inside_a_closure_it_panics_and_names_both_places() {
    let (earlier, map) = (Map::<Mutex>::new(), Map::<Mutex>::new());
    for (key, value) in [(1, 10), (2, 20)] {
        map.insert(key, value);
        earlier.insert(key, value);
    }
    #[rustfmt::skip]
    let mut calls: Vec<(u32, Box<dyn FnMut() + '_>)> = vec![
        (line!(), Box::new(|| ignore(map.get_or_load_with(3, || 30)))),
        (line!(), Box::new(|| ignore(map.get_or_load_with(2, || unreachable!())))),
        (line!(), Box::new(|| ignore(map.get_or_try_insert_with(2, || Err(()))))),
        (line!(), Box::new(|| ignore(Task::new(map.get_or_load_async(1, async || 1)).poll()))),
    ];
    for (inner, call) in &mut calls {
        for outer in [&map, &earlier] {
            #[rustfmt::skip]
            let (message, entered) = (panics(|| outer.with(&1, |_| call())), line!());
            for site in [format!("accessed at {}:{inner}:", file!()), format!("entered at {}:{entered}:", file!())] {
                assert!(message.contains(&site), "{message}\nlacks {site}");
            }
        }
    }
    // Outside it works again, and nothing is left locked.
    assert_eq!(map.get_or_load_with(3, || 30), 30);
}
