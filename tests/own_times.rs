//! Times to live of an entry's own, by the call that stores it.

use sharded::{Change, LoadError, clock::Manual, sharded};
use std::{collections::HashMap, time::Duration};

const SECOND: Duration = Duration::from_secs(1);

#[sharded(ttl = "1h", ttl_jitter = "10%", refresh_after = "10m")]
struct Names {
    usual: HashMap<String, u32>,
}

fn names() -> (Names, Manual) {
    let clock = Manual::new();
    (Names::builder().clock(clock.clone()).build(), clock)
}

fn name(name: &str) -> String {
    name.to_owned()
}

/// The calls of `with_ttl` give the time to what they store, and to nothing else.
#[test]
fn every_call_that_stores_takes_a_time() {
    let (names, _) = names();
    let map = names.usual();
    let brief = map.with_ttl(7 * SECOND);
    brief.insert(name("a"), 1);
    assert_eq!(brief.try_insert(name("b"), 1), Ok(None));
    assert_eq!(brief.insert_if_absent(name("c"), 1), Ok(()));
    assert_eq!(brief.upsert(name("d"), || 1, |_| ()), None);
    assert_eq!(brief.with_or_insert(name("e"), || 1, |value| *value), 1);
    brief.compute(name("f"), |_| Change::Put(1, ()));
    assert_eq!(brief.get_or_insert_with(name("g"), || 1), 1);
    assert_eq!(brief.get_or_load_with(name("h"), || 1), 1);
    assert_eq!(brief.get_or_try_insert_with(name("i"), || Ok::<_, ()>(1)), Ok(1));
    assert!(matches!(brief.get_or_try_insert_with(name("j"), || Err(())), Err(LoadError::Failed(_))));
    assert_eq!(brief.upsert_ref("k", || 1, |_| ()), None);
    brief.compute_ref("l", |_| Change::Put(1, ()));
    assert_eq!(brief.get_or_load_ref("m", || 1), 1);
    assert_eq!(brief.get_or_try_insert_ref("n", || Ok::<_, ()>(1)), Ok(1));
    assert_eq!((map.len(), format!("{brief:?}").contains("7s")), (13, true));
    for key in map.keys() {
        assert_eq!(map.ttl_of(&key), Some(7 * SECOND), "{key}");
    }
    map.insert(name("z"), 1);
    let declared = map.ttl_of("z");
    brief.upsert(name("z"), || 2, |value| *value = 3);
    assert!(brief.insert_if_absent(name("z"), 4).is_err());
    brief.get_or_load_with(name("z"), || 5);
    assert_eq!((map.ttl_of("z"), map.get("z")), (declared, Some(3)));
    brief.insert(name("z"), 6);
    assert_eq!((map.ttl_of("z"), map.ttl()), (Some(7 * SECOND), Some(Duration::from_hours(1))));
}

/// The age of an entry is counted by the time of the call, so what lives shortly is not taken to be old at once.
#[test]
fn short_lived_loads_are_not_loaded_at_each_read() {
    let (names, clock) = names();
    let map = names.usual();
    for ttl in [60 * SECOND, 600 * SECOND, Duration::ZERO, Duration::MAX] {
        map.clear();
        let mut loads = 0;
        for _ in 0..5 {
            map.with_ttl(ttl).get_or_load_with(name("a"), || {
                loads += 1;
                loads
            });
            clock.advance(SECOND);
        }
        assert_eq!(loads, if ttl.is_zero() { 5 } else { 1 }, "{ttl:?}");
    }
    // A longer time than the declared one is refreshed at the declared age.
    let day = map.with_ttl(Duration::from_hours(24));
    map.clear();
    assert_eq!(day.get_or_load_ref("a", || 1), 1);
    clock.advance(599 * SECOND);
    assert_eq!(day.get_or_load_ref("a", || 2), 1);
    clock.advance(SECOND);
    assert_eq!(day.get_or_load_ref("a", || 3), 3);
    assert_eq!(map.ttl_of("a"), Some(Duration::from_hours(24)));
}
