//! Queued jobs at the end of a pool.

/// What happens to queued jobs when a pool is shut down. Running jobs are always finished.
///
/// # Examples
///
/// See [`Pool::shutdown`](super::Pool::shutdown).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pending {
    /// They run, and so do the jobs that they hand in.
    Finish,
    /// They are dropped, and their callers get [`JobError::Discarded`](super::JobError::Discarded).
    Discard,
}
