//! The locks of the rows of one access.

use super::{
    arrangement::Lockable,
    wanted::{Place, Storage, sort, twins},
};
use crate::{bounds::Token, lock::Lent};
use std::panic::Location;

/// Where rows are, in the order of locks.
#[inline]
pub(super) fn locate<R: Lockable, S: Storage>(rows: &R) -> S::Of<Place<'_>> {
    let mut places = S::each(rows.count(Token), |row| rows.place(row, Token).numbered(row));
    sort(places.as_mut());
    places
}

/// Panics if two rows are the same key of the same map.
#[inline]
pub(super) fn refuse_twins(places: &[Place<'_>], at: &Location<'_>) {
    if let Some(map) = twins(places) {
        refuse(map, at);
    }
}

/// Refuses a transaction of two rows that are the same key of this map.
#[cold]
pub(super) fn refuse(map: &str, at: &Location<'_>) -> ! {
    panic!("two rows of the transaction at {at} are the same key of `{map}`: name each key once");
}

/// Locks the shards of these rows, one after the other, for reading or for changing. Then it runs a closure that is
/// lent all their tables.
#[inline]
pub(super) fn lock_each<const TO_READ: bool, T>(
    rows: &impl Lockable,
    places: &[Place<'_>],
    lent: &mut Lent<'_>,
    run: impl FnOnce(&mut Lent<'_>) -> T,
) -> T {
    match places {
        [only] => rows.lock::<TO_READ, T>(only.row, lent, run),
        _ => run_once(run, |run| lock_next::<TO_READ>(rows, places, lent, run)),
    }
}

/// Not inlined, nor is `run`, since the stack has this once for each shard.
#[inline(never)]
fn lock_next<const TO_READ: bool>(
    rows: &impl Lockable,
    places: &[Place<'_>],
    lent: &mut Lent<'_>,
    run: &mut dyn FnMut(&mut Lent<'_>),
) {
    match places {
        [] => run(lent),
        [first, ..] => {
            let rest = beyond_shard_of(first, places);
            rows.lock::<TO_READ, ()>(first.row, lent, |lent| lock_next::<TO_READ>(rows, rest, lent, run));
        }
    }
}

/// Has a closure run by a call that knows neither its type nor its result.
#[inline]
fn run_once<T>(run: impl FnOnce(&mut Lent<'_>) -> T, lock: impl FnOnce(&mut dyn FnMut(&mut Lent<'_>))) -> T {
    let (mut run, mut result) = (Some(run), None);
    lock(&mut |lent| result = run.take().map(|run| run(lent)));
    result.expect("a lock runs its closure")
}

/// The places after those in the shard of this one.
#[inline]
fn beyond_shard_of<'a, 'p>(place: &Place<'_>, mut rest: &'a [Place<'p>]) -> &'a [Place<'p>] {
    while let [next, after @ ..] = rest
        && next.is_in_shard_of(place)
    {
        rest = after;
    }
    rest
}
