//! What one access costs on one thread: by operation, lock, expiry and eviction, beside shards written by hand.
//!
//! `cargo bench --bench access`. A `get` checks the order of nested accesses. `with` also records it, so the difference
//! between the two is the cost of recording.

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use hashbrown::HashTable;
use parking_lot::RwLock;
use rand::{RngExt, SeedableRng, rngs::SmallRng};
use sharded::sharded;
use std::{collections::HashMap, hint::black_box};

/// The same map under several policies.
#[sharded(shards = 64, ttl = never)]
struct Maps {
    #[shard(lock = Mutex, unbounded = "filled by the bench")]
    mutex: HashMap<u64, u64>,
    #[shard(lock = RwLock, unbounded = "filled by the bench")]
    rwlock: HashMap<u64, u64>,
    #[shard(ttl = "1h")]
    ttl: HashMap<u64, u64>,
    #[shard(idle = "1h")]
    idle: HashMap<u64, u64>,
    #[shard(capacity = 10_000_000, evict = Lru)]
    lru: HashMap<u64, u64>,
    #[shard(capacity = 10_000_000, evict = Sieve)]
    sieve: HashMap<u64, u64>,
}

/// Shards as a careful engineer writes them without the library.
struct ByHand {
    hasher: ahash::RandomState,
    shards: Vec<Padded>,
}

#[repr(align(128))]
struct Padded(RwLock<HashTable<(u64, u64)>>);

impl ByHand {
    fn new() -> Self {
        let shards = (0..64).map(|_| Padded(RwLock::default())).collect();
        ByHand { hasher: ahash::RandomState::with_seeds(1, 2, 3, 4), shards }
    }

    fn shard(&self, hash: u64) -> &RwLock<HashTable<(u64, u64)>> {
        // Below the seven bits that hashbrown takes for its tags.
        &self.shards[usize::try_from(hash << 7 >> 58).unwrap_or(0)].0
    }

    fn insert(&self, key: u64, value: u64) {
        let hash = self.hasher.hash_one(key);
        self.shard(hash).write().insert_unique(hash, (key, value), |entry| self.hasher.hash_one(entry.0));
    }

    fn get(&self, key: u64) -> Option<u64> {
        let hash = self.hasher.hash_one(key);
        self.shard(hash).read().find(hash, |entry| entry.0 == key).map(|entry| entry.1)
    }
}

fn hits(c: &mut Criterion) {
    for (name, entries) in [("hit, 1k entries", 1_000), ("hit, 1M entries", 1_000_000)] {
        let mut group = c.benchmark_group(name);
        let by_hand = ByHand::new();
        let maps = Maps::new();
        for key in 0..entries {
            by_hand.insert(key, key);
            maps.mutex().insert(key, key);
            maps.rwlock().insert(key, key);
            maps.ttl().insert(key, key);
            maps.idle().insert(key, key);
            maps.lru().insert(key, key);
            maps.sieve().insert(key, key);
        }
        let mut random = SmallRng::seed_from_u64(1);
        let mut key = || random.random_range(0..entries);
        group.bench_function("by hand, RwLock", |b| b.iter(|| by_hand.get(key())));
        group.bench_function("Mutex, get", |b| b.iter(|| maps.mutex().get(&key())));
        group.bench_function("Mutex, with", |b| b.iter(|| maps.mutex().with(&key(), |value| *value)));
        group.bench_function("RwLock, get", |b| b.iter(|| maps.rwlock().get(&key())));
        group.bench_function("ttl, get", |b| b.iter(|| maps.ttl().get(&key())));
        group.bench_function("idle, get", |b| b.iter(|| maps.idle().get(&key())));
        group.bench_function("Lru, get", |b| b.iter(|| maps.lru().get(&key())));
        group.bench_function("Sieve, get", |b| b.iter(|| maps.sieve().get(&key())));
        group.bench_function("Mutex, upsert", |b| {
            b.iter(|| maps.mutex().upsert(key(), || 0, |value| *value = value.wrapping_add(1)));
        });
        group.finish();
    }
}

fn inserts(c: &mut Criterion) {
    let mut group = c.benchmark_group("insert of 10k new keys");
    group.bench_function("by hand, RwLock", |b| {
        b.iter_batched_ref(ByHand::new, |map| (0..10_000).for_each(|key| map.insert(key, key)), BatchSize::LargeInput);
    });
    group.bench_function("Mutex", |b| {
        let fill = |maps: &mut Maps| {
            for key in 0..10_000 {
                maps.mutex().insert(black_box(key), key);
            }
        };
        b.iter_batched_ref(Maps::new, fill, BatchSize::LargeInput);
    });
    group.finish();
}

criterion_group!(benches, hits, inserts);
criterion_main!(benches);
