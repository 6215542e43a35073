//! Overrides for declarations, for when a store or a map is built.
//!
//! The generated builder of a store has one [`StoreOptions`] and a [`FieldOptions`] per field. So tests and small
//! machines need no second declaration.

mod error;
mod field;
mod functions;
mod skipped;
mod store;

pub use error::BuildError;
pub(crate) use error::built;
pub use field::FieldOptions;
pub(crate) use field::Overrides;
pub use functions::Functions;
pub(crate) use functions::{Evictable, FunctionsFor, Parts, TtlOf, Weigher};
pub use skipped::{Given, Missing, Supplied};
pub use store::{StoreContext, StoreOptions};

use super::sealed::Sealed;
use crate::Policy;

/// A field of a store: [`ShardedMap`](crate::ShardedMap) or [`ShardedSet`](crate::ShardedSet).
///
/// It can't be implemented for other types.
///
/// # Examples
///
/// See [`StoreOptions`].
pub trait BuildField<P: Policy>: Sized + Sealed {
    /// Builds the field with this index, counted from zero in the order of declaration. Nested accesses must follow
    /// that order.
    ///
    /// # Panics
    ///
    /// If the options have a [mistake](BuildError).
    #[track_caller]
    fn build(store: &StoreContext, index: u16, options: FieldOptions<P>) -> Self;

    /// As [`build`](BuildField::build), with functions of the field's keys and values.
    ///
    /// A [mistake](BuildError) in the options is noted in `store`.
    #[doc(hidden)]
    fn build_with<F>(store: &StoreContext, index: u16, options: FieldOptions<P, F>) -> Self
    where
        Self: Parts,
        F: FunctionsFor<Self>;
}
