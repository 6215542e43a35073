//! What has been taken out of a shard and is to be dropped.

use smallvec::SmallVec;
use std::{
    any::Any,
    mem::{self, needs_drop},
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
            let mut drops = Drops::default();
            drops.drop_each(self.0.drain(..));
            drops.end();
        }
    }
}

/// Drops entries one after the other, however many panic at it; the first panic goes on at the [end](Drops::end).
///
/// Left to themselves, the second one that panics would abort the process.
#[derive(Default)]
pub(super) struct Drops {
    first: Option<Box<dyn Any + Send>>,
}

impl Drops {
    pub(super) fn drop_each<K, V>(&mut self, entries: impl Iterator<Item = (K, V)>) {
        for (key, value) in entries {
            self.watch(move || drop(key));
            self.watch(move || drop(value));
        }
    }

    pub(super) fn end(self) {
        match self.first {
            Some(panic) if !thread::panicking() => resume_unwind(panic),
            // What a panic carries may panic again when it is dropped.
            panic => mem::forget(panic),
        }
    }

    fn watch(&mut self, drop: impl FnOnce()) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(drop)) {
            match self.first {
                None => self.first = Some(panic),
                Some(_) => mem::forget(panic),
            }
        }
    }
}
