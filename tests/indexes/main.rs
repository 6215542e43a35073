//! Indexes: what a lookup finds, however an entry comes, changes or goes.

#![allow(
    clippy::trivially_copy_pass_by_ref,
    clippy::unnecessary_wraps,
    reason = "the function of an index takes references and may return an `Option`"
)]
#![allow(clippy::too_many_lines, clippy::type_complexity, reason = "lists of calls")]

#[path = "../common/mod.rs"]
mod common;
mod in_place;
mod model;
mod panics;
mod threads;
mod transactions;
mod unique;
mod ways;
