//! The part of a shard that may be read without its lock.

use super::{budget::Credit, earliest::Earliest};
use crate::observe::stats::{Counter, Meter};

/// The part of a shard that needs no lock.
///
/// It begins with the two counters that every insert writes, aligned so that they lie on one cache line.
#[derive(Default)]
#[repr(C, align(16))]
pub(crate) struct ShardStatus {
    pub(crate) meter: Meter,
    pub(crate) credit: Credit,
    /// How many of the shard's keys are being loaded. Written under the exclusive lock, so exact to its holder.
    pub(crate) loads: Counter,
    /// Used only if the field has a capacity.
    pub(crate) earliest: Earliest,
}
