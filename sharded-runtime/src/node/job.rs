//! A job: its stages, and its waiter.

use super::error::{JobError, catch};
use crate::{
    contain::contain,
    field::flight,
    memory::sync::unmodelled::{Condvar, Mutex, MutexGuard},
    waker::StoredWaker,
};
use std::{marker::PhantomData, mem, sync::Arc};

/// Code that a worker runs once.
pub(super) trait Work: Send + 'static {
    type Output: Send + 'static;

    fn work(self) -> Self::Output;
}

/// A closure by itself.
pub(super) struct Alone<F, R> {
    job: F,
    result: PhantomData<fn() -> R>,
}

/// A closure on a store, which it keeps alive.
pub(super) struct OnStore<T, F, R> {
    store: Arc<T>,
    job: F,
    result: PhantomData<fn() -> R>,
}

impl<F, R> Alone<F, R> {
    pub(super) fn new(job: F) -> Self {
        Self { job, result: PhantomData }
    }

    pub(super) fn into_job(self) -> F {
        self.job
    }
}

impl<T, F, R> OnStore<T, F, R> {
    pub(super) fn new(store: Arc<T>, job: F) -> Self {
        Self { store, job, result: PhantomData }
    }

    pub(super) fn into_job(self) -> F {
        self.job
    }
}

impl<F: FnOnce() -> R + Send + 'static, R: Send + 'static> Work for Alone<F, R> {
    type Output = R;

    fn work(self) -> R {
        (self.job)()
    }
}

impl<T, F, R> Work for OnStore<T, F, R>
where
    T: Send + Sync + 'static,
    F: FnOnce(&T) -> R + Send + 'static,
    R: Send + 'static,
{
    type Output = R;

    fn work(self) -> R {
        (self.job)(&self.store)
    }
}

/// A job and, later, its result. The first thread that claims it runs it. A claimed job may remain in a queue, where it
/// has no effect.
pub(super) struct Job<W: Work> {
    /// Identifies it among the flights and jobs that may wait for each other.
    id: u64,
    state: Mutex<State<W>>,
    /// Notifies a thread that is no worker.
    is_done: Condvar,
}

struct State<W: Work> {
    stage: Stage<W>,
    waiter: Waiter,
}

enum Stage<W: Work> {
    Queued(W),
    Running,
    Done(Result<W::Output, JobError>),
    Taken,
}

/// The waiter that is notified when a job is done. There is at most one, because a job has one task.
pub(super) enum Waiter {
    Nobody,
    /// A thread that is no worker.
    Thread,
    /// A task, or the workers that wait for jobs of a station.
    Task(StoredWaker),
}

/// A job as its queue sees it.
pub(super) trait Run: Send + Sync {
    /// Runs it, unless another has claimed it.
    fn run(&self);
    /// Drops it, unless another has claimed it.
    fn discard(&self);
}

/// A job as its task sees it.
pub(super) trait Outcome<R>: Run {
    /// Takes the result, if the job is done. Otherwise registers the waiter.
    fn take(&self, waiter: Waiter) -> Option<Result<R, JobError>>;
    /// Blocks until the job is done.
    fn wait(&self) -> Result<R, JobError>;
    /// Identifies it among the flights and jobs that may wait for each other.
    fn id(&self) -> u64;
    /// Whether no thread has claimed it yet.
    fn is_queued(&self) -> bool;
    fn is_done(&self) -> bool;
}

impl<W: Work> Job<W> {
    pub(super) fn new(work: W) -> Arc<Self> {
        let state = State { stage: Stage::Queued(work), waiter: Waiter::Nobody };
        Arc::new(Self { id: flight::new_id(), state: Mutex::new(state), is_done: Condvar::new() })
    }

    /// The work, for the first caller.
    pub(super) fn claim(&self) -> Option<W> {
        let mut state = self.state.lock();
        match mem::replace(&mut state.stage, Stage::Running) {
            Stage::Queued(work) => Some(work),
            other => {
                state.stage = other;
                None
            }
        }
    }

    fn finish(&self, result: Result<W::Output, JobError>) {
        let mut state = self.state.lock();
        state.stage = Stage::Done(result);
        let waiter = mem::replace(&mut state.waiter, Waiter::Nobody);
        drop(state);
        match waiter {
            Waiter::Nobody => {}
            Waiter::Thread => self.is_done.notify_one(),
            Waiter::Task(waker) => {
                waker.wake();
            }
        }
    }
}

impl<W: Work> Run for Job<W> {
    fn run(&self) {
        if let Some(work) = self.claim() {
            let result = flight::run_as(self.id, || catch(|| work.work()));
            self.finish(result.map_err(JobError::Panicked));
        }
    }

    fn discard(&self) {
        if let Some(work) = self.claim() {
            contain(|| drop(work));
            self.finish(Err(JobError::Discarded));
        }
    }
}

impl<W: Work> Outcome<W::Output> for Job<W> {
    fn take(&self, waiter: Waiter) -> Option<Result<W::Output, JobError>> {
        let mut state = self.state.lock();
        let result = taken(&mut state);
        // The drop of a waker runs code of an executor, which must not run under the lock.
        let before = mem::replace(&mut state.waiter, if result.is_some() { Waiter::Nobody } else { waiter });
        drop(state);
        drop(before);
        result
    }

    fn wait(&self) -> Result<W::Output, JobError> {
        if let Some(result) = self.take(Waiter::Thread) {
            return result;
        }
        let mut state = self.state.lock();
        loop {
            if let Some(result) = taken(&mut state) {
                return result;
            }
            self.is_done.wait(&mut state);
        }
    }

    fn id(&self) -> u64 {
        self.id
    }

    fn is_queued(&self) -> bool {
        matches!(self.state.lock().stage, Stage::Queued(_))
    }

    fn is_done(&self) -> bool {
        matches!(self.state.lock().stage, Stage::Done(_) | Stage::Taken)
    }
}

fn taken<W: Work>(state: &mut MutexGuard<'_, State<W>>) -> Option<Result<W::Output, JobError>> {
    match mem::replace(&mut state.stage, Stage::Taken) {
        Stage::Done(result) => Some(result),
        Stage::Taken => panic!("a task must not be polled after it was done"),
        other => {
            state.stage = other;
            None
        }
    }
}
