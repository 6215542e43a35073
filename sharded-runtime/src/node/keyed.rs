//! Maps and sets as `home_of` takes them.

use crate::{Key, Policy, ShardedMap, ShardedSet, Value, lock::Serves, topology::NodeId};
use std::{
    borrow::Borrow,
    hash::{BuildHasher, Hash},
};

/// A field with keys of this form: a map or a set.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no keys like `{Q}`",
    note = "`home_of` takes the accessor of a map or set, and a key as its `get` or `contains` does"
)]
pub trait Keyed<Q: ?Sized> {
    #[doc(hidden)]
    fn node_of_key(&self, key: &Q) -> Option<NodeId>;
}

impl<K, V, P, S, Q> Keyed<Q> for ShardedMap<K, V, P, S>
where
    K: Key + Borrow<Q>,
    V: Value,
    P: Policy,
    P::Lock: Serves<K, V>,
    S: BuildHasher + Default + 'static,
    Q: Hash + Eq + ?Sized,
{
    fn node_of_key(&self, key: &Q) -> Option<NodeId> {
        self.node_of(key)
    }
}

impl<K, P, S, Q> Keyed<Q> for ShardedSet<K, P, S>
where
    K: Key + Borrow<Q>,
    P: Policy,
    P::Lock: Serves<K, ()>,
    S: BuildHasher + Default + 'static,
    Q: Hash + Eq + ?Sized,
{
    fn node_of_key(&self, key: &Q) -> Option<NodeId> {
        self.node_of(key)
    }
}
