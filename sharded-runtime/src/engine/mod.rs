//! What happens to entries while their shard is locked.
//!
//! | module | what is in it |
//! |---|---|
//! | `session` | a shard while its exclusive lock is held: the only code that changes single entries |
//! | `spec` | what a session asks of the field |
//! | `table` | the entries of one shard |
//! | `expiry`, `earliest` | when entries expire, and which shards may have expired entries |
//! | `evict` | which entry leaves next, one file per policy |
//! | `budget`, `units` | the capacity, shared out to the shards, and the units that it is counted in |
//! | `occupied` | which shards have entries |
//! | `garbage`, `cause` | entries that were taken out, and why |
//! | `list` | a doubly linked list of slots, for evictions |
//! | `status` | what lies beside the lock of a shard |

pub(crate) mod budget;
pub(crate) mod cause;
pub(crate) mod earliest;
pub mod evict;
pub mod expiry;
pub(crate) mod garbage;
pub(crate) mod list;
pub(crate) mod occupied;
pub(crate) mod session;
pub(crate) mod spec;
pub(crate) mod status;
pub(crate) mod table;
pub(crate) mod units;
