//! The traits that a map and a set implement.

/// See [`common_items`](super::common_items).
macro_rules! common_traits {
    (
        $Type:ident<K $(, $V:ident)?>,
        item: $Item:ty,
        value: $Value:ty,
        words: $map:literal, $entry:literal, $entries:literal,
        declared: $declared:literal,
        store: $store:literal,
        insert: $insert:literal $(,)?
    ) => {
        impl<K $(, $V)?, P, S> Default for $Type<K $(, $V)?, P, S>
        where
            P: Policy,
            Self: BuildField<P>,
        {
            fn default() -> Self {
                Self::new()
            }
        }

        impl<K $(, $V)?, P: Policy, S> Parts for $Type<K $(, $V)?, P, S> {
            type Key = K;
            type Value = $Value;
            type Policy = P;
            type Hasher = S;
        }

        impl<K $(, $V)?, P: Policy, S> Field for $Type<K $(, $V)?, P, S> {
            fn name(&self) -> &'static str {
                P::NAME
            }
            // Straight to the field: a debug build then has no second function for each of these.
            fn len(&self) -> usize {
                self.core().len()
            }
            fn capacity(&self) -> Option<usize> {
                self.core().capacity()
            }
            fn shard_count(&self) -> usize {
                self.core().shard_count()
            }
            fn info(&self) -> FieldInfo {
                FieldInfo::of::<P>()
            }
            fn stats(&self) -> Stats {
                self.core().stats()
            }
            fn sweep(&self) -> usize {
                self.core().sweep()
            }
            fn clear(&self) {
                self.core().clear();
            }
            fn placement(&self) -> FieldPlacement {
                FieldPlacement::of(P::NAME, self.core())
            }
            fn recording(&self) -> Option<&Recording> {
                self.core().recording.as_ref()
            }
        }

        impl<K $(, $V)?, P, S> Extend<$Item> for &$Type<K $(, $V)?, P, S>
        where
            K: Key,
            $($V: Value,)?
            P: Policy,
            P::Lock: Serves<K, $Value>,
            P::Eviction: MakesRoom,
            S: BuildHasher + Default + 'static,
        {
            #[track_caller]
            fn extend<I: IntoIterator<Item = $Item>>(&mut self, items: I) {
                $Type::extend(self, items);
            }
        }

        impl<K $(, $V)?, P, S> FromIterator<$Item> for $Type<K $(, $V)?, P, S>
        where
            K: Key,
            $($V: Value,)?
            P: Policy,
            P::Lock: Serves<K, $Value>,
            P::Eviction: MakesRoom,
            S: BuildHasher + Default + 'static,
            Self: BuildField<P>,
        {
            fn from_iter<I: IntoIterator<Item = $Item>>(items: I) -> Self {
                let built = Self::new();
                built.extend(items);
                built
            }
        }
    };
}

pub(crate) use common_traits;
