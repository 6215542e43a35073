//! A set: a map without values.

mod deadline;
mod entries;
mod listen;
mod sharded_set;
#[cfg(feature = "serde")]
mod snapshot;
mod whole;

pub use sharded_set::ShardedSet;
