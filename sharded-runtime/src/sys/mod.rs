//! What is asked of the operating system.

pub(crate) mod barrier;
pub(crate) mod memory;
