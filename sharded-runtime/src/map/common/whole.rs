//! Methods about the whole map or set.

/// See [`common_items`](super::common_items).
macro_rules! whole_methods {
    (
        $Type:ident<K $(, $V:ident)?>,
        item: $Item:ty,
        value: $Value:ty,
        words: $map:literal, $entry:literal, $entries:literal,
        declared: $declared:literal,
        store: $store:literal,
        insert: $insert:literal $(,)?
    ) => {
        impl<K $(, $V)?, P: Policy, S> $Type<K $(, $V)?, P, S> {
            #[doc = concat!("The number of stored ", $entries, ".")]
            /// Expired ones count until they are removed. Takes no lock. O(number of shards).
            ///
            /// # Examples
            ///
            /// ```
            #[doc = $store]
            /// let shop = Shop::new();
            #[doc = $insert]
            /// assert_eq!(shop.names().len(), 1);
            /// ```
            #[must_use]
            pub fn len(&self) -> usize {
                self.core().len()
            }

            #[doc = concat!("Whether no ", $entry, " is stored, not even one that has expired.")]
            /// Takes no lock. O(number of shards).
            ///
            /// # Examples
            ///
            /// ```
            #[doc = $store]
            /// assert!(Shop::new().names().is_empty());
            /// ```
            #[must_use]
            pub fn is_empty(&self) -> bool {
                self.len() == 0
            }

            #[doc = concat!("The capacity: the most ", $entries, " of the ", $map, ", or their highest total weight.")]
            /// `None` if no capacity is declared.
            ///
            /// It is exceeded by at most one entry for each thread that is inserting, or making an entry heavier, at
            /// the moment: before such a call returns or panics, it evicts as many entries as must leave for its own
            /// entry, at most 16 per lock hold. It waits for a shard that is in use only where the others have none
            /// that may leave. The excess stays longer in these cases only:
            ///
            /// - after a call inside a closure, where shards were locked from which entries would have had to leave:
            ///   the next write evicts them;
            /// - where an entry was made heavier in place and no other may be evicted, as under
            ///   [`Reject`](crate::evict::Reject), or a bounded search found none that
            ///   [may be evicted](FieldOptions::evictable): the next write searches on;
            /// - where the `Hash` of a key, or the function that says which entries may be
            ///   [evicted](FieldOptions::evictable), panics again and again.
            ///
            /// Entries that have expired count until they are removed.
            ///
            /// # Examples
            ///
            /// ```
            /// # use sharded::sharded;
            /// # use std::collections::{HashMap, HashSet};
            /// #[sharded(capacity = 1000)]
            /// struct Shop {
            #[doc = concat!("    names: ", $declared, ",")]
            /// }
            /// assert_eq!(Shop::new().names().capacity(), Some(1000));
            /// ```
            #[must_use]
            pub fn capacity(&self) -> Option<usize> {
                self.core().capacity()
            }

            /// The number of shards.
            ///
            /// # Examples
            ///
            /// ```
            /// # use sharded::sharded;
            /// # use std::collections::{HashMap, HashSet};
            /// #[sharded(shards = 16, ttl = "1h")]
            /// struct Shop {
            #[doc = concat!("    names: ", $declared, ",")]
            /// }
            /// assert_eq!(Shop::new().names().shard_count(), 16);
            /// ```
            #[must_use]
            pub fn shard_count(&self) -> usize {
                self.core().shard_count()
            }

            #[doc = concat!("The statistics of the ", $map, ".")]
            /// Takes no lock of a shard, and the lock of the queue of a removal listener for a moment. O(number of
            /// shards + CPUs).
            ///
            /// # Examples
            ///
            /// ```
            #[doc = $store]
            /// let shop = Shop::new();
            #[doc = $insert]
            /// assert_eq!(shop.names().stats().inserts, 1);
            /// ```
            #[must_use]
            pub fn stats(&self) -> Stats {
                self.core().stats()
            }

            #[doc = concat!("Removes every ", $entry, " that has expired, and returns how many there were.")]
            /// It removes a bounded number per lock hold.
            ///
            /// Writes and the background thread remove expired entries too. This call is for tests, and for stores that
            /// are built with [`sweep_by_hand`](StoreOptions::sweep_by_hand).
            ///
            /// # Panics
            ///
            /// Inside a closure on the same or a later shard: see [the
            /// order](crate::ShardedMap#order-of-nested-accesses).
            ///
            /// # Examples
            ///
            /// ```
            #[doc = $store]
            /// let clock = Manual::new();
            /// let shop = Shop::builder().clock(clock.clone()).build();
            #[doc = $insert]
            /// clock.advance(Duration::from_secs(3600));
            /// assert_eq!(shop.names().len(), 1); // still stored, but never seen again
            /// assert_eq!(shop.names().sweep(), 1);
            /// assert_eq!(shop.names().len(), 0);
            /// ```
            #[allow(clippy::must_use_candidate, reason = "what it removes may be all that is wanted")]
            #[track_caller]
            pub fn sweep(&self) -> usize {
                self.core().sweep()
            }

            #[doc = concat!("Removes all ", $entries, ", shard by shard.")]
            /// Each shard's lock is held for O(1), and the entries are dropped after it is released. With a
            /// [removal listener](crate::ShardedMap#removal-listener) 64 entries are removed per lock hold.
            ///
            /// Entries that are inserted meanwhile may stay or be removed. If a `Drop` panics, the others are removed
            /// nevertheless.
            ///
            /// # Panics
            ///
            /// Inside a closure on the same or a later shard: see [the
            /// order](crate::ShardedMap#order-of-nested-accesses).
            ///
            /// # Examples
            ///
            /// ```
            #[doc = $store]
            /// let shop = Shop::new();
            #[doc = $insert]
            /// shop.names().clear();
            /// assert!(shop.names().is_empty());
            /// ```
            #[track_caller]
            pub fn clear(&self) {
                self.core().clear();
            }

            /// Gives back memory that no entry needs. It merges a bounded number of buckets per lock hold.
            ///
            /// Tables also shrink by themselves when four fifths of them are empty.
            ///
            /// # Panics
            ///
            /// Inside a closure on the same or a later shard: see [the
            /// order](crate::ShardedMap#order-of-nested-accesses).
            ///
            /// # Examples
            ///
            /// ```
            #[doc = $store]
            /// let shop = Shop::new();
            #[doc = $insert]
            /// shop.names().shrink_to_fit();
            /// assert_eq!(shop.names().len(), 1);
            /// ```
            #[track_caller]
            pub fn shrink_to_fit(&self) {
                self.core().shrink_to_fit();
            }

            /// Asks the kernel on which NUMA nodes the shards are, page by page: see [`placement`](crate::placement).
            ///
            /// O(pages), with a system call for every thousand of them. Addresses are listed a bounded number per lock
            /// hold, and the kernel is asked after the lock is released.
            ///
            /// # Panics
            ///
            /// Inside a closure on the same or a later shard: see [the
            /// order](crate::ShardedMap#order-of-nested-accesses).
            ///
            /// # Examples
            ///
            /// ```
            #[doc = $store]
            /// let shop = Shop::new();
            #[doc = $insert]
            /// print!("{}", shop.names().placement());
            /// ```
            #[must_use]
            #[track_caller]
            pub fn placement(&self) -> FieldPlacement {
                FieldPlacement::of(P::NAME, self.core())
            }
        }

        impl<K $(, $V)?, P, S> $Type<K $(, $V)?, P, S>
        where
            K: Key,
            $($V: Value,)?
            P: Policy,
            P::Lock: Serves<K, $Value>,
            S: BuildHasher + Default + 'static,
        {
            #[doc = concat!("Removes all ", $entries, " and lets the background thread drop them.")]
            /// O(1) under each shard's lock, and O(number of shards) in all.
            ///
            /// When this returns, no call finds an entry that was inserted before this one began, and
            /// [`len`](Self::len) and the capacity no longer count it. The entries are dropped later, without a lock:
            /// by the background thread, or by [`sweep`](Self::sweep) if the store was built with
            /// [`sweep_by_hand`](StoreOptions::sweep_by_hand) or with a manual clock. If an earlier call has left
            /// entries to be dropped, this one drops those first. Use [`clear`](Self::clear) if the entries should be
            /// dropped before the call returns.
            ///
            /// With a [removal listener](crate::ShardedMap#removal-listener) this is `clear`: the listener gets each
            /// entry, in the order of the changes of its key.
            ///
            /// Entries that are inserted meanwhile may stay or go.
            ///
            /// # Panics
            ///
            /// Inside a closure on the same or a later shard: see [the
            /// order](crate::ShardedMap#order-of-nested-accesses).
            ///
            /// # Examples
            ///
            /// ```
            #[doc = $store]
            /// let shop = Shop::new();
            #[doc = $insert]
            /// shop.names().invalidate_all();
            /// assert_eq!(shop.names().len(), 0);
            /// ```
            #[track_caller]
            pub fn invalidate_all(&self) {
                self.core().invalidate_all();
            }

            #[doc = concat!("The number of ", $entries, " that have not expired.")]
            /// O(n): it looks at every entry, which [`len`](Self::len) does not.
            ///
            /// # Panics
            ///
            /// Inside a closure on the same or a later shard: see [the
            /// order](crate::ShardedMap#order-of-nested-accesses).
            ///
            /// # Examples
            ///
            /// ```
            #[doc = $store]
            /// let clock = Manual::new();
            /// let shop = Shop::builder().clock(clock.clone()).build();
            #[doc = $insert]
            /// clock.advance(Duration::from_secs(3600));
            /// assert_eq!((shop.names().len(), shop.names().live_len()), (1, 0));
            /// ```
            #[must_use]
            #[track_caller]
            pub fn live_len(&self) -> usize {
                let mut live = 0;
                self.core().for_each(|_, _| live += 1);
                live
            }
        }
    };
}

pub(crate) use whole_methods;
