//! Recording a store.

use super::text;
use crate::{Field, Stats, store::name::store_name};
use std::{fmt, fs, io, path::Path, thread, time::Instant};

/// Shows every field of a store: [`Store::visit`](crate::Store::visit), named by the caller so that this file does not
/// use that trait.
type Visit<T> = fn(&T, &mut dyn FnMut(&dyn Field));

/// Records the uses of a store's maps until it is dropped: see [`Store::recorder`](crate::Store::recorder).
pub struct Recorder<'a, T: ?Sized> {
    store: &'a T,
    visit: Visit<T>,
    began: Instant,
    /// The statistics of each field at the start.
    before: Vec<Stats>,
}

impl<'a, T: ?Sized> Recorder<'a, T> {
    pub(crate) fn start(store: &'a T, visit: Visit<T>) -> Self {
        let mut before = Vec::new();
        visit(store, &mut |field| {
            before.push(field.stats());
            if let Some(recording) = field.recording() {
                let capacity = field.capacity().filter(|_| !recording.facts.weighs);
                recording.start(field.shard_count(), capacity);
            }
        });
        Recorder { store, visit, began: Instant::now(), before }
    }

    /// The text of the workload file: what was recorded so far. The recording goes on.
    ///
    /// O(samples), without a lock of a map.
    ///
    /// # Examples
    ///
    /// See [`Store::recorder`](crate::Store::recorder).
    #[must_use]
    pub fn workload(&self) -> String {
        let mut fields = Vec::new();
        let mut before = self.before.iter();
        let store = store_name::<T>();
        (self.visit)(self.store, &mut |field: &dyn Field| {
            let before = before.next();
            if let (Some(recording), Some(before)) = (field.recording(), before) {
                fields.extend(text::field(store, field, recording, before, self.began.elapsed()));
            }
        });
        text::file(thread::available_parallelism().map_or(1, usize::from), &fields)
    }

    /// The former name of [`workload`](Recorder::workload).
    #[deprecated(note = "it is called `workload`")]
    #[must_use]
    pub fn load(&self) -> String {
        self.workload()
    }

    /// Writes the workload file of what was recorded so far. The recording goes on.
    ///
    /// # Errors
    ///
    /// Those of writing the file.
    ///
    /// # Examples
    ///
    /// See [`Store::recorder`](crate::Store::recorder).
    pub fn write(&self, path: impl AsRef<Path>) -> io::Result<()> {
        fs::write(path, self.workload())
    }
}

impl<T: ?Sized> Drop for Recorder<'_, T> {
    fn drop(&mut self) {
        (self.visit)(self.store, &mut |field| {
            if let Some(recording) = field.recording() {
                recording.stop();
            }
        });
    }
}

impl<T: ?Sized> fmt::Debug for Recorder<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("began", &self.began).finish_non_exhaustive()
    }
}
