//! What the options of a map say of its entries: what one weighs, whether it may be evicted, the indexes.

use crate::{
    Policy,
    builder::{BuildError, Evictable, Functions, StoreContext, Weigher},
    engine::{index::Index, units::Weight},
};
use std::sync::Arc;

/// What the options say of entries.
pub(crate) struct Rules<K, V> {
    weigher: Weigher<K, V>,
    pub(crate) is_evictable: Evictable<K, V>,
    /// The indexes of the map.
    pub(crate) indexes: Box<[Arc<dyn Index<K, V>>]>,
}

impl<K, V> Rules<K, V> {
    /// Those of a map without any of them.
    pub(crate) fn none() -> Self {
        Rules { weigher: |_, _| 1, is_evictable: |_, _| true, indexes: Box::new([]) }
    }

    /// It is a mistake, noted in `store`, if the options lack a function that the policy requires, or have one that it
    /// does not use.
    pub(crate) fn new<P: Policy>(store: &StoreContext, functions: Functions<K, V>) -> Self {
        let Functions { weigher, evictable, indexes } = functions;
        let checked = BuildError::check_functions(
            P::NAME,
            [
                ("weigher", weigher.is_some(), P::WEIGHS),
                ("evictable", evictable.is_some(), P::PINS),
                ("index", !indexes.is_empty(), P::INDEXED),
            ],
        );
        if let Err(mistake) = checked {
            store.note(mistake);
        }
        Rules {
            weigher: weigher.unwrap_or(|_, _| 1),
            is_evictable: evictable.unwrap_or(|_, _| true),
            indexes: indexes.into(),
        }
    }
}

impl<K, V> Rules<K, V> {
    /// The units that an entry takes.
    #[inline]
    pub(crate) fn weigh<P: Policy>(&self, key: &K, value: &V) -> Weight {
        if P::WEIGHS { Weight::new((self.weigher)(key, value)) } else { Weight::ONE }
    }
}
