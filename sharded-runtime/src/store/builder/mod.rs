//! Overrides for what was declared, given when a store or a map is built.
//!
//! A store's generated builder holds one [`StoreOptions`] and a [`FieldOptions`] per field, so that tests and small
//! machines need no second declaration.

mod field;
mod functions;
mod skipped;
mod store;

pub use field::FieldOptions;
pub(crate) use field::Overrides;
pub use functions::Functions;
pub(crate) use functions::{Evictable, FunctionsFor, Parts, Weigher};
pub use skipped::{Given, Missing, Supplied};
pub use store::{StoreContext, StoreOptions};

use super::sealed::Sealed;
use crate::Policy;

/// A map that a store can be made of: [`ShardedMap`](crate::ShardedMap) or [`ShardedSet`](crate::ShardedSet).
///
/// It can't be implemented for other types.
///
/// # Examples
///
/// See [`StoreOptions`].
pub trait BuildField<P: Policy>: Sized + Sealed {
    /// Builds the field of this index, counted from zero in the order of declaration: the order in which a thread may
    /// enter the fields of a store from inside each other's closures.
    fn build(store: &StoreContext, index: u16, options: FieldOptions<P>) -> Self;

    /// As [`build`](BuildField::build), with functions of the field's keys and values.
    #[doc(hidden)]
    fn build_with<F>(store: &StoreContext, index: u16, options: FieldOptions<P, F>) -> Self
    where
        Self: Parts,
        F: FunctionsFor<Self>;
}
