//! Transactions of any rows: what they change is staged, and then made by all rows in step.

use super::{
    arrangement::{Arrangement, Lockable, States},
    error::TransactionError,
    locking::{locate, lock_each, refuse, refuse_twins},
    wanted::{AnyNumber, Shared, Storage, enter},
};
use crate::{
    bounds::Token,
    contain::Pending,
    field::{commit::Phase, plan::Plan, row::End},
    lock::Lent,
};
use std::{mem, panic::Location};

/// Runs a transaction of any rows.
pub(super) fn transact_any<R: Lockable, T, E>(
    rows: &R,
    change: impl for<'t> FnOnce(&mut <R::Arrangement as Arrangement>::Views<'t>) -> Result<T, E>,
    at: &'static Location<'static>,
) -> Result<T, TransactionError<E, <R::Arrangement as Arrangement>::Values>> {
    match R::COUNT {
        Some(1) => transact::<R, [(); 1], T, E>(rows, change, at),
        Some(2) => transact::<R, [(); 2], T, E>(rows, change, at),
        _ => transact::<R, AnyNumber, T, E>(rows, change, at),
    }
}

/// As [`transact_any`], with the memory for so many rows.
#[inline]
pub(super) fn transact<R: Lockable, S: Storage, T, E>(
    rows: &R,
    change: impl for<'t> FnOnce(&mut <R::Arrangement as Arrangement>::Views<'t>) -> Result<T, E>,
    at: &'static Location<'static>,
) -> Result<T, TransactionError<E, <R::Arrangement as Arrangement>::Values>> {
    let (mut places, mut shared) = (locate::<R, S>(rows), Shared::<S>::new(rows.count(Token)));
    let places = &*places.as_mut();
    refuse_twins(places, at);
    // Dropped last: what it does comes after all locks are released.
    let mut ending = Ending { states: rows.begin(Token), plan: shared.plan(places) };
    let inside = enter(places, at);
    let Ending { states, plan } = &mut ending;
    let result = Lent::scope(|lent| {
        lock_each::<false, _>(rows, places, lent, |lent| {
            states.look(plan, lent);
            let result = change(&mut states.views(lent));
            states.run(Phase::Use, plan, lent);
            let is_made = if result.is_ok() { commit(states, plan, lent, at) } else { Ok(()) };
            (result, is_made)
        })
    });
    drop(inside);
    // Not at the end: a function whose last drop panics leaks what it returns.
    let pending = Pending::new(result);
    drop(ending);
    // Only here, since the result of a transaction that is refused is dropped: user code.
    let (result, is_made) = pending.take();
    is_made.and_then(|()| result.map_err(TransactionError::Failed))
}

/// Makes the changes that a closure has staged, or none of them. Finds the entries first.
#[cold]
#[inline(never)]
pub(super) fn commit_staged<R: States, E>(
    Ending { states, plan }: &mut Ending<'_, R>,
    lent: &mut Lent<'_>,
    at: &Location<'_>,
) -> Result<(), TransactionError<E, <R::Arrangement as Arrangement>::Values>> {
    states.look(plan, lent);
    states.run(Phase::Use, plan, lent);
    commit(states, plan, lent, at)
}

/// Makes the changes that the rows have staged, or none of them.
#[inline]
fn commit<R: States, E>(
    states: &mut R,
    plan: &mut Plan<'_>,
    lent: &mut Lent<'_>,
    at: &Location<'_>,
) -> Result<(), TransactionError<E, <R::Arrangement as Arrangement>::Values>> {
    if let Some(map) = plan.twins() {
        refuse(map, at);
    }
    states.run(Phase::Grow, plan, lent);
    if plan.take_stale() {
        states.run(Phase::LookAgain, plan, lent);
    }
    states.run(Phase::Weigh, plan, lent);
    while plan.refused.is_none() {
        states.run(Phase::Count, plan, lent);
        states.run(Phase::Survey, plan, lent);
        states.run(Phase::Reserve, plan, lent);
        states.run(Phase::Demand, plan, lent);
        if !plan.take_stale() {
            break;
        }
        // The entry of a row may have left to make room for that of another one.
        plan.recount();
        states.run(Phase::LookAgain, plan, lent);
    }
    if let Some(map) = plan.refused {
        return Err(TransactionError::Refused { map, values: Box::new(states.values()) });
    }
    states.run(Phase::Overtake, plan, lent);
    states.run(Phase::GiveUp, plan, lent);
    states.run(Phase::Claim, plan, lent);
    if let Some(index) = plan.taken {
        states.run(Phase::Keep, plan, lent);
        states.run(Phase::Unclaim, plan, lent);
        return Err(TransactionError::Taken { index, values: Box::new(states.values()) });
    }
    states.run(Phase::Change, plan, lent);
    states.run(Phase::Insert, plan, lent);
    plan.is_committed = true;
    states.run(Phase::Tend, plan, lent);
    Ok(())
}

/// Ends the rows when it is dropped, also when a panic passes.
pub(super) struct Ending<'p, R: States> {
    pub(super) states: R,
    pub(super) plan: Plan<'p>,
}

impl<R: States> Drop for Ending<'_, R> {
    #[inline]
    fn drop(&mut self) {
        self.states.finish(End::Give, &mut self.plan);
        self.states.finish(End::Repay, &mut self.plan);
        self.states.finish(End::Tell, &mut self.plan);
        mem::take(&mut self.plan.drops).end();
    }
}
