//! The types of a field, bundled, so that the code below the public map is generic over one parameter.

#![allow(unreachable_pub, reason = "in the types of rows, which are public")]

use crate::{
    Key, Policy, Refused, RefusedMany, Value,
    lock::{Copies, Lock, Serves},
};
use std::{hash::BuildHasher, marker::PhantomData};

/// The types of a field. [`Types`] implements it.
pub trait FieldTypes {
    type Key;
    type Value;
    type Policy: Policy;
    /// The declared type that builds hashers.
    type Hasher;
}

/// The types of a field whose keys can be hashed and compared, and whose lock serves its entries. Calls with a key need
/// these bounds.
pub trait UsableTypes:
    FieldTypes<
        Key: Key,
        Value: Value,
        Policy: Policy<Lock: Serves<<Self as FieldTypes>::Key, <Self as FieldTypes>::Value>>,
        Hasher: BuildHasher + Default + 'static,
    >
{
    /// The proof that keys and values are `Copy`, if readers copy them without a lock.
    const COPIES: Option<Copies<Self::Key, Self::Value>>;
    /// Whether they do. Tested before `COPIES`, since a debug build only omits code that a constant `bool` excludes.
    const READS_COPY: bool = LockFor::<Self>::READS_RACE;
}

/// The types of a `ShardedMap<K, V, P, S>`. No value of it is ever made.
#[derive(Debug)]
pub struct Types<K, V, P, S>(PhantomData<(K, V, P, S)>);

impl<K, V, P: Policy, S> FieldTypes for Types<K, V, P, S> {
    type Key = K;
    type Value = V;
    type Policy = P;
    type Hasher = S;
}

impl<K: Key, V: Value, P: Policy<Lock: Serves<K, V>>, S: BuildHasher + Default + 'static> UsableTypes
    for Types<K, V, P, S>
{
    const COPIES: Option<Copies<K, V>> = <P::Lock as Serves<K, V>>::COPIES;
}

/// The lock that a field's policy chooses.
pub(crate) type LockFor<F> = <<F as FieldTypes>::Policy as Policy>::Lock;

/// The errors that give back a refused entry, and several of them.
pub(crate) type RefusedFor<F> = Refused<<F as FieldTypes>::Key, <F as FieldTypes>::Value>;
pub(crate) type RefusedManyFor<F> = RefusedMany<<F as FieldTypes>::Key, <F as FieldTypes>::Value>;
