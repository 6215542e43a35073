//! After any calls, each entry that was inserted is still in the map, or the listener was called with its last value.

use super::common::{
    ignore,
    policy::{Never, Of, Times, Ttl},
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use sharded::{
    Cause, Change, ShardedMap,
    builder::{BuildField, FieldOptions},
    clock::{Manual, System},
    evict::{Lru, MakesRoom, Sieve, Unbounded},
    lock::{Lock, Mutex, Optimistic, Rcu, RwLock, Serves},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex as StdMutex},
    time::Duration,
};

type Policy<L, X, E> = Of<L, X, E, System, 4>;

/// A key, its entry's number and changes, and why it left.
type Told = (u64, (u64, u64), Cause);

/// A call, by number, on a key.
type Call = (u8, u64);

/// A map with the model of what came in: by the number of its entry, the key, and how often it was changed.
struct Trial<L: Lock, X: Times, E: MakesRoom> {
    clock: Manual,
    map: ShardedMap<u64, (u64, u64), Policy<L, X, E>>,
    came: HashMap<u64, (u64, u64)>,
    told: Arc<StdMutex<Vec<Told>>>,
}

impl<L, X, E> Trial<L, X, E>
where
    L: Lock + Serves<u64, (u64, u64)>,
    X: Times,
    E: MakesRoom,
{
    fn step(&mut self, (call, key): Call) {
        let Trial { clock, map, came, .. } = self;
        let id = came.len() as u64;
        let mut is_new = false;
        let mut new = || {
            is_new = true;
            (id, 0)
        };
        let mut change = |value: &mut (u64, u64)| {
            value.1 += 1;
            if let Some(model) = came.get_mut(&value.0) {
                model.1 += 1;
            }
        };
        match call {
            0 => ignore(map.insert(key, new())),
            1 => ignore(map.try_insert(key, new()).unwrap()),
            2 => is_new = map.insert_if_absent(key, (id, 0)).is_ok(),
            3 => ignore(map.upsert(key, new, change)),
            4 => map.compute(key, |_| Change::Put(new(), ())),
            5 => map.compute(key, |value| {
                if let Some(value) = value {
                    change(value);
                }
                Change::Keep(())
            }),
            6 => map.compute(key, |_| Change::Remove(())),
            7 => ignore(map.get_or_insert_with(key, new)),
            8 => ignore(map.with_mut(&key, change)),
            9 => ignore(map.remove(&key)),
            10 => ignore(map.remove_if(&key, |value| value.0 % 2 == 0)),
            11 => {
                map.retain(|key, value| {
                    change(value);
                    key % 4 > 0
                });
            }
            12 => ignore(map.drain()),
            13 => map.clear(),
            14 => ignore(map.sweep()),
            15 => map.shrink_to_fit(),
            16 => ignore(map.get(&key)),
            _ => clock.advance(Duration::from_millis(key)),
        }
        if is_new {
            came.insert(id, (key, 0));
        }
    }

    /// All that came in is gone now, so each must have been told of.
    fn end(self) -> Result<(), TestCaseError> {
        self.map.clear();
        let mut told: Vec<_> = self.told.lock().unwrap().iter().map(|&(key, (id, n), _)| (id, key, n)).collect();
        let mut came: Vec<_> = self.came.into_iter().map(|(id, (key, n))| (id, key, n)).collect();
        told.sort_unstable();
        came.sort_unstable();
        prop_assert_eq!(told, came);
        Ok(())
    }
}

fn tries<L, X, E>(options: impl Fn() -> FieldOptions<Policy<L, X, E>>)
where
    L: Lock + Serves<u64, (u64, u64)>,
    X: Times,
    E: MakesRoom,
    ShardedMap<u64, (u64, u64), Policy<L, X, E>>: BuildField<Policy<L, X, E>>,
{
    let calls = prop::collection::vec((0..20_u8, 0..30_u64), 1..150);
    let config = Config { cases: 60, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&calls, |calls| {
        let clock = Manual::new();
        let store = sharded::builder::StoreOptions::new().clock(clock.clone()).start();
        let map: ShardedMap<u64, (u64, u64), Policy<L, X, E>> = BuildField::build(&store, 0, options());
        let told: Arc<StdMutex<Vec<Told>>> = Arc::default();
        let log = Arc::clone(&told);
        map.on_removal(move |&key, &value, cause| log.lock().unwrap().push((key, value, cause))).unwrap();
        let mut trial = Trial { clock, map, came: HashMap::new(), told };
        for call in calls {
            trial.step(call);
        }
        trial.end()
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

#[test]
fn what_came_in_is_there_or_was_told_of() {
    tries::<Mutex, Never, Unbounded>(FieldOptions::new);
    tries::<Mutex, Ttl<60>, Lru>(|| FieldOptions::new().capacity(10));
    tries::<RwLock, Ttl<60>, Unbounded>(FieldOptions::new);
    tries::<Optimistic, Never, Sieve>(|| FieldOptions::new().capacity(10));
    tries::<Rcu, Never, Sieve>(|| FieldOptions::new().capacity(10));
    tries::<Optimistic, Ttl<60>, Sieve>(|| FieldOptions::new().capacity(10));
    tries::<Rcu, Ttl<60>, Sieve>(|| FieldOptions::new().capacity(10));
}
