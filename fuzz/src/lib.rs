//! Operation sequences and snapshots, decoded from bytes.
//!
//! A coverage-guided fuzzer changes the bytes, and keeps those that reach new code. Everything here is
//! deterministic: the same bytes make the same calls on the same hashes at the same times.

mod choices;
mod snapshot;
mod spread;
#[cfg(test)]
mod tests;

pub use snapshot::load;

use sharded_operations::{Bytes, Op};

/// Tries the case that these bytes encode. All bytes encode a case.
///
/// # Panics
///
/// When the map answers what the reference model does not.
pub fn run(bytes: &[u8]) {
    let (choices, ops) = decode(bytes);
    choices.try_out(ops, |map, op| map.apply(op));
}

fn decode(bytes: &[u8]) -> (choices::Choices, Vec<Op>) {
    let mut bytes = Bytes::new(bytes);
    let choices = choices::Choices::read(&mut bytes);
    (choices, sharded_operations::read(&mut bytes, 4))
}
