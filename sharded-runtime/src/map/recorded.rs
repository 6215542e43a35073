//! What a recorder is told of a map.

use super::core::Core;
use crate::{
    Policy, Recording,
    builder::FieldOptions,
    lock::Lock,
    record::{Facts, Operation, Timed, choice_name},
    table::Copies,
};
use std::{
    any::type_name,
    borrow::Borrow,
    hash::{BuildHasher, Hash},
    mem::needs_drop,
    time::Instant,
};

/// Whether a clock is read around what a use runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct IsTimed(bool);

impl<K, V, P: Policy, S> Core<K, V, P, S> {
    /// The hash of a key that is used, which is noted where uses are recorded.
    #[inline]
    pub(super) fn hash_for<Q>(&self, operation: Operation, key: &Q) -> u64
    where
        Q: Hash + ?Sized,
        S: BuildHasher + Default + 'static,
    {
        self.hash_timed(operation, key).0
    }

    /// As [`hash_for`](Core::hash_for), of a use that runs something. Says whether that is to be timed.
    #[inline]
    pub(super) fn hash_timed<Q>(&self, operation: Operation, key: &Q) -> (u64, IsTimed)
    where
        Q: Hash + ?Sized,
        S: BuildHasher + Default + 'static,
    {
        let hash = self.hasher.hash(key);
        let is_timed = self.is_due(hash) && self.note(operation, hash);
        (hash, IsTimed(is_timed))
    }

    /// As [`hash_timed`](Core::hash_timed), of a read. (Whether it will find an entry is looked up beforehand where it is noted, so that
    /// no other read has to look back.)
    #[inline]
    #[track_caller]
    pub(super) fn hash_of_read<Q>(&self, operation: Operation, key: &Q, copies: Option<Copies<K, V>>) -> (u64, IsTimed)
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
        S: BuildHasher + Default + 'static,
    {
        let hash = self.hasher.hash(key);
        let is_timed = self.is_due(hash) && self.note_read(operation, hash, key, copies);
        (hash, IsTimed(is_timed))
    }

    /// Runs a closure on an entry, or a loader.
    #[inline]
    pub(super) fn timed<R>(&self, is_timed: IsTimed, timed: Timed, run: impl FnOnce() -> R) -> R {
        let began = Self::begin(is_timed);
        let result = run();
        self.end(timed, began);
        result
    }

    /// As [`timed`](Core::timed), of a loader that is a future: from its first poll to its end.
    pub(super) async fn timed_async<F: Future>(&self, is_timed: IsTimed, timed: Timed, run: F) -> F::Output {
        let began = Self::begin(is_timed);
        let result = run.await;
        self.end(timed, began);
        result
    }

    #[inline]
    fn begin(is_timed: IsTimed) -> Option<Instant> {
        if P::RECORDS && is_timed.0 { Some(Instant::now()) } else { None }
    }

    #[inline]
    fn end(&self, timed: Timed, began: Option<Instant>) {
        if P::RECORDS
            && let (Some(began), Some(recording)) = (began, &self.recording)
        {
            recording.note_time(timed, began);
        }
    }

    /// Whether uses are recorded and that of such a key is to be noted.
    #[inline]
    fn is_due(&self, hash: u64) -> bool {
        P::RECORDS
            && match &self.recording {
                Some(recording) => recording.is_due(hash),
                None => false,
            }
    }

    /// Notes a use. Says whether what it runs is to be timed.
    #[cold]
    #[inline(never)]
    fn note(&self, operation: Operation, hash: u64) -> bool {
        let Some(recording) = &self.recording else { return false };
        let shard = self.route(hash);
        recording.note(operation, hash, shard, || self.shards.try_write(shard, |_, _| ()).is_none())
    }

    /// As [`note`](Core::note), of a read.
    #[cold]
    #[inline(never)]
    #[track_caller]
    fn note_read<Q>(&self, operation: Operation, hash: u64, key: &Q, copies: Option<Copies<K, V>>) -> bool
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let is_timed = self.note(operation, hash);
        if let Some(recording) = &self.recording
            && Recording::follows(hash)
        {
            recording.note_read(hash, self.peek(hash, key, copies, |_, _| ()).is_none());
        }
        is_timed
    }

    /// What is declared of the map, in words.
    pub(super) fn facts(options: &FieldOptions<P>) -> Facts {
        Facts {
            lock: choice_name(type_name::<P::Lock>()),
            evict: choice_name(type_name::<P::Eviction>()),
            numa: choice_name(type_name::<P::Placement>()),
            is_auto: choice_name(type_name::<P::Shards>()) == "Auto" && options.shards.is_none(),
            weighs: P::WEIGHS,
            ttl: options.ttl.or(P::TTL),
            idle: options.idle.or(P::IDLE),
            value_bytes: size_of::<V>(),
            copy: <P::Lock as Lock>::READS_RACE || !needs_drop::<K>() && !needs_drop::<V>(),
        }
    }
}
