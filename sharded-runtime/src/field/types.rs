//! The types of a field, bundled, so that the code below the public map is generic over one parameter.

#![allow(unreachable_pub, reason = "in the types of rows, which are public")]

use crate::{
    Key, Policy, Refused, RefusedMany, StorageOf, Value,
    engine::table::{Place, StampOf},
    expiry::Stamp,
    lock::{Clones, Copies, Lock, Serves},
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
    /// The proof that readers may read keys and values without the lock, if they do.
    const COPIES: Option<CopiesFor<Self>>;
    /// How keys and values are cloned, if entries are shared with such readers.
    const CLONES: Option<Clones<Self::Key, Self::Value>>;
    /// Whether they do. Tested before `COPIES`, since a debug build only omits code that a constant `bool` excludes.
    const READS_COPY: bool = LockFor::<Self>::READS_RACE;
    /// Whether reads that use an entry need no lock: a use that is noted in the entry needs it, unless only few are.
    const USES_COPY: bool =
        Self::READS_COPY && (!StampOf::<Self::Policy>::TRACKS_ACCESS || LockFor::<Self>::SHARES_ENTRIES);
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
    const COPIES: Option<Copies<K, V, P::Lock>> = <P::Lock as Serves<K, V>>::COPIES;
    const CLONES: Option<Clones<K, V>> = <P::Lock as Serves<K, V>>::CLONES;
}

/// The lock that a field's policy chooses.
pub(crate) type LockFor<F> = <<F as FieldTypes>::Policy as Policy>::Lock;

/// The proof that readers may read without that lock.
pub(crate) type CopiesFor<F> = Copies<<F as FieldTypes>::Key, <F as FieldTypes>::Value, LockFor<F>>;

/// Where readers without a lock copy entries to.
pub(crate) type PlaceFor<F> =
    Place<<F as FieldTypes>::Key, <F as FieldTypes>::Value, StorageOf<<F as FieldTypes>::Policy>>;

/// The errors that give back a refused entry, and several of them.
pub(crate) type RefusedFor<F> = Refused<<F as FieldTypes>::Key, <F as FieldTypes>::Value>;
pub(crate) type RefusedManyFor<F> = RefusedMany<<F as FieldTypes>::Key, <F as FieldTypes>::Value>;
