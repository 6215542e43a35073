//! Errors of jobs.

use crate::memory::sync::unmodelled::Mutex;
use std::{any::Any, error::Error, fmt, panic};

/// A job has no result.
///
/// # Examples
///
/// ```
/// use sharded::node::{JobError, Pool};
///
/// let pool = Pool::builder().threads_per_node(1).start()?;
/// let node = pool.topology().nodes()[0].id();
/// match pool.on(node).run(|| -> u32 { panic!("no {}", "luck") }) {
///     Err(JobError::Panicked(panic)) => assert_eq!(panic.message(), Some("no luck")),
///     other => panic!("{other:?}"),
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub enum JobError {
    /// It panicked. Its worker continues.
    Panicked(Panic),
    /// It was dropped before it began, because the pool was shut down.
    Discarded,
    /// The pool and its workers belong to the process that this one was [forked](super#fork) from.
    Forked,
}

/// The panic of a job.
///
/// # Examples
///
/// See [`JobError`].
pub struct Panic {
    message: Option<Box<str>>,
    /// Behind a lock, which makes the error `Sync`. Nothing ever waits for it.
    payload: Mutex<Box<dyn Any + Send>>,
}

impl Panic {
    pub(super) fn new(payload: Box<dyn Any + Send>) -> Self {
        let text = payload.downcast_ref::<&str>().copied();
        let message = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).map(Box::from);
        Self { message, payload: Mutex::new(payload) }
    }

    /// The message, if the payload is text, as with the macro [`panic!`].
    ///
    /// # Examples
    ///
    /// See [`JobError`].
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// The payload, as [`catch_unwind`](std::panic::catch_unwind) returns it.
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::node::{JobError, Pool};
    /// # let pool = Pool::builder().threads_per_node(1).start()?;
    /// # let node = pool.topology().nodes()[0].id();
    /// let job = || std::panic::panic_any(7_u32);
    /// let Err(JobError::Panicked(panic)) = pool.on(node).run(job) else { unreachable!() };
    /// assert_eq!(panic.into_payload().downcast_ref(), Some(&7_u32));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn into_payload(self) -> Box<dyn Any + Send> {
        self.payload.into_inner()
    }

    /// Continues the panic in the calling thread, without the panic hook.
    ///
    /// # Panics
    ///
    /// Always.
    ///
    /// # Examples
    ///
    /// ```should_panic
    /// # use sharded::node::{JobError, Pool};
    /// # let pool = Pool::builder().threads_per_node(1).start()?;
    /// # let node = pool.topology().nodes()[0].id();
    /// if let Err(JobError::Panicked(panic)) = pool.on(node).run(|| panic!("no luck")) {
    ///     panic.resume();
    /// }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn resume(self) -> ! {
        panic::resume_unwind(self.into_payload())
    }
}

// Shows only the message, because the payload need not be `Debug`.
impl fmt::Debug for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Panic").field("message", &self.message).finish_non_exhaustive()
    }
}

impl fmt::Display for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JobError::Panicked(Panic { message: Some(message), .. }) => write!(f, "the job panicked: {message}"),
            JobError::Panicked(_) => f.write_str("the job panicked"),
            JobError::Discarded => f.write_str("the job was discarded, as the pool was shut down"),
            JobError::Forked => f.write_str("the workers of the pool are in the process that this one was forked from"),
        }
    }
}

impl Error for JobError {}

/// A node's queue has no room for a job.
///
/// # Examples
///
/// See [`At::try_run`](super::At::try_run).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Full<F> {
    /// The job, given back.
    pub job: F,
}

// A job need not be `Debug`.
impl<F> fmt::Debug for Full<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Full").finish_non_exhaustive()
    }
}

impl<F> fmt::Display for Full<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the node's queue is full")
    }
}

impl<F> Error for Full<F> {}

/// The result of user code, or its panic.
pub(super) fn catch<R>(run: impl FnOnce() -> R) -> Result<R, Panic> {
    panic::catch_unwind(panic::AssertUnwindSafe(run)).map_err(Panic::new)
}
