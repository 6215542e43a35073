//! Memory that is refused to this thread, for tests.

use std::{cell::Cell, ops::Range};

thread_local! {
    static REFUSED: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
    static ASKED: Cell<u64> = const { Cell::new(0) };
}

/// Refuses the allocations of this thread that have these numbers, from zero on. Counts both blocks and directories that an arena is asked for.
pub(crate) fn refuse(numbers: Range<u64>) {
    REFUSED.set((numbers.start, numbers.end));
    ASKED.set(0);
}

/// Refuses nothing from now on. Answers how many allocations this thread has asked for since [`refuse`].
pub(crate) fn end() -> u64 {
    REFUSED.set((0, 0));
    ASKED.get()
}

/// This thread asks for memory. `None` where it is refused.
pub(super) fn ask() -> Option<()> {
    let number = ASKED.replace(ASKED.get() + 1);
    let (from, to) = REFUSED.get();
    (!(from..to).contains(&number)).then_some(())
}
