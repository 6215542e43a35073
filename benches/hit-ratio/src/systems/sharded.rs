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

/// The policy with this eviction; capacity and shards are overridden.
struct Evicts<E>(PhantomData<E>);

impl<E: Bounded + MakesRoom> Policy for Evicts<E> {
    type Shards = shards::Fixed<64>;
    type Lock = lock::Mutex;
    type Expiry = expiry::Never;
    type Eviction = E;
    type Placement = placement::Spread;
    type Clock = clock::System;
    const NAME: &'static str = "entries";
    const CAPACITY: Option<usize> = Some(1);
}

struct Sharded<E: Bounded + MakesRoom>(ShardedMap<u64, u64, Evicts<E>>);

/// Every eviction that makes room. A new one is a line here.
pub(super) fn systems() -> Vec<System> {
    let evictions = [with::<evict::Lru>("lru"), with::<evict::Sieve>("sieve"), with::<evict::Adaptive>("adaptive")];
    evictions.into_iter().flatten().collect()
}

fn with<E: Bounded + MakesRoom>(name: &str) -> [System; 2] {
    let system =
        |shards, make| System { name: format!("sharded-{name}-{shards}"), kind: Kind::Sharded, how: How::Cache(make) };
    [system(1, |capacity| Sharded::<E>::boxed(capacity, 1)), system(64, |capacity| Sharded::<E>::boxed(capacity, 64))]
}

impl<E: Bounded + MakesRoom> Sharded<E> {
    fn boxed(capacity: usize, shards: usize) -> Box<dyn Cache> {
        let options = FieldOptions::new().capacity(capacity).shards(shards);
        Box::new(Sharded::<E>(ShardedMap::with_options(options)))
    }
}

impl<E: Bounded + MakesRoom> Cache for Sharded<E> {
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
