//! An index with many entries for each index key.

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
            list::KeyList,
            many::{ManyKeys, ManyTypes},
            table::KeyFn,
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

/// An index in which many entries of a map may have the same index key: a field `HashMap<I, HashSet<K>>` with
/// `index_of`.
///
/// It is read-only. See [`index`](crate::index) for what it finds.
///
/// # Examples
///
/// See [`index`](crate::index).
pub struct ManyIndex<I, M: Parts, X: Policy, H = RandomState> {
    keys: Arc<KeysOf<I, M, X, H>>,
    core: Arc<CoreOf<M>>,
}

impl<I, M: Parts, X: Policy, H> Sealed for ManyIndex<I, M, X, H> {}

index_items! {
    ManyIndex, BegunMany, ManyKeys, ManyTypes, KeyList,
    name: "ManyIndex",
    values: "HashSet<String>",
}

impl<I, K, V, P, S, X, H> ManyIndex<I, ShardedMap<K, V, P, S>, X, H>
where
    I: Key,
    K: Key + Clone,
    V: Value,
    P: Policy<Lock: Serves<K, V>>,
    S: BuildHasher + Default + 'static,
    X: Policy<Lock: Serves<I, KeyList<K>>>,
    H: BuildHasher + Default + 'static,
{
    /// The keys of all entries that have an index key, each once, in no order. This is no use of the entries.
    ///
    /// O(n): each entry is looked at under the lock of its shard. About 64 keys are copied per lock hold.
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
    /// #     guests: HashMap<u32, HashSet<String>>,
    /// # }
    /// let shop = Shop::new();
    /// shop.tables().insert("ada".to_owned(), 7);
    /// assert_eq!(shop.guests().keys(&7), ["ada"]);
    /// assert!(shop.guests().keys(&8).is_empty());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn keys<Q>(&self, index_key: &Q) -> Vec<K>
    where
        I: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let mut keys = Vec::new();
        self.visit(index_key, |key| {
            let has = self.has(index_key, &key);
            if has {
                keys.push(key);
            }
            has
        });
        keys
    }

    /// Whether any entry has an index key. This is no use of the entry.
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
    /// #     guests: HashMap<u32, HashSet<String>>,
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
        let mut is_found = false;
        self.visit(index_key, |key| {
            is_found = is_found || self.has(index_key, &key);
            is_found
        });
        is_found
    }

    /// Returns copies of all entries that have an index key, in no order. This is a use of each.
    ///
    /// O(n): each entry is copied under the lock of its shard, one after the other.
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
    /// #     guests: HashMap<u32, HashSet<String>>,
    /// # }
    /// let shop = Shop::new();
    /// shop.tables().insert("ada".to_owned(), 7);
    /// assert_eq!(shop.guests().get(&7), [("ada".to_owned(), 7)]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn get<Q>(&self, index_key: &Q) -> Vec<(K, V)>
    where
        I: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
        V: Clone,
    {
        let mut entries = Vec::new();
        self.visit(index_key, |key| {
            let get = |value: &V| self.keys.0.has(index_key, &key, value).then(|| value.clone());
            let value = self.core.read(Operation::Get, &key, get).flatten();
            let is_found = value.is_some();
            entries.extend(value.map(|value| (key, value)));
            is_found
        });
        entries
    }

    /// Lends each entry that has an index key to a closure, in no order, under the lock of its shard. This is a use of
    /// each.
    ///
    /// O(n). One entry is locked after the other.
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
    /// #     guests: HashMap<u32, HashSet<String>>,
    /// # }
    /// let shop = Shop::new();
    /// shop.tables().insert("ada".to_owned(), 7);
    /// let mut names = Vec::new();
    /// shop.guests().for_each(&7, |name, _| names.push(name.clone()));
    /// assert_eq!(names, ["ada"]);
    /// ```
    #[track_caller]
    pub fn for_each<Q>(&self, index_key: &Q, mut visit: impl FnMut(&K, &V))
    where
        I: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.visit(index_key, |key| {
            let read = |value: &V| {
                let has = self.keys.0.has(index_key, &key, value);
                if has {
                    visit(&key, value);
                }
                has
            };
            self.core.read(Operation::Read, &key, read) == Some(true)
        });
    }

    /// Whether an entry has an index key. No use of it.
    #[track_caller]
    fn has<Q>(&self, index_key: &Q, key: &K) -> bool
    where
        I: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let has = |value: &V, _: Nanos| self.keys.0.has(index_key, key, value);
        self.core.peek(self.core.hasher.hash(key), key, has) == Some(true)
    }

    /// Looks at each entry that the index has for an index key. `look` returns whether the entry has it.
    #[track_caller]
    fn visit<Q>(&self, index_key: &Q, mut look: impl FnMut(K) -> bool)
    where
        I: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        // First, so that a nested access panics whether there is an entry or not.
        self.core.shards.check();
        let (mut keys, mut from, mut any) = (Vec::new(), None, false);
        loop {
            let next = self.keys.copy(index_key, from, &mut keys);
            for key in keys.drain(..) {
                any |= look(key);
            }
            if next.is_none() {
                break;
            }
            from = next;
        }
        self.keys.0.core.count(if any { Event::Hit } else { Event::Miss });
    }
}
