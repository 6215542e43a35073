//! What the parts of a cache cost on one thread, by eviction: a key that is found, one that is missing so that another
//! leaves, and the removal of what has expired.
//!
//! `cargo bench --bench cache`. Time stands still but where a bench moves it, so no background work falls into the
//! figures.

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rand::{RngExt, SeedableRng, rngs::SmallRng};
use sharded::{clock::Manual, sharded};
use std::{collections::HashMap, hint::black_box, time::Duration};

const CAPACITY: usize = 100_000;

/// The same cache under each eviction.
#[sharded(shards = 64, ttl = "1h")]
struct Caches {
    #[shard(capacity = 100_000, evict = Sieve)]
    sieve: HashMap<u64, u64>,
    #[shard(capacity = 100_000, evict = Lru)]
    lru: HashMap<u64, u64>,
    #[shard(capacity = 100_000, evict = Adaptive)]
    adaptive: HashMap<u64, u64>,
}

/// Looks for a key, and puts it in where it is missing.
macro_rules! ask {
    ($cache:expr, $key:expr) => {{
        let key = $key;
        if $cache.get(&key).is_none() {
            $cache.insert(key, key);
        }
    }};
}

/// Runs a bench of each cache, all filled with the keys below the capacity.
macro_rules! of_each {
    ($caches:ident, $group:ident, |$cache:ident, $bencher:ident| $bench:expr) => {
        for key in 0..CAPACITY as u64 {
            $caches.sieve().insert(key, key);
            $caches.lru().insert(key, key);
            $caches.adaptive().insert(key, key);
        }
        let $cache = $caches.sieve();
        $group.bench_function("Sieve", |$bencher| $bench);
        let $cache = $caches.lru();
        $group.bench_function("Lru", |$bencher| $bench);
        let $cache = $caches.adaptive();
        $group.bench_function("Adaptive", |$bencher| $bench);
    };
}

fn found(c: &mut Criterion) {
    let caches = Caches::builder().clock(Manual::new()).build();
    let mut group = c.benchmark_group("get or insert, found");
    let mut random = SmallRng::seed_from_u64(1);
    of_each!(caches, group, |cache, b| b.iter(|| ask!(cache, black_box(random.random_range(0..CAPACITY as u64)))));
    group.finish();
}

fn missing(c: &mut Criterion) {
    let caches = Caches::builder().clock(Manual::new()).build();
    let mut group = c.benchmark_group("get or insert, missing");
    let mut key = CAPACITY as u64;
    let mut next = || {
        key += 1;
        key
    };
    of_each!(caches, group, |cache, b| b.iter(|| ask!(cache, black_box(next()))));
    group.finish();
}

fn expired(c: &mut Criterion) {
    let mut group = c.benchmark_group("remove what has expired");
    for entries in [1_000_u64, 100_000] {
        group.throughput(Throughput::Elements(entries));
        group.bench_function(BenchmarkId::from_parameter(entries), |b| {
            let setup = || {
                let clock = Manual::new();
                let caches = Caches::builder().clock(clock.clone()).build();
                for key in 0..entries {
                    caches.sieve().insert(key, key);
                }
                (clock, caches)
            };
            let run = |(clock, caches): &mut (Manual, Caches)| {
                clock.advance(Duration::from_hours(2));
                caches.sieve().sweep()
            };
            b.iter_batched_ref(setup, run, BatchSize::LargeInput);
        });
    }
    group.finish();
}

criterion_group!(benches, found, missing, expired);
criterion_main!(benches);
