//! Accesses from inside a closure must ascend: by store, by field, by shard. All others panic at once, in every build,
//! and the message names both call sites. Nothing hangs.

mod common;

use common::{
    ignore,
    locks::StdRwLock,
    panics,
    policy::{Never, Of, Ttl},
    threads::must_end,
};
use sharded::{
    Change, Field, Policy, ShardedMap, ShardedSet,
    builder::{BuildField, FieldOptions, StoreOptions},
    clock::System,
    evict::Unbounded,
    lock::{Lock, Mutex, Optimistic, RwLock, Serves},
    shards::Fixed,
};
use std::{
    cell::Cell,
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Barrier,
    thread,
    time::Duration,
};

type Map<L> = ShardedMap<u64, u64, Of<L, Ttl<3_600_000>, Unbounded>>;
type Set<L> = ShardedSet<u64, Of<L, Ttl<3_600_000>, Unbounded>>;

/// What runs the closure that it is given on the entry of a key, and the line that it stands on.
struct Outer<M> {
    line: u32,
    run: fn(&M, u64, &mut dyn FnMut()),
}

/// A call on a key, and the line that it stands on.
struct Inner<M> {
    line: u32,
    /// Whether it goes to all shards.
    is_whole: bool,
    call: fn(&M, u64),
}

macro_rules! outer {
    (|$map:ident, $key:ident, $f:ident| $call:expr) => {
        Outer { line: line!(), run: |$map, $key, $f| ignore($call) }
    };
}

macro_rules! inner {
    (|$map:ident, $key:ident| $call:expr) => {
        Inner { line: line!(), is_whole: false, call: |$map, $key| ignore($call) }
    };
    (whole |$map:ident| $call:expr) => {
        Inner { line: line!(), is_whole: true, call: |$map, _| ignore($call) }
    };
}

/// All calls with a closure.
#[rustfmt::skip]
fn outers<L: Lock + Serves<u64, u64>>() -> Vec<Outer<Map<L>>> {
    vec![
        outer!(|map, key, f| map.with(&key, |_| f())),
        outer!(|map, key, f| map.with_mut(&key, |_| f())),
        outer!(|map, key, f| map.upsert(key, || 1, |_| f())),
        outer!(|map, key, f| (map.remove(&key), map.upsert(key, || { f(); 1 }, |_| ()))),
        outer!(|map, key, f| map.upsert_ref(&key, || 1, |_| f())),
        outer!(|map, key, f| map.with_or_insert(key, || 1, |_| f())),
        outer!(|map, key, f| (map.remove(&key), map.with_or_insert(key, || 1, |_| f()))),
        outer!(|map, key, f| map.compute(key, |_| { f(); Change::Keep(()) })),
        outer!(|map, key, f| map.compute_ref(&key, |_| { f(); Change::Keep(()) })),
        outer!(|map, key, f| map.find_map(|&k, _| (k == key).then(&mut *f))),
        outer!(|map, key, f| map.any(|&k, _| k == key && { f(); true })),
        outer!(|map, key, f| (map.remove(&key), map.get_or_insert_with(key, || { f(); 1 }))),
        outer!(|map, key, f| map.remove_if(&key, |_| { f(); false })),
        outer!(|map, key, f| map.for_each(|&k, _| if k == key { f() })),
        outer!(|map, key, f| map.retain(|&k, _| { if k == key { f() } true })),
    ]
}

/// All calls that take a lock.
#[rustfmt::skip]
fn inners<L: Lock + Serves<u64, u64>>() -> Vec<Inner<Map<L>>> {
    vec![
        inner!(|map, key| map.get(&key)),
        inner!(|map, key| map.with(&key, |_| ())),
        inner!(|map, key| map.peek(&key)),
        inner!(|map, key| map.contains_key(&key)),
        inner!(|map, key| map.get_many(&[key])),
        inner!(|map, key| map.insert(key, 1)),
        inner!(|map, key| map.try_insert(key, 1)),
        inner!(|map, key| map.insert_if_absent(key, 1)),
        inner!(|map, key| map.insert_with_ttl(key, 1, Duration::from_secs(9))),
        inner!(|map, key| map.with_mut(&key, |_| ())),
        inner!(|map, key| map.upsert(key, || 1, |_| ())),
        inner!(|map, key| map.upsert_ref(&key, || 1, |_| ())),
        inner!(|map, key| map.with_or_insert(key, || 1, |_| ())),
        inner!(|map, key| map.compute(key, |_| Change::<u64>::Keep(()))),
        inner!(|map, key| map.compute_ref(&key, |_| Change::<u64>::Keep(()))),
        inner!(|map, key| map.with_ttl(Duration::from_secs(9)).insert(key, 1)),
        inner!(|map, key| map.with_ttl(Duration::from_secs(9)).upsert(key, || 1, |_| ())),
        inner!(|map, key| map.get_or_insert_with(key, || 1)),
        inner!(|map, key| map.remove_if(&key, |_| false)),
        inner!(|map, key| map.expire_in(&key, Duration::from_secs(9))),
        inner!(|map, key| map.touch(&key)),
        inner!(|map, key| map.ttl_of(&key)),
        inner!(|map, key| map.extend([(key, 1)])),
        inner!(|map, key| map.insert_many([(key, 1)])),
        inner!(|map, key| Extend::extend(&mut &*map, [(&key, &1)])),
        inner!(|map, key| Extend::extend(&mut &*map, [(key, 1)])),
        inner!(whole |map| map.for_each(|_, _| ())),
        inner!(whole |map| map.find_map(|_, _| None::<()>)),
        inner!(whole |map| map.any(|_, _| false)),
        inner!(whole |map| map.retain(|_, _| true)),
        inner!(whole |map| map.keys()),
        inner!(whole |map| map.values()),
        inner!(whole |map| map.to_vec()),
        inner!(whole |map| map.live_len()),
        inner!(whole |map| map.sweep()),
        inner!(whole |map| map.shrink_to_fit()),
        inner!(|map, key| map.remove(&key)),
        inner!(|map, key| map.remove_entry(&key)),
        inner!(|map, key| map.remove_many(&[key])),
        inner!(whole |map| map.drain()),
        inner!(whole |map| map.clear()),
    ]
}

#[rustfmt::skip]
fn set_outers<L: Lock + Serves<u64, ()>>() -> Vec<Outer<Set<L>>> {
    vec![
        outer!(|set, key, f| set.for_each(|&k| if k == key { f() })),
        outer!(|set, key, f| set.retain(|&k| { if k == key { f() } true })),
    ]
}

#[rustfmt::skip]
fn set_inners<L: Lock + Serves<u64, ()>>() -> Vec<Inner<Set<L>>> {
    vec![
        inner!(|set, key| set.contains(&key)),
        inner!(|set, key| set.insert(key)),
        inner!(|set, key| set.try_insert(key)),
        inner!(|set, key| set.insert_with_ttl(key, Duration::from_secs(9))),
        inner!(|set, key| set.expire_in(&key, Duration::from_secs(9))),
        inner!(|set, key| set.touch(&key)),
        inner!(|set, key| set.ttl_of(&key)),
        inner!(|set, key| set.extend([key])),
        inner!(|set, key| Extend::extend(&mut &*set, [key])),
        inner!(whole |set| set.for_each(|_| ())),
        inner!(whole |set| set.retain(|_| true)),
        inner!(whole |set| set.to_vec()),
        inner!(whole |set| set.live_len()),
        inner!(whole |set| set.sweep()),
        inner!(whole |set| set.shrink_to_fit()),
        inner!(|set, key| set.remove(&key)),
        inner!(|set, key| set.take(&key)),
        inner!(whole |set| set.drain()),
        inner!(whole |set| set.clear()),
    ]
}

/// Every inner call on `to` inside of every outer call on `from`: it panics with both sites, or works.
///
/// `may` says which of the inner calls may be made.
fn nest<M: Fill>(
    outers: &[Outer<M>],
    inners: &[Inner<M>],
    (from, outer_key): (&M, u64),
    (to, inner_key): (&M, u64),
    may: impl Fn(&Inner<M>) -> bool,
) {
    for outer in outers {
        for inner in inners {
            from.fill();
            to.fill();
            let ran = Cell::new(false);
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                (outer.run)(from, outer_key, &mut || {
                    ran.set(true);
                    (inner.call)(to, inner_key);
                });
            }));
            assert!(ran.get(), "the closure of line {} was not called", outer.line);
            match outcome {
                Ok(()) => assert!(may(inner), "line {} inside of {} should have panicked", inner.line, outer.line),
                Err(panic) => {
                    let message = common::message(&*panic);
                    assert!(!may(inner), "line {} inside of {} should be fine: {message}", inner.line, outer.line);
                    let sites = [
                        format!("accessed at {}:{}:", file!(), inner.line),
                        format!("entered at {}:{}:", file!(), outer.line),
                    ];
                    assert!(sites.iter().all(|site| message.contains(site)), "{message}\nlacks one of {sites:#?}");
                    // Nothing stays locked or recorded.
                    from.fill();
                    to.fill();
                }
            }
        }
    }
}

const KEYS: u64 = 64;

/// Something in which all keys can be put.
trait Fill: Sized {
    fn fill(&self);
    fn shard(&self, key: u64) -> usize;

    /// A key of this shard.
    fn key_in(&self, shard: usize) -> u64 {
        (0..KEYS).find(|&key| self.shard(key) == shard).unwrap_or_else(|| panic!("no key goes to shard {shard}"))
    }
}

impl<L: Lock + Serves<u64, u64>> Fill for Map<L> {
    fn fill(&self) {
        self.extend((0..KEYS).map(|key| (key, key)));
        assert_eq!((self.len(), self.live_len()), (64, 64));
    }
    fn shard(&self, key: u64) -> usize {
        self.shard_of(&key)
    }
}

impl<L: Lock + Serves<u64, ()>> Fill for Set<L> {
    fn fill(&self) {
        self.extend(0..KEYS);
        assert_eq!((self.len(), self.live_len()), (64, 64));
    }
    fn shard(&self, key: u64) -> usize {
        self.shard_of(&key)
    }
}

/// Two fields of one store with so many shards.
fn fields<P: Policy, M: BuildField<P>>(shards: usize) -> [M; 2] {
    let store = StoreOptions::new().shards(shards).start();
    [0, 1].map(|index| M::build(&store, index, FieldOptions::new()))
}

/// All places that one access can be nested in another.
fn all_nestings<P: Policy, M: Fill + BuildField<P>>(outers: &[Outer<M>], inners: &[Inner<M>]) {
    let [first, second]: [M; 2] = fields(4);
    let [later, _]: [M; 2] = fields(4);
    let (low, middle, high) = (first.key_in(0), first.key_in(1), first.key_in(2));
    // The same shard, and those before and after it.
    nest(outers, inners, (&first, middle), (&first, middle), |_| false);
    nest(outers, inners, (&first, middle), (&first, low), |_| false);
    nest(outers, inners, (&first, middle), (&first, high), |inner| !inner.is_whole);
    // Another field, whichever the shards.
    let (low_of_second, high_of_second) = (second.key_in(0), second.key_in(3));
    nest(outers, inners, (&first, high), (&second, low_of_second), |_| true);
    nest(outers, inners, (&second, low_of_second), (&first, high), |_| false);
    nest(outers, inners, (&second, high_of_second), (&first, low), |_| false);
    // Another store, whichever the fields and shards.
    let of_later = later.key_in(0);
    nest(outers, inners, (&second, high_of_second), (&later, of_later), |_| true);
    nest(outers, inners, (&later, of_later), (&second, high_of_second), |_| false);
}

#[test]
fn maps() {
    all_nestings(&outers::<Mutex>(), &inners::<Mutex>());
    all_nestings(&outers::<RwLock>(), &inners::<RwLock>());
    all_nestings(&outers::<Optimistic>(), &inners::<Optimistic>());
    all_nestings(&outers::<StdRwLock>(), &inners::<StdRwLock>());
}

#[test]
fn sets() {
    all_nestings(&set_outers::<Mutex>(), &set_inners::<Mutex>());
    all_nestings(&set_outers::<RwLock>(), &set_inners::<RwLock>());
}

/// What takes no lock may be called anywhere.
#[test]
fn looking_at_sizes_is_allowed_everywhere() {
    let map: Map<Mutex> = ShardedMap::with_options(FieldOptions::new().shards(1));
    map.insert(1, 1);
    map.with_mut(&1, |_| {
        assert_eq!((map.len(), map.is_empty(), map.capacity(), map.shard_count()), (1, false, None, 1));
        assert_eq!(map.shard_of(&1), 0);
        assert_eq!(map.stats().shard_sizes, [1]);
        assert!(format!("{map:?}").contains("len: 1"));
    });
}

/// Through the trait that knows no types, at least one's own place is named.
#[test]
fn fields_of_a_store_keep_the_order_too() {
    let map: Map<Mutex> = ShardedMap::new();
    map.insert(1, 1);
    let field: &dyn Field = &map;
    for call in [|field: &dyn Field| field.clear(), |field: &dyn Field| ignore(field.sweep())] {
        let message = panics(|| map.with(&1, |_| call(field)));
        assert!(message.contains(&format!("entered at {}:", file!())), "{message}");
    }
    assert_eq!(map.get(&1), Some(1));
}

/// A policy whose messages have a name of its own.
macro_rules! named {
    ($($policy:ident = $name:literal)*) => {$(
        enum $policy {}
        impl Policy for $policy {
            type Shards = Fixed<1>;
            type Lock = Mutex;
            type Expiry = sharded::expiry::Never;
            type Eviction = Unbounded;
            type Placement = sharded::placement::Spread;
            type Clock = System;
            const NAME: &'static str = $name;
        }
    )*};
}
named!(Carts = "carts" Prices = "prices");

#[test]
fn the_message_names_both_fields() {
    let store = StoreOptions::new().start();
    let carts: ShardedMap<u8, u8, Carts> = BuildField::build(&store, 0, FieldOptions::new());
    let prices: ShardedMap<u8, u8, Prices> = BuildField::build(&store, 1, FieldOptions::new());
    prices.insert(1, 1);
    let message = panics(|| prices.with(&1, |_| carts.get(&1)));
    assert!(message.contains("`carts` (shard 0) is accessed at"), "{message}");
    assert!(message.contains("from inside `prices` (shard 0)"), "{message}");
}

/// The place that counts is the innermost one that has not been left.
#[test]
fn leaving_a_closure_leaves_its_place() {
    let [first, second]: [Map<Mutex>; 2] = fields(4);
    let [low, middle, high] = [0, 1, 2].map(|shard| first.key_in(shard));
    first.fill();
    second.fill();
    first.with(&low, |_| {
        second.with(&1, |_| ());
        // Later than `low`, though earlier than what was just left.
        first.with(&high, |_| ());
        first.with(&middle, |_| {
            first.with(&high, |_| panics(|| first.get(&middle)));
            // The refused access has not moved it.
            let message = panics(|| first.get(&low));
            assert!(message.contains("(shard 0) is accessed") && message.contains("(shard 1), entered"), "{message}");
        });
        panics(|| first.with(&middle, |_| panic!("a panic leaves as well")));
        first.with(&middle, |_| ());
        let message = panics(|| first.get(&low));
        assert!(message.contains("(shard 0), entered"), "{message}");
    });
    first.with(&low, |_| ());
}

/// The message says which stores and fields they are, and why the order is what it is.
#[test]
fn the_message_names_the_stores() {
    #[sharded::sharded(ttl = "1h", shards = 2)]
    struct Listeners {
        by_id: HashMap<u64, u64>,
        by_name: HashMap<u64, u64>,
    }
    #[sharded::sharded(ttl = "1h")]
    struct Watchers {
        by_id: HashMap<u64, u64>,
    }
    let (listeners, watchers) = (Listeners::new(), Watchers::new());
    listeners.by_id().insert(1, 1);
    listeners.by_name().insert(1, 1);
    watchers.by_id().insert(1, 1);
    let message = panics(|| watchers.by_id().with(&1, |_| listeners.by_id().get(&1)));
    assert!(message.starts_with("`Listeners::by_id` (shard "), "{message}");
    assert!(message.contains("from inside `Watchers::by_id` (shard "), "{message}");
    assert!(message.contains("stores are ordered by when they were built"), "{message}");
    let message = panics(|| listeners.by_name().with(&1, |_| listeners.by_id().get(&1)));
    assert!(message.contains("fields are ordered as declared"), "{message}");
    listeners.by_id().extend((0..32).map(|key| (key, key)));
    let key_in = |shard| (0..32).find(|key| listeners.by_id().shard_of(key) == shard).expect("a key");
    let message = panics(|| listeners.by_id().with(&key_in(1), |_| listeners.by_id().get(&key_in(0))));
    assert!(message.contains("depends on their hashes") && message.contains("sharded::transaction"), "{message}");
}

/// The order is each thread's own.
#[test]
fn other_threads_do_not_matter() {
    let [first, second]: [Map<RwLock>; 2] = fields(1);
    first.fill();
    second.fill();
    second.with(&1, |_| thread::scope(|scope| scope.spawn(|| first.get(&1)).join()).expect("it may go anywhere"));
}

/// Two threads, each inside of what the other wants next: the one that descends panics, the other gets through.
#[test]
fn opposite_orders_end() {
    must_end("two threads, each inside of what the other wants next", || {
        let [first, second]: [Map<Mutex>; 2] = fields(1);
        first.fill();
        second.fill();
        for _ in 0..100 {
            let both_inside = Barrier::new(2);
            thread::scope(|scope| {
                scope.spawn(|| {
                    first.with_mut(&1, |a| {
                        both_inside.wait();
                        second.with_mut(&1, |b| std::mem::swap(a, b)).expect("it is there");
                    })
                });
                let message = panics(|| {
                    second.with_mut(&1, |_| {
                        both_inside.wait();
                        first.with_mut(&1, |_| ())
                    })
                });
                assert!(message.contains("must go to a later shard, field or store"), "{message}");
            });
        }
    });
}

/// Keys and values whose code accesses the map that they are in.
mod user_code {
    use super::*;
    use std::{
        hash::{Hash, Hasher},
        sync::Arc,
    };

    type Own = ShardedMap<Key, Value, Of<Mutex, Never, Unbounded, System, 1>>;

    /// What the code of keys and values calls, and how often it ran.
    #[derive(Default)]
    struct Reach {
        map: Cell<Option<Arc<Own>>>,
        runs: Cell<usize>,
    }

    thread_local! {
        static REACH: Reach = Reach::default();
    }

    /// Accesses the map, if there is one to access, at most one level deep.
    fn reach() {
        REACH.with(|reach| {
            if let Some(map) = reach.map.take() {
                reach.runs.set(reach.runs.get() + 1);
                let outcome = catch_unwind(AssertUnwindSafe(|| map.contains_key(&Key(99, Reaches::Nowhere))));
                reach.map.set(Some(map));
                if let Err(panic) = outcome {
                    std::panic::resume_unwind(panic);
                }
            }
        });
    }

    /// Runs something while code of keys and values can reach the map, and says how often it did.
    fn reaching<R>(map: &Arc<Own>, run: impl FnOnce() -> R) -> usize {
        REACH.with(|reach| reach.map.set(Some(Arc::clone(map))));
        run();
        REACH.with(|reach| {
            reach.map.set(None);
            reach.runs.replace(0)
        })
    }

    #[derive(Clone, Copy, PartialEq, Eq)]
    enum Reaches {
        Nowhere,
        InEq,
        InHash,
        InClone,
        InDrop,
    }

    struct Key(u64, Reaches);
    impl PartialEq for Key {
        fn eq(&self, other: &Key) -> bool {
            if self.1 == Reaches::InEq || other.1 == Reaches::InEq {
                reach();
            }
            self.0 == other.0
        }
    }
    impl Eq for Key {}
    impl Hash for Key {
        fn hash<H: Hasher>(&self, state: &mut H) {
            if self.1 == Reaches::InHash {
                reach();
            }
            state.write_u64(self.0);
        }
    }
    impl Drop for Key {
        fn drop(&mut self) {
            if self.1 == Reaches::InDrop {
                reach();
            }
        }
    }

    struct Value(Reaches);
    impl Clone for Value {
        fn clone(&self) -> Self {
            if self.0 == Reaches::InClone {
                reach();
            }
            Value(self.0)
        }
    }
    impl Drop for Value {
        fn drop(&mut self) {
            if self.0 == Reaches::InDrop {
                reach();
            }
        }
    }

    fn filled(key: Reaches, value: Reaches) -> Arc<Own> {
        let map = Arc::new(Own::new());
        map.insert(Key(1, key), Value(value));
        map
    }

    /// They run under the lock, so they may not.
    #[test]
    fn eq_and_clone_are_refused() {
        let map = filled(Reaches::InEq, Reaches::InClone);
        let own = |number| Key(number, Reaches::Nowhere);
        let calls: [&dyn Fn(); 11] = [
            &|| ignore(map.get(&own(1))),
            &|| ignore(map.contains_key(&own(1))),
            &|| ignore(map.insert(own(1), Value(Reaches::Nowhere))),
            &|| ignore(map.remove(&own(1))),
            &|| ignore(map.get_many(&[own(1)])),
            &|| ignore(map.insert_many([(own(1), Value(Reaches::Nowhere))])),
            &|| ignore(map.remove_many(&[own(1)])),
            &|| ignore(map.with_mut(&own(1), |_| ())),
            &|| ignore(map.get_or_insert_with(own(1), || Value(Reaches::Nowhere))),
            &|| ignore(map.values()),
            &|| map.compute(own(1), |_| Change::Remove(())),
        ];
        for call in calls {
            let mut message = String::new();
            let runs = reaching(&map, || message = panics(call));
            assert!(runs == 1 && message.contains("must go to a later shard"), "{message}");
            assert!(message.matches(file!()).count() == 2, "{message}");
            assert_eq!((map.len(), map.live_len()), (1, 1), "nothing has happened");
        }
    }

    /// They run before or after the lock is held, so they may.
    #[test]
    fn hash_and_drop_are_not() {
        for (key, value) in [(Reaches::InHash, Reaches::Nowhere), (Reaches::InDrop, Reaches::InDrop)] {
            let map = filled(key, value);
            let (own, stored) = (|number| Key(number, key), || Value(value));
            let calls: [&dyn Fn(); 9] = [
                &|| ignore(map.insert(own(1), stored())),
                &|| ignore(map.upsert(own(1), stored, |_| ())),
                &|| ignore(map.insert_if_absent(own(1), stored())),
                &|| map.compute(own(1), |_| Change::Put(stored(), ())),
                &|| ignore(map.get_or_insert_with(own(1), stored)),
                &|| ignore(map.remove(&own(1))),
                &|| map.compute(own(1), |_| Change::Put(stored(), ())),
                &|| map.compute(own(1), |_| Change::Remove(())),
                &|| ignore(map.remove_if(&own(2), |_| true)),
            ];
            let reached = calls.into_iter().filter(|call| reaching(&map, call) > 0).count();
            // Nothing is dropped where an entry is stored that was not there.
            assert!(reached >= 8, "{reached} calls ran code of the user");
            let whole: [&dyn Fn(); 3] =
                [&|| map.clear(), &|| ignore(map.retain(|_, _| false)), &|| ignore(map.drain())];
            for call in whole {
                map.insert(own(1), stored());
                let runs = reaching(&map, call);
                assert!(runs > 0 || key == Reaches::InHash);
                assert!(map.is_empty());
            }
        }
    }
}
