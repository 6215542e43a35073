//! Reads of any rows under the locks of their shards.

use super::{
    arrangement::{Arrangement, Lockable, States},
    locking::{locate, lock_each},
    staged::Ending,
    wanted::{Shared, Storage, enter},
};
use crate::{bounds::Token, lock::Lent};
use std::panic::Location;

/// Reads any rows, with the memory for so many.
#[inline]
pub(super) fn observe<R: Lockable, S: Storage, T>(
    rows: &R,
    read: impl for<'t> FnOnce(<R::Arrangement as Arrangement>::Refs<'t>) -> T,
    at: &'static Location<'static>,
) -> T {
    let (mut places, mut shared) = (locate::<R, S>(rows), Shared::<S>::new(rows.count(Token)));
    let places = &*places.as_mut();
    // Dropped last: what it does comes after all locks are released.
    let mut ending = Ending { states: rows.begin(Token), plan: shared.plan(places) };
    let inside = enter(places, at);
    let Ending { states, plan } = &mut ending;
    let result = Lent::scope(|lent| {
        lock_each::<true, _>(rows, places, lent, |lent| {
            states.look(plan, lent);
            let result = read(states.refs(lent));
            states.note_reads(lent);
            result
        })
    });
    drop(inside);
    result
}
