//! Constants, statics and constant parameters of the user's, with names that generated variables and types have; and
//! `Self`.
#![allow(
    dead_code,
    non_snake_case,
    clippy::trivially_copy_pass_by_ref,
    clippy::type_complexity,
    clippy::zero_sized_map_values
)]

use sharded::sharded;
use std::collections::{HashMap, HashSet};

/// Constants and statics with names that variables might have, and a skipped field of such a name.
mod variables {
    #![allow(non_upper_case_globals)]
    use super::*;

    const store: u8 = 1;
    const visitor: u8 = 1;
    const formatter: u8 = 1;
    static options: u8 = 1;
    static clock: u8 = 1;
    static shards: u8 = 1;
    static topology: u8 = 1;
    static debug: u8 = 1;
    static f: u8 = 1;
    static value: u8 = 1;
    static greeting: u8 = 1;

    #[sharded(ttl = "1m", snapshot)]
    struct Values {
        entry: HashMap<u8, u8>,
        #[shard(skip)]
        greeting: u8,
    }

    #[test]
    fn have_the_names_of_constants() {
        let values = Values::builder().entry(|field| field.shards(1)).greeting(7).build();
        values.entry().insert(store, value);
        assert_eq!((values.greeting, format!("{values:?}").contains("entry")), (7, true));
    }
}

/// `Self` is the store wherever it stands in a declaration.
mod itself {
    use super::*;
    use sharded::{Key, Value};
    use std::{
        hash::{BuildHasher, DefaultHasher},
        marker::PhantomData,
        sync::Arc,
        time::Duration,
    };

    #[sharded(ttl = "1m")]
    pub(super) struct Tree {
        #[shard(capacity = 100, weight = Self::weigh, evictable = is_evictable, ttl = Self::until)]
        pub(super) children: HashMap<u8, Arc<Self>>,
        #[shard(hasher = HasherOf<Self>)]
        pub(super) names: HashSet<[u8; Self::LENGTH]>,
        #[shard(index_of = children, key = Self::depth)]
        pub(super) by_depth: HashMap<[u8; Self::LENGTH], HashSet<u8>>,
        #[shard(skip)]
        pub(super) parent: Option<Arc<Self>>,
    }

    impl Tree {
        const LENGTH: usize = 4;

        fn weigh(_: &u8, _: &Arc<Self>) -> u32 {
            1
        }

        fn until(_: &u8, _: &Arc<Self>) -> Duration {
            Duration::from_mins(1)
        }

        fn depth(_: &u8, child: &Arc<Self>) -> Option<[u8; Self::LENGTH]> {
            child.parent.is_some().then_some([1; Self::LENGTH])
        }
    }

    fn is_evictable(_: &u8, _: &Arc<Tree>) -> bool {
        true
    }

    pub(super) struct HasherOf<T>(PhantomData<fn() -> T>);

    impl<T> BuildHasher for HasherOf<T> {
        type Hasher = DefaultHasher;

        fn build_hasher(&self) -> DefaultHasher {
            DefaultHasher::new()
        }
    }

    impl Default for HasherOf<Tree> {
        fn default() -> Self {
            Self(PhantomData)
        }
    }

    pub(super) trait Measure: Sized {
        fn until(_: &u8, _: &Arc<Self>) -> Duration {
            Duration::from_mins(1)
        }

        fn weigh(_: &u8, _: &Arc<Self>) -> u32 {
            1
        }
    }

    #[sharded(ttl = "1m")]
    pub(super) struct Forest<K, V: Clone, const N: usize>
    where
        K: Key,
        V: Value,
        Self: Measure,
    {
        #[shard(capacity = 100, weight = Self::weigh, ttl = <Self as Measure>::until)]
        pub(super) trees: HashMap<u8, Arc<Self>>,
        #[shard(capacity = 100, weight = <Self as Measure>::weigh)]
        pub(super) others: HashMap<u8, Arc<Self>>,
        pub(super) rows: HashMap<K, [V; N]>,
        #[shard(index_of = others, key = <Self as Measure>::weigh)]
        pub(super) others_by_weight: HashMap<u32, u8>,
    }

    impl<K: Key, V: Value + Clone, const N: usize> Measure for Forest<K, V, N> {}

    #[test]
    fn is_the_store() {
        let root = Arc::new(Tree::builder().parent(None).build());
        let tree = Arc::new(Tree::builder().parent(Some(root.clone())).build());
        root.children().insert(1, tree.clone());
        assert!(tree.parent.is_some() && tree.names().insert([0; 4]));
        assert_eq!(root.by_depth().keys(&[1; 4]), [1]);
        let forest = Forest::<u8, u8, 2>::new();
        forest.trees().insert(1, Arc::new(Forest::new()));
        assert!(forest.others().is_empty() && forest.rows().insert(1, [2; 2]).is_none());
    }
}

/// Types of the user's with the names of the store's const parameters.
mod constants {
    use super::*;

    struct N;
    struct M;

    #[sharded(ttl = "1m")]
    pub(super) struct Rows<const N: usize, const M: usize> {
        pub(super) rows: HashMap<[u8; N], u8>,
        #[shard(skip)]
        pub(super) columns: Vec<[u8; M]>,
    }

    #[test]
    fn have_the_names_of_types() {
        let rows = Rows::<2, 3>::builder().columns(vec![[0; 3]]).build();
        rows.rows().insert([1; 2], rows.columns[0][0]);
        let (N, M) = (N, M);
        assert_eq!(rows.rows().len(), 1);
    }
}
