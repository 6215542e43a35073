//! The lock of a shard: one file per choice.
//!
//! A lock owns what it protects and lends it to a closure: no guard leaves this layer, so none can be held across an
//! `.await`. The reference that the closure gets is the access token of the layers above: `&T` lets them read what is
//! shared, `&mut T` lets them change it.

mod mutex;
mod optimistic;
#[allow(unsafe_code, reason = "lends what it protects")]
pub(crate) mod raw;
mod rwlock;
mod sequence;
mod traits;

pub use mutex::Mutex;
pub use optimistic::Optimistic;
pub use rwlock::RwLock;

pub(crate) use sequence::{Attempt, Odd, Raced, Sequence, Stable};
pub(crate) use traits::token::Token;
pub use traits::{Cell, Lock, Serves};
