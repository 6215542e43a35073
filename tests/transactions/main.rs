//! Transactions of several rows: all or nothing, atomic, in one order of locks.

#![allow(
    clippy::unit_arg,
    clippy::needless_for_each,
    clippy::redundant_closure_for_method_calls,
    reason = "the closures of transactions are short"
)]

#[path = "../common/mod.rs"]
mod common;

mod capacity;
mod few;
mod model;
mod pairs;
mod panics;
mod rules;
mod threads;
mod units;
mod unlocked;
