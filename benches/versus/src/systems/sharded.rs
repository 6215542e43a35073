//! This library with its default number of shards: each lock, with and without a time to live.

use super::{Access, Contender, Role, Shared};
use crate::{
    entries::{Entry, Integers},
    script::MANY,
};
use sharded::{Policy, ShardedMap, clock, evict, expiry, lock, placement, shards};
use std::time::Duration;

pub(crate) type Map<E, P> = ShardedMap<<E as Entry>::Key, <E as Entry>::Value, P>;

macro_rules! policies {
    ($($name:ident: $lock:ident, $expiry:ident, $ttl:expr;)*) => {$(
        pub(crate) enum $name {}

        impl Policy for $name {
            type Shards = shards::Auto;
            type Lock = lock::$lock;
            type Expiry = expiry::$expiry;
            type Eviction = evict::Unbounded;
            type Placement = placement::Spread;
            type Clock = clock::System;
            const NAME: &'static str = stringify!($name);
            const TTL: Option<Duration> = $ttl;
        }
    )*};
}

policies! {
    Mutex: Mutex, Never, None;
    RwLock: RwLock, Never, None;
    Optimistic: Optimistic, Never, None;
    Rcu: Rcu, Never, None;
    MutexTtl: Mutex, AfterWrite, Some(Duration::from_hours(1));
    RwLockTtl: RwLock, AfterWrite, Some(Duration::from_hours(1));
    OptimisticTtl: Optimistic, AfterWrite, Some(Duration::from_hours(1));
}

/// Those for all kinds of entries.
pub(super) fn contenders<E: Entry>() -> [Contender<E>; 5] {
    [
        Contender::new("mutex", "sharded, Mutex", || Box::new(Shared(Map::<E, Mutex>::new()))).with_batches(),
        Contender::new("rwlock", "sharded, RwLock", || Box::new(Shared(Map::<E, RwLock>::new()))).with_batches(),
        Contender::new("rcu", "sharded, Rcu", || Box::new(Shared(Map::<E, Rcu>::new()))).with_batches(),
        Contender::new("mutex-ttl", "sharded, Mutex, ttl", || Box::new(Shared(Map::<E, MutexTtl>::new())))
            .with_batches()
            .role(Role::Expiring),
        Contender::new("rwlock-ttl", "sharded, RwLock, ttl", || Box::new(Shared(Map::<E, RwLockTtl>::new())))
            .with_batches()
            .role(Role::Expiring),
    ]
}

/// Those for `Copy` entries.
pub(super) fn optimistic() -> [Contender<Integers>; 2] {
    [
        Contender::new("optimistic", "sharded, Optimistic", || Box::new(Shared(Map::<Integers, Optimistic>::new())))
            .with_batches(),
        Contender::new("optimistic-ttl", "sharded, Optimistic, ttl", || {
            Box::new(Shared(Map::<Integers, OptimisticTtl>::new()))
        })
        .with_batches()
        .role(Role::Expiring),
    ]
}

impl<E, P> Access<E> for &Map<E, P>
where
    E: Entry,
    P: Policy,
    P::Lock: lock::Serves<E::Key, E::Value>,
    P::Eviction: evict::MakesRoom,
{
    #[inline]
    fn get(&mut self, key: &E::Query) -> Option<E::Value> {
        ShardedMap::get(self, key)
    }

    #[inline]
    fn insert(&mut self, key: E::Key, value: E::Value) -> bool {
        ShardedMap::insert(self, key, value).is_none()
    }

    #[inline]
    fn remove(&mut self, key: &E::Query) -> bool {
        ShardedMap::remove(self, key).is_some()
    }

    #[inline]
    fn increment(&mut self, key: &E::Query) -> bool {
        self.with_mut(key, E::increment).is_some()
    }

    #[inline]
    fn get_many(&mut self, keys: &[&E::Query]) -> usize {
        ShardedMap::get_many(self, keys.iter().copied()).iter().flatten().count()
    }

    #[inline]
    fn insert_many(&mut self, entries: [(E::Key, E::Value); MANY]) -> usize {
        let replaced = ShardedMap::insert_many(self, entries).expect("the map is not bounded");
        replaced.iter().filter(|value| value.is_none()).count()
    }

    #[inline]
    fn remove_many(&mut self, keys: &[&E::Query]) -> usize {
        ShardedMap::remove_many(self, keys.iter().copied()).iter().flatten().count()
    }

    fn shrink(&mut self) {
        self.shrink_to_fit();
    }
}
