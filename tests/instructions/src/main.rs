//! Runs one operation a number of times on one map: `sharded-instructions MAP OPERATION TIMES`. `.ci/instructions`
//! counts the instructions of `measured`, the function in which it runs.

use sharded::{clock::Manual, sharded};
use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    env,
    hash::{BuildHasherDefault, Hasher},
    hint::black_box,
};

/// A hasher without a random seed, so that each run does the same.
#[derive(Default)]
struct Mixer(u64);

impl Hasher for Mixer {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(self.0 ^ u64::from(byte));
        }
    }
    fn write_u64(&mut self, number: u64) {
        // The finalizer of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
        let number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        self.0 = number ^ (number >> 31);
    }
}

type Mixed = BuildHasherDefault<Mixer>;

#[sharded(shards = 16)]
struct Maps {
    #[shard(unbounded = "as many as are measured")]
    mutex: HashMap<u64, u64, Mixed>,
    #[shard(lock = RwLock, unbounded = "as many as are measured")]
    rwlock: HashMap<u64, u64, Mixed>,
    #[shard(lock = Optimistic, unbounded = "as many as are measured")]
    optimistic: HashMap<u64, u64, Mixed>,
    #[shard(ttl = "1h")]
    ttl: HashMap<u64, u64, Mixed>,
    #[shard(ttl = "1h", capacity = 50_000, evict = Lru)]
    lru: HashMap<u64, u64, Mixed>,
    /// Values that own memory: an access is recorded for the order of nested accesses.
    #[shard(unbounded = "as many as are measured")]
    owning: HashMap<u64, Box<u64>, Mixed>,
    #[shard(unbounded = "as many as are measured")]
    unique: HashMap<u64, u64, Mixed>,
    #[shard(index_of = unique, key = same)]
    unique_by_value: HashMap<u64, u64, Mixed>,
    #[shard(unbounded = "as many as are measured")]
    many: HashMap<u64, u64, Mixed>,
    #[shard(index_of = many, key = same)]
    many_by_value: HashMap<u64, HashSet<u64>, Mixed>,
    #[shard(unbounded = "as many as are measured")]
    named: HashMap<u64, String, Mixed>,
    #[shard(unbounded = "as many as are measured")]
    unique_named: HashMap<u64, String, Mixed>,
    #[shard(index_of = unique_named, key = name)]
    unique_by_name: HashMap<String, u64, Mixed>,
    #[shard(shards = 1024, lock = RwLock, unbounded = "as many as are measured")]
    wide: HashMap<u64, u64, Mixed>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "an index passes references")]
fn same(_: &u64, value: &u64) -> u64 {
    *value
}

#[allow(clippy::trivially_copy_pass_by_ref, clippy::ptr_arg, reason = "an index passes references")]
fn name(_: &u64, value: &String) -> String {
    value.clone()
}

/// Values made in advance, two for each key, so that only what the map does with them is measured.
fn names(times: u64) -> impl Fn(u64) -> String {
    let made: Vec<_> = (0..times.max(ENTRIES)).map(|key| RefCell::new(vec![key.to_string(); 2])).collect();
    move |key| made[usize::try_from(key).expect("a small number")].borrow_mut().pop().expect("two for each key")
}

/// Entries before the measured operations, but for inserts of new keys.
const ENTRIES: u64 = 20_000;

macro_rules! run {
    ($map:expr, $value:expr, $operation:expr, $times:expr) => {{
        let (map, value) = ($map, $value);
        // A map that grows splits buckets at some sizes more often than at others, so growth is measured from nothing.
        let before = if $operation == "new" { 0 } else { ENTRIES };
        (0..before).for_each(|key| ignore(map.insert(key, value(key))));
        match $operation {
            "get" => measured($times, |key| ignore(black_box(map.get(&(key % ENTRIES))))),
            "insert" => measured($times, |key| ignore(black_box(map.insert(key % ENTRIES, value(key))))),
            "new" => measured($times, |key| ignore(black_box(map.insert(key, value(key))))),
            "with_mut" => measured($times, |key| {
                black_box(map.with_mut(&(key % ENTRIES), |value| ignore(black_box(value))));
            }),
            "for_each" => measured($times, |_| {
                map.for_each(|key, value| {
                    black_box((key, value));
                })
            }),
            "stats" => {
                // Events are counted by thread, and the first one makes room for that.
                ignore(map.get(&ENTRIES));
                measured($times, |_| ignore(black_box(map.stats())));
            }
            other => panic!("no operation `{other}`"),
        }
    }};
}

/// What is measured. Each operation has its own copy, which has nothing else in it.
#[inline(never)]
fn measured(times: u64, operation: impl Fn(u64)) {
    (0..black_box(times)).for_each(|key| operation(black_box(key)));
}

/// Drops a result that is not looked at.
fn ignore<T>(_: T) {}

fn main() {
    let arguments: Vec<String> = env::args().collect();
    let [_, map, operation, times] = &arguments[..] else { panic!("usage: MAP OPERATION TIMES") };
    let (operation, times) = (operation.as_str(), times.parse().expect("a number"));
    let maps = Maps::builder().clock(Manual::new()).build();
    match map.as_str() {
        "mutex" => run!(maps.mutex(), |key| key, operation, times),
        "rwlock" => run!(maps.rwlock(), |key| key, operation, times),
        "optimistic" => run!(maps.optimistic(), |key| key, operation, times),
        "ttl" => run!(maps.ttl(), |key| key, operation, times),
        "lru" => run!(maps.lru(), |key| key, operation, times),
        "owning" => run!(maps.owning(), Box::new, operation, times),
        "unique" => run!(maps.unique(), |key| key, operation, times),
        "many" => run!(maps.many(), |key| key, operation, times),
        "named" => run!(maps.named(), names(times), operation, times),
        "unique_named" => run!(maps.unique_named(), names(times), operation, times),
        "unique_by_value" => measured(times, |key| ignore(black_box(maps.unique_by_value().key(&key)))),
        "many_by_value" => measured(times, |key| ignore(black_box(maps.many_by_value().keys(&key)))),
        "unique_by_name" => ignore(maps.unique_by_name().key("")),
        "wide" => run!(maps.wide(), |key| key, operation, times),
        other => panic!("no map `{other}`"),
    }
}
