//! Code of the user that panics, at each place where it runs: the map and its indexes agree afterwards.

use crate::common::{
    counted::{Counted, Ledger},
    ignore,
};
use sharded::{Change, sharded};
use std::{
    cell::Cell,
    collections::{BTreeSet, HashMap, HashSet},
    hash::{Hash, Hasher},
    panic::{AssertUnwindSafe, catch_unwind},
};

thread_local! {
    /// The number of calls of user code until one panics, and whether all that follow do so too.
    static FUSE: Cell<Option<(u32, bool)>> = const { Cell::new(None) };
}

/// User code that may panic.
fn burn() {
    match FUSE.get() {
        None => {}
        Some((0, true)) => panic!("as planned, again and again"),
        Some((0, false)) => {
            FUSE.set(Some((u32::MAX, false)));
            panic!("as planned");
        }
        Some((left, is_lasting)) => FUSE.set(Some((left - 1, is_lasting))),
    }
}

/// Runs a call with a fuse of this length. Returns whether the fuse has burnt down.
fn with_fuse(length: u32, is_lasting: bool, call: impl FnOnce()) -> bool {
    FUSE.set(Some((length, is_lasting)));
    let _ = catch_unwind(AssertUnwindSafe(call));
    let (left, _) = FUSE.take().unwrap();
    left == 0 || left > length
}

/// A key or an index key that owns memory and burns.
#[derive(Debug)]
struct Name(Box<u32>);

fn name(number: u32) -> Name {
    Name(Box::new(number))
}

impl Clone for Name {
    fn clone(&self) -> Self {
        burn();
        Name(self.0.clone())
    }
}
impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        burn();
        self.0 == other.0
    }
}
impl Eq for Name {}
impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        burn();
        self.0.hash(state);
    }
}

#[derive(Clone, Copy, Debug)]
struct User {
    name: u32,
    group: u32,
}

fn name_of(_: &Name, user: &User) -> Name {
    burn();
    name(user.name)
}

fn group_of(_: &Name, user: &User) -> Option<Name> {
    burn();
    Some(name(user.group))
}

#[sharded(shards = 1)]
struct Store {
    #[shard(capacity = 8, evict = Lru, ttl = "1h")]
    users: HashMap<Name, User>,
    #[shard(index_of = users, key = name_of)]
    by_name: HashMap<Name, Name>,
    #[shard(index_of = users, key = group_of)]
    by_group: HashMap<Name, HashSet<Name>>,
}

/// Lookups and the map agree.
fn check(store: &Store) {
    let mut users = Vec::new();
    store.users().for_each(|key, user| users.push((*key.0, *user)));
    let names: BTreeSet<_> = users.iter().map(|(_, user)| user.name).collect();
    assert_eq!(names.len(), users.len(), "two entries have one name: {users:?}");
    for number in 0..40 {
        let key = users.iter().find(|(_, user)| user.name == number).map(|(key, _)| *key);
        assert_eq!(store.by_name().key(&name(number)).map(|key| *key.0), key, "of the name {number}");
        let keys: BTreeSet<_> = users.iter().filter(|(_, user)| user.group == number).map(|(key, _)| *key).collect();
        let found: BTreeSet<_> = store.by_group().keys(&name(number)).into_iter().map(|key| *key.0).collect();
        assert_eq!(found, keys, "of the group {number}");
    }
}

fn store() -> Store {
    let store = Store::new();
    for number in 0..6 {
        store.users().insert(name(number), User { name: 10 + number, group: number % 2 });
    }
    store
}

#[test]
fn whatever_panics() {
    let new = |number| User { name: number, group: 5 };
    let calls: Vec<(&str, Box<dyn Fn(&Store)>)> = vec![
        ("insert", Box::new(move |store| ignore(store.users().insert(name(7), new(20))))),
        (
            "insert that evicts",
            Box::new(move |store| {
                for number in 20..24 {
                    store.users().insert(name(number), new(number));
                }
            }),
        ),
        ("replace", Box::new(move |store| ignore(store.users().insert(name(1), new(20))))),
        ("replace by the same", Box::new(move |store| ignore(store.users().insert(name(1), new(11))))),
        ("try_insert", Box::new(move |store| ignore(store.users().try_insert(name(7), new(20))))),
        ("refused", Box::new(move |store| ignore(store.users().try_insert(name(7), new(12))))),
        ("upsert", Box::new(move |store| ignore(store.users().upsert(name(7), || new(20), |_| ())))),
        ("with_mut", Box::new(move |store| ignore(store.users().with_mut(&name(1), |user| *user = new(20))))),
        (
            "with_mut that panics",
            Box::new(move |store| {
                ignore(store.users().with_mut(&name(1), |user| {
                    *user = new(20);
                    burn();
                }));
            }),
        ),
        (
            "with_mut to a taken name",
            Box::new(move |store| {
                ignore(store.users().with_mut(&name(1), |user| *user = new(12)));
            }),
        ),
        ("compute", Box::new(move |store| store.users().compute(name(1), |_| Change::Put(new(20), ())))),
        ("remove", Box::new(|store| ignore(store.users().remove(&name(1))))),
        (
            "retain",
            Box::new(|store| {
                store.users().retain(|key, user| {
                    user.group += 1;
                    *key.0 != 3
                });
            }),
        ),
        ("drain", Box::new(|store| ignore(store.users().drain()))),
        ("clear", Box::new(|store| store.users().clear())),
        (
            "load",
            Box::new(move |store| {
                let _ = store.users().get_or_try_insert_with(name(7), || Ok::<_, ()>(new(20)));
            }),
        ),
        (
            "transaction",
            Box::new(move |store| {
                let keys = [1, 2, 7].map(name);
                let _ = sharded::transaction(keys.each_ref().map(|key| store.users().row(key)), |[one, two, three]| {
                    let (left, right) = (*one.get().unwrap(), *two.get().unwrap());
                    one.insert(User { name: right.name, group: 7 });
                    two.update(|user| user.name = left.name);
                    three.insert(new(20));
                    Ok::<_, ()>(())
                });
            }),
        ),
        (
            "transaction that is refused",
            Box::new(move |store| {
                let keys = [1, 2, 7].map(name);
                let made =
                    sharded::transaction(keys.each_ref().map(|key| store.users().row(key)), |[one, two, three]| {
                        let (left, right) = (*one.get().unwrap(), *two.get().unwrap());
                        one.insert(right);
                        two.insert(left);
                        three.insert(new(13));
                        Ok::<_, ()>(())
                    });
                assert!(made.is_err());
            }),
        ),
        (
            "lookups",
            Box::new(|store| {
                ignore(store.by_name().get(&name(11)));
                ignore(store.by_group().get(&name(1)));
            }),
        ),
    ];
    for (call_name, call) in &calls {
        for is_lasting in [false, true] {
            let mut length = 0;
            loop {
                let store = store();
                let has_burnt = with_fuse(length, is_lasting, || call(&store));
                let checked = catch_unwind(AssertUnwindSafe(|| check(&store)));
                assert!(checked.is_ok(), "{call_name} with a fuse of {length}, lasting: {is_lasting}");
                // The map goes on, whatever was left behind.
                store.users().insert(name(30), User { name: 30, group: 3 });
                check(&store);
                store.users().clear();
                check(&store);
                if !has_burnt {
                    break;
                }
                length += 1;
                assert!(length < 5000, "{call_name} does not end");
            }
            assert!(length > 1, "{call_name} runs no code of the user");
        }
    }
}

fn number_of(key: &Name, value: &Counted) -> Name {
    burn();
    name(u32::try_from(value.number).unwrap() + *key.0)
}

#[sharded(shards = 1)]
struct Ledgered {
    #[shard(unbounded = "a test")]
    values: HashMap<Name, Counted>,
    #[shard(index_of = values, key = number_of)]
    by_number: HashMap<Name, Name>,
}

/// Neither what a transaction was to store is lost, nor what its closure has returned.
#[test]
fn a_panic_in_a_commit_leaks_nothing() {
    for rows in 1..=3 {
        let mut length = 0;
        loop {
            let ledger = Ledger::new();
            let store = Ledgered::new();
            store.values().insert(name(0), ledger.value(10));
            let keys: Vec<Name> = (0..rows).map(name).collect();
            let change = |value: u64| {
                let rows: Vec<_> = keys.iter().map(|key| store.values().row(key)).collect();
                sharded::transaction(rows, |rows| {
                    for row in rows {
                        row.insert(ledger.value(value));
                    }
                    Ok::<_, ()>(ledger.value(0))
                })
            };
            let has_burnt = with_fuse(length, false, || ignore(change(20)));
            let mut numbers = Vec::new();
            store.values().for_each(|key, value| numbers.push((*key.0, u32::try_from(value.number).unwrap() + *key.0)));
            for (key, number) in numbers {
                assert_eq!(store.by_number().key(&name(number)).map(|key| *key.0), Some(key));
            }
            drop(store);
            assert_eq!(ledger.alive(), 0, "{rows} rows with a fuse of {length}");
            if !has_burnt {
                break;
            }
            length += 1;
        }
        assert!(length > 1, "{rows} rows run no code of the user");
    }
}

/// What a list of keys owns is counted until the list leaves, also if the last key has left and the list stays.
#[test]
fn a_panic_while_the_last_key_leaves_keeps_the_count_of_bytes() {
    let user = |number| User { name: number, group: 9 };
    let fill = |store: &Store| {
        for number in 0..3 {
            store.users().insert(name(number), user(number));
        }
    };
    let mut length = 0;
    loop {
        let store = Store::new();
        let empty = store.by_group().stats().table_bytes;
        fill(&store);
        let three = store.by_group().stats().table_bytes;
        ignore(store.users().remove(&name(1)));
        ignore(store.users().remove(&name(2)));
        let has_burnt = with_fuse(length, false, || ignore(store.users().remove(&name(0))));
        fill(&store);
        assert_eq!(store.by_group().stats().table_bytes, three, "with a fuse of {length}");
        store.users().clear();
        let left = store.by_group().stats().table_bytes;
        assert!(empty <= left && left < three, "with a fuse of {length}: {empty}, {left}, {three}");
        if !has_burnt {
            break;
        }
        length += 1;
    }
    assert!(length > 1, "it runs no code of the user");
}
