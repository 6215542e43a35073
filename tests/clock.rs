//! Expiry works with any clock: one that jumps, is suspended, runs for centuries (each power of two is tried), or goes
//! backwards.

mod common;

use common::{
    eventually,
    policy::{Of, OwnOnly, Times, Ttl, TtlIdle},
    threads::Dice,
};
use proptest::prelude::*;
use sharded::{
    Change, ShardedMap,
    builder::{BuildField, FieldOptions, StoreOptions},
    clock::{Boot, Clock, Manual, System},
    evict::{Lru, Unbounded},
    expiry::Expires,
    lock::{Lock, Mutex, Optimistic, RwLock, Serves},
};
use std::{
    cell::Cell,
    collections::BTreeMap,
    sync::{
        atomic::{AtomicU64, Ordering::SeqCst},
        mpsc::{RecvTimeoutError, channel},
    },
    thread,
    time::Duration,
};

type Map = ShardedMap<u64, u64, Of<Mutex, OwnOnly, Unbounded, System, 1>>;

const YEAR: Duration = Duration::from_hours(8766);

fn map(clock: &Manual) -> Map {
    BuildField::build(&StoreOptions::new().clock(clock.clone()).start(), 0, FieldOptions::new())
}

fn nanos(time: u64) -> Duration {
    Duration::from_nanos(time)
}

/// A map beside what it must have: the deadline of each key.
struct Watched {
    map: Map,
    clock: Manual,
    deadlines: BTreeMap<u64, u64>,
}

impl Watched {
    fn new(clock: &Manual) -> Self {
        Watched { map: map(clock), clock: clock.clone(), deadlines: BTreeMap::new() }
    }

    fn insert(&mut self, key: u64, ttl: u64) {
        self.map.insert_with_ttl(key, key, nanos(ttl));
        self.deadlines.insert(key, self.clock.nanos().saturating_add(ttl));
    }

    /// Every key is there exactly until its time, and what a sweep leaves is what is there.
    fn check(&mut self, sweeps: bool) {
        // A deadline at the last moment that the clock can tell is never reached.
        let now = self.clock.nanos().min(u64::MAX - 1);
        if sweeps {
            self.deadlines.retain(|_, deadline| *deadline > now);
            self.map.sweep();
            assert_eq!(self.map.len(), self.deadlines.len(), "at {now}");
        }
        for (&key, &deadline) in &self.deadlines {
            assert_eq!(self.map.get(&key), (deadline > now).then_some(key), "{key} of {deadline} at {now}");
        }
    }
}

/// The times of one magnitude each.
fn around(bits: u32) -> impl Strategy<Value = u64> {
    (0..bits, any::<u64>()).prop_map(|(bit, dice)| (1 << bit) | (dice & ((1 << bit) - 1)))
}

/// A key that is inserted with this ttl, by how much the clock goes on, and whether there is a sweep.
type Step = (u64, u64, u64, bool);

/// A power of two, whether the map is built before the clock comes near it, how near that is, and what is done from
/// there on.
fn steps() -> impl Strategy<Value = (u32, bool, u64, Vec<Step>)> {
    (10..63_u32).prop_flat_map(|bit| {
        let step = (0..20_u64, around(bit), around(bit), any::<bool>());
        (Just(bit), any::<bool>(), around(bit), prop::collection::vec(step, 1..60))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    /// A counter of time, in any unit, wraps round at a power of two, if at all: entries live across each of them.
    #[test]
    fn no_counter_of_time_wraps_round((bit, built_before, before, steps) in steps()) {
        let clock = Manual::new();
        let start = (1 << bit) - before.min(1 << bit);
        if !built_before {
            clock.advance(nanos(start));
        }
        let mut watched = Watched::new(&clock);
        if built_before {
            clock.advance(nanos(start));
        }
        for (key, ttl, step, sweeps) in steps {
            watched.insert(key, ttl);
            clock.advance(nanos(step / 8));
            watched.check(sweeps);
        }
    }
}

/// Runs this on a thread of its own, and panics where it does not end.
fn ends(run: impl FnOnce() + Send + 'static) {
    let (say, heard) = channel();
    let running = thread::spawn(move || {
        run();
        say.send(()).unwrap();
    });
    assert!(heard.recv_timeout(Duration::from_mins(2)) != Err(RecvTimeoutError::Timeout), "it does not end");
    running.join().unwrap();
}

/// Times around zero, each power of two, and the last moment that a clock can tell.
fn edges() -> impl Strategy<Value = u64> {
    let near = prop_oneof![0..4_u64, around(34)];
    let bit = prop_oneof![0..=64_u32, Just(64)];
    (bit, any::<bool>(), near).prop_map(|(bit, is_before, near)| {
        let edge = 1_u64.checked_shl(bit).unwrap_or(u64::MAX);
        if is_before { edge.saturating_sub(near) } else { edge.saturating_add(near) }
    })
}

/// What is done to a map: the keys of it, a time, and how.
type Deed = (u64, u64, u8);

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let time = prop_oneof![0..4_u64, around(34), edges()];
    prop::collection::vec((0..40_u64, time, 0..7_u8), 1..40)
}

/// Does all this to a map, and sweeps it after each deed: that ends, and leaves the entries that are alive.
fn sweeps_end<X: Times>(start: u64, deeds: Vec<Deed>)
where
    ShardedMap<u64, u64, Of<Mutex, X, Unbounded, System, 1>>: BuildField<Of<Mutex, X, Unbounded, System, 1>>,
    X::Expiry: Expires,
{
    let clock = Manual::new();
    let store = StoreOptions::new().clock(clock.clone()).start();
    let map: ShardedMap<u64, u64, Of<Mutex, X, Unbounded, System, 1>> =
        BuildField::build(&store, 0, FieldOptions::new());
    clock.advance(nanos(start));
    map.extend((0..40).map(|key| (key, key)));
    for (key, time, how) in deeds {
        match how {
            0 => _ = map.insert(key, key),
            1 => _ = map.insert_with_ttl(key, key, nanos(time)),
            2 => _ = map.expire_in(&key, nanos(time)),
            3 => _ = map.get(&key),
            4 => _ = map.remove(&key),
            // So long before the last moment.
            5 => _ = map.expire_in(&key, nanos((u64::MAX - clock.nanos()).saturating_sub(time))),
            _ => clock.advance(nanos(time)),
        }
        let live = map.live_len();
        map.sweep();
        assert_eq!((map.len(), map.live_len()), (live, live), "at {}", clock.nanos());
    }
}

proptest! {
    // A case that does not end leaves a thread behind, so few are tried to find a smaller one.
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, max_shrink_iters: 2, ..ProptestConfig::default() })]

    #[test]
    fn a_sweep_ends_at_any_time(start in edges(), deeds in deeds()) {
        ends(move || {
            sweeps_end::<OwnOnly>(start, deeds.clone());
            sweeps_end::<Ttl<1000>>(start, deeds.clone());
            sweeps_end::<TtlIdle<1000, 500>>(start, deeds);
        });
    }
}

/// A clock that stands still a millisecond before the last moment that it can tell.
#[derive(Default)]
struct AtTheEnd;

impl Clock for AtTheEnd {
    const RUNS: bool = true;
    fn nanos(&self) -> u64 {
        u64::MAX - 1_000_000
    }
}

#[test]
fn the_background_thread_rests_at_the_end_of_time() {
    type AtEnd = ShardedMap<u64, u64, Of<Mutex, Ttl<1000>, Unbounded, AtTheEnd, 1>>;
    ends(|| {
        let map = AtEnd::new();
        map.extend((0..20).map(|key| (key, key)));
        map.expire_in(&7, Duration::from_nanos(1));
        map.insert_with_ttl(8, 8, Duration::ZERO);
        thread::sleep(Duration::from_millis(300));
        // The background thread does not keep the lock.
        map.insert(9, 9);
        map.sweep();
        assert_eq!((map.len(), map.live_len()), (19, 19));
    });
}

/// Months of a busy store, and years of a quiet one, in one: steps and times from seconds to decades, until the clock
/// can hardly count any more.
#[test]
fn a_store_lives_for_centuries() {
    let clock = Manual::new();
    let (mut watched, mut dice) = (Watched::new(&clock), Dice::new(1));
    let mut turns = 0;
    while clock.nanos() < 500 * u64::try_from(YEAR.as_nanos()).unwrap() {
        let magnitude = |dice: &mut Dice| 1 << (20 + dice.below(38));
        for _ in 0..8 {
            let key = dice.below(500);
            let ttl = magnitude(&mut dice);
            watched.insert(key, ttl + dice.below(ttl));
        }
        clock.advance(nanos(magnitude(&mut dice)));
        watched.check(turns % 4 == 0);
        turns += 1;
    }
    assert!(turns > 100, "{turns}");
    clock.advance(YEAR * 50);
    watched.check(true);
    assert!(watched.map.is_empty() || watched.deadlines.values().all(|&deadline| deadline > clock.nanos()));
}

/// How far the clock below is ahead of the system's.
static SUSPENDED: AtomicU64 = AtomicU64::new(0);

/// A clock that counts a suspend, which the background thread does not see coming.
#[derive(Default)]
struct Suspended(System);

impl Clock for Suspended {
    const RUNS: bool = true;

    fn nanos(&self) -> u64 {
        self.0.nanos() + SUSPENDED.load(SeqCst)
    }
}

#[test]
fn what_expires_during_a_suspend_is_not_seen_after_it() {
    type Hour = ShardedMap<u64, u64, Of<Mutex, Ttl<3_600_000>, Unbounded, Suspended>>;
    type HalfHour = ShardedMap<u64, u64, Of<Mutex, TtlIdle<36_000_000, 1_800_000>, Lru, Suspended>>;
    type Copied = ShardedMap<u64, u64, Of<Optimistic, Ttl<3_600_000>, Unbounded, Suspended>>;
    let (hour, half_hour, copied) = (Hour::new(), HalfHour::new(), Copied::new());
    for key in 0..1000 {
        hour.insert(key, key);
        half_hour.insert(key, key);
        copied.insert(key, key);
    }
    // Such a pause has entries go that are not used, and no others.
    SUSPENDED.fetch_add(40 * 60 * 1_000_000_000, SeqCst);
    assert_eq!((hour.get(&1), half_hour.get(&1), copied.get(&1)), (Some(1), None, Some(1)));
    SUSPENDED.fetch_add(40 * 60 * 1_000_000_000, SeqCst);
    assert!((0..1000).all(|key| hour.get(&key).is_none() && copied.get(&key).is_none()));
    assert_eq!((hour.live_len(), half_hour.live_len(), copied.live_len()), (0, 0, 0));
    // The thread sleeps on; a few writes wake it, or do the work themselves.
    eventually("what has expired is removed", || {
        for key in 1000..1100 {
            hour.insert_with_ttl(key, key, Duration::from_millis(1));
            half_hour.insert_with_ttl(key, key, Duration::from_millis(1));
            copied.insert_with_ttl(key, key, Duration::from_millis(1));
        }
        hour.len() <= 100 && half_hour.len() <= 100 && copied.len() <= 100
    });
}

/// [`Clock::nanos`] must not go back. Where it does, an entry may be seen again until it is swept; and nothing else
/// goes wrong.
#[test]
fn a_clock_that_goes_back_breaks_nothing() {
    static NOW: AtomicU64 = AtomicU64::new(0);

    #[derive(Default)]
    struct Wild;
    impl Clock for Wild {
        const RUNS: bool = false;

        fn nanos(&self) -> u64 {
            NOW.load(SeqCst)
        }
    }
    type Wildly<X> = ShardedMap<u64, u64, Of<Mutex, X, Lru, Wild, 1, 100>>;
    let (map, mut dice) = (Wildly::<TtlIdle<1000, 700>>::new(), Dice::new(1));
    for _ in 0..20_000 {
        NOW.store(dice.next() >> dice.below(64), SeqCst);
        let key = dice.below(200);
        match dice.below(6) {
            0 | 1 => _ = map.insert(key, key),
            2 => map.insert_with_ttl(key, key, nanos(dice.next() >> dice.below(64))).into_iter().for_each(drop),
            3 => _ = map.get(&key),
            4 => _ = map.sweep(),
            _ => _ = map.remove(&key),
        }
        assert!(map.len() <= 100 && map.live_len() <= map.len());
    }
    // Once it keeps its word again all is as it should be.
    NOW.store(u64::MAX / 2, SeqCst);
    map.clear();
    map.insert(1, 1);
    NOW.fetch_add(699_999_999, SeqCst);
    assert_eq!(map.get(&1), Some(1));
    NOW.fetch_add(700_000_000, SeqCst);
    assert_eq!((map.get(&1), map.sweep(), map.len()), (None, 1, 0));
}

#[test]
fn the_clock_of_the_boot_is_at_least_as_far_as_the_other() {
    let (system, boot) = (System::default(), Boot::default());
    let (first, second, third) = (system.nanos(), boot.nanos(), boot.nanos());
    // Both count from the boot, one of them without suspends.
    assert!(first <= second && second <= third, "{first} {second} {third}");
    let map: ShardedMap<u64, u64, Of<Mutex, Ttl<20>, Unbounded, Boot>> = ShardedMap::new();
    map.insert(1, 1);
    assert!(map.ttl_of(&1).is_none_or(|left| left <= Duration::from_millis(20)));
    eventually("it expires, and is removed", || map.is_empty());
}

/// Reading the time may be slow. An entry that never expires needs none, and no call needs it more often than it runs
/// code of the user that may take long.
#[test]
fn the_clock_is_read_no_more_than_needed() {
    thread_local! {
        static READS: Cell<u64> = const { Cell::new(0) };
    }
    #[derive(Default)]
    struct Counting;
    impl Clock for Counting {
        const RUNS: bool = false;
        fn nanos(&self) -> u64 {
            READS.set(READS.get() + 1);
            1
        }
    }
    fn reads(run: impl FnOnce()) -> u64 {
        READS.set(0);
        run();
        READS.get()
    }
    fn check<L: Lock + Serves<u64, u64>>()
    where
        ShardedMap<u64, u64, Of<L, OwnOnly, Unbounded, Counting>>: BuildField<Of<L, OwnOnly, Unbounded, Counting>>,
    {
        let map: ShardedMap<u64, u64, Of<L, OwnOnly, Unbounded, Counting>> = ShardedMap::new();
        map.insert(1, 1);
        map.insert_with_ttl(2, 2, Duration::from_secs(1));
        assert_eq!(reads(|| assert_eq!(map.get(&1), Some(1))), 0);
        assert_eq!(reads(|| assert_eq!(map.with(&1, |value| *value), Some(1))), 0);
        assert_eq!(reads(|| assert_eq!(map.get_many(&[1, 1]), [Some(1); 2])), 0);
        assert_eq!(reads(|| assert_eq!(map.get(&3), None)), 0);
        assert_eq!(reads(|| assert_eq!(map.get(&2), Some(2))), 1);
        assert_eq!(reads(|| map.compute(1, |_| Change::Keep(()))), 1);
        assert_eq!(reads(|| map.compute(9, |_| Change::Remove(()))), 1);
        assert_eq!(reads(|| map.compute(1, |_| Change::Put(1, ()))), 2);
    }
    check::<Mutex>();
    check::<RwLock>();
    check::<Optimistic>();
}
