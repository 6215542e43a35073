//! Operations on a whole shard.

use super::{core::Core, discard::Part, leaving::Parting, limits::BATCH, release::Release, types::FieldTypes};

use crate::{
    Policy, StorageOf,
    clock::{Deadline, Moment, Nanos},
    contain::Drops,
    engine::{
        garbage::Garbage,
        session::Session,
        spec::Spec,
        table::{Entries, Removed, Table, Wait},
        units::Units,
    },
    names_of,
    observe::events,
    shard::access::{Access, Step},
    store::schedule::{Hold, Sweep},
};
use std::{
    mem::needs_drop,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

/// Buckets by which a table grows or shrinks per lock hold, in calls that do nothing else.
const STEPS: usize = 16;

impl<F: FieldTypes> Core<F> {
    /// Whether all entries of a shard may leave in one step, with their table. A listener or an index has to know of
    /// each, and a table whose memory was taken in advance keeps it.
    pub(super) fn takes_whole_tables(&self) -> bool {
        !F::Policy::INDEXED && self.listener().is_none() && self.field.in_advance().is_none()
    }

    /// Takes out all entries of a shard, in one step.
    #[track_caller]
    pub(crate) fn take_all(&self, shard: usize) -> Taken<F::Key, F::Value, StorageOf<F::Policy>> {
        if Session::<Self>::SHARES {
            Self::check_readers();
        }
        let (table, now) = self.shards.write(shard, Access::Unrecorded, |extras, table| {
            let (taken, status) = (table.take_all(&self.field, extras.view()), extras.status());
            let units = Units::new(if F::Policy::WEIGHS { status.meter.weight.get() } else { taken.len() as u64 });
            extras.counts().set_len(0);
            self.occupied.set(shard, false);
            status.meter.weight.set(0);
            status.earliest.set(Deadline::NEVER);
            self.overtake_all(extras.counts(), shard);
            if let Some(budget) = &self.budget {
                budget.give_all(units);
            }
            (taken, self.now())
        });
        Taken { table, now, idle: self.idle }
    }

    /// Grows or shrinks the table of a shard to its target size, some buckets per lock hold.
    #[track_caller]
    pub(crate) fn resize(&self, shard: usize) {
        while self.session(shard, Step, None, |session| session.step(STEPS).is_ok() && session.table().needs_step()) {
            self.shards.between_steps();
        }
    }

    /// Removes a bounded number of the expired entries of a shard. Returns whether it has removed all, and when the
    /// next entry is due.
    #[track_caller]
    fn sweep_step(&self, shard: usize, garbage: &mut Garbage<F::Key, F::Value>) -> (bool, Deadline) {
        let before = garbage.len();
        let result = self.session(shard, Step, Some(&mut *garbage), |session| {
            let nothing_due = session.sweep(BATCH, BATCH);
            let stepped = session.step(STEPS);
            (nothing_due && (stepped.is_err() || !session.table().needs_step()), session.due_at())
        });
        let removed = garbage.len() - before;
        if removed > 0 {
            events::swept(names_of::<F::Policy>(), removed);
        }
        result
    }

    /// Removes the expired entries of a shard, a bounded number per lock hold. Returns their number.
    #[track_caller]
    pub(super) fn sweep_shard(&self, shard: usize) -> usize {
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

    /// Removes all expired entries, and drops the discarded tables. Returns the number of removed entries.
    #[track_caller]
    pub(crate) fn sweep(&self) -> usize {
        let removed = self.remove_expired();
        if Session::<Self>::SHARES {
            self.release_all();
        }
        self.discarded.finish();
        removed
    }

    /// Removes all expired entries, a bounded number per lock hold. Returns their number.
    #[track_caller]
    pub(crate) fn remove_expired(&self) -> usize {
        let mut removed = 0;
        for shard in 0..self.shards.count() {
            let mut next = Some(0);
            while let Some(from) = next {
                next = self
                    .shards
                    .write(shard, Access::Unrecorded, |_, table| table.schedule_mut().hurry(from, self.now()));
            }
            removed += self.sweep_shard(shard);
        }
        // Also starts a background thread in a child of `fork`, which has none yet.
        self.ring_anyway();
        removed
    }
}

impl<F: FieldTypes + 'static> Core<F>
where
    Self: Send + Sync,
{
    /// Registers the map with the background thread.
    pub(crate) fn bind(self: &Arc<Self>) {
        if let Some(background) = &self.background {
            // A trait object, so that the code of the sweeper is compiled once.
            let this: Arc<dyn Sweep> = Arc::<Self>::clone(self);
            background.bind(Arc::downgrade(&this));
        }
        if let Some(release) = &self.release {
            let this: Arc<dyn Sweep> = Arc::<Self>::clone(self);
            release.background().bind(Arc::downgrade(&this));
            // Nothing is retired yet. The pass prepares the barrier.
            release.schedule();
        }
    }
}

impl<F: FieldTypes + 'static> Sweep for Core<F>
where
    Self: Send + Sync,
{
    fn sweep_part(self: Arc<Self>, from: usize, hold: Option<Hold>) -> Option<usize> {
        if from == 0 {
            // A writer that schedules an entry from now on rings again, so this pass may miss that entry.
            self.alarm.store(Deadline::NEVER, Ordering::Relaxed);
            if let Some(release) = &self.release {
                release.begin();
            }
        }
        let shard = from.saturating_sub(1);
        let mut parting = Parting::new(hold);
        // Set before, since user code may panic, and again after, since a listener may have been added meanwhile.
        parting.tell(self.listener());
        if Session::<Self>::SHARES {
            let grace = self.release.as_ref().and_then(Release::grace);
            self.release_in(shard, Wait::Shared(grace.as_ref()), &mut parting.garbage);
        }
        // A pass that only releases leaves expired entries to the clock by which they expire.
        let (is_done, due_at) = match self.background {
            Some(_) => self.sweep_step(shard, &mut parting.garbage),
            None => (true, Deadline::NEVER),
        };
        parting.tell(self.listener());
        if is_done {
            self.alarm.lower(due_at, Ordering::Relaxed);
        } else {
            self.shards.between_steps();
        }
        // The number of a part is one more than that of its shard.
        let next = if is_done { shard + 2 } else { shard + 1 };
        let is_over = next > self.shards.count();
        // Dropped before user code runs, which must not keep the map alive.
        drop(self);
        // Drops the garbage, then lets the map go, then calls the listener.
        drop(parting);
        (!is_over).then_some(next)
    }

    fn sweep_again(&self) {
        self.alarm.store(Deadline::PASSED, Ordering::Relaxed);
        if Session::<Self>::SHARES {
            self.schedule_release();
        }
    }

    fn due_in(&self) -> Option<Duration> {
        let alarm = self.alarm.load(Ordering::Relaxed);
        // No closure: each map would have two more functions.
        let expires = if self.background.is_some() && !alarm.is_never() {
            Some(alarm.left(self.clock.now()).to_duration())
        } else {
            None
        };
        let releases = self.release.as_ref().and_then(Release::due_in);
        expires.into_iter().chain(releases).min()
    }
}

/// The entries that were taken out of a shard.
pub(crate) struct Taken<K, V, P: Policy> {
    table: Table<K, V, P>,
    now: Moment,
    idle: Nanos,
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

    /// Adds the live entries to `live`, and drops the others.
    pub(crate) fn keep_live(self, live: &mut Removed<K, V>) {
        let mut expired = Removed::new();
        let now = self.now;
        let mut entries = self.entries();
        while let Some(deadline) = entries.deadline() {
            entries.take(if deadline.has_passed(now) { &mut expired } else { live });
        }
    }

    fn entries(self) -> Entries<K, V, P> {
        self.table.into_entries(self.idle)
    }
}

/// Drops `most` entries. Returns whether there may be more. Entries without drop glue need no visit.
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
