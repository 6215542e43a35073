//! Random calls, against a plain model: the entries of the map, and the index that follows from them.

use crate::common::{ignore, threads::Dice};
use sharded::{Field, Store as _, TransactionError, clock::Manual, sharded};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    time::Duration,
};

/// `Copy`, so that every lock can hold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct User {
    name: u8,
    group: u8,
}

fn name_of(_: &u8, user: &User) -> Option<u8> {
    (user.name != 0).then_some(user.name)
}

fn group_of(_: &u8, user: &User) -> u16 {
    u16::from(user.group)
}

/// Calls that have random arguments.
struct Random(Dice);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0.below(limit)
    }

    fn key(&mut self) -> u8 {
        u8::try_from(self.below(24)).unwrap()
    }

    fn user(&mut self) -> User {
        User { name: u8::try_from(self.below(16)).unwrap(), group: u8::try_from(self.below(3)).unwrap() }
    }
}

/// Declares a store with this policy for the map and for the indexes, and a test of random calls.
macro_rules! models {
    ($($name:ident: [$($map:tt)*], [$($index:tt)*], $lives:expr;)*) => { $(mod $name {
        use super::*;

        #[sharded(shards = 2, snapshot)]
        pub(crate) struct Store {
            #[shard($($map)*)]
            users: HashMap<u8, User>,
            #[shard(index_of = users, key = name_of $($index)*)]
            by_name: HashMap<u8, u8>,
            #[shard(index_of = users, key = group_of $($index)*)]
            by_group: HashMap<u16, HashSet<u8>>,
        }

        fn check(store: &Store) -> BTreeMap<u8, User> {
            let (mut names, mut groups) = (BTreeMap::new(), BTreeMap::<u16, BTreeSet<u8>>::new());
            let mut users = BTreeMap::new();
            store.users().for_each(|&key, &user| {
                users.insert(key, user);
                if let Some(name) = name_of(&key, &user) {
                    assert_eq!(names.insert(name, key), None, "two entries have the name {name}");
                }
                groups.entry(group_of(&key, &user)).or_default().insert(key);
            });
            for name in 0..16 {
                let key = names.get(&name).copied();
                assert_eq!(store.by_name().key(&name), key, "of the name {name}");
                assert_eq!(store.by_name().contains(&name), key.is_some());
            }
            for group in 0..3 {
                let keys = store.by_group().keys(&group);
                let all: BTreeSet<_> = keys.iter().copied().collect();
                assert_eq!(keys.len(), all.len());
                assert_eq!(all, groups.remove(&group).unwrap_or_default(), "of the group {group}");
            }
            users
        }

        /// After a sweep, an index has nothing of an entry that is gone.
        fn check_len(store: &Store) {
            store.sweep();
            let users = check(store);
            let names = users.values().filter(|user| user.name != 0).count();
            let groups: BTreeSet<_> = users.values().map(|user| user.group).collect();
            assert_eq!((store.by_name().len(), store.by_group().len()), (names, groups.len()));
        }

        #[test]
        fn $name() {
            for seed in 1..=8 {
                let clock = Manual::new();
                let store = Store::builder().clock(clock.clone()).build();
                let mut random = Random(Dice::new(seed));
                let lives: bool = $lives;
                for _ in 0..400 {
                    step(&store, &clock, &mut random, lives);
                }
                check_len(&store);
                store.users().clear();
                assert_eq!((store.by_name().len(), store.by_group().len()), (0, 0));
            }
        }

        /// Whether another live entry has the name.
        fn is_taken(users: &BTreeMap<u8, User>, key: u8, user: User) -> bool {
            user.name != 0 && users.iter().any(|(other, has)| *other != key && has.name == user.name)
        }

        fn step(store: &Store, clock: &Manual, random: &mut Random, lives: bool) {
            let before = check(store);
            let users = store.users();
            let (key, user, other) = (random.key(), random.user(), random.key());
            match random.below(16) {
                0..=3 => match users.try_insert(key, user) {
                    Ok(replaced) => {
                        assert_eq!(replaced, before.get(&key).copied());
                        assert!(!is_taken(&before, key, user));
                        assert!(!lives || users.get(&key) == Some(user));
                    }
                    // A full map under `Reject` refuses entries, too.
                    Err(refused) => {
                        assert_eq!((refused.key, refused.value), (key, user));
                        assert!(is_taken(&before, key, user) || !lives);
                        assert_eq!(check(store), before);
                    }
                },
                4 | 5 => {
                    if !is_taken(&before, key, user) {
                        users.with_mut(&key, |value| *value = user);
                        assert!(!before.contains_key(&key) || users.get(&key) == Some(user));
                    }
                }
                6 | 7 => {
                    let removed = users.remove(&key);
                    assert_eq!(removed, before.get(&key).copied());
                }
                8 => ignore(users.remove_if(&key, |value| value.group == user.group)),
                9 => {
                    let names = [before.get(&key), before.get(&other)].map(|user| user.map(|user| user.name));
                    if let [Some(one), Some(two)] = names
                        && key != other
                    {
                        let rows = (users.row(&key), users.row(&other));
                        sharded::transaction(rows, |(left, right)| {
                            left.update(|user| user.name = two).ok_or(())?;
                            right.update(|user| user.name = one).ok_or(())
                        })
                        .unwrap();
                        assert_eq!(check(store)[&key].name, two);
                    }
                }
                10 | 11 if key != other => {
                    let fails = random.below(4) == 0;
                    let rows = (users.row(&key), users.row(&other));
                    let made = sharded::transaction(rows, |(left, right)| {
                        left.remove();
                        right.insert(user);
                        if fails { Err(()) } else { Ok(()) }
                    });
                    let after = check(store);
                    match made {
                        Ok(()) => assert!(!after.contains_key(&key) && (!lives || after[&other] == user)),
                        Err(TransactionError::Taken { index, .. }) => {
                            assert_eq!(index, "by_name");
                            let mut left = before.clone();
                            left.remove(&key);
                            assert!(is_taken(&left, other, user));
                            // Room may have been made before.
                            assert!(after.iter().all(|(key, user)| before.get(key) == Some(user)));
                            assert!(!lives || after == before);
                        }
                        Err(_) => assert_eq!(after, before),
                    }
                }
                12 => clock.advance(Duration::from_secs(random.below(12))),
                13 => {
                    users.retain(|_, user| {
                        user.group = (user.group + 1) % 3;
                        user.group != 0 || random.below(2) == 0
                    });
                }
                14 => match random.below(8) {
                    0 => users.clear(),
                    1 => users.invalidate_all(),
                    2 => ignore(users.drain()),
                    3 => ignore(store.sweep()),
                    _ => {
                        let loaded = users.get_or_try_insert_with(key, || Ok::<_, ()>(user)).unwrap();
                        assert_eq!(loaded, before.get(&key).copied().unwrap_or(user));
                    }
                },
                _ => {
                    let mut file = Vec::new();
                    sharded::snapshot::Snapshot::save(store, &mut file).unwrap();
                    let next = Store::builder().clock(clock.clone()).build();
                    sharded::snapshot::Snapshot::restore(&next, &file[..]).unwrap();
                    assert!(!lives || check(&next) == check(store));
                    check_len(&next);
                }
            }
            if Field::capacity(users).is_some() {
                assert!(users.len() <= 10);
            }
            check(store);
        }
    })* };
}

models! {
    unbounded: [unbounded = "a test"], [], true;
    mutex: [unbounded = "a test", lock = Mutex], [, lock = Mutex, shards = 1], true;
    optimistic: [unbounded = "a test", lock = Optimistic], [], true;
    ttl: [ttl = "20s"], [, shards = 8], true;
    ttl_optimistic: [ttl = "20s", lock = Optimistic], [, lock = Mutex], true;
    idle: [idle = "10s", lock = Mutex], [], true;
    rcu: [unbounded = "a test", lock = Rcu], [], true;
    rcu_ttl: [ttl = "20s", lock = Rcu], [, shards = 1], true;
    rcu_lru: [capacity = 10, evict = Lru, lock = Rcu], [], false;
    adaptive: [capacity = 10], [], false;
    lru: [capacity = 10, evict = Lru, ttl = "20s"], [], false;
    lru_optimistic: [capacity = 10, evict = Lru, lock = Optimistic], [], false;
    sieve: [capacity = 10, evict = Sieve, idle = "10s"], [], false;
    s3_fifo: [capacity = 10, evict = S3Fifo], [, lock = Mutex], false;
    tiny_lfu: [capacity = 10, evict = TinyLfu, ttl = "20s", lock = Mutex], [], false;
    reject: [capacity = 10, evict = Reject, ttl = "20s"], [], false;
    pins: [capacity = 10, evict = Lru, evictable = is_evictable], [], false;
    weighs: [capacity = 10, weight = weight_of], [], false;
}

fn is_evictable(key: &u8, _: &User) -> bool {
    key.is_multiple_of(2)
}

fn weight_of(_: &u8, user: &User) -> u32 {
    1 + u32::from(user.group == 2)
}
