//! This library with a capacity, with and without a time to live: each eviction under each lock.

use super::{Cache, Contender, Driver, Expiring, LONG, Lifetime, Storming};
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
    ($($policy:ident: $lock:ident, $expiry:ident, $ttl:expr;)*) => {$(
        /// The policy with this lock and this eviction. The capacity is overridden.
        struct $policy<V>(PhantomData<V>);

        impl<V: Bounded + MakesRoom> Policy for $policy<V> {
            type Shards = shards::Auto;
            type Lock = lock::$lock;
            type Expiry = expiry::$expiry;
            type Eviction = V;
            type Placement = placement::Spread;
            type Clock = clock::System;
            const NAME: &'static str = "entries";
            const TTL: Option<Duration> = $ttl;
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
    )*};
}

locks! {
    Mutex: Mutex, AfterWrite, Some(LONG);
    RwLock: RwLock, AfterWrite, Some(LONG);
    Optimistic: Optimistic, AfterWrite, Some(LONG);
    LastingMutex: Mutex, Never, None;
    LastingRwLock: RwLock, Never, None;
    LastingOptimistic: Optimistic, Never, None;
}

macro_rules! expiring {
    ($($policy:ident)*) => {$(
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

expiring!(Mutex RwLock Optimistic);

type Map<E, P> = ShardedMap<<E as Entry>::Key, <E as Entry>::Value, P>;

macro_rules! contenders {
    ($mutex:ident, $rwlock:ident) => {
        [
            $mutex::<evict::Sieve>::contender("mutex-sieve", "sharded, Mutex, Sieve"),
            $mutex::<evict::Lru>::contender("mutex-lru", "sharded, Mutex, Lru"),
            $mutex::<evict::Adaptive>::contender("mutex-adaptive", "sharded, Mutex, Adaptive"),
            $rwlock::<evict::Sieve>::contender("rwlock-sieve", "sharded, RwLock, Sieve"),
            $rwlock::<evict::Lru>::contender("rwlock-lru", "sharded, RwLock, Lru"),
            $rwlock::<evict::Adaptive>::contender("rwlock-adaptive", "sharded, RwLock, Adaptive"),
        ]
    };
    ($optimistic:ident) => {
        vec![
            $optimistic::<evict::Sieve>::contender("optimistic-sieve", "sharded, Optimistic, Sieve"),
            $optimistic::<evict::Lru>::contender("optimistic-lru", "sharded, Optimistic, Lru"),
            $optimistic::<evict::Adaptive>::contender("optimistic-adaptive", "sharded, Optimistic, Adaptive"),
        ]
    };
}

/// Those for all kinds of entries.
pub(super) fn contenders<E: Entry>(lifetime: Lifetime) -> [Contender<E>; 6] {
    match lifetime {
        Lifetime::Limited => contenders!(Mutex, RwLock),
        Lifetime::Unlimited => contenders!(LastingMutex, LastingRwLock),
    }
}

/// Those for `Copy` entries.
pub(crate) fn of_integers(lifetime: Lifetime) -> Vec<Contender<Integers>> {
    match lifetime {
        Lifetime::Limited => contenders!(Optimistic),
        Lifetime::Unlimited => contenders!(LastingOptimistic),
    }
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
