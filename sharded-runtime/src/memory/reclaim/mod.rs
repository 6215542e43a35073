//! Reclamation: when may a value be dropped that readers without a lock may still see?
//!
//! A reader announces itself before it looks, and until it has done with what it found ([`Reading`]). A writer first
//! unlinks a value, so that later readers don't find it, and keeps it for a [grace period](Grace): until each reader
//! that had announced itself by then has left. Then nobody sees the value, and the writer may drop it.
//!
//! | file | what is in it |
//! |---|---|
//! | `line.rs` | the announcement of one thread, and the proof |
//! | `barriers.rs` | the pair of barriers between readers and writers |
//! | `readers.rs` | the lines of all threads |
//! | `grace.rs` | grace periods |
//!
//! # Cost
//!
//! A reader writes a cache line that no other thread writes: two stores, no locked instruction, no fence. A writer
//! interrupts all processors that run this process, once for many values: `membarrier`, some microseconds. Where the
//! system has no `membarrier`, each reader passes a fence. Where the system withdraws it later, as a sandbox does,
//! readers pass a fence from then on, and nothing is freed before each thread that has read before has read again or
//! ended (`line.rs` says why).
//!
//! # Rules
//!
//! - A reader never waits, and never drops what others retired.
//! - A reader that stays delays only values that were unlinked while it was there, not those unlinked before or after.
//! - Lines are never freed, but taken over by later threads. So there are as many as threads have read at one time.
//! - A thread whose thread-local values are being dropped may read. A panic in a reader's closure ends the reading.
//! - A child of `fork` has only the thread that forked; the lines of the others count as left.
//!
//! # Why not a crate
//!
//! `crossbeam-epoch` 0.9.21 announces by `lock cmpxchg` (35 instructions to pin and unpin). A thread that stays pinned
//! keeps all garbage of the process, and threads that pin drop garbage of others. `seize` 0.5.1 leaves by `xchg`, also
//! a locked instruction (62 instructions to enter and leave), and the last reader drops the garbage. So neither keeps
//! the rules above.

mod barriers;
mod grace;
mod line;
mod readers;
#[cfg(all(test, not(loom)))]
mod tests;

pub(crate) use grace::{Grace, Ticket};
pub(crate) use readers::{Reading, is_reading};

/// Prepares the barrier of writers, so that readers need no fence. The first call begins that, and a later one ends it.
pub(crate) fn prepare() {
    barriers::heavy();
}
