//! `lock = Optimistic`: reads without a lock see whole values and none that is not there, whatever goes on beside them;
//! they wait only for a writer who is inside, and are counted exactly.
//!
//! `OPTIMISTIC_STEPS` is how many calls each thread makes in each run, 8000 unless it is set.

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
