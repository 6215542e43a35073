//! What an index keeps: a map from index keys to keys, in shards of its own.
//!
//! | file | what is in it |
//! |---|---|
//! | `table.rs` | the shards, and the function that makes index keys |
//! | `unique.rs` | a unique index: each index key has one holder |
//! | `many.rs` | an index with many keys for each index key |
//! | `list.rs` | the keys that one index key has |

pub(crate) mod list;
pub(crate) mod many;
pub(crate) mod table;
pub(crate) mod unique;
