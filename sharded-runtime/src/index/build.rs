//! How the indexes of a declaration are built.

use crate::{
    Policy,
    builder::{FieldOptions, Functions, Parts, StoreContext},
};

/// What the function of an index may return: an index key, or an `Option` of one.
///
/// It can't be implemented for other types.
#[diagnostic::on_unimplemented(
    message = "the function `key = …` returns `{Self}`, but the index has keys of type `{I}`",
    label = "an index with keys of another type",
    note = "the function of a `HashMap<I, …>` with `index_of` returns `I`, or `Option<I>` if some entries have no index key"
)]
pub trait IndexKey<I> {
    /// The index key, if there is one.
    #[doc(hidden)]
    fn into_index_key(self) -> Option<I>;
}

#[diagnostic::do_not_recommend]
impl<I> IndexKey<I> for I {
    #[inline]
    fn into_index_key(self) -> Option<I> {
        Some(self)
    }
}

#[diagnostic::do_not_recommend]
impl<I> IndexKey<I> for Option<I> {
    #[inline]
    fn into_index_key(self) -> Option<I> {
        self
    }
}

/// An index that a declaration can have.
///
/// It can't be implemented for other types.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be an index",
    label = "not an index of this map",
    note = "the indexed field is a `HashMap` whose keys are `Clone`; index keys are `Eq + Hash + Send + 'static`"
)]
pub trait BuildIndex: Sized {
    /// The index keys.
    type IndexKey;
    /// The indexed map.
    type Map: Parts;
    /// The policy of the index.
    type Policy: Policy;
    /// The index before its map is built.
    #[doc(hidden)]
    type Begun;

    /// Makes what the map has to know of the index.
    #[doc(hidden)]
    fn begin<R: IndexKey<Self::IndexKey> + 'static>(
        store: &StoreContext,
        number: u16,
        options: FieldOptions<Self::Policy>,
        key: impl Fn(&KeyOf<Self>, &ValueOf<Self>) -> R + Send + Sync + 'static,
    ) -> Self::Begun;

    /// Adds the index to the options of the map.
    #[doc(hidden)]
    fn add_to(begun: &Self::Begun, functions: &mut Functions<KeyOf<Self>, ValueOf<Self>>);

    /// The index of a map that was built with these options.
    #[doc(hidden)]
    fn finish(begun: Self::Begun, map: &Self::Map) -> Self;
}

pub(crate) type KeyOf<T> = <<T as BuildIndex>::Map as Parts>::Key;
pub(crate) type ValueOf<T> = <<T as BuildIndex>::Map as Parts>::Value;
