//! The waker of a task that waits for something.

use crate::contain::contain;
use std::task::{Context, Waker};

/// A waker that is kept until its task can go on. Its code is an executor's, and any of it may panic.
///
/// A panic in `clone` reaches the task that is polled, before anything has changed. A panic in `wake` or `drop` is contained here:
/// it concerns neither the thread that wakes nor the other tasks that are woken.
///
/// None of this may run under a lock, since the code may call the library.
pub(crate) struct StoredWaker(Option<Waker>);

impl StoredWaker {
    pub(crate) fn new(context: &Context<'_>) -> Self {
        StoredWaker(Some(context.waker().clone()))
    }

    /// Wakes the task. Says whether that did not panic.
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
