//! Children of `fork`, made while threads of the parent sleep in the library: the promises for the child hold. Tried in
//! many children.
#![cfg(unix)]
#![allow(unsafe_code, reason = "there is no safe way to fork")]

mod common;

use common::policy::{Of, Ttl};
use sharded::{
    LoadError, ShardedMap,
    builder::{BuildField, FieldOptions},
    clock::System,
    evict::Unbounded,
    lock::{Lock, Mutex, Optimistic, Rcu, RwLock, Serves},
    node::{JobError, Pending, Pool, Task},
    topology::{Node, NodeId, Topology},
};
use std::{
    panic::{self, AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::pin,
    process,
    sync::{
        Arc, Mutex as StdMutex, PoisonError,
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc::channel,
    },
    task::{Context, Poll, Wake, Waker},
    thread,
    time::{Duration, Instant},
};

/// How often each is tried.
const CHILDREN: usize = 20;
/// How a child ends that did what it should.
const DONE: i32 = 42;

type Map<const TTL_MS: u64, L = Mutex> = ShardedMap<u64, u64, Of<L, Ttl<TTL_MS>, Unbounded, System, 16>>;
const HOUR: u64 = 3_600_000;

/// Runs something in children, all at once, each of which is to end.
fn in_children(what: &str, run: impl Fn()) {
    let children: Vec<libc::pid_t> = (0..CHILDREN)
        .map(|_| {
            // SAFETY: the child is a copy of this thread alone. No other thread of this program holds a lock that the
            // child takes: one test runs at a time, the threads that it has made sleep, and the C library sees to the
            // allocator.
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
    let until = Instant::now() + Duration::from_mins(10);
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
    let until = Instant::now() + Duration::from_mins(2);
    while !holds() {
        if Instant::now() > until {
            resume_unwind(Box::new("not in time"));
        }
        thread::sleep(Duration::from_millis(5));
    }
}

fn hammer<const TTL_MS: u64>(map: &Map<TTL_MS>) {
    hammer_by(map, 4);
}

/// Threads that get in each other's way in one shard.
fn hammer_by<const TTL_MS: u64, L: Lock + Serves<u64, u64>>(map: &Map<TTL_MS, L>, threads: u64)
where
    Map<TTL_MS, L>: Sync,
{
    thread::scope(|scope| {
        for thread in 0..threads {
            scope.spawn(move || {
                for n in 0..4000 / threads {
                    let key = (n * 7 + thread) % 100;
                    map.insert_with_ttl(key, n, Duration::from_millis(1 + 5 * (n % 40)));
                    map.with_mut(&key, |value| {
                        *value += 1;
                        if n % 64 == 0 {
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
        // Dropped if a check fails, so that the threads end.
        let open = open;
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

/// In the children, threads use another map with this lock, while threads of the parent wait for a shard of one.
fn while_threads_wait_for_a_shard<L: Lock + Serves<u64, u64>>(what: &str)
where
    Map<HOUR, L>: BuildField<Of<L, Ttl<HOUR>, Unbounded, System, 16>> + Sync,
{
    let build = || Map::<HOUR, L>::with_options(FieldOptions::new().shards(1));
    let (held, before) = (build(), build());
    held.extend((0..100).map(|key| (key, key)));
    before.extend((0..100).map(|key| (key, key)));
    let (open, opened) = channel::<()>();
    let (say, began) = channel();
    thread::scope(|scope| {
        // Dropped if a check fails, so that the threads end.
        let open = open;
        let held = &held;
        scope.spawn(move || held.with_mut(&1, |_| (say.send(()), opened.recv()).1.is_ok()));
        began.recv().unwrap();
        for key in 0..8 {
            scope.spawn(move || held.with(&key, |value| *value));
            scope.spawn(move || held.insert(key, key));
        }
        thread::sleep(Duration::from_millis(100));
        in_children(what, || {
            for _ in 0..3 {
                // More threads than the parent has, so that they take the places of those that are not there.
                hammer_by(&before, 64);
                let after = build();
                hammer_by(&after, 64);
                assert_eq!(after.insert(1000, 1), None);
            }
        });
        open.send(()).unwrap();
    });
    assert_eq!(held.get(&7), Some(7));
}

#[test]
fn children_go_on_while_threads_of_the_parent_wait_for_a_shard() {
    let _alone = alone();
    while_threads_wait_for_a_shard::<Mutex>("Mutex");
    while_threads_wait_for_a_shard::<RwLock>("RwLock");
    while_threads_wait_for_a_shard::<Optimistic>("Optimistic");
    while_threads_wait_for_a_shard::<Rcu>("Rcu");
}

/// A thread of the parent reads an entry, which the child does not have to wait for.
#[test]
fn children_write_to_what_the_parent_reads() {
    let _alone = alone();
    let map = Map::<HOUR, Rcu>::with_options(FieldOptions::new().shards(1));
    map.extend((0..100).map(|key| (key, key)));
    let (open, opened) = channel::<()>();
    let (say, began) = channel();
    thread::scope(|scope| {
        // Dropped if a check fails, so that the threads end.
        let open = open;
        let map = &map;
        scope.spawn(move || map.with(&1, |_| (say.send(()), opened.recv()).1.is_ok()));
        began.recv().unwrap();
        in_children("they read and write", || {
            // More than may wait for a reader.
            for n in 0..5000 {
                map.insert(n % 100, n);
                assert_eq!(map.get(&(n % 100)), Some(n));
            }
            hammer_by(map, 4);
            map.sweep();
            assert_eq!(map.stats().retired, 0);
            map.clear();
        });
        in_children("the background thread drops what has left", || {
            map.insert(1, 1);
            soon(|| map.stats().retired == 0);
        });
        open.send(()).unwrap();
    });
}

#[test]
fn children_load_what_the_parent_loads() {
    let _alone = alone();
    let map: Map<HOUR> = ShardedMap::new();
    let (open, opened) = channel::<()>();
    let (say, began) = channel();
    thread::scope(|scope| {
        // Dropped if a check fails, so that the threads end.
        let open = open;
        let map = &map;
        let leader =
            scope.spawn(move || map.get_or_load_with(1, || (say.send(()), opened.recv()).1.map_or(0, |()| 10)));
        began.recv().unwrap();
        let waiters: Vec<_> = (0..3).map(|_| scope.spawn(move || map.get_or_load_with(1, || unreachable!()))).collect();
        thread::sleep(Duration::from_millis(50));
        in_children("the key is loaded anew", || {
            let fails: Result<u64, _> = map.get_or_try_insert_with(1, || Err(()));
            assert!(fails.is_err());
            let loaded = thread::scope(|scope| {
                let threads: Vec<_> = (0..4).map(|n| scope.spawn(move || map.get_or_load_with(1, || n))).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
            });
            assert!(loaded.iter().all(|&value| Some(value) == map.get(&1)));
        });
        in_children("a load that is taken over panics", || {
            assert!(catch_unwind(AssertUnwindSafe(|| map.get_or_load_with(1, || resume_unwind(Box::new(0))))).is_err());
            assert_eq!(map.get_or_load_with(1, || 11), 11);
        });
        open.send(()).unwrap();
        assert!(leader.join().unwrap() == 10 && waiters.into_iter().all(|waiter| waiter.join().unwrap() == 10));
    });
}

#[test]
fn children_remove_while_the_parent_is_told() {
    let _alone = alone();
    let (heard, told): (Map<HOUR>, Map<HOUR>) = (ShardedMap::new(), ShardedMap::new());
    let mut removals = heard.removals(100).unwrap();
    let calls = Arc::new(AtomicUsize::new(0));
    let (open, opened) = channel::<()>();
    let (say, began) = channel();
    let opened = StdMutex::new(Some(opened));
    let count = Arc::clone(&calls);
    let listener = move |_: &u64, _: &u64, _| {
        count.fetch_add(1, SeqCst);
        // The first call takes long, and its thread is not in the children.
        if let Ok(mut opened) = opened.try_lock()
            && let Some(opened) = opened.take()
        {
            say.send(()).unwrap();
            let _ = opened.recv();
        }
    };
    assert!(told.on_removal(listener).is_ok());
    heard.extend((0..5000).map(|key| (key, key)));
    told.extend((0..5000).map(|key| (key, key)));
    thread::scope(|scope| {
        // Dropped if a check fails, so that the threads end.
        let open = open;
        let receiver = scope.spawn(move || removals.recv().unwrap().key);
        let told = &told;
        scope.spawn(move || told.remove(&0));
        began.recv().unwrap();
        thread::sleep(Duration::from_millis(50));
        in_children("removals", || {
            for key in 1..5000 {
                assert_eq!((heard.remove(&key), told.remove(&key)), (Some(key), Some(key)));
            }
            assert_eq!(calls.load(SeqCst), 5000, "the listener is called in the child");
            told.sweep();
            heard.sweep();
        });
        open.send(()).unwrap();
        heard.remove(&7);
        assert_eq!(receiver.join().unwrap(), 7);
    });
}

/// In the child, the thread that has forked is inside the listener or the loader still.
#[test]
fn a_listener_may_fork() {
    let _alone = alone();
    let map: Map<HOUR> = ShardedMap::new();
    let told = Arc::new(StdMutex::new(Vec::new()));
    let (map, inner) = {
        let map = Arc::new(map);
        (Arc::clone(&map), Arc::downgrade(&map))
    };
    let log = Arc::clone(&told);
    let listener = move |key: &u64, _: &u64, _| {
        // Were the listener called inside of itself, this would wait for ever.
        let mut log = log.lock().unwrap();
        log.push(*key);
        let map = inner.upgrade().unwrap();
        if *key == 0 {
            in_children("what the listener removes is told after it returns", || {
                assert_eq!(map.remove(&1), Some(1));
                thread::scope(|scope| {
                    scope.spawn(|| assert_eq!(map.remove(&2), Some(2)));
                });
            });
            map.remove(&3);
        }
    };
    assert!(map.on_removal(listener).is_ok());
    map.extend((0..5).map(|key| (key, key)));
    map.remove(&0);
    assert_eq!(*told.lock().unwrap(), [0, 3]);
}

/// Forks a child that goes on with the test, and is to end it with [`end`]. Answers whether this is the child.
fn goes_on_as_child() -> bool {
    // SAFETY: as above.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "there is no child: {}", std::io::Error::last_os_error());
    if child != 0 {
        assert_eq!(fault_of(child, Instant::now() + Duration::from_mins(2)), None);
    }
    child == 0
}

fn end(is_right: bool) -> ! {
    // SAFETY: as above.
    unsafe { libc::_exit(if is_right { DONE } else { 1 }) }
}

#[test]
fn a_child_returns_from_the_listener_that_has_forked() {
    let _alone = alone();
    let map = Arc::new(Map::<HOUR>::new());
    let told = Arc::new(StdMutex::new(Vec::new()));
    let (log, inner) = (Arc::clone(&told), Arc::downgrade(&map));
    let parent = process::id();
    let listener = move |key: &u64, _: &u64, _| {
        log.lock().unwrap().push(*key);
        if *key == 0 && goes_on_as_child() {
            inner.upgrade().unwrap().remove(&1);
            assert_eq!(*log.lock().unwrap(), [0], "it is told later");
        }
    };
    assert!(map.on_removal(listener).is_ok());
    map.extend((0..5).map(|key| (key, key)));
    map.remove(&0);
    if process::id() != parent {
        map.remove(&2);
        end(*told.lock().unwrap() == [0, 1, 2] && map.stats().listener_panics == 0);
    }
    assert_eq!(map.stats().listener_panics, 0);
}

#[test]
fn a_loader_may_fork() {
    let _alone = alone();
    let (map, other) = (Map::<HOUR>::new(), Map::<HOUR>::new());
    let is_recursive =
        |map: &Map<HOUR>| matches!(map.get_or_try_insert_with(1, || Ok::<_, ()>(9)), Err(LoadError::Recursive));
    let mut is_child = false;
    let loaded = map.get_or_load_with(1, || {
        other.get_or_load_with(1, || {
            is_child = goes_on_as_child();
            if is_child && !(is_recursive(&map) && is_recursive(&other)) {
                end(false);
            }
            7
        }) + 1
    });
    if is_child {
        end((loaded, map.get(&1), other.get(&1)) == (8, Some(8), Some(7)));
    }
    assert_eq!((loaded, map.get(&1)), (8, Some(8)));
}

/// A loader of the parent forks while a task waits for its key: the child does not wake that task.
#[test]
fn a_loader_that_forks_wakes_no_task_of_the_parent() {
    struct Counting(AtomicUsize);
    impl Wake for Counting {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }
    let _alone = alone();
    for panics in [false, true] {
        let map = Map::<HOUR>::new();
        let woken = Arc::new(Counting(AtomicUsize::new(0)));
        let waker = Waker::from(Arc::clone(&woken));
        let mut waits = None;
        let mut is_child = false;
        let loaded = catch_unwind(AssertUnwindSafe(|| {
            map.get_or_load_with(1, || {
                // By another thread, as this one must not wait for its own load.
                let begin = || {
                    let mut task = Box::pin(map.get_or_load_async(1, async || 5));
                    assert!(task.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
                    task
                };
                waits = Some(thread::scope(|scope| scope.spawn(begin).join().unwrap()));
                is_child = goes_on_as_child();
                if panics {
                    resume_unwind(Box::new("the loader"));
                }
                7
            })
        }));
        let woken = woken.0.load(SeqCst);
        if is_child {
            end(woken == 0 && loaded.is_err() == panics);
        }
        assert_eq!((woken, loaded.is_err()), (1, panics));
    }
}

/// What a thread of the parent waits for is no reason to refuse a load in the child.
#[test]
fn a_loader_that_forks_may_load_what_waits_for_it_in_the_parent() {
    let _alone = alone();
    let map = Map::<HOUR>::new();
    let (say, began) = channel();
    thread::scope(|scope| {
        let map = &map;
        let loaded = map.get_or_load_with(1, || {
            scope.spawn(move || {
                map.get_or_load_with(2, || {
                    say.send(()).unwrap();
                    map.get_or_load_with(1, || unreachable!())
                })
            });
            began.recv().unwrap();
            thread::sleep(Duration::from_millis(100));
            in_children("the key is loaded anew", || assert_eq!(map.get_or_load_with(2, || 5), 5));
            7
        });
        assert_eq!(loaded, 7);
    });
    assert_eq!(map.get(&2), Some(7));
}

#[test]
fn a_listener_on_the_background_thread_may_fork() {
    let _alone = alone();
    let map = Arc::new(Map::<30>::new());
    let inner = Arc::downgrade(&map);
    let (say, heard) = channel();
    let listener = move |key: &u64, _: &u64, _| {
        if *key == 0 {
            if goes_on_as_child() {
                // On this thread, since it is the only one that the child has: it goes on as a background thread.
                let map = inner.upgrade().unwrap();
                panic::set_hook(Box::new(|_| end(false)));
                thread::spawn(move || {
                    map.insert(1, 1);
                    let other = Map::<30>::new();
                    other.insert(1, 1);
                    soon(|| map.is_empty() && other.is_empty());
                    drop((map, other));
                    // The last map is gone, so the threads end, and start anew.
                    let last = Map::<30>::new();
                    last.insert(1, 1);
                    soon(|| last.is_empty());
                    drop(last);
                    thread::sleep(Duration::from_millis(100));
                    end(true);
                });
            } else {
                say.send(()).unwrap();
            }
        }
    };
    assert!(map.on_removal(listener).is_ok());
    map.insert(0, 0);
    heard.recv_timeout(Duration::from_mins(2)).unwrap();
}
