//! Loaders that ask for keys themselves.

use super::{
    Load, Loaded, Map, Task,
    common::{ignore, panics},
};
use sharded::{
    LoadError,
    lock::{Mutex, Optimistic},
};
use std::{sync::Barrier, thread};

#[test]
fn a_loader_that_asks_for_its_own_key_gets_an_error() {
    let map = Map::<Mutex>::new();
    let mut inner = None;
    let outer: Loaded = map.get_or_try_insert_with(7, || {
        inner = Some(map.get_or_try_insert_with(7, || -> Result<u64, &'static str> { unreachable!() }));
        Ok(70)
    });
    assert_eq!((outer, inner), (Ok(70), Some(Err(LoadError::Recursive))));
    // By way of another key, and of another map.
    let other = Map::<Optimistic>::new();
    let outer: Loaded = map.get_or_try_insert_with(1, || {
        Ok(map.get_or_load_with(2, || {
            other.get_or_load_with(1, || {
                let inner: Loaded = map.get_or_try_insert_with(1, || unreachable!());
                assert_eq!(inner, Err(LoadError::Recursive));
                3
            })
        }))
    });
    assert_eq!((outer, map.get(&2), other.get(&1)), (Ok(3), Some(3), Some(3)));
    // Where it can't be an error it is a panic, and then a load that has panicked.
    let message = panics(|| map.get_or_load_with(3, || map.get_or_load_with(3, || 1)));
    assert!(message.contains("inside a loader") && message.contains(file!()), "{message}");
    assert_eq!(map.get_or_load_with(3, || 30), 30);
}

#[test]
fn a_task_that_asks_for_its_own_key_gets_an_error() {
    let map = Map::<Mutex>::new();
    let gate = Load::<()>::new();
    let recursive = async || {
        // At the first poll or at a later one.
        let first: Loaded = map.get_or_try_insert_async(7, async || unreachable!()).await;
        gate.run().await;
        let second: Loaded = map.get_or_try_insert_async(7, async || unreachable!()).await;
        // As a thread, too.
        let third: Loaded = map.get_or_try_insert_with(7, || unreachable!());
        assert_eq!(
            [first, second, third],
            [Err(LoadError::Recursive), Err(LoadError::Recursive), Err(LoadError::Recursive)]
        );
        70
    };
    let mut leader = Task::waiting(map.get_or_load_async(7, recursive));
    let waiter = Task::waiting(map.get_or_load_async(7, async || unreachable!()));
    // Nobody else is inside that loader.
    assert_eq!(map.get_or_load_with(8, || 80), 80);
    gate.end(());
    assert_eq!((leader.poll(), waiter.end(), map.get(&7)), (Some(70), 70, Some(70)));
}

#[test]
fn tasks_that_would_wait_in_a_circle_get_an_error() {
    let map = Map::<Mutex>::new();
    let gate = Load::<()>::new();
    let of_other = async |key| -> Result<u64, &'static str> {
        gate.run().await;
        match map.get_or_try_insert_async(key, async || Ok(key)).await {
            Ok(value) => Ok(value),
            Err(LoadError::Recursive) => Err("a circle"),
            Err(LoadError::Failed(error)) => Err(*error),
        }
    };
    let failed = |task: &mut Task<'_, Loaded>| task.poll().unwrap().unwrap_err().failure().copied();
    let mut one: Task<'_, Loaded> = Task::waiting(map.get_or_try_insert_async(1, || of_other(2)));
    let mut two: Task<'_, Loaded> = Task::waiting(map.get_or_try_insert_async(2, || of_other(3)));
    let mut three: Task<'_, Loaded> = Task::waiting(map.get_or_try_insert_async(3, || of_other(1)));
    for task in [&mut one, &mut two] {
        gate.end(());
        assert!(task.poll().is_none(), "it waits for the next");
    }
    gate.end(());
    assert_eq!(failed(&mut three), Some("a circle"));
    assert!(two.is_woken() && !one.is_woken());
    assert_eq!(failed(&mut two), Some("a circle"));
    assert_eq!(failed(&mut one), Some("a circle"));
    // Which is over when they are: the same wait is no circle any more.
    gate.end(());
    assert_eq!(Task::new(map.get_or_try_insert_async(3, || of_other(1))).poll(), Some(Ok(1)));
}

#[test]
fn threads_that_would_wait_in_a_circle_get_an_error() {
    let map = &Map::<Mutex>::new();
    for _ in 0..100 {
        map.clear();
        let both = Barrier::new(2);
        let load = |own: u64, other: u64| -> Loaded {
            map.get_or_try_insert_with(own, || {
                both.wait();
                match map.get_or_try_insert_with(other, || -> Result<u64, &'static str> { unreachable!() }) {
                    Err(LoadError::Recursive) => Ok(own),
                    loaded => Ok(loaded.unwrap()),
                }
            })
        };
        let (one, two) = thread::scope(|scope| {
            let one = scope.spawn(|| load(1, 2));
            let two = scope.spawn(|| load(2, 1));
            (one.join().unwrap(), two.join().unwrap())
        });
        // One of them saw the circle, the other one waited.
        assert!(one == two && (one == Ok(1) || one == Ok(2)), "{one:?} {two:?}");
    }
}

/// Two that need the same third are no circle.
#[test]
fn loaders_may_share_what_they_wait_for() {
    let map = Map::<Mutex>::new();
    let load = Load::<u64>::new();
    let third = || map.get_or_load_async(3, || load.run());
    let mut one = Task::waiting(map.get_or_load_async(1, &third));
    let mut two = Task::waiting(map.get_or_load_async(2, &third));
    load.end(30);
    assert_eq!((one.poll(), two.poll()), (Some(30), Some(30)));
    // And a task that is dropped needs nothing any more.
    let waits_for_five =
        Task::waiting(map.get_or_load_async(4, || map.get_or_load_async(5, || Load::<u64>::new().run())));
    drop(waits_for_five);
    ignore(map.get_or_load_with(5, || map.get_or_load_with(4, || 1)));
}
