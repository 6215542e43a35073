//! Idle times: a use is noted at most every sixteenth of the time.

use super::{
    Map, Unbounded,
    common::policy::{Idle, TtlIdle},
};
use sharded::{
    builder::{BuildField, FieldOptions, StoreOptions},
    clock::Manual,
};
use std::time::Duration;

/// A map with a clock of ours.
fn by_hand<T: BuildField<P>, P: sharded::Policy>(clock: &Manual) -> T {
    T::build(&StoreOptions::new().clock(clock.clone()).start(), 0, FieldOptions::new())
}

fn advance(clock: &Manual, ms: u64) {
    clock.advance(Duration::from_millis(ms));
}

#[test]
fn a_use_is_noted_after_a_sixteenth() {
    type Sessions = Map<u64, String, Idle<1600>, Unbounded, 1>;
    let clock = Manual::new();
    let map: Sessions = by_hand(&clock);
    map.insert(1, "a".to_owned());
    map.insert(2, "b".to_owned());
    advance(&clock, 99);
    assert!(map.get(&1).is_some(), "too early to be noted");
    advance(&clock, 1);
    assert!(map.get(&2).is_some(), "noted");
    advance(&clock, 1499);
    assert!(map.contains_key(&1) && map.contains_key(&2));
    advance(&clock, 1);
    assert!(map.get(&1).is_none(), "1600 after its insert");
    assert!(map.with(&2, String::len).is_some(), "1500 after its use");
    advance(&clock, 1599);
    assert_eq!(map.get_many([&1, &2]), [None, Some("b".to_owned())]);
    advance(&clock, 1599);
    assert!(map.get(&2).is_some(), "a read of several keys is a use, too");
    // What is no use.
    advance(&clock, 1000);
    assert!(map.contains_key(&2));
    advance(&clock, 600);
    assert!(map.get(&2).is_none());
}

#[test]
fn the_ttl_ends_it_all_the_same() {
    let clock = Manual::new();
    let map: Map<u64, String, TtlIdle<1000, 160>, Unbounded, 1> = by_hand(&clock);
    map.insert(1, "a".to_owned());
    for _ in 0..9 {
        advance(&clock, 100);
        assert!(map.get(&1).is_some());
    }
    advance(&clock, 100);
    assert!(map.get(&1).is_none());
}

/// Only few reads need the lock. The others go on while a closure changes the entry.
#[test]
fn most_reads_take_no_lock() {
    let clock = Manual::new();
    let map: Map<u64, String, Idle<1600>, Unbounded, 1> = by_hand(&clock);
    map.insert(1, "a".to_owned());
    map.with_mut(&1, |value| {
        value.push('b');
        advance(&clock, 50);
        let seen = std::thread::scope(|scope| scope.spawn(|| map.get(&1)).join().unwrap());
        assert_eq!(seen.as_deref(), Some("a"));
    });
    assert_eq!(map.get(&1).as_deref(), Some("ab"));
}
