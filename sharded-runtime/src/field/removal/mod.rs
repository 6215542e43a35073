//! Removal listeners.
//!
//! The thread that removes an entry gives it to the [sink](sink::Sink::leave) under the lock of the shard. So the
//! removals of a key come in the order of its changes. User code runs after the lock is released.

mod channel;
mod listening;
mod queue;
mod sink;

pub use channel::{Removal, Removals};
pub(crate) use listening::Listening;
pub(crate) use queue::{must_not_wait, without_waiting};
