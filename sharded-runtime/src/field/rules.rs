//! What the options of a map say of its entries: what one weighs, whether it may be evicted, the indexes.

use crate::{
    Policy,
    builder::{Evictable, Functions, Weigher},
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

    /// # Panics
    ///
    /// If the options lack a function that the policy requires, or have one that it does not use.
    pub(crate) fn new<P: Policy>(functions: Functions<K, V>) -> Self {
        let Functions { weigher, evictable, indexes } = functions;
        check(WEIGHER, weigher.is_some(), P::WEIGHS, P::NAME);
        check(EVICTABLE, evictable.is_some(), P::PINS, P::NAME);
        check(INDEX, !indexes.is_empty(), P::INDEXED, P::NAME);
        Rules {
            weigher: weigher.unwrap_or(|_, _| 1),
            is_evictable: evictable.unwrap_or(|_, _| true),
            indexes: indexes.into(),
        }
    }
}

/// The names of these functions in messages.
const WEIGHER: &str = "weigher";
const EVICTABLE: &str = "function for `evictable`";
const INDEX: &str = "index";

/// Checks that a function is given exactly if the policy requires it.
fn check(what: &str, is_given: bool, is_wanted: bool, field: &str) {
    assert!(is_given || !is_wanted, "the policy of `{field}` asks for a {what}, and its options have none");
    assert!(!is_given || is_wanted, "the options of `{field}` have a {what}, which its policy does not ask for");
}

impl<K, V> Rules<K, V> {
    /// The units that an entry takes.
    #[inline]
    pub(crate) fn weigh<P: Policy>(&self, key: &K, value: &V) -> Weight {
        if P::WEIGHS { Weight::new((self.weigher)(key, value)) } else { Weight::ONE }
    }
}
