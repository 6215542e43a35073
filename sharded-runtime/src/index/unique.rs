//! A unique index.

use super::{
    build::{BuildIndex, IndexKey},
    common::index_items,
};
use crate::{
    Field, FieldInfo, Key, Policy, ShardedMap, Stats, Value,
    builder::{FieldOptions, Functions, Parts, StoreContext},
    clock::Nanos,
    engine::{index::Index, table::TableOf},
    field::{
        core::Core,
        index::{
            table::KeyFn,
            unique::{Single, UniqueKeys, UniqueTypes},
        },
        types::Types,
    },
    lock::{Lock, Serves},
    observe::tally::Event,
    placement::FieldPlacement,
    record::Operation,
    store::sealed::Sealed,
};
use std::{
    borrow::Borrow,
    fmt,
    hash::{BuildHasher, Hash, RandomState},
    panic::{RefUnwindSafe, UnwindSafe},
    sync::Arc,
};

/// An index in which at most one entry of a map has an index key: a field `HashMap<I, K>` with `index_of`.
///
/// It is read-only. See [`index`](crate::index) for what it finds, and for what becomes of an entry whose index key is
/// taken.
///
/// # Examples
///
/// See [`index`](crate::index).
pub struct UniqueIndex<I, M: Parts, X: Policy, H = RandomState> {
    keys: Arc<KeysOf<I, M, X, H>>,
    core: Arc<CoreOf<M>>,
}

impl<I, M: Parts, X: Policy, H> Sealed for UniqueIndex<I, M, X, H> {}

index_items! {
    UniqueIndex, BegunUnique, UniqueKeys, UniqueTypes, Single,
    name: "UniqueIndex",
    values: "String",
}

impl<I, K, V, P, S, X, H> UniqueIndex<I, ShardedMap<K, V, P, S>, X, H>
where
    I: Key,
    K: Key + Clone,
    V: Value,
    P: Policy<Lock: Serves<K, V>>,
    S: BuildHasher + Default + 'static,
    X: Policy<Lock: Serves<I, Single<K>>>,
    H: BuildHasher + Default + 'static,
{
    /// The key of the entry that has an index key. This is no use of the entry.
    ///
    /// # Panics
    ///
    /// Inside a closure on the indexed map or on a later one: see [the
    /// order](crate::ShardedMap#order-of-nested-accesses).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::{HashMap, HashSet};
    /// # fn table_of(_: &String, table: &u32) -> u32 { *table }
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop {
    /// #     tables: HashMap<String, u32>,
    /// #     #[shard(index_of = tables, key = table_of)]
    /// #     guests: HashMap<u32, String>,
    /// # }
    /// let shop = Shop::new();
    /// shop.tables().insert("ada".to_owned(), 7);
    /// assert_eq!(shop.guests().key(&7).as_deref(), Some("ada"));
    /// assert_eq!(shop.guests().key(&8), None);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn key<Q>(&self, index_key: &Q) -> Option<K>
    where
        I: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.find(index_key, |key| {
            let has = |value: &V, _: Nanos| self.keys.0.has(index_key, key, value);
            (self.core.peek(self.core.hasher.hash(key), key, has) == Some(true)).then(|| key.clone())
        })
    }

    /// Whether an entry has an index key. This is no use of the entry.
    ///
    /// # Panics
    ///
    /// Inside a closure on the indexed map or on a later one: see [the
    /// order](crate::ShardedMap#order-of-nested-accesses).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::{HashMap, HashSet};
    /// # fn table_of(_: &String, table: &u32) -> u32 { *table }
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop {
    /// #     tables: HashMap<String, u32>,
    /// #     #[shard(index_of = tables, key = table_of)]
    /// #     guests: HashMap<u32, String>,
    /// # }
    /// let shop = Shop::new();
    /// shop.tables().insert("ada".to_owned(), 7);
    /// assert!(shop.guests().contains(&7));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn contains<Q>(&self, index_key: &Q) -> bool
    where
        I: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.key(index_key).is_some()
    }

    /// Returns a copy of the value of the entry that has an index key, made under the lock of its shard. This is a use
    /// of the entry.
    ///
    /// # Panics
    ///
    /// Inside a closure on the indexed map or on a later one: see [the
    /// order](crate::ShardedMap#order-of-nested-accesses).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::{HashMap, HashSet};
    /// # fn table_of(_: &String, table: &u32) -> u32 { *table }
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop {
    /// #     tables: HashMap<String, u32>,
    /// #     #[shard(index_of = tables, key = table_of)]
    /// #     guests: HashMap<u32, String>,
    /// # }
    /// let shop = Shop::new();
    /// shop.tables().insert("ada".to_owned(), 7);
    /// assert_eq!(shop.guests().get(&7), Some(7));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn get<Q>(&self, index_key: &Q) -> Option<V>
    where
        I: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
        V: Clone,
    {
        self.find(index_key, |key| {
            let get = |value: &V| self.keys.0.has(index_key, key, value).then(|| value.clone());
            self.core.read(Operation::Get, key, get)?
        })
    }

    /// Runs a closure on the key and the value of the entry that has an index key, under the lock of its shard, and
    /// returns its result. This is a use of the entry.
    ///
    /// # Panics
    ///
    /// Inside a closure on the indexed map or on a later one: see [the
    /// order](crate::ShardedMap#order-of-nested-accesses).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::{HashMap, HashSet};
    /// # fn table_of(_: &String, table: &u32) -> u32 { *table }
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop {
    /// #     tables: HashMap<String, u32>,
    /// #     #[shard(index_of = tables, key = table_of)]
    /// #     guests: HashMap<u32, String>,
    /// # }
    /// let shop = Shop::new();
    /// shop.tables().insert("ada".to_owned(), 7);
    /// assert_eq!(shop.guests().with(&7, |name, table| (name.len(), *table)), Some((3, 7)));
    /// ```
    #[track_caller]
    pub fn with<Q, R>(&self, index_key: &Q, read: impl FnOnce(&K, &V) -> R) -> Option<R>
    where
        I: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let mut read = Some(read);
        self.find(index_key, |key| {
            let mut read = |value: &V| {
                if !self.keys.0.has(index_key, key, value) {
                    return None;
                }
                read.take().map(|read| read(key, value))
            };
            self.core.read(Operation::Read, key, &mut read)?
        })
    }

    /// Looks at the entry that has an index key. `look` returns nothing if the entry does not have it any more.
    #[track_caller]
    fn find<Q, R>(&self, index_key: &Q, mut look: impl FnMut(&K) -> Option<R>) -> Option<R>
    where
        I: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        // First, so that a nested access panics whether there is an entry or not.
        self.core.shards.check();
        let mut version = None;
        while let Some(holder) = self.keys.holder(index_key)
            // Otherwise no other entry has got the index key since the last look, which found none that has it.
            && version.replace(holder.version) != Some(holder.version)
        {
            let found = look(&holder.key);
            if found.is_some() {
                self.keys.0.core.count(Event::Hit);
                return found;
            }
        }
        self.keys.0.core.count(Event::Miss);
        None
    }
}
