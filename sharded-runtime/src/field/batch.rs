//! Calls with several keys, which prefetch the memory of all of them.

use super::{
    core::Core,
    types::{CopiesFor, RefusedManyFor, UsableTypes},
};
use crate::{
    Refused, RefusedMany,
    engine::{
        spec::TableFor,
        table::{Fetch, Offer, Stored},
    },
    hasher::KeyHash,
    record::Operation,
    shard::{access::Access, array::ByHash},
};
use std::{borrow::Borrow, hash::Hash, iter::Fuse, vec};

/// Keys whose memory is prefetched together: about the number of requests that a processor can overlap.
pub(super) const PREFETCHED: usize = 32;

/// Bytes of entries that a processor's caches hold. Prefetching those costs more than it saves. Debug builds always
/// prefetch, so that every test of a batch runs that code.
const CACHED: usize = if cfg!(debug_assertions) { 0 } else { 16 << 20 };

/// The items of a call in batches, with the hashes of their keys. The caller's iterator runs outside of all locks.
struct Batches<I: Iterator> {
    items: Fuse<I>,
    batch: Vec<(KeyHash, I::Item)>,
}

impl<I: Iterator> Batches<I> {
    fn new(items: I) -> Self {
        Batches { items: items.fuse(), batch: Vec::new() }
    }

    /// The next items, or `None` at the end. It takes at most as many as the lower bound of `size_hint`, but at least
    /// one. An iterator that waits for each item, such as that of a channel, has the bound zero, so it gives one at a
    /// time.
    fn next(&mut self, hash: impl Fn(&I::Item) -> KeyHash) -> Option<vec::Drain<'_, (KeyHash, I::Item)>> {
        let most = self.items.size_hint().0.clamp(1, PREFETCHED);
        self.batch.extend(self.items.by_ref().take(most).map(|item| (hash(&item), item)));
        (!self.batch.is_empty()).then(|| self.batch.drain(..))
    }
}

impl<F: UsableTypes> Core<F> {
    /// Prefetches the memory that calls with these hashes will read. It prefetches one part for all of them, then the
    /// next part, so the cache misses of a part overlap. It takes the lock of each shard for a moment, unless readers
    /// need none.
    #[track_caller]
    pub(super) fn fetch_ahead<T, Q: ?Sized>(&self, batch: &[(KeyHash, T)])
    where
        F::Key: Borrow<Q>,
    {
        if !self.is_worth_fetching(batch) {
            return;
        }
        if F::READS_COPY
            && let Some(copies) = F::COPIES
        {
            return self.fetch_unlocked(batch, copies);
        }
        for &part in TableFor::<Self>::FETCHES {
            let access = match part {
                Fetch::Home | Fetch::Entry => Access::Unrecorded,
                // `Borrow` is user code.
                Fetch::Key => Self::TRAITS,
            };
            for &(hash, _) in batch {
                self.shards.read(ByHash(hash), access, |_, table| table.fetch::<Q>(part, hash));
            }
        }
    }

    /// As [`fetch_ahead`](Core::fetch_ahead), without a lock.
    #[inline]
    #[track_caller]
    pub(super) fn fetch_unlocked<T>(&self, batch: &[(KeyHash, T)], copies: CopiesFor<F>) {
        for &(hash, _) in batch {
            self.shards.unlocked(hash, |view| {
                view.prefetch_header(copies, hash);
                Some(())
            });
        }
        for &(hash, _) in batch {
            self.shards.unlocked(hash, |view| {
                view.prefetch_entry(copies, hash);
                Some(())
            });
        }
    }

    /// Whether there are several keys, and the tables exceed the caches. It estimates their size by that of one shard.
    pub(super) fn is_worth_fetching<T>(&self, batch: &[(KeyHash, T)]) -> bool {
        let [(hash, _), _, ..] = *batch else { return false };
        let stored = self.shards.counts(self.route(hash)).len();
        let bytes = self.shard_count() * size_of::<(F::Key, F::Value)>();
        stored.saturating_mul(bytes) > CACHED
    }

    /// Stores entries in their order, each if there is room. Returns the values that they replace.
    #[track_caller]
    pub(crate) fn insert_many(
        &self,
        entries: impl IntoIterator<Item = (F::Key, F::Value)>,
    ) -> Result<Vec<Option<F::Value>>, RefusedManyFor<F>> {
        let entries = entries.into_iter();
        let (mut replaced, mut refused) = (Vec::with_capacity(entries.size_hint().0), Vec::new());
        let mut batches = Batches::new(entries);
        while let Some(batch) = batches.next(|(key, _)| self.hash_for(Operation::Insert, key)) {
            self.fetch_ahead::<_, F::Key>(batch.as_slice());
            for (hash, (key, value)) in batch {
                let mut offer = Offer::new(key, value);
                let stored = self.store(hash, &mut offer, None);
                if matches!(stored, Stored::Refused | Stored::Taken)
                    && let Some((key, value)) = offer.take()
                {
                    self.note_refused();
                    refused.push(Refused { key, value });
                }
                replaced.push(if stored == Stored::InPlace { offer.value.take() } else { None });
            }
        }
        if refused.is_empty() { Ok(replaced) } else { Err(RefusedMany { refused, replaced }) }
    }

    /// Stores entries in their order, under a policy that makes room.
    #[track_caller]
    pub(crate) fn extend(&self, entries: impl IntoIterator<Item = (F::Key, F::Value)>) {
        let mut batches = Batches::new(entries.into_iter());
        while let Some(batch) = batches.next(|(key, _)| self.hash_for(Operation::Insert, key)) {
            self.fetch_ahead::<_, F::Key>(batch.as_slice());
            for (hash, (key, value)) in batch {
                self.insert_hashed(hash, key, value, None);
            }
        }
    }

    /// Removes the entries of several keys in their order, and returns their values.
    #[track_caller]
    pub(crate) fn remove_many<'q, Q>(&self, keys: impl IntoIterator<Item = &'q Q>) -> Vec<Option<F::Value>>
    where
        F::Key: Borrow<Q>,
        Q: Hash + Eq + ?Sized + 'q,
    {
        let keys = keys.into_iter();
        let mut values = Vec::with_capacity(keys.size_hint().0);
        let mut batches = Batches::new(keys);
        while let Some(batch) = batches.next(|key| self.hash_for(Operation::Remove, *key)) {
            self.fetch_ahead::<_, Q>(batch.as_slice());
            for (hash, key) in batch {
                values.push(self.remove_hashed_if(hash, key, Self::WRITES, |_| true).take_value());
            }
        }
        values
    }
}
