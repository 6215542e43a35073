//! Calls that concern every shard of a map, and the deadline of one entry.

use super::{
    core::Core,
    types::{FieldTypes, UsableTypes},
};
use crate::{
    Policy, Stats,
    clock::Nanos,
    contain::Drops,
    engine::{
        cause::Cause,
        session::Session,
        spec::{Spec, TableFor},
        table::{Entry, Removed},
    },
    observe::{counts::Counts, stats::Loads, tally::Event},
    shard::access::Access,
};
use std::{borrow::Borrow, convert::Infallible, hash::Hash, time::Duration};

impl<F: FieldTypes> Core<F> {
    /// The number of stored entries, including expired ones that were not removed yet.
    pub(crate) fn len(&self) -> usize {
        self.shards.all_counts().map(Counts::len).sum()
    }

    /// The total weight of all stored entries, or their number if entries have no weight.
    pub(crate) fn weight(&self) -> u64 {
        if F::Policy::WEIGHS { self.meters().map(|meter| meter.weight.get()).sum() } else { self.len() as u64 }
    }

    pub(crate) fn stats(&self) -> Stats {
        let mut stats = Stats::default();
        (stats.hits, stats.misses, stats.inserts) = self.hits_misses_and_inserts();
        stats.refused = self.tally.get(Event::Refusal);
        (stats.table_bytes, stats.table_blocks) = self.memory();
        if let Some(listener) = self.listener() {
            listener.note(&mut stats);
        }
        stats.lock_waits = self.locks.get();
        stats.nesting_panics = self.shards.refused_accesses();
        (stats.splits, stats.merges) = (self.tally.get(Event::Split), self.tally.get(Event::Merge));
        let refreshes = self.tally.get(Event::Refresh);
        stats.loads = Loads {
            started: self.tally.get(Event::Load) + refreshes,
            refreshes,
            ended: self.tally.get(Event::LoadEnd),
            failed: self.tally.get(Event::LoadFailure),
            waits: self.tally.get(Event::LoadWait),
            time: Duration::from_nanos(self.tally.get(Event::LoadNano)),
        };
        if Session::<Self>::SHARES {
            stats.retired = self.retired.sum();
            stats.retired_bytes = stats.retired * TableFor::<Self>::SHARED_ENTRY;
        }
        stats.shard_sizes = self.shards.all_counts().map(Counts::len).collect();
        for meter in self.meters() {
            stats.expired += meter.expired.get();
            stats.evicted += meter.evicted.get();
        }
        stats
    }

    /// Removes all entries. They are dropped after the lock of their shard is released.
    #[track_caller]
    pub(crate) fn clear(&self) {
        // First, since panics in the steps are contained until the end.
        self.shards.check();
        let mut drops = Drops::default();
        for shard in 0..self.shard_count() {
            if self.takes_whole_tables() {
                self.take_all(shard).drop_each(&mut drops);
                continue;
            }
            self.change_each(shard, Some(&mut drops), &mut Removed::new(), |session, (slot, hash), _| {
                session.remove(slot, Some(hash), Cause::Cleared);
            });
        }
        drops.end();
    }

    /// Shrinks each table as far as possible, some buckets per lock hold.
    #[track_caller]
    pub(crate) fn shrink_to_fit(&self) {
        for shard in 0..self.shard_count() {
            self.shards.write(shard, Access::Unrecorded, |_, table| table.aim_to_fit());
            self.resize(shard);
        }
    }

    /// Calls a closure with every live entry.
    #[track_caller]
    pub(crate) fn for_each(&self, mut visit: impl FnMut(&F::Key, &F::Value)) {
        self.collect_each(Vec::<()>::new(), |key, value, _| visit(key, value));
    }

    /// Returns the results of a closure for every live entry.
    #[track_caller]
    pub(crate) fn collect<T>(&self, mut make: impl FnMut(&F::Key, &F::Value) -> T) -> Vec<T> {
        self.collect_each(Vec::with_capacity(self.len()), |key, value, made| made.push(make(key, value)))
    }

    /// Lends live entries to a closure until it returns something, and returns that.
    #[track_caller]
    pub(crate) fn find_map<T>(&self, mut look: impl FnMut(&F::Key, &F::Value) -> Option<T>) -> Option<T> {
        for shard in 0..self.shard_count() {
            let look = |entry: Entry<'_, F::Key, F::Value, F::Policy>, found: &mut Vec<T>| {
                if found.is_empty() && self.is_live(entry.stamp()) {
                    found.extend(look(entry.key(), entry.value()));
                }
            };
            let found = self.visit(shard, look, |found| found.pop().map_or(Ok(()), Err));
            if let Err(found) = found {
                return Some(found);
            }
        }
        None
    }

    /// Calls a closure with every live entry, and adds the results to `all`.
    #[track_caller]
    fn collect_each<T>(&self, mut all: Vec<T>, mut look: impl FnMut(&F::Key, &F::Value, &mut Vec<T>)) -> Vec<T> {
        for shard in 0..self.shard_count() {
            let look = |entry: Entry<'_, F::Key, F::Value, F::Policy>, collected: &mut Vec<T>| {
                if self.is_live(entry.stamp()) {
                    look(entry.key(), entry.value(), collected);
                }
            };
            let Ok(()) = self.visit(shard, look, |collected| {
                all.append(collected);
                Ok::<_, Infallible>(())
            });
        }
        all
    }
}

impl<F: UsableTypes> Core<F> {
    /// Takes out all entries, those of each shard in one step, and lets the background thread drop them. With a
    /// listener it is [`clear`](Core::clear). Entries of an earlier call are dropped first, so that the entries of at
    /// most one call wait.
    #[track_caller]
    pub(crate) fn invalidate_all(&self) {
        if !self.takes_whole_tables() {
            return self.clear();
        }
        let mut drops = Drops::default();
        drops.watch(|| self.discarded.finish());
        for shard in 0..self.shard_count() {
            let part = self.take_all(shard).into_part();
            self.discarded.waiting.lock().push_back(part);
        }
        self.discarded.ring();
        drops.end();
    }

    /// Restarts the time to live of a key's entry, with this ttl or the declared one. Returns whether there is an
    /// entry.
    #[track_caller]
    pub(crate) fn restart_ttl<Q: Hash + Eq + ?Sized>(&self, key: &Q, ttl: Option<Nanos>) -> bool
    where
        F::Key: Borrow<Q>,
    {
        let hash = self.hasher.hash(key);
        self.write(self.route(hash), Self::WRITES, |session| {
            let found = session.find(hash, key);
            if let Some(slot) = found {
                session.note_use(slot);
                // A time of its own overrides a refresh in progress. A refresh would also set the declared time.
                if ttl.is_some() {
                    session.overtake_refresh(slot);
                }
                let ttl = if F::Policy::TTL_OF_ENTRY { ttl.or_else(|| session.ttl_of_slot(slot, None)) } else { ttl };
                session.restart(slot, hash, ttl);
            }
            found.is_some()
        })
    }
}
