//! What is counted.

pub(crate) mod stats;
pub(crate) mod tally;
