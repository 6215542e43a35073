//! Reads of several rows without a lock.
//!
//! A reader notes the sequence numbers of all shards, copies all entries, and then looks at the numbers again. If none
//! has changed, no writer was inside any of the shards between the last number that was noted and the first one that
//! was looked at again. So all copies are of that time, and the clocks are read in it. Only then the user's closure
//! runs.

use super::{
    arrangement::{Arrangement, Copies, Lockable},
    locking::locate,
    wanted::{Storage, enter},
};
use crate::{bounds::Token, clock::Readings, field::row_copy::Step};
use std::{
    hint,
    panic::Location,
    sync::atomic::{Ordering, fence},
};

/// How often a reader tries before it takes the locks.
const TRIES: usize = 16;

/// Bytes of copies above which a reader takes the locks, since each copy has a place on the stack.
pub(super) const LARGE: usize = 4096;

/// The most rows in slices and vectors of which a reader makes copies. The more it makes, the more likely is a writer
/// in the way, after whom it makes all of them again.
const MOST_ROWS: usize = 256;

/// Whether such rows can be read without a lock.
pub(super) const fn can_copy<R: Lockable>() -> bool {
    R::CAN_COPY && size_of::<R::Copies>() <= LARGE
}

/// Whether there are so few rows that they are read without a lock. (If their number is known, their size is a bound.)
#[inline]
pub(super) fn are_few<R: Lockable>(rows: &R) -> bool {
    R::COUNT.is_some() || rows.count(Token) <= MOST_ROWS
}

/// Reads the rows, with the memory for so many. Gives the closure back if writers are in the way.
#[inline]
pub(super) fn observe<R: Lockable, S: Storage, T, C>(rows: &R, read: C, at: &'static Location<'static>) -> Result<T, C>
where
    C: for<'t> FnOnce(<R::Arrangement as Arrangement>::Refs<'t>) -> T,
{
    // A lock is released by a plain store. Without this fence, what this thread has written may still be on its way to
    // the others while it reads here: of two threads that each write and then observe what the other one writes, both
    // might miss it.
    fence(Ordering::SeqCst);
    let mut copies = rows.copies(Token);
    for _ in 0..TRIES {
        if !copies.attempt(Step::Begin) || !copies.attempt(Step::Copy) {
            hint::spin_loop();
            continue;
        }
        // Before the check, so that the time is of the same moment as the copies: an entry that expires later is there,
        // as is what others have stored until then.
        copies.look_at_clocks(&mut Readings::default());
        if copies.attempt(Step::Check) {
            // Recorded as if the locks were taken: whether a nested access panics must not depend on a race.
            let mut places = locate::<R, S>(rows);
            let inside = enter(places.as_mut(), at);
            let result = read(copies.refs());
            drop(inside);
            copies.note_reads();
            return Ok(result);
        }
        hint::spin_loop();
    }
    Err(read)
}
