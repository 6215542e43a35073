//! Counters.

pub(crate) mod stats;
pub(crate) mod tally;
