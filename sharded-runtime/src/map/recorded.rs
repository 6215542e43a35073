//! What a recorder is told of a map.

use super::core::Core;
use crate::{
    Policy,
    builder::FieldOptions,
    lock::Lock,
    record::{Facts, Operation, choice_name},
};
use std::{
    any::type_name,
    hash::{BuildHasher, Hash},
    mem::needs_drop,
};

impl<K, V, P: Policy, S> Core<K, V, P, S> {
    /// The hash of a key that is used, which is noted where uses are recorded.
    #[inline]
    pub(super) fn hash_for<Q>(&self, operation: Operation, key: &Q) -> u64
    where
        Q: Hash + ?Sized,
        S: BuildHasher + Default + 'static,
    {
        let hash = self.hasher.hash(key);
        if P::RECORDS
            && let Some(recording) = &self.recording
            && recording.is_due(hash)
        {
            let shard = self.route(hash);
            recording.note(operation, hash, shard, || self.shards.try_write(shard, |_, _| ()).is_none());
        }
        hash
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
