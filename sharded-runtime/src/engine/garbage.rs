//! Entries that a session has removed.

use super::{cause::Cause, table::Removed, units::Units};
use std::mem;

/// The removal listener of a field.
pub(crate) trait Listener<K, V> {
    fn copy_key(&self, key: &K) -> K;
    #[allow(clippy::unnecessary_box_returns, reason = "a large value takes no place on the stack")]
    fn copy_value(&self, value: &V) -> Box<V>;
    /// Takes a removed entry, or gives it back to be dropped. Called under the lock of the entry's shard.
    fn take(&self, key: K, value: Box<V>, cause: Cause) -> Option<(K, Box<V>)>;
}

/// Entries that were removed under a lock, to be dropped after its release. Most writes remove none.
pub(crate) struct Garbage<K, V> {
    kept: Removed<K, V>,
    /// How many more were given to a listener, or retired.
    departed: u32,
    /// How many of those in `kept` were retired by earlier calls.
    released: u32,
    /// Units by which this call has overdrawn the capacity.
    overdrawn: Units,
}

impl<K, V> Garbage<K, V> {
    #[inline]
    pub(crate) fn new() -> Self {
        Garbage { kept: Removed::new(), departed: 0, released: 0, overdrawn: Units::ZERO }
    }

    /// The destination of a removed entry.
    #[inline]
    pub(crate) fn kept(&mut self) -> &mut Removed<K, V> {
        &mut self.kept
    }

    /// Gives the entry that was removed last to a listener.
    #[cold]
    pub(crate) fn tell_last(&mut self, cause: Cause, listener: &impl Listener<K, V>) {
        if let Some((key, value)) = self.kept.pop_boxed() {
            self.tell(key, value, cause, listener);
        }
    }

    /// Gives an entry to a listener.
    pub(crate) fn tell(&mut self, key: K, value: Box<V>, cause: Cause, listener: &impl Listener<K, V>) {
        match listener.take(key, value, cause) {
            None => self.note_departed(),
            Some((key, value)) => self.kept.push_boxed(key, value),
        }
    }

    /// Moves the entries of other garbage here.
    #[cold]
    pub(crate) fn append(&mut self, other: &mut Garbage<K, V>) {
        self.kept.append(&mut other.kept);
        self.departed += mem::take(&mut other.departed);
        self.released += mem::take(&mut other.released);
    }

    /// Notes units that the call must repay, by evicting entries.
    pub(crate) fn add_overdrawn(&mut self, units: Units) {
        self.overdrawn = self.overdrawn.plus(units);
    }

    /// Takes the units that [`add_overdrawn`](Garbage::add_overdrawn) has noted.
    pub(crate) fn take_overdrawn(&mut self) -> Units {
        mem::take(&mut self.overdrawn)
    }

    pub(crate) fn len(&self) -> usize {
        self.kept.len() + self.departed as usize - self.released as usize
    }

    /// Notes an entry that was removed and is not kept here: it was given to a listener, or retired.
    #[inline]
    pub(crate) fn note_departed(&mut self) {
        self.departed += 1;
    }

    /// Notes how many of the kept entries were retired by earlier calls.
    #[inline]
    #[allow(clippy::cast_possible_truncation, reason = "they are a few batches")]
    pub(crate) fn note_released(&mut self, entries: usize) {
        self.released += entries as u32;
    }

    /// Whether a listener may have entries that it was not called for yet.
    #[inline]
    pub(crate) fn is_to_be_told(&self) -> bool {
        self.departed != 0
    }
}
