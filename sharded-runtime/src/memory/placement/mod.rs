//! Which NUMA nodes the shards of a map lie on: one file per choice.
//!
//! | `numa = …` | where the shards are | good for |
//! |---|---|---|
//! | [`Spread`], the default | in blocks over the nodes that have CPUs and memory | maps used from everywhere, and work that goes [to its data](crate::node) |
//! | [`Local`] | all on the node of the thread that builds the store | a store per node |
//! | [`Off`] | on the node of the thread that first touches each page | programs that need no placement |
//! | [`StrictSpread`], [`StrictLocal`] | the same, but strict | machines where remote memory is worse than none |
//!
//! All memory of a shard lies there: its lock, its table, and the metadata of eviction and expiry. What a key or a
//! value owns, such as the text of a `String`, comes from the global allocator and lies on the node of the thread that
//! first touched it. The same holds for allocations of a custom eviction, lock or clock, and for the entries themselves
//! under [`lock = Rcu`](crate::lock::Rcu#limits). (One exception of this
//! library: if more than 250 keys have equal hashes, the count of the others.)
//!
//! By default a node is *preferred*: if it is full, memory comes from another. The strict choices refuse table memory
//! instead. Then the insert that needs it panics, as without memory, and leaves the map whole. (The metadata of
//! entries, a small part, may still come from another node.) They check the node of each piece of memory before they
//! use it, because the kernel would kill a process instead of refusing.
//!
//! [`Store::placement`](crate::Store::placement) asks the kernel where the memory is. On a machine with one node there
//! is nothing to bind, and every choice costs the same. If the system refuses to bind memory, as in some containers,
//! the store works. It logs that once through [`log`], and its placement says so.
//!
//! Nodes and their CPUs are determined when a store is built. [`numa`](mod@crate::numa) says when placement helps.

mod asked;
mod local;
mod off;
mod pages;
mod report;
mod site;
mod spread;
mod strict;
mod traits;

pub use asked::Asked;
pub use local::Local;
pub use off::Off;
pub(crate) use report::Pieces;
pub use report::{Binding, FieldPlacement, ShardPlacement, StorePlacement};
pub use site::Site;
pub use spread::Spread;
pub use strict::{Strict, StrictLocal, StrictSpread};
pub use traits::Placement;
