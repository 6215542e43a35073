use super::{A, B, Gate, small, thread_name};
use sharded::node::{JobError, Pending, Pool, Task};
use std::{
    sync::{
        Arc, Mutex,
        mpsc::{Sender, channel},
    },
    thread,
};

/// Says when it is dropped.
struct Tell(Sender<()>);

impl Drop for Tell {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

/// Returns once A, whose queue is full, is closed.
fn until_closed(pool: &Pool) {
    while pool.on(A).try_run(|| ()).is_err() {
        thread::yield_now();
    }
}

#[test]
fn what_is_queued_is_finished_when_the_pool_is_dropped() {
    let pool = small().queue(8).start().unwrap();
    let gate = Gate::close(pool.on(A));
    let tasks: Vec<_> = (0..8).map(|number| pool.on(A).spawn(move || number)).collect();
    thread::scope(|scope| {
        let dropping = scope.spawn(move || drop(pool));
        gate.open();
        dropping.join().unwrap();
    });
    assert!(tasks.iter().all(Task::is_done), "the drop waits for them");
    assert!(tasks.into_iter().map(|task| task.wait().unwrap()).eq(0..8));
}

#[test]
fn what_is_queued_is_discarded_if_the_pool_was_so_built() {
    let pool = small().on_drop(Pending::Discard).start().unwrap();
    // A job keeps what it has captured, here the last clone of the pool, until it ends.
    let (open, opened) = channel::<()>();
    let (say, began) = channel();
    let last = pool.clone();
    let running = pool.on(A).spawn(move || {
        say.send(()).unwrap();
        opened.recv().unwrap();
        drop(last);
        7
    });
    began.recv().unwrap();
    let (send, dropped) = channel();
    let tell = Tell(send);
    let queued = pool.on(A).spawn(move || drop(tell));
    drop(pool);
    open.send(()).unwrap();
    assert_eq!(running.wait().unwrap(), 7, "what runs is finished");
    assert!(matches!(queued.wait(), Err(JobError::Discarded)));
    dropped.recv().unwrap();
}

#[test]
fn a_shutdown_discards_what_is_queued_and_what_comes_later() {
    let pool = small().start().unwrap();
    let gate = Gate::close(pool.on(A));
    let (send, dropped) = channel();
    let tell = Tell(send);
    let queued = pool.on(A).spawn(move || drop(tell));
    thread::scope(|scope| {
        scope.spawn(|| pool.shutdown(Pending::Discard));
        until_closed(&pool);
        gate.open();
    });
    assert!(queued.is_done());
    assert!(matches!(queued.wait(), Err(JobError::Discarded)));
    dropped.recv().unwrap();
    for node in [A, B] {
        assert!(matches!(pool.on(node).run(|| 1), Err(JobError::Discarded)));
        assert!(matches!(pool.on(node).spawn(|| 1).wait(), Err(JobError::Discarded)));
        assert!(matches!(pool.on(node).try_run(|| 1).unwrap().wait(), Err(JobError::Discarded)));
        assert!(matches!(super::futures::block_on(pool.on(node).run_async(|| 1)), Err(JobError::Discarded)));
    }
}

#[test]
fn a_shutdown_that_finishes_runs_what_is_queued_and_what_that_asks_for() {
    let pool = small().start().unwrap();
    let gate = Gate::close(pool.on(A));
    let again = pool.clone();
    let queued = pool.on(A).spawn(move || {
        let spawned = again.on(B).spawn(thread_name);
        let tried = again.on(B).try_run(thread_name).unwrap();
        [again.on(A).run(thread_name).unwrap(), spawned.wait().unwrap(), tried.wait().unwrap()]
    });
    thread::scope(|scope| {
        scope.spawn(|| pool.shutdown(Pending::Finish));
        until_closed(&pool);
        gate.open();
    });
    assert_eq!(queued.wait().unwrap(), ["sharded-n0-0"; 3]);
    assert!(matches!(pool.on(A).run(|| 1), Err(JobError::Discarded)));
}

#[test]
fn a_shutdown_that_discards_also_discards_what_jobs_ask_for() {
    let pool = small().start().unwrap();
    let (open, opened) = channel::<()>();
    let (say, began) = channel();
    let again = pool.clone();
    let running = pool.on(A).spawn(move || {
        say.send(()).unwrap();
        opened.recv().unwrap();
        [again.on(A).run(|| 1), again.on(B).run(|| 1), again.on(A).spawn(|| 1).wait()]
    });
    began.recv().unwrap();
    let filler = pool.on(A).spawn(|| 1);
    thread::scope(|scope| {
        scope.spawn(|| pool.shutdown(Pending::Discard));
        until_closed(&pool);
        // A is closed before B; the second call returns when all have ended.
        while !matches!(pool.on(B).run(|| 1), Err(JobError::Discarded)) {}
        open.send(()).unwrap();
        pool.shutdown(Pending::Finish);
        assert!(running.is_done());
    });
    for answer in running.wait().unwrap() {
        assert!(matches!(answer, Err(JobError::Discarded)));
    }
    assert!(matches!(filler.wait(), Err(JobError::Discarded)), "the first call counts");
}

#[test]
fn a_second_shutdown_can_discard_what_the_first_was_to_finish() {
    let pool = small().start().unwrap();
    let gate = Gate::close(pool.on(A));
    let queued = pool.on(A).spawn(|| 1);
    thread::scope(|scope| {
        scope.spawn(|| pool.shutdown(Pending::Finish));
        until_closed(&pool);
        // In a job it doesn't wait for the workers.
        let _ = scope.spawn(|| pool.shutdown(Pending::Discard));
        drop(gate);
    });
    // It may have run before the second call.
    assert!(matches!(queued.wait(), Ok(1) | Err(JobError::Discarded)));
}

#[test]
fn a_job_can_shut_its_pool_down() {
    let pool = small().queue(8).start().unwrap();
    let gate = Gate::close(pool.on(A));
    let again = pool.clone();
    let shutdown = pool.on(A).spawn(move || again.shutdown(Pending::Discard));
    let after = pool.on(A).spawn(|| ());
    gate.open();
    shutdown.wait().unwrap();
    assert!(matches!(after.wait(), Err(JobError::Discarded)));
    pool.shutdown(Pending::Finish);
}

#[test]
fn a_job_can_drop_the_last_clone_of_its_pool() {
    let pool = small().start().unwrap();
    let pool = Arc::new(Mutex::new(Some(pool)));
    let last = Arc::clone(&pool);
    let task = {
        let pool = pool.lock().unwrap().clone().unwrap();
        pool.on(A).spawn(move || drop(last.lock().unwrap().take()))
    };
    task.wait().unwrap();
    assert!(pool.lock().unwrap().is_none());
}

#[test]
fn a_thread_that_waits_for_room_gets_it_when_the_pool_is_shut_down() {
    let pool = small().start().unwrap();
    let gate = Gate::close(pool.on(A));
    let filler = pool.on(A).spawn(|| 1);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| pool.on(A).run(|| 2));
        scope.spawn(|| pool.shutdown(Pending::Finish));
        until_closed(&pool);
        gate.open();
        // It was in time, or not.
        assert!(matches!(waiting.join().unwrap(), Ok(2) | Err(JobError::Discarded)));
    });
    assert_eq!(filler.wait().unwrap(), 1);
}
