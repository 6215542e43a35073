//! What a lock proves of keys and values.

use super::raw::{Vacant, vacant};
use std::{fmt, marker::PhantomData};

/// The proof that readers under a lock `L` may read keys and values without taking it.
pub struct Copies<K, V, L: ?Sized> {
    types: PhantomData<fn() -> (K, V)>,
    lock: PhantomData<fn(&L)>,
}

impl<K, V, L: ?Sized> Copies<K, V, L> {
    /// Only the file of a lock uses it, for the types that the lock serves.
    pub(super) const PROOF: Self = Copies { types: PhantomData, lock: PhantomData };
}

impl<K, V, L: ?Sized> Clone for Copies<K, V, L> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K, V, L: ?Sized> Copy for Copies<K, V, L> {}

impl<K, V, L: ?Sized> fmt::Debug for Copies<K, V, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Copies")
    }
}

/// How keys and values are cloned, for code that does not know that they can be.
pub struct Clones<K, V> {
    pub(crate) key: fn(&K) -> K,
    pub(crate) value: fn(&V) -> V,
    /// Whether a key may be passed on rather than cloned, and what takes its place.
    pub(crate) vacant: fn() -> Option<Vacant<K>>,
}

impl<K: Clone, V: Clone> Clones<K, V> {
    pub(super) const ALL: Self = Clones { key: K::clone, value: V::clone, vacant };
}

impl<K, V> Clone for Clones<K, V> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K, V> Copy for Clones<K, V> {}

impl<K, V> fmt::Debug for Clones<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clones")
    }
}
