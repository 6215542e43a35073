//! The samples of a map for a recorder.

use super::{
    core::Core,
    types::{FieldTypes, LockFor, UsableTypes},
};
use crate::{
    Policy,
    builder::Overrides,
    hasher::KeyHash,
    lock::Lock,
    record::{Facts, Operation, Timed},
    store::{FieldInfo, info::choice_name},
};
use std::{hash::Hash, mem::needs_drop, time::Instant};

/// Whether the closure of a use is timed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IsTimed(bool);

impl IsTimed {
    pub(crate) fn and(self, is_timed: bool) -> Self {
        IsTimed(self.0 && is_timed)
    }
}

impl<F: FieldTypes> Core<F> {
    /// Runs a closure, and records its time if it is to be timed.
    #[inline]
    pub(crate) fn timed<R>(&self, is_timed: IsTimed, timed: Timed, run: impl FnOnce() -> R) -> R {
        let began = if F::Policy::RECORDS && is_timed.0 { Some(Instant::now()) } else { None };
        let result = run();
        if F::Policy::RECORDS
            && let (Some(began), Some(recording)) = (began, &self.recording)
        {
            recording.note_time(timed, began);
        }
        result
    }

    /// Whether uses are recorded, and a use of a key with this hash is due.
    #[inline]
    pub(crate) fn is_due(&self, hash: KeyHash) -> bool {
        F::Policy::RECORDS
            && match &self.recording {
                Some(recording) => recording.is_due(hash),
                None => false,
            }
    }

    /// Records a use. Returns whether to time its closure.
    #[cold]
    #[inline(never)]
    pub(crate) fn note(&self, operation: Operation, hash: KeyHash) -> IsTimed {
        let Some(recording) = &self.recording else { return IsTimed(false) };
        let shard = self.route(hash);
        IsTimed(recording.note(operation, hash, shard, &|| self.shards.try_write(shard, |_, _| ()).is_none()))
    }

    /// Records whether a recorded read has found an entry.
    pub(crate) fn note_found(&self, hash: KeyHash, is_found: bool) {
        if let Some(recording) = &self.recording {
            recording.note_found(hash, is_found);
        }
    }

    /// The declaration of the map, as the recording has it.
    pub(crate) fn facts(given: &Overrides) -> Facts {
        Facts {
            info: FieldInfo::of::<F::Policy>(),
            is_auto: choice_name::<<F::Policy as Policy>::Shards>() == "Auto" && given.shards.is_none(),
            weighs: F::Policy::WEIGHS,
            ttl: given.ttl.or(F::Policy::TTL),
            idle: given.idle.or(F::Policy::IDLE),
            value_bytes: size_of::<F::Value>(),
            copy: LockFor::<F>::READS_RACE && !LockFor::<F>::SHARES_ENTRIES
                || !needs_drop::<F::Key>() && !needs_drop::<F::Value>(),
        }
    }
}

impl<F: UsableTypes> Core<F> {
    /// The hash of a key that is used. Records the use if uses are recorded.
    #[inline]
    pub(crate) fn hash_for<Q: Hash + ?Sized>(&self, operation: Operation, key: &Q) -> KeyHash {
        self.hash_timed(operation, key).0
    }

    /// As [`hash_for`](Core::hash_for), for a use that runs a closure. Returns whether to time it.
    #[inline]
    pub(crate) fn hash_timed<Q: Hash + ?Sized>(&self, operation: Operation, key: &Q) -> (KeyHash, IsTimed) {
        let hash = self.hasher.hash(key);
        // `RECORDS` is a constant, so the code that records is compiled only for maps whose uses are recorded.
        let is_timed =
            if F::Policy::RECORDS && self.is_due(hash) { self.note(operation, hash) } else { IsTimed(false) };
        (hash, is_timed)
    }
}
