//! What entries leave to those that replace them: their memory, and keys whose bits no reader changes.

use super::{Count, Counted, Map, join, key};
use allocation_counter::measure;
use std::thread;

/// Writes that change the entries of a map of constant size.
fn churn(map: &Map<String, u64>, writes: u64) {
    for number in 0..writes {
        map.with_mut(key_of(number), |value| *value += 1);
    }
}

/// A key that exists already, so that only the map allocates.
fn key_of(number: u64) -> &'static str {
    const KEYS: [&str; 4] = ["a key that owns its bytes: 0", "another one", "a third one, long enough", "d"];
    KEYS[(number % 4) as usize]
}

/// Entries that left lately have memory for those that come. So after the first of them nothing is allocated, as long
/// as readers leave. (The background thread gives that memory back, and other tests have readers that stay.)
#[test]
fn most_changes_allocate_nothing() {
    let map = Map::<String, u64>::new();
    (0..4).for_each(|number| _ = map.insert(key_of(number).to_owned(), number));
    churn(&map, 10_000);
    let (mut least, writes) = (u64::MAX, 2_000);
    for _ in 0..20 {
        least = least.min(measure(|| churn(&map, writes)).count_total);
    }
    assert!(least < writes / 4, "{least} allocations in {writes} changes");
}

/// One key passes through many entries, some of which a reader holds, and it is dropped with the last of them.
#[test]
fn a_key_stays_when_its_entry_is_changed() {
    let count = Count::default();
    let map = Map::<String, Counted>::new();
    for round in 0..30 {
        for number in 0..10 {
            map.insert(key(number), count.value(number));
        }
        map.with(&key(1), |held| {
            thread::scope(|scope| {
                let writer = scope.spawn(|| {
                    for number in 0..300 {
                        let value = format!("number {number}");
                        let changed = map.with_mut(&key(number % 10), |it| (it.number, it.text) = (number, value));
                        assert_eq!(changed, Some(()));
                    }
                    for number in 0..10 {
                        let last = map.remove(&key(number)).expect("its key is as it was");
                        assert_eq!(last.check() % 10, number);
                        map.insert(key(number), last);
                    }
                });
                join([writer]);
            });
            assert_eq!(held.check(), 1, "round {round}");
        });
        let mut keys = map.keys();
        keys.sort();
        assert_eq!(keys, (0..10).map(key).collect::<Vec<_>>());
        if round % 3 == 0 {
            map.clear();
        }
    }
    map.with_mut(&key(3), |it| it.check());
    // Entries that gave their keys away are in the list of the map at its end.
    drop(map);
    assert_eq!(count.get(), 0);
}

/// As above, with a key of bytes and readers that come and go.
#[test]
fn readers_compare_keys_that_were_passed_on() {
    let map = Map::<Vec<u8>, u64>::new();
    let keys: Vec<Vec<u8>> = (0..4).map(|number| key(number).into_bytes()).collect();
    for one in &keys {
        map.insert(one.clone(), 0);
    }
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for step in 0..20_000_usize {
                let one = &keys[step % keys.len()];
                if step % 7 == 0 {
                    map.remove(one);
                    map.insert(one.clone(), 1);
                } else {
                    map.with_mut(one, |value| *value += 1);
                }
            }
        });
        let reader = scope.spawn(|| {
            for step in 0..20_000_usize {
                map.with(&keys[step % keys.len()], |value| assert!(*value < 20_000));
            }
        });
        join([writer, reader]);
    });
    assert_eq!(map.len(), 4);
}
