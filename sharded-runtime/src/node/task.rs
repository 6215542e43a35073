//! The result of a job in the future.

use super::{
    error::JobError,
    job::{Outcome, Waiter},
    station::Station,
};
use crate::{field::flight::Need, shard::order, waker::StoredWaker};
use std::{
    fmt,
    panic::Location,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

/// A job that was handed in. It is a future for any executor; without one, [`wait`](Self::wait) for it.
///
/// If a task is dropped, its job still runs, and the worker drops the result.
///
/// # Panics
///
/// If it is polled or waited for after it returned its result, or inside a closure of any map: see
/// [what could wait for ever](super#what-could-wait-for-ever).
///
/// # Examples
///
/// ```
/// use sharded::node::Pool;
///
/// let pool = Pool::builder().threads_per_node(1).start()?;
/// let node = pool.topology().nodes()[0].id();
/// let task = pool.on(node).spawn(|| 6 * 7);
/// assert_eq!(task.wait().unwrap(), 42);
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "a task that is dropped lets its job run, but a panic in it goes unnoticed"]
pub struct Task<R> {
    job: Arc<dyn Outcome<R>>,
    home: Arc<Station>,
    /// The call site that handed it in.
    at: &'static Location<'static>,
}

impl<R> Task<R> {
    pub(super) fn new(job: Arc<dyn Outcome<R>>, home: Arc<Station>, at: &'static Location<'static>) -> Self {
        Self { job, home, at }
    }

    /// Whether the job is done. O(1). In a [child of `fork`](super#fork) it is done at once, with an error.
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::node::Pool;
    /// # let pool = Pool::builder().threads_per_node(1).start()?;
    /// # let node = pool.topology().nodes()[0].id();
    /// let task = pool.on(node).spawn(|| 6 * 7);
    /// while !task.is_done() {
    ///     std::thread::yield_now();
    /// }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.home.is_forked() || self.job.is_done()
    }

    /// Blocks the calling thread until the job is done. For workers, see [jobs in jobs](super#jobs-in-jobs).
    ///
    /// # Errors
    ///
    /// If the job panicked or was discarded, or in a [child of `fork`](super#fork).
    ///
    /// # Panics
    ///
    /// If the task was polled before and returned its result. Inside a closure of any map, and inside a loader or a job
    /// that the job waits for: see [what could wait for ever](super#what-could-wait-for-ever).
    ///
    /// # Examples
    ///
    /// See [`Task`].
    #[track_caller]
    pub fn wait(self) -> Result<R, JobError> {
        let at = Location::caller();
        order::check_wait("a job is waited for", at);
        if self.home.is_forked() {
            return Err(JobError::Forked);
        }
        let Ok(_need) = Need::of_this(self.job.id()) else { self.refuse_circle(at) };
        self.outcome()
    }

    /// Blocks the calling thread until the job is done. The caller has checked that it may wait.
    pub(super) fn outcome(self) -> Result<R, JobError> {
        match Station::own() {
            Some(own) => self.home.wait(&own, &*self.job),
            None => self.job.wait(),
        }
    }

    #[cold]
    fn refuse_circle(&self, at: &Location<'_>) -> ! {
        panic!(
            "a job is waited for at {at}, inside a loader or a job for which it waits itself; it was handed in at {}",
            self.at
        )
    }
}

impl<R> Future for Task<R> {
    type Output = Result<R, JobError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        order::check_wait("a job is awaited that was handed in", self.at);
        if self.home.is_forked() {
            return Poll::Ready(Err(JobError::Forked));
        }
        self.job.take(Waiter::Task(StoredWaker::new(cx))).map_or(Poll::Pending, Poll::Ready)
    }
}

impl<R> fmt::Debug for Task<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task").field("node", &self.home.node).field("is_done", &self.is_done()).finish_non_exhaustive()
    }
}
