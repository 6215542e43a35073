//! sharded beside its rivals, in one run.
//!
//! `cargo run --release -p sharded-versus [-- THREADS...]`
//!
//! All systems hash with ahash and allocate with the system's allocator. They take turns in short slices, round after
//! round, so that what the machine does meanwhile falls on all of them alike; what is printed is the median over the
//! rounds, and the median of the ratios to the shards written by hand in the same round.

mod measure;
mod systems;

use measure::{Work, table};
use std::process::ExitCode;

fn main() -> ExitCode {
    let threads: Result<Vec<usize>, _> = std::env::args().skip(1).map(|arg| arg.parse()).collect();
    let threads = match threads {
        Ok(threads) if threads.is_empty() => vec![1, 2],
        Ok(threads) if threads.iter().all(|&n| (1..=1024).contains(&n)) => threads,
        _ => {
            eprintln!("usage: sharded-versus [THREADS...], each from 1 to 1024");
            return ExitCode::from(2);
        }
    };
    for work in [Work::Hit, Work::Increment, Work::Mixed] {
        for &threads in &threads {
            table(work, threads);
        }
    }
    ExitCode::SUCCESS
}
