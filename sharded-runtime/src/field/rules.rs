//! What the options of a map say of its entries: what one weighs, whether it may be evicted, how long it lives, and the
//! indexes.

use crate::{
    Policy,
    builder::{BuildError, Evictable, Functions, StoreContext, TtlOf, Weigher},
    clock::Nanos,
    engine::{index::Index, units::Weight},
};
use std::{sync::Arc, time::Duration};

/// What the options say of entries.
pub(crate) struct Rules<K, V> {
    weigher: Weigher<K, V>,
    pub(crate) is_evictable: Evictable<K, V>,
    ttl_of: TtlOf<K, V>,
    /// The indexes of the map.
    pub(crate) indexes: Box<[Arc<dyn Index<K, V>>]>,
}

impl<K, V> Rules<K, V> {
    /// Those of a map without any of them.
    pub(crate) fn none() -> Self {
        Rules { weigher: |_, _| 1, is_evictable: |_, _| true, ttl_of: |_, _| Duration::MAX, indexes: Box::new([]) }
    }

    /// It is a mistake, noted in `store`, if the options lack a function that the policy requires, or have one that it
    /// does not use.
    pub(crate) fn new<P: Policy>(store: &StoreContext, functions: Functions<K, V>) -> Self {
        let Functions { weigher, evictable, ttl_of, indexes } = functions;
        let checked = BuildError::check_functions(
            P::NAME,
            [
                ("weigher", weigher.is_some(), P::WEIGHS),
                ("evictable", evictable.is_some(), P::PINS),
                ("ttl_of", ttl_of.is_some(), P::TTL_OF_ENTRY),
                ("index", !indexes.is_empty(), P::INDEXED),
            ],
        );
        if let Err(mistake) = checked {
            store.note(mistake);
        }
        // Closures written here would be compiled for each policy.
        let none = Self::none();
        Rules {
            weigher: weigher.unwrap_or(none.weigher),
            is_evictable: evictable.unwrap_or(none.is_evictable),
            ttl_of: ttl_of.unwrap_or(none.ttl_of),
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

    /// The time to live that an entry gets from its key and value.
    pub(crate) fn ttl_of(&self, key: &K, value: &V) -> Nanos {
        Nanos::from_duration((self.ttl_of)(key, value))
    }
}
