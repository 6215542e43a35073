//! Lookups while other threads change the map: they miss nothing that is there throughout, and return nothing that does
//! not have the index key.

use crate::common::{
    counted::{Counted, Ledger},
    eventually, ignore,
    threads::{Dice, together},
};
use sharded::{Store as _, sharded};
use std::{
    collections::{HashMap, HashSet},
    hash::{Hash, Hasher},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Barrier,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct User {
    name: u32,
    group: u32,
}

fn name_of(_: &u32, user: &User) -> Option<u32> {
    (user.name != 0).then_some(user.name)
}

fn group_of(_: &u32, user: &User) -> u32 {
    user.group
}

/// Names and keys from here on belong to entries that stay.
const STAYS: u32 = 1000;
const ROUNDS: u32 = if cfg!(debug_assertions) { 4_000 } else { 40_000 };

macro_rules! stores {
    ($($name:ident: [$($map:tt)*], [$($index:tt)*];)*) => { $(mod $name {
        use super::*;

        #[sharded(shards = 4)]
        pub(crate) struct Store {
            #[shard(unbounded = "a test" $($map)*)]
            pub(crate) users: HashMap<u32, User>,
            #[shard(index_of = users, key = name_of $($index)*)]
            by_name: HashMap<u32, u32>,
            #[shard(index_of = users, key = group_of $($index)*)]
            by_group: HashMap<u32, HashSet<u32>>,
        }

        #[test]
        fn lookups_neither_miss_nor_lie() {
            let store = Store::new();
            for key in STAYS..STAYS + 100 {
                store.users().insert(key, User { name: key, group: 1 });
            }
            let (is_over, start) = (AtomicBool::new(false), Barrier::new(4));
            thread::scope(|scope| {
                let writers: Vec<_> = (0..2)
                    .map(|seed| {
                        let (store, start) = (&store, &start);
                        scope.spawn(move || {
                            start.wait();
                            write(store, seed);
                        })
                    })
                    .collect();
                let lookers: Vec<_> = (0..2)
                    .map(|_| {
                        scope.spawn(|| {
                            start.wait();
                            let mut round = 0;
                            while !is_over.load(Ordering::Relaxed) {
                                look(&store, round);
                                round += 1;
                            }
                        })
                    })
                    .collect();
                for writer in writers {
                    writer.join().unwrap();
                }
                is_over.store(true, Ordering::Relaxed);
                // ThreadSanitizer does not see the order that the end of the scope makes.
                for looker in lookers {
                    looker.join().unwrap();
                }
            });
            check(&store);
        }

        /// The change panics, but the value still has its index key.
        #[test]
        fn a_change_that_panics_hides_nothing() {
            let store = Store::new();
            store.users().insert(1, User { name: 1, group: 1 });
            let is_over = AtomicBool::new(false);
            thread::scope(|scope| {
                let changes = scope.spawn(|| {
                    for _ in 0..ROUNDS {
                        let change = || store.users().with_mut(&1, |_| resume_unwind(Box::new(())));
                        assert!(catch_unwind(AssertUnwindSafe(change)).is_err());
                    }
                    is_over.store(true, Ordering::Relaxed);
                });
                while !is_over.load(Ordering::Relaxed) {
                    assert_eq!(store.by_name().key(&1), Some(1));
                    assert_eq!(store.by_group().keys(&1), [1]);
                }
                changes.join().unwrap();
            });
        }

        fn write(store: &Store, seed: u64) {
            let users = store.users();
            let mut dice = Dice::new(seed);
            let mut below = |limit: u32| u32::try_from(dice.below(u64::from(limit))).unwrap();
            for _ in 0..ROUNDS {
                let (key, name, group) = (below(30), below(20), below(3));
                match below(8) {
                    0..=2 => ignore(users.try_insert(key, User { name, group })),
                    3 => ignore(users.remove(&key)),
                    4 => ignore(users.with_mut(&key, |user| user.group = group)),
                    // Entries that stay change, but not what they are looked up by, and swap what another is.
                    5 => ignore(users.with_mut(&(STAYS + below(100)), |user| user.group = 1)),
                    6 => {
                        let rows = [STAYS + below(10), STAYS + 10 + below(10)];
                        sharded::transaction(rows.each_ref().map(|key| users.row(key)), |[one, two]| {
                            let (left, right) = (*one.get().unwrap(), *two.get().unwrap());
                            one.insert(User { name: right.name, ..left });
                            two.insert(User { name: left.name, ..right });
                            Ok::<_, ()>(())
                        })
                        .unwrap();
                    }
                    _ => {
                        let other = below(30);
                        if key != other {
                            let _ = sharded::transaction((users.row(&key), users.row(&other)), |(one, two)| {
                                one.remove();
                                two.insert(User { name, group });
                                if group == 0 { Err(()) } else { Ok(()) }
                            });
                        }
                    }
                }
            }
        }

        fn look(store: &Store, round: u32) {
            // The names of the first twenty move from one entry to another, but each always has one.
            let name = STAYS + round % 100;
            let found = store.by_name().with(&name, |key, user| (*key, user.name));
            let (key, has) = found.unwrap_or_else(|| panic!("the name {name} is missed"));
            assert_eq!(has, name);
            assert!(key == name || (name < STAYS + 20 && (STAYS..STAYS + 20).contains(&key)));
            let name = 1 + round % 19;
            assert!(store.by_name().get(&name).is_none_or(|user| user.name == name));
            if round % 16 == 0 {
                let keys: HashSet<_> = store.by_group().keys(&1).into_iter().collect();
                assert!((STAYS..STAYS + 100).all(|key| keys.contains(&key)), "a key is missed");
                store.by_group().for_each(&2, |_, user| assert_eq!(user.group, 2));
            }
        }

        /// Nothing is in an index but what is in the map.
        fn check(store: &Store) {
            let (mut names, mut groups) = (HashMap::new(), HashMap::<u32, HashSet<u32>>::new());
            store.users().for_each(|key, user| {
                if user.name != 0 {
                    assert_eq!(names.insert(user.name, *key), None, "two entries have one name");
                }
                groups.entry(user.group).or_default().insert(*key);
            });
            for (name, key) in &names {
                assert_eq!(store.by_name().key(name), Some(*key));
            }
            for (group, keys) in &groups {
                assert_eq!(store.by_group().keys(group).into_iter().collect::<HashSet<_>>(), *keys);
            }
            assert_eq!((store.by_name().len(), store.by_group().len()), (names.len(), groups.len()));
            store.clear();
            assert!(store.by_name().is_empty() && store.by_group().is_empty());
        }
    })* };
}

stores! {
    mutex: [, lock = Mutex], [, lock = Mutex];
    rwlock: [, lock = RwLock], [];
    optimistic: [, lock = Optimistic], [, shards = 1];
    rcu: [, lock = Rcu], [];
}

/// At most one of the threads that ask for a name at once gets it.
#[test]
fn an_index_key_has_one_holder() {
    for round in 0..200 {
        let store = rwlock::Store::new();
        let start = Barrier::new(4);
        let won: usize = thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|key| {
                    let (store, start) = (&store, &start);
                    scope.spawn(move || {
                        start.wait();
                        usize::from(store.users().try_insert(key, User { name: 1 + round % 7, group: 0 }).is_ok())
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!((won, store.users().len()), (1, 1));
    }
}

/// A key or an index key that is counted.
#[derive(Clone, Debug)]
struct Name(Counted);

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.0.number == other.0.number
    }
}
impl Eq for Name {}
impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.number.hash(state);
    }
}

fn number_of(_: &Name, value: &Counted) -> Name {
    Name(value.clone())
}

fn remainder_of(_: &Name, value: &Counted) -> Option<Name> {
    let mut remainder = value.clone();
    remainder.number %= 7;
    (remainder.number > 0).then_some(Name(remainder))
}

#[sharded(shards = 4)]
struct Numbers {
    #[shard(capacity = 100, evict = Lru, ttl = "5ms")]
    counted: HashMap<Name, Counted>,
    #[shard(index_of = counted, key = number_of)]
    by_number: HashMap<Name, Name>,
    #[shard(index_of = counted, key = remainder_of)]
    by_remainder: HashMap<Name, HashSet<Name>>,
}

/// Whatever becomes of an entry: neither it nor what the indexes have of it is lost or dropped twice.
#[test]
fn every_index_key_is_dropped_once() {
    const STEPS: u64 = if cfg!(debug_assertions) { 2_000 } else { 20_000 };
    let (ledger, store) = (Ledger::new(), Numbers::new());
    let fresh = AtomicU64::new(1000);
    together(8, |thread| {
        let (numbers, mut dice) = (store.counted(), Dice::new(thread));
        let name = |number| Name(ledger.value(number));
        for step in 0..STEPS {
            let (key, other, value) = (dice.below(300), dice.below(300), ledger.value(dice.below(400)));
            // No other entry has it, so a change in place is not refused.
            let free = fresh.fetch_add(1, Ordering::Relaxed);
            match dice.below(20) {
                0..8 => ignore(numbers.try_insert(name(key), value)),
                8 | 9 => ignore(numbers.with_mut(&name(key), |value| value.number = free)),
                10 => ignore(numbers.remove(&name(key))),
                11 => ignore(numbers.insert_many((key..key + 40).map(|key| (name(key), ledger.value(key))))),
                12 | 13 if key != other => {
                    let keys = [name(key), name(other)];
                    ignore(sharded::transaction(keys.each_ref().map(|key| numbers.row(key)), |[one, two]| {
                        let numbers = [&*one, &*two].map(|row| row.get().map(|value| value.number));
                        if let [Some(left), Some(right)] = numbers {
                            one.update(|value| value.number = right);
                            two.update(|value| value.number = left);
                        } else {
                            one.insert(value);
                            two.remove();
                        }
                        if step % 4 == 0 { Err(()) } else { Ok(()) }
                    }));
                }
                14 => {
                    let keys = [name(key), name((key + 1) % 300)];
                    ignore(numbers.remove_many(&keys));
                }
                15 if step % 16 == 0 => match step / 16 % 5 {
                    0 => numbers.clear(),
                    1 => ignore(numbers.drain()),
                    2 => numbers.invalidate_all(),
                    3 => {
                        numbers.retain(|key, _| !key.0.number.is_multiple_of(3));
                    }
                    _ => numbers.shrink_to_fit(),
                },
                16 => ignore(store.sweep()),
                17 => ignore(store.by_number().get(&name(key))),
                18 => ignore(store.by_remainder().keys(&name(key % 7))),
                _ => store.by_remainder().for_each(&name(key % 7), |_, value| assert_eq!(value.number % 7, key % 7)),
            }
        }
    });
    assert!(store.counted().len() <= 100 && ledger.made() > 10_000);
    store.clear();
    eventually("indexes of an empty map are empty", || {
        store.counted().is_empty() && store.by_number().is_empty() && store.by_remainder().is_empty()
    });
    drop(store);
    eventually("no value is left over", || ledger.alive() == 0);
}
