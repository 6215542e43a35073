//! What functions of the user's say of entries.

use crate::{
    Policy,
    builder::{Evictable, Overrides, Weigher},
};

/// What functions of the user's say of entries.
pub(crate) struct Rules<K, V> {
    weigh: Weigher<K, V>,
    pub(crate) is_evictable: Evictable<K, V>,
}

impl<K: 'static, V: 'static> Rules<K, V> {
    /// # Panics
    ///
    /// If the options lack a function that the policy asks for, or have one that is for other types or that it does not ask for.
    pub(crate) fn new<P: Policy>(given: &Overrides) -> Self {
        look_at(given, P::WEIGHS, P::PINS, P::NAME);
        let mut rules = Rules { weigh: |_, _| 1, is_evictable: |_, _| true };
        if P::WEIGHS
            && let Some(given) = &given.weigher
        {
            match given.downcast_ref::<Weigher<K, V>>() {
                Some(&weigh) => rules.weigh = weigh,
                None => of_other_types(WEIGHER, P::NAME),
            }
        }
        if P::PINS
            && let Some(given) = &given.evictable
        {
            match given.downcast_ref::<Evictable<K, V>>() {
                Some(&is_evictable) => rules.is_evictable = is_evictable,
                None => of_other_types(EVICTABLE, P::NAME),
            }
        }
        rules
    }
}

/// What the user calls these functions.
const WEIGHER: &str = "weigher";
const EVICTABLE: &str = "function for `evictable`";

/// Looks whether each function is given where it is wanted, and only there.
fn look_at(given: &Overrides, weighs: bool, pins: bool, of: &str) {
    for (is_given, is_wanted, what) in
        [(given.weigher.is_some(), weighs, WEIGHER), (given.evictable.is_some(), pins, EVICTABLE)]
    {
        assert!(is_given || !is_wanted, "the policy of `{of}` asks for a {what}, and its options have none");
        assert!(!is_given || is_wanted, "the options of `{of}` have a {what}, which its policy does not ask for");
    }
}

#[cold]
fn of_other_types(what: &str, of: &str) -> ! {
    panic!("the {what} of `{of}` is for other types")
}

impl<K, V> Rules<K, V> {
    /// The units that an entry takes.
    #[inline]
    pub(crate) fn units<P: Policy>(&self, key: &K, value: &V) -> u32 {
        if P::WEIGHS { (self.weigh)(key, value) } else { 1 }
    }
}
