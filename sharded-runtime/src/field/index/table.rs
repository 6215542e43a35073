//! The shards of an index, and the function that makes index keys.

use crate::{
    builder::{Overrides, StoreContext},
    contain::contain,
    engine::{
        index::{Claim, Entrant, Leaving, Unfinished},
        session::Session,
    },
    field::{
        core::Core,
        rules::Rules,
        types::{FieldTypes, UsableTypes},
    },
    hasher::KeyHash,
};
use std::{borrow::Borrow, hash::Hash, marker::PhantomData};

/// Any function that makes the index key of an entry, if it has one.
pub(crate) type KeyFn<I, K, V> = dyn Fn(&K, &V) -> Option<I> + Send + Sync;

/// The shards of an index with these types, whose keys are index keys, and a function that makes these.
///
/// Changes know the type of the function, so that it is inlined. Lookups call it as a [`KeyFn`]: the type of a function
/// has no name, so the public type of an index can't have it as a parameter.
pub(crate) struct IndexTable<F: FieldTypes, K, V, G: ?Sized> {
    pub(crate) core: Core<F>,
    entries: PhantomData<fn(&K, &V)>,
    key_of: G,
}

impl<F: FieldTypes, K, V, G: ?Sized> IndexTable<F, K, V, G> {
    /// Bytes that lists of keys own beside the tables.
    pub(crate) fn owned(&self) -> usize {
        let owned: u64 = self.core.meters().map(|meter| meter.weight.get()).sum();
        usize::try_from(owned).unwrap_or(usize::MAX)
    }
}

impl<F: UsableTypes, K, V, G> IndexTable<F, K, V, G> {
    pub(super) fn new(store: &StoreContext, number: u16, given: &Overrides, key_of: G) -> Self {
        let core = Core::new(store, number, given, Rules::none());
        IndexTable { core, entries: PhantomData, key_of }
    }
}

impl<F: UsableTypes, K, V, G: Fn(&K, &V) -> Option<F::Key> + ?Sized> IndexTable<F, K, V, G> {
    /// The index key of an entry.
    #[inline]
    pub(super) fn key_of(&self, key: &K, value: &V) -> Option<F::Key> {
        (self.key_of)(key, value)
    }

    #[inline]
    pub(super) fn hash<Q: Hash + ?Sized>(&self, index_key: &Q) -> KeyHash {
        self.core.hasher.hash(index_key)
    }

    /// Whether an entry has this index key.
    pub(crate) fn has<Q: Eq + ?Sized>(&self, index_key: &Q, key: &K, value: &V) -> bool
    where
        F::Key: Borrow<Q>,
    {
        self.key_of(key, value).is_some_and(|other| other.borrow() == index_key)
    }

    /// Whether two entries have the same index key.
    pub(super) fn is_same(&self, one: (&K, &V), other: (&K, &V)) -> bool {
        match (self.key_of(one.0, one.1), self.key_of(other.0, other.1)) {
            (Some(one), Some(other)) => one == other,
            _ => false,
        }
    }

    /// The index key of a value, unless another value of the same key has the same: then nothing changes.
    #[inline]
    pub(super) fn unless_same(
        &self,
        index_key: Option<F::Key>,
        key: &K,
        other: Option<&V>,
    ) -> Result<Option<F::Key>, Same> {
        let other = other.and_then(|other| self.key_of(key, other));
        if index_key == other { Err(Same) } else { Ok(index_key) }
    }

    /// The index key that a value loses, unless another value of the entry has the same. Contains panics.
    pub(super) fn lost(&self, gone: Entrant<'_, K, V>, other: Option<&V>) -> Option<F::Key> {
        contain(|| self.unless_same(self.key_of(gone.key, gone.value), gone.key, other))?.ok()?
    }

    /// Has a value changed in place. Calls `enter` with its new index key, and then `leave` with the one that it loses,
    /// unless they are the same: a lookup that sees neither would miss an entry that has been there throughout. If user
    /// code panics and the value still has its index key, it keeps it.
    #[inline]
    pub(super) fn follow<'i>(
        &self,
        key: &K,
        value: &mut V,
        change: &mut dyn FnMut(&mut V),
        enter: impl FnOnce(Option<F::Key>) -> Claim<K>,
        leave: impl Fn(F::Key, &K) + Copy + 'i,
    ) -> Option<Unfinished<'i, K>>
    where
        K: Clone + 'i,
        F::Key: 'i,
    {
        let key_of = move |value: &V| self.key_of(key, value);
        let leave_former = move |index_key| leave(index_key, key);
        let mut former = Former { index_key: key_of(value), value, is_changed: false, key_of, leave: leave_former };
        change(former.value);
        let index_key = key_of(former.value);
        if index_key == former.index_key {
            former.index_key = None;
            return None;
        }
        former.is_changed = true;
        let Claim::Held(holder) = enter(index_key) else { return None };
        let key = key.clone();
        let former = former.index_key.take().map(|index_key| Leaving::new(move || leave(index_key, &key)));
        Some(Unfinished { holder, former })
    }

    /// Changes the shard of a hash.
    #[inline]
    pub(super) fn change<R>(&self, hash: KeyHash, change: impl FnOnce(&mut Session<'_, Core<F>>) -> R) -> R {
        self.core
            .shards
            .write_innermost(hash, |extras, table| change(&mut Session::new(&self.core, extras, table, None)))
    }

    /// Lends what the index has for an index key.
    #[inline]
    pub(super) fn look<Q: Eq + ?Sized, R>(
        &self,
        hash: KeyHash,
        index_key: &Q,
        look: impl FnOnce(&F::Value) -> R,
    ) -> Option<R>
    where
        F::Key: Borrow<Q>,
    {
        self.core.shards.read_innermost(hash, |table| table.find(hash, index_key).map(|entry| look(entry.value())))
    }
}

/// Two values of a key have the same index key.
pub(super) struct Same;

/// The index key that a value had before it was changed. When this is dropped, the value loses it, unless user code has
/// panicked and the value still has it: a lookup must not miss it then.
struct Former<'v, I: Eq, V, G: Fn(&V) -> Option<I> + Copy, L: Fn(I) + Copy> {
    index_key: Option<I>,
    value: &'v mut V,
    /// Whether the value is known to have another index key.
    is_changed: bool,
    key_of: G,
    leave: L,
}

impl<I: Eq, V, G: Fn(&V) -> Option<I> + Copy, L: Fn(I) + Copy> Drop for Former<'_, I, V, G, L> {
    /// Inlined, and takes this apart: so its fields stay in registers while nothing has panicked.
    #[inline]
    fn drop(&mut self) {
        if let Some(index_key) = self.index_key.take() {
            lose(index_key, self.value, self.is_changed, self.key_of, self.leave);
        }
    }
}

#[inline(never)]
fn lose<I: Eq, V>(index_key: I, value: &V, is_changed: bool, key_of: impl Fn(&V) -> Option<I>, leave: impl Fn(I)) {
    let has_it = !is_changed && contain(|| key_of(value).is_some_and(|present| present == index_key)) == Some(true);
    if has_it {
        contain(move || drop(index_key));
    } else {
        leave(index_key);
    }
}
