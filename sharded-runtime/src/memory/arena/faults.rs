//! Allocations that fail on this thread, and tables that are full there, for tests.

use std::{cell::Cell, ops::Range};

thread_local! {
    static REFUSED: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
    static ASKED: Cell<u64> = const { Cell::new(0) };
    static IS_FULL: Cell<bool> = const { Cell::new(false) };
}

/// Makes the allocations of this thread with these numbers fail from now on. Blocks and directories of arenas are
/// counted, from zero.
pub(crate) fn refuse(numbers: Range<u64>) {
    REFUSED.set((numbers.start, numbers.end));
    ASKED.set(0);
}

/// Ends [`refuse`]. Returns the number of allocations since then.
pub(crate) fn end() -> u64 {
    REFUSED.set((0, 0));
    ASKED.get()
}

/// Counts an allocation of this thread. `None` if it is to fail.
pub(super) fn ask() -> Option<()> {
    let number = ASKED.replace(ASKED.get() + 1);
    let (from, to) = REFUSED.get();
    (!(from..to).contains(&number)).then_some(())
}

/// Makes tables have no slot number left for a new entry, on this thread.
pub(crate) fn set_full(is_full: bool) {
    IS_FULL.set(is_full);
}

/// See [`set_full`].
pub(crate) fn is_full() -> bool {
    IS_FULL.get()
}
