//! The lock of a shard: one file per lock.
//!
//! A lock owns the value that it protects, and passes a reference to a closure. No guard leaves this layer, so none can
//! be held across an `.await`. The layers above use the reference as proof of access: with `&T` they read, with `&mut
//! T` they write.

mod copies;
mod mutex;
mod optimistic;
#[allow(unsafe_code, reason = "lends what it protects")]
pub(crate) mod raw;
mod rcu;
mod rwlock;
mod traits;
mod wait;

pub use mutex::Mutex;
pub use optimistic::Optimistic;
pub use rcu::Rcu;
pub use rwlock::RwLock;

#[allow(unreachable_pub, reason = "in a method of a public trait that only this crate can call")]
pub use copies::{Clones, Copies};
pub(crate) use raw::{Attempt, Begun, Raced, Shown, Stable, Vacant, ViewState};
#[allow(unreachable_pub, reason = "in a method of a public trait that only this crate can call")]
pub use raw::{Lent, View};
pub use traits::{Cell, Lock, Serves};
pub use wait::note_wait;
