//! Keys that an attacker has chosen: they cost no more than others, and the table confuses none of them with its own
//! markers.
//!
//! The suite counts work, not time: the comparisons of keys in an operation.

mod common;

use common::{
    hashers::{Constant, Identity},
    locks::StdRwLock,
    policy::{Never, Of, Times, Ttl},
    threads::Dice,
};
use sharded::{
    ShardedMap, ShardedSet,
    builder::{BuildField, FieldOptions},
    clock::System,
    evict::{Adaptive, Lru, MakesRoom, S3Fifo, Sieve, TinyLfu, Unbounded},
    hasher::SipHash,
    lock::{Lock, Mutex, Optimistic, Rcu, RwLock, Serves},
};
use std::{
    cell::Cell,
    collections::{BTreeSet, HashSet},
    fmt::Debug,
    hash::{BuildHasher, Hash, Hasher, RandomState},
};

thread_local! {
    static COMPARISONS: Cell<u64> = const { Cell::new(0) };
}

/// A key that counts how often it is compared.
#[derive(Clone, Copy, Debug)]
struct Counting<T>(T);

impl<T: PartialEq> PartialEq for Counting<T> {
    fn eq(&self, other: &Self) -> bool {
        COMPARISONS.set(COMPARISONS.get() + 1);
        self.0 == other.0
    }
}
impl<T: Eq> Eq for Counting<T> {}
impl<T: Hash> Hash for Counting<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

type Map<K, L, S> = ShardedMap<K, u64, Of<L, Never, Unbounded>, S>;

/// Comparisons per operation.
#[derive(Clone, Copy, Debug)]
struct Work {
    insert: f64,
    hit: f64,
    miss: f64,
    remove: f64,
}

impl Work {
    fn all(self) -> [f64; 4] {
        [self.insert, self.hit, self.miss, self.remove]
    }
}

/// Inserts keys, searches for them and for others, and removes them. The answers must be right.
fn work<K, L, S>(map: &Map<K, L, S>, keys: &[K], others: &[K]) -> Work
where
    K: Clone + Debug + Eq + Hash + Send + 'static,
    L: Lock + Serves<K, u64>,
    S: BuildHasher + Default + Send + Sync + 'static,
{
    fn per_key<K>(keys: &[K], mut run: impl FnMut(u64, &K)) -> f64 {
        let before = COMPARISONS.get();
        for (number, key) in (0..).zip(keys) {
            run(number, key);
        }
        #[allow(clippy::cast_precision_loss, reason = "counts are small")]
        let per_key = (COMPARISONS.get() - before) as f64 / keys.len() as f64;
        per_key
    }
    let before = map.len();
    let insert = per_key(keys, |number, key| assert_eq!(map.insert(key.clone(), number), None, "{key:?} is new"));
    assert_eq!(map.len(), before + keys.len());
    let hit = per_key(keys, |number, key| assert_eq!(map.get(key), Some(number), "{key:?} is there"));
    let miss = per_key(others, |_, key| assert_eq!(map.get(key), None, "{key:?} is not there"));
    let remove = per_key(keys, |number, key| assert_eq!(map.remove(key), Some(number), "{key:?} was there"));
    assert_eq!(map.len(), before);
    Work { insert, hit, miss, remove }
}

/// At most this many comparisons per operation, on average, for any keys.
const MOST: f64 = 8.0;

/// Work on these keys is small, and about that on keys nobody has chosen.
#[track_caller]
fn assert_flat(what: &str, work: Work, usual: Work) {
    for (work_of_one, usual_of_one) in work.all().into_iter().zip(usual.all()) {
        assert!(
            work_of_one <= MOST && work_of_one <= 2.0 * usual_of_one + 0.5,
            "{what}: {work:?}, and for keys that were not chosen {usual:?}"
        );
    }
}

/// Distinct keys and as many others, made by a rule.
fn by_rule<K: Eq + Hash + Clone>(count: u64, rule: impl Fn(u64) -> K) -> (Vec<Counting<K>>, Vec<Counting<K>>) {
    let keys: Vec<_> = (0..2 * count).map(&rule).collect();
    let distinct: HashSet<&K> = keys.iter().collect();
    assert_eq!(distinct.len(), keys.len(), "the rule gives each key once");
    let mut keys: Vec<_> = keys.into_iter().map(Counting).collect();
    let others = keys.split_off(keys.len() / 2);
    (keys, others)
}

fn random(number: u64) -> u64 {
    Dice::new(number).next()
}

type Rule<K> = (String, Box<dyn Fn(u64) -> K>);

/// Integers that have brought down one hash table or another.
fn integers() -> Vec<Rule<u64>> {
    fn rule(what: &str, rule: impl Fn(u64) -> u64 + 'static) -> Rule<u64> {
        (what.to_owned(), Box::new(rule))
    }
    const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut rules = vec![
        rule("from zero", |n| n),
        rule("down from the greatest", |n| u64::MAX - n),
        rule("around the middle", |n| (1 << 63) ^ n),
        rule("equal upper halves", |n| 0xFFFF_FFFF_0000_0000 | n),
        rule("equal lower halves", |n| n << 32 | 0xDEAD_BEEF),
        rule("equal but in the middle", |n| n << 24 | 0xFF_00FF | 0xFF << 56),
        rule("from the top bit down", u64::reverse_bits),
        rule("both halves alike", |n| n << 32 | n),
        rule("one half the complement of the other", |n| (!n << 32) | n),
        rule("multiples of the golden ratio", |n| n.wrapping_mul(GOLDEN)),
        // Fibonacci hashing takes these to 0, 1, 2 and so on.
        rule("quotients by the golden ratio", |n| n.wrapping_mul(inverse(GOLDEN))),
        rule("in steps of a prime", |n| n * 1_000_000_007),
    ];
    for shift in (1..=48).step_by(3) {
        rules.push((format!("multiples of 2^{shift}"), Box::new(move |n| n << shift)));
    }
    rules
}

/// Strings, likewise.
fn strings() -> Vec<Rule<String>> {
    fn rule(what: &str, rule: impl Fn(u64) -> String + 'static) -> Rule<String> {
        (what.to_owned(), Box::new(rule))
    }
    vec![
        rule("numbers", |n| n.to_string()),
        rule("numbers of one length", |n| format!("{n:032}")),
        rule("a long common beginning", |n| format!("{}{n}", "x".repeat(200))),
        rule("a long common end", |n| format!("{n}{}", "x".repeat(200))),
        rule("different in length only", |n| "\0".repeat(usize::try_from(n).expect("short"))),
        // All have one hash in Java, where this was done first.
        rule("equal sums", |n| (0..14).map(|bit| if n >> bit & 1 == 0 { "Aa" } else { "BB" }).collect()),
        rule("one bit each, far from the end", |n| {
            let mut bytes = vec![b'a'; 128];
            for bit in 0..14 {
                bytes[7 * usize::try_from(bit).expect("small")] ^= u8::from(n >> bit & 1 == 1);
            }
            String::from_utf8(bytes).expect("ASCII")
        }),
    ]
}

/// The number by which a product with an odd number is undone.
fn inverse(odd: u64) -> u64 {
    // Each step doubles the number of bits that are right, of which there are three at first.
    (0..5).fold(odd, |inverse, _| inverse.wrapping_mul(2_u64.wrapping_sub(odd.wrapping_mul(inverse))))
}

/// The key that has this hash under [`Identity`], if the map mixes hashes as it does today; else some key.
fn hashed_to(hash: u64) -> u64 {
    let unshift = |mixed: u64, by: u32| (0..64 / by).fold(mixed, |hash, _| mixed ^ (hash >> by));
    let hash = unshift(hash, 31).wrapping_mul(inverse(0x94D0_49BB_1331_11EB));
    let hash = unshift(hash, 27).wrapping_mul(inverse(0xBF58_476D_1CE4_E5B9));
    unshift(hash, 30)
}

fn map<K, L: Lock, S>(shards: usize) -> Map<K, L, S>
where
    Map<K, L, S>: BuildField<Of<L, Never, Unbounded>>,
{
    Map::with_options(FieldOptions::new().shards(shards))
}

#[test]
fn chosen_integers_cost_no_more_than_others() {
    fn under<L: Lock + Serves<Counting<u64>, u64>, S: BuildHasher + Default + Send + Sync + 'static>(count: u64)
    where
        Map<Counting<u64>, L, S>: BuildField<Of<L, Never, Unbounded>>,
    {
        for shards in [1, 16] {
            let map: Map<_, L, S> = map(shards);
            let (keys, others) = by_rule(count, random);
            let usual = work(&map, &keys, &others);
            assert_flat("at random", usual, usual);
            for (what, rule) in integers() {
                let (keys, others) = by_rule(count, rule);
                assert_flat(&what, work(&map, &keys, &others), usual);
            }
        }
    }
    for count in [100, 2000] {
        under::<Mutex, RandomState>(count);
        under::<Optimistic, RandomState>(count);
        under::<Rcu, RandomState>(count);
        under::<RwLock, SipHash>(count);
        // Integers as they are, but for what the map makes of them.
        under::<Mutex, Identity>(count);
        under::<Optimistic, Identity>(count);
        under::<Rcu, Identity>(count);
    }
}

#[test]
fn chosen_strings_cost_no_more_than_others() {
    fn under<L: Lock + Serves<Counting<String>, u64>, S: BuildHasher + Default + Send + Sync + 'static>(count: u64)
    where
        Map<Counting<String>, L, S>: BuildField<Of<L, Never, Unbounded>>,
    {
        for shards in [1, 16] {
            let map: Map<_, L, S> = map(shards);
            let (keys, others) = by_rule(count, |n| format!("{:x}", random(n)));
            let usual = work(&map, &keys, &others);
            assert_flat("at random", usual, usual);
            for (what, rule) in strings() {
                let (keys, others) = by_rule(count, rule);
                assert_flat(&what, work(&map, &keys, &others), usual);
            }
        }
    }
    for count in [100, 1500] {
        under::<Mutex, RandomState>(count);
        under::<RwLock, RandomState>(count);
        under::<Mutex, SipHash>(count);
    }
}

/// More entries are no more work for each.
#[test]
fn work_does_not_grow_with_the_map() {
    fn under<L: Lock + Serves<Counting<u64>, u64>>()
    where
        Map<Counting<u64>, L, RandomState>: BuildField<Of<L, Never, Unbounded>>,
    {
        let map: Map<_, L, RandomState> = map(1);
        let of = |count| {
            let (keys, others) = by_rule(count, |n| n << 12);
            work(&map, &keys, &others)
        };
        let small = of(500);
        assert_flat("a hundred times as many", of(50_000), small);
    }
    under::<Mutex>();
    under::<Optimistic>();
    under::<Rcu>();
}

/// Not all chosen keys go into one shard.
#[test]
fn chosen_keys_are_spread_over_the_shards() {
    let map: ShardedMap<u64, u64, Of<Mutex, Never, Unbounded>> = ShardedMap::new();
    for (what, rule) in integers() {
        map.extend((0..1600).map(|n| (rule(n), n)));
        let sizes = map.stats().shard_sizes;
        // A hundred in each, with a standard deviation of ten: this is six of those.
        assert!(sizes.iter().all(|size| (40..=160).contains(size)), "{what}: {sizes:?}");
        map.clear();
    }
}

/// All hashes are equal, more of them than any part of a table has room for: all works as ever, and nothing costs more
/// than looking at every key once.
#[test]
fn keys_of_one_hash_work() {
    fn under<L: Lock + Serves<Counting<u64>, u64>, S: BuildHasher + Default + Send + Sync + 'static>(
        count: u64,
        rule: fn(u64) -> u64,
    ) where
        Map<Counting<u64>, L, S>: BuildField<Of<L, Never, Unbounded>>,
    {
        for shards in [1, 4] {
            let map: Map<_, L, S> = map(shards);
            let (keys, others) = by_rule(count, rule);
            let work = work(&map, &keys, &others);
            #[allow(clippy::cast_precision_loss, reason = "counts are small")]
            let most = count as f64 + MOST;
            assert!(work.all().into_iter().all(|work| work <= most), "{work:?}");

            // In and out in another order, and all at once.
            map.extend((0..).zip(&keys).map(|(number, &key)| (key, number)));
            for key in keys.iter().step_by(2).rev() {
                assert!(map.remove(key).is_some());
            }
            map.shrink_to_fit();
            for (number, key) in (0..).zip(&keys) {
                assert_eq!(map.get(key), (number % 2 == 1).then_some(number));
            }
            map.retain(|_, &mut number| number % 4 == 1);
            let mut left: Vec<u64> = map.drain().into_iter().map(|(_, number)| number).collect();
            left.sort_unstable();
            assert!(left.into_iter().eq((0..count).filter(|number| number % 4 == 1)));
            assert!(map.is_empty());
        }
    }
    under::<Mutex, Constant>(1000, |n| n);
    under::<RwLock, Constant>(200, |n| n);
    under::<Optimistic, Constant>(1000, |n| n);
    under::<Rcu, Constant>(1000, |n| n);
    under::<StdRwLock, Constant>(200, |n| n);
    // Not equal, but in all bits of a half.
    for rule in [|n| hashed_to(n << 32), |n| hashed_to(n)] {
        under::<Mutex, Identity>(1000, rule);
        under::<Optimistic, Identity>(1000, rule);
        under::<Rcu, Identity>(1000, rule);
    }
}

/// Integers are their own hash, but those with the top bit have all one.
#[derive(Clone, Debug, Default)]
struct OneForHalf;
#[derive(Debug)]
struct Halved(u64);
impl BuildHasher for OneForHalf {
    type Hasher = Halved;
    fn build_hasher(&self) -> Halved {
        Halved(0)
    }
}
impl Hasher for Halved {
    fn write(&mut self, _: &[u8]) {
        unreachable!("keys write numbers")
    }
    fn write_u64(&mut self, number: u64) {
        self.0 = if number >> 63 == 1 { 1 << 63 } else { number };
    }
    fn finish(&self) -> u64 {
        self.0
    }
}

/// Keys that collide make work for each other and for the few that lie in their part of the table, not for the rest.
#[test]
fn colliding_keys_do_not_slow_down_the_others() {
    fn under<L: Lock + Serves<Counting<u64>, u64>>()
    where
        Map<Counting<u64>, L, OneForHalf>: BuildField<Of<L, Never, Unbounded>>,
    {
        let map: Map<_, L, OneForHalf> = map(1);
        let (keys, others) = by_rule(10_000, |n| n);
        map.extend((0..1000).map(|n| (Counting(1 << 63 | n), n)));
        let work = work(&map, &keys, &others);
        assert!(work.all().into_iter().all(|work| work <= MOST), "beside a thousand that collide: {work:?}");
        assert_eq!(map.len(), 1000);
    }
    under::<Mutex>();
    under::<Optimistic>();
    under::<Rcu>();
}

/// Every operation on keys and values one of which might be a table's own mark for "vacant" or "removed".
fn all_works_for<K: Copy + Debug + Ord + Hash + Send + Sync + 'static, S>(keys: &[K])
where
    S: BuildHasher + Default + Send + Sync + 'static,
{
    fn under<K, L, X, E, const CAPACITY: usize, S>(keys: &[K])
    where
        K: Copy + Debug + Ord + Hash + Send + Sync + 'static,
        L: Lock + Serves<K, K> + Serves<K, ()>,
        X: Times,
        E: MakesRoom,
        S: BuildHasher + Default + Send + Sync + 'static,
        ShardedMap<K, K, Of<L, X, E, System, 4, CAPACITY>, S>: BuildField<Of<L, X, E, System, 4, CAPACITY>>,
        ShardedMap<K, (), Of<L, X, E, System, 4, CAPACITY>, S>: BuildField<Of<L, X, E, System, 4, CAPACITY>>,
    {
        let keys: BTreeSet<K> = keys.iter().copied().collect();
        let value_of = |key: &K| *keys.range(..key).next_back().unwrap_or_else(|| keys.last().expect("a key"));
        let map: ShardedMap<K, K, Of<L, X, E, System, 4, CAPACITY>, S> = ShardedMap::new();
        let set: ShardedSet<K, Of<L, X, E, System, 4, CAPACITY>, S> = ShardedSet::new();
        for _ in 0..2 {
            for key in &keys {
                assert_eq!((map.get(key), map.contains_key(key), set.contains(key)), (None, false, false), "{key:?}");
                assert_eq!((map.remove(key), set.remove(key)), (None, false), "{key:?}");
                assert_eq!((map.insert(*key, *key), set.insert(*key)), (None, true), "{key:?}");
                assert_eq!(map.with_mut(key, |value| std::mem::replace(value, value_of(key))), Some(*key));
                assert!(map.insert_if_absent(*key, *key).is_err() && !set.insert(*key), "{key:?}");
            }
            let all: Vec<K> = keys.iter().copied().collect();
            assert_eq!(map.get_many(&all), keys.iter().map(|key| Some(value_of(key))).collect::<Vec<_>>());
            assert_eq!(sorted(map.to_vec()), keys.iter().map(|key| (*key, value_of(key))).collect::<Vec<_>>());
            assert_eq!(sorted(set.to_vec()), all);
            for key in &keys {
                assert_eq!((map.remove(key), set.take(key)), (Some(value_of(key)), Some(*key)), "{key:?}");
                assert_eq!((map.get(key), set.contains(key)), (None, false), "{key:?}");
            }
            assert!(map.is_empty() && set.is_empty());
        }
    }
    under::<K, Mutex, Never, Unbounded, 0, S>(keys);
    under::<K, RwLock, Ttl<3_600_000>, Lru, 1000, S>(keys);
    under::<K, Optimistic, Never, Unbounded, 0, S>(keys);
    under::<K, Optimistic, Ttl<3_600_000>, Sieve, 1000, S>(keys);
    under::<K, Mutex, Never, Adaptive, 1000, S>(keys);
    under::<K, RwLock, Never, S3Fifo, 1000, S>(keys);
    under::<K, Optimistic, Never, TinyLfu, 1000, S>(keys);
}

fn sorted<T: Ord>(mut all: Vec<T>) -> Vec<T> {
    all.sort_unstable();
    all
}

#[test]
fn no_key_is_taken_for_a_mark() {
    macro_rules! integers {
        ($($integer:ty),*) => {$(
            all_works_for::<$integer, RandomState>(&[
                0, 1, 2, <$integer>::MIN, <$integer>::MIN + 1, <$integer>::MAX / 2, <$integer>::MAX / 2 + 1,
                <$integer>::MAX - 2, <$integer>::MAX - 1, <$integer>::MAX,
            ]);
        )*};
    }
    integers!(u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128);
    all_works_for::<u8, RandomState>(&(0..=u8::MAX).collect::<Vec<_>>());
    all_works_for::<bool, RandomState>(&[false, true]);
    all_works_for::<char, RandomState>(&['\0', '\u{FF}', '\u{D7FF}', '\u{E000}', char::MAX]);
    all_works_for::<(), RandomState>(&[()]);
    all_works_for::<Option<u64>, RandomState>(&[None, Some(0), Some(u64::MAX)]);
    all_works_for::<[u8; 3], RandomState>(&[[0; 3], [255; 3], [255, 0, 255]]);
    all_works_for::<[u64; 4], RandomState>(&[[0; 4], [u64::MAX; 4], [0, u64::MAX, 0, u64::MAX]]);
    all_works_for::<(u8, u64), RandomState>(&[(0, 0), (255, u64::MAX), (0, u64::MAX), (255, 0)]);
}

/// Hashes of every pattern that a table may give a meaning: all bits or none of the word, of a half, of a byte, of a
/// tag.
#[test]
fn no_hash_is_taken_for_a_mark() {
    let mut hashes = BTreeSet::from([0, u64::MAX]);
    for bit in 0..64 {
        hashes.extend([1 << bit, !(1 << bit), u64::MAX << bit, u64::MAX >> bit]);
    }
    for byte in 0..8 {
        for pattern in [0x7F_u64, 0x80, 0x81, 0xFE, 0xFF] {
            hashes.extend([pattern << (8 * byte), !(pattern << (8 * byte))]);
        }
    }
    let keys: Vec<u64> = hashes.iter().map(|&hash| hashed_to(hash)).collect();
    all_works_for::<u64, Identity>(&keys);
    all_works_for::<u64, Constant>(&keys);
    // The keys themselves as well.
    all_works_for::<u64, RandomState>(&hashes.into_iter().collect::<Vec<_>>());
}
