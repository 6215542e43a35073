//! Counters and events.

pub(crate) mod counts;
pub(crate) mod events;
pub(crate) mod stats;
pub(crate) mod tally;
pub(crate) mod waits;
