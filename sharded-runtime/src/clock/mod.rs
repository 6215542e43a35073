//! Clocks: one file per clock.

mod boot;
mod manual;
mod source;
mod system;
mod time;
mod traits;

pub use boot::Boot;
pub use manual::{Backwards, Manual};
#[allow(unreachable_pub, reason = "in a method of a public trait that only this crate can call")]
pub use source::Readings;
pub(crate) use source::TimeSource;
pub use system::System;
pub(crate) use time::{AtomicDeadline, AtomicMoment, Deadline, Moment, Nanos};
pub use traits::Clock;
