//! The macro passes on the user's generics, `cfg`, lint levels, visibility, aliases and hashers to the right items. The
//! expansion works wherever an item is allowed, with any names in scope.

extern crate sharded as renamed;

use sharded::{Key, ShardedMap, Store, Value, clock::Manual, sharded};
use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasherDefault, DefaultHasher},
    time::Duration,
};

/// The names of a store's fields.
fn fields(store: &impl Store) -> Vec<&'static str> {
    let mut names = Vec::new();
    store.visit(&mut |field| names.push(field.name()));
    names
}

/// The first paragraph of a doc comment, however it is written, is what exporters tell of a field.
#[test]
fn descriptions() {
    #[sharded(ttl = "1m", shards = 1)]
    #[allow(dead_code, reason = "only its fields' descriptions are asked for")]
    struct Described {
        /// Two
        ///   lines.
        ///
        /// Another paragraph.
        lines: HashSet<u8>,
        /** A block. */
        block: HashSet<u8>,
        /**
         * A block
         * of two lines.
         *
         * Another paragraph.
         */
        stars: HashSet<u8>,
        /// # A heading
        heading: HashSet<u8>,
        #[doc = "a\rb\u{2028}c\0d"]
        control: HashSet<u8>,
        #[doc = ""]
        #[doc = " An attribute with \"quotes\"."]
        #[shard(numa = StrictLocal, lock = RwLock, capacity = 9, evict = Lru)]
        attribute: HashSet<u8>,
        #[doc = concat!("Text that the", " macro does not see")]
        #[doc(hidden)]
        unseen: HashSet<u8>,
        #[doc = concat!("First ", "paragraph.")]
        ///
        /// Second paragraph.
        second: HashSet<u8>,
        #[cfg_attr(all(), doc = "It depends.")]
        conditional: HashSet<u8>,
        #[cfg_attr(all(), doc(hidden))]
        /// A field that is hidden.
        hidden: HashSet<u8>,
        // No doc comment.
        bare: HashSet<u8>,
    }
    let mut seen = Vec::new();
    Described::new().visit(&mut |field| {
        let info = field.info();
        seen.push((info.description, info.lock, info.eviction, info.placement));
    });
    let default = ("Mutex", "Unbounded", "Spread");
    let expected = [
        ("Two lines.", default),
        ("A block.", default),
        ("A block of two lines.", default),
        ("A heading", default),
        ("a b c d", default),
        ("An attribute with \"quotes\".", ("RwLock", "Lru", "StrictLocal")),
        ("", default),
        ("", default),
        ("", default),
        ("A field that is hidden.", default),
        ("", default),
    ];
    assert_eq!(seen, expected.map(|(text, (lock, eviction, placement))| (text, lock, eviction, placement)));
}

mod generics {
    use super::*;

    #[sharded(shards = 2, ttl = "1m")]
    struct Cache<K: Key, V = u8, const N: usize = 4>
    where
        V: Value,
    {
        entries: HashMap<K, [V; N]>,
        #[shard(capacity = 8)]
        seen: HashSet<K>,
    }

    #[test]
    fn types_constants_defaults_and_bounds() {
        let cache: Cache<String> = Cache::new();
        cache.entries().insert("a".to_owned(), [1, 2, 3, 4]);
        assert_eq!(cache.entries().get("a"), Some([1, 2, 3, 4]));

        let cache = Cache::<u8, u16, 2>::builder().seen(|seen| seen.capacity(1)).build();
        cache.entries().insert(1, [1, 2]);
        cache.seen().insert(1);
        assert_eq!(cache.seen().capacity(), Some(1));
        assert_eq!(fields(&Cache::<u8>::default()), ["entries", "seen"]);
    }

    /// `T` and `N` are used by skipped fields alone.
    #[sharded(ttl = "1m")]
    struct Tagged<T, U: Clone, const N: usize> {
        maps: HashMap<u8, u8>,
        #[shard(skip)]
        tag: T,
        #[shard(skip)]
        tags: [U; N],
    }

    #[test]
    fn parameters_of_skipped_fields() {
        // The values may come in any order, before and after overrides.
        let tagged = Tagged::builder().tags(["a", "b"]).shards(1).tag(7_u64).maps(|maps| maps.shards(2)).build();
        assert_eq!((tagged.tag, tagged.tags), (7, ["a", "b"]));
        assert_eq!(tagged.maps().shard_count(), 2);
    }

    #[sharded(ttl = "1m")]
    struct Recursive<T> {
        maps: HashMap<u8, u8>,
        #[shard(skip)]
        children: Vec<Self>,
        #[shard(skip)]
        value: T,
    }

    #[test]
    fn a_skipped_field_may_name_self() {
        let leaf = Recursive::builder().children(Vec::new()).value(1).build();
        let root = Recursive::builder().value(2).children(vec![leaf]).build();
        assert_eq!(root.children[0].value + root.value, 3);
        assert!(root.maps().is_empty() && root.children[0].maps().is_empty());
    }
}

mod configured {
    use super::*;

    #[sharded(ttl = "1m")]
    struct Parameters<
        K: Key,
        #[cfg(test)] V: Value,
        #[cfg(not(test))] W,
        #[cfg(test)] const N: usize,
        #[cfg(not(doctest))] U: Key,
    > {
        #[cfg(test)]
        map: HashMap<K, [V; N]>,
        #[cfg(not(test))]
        map: HashMap<K, W>,
        /// Options of fields stay where they are.
        #[shard(capacity = 5)]
        set: HashSet<U>,
    }

    #[test]
    fn a_parameter_may_depend_on_cfg() {
        let store = Parameters::<u8, String, 2, u16>::builder().shards(1).build();
        store.map().insert(1, [const { String::new() }; 2]);
        assert!(store.set().insert(1));
        assert_eq!((fields(&store), store.set().capacity()), (vec!["map", "set"], Some(5)));
    }

    #[sharded(shards = 1, ttl = "1m")]
    struct Configured {
        first: HashMap<u8, u8>,
        #[cfg(not(test))]
        gone: HashMap<NoSuchType, u8>,
        #[cfg(test)]
        here: HashMap<u8, u8>,
        #[cfg(not(test))]
        #[shard(capacity = 1)]
        either: HashMap<u8, u8>,
        #[cfg(test)]
        #[shard(capacity = 2)]
        either: HashMap<u8, u8>,
    }

    #[test]
    fn a_field_may_depend_on_cfg() {
        let store = Configured::builder().either(|either| either.shards(1)).build();
        assert_eq!(fields(&store), ["first", "here", "either"]);
        assert_eq!(store.either().capacity(), Some(2));
        assert_eq!(store.here().insert(1, 1), None);
        assert!(store.first().is_empty());
        let printed = format!("{store:?}");
        assert!(printed.contains("here") && !printed.contains("gone"), "{printed}");
    }

    #[sharded(ttl = "1m")]
    #[cfg(not(test))]
    struct Absent {
        field: HashMap<NoSuchType, u8>,
    }

    #[sharded(ttl = "1m")]
    #[cfg(test)]
    struct Present {
        field: HashMap<u8, u8>,
    }

    #[test]
    fn a_store_may_depend_on_cfg() {
        assert!(Present::new().field().is_empty());
    }
}

mod types {
    use super::*;

    type Table<V> = HashMap<u32, V>;
    type Keys = std::collections::HashSet<u8>;

    #[sharded(shards = 1, ttl = "1m")]
    struct Types {
        alias: Table<String>,
        aliased_keys: Keys,
        path: std::collections::HashMap<u8, u8>,
        brown: hashbrown::HashMap<u8, u8>,
        brown_set: hashbrown::HashSet<u8>,
    }

    /// No generated field follows the last field, also if its type is an alias.
    #[sharded(ttl = "1m")]
    #[derive(Debug)]
    struct Aliased {
        path: HashMap<u8, u8>,
        alias: Table<u8>,
    }

    #[test]
    fn an_alias_may_come_last() {
        let store = Aliased::new();
        let printed = format!("{store:?}");
        assert!(printed.starts_with("Aliased { path: ") && !printed.contains("__"), "{printed}");
        let Aliased { path, alias } = store;
        let alias: ShardedMap<u32, u8, AliasedAlias> = alias.map;
        assert!(path.is_empty() && alias.is_empty());
        assert!(Aliased::default().path().is_empty() && Aliased::default().alias().is_empty());
    }

    #[test]
    fn aliases_paths_and_hashbrown() {
        let types = Types::default();
        types.alias().insert(1, "one".to_owned());
        assert_eq!(types.alias().with(&1, String::len), Some(3));
        assert!(types.aliased_keys().insert(1));
        types.path().insert(1, 1);
        types.brown().insert(1, 1);
        assert!(types.brown_set().insert(1));
        assert_eq!(fields(&types).len(), 5);
    }

    type Fixed = BuildHasherDefault<DefaultHasher>;

    #[sharded(shards = 16, ttl = "1m")]
    struct Hashers<S: std::hash::BuildHasher + Default + Send + Sync + 'static> {
        of_type: HashMap<u64, u8, Fixed>,
        #[shard(hasher = Fixed)]
        by_option: HashMap<u64, u8>,
        #[shard(hasher = BuildHasherDefault<DefaultHasher>)]
        with_arguments: HashMap<u64, u8>,
        #[shard(hasher = SipHash)]
        of_ours: HashSet<u64>,
        #[shard(hasher = S)]
        of_parameter: HashMap<u64, u8>,
    }

    #[test]
    fn the_hasher_is_the_one_that_was_named() {
        let (one, other) = (Hashers::<Fixed>::new(), Hashers::<Fixed>::new());
        for key in 0..64 {
            // Without a seed, every map puts a key into the same shard.
            let shard = one.of_type().shard_of(&key);
            assert_eq!(shard, other.of_type().shard_of(&key));
            assert_eq!(shard, one.by_option().shard_of(&key));
            assert_eq!(shard, one.with_arguments().shard_of(&key));
            assert_eq!(shard, one.of_parameter().shard_of(&key));
        }
        // With one, no two stores do. That they agree on 64 keys by chance is one case in 16^64.
        let shards = |store: &Hashers<Fixed>| (0..64).map(|key| store.of_ours().shard_of(&key)).collect::<Vec<_>>();
        assert_ne!(shards(&one), shards(&other));
    }
}

mod options {
    use super::*;
    use sharded::{Policy, clock::System, evict::Eviction, lock};

    #[sharded(shards = 4, lock = RwLock, ttl = "1h 30m", capacity = 1_000, evict = Lru, clock = Boot)]
    struct Options {
        inherits: HashMap<u8, u8>,
        #[shard(shards = auto, lock = Mutex, ttl = never, capacity = none, clock = System)]
        #[shard(unbounded = "there are 256 keys")]
        undoes: HashMap<u8, u8>,
        #[shard(idle = "250us", evict = self::Any, lock = super::options::Own)]
        adds: HashMap<u8, u8>,
    }

    /// A lock of the user's own.
    enum Own {}

    impl lock::Lock for Own {
        const SHARED_READS: bool = lock::Mutex::SHARED_READS;
        type Cell<T> = <lock::Mutex as lock::Lock>::Cell<T>;
    }
    impl<K: Send, V: Send> lock::Serves<K, V> for Own {}

    /// An eviction of the user's own, which finds no victim.
    #[derive(Default)]
    struct Any;

    impl Eviction for Any {
        fn inserted(&mut self, _: u32) {}
        fn removed(&mut self, _: u32) {}
        fn moved(&mut self, _: u32, _: u32) {}
        fn victim(&mut self) -> Option<u32> {
            None
        }
    }

    #[test]
    fn become_the_policy() {
        assert_eq!(OptionsInherits::NAME, "inherits");
        assert_eq!(OptionsInherits::TTL, Some(Duration::from_mins(90)));
        assert_eq!(OptionsInherits::CAPACITY, Some(1000));
        assert_eq!(OptionsInherits::IDLE, None);
        let _: sharded::clock::Boot = <OptionsInherits as Policy>::Clock::default();

        assert_eq!((OptionsUndoes::TTL, OptionsUndoes::CAPACITY), (None, None));
        let _: System = <OptionsUndoes as Policy>::Clock::default();

        assert_eq!(OptionsAdds::IDLE, Some(Duration::from_micros(250)));
        let Any = <OptionsAdds as Policy>::Eviction::default();

        let store = Options::new();
        assert_eq!(store.inherits().shard_count(), 4);
        assert!(store.undoes().shard_count() >= 32);
        assert!(store.adds().is_empty());
    }

    #[test]
    fn can_be_overridden() {
        let clock = Manual::new();
        let store = Options::builder()
            .clock(clock.clone())
            .shards(2)
            .sweep_by_hand()
            .inherits(|field| field.ttl(Duration::from_secs(1)).capacity(3).shards(1))
            .build();
        store.inherits().insert(1, 1);
        clock.advance(Duration::from_secs(1));
        assert_eq!(store.inherits().get(&1), None);
        assert_eq!((store.inherits().shard_count(), store.undoes().shard_count()), (1, 2));
    }
}

mod names {
    use super::*;

    #[sharded(ttl = "1m")]
    struct r#Struct {
        r#type: HashMap<u8, u8>,
        größe: HashMap<u8, u8>,
        名前: HashSet<u8>,
        _private: HashSet<u8>,
        // The names of what the builder has inside.
        store: HashSet<u8>,
        options: HashSet<u8>,
        debug: HashSet<u8>,
        visitor: HashSet<u8>,
        #[shard(skip)]
        r#fn: u8,
        #[shard(skip)]
        new: u8,
        #[shard(skip)]
        builder: u8,
    }

    #[test]
    #[allow(clippy::used_underscore_items)]
    fn raw_non_ascii_and_inner_names() {
        let store = r#Struct::builder().r#fn(1).new(2).builder(3).r#type(|options| options.shards(1)).build();
        store.r#type().insert(1, 1);
        store.größe().insert(1, 1);
        assert!(store.名前().insert(1) && store._private().insert(1));
        assert!(store.store().is_empty() && store.options().is_empty());
        assert!(store.debug().is_empty() && store.visitor().is_empty());
        assert_eq!(fields(&store)[..3], ["type", "größe", "名前"]);
        assert_eq!(store.r#fn + store.new + store.builder, 6);
    }
}

mod places {
    use super::*;

    #[test]
    fn in_a_function() {
        #[sharded(ttl = "1m")]
        struct Local {
            map: HashMap<u8, u8>,
        }
        assert!(Local::new().map().is_empty());
    }

    macro_rules! store {
        ($(#[$attr:meta])* $vis:vis $name:ident { $field:ident: $ty:ty, $lock:ident, $lock_path:path, $shards:literal, $ttl:literal }) => {
            #[sharded(ttl = $ttl)]
            $(#[$attr])*
            $vis struct $name {
                #[shard(shards = $shards, lock = $lock)]
                $field: $ty,
                #[shard(lock = $lock_path)]
                fixed: HashMap<u8, u8>,
                #[shard(skip)]
                other: Option<$ty>,
            }
        };
    }

    store!(
        /// A store.
        #[allow(dead_code)]
        pub(super) Made { map: HashMap<u8, u8>, RwLock, sharded::lock::Mutex, 2, "1m" }
    );
    // No map by the look of it.
    type Alias = HashMap<u8, u8>;
    store!(MadeOfAlias { map: Alias, Mutex, sharded::lock::Mutex, 2, "1m" });

    #[test]
    fn from_a_macro() {
        let made = Made::builder().other(None).map(|map| map.shards(1)).build();
        made.map().insert(1, 1);
        assert!(made.fixed().is_empty() && made.other.is_none());
        let made = MadeOfAlias::builder().other(None).build();
        assert!(made.map().is_empty() && made.fixed().is_empty() && made.other.is_none());
    }

    #[sharded(crate = ::renamed, ttl = "1m", hasher = SipHash)]
    struct Renamed {
        map: HashMap<u8, u8>,
        #[shard(skip)]
        other: u8,
    }

    #[sharded(crate = reexported::deep::sharded, ttl = "1m")]
    struct Reexported {
        map: HashMap<u8, u8>,
    }

    mod reexported {
        pub(super) mod deep {
            pub(in super::super) use ::sharded;
        }
    }

    #[test]
    fn with_the_crate_under_another_name() {
        let renamed = Renamed::builder().other(1).build();
        assert!(renamed.map().is_empty() && renamed.other == 1);
        assert!(Reexported::new().map().is_empty());
    }
}

/// Nothing is in scope, and what usually is means something else.
#[allow(dead_code)]
#[no_implicit_prelude]
mod taken {
    use ::std::collections::{HashMap, HashSet};

    struct Option;
    struct Result;
    struct Some;
    struct Mutex;
    struct RwLock;
    struct Sieve;
    struct Policy;
    struct Default;
    struct Debug;
    struct FnOnce;
    struct FnMut;
    struct Duration;
    struct PhantomData;
    struct Store;
    struct Field;
    struct Declared;
    struct StoreOptions;
    struct FieldOptions;
    #[allow(non_camel_case_types)]
    struct usize;
    #[allow(non_camel_case_types)]
    struct str;
    mod core {}
    mod std {}
    mod sharded {}

    #[::sharded::sharded(shards = 2, ttl = "1m")]
    pub(super) struct Taken<T> {
        #[shard(lock = RwLock, capacity = 10, evict = Sieve, idle = "1s", clock = Boot, hasher = SipHash)]
        pub(super) map: HashMap<u8, u8>,
        #[shard(lock = Mutex)]
        pub(super) set: HashSet<u8>,
        #[shard(skip)]
        pub(super) skipped: T,
    }

    #[::sharded::sharded(shards = 2, ttl = "1m")]
    pub(super) struct Complete {
        pub(super) map: HashMap<u8, u8>,
    }
}

#[test]
fn whatever_names_are_taken() {
    let taken = taken::Taken::builder().skipped("skipped").map(|map| map.capacity(5)).build();
    taken.map().insert(1, 1);
    assert!(taken.set().insert(1));
    assert_eq!(taken.skipped, "skipped");
    assert!(format!("{taken:?}").starts_with("Taken"));
    assert_eq!(taken::Complete::default().map().insert(1, 1), None);
}

mod attributes {
    use super::*;

    /// As a library would have it.
    #[deny(warnings, missing_docs, missing_debug_implementations, unreachable_pub, private_interfaces, private_bounds)]
    pub(super) mod strict {
        use super::*;

        /// A private type in a skipped field.
        #[derive(Debug)]
        struct Private;

        /// A store.
        #[sharded(shards = 2, ttl = "1m")]
        pub(in super::super) struct Strict {
            /// A map.
            pub(in super::super) map: HashMap<u8, u8>,
            #[allow(dead_code)]
            never_called: HashMap<u8, u8>,
            #[expect(dead_code)]
            never_called_either: HashMap<u8, u8>,
            /// Old.
            #[deprecated(note = "use `map`")]
            pub(in super::super) old: HashMap<u8, u8>,
            #[shard(skip)]
            #[allow(dead_code)]
            private: Private,
            #[shard(skip)]
            #[deprecated]
            old_value: u8,
            #[shard(skip)]
            #[cfg_attr(all(), deprecated)]
            older_value: u8,
        }

        #[allow(deprecated)]
        pub(in super::super) fn strict() -> Strict {
            let strict =
                Strict::builder().private(Private).old_value(1).older_value(1).old(|old| old.shards(1)).build();
            assert!(strict.old().is_empty() && strict.old_value == strict.older_value);
            strict
        }

        /// A deprecated store.
        #[sharded(ttl = "1m")]
        #[deprecated]
        pub(in super::super) struct Old {
            /// A map.
            pub(in super::super) map: HashMap<u8, u8>,
        }
    }

    #[test]
    fn nothing_warns_that_the_user_did_not_cause() {
        assert!(strict::strict().map().is_empty());
        #[allow(deprecated)]
        let old = strict::Old::new();
        assert!(old.map().is_empty());
    }

    #[sharded(ttl = "1m")]
    #[derive(Debug)]
    #[non_exhaustive]
    struct Derived {
        map: HashMap<u8, u8>,
        #[shard(skip)]
        #[allow(dead_code)]
        shown: u8,
    }

    #[test]
    fn a_derived_debug_comes_first() {
        let derived = Derived::builder().shown(7).build();
        assert!(format!("{derived:?}").contains("shown: 7"));
        assert!(derived.map().is_empty());
    }

    /// A field's `#[shard]` may come in parts, and be empty.
    #[sharded()]
    struct Parts {
        #[shard()]
        #[shard(ttl = "1m")]
        #[shard(capacity = 100)]
        map: HashMap<u8, u8>,
    }

    #[test]
    fn options_may_come_in_parts() {
        assert_eq!(Parts::new().map().capacity(), Some(100));
    }
}

/// Names of methods that a store has under other circumstances.
mod free_names {
    use super::*;

    #[sharded(ttl = "1m")]
    struct NoSnapshot {
        save: HashMap<u8, u8>,
        load: HashMap<u8, u8>,
        default: HashMap<u8, u8>,
        #[shard(skip)]
        clear: u8,
        #[shard(skip)]
        visit: u8,
    }

    #[test]
    fn are_free() {
        let store = NoSnapshot::builder().clear(1).visit(2).build();
        store.save().insert(1, 1);
        store.load().insert(1, 1);
        store.default().insert(1, 1);
        assert_eq!((store.clear, store.visit), (1, 2));
        Store::clear(&store);
        store.clear();
        assert!(store.save().is_empty() && store.load().is_empty());
    }
}

/// Stores of different types behind one.
mod dynamic {
    use super::*;

    #[sharded(ttl = "1m")]
    struct First {
        a: HashMap<u8, u8>,
    }

    #[sharded(ttl = "1m")]
    struct Second<T: Key> {
        b: HashSet<T>,
        c: HashSet<T>,
    }

    #[test]
    fn any_stores_in_one_list() {
        let clock = Manual::new();
        let (first, second) = (First::builder().clock(clock.clone()).build(), Second::<u8>::new());
        first.a().insert(1, 1);
        second.b().insert(2);
        let stores: [&dyn Store; 2] = [&first, &second];
        clock.advance(Duration::from_mins(2));
        assert_eq!(stores.map(Store::sweep), [1, 0]);
        assert_eq!(stores.map(|store| store.placement().fields().len()), [1, 2]);
        let mut names = Vec::new();
        for store in stores {
            store.visit(&mut |field| names.push(field.name()));
            store.clear();
        }
        assert_eq!(names, ["a", "b", "c"]);
        assert!(second.b().is_empty() && second.c().is_empty());
    }
}
