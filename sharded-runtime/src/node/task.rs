use super::{
    error::JobError,
    job::{Outcome, Waiter},
    station::Station,
};
use crate::waker::StoredWaker;
use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

/// A job that was handed in, and its result to be: a future for any executor, or [`wait`](Self::wait) for it.
///
/// A task that is dropped lets its job run; the result is dropped then, by the worker.
///
/// # Panics
///
/// When it is polled again, or waited for, after it gave its result.
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
#[must_use = "a task that is dropped lets its job run, but nobody hears of a panic in it"]
pub struct Task<R> {
    job: Arc<dyn Outcome<R>>,
    home: Arc<Station>,
}

impl<R> Task<R> {
    pub(super) fn new(job: Arc<dyn Outcome<R>>, home: Arc<Station>) -> Self {
        Self { job, home }
    }

    /// Whether the result is there. O(1).
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
        self.job.is_done()
    }

    /// Blocks the calling thread until the result is there. In a worker, see [what holds in jobs](super#jobs-in-jobs).
    ///
    /// # Errors
    ///
    /// If the job panicked or was discarded.
    ///
    /// # Panics
    ///
    /// If the task was polled before and gave its result.
    ///
    /// # Examples
    ///
    /// See [`Task`].
    pub fn wait(self) -> Result<R, JobError> {
        match Station::own() {
            Some(own) => self.home.wait(&own, &*self.job),
            None => self.job.wait(),
        }
    }
}

impl<R> Future for Task<R> {
    type Output = Result<R, JobError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.job.take(Waiter::Task(StoredWaker::new(cx))).map_or(Poll::Pending, Poll::Ready)
    }
}

impl<R> fmt::Debug for Task<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task").field("node", &self.home.node).field("is_done", &self.is_done()).finish_non_exhaustive()
    }
}
