//! Visiting all entries of a shard, some per lock hold.

use super::{core::Core, limits::BATCH, types::FieldTypes};
use crate::{
    contain::Drops,
    engine::{
        cause::Cause,
        session::Session,
        spec::Spec,
        table::{Cursor, Entry, Handed, Removed, Slot, StampOf},
    },
    expiry::Stamp,
    hasher::LowHash,
    shard::access::Step,
};

impl<F: FieldTypes> Core<F> {
    /// Calls a closure with the entries of a shard, also with expired ones. An entry that is there all the time comes
    /// exactly once. This is no use of the entries.
    ///
    /// The lock is released after every [`BATCH`]. Then `each_step` gets the results of `look` in this step. A list of
    /// the results of all steps would take long to move when it grows, which must not happen under the lock.
    #[track_caller]
    pub(crate) fn visit<T, E>(
        &self,
        shard: usize,
        mut look: impl FnMut(Entry<'_, F::Key, F::Value, F::Policy>, &mut Vec<T>),
        mut each_step: impl FnMut(&mut Vec<T>) -> Result<(), E>,
    ) -> Result<(), E> {
        let (mut found, mut collected) = (Vec::new(), Vec::new());
        let mut next = Some(Cursor::default());
        while let Some(from) = next {
            found.clear();
            collected.clear();
            next = self.shards.read(shard, Step, |_, table| {
                let next = table.walk(from, BATCH, |key| self.hash_of(key), &mut found);
                found.iter().filter_map(|&(slot, _)| table.get(slot)).for_each(|entry| look(entry, &mut collected));
                next
            });
            if next.is_some() {
                self.shards.between_steps();
            }
            each_step(&mut collected)?;
        }
        Ok(())
    }

    /// Whether an entry with this stamp has not expired. The clock is read each time, since a visit may take long.
    pub(crate) fn is_live(&self, stamp: &StampOf<F::Policy>) -> bool {
        !stamp.deadline(self.idle).has_passed(self.now())
    }

    /// Calls `keep` with all live entries, which it may change, and removes those for which it returns false. Returns
    /// how many that were.
    #[track_caller]
    pub(crate) fn retain(&self, mut keep: impl FnMut(&F::Key, &mut F::Value) -> bool) -> usize {
        let mut removed = 0;
        for shard in 0..self.shard_count() {
            self.change_each(shard, None, &mut Removed::new(), |session, (slot, hash), _| {
                if session.change(slot, Some(hash), &mut keep) == Some(false) {
                    session.remove(slot, Some(hash), Cause::Removed);
                    removed += 1;
                }
                // A session remembers only one entry that is too heavy.
                session.evict_heavy();
                // The closure may have taken long.
                session.refresh_now();
            });
        }
        removed
    }

    /// Takes out all entries, and returns the live ones. A listener gets copies.
    #[track_caller]
    pub(crate) fn drain(&self) -> Vec<(F::Key, F::Value)> {
        let mut entries = Removed::new();
        for shard in 0..self.shard_count() {
            if self.takes_whole_tables() {
                self.take_all(shard).keep_live(&mut entries);
                continue;
            }
            self.change_each(shard, None, &mut entries, |session, (slot, hash), entries| {
                let mut handed = Handed::new();
                session.hand(slot, Some(hash), Cause::Removed, &mut handed);
                entries.push_handed(handed);
            });
        }
        entries.into_vec()
    }

    /// Calls `change` with the slots and hashes of all live entries of a shard, and removes expired entries. The
    /// entries that `change` takes out are added to `entries` after each step, without the lock. With `drops`, a panic
    /// in the `Drop` of an entry does not end the walk.
    #[track_caller]
    pub(super) fn change_each(
        &self,
        shard: usize,
        mut drops: Option<&mut Drops>,
        entries: &mut Removed<F::Key, F::Value>,
        mut change: impl FnMut(&mut Session<'_, Self>, (Slot, LowHash), &mut Removed<F::Key, F::Value>),
    ) {
        let (mut next, mut is_first) = (Some(Cursor::default()), true);
        while let Some(from) = next.take() {
            let mut taken = Removed::new();
            let mut change = |session: &mut Session<'_, Self>, entry| change(session, entry, &mut taken);
            match &mut drops {
                Some(drops) => drops.watch(|| self.change_some(shard, (from, is_first), &mut next, &mut change)),
                None => self.change_some(shard, (from, is_first), &mut next, &mut change),
            }
            entries.append(&mut taken);
            is_first = false;
            if next.is_some() {
                self.shards.between_steps();
            }
        }
        self.resize(shard);
    }

    /// One step of [`change_each`](Core::change_each). Sets `next` before entries are dropped, which may panic.
    #[track_caller]
    fn change_some(
        &self,
        shard: usize,
        (from, is_first): (Cursor, bool),
        next: &mut Option<Cursor>,
        change: &mut impl FnMut(&mut Session<'_, Self>, (Slot, LowHash)),
    ) {
        let mut found = Vec::new();
        self.write(shard, Step, |session| {
            if is_first {
                // The closure can't be called for a value that is being loaded, so the value is not kept.
                self.overtake_all(session.shard().counts(), shard);
            }
            let further = session.table().walk(from, BATCH, |key| self.hash_of(key), &mut found);
            for &(slot, hash) in &found {
                if session.is_alive(slot) {
                    change(session, (slot, hash));
                } else {
                    session.remove(slot, Some(hash), Cause::Expired);
                }
            }
            *next = further;
        });
    }
}
