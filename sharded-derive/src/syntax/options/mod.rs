//! The options of the attribute. `table` declares each of them once.

pub(crate) mod read;
pub(crate) mod setting;
pub(crate) mod table;
