//! `lock = Optimistic`: reads without a lock see whole values, and only values that are in the map, during any other
//! calls. They wait only for a writer that is inside, and are counted exactly.
//!
//! `OPTIMISTIC_STEPS` is the number of calls of each thread in each run, 8000 by default.

#[path = "../common/mod.rs"]
mod common;

mod exclusion;
mod moved;
mod sizes;
mod torn;
mod types;

use common::policy::Of;
use sharded::{ShardedMap, clock::System, evict::Unbounded, lock::Optimistic};
use std::env;

type Map<K, V, X, E = Unbounded, const SHARDS: usize = 2, const CAPACITY: usize = 0> =
    ShardedMap<K, V, Of<Optimistic, X, E, System, SHARDS, CAPACITY>>;

fn steps() -> u64 {
    env::var("OPTIMISTIC_STEPS").map_or(8000, |set| set.parse().expect("a number of steps"))
}
