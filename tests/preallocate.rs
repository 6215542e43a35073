//! `preallocate`: a field takes the memory of its tables when it is built. Later operations take none, touch no new
//! page, move no entry and give nothing back. Without enough memory the field is not built.

mod common;

use allocation_counter::measure;
use common::{
    panics,
    policy::{Idle, Never, Of, Times, Ttl},
    threads::Dice,
};
use sharded::{
    Policy, ShardedMap, Stats,
    builder::{BuildField, FieldOptions, StoreOptions},
    clock::System,
    evict::{Adaptive, Bounded, Eviction, Lru, Reject, S3Fifo, Sieve, TinyLfu},
    lock::{Lock, Mutex, Optimistic, RwLock, Serves},
    sharded,
    topology::{Node, NodeId, Topology},
};
use std::{
    collections::{HashMap, HashSet},
    thread,
    time::Duration,
};

const CAPACITY: usize = 2_000;
const KEYS: u64 = 2 * CAPACITY as u64;
const HOUR: u64 = 3_600_000;

type Chosen<L, X, E, const SHARDS: usize> = Of<L, X, E, System, SHARDS, CAPACITY>;
type Map<L, X, E, const SHARDS: usize = 2> = ShardedMap<u64, u64, Chosen<L, X, E, SHARDS>>;

/// Memory in use, blocks ever taken, and steps of growth.
fn taken(stats: &Stats) -> (usize, u64, u64, u64) {
    (stats.table_bytes, stats.table_blocks, stats.splits, stats.merges)
}

/// The number of the pages of all shards that are resident. Zero where the system does not say.
fn pages<P: Policy>(map: &ShardedMap<u64, u64, P>) -> u64
where
    ShardedMap<u64, u64, P>: BuildField<P>,
{
    let placement = map.placement();
    placement.shards().iter().flat_map(|shard| shard.pages().map(|(_, pages)| pages).collect::<Vec<_>>()).sum()
}

/// Fills the map, changes it, and empties it in every way.
fn live<P>(map: &ShardedMap<u64, u64, P>)
where
    P: Policy<Lock: Serves<u64, u64>>,
    ShardedMap<u64, u64, P>: BuildField<P>,
{
    let fill = || (0..KEYS).for_each(|key| _ = map.try_insert(key, key));
    fill();
    let mut dice = Dice::new(1);
    for _ in 0..KEYS {
        let key = dice.below(KEYS);
        map.remove(&dice.below(KEYS));
        _ = map.try_insert(key, key);
        map.with_mut(&dice.below(KEYS), |value| *value += 1);
        map.get(&key);
    }
    map.shrink_to_fit();
    map.clear();
    fill();
    map.retain(|key, _| key % 100 == 0);
    map.shrink_to_fit();
    fill();
    map.invalidate_all();
    fill();
    assert!(map.drain().len() > CAPACITY / 2);
    map.sweep();
    fill();
}

fn check<L, X, E, const SHARDS: usize>(what: &str)
where
    L: Lock + Serves<u64, u64>,
    X: Times,
    E: Eviction + Bounded,
    Map<L, X, E, SHARDS>: BuildField<Chosen<L, X, E, SHARDS>>,
{
    let map = Map::<L, X, E, SHARDS>::with_options(FieldOptions::new().preallocate());
    let (before, resident) = (map.stats(), pages(&map));
    assert!(before.table_bytes > CAPACITY * 16, "{what}: {}", before.table_bytes);
    assert_eq!(before.splits, 0, "{what}");
    live(&map);
    let after = map.stats();
    assert_eq!(taken(&after), taken(&before), "{what}");
    // The system may have taken some away meanwhile.
    assert!(pages(&map) <= resident, "{what}: {} resident pages after {resident}", pages(&map));
    assert!(map.len() > CAPACITY * 9 / 10 && map.len() <= CAPACITY, "{what}: {}", map.len());
}

/// What the others look at changes without the option, so that they could fail.
#[test]
fn without_the_option_memory_is_taken_and_given_back() {
    let map = Map::<Mutex, Ttl<HOUR>, Adaptive>::with_options(FieldOptions::new());
    let (before, resident) = (map.stats(), pages(&map));
    live(&map);
    let after = map.stats();
    assert!(after.table_bytes > before.table_bytes && after.table_blocks > before.table_blocks);
    assert!(after.splits > 0 && after.merges > 0);
    (0..KEYS).for_each(|key| _ = map.insert(key, key));
    assert!(pages(&map) > resident || pages(&map) == 0);
}

macro_rules! check_evictions {
    ($lock:ty, $times:ty) => {
        check_evictions!($lock, $times: Lru Sieve Adaptive S3Fifo TinyLfu Reject)
    };
    ($lock:ty, $times:ty: $($eviction:ident)*) => {
        $(check::<$lock, $times, $eviction, 2>(stringify!($lock, $times, $eviction));)*
    };
}

#[test]
fn no_operation_takes_memory_under_a_mutex() {
    check_evictions!(Mutex, Never);
    check_evictions!(Mutex, Ttl<HOUR>);
}

#[test]
fn no_operation_takes_memory_under_the_other_locks() {
    check_evictions!(RwLock, Idle<HOUR>);
    check_evictions!(Optimistic, Never);
    check_evictions!(Optimistic, Ttl<HOUR>);
}

#[test]
fn nor_with_few_large_or_many_small_shards() {
    check::<Mutex, Never, Lru, 1>("one shard");
    check::<Mutex, Ttl<HOUR>, Adaptive, 32>("32 shards");
    check::<Optimistic, Never, Sieve, 32>("32 shards, Optimistic");
}

/// With times of all lengths.
#[test]
fn nor_do_times_of_an_entrys_own() {
    let map = Map::<Mutex, Ttl<HOUR>, Lru>::with_options(FieldOptions::new().preallocate());
    let before = taken(&map.stats());
    for key in 0..KEYS {
        let ttl = Duration::from_millis(1 << (key % 45));
        map.insert_with_ttl(key, key, ttl);
    }
    map.sweep();
    assert_eq!(taken(&map.stats()), before);
}

/// Neither does an insert call the global allocator, the first one of each key included.
#[test]
fn no_insert_allocates() {
    let options = FieldOptions::new;
    let warm = Map::<Mutex, Ttl<HOUR>, Adaptive>::with_options(options());
    (0..KEYS).for_each(|key| _ = warm.insert(key, key));
    let fill = |map: &Map<Mutex, Ttl<HOUR>, Adaptive>| {
        // The counters of a field for this thread.
        map.get(&0);
        measure(|| (0..KEYS).for_each(|key| _ = map.insert(key, key))).count_total
    };
    let ahead = fill(&Map::with_options(options().preallocate()));
    let grown = fill(&Map::with_options(options()));
    assert!(ahead <= 1 && grown > 10, "{ahead} and {grown}");
}

/// A shard that gets too many of the keys, as from a hasher that spreads them unevenly, grows and keeps that memory.
#[test]
fn a_shard_with_too_many_keys_gets_its_memory_late() {
    let map = Map::<Mutex, Ttl<HOUR>, Adaptive>::with_options(FieldOptions::new().preallocate());
    let before = map.stats();
    let fill = || {
        let first = (0..).filter(|key| map.shard_of(key) == 0);
        first.take(2 * CAPACITY).for_each(|key| _ = map.insert(key, key));
    };
    fill();
    let grown = map.stats();
    assert_eq!(map.len(), CAPACITY);
    assert!(grown.table_bytes > before.table_bytes && grown.splits > 0);
    map.clear();
    map.shrink_to_fit();
    map.sweep();
    let shrunk = map.stats();
    // What was taken late goes back to the other shards, and what was taken in advance stays.
    assert!(shrunk.table_bytes >= before.table_bytes && shrunk.table_bytes < grown.table_bytes);
    fill();
    assert_eq!(map.len(), CAPACITY);
    (0..KEYS).for_each(|key| _ = map.insert(key, key));
    assert_eq!(map.len(), CAPACITY);
}

/// An empty map and a map for one entry are maps.
#[test]
fn the_smallest_capacities_work() {
    for capacity in [0, 1, 2, 63] {
        let map = Map::<Mutex, Ttl<HOUR>, Adaptive>::with_options(FieldOptions::new().preallocate().capacity(capacity));
        let before = taken(&map.stats());
        (0..1000).for_each(|key| _ = map.insert(key, key));
        assert_eq!(map.len(), capacity);
        assert_eq!(taken(&map.stats()), before, "{capacity}");
    }
}

/// Memory that no machine has is an error, and nothing else happens.
#[test]
fn without_memory_the_map_is_not_built() {
    type Large = Map<Mutex, Never, Lru>;
    for capacity in [1 << 34, 1 << 45, usize::MAX] {
        let error = Large::try_with_options(FieldOptions::new().capacity(capacity).preallocate()).unwrap_err();
        assert_eq!((error.field(), error.option()), (Some("field"), "preallocate"));
        assert!(error.to_string().starts_with("the memory of `field` can't be taken in advance: "), "{error}");
    }
    // Numbers that tables can have.
    if std::fs::read_to_string("/proc/meminfo").is_ok_and(|info| info.contains("MemAvailable")) {
        let options = FieldOptions::new().shards(1024).capacity(1 << 40).preallocate();
        let message = Large::try_with_options(options).unwrap_err().to_string();
        assert!(message.ends_with("MiB are left"), "{message}");
    }
    // A field without a capacity, whose eviction would allow one.
    let error = ShardedMap::<u64, u64, Of<Mutex, Never, Lru, System, 16, 0>>::try_with_options(
        FieldOptions::new().preallocate(),
    );
    assert!(error.unwrap_err().to_string().contains("no capacity"));
}

#[sharded]
struct Exchange {
    #[shard(capacity = 2_000, lock = Optimistic, evict = Lru, ttl = "1h", preallocate)]
    orders: HashMap<u64, u64>,
    #[shard(capacity = 2_000, preallocate)]
    names: HashSet<u64>,
    #[shard(capacity = 2_000, evict = Reject)]
    late: HashMap<u64, u64>,
}

/// The attribute says it, of maps and of sets, and the builder can say it of a further field.
#[test]
fn a_store_takes_the_memory_of_its_fields() {
    let fill = |exchange: &Exchange| {
        let stats = || [exchange.orders().stats(), exchange.names().stats(), exchange.late().stats()];
        let before = stats();
        for key in 0..KEYS {
            exchange.orders().insert(key, key);
            exchange.names().insert(key);
            _ = exchange.late().try_insert(key, key);
        }
        let after = stats();
        [0, 1, 2].map(|field| taken(&before[field]) == taken(&after[field]))
    };
    assert_eq!(fill(&Exchange::new()), [true, true, false]);
    assert_eq!(fill(&Exchange::builder().late(FieldOptions::preallocate).build()), [true; 3]);
}

#[test]
fn a_store_without_memory_is_not_built() {
    let builder = || Exchange::builder().names(|names| names.shards(2).capacity(1 << 40));
    let message = panics(|| builder().build());
    assert!(message.starts_with("the memory of `names` can't be taken in advance: "), "{message}");
    // A mistake in an option comes first.
    let message = panics(|| builder().orders(|orders| orders.ttl(Duration::ZERO)).build());
    assert_eq!(message, "the ttl of `orders` must not be zero");
}

/// Each node has the memory of its shards. (Where the machine has no such nodes, they are only declared.)
#[test]
fn every_node_is_provided_for() {
    let nodes = (0..4).map(|id| Node::new(NodeId::new(id), [id], 1 << 30));
    let store = StoreOptions::new().topology(Topology::new(nodes)).start();
    let map: Map<Mutex, Never, Lru> = BuildField::build(&store, 0, FieldOptions::new().preallocate());
    let before = taken(&map.stats());
    live(&map);
    assert_eq!(taken(&map.stats()), before);
}

/// Many threads at once.
#[test]
fn threads_take_no_memory_either() {
    let map = Map::<Mutex, Ttl<HOUR>, Adaptive>::with_options(FieldOptions::new().preallocate());
    let before = taken(&map.stats());
    thread::scope(|scope| {
        for seed in 0..4 {
            let map = &map;
            scope.spawn(move || {
                let mut dice = Dice::new(seed);
                for _ in 0..4 * KEYS {
                    let key = dice.below(KEYS);
                    map.insert(key, seed);
                    map.remove(&dice.below(KEYS));
                }
            });
        }
    });
    assert_eq!(taken(&map.stats()), before);
}

/// The page faults of this thread, without and with a read from a disk: the tenth and the twelfth field.
#[cfg(target_os = "linux")]
fn faults() -> u64 {
    let Ok(stat) = std::fs::read_to_string("/proc/thread-self/stat") else { return 0 };
    // The second field, a name in parentheses, may have spaces.
    let after_name = stat.rsplit(')').next().expect("a part");
    let fields: Vec<&str> = after_name.split_ascii_whitespace().collect();
    [7, 9].iter().map(|&field| fields[field].parse::<u64>().expect("a number")).sum()
}

/// Of the faults of the same field without the option, hardly any is left. What is asked for in chunks does not fault
/// there either. (The kernel may move pages, and this thread then faults on them again, so that zero can't be
/// asserted.)
#[cfg(target_os = "linux")]
#[test]
fn no_insert_faults_on_a_page() {
    const ENTRIES: usize = 100_000;
    let options = || FieldOptions::new().capacity(ENTRIES);
    let fill = |map: &Map<Mutex, Ttl<HOUR>, Lru>| {
        map.get(&0);
        let before = faults();
        (0..2 * ENTRIES as u64).for_each(|key| _ = map.insert(key, key));
        faults() - before
    };
    // The code, the stack and the thread's counters.
    fill(&Map::with_options(options()));
    let grown = fill(&Map::with_options(options()));
    // The machine may move pages at any time, but hardly each time.
    let ahead = (0..5).map(|_| fill(&Map::with_options(options().preallocate()))).min().expect("five runs");
    println!("{grown} faults, and {ahead} in advance");
    if grown < 200 {
        // Pages are large, or the system does not count.
        eprintln!("skipped: only {grown} faults are seen without the option");
        return;
    }
    assert!(ahead <= grown / 20, "{ahead} of {grown}");
}
