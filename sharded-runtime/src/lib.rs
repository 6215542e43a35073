//! Declare the concurrency policy of shared state; the compiler checks it.

mod budget;
pub mod builder;
pub mod clock;
mod declared;
mod error;
pub mod evict;
pub mod expiry;
pub mod hasher;
mod list;
pub mod lock;
#[doc(hidden)]
pub mod macro_support;
mod map;
mod order;
mod policy;
mod set;
pub mod shards;
mod stats;
mod store;
mod sweeper;
mod table;

pub use declared::Declared;
pub use error::{Occupied, Refused};
pub use map::{Change, Key, ShardedMap, Value};
pub use policy::Policy;
pub use set::ShardedSet;
pub use sharded_derive::sharded;
pub use stats::Stats;
pub use store::{Field, Store};
