//! What generated code names besides the public items. Not for hand-written code: it changes without notice.

#[cfg(feature = "serde")]
use crate::snapshot;
use crate::{
    Key, Policy, ShardedMap, ShardedSet, Value,
    builder::{BuildField, FieldOptions, StoreContext},
    lock::Serves,
};
use std::{fmt, hash::BuildHasher, ops::Deref};

/// Builds a field of a store.
///
/// It asks for more than it uses: each bound by itself, so that the compiler's message is about the one that is missing.
#[must_use]
pub fn build<F>(store: &StoreContext, index: u16, options: FieldOptions<F::Policy>) -> F
where
    F: Parts,
    F::Key: Key,
    F::Value: Value,
    F::Hasher: Hashes,
    <F::Policy as Policy>::Lock: Serves<F::Key, F::Value>,
    F: BuildField<F::Policy>,
{
    F::build(store, index, options)
}

/// `weight = …`
#[must_use]
pub fn weigh<F>(options: FieldOptions<F::Policy>, weigher: fn(&F::Key, &F::Value) -> u32) -> FieldOptions<F::Policy>
where
    F: Parts<Key: 'static, Value: 'static>,
{
    options.weigher(weigher)
}

/// `evictable = …`
#[must_use]
pub fn pin<F>(options: FieldOptions<F::Policy>, evictable: fn(&F::Key, &F::Value) -> bool) -> FieldOptions<F::Policy>
where
    F: Parts<Key: 'static, Value: 'static>,
{
    options.evictable(evictable)
}

/// A field of a store that can be saved. As [`build`], it asks for more than it uses.
#[cfg(feature = "serde")]
pub fn saved<F>(field: &F) -> &dyn snapshot::SavedField
where
    F: Parts + snapshot::SavedField,
    F::Key: snapshot::Saved,
    F::Value: snapshot::Saved,
{
    field
}

/// The last field of a store, where the macro can't see that it is a map. See `is_doubtful_end` of the macro.
pub struct Last<T> {
    /// The map.
    pub map: T,
    /// What the size depends on.
    pub end: (),
}

impl<T> Deref for Last<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.map
    }
}

impl<T: fmt::Debug> fmt::Debug for Last<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.map.fmt(f)
    }
}

/// What a field is made of, whether that fits together or not.
pub trait Parts {
    /// Its keys.
    type Key;
    /// Its values; `()` in a set.
    type Value;
    /// Its policy.
    type Policy: Policy;
    /// Its hasher.
    type Hasher;
}

impl<K, V, P: Policy, S> Parts for ShardedMap<K, V, P, S> {
    type Key = K;
    type Value = V;
    type Policy = P;
    type Hasher = S;
}

impl<K, P: Policy, S> Parts for ShardedSet<K, P, S> {
    type Key = K;
    type Value = ();
    type Policy = P;
    type Hasher = S;
}

/// A hasher that a field can make by itself.
#[diagnostic::on_unimplemented(
    message = "`hasher = {Self}` can't hash the keys of this field",
    label = "its hasher is `{Self}`",
    note = "a hasher is `BuildHasher + Default + Send + Sync + 'static`, such as `BuildHasherDefault<YourHasher>`; without the option it is ahash"
)]
pub trait Hashes: BuildHasher + Default + Send + Sync + 'static {}
#[diagnostic::do_not_recommend]
impl<S: BuildHasher + Default + Send + Sync + 'static> Hashes for S {}
