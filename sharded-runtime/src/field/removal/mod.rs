//! Who is told of the entries that leave a map.
//!
//! Whoever takes an entry out [leaves](Sink::leave) it here while it holds the lock of the shard, so what is told of one key
//! comes in the order of its changes. Once the lock is released the thread sees to it that it is told:
//! code of the user runs only then.

mod cause;
mod channel;
mod listening;
mod queue;
mod sink;

pub use cause::Cause;
pub use channel::{Removal, Removals};
pub(crate) use queue::without_waiting;
pub(crate) use {listening::Listening, sink::Sink};
