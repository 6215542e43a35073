//! The session itself, and finding entries.

use crate::{
    Policy,
    clock::{Deadline, Moment, Nanos},
    engine::{
        cause::Cause,
        garbage::Garbage,
        spec::{Extras, OfferFor, Spec, TableFor},
        table::{Backlog, NoMemory, Slot, StampOf, Wait},
        units::Units,
    },
    evict::Eviction,
    expiry::Stamp,
    hasher::{KeyHash, LowHash},
    lock::Lock,
};
use std::borrow::Borrow;

/// The steps of growth or shrinking that a write does.
pub(crate) const STEPS_PER_WRITE: usize = 2;

/// A shard while its exclusive lock is held.
pub(crate) struct Session<'a, F: Spec> {
    pub(super) field: &'a F,
    pub(super) shard: Extras<'a, F>,
    pub(super) table: &'a mut TableFor<F>,
    /// The time when the session began, or of the last [`refresh_now`](Session::refresh_now).
    pub(super) now: Moment,
    /// The destination of removed entries. Without it, entries can only be handed out.
    pub(super) garbage: Option<&'a mut Garbage<F::Key, F::Value>>,
    /// The slot and the hash of an entry that a change has made heavier than the whole capacity.
    pub(super) heavy: Option<(Slot, LowHash)>,
}

impl<'a, F: Spec> Session<'a, F> {
    /// Whether readers without a lock may hold entries. Those that leave are then retired.
    pub(crate) const SHARES: bool = <<F::Policy as Policy>::Lock as Lock>::SHARES_ENTRIES;

    /// Whether entries neither expire nor are evicted nor retired: they leave by calls alone.
    pub(crate) const IS_STEADY: bool =
        !<F::Policy as Policy>::Eviction::BOUNDED && !StampOf::<F::Policy>::EXPIRES && !Self::SHARES;

    /// Whether entries neither expire nor are evicted nor indexed nor retired. Then only the table keeps data about
    /// entries, and without a listener nothing is left to do after a write.
    pub(crate) const IS_PLAIN: bool = Self::IS_STEADY && !F::Policy::INDEXED;

    #[inline]
    pub(crate) fn new(
        field: &'a F,
        shard: Extras<'a, F>,
        table: &'a mut TableFor<F>,
        garbage: Option<&'a mut Garbage<F::Key, F::Value>>,
    ) -> Self {
        Session::at(field, shard, table, garbage, field.now())
    }

    /// A session with a time that was read before.
    #[inline]
    pub(crate) fn at(
        field: &'a F,
        shard: Extras<'a, F>,
        table: &'a mut TableFor<F>,
        garbage: Option<&'a mut Garbage<F::Key, F::Value>>,
        now: Moment,
    ) -> Self {
        Session { field, shard, table, now, garbage, heavy: None }
    }

    /// The listener, for a session that can tell it. Without garbage there was none when the call began, and one that
    /// was registered since is not told of what this call does.
    #[inline]
    pub(super) fn listener(&self) -> Option<&'a F::Listener> {
        match self.garbage {
            Some(_) => self.field.listener(),
            None => None,
        }
    }

    /// Whether a change only concerns the table.
    #[inline]
    pub(super) fn is_lean(&self) -> bool {
        Self::IS_PLAIN && self.garbage.is_none()
    }

    /// Whether a change has to do steps of growth or shrinking itself, since its call does nothing after it.
    #[inline]
    pub(super) fn steps_itself(&self) -> bool {
        Self::IS_STEADY && self.garbage.is_none()
    }

    /// A copy of the session for a function that is not inlined. That function gets the address of the copy, so the
    /// fields of this one stay in registers.
    #[inline]
    pub(super) fn reborrow(&mut self) -> Session<'_, F> {
        Session { table: &mut *self.table, garbage: self.garbage.as_deref_mut(), ..*self }
    }

    /// The parts of the shard that need no lock.
    #[inline]
    pub(crate) fn shard(&self) -> Extras<'a, F> {
        self.shard
    }

    #[inline]
    pub(crate) fn table(&mut self) -> &mut TableFor<F> {
        self.table
    }

    /// Publishes the number of entries, after it has changed.
    #[inline]
    pub(super) fn publish_len(&self) {
        let (counts, len) = (self.shard.counts(), self.table.len());
        if <F::Policy as Policy>::Eviction::BOUNDED && (counts.len() == 0) != (len == 0) {
            self.field.note_occupied(self.shard, len > 0);
        }
        counts.set_len(len);
    }

    /// When the table has expired entries to remove.
    #[inline]
    pub(crate) fn due_at(&self) -> Deadline {
        self.table.schedule().due_at()
    }

    /// Reads the clock again, after user code that may have taken long. The ttl of a value that it made begins now.
    #[inline]
    pub(crate) fn refresh_now(&mut self) {
        self.now = self.field.now();
    }

    /// Runs a closure of the user. Where entries are shared, readers may look meanwhile.
    #[inline]
    pub(crate) fn run_apart<R>(&mut self, run: impl FnOnce() -> R) -> R {
        if Self::SHARES { self.table.run_apart(self.shard.view(), run) } else { run() }
    }

    /// Gives retired entries that no reader holds any more to the garbage, if there is enough of them to do so. Returns
    /// the backlog that is left, which it publishes. Readers may look meanwhile.
    #[inline]
    pub(crate) fn release_retired(&mut self, wait: Wait<'_>) -> Backlog {
        if !Self::SHARES {
            return Backlog::None;
        }
        if self.table.backlog() >= wait.least()
            && let Some(garbage) = self.garbage.as_deref_mut()
        {
            let released = self.table.release_retired(wait, garbage.kept(), self.shard.view());
            garbage.note_released(released);
        }
        self.publish_backlog()
    }

    /// Notes what the entry weighs that was retired last.
    #[inline]
    pub(super) fn note_retired_units(&mut self, units: Units) {
        if Self::SHARES
            && F::Policy::WEIGHS
            && let Some(budget) = self.field.budget()
        {
            self.table.note_retired_units(units, budget.retired_share());
        }
    }

    /// Publishes how many retired entries the shard has, after that may have changed.
    #[inline]
    pub(crate) fn publish_backlog(&self) -> Backlog {
        if !Self::SHARES {
            return Backlog::None;
        }
        self.field.note_retired(self.shard, self.table.retired());
        self.table.backlog()
    }

    /// Does at most `steps` steps of growth or shrinking, if any are due.
    #[inline]
    pub(crate) fn step(&mut self, steps: usize) -> Result<(), NoMemory> {
        if !self.table.needs_step() {
            return Ok(());
        }
        self.field.step(self.shard.view(), self.table, steps, self.now)
    }
}

/// Finding entries, and noting their use.
impl<F: Spec> Session<'_, F> {
    /// The slot of the live entry of a key. Removes the entry if it has expired.
    #[inline]
    pub(crate) fn find<Q>(&mut self, hash: KeyHash, key: &Q) -> Option<Slot>
    where
        F::Key: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let entry = self.table.find(hash, key)?;
        let slot = entry.slot();
        if !StampOf::<F::Policy>::EXPIRES || !entry.stamp().deadline(self.field.idle()).has_passed(self.now) {
            return Some(slot);
        }
        self.remove(slot, Some(hash.low()), Cause::Expired);
        None
    }

    /// As [`find`](Session::find), but does not remove an expired entry.
    pub(crate) fn find_live<Q>(&self, hash: KeyHash, key: &Q) -> Option<Slot>
    where
        F::Key: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        self.table.find(hash, key).map(|entry| entry.slot()).filter(|&slot| self.is_alive(slot))
    }

    /// As [`find`](Session::find), for the key on offer.
    #[inline]
    pub(crate) fn find_offered(&mut self, hash: KeyHash, offer: &OfferFor<F>) -> Option<Slot>
    where
        F::Key: Eq,
    {
        self.find(hash, offer.key()?)
    }

    /// As [`find`](Session::find), and counts as an access.
    #[inline]
    pub(crate) fn access<Q>(&mut self, hash: KeyHash, key: &Q) -> Option<Slot>
    where
        F::Key: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let found = self.find(hash, key);
        match found {
            Some(slot) => {
                self.shard.counts().hits.add();
                self.note_use(slot);
            }
            None => self.shard.counts().misses.add(),
        }
        found
    }

    /// As [`access`](Session::access), for the key on offer.
    pub(crate) fn access_offered(&mut self, hash: KeyHash, offer: &OfferFor<F>) -> Option<Slot>
    where
        F::Key: Eq,
    {
        self.access(hash, offer.key()?)
    }

    /// Notes a use of the entry of an occupied slot.
    #[inline]
    pub(crate) fn note_use(&mut self, slot: Slot) {
        if StampOf::<F::Policy>::TRACKS_ACCESS
            && let Some(entry) = self.table.get(slot)
        {
            entry.stamp().accessed(self.now);
        }
        self.table.hit_mut(slot);
    }

    #[inline]
    pub(crate) fn is_alive(&self, slot: Slot) -> bool {
        if !StampOf::<F::Policy>::EXPIRES {
            return true;
        }
        match self.table.get(slot) {
            Some(entry) => !entry.stamp().deadline(self.field.idle()).has_passed(self.now),
            None => false,
        }
    }

    /// When the entry of a slot expires by its ttl, regardless of an idle time.
    pub(crate) fn deadline(&self, slot: Slot) -> Option<Deadline> {
        self.table.get(slot).map(|entry| entry.stamp().deadline(Nanos::FOREVER))
    }

    /// The value of a slot.
    ///
    /// # Panics
    ///
    /// If the slot is vacant.
    pub(crate) fn value(&self, slot: Slot) -> &F::Value {
        self.table.get(slot).expect("a slot that was just found").value()
    }
}

/// Panics, since a shard has no slot number left. This is the only reason for which a policy that makes room refuses an
/// entry.
#[cold]
#[track_caller]
pub(crate) fn no_room() -> ! {
    panic!("a shard has no number left for one more entry")
}
