//! From a workload to the attribute line that serves it best on this machine.
//!
//! `cargo run --release -p sharded-tune -- --help` says what can be asked for; the README beside `Cargo.toml` says how to read the
//! answers. As a library, for a benchmark of one's own: make a [`FieldWorkload`](workload::FieldWorkload), [`tune()`] it, and look at the [`Outcome`].
//!
//! | file | what is in it |
//! |---|---|
//! | `workload/` | what is done to a map: the file that holds it, made-up ones, the six that the advice is tried on |
//! | `ranks.rs`, `stream.rs` | which operation on which key a thread does next |
//! | `candidate.rs` | a policy to be tried |
//! | `subject.rs` | a map with such a policy |
//! | `replay.rs` | threads that work on it for a while |
//! | `hits.rs` | how often a cache has what it is asked for, over its capacity |
//! | `tune.rs`, `race.rs` | which candidates are tried, for how long, and which drop out |
//! | `outcome.rs` | what is advised, in words |
//! | `source/` | finding an attribute in a source file, and changing it |
//! | `regular.rs` | reading a file that someone names |
//! | `report.rs` | the page with the curves |
//! | `planted.rs` | whether the advice holds in a later measurement |
//! | `cli.rs`, `args.rs` | the command |
//!
//! # Examples
//!
//! ```
//! use sharded_tune::{Options, workload::Synthetic, tune};
//! use std::time::Duration;
//!
//! let workload = Synthetic { keys: 1000, skew: 0.9, threads: 2, ..Synthetic::default() }.workload()?;
//! // Much too short to say anything, but for an example.
//! let outcome = tune(&workload, &Options { time: Duration::from_millis(300), ..Options::default() });
//! println!("{outcome}");
//! # Ok::<(), sharded_tune::workload::WorkloadError>(())
//! ```
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "rates, shares and counts of keys: a float has digits enough"
)]

mod args;
mod candidate;
pub mod cli;
mod hits;
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
mod work;
pub mod workload;

pub use candidate::{Candidate, Evict, Lock, Numa};
pub use outcome::{HotKey, Outcome, Verdict};
pub use sharded_bench_common::stats::Interval;
pub use tune::{Options, tune};
