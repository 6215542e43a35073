//! When an entry expires: one file per expiry.

mod after_access;
mod after_write;
mod jitter;
mod lifetimes;
mod never;
mod traits;
mod wheel;

pub use after_access::AfterAccess;
pub use after_write::AfterWrite;
pub use never::Never;

pub(crate) use jitter::jitter;
pub(crate) use lifetimes::{Lifetimes, grace};
pub(crate) use traits::stamp::Stamp;
pub use traits::{Expires, Expiry, TracksAccess};
pub(crate) use wheel::Wheel;
