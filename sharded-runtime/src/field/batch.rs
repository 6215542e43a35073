//! Calls with several keys: what they look at is fetched side by side.

use super::{
    core::Core,
    types::{LockFor, UsableTypes},
};
use crate::{
    engine::spec::TableFor,
    engine::table::Fetch,
    hasher::KeyHash,
    lock::{Copies, Lock},
    shard::{
        access::{Access, UserCode},
        array::ByHash,
    },
};
use std::{borrow::Borrow, iter::Fuse, vec};

/// Keys whose memory is fetched at the same time: about the number of requests that a processor can have under way.
pub(crate) const PREFETCHED: usize = 32;

/// Bytes of entries that a processor's caches hold. To fetch those ahead would cost more than it saves. Debug builds
/// always do it, so that every test of a batch runs it.
const CACHED: usize = if cfg!(debug_assertions) { 0 } else { 16 << 20 };

/// The items of a call, some at a time, with the hashes of their keys. They are taken from the caller's iterator
/// outside of all locks.
pub(crate) struct Batches<I: Iterator> {
    items: Fuse<I>,
    batch: Vec<(KeyHash, I::Item)>,
}

impl<I: Iterator> Batches<I> {
    pub(crate) fn new(items: I) -> Self {
        Batches { items: items.fuse(), batch: Vec::new() }
    }

    /// The next items, as many as there surely are: an iterator that waits for each item, such as that of a channel,
    /// promises none, and is asked for one at a time. `None` at the end.
    pub(crate) fn next(&mut self, hash: impl Fn(&I::Item) -> KeyHash) -> Option<vec::Drain<'_, (KeyHash, I::Item)>> {
        let most = self.items.size_hint().0.clamp(1, PREFETCHED);
        self.batch.extend(self.items.by_ref().take(most).map(|item| (hash(&item), item)));
        (!self.batch.is_empty()).then(|| self.batch.drain(..))
    }
}

impl<F: UsableTypes> Core<F> {
    /// Has the processor fetch what calls with these hashes will look at: for all of them one part, then the next one,
    /// so that the misses of a part take about as long as one. It takes the lock of each shard for a moment, unless
    /// readers need none.
    #[track_caller]
    pub(crate) fn fetch_ahead<T, Q>(&self, batch: &[(KeyHash, T)])
    where
        F::Key: Borrow<Q>,
        Q: ?Sized,
    {
        if !self.is_worth_fetching(batch) {
            return;
        }
        if LockFor::<F>::READS_RACE
            && let Some(copies) = F::COPIES
        {
            return self.fetch_unlocked(batch, copies);
        }
        for &part in TableFor::<Self>::FETCHES {
            let access = match part {
                Fetch::Home | Fetch::Entry => Access::Unrecorded,
                // `Borrow` is user code.
                Fetch::Key => Self::access(UserCode::Traits),
            };
            for &(hash, _) in batch {
                self.shards.read(ByHash(hash), access, |_, table| table.fetch::<Q>(part, hash));
            }
        }
    }

    /// As [`fetch_ahead`](Core::fetch_ahead), without a lock.
    #[inline]
    #[track_caller]
    pub(super) fn fetch_unlocked<T>(&self, batch: &[(KeyHash, T)], copies: Copies<F::Key, F::Value>) {
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

    /// Whether several keys are to be searched for, in tables that exceed the caches, as far as one shard tells.
    pub(super) fn is_worth_fetching<T>(&self, batch: &[(KeyHash, T)]) -> bool {
        let [(hash, _), _, ..] = *batch else { return false };
        let stored = self.shards.status(self.route(hash)).meter.stored.get();
        let bytes = self.shard_count() * size_of::<(F::Key, F::Value)>();
        usize::try_from(stored).unwrap_or(usize::MAX).saturating_mul(bytes) > CACHED
    }
}
