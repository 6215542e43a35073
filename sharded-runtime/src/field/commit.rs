//! What a row of a transaction does when it commits.
//!
//! The phases of a transaction, each for all rows before the next one begins:
//!
//! | phase | what a row does |
//! |---|---|
//! | look | finds its entry |
//! | (the user's closure) | stages changes |
//! | use | notes that the entry was used, and counts the inserts of each shard |
//! | grow | has the table grow for these inserts, and reserves memory; then all look again, if entries have moved |
//! | weigh | weighs what is to be stored, asks how long it lives, and clones the key if it is needed |
//! | count | counts the units that all rows need |
//! | survey | counts those of entries that may leave, where not all may and entries have weights |
//! | reserve, demand | takes them; then all look again, if entries have left |
//! | overtake | has loads of the key not be stored; the clock is read |
//! | give up | notes which index keys its entry is going to give up |
//! | claim | enters the index keys of what is to be stored. If one is taken, all of them are undone (keep, unclaim) |
//! | change | replaces or removes its entry |
//! | insert | stores a new entry |
//! | tend | removes expired entries and lets the table grow, as every write does |
//! | give (after unlock) | gives back units that no entry has got |
//! | repay | evicts entries for what was overdrawn |
//! | tell | tells listeners, and drops what has left |
//!
//! A failure or a panic of user code up to "claim" leaves every map as it was. From "change" on no user code runs that
//! could fail.
//!
//! Where any entry may be evicted, "reserve" takes units that are not there: entries leave after unlock. Where some may
//! not be evicted, or none, that would exceed the capacity for good, so room is made before the first change.

#![allow(unreachable_pub, reason = "in a method of a public trait that only this crate can call")]

use super::{
    core::Core,
    limits::{EXPIRED_PER_WRITE, LOOKS_PER_WRITE},
    plan::Plan,
    row::{Found, Parts, RowState},
    staged::StagedChange,
    types::UsableTypes,
};
use crate::{
    Policy,
    bounds::owned_key,
    clock::Nanos,
    engine::{
        cause::Cause,
        session::{STEPS_PER_WRITE, Session},
        spec::{Spec, TableFor},
        table::StampOf,
        units::Weight,
    },
    evict::Eviction,
    expiry::Stamp,
    lock::Lent,
};
use std::{borrow::Borrow, mem, ptr};

/// How often the shards of the rows are searched for room, since one search takes out only so many entries.
const MOST_ROUNDS: u32 = 8;

/// A step that all rows of a transaction do, one after the other, while the shards are locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Use,
    Grow,
    Weigh,
    Count,
    Survey,
    Reserve,
    Demand,
    LookAgain,
    Overtake,
    GiveUp,
    Claim,
    Keep,
    Unclaim,
    Change,
    Insert,
    Tend,
}

impl<F, Q> RowState<'_, F, Q>
where
    F: UsableTypes<Key: Borrow<Q>>,
    Q: Eq + ToOwned<Owned = F::Key> + ?Sized,
{
    /// Whether units may be taken that are not there, for which entries leave after unlock.
    const MAY_OVERDRAW: bool = <F::Policy as Policy>::Eviction::EVICTS && !F::Policy::PINS;

    /// Whether no entry leaves unless enough may.
    const SURVEYS: bool = F::Policy::WEIGHS && F::Policy::PINS;

    /// Does a step of the commit.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "the phase is a constant")]
    pub(crate) fn run(&mut self, phase: Phase, plan: &mut Plan<'_>, lent: &mut Lent<'_>) {
        // The guards are here, so that a row that has nothing to do in a phase makes no call.
        match phase {
            Phase::Use => self.end_closure(plan, lent),
            Phase::Grow if self.is_coming() => self.grow(plan, lent),
            Phase::Weigh if self.offer.value.is_some() => self.weigh(plan, lent),
            Phase::Count if <F::Policy as Policy>::Eviction::BOUNDED => self.count(plan, lent),
            Phase::Survey if <F::Policy as Policy>::Eviction::BOUNDED && Self::SURVEYS => self.survey(plan, lent),
            Phase::Reserve if <F::Policy as Policy>::Eviction::BOUNDED => self.reserve(plan, lent),
            Phase::Demand if <F::Policy as Policy>::Eviction::BOUNDED && !Self::MAY_OVERDRAW && self.is_coming() => {
                self.demand(plan, lent);
            }
            Phase::LookAgain => self.find(lent),
            Phase::Overtake => self.overtake(plan, lent),
            Phase::GiveUp if F::Policy::INDEXED && (self.staged.change != StagedChange::Keep || self.has_change()) => {
                self.give_up(plan, lent);
            }
            Phase::Claim if F::Policy::INDEXED && plan.taken.is_none() && self.is_storing() => self.claim(plan, lent),
            Phase::Keep if F::Policy::INDEXED && self.staged.change != StagedChange::Keep => self.keep(lent),
            Phase::Unclaim if F::Policy::INDEXED && self.is_storing() => self.unclaim(lent),
            Phase::Change if self.has_change() => self.change(plan, lent),
            Phase::Insert if self.is_coming() => self.insert(plan, lent),
            Phase::Tend if self.has_work => self.tend(plan, lent),
            _ => {}
        }
    }

    /// Notes what the closure has done.
    #[inline]
    fn end_closure(&mut self, plan: &mut Plan<'_>, lent: &mut Lent<'_>) {
        if self.is_coming() {
            plan.shard(self.seat).inserts += 1;
        }
        if self.staged.change != StagedChange::Keep
            && let Found::Live(slot) | Found::Expired(slot) = self.found
        {
            plan.claim(self.seat, slot, F::Policy::NAME);
        }
        if self.staged.is_used.get() {
            self.note_use(lent);
        }
    }

    /// Has the table grow for all inserts of the shard, and reserves memory for them. Runs `Hash` of keys that move.
    #[inline]
    fn grow(&mut self, plan: &mut Plan<'_>, lent: &mut Lent<'_>) {
        let (seat, hash) = (self.seat, self.row.hash);
        let (mut session, _) = self.session(lent);
        let inserts = plan.shard(seat).inserts;
        if !mem::replace(&mut plan.shard(seat).has_grown, true) {
            plan.is_stale |= session.grow_for(inserts);
        }
        session.reserve_memory(hash, inserts, &mut plan.shard(seat).reserved_from);
    }

    /// Weighs what is to be stored. User code.
    #[inline]
    fn weigh(&mut self, plan: &mut Plan<'_>, lent: &mut Lent<'_>) {
        // A listener is told of a replaced value with the key of the call.
        let is_told = self.staged.change == StagedChange::Put && self.row.core.listener().is_some();
        if self.is_coming() || is_told {
            self.offer.set_key(owned_key(self.row.key));
        }
        // An entry that readers may hold is replaced with its key.
        if let (true, Some(clones), Some(slot)) = (Session::<Core<F>>::SHARES, F::CLONES, self.slot()) {
            let (session, Parts { offer, .. }) = self.session(lent);
            if let Some(entry) = session.entry(slot) {
                offer.set_key((clones.key)(entry.key()));
            }
        }
        let starts = self.staged.change == StagedChange::Put || self.is_coming();
        if F::Policy::TTL_OF_ENTRY && starts && self.staged.ttl.is_none() {
            self.staged.ttl = self.ttl_of_staged(lent);
        }
        if !F::Policy::WEIGHS {
            self.weight = Weight::ONE;
            return;
        }
        let slot = self.slot();
        let (mut session, Parts { offer, .. }) = self.session(lent);
        let Some(value) = &offer.value else { return };
        let weigh = |session: &mut Session<'_, Core<F>>| {
            if let Some(key) = offer.key() {
                return session.weigh_staged(key, value);
            }
            let entry = session.entry(slot?)?;
            session.weigh_staged(entry.key(), value)
        };
        match weigh(&mut session) {
            Some(weight) => self.weight = weight,
            None => self.refuse(plan),
        }
    }

    /// The ttl that comes from the key and the value that is to be stored. User code.
    fn ttl_of_staged(&mut self, lent: &mut Lent<'_>) -> Option<Nanos> {
        let slot = self.slot();
        let (session, Parts { offer, .. }) = self.session(lent);
        session.ttl_of_offered(offer).or_else(|| session.ttl_of_slot(slot?, offer.value.as_ref()))
    }

    /// Refuses the transaction, which the first field without room counts.
    #[cold]
    fn refuse(&self, plan: &mut Plan<'_>) {
        if plan.refused.is_some() {
            return;
        }
        self.row.core.note_refused();
        plan.refused = Some(F::Policy::NAME);
    }

    /// Counts what all rows need.
    #[inline]
    fn count(&mut self, plan: &mut Plan<'_>, lent: &mut Lent<'_>) {
        let (seat, weight, is_coming) = (self.seat, self.weight, self.is_coming());
        // The units of an expired entry are among those that go. So it is not counted among those that may leave, too.
        if F::Policy::PINS
            && let Some(slot) = match self.found {
                Found::Expired(slot) => Some(slot),
                Found::Live(slot) if self.staged.change != StagedChange::Keep => Some(slot),
                Found::Live(_) | Found::Nothing => None,
            }
        {
            let table: &TableFor<Core<F>> = lent.get(seat.shard.into());
            plan.kept.extend(table.get(slot).map(|entry| ptr::from_ref(entry.key()).addr()));
        }
        let going = match self.found {
            Found::Expired(slot) => Some(slot),
            Found::Live(slot) if self.staged.change == StagedChange::Remove => Some(slot),
            Found::Live(_) | Found::Nothing => None,
        };
        let (session, _) = self.session(lent);
        let field = plan.field(seat);
        if let Some(slot) = going {
            field.going = field.going.plus(session.units_of(slot));
        }
        if is_coming {
            field.coming = field.coming.plus(weight.units());
        }
    }

    /// Counts the units of entries that may leave the shard of the row.
    fn survey(&mut self, plan: &mut Plan<'_>, lent: &mut Lent<'_>) {
        let seat = self.seat;
        let lacking = plan.field(seat).lacking();
        if lacking.is_zero() || mem::replace(&mut plan.shard(seat).is_surveyed, true) {
            return;
        }
        let units = self.session(lent).0.survey_staged(lacking, &plan.kept);
        let field = plan.field(seat);
        field.evictable = field.evictable.plus(units);
    }

    /// Takes the units that the inserts of all rows of the field need. A row that inserts nothing may be in a shard
    /// that has room.
    #[inline]
    fn reserve(&mut self, plan: &mut Plan<'_>, lent: &mut Lent<'_>) {
        if plan.refused.is_some() {
            return;
        }
        let seat = self.seat;
        let lacking = plan.field(seat).lacking();
        if lacking.is_zero() {
            return;
        }
        let before = self.leaving.garbage.len();
        let (mut session, _) = self.session(lent);
        let taken = if Self::MAY_OVERDRAW {
            if !session.take_free_units(lacking) {
                session.overdraw_for_all(lacking);
                plan.field(seat).overdrawn = lacking;
            }
            lacking
        } else {
            let evictable = plan.field(seat).evictable;
            session.reserve_units(lacking, &plan.kept, !Self::SURVEYS || evictable >= session.lacking(lacking))
        };
        let field = plan.field(seat);
        field.reserved = field.reserved.plus(taken);
        plan.is_stale |= self.leaving.garbage.len() != before;
    }

    /// Takes what no shard of the rows had room for, or else refuses the transaction.
    #[inline]
    fn demand(&mut self, plan: &mut Plan<'_>, lent: &mut Lent<'_>) {
        let lacking = plan.field(self.seat).lacking();
        if lacking.is_zero() {
            return;
        }
        if Self::SURVEYS && plan.is_stale && plan.rounds < MOST_ROUNDS {
            // Some have left, and more may leave in the next round.
            return;
        }
        let (core, hash, seat) = (self.row.core, self.row.hash, self.seat);
        // What may leave the shards of the rows leaves once the others have the rest. This thread waits for no lock,
        // since it is inside shards.
        let evictable = plan.field(seat).evictable;
        let is_made = F::Policy::PINS
            && !mem::replace(&mut plan.field(seat).has_made_room, Self::SURVEYS)
            && core.make_room(hash, lacking.minus(evictable), &mut self.leaving.garbage);
        if is_made && !evictable.is_zero() {
            plan.is_stale = true;
            return;
        }
        if !is_made || !self.session(lent).0.take_free_units(lacking) {
            return self.refuse(plan);
        }
        let field = plan.field(seat);
        field.reserved = field.reserved.plus(lacking);
    }

    /// The last step that runs user code.
    #[inline]
    fn overtake(&mut self, plan: &mut Plan<'_>, lent: &mut Lent<'_>) {
        if StampOf::<F::Policy>::EXPIRES {
            // The closure may have taken long: what is stored begins to live now.
            self.now = self.row.core.clock.now_once(&mut plan.committed);
        }
        if self.staged.change == StagedChange::Keep {
            return;
        }
        let (key, hash, slot) = (self.row.key, self.row.hash, self.slot());
        self.session(lent).0.overtake_staged(hash, key, slot);
    }

    /// Whether [`change`](RowState::change) has something to do. To a field with a capacity, entries that have expired
    /// give their room.
    #[inline]
    fn has_change(&self) -> bool {
        match (self.staged.change, self.found) {
            (StagedChange::Keep, Found::Expired(_)) => <F::Policy as Policy>::Eviction::BOUNDED,
            (StagedChange::Keep, _) => false,
            (_, Found::Nothing) => !self.is_coming(),
            _ => true,
        }
    }

    /// Changes or removes the entry that is there.
    #[inline]
    fn change(&mut self, plan: &mut Plan<'_>, lent: &mut Lent<'_>) {
        let (seat, hash, weight, found) = (self.seat, self.row.hash, self.weight, self.found);
        let (mut session, Parts { offer, staged }) = self.session(lent);
        let gone = match (staged.change, found) {
            (_, Found::Expired(slot)) => Some((slot, Cause::Expired)),
            (StagedChange::Remove, Found::Live(slot)) => Some((slot, Cause::Removed)),
            (StagedChange::Keep, _) | (_, Found::Nothing) => None,
            (StagedChange::Put, Found::Live(slot)) => {
                session.release_staged(slot, hash.low(), offer);
                session.replace_staged(slot, hash, offer, weight, staged.ttl);
                None
            }
            (StagedChange::Update, Found::Live(slot)) => {
                session.release_staged(slot, hash.low(), offer);
                session.exchange_staged(slot, hash, offer, weight);
                None
            }
        };
        if let Some((slot, cause)) = gone {
            let units = session.remove_staged(slot, hash, cause);
            if <F::Policy as Policy>::Eviction::BOUNDED {
                plan.field(seat).left(units);
            }
        }
        let backlog = session.publish_backlog();
        (self.has_work, self.due_at) = (session.has_work(), session.due_at());
        self.backlog = backlog;
    }

    /// Stores a new entry.
    #[inline]
    fn insert(&mut self, plan: &mut Plan<'_>, lent: &mut Lent<'_>) {
        let (seat, hash, weight) = (self.seat, self.row.hash, self.weight);
        let (mut session, Parts { offer, staged }) = self.session(lent);
        session.insert_staged(hash, offer, weight, staged.ttl);
        (self.has_work, self.due_at) = (session.has_work(), session.due_at());
        if <F::Policy as Policy>::Eviction::BOUNDED {
            plan.field(seat).stored(weight.units());
        }
    }

    /// Does the work that a write does for others. A panic of user code comes after all is done.
    #[cold]
    fn tend(&mut self, plan: &mut Plan<'_>, lent: &mut Lent<'_>) {
        let (mut session, _) = self.session(lent);
        plan.drops.watch(|| {
            if StampOf::<F::Policy>::EXPIRES {
                session.sweep(LOOKS_PER_WRITE, EXPIRED_PER_WRITE);
            }
            // Without memory to grow the table is just fuller. The next write tries again.
            let _ = session.step(STEPS_PER_WRITE);
        });
        self.due_at = session.due_at();
    }
}
