//! This library: each eviction with 1 shard and with 64, under a `Mutex`.

use super::{Cache, How, Kind, System};
use sharded::{
    Policy, ShardedMap,
    builder::FieldOptions,
    clock,
    evict::{self, Bounded, MakesRoom},
    expiry, lock, placement, shards,
};
use std::marker::PhantomData;

/// The policy with this eviction and this number of shards. The capacity is overridden.
struct Evicts<E, const SHARDS: usize>(PhantomData<E>);

impl<E: Bounded + MakesRoom, const SHARDS: usize> Policy for Evicts<E, SHARDS> {
    type Shards = shards::Fixed<SHARDS>;
    type Lock = lock::Mutex;
    type Expiry = expiry::Never;
    type Eviction = E;
    type Placement = placement::Spread;
    type Clock = clock::System;
    const NAME: &'static str = "entries";
    const CAPACITY: Option<usize> = Some(1);
}

type Map<E, const SHARDS: usize> = ShardedMap<u64, u64, Evicts<E, SHARDS>>;

/// All evictions that make room. A new eviction is a line here.
pub(super) fn systems() -> Vec<System> {
    let evictions = [
        with::<evict::Lru>("lru"),
        with::<evict::Sieve>("sieve"),
        with::<evict::S3Fifo>("s3fifo"),
        with::<evict::TinyLfu>("tinylfu"),
        with::<evict::Adaptive>("adaptive"),
    ];
    evictions.into_iter().flatten().collect()
}

fn with<E: Bounded + MakesRoom>(name: &str) -> [System; 2] {
    let system =
        |shards, make| System { name: format!("sharded-{name}-{shards}"), kind: Kind::Sharded, how: How::Cache(make) };
    [system(1, boxed::<E, 1>), system(64, boxed::<E, 64>)]
}

fn boxed<E: Bounded + MakesRoom, const SHARDS: usize>(capacity: usize) -> Box<dyn Cache> {
    Box::new(Map::<E, SHARDS>::with_options(FieldOptions::new().capacity(capacity)))
}

impl<E: Bounded + MakesRoom, const SHARDS: usize> Cache for Map<E, SHARDS> {
    fn contains(&mut self, key: u64) -> bool {
        self.get(&key).is_some()
    }
    fn insert(&mut self, key: u64) {
        Map::insert(self, key, key);
    }
    fn len(&self) -> usize {
        Map::len(self)
    }
}
