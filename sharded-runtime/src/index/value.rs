//! The kind of an index, by the values of its declaration.

use super::{many::ManyIndex, unique::UniqueIndex};
use crate::{Policy, builder::Parts};

/// What the map of an index may have as values: a key of the indexed map, or a `HashSet` of them.
///
/// It can't be implemented for other types.
#[diagnostic::on_unimplemented(
    message = "an index of a map with keys of type `{K}` can't have values of type `{Self}`",
    label = "not a key of the indexed map, nor a set of its keys",
    note = "a unique index is a `HashMap<I, {K}>`, one with many entries for an index key is a `HashMap<I, HashSet<{K}>>`"
)]
pub trait IndexValue<K> {
    /// The index of the map `M`, with the index keys `I`.
    type Index<I, M: Parts, X: Policy, H>;
}

#[diagnostic::do_not_recommend]
impl<K> IndexValue<K> for K {
    type Index<I, M: Parts, X: Policy, H> = UniqueIndex<I, M, X, H>;
}

#[diagnostic::do_not_recommend]
impl<K, S> IndexValue<K> for std::collections::HashSet<K, S> {
    type Index<I, M: Parts, X: Policy, H> = ManyIndex<I, M, X, H>;
}

#[diagnostic::do_not_recommend]
impl<K, S> IndexValue<K> for hashbrown::HashSet<K, S> {
    type Index<I, M: Parts, X: Policy, H> = ManyIndex<I, M, X, H>;
}
