//! Who is told of the entries that leave a map.
//!
//! The thread that takes an entry out gives it to the [sink](Sink::leave) under the lock of the shard, so the removals
//! of one key come in the order of its changes. User code runs after the lock is released.

mod channel;
mod listening;
mod queue;
mod sink;

pub use channel::{Removal, Removals};
pub(crate) use queue::without_waiting;
pub(crate) use {listening::Listening, sink::Sink};
