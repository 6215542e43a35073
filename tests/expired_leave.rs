//! Expired entries are removed in time, for any other contents of the map, and before live entries.
//!
//! The promise: an entry is removed within the longer of a second and a tenth of its own time to live, by the
//! background thread or by a bounded number of writes.

mod common;

use common::{
    eventually,
    locks::StdRwLock,
    policy::{Idle, Of, OwnOnly, Times, Ttl, TtlIdle},
    threads::{Dice, together},
};
use proptest::prelude::*;
use sharded::{
    ShardedMap,
    builder::{BuildField, FieldOptions, StoreOptions},
    clock::{Clock, Manual, System},
    evict::{Adaptive, Eviction, Lru, MakesRoom, Reject, Sieve, TinyLfu, Unbounded},
    expiry::Expires,
    lock::{Lock, Mutex, Optimistic, Rcu, RwLock, Serves},
};
use std::{collections::HashMap, time::Duration};

type Map<X, E = Unbounded, const CAPACITY: usize = 0> = ShardedMap<u64, u64, Of<Mutex, X, E, System, 1, CAPACITY>>;

const SECOND: u64 = 1_000_000_000;

fn nanos(time: u64) -> Duration {
    Duration::from_nanos(time)
}

fn map<X: Times, E: Eviction, const CAPACITY: usize>(clock: &Manual) -> Map<X, E, CAPACITY>
where
    Map<X, E, CAPACITY>: BuildField<Of<Mutex, X, E, System, 1, CAPACITY>>,
{
    in_shards(clock, 1)
}

fn in_shards<X: Times, E: Eviction, const CAPACITY: usize>(clock: &Manual, shards: usize) -> Map<X, E, CAPACITY>
where
    Map<X, E, CAPACITY>: BuildField<Of<Mutex, X, E, System, 1, CAPACITY>>,
{
    BuildField::build(&StoreOptions::new().clock(clock.clone()).start(), 0, FieldOptions::new().shards(shards))
}

/// What is done between two moments.
#[derive(Clone, Debug)]
enum Step {
    /// So many new entries, with times of this magnitude (in milliseconds) of their own.
    InsertOwn(u64, u32),
    /// So many with the declared time.
    Insert(u64),
    /// One of so many entries gets another time of this magnitude.
    Restart(u64, u32),
    /// One of so many entries is removed.
    Remove(u64),
    /// All but one of so many are removed, so that the table shrinks.
    Shrink(u64),
    /// The clock moves by a time of this magnitude.
    Advance(u32),
}

/// From a millisecond to twelve days.
const MAGNITUDES: std::ops::Range<u32> = 0..30;

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (1..400_u64, MAGNITUDES).prop_map(|(count, magnitude)| Step::InsertOwn(count, magnitude)),
        2 => (1..400_u64).prop_map(Step::Insert),
        1 => (1..20_u64, MAGNITUDES).prop_map(|(one_in, magnitude)| Step::Restart(one_in, magnitude)),
        1 => (2..20_u64).prop_map(Step::Remove),
        1 => (5..50_u64).prop_map(Step::Shrink),
        5 => MAGNITUDES.prop_map(Step::Advance),
    ];
    prop::collection::vec(step, 4..60)
}

/// A map beside what is known of its entries: the deadline of each and its time to live.
struct Watched<X: Times<Expiry: Expires>> {
    map: Map<X>,
    clock: Manual,
    declared: u64,
    entries: HashMap<u64, (u64, u64)>,
    next: u64,
    dice: Dice,
}

impl<X: Times<Expiry: Expires>> Watched<X>
where
    Map<X>: BuildField<Of<Mutex, X, Unbounded, System, 1>>,
{
    fn new() -> Self {
        let clock = Manual::new();
        let declared = X::TTL.or(X::IDLE).map_or(u64::MAX, |ttl| u64::try_from(ttl.as_nanos()).unwrap());
        Watched { map: map(&clock), clock, declared, entries: HashMap::new(), next: 0, dice: Dice::new(1) }
    }

    fn time(&mut self, magnitude: u32) -> u64 {
        let least = 1_000_000 << magnitude;
        least + self.dice.below(least)
    }

    fn set(&mut self, key: u64, ttl: u64) {
        self.entries.insert(key, (self.clock.nanos().saturating_add(ttl), ttl));
    }

    fn perform(&mut self, step: &Step) {
        match *step {
            Step::InsertOwn(count, magnitude) => {
                for _ in 0..count {
                    let (key, ttl) = (self.next, self.time(magnitude));
                    self.next += 1;
                    self.map.insert_with_ttl(key, key, nanos(ttl));
                    self.set(key, ttl.min(if X::IDLE.is_some() { self.declared } else { u64::MAX }));
                }
            }
            Step::Insert(count) => {
                for key in self.next..self.next + count {
                    self.map.insert(key, key);
                    self.set(key, self.declared);
                }
                self.next += count;
            }
            Step::Restart(one_in, magnitude) => {
                for key in (0..self.next).filter(|key| key % one_in == 0) {
                    let ttl = self.time(magnitude);
                    if self.map.expire_in(&key, nanos(ttl)) {
                        self.set(key, ttl.min(if X::IDLE.is_some() { self.declared } else { u64::MAX }));
                    }
                }
            }
            Step::Remove(one_in) => {
                for key in (0..self.next).filter(|key| key % one_in == 0) {
                    self.map.remove(&key);
                    self.entries.remove(&key);
                }
            }
            Step::Shrink(one_in) => {
                self.map.retain(|key, _| key % one_in == 0);
                self.entries.retain(|key, _| key % one_in == 0);
            }
            Step::Advance(magnitude) => {
                let by = self.time(magnitude);
                self.clock.advance(nanos(by));
            }
        }
    }

    /// Makes the number of writes that is to be enough, and looks at what is left.
    fn check(&mut self) {
        // Four expired entries in each, and eight buckets in each, of which there is one for three entries or less; and
        // some, for the table has some buckets when it is empty.
        for _ in 0..self.map.len() / 4 + self.map.len() / 24 + 16 {
            self.map.remove(&u64::MAX);
        }
        let now = self.clock.nanos();
        self.entries.retain(|_, &mut (deadline, ttl)| deadline.saturating_add(SECOND.max(ttl / 10)) > now);
        let must_stay = self.entries.values().filter(|(deadline, _)| *deadline > now).count();
        let len = self.map.len();
        assert!((must_stay..=self.entries.len()).contains(&len), "{len} of {must_stay} to {}", self.entries.len());
    }
}

fn leaves_in_time<X: Times<Expiry: Expires>>(steps: &[Step])
where
    Map<X>: BuildField<Of<Mutex, X, Unbounded, System, 1>>,
{
    let mut watched = Watched::<X>::new();
    for step in steps {
        watched.perform(step);
        watched.check();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 30, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn writes_remove_in_time_what_has_a_time_of_its_own(steps in steps()) {
        leaves_in_time::<OwnOnly>(&steps);
    }

    #[test]
    fn writes_remove_in_time_what_lives_shorter_than_declared(steps in steps()) {
        leaves_in_time::<Ttl<86_400_000>>(&steps);
    }

    #[test]
    fn writes_remove_in_time_what_lives_longer_than_declared(steps in steps()) {
        leaves_in_time::<Ttl<20>>(&steps);
    }

    #[test]
    fn writes_remove_in_time_what_is_idle(steps in steps()) {
        leaves_in_time::<Idle<3_600_000>>(&steps);
    }
}

/// Hours of traffic with times that differ by four orders of magnitude: memory does not grow.
#[test]
fn short_times_beside_long_ones_do_not_pile_up() {
    let clock = Manual::new();
    let map: Map<Ttl<86_400_000>> = map(&clock);
    map.extend((0..2000).map(|key| (key, key)));
    for key in 2000..40_000 {
        clock.advance(nanos(SECOND / 10));
        map.insert_with_ttl(key, key, nanos(5 * SECOND));
        // Fifty are alive, and ten wait for a second at most; one in four regions has one that writes have not got to.
        assert!(map.len() <= 2000 + 50 + 10 + 20, "{}", map.len() - 2000);
    }
}

/// The same on the real clock, with nobody's help.
#[test]
fn the_background_thread_removes_short_times_beside_long_ones() {
    let maps: [Map<Ttl<86_400_000>>; 3] = std::array::from_fn(|_| ShardedMap::new());
    for (map, spread) in maps.iter().zip([1, 7, 40]) {
        map.extend((0..1000).map(|key| (key, key)));
        for key in 1000..1050 {
            map.insert_with_ttl(key, key, Duration::from_millis(100 + spread * (key - 1000)));
        }
    }
    eventually("only the others are left", || maps.iter().all(|map| map.len() == 1000));
}

/// An insert into a full map takes the place of one that has expired, as long as there is one.
#[test]
fn what_has_expired_makes_room_before_what_has_not() {
    fn check<E: MakesRoom + Eviction>()
    where
        Map<Ttl<86_400_000>, E, 2000>: BuildField<Of<Mutex, Ttl<86_400_000>, E, System, 1, 2000>>,
    {
        let spreads = [0, 3 * SECOND, 20 * SECOND].into_iter().enumerate();
        for ((seed, spread), shards) in spreads.flat_map(|spread| [1, 4, 32].map(|shards| (spread, shards))) {
            let (clock, mut dice) = (Manual::new(), Dice::new(seed as u64 + 1));
            let map: Map<Ttl<86_400_000>, E, 2000> = in_shards(&clock, shards);
            for key in 0..2000 {
                if key % 2 == 0 {
                    map.insert(key, key);
                } else {
                    map.insert_with_ttl(key, key, nanos(5 * SECOND + dice.below(spread + 1)));
                }
            }
            // Some have expired just now, others before.
            clock.advance(nanos(5 * SECOND + spread / 2));
            let live: Vec<_> = (0..2000).filter(|key| map.contains_key(key)).collect();
            let expired = 2000 - live.len() as u64;
            assert!((400..=1000).contains(&expired), "{expired}");
            for key in 10_000..10_000 + expired {
                map.insert(key, key);
            }
            assert!(live.iter().all(|key| map.contains_key(key)), "one was evicted");
            assert_eq!((map.len(), map.stats().evicted, map.stats().expired), (2000, 0, expired));
            map.insert(20_000, 0);
            assert_eq!(map.stats().evicted, 1, "now there is no other one");
        }
    }
    check::<Lru>();
    check::<Sieve>();
    check::<Adaptive>();
    check::<TinyLfu>();
}

#[test]
fn what_has_expired_makes_room_where_nothing_is_evicted() {
    for shards in [1, 4, 32, 64] {
        refuses_only_where_nothing_has_expired(shards);
    }
}

fn refuses_only_where_nothing_has_expired(shards: usize) {
    let clock = Manual::new();
    let map: Map<Ttl<86_400_000>, Reject, 1000> = in_shards(&clock, shards);
    for key in 0..1000 {
        map.try_insert(key, 0).expect("there is room");
        if key % 2 == 0 {
            map.expire_in(&key, nanos(200_000_000 + 1_000_000 * key));
        }
    }
    for _ in 0..8 {
        clock.advance(nanos(SECOND / 2));
        map.remove(&u64::MAX);
    }
    for key in 5000..5500 {
        map.try_insert(key, 0).expect("there is one that has expired");
    }
    assert!(map.try_insert(6000, 0).is_err());
    assert_eq!((map.len(), map.live_len(), map.stats().expired), (1000, 1000, 500));
}

/// Whatever the shards of the new entries and of the expired ones, and also where the times of entries were changed or
/// they have left by themselves.
#[test]
fn what_has_expired_in_another_shard_leaves_first() {
    let (clock, mut dice) = (Manual::new(), Dice::new(7));
    let map: Map<TtlIdle<86_400_000, 86_400_000>, Lru, 640> = in_shards(&clock, 32);
    let (mut next, mut evicted) = (0, 0);
    for _ in 0..400 {
        for _ in 0..dice.below(60) {
            let has_expired = map.len() > map.live_len();
            let is_full = map.len() == 640;
            match dice.below(3) {
                0 => map.insert_with_ttl(next, 0, nanos(SECOND + dice.below(9 * SECOND))),
                _ => map.insert(next, 0),
            };
            next += 1;
            let now_evicted = map.stats().evicted;
            assert!(!has_expired || !is_full || now_evicted == evicted, "one that is alive was evicted");
            evicted = now_evicted;
        }
        match dice.below(4) {
            0 => _ = map.expire_in(&(next - dice.below(next.min(600)) - 1), nanos(dice.below(SECOND))),
            1 => _ = map.remove(&(next - dice.below(next.min(600)) - 1)),
            _ => {}
        }
        clock.advance(nanos(dice.below(SECOND)));
    }
    assert!(evicted > 1000 && map.stats().expired > 500, "{:?}", map.stats());
}

/// Entries that were to expire and are removed before leave nothing behind by which a live entry leaves, or a new one
/// is refused.
#[test]
fn what_was_removed_does_not_hide_what_has_expired() {
    fn check<E: MakesRoom + Eviction>(insert: impl Fn(&Map<Ttl<86_400_000>, E, 100>, u64) -> bool)
    where
        Map<Ttl<86_400_000>, E, 100>: BuildField<Of<Mutex, Ttl<86_400_000>, E, System, 1, 100>>,
    {
        let minute = nanos(60 * SECOND);
        for round in 0..40 {
            let clock = Manual::new();
            let map: Map<Ttl<86_400_000>, E, 100> = in_shards(&clock, 64);
            for key in 0..1000 {
                assert!(insert(&map, key));
                map.expire_in(&key, minute);
                map.remove(&key);
            }
            assert!(insert(&map, 7000 + round));
            map.expire_in(&(7000 + round), minute);
            assert!((10_000..10_099).all(|key| insert(&map, key)));
            clock.advance(minute * 60);
            assert!(insert(&map, 20_000), "one has expired");
            assert!((10_000..10_099).all(|key| map.contains_key(&key)), "one that is alive was evicted");
            assert_eq!((map.len(), map.stats().expired), (100, 1));
        }
    }
    check::<Lru>(|map, key| map.insert(key, 0).is_none());
    check::<Sieve>(|map, key| map.insert(key, 0).is_none());
}

#[test]
fn what_was_removed_does_not_have_anything_refused() {
    let minute = nanos(60 * SECOND);
    for round in 0..40 {
        let clock = Manual::new();
        let map: Map<Ttl<86_400_000>, Reject, 100> = in_shards(&clock, 64);
        for key in 0..1000 {
            map.try_insert(key, 0).expect("there is room");
            map.expire_in(&key, minute);
            map.remove(&key);
        }
        map.try_insert(7000 + round, 0).expect("there is room");
        map.expire_in(&(7000 + round), minute);
        (10_000..10_099).for_each(|key| _ = map.try_insert(key, 0).expect("there is room"));
        clock.advance(minute * 60);
        map.try_insert(20_000, 0).expect("one has expired");
        assert!(map.try_insert(20_001, 0).is_err());
    }
}

/// Of more shards than one call searches, it takes several calls to find the last that has an expired entry. One live
/// entry at most leaves meanwhile for 64 shards.
#[test]
fn few_live_entries_leave_before_what_has_expired_in_very_many_shards() {
    let clock = Manual::new();
    let map: Map<Ttl<86_400_000>, Lru, 10_000> = in_shards(&clock, 1024);
    for key in 0..10_000 {
        map.insert_with_ttl(key, 0, nanos(SECOND * if key % 100 == 0 { 5 } else { 500 }));
    }
    clock.advance(nanos(6 * SECOND));
    map.extend((100_000..100_100 + 1024 / 64).map(|key| (key, 0)));
    assert_eq!(map.stats().expired, 100, "all that have expired have made room");
}

/// A shard with more regions than one call searches.
#[test]
fn few_live_entries_leave_before_what_has_expired_in_a_large_shard() {
    let clock = Manual::new();
    let map: Map<Ttl<86_400_000>, Lru, 100_000> = map(&clock);
    map.extend((0..100_000).map(|key| (key, 0)));
    for key in (0..100_000).filter(|key| key % 1000 == 0) {
        map.expire_in(&key, nanos(5 * SECOND));
    }
    clock.advance(nanos(5 * SECOND));
    // It has some 1,100 groups of buckets.
    map.extend((100_000..100_100 + 10).map(|key| (key, 0)));
    assert_eq!(map.stats().expired, 100, "all that have expired have made room");
}

/// Many threads, whose shards are taken by each other now and then: nobody waits for ever, and no room is lost.
#[test]
fn threads_that_take_expired_entries_out_of_each_others_shards() {
    fn check<L: Lock + Serves<u64, u64>>()
    where
        Shared<L>: BuildField<Of<L, Ttl<86_400_000>, Lru, System, 1, 1000>> + Sync,
    {
        let clock = Manual::new();
        let store = StoreOptions::new().clock(clock.clone()).start();
        let map: Shared<L> = BuildField::build(&store, 0, FieldOptions::new().shards(16));
        together(4, |thread| {
            let mut dice = Dice::new(thread + 1);
            for round in 0..5000 {
                let key = dice.below(1 << 40);
                if round % 2 == 0 {
                    map.insert_with_ttl(key, 0, nanos(dice.below(SECOND)));
                } else {
                    map.insert(key, 0);
                }
                clock.advance(nanos(SECOND / 10_000));
            }
        });
        assert!(map.len() <= 1000, "{}", map.len());
        assert!(map.stats().expired > 100);
        map.clear();
        map.extend((0..1000).map(|key| (key, key)));
        assert_eq!(map.live_len(), 1000, "all the room is there");
    }
    check::<Mutex>();
    check::<RwLock>();
    check::<Optimistic>();
    check::<Rcu>();
    check::<StdRwLock>();
}

type Shared<L> = ShardedMap<u64, u64, Of<L, Ttl<86_400_000>, Lru, System, 1, 1000>>;
