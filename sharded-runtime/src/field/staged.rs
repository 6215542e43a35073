//! What a transaction is to do with a row, before it is done.

use crate::clock::Nanos;
use std::{cell::Cell, mem};

/// What a transaction is to do with a row. Until it commits, the table knows nothing of it.
#[derive(Debug)]
pub(crate) struct Staged<V> {
    pub(crate) change: StagedChange,
    /// The value that is to be stored.
    pub(crate) value: Option<V>,
    /// Values that were staged before and are not to be stored. They are dropped after unlock.
    pub(crate) displaced: Vec<V>,
    /// How long the entry is to live, if that is not the declared time.
    pub(crate) ttl: Option<Nanos>,
    /// Whether the entry was read, which is a use of it.
    pub(crate) is_used: Cell<bool>,
}

/// What is to become of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StagedChange {
    /// It stays as it is.
    Keep,
    /// The value is stored, and its time to live begins.
    Put,
    /// The value replaces that of the entry, as a change in place.
    Update,
    /// It is removed.
    Remove,
}

impl<V> Staged<V> {
    pub(crate) const fn nothing() -> Self {
        Staged { change: StagedChange::Keep, value: None, displaced: Vec::new(), ttl: None, is_used: Cell::new(false) }
    }

    /// Stages that a value is stored, for this long or the declared time.
    pub(crate) fn put(&mut self, value: V, ttl: Option<Nanos>) {
        self.change = StagedChange::Put;
        self.ttl = ttl;
        if let Some(before) = self.value.replace(value) {
            self.displace(before);
        }
    }

    fn displace(&mut self, value: V) {
        if mem::needs_drop::<V>() {
            self.displaced.push(value);
        }
    }

    /// The value that is staged, after staging one that is made if there is none.
    pub(crate) fn or_put(&mut self, make: impl FnOnce() -> V) -> &V {
        match &mut self.value {
            Some(value) => value,
            none => {
                let value = none.insert(make());
                (self.change, self.ttl) = (StagedChange::Put, None);
                value
            }
        }
    }

    /// Stages that this value replaces that of the entry, as a change in place.
    pub(crate) fn update(&mut self, value: V) {
        self.change = StagedChange::Update;
        self.value = Some(value);
    }

    /// Stages that the entry is removed.
    pub(crate) fn remove(&mut self) {
        self.change = StagedChange::Remove;
        if let Some(before) = self.value.take() {
            self.displace(before);
        }
    }
}
