//! What the locks of this crate are made of.

#[cfg_attr(loom, allow(dead_code, reason = "only its model runs"))]
mod guard;
mod mutex;
mod rwlock;
mod sequence_lock;
mod word;

#[cfg(not(loom))]
pub(crate) use guard::{Condvar, MutexGuard};
#[allow(unreachable_pub, reason = "the associated type of a public trait")]
pub use mutex::RawMutex;
#[allow(unreachable_pub, reason = "the associated type of a public trait")]
pub use rwlock::RawRwLock;
#[allow(unreachable_pub, reason = "the associated type of a public trait")]
pub use sequence_lock::SequenceLock;
