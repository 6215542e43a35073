//! Unique indexes: who has an index key, and what becomes of an entry whose index key is taken.

use crate::common::ignore;
use sharded::{Change, Store as _, TransactionError, clock::Manual, sharded};
use std::{
    cell::RefCell,
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

fn name_of(_: &u32, value: &(&'static str, u32)) -> &'static str {
    value.0
}

#[sharded(shards = 8)]
struct Users {
    #[shard(ttl = "1m")]
    users: HashMap<u32, (&'static str, u32)>,
    #[shard(index_of = users, key = name_of)]
    by_name: HashMap<&'static str, u32>,
}

fn users() -> (Users, Manual) {
    let clock = Manual::new();
    (Users::builder().clock(clock.clone()).build(), clock)
}

/// The panic of a call, which must name the index.
fn refused<T>(call: impl FnOnce() -> T) {
    let panic = catch_unwind(AssertUnwindSafe(|| ignore(call()))).unwrap_err();
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(message.contains("`by_name`"), "{message}");
}

#[test]
fn calls_that_give_the_entry_back() {
    let (store, _) = users();
    let users = store.users();
    users.insert(1, ("ada", 1));
    let back = users.try_insert(2, ("ada", 2)).unwrap_err();
    assert_eq!((back.key, back.value), (2, ("ada", 2)));
    let back = users.insert_if_absent(2, ("ada", 2)).unwrap_err();
    assert_eq!((back.key, back.value), (2, ("ada", 2)));
    let back = users.insert_many([(2, ("ada", 2)), (3, ("bob", 3)), (4, ("bob", 4))]).unwrap_err();
    assert_eq!(back.refused.iter().map(|refused| refused.key).collect::<Vec<_>>(), [2, 4]);
    assert_eq!(back.replaced, [None, None, None]);
    // Also where the key has an entry, which stays as it is.
    assert!(users.try_insert(3, ("ada", 9)).is_err());
    assert_eq!((users.get(&3), store.by_name().key("bob")), (Some(("bob", 3)), Some(3)));
    assert_eq!((users.len(), store.by_name().len()), (2, 2));
    assert_eq!(users.stats().refused, 4);
}

#[test]
fn calls_that_panic_change_nothing() {
    let (store, _) = users();
    let users = store.users();
    users.insert(1, ("ada", 1));
    users.insert(2, ("bob", 2));
    refused(|| users.insert(3, ("ada", 3)));
    refused(|| users.insert(2, ("ada", 3)));
    refused(|| users.insert_with_ttl(3, ("ada", 3), Duration::from_secs(1)));
    refused(|| users.extend([(3, ("ada", 3))]));
    refused(|| users.upsert(3, || ("ada", 3), |_| ()));
    refused(|| users.get_or_insert_with(3, || ("ada", 3)));
    refused(|| users.compute(3, |_| Change::Put(("ada", 3), ())));
    refused(|| users.compute(2, |_| Change::Put(("ada", 3), ())));
    assert_eq!((users.get(&1), users.get(&2), users.get(&3)), (Some(("ada", 1)), Some(("bob", 2)), None));
    assert_eq!((store.by_name().key("ada"), store.by_name().key("bob")), (Some(1), Some(2)));
    assert_eq!(store.by_name().len(), 2);
}

#[test]
fn a_change_in_place_to_a_taken_index_key_evicts_the_entry() {
    let (store, _) = users();
    let users = store.users();
    let mut removals = users.removals(16).unwrap();
    users.insert(1, ("ada", 1));
    for change in [
        (|store: &Users| ignore(store.users().with_mut(&2, |user| user.0 = "ada"))) as fn(&Users),
        |store| ignore(store.users().upsert(2, || unreachable!(), |user| user.0 = "ada")),
        |store| {
            store.users().compute(2, |user| {
                user.unwrap().0 = "ada";
                Change::Keep(())
            });
        },
        |store| {
            store.users().retain(|_, user| {
                user.0 = "ada";
                true
            });
        },
    ] {
        users.insert(2, ("bob", 2));
        refused(|| change(&store));
        assert_eq!((users.get(&1), users.get(&2)), (Some(("ada", 1)), None));
        assert_eq!((store.by_name().key("ada"), store.by_name().key("bob")), (Some(1), None));
        assert_eq!(store.by_name().len(), 1);
        let removal = removals.try_recv().unwrap();
        assert_eq!((removal.key, removal.cause), (2, sharded::Cause::Evicted));
    }
}

#[test]
fn a_closure_that_panics_leaves_the_entry_indexed() {
    let (store, _) = users();
    let users = store.users();
    users.insert(1, ("ada", 1));
    users.insert(2, ("bob", 2));
    let change = |key: u32, name: &'static str| {
        let changed = catch_unwind(AssertUnwindSafe(|| {
            users.with_mut(&key, |user| {
                user.0 = name;
                panic!("as planned");
            })
        }));
        assert!(changed.is_err());
    };
    change(2, "eve");
    assert_eq!((store.by_name().key("bob"), store.by_name().key("eve")), (None, Some(2)));
    change(2, "ada");
    assert_eq!((users.get(&2), store.by_name().key("ada"), store.by_name().len()), (None, Some(1), 1));
}

#[test]
fn a_load_whose_index_key_is_taken_is_not_stored() {
    let (store, _) = users();
    store.users().insert(1, ("ada", 1));
    let loaded = store.users().get_or_try_insert_with(2, || Ok::<_, ()>(("ada", 2)));
    assert_eq!((loaded, store.users().get(&2), store.by_name().key("ada")), (Ok(("ada", 2)), None, Some(1)));
}

#[test]
fn transactions_are_refused_as_a_whole() {
    let (store, _) = users();
    let users = store.users();
    users.insert(1, ("ada", 1));
    users.insert(2, ("bob", 2));
    let error = sharded::transaction((users.row(&2), users.row(&3), users.row(&4)), |(two, three, four)| {
        two.update(|user| user.0 = "eve");
        three.insert(("bob", 3));
        four.insert(("ada", 4));
        Ok::<_, std::io::Error>(())
    });
    let error = error.unwrap_err();
    assert_eq!(error.to_string(), "an index key in `by_name`, which is unique, is that of another entry");
    let TransactionError::Taken { index, values } = error else { panic!("{error:?}") };
    assert_eq!((index, *values), ("by_name", (Some(("eve", 2)), Some(("bob", 3)), Some(("ada", 4)))));
    assert_eq!(["ada", "bob", "eve"].map(|name| store.by_name().key(name)), [Some(1), Some(2), None]);
    assert_eq!((users.len(), store.by_name().len()), (2, 2));
}

#[test]
fn transactions_move_index_keys_between_entries() {
    let (store, clock) = users();
    let users = store.users();
    users.insert(1, ("ada", 1));
    users.insert(2, ("bob", 2));
    let swap = |rows: [u32; 2]| {
        sharded::transaction(rows.each_ref().map(|key| users.row(key)), |[one, two]| {
            let (left, right) = (*one.get().unwrap(), *two.get().unwrap());
            one.insert((right.0, left.1));
            two.update(|user| user.0 = left.0);
            Ok::<_, ()>(())
        })
        .unwrap();
    };
    swap([1, 2]);
    assert_eq!(["ada", "bob"].map(|name| store.by_name().key(name)), [Some(2), Some(1)]);
    swap([2, 1]);
    assert_eq!(["ada", "bob"].map(|name| store.by_name().key(name)), [Some(1), Some(2)]);
    // To an entry that is new, from one that goes, whichever row comes first.
    for (from, to, is_first) in [(1, 3, true), (3, 1, false), (1, 4, false), (4, 1, true)] {
        let rows = if is_first { [from, to] } else { [to, from] };
        sharded::transaction(rows.each_ref().map(|key| users.row(key)), |[one, two]| {
            let (gone, new) = if is_first { (one, two) } else { (two, one) };
            let user = *gone.get().unwrap();
            gone.remove();
            new.insert(user);
            Ok::<_, ()>(())
        })
        .unwrap();
        assert_eq!((store.by_name().key("ada"), store.by_name().len()), (Some(to), 2));
    }
    // Of entries that have expired.
    clock.advance(Duration::from_mins(2));
    sharded::transaction((users.row(&1), users.row(&2)), |(one, two)| {
        one.insert(("bob", 1));
        two.insert(("ada", 2));
        Ok::<_, ()>(())
    })
    .unwrap();
    assert_eq!(["ada", "bob"].map(|name| store.by_name().key(name)), [Some(2), Some(1)]);
    assert_eq!((store.by_name().len(), users.live_len()), (2, 2));
}

#[test]
fn an_expired_entry_gives_its_index_key_to_a_new_one() {
    let ways: [(&str, fn(&Users, u32)); 9] = [
        ("insert", |store, key| ignore(store.users().insert(key, ("ada", 9)))),
        ("try_insert", |store, key| ignore(store.users().try_insert(key, ("ada", 9)).unwrap())),
        ("insert_if_absent", |store, key| store.users().insert_if_absent(key, ("ada", 9)).unwrap()),
        ("upsert", |store, key| ignore(store.users().upsert(key, || ("ada", 9), |_| ()))),
        ("get_or_insert_with", |store, key| ignore(store.users().get_or_insert_with(key, || ("ada", 9)))),
        ("compute", |store, key| store.users().compute(key, |_| Change::Put(("ada", 9), ()))),
        ("load", |store, key| {
            ignore(store.users().get_or_try_insert_with(key, || Ok::<_, ()>(("ada", 9))).unwrap());
        }),
        ("transaction", |store, key| {
            sharded::transaction((store.users().row(&key),), |(row,)| {
                row.insert(("ada", 9));
                Ok::<_, ()>(())
            })
            .unwrap();
        }),
        ("with_mut", |store, key| {
            store.users().insert(key, ("bob", 9));
            store.users().with_mut(&key, |user| user.0 = "ada");
        }),
    ];
    for (name, way) in ways {
        for key in 2..40 {
            let (store, clock) = users();
            store.users().insert(1, ("ada", 1));
            clock.advance(Duration::from_mins(1));
            way(&store, key);
            assert_eq!(store.by_name().key("ada"), Some(key), "{name}");
            assert_eq!(store.users().get(&key), Some(("ada", 9)), "{name}");
            store.sweep();
            assert_eq!((store.by_name().key("ada"), store.by_name().len()), (Some(key), 1), "{name}");
        }
    }
}

#[test]
fn an_expired_entry_gives_its_index_key_inside_a_closure() {
    for key in 2..20 {
        let (store, clock) = users();
        let (other, _) = users();
        other.users().insert(1, ("x", 1));
        store.users().insert(1, ("ada", 1));
        clock.advance(Duration::from_mins(1));
        // `other` is a later store, so the nested access goes from the earlier one.
        store.users().insert(100, ("zoe", 1));
        let first = store.users().shard_of(&100);
        // What the thread itself has locked counts as there.
        if store.users().shard_of(&key) > first && store.users().shard_of(&1) != first {
            store.users().with(&100, |_| store.users().insert(key, ("ada", 9)));
            assert_eq!(store.by_name().key("ada"), Some(key));
        }
    }
}

thread_local! {
    /// What this thread does at one of the next calls of the function of the index, and at which.
    static HOOK: RefCell<Option<(u32, Box<dyn FnOnce()>)>> = const { RefCell::new(None) };
}

fn hooked_name_of(_: &u32, name: &u32) -> u32 {
    let hook = HOOK.with_borrow_mut(|hook| match hook.take()? {
        (0, run) => Some(run),
        (left, run) => {
            *hook = Some((left - 1, run));
            None
        }
    });
    if let Some(run) = hook {
        run();
    }
    *name
}

#[sharded(shards = 8)]
struct Hooked {
    #[shard(unbounded = "a test")]
    users: HashMap<u32, u32>,
    #[shard(index_of = users, key = hooked_name_of)]
    by_name: HashMap<u32, u32>,
}

/// The entry that has the index key leaves while another one asks for it: that is stored, or the panic names the index.
#[test]
fn a_refusal_names_the_index_whenever_the_index_key_becomes_free() {
    let (mut stored, mut refused) = (0, 0);
    for calls in 0..12 {
        let store = Arc::new(Hooked::new());
        let other = (2..1_000_000).find(|key| store.users().shard_of(key) != store.users().shard_of(&1)).unwrap();
        store.users().insert(1, 7);
        let free = {
            let store = Arc::clone(&store);
            move || {
                let (done, is_done) = mpsc::channel();
                thread::spawn(move || {
                    ignore(store.users().remove(&1));
                    // The receiver may have gone on.
                    let _ = done.send(());
                });
                // This thread may have the shard of the entry, for which the other one waits until the call has ended.
                ignore(is_done.recv_timeout(Duration::from_millis(50)));
            }
        };
        HOOK.set(Some((calls, Box::new(free))));
        let outcome = catch_unwind(AssertUnwindSafe(|| ignore(store.users().insert(other, 7))));
        HOOK.set(None);
        match outcome {
            Ok(()) => {
                stored += 1;
                assert_eq!(store.by_name().key(&7), Some(other));
            }
            Err(panic) => {
                refused += 1;
                let message = panic.downcast_ref::<String>().unwrap();
                assert!(message.contains("`by_name`"), "after {calls} calls: {message}");
            }
        }
    }
    assert!(stored > 0 && refused > 0, "{stored} stored and {refused} refused");
}
