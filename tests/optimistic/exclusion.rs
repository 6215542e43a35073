//! Readers wait only for a writer that is inside, and sleep meanwhile. A panic of the writer ends the wait.

use super::{
    Map,
    common::{
        ignore, panics,
        policy::{Never, Ttl},
        threads::{Dice, together},
    },
    steps,
};
use sharded::{
    Change,
    builder::FieldOptions,
    evict::{Lru, Unbounded},
};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

/// Longer than anything takes that is not stuck.
const STUCK: Duration = Duration::from_mins(2);

/// A map with one shard and one entry.
fn one() -> Map<u64, [u64; 4], Never, Unbounded, 1> {
    let map = Map::with_options(FieldOptions::new());
    map.insert(1, [1; 4]);
    map
}

/// Runs something on another thread, which must end while this one stays where it is.
fn ends_meanwhile<R: Send>(what: &str, run: impl FnOnce() -> R + Send) -> R {
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        scope.spawn(move || sender.send(run()));
        receiver.recv_timeout(STUCK).unwrap_or_else(|_| {
            // The thread that waits for this one can't be joined.
            eprintln!("{what} waits");
            std::process::exit(101)
        })
    })
}

/// Those who look at all entries hold the lock, and readers don't need it.
#[test]
fn readers_do_not_wait_for_the_lock() {
    let map = one();
    let read = || {
        assert_eq!(map.get(&1), Some([1; 4]));
        assert_eq!((map.get(&2), map.contains_key(&1), map.with(&1, |found| found[0])), (None, true, Some(1)));
        assert_eq!(map.get_many(&[1, 2]), [Some([1; 4]), None]);
    };
    map.for_each(|_, _| ends_meanwhile("a reader beside for_each", read));
    // Nor for other readers, who hold nothing.
    map.with(&1, |_| ends_meanwhile("a reader beside a reader", read));
    map.with(&1, |_| ends_meanwhile("a writer beside a reader", || map.insert(1, [1; 4])));
}

/// Whoever waits for a writer sleeps, and then sees what was written.
#[test]
#[cfg(target_os = "linux")]
fn readers_sleep_while_a_writer_is_inside() {
    fn state(task: &std::path::Path) -> String {
        let status = std::fs::read_to_string(task.join("status")).unwrap_or_default();
        let state = status.lines().find_map(|line| line.strip_prefix("State:"));
        state.unwrap_or_default().trim().chars().take(1).collect()
    }
    type Read = fn(&Map<u64, [u64; 4], Never, Unbounded, 1>) -> Option<[u64; 4]>;
    let reads: [(&str, Read); 4] = [
        ("get", |map| map.get(&1)),
        ("with", |map| map.with(&1, |&found| found)),
        ("get_many", |map| map.get_many(&[1])[0]),
        ("contains_key", |map| map.contains_key(&1).then_some([2; 4])),
    ];
    for (what, read) in reads {
        let map = one();
        let (sender, receiver) = mpsc::channel();
        thread::scope(|scope| {
            map.with_mut(&1, |value| {
                value[0] = 2;
                let map = &map;
                let reader = scope.spawn(move || {
                    sender
                        .send(std::fs::read_link("/proc/thread-self").expect("a link to this thread"))
                        .expect("the test listens");
                    assert_eq!(read(map), Some([2; 4]), "{what}");
                });
                let task = std::path::Path::new("/proc").join(receiver.recv().expect("the reader says where it is"));
                super::common::eventually(&format!("{what} sleeps"), || state(&task) == "S");
                assert!(!reader.is_finished(), "{what} does not see half a value");
                *value = [2; 4];
            });
        });
    }
}

/// Writers that never pause can't keep readers out for ever.
#[test]
fn readers_get_on_beside_writers_that_never_stop() {
    let map = one();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for writer in 0..2 {
            let (map, is_over) = (&map, &is_over);
            scope.spawn(move || {
                let mut n = 0;
                while !is_over.load(Ordering::Relaxed) {
                    n += 1;
                    if writer == 0 {
                        map.insert(1, [n; 4]);
                    } else {
                        map.with_mut(&1, |value| *value = [n; 4]);
                    }
                }
            });
        }
        together(2, |reader| {
            let mut dice = Dice::new(reader);
            for _ in 0..4 * steps() {
                let found = match dice.below(4) {
                    0 => map.get_many(&[1])[0],
                    1 => map.with(&1, |&found| found),
                    2 => map.contains_key(&1).then_some([0; 4]),
                    _ => map.get(&1),
                };
                assert!(found.is_some_and(|found| found == [found[0]; 4]), "{found:?}");
            }
        });
        is_over.store(true, Ordering::Relaxed);
    });
}

/// A closure that panics leaves the value as it has left it; and readers need no lock, as before.
#[test]
fn a_panic_leaves_the_value_as_it_is() {
    let map = one();
    let half = |value: &mut [u64; 4], number: u64| {
        value[0] = number;
        value[1] = number;
        panic!("half way");
    };
    let check = |what: &str, number: u64, run: &dyn Fn()| {
        assert_eq!(panics(run), "half way", "{what}");
        assert_eq!(map.get(&1), Some([number, number, 1, 1]), "{what}");
        map.for_each(|_, _| ends_meanwhile(what, || assert_eq!(map.get(&1), Some([number, number, 1, 1]), "{what}")));
        map.insert(1, [1; 4]);
        assert_eq!(map.get(&1), Some([1; 4]), "{what}");
    };
    check("with_mut", 2, &|| ignore(map.with_mut(&1, |value| half(value, 2))));
    check("upsert", 3, &|| ignore(map.upsert(1, || [0; 4], |value| half(value, 3))));
    check("compute", 4, &|| {
        map.compute(1, |value| {
            half(value.expect("it is there"), 4);
            Change::Remove(())
        });
    });
    check("retain", 5, &|| {
        map.retain(|_, value| {
            half(value, 5);
            false
        });
    });
    assert_eq!(panics(|| map.upsert(2, || panic!("no value"), |_| ())), "no value");
    assert_eq!((map.get(&2), map.len()), (None, 1));
    assert_eq!(panics(|| map.with(&1, |_| panic!("in a reader"))), "in a reader");
    assert_eq!(map.get(&1), Some([1; 4]));
}

/// The same from several threads at once, while others read.
#[test]
fn panics_beside_readers() {
    let map: Map<u64, [u64; 4], Ttl<3_600_000>, Lru, 1, 100> = Map::new();
    map.extend((0..20).map(|key| (key, [0, key, key, key])));
    together(4, |thread| {
        let mut dice = Dice::new(thread);
        for step in 0..steps() {
            let key = dice.below(20);
            if thread < 2 {
                let found = map.get(&key).expect("it is always there");
                assert!(found[1..] == [key; 3], "{found:?} of {key}");
            } else {
                let outcome = catch_unwind(AssertUnwindSafe(|| {
                    map.with_mut(&key, |value| {
                        value[0] = step;
                        if step % 16 == 0 {
                            // Without the hook, which would fill the output.
                            std::panic::resume_unwind(Box::new("half way"));
                        }
                    })
                }));
                assert_eq!(outcome.is_err(), step % 16 == 0);
            }
        }
    });
    assert_eq!(map.len(), 20);
}

/// Hits and misses are exact, whoever counts them and however often a read had to be begun anew.
#[test]
fn hits_and_misses_are_exact() {
    const THREADS: u64 = 6;
    let map: Map<u64, u64, Never, Unbounded, 2> = Map::new();
    map.extend((0..100).map(|key| (key, key)));
    for _ in 0..3 {
        let before = map.stats();
        // In each round as many calls of each kind.
        let rounds = steps() / 4;
        together(THREADS, |thread| {
            let mut dice = Dice::new(thread);
            for round in 0..rounds {
                let (here, not_here) = (dice.below(100), 1000 + dice.below(100));
                assert!(map.get(&here).is_some() && map.get(&not_here).is_none());
                assert!(map.with(&here, |_| ()).is_some() && map.with(&not_here, |_| ()).is_none());
                let many = map.get_many(&[here, not_here, here, not_here + 1, not_here + 2]);
                assert_eq!(many.iter().flatten().count(), 2);
                assert!(map.with_mut(&here, |value| *value += 1).is_some());
                map.upsert(here, || 0, |value| *value += 1);
                map.compute(here, |_| Change::Keep(()));
                // These count as no access.
                assert!(map.contains_key(&here) && !map.contains_key(&not_here));
                map.insert(here, round);
                map.for_each(|_, _| ());
            }
        });
        let after = map.stats();
        assert_eq!(after.hits - before.hits, THREADS * rounds * (1 + 1 + 2 + 3));
        assert_eq!(after.misses - before.misses, THREADS * rounds * (1 + 1 + 3));
    }
}
