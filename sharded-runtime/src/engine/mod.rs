//! The work on entries while their shard is locked.
//!
//! | module | what is in it |
//! |---|---|
//! | `session` | a shard while its exclusive lock is held: the only code that changes single entries |
//! | `spec` | a field, as a session sees it |
//! | `table` | the entries of one shard |
//! | `expiry`, `earliest` | when entries expire, and which shards may have expired entries |
//! | `evict` | which entry leaves next, one file per eviction |
//! | `budget`, `units` | the capacity, shared out to the shards, and the units that it is counted in |
//! | `occupied` | which shards have entries |
//! | `garbage`, `cause` | entries that were removed, and why |
//! | `index` | what a session asks of the indexes of its map |
//! | `list` | a doubly linked list of slots, for evictions |
//! | `status` | the part of a shard that needs no lock |

pub(crate) mod budget;
pub(crate) mod cause;
pub(crate) mod earliest;
pub mod evict;
pub mod expiry;
pub(crate) mod garbage;
pub(crate) mod index;
pub(crate) mod list;
pub(crate) mod occupied;
pub(crate) mod session;
pub(crate) mod spec;
pub(crate) mod status;
pub(crate) mod table;
pub(crate) mod units;
