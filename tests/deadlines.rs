//! When exactly an entry is readable, and how long after that it is still stored, by the manual clock.

use proptest::prelude::*;
use sharded::{clock::Manual, sharded};
use std::{collections::HashMap, time::Duration};

const YEAR: Duration = Duration::from_hours(365 * 24);

#[sharded(shards = 1)]
struct State {
    #[shard(ttl = "1h")]
    entries: HashMap<u64, u64>,
    #[shard(idle = "10s", ttl = "25s")]
    sessions: HashMap<u64, u64>,
}

fn state() -> (Manual, State) {
    let clock = Manual::new();
    let state = State::builder().clock(clock.clone()).build();
    (clock, state)
}

/// From a nanosecond to centuries, all orders of magnitude alike.
fn times() -> impl Strategy<Value = Duration> {
    (0_u32..63, any::<u64>()).prop_map(|(bits, low)| Duration::from_nanos((1 << bits) | (low & ((1 << bits) - 1))))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Readable until the deadline, to the nanosecond; removed by ordinary writes within `max(1 s, ttl / 10)` after it, and never before.
    #[test]
    fn an_entry_goes_in_time(start in times(), ttl in times()) {
        let (clock, state) = state();
        let map = state.entries();
        clock.advance(start);
        let end = start.saturating_add(ttl);
        let counted = u64::try_from(end.as_nanos()).is_ok_and(|end| end < u64::MAX);
        map.insert_with_ttl(1, 1, ttl);
        prop_assert!(clock.set(end.saturating_sub(Duration::from_nanos(1))).is_ok());
        for _ in 0..8 {
            map.touch(&2);
        }
        prop_assert_eq!((map.get(&1), map.len()), (Some(1), 1));
        prop_assert!(clock.set(end).is_ok());
        // What ends beyond the clock's count is for ever.
        prop_assert_eq!(map.get(&1), (!counted).then_some(1));
        let grace = (ttl / 10).max(Duration::from_secs(1));
        if u64::try_from((end + grace).as_nanos()).is_ok() {
            prop_assert!(clock.set(end + grace).is_ok());
            // Any write will do, each looks at a few entries.
            for _ in 0..2 {
                map.touch(&2);
            }
            prop_assert_eq!(map.len(), 0);
        }
    }

    /// The sweep by hand needs no grace.
    #[test]
    fn a_sweep_by_hand_finds_what_has_expired(ttls in prop::collection::vec(times(), 1..50), look in times()) {
        let (clock, state) = state();
        let map = state.entries();
        for (key, &ttl) in (0..).zip(&ttls) {
            map.insert_with_ttl(key, key, ttl);
        }
        clock.advance(look);
        let expired = ttls.iter().filter(|&&ttl| ttl <= look).count();
        prop_assert_eq!(map.live_len(), ttls.len() - expired);
        prop_assert_eq!(map.sweep(), expired);
        prop_assert_eq!(map.len(), ttls.len() - expired);
        prop_assert_eq!(map.sweep(), 0);
    }
}

#[test]
fn a_ttl_beyond_the_clock_is_for_ever() {
    let (clock, state) = state();
    let map = state.entries();
    map.insert_with_ttl(1, 1, Duration::MAX);
    map.insert_with_ttl(2, 2, 500 * YEAR);
    map.insert_with_ttl(3, 3, Duration::ZERO);
    assert_eq!(map.ttl_of(&1), Some(Duration::MAX));
    assert_eq!(map.ttl_of(&2), Some(500 * YEAR));
    assert_eq!((map.get(&3), map.ttl_of(&3)), (None, None));
    clock.advance(400 * YEAR);
    assert_eq!((map.get(&1), map.get(&2)), (Some(1), Some(2)));
    // The end of the clock.
    clock.advance(Duration::MAX);
    assert_eq!((map.get(&1), map.get(&2)), (Some(1), None));
    map.insert(4, 4);
    assert_eq!(map.get(&4), Some(4), "its deadline is beyond the clock's count");
    map.sweep();
    assert_eq!(map.len(), 2);
}

#[test]
fn a_clock_does_not_go_backwards() {
    let (clock, state) = state();
    clock.advance(Duration::from_secs(10));
    state.entries().insert_with_ttl(1, 1, Duration::from_secs(5));
    clock.advance(Duration::from_secs(5));
    let refused = clock.set(Duration::from_secs(12)).unwrap_err();
    assert_eq!(refused.by, Duration::from_secs(3));
    assert_eq!(state.entries().get(&1), None);
}

/// A use puts the idle time off, the ttl stays; a change in place is a use and does not restart the ttl.
#[test]
fn idle_and_ttl_end_an_entry_whichever_comes_first() {
    let (clock, state) = state();
    let map = state.sessions();
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
