//! What becomes of entries that have left.

use super::{
    Count, Counted, Map, Never, Unbounded,
    common::{ignore, policy::Ttl},
    join, key,
};
use sharded::{Cause, evict::Lru, sharded};
use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

/// Not within a second, which a busy machine may not keep, but without another call.
#[test]
fn the_background_thread_drops_what_has_left() {
    let count = Count::default();
    let map = Map::<String, Counted>::new();
    (0..10).for_each(|number| drop(map.insert(key(number), count.value(number))));
    (0..10).for_each(|number| drop(map.insert(key(number), count.value(number))));
    map.remove(&key(3));
    map.with_mut(&key(4), |value| value.number = 4);
    count.wait_for(9);
    let panics = || map.with_mut(&key(5), |_| panic!("it passes"));
    assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
    count.wait_for(9);
    map.clear();
    count.wait_for(0);
}

#[test]
fn a_map_drops_all_it_has() {
    let count = Count::default();
    let map = Map::<String, Counted, Ttl<3_600_000>, Lru, 2, 50>::new();
    for number in 0..1000 {
        map.insert(key(number % 70), count.value(number));
        map.remove(&key(number % 90));
    }
    drop(map);
    count.wait_for(0);
}

#[test]
fn a_sweep_drops_what_has_left() {
    let count = Count::default();
    let map = Map::<String, Counted>::new();
    map.insert(key(1), count.value(1));
    map.insert(key(1), count.value(2));
    // Readers of other tests delay it.
    let until = Instant::now() + Duration::from_mins(1);
    while count.get() != 1 {
        assert!(Instant::now() < until, "{} values", count.get());
        map.sweep();
    }
}

#[test]
fn a_listener_gets_copies() {
    let count = Count::default();
    let told = Arc::new(Mutex::new(Vec::new()));
    let map = Map::<String, Counted, super::Never, Lru, 1, 3>::new();
    map.on_removal({
        let told = Arc::clone(&told);
        move |_, value: &Counted, cause| told.lock().unwrap().push((value.check(), cause))
    })
    .expect("the first listener");
    for number in 0..4 {
        map.insert(key(number), count.value(number));
    }
    map.insert(key(3), count.value(5));
    map.remove(&key(2));
    map.clear();
    let told = told.lock().unwrap().clone();
    assert_eq!(told[..3], [(0, Cause::Evicted), (3, Cause::Replaced), (2, Cause::Removed)]);
    assert_eq!(told.len(), 5);
    drop(map);
    count.wait_for(0);
}

#[test]
fn transactions_replace_entries() {
    let count = Count::default();
    let map = Map::<String, Counted>::new();
    map.insert(key(1), count.value(1));
    map.insert(key(2), count.value(2));
    for number in 3..300 {
        let (one, two) = (key(1), key(2));
        sharded::transaction((map.row(&one), map.row(&two)), |(one, two)| -> Result<(), ()> {
            one.insert(count.value(number));
            two.update(|value| *value = count.value(number));
            Ok(())
        })
        .expect("nothing refuses it");
    }
    assert_eq!((map.with(&key(1), Counted::check), map.with(&key(2), Counted::check)), (Some(299), Some(299)));
    drop(map);
    count.wait_for(0);
}

/// Two rows of one shard change in one step, also for readers that read one after the other, and while entries that
/// have left are released.
#[test]
fn transactions_are_seen_whole() {
    let count = Count::default();
    let map = Map::<String, Counted, Never, Unbounded, 1>::new();
    let (one, two) = (key(1), key(2));
    map.insert(one.clone(), count.value(0));
    map.insert(two.clone(), count.value(0));
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let readers = [(&one, &two), (&two, &one)].map(|(first, second)| {
            scope.spawn({
                let (map, is_over) = (&map, &is_over);
                move || {
                    while !is_over.load(SeqCst) {
                        let before = map.with(first, Counted::check).expect("it is there");
                        let after = map.with(second, Counted::check).expect("it is there");
                        assert!(before <= after, "{before}, then {after}");
                        let (left, right) = sharded::observe((map.row(first), map.row(second)), |(left, right)| {
                            (left.get().map(Counted::check), right.get().map(Counted::check))
                        });
                        assert_eq!(left, right);
                    }
                }
            })
        });
        for number in 1..5000 {
            sharded::transaction((map.row(&one), map.row(&two)), |(one, two)| -> Result<(), ()> {
                one.insert(count.value(number));
                two.update(|value| *value = count.value(number));
                Ok(())
            })
            .expect("nothing refuses it");
        }
        is_over.store(true, SeqCst);
        join(readers);
    });
    drop(map);
    count.wait_for(0);
}

/// What a clone that panics leaves: neither the map nor an index has changed.
#[test]
fn an_index_survives_a_clone_that_panics() {
    #[derive(Debug, PartialEq)]
    struct Fragile {
        name: u8,
        breaks: bool,
    }
    impl Clone for Fragile {
        fn clone(&self) -> Self {
            assert!(!self.breaks, "it can't be cloned");
            Fragile { ..*self }
        }
    }
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "as an index asks for it")]
    fn name_of(_: &u8, value: &Fragile) -> u8 {
        value.name
    }
    #[sharded(lock = Rcu, shards = 1)]
    struct Store {
        #[shard(unbounded = "a test")]
        map: HashMap<u8, Fragile>,
        #[shard(index_of = map, key = name_of)]
        by_name: HashMap<u8, u8>,
    }
    let store = Store::new();
    store.map().insert(1, Fragile { name: 1, breaks: true });
    let panics = |run: &dyn Fn()| catch_unwind(AssertUnwindSafe(run)).is_err();
    assert!(panics(&|| ignore(store.map().insert(1, Fragile { name: 2, breaks: false }))));
    assert!(panics(&|| ignore(store.map().remove(&1))));
    assert!(panics(&|| store.map().with_mut(&1, |value| value.name = 3).unwrap()));
    assert_eq!((store.by_name().key(&1), store.by_name().len()), (Some(1), 1));
    // The other names are free.
    store.map().insert(2, Fragile { name: 2, breaks: false });
    store.map().insert(3, Fragile { name: 3, breaks: false });
    assert_eq!((store.by_name().key(&2), store.by_name().key(&3)), (Some(2), Some(3)));
}

#[test]
fn what_has_left_is_counted() {
    let map = Map::<u64, String>::new();
    let retired = || (map.stats().retired, map.stats().retired_bytes);
    (0..10).for_each(|number| drop(map.insert(number, "a".to_owned())));
    assert_eq!(retired(), (0, 0));
    map.with(&1, |_| {
        thread::scope(|scope| {
            let writer = scope.spawn(|| {
                (0..10).for_each(|number| drop(map.insert(number, "b".to_owned())));
                map.remove(&3);
                map.with_mut(&1, String::clear);
                sharded::transaction(map.row(&4), |row| row.update(String::clear).ok_or(())).expect("it is there");
            });
            join([writer]);
        });
        let (entries, bytes) = retired();
        assert_eq!(entries, 13, "one reader holds all that has left since");
        assert!(bytes >= entries * size_of::<(u64, String)>(), "{bytes} bytes");
    });
    let until = Instant::now() + Duration::from_mins(1);
    while retired() != (0, 0) {
        assert!(Instant::now() < until);
        map.sweep();
    }
}
