//! Jobs that wait for jobs: none of these may hang, with one thread per node and room for one job.

use super::{A, B, Gate, small, thread_name};
use sharded::{
    node::{Pool, Task},
    topology::NodeId,
};
use std::{
    sync::{
        Arc, Barrier,
        mpsc::{self, channel},
    },
    thread,
};

/// From node to node, and each waits for the next.
fn bounce(pool: &Pool, to: NodeId, times: u32) -> u32 {
    let (again, next) = (pool.clone(), if to == A { B } else { A });
    let job = move || if times == 0 { 0 } else { bounce(&again, next, times - 1) + 1 };
    pool.on(to).run(job).unwrap()
}

/// A tree of jobs, on both nodes by turns, each waiting for its two children.
fn tree(pool: &Pool, to: NodeId, depth: u32) -> u32 {
    if depth == 0 {
        return 1;
    }
    let branch = |to: NodeId| {
        let again = pool.clone();
        pool.on(to).spawn(move || tree(&again, to, depth - 1))
    };
    let (one, other) = (branch(to), branch(if to == A { B } else { A }));
    one.wait().unwrap() + other.wait().unwrap()
}

/// Hands in jobs on both nodes and waits for none of them.
fn spread(pool: &Pool, depth: u32, send: &mpsc::Sender<u32>) {
    send.send(depth).unwrap();
    if depth > 0 {
        for node in [A, B] {
            let (again, send) = (pool.clone(), send.clone());
            drop(pool.on(node).spawn(move || spread(&again, depth - 1, &send)));
        }
    }
}

#[test]
fn a_chain_from_node_to_node_ends() {
    let pool = small().start().unwrap();
    assert_eq!(bounce(&pool, A, 50), 50);
}

#[test]
fn many_chains_at_once_end() {
    let pool = small().start().unwrap();
    thread::scope(|scope| {
        for number in 0..8 {
            let pool = &pool;
            scope.spawn(move || {
                for _ in 0..50 {
                    assert_eq!(bounce(pool, if number % 2 == 0 { A } else { B }, 10), 10);
                }
            });
        }
    });
}

#[test]
fn trees_end() {
    for threads in [1, 2] {
        let pool = small().threads_per_node(threads).start().unwrap();
        thread::scope(|scope| {
            for to in [A, B, A, B] {
                let pool = &pool;
                scope.spawn(move || assert_eq!(tree(pool, to, 7), 128));
            }
        });
    }
}

#[test]
fn nodes_that_wait_for_each_other_run_the_jobs_themselves() {
    let pool = small().start().unwrap();
    let both = Arc::new(Barrier::new(2));
    let outer = |from, to| {
        let (pool, both) = (pool.clone(), Arc::clone(&both));
        move || {
            both.wait();
            // Nobody else can run it.
            (thread_name(), pool.on(to).run(thread_name).unwrap(), from)
        }
    };
    let (one, other) = (pool.on(A).spawn(outer(A, B)), pool.on(B).spawn(outer(B, A)));
    for task in [one, other] {
        let (waits, ran, from) = task.wait().unwrap();
        assert!(waits.starts_with(&format!("sharded-n{from}-")), "{waits}");
        assert!(ran.starts_with("sharded-n"), "{ran}");
    }
}

#[test]
fn a_job_runs_on_its_node_while_that_has_a_worker_to_spare() {
    let pool = small().start().unwrap();
    for _ in 0..100 {
        let again = pool.clone();
        let ran = pool.on(A).run(move || again.on(B).run(thread_name).unwrap()).unwrap();
        assert_eq!(ran, "sharded-n1-0");
    }
}

#[test]
fn a_job_waits_for_its_node_while_that_is_busy() {
    let pool = small().start().unwrap();
    let gate = Gate::close(pool.on(B));
    let again = pool.clone();
    let (send, receive) = channel();
    let task = pool.on(A).spawn(move || {
        let task = again.on(B).spawn(thread_name);
        send.send(()).unwrap();
        task.wait().unwrap()
    });
    receive.recv().unwrap();
    gate.open();
    assert_eq!(task.wait().unwrap(), "sharded-n1-0");
}

#[test]
fn a_job_for_the_node_it_is_on_runs_at_once() {
    let pool = small().start().unwrap();
    let again = pool.clone();
    let same = pool.on(A).run(move || {
        let inner = again.on(A).run(|| thread::current().id()).unwrap();
        let spawned = again.on(A).spawn(|| thread::current().id()).wait().unwrap();
        [inner, spawned].map(|id| id == thread::current().id())
    });
    assert_eq!(same.unwrap(), [true, true]);
}

#[test]
fn a_worker_never_waits_for_room() {
    let pool = small().start().unwrap();
    let gate = Gate::close(pool.on(B));
    let filler = pool.on(B).try_run(|| ()).unwrap();
    let again = pool.clone();
    let on_a = pool.on(A).run(move || {
        // Its own queue takes one, the rest run here, as do those for the other node, whose queue is full.
        let own: Vec<_> = (0..5).map(|_| again.on(A).spawn(thread_name)).collect();
        let others: Vec<_> = (0..5).map(|_| again.on(B).spawn(thread_name)).collect();
        assert!(others.iter().all(Task::is_done));
        assert_eq!(again.on(B).run(thread_name).unwrap(), "sharded-n0-0");
        assert!(again.on(B).try_run(thread_name).is_err());
        own.into_iter().chain(others).map(|task| task.wait().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(on_a.unwrap(), ["sharded-n0-0"; 10]);
    gate.open();
    filler.wait().unwrap();
}

#[test]
fn a_worker_that_waits_runs_no_job_that_may_wait_for_it() {
    let pool = small().start().unwrap();
    let (say, began) = channel();
    let (open, opened) = channel::<()>();
    let again = pool.clone();
    let first = pool.on(A).spawn(move || {
        let there = again.on(B).spawn(move || opened.recv().is_ok());
        say.send(()).unwrap();
        there.wait().unwrap();
        7
    });
    began.recv().unwrap();
    // This one is next on A, and would wait for what is below it on the same stack.
    let second = pool.on(A).spawn(move || first.wait().unwrap() + 1);
    open.send(()).unwrap();
    assert_eq!(second.wait().unwrap(), 8);
}

#[test]
fn a_job_may_wait_for_a_task_that_another_thread_handed_in() {
    let pool = small().start().unwrap();
    let gate = Gate::close(pool.on(A));
    let queued = pool.on(A).spawn(thread_name);
    // B's worker waits for what is queued behind the gate on A.
    let waits = pool.on(B).spawn(move || queued.wait().unwrap());
    gate.open();
    assert_eq!(waits.wait().unwrap(), "sharded-n0-0");
}

#[test]
fn a_worker_whose_task_was_polled_before_can_wait_for_it() {
    let pool = small().start().unwrap();
    let gate = Gate::close(pool.on(A));
    let mut queued = pool.on(A).spawn(|| 7);
    assert!(super::futures::poll(&mut queued).is_pending());
    let waits = pool.on(B).spawn(move || queued.wait().unwrap());
    gate.open();
    assert_eq!(waits.wait().unwrap(), 7);
}

#[test]
fn pools_whose_jobs_wait_for_each_other_end() {
    fn bounce(pools: &[Pool; 2], times: usize) -> usize {
        let next = pools.clone();
        let job = move || if times == 0 { 0 } else { bounce(&next, times - 1) + 1 };
        pools[times % 2].on(A).run(job).unwrap()
    }
    let pools = [(); 2].map(|()| small().start().unwrap());
    let tasks: Vec<_> = (0..2)
        .map(|number| {
            let pools = pools.clone();
            thread::spawn(move || bounce(&pools, 20 + number))
        })
        .collect();
    assert_eq!(tasks.into_iter().map(|task| task.join().unwrap()).collect::<Vec<_>>(), [20, 21]);
}

#[test]
fn jobs_that_are_only_handed_in_by_jobs_all_run() {
    let pool = small().start().unwrap();
    let (send, receive) = channel();
    let again = pool.clone();
    pool.on(A).run(move || spread(&again, 8, &send)).unwrap();
    assert_eq!(receive.iter().count(), (1 << 9) - 1);
}

#[test]
fn a_worker_runs_a_job_of_its_own_node_while_the_others_are_busy() {
    let pool = small().threads_per_node(2).start().unwrap();
    let gate = Gate::close(pool.on(A));
    let again = pool.clone();
    let (here, there) = pool
        .on(A)
        .run(move || {
            let task = again.on(A).spawn(|| thread::current().id());
            (thread::current().id(), task.wait().unwrap())
        })
        .unwrap();
    assert_eq!(here, there);
    gate.open();
}

#[test]
fn a_worker_that_waits_is_told_when_the_node_it_waits_for_waits_too() {
    let pool = small().start().unwrap();
    for _ in 0..200 {
        let (send, task) = channel::<Task<String>>();
        let there = pool.on(B).spawn(move || task.recv().unwrap().wait().unwrap());
        let (say, began) = channel();
        let again = pool.clone();
        // What it waits for is queued behind one that will wait for it.
        let here = pool.on(A).spawn(move || {
            let task = again.on(B).spawn(thread_name);
            say.send(()).unwrap();
            task.wait().unwrap()
        });
        began.recv().unwrap();
        thread::yield_now();
        send.send(here).unwrap();
        assert_eq!(there.wait().unwrap(), "sharded-n0-0");
    }
}
