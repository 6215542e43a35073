//! Clocks: one file per choice.

mod boot;
mod manual;
mod source;
mod system;
mod traits;

pub use boot::Boot;
pub(crate) use manual::to_nanos;
pub use manual::{Backwards, Manual};
pub(crate) use source::TimeSource;
pub use system::System;
pub use traits::Clock;
