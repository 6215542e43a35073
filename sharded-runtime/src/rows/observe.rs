//! Reads of several entries of one moment.

use super::{
    arrangement::{Arrangement, Rows, States},
    locking::{locate, lock_each},
    transaction::Ending,
    wanted::{AnyNumber, Shared, Storage, enter},
};
use crate::{bounds::Token, lock::Lent};
use std::panic::Location;

/// Reads several entries of one moment, also of several maps and stores.
///
/// It locks the shards of all rows, each once and in the order of all locks, as [`transaction`](super::transaction())
/// does, but for reading: readers share the locks that have a shared mode, and under
/// [`Optimistic`](crate::lock::Optimistic) readers without a lock go on meanwhile. Then it runs the closure. Writers
/// wait until it returns, so keep it short. It can't await.
///
/// A read of a row is a use of the entry, as [`get`](crate::ShardedMap::get) is. A key may be named twice.
///
/// # Panics
///
/// - Inside a closure on the same or a later place than the first of these shards: see [the
///   order](crate::ShardedMap#order-of-nested-accesses). Inside the closure, a further access must go to a place later
///   than all these shards.
/// - If the rows lie in more than 1024 shards.
///
/// # Cost
///
/// A lock and a search for each row, and O(n log n) to sort them. Nothing is allocated for up to 12 rows in tuples and
/// arrays.
///
/// # Examples
///
/// ```
/// # use sharded::sharded;
/// # use std::collections::HashMap;
/// # #[sharded(ttl = "1h")]
/// # struct Bank { accounts: HashMap<u32, u64> }
/// let bank = Bank::new();
/// bank.accounts().extend([(1, 30), (2, 70)]);
/// let accounts = [1, 2].each_ref().map(|number| bank.accounts().row(number));
/// let total: u64 = sharded::observe(accounts, |accounts| accounts.iter().filter_map(|account| account.get()).sum());
/// assert_eq!(total, 100);
/// ```
#[track_caller]
#[allow(clippy::needless_pass_by_value, reason = "as `transaction`; rows are mostly made for one call")]
pub fn observe<R: Rows, T>(rows: R, read: impl for<'t> FnOnce(<R::Arrangement as Arrangement>::Refs<'t>) -> T) -> T {
    let at = Location::caller();
    match R::COUNT {
        Some(1) => look::<R, [(); 1], T>(&rows, read, at),
        Some(2) => look::<R, [(); 2], T>(&rows, read, at),
        _ => look::<R, AnyNumber, T>(&rows, read, at),
    }
}

/// As [`observe`], with the memory for so many rows.
#[inline]
fn look<R: Rows, S: Storage, T>(
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
