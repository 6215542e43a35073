//! Many threads and few keys, for properties that hold in every order of events.

use super::{
    common::{
        ignore,
        policy::{Idle, Never, Of, Times, Ttl},
        threads::{Dice, together},
    },
    task::Task,
};
use sharded::{
    ShardedMap,
    builder::BuildField,
    clock::System,
    evict::{Lru, MakesRoom, Unbounded},
    lock::{Lock, Mutex, Optimistic, Rcu, RwLock, Serves},
};
use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    thread,
};

const KEYS: u64 = 5;
const THREADS: u64 = 6;
const CALLS: u64 = 3_000;

type Map<L, X, E, const N: usize> = ShardedMap<u64, u64, Of<L, X, E, System, 2, N>>;

/// What is loaded from, key by key.
#[derive(Default)]
struct Source {
    version: AtomicU64,
    /// The version that was there when the key was last removed from the map, and at least that is to be seen from then
    /// on.
    removed: AtomicU64,
    is_loading: AtomicBool,
}

/// Loads, as a thread or as a task; some fail, some panic, some are dropped.
fn load<L, X, E, const N: usize>(
    map: &Map<L, X, E, N>,
    dice: &mut Dice,
    key: u64,
    read: impl Fn() -> u64,
) -> Option<u64>
where
    L: Lock + Serves<u64, u64>,
    X: Times,
    E: MakesRoom,
{
    match dice.below(8) {
        0 => map.get_or_try_insert_with(key, || Err::<u64, _>(read())).ok(),
        1 => {
            let bad = || {
                read();
                std::panic::resume_unwind(Box::new("a bad load"))
            };
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| map.get_or_load_with(key, bad))).ok()
        }
        2 | 3 => {
            let mut task = Task::new(map.get_or_load_async(key, async || {
                let mut polls = 0;
                std::future::poll_fn(|context| {
                    polls += 1;
                    context.waker().wake_by_ref();
                    if polls < 3 { std::task::Poll::Pending } else { std::task::Poll::Ready(()) }
                })
                .await;
                read()
            }));
            (0..dice.below(200)).find_map(|_| {
                thread::yield_now();
                task.poll()
            })
        }
        _ => Some(map.get_or_load_with(key, read)),
    }
}

/// Without a removal, no two loads of a key overlap. With removals, nobody gets what was loaded before the last one.
fn hammer<L, X, E, const N: usize>(removes: bool)
where
    L: Lock + Serves<u64, u64>,
    X: Times,
    E: MakesRoom,
    Map<L, X, E, N>: BuildField<Of<L, X, E, System, 2, N>> + Sync,
{
    let map = &Map::<L, X, E, N>::new();
    let sources: &[Source] = &(0..KEYS).map(|_| Source::default()).collect::<Vec<_>>();
    together(THREADS, |number| {
        let mut dice = Dice::new(number);
        for _ in 0..CALLS {
            let key = dice.below(KEYS);
            let source = &sources[usize::try_from(key).unwrap()];
            if removes && dice.below(8) == 0 {
                let version = source.version.fetch_add(1, SeqCst) + 1;
                if dice.below(8) == 0 {
                    map.clear();
                } else {
                    ignore(map.remove(&key));
                }
                source.removed.fetch_max(version, SeqCst);
            }
            let least = source.removed.load(SeqCst);
            let read = || {
                let overlaps = source.is_loading.swap(true, SeqCst);
                assert!(removes || !overlaps, "two loads of {key} at once");
                let version = source.version.load(SeqCst);
                thread::yield_now();
                source.is_loading.store(false, SeqCst);
                version
            };
            if let Some(got) = load(map, &mut dice, key, read) {
                assert!(got >= least, "{key}: version {got} after the removal at {least}");
            }
        }
    });
    // Nothing is left under way.
    for key in 0..KEYS {
        map.remove(&key);
        assert_eq!(map.get_or_load_with(key, || 1_000_000), 1_000_000);
    }
}

#[test]
fn loads_of_a_key_never_overlap() {
    hammer::<Mutex, Never, Lru, 3>(false);
    hammer::<RwLock, Ttl<0>, Unbounded, 0>(false);
    hammer::<Optimistic, Ttl<1>, Unbounded, 0>(false);
    hammer::<Rcu, Ttl<1>, Unbounded, 0>(false);
    hammer::<Mutex, Idle<1>, Lru, 2>(false);
}

#[test]
fn nobody_gets_what_was_loaded_before_a_removal() {
    hammer::<Mutex, Never, Unbounded, 0>(true);
    hammer::<Optimistic, Never, Unbounded, 0>(true);
    hammer::<Rcu, Never, Unbounded, 0>(true);
    hammer::<RwLock, Ttl<1>, Lru, 3>(true);
    hammer::<Mutex, Idle<1>, Unbounded, 0>(true);
}
