//! A map as the sessions of its shards see it.

use super::{core::Core, removal::Listening, types::FieldTypes};
use crate::{
    Policy,
    clock::{Moment, Nanos},
    engine::{
        budget::Budget,
        earliest::ExpiredShards,
        garbage::Garbage,
        index::Index,
        spec::{Extras, Spec, TableFor, View},
        status::ShardStatus,
        table::{NoMemory, Slot, StampOf},
        units::{Units, Weight},
    },
    expiry::{Stamp, jitter},
    hasher::KeyHash,
    names_of,
    observe::{events, tally::Event},
};
use std::{cmp::Ordering, sync::Arc};

impl<F: FieldTypes> Spec for Core<F> {
    type Key = F::Key;
    type Value = F::Value;
    type Policy = F::Policy;
    type Listener = Listening<F::Key, F::Value>;

    #[inline]
    fn now(&self) -> Moment {
        if StampOf::<F::Policy>::EXPIRES { self.clock.now() } else { Moment::ZERO }
    }

    #[inline]
    fn idle(&self) -> Nanos {
        if StampOf::<F::Policy>::TRACKS_ACCESS { self.idle } else { Nanos::FOREVER }
    }

    #[inline]
    fn ttl_for(&self, hash: KeyHash) -> Nanos {
        if F::Policy::TTL_JITTER == 0 { self.ttl } else { self.ttl.minus(jitter(self.jitter, hash)) }
    }

    fn lengthened(&self, ttl: Nanos) -> Nanos {
        self.clock.lengthened(ttl)
    }

    #[inline]
    fn hash_of(&self, key: &F::Key) -> KeyHash {
        (self.hash_key)(&self.hasher, key)
    }

    #[inline]
    fn weigh(&self, key: &F::Key, value: &F::Value) -> Weight {
        self.rules.weigh::<F::Policy>(key, value)
    }

    fn ttl_of(&self, key: &F::Key, value: &F::Value) -> Nanos {
        self.rules.ttl_of(key, value)
    }

    fn is_evictable(&self) -> fn(&F::Key, &F::Value) -> bool {
        self.rules.is_evictable
    }

    #[inline]
    fn indexes(&self) -> &[Arc<dyn Index<F::Key, F::Value>>] {
        &self.rules.indexes
    }

    fn slot_of(&self, table: &TableFor<Self>, hash: KeyHash, key: &F::Key) -> Option<Slot> {
        self.find_slot.and_then(|find| find(table, hash, key))
    }

    fn is_holding_elsewhere(
        &self,
        hash: KeyHash,
        key: &F::Key,
        is_same: &dyn Fn(&F::Key, &F::Value) -> bool,
        garbage: &mut Garbage<F::Key, F::Value>,
    ) -> Option<bool> {
        self.try_is_holding(hash, key, is_same, garbage)
    }

    fn is_in(&self, shard: Extras<'_, Self>, hash: KeyHash) -> bool {
        self.shards.number(shard) == self.route(hash)
    }

    #[inline]
    fn listener(&self) -> Option<&Listening<F::Key, F::Value>> {
        self.listening.get()
    }

    #[inline]
    fn budget(&self) -> Option<&Budget> {
        self.budget.as_ref()
    }

    fn statuses(&self) -> impl Iterator<Item = &ShardStatus> {
        self.shards.statuses()
    }

    #[cold]
    #[inline(never)]
    fn note_occupied(&self, shard: Extras<'_, Self>, is_occupied: bool) {
        self.occupied.set(self.shards.number(shard), is_occupied);
    }

    fn note_retired(&self, shard: Extras<'_, Self>, entries: usize) {
        self.retired.set(self.shards.number(shard), entries);
    }

    fn expired_shards(&self) -> &ExpiredShards {
        &self.expired
    }

    fn take_expired_elsewhere(&self, now: Moment, garbage: &mut Garbage<F::Key, F::Value>) -> Option<Units> {
        self.take_expired(now, garbage)
    }

    #[cold]
    #[inline(never)]
    fn step(
        &self,
        view: View<'_, Self>,
        table: &mut TableFor<Self>,
        steps: usize,
        now: Moment,
    ) -> Result<(), NoMemory> {
        if table.count() == 0 {
            return table.begin(view);
        }
        for _ in 0..steps {
            if !table.needs_step() {
                break;
            }
            let before = table.home_count();
            let stepped = (self.step_table)(&self.hasher, table, now, self.idle, view);
            let (buckets, entries) = (table.home_count(), table.len());
            match buckets.cmp(&before) {
                Ordering::Greater => {
                    self.tally.add_under_lock(Event::Split);
                    events::grown(names_of::<F::Policy>(), buckets, entries);
                }
                Ordering::Less => {
                    self.tally.add_under_lock(Event::Merge);
                    events::shrunk(names_of::<F::Policy>(), buckets, entries);
                }
                Ordering::Equal => {}
            }
            if stepped.is_err() {
                events::memory_refused(names_of::<F::Policy>(), entries, false);
                return stepped;
            }
        }
        Ok(())
    }

    #[cold]
    #[inline(never)]
    fn overtake(&self, hash: KeyHash, is_key: &dyn Fn(&F::Key) -> bool) {
        self.flights.overtake(self.route(hash), hash, is_key);
    }

    #[cold]
    fn overtake_refresh(&self, key: &F::Key) {
        let hash = self.hash_of(key);
        self.flights.overtake_alike(self.route(hash), hash);
    }
}
