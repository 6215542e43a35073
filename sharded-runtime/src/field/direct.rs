//! Rows that need no plan: one row that is read, and rows of plain fields. Entries of a plain field neither expire nor
//! are evicted.
//!
//! A plain field refuses nothing, and only its tables have to know of a change. So where a transaction replaces values
//! of entries that are there, nothing can fail once its closure has returned, and no user code runs.

#![allow(unreachable_pub, reason = "in a public trait that only this crate can implement")]

use super::{
    core::Core,
    leaving::Leaving,
    row::RowKey,
    staged::{Staged, StagedChange, StagedRow},
    types::{FieldTypes, LockFor, UsableTypes},
};
use crate::{
    Policy,
    bounds::owned_key,
    clock::Moment,
    engine::{
        cause::Cause,
        session::{STEPS_PER_WRITE, Session},
        spec::{Extras, FoundShard, Spec, TableFor},
        table::{Entry, EntryMut, Search, Slot, StampOf},
    },
    expiry::Stamp,
    lock::Lock,
    observe::tally::Event,
    shard::array::ByHash,
};
use std::{borrow::Borrow, cell::Cell, fmt, mem};

type EntryFor<'t, F> = Entry<'t, <F as FieldTypes>::Key, <F as FieldTypes>::Value, <F as FieldTypes>::Policy>;
type EntryMutFor<'t, F> = EntryMut<'t, <F as FieldTypes>::Key, <F as FieldTypes>::Value, <F as FieldTypes>::Policy>;
type SearchFor<'t, F> = Search<'t, <F as FieldTypes>::Key, <F as FieldTypes>::Value, <F as FieldTypes>::Policy>;
type StagedRowFor<F> = StagedRow<<F as FieldTypes>::Key, <F as FieldTypes>::Value>;

/// The shard of a row, before its lock is taken.
pub struct RowShard<'s, F: FieldTypes>(FoundShard<'s, Core<F>>);

impl<F: FieldTypes> Clone for RowShard<'_, F> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<F: FieldTypes> Copy for RowShard<'_, F> {}

impl<F: FieldTypes> fmt::Debug for RowShard<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RowShard").field(&self.0.index()).finish()
    }
}

impl<F: FieldTypes> RowShard<'_, F> {
    #[inline]
    pub(crate) fn index(self) -> usize {
        self.0.index()
    }

    /// Locks the shard for changing. The order is the caller's.
    #[inline]
    pub(crate) fn hold<R>(self, run: impl FnOnce(&mut TableFor<Core<F>>) -> R) -> R {
        self.0.hold(|_, table| run(table))
    }
}

impl<'s, F: UsableTypes> RowShard<'s, F> {
    /// The same shard, if it has the type of shards of this field.
    #[inline]
    pub(crate) fn of<G: UsableTypes>(self) -> Option<RowShard<'s, G>> {
        self.0.of().map(RowShard)
    }
}

/// A search for the entry of a row that has begun.
pub struct RowSearch<'t, F: FieldTypes>(SearchFor<'t, F>);

/// Not the hash, which tells something of the key.
impl<F: FieldTypes> fmt::Debug for RowSearch<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowSearch").finish_non_exhaustive()
    }
}

/// The entry of a row, lent for changing.
pub struct RowEntry<'t, F: FieldTypes>(EntryMutFor<'t, F>);

/// Not the key and the value, which may be secret.
impl<F: FieldTypes> fmt::Debug for RowEntry<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowEntry").finish_non_exhaustive()
    }
}

impl<F: FieldTypes> RowEntry<'_, F> {
    #[inline]
    pub(crate) fn value(&self) -> &F::Value {
        self.0.value()
    }

    /// Exchanges the value for the one that is staged, if there is one.
    #[inline]
    pub(crate) fn exchange(mut self, row: &mut StagedRowFor<F>) {
        if let Some(value) = &mut row.offer.value {
            self.0.swap(value);
        }
    }
}

impl<'a, F, Q> RowKey<'a, F, Q>
where
    F: UsableTypes<Key: Borrow<Q>>,
    Q: Eq + ToOwned<Owned = F::Key> + ?Sized,
{
    /// Whether the field is plain, and no recorder has to know of uses.
    pub(crate) const IS_PLAIN: bool = Session::<Core<F>>::IS_PLAIN && !F::Policy::RECORDS;

    /// Its shard.
    #[inline]
    pub(crate) fn row_shard(&self) -> RowShard<'a, F> {
        RowShard(self.find_shard())
    }

    /// Begins a search for the entry: has the processor fetch what it reads.
    #[inline]
    pub(crate) fn begin_search<'t>(&self, table: &'t mut TableFor<Core<F>>) -> RowSearch<'t, F> {
        RowSearch(table.begin_search(self.hash))
    }

    /// Finds the entry, for changing.
    #[inline]
    pub(crate) fn end_search<'t>(&self, search: RowSearch<'t, F>) -> Option<RowEntry<'t, F>> {
        search.0.find(self.key).map(RowEntry)
    }

    /// Finds the entry. Returns its value, and notes its slot.
    #[inline]
    pub(crate) fn find<'t>(&self, table: &'t TableFor<Core<F>>, slot: &mut Option<Slot>) -> Option<&'t F::Value> {
        let entry = table.find(self.hash, self.key)?;
        *slot = Some(entry.slot());
        Some(entry.value())
    }

    /// Whether the change replaces the value of an entry that is there, or there is none, and no listener has to be
    /// told.
    #[inline]
    pub(crate) fn is_in_place(&self, row: &StagedRowFor<F>, is_there: bool) -> bool {
        match row.staged.change {
            StagedChange::Keep => true,
            StagedChange::Update => is_there,
            StagedChange::Put => is_there && self.core.listener().is_none(),
            StagedChange::Remove => false,
        }
    }

    /// Counts a use of the entry. If the transaction commits, counts the change, which [is in
    /// place](RowKey::is_in_place), and makes it if the slot of the entry was noted.
    #[inline]
    pub(crate) fn end(
        shard: RowShard<'_, F>,
        table: &mut TableFor<Core<F>>,
        row: &mut StagedRowFor<F>,
        is_there: bool,
        commits: bool,
    ) {
        let extras = shard.0.extras(table);
        Self::count_use(extras, &row.staged, is_there);
        if !commits {
            return;
        }
        if let (Some(slot), Some(value)) = (row.slot, &mut row.offer.value) {
            table.change(slot, |_, old| mem::swap(old, value));
        }
        if row.staged.change == StagedChange::Put {
            extras.counts().add_insert(&extras.status().meter);
        }
    }

    /// Counts a use of the entry, if it was used.
    #[inline]
    pub(crate) fn count_use(extras: Extras<'_, Core<F>>, staged: &Staged<F::Value>, is_there: bool) {
        if staged.is_used.get() {
            let counts = extras.counts();
            if is_there { counts.hits.add() } else { counts.misses.add() }
        }
    }

    /// Inserts or removes the entry of the only row of a transaction, as a single call does. `slot` is
    /// that of its entry. Returns whether it was done: not if a load of the key may have to know of it.
    pub(crate) fn insert_or_remove(
        &self,
        (extras, slot): (Extras<'_, Core<F>>, Option<Slot>),
        table: &mut TableFor<Core<F>>,
        row: &mut StagedRowFor<F>,
        leaving: &mut Leaving<'_, F::Key, F::Value>,
    ) -> bool {
        if extras.counts().is_loading() {
            return false;
        }
        match (row.staged.change, slot) {
            (StagedChange::Put, None) => {
                row.offer.set_key(owned_key(self.key));
                let mut session = Session::at(self.core, extras, table, None, Moment::ZERO);
                session.insert_or_evict(self.hash, &mut row.offer, None)
            }
            (StagedChange::Remove, None) => true,
            (StagedChange::Remove, Some(slot)) => {
                let mut session = Session::at(self.core, extras, table, Some(&mut leaving.garbage), Moment::ZERO);
                session.remove(slot, Some(self.hash.low()), Cause::Removed);
                // Without memory for the other size later writes try again.
                let _ = session.step(STEPS_PER_WRITE);
                true
            }
            _ => false,
        }
    }

    /// Reads the entry under the lock of its shard, as the only row of a read. `read` gets the value, and notes there
    /// whether it has used it.
    #[inline]
    pub(crate) fn read_locked<R>(&self, read: impl FnOnce(Option<&F::Value>, &Cell<bool>) -> R) -> R {
        let is_used = Cell::new(false);
        if LockFor::<F>::SHARED_READS {
            return self.core.shards.hold_shared(ByHash(self.hash), |table| {
                let (entry, now) = self.find_live(table);
                let result = read(entry.as_ref().map(EntryFor::<F>::value), &is_used);
                if is_used.get() {
                    self.core.count(if entry.is_some() { Event::Hit } else { Event::Miss });
                    if let Some(entry) = entry {
                        entry.stamp().accessed(now);
                        table.hit(entry.slot());
                    }
                }
                result
            });
        }
        self.find_shard().hold(|extras, table| {
            let (entry, now) = self.find_live(table);
            let slot = entry.as_ref().map(EntryFor::<F>::slot);
            let result = read(entry.as_ref().map(EntryFor::<F>::value), &is_used);
            if is_used.get() {
                match slot {
                    Some(slot) => {
                        extras.counts().hits.add();
                        Session::at(self.core, extras, table, None, now).note_use(slot);
                    }
                    None => extras.counts().misses.add(),
                }
            }
            result
        })
    }

    /// The entry, unless it has expired, and the time of the look.
    #[inline]
    fn find_live<'t>(&self, table: &'t TableFor<Core<F>>) -> (Option<EntryFor<'t, F>>, Moment) {
        let (now, idle) = (self.core.now(), self.core.idle());
        let entry = table.find(self.hash, self.key);
        let has_expired = |entry: &EntryFor<'t, F>| entry.stamp().deadline(idle).has_passed(now);
        (entry.filter(|entry| !StampOf::<F::Policy>::EXPIRES || !has_expired(entry)), now)
    }
}
