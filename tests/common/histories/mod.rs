//! Parts of the suites that record concurrent histories of calls and search for an order that explains them.

#![allow(dead_code, reason = "each suite uses a part of it")]

pub(crate) mod brute_force;
pub(crate) mod churn;
pub(crate) mod map;
pub(crate) mod payload;
pub(crate) mod recorder;
pub(crate) mod register;
pub(crate) mod search;
