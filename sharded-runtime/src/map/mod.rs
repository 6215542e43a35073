//! The public API of maps.
//!
//! | file | what is in it |
//! |---|---|
//! | `sharded_map.rs` | the map, how it is built, and its properties |
//! | `common/` | the code that maps and sets share |
//! | `read.rs` | reads |
//! | `write.rs` | inserts and removals, of one entry or several |
//! | `change.rs` | changes of an entry, or its insertion, in one critical section |
//! | `deadline.rs` | the time to live of an entry |
//! | `with_ttl.rs` | calls that store an entry with a time of its own |
//! | `foreign.rs` | names of other libraries, for the compiler's messages |
//! | `load.rs` | single-flight loads of missing values |
//! | `listen.rs` | removal listeners |
//! | `saved.rs` | the map's part of a snapshot |
//! | `whole.rs` | all entries at once |

mod change;
pub(crate) mod common;
mod deadline;
#[cfg(test)]
mod faults;
mod foreign;
mod listen;
mod load;
#[cfg(test)]
mod passes;
mod read;
#[cfg(feature = "serde")]
mod saved;
mod sharded_map;
mod whole;
mod with_ttl;
mod write;

pub use sharded_map::ShardedMap;
pub use with_ttl::WithTtl;
