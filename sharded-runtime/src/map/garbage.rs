//! What has been taken out of a shard and is to be dropped.

use smallvec::SmallVec;
use std::{
    any::Any,
    mem::needs_drop,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    thread,
};

/// Entries that were taken out under a lock, to be dropped after it.
pub(super) struct Garbage<K, V>(SmallVec<[(K, V); 1]>);

impl<K, V> Garbage<K, V> {
    pub(super) fn new() -> Self {
        Garbage(SmallVec::new())
    }

    pub(super) fn push(&mut self, entry: (K, V)) {
        self.0.push(entry);
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

impl<K, V> Drop for Garbage<K, V> {
    #[inline]
    fn drop(&mut self) {
        if needs_drop::<(K, V)>() && !self.0.is_empty() {
            drop_each(self.0.drain(..));
        }
    }
}

/// Drops entries one after the other, however many panic at it; the first panic goes on when all are gone.
///
/// Left to themselves, the second one that panics would abort the process.
pub(super) fn drop_each<K, V>(entries: impl Iterator<Item = (K, V)>) {
    let mut first = None;
    let mut watch = |dropped: Result<(), Box<dyn Any + Send>>| {
        if let Err(panic) = dropped {
            first.get_or_insert(panic);
        }
    };
    for (key, value) in entries {
        watch(catch_unwind(AssertUnwindSafe(move || drop(key))));
        watch(catch_unwind(AssertUnwindSafe(move || drop(value))));
    }
    if let Some(panic) = first
        && !thread::panicking()
    {
        resume_unwind(panic);
    }
}
