//! A call on a whole shard works in steps and releases the lock between them. Under an unfair lock it also yields the
//! processor between two steps on one shard, and nowhere else. With more runnable threads than processors, each yield
//! costs a turn of all other threads, so a yield for each shard made the work many times as long.

#![cfg(unix)]

mod common;

use common::{
    locks::StdRwLock,
    policy::{Never, Of},
};
use sharded::{
    ShardedMap,
    clock::System,
    evict::Unbounded,
    lock::{Lock, Mutex, Optimistic, Rcu, RwLock, Serves},
};
use std::cell::Cell;

thread_local! {
    static YIELDS: Cell<u32> = const { Cell::new(0) };
}

/// The standard library's calls come here, since a program's own functions go before those of the system's libraries.
#[allow(unsafe_code, reason = "the only function of this name in the program")]
#[unsafe(no_mangle)]
extern "C" fn sched_yield() -> i32 {
    // A thread that ends has none.
    let _ = YIELDS.try_with(|yields| yields.set(yields.get() + 1));
    0
}

type Map<L, const SHARDS: usize> = ShardedMap<u64, u64, Of<L, Never, Unbounded, System, SHARDS>>;

fn yields(run: impl FnOnce()) -> u32 {
    let before = YIELDS.get();
    run();
    YIELDS.get() - before
}

/// How often the calls that go through a map of so many entries yield.
fn of_calls<L: Lock + Serves<u64, u64>, const SHARDS: usize>(entries: u64) -> u32
where
    Map<L, SHARDS>: Default + Send + Sync,
{
    let map = Map::<L, SHARDS>::default();
    map.extend((0..entries).map(|key| (key, key)));
    let mut seen = 0;
    let yields = yields(|| {
        map.for_each(|_, _| seen += 1);
        map.retain(|_, _| true);
        map.sweep();
    });
    assert_eq!(seen, entries);
    yields
}

#[test]
fn the_only_step_on_a_shard_does_not_yield() {
    std::thread::yield_now();
    assert_eq!(YIELDS.get(), 1, "they are counted");
    assert_eq!(of_calls::<StdRwLock, 64>(100), 0);
}

#[test]
fn between_steps_a_lock_that_is_not_passed_on_yields() {
    // 64 entries a step.
    let yields = of_calls::<StdRwLock, 1>(1000);
    assert!((20..60).contains(&yields), "{yields}");
}

#[test]
fn a_lock_that_is_passed_on_does_not_yield() {
    assert_eq!(of_calls::<Mutex, 1>(1000), 0);
    assert_eq!(of_calls::<RwLock, 1>(1000), 0);
    assert_eq!(of_calls::<Optimistic, 1>(1000), 0);
    assert_eq!(of_calls::<Rcu, 1>(1000), 0);
}
