use super::{A, B, Gate, small, thread_name};
use sharded::node::{JobError, Pending, Pool};
use std::{
    error::Error,
    panic::{AssertUnwindSafe, catch_unwind, panic_any},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc::channel,
    },
    thread,
};

/// Panics when it is dropped, which is to harm nobody.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

fn message(error: JobError) -> String {
    match error {
        JobError::Panicked(panic) => panic.message().unwrap_or("not text").to_owned(),
        other => panic!("{other}"),
    }
}

#[test]
fn jobs_of_a_node_begin_in_the_order_in_which_they_were_queued() {
    let pool = small().queue(100).start().unwrap();
    let gate = Gate::close(pool.on(A));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let task = |number| {
        let seen = Arc::clone(&seen);
        pool.on(A).spawn(move || seen.lock().unwrap().push(number))
    };
    let tasks: Vec<_> = (0..100).map(task).collect();
    assert!(tasks.iter().all(|task| !task.is_done()));
    gate.open();
    for task in tasks {
        task.wait().unwrap();
    }
    assert!(seen.lock().unwrap().iter().copied().eq(0..100));
}

#[test]
fn results_come_back() {
    let pool = small().start().unwrap();
    assert_eq!(pool.on(A).run(|| "text".to_owned()).unwrap(), "text");
    assert_eq!(pool.on(B).spawn(|| vec![1, 2]).wait().unwrap(), [1, 2]);
    assert_eq!(pool.on(B).try_run(|| 7).unwrap().wait().unwrap(), 7);
}

#[test]
fn a_task_that_is_dropped_lets_its_job_run() {
    let pool = small().start().unwrap();
    let (send, receive) = channel();
    drop(pool.on(A).spawn(move || send.send(7).unwrap()));
    assert_eq!(receive.recv().unwrap(), 7);
}

#[test]
fn a_panic_reaches_the_caller_and_the_worker_lives() {
    let pool = small().start().unwrap();
    let worker = pool.on(A).run(|| thread::current().id()).unwrap();
    let error = pool.on(A).run(|| panic!("plain")).unwrap_err();
    assert_eq!(error.to_string(), "the job panicked: plain");
    assert_eq!(message(error), "plain");
    assert_eq!(message(pool.on(A).run(|| panic!("with {}", 1)).unwrap_err()), "with 1");
    assert_eq!(message(pool.on(A).spawn(|| panic!("spawned")).wait().unwrap_err()), "spawned");
    let error = pool.on(A).run(|| panic_any(7_u8)).unwrap_err();
    assert_eq!(error.to_string(), "the job panicked");
    let JobError::Panicked(panic) = error else { panic!("it was discarded") };
    assert_eq!(panic.message(), None);
    let resumed = catch_unwind(AssertUnwindSafe(|| panic.resume())).unwrap_err();
    assert_eq!(resumed.downcast_ref(), Some(&7_u8));
    assert_eq!(pool.on(A).run(|| thread::current().id()).unwrap(), worker);
}

#[test]
fn a_panic_in_a_job_of_a_job_reaches_the_job() {
    let pool = small().start().unwrap();
    for node in [A, B] {
        let inner = pool.clone();
        let answer = pool.on(A).run(move || message(inner.on(node).run(|| panic!("inner")).unwrap_err()));
        assert_eq!(answer.unwrap(), "inner");
    }
}

#[test]
fn what_panics_in_its_drop_leaves_the_worker() {
    let pool = small().queue(8).start().unwrap();
    let worker = pool.on(A).run(|| thread::current().id()).unwrap();
    let gate = Gate::close(pool.on(A));
    // A result, and what a panic carries, that nobody takes: the worker drops them.
    drop(pool.on(A).spawn(|| Bomb));
    drop(pool.on(A).spawn(|| panic_any(Bomb)));
    // What a job has captured is dropped as a part of it.
    let bomb = Bomb;
    let captures = pool.on(A).spawn(move || {
        let _bomb = &bomb;
    });
    gate.open();
    assert_eq!(message(captures.wait().unwrap_err()), "dropped");
    assert_eq!(pool.on(A).run(|| thread::current().id()).unwrap(), worker);
}

#[test]
fn a_discarded_job_that_panics_in_its_drop_harms_nobody() {
    let pool = small().queue(8).start().unwrap();
    let gate = Gate::close(pool.on(A));
    let bomb = Bomb;
    let armed = pool.on(A).spawn(move || {
        let _bomb = &bomb;
    });
    let after = pool.on(A).spawn(|| ());
    thread::scope(|scope| {
        scope.spawn(|| pool.shutdown(Pending::Discard));
        while !pool.on(B).try_run(|| ()).is_ok_and(|task| matches!(task.wait(), Err(JobError::Discarded))) {
            thread::yield_now();
        }
        // A is closed before B.
        gate.open();
    });
    assert!(matches!(armed.wait(), Err(JobError::Discarded)));
    assert!(matches!(after.wait(), Err(JobError::Discarded)));
}

#[test]
fn errors_can_be_passed_on() {
    fn check<E: Error + Send + Sync + 'static>(error: E) -> String {
        let error: Box<dyn Error + Send + Sync> = error.into();
        error.to_string()
    }
    let pool = small().start().unwrap();
    assert_eq!(check(pool.on(A).run(|| panic!("why")).unwrap_err()), "the job panicked: why");
    assert_eq!(check(JobError::Discarded), "the job was discarded, as the pool was shut down");
}

#[test]
fn a_full_queue_gives_the_job_back() {
    let pool = small().start().unwrap();
    let gate = Gate::close(pool.on(A));
    let queued = pool.on(A).try_run(|| 1).unwrap();
    let text = "kept".to_owned();
    let full = pool.on(A).try_run(move || text).unwrap_err();
    assert_eq!(full.to_string(), "the node's queue is full");
    assert_eq!((full.job)(), "kept");
    assert_eq!(pool.on(B).run(|| 2).unwrap(), 2, "each node has a queue of its own");
    gate.open();
    assert_eq!(queued.wait().unwrap(), 1);
    assert_eq!(pool.on(A).run(|| 3).unwrap(), 3);
}

#[test]
fn a_full_queue_is_waited_for() {
    let pool = small().start().unwrap();
    let gate = Gate::close(pool.on(A));
    let queued = pool.on(A).try_run(thread_name).unwrap();
    let is_handed_in = AtomicBool::new(false);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let task = pool.on(A).spawn(thread_name);
            is_handed_in.store(true, Ordering::Relaxed);
            task.wait().unwrap()
        });
        let blocking = scope.spawn(|| pool.on(A).run(thread_name).unwrap());
        thread::yield_now();
        assert!(!is_handed_in.load(Ordering::Relaxed), "there is no room");
        gate.open();
        for name in [queued.wait().unwrap(), waiting.join().unwrap(), blocking.join().unwrap()] {
            assert_eq!(name, "sharded-n0-0");
        }
    });
}

#[test]
fn many_threads_hand_in_jobs_in_every_way() {
    const THREADS: usize = 8;
    const ROUNDS: usize = 300;
    let pool = Pool::builder().topology(super::two_nodes()).threads_per_node(2).queue(3).start().unwrap();
    let ran = Arc::new(AtomicUsize::new(0));
    thread::scope(|scope| {
        for number in 0..THREADS {
            let (pool, ran) = (&pool, &ran);
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let at = pool.on(if (number + round) % 2 == 0 { A } else { B });
                    let inner = (pool.clone(), Arc::clone(ran));
                    let job = move || {
                        // One more on each node, from inside.
                        let (pool, ran) = inner;
                        let other = Arc::clone(&ran);
                        let there = pool.on(B).spawn(move || other.fetch_add(1, Ordering::Relaxed));
                        let other = Arc::clone(&ran);
                        pool.on(A).run(move || other.fetch_add(1, Ordering::Relaxed)).unwrap();
                        there.wait().unwrap();
                        ran.fetch_add(1, Ordering::Relaxed);
                        round
                    };
                    let result = match round % 4 {
                        0 => at.run(job),
                        1 => at.spawn(job).wait(),
                        2 => super::futures::block_on(at.run_async(job)),
                        _ => match at.try_run(job) {
                            Ok(task) => task.wait(),
                            Err(full) => at.run(full.job),
                        },
                    };
                    assert_eq!(result.unwrap(), round);
                }
            });
        }
    });
    assert_eq!(ran.load(Ordering::Relaxed), 3 * THREADS * ROUNDS);
}
