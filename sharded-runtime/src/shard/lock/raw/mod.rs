//! Locks with unsafe code: readers without a lock, and several locks at once.

mod lent;
mod passed_keys;
mod sequence;
mod sequence_lock;
pub(super) mod view;

#[allow(unreachable_pub, reason = "in a method of a public trait that only this crate can call")]
pub use lent::Lent;
pub(crate) use passed_keys::Vacant;
pub(super) use passed_keys::vacant;
pub(crate) use sequence::{Attempt, Begun, Raced, Stable};
#[allow(unreachable_pub, reason = "the associated type of a public trait")]
pub use sequence_lock::SequenceLock;
#[allow(unreachable_pub, reason = "in a method of a public trait that only this crate can call")]
pub use view::View;
pub(crate) use view::{Shown, ViewState};
