//! System calls and instructions, with a fallback for other systems.

pub(crate) mod available;
#[cfg(not(loom))]
pub(crate) mod barrier;
pub(crate) mod fork;
#[cfg(not(loom))]
pub(crate) mod futex;
pub(crate) mod memory;
pub(crate) mod numa;
pub(crate) mod page;
pub(crate) mod prefetch;
pub(crate) mod thread;
