//! From a key to its shard and its bucket: the key is hashed once, and each bit of the hash serves one purpose.

mod common;

use common::{
    hashers::{Constant, Identity, UpperHalf},
    ignore, panics,
    policy::{Never, Of},
    threads::Dice,
};
use sharded::{
    Change, Declared, Policy, ShardedMap,
    builder::{BuildField, FieldOptions, StoreOptions},
    clock::System,
    evict::Unbounded,
    hasher::SipHash,
    lock::Mutex,
    shards::{Auto, Fixed, MAX_SHARDS, ShardCount},
};
use std::{
    cell::Cell,
    collections::HashMap,
    hash::{BuildHasher, Hash, Hasher, RandomState},
};

type Parts = Of<Mutex, Never, Unbounded>;

thread_local! {
    static EQS: Cell<u64> = const { Cell::new(0) };
    static HASHES: Cell<u64> = const { Cell::new(0) };
}

/// A key that counts how often it is compared and hashed.
#[derive(Clone)]
struct Watched(u64);
impl Drop for Watched {
    /// Of keys that own something the hash is kept.
    fn drop(&mut self) {}
}
impl PartialEq for Watched {
    fn eq(&self, other: &Watched) -> bool {
        EQS.set(EQS.get() + 1);
        self.0 == other.0
    }
}
impl Eq for Watched {}
impl Hash for Watched {
    fn hash<H: Hasher>(&self, state: &mut H) {
        HASHES.set(HASHES.get() + 1);
        self.0.hash(state);
    }
}

/// How many comparisons, and how many hashes, something costs.
fn cost(run: impl FnOnce()) -> (u64, u64) {
    let before = (EQS.get(), HASHES.get());
    run();
    (EQS.get() - before.0, HASHES.get() - before.1)
}

/// Sets of keys that are often met, some of which bad hashers take badly.
fn patterns(n: u64) -> Vec<(&'static str, Vec<u64>)> {
    let mut dice = Dice::new(1);
    vec![
        ("one after the other", (0..n).collect()),
        ("down from the top", (0..n).map(|i| u64::MAX - i).collect()),
        ("addresses", (0..n).map(|i| 0x7f00_0000_0000 + i * 64).collect()),
        ("pages", (0..n).map(|i| i << 12).collect()),
        ("the upper half", (0..n).map(|i| i << 32).collect()),
        ("the upper bits", (0..n).map(|i| i << 44).collect()),
        ("bits reversed", (0..n).map(u64::reverse_bits).collect()),
        ("a number twice", (0..n).map(|i| i << 32 | i).collect()),
        ("squares", (0..n).map(|i| i * i).collect()),
        ("floats", (0..n).map(|i| f64::from(u32::try_from(i).expect("small")).to_bits()).collect()),
        ("multiples of the golden ratio's inverse", (0..n).map(|i| i.wrapping_mul(0xF1DE_83E1_9937_733D)).collect()),
        ("dice", (0..n).map(|_| dice.next()).collect()),
    ]
}

fn map<K: sharded::Key, S>(shards: usize) -> ShardedMap<K, u64, Parts, S>
where
    ShardedMap<K, u64, Parts, S>: BuildField<Parts>,
{
    ShardedMap::with_options(FieldOptions::new().shards(shards))
}

/// Loads within six standard deviations of the mean, by dice. The keys are many, so the margin is never met by chance.
fn check_spread<S: BuildHasher + Default + Send + Sync + 'static>(hasher: &str) {
    for shards in [2_usize, 16, 64, 1024] {
        for (pattern, keys) in patterns(100 * shards as u64) {
            let map: ShardedMap<u64, u64, Parts, S> = map(shards);
            let mut loads = vec![0_u64; shards];
            for key in keys {
                loads[map.shard_of(&key)] += 1;
            }
            let (least, most) = (loads.iter().min(), loads.iter().max());
            assert!(
                loads.iter().all(|load| (40..=160).contains(load)),
                "{hasher}, {shards} shards, {pattern}: from {least:?} to {most:?} in place of 100"
            );
        }
    }
}

#[test]
fn keys_spread_over_the_shards() {
    check_spread::<RandomState>("ahash");
    check_spread::<SipHash>("SipHash");
    check_spread::<Identity>("identity");
}

/// A hasher may leave half of the bits empty.
#[test]
fn hashes_of_32_bits_spread_too() {
    for shards in [2_usize, 16, 64, 1024] {
        let map: ShardedMap<u64, u64, Parts, UpperHalf> = map(shards);
        let mut loads = vec![0_u64; shards];
        for key in 0..100 * shards as u64 {
            loads[map.shard_of(&key)] += 1;
        }
        assert!(loads.iter().all(|load| (40..=160).contains(load)), "{shards} shards: {loads:?}");
    }
}

/// Where a hash goes and what of it is kept for comparison have no bit in common. If they had, keys of one shard would
/// be alike in what is kept, and a search would compare many with each other: here tens, in place of hardly any.
#[test]
fn what_is_kept_of_a_hash_does_not_depend_on_the_shard() {
    fn check<S: BuildHasher + Default + Send + Sync + 'static>(
        hasher: &str,
        shards: usize,
        keys: &[u64],
        others: &[u64],
    ) {
        let map: ShardedMap<Watched, u64, Parts, S> = map(shards);
        // By chance 100,000 of 100,000 agree in 32 bits 2.3 times where all are in one shard.
        let most = if shards == 1 { 30 } else { 5 };
        let (eqs, _) = cost(|| keys.iter().for_each(|&key| ignore(map.insert(Watched(key), key))));
        assert!(eqs <= most, "{hasher}, {shards} shards: {eqs} comparisons in {} inserts", keys.len());
        let (eqs, _) = cost(|| assert!(keys.iter().all(|&key| map.get(&Watched(key)) == Some(key))));
        let more = eqs - keys.len() as u64;
        assert!(more <= most, "{hasher}, {shards} shards: {more} comparisons too many in {} hits", keys.len());
        let (eqs, _) = cost(|| assert!(others.iter().all(|&key| map.get(&Watched(key)).is_none())));
        assert!(eqs <= most, "{hasher}, {shards} shards: {eqs} comparisons in {} misses", others.len());
    }
    const N: u64 = 100_000;
    let mut dice = Dice::new(2);
    let (ahead, random): (Vec<_>, Vec<_>) = (0..2 * N).map(|n| (n, dice.next())).unzip();
    for shards in [1, 64, 1024] {
        let half = usize::try_from(N).expect("an index");
        check::<RandomState>("ahash", shards, &ahead[..half], &ahead[half..]);
        check::<Identity>("identity", shards, &ahead[..half], &ahead[half..]);
        check::<Identity>("identity of random numbers", shards, &random[..half], &random[half..]);
    }
    check::<SipHash>("SipHash", MAX_SHARDS, &ahead[..10_000], &ahead[10_000..20_000]);
}

/// One hash per key and call; none when a table grows, shrinks, is swept or visited.
#[test]
fn a_key_is_hashed_once() {
    let map: ShardedMap<Watched, u64, Parts> = map(4);
    let (_, hashes) = cost(|| map.extend((0..5000).map(|key| (Watched(key), key))));
    assert_eq!(hashes, 5000, "growing asks no key again");
    let key = Watched(7);
    let calls: [&dyn Fn(); 12] = [
        &|| ignore(map.get(&key)),
        &|| ignore(map.contains_key(&key)),
        &|| ignore(map.with_mut(&key, |_| ())),
        &|| ignore(map.insert(key.clone(), 1)),
        &|| ignore(map.try_insert(key.clone(), 1)),
        &|| ignore(map.insert_if_absent(key.clone(), 1)),
        &|| ignore(map.upsert(key.clone(), || 1, |_| ())),
        &|| map.compute(key.clone(), |_| Change::Put(1, ())),
        &|| ignore(map.get_or_insert_with(key.clone(), || 1)),
        &|| ignore(map.remove_if(&key, |_| false)),
        &|| ignore(map.shard_of(&key)),
        &|| ignore(map.remove(&key)),
    ];
    for call in calls {
        assert_eq!(cost(call).1, 1);
    }
    assert_eq!(cost(|| ignore(map.get_many(&[Watched(1), Watched(2), Watched(1)]))).1, 3);
    assert_eq!(cost(|| ignore(map.insert_many([1, 2, 1].map(|key| (Watched(key), key))))).1, 3);
    assert_eq!(cost(|| ignore(map.remove_many(&[Watched(1), Watched(2), Watched(1)]))).1, 3);
    let rest = || {
        map.retain(|key, _| key.0 % 16 == 0);
        map.shrink_to_fit();
        map.sweep();
        ignore(map.to_vec());
        ignore(map.drain());
    };
    assert_eq!(cost(rest), (0, 0));
}

/// With one hash for all, a map is slow and right.
#[test]
fn full_collisions_are_only_slow() {
    let map: ShardedMap<Watched, u64, Parts, Constant> = map(64);
    for key in 0..300 {
        assert_eq!(map.insert(Watched(key), key), None);
    }
    assert_eq!(map.stats().shard_sizes.iter().filter(|&&size| size > 0).count(), 1);
    assert!((0..300).all(|key| map.get(&Watched(key)) == Some(key)));
    assert!((300..400).all(|key| map.get(&Watched(key)).is_none()));
    for key in 0..300 {
        assert_eq!(map.remove(&Watched(key)), Some(key));
    }
    assert!(map.is_empty());
}

#[test]
fn an_entry_is_in_the_shard_that_shard_of_says() {
    let map: ShardedMap<String, u64, Parts> = map(64);
    for number in 0..500 {
        let key = format!("key {number}");
        let (shard, before) = (map.shard_of(&key), map.stats().shard_sizes);
        assert_eq!(map.shard_of(key.as_str()), shard, "a borrowed key goes the same way");
        map.insert(key, number);
        let after = map.stats().shard_sizes;
        assert!((0..64).all(|n| after[n] == before[n] + usize::from(n == shard)));
    }
    assert_eq!(map.get("key 77"), Some(77));
}

/// Who knows how one store spreads its keys knows nothing of another.
#[test]
fn every_store_has_a_seed_of_its_own() {
    type Map<S> = ShardedMap<u64, u64, Parts, S>;
    fn differ<S: BuildHasher + Default + Send + Sync + 'static>() -> bool {
        let (one, other): (Map<S>, Map<S>) = (map(1024), map(1024));
        (0..64).any(|key| one.shard_of(&key) != other.shard_of(&key))
    }
    assert!(differ::<RandomState>() && differ::<hashbrown::DefaultHashBuilder>() && differ::<SipHash>());
    assert!(!differ::<Identity>(), "a hasher that is named is used as it is");

    let store = StoreOptions::new().shards(1024).start();
    let [one, other]: [Map<RandomState>; 2] = [0, 1].map(|index| BuildField::build(&store, index, FieldOptions::new()));
    assert!((0..64).all(|key| one.shard_of(&key) == other.shard_of(&key)), "fields of one store share it");
}

/// A hasher that says when it is used.
#[derive(Clone, Default)]
struct Telltale(RandomState);
impl BuildHasher for Telltale {
    type Hasher = <RandomState as BuildHasher>::Hasher;

    fn build_hasher(&self) -> Self::Hasher {
        HASHES.set(HASHES.get() + 1);
        self.0.build_hasher()
    }
}

#[test]
fn the_written_hasher_is_used() {
    type Written = <HashMap<u64, u64, Telltale> as Declared>::Field<Parts>;
    type Option = <HashMap<u64, u64> as Declared>::FieldWith<Parts, Telltale>;
    type Unnamed = <hashbrown::HashMap<u64, u64> as Declared>::Field<Parts>;
    type Of3 = <hashbrown::HashMap<u64, u64, Telltale> as Declared>::Field<Parts>;
    for insert in [
        || ignore(Written::new().insert(1, 1)),
        || ignore(Option::new().insert(1, 1)),
        || {
            ignore(Of3::new().insert(1, 1));
        },
    ] {
        assert_eq!(cost(insert).1, 1);
    }
    let map = Unnamed::new();
    map.insert(1, 1);
    assert_eq!(map.get(&1), Some(1));
}

/// A number of shards that no policy should name.
enum Three {}
impl ShardCount for Three {
    fn count() -> usize {
        3
    }
}

/// Fields whose numbers of shards are declared in three ways.
macro_rules! declared {
    ($($policy:ident = $shards:ty;)*) => {$(
        enum $policy {}
        impl Policy for $policy {
            type Shards = $shards;
            type Lock = Mutex;
            type Expiry = sharded::expiry::Never;
            type Eviction = Unbounded;
            type Placement = sharded::placement::Spread;
            type Clock = System;
            const NAME: &'static str = "numbers";
        }
    )*};
}
declared! {
    One = Fixed<1>;
    Most = Fixed<MAX_SHARDS>;
    ByMachine = Auto;
    Bad = Three;
}

#[test]
fn the_number_of_shards() {
    fn of<P: Policy<Lock = Mutex, Eviction = Unbounded>>(store: StoreOptions, options: FieldOptions<P>) -> usize
    where
        ShardedMap<u64, u64, P>: BuildField<P>,
    {
        let map: ShardedMap<u64, u64, P> = BuildField::build(&store.start(), 0, options);
        map.extend((0..100).map(|key| (key, key)));
        assert_eq!((map.len(), map.stats().shard_sizes.len()), (100, map.shard_count()));
        map.shard_count()
    }
    assert_eq!(of::<One>(StoreOptions::new(), FieldOptions::new()), 1);
    assert_eq!(of::<Most>(StoreOptions::new(), FieldOptions::new()), 65_536);
    let by_machine = of::<ByMachine>(StoreOptions::new(), FieldOptions::new());
    assert!(by_machine.is_power_of_two() && (32..=1024).contains(&by_machine));

    assert_eq!(of::<One>(StoreOptions::new().shards(8), FieldOptions::new()), 8, "the store's comes before");
    assert_eq!(of::<One>(StoreOptions::new().shards(8), FieldOptions::new().shards(2)), 2, "the field's comes first");
    assert_eq!(of::<Bad>(StoreOptions::new().shards(8), FieldOptions::new()), 8);
}

#[test]
fn bad_numbers_of_shards_are_refused() {
    for bad in [0, 3, 48, MAX_SHARDS + 1, 2 * MAX_SHARDS, usize::MAX] {
        let messages = [
            panics(|| ShardedMap::<u64, u64, One>::with_options(FieldOptions::new().shards(bad))),
            panics(|| {
                let store = StoreOptions::new().shards(bad).start();
                <ShardedMap<u64, u64, One> as BuildField<One>>::build(&store, 0, FieldOptions::new())
            }),
        ];
        for message in messages {
            assert!(message.contains("power of two") && message.contains(&bad.to_string()), "{message}");
        }
    }
    let message = panics(ShardedMap::<u64, u64, Bad>::new);
    assert!(message.contains("`numbers`") && message.contains("power of two"), "{message}");
}
