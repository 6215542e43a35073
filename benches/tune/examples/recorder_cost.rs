//! Reads and changes of a store without `record`, with it, and while it is recorded, for callgrind to count: see the README beside `Cargo.toml`.
//!
//! `recorder_cost plain|declared|recording OPERATIONS`

use sharded::{Store, sharded};
use std::{collections::HashMap, env, hint::black_box};

// Without a deadline, and so without a clock, whose system call valgrind does not know.
#[sharded(shards = 64)]
struct Plain {
    #[shard(unbounded = "a fixed number of keys")]
    map: HashMap<u64, u64>,
}

#[sharded(shards = 64, record)]
struct Recorded {
    #[shard(unbounded = "a fixed number of keys")]
    map: HashMap<u64, u64>,
}

const KEYS: u64 = 1 << 14;

macro_rules! work {
    ($store:expr, $operations:expr) => {
        for number in 0..KEYS {
            $store.map().insert(number, number);
        }
        for number in 0..$operations {
            // Each key in turn, far from the one before.
            black_box($store.map().get(&black_box(number.wrapping_mul(7919) % KEYS)));
        }
    };
}

fn main() {
    let mut arguments = env::args().skip(1);
    let (kind, operations) = (arguments.next(), arguments.next());
    let operations: u64 = operations.and_then(|number| number.parse().ok()).unwrap_or(100_000);
    match kind.as_deref() {
        Some("plain") => {
            let store = Plain::new();
            work!(store, operations);
        }
        Some("declared") => {
            let store = Recorded::new();
            work!(store, operations);
        }
        Some("recording") => {
            let store = Recorded::new();
            let recorder = store.recorder();
            work!(store, operations);
            black_box(recorder);
        }
        _ => eprintln!("recorder_cost plain|declared|recording OPERATIONS"),
    }
}
