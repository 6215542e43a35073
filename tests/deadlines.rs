//! The arithmetic of deadlines, on a manual clock: from zero to more than the clock can represent.

mod common;

use common::{
    panics,
    policy::{Idle, Never, Of, OwnOnly, Ttl, TtlIdle},
};
use proptest::prelude::*;
use sharded::{
    Change, ShardedMap, ShardedSet,
    builder::{BuildField, FieldOptions, StoreOptions},
    clock::{Clock, Manual, System},
    evict::Unbounded,
    lock::{Mutex, RwLock},
};
use std::time::Duration;

type Map<X, L = Mutex> = ShardedMap<u64, u64, Of<L, X, Unbounded, System, 1>>;

const SECOND: u64 = 1_000_000_000;

/// A map on this clock, with these overrides.
fn map<X: common::policy::Times>(clock: &Manual, options: FieldOptions<Of<Mutex, X, Unbounded, System, 1>>) -> Map<X> {
    BuildField::build(&StoreOptions::new().clock(clock.clone()).start(), 0, options)
}

fn nanos(time: u64) -> Duration {
    Duration::from_nanos(time)
}

/// How long after its deadline an entry may stay where nobody sweeps by hand.
fn grace(ttl: u64) -> u64 {
    SECOND.max(ttl / 10)
}

/// Times of all magnitudes, from nanoseconds to centuries.
fn magnitudes() -> impl Strategy<Value = u64> {
    (0..63_u32, any::<u64>()).prop_map(|(bits, dice)| (1 << bits) | (dice & ((1 << bits) - 1)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// At every time of the clock, an entry lives to the last nanosecond of its time and not one more.
    #[test]
    fn deadlines_are_exact(start in magnitudes(), ttl in magnitudes()) {
        prop_assume!(start.checked_add(ttl).is_some_and(|end| end < u64::MAX));
        let clock = Manual::new();
        clock.advance(nanos(start));
        let map = map::<OwnOnly>(&clock, FieldOptions::new());
        map.insert_with_ttl(1, 1, nanos(ttl));
        prop_assert_eq!(map.ttl_of(&1), Some(nanos(ttl)));
        clock.advance(nanos(ttl - 1));
        prop_assert_eq!(map.sweep(), 0);
        prop_assert_eq!((map.get(&1), map.ttl_of(&1)), (Some(1), Some(nanos(1))));
        clock.advance(nanos(1));
        prop_assert_eq!((map.get(&1), map.ttl_of(&1), map.contains_key(&1), map.live_len()), (None, None, false, 0));
        prop_assert_eq!((map.sweep(), map.len()), (1, 0));
    }

    /// Many at once, over all levels of the wheel: none is swept before its time, each is after it.
    #[test]
    fn each_is_swept_in_its_time(ttls in prop::collection::vec(magnitudes(), 1..60), steps in prop::collection::vec(magnitudes(), 1..40)) {
        let clock = Manual::new();
        let map = map::<OwnOnly>(&clock, FieldOptions::new());
        for (key, &ttl) in (0..).zip(&ttls) {
            map.insert_with_ttl(key, ttl, nanos(ttl));
        }
        for step in steps {
            clock.advance(nanos(step));
            map.sweep();
            let now = clock.nanos();
            let live = ttls.iter().filter(|&&ttl| ttl > now).count();
            prop_assert_eq!((map.len(), map.live_len()), (live, live), "at {}", now);
        }
    }

    /// Writes do it too, four at a time, with no other help: what is overdue is gone after so many of them.
    #[test]
    fn writes_sweep_what_is_overdue(ttls in prop::collection::vec(magnitudes(), 1..60)) {
        let clock = Manual::new();
        let map = map::<OwnOnly>(&clock, FieldOptions::new());
        for (key, &ttl) in (0..).zip(&ttls) {
            map.insert_with_ttl(key, 0, nanos(ttl));
        }
        let middle = { let mut sorted = ttls.clone(); sorted.sort_unstable(); sorted[ttls.len() / 2] };
        clock.advance(nanos(middle + grace(middle)));
        let now = clock.nanos();
        // A look may go to a place that is empty by now; there are at most as many of those as entries.
        for _ in 0..ttls.len() {
            let before = map.len();
            map.remove(&u64::MAX);
            prop_assert!(map.len() + 4 >= before, "a write removes four at most");
        }
        let may_stay = ttls.iter().filter(|&&ttl| ttl + grace(ttl) > now).count();
        let must_stay = ttls.iter().filter(|&&ttl| ttl > now).count();
        prop_assert!((must_stay..=may_stay).contains(&map.len()), "{} are left of {must_stay} to {may_stay}", map.len());
    }

    /// An entry that is used again and again stays; when the uses end, it goes.
    #[test]
    fn idle_times_are_exact(idle in magnitudes(), parts in prop::collection::vec(0.0..1.0, 1..30)) {
        prop_assume!(idle < u64::MAX >> 6);
        let clock = Manual::new();
        let map = map::<Idle<1>>(&clock, FieldOptions::new().idle(nanos(idle)));
        map.insert(1, 1);
        for part in parts {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
            let step = ((idle as f64 * part) as u64).min(idle - 1);
            clock.advance(nanos(step));
            prop_assert_eq!(map.sweep(), 0);
            prop_assert_eq!(map.get(&1), Some(1));
        }
        clock.advance(nanos(idle - 1));
        prop_assert_eq!(map.sweep(), 0);
        // Looking on is no use.
        prop_assert!(map.contains_key(&1) && map.live_len() == 1 && map.ttl_of(&1) == Some(nanos(1)));
        clock.advance(nanos(1));
        prop_assert_eq!((map.sweep(), map.len()), (1, 0));
    }
}

#[test]
fn a_time_of_zero_is_over_at_once() {
    let clock = Manual::new();
    let map = map::<Ttl<1000>>(&clock, FieldOptions::new());
    assert_eq!(map.insert(1, 1), None);
    assert_eq!(map.insert_with_ttl(1, 2, Duration::ZERO), Some(1), "what it replaces was there");
    assert_eq!((map.get(&1), map.live_len()), (None, 0));
    assert_eq!(map.insert(1, 3), None, "and it was not");
    assert!(map.expire_in(&1, Duration::ZERO));
    assert_eq!((map.len(), map.sweep(), map.len()), (1, 1, 0));
    map.insert_with_ttl(1, 4, Duration::ZERO);
    assert!(!map.expire_in(&1, Duration::from_secs(1)) && !map.touch(&1), "there is nothing left to touch");
}

#[test]
fn times_beyond_the_clock_are_for_ever() {
    let clock = Manual::new();
    let map = map::<TtlIdle<1000, 500>>(&clock, FieldOptions::new().ttl(Duration::MAX).idle(Duration::MAX));
    map.insert(1, 1);
    map.insert_with_ttl(2, 2, Duration::MAX);
    map.insert_with_ttl(3, 3, nanos(u64::MAX));
    map.insert_with_ttl(4, 4, Duration::from_secs(u64::MAX));
    map.insert_with_ttl(5, 5, nanos(u64::MAX - 1));
    for key in 1..=4 {
        assert_eq!(map.ttl_of(&key), Some(Duration::MAX));
    }
    assert_eq!(map.ttl_of(&5), Some(nanos(u64::MAX - 1)), "584 years less a nanosecond are not");
    // Half of all time.
    clock.advance(nanos(u64::MAX / 2));
    assert_eq!((map.sweep(), map.live_len()), (0, 5));
    assert!(map.expire_in(&1, nanos(u64::MAX / 2 + 2)), "the sum does not wrap round");
    assert!(map.touch(&5));
    clock.advance(nanos(u64::MAX / 2));
    assert_eq!(clock.nanos(), u64::MAX - 1);
    assert_eq!((map.sweep(), map.live_len()), (0, 5));
    map.insert_with_ttl(6, 6, Duration::from_secs(1));
    assert_eq!((map.get(&6), map.ttl_of(&6)), (Some(6), Some(Duration::MAX)));
}

/// Where the clock stands still for ever, nothing hangs and nothing breaks.
#[test]
fn the_end_of_time() {
    common::threads::must_end("a map at the end of time", || {
        let clock = Manual::new();
        let map = map::<Ttl<1000>>(&clock, FieldOptions::new());
        for key in 0..100 {
            map.insert_with_ttl(key, key, nanos(key << 40));
        }
        map.insert_with_ttl(100, 100, Duration::MAX);
        clock.advance(Duration::MAX);
        clock.advance(Duration::MAX);
        assert_eq!(clock.nanos(), u64::MAX);
        assert!((0..100).all(|key| map.get(&key).is_none()));
        map.sweep();
        assert_eq!((map.len(), map.get(&100)), (1, Some(100)), "for ever is longer than that");
        for key in 0..100 {
            map.insert(key, key);
            map.touch(&key);
            map.sweep();
        }
        map.retain(|_, _| true);
        map.clear();
        assert_eq!(map.len(), 0);
    });
}

/// Declared in years, as in `ttl = "1000y"`, were it written so.
#[test]
fn long_and_short_overrides() {
    type Both = ShardedMap<u64, u64, Of<Mutex, TtlIdle<1, 1>, Unbounded>>;
    let clock = Manual::new();
    let year = Duration::from_hours(8766);
    let map = map::<Ttl<1>>(&clock, FieldOptions::new().ttl(100 * year));
    map.insert(1, 1);
    clock.advance(99 * year);
    assert_eq!((map.sweep(), map.get(&1)), (0, Some(1)));
    clock.advance(year);
    assert_eq!((map.get(&1), map.sweep()), (None, 1));
    for message in [
        panics(|| Both::with_options(FieldOptions::new().ttl(Duration::ZERO))),
        panics(|| Both::with_options(FieldOptions::new().idle(Duration::ZERO))),
    ] {
        assert!(message.contains("`field`") && message.contains("zero"), "{message}");
    }
}

#[test]
fn the_clock_goes_one_way() {
    let clock = Manual::new();
    let same = clock.clone();
    assert_eq!(clock.set(Duration::from_secs(5)), Ok(()));
    assert_eq!(same.nanos(), 5 * SECOND);
    let refused = same.set(Duration::from_secs(3)).expect_err("that is in the past");
    assert_eq!(refused.by, Duration::from_secs(2));
    assert!(refused.to_string().contains("2s"));
    assert_eq!(clock.nanos(), 5 * SECOND);
    assert_eq!(clock.set(Duration::from_secs(5)), Ok(()), "to stand still is not to go back");
    assert_eq!(clock.set(Duration::MAX), Ok(()));
    assert_eq!(clock.nanos(), u64::MAX);

    let clock = Manual::new();
    common::threads::together(8, |_| (0..1000).for_each(|_| clock.advance(nanos(3))));
    assert_eq!(clock.nanos(), 24_000);
}

/// A use puts the idle time off, the ttl stays; a change in place is a use and does not restart the ttl.
#[test]
fn idle_and_ttl_end_an_entry_whichever_comes_first() {
    let clock = Manual::new();
    let map = map::<TtlIdle<25_000, 10_000>>(&clock, FieldOptions::new());
    map.insert(1, 1);
    for _ in 0..4 {
        clock.advance(Duration::from_secs(6));
        assert!(map.with_mut(&1, |value| *value += 1).is_some());
    }
    assert_eq!(map.ttl_of(&1), Some(Duration::from_secs(1)));
    clock.advance(Duration::from_secs(1));
    assert_eq!(map.get(&1), None, "25 s after it was written");
    map.insert(1, 1);
    clock.advance(Duration::from_secs(9));
    assert!(map.contains_key(&1), "which is no use");
    clock.advance(Duration::from_secs(1));
    assert_eq!(map.get(&1), None, "10 s after it was used");
}

/// One clock for all the fields of a store; each store has its own.
#[test]
fn the_fields_of_a_store_share_the_clock_that_it_was_given() {
    let clock = Manual::new();
    let store = StoreOptions::new().clock(clock.clone()).start();
    let map: Map<Ttl<1000>> = BuildField::build(&store, 0, FieldOptions::new());
    let set: ShardedSet<u64, Of<RwLock, Idle<1000>, Unbounded>> = BuildField::build(&store, 1, FieldOptions::new());
    let never: Map<Never> = BuildField::build(&store, 2, FieldOptions::new());
    let elsewhere: Map<Ttl<3_600_000>> = ShardedMap::new();
    map.insert(1, 1);
    set.insert(1);
    never.insert(1, 1);
    elsewhere.insert(1, 1);
    clock.advance(Duration::from_secs(1));
    assert_eq!((map.get(&1), set.contains(&1)), (None, false));
    assert_eq!((never.get(&1), elsewhere.get(&1)), (Some(1), Some(1)));
}

/// Entries that expire while a visit is under way are not seen any more, also in the same batch.
#[test]
fn a_visit_asks_the_time_for_each_entry() {
    let clock = Manual::new();
    let map: Map<Ttl<3_600_000>> = map(&clock, FieldOptions::new());
    let mut seen = 0;
    let mut see = || {
        seen += 1;
        clock.advance(Duration::from_hours(1));
    };
    map.extend((0..10).map(|key| (key, key)));
    map.for_each(|_, _| see());
    map.extend((0..10).map(|key| (key, key)));
    map.retain(|_, _| {
        see();
        true
    });
    assert_eq!(seen, 2);
}

/// What a closure takes long to make lives from when it is made.
#[test]
fn a_slow_closure_does_not_cost_its_value_time() {
    let clock = Manual::new();
    let map: Map<Ttl<1000>> = map(&clock, FieldOptions::new());
    let slow = || {
        clock.advance(Duration::from_secs(2));
        7
    };
    assert_eq!(map.get_or_insert_with(1, slow), 7);
    assert_eq!(map.ttl_of(&1), Some(Duration::from_secs(1)));
    map.upsert(2, slow, |_| ());
    assert_eq!(map.ttl_of(&2), Some(Duration::from_secs(1)));
    for _ in 0..2 {
        map.compute(3, |_| Change::Put(slow(), ()));
        assert_eq!(map.ttl_of(&3), Some(Duration::from_secs(1)));
    }
}
