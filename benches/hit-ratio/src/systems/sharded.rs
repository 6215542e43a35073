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

/// The policy with this eviction in so many shards; the capacity is overridden.
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

struct Sharded<E: Bounded + MakesRoom, const SHARDS: usize>(ShardedMap<u64, u64, Evicts<E, SHARDS>>);

/// Every eviction that makes room. A new one is a line here.
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
    [system(1, Sharded::<E, 1>::boxed), system(64, Sharded::<E, 64>::boxed)]
}

impl<E: Bounded + MakesRoom, const SHARDS: usize> Sharded<E, SHARDS> {
    fn boxed(capacity: usize) -> Box<dyn Cache> {
        Box::new(Sharded::<E, SHARDS>(ShardedMap::with_options(FieldOptions::new().capacity(capacity))))
    }
}

impl<E: Bounded + MakesRoom, const SHARDS: usize> Cache for Sharded<E, SHARDS> {
    fn access(&mut self, key: u64) -> bool {
        let hit = self.0.get(&key).is_some();
        if !hit {
            self.0.insert(key, key);
        }
        hit
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}
