//! Children of `fork`, made while threads of the parent sleep in the library: what is promised for the child holds. Tried in many children.
#![cfg(unix)]
#![allow(unsafe_code, reason = "there is no safe way to fork")]

mod common;

use common::policy::{Of, Ttl};
use sharded::{
    ShardedMap,
    builder::FieldOptions,
    clock::System,
    evict::Unbounded,
    lock::Mutex,
    node::{JobError, Pending, Pool, Task},
    topology::{Node, NodeId, Topology},
};
use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::pin,
    sync::{Mutex as StdMutex, PoisonError, mpsc::channel},
    task::{Context, Poll, Waker},
    thread,
    time::{Duration, Instant},
};

/// How often each is tried.
const CHILDREN: usize = 20;
/// How a child ends that did what it should.
const DONE: i32 = 42;

type Map<const TTL_MS: u64> = ShardedMap<u64, u64, Of<Mutex, Ttl<TTL_MS>, Unbounded, System, 16>>;
const HOUR: u64 = 3_600_000;

/// Runs something in children, all at once, each of which is to end.
fn in_children(what: &str, run: impl Fn()) {
    let children: Vec<libc::pid_t> = (0..CHILDREN)
        .map(|_| {
            // SAFETY: the child is a copy of this thread alone. No other thread of this program holds a lock that the child takes: one
            // test runs at a time, the threads that it has made sleep, and the C library sees to the allocator.
            let child = unsafe { libc::fork() };
            assert!(child >= 0, "there is no child: {}", std::io::Error::last_os_error());
            if child == 0 {
                let status = if catch_unwind(AssertUnwindSafe(&run)).is_ok() { DONE } else { 1 };
                // SAFETY: it ends the child, without what the parent is to do at its own end.
                unsafe { libc::_exit(status) };
            }
            child
        })
        .collect();
    let until = Instant::now() + Duration::from_mins(1);
    let ends: Vec<String> = children.into_iter().filter_map(|child| fault_of(child, until)).collect();
    assert!(ends.is_empty(), "{what}: {} of {CHILDREN} children failed: {ends:?}", ends.len());
}

/// Waits for a child, and kills one that does not end. Answers what went wrong.
fn fault_of(child: libc::pid_t, until: Instant) -> Option<String> {
    let mut status = 0;
    loop {
        // SAFETY: it is this process's own child, for which nobody else waits.
        if unsafe { libc::waitpid(child, &raw mut status, libc::WNOHANG) } == child {
            let is_done = libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == DONE;
            return (!is_done).then(|| format!("status {status:#x}"));
        }
        if Instant::now() > until {
            // SAFETY: as above, and it has not ended.
            unsafe {
                libc::kill(child, libc::SIGKILL);
                libc::waitpid(child, &raw mut status, 0);
            }
            return Some("it did not end".to_owned());
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// As `eventually`, in a child, where a panic must not print.
fn soon(holds: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !holds() {
        if Instant::now() > until {
            resume_unwind(Box::new("not in time"));
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// Threads that get in each other's way in one shard.
fn hammer<const TTL_MS: u64>(map: &Map<TTL_MS>) {
    thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || {
                for n in 0..1000 {
                    let key = (n * 7 + thread) % 100;
                    map.insert_with_ttl(key, n, Duration::from_millis(1 + 5 * (n % 40)));
                    map.with_mut(&key, |value| {
                        *value += 1;
                        if n % 16 == 0 {
                            thread::yield_now();
                        }
                    });
                }
            });
        }
    });
}

/// Tests that fork run one at a time.
fn alone() -> impl Drop {
    static ALONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn children_use_maps_and_sweep_them() {
    let _alone = alone();
    let map: Map<HOUR> = ShardedMap::with_options(FieldOptions::new().shards(1));
    map.extend((0..100).map(|key| (key, key)));
    let due: Map<300> = ShardedMap::new();
    due.extend((0..100).map(|key| (key, key)));
    // The thread sleeps by then, most probably; otherwise the test shows less.
    thread::sleep(Duration::from_millis(50));

    in_children("what was there is used", || {
        map.extend((0..100).map(|key| (key, key + 1)));
        assert_eq!(map.get(&7), Some(8));
    });
    in_children("what is built is swept", || {
        let other: Map<30> = ShardedMap::new();
        other.extend((0..100).map(|key| (key, key)));
        soon(|| other.is_empty());
    });
    in_children("an entry that is due earlier starts the thread", || {
        map.insert_with_ttl(1, 1, Duration::from_millis(20));
        soon(|| map.len() == 99);
    });
    in_children("a sweep by hand starts the thread", || {
        due.sweep();
        due.insert(1, 1);
        soon(|| due.is_empty());
    });
    in_children("threads use what was there and what is built, by turns", || {
        for _ in 0..3 {
            hammer(&map);
            let other: Map<30> = ShardedMap::with_options(FieldOptions::new().shards(1));
            hammer(&other);
            soon(|| other.is_empty());
        }
    });
}

const NODE: NodeId = NodeId::new(0);

/// A pool with one worker and room for one job.
fn small() -> Pool {
    let cpus: Vec<u32> = Topology::current().nodes().iter().flat_map(|node| node.cpus().to_vec()).collect();
    let topology = Topology::new([Node::new(NODE, cpus, 1 << 30)]);
    Pool::builder().topology(topology).threads_per_node(1).queue(1).start().unwrap()
}

#[track_caller]
fn is_forked<R>(result: &Result<R, JobError>) {
    assert!(matches!(result, Err(JobError::Forked)));
}

fn poll<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// What a child does with a pool of its parent, and with one of its own.
fn use_pools(pool: Pool) {
    let at = pool.on(NODE);
    is_forked(&at.run(|| 1));
    is_forked(&at.spawn(|| 1).wait());
    is_forked(&at.try_run(|| 1).unwrap().wait());
    is_forked(&poll(at.run_async(|| 1)).unwrap());
    is_forked(&poll(at.spawn(|| 1)).unwrap());
    pool.shutdown(Pending::Finish);
    let again = pool.clone();
    drop((pool, again));
    for round in 0..3 {
        let own = small();
        let inner = own.clone();
        let nested = own.on(NODE).run(move || inner.on(NODE).run(move || round).unwrap());
        assert_eq!(nested.unwrap(), round);
    }
}

#[test]
fn a_pool_stays_with_the_process_that_has_started_it() {
    let _alone = alone();
    // Where its worker sleeps.
    let idle = small();
    idle.on(NODE).run(|| ()).unwrap();
    in_children("the pool is idle", || use_pools(idle.clone()));
    let last = StdMutex::new(Some(small()));
    in_children("the last clone is dropped", || use_pools(last.lock().unwrap().take().unwrap()));
    // Where it has ended.
    let ended = small();
    ended.shutdown(Pending::Finish);
    in_children("the pool has ended", || use_pools(ended.clone()));
    // Where it is busy, a job is queued, and others wait for room and for results.
    let busy = small();
    let (open, opened) = channel::<()>();
    let (say, began) = channel();
    let held = busy.on(NODE).spawn(move || (say.send(()), opened.recv()).1.is_ok());
    began.recv().unwrap();
    let mut queued = busy.on(NODE).spawn(|| 1);
    assert!(poll(&mut queued).is_none());
    let mut waits = busy.on(NODE).run_async(|| 2);
    assert!(poll(&mut waits).is_none());
    let tasks = StdMutex::new(Some((held, queued, waits)));
    thread::scope(|scope| {
        let room = scope.spawn(|| busy.on(NODE).run(|| 3).unwrap());
        thread::sleep(Duration::from_millis(50));
        in_children("the pool is busy", || {
            let (held, queued, mut waits) = tasks.lock().unwrap().take().unwrap();
            assert!(held.is_done() && queued.is_done());
            is_forked(&held.wait());
            is_forked(&queued.wait());
            is_forked(&poll(&mut waits).unwrap());
            drop(waits);
            use_pools(busy.clone());
        });
        // The parent's goes on.
        open.send(()).unwrap();
        assert_eq!(room.join().unwrap(), 3);
    });
    let (held, queued, mut waits) = tasks.into_inner().unwrap().unwrap();
    assert_eq!((held.wait().unwrap(), queued.wait().unwrap()), (true, 1));
    let waits = loop {
        if let Some(result) = poll(&mut waits) {
            break result;
        }
        thread::yield_now();
    };
    assert_eq!(waits.unwrap(), 2);
}

#[test]
fn a_job_may_fork() {
    let _alone = alone();
    let (pool, again) = (small(), small());
    let inner = pool.clone();
    let task: Task<()> = pool.on(NODE).spawn(move || {
        in_children("its worker is the child", || {
            use_pools(inner.clone());
            use_pools(again.clone());
        });
    });
    task.wait().unwrap();
}
