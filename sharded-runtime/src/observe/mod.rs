//! Counters and events.

pub(crate) mod counts;
pub(crate) mod events;
pub(crate) mod stats;
pub(crate) mod tally;
#[cfg(feature = "redis")]
pub(crate) mod tier;
pub(crate) mod waits;
