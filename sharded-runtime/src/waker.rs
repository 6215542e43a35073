//! The waker of a waiting task.

use crate::contain::contain;
use std::task::{Context, Waker};

/// A waker that is stored until its task can continue. Its code belongs to an executor, and all of it may panic.
///
/// A panic in `clone` reaches the task that is polled, before anything has changed. A panic in `wake` or `drop` is
/// contained, because it concerns neither the waking thread nor the other tasks.
///
/// None of this may run under a lock, because the executor may call this library.
pub(crate) struct StoredWaker(Option<Waker>);

impl StoredWaker {
    pub(crate) fn new(context: &Context<'_>) -> Self {
        StoredWaker(Some(context.waker().clone()))
    }

    /// Wakes the task. Returns `false` if that panicked.
    pub(crate) fn wake(mut self) -> bool {
        contain(|| self.0.take().map(Waker::wake)).is_some()
    }
}

impl From<Waker> for StoredWaker {
    fn from(waker: Waker) -> Self {
        StoredWaker(Some(waker))
    }
}

impl Drop for StoredWaker {
    fn drop(&mut self) {
        if let Some(waker) = self.0.take() {
            contain(|| drop(waker));
        }
    }
}
