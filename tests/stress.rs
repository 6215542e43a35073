//! Eight threads on one map: no update is lost, no expired entry is seen, every value is dropped once.

mod common;

use common::{
    counted::{Counted, Ledger},
    eventually, ignore,
    locks::StdRwLock,
    policy::{Jittered, Never, Of, Refreshed, Ttl, TtlIdle},
    threads::{Dice, together},
};
use sharded::{
    Change, ShardedMap,
    builder::{BuildField, FieldOptions},
    clock::{Clock, System},
    evict::{Adaptive, Lru, S3Fifo, Sieve, TinyLfu, Unbounded},
    expiry::Expires,
    lock::{Lock, Mutex, Optimistic, Rcu, RwLock, Serves},
};
use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

const THREADS: u64 = 8;

#[test]
fn no_update_is_lost() {
    const STEPS: u64 = 6000;
    fn count<L: Lock + Serves<u64, u64>>(shards: usize)
    where
        ShardedMap<u64, u64, Of<L, Never, Unbounded>>: BuildField<Of<L, Never, Unbounded>> + Sync,
    {
        let map: ShardedMap<u64, u64, Of<L, Never, Unbounded>> =
            ShardedMap::with_options(FieldOptions::new().shards(shards));
        let taken: u64 = together(THREADS, |thread| {
            let mut dice = Dice::new(thread);
            let mut taken = 0;
            for step in 0..STEPS {
                let key = dice.below(20);
                match step % 7 {
                    0 => ignore(map.upsert(key, || 1, |n| *n += 1)),
                    1 if step % 2 == 0 => ignore(map.upsert_ref(&key, || 1, |n| *n += 1)),
                    1 => map.with_or_insert(key, || 0, |n| *n += 1),
                    2 => {
                        if map.with_mut(&key, |n| *n += 1).is_none() {
                            map.upsert(key, || 1, |n| *n += 1);
                        }
                    }
                    3 => map.compute(key, |n| match n {
                        Some(n) if *n % 2 == 0 => {
                            *n += 1;
                            Change::Keep(())
                        }
                        n => Change::Put(n.map_or(1, |n| *n + 1), ()),
                    }),
                    4 => {
                        let added = sharded::transaction(map.row(&key), |row| {
                            if row.update(|n| *n += 1).is_none() {
                                row.insert(1);
                            }
                            Ok::<_, ()>(())
                        });
                        assert_eq!(added, Ok(()));
                    }
                    // All goes from one key to another, with one more.
                    5 => {
                        let others = [key, (key + 1 + dice.below(19)) % 20];
                        let moved = sharded::transaction(others.each_ref().map(|key| map.row(key)), |[from, to]| {
                            let n = from.get().copied().unwrap_or(0) + 1;
                            from.remove();
                            if to.update(|other| *other += n).is_none() {
                                to.insert(n);
                            }
                            Ok::<_, ()>(())
                        });
                        assert_eq!(moved, Ok(()));
                    }
                    // What is taken out is counted as well.
                    _ => {
                        taken += map.remove(&key).unwrap_or(0);
                        map.upsert(key, || 1, |n| *n += 1);
                    }
                }
            }
            taken
        })
        .into_iter()
        .sum();
        assert_eq!(taken + map.values().iter().sum::<u64>(), THREADS * STEPS);
        assert_eq!(map.len(), map.live_len());
    }
    for shards in [1, 4, 64] {
        count::<Mutex>(shards);
        count::<RwLock>(shards);
        count::<Optimistic>(shards);
        count::<Rcu>(shards);
        count::<StdRwLock>(shards);
    }
}

/// `init` of one call only, however many ask at once.
#[test]
fn a_value_is_made_once() {
    for round in 0..200 {
        let map: ShardedMap<u64, u64, Of<RwLock, Never, Unbounded>> = ShardedMap::new();
        let made = AtomicU64::new(0);
        let answers = together(THREADS, |_| map.get_or_insert_with(round, || made.fetch_add(1, Ordering::Relaxed) + 1));
        assert!(answers.iter().all(|&answer| answer == 1));
        assert_eq!(made.into_inner(), 1);
    }
}

/// Accounts in ascending shards, so that two and more of them can be held at once.
#[test]
fn transfers_preserve_the_sum() {
    fn sum_of<L: Lock + Serves<u64, u64>>(
        map: &ShardedMap<u64, u64, Of<L, Never, Unbounded>>,
        accounts: &[u64],
    ) -> u64 {
        let Some((first, rest)) = accounts.split_first() else { return 0 };
        // All the accounts before stay locked meanwhile: the sum is of one moment.
        map.with(first, |&money| money + sum_of(map, rest)).expect("accounts stay")
    }
    fn transfer<L: Lock + Serves<u64, u64>>()
    where
        ShardedMap<u64, u64, Of<L, Never, Unbounded>>: BuildField<Of<L, Never, Unbounded>> + Sync,
    {
        let map: ShardedMap<u64, u64, Of<L, Never, Unbounded>> = ShardedMap::new();
        let accounts: Vec<u64> = (0..16)
            .map(|shard| (0..1_000_000).find(|key| map.shard_of(key) == shard).expect("no shard is left out"))
            .collect();
        map.extend(accounts.iter().map(|&account| (account, 1000)));
        together(THREADS, |thread| {
            let mut dice = Dice::new(thread);
            for step in 0..3000 {
                if thread < 2 && step % 4 == 0 {
                    assert_eq!(sum_of(&map, &accounts), 16_000);
                    continue;
                }
                let (a, b) = (dice.below(16), dice.below(16));
                if a == b {
                    continue;
                }
                let [low, high] = [a.min(b), a.max(b)].map(|n| accounts[usize::try_from(n).expect("an index")]);
                let (amount, upwards) = (dice.below(50), a < b);
                map.with_mut(&low, |low| {
                    map.with_mut(&high, |high| {
                        let (from, to) = if upwards { (low, high) } else { (high, low) };
                        let amount = amount.min(*from);
                        *from -= amount;
                        *to += amount;
                    })
                });
            }
        });
        assert_eq!(map.values().iter().sum::<u64>(), 16_000);
    }
    transfer::<Mutex>();
    transfer::<RwLock>();
}

/// The system's clock, but one for all: what is read here can be compared with what the map has read.
#[derive(Debug, Default)]
struct OneClock;

fn now() -> u64 {
    static CLOCK: OnceLock<System> = OnceLock::new();
    CLOCK.get_or_init(System::default).nanos()
}

impl Clock for OneClock {
    const RUNS: bool = true;

    fn nanos(&self) -> u64 {
        now()
    }
}

/// After an insert has returned, its ttl from then on is more than the entry has. Whoever looks at the clock, finds
/// that time over, and then sees the value, sees what has expired.
#[test]
fn nothing_that_has_expired_is_seen() {
    nothing_expired::<RwLock, TtlIdle<TTL_MS, 15>>();
    nothing_expired::<Mutex, Jittered<TTL_MS, 30>>();
    nothing_expired::<Optimistic, Refreshed<TTL_MS, 10>>();
    nothing_expired::<Rcu, Refreshed<TTL_MS, 10>>();
}

const TTL_MS: u64 = 25;

fn nothing_expired<L, X>()
where
    L: Lock + Serves<u64, usize>,
    X: common::policy::Times,
    X::Expiry: Expires,
    ShardedMap<u64, usize, Of<L, X, Lru, OneClock, 16, 48>>: BuildField<Of<L, X, Lru, OneClock, 16, 48>> + Sync,
{
    const KEYS: u64 = 64;
    const VALUES: usize = 1 << 20;

    let map = ShardedMap::<u64, usize, Of<L, X, Lru, OneClock, 16, 48>>::new();
    let next = AtomicU64::new(0);
    // When each value was over at the latest.
    let over_at: Vec<AtomicU64> = (0..VALUES).map(|_| AtomicU64::new(u64::MAX)).collect();
    let end = now() + 800_000_000;
    let (hits, gone) = (AtomicU64::new(0), AtomicU64::new(0));
    together(THREADS, |thread| {
        let mut dice = Dice::new(thread);
        let check = |before: u64, seen: usize| {
            let over_at = over_at[seen].load(Ordering::Acquire);
            assert!(before < over_at, "seen {} ns after it was over", before - over_at);
            hits.fetch_add(1, Ordering::Relaxed);
        };
        while now() < end {
            let key = dice.below(KEYS);
            let before = now();
            match dice.below(16) {
                0 | 1 => {
                    let value = usize::try_from(next.fetch_add(1, Ordering::Relaxed)).expect("an index");
                    if value >= VALUES - 1 {
                        return;
                    }
                    let ttl = match dice.below(4) {
                        0 => {
                            map.insert(key, value);
                            TTL_MS
                        }
                        1 => {
                            let ttl = dice.below(40);
                            map.insert_with_ttl(key, value, Duration::from_millis(ttl));
                            ttl
                        }
                        number => {
                            let ttl = if number == 2 { TTL_MS } else { dice.below(40) };
                            let stored = sharded::transaction(map.row(&key), |row| {
                                if let Some(&seen) = row.get() {
                                    check(before, seen);
                                }
                                row.insert_with_ttl(value, Duration::from_millis(ttl));
                                Ok::<_, ()>(())
                            });
                            assert_eq!(stored, Ok(()));
                            ttl
                        }
                    };
                    over_at[value].store(now() + ttl * 1_000_000, Ordering::Release);
                }
                2 => map.for_each(|_, &seen| check(before, seen)),
                3 => map.get_many(&[key, (key + 1) % KEYS]).into_iter().flatten().for_each(|seen| check(before, seen)),
                4 => ignore(map.with_mut(&key, |&mut seen| check(before, seen))),
                5 => map.remove_many(&[key]).into_iter().flatten().for_each(|seen| check(before, seen)),
                6 => map.compute(key, |seen| {
                    if let Some(&mut seen) = seen {
                        check(before, seen);
                    }
                    Change::Keep(())
                }),
                7 => {
                    map.retain(|_, &mut seen| {
                        check(before, seen);
                        true
                    });
                }
                8 => {
                    // What it loads lives no longer than from the end of the call.
                    let mut loaded = None;
                    let seen = map.get_or_load_with(key, || {
                        let value = usize::try_from(next.fetch_add(1, Ordering::Relaxed)).expect("an index");
                        // The last one is never over.
                        *loaded.insert(value.min(VALUES - 1))
                    });
                    match loaded {
                        Some(value) if value < VALUES - 1 => {
                            over_at[value].store(now() + TTL_MS * 1_000_000, Ordering::Release);
                        }
                        Some(_) => return,
                        None => check(before, seen),
                    }
                }
                9 => {
                    let keys = [key, (key + 1) % KEYS, (key + 2) % KEYS];
                    let seen = sharded::observe(keys.each_ref().map(|key| map.row(key)), |rows| {
                        rows.map(|row| row.get().copied())
                    });
                    seen.into_iter().flatten().for_each(|seen| check(before, seen));
                }
                _ => match map.get(&key) {
                    Some(seen) => check(before, seen),
                    None => ignore(gone.fetch_add(1, Ordering::Relaxed)),
                },
            }
            if thread == 0 {
                std::thread::sleep(Duration::from_micros(200));
            }
        }
    });
    assert!(hits.into_inner() > 1000 && gone.into_inner() > 100, "both must happen for this to show anything");
    assert!(map.stats().expired > 100);
}

#[test]
fn every_value_is_dropped_once() {
    fn churn<L, X, E, const CAPACITY: usize>()
    where
        L: Lock + Serves<u64, Counted>,
        X: common::policy::Times,
        E: sharded::evict::MakesRoom,
        ShardedMap<u64, Counted, Of<L, X, E, System, 4, CAPACITY>>: BuildField<Of<L, X, E, System, 4, CAPACITY>> + Sync,
    {
        let ledger = Ledger::new();
        let map: ShardedMap<u64, Counted, Of<L, X, E, System, 4, CAPACITY>> = ShardedMap::new();
        together(THREADS, |thread| {
            let mut dice = Dice::new(thread);
            for step in 0..3000_u64 {
                let (key, value) = (dice.below(300), ledger.value(step));
                match dice.below(42) {
                    0 if step % 2 == 0 => map.invalidate_all(),
                    0 => ignore(map.drain()),
                    1 => map.clear(),
                    2 => {
                        map.retain(|key, value| {
                            value.number += 1;
                            key % 3 != 0
                        });
                    }
                    3 => map.shrink_to_fit(),
                    4 => ignore(map.sweep()),
                    5 => ignore(map.values()),
                    6..=15 => ignore(map.insert(key, value)),
                    16..=18 => ignore(map.insert_if_absent(key, value)),
                    19..=20 => ignore(map.try_insert(key, value)),
                    21..=23 => ignore(map.upsert(key, || value, |old| old.number += 1)),
                    24..=26 => map.compute(key, |old| match old {
                        Some(old) if old.number % 2 == 0 => Change::Remove(()),
                        _ => Change::Put(value, ()),
                    }),
                    27..=29 => ignore(map.get_or_insert_with(key, || value)),
                    30..=34 => ignore(map.remove(&key)),
                    35 => ignore(map.remove_if(&key, |value| value.number % 2 == 0)),
                    36 => ignore(map.get_many(&[key, key + 1, key + 2])),
                    37 => ignore(map.with_mut(&key, |old| *old = value)),
                    38 => {
                        let entries = (key..key + 70).map(|key| (key, ledger.value(step)));
                        if step % 2 == 0 { map.extend(entries) } else { ignore(map.insert_many(entries)) }
                    }
                    39 if step % 2 == 0 => {
                        let keys: Vec<u64> = (key..key + 70).collect();
                        ignore(map.remove_many(&keys));
                    }
                    40 | 41 => ignore(catch_unwind(AssertUnwindSafe(|| {
                        let keys = [key, (key + 1) % 300, (key + 2) % 300, (key + 3) % 300];
                        let rows: Vec<_> = keys
                            .iter()
                            .skip(usize::from(step % 2 == 0))
                            .skip(usize::from(step % 3 == 0))
                            .map(|key| map.row(key))
                            .collect();
                        ignore(sharded::transaction(rows, |rows| {
                            let mut value = Some(value);
                            for (row, what) in rows.iter_mut().zip(step / 4..) {
                                match what % 5 {
                                    0 => row.insert(ledger.value(step)),
                                    1 => ignore(row.update(|old| old.number += 1)),
                                    2 => ignore(row.or_insert_with(|| value.take().expect("there is one such row"))),
                                    3 => ignore(row.remove()),
                                    // What is staged before is not stored.
                                    _ => {
                                        row.insert(ledger.value(step));
                                        row.insert(ledger.value(step));
                                    }
                                }
                            }
                            match step / 20 % 8 {
                                0 => Err(()),
                                1 => resume_unwind(Box::new(())),
                                _ => Ok(()),
                            }
                        }));
                    }))),
                    _ => ignore(map.get(&key)),
                }
            }
        });
        // The background thread may have some in its hands just now.
        eventually("as many values as entries", || map.len() == ledger.alive());
        let stored = map.len();
        assert!(stored <= 301 && ledger.made() > 20_000);
        drop(map);
        eventually("no value is left over", || ledger.alive() == 0);
    }
    churn::<Mutex, Never, Unbounded, 0>();
    churn::<RwLock, Ttl<2>, Unbounded, 0>();
    churn::<Mutex, TtlIdle<10, 3>, Lru, 100>();
    churn::<StdRwLock, Ttl<5>, Sieve, 20>();
    churn::<RwLock, Never, Adaptive, 100>();
    churn::<Mutex, Ttl<5>, S3Fifo, 100>();
    churn::<RwLock, TtlIdle<10, 3>, TinyLfu, 100>();
}
