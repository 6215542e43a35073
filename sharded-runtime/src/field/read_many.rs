//! Reads of several keys, which prefetch the memory of all of them.

use super::{
    batch::PREFETCHED,
    core::Core,
    limits::BATCH,
    types::{PlaceFor, UsableTypes},
};
use crate::{
    Policy,
    engine::{
        spec::{Spec, TableFor},
        table::UseFetched,
    },
    hasher::KeyHash,
    record::Operation,
};
use smallvec::SmallVec;
use std::{borrow::Borrow, hash::Hash};

impl<F: UsableTypes<Value: Clone>> Core<F> {
    /// Copies of the values of several keys, in the order of the keys. Each is a use of its entry.
    #[track_caller]
    pub(crate) fn get_many<'q, Q>(&self, keys: impl IntoIterator<Item = &'q Q>) -> Vec<Option<F::Value>>
    where
        F::Key: Borrow<Q>,
        Q: Hash + Eq + ?Sized + 'q,
    {
        let keys = keys.into_iter();
        let may_share_shards = keys.size_hint().1.is_none_or(|most| most > self.shard_count());
        if may_share_shards && !F::READS_COPY { self.get_by_shard(keys) } else { self.get_in_order(keys) }
    }

    /// Reads the keys in their order.
    #[track_caller]
    fn get_in_order<'q, Q>(&self, keys: impl Iterator<Item = &'q Q>) -> Vec<Option<F::Value>>
    where
        F::Key: Borrow<Q>,
        Q: Hash + Eq + ?Sized + 'q,
    {
        let mut keys = keys.fuse();
        let mut values = Vec::with_capacity(keys.size_hint().0);
        let mut batch = SmallVec::<[(KeyHash, &Q); PREFETCHED]>::new();
        loop {
            batch.clear();
            batch.extend(keys.by_ref().take(PREFETCHED).map(|key| (self.hash_for(Operation::Get, key), key)));
            if batch.is_empty() {
                return values;
            }
            if F::READS_COPY
                && let Some(copies) = F::COPIES
            {
                self.fetch_unlocked(&batch, copies);
            } else {
                self.fetch_ahead::<_, Q>(&batch);
            }
            for &(hash, key) in &batch {
                let value = self.get_fetched(hash, key);
                if F::Policy::RECORDS && self.is_due(hash) {
                    self.note_found(hash, value.is_some());
                }
                values.push(value);
            }
        }
    }

    /// Reads a key whose memory was prefetched.
    #[inline]
    #[track_caller]
    fn get_fetched<Q: Eq + ?Sized>(&self, hash: KeyHash, key: &Q) -> Option<F::Value>
    where
        F::Key: Borrow<Q>,
    {
        if F::USES_COPY
            && let Some(copies) = F::COPIES
        {
            // It is gone before the key is read otherwise: a reader that is announced must not wait for a lock.
            let mut place = PlaceFor::<F>::new();
            if let Ok(found) = self.find_unlocked::<Q, UseFetched>((hash, key), copies, self.idle(), &mut place)
                && found.as_ref().is_none_or(|it| self.is_alive(it.deadline) && self.is_noted(it.used))
            {
                return self.read_unlocked(hash, Self::TRAITS, found, F::Value::clone);
            }
        }
        self.read_hashed(hash, key, Self::TRAITS, F::Value::clone)
    }

    /// Reads the keys shard by shard.
    #[track_caller]
    fn get_by_shard<'q, Q>(&self, keys: impl Iterator<Item = &'q Q>) -> Vec<Option<F::Value>>
    where
        F::Key: Borrow<Q>,
        Q: Hash + Eq + ?Sized + 'q,
    {
        let hash = |key: &'q Q| self.hash_for(Operation::Get, key);
        let mut keys: Vec<_> = keys.enumerate().map(|(index, key)| (hash(key), (index, key))).collect();
        // The highest bits of the hash are the shard, so this groups the keys by shard.
        keys.sort_unstable_by_key(|&(hash, _)| hash.bits());
        let mut values: Vec<Option<F::Value>> = (0..keys.len()).map(|_| None).collect();
        for of_shard in keys.chunk_by(|(a, _), (b, _)| self.route(*a) == self.route(*b)) {
            for batch in of_shard.chunks(BATCH) {
                self.get_in_shard(batch, &mut values);
            }
        }
        values
    }

    /// Reads keys of one shard, which is locked once. Each comes with its index in `values`.
    #[track_caller]
    fn get_in_shard<Q: Eq + ?Sized>(&self, keys: &[(KeyHash, (usize, &Q))], values: &mut [Option<F::Value>])
    where
        F::Key: Borrow<Q>,
    {
        let Some(&(hash, _)) = keys.first() else { return };
        self.lock_to_read(Self::TRAITS, hash, |mut locked| {
            if self.is_worth_fetching(keys) {
                for &part in TableFor::<Self>::FETCHES {
                    for &(hash, _) in keys {
                        locked.table().fetch::<Q>(part, hash);
                    }
                }
            }
            for &(hash, (index, key)) in keys {
                values[index] = locked.find(hash, key).cloned();
            }
        });
    }
}
