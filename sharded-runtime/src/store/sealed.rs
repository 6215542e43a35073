//! Keeps traits of the fields of a store to this crate's own types, so that the traits can gain methods.

/// A map or set of this crate.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be a map of a store",
    label = "neither a `ShardedMap` nor a `ShardedSet`",
    note = "the maps of a store are `ShardedMap` and `ShardedSet`; traits about them can't be implemented for other types"
)]
pub trait Sealed {}
