//! What a row does with the indexes of its map when its transaction commits.
//!
//! An entry of the transaction may get an index key that another one gives up, whichever row comes first. So all rows
//! give up index keys before any claims one. If a claim fails, all rows keep what they were going to give up, and then
//! what was claimed is removed: a lookup finds one of the two entries all the time, and waits for its lock.

use super::{
    core::Core,
    plan::{Plan, ShardPlan},
    row::{Found, Parts, RowState},
    staged::StagedChange,
    types::UsableTypes,
};
use crate::{
    Policy,
    engine::{
        cause::Cause,
        index::{Entrant, TransactionId},
        spec::{Spec, TableFor},
    },
    evict::Eviction,
    expiry::Stamp,
    lock::Lent,
};
use std::borrow::Borrow;

impl<F, Q> RowState<'_, F, Q>
where
    F: UsableTypes<Key: Borrow<Q>>,
    Q: Eq + ToOwned<Owned = F::Key> + ?Sized,
{
    /// Whether a value is going to be stored.
    #[inline]
    pub(super) fn is_storing(&self) -> bool {
        matches!(self.staged.change, StagedChange::Put | StagedChange::Update) && self.offer.value.is_some()
    }

    /// Notes which index keys the entry is going to give up. One that has expired leaves already here, so that its
    /// index keys are free.
    #[cold]
    pub(super) fn give_up(&mut self, plan: &mut Plan<'_>, lent: &mut Lent<'_>) {
        let (seat, hash, found, by) = (self.seat, self.row.hash, self.found, plan.id());
        let (mut session, Parts { offer, .. }) = self.session(lent);
        match found {
            Found::Nothing => {}
            Found::Expired(slot) => {
                let units = session.remove_staged(slot, hash, Cause::Expired);
                if <F::Policy as Policy>::Eviction::BOUNDED {
                    plan.field(seat).left(units);
                }
                self.found = Found::Nothing;
            }
            Found::Live(slot) => plan.watch_index(F::Policy::NAME, |_| session.give_up(slot, hash.low(), offer, by)),
        }
    }

    /// Enters the index keys of what is going to be stored. User code.
    #[cold]
    pub(super) fn claim(&mut self, plan: &mut Plan<'_>, lent: &mut Lent<'_>) {
        let (hash, slot, by) = (self.row.hash, self.slot(), plan.id());
        let mut taken = None;
        // Other threads may take index keys that were free a moment ago.
        while plan.taken.is_none() {
            let (mut session, Parts { offer, .. }) = self.session(lent);
            plan.watch_index(F::Policy::NAME, |_| taken = session.claim_staged(slot, hash.low(), offer, by));
            let mut is_free = false;
            if taken.is_some() {
                plan.watch_index(F::Policy::NAME, |locked| is_free = self.dismiss_expired(locked, lent, by));
            }
            if !is_free {
                break;
            }
        }
        if taken.is_some() {
            self.row.core.note_refused();
            plan.taken = taken;
        }
    }

    /// Takes index keys from entries that have expired, in shards that the transaction has locked. Returns whether
    /// there was one. (A session looks only at its own shard, and at shards that nobody has locked.)
    fn dismiss_expired(&self, locked: &[ShardPlan], lent: &Lent<'_>, by: TransactionId) -> bool {
        let (core, table): (_, &TableFor<Core<F>>) = (self.row.core, lent.get(self.seat.shard.into()));
        let entry = self.slot().and_then(|slot| table.get(slot));
        let key = entry.map(|entry| entry.key()).or(self.offer.key());
        let Some((key, value)) = key.zip(self.offer.value.as_ref()) else { return false };
        let new = Entrant { key, hash: self.row.hash.low(), value };
        let mut any = false;
        for index in core.indexes() {
            let Some(holder) = index.other_holder(new).filter(|holder| !holder.is_of(by)) else { continue };
            let hash = core.hash_of(&holder.key);
            let Some(nth) = ShardPlan::find(locked, self.seat, core.route(hash)) else { continue };
            let table: &TableFor<Core<F>> = lent.get(nth);
            let other = table.find::<F::Key>(hash, &holder.key);
            if other.is_none_or(|other| other.stamp().deadline(core.idle()).has_passed(self.now)) {
                index.dismiss(new, &holder);
                any = true;
            }
        }
        any
    }

    /// Undoes [`give_up`](RowState::give_up).
    #[cold]
    pub(super) fn keep(&mut self, lent: &mut Lent<'_>) {
        let (hash, slot) = (self.row.hash, self.slot());
        let (mut session, Parts { offer, .. }) = self.session(lent);
        if let Some(slot) = slot {
            session.keep(slot, hash.low(), offer);
        }
    }

    /// Undoes [`claim`](RowState::claim), after all index keys are [kept](RowState::keep) that were to be given up.
    #[cold]
    pub(super) fn unclaim(&mut self, lent: &mut Lent<'_>) {
        let (hash, slot) = (self.row.hash, self.slot());
        let (session, Parts { offer, .. }) = self.session(lent);
        session.unclaim_staged(slot, hash.low(), offer);
    }
}
