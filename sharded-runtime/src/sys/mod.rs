//! What is asked of the operating system.

pub(crate) mod memory;
