//! Who records a store.

use super::text;
use crate::{Field, Stats, Store};
use std::{fmt, fs, io, path::Path, thread, time::Instant};

/// Records the uses of a store's maps until it is dropped: see [`Store::recorder`].
pub struct Recorder<'a, T: Store + ?Sized> {
    store: &'a T,
    began: Instant,
    /// What had happened before, in each field.
    before: Vec<Stats>,
}

impl<'a, T: Store + ?Sized> Recorder<'a, T> {
    pub(crate) fn start(store: &'a T) -> Self {
        let mut before = Vec::new();
        store.visit(&mut |field| {
            before.push(field.stats());
            if let Some(recording) = field.recording() {
                let capacity = field.capacity().filter(|_| !recording.facts.weighs);
                recording.start(field.shard_count(), capacity);
            }
        });
        Recorder { store, began: Instant::now(), before }
    }

    /// The workload file of what was recorded so far. It goes on.
    ///
    /// O(samples), without a lock of a map.
    ///
    /// # Examples
    ///
    /// See [`Store::recorder`].
    #[must_use]
    pub fn load(&self) -> String {
        let mut fields = Vec::new();
        let mut before = self.before.iter();
        let store = text::store_name(std::any::type_name::<T>());
        self.store.visit(&mut |field: &dyn Field| {
            let before = before.next();
            if let (Some(recording), Some(before)) = (field.recording(), before) {
                fields.extend(text::field(store, field, recording, before, self.began.elapsed()));
            }
        });
        text::file(thread::available_parallelism().map_or(1, usize::from), &fields)
    }

    /// Writes the workload file of what was recorded so far. It goes on.
    ///
    /// # Errors
    ///
    /// Those of writing the file.
    ///
    /// # Examples
    ///
    /// See [`Store::recorder`].
    pub fn write(&self, path: impl AsRef<Path>) -> io::Result<()> {
        fs::write(path, self.load())
    }
}

impl<T: Store + ?Sized> Drop for Recorder<'_, T> {
    fn drop(&mut self) {
        self.store.visit(&mut |field| {
            if let Some(recording) = field.recording() {
                recording.stop();
            }
        });
    }
}

impl<T: Store + ?Sized> fmt::Debug for Recorder<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("began", &self.began).finish_non_exhaustive()
    }
}
