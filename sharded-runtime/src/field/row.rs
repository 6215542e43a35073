//! A row of a transaction: a key of one map, while its shard is locked.
//!
//! `commit.rs` has what a row does when its transaction commits.

#![allow(unreachable_pub, reason = "in a public trait that only this crate can implement")]

use super::{
    core::Core,
    leaving::Leaving,
    plan::{Plan, Seat},
    staged::{Staged, StagedChange, StagedRow, drop_staged},
    types::{FieldTypes, LockFor, UsableTypes},
};
use crate::{
    Policy,
    clock::{Deadline, Moment},
    engine::{
        session::Session,
        spec::{FoundShard, Spec, TableFor},
        table::{Backlog, Offer, Slot, StampOf},
        units::Weight,
    },
    evict::Eviction,
    expiry::Stamp,
    hasher::KeyHash,
    lock::{Lent, Lock},
    observe::tally::Event,
    record::Operation,
    shard::{array::ByHash, order::FieldOrder},
};
use std::{borrow::Borrow, fmt, mem};

/// A key of a map, with its hash: all that is known of a row before its shard is locked.
pub(crate) struct RowKey<'a, F: FieldTypes, Q: ?Sized> {
    pub(crate) core: &'a Core<F>,
    pub(crate) key: &'a Q,
    pub(crate) hash: KeyHash,
}

impl<F: FieldTypes, Q: ?Sized> Clone for RowKey<'_, F, Q> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<F: FieldTypes, Q: ?Sized> Copy for RowKey<'_, F, Q> {}

impl<'a, F: FieldTypes, Q: ?Sized> RowKey<'a, F, Q> {
    /// The number of its shard.
    #[inline]
    pub(crate) fn shard(&self) -> usize {
        self.core.route(self.hash)
    }

    /// What its field is in the order of locks.
    #[inline]
    pub(crate) fn order(&self) -> &'a FieldOrder {
        self.core.shards.order()
    }

    /// Its shard.
    #[inline]
    pub(crate) fn find_shard(&self) -> FoundShard<'a, Core<F>> {
        self.core.shards.find(ByHash(self.hash))
    }
}

impl<F: UsableTypes, Q: ?Sized> RowKey<'_, F, Q> {
    /// Locks the shard of the row, and lends its table. To read, it takes a shared lock if the lock can be shared.
    #[inline]
    pub(crate) fn lock<const TO_READ: bool, R>(&self, lent: &mut Lent<'_>, run: impl FnOnce(&mut Lent<'_>) -> R) -> R {
        if TO_READ && LockFor::<F>::SHARED_READS {
            self.core.shards.lend_shared(self.shard(), lent, run)
        } else {
            self.core.shards.lend(self.shard(), lent, run)
        }
    }
}

/// A row while its shard is locked, and until all is done that is left to do after that.
pub struct RowState<'a, F: FieldTypes, Q: ?Sized> {
    pub(super) row: RowKey<'a, F, Q>,
    pub(super) seat: Seat,
    pub(super) now: Moment,
    pub(super) found: Found,
    pub(super) staged: Staged<F::Value>,
    /// What is to be stored; then what that has replaced.
    pub(super) offer: Offer<F::Key, F::Value>,
    pub(super) weight: Weight,
    pub(super) leaving: Leaving<'a, F::Key, F::Value>,
    pub(super) due_at: Deadline,
    /// Whether its write has left work to do for other entries.
    pub(super) has_work: bool,
    /// How many retired entries the shard has.
    pub(super) backlog: Backlog,
}

/// What is known of it, without key and values.
impl<F: FieldTypes, Q: ?Sized> fmt::Debug for RowState<'_, F, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowState").field("seat", &self.seat).field("found", &self.found).finish_non_exhaustive()
    }
}

/// A step that all rows do after unlock, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Give back units.
    Give,
    /// Evict entries for what was overdrawn. The maps are then as they stay.
    Repay,
    /// Run user code.
    Tell,
}

/// What a table has for a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    Expired(Slot),
    Live(Slot),
}

impl<'a, F: UsableTypes, Q: ?Sized> RowState<'a, F, Q> {
    #[inline]
    pub(crate) fn new(row: RowKey<'a, F, Q>, staged: &mut StagedRow<F::Key, F::Value>) -> Self {
        let (offer, staged) = staged.take();
        RowState {
            row,
            seat: Seat::default(),
            now: Moment::ZERO,
            found: Found::Nothing,
            staged,
            offer,
            weight: Weight::ZERO,
            leaving: row.core.leaving(),
            due_at: Deadline::NEVER,
            has_work: false,
            backlog: Backlog::None,
        }
    }

    pub(crate) fn key(&self) -> &'a Q {
        self.row.key
    }

    #[inline]
    pub(super) fn slot(&self) -> Option<Slot> {
        if let Found::Live(slot) = self.found { Some(slot) } else { None }
    }

    /// Whether an entry is going to be inserted.
    #[inline]
    pub(super) fn is_coming(&self) -> bool {
        matches!(self.staged.change, StagedChange::Put | StagedChange::Update) && self.slot().is_none()
    }

    /// The value that the entry has, if it is there, the value that is to be stored, and what else is staged.
    #[inline]
    #[allow(clippy::type_complexity, reason = "a name would not say more")]
    pub(crate) fn parts<'t>(
        &'t mut self,
        lent: &'t Lent<'_>,
    ) -> (Option<&'t F::Value>, &'t mut Option<F::Value>, &'t mut Staged<F::Value>) {
        (self.value(lent), &mut self.offer.value, &mut self.staged)
    }

    /// The value that the entry has, if it is there.
    #[inline]
    pub(crate) fn value<'t>(&self, lent: &'t Lent<'_>) -> Option<&'t F::Value> {
        let table: &TableFor<Core<F>> = lent.get(self.seat.shard.into());
        Some(table.get(self.slot()?)?.value())
    }
}

impl<F, Q> RowState<'_, F, Q>
where
    F: UsableTypes<Key: Borrow<Q>>,
    Q: Eq + ToOwned<Owned = F::Key> + ?Sized,
{
    /// Finds the entry. The shard is locked.
    #[inline]
    pub(crate) fn look(&mut self, plan: &mut Plan<'_>, lent: &Lent<'_>) {
        self.seat = plan.take_seat();
        if F::Policy::INDEXED {
            plan.shard(self.seat).place = Some((self.seat.field, self.row.shard()));
        }
        if StampOf::<F::Policy>::EXPIRES {
            self.now = self.row.core.clock.now_once(&mut plan.begun);
        }
        self.find(lent);
    }

    #[inline]
    pub(super) fn find(&mut self, lent: &Lent<'_>) {
        let table: &TableFor<Core<F>> = lent.get(self.seat.shard.into());
        self.found = match table.find(self.row.hash, self.row.key) {
            None => Found::Nothing,
            Some(entry)
                if StampOf::<F::Policy>::EXPIRES
                    && entry.stamp().deadline(self.row.core.idle()).has_passed(self.now) =>
            {
                Found::Expired(entry.slot())
            }
            Some(entry) => Found::Live(entry.slot()),
        };
    }

    /// A session in the shard, and what it needs of the row.
    #[inline]
    pub(super) fn session<'s>(&'s mut self, lent: &'s mut Lent<'_>) -> (Session<'s, Core<F>>, Parts<'s, F>) {
        let RowState { row, seat, now, offer, staged, leaving, .. } = self;
        let table: &mut TableFor<Core<F>> = lent.get_mut(seat.shard.into());
        let extras = row.core.shards.extras(ByHash(row.hash), table);
        (Session::at(row.core, extras, table, Some(&mut leaving.garbage), *now), Parts { offer, staged })
    }

    /// Counts a use of the entry, as a read of it does.
    #[inline]
    pub(super) fn note_use(&mut self, lent: &mut Lent<'_>) {
        let slot = self.slot();
        let (mut session, _) = self.session(lent);
        match slot {
            Some(slot) => {
                session.shard().counts().hits.add();
                session.note_use(slot);
            }
            None => session.shard().counts().misses.add(),
        }
    }

    /// As [`note_use`](RowState::note_use), where the shard is locked for reading.
    #[inline]
    pub(crate) fn note_read(&mut self, lent: &mut Lent<'_>) {
        if !self.staged.is_used.get() {
            return;
        }
        if !LockFor::<F>::SHARED_READS {
            return self.note_use(lent);
        }
        let table: &TableFor<Core<F>> = lent.get(self.seat.shard.into());
        let found = self.slot().and_then(|slot| table.get(slot));
        self.row.core.count(if found.is_some() { Event::Hit } else { Event::Miss });
        if let Some(entry) = found {
            if StampOf::<F::Policy>::TRACKS_ACCESS {
                entry.stamp().accessed(self.now);
            }
            table.hit(entry.slot());
        }
    }

    /// Does a step of the end of a row, after all shards were unlocked, also after a panic.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "as `run`")]
    pub(crate) fn finish(&mut self, end: End, plan: &mut Plan<'_>) {
        match end {
            End::Give => self.give(plan),
            End::Repay => self.repay(plan),
            End::Tell => self.tell(plan),
        }
    }

    /// Gives back units that no entry has got.
    #[inline]
    fn give(&mut self, plan: &mut Plan<'_>) {
        if <F::Policy as Policy>::Eviction::BOUNDED
            && let Some(budget) = &self.row.core.budget
        {
            let rest = plan.field(self.seat).take_rest();
            if !rest.is_zero() {
                budget.give_all(rest);
            }
        }
        self.row.core.wake_for(self.due_at);
        if Session::<Core<F>>::SHARES && self.backlog != Backlog::None {
            // Not released before, since readers must not look while some rows are changed and others are not.
            let RowState { row, leaving, backlog, .. } = self;
            plan.drops.watch(|| row.core.tend_retired(ByHash(row.hash), *backlog, &mut leaving.garbage));
        }
    }

    /// Evicts entries for units that were overdrawn.
    #[inline]
    fn repay(&mut self, plan: &mut Plan<'_>) {
        if !<F::Policy as Policy>::Eviction::EVICTS {
            return;
        }
        let RowState { row: RowKey { core, hash, .. }, leaving, .. } = self;
        let Some(budget) = core.budget.as_ref().filter(|budget| budget.is_overdrawn()) else { return };
        let own = core.route(*hash);
        // Each row has as much leave as it has brought, from its own shard if there are older entries, as a single
        // insert does.
        let field = plan.field(self.seat);
        let share = field.overdrawn.min(self.weight.units());
        field.overdrawn = field.overdrawn.minus(share);
        leaving.garbage.add_overdrawn(share);
        let has_older = core.shards.counts(own).len() > plan.shard(self.seat).inserts as usize;
        plan.drops.watch(|| core.repay_from(budget, own, has_older, &mut leaving.garbage));
    }

    /// Tells listeners, and drops what has left.
    #[inline]
    fn tell(&mut self, plan: &mut Plan<'_>) {
        let RowState { row: RowKey { core, .. }, leaving, offer, staged, .. } = self;
        if leaving.garbage.len() > 0 {
            plan.drops.watch(|| drop(mem::replace(leaving, core.leaving())));
        }
        drop_staged(offer, staged, &mut plan.drops);
        if F::Policy::RECORDS {
            self.record(plan);
        }
    }

    /// Notes what the row did, as single calls do.
    #[cold]
    fn record(&self, plan: &Plan<'_>) {
        let RowKey { core, hash, .. } = self.row;
        if self.staged.is_used.get() && core.is_due(hash) {
            core.note(Operation::Get, hash);
            core.note_found(hash, self.slot().is_some());
        }
        let operation = match self.staged.change {
            StagedChange::Keep => return,
            StagedChange::Put => Operation::Insert,
            StagedChange::Update => Operation::Update,
            StagedChange::Remove => Operation::Remove,
        };
        if plan.is_committed && core.is_due(hash) {
            core.note(operation, hash);
        }
    }

    /// What was to be stored, where nothing was changed.
    pub(crate) fn take_value(&mut self) -> Option<F::Value> {
        self.offer.value.take()
    }
}

/// What a session needs of a row.
pub(super) struct Parts<'s, F: FieldTypes> {
    pub(super) offer: &'s mut Offer<F::Key, F::Value>,
    pub(super) staged: &'s Staged<F::Value>,
}
