//! Parts of the suites that record concurrent histories of calls and search for an order that explains them.

#![allow(dead_code, reason = "each suite uses a part of it")]

pub(crate) mod brute_force;
pub(crate) mod churn;
pub(crate) mod map;
pub(crate) mod payload;
pub(crate) mod recorder;
pub(crate) mod register;
pub(crate) mod search;

use crate::common::{hashers::Folded, policy::Ttl};

/// Far off: nothing expires, but every entry has a deadline.
pub(crate) type Hour = Ttl<3_600_000>;
/// More than there ever is: nothing is evicted, but every entry is in the queue.
pub(crate) const ROOM: usize = 1 << 20;
/// Some of all keys have one hash.
pub(crate) type Few = Folded<10>;
