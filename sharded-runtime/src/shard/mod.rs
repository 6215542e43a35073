//! The shards of a map: where they are, how many there are, and how each is locked.

pub(crate) mod access;
pub(crate) mod array;
pub mod count;
pub mod lock;
pub(crate) mod order;
