//! What has been taken out of a shard and is to be dropped.

use crate::removal::{Cause, Listening, Sink};
use std::{
    any::Any,
    mem::{self, needs_drop},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{Arc, OnceLock},
    thread,
};

/// Entries that were taken out under a lock, to be dropped after it. Most writes take out none.
pub(super) struct Garbage<K, V>(Option<Entries<K, V>>);

struct Entries<K, V> {
    /// Without an allocation for the first one, which is mostly all there is.
    first: Option<(K, V)>,
    more: Vec<(K, V)>,
    /// How many more there were, which are to be told of.
    told: usize,
}

impl<K, V> Garbage<K, V> {
    pub(super) fn new() -> Self {
        Garbage(None)
    }

    pub(super) fn push(&mut self, entry: (K, V)) {
        self.entries().keep(entry);
    }

    /// Adds an entry that someone is to be told of.
    #[cold]
    #[inline(never)]
    pub(super) fn tell(&mut self, entry: (K, V), cause: Cause, listening: &Listening<K, V>) {
        let entries = self.entries();
        match listening.leave(entry, cause) {
            None => entries.told += 1,
            Some(entry) => entries.keep(entry),
        }
    }

    /// Adds all of other garbage.
    #[cold]
    pub(super) fn append(&mut self, mut other: Garbage<K, V>) {
        match (&mut self.0, other.0.take()) {
            (Some(these), Some(mut others)) => {
                if let Some(entry) = others.first {
                    these.keep(entry);
                }
                these.more.append(&mut others.more);
                these.told += others.told;
            }
            (None, others) => self.0 = others,
            (Some(_), None) => {}
        }
    }

    pub(super) fn len(&self) -> usize {
        match &self.0 {
            Some(Entries { first, more, told }) => usize::from(first.is_some()) + more.len() + told,
            None => 0,
        }
    }

    fn entries(&mut self) -> &mut Entries<K, V> {
        if self.0.is_none() {
            self.0 = Some(Entries { first: None, more: Vec::new(), told: 0 });
        }
        self.0.as_mut().expect("it is made above")
    }
}

impl<K, V> Entries<K, V> {
    fn keep(&mut self, entry: (K, V)) {
        if self.first.is_none() {
            self.first = Some(entry);
        } else {
            self.more.push(entry);
        }
    }
}

impl<K, V> Drop for Garbage<K, V> {
    #[inline]
    fn drop(&mut self) {
        if let Some(entries) = self.0.take()
            && needs_drop::<(K, V)>()
        {
            let mut drops = Drops::default();
            if let Some(entry) = entries.first {
                drops.drop_one(entry);
            }
            let mut more = entries.more;
            while let Some(entry) = more.pop() {
                drops.drop_one(entry);
            }
            drops.end();
        }
    }
}

/// What a write takes out. When this is dropped, after the lock is released, it is told of and dropped; also on a panic.
pub(super) struct Leaving<'a, K, V> {
    pub(super) garbage: Garbage<K, V>,
    listening: &'a OnceLock<Listening<K, V>>,
}

impl<'a, K, V> Leaving<'a, K, V> {
    #[inline]
    pub(super) fn new(listening: &'a OnceLock<Listening<K, V>>) -> Self {
        Leaving { garbage: Garbage::new(), listening }
    }
}

impl<K, V> Drop for Leaving<'_, K, V> {
    #[inline]
    fn drop(&mut self) {
        if let Some(entries) = &self.garbage.0
            && entries.told > 0
            && let Some(listening) = self.listening.get()
        {
            listening.tell();
        }
    }
}

/// As [`Leaving`], but for who does not own the map any more when this is dropped.
pub(super) struct Parting<K, V> {
    pub(super) garbage: Garbage<K, V>,
    told: Option<Arc<dyn Sink<K, V>>>,
}

impl<K, V> Parting<K, V> {
    pub(super) fn new() -> Self {
        Parting { garbage: Garbage::new(), told: None }
    }

    /// Says who is told, if someone is by now.
    pub(super) fn tell(&mut self, listening: Option<&Listening<K, V>>) {
        self.told = listening.map(Listening::sink);
    }
}

impl<K, V> Drop for Parting<K, V> {
    fn drop(&mut self) {
        if let (Some(Entries { told: 1.., .. }), Some(sink)) = (&self.garbage.0, &self.told) {
            sink.run();
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
        for entry in entries {
            self.drop_one(entry);
        }
    }

    fn drop_one<K, V>(&mut self, (key, value): (K, V)) {
        let (mut key, mut value) = (Some(key), Some(value));
        let both = &mut || {
            key = None;
            value = None;
        };
        if !self.watch_call(both) {
            self.watch_call(&mut || value = None);
        }
    }

    pub(super) fn end(self) {
        match self.first {
            Some(panic) if !thread::panicking() => resume_unwind(panic),
            // What a panic carries may panic again when it is dropped.
            panic => mem::forget(panic),
        }
    }

    /// Runs what may panic.
    pub(super) fn watch(&mut self, run: impl FnOnce()) {
        let mut run = Some(run);
        self.watch_call(&mut || {
            if let Some(run) = run.take() {
                run();
            }
        });
    }

    /// Makes a call that may panic; says whether it did not.
    fn watch_call(&mut self, call: &mut dyn FnMut()) -> bool {
        let Err(panic) = catch_unwind(AssertUnwindSafe(call)) else { return true };
        match self.first {
            None => self.first = Some(panic),
            Some(_) => mem::forget(panic),
        }
        false
    }
}
