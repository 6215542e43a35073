//! What a transaction is to do with a row, before it is done.

#![allow(unreachable_pub, reason = "in a public trait that only this crate can implement")]

use crate::{
    clock::Nanos,
    contain::Drops,
    engine::table::{Offer, Slot},
};
use std::{
    cell::Cell,
    fmt,
    mem::{self, ManuallyDrop},
};

/// What a transaction is to do with a row, with the value that it is to store, and the slot of its entry.
pub struct StagedRow<K, V> {
    pub(crate) offer: Offer<K, V>,
    pub(crate) staged: Staged<V>,
    pub(crate) slot: Option<Slot>,
}

/// Not the key and the value, which may be secret.
impl<K, V> fmt::Debug for StagedRow<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StagedRow").field("change", &self.staged.change).finish_non_exhaustive()
    }
}

impl<K, V> StagedRow<K, V> {
    #[inline]
    pub(crate) fn new() -> Self {
        StagedRow { offer: Offer::without_key(None), staged: Staged::nothing(), slot: None }
    }

    /// Takes what is staged, for a row that takes its place.
    pub(crate) fn take(&mut self) -> (Offer<K, V>, Staged<V>) {
        (mem::replace(&mut self.offer, Offer::without_key(None)), mem::replace(&mut self.staged, Staged::nothing()))
    }
}

impl<K, V> Drop for StagedRow<K, V> {
    /// A panic of one key or value does not keep the others from being dropped.
    #[inline]
    fn drop(&mut self) {
        if mem::needs_drop::<(K, V)>() {
            let mut drops = Drops::default();
            drop_staged(&mut self.offer, &mut self.staged, &mut drops);
            drops.end();
        }
    }
}

/// Drops what a row was to store and has not, and what it has replaced.
#[inline]
pub(super) fn drop_staged<K, V>(offer: &mut Offer<K, V>, staged: &mut Staged<V>, drops: &mut Drops) {
    if mem::needs_drop::<V>() {
        for value in mem::take(&mut *staged.displaced).into_iter().rev() {
            drops.watch(|| drop(value));
        }
        if offer.value.is_some() {
            drops.watch(|| offer.value = None);
        }
    }
    if mem::needs_drop::<K>() && offer.key().is_some() {
        drops.watch(|| drop(offer.take_key()));
    }
}

/// What a transaction is to do with a row, beside the value that it is to store. Until it commits, the table knows
/// nothing of it.
#[derive(Debug)]
pub(crate) struct Staged<V> {
    pub(crate) change: StagedChange,
    /// Values that were staged before and are not to be stored. They are dropped after unlock, by [`drop_staged`]. It
    /// is empty if they own nothing: so a row of such values has nothing to be dropped, and can stay in registers.
    displaced: ManuallyDrop<Vec<V>>,
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
    #[inline]
    pub(crate) const fn nothing() -> Self {
        Staged {
            change: StagedChange::Keep,
            displaced: ManuallyDrop::new(Vec::new()),
            ttl: None,
            is_used: Cell::new(false),
        }
    }

    /// Stages that a value is stored, for this long or the declared time. `value` has what is staged.
    #[inline]
    pub(crate) fn put(&mut self, value: &mut Option<V>, new: V, ttl: Option<Nanos>) {
        self.change = StagedChange::Put;
        self.ttl = ttl;
        if let Some(before) = value.replace(new) {
            self.displace(before);
        }
    }

    #[inline]
    fn displace(&mut self, value: V) {
        if mem::needs_drop::<V>() {
            self.displaced.push(value);
        }
    }

    /// Stages that this value replaces that of the entry, as a change in place.
    #[inline]
    pub(crate) fn update(&mut self, value: &mut Option<V>, new: V) {
        self.change = StagedChange::Update;
        *value = Some(new);
    }

    /// Stages that the entry is removed.
    #[inline]
    pub(crate) fn remove(&mut self, value: &mut Option<V>) {
        self.change = StagedChange::Remove;
        if let Some(before) = value.take() {
            self.displace(before);
        }
    }
}
