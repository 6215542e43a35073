//! The part of a shard that may be read without its lock.

use super::{budget::Credit, earliest::Earliest};
use crate::observe::counts::Meter;

/// The part of a shard that needs no lock.
#[derive(Default)]
pub(crate) struct ShardStatus {
    pub(crate) meter: Meter,
    pub(crate) credit: Credit,
    /// Used only if the field has a capacity.
    pub(crate) earliest: Earliest,
}
