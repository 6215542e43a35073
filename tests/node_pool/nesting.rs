//! Waiting for a pool inside a closure of a map or inside a loader: a call that could hang panics or fails instead,
//! also when it would not hang this time.

use super::{
    A, B, Gate,
    common::{
        ignore, panics,
        policy::{Never, Of},
    },
    futures::{block_on, poll},
    small,
};
use sharded::{
    LoadError, ShardedMap,
    evict::Unbounded,
    lock::{Lock, Mutex, Optimistic, Rcu, RwLock, Serves},
    node::{JobError, Pending, Pool, Task},
    sharded,
};
use std::{
    collections::HashMap,
    sync::{Arc, mpsc::channel},
    thread,
};

type Map<L = Mutex> = ShardedMap<u64, u64, Of<L, Never, Unbounded>>;

#[sharded(ttl = "1h", shards = 1)]
struct Shop {
    carts: HashMap<u64, u64>,
}

/// A call that waits for a pool, on a job that never began and one that has ended, and the line that it stands on.
struct Wait {
    line: u32,
    wait: fn(&Arc<Shop>, &Pool, Task<u64>),
}

macro_rules! wait {
    (|$shop:ident, $pool:ident, $task:ident| $call:expr) => {
        Wait {
            line: line!(),
            wait: |$shop, $pool, $task| {
                ignore((&$shop, &$pool, &$task));
                ignore($call);
            },
        }
    };
}

#[rustfmt::skip]
fn waits() -> Vec<Wait> {
    vec![
        wait!(|shop, pool, task| pool.on(A).run(|| 1)),
        wait!(|shop, pool, task| pool.on(A).spawn(|| 1)),
        wait!(|shop, pool, task| pool.shutdown(Pending::Finish)),
        wait!(|shop, pool, task| task.wait()),
        wait!(|shop, pool, task| block_on(pool.on(A).run_async(|| 1))),
        wait!(|shop, pool, task| pool.home_of(shop, Shop::carts, &1).run(|shop| shop.carts().get(&1))),
        wait!(|shop, pool, task| pool.home_of(shop, Shop::carts, &1).spawn(|shop| shop.carts().get(&1))),
        wait!(|shop, pool, task| block_on(pool.home_of(shop, Shop::carts, &1).run_async(|shop| shop.carts().get(&1)))),
    ]
}

/// Tries all calls inside a closure that some access runs.
fn are_refused<L: Lock + Serves<u64, u64>>(inside: fn(&Map<L>, &mut dyn FnMut()), line: u32)
where
    Map<L>: sharded::builder::BuildField<Of<L, Never, Unbounded>> + Sync,
{
    let pool = small().start().unwrap();
    let shop = Arc::new(Shop::new());
    let map = Map::<L>::new();
    map.extend([(1, 1)]);
    for Wait { line: inner, wait } in waits() {
        let task = pool.on(A).spawn(|| 1);
        let mut task = Some(task);
        let message = panics(|| inside(&map, &mut || wait(&shop, &pool, task.take().unwrap())));
        for site in [format!("{}:{inner}:", file!()), format!("entered at {}:{line}:", file!())] {
            assert!(message.contains(&site), "{message}\nlacks {site}");
        }
        // Nothing is left locked, and the pool goes on.
        assert_eq!((map.get(&1), pool.on(A).run(|| 7).unwrap()), (Some(1), 7));
    }
    // A task knows where it was handed in.
    let (mut task, handed_in) = (pool.on(A).spawn(|| 1), line!());
    let message = panics(|| inside(&map, &mut || ignore(poll(&mut task))));
    assert!(message.contains(&format!("{}:{handed_in}:", file!())), "{message}");
    assert_eq!(task.wait().unwrap(), 1);
}

#[test]
fn a_wait_inside_a_closure_panics_and_names_both_places() {
    are_refused::<Mutex>(|map, f| map.with(&1, |_| f()).unwrap(), line!());
    are_refused::<Mutex>(|map, f| map.with_mut(&1, |_| f()).unwrap(), line!());
    are_refused::<RwLock>(|map, f| map.with(&1, |_| f()).unwrap(), line!());
    are_refused::<RwLock>(|map, f| map.for_each(|_, _| f()), line!());
    are_refused::<Optimistic>(|map, f| map.with(&1, |_| f()).unwrap(), line!());
    are_refused::<Rcu>(|map, f| map.with(&1, |_| f()).unwrap(), line!());
    are_refused::<Optimistic>(|map, f| _ = map.retain(|_, _| (f(), true).1), line!());
    are_refused::<Rcu>(|map, f| _ = map.retain(|_, _| (f(), true).1), line!());
}

#[test]
fn a_job_that_needs_the_shard_of_the_closure_around_it_does_not_hang() {
    let pool = small().start().unwrap();
    let shop = Arc::new(Shop::new());
    shop.carts().insert(1, 10);
    // From a thread, from a worker, and from a job of a job.
    let nested = {
        let (shop, pool) = (Arc::clone(&shop), pool.clone());
        move || {
            shop.carts().with_mut(&1, |_| pool.home_of(&shop, Shop::carts, &1).run(|shop| shop.carts().get(&1)));
        }
    };
    let is_named = |message: &str| assert!(message.contains("from inside `Shop::carts` (shard 0)"), "{message}");
    is_named(&panics(&nested));
    let in_job = |node| {
        let (pool, nested) = (pool.clone(), nested.clone());
        move || pool.on(node).run(nested)
    };
    for result in [in_job(A)(), in_job(B)(), pool.on(A).run(in_job(A)).unwrap(), pool.on(B).run(in_job(A)).unwrap()] {
        let Err(JobError::Panicked(panic)) = result else { panic!("{result:?}") };
        is_named(panic.message().unwrap());
    }
    assert_eq!(shop.carts().get(&1), Some(10));
}

#[test]
fn a_job_may_be_tried_inside_a_closure_and_waited_for_after_it() {
    let pool = small().start().unwrap();
    let shop = Arc::new(Shop::new());
    shop.carts().insert(1, 10);
    let task = shop
        .carts()
        .with_mut(&1, |value| {
            let task = pool.home_of(&shop, Shop::carts, &1).try_run(|shop| shop.carts().get(&1)).unwrap();
            *value += 1;
            task
        })
        .unwrap();
    assert_eq!(task.wait().unwrap(), Some(11));
}

#[test]
fn what_a_closing_pool_is_asked_for_in_a_closure_runs_after_it() {
    let pool = small().start().unwrap();
    let shop = Arc::new(Shop::new());
    shop.carts().insert(1, 10);
    let (open, opened) = channel::<()>();
    let (say, began) = channel();
    let (again, store) = (pool.clone(), Arc::clone(&shop));
    let outer = pool.on(A).spawn(move || {
        say.send(()).unwrap();
        opened.recv().unwrap();
        let home = again.home_of(&store, Shop::carts, &1);
        let task = store.carts().with_mut(&1, |value| {
            let task = home.try_run(|shop| shop.carts().with_mut(&1, |value| *value += 1)).unwrap();
            assert!(!task.is_done());
            *value *= 2;
            task
        });
        assert!(task.as_ref().is_some_and(Task::is_done));
        task.unwrap().wait().unwrap()
    });
    began.recv().unwrap();
    thread::scope(|scope| {
        scope.spawn(|| pool.shutdown(Pending::Finish));
        // The only other place for a job is the queue, which takes none once the pool is closed.
        while !matches!(pool.on(B).run(|| ()), Err(JobError::Discarded)) {}
        open.send(()).unwrap();
    });
    assert_eq!((outer.wait().unwrap(), shop.carts().get(&1)), (Some(()), Some(21)));
}

#[test]
fn a_pool_that_is_dropped_inside_a_closure_is_not_waited_for() {
    let pool = small().start().unwrap();
    let shop = Arc::new(Shop::new());
    shop.carts().insert(1, 10);
    let task = shop
        .carts()
        .with_mut(&1, |value| {
            let task = pool.home_of(&shop, Shop::carts, &1).try_run(|shop| shop.carts().get(&1)).unwrap();
            *value += 1;
            drop(pool);
            task
        })
        .unwrap();
    assert_eq!(task.wait().unwrap(), Some(11), "it is finished nevertheless");
}

#[test]
fn a_pool_can_be_shut_down_by_a_job_that_its_own_jobs_wait_for() {
    let (pool, other) = (small().start().unwrap(), small().start().unwrap());
    let gate = Gate::close(pool.on(B));
    let (say, began) = channel();
    let (again, others) = (pool.clone(), other.clone());
    let task = pool.on(A).spawn(move || {
        // Queued where this job's own thread is to run it, which waits for the end of the other pool.
        let (send, waits) = channel::<Task<u64>>();
        let on_other = others.on(A).spawn(move || waits.recv().unwrap().wait().unwrap());
        send.send(again.on(A).spawn(|| 7)).unwrap();
        say.send(()).unwrap();
        others.shutdown(Pending::Finish);
        on_other.wait().unwrap()
    });
    began.recv().unwrap();
    gate.open();
    assert_eq!(task.wait().unwrap(), 7);
}

#[test]
fn a_job_that_asks_for_what_waits_for_it_fails() {
    let pool = small().start().unwrap();
    let map = Arc::new(Map::<Mutex>::new());
    let load = |map: &Map| map.get_or_try_insert_with(7, || Ok::<_, ()>(70));
    let hops: [&[_]; 4] = [&[A], &[A, B], &[B, B, A], &[A, B, A, B]];
    for hops in hops {
        fn hop(pool: &Pool, map: &Arc<Map>, hops: &[sharded::topology::NodeId]) -> Result<u64, LoadError<()>> {
            let Some((&to, rest)) = hops.split_first() else { return map.get_or_try_insert_with(7, || Ok(70)) };
            let (again, same, rest) = (pool.clone(), Arc::clone(map), rest.to_owned());
            pool.on(to).run(move || hop(&again, &same, &rest)).unwrap()
        }
        let loaded = map.get_or_try_insert_with(7, || hop(&pool, &map, hops));
        let Err(LoadError::Failed(inner)) = loaded else { panic!("{loaded:?}") };
        assert!(matches!(*inner, LoadError::Recursive));
        // By way of another key.
        let loaded = map.get_or_try_insert_with(7, || {
            map.get_or_try_insert_with(8, || hop(&pool, &map, hops)).map_err(|_| "of the other key")
        });
        let Err(LoadError::Failed(inner)) = loaded else { panic!("{loaded:?}") };
        assert_eq!(*inner, "of the other key");
        assert!(map.is_empty());
    }
    // A job that asks for it is served where nobody waits for that job.
    let task = {
        let map = Arc::clone(&map);
        pool.on(A).spawn(move || load(&map))
    };
    assert_eq!((load(&map), task.wait().unwrap()), (Ok(70), Ok(70)));
}

/// Which of the two sees the circle depends on who comes last, but one of them does.
#[test]
fn a_loader_and_a_job_that_wait_for_each_other_do_not_hang() {
    let pool = small().start().unwrap();
    for _ in 0..100 {
        let map = Arc::new(Map::<Mutex>::new());
        let loaded = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            map.get_or_try_insert_with(7, || {
                let same = Arc::clone(&map);
                let task = pool.on(A).spawn(move || same.get_or_try_insert_with(7, || Ok::<_, ()>(71)));
                thread::yield_now();
                task.wait().unwrap()
            })
        }));
        match loaded {
            Ok(result) => {
                let Err(LoadError::Failed(inner)) = result else { panic!("{result:?}") };
                assert!(matches!(*inner, LoadError::Recursive));
            }
            Err(panic) => {
                let message = super::common::message(&*panic);
                assert!(message.starts_with("a job is waited for at"), "{message}");
                assert_eq!(map.get_or_load_with(7, || 72), 71, "the job has the lead then");
            }
        }
    }
}

#[test]
fn jobs_that_wait_for_each_other_do_not_hang() {
    let pool = small().start().unwrap();
    let (send, receive) = channel::<Task<u64>>();
    let again = pool.clone();
    let first = pool.on(A).spawn(move || {
        let second = again.on(B).spawn(move || receive.recv().unwrap().wait().unwrap());
        second.wait().map_or(1, |_| 0)
    });
    send.send(first).unwrap();
    // One of the two panics, which ends both.
    assert_eq!(pool.on(A).run(|| 7).unwrap(), 7);
    assert_eq!(pool.on(B).run(|| 7).unwrap(), 7);
}

#[test]
fn a_removal_is_not_waited_for_inside_a_closure() {
    let (map, other) = (Map::<Mutex>::new(), Map::<Mutex>::new());
    let mut removals = map.removals(10).unwrap();
    other.extend([(1, 1)]);
    map.extend([(1, 1)]);
    map.remove(&1);
    let message = panics(|| other.with(&1, |_| removals.recv()));
    assert!(message.contains("a removal is waited for at"), "{message}");
    assert_eq!(removals.recv().unwrap().key, 1);
}
