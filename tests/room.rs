//! The entries that are evicted for a new entry of a full map: no more than necessary, for any weight and in any shard,
//! and none for an entry that is refused.

#![allow(clippy::trivially_copy_pass_by_ref, reason = "what a weigher is given")]

mod common;

use common::policy::Limited;
use proptest::prelude::*;
use sharded::{
    ShardedMap,
    builder::{BuildField, FieldOptions},
    evict::{Adaptive, Bounded, Eviction, Lru, MakesRoom, S3Fifo, Sieve},
};
use std::{
    cell::Cell,
    collections::{BTreeMap, VecDeque},
    sync::{Barrier, OnceLock, mpsc},
    thread,
    time::Duration,
};

const CAPACITY: u64 = UNITS as u64;
const UNITS: usize = 1_000_000;

/// Entries that have weights, of which some are pinned where the policy allows it.
type Weighed<E, const PINS: bool> = Limited<E, 16, UNITS, true, PINS>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    weight: u32,
    is_pinned: bool,
}

fn free(weight: u32) -> Entry {
    Entry { weight, is_pinned: false }
}

fn weight(_: &u64, entry: &Entry) -> u32 {
    entry.weight
}

fn may_leave(_: &u64, entry: &Entry) -> bool {
    !entry.is_pinned
}

type Map<E, const PINS: bool> = ShardedMap<u64, Entry, Weighed<E, PINS>>;

fn in_shards<E: MakesRoom, const PINS: bool>(shards: usize) -> Map<E, PINS>
where
    Map<E, PINS>: BuildField<Weighed<E, PINS>>,
{
    let options = FieldOptions::new().shards(shards).weigher(weight);
    Map::with_options(if PINS { options.evictable(may_leave) } else { options })
}

/// As many entries as it takes leave for a heavy one, all of which may leave.
#[test]
fn all_may_leave_for_a_heavy_entry() {
    for shards in [1, 2, 16, 64] {
        let map: Map<Lru, true> = in_shards(shards);
        map.extend((0..1000).map(|key| (key, free(1000))));
        assert!(map.try_insert(5000, free(800_000)).is_ok(), "in {shards} shards");
        assert_eq!((map.len(), map.weight()), (201, CAPACITY), "in {shards} shards");
        // What is free counts as well: one more must leave.
        map.remove(&5000);
        map.insert(5001, free(1000));
        assert!(map.try_insert(5002, free(799_000)).is_ok(), "in {shards} shards");
        assert_eq!((map.len(), map.weight()), (202, CAPACITY), "in {shards} shards");
        map.remove(&5002);
        assert_eq!(map.insert(5003, free(900_000)), None);
        assert_eq!(map.get_or_load_with(5004, || free(950_000)), free(950_000));
        assert!(map.contains_key(&5004) && map.weight() <= CAPACITY, "in {shards} shards");
    }
}

/// What is free is used before anything leaves.
#[test]
fn no_more_units_leave_than_must() {
    fn check<E: MakesRoom, const PINS: bool>(shards: usize)
    where
        Map<E, PINS>: BuildField<Weighed<E, PINS>>,
    {
        for (stored, comes) in
            [(91_000, 100_000), (99_000, 20_000), (10_000, 95_000), (50_000, 100_000), (30_000, 11_000)]
        {
            let map: Map<E, PINS> = in_shards(shards);
            (0..CAPACITY / stored).for_each(|key| _ = map.insert(key, free(u32::try_from(stored).unwrap())));
            assert_eq!(map.stats().evicted, 0);
            let must = (map.weight() + u64::from(comes)).saturating_sub(CAPACITY).div_ceil(stored);
            map.insert(1 << 20, free(comes));
            assert_eq!(map.stats().evicted, must, "{comes} comes to entries of {stored} in {shards} shards");
            assert!(map.contains_key(&(1 << 20)) && map.weight() <= CAPACITY);
        }
    }
    for shards in [1, 16] {
        check::<Lru, false>(shards);
        check::<Sieve, false>(shards);
        check::<Lru, true>(shards);
        check::<S3Fifo, true>(shards);
    }
}

#[derive(Clone, Debug)]
enum Op {
    Insert(u64, Entry),
    TryInsert(u64, Entry),
    Remove(u64),
}

fn entry() -> impl Strategy<Value = Entry> {
    let weight = prop_oneof![
        6 => 1_000..50_000_u32,
        1 => Just(0),
        2 => 100_000..400_000_u32,
        1 => 400_000..1_000_001_u32,
    ];
    (weight, prop::bool::weighted(0.1)).prop_map(|(weight, is_pinned)| Entry { weight, is_pinned })
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (0..2000_u64, entry()).prop_map(|(key, entry)| Op::Insert(key, entry)),
        4 => (0..2000_u64, entry()).prop_map(|(key, entry)| Op::TryInsert(key, entry)),
        1 => (0..2000_u64).prop_map(Op::Remove),
    ]
}

/// Beside a plain map: an entry is stored if those that may leave and what is free have its weight. No more leaves than
/// must, and nothing if it is refused.
fn leaves_as_must<E: MakesRoom>(ops: &[Op], shards: usize)
where
    Map<E, true>: BuildField<Weighed<E, true>>,
{
    let map: Map<E, true> = in_shards(shards);
    let mut model: BTreeMap<u64, Entry> = BTreeMap::new();
    for op in ops {
        let (key, entry) = match *op {
            Op::Remove(key) => {
                assert_eq!(map.remove(&key), model.remove(&key));
                continue;
            }
            // In place, an entry may become heavier than what may leave for it.
            Op::Insert(key, _) | Op::TryInsert(key, _) if model.contains_key(&key) => continue,
            Op::Insert(key, entry) | Op::TryInsert(key, entry) => (key, entry),
        };
        let sum = |model: &BTreeMap<u64, Entry>| model.values().map(|entry| u64::from(entry.weight)).sum::<u64>();
        let pinned: u64 = model.values().filter(|entry| entry.is_pinned).map(|entry| u64::from(entry.weight)).sum();
        let fits = pinned + u64::from(entry.weight) <= CAPACITY;
        let is_stored = if let Op::TryInsert(..) = op {
            map.try_insert(key, entry).is_ok()
        } else {
            map.insert(key, entry);
            map.contains_key(&key)
        };
        assert_eq!(is_stored, fits, "{entry:?} with {pinned} pinned");
        let before = sum(&model);
        let (there, mut left) = (BTreeMap::from_iter(map.to_vec()), Vec::new());
        model.retain(|key, entry| {
            there.contains_key(key) || {
                left.push(*entry);
                false
            }
        });
        if fits {
            model.insert(key, entry);
        }
        assert_eq!(there, model);
        assert!(left.iter().all(|entry| !entry.is_pinned), "{left:?}");
        let heaviest = left.iter().map(|entry| u64::from(entry.weight)).max();
        assert!(fits || left.is_empty(), "{entry:?} is refused, and {left:?} have left");
        if before + u64::from(entry.weight) <= CAPACITY {
            assert!(left.is_empty(), "there is room for {entry:?}, and {left:?} have left");
        } else if let Some(heaviest) = heaviest {
            assert!(sum(&model) + heaviest > CAPACITY, "{left:?} have left, more than must for {entry:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_must_leaves_and_nothing_else(ops in prop::collection::vec(op(), 1..300), shards in 0..5_u32) {
        let shards = 1 << shards;
        leaves_as_must::<Lru>(&ops, shards);
        leaves_as_must::<Sieve>(&ops, shards);
        leaves_as_must::<Adaptive>(&ops, shards);
    }
}

/// Entries that are few beside the shards, most of which are empty.
type Sparse = Limited<Lru, 1024, 100, false, true>;

#[test]
fn few_entries_in_many_shards_leave_for_others() {
    for shards in [64, 1024, 65_536] {
        let options = FieldOptions::new().shards(shards).evictable(|key: &u64, (): &()| !key.is_multiple_of(10));
        let map: ShardedMap<u64, (), Sparse> = ShardedMap::with_options(options);
        (0..100).for_each(|key| _ = map.insert(key, ()));
        for key in 1000..1500 {
            assert!(map.try_insert(10 * key + 1, ()).is_ok(), "{key} in {shards} shards");
        }
        assert_eq!(map.len(), 100);
        // All of the pinned ones are still there.
        assert!((0..10).all(|key| map.contains_key(&(10 * key))));
    }
}

/// Only two entries may leave, of 64 shards that all have entries. Repeated calls find them wherever they are, if fewer
/// than 16 shards are between them, and until then nothing leaves.
#[test]
fn the_few_that_may_leave_are_found() {
    for (light, heavy) in [(5, 10), (10, 5), (0, 63), (40, 41), (20, 35)] {
        let map: Map<Lru, true> = in_shards(64);
        let mut keys = 0..;
        let mut key_in = |shard| keys.by_ref().find(|key| map.shard_of(key) == shard).expect("a key");
        let [light, heavy, new] = [light, heavy, 30].map(&mut key_in);
        map.insert(light, free(1000));
        map.insert(heavy, free(100_000));
        let pinned = Entry { weight: 1000, is_pinned: true };
        (0..899).for_each(|key| _ = map.insert((1 << 20) + key, pinned));
        assert_eq!(map.weight(), CAPACITY);
        // Four searches of 16 shards see all of them.
        let calls = (1..=8).find(|_| {
            let is_stored = map.try_insert(new, free(100_500)).is_ok();
            assert!(is_stored || map.len() == 901, "an entry has left for one that is refused");
            is_stored
        });
        assert!(calls.is_some(), "refused, though {light} and {heavy} may leave");
        assert_eq!(map.len(), 900);
    }
}

/// While room is made in another shard, another thread stores the key: the call gives back what it has brought.
#[test]
fn what_became_occupied_meanwhile_is_given_back() {
    static MAP: OnceLock<ShardedMap<u64, (), Sparse>> = OnceLock::new();
    static NEW: OnceLock<u64> = OnceLock::new();
    fn is_evictable(key: &u64, (): &()) -> bool {
        // Asked of the entry in the other shard, whose lock is held.
        let (map, new) = (MAP.get().unwrap(), *NEW.get().unwrap());
        if map.shard_of(key) != 0 && !map.contains_key(&new) {
            thread::scope(|scope| {
                scope.spawn(|| {
                    let pinned = (0..new).find(|key| map.shard_of(key) == 0).unwrap();
                    map.remove(&pinned);
                    map.insert(new, ());
                });
            });
        }
        map.shard_of(key) != 0
    }
    let options = FieldOptions::new().shards(2).capacity(2).evictable(is_evictable);
    let map = MAP.get_or_init(|| ShardedMap::with_options(options));
    let in_shard = |shard, from: u64| (from..from + 1000).find(|key| map.shard_of(key) == shard).expect("a key");
    let pinned = in_shard(0, 0);
    let new = *NEW.get_or_init(|| in_shard(0, pinned + 1));
    map.insert(pinned, ());
    map.insert(in_shard(1, 0), ());
    assert_eq!(map.insert_if_absent(new, ()).map_err(|occupied| occupied.key), Err(new));
    assert_eq!((map.contains_key(&pinned), map.contains_key(&new)), (false, true));
}

/// Who came first leaves first. On some threads it waits at some barriers when an entry comes.
#[derive(Default)]
struct Fifo(VecDeque<u32>);

static ALL_ARE_IN: Barrier = Barrier::new(9);
static FIRST_IS_THROUGH: Barrier = Barrier::new(9);

thread_local! {
    static WAITS: Cell<usize> = const { Cell::new(0) };
}

impl Eviction for Fifo {
    fn inserted(&mut self, slot: u32) {
        self.0.push_back(slot);
        for barrier in [&ALL_ARE_IN, &FIRST_IS_THROUGH].into_iter().take(WAITS.take()) {
            barrier.wait();
        }
    }
    fn removed(&mut self, slot: u32) {
        self.0.retain(|other| *other != slot);
    }
    fn moved(&mut self, from: u32, to: u32) {
        self.0.iter_mut().filter(|slot| **slot == from).for_each(|slot| *slot = to);
    }
    fn victim(&mut self) -> Option<u32> {
        self.0.front().copied()
    }
}
impl Bounded for Fifo {}
impl MakesRoom for Fifo {}

/// Nine threads insert at once, each more than its own shard has room for, while another one stays in a closure: each
/// of them repays what it has overdrawn before it returns, and none waits for the closure. The one that comes to the
/// closure's shard first is ahead of the others.
#[test]
fn each_repays_what_it_has_overdrawn_although_a_shard_is_held() {
    const WEIGHT: u32 = 30_000;
    let map: &Map<Fifo, false> = &in_shards(16);
    (0..1000).for_each(|key| _ = map.insert(key, free(1000)));
    let key_in = |shard: usize, from: u64| (from..from + 10_000).find(|key| map.shard_of(key) == shard).expect("a key");
    let held = key_in(3, 0);
    let (is_held, (end, ended), (tell, returned)) = (Barrier::new(2), mpsc::channel::<()>(), mpsc::channel());
    thread::scope(|scope| {
        let is_held = &is_held;
        scope.spawn(move || {
            map.with_mut(&held, |_| {
                is_held.wait();
                // Until the sender is gone.
                _ = ended.recv();
            })
        });
        is_held.wait();
        for shard in [2, 4, 5, 6, 7, 8, 9, 10, 11] {
            let (key, tell) = (key_in(shard, 1 << 40), tell.clone());
            scope.spawn(move || {
                WAITS.set(if shard == 2 { 1 } else { 2 });
                map.insert(key, free(WEIGHT));
                tell.send(()).unwrap();
            });
        }
        // As long as the first may take to come to the closure's shard.
        thread::sleep(Duration::from_millis(200));
        FIRST_IS_THROUGH.wait();
        let have_returned = (0..9).map_while(|_| returned.recv_timeout(Duration::from_secs(10)).ok()).count() as u64;
        let weight = map.weight();
        drop(end);
        let most = CAPACITY + (9 - have_returned) * u64::from(WEIGHT);
        assert!(weight <= most, "{weight} after {have_returned} of 9 calls have returned");
        assert_eq!(have_returned, 9);
        // Calls that repay at the same time may each let one more leave than must, but none repays twice what it
        // brought.
        assert!(weight >= CAPACITY - 9 * u64::from(WEIGHT), "{weight}");
    });
}
