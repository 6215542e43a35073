//! Many small maps in one process: an empty map costs little, and no map has a memory mapping of its own.
//!
//! `MANY_MAPS` is the number of maps, 10,000 by default (`.ci/memory` takes 100,000).

mod common;

use allocation_counter::measure;
use common::policy::{Never, Of, Times, Ttl};
use memory_stats::memory_stats;
use sharded::{
    ShardedMap,
    builder::{BuildField, FieldOptions, StoreOptions},
    clock::System,
    evict::{Eviction, Lru, MakesRoom, Sieve, TinyLfu, Unbounded},
    lock::{Lock, Mutex, Optimistic, Rcu, RwLock, Serves},
    topology::{Node, NodeId, Topology},
};
use std::{env, fs, hint::black_box, sync};

type Map<L, X, E, const SHARDS: usize = 1, const AT_MOST: usize = 0> =
    ShardedMap<u64, u64, Of<L, X, E, System, SHARDS, AT_MOST>>;

/// What these tests look at is the whole process's.
static ONE_AT_A_TIME: sync::Mutex<()> = sync::Mutex::new(());

fn alone() -> sync::MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().unwrap_or_else(sync::PoisonError::into_inner)
}

fn maps() -> u64 {
    env::var("MANY_MAPS").map_or(10_000, |set| set.parse().expect("a number of maps"))
}

/// The mappings of the process, or `None` where the system does not list them.
fn mappings() -> Option<usize> {
    let listed = fs::read_to_string("/proc/self/maps").ok().map(|maps| maps.lines().count());
    if listed.is_none() {
        println!("skipped: this system does not list a process's mappings");
    }
    listed
}

/// Fills maps with an entry each; none takes a mapping of its own.
fn check_many<L, X, E, const AT_MOST: usize>(what: &str, count: u64)
where
    L: Lock + Serves<u64, u64>,
    X: Times,
    E: Eviction + MakesRoom,
    Map<L, X, E, 1, AT_MOST>: Default,
{
    let Some(before) = mappings() else { return };
    let maps: Vec<_> = (0..count).map(|_| Map::<L, X, E, 1, AT_MOST>::default()).collect();
    for (key, map) in (0..).zip(&maps) {
        map.insert(key, key + 1);
    }
    assert!((0..).zip(&maps).all(|(key, map)| map.get(&key) == Some(key + 1)));
    let more = mappings().unwrap_or(0).saturating_sub(before);
    // Reservations double, and the global allocator has mappings for so many small pieces.
    assert!(more <= 200, "{what}: {count} maps have {more} mappings");
}

#[test]
fn many_maps_share_mappings() {
    let _alone = alone();
    check_many::<Mutex, Never, Unbounded, 0>("Mutex", maps());
    check_many::<Optimistic, Never, Unbounded, 0>("Optimistic", maps() / 5);
    check_many::<Rcu, Never, Unbounded, 0>("Rcu", maps() / 5);
    // What is known of entries for their eviction takes more than a page here.
    check_many::<RwLock, Never, TinyLfu, 100_000>("TinyLfu", 1000);
    check_many::<Optimistic, Never, Sieve, 100_000>("Sieve", 1000);
    check_many::<Rcu, Never, Sieve, 100_000>("Sieve", 1000);
}

/// A map whose shards lie on two nodes has two mappings for them, so that not many maps may have their own.
#[test]
fn many_maps_on_several_nodes_share_mappings() {
    let _alone = alone();
    let Some(before) = mappings() else { return };
    let count = maps();
    // Every machine has the first node. Where there is no other, the system refuses it, which is a mapping by itself.
    let machine = Topology::new([0, 1].map(|node| Node::new(NodeId::new(node), [node], 1 << 30)));
    let new = || -> Map<Mutex, Never, Unbounded, 4> {
        BuildField::build(&StoreOptions::new().topology(machine.clone()).start(), 0, FieldOptions::new())
    };
    let mut maps: Vec<_> = (0..count).map(|_| new()).collect();
    for round in 0..3 {
        for (key, map) in (0..).zip(&maps) {
            assert_eq!(map.insert(key, key + round), None);
        }
        assert!((0..).zip(&maps).all(|(key, map)| map.get(&key) == Some(key + round)));
        assert!(maps.iter().all(|map| map.len() == 1));
        let more = mappings().unwrap_or(0).saturating_sub(before);
        // The first thousand have their own.
        let most = 2500 + maps.len() / 10;
        assert!(more <= most, "{count} maps on two nodes have {more} mappings");
        // Others come where these were.
        for (number, map) in maps.iter_mut().enumerate() {
            if number % 3 != 0 {
                *map = new();
            } else {
                map.clear();
            }
        }
    }
    drop(maps);
    let more = mappings().unwrap_or(0).saturating_sub(before);
    assert!(more <= 200, "no maps have {more} mappings");
}

/// What a map had is another one's after it, and its pages go back to the system.
#[test]
fn a_dropped_map_leaves_its_memory_to_others() {
    let _alone = alone();
    let round = || {
        let maps: Vec<_> = (0..300).map(|_| Map::<Optimistic, Never, Unbounded>::default()).collect();
        for map in &maps {
            (0..2_000).for_each(|key| _ = map.insert(key, key));
        }
        let full = memory_stats().expect("this system says how much memory a process has");
        drop(maps);
        let left = memory_stats().expect("this system says how much memory a process has");
        (full.physical_mem - left.physical_mem, left.virtual_mem)
    };
    let (mut given, first) = round();
    let mut last = first;
    for _ in 0..5 {
        (given, last) = round();
    }
    assert!(last <= first + (64 << 20), "{first} bytes of addresses after the first round, {last} after the sixth");
    // The tables have 44 KiB each at least.
    assert!(given > 300 * (40 << 10) / 2, "{given} bytes went back");
}

/// The most of the global allocator's bytes that a new map takes, and in how many pieces.
fn cost<T>(make: impl Fn() -> T) -> (u64, u64) {
    // What is read of the machine is kept.
    drop(black_box(make()));
    let taken = measure(|| drop(black_box(make())));
    (taken.bytes_max, taken.count_total)
}

#[test]
fn an_empty_map_is_small() {
    let _alone = alone();
    let before = mappings();
    for (what, (bytes, pieces)) in [
        ("Mutex", cost(Map::<Mutex, Never, Unbounded, 4>::default)),
        ("RwLock", cost(Map::<RwLock, Never, Unbounded, 4>::default)),
        ("Optimistic", cost(Map::<Optimistic, Never, Unbounded, 4>::default)),
        ("Lru", cost(Map::<Mutex, Never, Lru, 4, 1000>::default)),
        ("ttl", cost(Map::<Mutex, Ttl<3_600_000>, Unbounded, 4>::default)),
    ] {
        assert!(bytes <= 4096, "{what}: an empty map of four shards has {bytes} bytes");
        // To read anything of the machine takes more.
        assert!(pieces <= 24, "{what}: an empty map is made of {pieces} pieces");
    }
    if let Some(before) = before {
        let kept: Vec<_> = (0..100).map(|_| Map::<Mutex, Never, Unbounded, 4>::default()).collect();
        let more = mappings().unwrap_or(0).saturating_sub(before);
        assert!(more < 50, "{} empty maps have {more} mappings", kept.len());
    }
}
