//! Allocations under a lock are bounded, for any number of entries that a call collects: a list that grows under a lock
//! may have to move all its elements.

mod common;

use allocation_counter::measure;
use common::{
    locks::{AroundHold, Watched},
    policy::{Never, Of},
};
use sharded::{
    ShardedMap,
    clock::System,
    evict::{Lru, Unbounded},
};
use std::{
    cell::Cell,
    sync::{Mutex, mpsc},
};

const ENTRIES: u64 = 100_000;
/// The most that is allocated in one hold of a lock. Each step of a call on the whole map collects 64 entries, and
/// those that share a bucket with them. All entries together take 1.6 MB.
const MOST_BYTES: u64 = 16 << 10;

thread_local! {
    /// The most bytes that were allocated in one hold of a lock.
    static WORST: Cell<u64> = const { Cell::new(0) };
}

/// Measures what is allocated while a lock is held.
enum Allocations {}

impl AroundHold for Allocations {
    fn around<R>(hold: impl FnOnce() -> R) -> R {
        let mut result = None;
        let bytes = measure(|| result = Some(hold())).bytes_total;
        WORST.set(WORST.get().max(bytes));
        result.expect("the closure has run")
    }
}

type Lock = Watched<Allocations>;

/// The table's memory comes from an arena, which the counter does not see.
type Map = ShardedMap<u64, u64, Of<Lock, Never, Unbounded, System, 1, 0>>;

fn filled() -> Map {
    let map = Map::new();
    map.extend((0..ENTRIES).map(|key| (key, key)));
    map
}

#[track_caller]
fn assert_bounded(what: &str, run: impl FnOnce()) {
    WORST.set(0);
    run();
    let worst = WORST.get();
    println!("{what}: {worst} bytes");
    assert!(worst <= MOST_BYTES, "{what}: {worst} bytes are allocated in one hold of a lock");
}

#[test]
fn calls_that_return_copies() {
    let map = filled();
    let collected = |len: usize| assert_eq!(len as u64, ENTRIES);
    assert_bounded("keys", || collected(map.keys().len()));
    assert_bounded("values", || collected(map.values().len()));
    assert_bounded("to_vec", || collected(map.to_vec().len()));
    let mut file = Vec::new();
    assert_bounded("save", || assert_eq!(map.save(&mut file).expect("a vector takes it"), ENTRIES));
    assert_bounded("restore", || assert_eq!(Map::new().restore(&file[..]).expect("it was saved").entries, ENTRIES));
}

/// Copies of entries that come while they are listed need more room than there were entries at first.
#[test]
fn copies_of_entries_that_come_meanwhile() {
    thread_local! {
        static MAP: Cell<Option<&'static Growing>> = const { Cell::new(None) };
    }
    type Growing = ShardedMap<u64, Grower, Of<Lock, Never, Unbounded, System, 2, 0>>;

    /// A value whose copy adds entries to the second shard while the first one is listed.
    struct Grower(u64);

    impl Clone for Grower {
        fn clone(&self) -> Self {
            if let Some(map) = MAP.take() {
                let later = (0..100_000).filter(|key| map.shard_of(key) == 1);
                later.take(10_000).for_each(|key| _ = map.insert(key, Grower(key)));
            }
            Grower(self.0)
        }
    }

    let map: &'static Growing = Box::leak(Box::new(Growing::new()));
    let first = (0..1000).find(|key| map.shard_of(key) == 0).expect("half of them are");
    map.insert(first, Grower(first));
    MAP.set(Some(map));
    assert_bounded("values of entries that come meanwhile", || assert_eq!(map.values().len(), 10_001));
}

#[test]
fn calls_that_take_all_out() {
    assert_bounded("drain", || assert_eq!(filled().drain().len() as u64, ENTRIES));
    assert_bounded("retain", || _ = filled().retain(|_, _| false));
    assert_bounded("clear", || filled().clear());
    assert_bounded("invalidate_all", || filled().invalidate_all());
}

#[test]
fn calls_that_take_all_out_where_someone_listens() {
    let listened = || {
        let map = filled();
        map.on_removal(|_, _, _| ()).expect("there is no listener");
        map
    };
    assert_bounded("drain, with a listener", || assert_eq!(listened().drain().len() as u64, ENTRIES));
    assert_bounded("clear, with a listener", || listened().clear());
    assert_bounded("retain, with a listener", || _ = listened().retain(|_, _| false));
    let map = filled();
    let removals = map.removals(usize::MAX).expect("there is no listener");
    assert_bounded("a channel", || map.clear());
    assert_eq!(removals.missed(), 0);
}

/// A listener that removes entries does not wait for itself, so its queue grows.
#[test]
fn the_queue_of_a_listener() {
    let map: &'static Map = Box::leak(Box::new(filled()));
    let (told, log) = mpsc::channel();
    let clears = Mutex::new(true);
    map.on_removal(move |_, _, _| {
        if std::mem::take(&mut *clears.lock().expect("nothing panics in here")) {
            map.clear();
            told.send(map.len()).expect("the test waits");
        }
    })
    .expect("there is no listener");
    assert_bounded("a listener that clears", || _ = map.remove(&0));
    assert_eq!(log.try_recv(), Ok(0));
}

#[test]
fn evictions() {
    let map = ShardedMap::<u64, u64, Of<Lock, Never, Lru, System, 1, 20_000>>::new();
    assert_bounded("evictions", || map.extend((0..ENTRIES).map(|key| (key, key))));
    assert_eq!(map.len(), 20_000);
}
