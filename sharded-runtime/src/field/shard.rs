//! What goes through a whole shard, some entries per lock hold.

use super::{core::Core, discard::Part, leaving::Parting, limits::BATCH};

use crate::{
    Policy, StorageOf,
    contain::Drops,
    engine::{
        cause::Cause,
        garbage::Garbage,
        table::{Cursor, Entries, Removed, Table},
    },
    expiry::Stamp,
    shard::access::{Access, Step},
    store::sweeper::Sweep,
};
use std::{
    mem::needs_drop,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

/// Buckets by which a table is brought nearer to the size that it should have, where that is the only purpose of a call.
const STEPS: usize = 16;

impl<K, V, P: Policy, S> Core<K, V, P, S> {
    /// Shows the live entries of a shard, each that is there all the while exactly once, with the lock released after
    /// every [`BATCH`]. No use of the entries.
    #[track_caller]
    pub(crate) fn visit(&self, shard: usize, mut visit: impl FnMut(&K, &V)) {
        let mut slots = Vec::new();
        let mut next = Some(Cursor::default());
        while let Some(from) = next {
            slots.clear();
            next = self.shards.read(shard, Step, |_, table| {
                let next = table.walk(from, BATCH, |key| self.hash_of(key), &mut slots);
                for &slot in &slots {
                    // The time is asked anew: the closure may take long.
                    if let Some(entry) = table.get(slot)
                        && entry.stamp().deadline(self.idle) > self.now()
                    {
                        visit(entry.key(), entry.value());
                    }
                }
                next
            });
            if next.is_some() {
                self.shards.between_steps();
            }
        }
    }

    /// As [`visit`](Core::visit), but keeps only the entries that `keep` says.
    #[track_caller]
    pub(crate) fn retain(&self, shard: usize, mut keep: impl FnMut(&K, &mut V) -> bool) {
        let mut slots = Vec::new();
        let mut has_begun = false;
        let mut next = Some(Cursor::default());
        while let Some(from) = next {
            slots.clear();
            next = self.write(shard, Step, |session| {
                if !has_begun {
                    // Nor could what is being loaded be asked about.
                    self.overtake_all(session.shard().status(), shard);
                    has_begun = true;
                }
                let next = session.table().walk(from, BATCH, |key| self.hash_of(key), &mut slots);
                for &slot in &slots {
                    session.refresh_now();
                    if !session.is_alive(slot) {
                        session.remove(slot, None, Cause::Expired);
                    } else if session.change(slot, None, |key, value| keep(key, value)) == Some(false) {
                        session.remove(slot, None, Cause::Removed);
                    }
                    // Before the next one may become too heavy.
                    session.evict_heavy();
                }
                next
            });
            if next.is_some() {
                self.shards.between_steps();
            }
        }
        self.settle_size(shard);
    }

    /// Takes out all entries of a shard, in one step.
    #[track_caller]
    pub(crate) fn take_all(&self, shard: usize) -> Taken<K, V, StorageOf<P>> {
        let (table, now) = self.shards.write(shard, Access::Unrecorded, |extras, table| {
            let (taken, status) = (table.take_all(&self.field, extras.view()), extras.status());
            let units = if P::WEIGHS { status.meter.weight.get() } else { taken.len() as u64 };
            status.meter.stored.set(0);
            status.meter.weight.set(0);
            status.earliest.set(u64::MAX);
            self.overtake_all(status, shard);
            if let Some(budget) = &self.budget {
                budget.give_all(units);
            }
            (taken, self.now())
        });
        Taken { table, now, idle: self.idle }
    }

    /// Makes the table of a shard as small as it can be, some buckets per lock hold.
    #[track_caller]
    pub(crate) fn shrink(&self, shard: usize) {
        self.shards.write(shard, Access::Unrecorded, |_, table| table.aim_to_fit());
        self.settle_size(shard);
    }

    /// Brings the table of a shard to the size that it should have, some buckets per lock hold.
    #[track_caller]
    pub(crate) fn settle_size(&self, shard: usize) {
        while self.session(shard, Step, None, |session| session.step(STEPS).is_ok() && session.table().needs_step()) {
            self.shards.between_steps();
        }
    }

    /// Removes a bounded number of the expired entries of a shard. Says whether that is all there is to do, and when to look again.
    #[track_caller]
    fn sweep_step(&self, shard: usize, garbage: &mut Garbage<K, V>) -> (bool, u64) {
        self.session(shard, Step, Some(garbage), |session| {
            let nothing_due = session.sweep(BATCH, BATCH);
            let stepped = session.step(STEPS);
            (nothing_due && (stepped.is_err() || !session.table().needs_step()), session.due_at())
        })
    }

    /// Removes what has expired from a shard, a bounded number per lock hold; how many that were.
    #[track_caller]
    fn sweep_shard(&self, shard: usize) -> usize {
        let mut removed = 0;
        loop {
            let mut leaving = self.leaving();
            let (is_done, _) = self.sweep_step(shard, &mut leaving.garbage);
            removed += leaving.garbage.len();
            if is_done {
                return removed;
            }
            self.shards.between_steps();
        }
    }

    /// Removes everything that has expired and drops what was discarded; answers how many entries it removed.
    #[track_caller]
    pub(crate) fn sweep(&self) -> usize {
        let removed = self.remove_expired();
        self.discarded.finish();
        removed
    }

    /// Removes everything that has expired, a bounded number of entries per lock hold; answers how many.
    #[track_caller]
    pub(crate) fn remove_expired(&self) -> usize {
        let mut removed = 0;
        for shard in 0..self.shards.count() {
            let mut next = Some(0);
            while let Some(from) = next {
                next = self.shards.write(shard, Access::Unrecorded, |_, table| table.hurry(from, self.now()));
            }
            removed += self.sweep_shard(shard);
        }
        // In a child of `fork` there is no thread yet that looks.
        self.ring_anyway();
        removed
    }
}

impl<K: 'static, V: 'static, P: Policy, S: 'static> Core<K, V, P, S>
where
    Self: Send + Sync,
{
    /// Says to the background thread which map it is to look at.
    pub(crate) fn bind(self: &Arc<Self>) {
        if let Some(background) = &self.background {
            // As a trait object first: what is done with it then is compiled once.
            let this: Arc<dyn Sweep> = Arc::<Self>::clone(self);
            background.bind(Arc::downgrade(&this));
        }
    }
}

impl<K: 'static, V: 'static, P: Policy, S> Sweep for Core<K, V, P, S>
where
    Self: Send + Sync,
{
    fn sweep_part(self: Arc<Self>, from: usize) -> Option<usize> {
        if from == 0 {
            // From here on a writer that schedules something rings again, so whatever this pass does not see is rung for.
            self.alarm.store(u64::MAX, Ordering::Relaxed);
        }
        let shard = from.saturating_sub(1);
        let mut parting = Parting::new();
        // Once before, for a panic in the user's code, and once after, as one may have begun to listen meanwhile.
        parting.tell(self.listening());
        let (is_done, due_at) = self.sweep_step(shard, &mut parting.garbage);
        parting.tell(self.listening());
        if is_done {
            self.alarm.fetch_min(due_at, Ordering::Relaxed);
        } else {
            self.shards.between_steps();
        }
        // One more than the shard.
        let next = if is_done { shard + 2 } else { shard + 1 };
        let is_over = next > self.shards.count();
        // The user's code is not to keep the map alive.
        drop(self);
        drop(parting);
        (!is_over).then_some(next)
    }

    fn sweep_again(&self) {
        self.alarm.store(0, Ordering::Relaxed);
    }

    fn due_in(&self) -> Option<Duration> {
        match self.alarm.load(Ordering::Relaxed) {
            u64::MAX => None,
            alarm => Some(Duration::from_nanos(alarm.saturating_sub(self.clock.nanos()))),
        }
    }
}

/// All that was in a shard.
pub(crate) struct Taken<K, V, P: Policy> {
    table: Table<K, V, P>,
    now: u64,
    idle: u64,
}

impl<K, V, P: Policy> Taken<K, V, P> {
    pub(crate) fn drop_each(self, drops: &mut Drops) {
        let mut entries = self.entries();
        while drop_some(&mut entries, BATCH, drops) {}
    }

    pub(crate) fn into_part(self) -> Part
    where
        K: Send + 'static,
        V: Send + 'static,
    {
        let mut left = Some(self.entries());
        Box::new(move |most, drops| {
            let is_more = left.as_mut().is_some_and(|entries| drop_some(entries, most, drops));
            if !is_more {
                left = None;
            }
            is_more
        })
    }

    /// Adds the entries that were alive to others, and drops the rest.
    pub(crate) fn keep_live(self, live: &mut Removed<K, V>) {
        let mut expired = Removed::new();
        let now = self.now;
        let mut entries = self.entries();
        while let Some(deadline) = entries.deadline() {
            entries.take(if deadline > now { live } else { &mut expired });
        }
    }

    fn entries(self) -> Entries<K, V, P> {
        self.table.into_entries(self.idle)
    }
}

/// Drops so many entries; says whether there may be more. What has nothing but memory ends at once.
fn drop_some<K, V, P: Policy>(entries: &mut Entries<K, V, P>, most: usize, drops: &mut Drops) -> bool {
    if !needs_drop::<(K, V)>() {
        return false;
    }
    let mut removed = Removed::new();
    for _ in 0..most {
        if !entries.take(&mut removed) {
            return false;
        }
        removed.drop_each(drops);
    }
    true
}

impl<K: Send + 'static, V: Send + 'static, P: Policy, S> Core<K, V, P, S> {
    /// Takes out all entries of all shards, each shard's in one step, and leaves them to the background thread. What an earlier call has left is
    /// taken apart first, so that no more than what the map held once waits.
    #[track_caller]
    pub(crate) fn discard_all(&self) {
        let mut drops = Drops::default();
        drops.watch(|| self.discarded.finish());
        for shard in 0..self.shard_count() {
            let part = self.take_all(shard).into_part();
            self.discarded.waiting.lock().push_back(part);
        }
        self.discarded.ring();
        drops.end();
    }
}
