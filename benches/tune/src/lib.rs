//! Finds the attribute that serves a workload best on this machine.
//!
//! `cargo run --release -p sharded-tune -- --help` lists the options. The README beside `Cargo.toml` says how to read
//! the results. In a benchmark of your own, make a [`FieldWorkload`](workload::FieldWorkload), [`tune()`] it, and look
//! at the [`Outcome`].
//!
//! | file | what is in it |
//! |---|---|
//! | `workload/` | workloads: their file, synthetic ones, and the six that the advice is checked on |
//! | `ranks.rs`, `stream.rs` | the operations and keys of a thread |
//! | `candidate.rs` | a policy to try |
//! | `subject.rs` | a map with such a policy |
//! | `replay.rs` | threads that replay a workload for a time |
//! | `hits.rs` | the hit ratio of a cache over its capacity |
//! | `tune.rs`, `race.rs` | which candidates are measured, for how long, and which drop out |
//! | `judge.rs` | which candidate is advised |
//! | `outcome.rs`, `words.rs` | the advice, and the advice in words |
//! | `source/` | finding an attribute in a source file, and changing it |
//! | `regular.rs` | reading a file that a user names |
//! | `report.rs` | the page with the curves |
//! | `shard_counts.rs` | each number of shards on this machine |
//! | `planted.rs` | a check of the advice by a later measurement |
//! | `cli.rs`, `args.rs` | the command line |
//!
//! # Examples
//!
//! ```
//! use sharded_tune::{Options, workload::Synthetic, tune};
//! use std::time::Duration;
//!
//! let workload = Synthetic { keys: 1000, skew: 0.9, threads: 2, ..Synthetic::default() }.workload()?;
//! // Much too short for a result, but enough for an example.
//! let outcome = tune(&workload, &Options { time: Duration::from_millis(300), ..Options::default() });
//! println!("{outcome}");
//! # Ok::<(), sharded_tune::workload::WorkloadError>(())
//! ```
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a float is exact enough for rates, shares and counts of keys"
)]

mod args;
mod candidate;
pub mod cli;
mod hits;
mod judge;
mod outcome;
mod planted;
mod race;
mod ranks;
mod regular;
mod replay;
mod report;
mod shard_counts;
pub mod source;
mod stream;
mod subject;
mod tune;
mod words;
mod work;
pub mod workload;

pub use candidate::{Candidate, Evict, Lock, Numa};
pub use outcome::{HotKey, Outcome, Steady, Verdict};
pub use sharded_bench_common::stats::Interval;
pub use tune::{Options, tune};
