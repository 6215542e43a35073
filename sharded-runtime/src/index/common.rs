//! What both kinds of indexes have in common, written once.

/// Defines how an index is built, and the methods and traits that both kinds have. `values` is the type of its values
/// in the declaration of the examples.
macro_rules! index_items {
    (
        $Index:ident, $Begun:ident, $Keys:ident, $Types:ident, $Value:ident,
        name: $name:literal,
        values: $values:literal $(,)?
    ) => {
        /// An index whose map is not built yet.
        #[doc(hidden)]
        pub struct $Begun<I, M: Parts, X: Policy, H> {
            keys: Arc<KeysOf<I, M, X, H>>,
            /// The same, as the map changes it.
            index: Arc<dyn Index<<M as Parts>::Key, <M as Parts>::Value>>,
        }

        impl<I, M: Parts, X: Policy, H> fmt::Debug for $Begun<I, M, X, H> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct("Begun").field("name", &X::NAME).finish_non_exhaustive()
            }
        }

        /// An index for lookups, which do not know the type of the function that makes index keys.
        type KeysOf<I, M, X, H> = $Keys<
            $Types<I, <M as Parts>::Key, X, H>,
            <M as Parts>::Key,
            <M as Parts>::Value,
            KeyFn<I, <M as Parts>::Key, <M as Parts>::Value>,
        >;
        type CoreOf<M> =
            Core<Types<<M as Parts>::Key, <M as Parts>::Value, <M as Parts>::Policy, <M as Parts>::Hasher>>;

        // A panic inside leaves the index usable, as it does its map.
        impl<I, M: Parts, X: Policy, H> UnwindSafe for $Index<I, M, X, H> {}
        impl<I, M: Parts, X: Policy, H> RefUnwindSafe for $Index<I, M, X, H> {}

        #[diagnostic::do_not_recommend]
        impl<I, K, V, P, S, X, H> BuildIndex for $Index<I, ShardedMap<K, V, P, S>, X, H>
        where
            I: Key,
            K: Key + Clone,
            V: Value,
            P: Policy,
            X: Policy<Lock: Serves<I, $Value<K>>>,
            <X::Lock as Lock>::Cell<TableOf<I, $Value<K>, X>>: Send + Sync,
            H: BuildHasher + Default + Send + Sync + 'static,
        {
            type IndexKey = I;
            type Map = ShardedMap<K, V, P, S>;
            type Policy = X;
            type Begun = $Begun<I, ShardedMap<K, V, P, S>, X, H>;

            fn begin<R: IndexKey<I> + 'static>(
                store: &StoreContext,
                number: u16,
                options: FieldOptions<X>,
                key: impl Fn(&K, &V) -> R + Send + Sync + 'static,
            ) -> Self::Begun {
                let key_of = move |of: &K, value: &V| key(of, value).into_index_key();
                let keys = Arc::new($Keys::new(store, number, &options.given, key_of));
                $Begun { index: keys.clone(), keys }
            }

            fn add_to(begun: &Self::Begun, functions: &mut Functions<K, V>) {
                functions.indexes.push(Arc::clone(&begun.index));
            }

            fn finish(begun: Self::Begun, map: &Self::Map) -> Self {
                $Index { keys: begun.keys, core: map.shared_core() }
            }
        }

        impl<I, M: Parts, X: Policy, H> $Index<I, M, X, H> {
            /// The number of index keys that entries of the map have. Those of entries that have expired count until
            /// these are removed. Takes no lock; O(number of shards).
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
            #[doc = concat!("#     guests: HashMap<u32, ", $values, ">,")]
            /// # }
            /// let shop = Shop::new();
            /// shop.tables().insert("ada".to_owned(), 7);
            /// assert_eq!(shop.guests().len(), 1);
            /// ```
            #[must_use]
            pub fn len(&self) -> usize {
                self.keys.0.core.len()
            }

            /// Whether no entry of the map has an index key, not even one that has expired. Takes no lock; O(number of
            /// shards).
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
            #[doc = concat!("#     guests: HashMap<u32, ", $values, ">,")]
            /// # }
            /// let shop = Shop::new();
            /// shop.tables().insert("ada".to_owned(), 7);
            /// assert!(!shop.guests().is_empty());
            /// ```
            #[must_use]
            pub fn is_empty(&self) -> bool {
                self.len() == 0
            }

            /// The number of shards of the index.
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
            #[doc = concat!("#     guests: HashMap<u32, ", $values, ">,")]
            /// # }
            /// let shop = Shop::new();
            /// shop.tables().insert("ada".to_owned(), 7);
            /// assert!(shop.guests().shard_count().is_power_of_two());
            /// ```
            #[must_use]
            pub fn shard_count(&self) -> usize {
                self.keys.0.core.shard_count()
            }

            /// What has happened in the index so far: lookups that found something, those that found nothing, and how
            /// often an index key was entered. Takes no lock; O(number of shards).
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
            #[doc = concat!("#     guests: HashMap<u32, ", $values, ">,")]
            /// # }
            /// let shop = Shop::new();
            /// shop.tables().insert("ada".to_owned(), 7);
            /// assert!(shop.guests().contains(&7));
            /// assert_eq!(shop.guests().stats().hits, 1);
            /// ```
            #[must_use]
            pub fn stats(&self) -> Stats {
                let mut stats = self.keys.0.core.stats();
                stats.table_bytes += self.keys.0.owned();
                stats
            }
        }

        /// An index is kept by its map, so `clear` and `sweep` leave it alone.
        impl<I, M: Parts, X: Policy, H> Field for $Index<I, M, X, H> {
            fn name(&self) -> &'static str {
                X::NAME
            }
            fn len(&self) -> usize {
                self.len()
            }
            fn capacity(&self) -> Option<usize> {
                None
            }
            fn shard_count(&self) -> usize {
                self.shard_count()
            }
            fn info(&self) -> FieldInfo {
                FieldInfo::of::<X>()
            }
            fn stats(&self) -> Stats {
                self.stats()
            }
            fn sweep(&self) -> usize {
                0
            }
            fn clear(&self) {}
            fn placement(&self) -> FieldPlacement {
                FieldPlacement::of(X::NAME, &self.keys.0.core)
            }
        }

        /// Sizes, not contents: no lock is taken.
        impl<I, M: Parts, X: Policy, H> fmt::Debug for $Index<I, M, X, H> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct($name)
                    .field("name", &X::NAME)
                    .field("len", &self.len())
                    .field("shards", &self.shard_count())
                    .finish()
            }
        }
    };
}

pub(crate) use index_items;
