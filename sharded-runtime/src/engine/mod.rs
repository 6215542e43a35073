//! What happens to entries while their shard is locked.

pub(crate) mod budget;
pub mod evict;
pub mod expiry;
pub(crate) mod list;
pub(crate) mod table;
