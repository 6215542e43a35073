//! Entries that weigh more than one, and entries that may not be evicted.

#![allow(clippy::trivially_copy_pass_by_ref, clippy::ptr_arg, reason = "what a weigher is given")]

mod common;

use common::panics;
use proptest::prelude::*;
use sharded::{
    Cause, Change, Policy, ShardedMap,
    builder::FieldOptions,
    clock::{Manual, System},
    evict::Lru,
    expiry, lock, placement, sharded, shards,
};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering::SeqCst},
    },
    thread,
};

fn bytes(_: &u32, text: &String) -> u32 {
    u32::try_from(text.len()).unwrap_or(u32::MAX)
}

fn own(_: &u32, weight: &u32) -> u32 {
    *weight
}

fn is_done(_: &u32, state: &&'static str) -> bool {
    *state == "done"
}

fn is_even(key: &u32, (): &()) -> bool {
    key.is_multiple_of(2)
}

#[sharded(shards = 4)]
struct Cache {
    #[shard(capacity = "1kB", weight = bytes, evict = Lru)]
    pages: HashMap<u32, String>,
    #[shard(capacity = 1000, weight = self::own, ttl = "1h", lock = RwLock, evict = Adaptive)]
    weights: HashMap<u32, u32>,
    #[shard(capacity = 100, weight = own, lock = Optimistic, evict = Sieve)]
    copies: HashMap<u32, u32>,
    #[shard(capacity = 10, evictable = is_done, evict = Lru)]
    jobs: HashMap<u32, &'static str>,
    #[shard(capacity = 10, evictable = is_even, evict = Adaptive)]
    numbers: HashSet<u32>,
    #[shard(capacity = 100, weight = own, evict = Reject)]
    seats: HashMap<u32, u32>,
}

fn text(bytes: usize) -> String {
    "x".repeat(bytes)
}

#[test]
fn the_capacity_is_what_entries_weigh() {
    let cache = Cache::new();
    for key in 0..100 {
        cache.pages().insert(key, text(90));
        assert!(cache.pages().weight() <= 1000, "{} after {key}", cache.pages().weight());
    }
    assert_eq!((cache.pages().len(), cache.pages().weight()), (11, 990));
    assert_eq!(cache.pages().capacity(), Some(1000));
    // A light one is added where there is room for it.
    cache.pages().insert(1000, text(10));
    assert_eq!((cache.pages().len(), cache.pages().weight()), (12, 1000));
    // What weighs nothing takes no room.
    (2000..2100).for_each(|key| _ = cache.pages().insert(key, String::new()));
    assert_eq!((cache.pages().len(), cache.pages().weight()), (112, 1000));
    // One that is as heavy as all takes all.
    cache.pages().insert(1001, text(1000));
    assert_eq!(cache.pages().weight(), 1000);
    assert_eq!(cache.pages().with(&1001, String::len), Some(1000));
    cache.pages().clear();
    assert_eq!((cache.pages().len(), cache.pages().weight()), (0, 0));
    (0..9).for_each(|key| _ = cache.pages().insert(key, text(100)));
    assert_eq!(cache.pages().len(), 9, "all of the capacity is there again");
}

#[test]
fn what_is_heavier_than_all_is_given_back() {
    let cache = Cache::new();
    (0..5).for_each(|key| _ = cache.pages().insert(key, text(100)));
    let refused = cache.pages().try_insert(1, text(1001)).unwrap_err();
    assert_eq!((refused.key, refused.value.len()), (1, 1001));
    // Nothing left for it, nor what it would have replaced.
    assert_eq!((cache.pages().len(), cache.pages().weight()), (5, 500));
    // Where it can't be given back, it is as if it were evicted at once.
    let evicted = cache.pages().stats().evicted;
    assert_eq!(cache.pages().insert(1, text(2000)).map(|old| old.len()), Some(100));
    assert_eq!(cache.pages().insert(7, text(2000)), None);
    assert_eq!(cache.pages().upsert(8, || text(2000), |_| ()), None);
    assert_eq!(cache.pages().get_or_insert_with(9, || text(2000)).len(), 2000);
    assert_eq!(cache.pages().insert_if_absent(10, text(2000)), Ok(()));
    cache.pages().compute(11, |_| Change::Put(text(2000), ()));
    assert_eq!((cache.pages().len(), cache.pages().weight()), (4, 400));
    assert_eq!(cache.pages().stats().evicted, evicted + 6);
}

#[test]
fn who_listens_is_told_of_what_is_too_heavy() {
    let cache = Cache::new();
    let told = Arc::new(Mutex::new(Vec::new()));
    let telling = Arc::clone(&told);
    let listen = move |key: &u32, page: &String, cause| telling.lock().unwrap().push((*key, page.len(), cause));
    assert!(cache.pages().on_removal(listen).is_ok());
    let take = || std::mem::take(&mut *told.lock().unwrap());

    cache.pages().insert(1, text(100));
    assert_eq!(cache.pages().insert(1, text(2000)).map(|old| old.len()), Some(100));
    assert_eq!(take(), [(1, 100, Cause::Replaced), (1, 2000, Cause::Evicted)]);
    // What is given back has not been in.
    assert!(cache.pages().try_insert(2, text(2000)).is_err());
    assert_eq!(take(), []);
    cache.pages().insert(3, text(100));
    cache.pages().with_mut(&3, |page| page.push_str(&text(1000)));
    assert_eq!(take(), [(3, 1100, Cause::Evicted)]);
    (0..12).for_each(|key| _ = cache.pages().insert(key, text(90)));
    assert_eq!(take().iter().map(|(_, bytes, cause)| (*bytes, *cause)).collect::<Vec<_>>(), [(90, Cause::Evicted)]);
}

#[test]
fn a_change_in_place_is_weighed() {
    let cache = Cache::new();
    (0..10).for_each(|key| _ = cache.pages().insert(key, text(100)));
    assert_eq!(cache.pages().len(), 10);
    cache.pages().with_mut(&3, |page| page.truncate(10));
    assert_eq!((cache.pages().len(), cache.pages().weight()), (10, 910));
    cache.pages().with_mut(&3, |page| page.push_str(&text(90)));
    assert_eq!((cache.pages().len(), cache.pages().weight()), (10, 1000));
    // Others leave for one that grows.
    cache.pages().upsert(3, String::new, |page| page.push_str(&text(150)));
    assert_eq!((cache.pages().len(), cache.pages().weight()), (8, 950));
    assert_eq!(cache.pages().with(&3, String::len), Some(250));
    // One that outgrows them all leaves itself, and them alone.
    cache.pages().with_mut(&3, |page| page.push_str(&text(1000)));
    assert_eq!((cache.pages().len(), cache.pages().weight()), (7, 700));
    assert_eq!(cache.pages().get(&3), None);
    // Replacing is weighed as well, and so is what `retain` changes.
    let first = cache.pages().to_vec()[0].0;
    cache.pages().insert(first, text(1));
    assert_eq!(cache.pages().weight(), 601);
    cache.pages().retain(|_, page| {
        page.truncate(1);
        true
    });
    assert_eq!((cache.pages().len(), cache.pages().weight()), (7, 7));
    cache.pages().compute(first, |page| {
        page.unwrap().push('y');
        Change::Keep(())
    });
    cache.pages().compute(77, |_| Change::Put(text(5), ()));
    assert_eq!(cache.pages().weight(), 13);
}

/// However many entries must leave for one: when the call returns, they have left, and it has not.
#[test]
fn a_heavy_entry_is_made_room_for_at_once() {
    fn check(weights: &ShardedMap<u32, u32, CacheWeights>) {
        let fill = || (0..10_000).for_each(|key| _ = weights.insert(key, 100));
        fill();
        assert_eq!((weights.len(), weights.weight()), (10_000, 1_000_000));
        weights.insert(1 << 20, 800_000);
        assert!((900_000..=1_000_000).contains(&weights.weight()), "{} after an insert", weights.weight());
        assert_eq!(weights.get(&(1 << 20)), Some(800_000));
        weights.remove(&(1 << 20));
        fill();
        let grown = weights.keys()[0];
        weights.with_mut(&grown, |weight| *weight = 700_000);
        assert!((900_000..=1_000_000).contains(&weights.weight()), "{} after a change", weights.weight());
        assert_eq!(weights.get(&grown), Some(700_000));
    }
    for shards in [1, 4, 64] {
        let cache = Cache::builder().weights(|weights| weights.capacity(1_000_000).shards(shards)).build();
        check(cache.weights());
    }
}

/// Each entry that a call has made too heavy leaves.
#[test]
fn all_that_retain_makes_too_heavy_leave() {
    let cache = Cache::new();
    (0..10).for_each(|key| _ = cache.pages().insert(key, text(10)));
    cache.pages().retain(|key, page| {
        page.push_str(&text(if *key < 7 { 2000 } else { 10 }));
        true
    });
    assert_eq!((cache.pages().len(), cache.pages().weight()), (3, 60));
}

#[test]
fn what_expires_gives_its_weight_back() {
    let clock = Manual::new();
    let cache = Cache::builder().clock(clock.clone()).build();
    (0..10).for_each(|key| _ = cache.weights().insert(key, 100));
    assert_eq!(cache.weights().weight(), 1000);
    clock.advance(std::time::Duration::from_hours(1));
    cache.weights().sweep();
    assert_eq!(cache.weights().weight(), 0);
    (0..10).for_each(|key| _ = cache.weights().insert(key, 100));
    assert_eq!((cache.weights().len(), cache.weights().weight()), (10, 1000));
    assert_eq!(cache.weights().stats().evicted, 0);
}

#[test]
fn what_rejects_weighs_too() {
    let cache = Cache::new();
    assert!(cache.seats().try_insert(1, 60).is_ok());
    assert!(cache.seats().try_insert(2, 60).is_err());
    assert!(cache.seats().try_insert(3, 40).is_ok());
    assert_eq!(cache.seats().try_insert(1, 101).unwrap_err().value, 101);
    assert_eq!(cache.seats().weight(), 100);
    cache.seats().remove(&1);
    assert!(cache.seats().try_insert(2, 60).is_ok());
}

#[test]
fn pinned_entries_stay() {
    let cache = Cache::new();
    (0..5).for_each(|key| _ = cache.jobs().insert(key, "running"));
    (5..1000).for_each(|key| _ = cache.jobs().insert(key, "done"));
    assert_eq!(cache.jobs().len(), 10);
    assert!((0..5).all(|key| cache.jobs().contains_key(&key)));
    // Until all are pinned: then there is no room, and that is said.
    (0..5).for_each(|key| assert!(cache.jobs().try_insert(1000 + key, "running").is_ok(), "{key}"));
    assert_eq!(cache.jobs().len(), 10);
    assert_eq!(cache.jobs().try_insert(2000, "done").unwrap_err().value, "done");
    assert_eq!(cache.jobs().insert(2000, "done"), None);
    assert_eq!((cache.jobs().len(), cache.jobs().get(&2000)), (10, None));
    // One that is let go makes room.
    cache.jobs().with_mut(&3, |state| *state = "done");
    assert!(cache.jobs().try_insert(2000, "running").is_ok());
    assert!(!cache.jobs().contains_key(&3));

    // Calls that make what they store say so by not storing it.
    let jobs = cache.jobs();
    assert!((0..10).all(|key| jobs.get_or_insert_with(3000 + key, || "done") == "done"));
    assert!((0..10).all(|key| jobs.upsert(4000 + key, || "running", |_| ()).is_none()));
    assert!((0..10).all(|key| jobs.compute(5000 + key, |there| Change::Put("running", there.is_none()))));
    assert!((0..10).all(|key| jobs.insert_if_absent(6000 + key, "done").is_ok()));
    assert_eq!(jobs.get_or_load_with(7000, || "done"), "done");
    let keys: Vec<_> = jobs.keys().into_iter().filter(|&key| key >= 3000).collect();
    assert_eq!((jobs.len(), keys), (10, vec![]));
    // Where one may be evicted in whichever shard, it makes room for what is made.
    for key in 3000..3010 {
        jobs.with_mut(&2000, |state| *state = "done");
        assert_eq!(jobs.upsert(key, || "running", |_| ()), None);
        assert!(jobs.contains_key(&key) && !jobs.contains_key(&2000) && jobs.len() == 10, "{key}");
        jobs.remove(&key);
        jobs.insert(2000, "running");
    }

    (0..50).for_each(|number| _ = cache.numbers().insert(number * 2 + 1));
    assert_eq!(cache.numbers().len(), 10, "none of them may leave");
    assert!(cache.numbers().try_insert(2).is_err());
}

/// Where entries may not be evicted, a new value may have to wait for room in another shard without the lock. Another
/// call can miss meanwhile: then both run `init` and return what they made, one value is stored and the other evicted
/// at once.
#[test]
fn two_calls_may_both_make_a_value_where_entries_may_not_be_evicted() {
    const PINNED: u32 = 0;
    const FREE: u32 = 1;
    static SEARCHES_ELSEWHERE: AtomicBool = AtomicBool::new(false);
    static MADE: AtomicU32 = AtomicU32::new(0);

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "as the map has them")]
    fn may_leave(_: &u32, state: &u32) -> bool {
        if *state == FREE && !SEARCHES_ELSEWHERE.swap(true, SeqCst) {
            // The first call has released its shard, and holds the other one.
            while MADE.load(SeqCst) < 2 {
                thread::yield_now();
            }
        }
        *state == FREE
    }
    #[sharded(capacity = 4)]
    struct Rooms {
        #[shard(evictable = may_leave, evict = Lru)]
        rooms: HashMap<u32, u32>,
    }

    let store = Rooms::builder().rooms(|rooms| rooms.shards(2)).build();
    let rooms = store.rooms();
    let keys_of = |shard| (0..).filter(move |key| rooms.shard_of(key) == shard);
    keys_of(0).take(2).for_each(|key| _ = rooms.insert(key, PINNED));
    keys_of(1).take(2).for_each(|key| _ = rooms.insert(key, FREE));
    let key = keys_of(0).nth(2).unwrap();
    let call = |value| {
        rooms.get_or_insert_with(key, || {
            MADE.fetch_add(1, SeqCst);
            value
        })
    };
    let returned = thread::scope(|scope| {
        let first = scope.spawn(|| call(10));
        while !SEARCHES_ELSEWHERE.load(SeqCst) && !first.is_finished() {
            thread::yield_now();
        }
        let second = call(20);
        (first.join().unwrap(), second)
    });
    assert_eq!(returned, (10, 20));
    assert!(matches!(rooms.get(&key), Some(10 | 20)));
    // Each call had an entry evicted for its value, and one value was evicted at once.
    assert_eq!((rooms.len(), rooms.stats().evicted), (3, 3));
}

/// However an eviction names its victims, it finds the only one that may leave.
#[test]
fn the_only_one_that_may_leave_does() {
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "as the map has them")]
    fn is_free(_: &u32, is_free: &bool) -> bool {
        *is_free
    }
    #[sharded(shards = 1, capacity = 100)]
    struct Seats {
        #[shard(evictable = is_free)]
        adaptive: HashMap<u32, bool>,
        #[shard(evict = S3Fifo, evictable = is_free)]
        s3_fifo: HashMap<u32, bool>,
        #[shard(evict = TinyLfu, evictable = is_free)]
        tiny_lfu: HashMap<u32, bool>,
        #[shard(evict = Sieve, evictable = is_free)]
        sieve: HashMap<u32, bool>,
        #[shard(evict = Lru, evictable = is_free)]
        lru: HashMap<u32, bool>,
    }
    macro_rules! check {
        ($($field:ident)*) => {$(
            for free in 0..100 {
                let seats = Seats::new();
                let map = seats.$field();
                (0..100).for_each(|key| _ = map.insert(key, key == free));
                for _ in 0..3 {
                    (0..100).filter(|key| key % 2 == free % 2).for_each(|key| _ = map.get(&key));
                }
                assert!(map.try_insert(100, false).is_ok(), "{free}");
                assert!(!map.contains_key(&free) && map.len() == 100, "{free}");
                assert!(map.try_insert(101, false).is_err(), "{free}");
            }
        )*};
    }
    check!(adaptive s3_fifo tiny_lfu sieve lru);
}

#[test]
fn a_capacity_may_be_as_large_as_a_number_can_be() {
    for capacity in [usize::MAX, usize::MAX / 2, usize::MAX / 2 + 1, 1 << 32, u32::MAX as usize] {
        for shards in [1, 4] {
            let cache = Cache::builder().weights(|weights| weights.capacity(capacity).shards(shards)).build();
            let weights = cache.weights();
            assert!(weights.try_insert(1, u32::MAX).is_ok());
            weights.with_mut(&1, |weight| *weight -= 7);
            weights.insert(2, 7);
            assert_eq!((weights.len(), weights.weight()), (2, u64::from(u32::MAX)), "{capacity} in {shards}");
            weights.clear();
            assert_eq!((weights.capacity(), weights.weight()), (Some(capacity), 0));
        }
    }
}

/// What is missing in the options, or too much.
#[test]
fn a_policy_and_its_options_must_fit() {
    enum Weighs {}
    impl Policy for Weighs {
        type Shards = shards::Fixed<4>;
        type Lock = lock::Mutex;
        type Expiry = expiry::Never;
        type Eviction = Lru;
        type Placement = placement::Spread;
        type Clock = System;
        const NAME: &'static str = "pages";
        const CAPACITY: Option<usize> = Some(10);
        const WEIGHS: bool = true;
    }
    type Map = ShardedMap<u32, String, Weighs>;
    let message = panics(|| drop(Map::new()));
    assert_eq!(message, "the policy of `pages` asks for a weigher, and its options have none");
    let message = panics(|| {
        let options = FieldOptions::new().weigher(bytes).evictable(|_: &u32, _: &String| true);
        drop(Map::with_options(options));
    });
    assert_eq!(message, "the options of `pages` have a function for `evictable`, which its policy does not ask for");
    let error = Map::try_with_options(FieldOptions::new()).unwrap_err();
    assert_eq!((error.field(), error.option()), (Some("pages"), "weigher"));
    let options = FieldOptions::new().weigher(bytes).evictable(|_: &u32, _: &String| true);
    let error = Map::try_with_options(options).unwrap_err();
    assert_eq!((error.field(), error.option()), (Some("pages"), "evictable"));
    assert!(Map::with_options(FieldOptions::new().weigher(bytes)).is_empty());
}

#[test]
fn threads_never_lose_count() {
    let cache = Cache::new();
    thread::scope(|scope| {
        for thread in 0..4_u32 {
            let cache = &cache;
            scope.spawn(move || {
                let mut random = thread.wrapping_mul(0x9e37_79b9) | 1;
                for _ in 0..20_000 {
                    random ^= random << 13;
                    random ^= random >> 17;
                    random ^= random << 5;
                    let (key, weight) = (random % 97, random >> 8 & 63);
                    match random >> 28 {
                        0..=5 => _ = cache.weights().insert(key, weight),
                        6..=8 => _ = cache.weights().upsert(key, || weight, |held| *held = weight),
                        9..=11 => _ = cache.weights().with_mut(&key, |held| *held = weight),
                        12 => _ = cache.weights().try_insert(key, 1001),
                        13 => _ = cache.weights().insert(key, 1001),
                        _ => _ = cache.weights().remove(&key),
                    }
                    _ = cache.copies().insert(key, weight);
                    _ = cache.copies().with_mut(&key, |held| *held = weight / 2);
                }
            });
        }
    });
    let sum = |entries: Vec<(u32, u32)>| entries.iter().map(|(_, weight)| u64::from(*weight)).sum::<u64>();
    assert_eq!(cache.weights().weight(), sum(cache.weights().to_vec()));
    assert_eq!(cache.copies().weight(), sum(cache.copies().to_vec()));
    // The last write repays the overdraft.
    cache.weights().insert(1, 1);
    cache.copies().insert(1, 1);
    assert!(cache.weights().weight() <= 1000 && cache.copies().weight() <= 100);
    // Nothing of the capacity got lost either: it can still be filled to the last unit.
    cache.weights().clear();
    (0..1000).for_each(|key| _ = cache.weights().insert(key, 1));
    assert_eq!((cache.weights().len(), cache.weights().weight()), (1000, 1000));
}

#[derive(Clone, Debug)]
enum Op {
    Insert(u32, u32),
    TryInsert(u32, u32),
    Grow(u32, u32),
    Remove(u32),
    Clear,
}

fn op() -> impl Strategy<Value = Op> {
    let weight = prop_oneof![9 => 0..40_u32, 1 => 90..120_u32];
    prop_oneof![
        6 => (0..30_u32, weight.clone()).prop_map(|(key, weight)| Op::Insert(key, weight)),
        2 => (0..30_u32, weight.clone()).prop_map(|(key, weight)| Op::TryInsert(key, weight)),
        3 => (0..30_u32, weight).prop_map(|(key, weight)| Op::Grow(key, weight)),
        2 => (0..30_u32).prop_map(Op::Remove),
        1 => Just(Op::Clear),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Which entries leave is the eviction's affair; what is there is what was last stored, and weighs what it weighs,
    /// and no more than may be.
    #[test]
    fn as_a_plain_map_of_which_some_are_gone(ops in prop::collection::vec(op(), 1..200)) {
        let cache = Cache::new();
        let mut last: BTreeMap<u32, u32> = BTreeMap::new();
        for op in ops {
            match op {
                Op::Insert(key, weight) => {
                    let replaced = cache.copies().insert(key, weight);
                    prop_assert!(replaced.is_none() || replaced == last.get(&key).copied());
                    if weight <= 100 { last.insert(key, weight) } else { last.remove(&key) };
                    // The eviction may have it leave for what it is too heavy by itself.
                    prop_assert!(weight <= 100 || !cache.copies().contains_key(&key));
                }
                Op::TryInsert(key, weight) => {
                    let result = cache.copies().try_insert(key, weight);
                    prop_assert_eq!(result.is_ok(), weight <= 100);
                    if result.is_ok() {
                        last.insert(key, weight);
                    }
                }
                Op::Grow(key, weight) => {
                    let there = cache.copies().with_mut(&key, |held| *held = weight).is_some();
                    if there && weight <= 100 {
                        last.insert(key, weight);
                    } else if there {
                        last.remove(&key);
                        prop_assert!(!cache.copies().contains_key(&key));
                    }
                }
                Op::Remove(key) => {
                    let removed = cache.copies().remove(&key);
                    prop_assert!(removed.is_none() || removed == last.get(&key).copied());
                    last.remove(&key);
                }
                Op::Clear => {
                    cache.copies().clear();
                    last.clear();
                }
            }
            let there = cache.copies().to_vec();
            prop_assert!(there.iter().all(|(key, weight)| last.get(key) == Some(weight)));
            let weight: u64 = there.iter().map(|(_, weight)| u64::from(*weight)).sum();
            prop_assert_eq!(cache.copies().weight(), weight);
            prop_assert!(weight <= 100, "{} of 100", weight);
        }
    }
}

/// Asked of entries: how often, and whether any may leave.
mod pins {
    use std::cell::Cell;

    thread_local! {
        pub(crate) static ASKED: Cell<usize> = const { Cell::new(0) };
    }

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "what is asked")]
    pub(crate) fn is_free(_: &u32, is_free: &bool) -> bool {
        ASKED.set(ASKED.get() + 1);
        *is_free
    }
}
use pins::is_free;

#[sharded(capacity = 50_000)]
struct Pinned {
    #[shard(evictable = is_free)]
    adaptive: HashMap<u32, bool>,
    #[shard(evict = Lru, evictable = is_free)]
    lru: HashMap<u32, bool>,
}

/// However many entries and shards there are, no more are asked than four searches of 4,096 slots see, or as many of 16
/// other shards.
#[test]
fn what_is_refused_is_bounded_work() {
    for shards in [1, 64, 1024] {
        let pinned = Pinned::builder().adaptive(|map| map.shards(shards)).lru(|map| map.shards(shards)).build();
        let refuses = |insert: &dyn Fn(u32) -> bool| {
            for key in 0..50_000 {
                assert!(insert(key));
            }
            for key in 50_000..50_020 {
                pins::ASKED.set(0);
                assert!(!insert(key), "all are pinned");
                assert!(pins::ASKED.get() < 20_000, "{} were asked, in {shards} shards", pins::ASKED.get());
            }
        };
        refuses(&|key| pinned.adaptive().try_insert(key, false).is_ok());
        refuses(&|key| pinned.lru().try_insert(key, false).is_ok());
    }
}

/// One shard refuses only where none may leave, of many the others are searched in turn: each entry that may leave is
/// met.
#[test]
fn all_that_may_leave_do() {
    let insert_all = |insert: &dyn Fn(u32, bool) -> bool, len: &dyn Fn() -> usize, free: usize, tries: u32| {
        let mut stored = 0;
        for key in 100_000..100_000 + tries {
            stored += usize::from(insert(key, false));
        }
        assert_eq!((stored, len()), (free, 8000));
    };
    for shards in [1, 64] {
        let capacity = 8000;
        let pinned = Pinned::builder()
            .adaptive(|map| map.capacity(capacity).shards(shards))
            .lru(|map| map.capacity(capacity).shards(shards))
            .build();
        for key in 0..8000 {
            assert!(pinned.adaptive().try_insert(key, key % 800 == 7).is_ok());
            assert!(pinned.lru().try_insert(key, key % 800 == 7).is_ok());
        }
        // In one shard each try finds one.
        let tries = if shards == 1 { 10 } else { 100 };
        insert_all(&|key, is| pinned.adaptive().try_insert(key, is).is_ok(), &|| pinned.adaptive().len(), 10, tries);
        insert_all(&|key, is| pinned.lru().try_insert(key, is).is_ok(), &|| pinned.lru().len(), 10, tries);
    }
}
