//! On which NUMA node the shards of a map lie: one file per choice.
//!
//! | `numa = …` | where the shards are | good for |
//! |---|---|---|
//! | [`Spread`], the default | in blocks over the nodes that have CPUs and memory | maps used from everywhere, and work that goes [to its data](crate::node) |
//! | [`Local`] | all on the node of the thread that builds the store | a store per node |
//! | [`Off`] | wherever each page happens to be touched first | nothing else to be decided |
//! | [`StrictSpread`], [`StrictLocal`] | the same, and nowhere else | where remote memory is worse than none |
//!
//! Everything of a shard lies there: its lock, its table, what eviction and expiry know of its entries. What a key or a value owns by itself,
//! such as the text of a `String`, comes from the program's allocator and lies where the thread that made it touched it first; so
//! do an eviction's, a lock's or a clock's own allocations if they are the user's. (One thing of ours is not there either: where more than 250 keys have
//! equal hashes, the count of those above.)
//!
//! By default a node is *preferred*: when it is full, memory comes from another. The strict choices refuse table memory instead: the
//! insert that needs it panics, as any does that finds none, and leaves the map whole. (What is known of the entries beside the table, a small part,
//! may still come from another node.) They look at each piece of memory before they use it, since the kernel itself would not refuse: it would kill a process.
//!
//! Whether it is so is for the kernel to say, and [`Store::placement`](crate::Store::placement) asks it. On a machine of one node there is nothing to
//! bind, and every choice costs the same. Where the system refuses to bind memory (as some containers have it) the store works, says
//! so once through [`log`], and in its placement.
//!
//! Nodes and their CPUs are looked at when a store is built. [`numa`](mod@crate::numa) says when all this helps.

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
