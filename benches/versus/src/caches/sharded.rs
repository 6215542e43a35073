//! This library with a capacity and a time to live: each eviction under each lock.

use super::{Cache, Contender, Driver, Expiring, LONG, Storming};
use crate::{
    entries::{Entry, Integers},
    systems::Role,
};
use sharded::{
    Policy, ShardedMap,
    builder::FieldOptions,
    clock,
    evict::{self, Bounded, MakesRoom},
    expiry,
    lock::{self, Serves},
    placement, shards,
};
use std::{
    marker::PhantomData,
    time::{Duration, Instant},
};

macro_rules! locks {
    ($($policy:ident: $lock:ident;)*) => {$(
        /// The policy with this lock and this eviction. The capacity is overridden.
        struct $policy<V>(PhantomData<V>);

        impl<V: Bounded + MakesRoom> Policy for $policy<V> {
            type Shards = shards::Fixed<64>;
            type Lock = lock::$lock;
            type Expiry = expiry::AfterWrite;
            type Eviction = V;
            type Placement = placement::Spread;
            type Clock = clock::System;
            const NAME: &'static str = "entries";
            const TTL: Option<Duration> = Some(LONG);
            const CAPACITY: Option<usize> = Some(1);
        }

        impl<V: Bounded + MakesRoom> $policy<V> {
            fn map<E: Entry>(capacity: usize) -> Map<E, Self>
            where
                lock::$lock: Serves<E::Key, E::Value>,
            {
                ShardedMap::with_options(FieldOptions::new().capacity(capacity))
            }

            fn contender<E: Entry>(id: &'static str, name: &'static str) -> Contender<E>
            where
                lock::$lock: Serves<E::Key, E::Value>,
            {
                let build = |capacity| -> Box<dyn Driver<E>> { Box::new(Self::map::<E>(capacity)) };
                Contender { id, name, role: Role::Rival, is_ours: true, build }
            }
        }

        impl<E, V> Cache<E> for Map<E, $policy<V>>
        where
            E: Entry,
            lock::$lock: Serves<E::Key, E::Value>,
            V: Bounded + MakesRoom,
        {
            fn get_or_insert(&self, key: &E::Query, value: E::Value) -> bool {
                // Two calls: `get_or_insert_with` takes the lock that excludes others for a hit, too.
                let hit = self.get(key).is_some();
                if !hit {
                    self.insert(key.to_owned(), value);
                }
                hit
            }
        }

        impl<V: Bounded + MakesRoom> Expiring for Map<Integers, $policy<V>> {
            fn put(&self, key: u64, until: Instant) {
                self.insert_with_ttl(key, key, until.saturating_duration_since(Instant::now()));
            }

            fn get(&self, key: u64) -> bool {
                ShardedMap::get(self, &key).is_some()
            }

            fn len(&self) -> u64 {
                ShardedMap::len(self) as u64
            }
        }
    )*};
}

locks! {
    Mutex: Mutex;
    RwLock: RwLock;
    Optimistic: Optimistic;
}

type Map<E, P> = ShardedMap<<E as Entry>::Key, <E as Entry>::Value, P>;

/// Those for all kinds of entries.
pub(super) fn contenders<E: Entry>() -> [Contender<E>; 6] {
    [
        Mutex::<evict::Sieve>::contender("mutex-sieve", "sharded, Mutex, Sieve"),
        Mutex::<evict::Lru>::contender("mutex-lru", "sharded, Mutex, Lru"),
        Mutex::<evict::Adaptive>::contender("mutex-adaptive", "sharded, Mutex, Adaptive"),
        RwLock::<evict::Sieve>::contender("rwlock-sieve", "sharded, RwLock, Sieve"),
        RwLock::<evict::Lru>::contender("rwlock-lru", "sharded, RwLock, Lru"),
        RwLock::<evict::Adaptive>::contender("rwlock-adaptive", "sharded, RwLock, Adaptive"),
    ]
}

/// Those for `Copy` entries.
pub(crate) fn of_integers() -> Vec<Contender<Integers>> {
    vec![
        Optimistic::<evict::Sieve>::contender("optimistic-sieve", "sharded, Optimistic, Sieve"),
        Optimistic::<evict::Lru>::contender("optimistic-lru", "sharded, Optimistic, Lru"),
        Optimistic::<evict::Adaptive>::contender("optimistic-adaptive", "sharded, Optimistic, Adaptive"),
    ]
}

/// The eviction does not matter in the storm. The lock may, since it decides how long a reader waits.
pub(super) fn storming() -> [Storming; 3] {
    [
        Storming {
            id: "mutex",
            name: "sharded, Mutex",
            build: || Box::new(Mutex::<evict::Sieve>::map::<Integers>(super::AMPLE)),
        },
        Storming {
            id: "rwlock",
            name: "sharded, RwLock",
            build: || Box::new(RwLock::<evict::Sieve>::map::<Integers>(super::AMPLE)),
        },
        Storming {
            id: "optimistic",
            name: "sharded, Optimistic",
            build: || Box::new(Optimistic::<evict::Sieve>::map::<Integers>(super::AMPLE)),
        },
    ]
}
