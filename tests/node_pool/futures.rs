use super::{A, B, Gate, small, thread_name};
use sharded::node::{JobError, Pending};
use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::channel,
    },
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
};

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// The smallest executor.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(result) => return result,
            Poll::Pending => thread::park(),
        }
    }
}

/// One look, by someone who is not to be told.
pub(crate) fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Counts how often it is woken.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Count {
    fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    fn poll<F: Future + Unpin>(self: &Arc<Self>, future: &mut F) -> Poll<F::Output> {
        Pin::new(future).poll(&mut Context::from_waker(&Waker::from(Arc::clone(self))))
    }

    fn until(&self, count: usize) {
        while self.get() < count {
            thread::yield_now();
        }
    }
}

#[test]
fn a_future_gives_the_result_on_any_executor() {
    let pool = small().start().unwrap();
    assert_eq!(block_on(pool.on(A).run_async(|| 7)).unwrap(), 7);
    assert_eq!(block_on(pool.on(B).spawn(|| 8)).unwrap(), 8);
    let error = block_on(pool.on(A).run_async(|| panic!("why"))).unwrap_err();
    assert_eq!(error.to_string(), "the job panicked: why");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tasks_of_tokio_share_a_short_queue() {
    let pool = small().start().unwrap();
    let task =
        |number: u64| tokio::spawn(pool.on(if number.is_multiple_of(2) { A } else { B }).run_async(move || number));
    let tasks: Vec<_> = (0..2000).map(task).collect();
    for (number, task) in (0..).zip(tasks) {
        assert_eq!(task.await.unwrap().unwrap(), number);
    }
}

#[tokio::test]
async fn one_thread_of_tokio_is_never_blocked() {
    let pool = small().start().unwrap();
    let gate = Gate::close(pool.on(A));
    let futures: Vec<_> = (0..10).map(|number| tokio::spawn(pool.on(A).run_async(move || number))).collect();
    // The gate is opened by the very thread that the others wait on.
    let open = tokio::spawn(async move {
        tokio::task::yield_now().await;
        gate.open();
    });
    open.await.unwrap();
    for (number, future) in (0..).zip(futures) {
        assert_eq!(future.await.unwrap().unwrap(), number);
    }
}

#[test]
fn a_future_does_nothing_until_it_is_polled() {
    let pool = small().start().unwrap();
    let future = pool.on(A).run_async(|| panic!("it runs"));
    let gate = Gate::close(pool.on(A));
    // There is room for one, and the future does not take it.
    let queued = pool.on(A).try_run(|| ()).unwrap();
    drop(future);
    gate.open();
    queued.wait().unwrap();
}

#[test]
fn a_future_is_told_of_room_and_of_the_result() {
    let pool = small().start().unwrap();
    let first = Gate::close(pool.on(A));
    let (second, began) = Gate::queue(pool.on(A));
    let count = Arc::new(Count::default());
    let mut future = pool.on(A).run_async(|| 7);
    assert!(count.poll(&mut future).is_pending());
    assert!(count.poll(&mut future).is_pending(), "once more does no harm");
    assert_eq!(count.get(), 0);
    first.open();
    began.recv().unwrap();
    count.until(1);
    assert!(count.poll(&mut future).is_pending(), "it is queued now");
    assert!(pool.on(A).try_run(|| ()).is_err(), "and takes the room");
    assert_eq!(count.get(), 1);
    second.open();
    count.until(2);
    let Poll::Ready(result) = count.poll(&mut future) else { panic!("it was told so") };
    assert_eq!(result.unwrap(), 7);
}

#[test]
fn the_last_waker_is_the_one_that_counts() {
    let pool = small().start().unwrap();
    let first = Gate::close(pool.on(A));
    let (second, began) = Gate::queue(pool.on(A));
    let [old, new, newer] = [(); 3].map(|()| Arc::new(Count::default()));
    let mut future = pool.on(A).run_async(|| 7);
    assert!(old.poll(&mut future).is_pending());
    assert!(new.poll(&mut future).is_pending());
    first.open();
    began.recv().unwrap();
    new.until(1);
    assert!(new.poll(&mut future).is_pending());
    assert!(newer.poll(&mut future).is_pending());
    second.open();
    newer.until(1);
    assert!(newer.poll(&mut future).is_ready());
    assert_eq!([old.get(), new.get()], [0, 1]);
}

#[test]
fn futures_get_room_in_the_order_in_which_they_came() {
    let pool = small().start().unwrap();
    let mut gates = vec![Gate::close(pool.on(A))];
    let (next, mut began) = Gate::queue(pool.on(A));
    gates.push(next);
    let mut waiting: Vec<_> =
        (0..3).map(|number| (pool.on(A).run_async(move || number), Arc::new(Count::default()))).collect();
    for (future, count) in &mut waiting {
        assert!(count.poll(future).is_pending());
    }
    for turn in 0..3 {
        gates.remove(0).open();
        began.recv().unwrap();
        waiting[turn].1.until(1);
        assert!(waiting[turn + 1..].iter().all(|(_, count)| count.get() == 0));
        // The room goes to another gate, so that the next turn can be told apart.
        let (next, begins) = Gate::queue(pool.on(A));
        gates.push(next);
        began = begins;
    }
    drop(gates);
    for (number, (future, _)) in (0..).zip(waiting) {
        assert_eq!(block_on(future).unwrap(), number);
    }
}

#[test]
fn a_future_that_finds_the_room_taken_keeps_its_place() {
    let pool = small().start().unwrap();
    let first = Gate::close(pool.on(A));
    let (second, began) = Gate::queue(pool.on(A));
    let [early, late] = [(); 2].map(|()| Arc::new(Count::default()));
    let (mut one, mut other) = (pool.on(A).run_async(|| 1), pool.on(A).run_async(|| 2));
    assert!(early.poll(&mut one).is_pending());
    assert!(late.poll(&mut other).is_pending());
    first.open();
    began.recv().unwrap();
    early.until(1);
    let (third, began) = Gate::queue(pool.on(A));
    assert!(early.poll(&mut one).is_pending(), "someone else was faster");
    second.open();
    began.recv().unwrap();
    early.until(2);
    assert_eq!(late.get(), 0);
    drop(third);
    assert_eq!(block_on(one).unwrap(), 1);
    assert_eq!(block_on(other).unwrap(), 2);
}

#[test]
fn a_future_that_is_dropped_before_it_was_queued_drops_its_job() {
    let pool = small().start().unwrap();
    let gate = Gate::close(pool.on(A));
    let filler = pool.on(A).try_run(|| ()).unwrap();
    let (send, receive) = channel::<()>();
    let mut future = pool.on(A).run_async(move || send.send(()));
    assert!(poll(&mut future).is_pending());
    drop(future);
    assert!(receive.recv().is_err(), "the job is gone, and what it has captured");
    gate.open();
    filler.wait().unwrap();
    assert_eq!(pool.on(A).run(|| 1).unwrap(), 1);
}

#[test]
fn a_future_that_is_dropped_with_room_promised_passes_it_on() {
    let pool = small().start().unwrap();
    let first = Gate::close(pool.on(A));
    let (second, began) = Gate::queue(pool.on(A));
    let [early, late] = [(); 2].map(|()| Arc::new(Count::default()));
    let (mut one, mut other) = (pool.on(A).run_async(|| 1), pool.on(A).run_async(|| 2));
    assert!(early.poll(&mut one).is_pending());
    assert!(late.poll(&mut other).is_pending());
    first.open();
    began.recv().unwrap();
    early.until(1);
    assert_eq!(late.get(), 0);
    drop(one);
    assert_eq!(late.get(), 1);
    assert!(late.poll(&mut other).is_pending());
    assert!(pool.on(A).try_run(|| ()).is_err(), "it has the room");
    second.open();
    assert_eq!(block_on(other).unwrap(), 2);
}

#[test]
fn a_future_that_is_dropped_after_it_was_queued_lets_its_job_run() {
    struct Tell(std::sync::mpsc::Sender<String>);
    impl Drop for Tell {
        fn drop(&mut self) {
            let _ = self.0.send(thread_name());
        }
    }
    let pool = small().start().unwrap();
    let gate = Gate::close(pool.on(A));
    let (send, dropped) = channel();
    let mut future = pool.on(A).run_async(move || Tell(send));
    assert!(poll(&mut future).is_pending());
    drop(future);
    assert!(dropped.try_recv().is_err());
    gate.open();
    assert_eq!(dropped.recv().unwrap(), "sharded-n0-0", "the worker drops the result");
}

#[test]
fn a_future_that_waits_for_room_is_told_of_the_end() {
    let pool = small().start().unwrap();
    let gate = Gate::close(pool.on(A));
    let filler = pool.on(A).try_run(|| 1).unwrap();
    let count = Arc::new(Count::default());
    let mut future = pool.on(A).run_async(|| 2);
    assert!(count.poll(&mut future).is_pending());
    thread::scope(|scope| {
        scope.spawn(|| pool.shutdown(Pending::Finish));
        count.until(1);
        assert!(matches!(count.poll(&mut future), Poll::Ready(Err(JobError::Discarded))));
        gate.open();
    });
    assert_eq!(filler.wait().unwrap(), 1);
}

#[test]
fn a_future_keeps_no_pool_from_ending() {
    let pool = small().start().unwrap();
    let mut never_polled = pool.on(A).run_async(|| 1);
    let gate = Gate::close(pool.on(A));
    let filler = pool.on(A).try_run(|| 1).unwrap();
    let mut waiting = pool.on(A).run_async(|| 2);
    assert!(poll(&mut waiting).is_pending());
    thread::scope(|scope| {
        scope.spawn(move || drop(pool));
        gate.open();
    });
    assert_eq!(filler.wait().unwrap(), 1);
    assert!(matches!(poll(&mut never_polled), Poll::Ready(Err(JobError::Discarded))));
    assert!(matches!(poll(&mut waiting), Poll::Ready(Err(JobError::Discarded))));
}

#[test]
#[should_panic(expected = "a task must not be polled after it was done")]
fn a_task_gives_its_result_once() {
    let pool = small().start().unwrap();
    let mut task = pool.on(A).spawn(|| 1);
    block_on(poll_fn(|cx| Pin::new(&mut task).poll(cx))).unwrap();
    let _ = poll(&mut task);
}

#[test]
fn jobs_can_be_awaited_in_jobs_that_have_a_thread_to_spare() {
    let pool = small().start().unwrap();
    let again = pool.clone();
    assert_eq!(pool.on(A).run(move || block_on(again.on(B).run_async(|| 7)).unwrap()).unwrap(), 7);
}
