//! At most two background threads for all maps whose code is quick. The threads end with the last of the maps. The test
//! counts threads, so it has a process of its own.
#![cfg(target_os = "linux")]

mod common;

use common::{
    eventually,
    policy::{Never, Of, Ttl},
    threads::{Dice, together},
};
use sharded::{
    ShardedMap,
    builder::{BuildField, FieldOptions, StoreOptions},
    clock::Manual,
    evict::Unbounded,
    lock::Mutex,
};
use std::{fs, time::Duration};

type Map<X> = ShardedMap<u64, u64, Of<Mutex, X, Unbounded>>;

/// How many threads of this process are sweepers.
fn sweepers() -> usize {
    let tasks = fs::read_dir("/proc/self/task").expect("the kernel lists threads");
    tasks
        .filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok())
        .filter(|name| name.starts_with("sharded-swee"))
        .count()
}

#[test]
fn there_are_few_threads_as_long_as_there_are_maps() {
    let never: Map<Never> = ShardedMap::new();
    let by_hand: Map<Ttl<50>> = BuildField::build(&StoreOptions::new().sweep_by_hand().start(), 0, FieldOptions::new());
    let on_manual: Map<Ttl<50>> =
        BuildField::build(&StoreOptions::new().clock(Manual::new()).start(), 0, FieldOptions::new());
    never.insert(1, 1);
    by_hand.insert(1, 1);
    on_manual.insert(1, 1);
    assert_eq!(sweepers(), 0, "nothing to sweep in the background");

    let first: Map<Ttl<50>> = ShardedMap::new();
    assert_eq!(sweepers(), 0, "nothing that could expire");
    first.insert_with_ttl(1, 1, Duration::from_hours(1));
    // A thread gets its name after it has been started.
    eventually("there is a thread", || sweepers() == 1);
    let mut others: Vec<Map<Ttl<50>>> = (0..20).map(|_| ShardedMap::new()).collect();
    for map in &others {
        map.insert(1, 1);
    }
    eventually("all are swept", || others.iter().all(ShardedMap::is_empty));
    eventually("there are no more than one that waits and one to spare", || sweepers() <= 2);

    drop(first);
    others.truncate(1);
    others[0].insert(1, 1);
    eventually("the last one is swept", || others[0].is_empty());
    eventually("there are no more now either", || sweepers() <= 2);
    // An entry that would be due in a while does not keep the thread.
    others[0].insert_with_ttl(1, 1, Duration::from_hours(1));
    drop(others);
    eventually("the thread has ended", || sweepers() == 0);

    // It begins anew, however quickly maps come and go.
    together(8, |thread| {
        let mut dice = Dice::new(thread);
        for _ in 0..100 {
            let map: Map<Ttl<1>> = ShardedMap::new();
            map.insert(1, 1);
            if dice.below(25) == 0 {
                eventually("it is swept", || map.is_empty());
            }
        }
    });
    eventually("the thread has ended again", || sweepers() == 0);
    let last: Map<Ttl<50>> = ShardedMap::new();
    last.insert(1, 1);
    eventually("the last one is swept", || last.is_empty());
    drop((last, never, by_hand, on_manual));
    eventually("the thread has ended for good", || sweepers() == 0);
}
