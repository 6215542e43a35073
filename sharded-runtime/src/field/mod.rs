//! One map: its settings, and the parts of its calls.
//!
//! | file | what is in it |
//! |---|---|
//! | `core.rs` | the map |
//! | `types.rs` | the types of the map, as one parameter |
//! | `spec.rs` | the map as sessions see it, see `engine/spec.rs` |
//! | `write.rs` | sessions in the shards, the work after a write, inserts and removals |
//! | `change.rs` | changes of an entry in one critical section |
//! | `elsewhere.rs` | evictions in other shards to make room for an entry |
//! | `index/` | what an index keeps |
//! | `settle.rs` | whether entries still have an index key that a new entry asks for |
//! | `leaving.rs` | entries that left: listeners and drops after the lock is released |
//! | `read.rs` | reads of one key |
//! | `peek.rs` | looks at an entry that are no use of it |
//! | `read_many.rs` | reads of several keys in one call |
//! | `batch.rs` | calls with several keys, which prefetch the memory of all of them |
//! | `shard.rs` | operations on a whole shard |
//! | `walk.rs` | visits of all entries of a shard, some per lock hold |
//! | `passes.rs` | the end of the background passes when the map is dropped |
//! | `discard.rs` | tables that were taken out whole |
//! | `release.rs`, `reclaim.rs` | entries that have left, and that readers without a lock may still hold |
//! | `settings.rs` | the declared options and their overrides, combined |
//! | `rules.rs` | the user's functions about entries: weight, evictable |
//! | `limits.rs` | limits of the work that one call does for others |
//! | `placing.rs`, `pieces.rs` | the node of each shard, and its memory |
//! | `segments.rs` | queues that may grow under a lock |
//! | `whole.rs` | calls that concern every shard, and the deadline of one entry |
//! | `removal/` | removal listeners |
//! | `loading.rs`, `lead.rs`, `flight/` | loads of missing values |
//! | `row.rs`, `plan.rs`, `staged.rs` | a key of a transaction, and the planned change of its entry |
//! | `row_copy.rs` | a row that is read without a lock |
//! | `commit.rs`, `row_index.rs` | the commit of a row |
//! | `direct.rs` | rows that need no plan |
//! | `saved.rs` | entries that are saved to a file and restored from it |
//! | `recorded.rs` | samples for a recorder |

mod advance;
mod batch;
pub(crate) mod change;
pub(crate) mod commit;
pub(crate) mod core;
pub(crate) mod direct;
pub(crate) mod discard;
mod elsewhere;
pub(crate) mod flight;
pub(crate) mod index;
mod lead;
pub(crate) mod leaving;
pub(crate) mod limits;
pub(crate) mod loading;
pub(crate) mod passes;
mod peek;
mod pieces;
mod placing;
pub(crate) mod plan;
mod read;
mod read_many;
mod reclaim;
mod recorded;
mod release;
pub(crate) mod removal;
pub(crate) mod row;
pub(crate) mod row_copy;
mod row_index;
pub(crate) mod rules;
#[cfg(feature = "serde")]
pub(crate) mod saved;
mod segments;
mod settings;
mod settle;
pub(crate) mod shard;
mod spec;
pub(crate) mod staged;
pub(crate) mod types;
mod walk;
mod whole;
pub(crate) mod write;
