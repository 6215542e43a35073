//! Operation sequences out of bytes, tried on a map and on a plain model of it; and bytes as snapshots.
//!
//! A coverage-guided fuzzer changes the bytes and keeps those that lead to code that none has led to before. All here is
//! deterministic: the same bytes make the same calls on the same hashes at the same times.

mod choices;
mod model;
mod ops;
#[path = "../../tests/common/policy.rs"]
#[allow(dead_code, unreachable_pub, clippy::pedantic, reason = "the tests use the rest of it")]
mod policy;
mod snapshot;
mod spread;
mod subject;
#[cfg(test)]
mod tests;
mod trial;

pub use snapshot::load;

/// Tries the case that these bytes stand for. Any bytes do.
///
/// # Panics
///
/// When the map answers what the model does not.
pub fn run(bytes: &[u8]) {
    let mut bytes = ops::Bytes::new(bytes);
    let choices = choices::Choices::read(&mut bytes);
    let ops = ops::read(&mut bytes);
    choices.try_out(&ops);
}
