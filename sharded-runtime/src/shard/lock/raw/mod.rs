//! What lends a value to one thread and lets others look at it meanwhile.

mod sequence_lock;

#[allow(unreachable_pub, reason = "the associated type of a public trait")]
pub use sequence_lock::SequenceLock;
