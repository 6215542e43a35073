//! Items for generated code only. They change without notice.

#[cfg(feature = "serde")]
use crate::snapshot;
use crate::{
    Declared, Key, Policy, Value,
    builder::{BuildError, BuildField, FieldOptions, Functions, FunctionsFor, Parts, StoreContext},
    index::{BuildIndex, IndexKey, IndexValue, KeyOf, ValueOf},
    lock::Serves,
};
#[cfg(feature = "redis")]
use crate::{
    evict::MakesRoom,
    tier::{Near, Redis, TieredKey, TieredMap, TieredValue},
};
use std::{fmt, hash::BuildHasher, ops::Deref, time::Duration};

/// The builder, unless it has a mistake.
pub fn checked<B>(mistake: Option<BuildError>, builder: B) -> Result<B, BuildError> {
    mistake.map_or(Ok(builder), Err)
}

/// Builds a field of a store.
///
/// It has more bounds than it needs. Each stands by itself, so that the compiler's message is about the one that is
/// missing.
#[must_use]
#[track_caller]
pub fn build<F>(store: &StoreContext, index: u16, options: FieldOptions<F::Policy, impl FunctionsFor<F>>) -> F
where
    F: Parts,
    F::Key: Key,
    F::Value: Value,
    F::Hasher: Hashes,
    <F::Policy as Policy>::Lock: Serves<F::Key, F::Value>,
    F: BuildField<F::Policy>,
{
    let field = F::build_with(store, index, options);
    store.assert_right();
    field
}

/// Builds a tiered field of a store. As [`build`], it has more bounds than it needs.
#[cfg(feature = "redis")]
#[must_use]
#[track_caller]
pub fn build_tiered<K, V, P, S>(
    store: &StoreContext,
    index: u16,
    options: FieldOptions<P>,
    redis: &Redis,
) -> TieredMap<K, V, P, S>
where
    K: TieredKey,
    V: TieredValue,
    S: Hashes,
    P: Policy<Eviction: MakesRoom, Lock: Serves<K, Near<V>>>,
    crate::ShardedMap<K, Near<V>, P, S>: BuildField<P>,
{
    let field = TieredMap::build(store, index, options, redis);
    store.assert_right();
    field
}

/// `weight = …`
#[must_use]
pub fn weigh<F: Parts>(
    options: FieldOptions<F::Policy, impl Into<FunctionsOf<F>>>,
    weigher: fn(&F::Key, &F::Value) -> u32,
) -> FieldOptions<F::Policy, FunctionsOf<F>> {
    options.weigher(weigher)
}

/// `evictable = …`
#[must_use]
pub fn pin<F: Parts>(
    options: FieldOptions<F::Policy, impl Into<FunctionsOf<F>>>,
    evictable: fn(&F::Key, &F::Value) -> bool,
) -> FieldOptions<F::Policy, FunctionsOf<F>> {
    options.evictable(evictable)
}

/// `ttl = self::until`
#[must_use]
pub fn live<F: Parts>(
    options: FieldOptions<F::Policy, impl Into<FunctionsOf<F>>>,
    ttl_of: fn(&F::Key, &F::Value) -> Duration,
) -> FieldOptions<F::Policy, FunctionsOf<F>> {
    options.ttl_of(ttl_of)
}

/// The index of the map `M` that is declared as `D`, with the policy `X` and the hasher `H`.
pub type IndexOf<D, M, X, H> =
    <<D as Declared>::Value as IndexValue<<M as Parts>::Key>>::Index<<D as Declared>::Key, M, X, H>;

/// `index_of = …`, `key = …`: what the indexed map has to know of an index.
#[must_use]
#[track_caller]
pub fn begin_index<T: BuildIndex, R: IndexKey<T::IndexKey> + 'static>(
    store: &StoreContext,
    number: u16,
    options: FieldOptions<T::Policy>,
    key: impl Fn(&KeyOf<T>, &ValueOf<T>) -> R + Send + Sync + 'static,
) -> T::Begun {
    let begun = T::begin(store, number, options, key);
    store.assert_right();
    begun
}

/// Adds an index to the options of its map.
#[must_use]
pub fn add_index<T: BuildIndex>(
    options: FieldOptions<<T::Map as Parts>::Policy, impl Into<FunctionsOf<T::Map>>>,
    begun: &T::Begun,
) -> FieldOptions<<T::Map as Parts>::Policy, FunctionsOf<T::Map>> {
    options.with(|functions| {
        let mut functions = functions.into();
        T::add_to(begun, &mut functions);
        functions
    })
}

/// The index of a map that was built.
#[must_use]
pub fn finish_index<T: BuildIndex>(begun: T::Begun, map: &T::Map) -> T {
    T::finish(begun, map)
}

type FunctionsOf<F> = Functions<<F as Parts>::Key, <F as Parts>::Value>;

/// A field of a store that can be saved. As [`build`], it has more bounds than it needs.
#[cfg(feature = "serde")]
pub fn saved<F>(field: &F) -> &dyn snapshot::SavedField
where
    F: Parts + snapshot::SavedField,
    F::Key: snapshot::Saved,
    F::Value: snapshot::Saved,
{
    field
}

/// The last field of a store, if its type is an alias, so that the macro does not see whether it is a map. Whether a
/// struct is sized depends on its last field: if that is no map, the compiler would report it at every use of the
/// struct.
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

/// A hasher that a field can build by itself.
#[diagnostic::on_unimplemented(
    message = "`hasher = {Self}` can't hash the keys of this field",
    label = "its hasher is `{Self}`",
    note = "a hasher is `BuildHasher + Default + Send + Sync + 'static`, such as `BuildHasherDefault<YourHasher>`; without the option it is ahash"
)]
pub trait Hashes: BuildHasher + Default + Send + Sync + 'static {}
#[diagnostic::do_not_recommend]
impl<S: BuildHasher + Default + Send + Sync + 'static> Hashes for S {}
