//! The memory per entry in total: the tables, and the data for expiry and eviction.
//!
//! The hashes differ from run to run, and with them the number of entries of each shard. So the last digit varies.

mod common;

use allocation_counter::measure;
use common::policy::{Never, Of, Times, Ttl};
use sharded::{
    ShardedMap,
    clock::System,
    evict::{Adaptive, Eviction, MakesRoom, Sieve},
    lock::{Lock, Mutex, Optimistic, Rcu, Serves},
};

const HOUR: u64 = 3_600_000;

type Full<L, X, E, const CAPACITY: usize> = ShardedMap<u64, u64, Of<L, X, E, System, 64, CAPACITY>>;

/// Bytes per entry of a map that is full, and in which then as many entries as it holds have been replaced by others.
fn when_full<L, X, E, const CAPACITY: usize>() -> f64
where
    L: Lock + Serves<u64, u64>,
    X: Times,
    E: Eviction + MakesRoom,
    Full<L, X, E, CAPACITY>: Default,
{
    let mut map = None;
    let heap = measure(|| {
        let full = Full::<L, X, E, CAPACITY>::default();
        (0..2 * CAPACITY as u64).for_each(|key| _ = full.insert(key, key));
        map = Some(full);
    });
    let map = map.expect("it is made");
    assert_eq!(map.len(), CAPACITY);
    let bytes = usize::try_from(heap.bytes_current).expect("not below zero") + map.stats().table_bytes;
    #[allow(clippy::cast_precision_loss, reason = "below 2^53")]
    let per_entry = bytes as f64 / CAPACITY as f64;
    println!("{CAPACITY}: {per_entry:.1}");
    per_entry
}

/// Here the rest of the last chunk in each shard counts, and what a shard has once.
#[test]
fn a_small_map_takes_twice_as_much_at_most() {
    let small = when_full::<Mutex, Ttl<HOUR>, Adaptive, 100_000>();
    assert!(small <= 64.0, "{small:.1}");
}

#[test]
#[cfg_attr(debug_assertions, ignore = "takes minutes where nothing is optimised; .ci/memory runs it")]
fn a_full_map_takes_little_more_than_its_entries() {
    // Key and value 16, deadline 8, tag 1; the eviction's word 2 and ghosts 3; a fifth of the slots vacant.
    let mutex = when_full::<Mutex, Ttl<HOUR>, Adaptive, 1_000_000>();
    assert!(mutex <= 42.0, "{mutex:.1}");
    // A bit of mark, for which there is room.
    let optimistic = when_full::<Optimistic, Ttl<HOUR>, Adaptive, 1_000_000>();
    assert!(optimistic <= 42.0, "{optimistic:.1}");
    // No deadline.
    let forever = when_full::<Mutex, Never, Adaptive, 1_000_000>();
    assert!(forever <= 31.0, "{forever:.1}");
    let marked = when_full::<Optimistic, Never, Adaptive, 1_000_000>();
    assert!(marked <= 34.5, "{marked:.1}");
    // An address in the slot, and the entry in memory of its own, with its hash.
    let shared = when_full::<Rcu, Never, Adaptive, 1_000_000>();
    assert!(shared <= forever + 24.0, "{shared:.1}");
    // Links and a mark.
    let sieve = when_full::<Mutex, Ttl<HOUR>, Sieve, 1_000_000>();
    assert!(sieve <= 49.0, "{sieve:.1}");
}

/// Tables double in size; but where a map is to be full is where they are at their densest.
#[test]
#[cfg_attr(debug_assertions, ignore = "takes minutes where nothing is optimised; .ci/memory runs it")]
fn it_is_so_at_any_capacity() {
    for per_entry in [
        when_full::<Mutex, Ttl<HOUR>, Adaptive, 600_000>(),
        when_full::<Mutex, Ttl<HOUR>, Adaptive, 700_000>(),
        when_full::<Mutex, Ttl<HOUR>, Adaptive, 800_000>(),
        when_full::<Mutex, Ttl<HOUR>, Adaptive, 1_200_000>(),
        when_full::<Mutex, Ttl<HOUR>, Adaptive, 1_400_000>(),
    ] {
        assert!(per_entry <= 44.0, "{per_entry:.1}");
    }
}
