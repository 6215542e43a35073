//! What becomes of jobs that are queued when a pool ends.

/// What becomes of the jobs that are queued when a pool is shut down. Those that run already are always finished.
///
/// # Examples
///
/// See [`Pool::shutdown`](super::Pool::shutdown).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pending {
    /// They run, and so does what they ask the pool for.
    Finish,
    /// They are dropped, and their callers get [`JobError::Discarded`](super::JobError::Discarded).
    Discard,
}
