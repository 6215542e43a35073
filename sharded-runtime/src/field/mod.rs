//! One map: what it was built with, and what each of its calls is made of.
//!
//! | file | what is in it |
//! |---|---|
//! | `core.rs` | the map |
//! | `types.rs` | the types of the map, as one parameter |
//! | `spec.rs` | the map as sessions see it, see `engine/spec.rs` |
//! | `write.rs` | sessions in the shards, what is left to do after a write, inserts and removals |
//! | `change.rs` | changes of an entry in one critical section |
//! | `elsewhere.rs` | room for an entry in other shards than its own |
//! | `leaving.rs` | what becomes of entries that left, after the lock is released |
//! | `read.rs` | reads of one key |
//! | `peek.rs` | looks at an entry that are no use of it |
//! | `read_many.rs` | reads of several keys |
//! | `batch.rs` | calls with several keys, whose memory is fetched side by side |
//! | `shard.rs` | operations on a whole shard |
//! | `walk.rs` | visits of all entries of a shard, some per lock hold |
//! | `discard.rs` | tables that were taken out whole |
//! | `settings.rs` | what is declared and what overrides it, put together |
//! | `rules.rs` | what functions of the user say of entries |
//! | `limits.rs` | how much one call does for others at most |
//! | `placing.rs`, `pieces.rs` | on which node each shard is, and where its memory lies |
//! | `segments.rs` | queues that may grow under a lock |
//! | `whole.rs` | calls that concern every shard, and the deadline of one entry |
//! | `removal/` | who is told of entries that leave |
//! | `loading.rs`, `lead.rs`, `flight/` | loads of missing values |
//! | `row.rs`, `plan.rs`, `staged.rs` | a key of a transaction, and what is to be done with its entry |
//! | `commit.rs` | what a row does when its transaction commits |
//! | `saved.rs` | entries that go to a file and come from one |
//! | `recorded.rs` | what is noted for a recorder |

mod batch;
pub(crate) mod change;
pub(crate) mod commit;
pub(crate) mod core;
pub(crate) mod discard;
mod elsewhere;
pub(crate) mod flight;
mod lead;
mod leaving;
pub(crate) mod limits;
pub(crate) mod loading;
mod peek;
mod pieces;
mod placing;
pub(crate) mod plan;
mod read;
mod read_many;
mod recorded;
pub(crate) mod removal;
pub(crate) mod row;
pub(crate) mod rules;
#[cfg(feature = "serde")]
pub(crate) mod saved;
mod segments;
mod settings;
pub(crate) mod shard;
mod spec;
pub(crate) mod staged;
pub(crate) mod types;
mod walk;
mod whole;
pub(crate) mod write;
