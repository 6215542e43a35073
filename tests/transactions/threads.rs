//! Transactions of many threads.

use crate::common::{
    ignore,
    locks::StdRwLock,
    policy::{Never, Of, Ttl},
    threads::{Dice, must_end, together},
};
use sharded::{
    ShardedMap,
    builder::{BuildField, FieldOptions, StoreOptions},
    clock::System,
    evict::{Adaptive, Unbounded},
    lock::{Lock, Mutex, Optimistic, Rcu, RwLock, Serves},
};
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

const ACCOUNTS: u64 = 32;
const EACH: u64 = 1000;

/// Money moves between accounts of two maps; at every moment there is as much of it.
fn transfers<L: Lock + Serves<u64, u64>>()
where
    ShardedMap<u64, u64, Of<L, Never, Unbounded, System, 8>>:
        BuildField<Of<L, Never, Unbounded, System, 8>> + Send + Sync,
{
    let banks = [0, 1].map(|_| ShardedMap::<u64, u64, Of<L, Never, Unbounded, System, 8>>::new());
    for bank in &banks {
        bank.extend((0..ACCOUNTS).map(|number| (number, EACH)));
    }
    let is_over = AtomicBool::new(false);
    let numbers: Vec<u64> = (0..ACCOUNTS).collect();
    let all = || banks.each_ref().map(|bank| numbers.iter().map(|number| bank.row(number)).collect::<Vec<_>>());
    together(4, |thread| {
        let mut dice = Dice::new(thread);
        if thread == 3 {
            let mut sums = 0;
            while !is_over.load(Ordering::Relaxed) || sums == 0 {
                let sum: u64 = if dice.below(2) == 0 {
                    sharded::observe(all(), |banks| banks.iter().flatten().map(|row| row.get().unwrap()).sum())
                } else {
                    sharded::transaction(all(), |banks| {
                        Ok::<_, ()>(banks.iter().flatten().map(|row| row.get().unwrap()).sum())
                    })
                    .unwrap()
                };
                assert_eq!(sum, 2 * ACCOUNTS * EACH);
                sums += 1;
            }
            return;
        }
        for _ in 0..3000 {
            let (from, to) = (dice.below(ACCOUNTS), dice.below(ACCOUNTS));
            let (giver, taker) = (&banks[usize::from(dice.below(2) == 0)], &banks[usize::from(dice.below(2) == 0)]);
            if std::ptr::eq(giver, taker) && from == to {
                continue;
            }
            let amount = dice.below(EACH / 2);
            let fails = dice.below(8) == 0;
            ignore(sharded::transaction((giver.row(&from), taker.row(&to)), |(from, to)| {
                let left = from.get().and_then(|balance| balance.checked_sub(amount)).ok_or(())?;
                from.insert(left);
                to.update(|balance| *balance += amount).ok_or(())?;
                if fails { Err(()) } else { Ok(()) }
            }));
        }
        is_over.store(true, Ordering::Relaxed);
    });
    let total: u64 = banks.iter().flat_map(|bank| numbers.iter().map(|number| bank.get(number).unwrap())).sum();
    assert_eq!(total, 2 * ACCOUNTS * EACH);
}

#[test]
fn no_money_is_lost() {
    must_end("transfers", || {
        transfers::<Mutex>();
        transfers::<RwLock>();
        transfers::<Optimistic>();
        transfers::<Rcu>();
        transfers::<StdRwLock>();
    });
}

/// A reader of single keys that has seen one change of a transaction sees all others from then on, without a lock too.
#[test]
fn who_has_seen_one_change_sees_all() {
    fn check<L: Lock + Serves<u64, u64>>()
    where
        ShardedMap<u64, u64, Of<L, Never, Unbounded, System, 8>>:
            BuildField<Of<L, Never, Unbounded, System, 8>> + Send + Sync,
    {
        let map: ShardedMap<u64, u64, Of<L, Never, Unbounded, System, 8>> = ShardedMap::new();
        let keys: Vec<u64> = (0..6).collect();
        map.extend(keys.iter().map(|&key| (key, 0)));
        let is_over = AtomicBool::new(false);
        together(3, |thread| {
            if thread == 0 {
                for turn in 1..4000 {
                    let rows: Vec<_> = keys.iter().map(|key| map.row(key)).collect();
                    sharded::transaction(rows, |rows| Ok::<_, ()>(rows.iter_mut().for_each(|row| row.insert(turn))))
                        .unwrap();
                }
                is_over.store(true, Ordering::Relaxed);
                return;
            }
            let mut dice = Dice::new(thread);
            let mut before = 0;
            while !is_over.load(Ordering::Relaxed) {
                let seen = map.get(&dice.below(6)).unwrap();
                assert!(seen >= before, "turn {before} was seen, and then {seen}");
                before = seen;
            }
        });
    }
    must_end("a reader", || {
        check::<Mutex>();
        check::<RwLock>();
        check::<Optimistic>();
        check::<Rcu>();
        check::<StdRwLock>();
    });
}

/// Transactions beside all kinds of other calls, on maps that grow, shrink, expire and evict.
#[test]
fn transactions_go_with_all_other_calls() {
    type Bounded<L> = ShardedMap<u64, u64, Of<L, Ttl<1>, Adaptive, System, 4, 100>>;
    type Growing<L> = ShardedMap<u64, u64, Of<L, Never, Unbounded, System, 4>>;
    fn check<L: Lock + Serves<u64, u64>>()
    where
        Bounded<L>: BuildField<Of<L, Ttl<1>, Adaptive, System, 4, 100>> + Send + Sync,
        Growing<L>: BuildField<Of<L, Never, Unbounded, System, 4>> + Send + Sync,
    {
        let store = StoreOptions::new().start();
        let bounded: Bounded<L> = BuildField::build(&store, 0, FieldOptions::default());
        let growing: Growing<L> = BuildField::build(&store, 1, FieldOptions::default());
        together(4, |thread| {
            let mut dice = Dice::new(thread);
            for turn in 0..2500 {
                let keys: Vec<u64> = (0..=dice.below(5)).map(|_| dice.below(1000)).collect();
                let mut keys = keys;
                keys.sort_unstable();
                keys.dedup();
                match dice.below(10) {
                    0..=5 => {
                        let [a, b] = [0, 1].map(|_| &keys);
                        let rows: (Vec<_>, Vec<_>) = (
                            a.iter().map(|key| growing.row(key)).collect(),
                            b.iter().map(|key| bounded.row(key)).collect(),
                        );
                        let grows = turn % 500 < 250;
                        sharded::transaction(rows, |(growing, bounded)| {
                            for (kept, cached) in growing.iter_mut().zip(bounded) {
                                if grows {
                                    kept.insert(turn);
                                } else {
                                    ignore(kept.remove());
                                }
                                cached.update(|value| *value += 1);
                                ignore(cached.or_insert_with(|| turn));
                            }
                            Ok::<_, ()>(())
                        })
                        .unwrap();
                    }
                    6 => ignore((growing.remove(&keys[0]), bounded.insert(keys[0], turn))),
                    7 => {
                        growing.for_each(|key, _| assert!(*key < 1000));
                        bounded.retain(|key, _| !key.is_multiple_of(7));
                    }
                    8 => ignore(growing.get_many(&keys)),
                    _ if turn % 50 == 0 => growing.clear(),
                    _ => ignore(bounded.sweep()),
                }
            }
        });
        assert!(bounded.len() <= 100);
        let mut counted = HashMap::new();
        growing.for_each(|&key, &value| ignore(counted.insert(key, value)));
        assert_eq!(counted.len(), growing.len());
        bounded.clear();
        for key in 0..200 {
            bounded.insert_with_ttl(key, key, Duration::from_hours(1));
        }
        assert_eq!(bounded.len(), 100, "every unit of the capacity is still there");
    }
    must_end("transactions beside other calls", || {
        check::<Mutex>();
        check::<RwLock>();
        check::<Optimistic>();
        check::<Rcu>();
        check::<StdRwLock>();
    });
}

type Accounts = ShardedMap<u64, u64, Of<Mutex, Never, Unbounded, System, 8>>;

/// Moves a unit of money between two random accounts.
fn move_one(accounts: &Accounts, dice: &mut Dice) {
    let from = dice.below(ACCOUNTS);
    let to = (from + 1 + dice.below(ACCOUNTS - 1)) % ACCOUNTS;
    ignore(sharded::transaction([accounts.row(&from), accounts.row(&to)], |[from, to]| {
        let left = from.get().and_then(|money| money.checked_sub(1)).ok_or(())?;
        from.insert(left);
        to.update(|money| *money += 1).ok_or(())
    }));
}

fn accounts() -> Accounts {
    let accounts = Accounts::new();
    accounts.extend((0..ACCOUNTS).map(|number| (number, EACH)));
    accounts
}

fn check_sum(accounts: &Accounts) {
    assert_eq!(accounts.values().iter().sum::<u64>(), ACCOUNTS * EACH);
}

/// Tasks that a runtime moves from one of its threads to another.
#[test]
fn tasks_make_transactions() {
    must_end("tasks", || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).build().unwrap();
        let accounts = Arc::new(accounts());
        let tasks: Vec<_> = (0..64)
            .map(|number| {
                let accounts = Arc::clone(&accounts);
                runtime.spawn(async move {
                    let mut dice = Dice::new(number);
                    for _ in 0..200 {
                        move_one(&accounts, &mut dice);
                        tokio::task::yield_now().await;
                    }
                })
            })
            .collect();
        for task in tasks {
            runtime.block_on(task).unwrap();
        }
        check_sum(&accounts);
    });
}

/// Threads that std has not started, as those of a library in C.
#[cfg(unix)]
#[test]
#[allow(unsafe_code, reason = "a thread of C")]
fn threads_of_c_make_transactions() {
    extern "C" fn run(accounts: *mut libc::c_void) -> *mut libc::c_void {
        // SAFETY: the test waits for this thread before it drops the accounts.
        let accounts = unsafe { &*accounts.cast::<Accounts>() };
        let mut dice = Dice::new(std::ptr::from_ref(&accounts).addr() as u64);
        for _ in 0..2000 {
            move_one(accounts, &mut dice);
        }
        std::ptr::null_mut()
    }

    must_end("threads of C", || {
        let accounts = accounts();
        let argument = std::ptr::from_ref(&accounts).cast_mut().cast();
        let threads = [0, 1, 2].map(|_| {
            let mut thread = std::mem::MaybeUninit::uninit();
            // SAFETY: the arguments are valid, and the thread is waited for below.
            let error = unsafe { libc::pthread_create(thread.as_mut_ptr(), std::ptr::null(), run, argument) };
            assert_eq!(error, 0);
            // SAFETY: without an error it was written.
            unsafe { thread.assume_init() }
        });
        for thread in threads {
            // SAFETY: it was created above and is waited for once.
            assert_eq!(unsafe { libc::pthread_join(thread, std::ptr::null_mut()) }, 0);
        }
        check_sum(&accounts);
    });
}
