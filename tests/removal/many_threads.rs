//! Many threads remove at once: the listener is called once for each entry, for those of one key in the order of its
//! changes, and on one thread at a time.

use super::{
    common::{
        locks::StdRwLock,
        policy::{Never, Of, Times, Ttl},
        threads::{Dice, together},
    },
    map_with,
};
use sharded::{
    Change, ShardedMap,
    builder::{BuildField, FieldOptions},
    clock::{Manual, System},
    evict::{Bounded, Lru, MakesRoom, Unbounded},
    lock::{Lock, Mutex, Optimistic, Rcu, RwLock, Serves},
};
use std::{
    sync::{
        Arc, Mutex as StdMutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

const KEYS: u64 = 40;
const THREADS: u64 = 4;
const CALLS: u64 = 4000;

/// As an index.
fn at(key: u64) -> usize {
    usize::try_from(key).expect("a small number")
}

fn stress<L, X, E>(options: FieldOptions<Of<L, X, E, System, 4>>)
where
    L: Lock + Serves<u64, u64>,
    X: Times,
    E: MakesRoom,
    ShardedMap<u64, u64, Of<L, X, E, System, 4>>: BuildField<Of<L, X, E, System, 4>> + Sync,
{
    let clock = Manual::new();
    let map = map_with(&clock, options);
    let told = Arc::new(StdMutex::new(vec![Vec::new(); at(KEYS)]));
    let (log, is_inside) = (Arc::clone(&told), AtomicBool::new(false));
    map.on_removal(move |&key, &value, _| {
        assert!(!is_inside.swap(true, Ordering::SeqCst), "one thread at a time");
        log.lock().unwrap()[at(key)].push(value);
        is_inside.store(false, Ordering::SeqCst);
    })
    .unwrap();
    // Each value is the number of its key's entries before it; counted under the key's lock, so they come in that
    // order.
    let made: Vec<_> = (0..KEYS).map(|_| AtomicU64::new(0)).collect();
    let next = |key: u64| made[at(key)].fetch_add(1, Ordering::SeqCst);
    together(THREADS, |thread| {
        let mut dice = Dice::new(thread);
        for _ in 0..CALLS {
            let key = dice.below(KEYS);
            match dice.below(200) {
                0 => map.clear(),
                1 => drop(map.drain()),
                2 => {
                    map.retain(|key, _| key % 3 > 0);
                }
                3 => _ = map.sweep(),
                4 => map.shrink_to_fit(),
                5..20 => clock.advance(Duration::from_millis(1)),
                20..60 => drop(map.remove(&key)),
                60..80 => drop(map.remove_if(&key, |value| value % 2 == 0)),
                80..100 => map.compute(key, |_| Change::Remove(())),
                100..120 => drop(map.upsert(key, || next(key), |_| ())),
                120..130 => drop(map.get_or_insert_with(key, || next(key))),
                _ => map.compute(key, |_| Change::Put(next(key), ())),
            }
        }
    });
    map.clear();
    for (key, told) in told.lock().unwrap().iter().enumerate() {
        let made = made[key].load(Ordering::SeqCst);
        assert!(told.iter().copied().eq(0..made), "{key}: {made} entries, told {told:?}");
    }
    assert_eq!(map.stats().listener_panics, 0);
}

fn bounded<L: Lock, X: Times, E: sharded::evict::Eviction + Bounded>() -> FieldOptions<Of<L, X, E, System, 4>> {
    FieldOptions::new().capacity(20)
}

#[test]
fn mutex() {
    stress::<Mutex, Never, Unbounded>(FieldOptions::new());
    stress::<Mutex, Ttl<5>, Lru>(bounded());
}

#[test]
fn rwlock() {
    stress::<RwLock, Never, Lru>(bounded());
    stress::<RwLock, Ttl<5>, Unbounded>(FieldOptions::new());
}

#[test]
fn optimistic() {
    stress::<Optimistic, Never, Unbounded>(FieldOptions::new());
    stress::<Rcu, Never, Unbounded>(FieldOptions::new());
    stress::<Optimistic, Ttl<5>, Lru>(bounded());
    stress::<Rcu, Ttl<5>, Lru>(bounded());
}

#[test]
fn of_ones_own() {
    stress::<StdRwLock, Ttl<5>, Lru>(bounded());
}
