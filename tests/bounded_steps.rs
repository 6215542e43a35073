//! No operation does unbounded work while it holds a lock, for a map of any size and in any state.
//!
//! Work is counted, not timed, in each hold of a lock by a lock type of this suite: hashed keys (keys of plain data are
//! hashed again when they move, keys that own something are not), entries that move, entries that leave.
//!
//! `BOUNDED_ENTRIES` is how many entries the largest maps get, 1,000,000 unless it is set.

mod common;

use common::{
    locks::{AroundHold, Watched},
    policy::{Never, Of, OwnOnly, Times},
    threads::Dice,
};
use sharded::{
    Key, ShardedMap,
    builder::{BuildField, FieldOptions, StoreOptions},
    clock::{Manual, System},
    evict::{Bounded, Eviction, Lru, MakesRoom, Unbounded},
    lock::{Mutex, Serves},
};
use std::{
    cell::Cell,
    collections::hash_map::DefaultHasher,
    env,
    hash::{BuildHasher, BuildHasherDefault, Hash, Hasher},
    time::Duration,
};

/// The most keys that are hashed in one hold of the lock, besides those that the caller brings: hundreds, however many
/// there are...
const MOST_HASHED: u64 = 1000;
/// ...and the most entries that move...
const MOST_MOVED: u64 = 256;
/// ...and that leave.
const MOST_LEFT: u64 = 128;

fn entries() -> u64 {
    env::var("BOUNDED_ENTRIES").map_or(1_000_000, |set| set.parse().expect("a number of entries"))
}

/// What was done.
#[derive(Clone, Copy, Debug, Default)]
struct Work {
    hashed: u64,
    moved: u64,
    left: u64,
}

impl Work {
    const NONE: Work = Work { hashed: 0, moved: 0, left: 0 };

    fn each(self, other: Work, combine: impl Fn(u64, u64) -> u64) -> Work {
        Work {
            hashed: combine(self.hashed, other.hashed),
            moved: combine(self.moved, other.moved),
            left: combine(self.left, other.left),
        }
    }
}

/// What was done by some calls: in the worst hold of the lock, in all of them, and outside.
#[derive(Clone, Copy, Debug)]
struct Done {
    worst: Work,
    inside: Work,
    outside: Work,
}

thread_local! {
    /// Since the lock was taken, or released.
    static NOW: Cell<Work> = const { Cell::new(Work::NONE) };
    static DONE: Cell<Done> = const { Cell::new(Done { worst: Work::NONE, inside: Work::NONE, outside: Work::NONE }) };
}

fn note(work: impl FnOnce(&mut Work)) {
    let mut now = NOW.get();
    work(&mut now);
    NOW.set(now);
}

/// The lock is taken, or the calls are over.
fn end_outside() {
    let (done, now) = (DONE.get(), NOW.take());
    DONE.set(Done { outside: done.outside.each(now, u64::wrapping_add), ..done });
}

/// The lock is released.
fn end_hold() {
    let (done, now) = (DONE.get(), NOW.take());
    DONE.set(Done { worst: done.worst.each(now, u64::max), inside: done.inside.each(now, u64::wrapping_add), ..done });
}

/// What is done meanwhile on this thread.
fn done_by(run: impl FnOnce()) -> Done {
    DONE.set(Done { worst: Work::NONE, inside: Work::NONE, outside: Work::NONE });
    NOW.set(Work::NONE);
    run();
    end_outside();
    DONE.get()
}

impl Done {
    #[track_caller]
    fn assert_bounded(&self, what: &str) {
        println!("{what}: {self:?}");
        let Work { hashed, moved, left } = self.worst;
        assert!(hashed <= MOST_HASHED && moved <= MOST_MOVED && left <= MOST_LEFT, "{what}: {self:?}");
    }
}

/// Says what is done while a lock is held.
enum Holds {}

impl AroundHold for Holds {
    fn around<R>(hold: impl FnOnce() -> R) -> R {
        end_outside();
        let result = hold();
        end_hold();
        result
    }
}

type Lock = Watched<Holds>;

/// An eviction that notes what it is told, and leaves the rest to another. Without a capacity nothing is ever evicted.
#[derive(Default)]
struct Told<E>(E);

impl<E: Eviction> Eviction for Told<E> {
    fn inserted(&mut self, slot: u32) {
        self.0.inserted(slot);
    }
    fn hit(&self, slot: u32) {
        self.0.hit(slot);
    }
    fn hit_mut(&mut self, slot: u32) {
        self.0.hit_mut(slot);
    }
    fn removed(&mut self, slot: u32) {
        note(|work| work.left += 1);
        self.0.removed(slot);
    }
    fn moved(&mut self, from: u32, to: u32) {
        note(|work| work.moved += 1);
        self.0.moved(from, to);
    }
    fn victim(&mut self) -> Option<u32> {
        self.0.victim()
    }
    fn shrink_to(&mut self, slots: usize) {
        self.0.shrink_to(slots);
    }
}
impl<E: Eviction> Bounded for Told<E> {}
impl<E: Eviction> MakesRoom for Told<E> {}

/// Remembers nothing.
#[derive(Default)]
struct Nothing;

impl Eviction for Nothing {
    fn inserted(&mut self, _: u32) {}
    fn removed(&mut self, _: u32) {}
    fn moved(&mut self, _: u32, _: u32) {}
    fn victim(&mut self) -> Option<u32> {
        None
    }
}

/// A key of plain data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Plain(u64);

impl Hash for Plain {
    fn hash<H: Hasher>(&self, state: &mut H) {
        note(|work| work.hashed += 1);
        state.write_u64(self.0);
    }
}

/// A key that owns something.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Owning(Box<u64>);

impl Hash for Owning {
    fn hash<H: Hasher>(&self, state: &mut H) {
        note(|work| work.hashed += 1);
        state.write_u64(*self.0);
    }
}

trait Numbered: Key + Clone {
    /// Whether it is hashed anew where its hash is needed.
    const IS_PLAIN: bool;
    fn of(number: u64) -> Self;
    fn number(&self) -> u64;
}

impl Numbered for Plain {
    const IS_PLAIN: bool = true;
    fn of(number: u64) -> Self {
        Plain(number)
    }
    fn number(&self) -> u64 {
        self.0
    }
}

impl Numbered for Owning {
    const IS_PLAIN: bool = false;
    fn of(number: u64) -> Self {
        Owning(Box::new(number))
    }
    fn number(&self) -> u64 {
        *self.0
    }
}

/// The same in every run.
type Fixed = BuildHasherDefault<DefaultHasher>;
type Policy<X, E, const CAPACITY: usize> = Of<Lock, X, Told<E>, System, 1, CAPACITY>;
type Map<K, X, S = Fixed> = ShardedMap<K, u64, Policy<X, Nothing, 0>, S>;

/// A map with one shard, and its clock.
fn new<K: Key, X: Times, S: BuildHasher + Default + Send + Sync + 'static>() -> (Map<K, X, S>, Manual) {
    let clock = Manual::new();
    let store = StoreOptions::new().clock(clock.clone()).start();
    (BuildField::build(&store, 0, FieldOptions::new()), clock)
}

/// The caller's keys are hashed once each, before the lock; others inside, if they are plain.
#[track_caller]
fn assert_hashed_once<K: Numbered>(what: &str, done: Done, calls: u64) {
    assert_eq!(done.outside.hashed, calls, "{what}: {done:?}");
    assert!(K::IS_PLAIN || done.inside.hashed == 0, "{what}: {done:?}");
}

#[test]
fn growing_and_shrinking() {
    fn check<K: Numbered>(what: &str, entries: u64) {
        let (map, _) = new::<K, Never, Fixed>();
        let insert = done_by(|| (0..entries).for_each(|number| assert_eq!(map.insert(K::of(number), number), None)));
        insert.assert_bounded(&format!("{what}, insert"));
        assert_hashed_once::<K>(what, insert, entries);
        // On average an entry moves twice at most until all are in: each doubling moves half of those that are there.
        assert!(insert.inside.moved <= 2 * entries, "{what}: {insert:?}");
        assert!(insert.inside.moved >= entries / 4, "{what}: that is counted shows that it works");

        let get = done_by(|| (0..entries).for_each(|number| assert_eq!(map.get(&K::of(number)), Some(number))));
        assert_hashed_once::<K>(what, get, entries);
        assert_eq!((get.worst.hashed, get.worst.moved), (0, 0), "{what}: to read moves nothing");

        let remove = done_by(|| (0..entries).for_each(|number| assert_eq!(map.remove(&K::of(number)), Some(number))));
        remove.assert_bounded(&format!("{what}, remove"));
        assert_hashed_once::<K>(what, remove, entries);
        assert!(remove.inside.moved <= 2 * entries, "{what}: {remove:?}");
    }
    check::<Plain>("plain keys", entries());
    check::<Owning>("keys that own", entries() / 5);
}

/// Homes are split in pairs, so a write splits two of them or none. Only the first home is split alone.
#[test]
fn a_write_splits_a_pair_of_homes() {
    const ENTRIES: u64 = 20_000;
    let map = ShardedMap::<u64, u64, Of<Mutex, Never, Unbounded, System, 1>>::new();
    let mut before = 0;
    for key in 0..ENTRIES {
        map.insert(key, key);
        let splits = map.stats().splits;
        assert!(matches!((before, splits - before), (0, 1) | (_, 0 | 2)), "{before} {splits}");
        before = splits;
    }
    assert!(before + 1 >= ENTRIES / 15, "{before}");
}

#[test]
fn all_at_once() {
    fn check<K: Numbered>(what: &str) {
        const ENTRIES: u64 = 150_000;
        let (map, _) = new::<K, Never, Fixed>();
        let fill = |map: &Map<K, Never>| map.extend((0..ENTRIES).map(|number| (K::of(number), number)));
        fill(&map);
        let mut visits = 0;
        let visit = done_by(|| map.for_each(|_, _| visits += 1));
        assert_eq!(visits, ENTRIES);
        visit.assert_bounded(&format!("{what}, for_each"));
        assert_hashed_once::<K>(what, visit, 0);

        // What lies between two calls of the closure, too.
        let mut last = NOW.get();
        let mut most = 0;
        let retain = done_by(|| {
            map.retain(|key, _| {
                let now = NOW.get();
                // The work of a hold starts from nothing.
                most = most.max(now.hashed.saturating_sub(last.hashed));
                last = now;
                key.number().is_multiple_of(50)
            });
        });
        retain.assert_bounded(&format!("{what}, retain"));
        assert_hashed_once::<K>(what, retain, 0);
        assert!(most <= MOST_HASHED, "{what}: {most} keys are hashed between two calls of retain's closure");
        assert_eq!(map.len() as u64, ENTRIES.div_ceil(50));

        fill(&map);
        (0..ENTRIES / 2).for_each(|number| assert!(map.remove(&K::of(number)).is_some()));
        let shrink = done_by(|| map.shrink_to_fit());
        shrink.assert_bounded(&format!("{what}, shrink_to_fit"));
        assert_hashed_once::<K>(what, shrink, 0);

        fill(&map);
        let clear = done_by(|| map.clear());
        clear.assert_bounded(&format!("{what}, clear"));
        assert_eq!(clear.inside.hashed + clear.outside.hashed, 0, "{what}: {clear:?}");
        fill(&map);
        let invalidate = done_by(|| map.invalidate_all());
        invalidate.assert_bounded(&format!("{what}, invalidate_all"));
        assert_eq!(invalidate.inside.hashed + invalidate.outside.hashed, 0, "{what}: {invalidate:?}");
        fill(&map);
        let drain = done_by(|| assert_eq!(map.drain().len() as u64, ENTRIES));
        drain.assert_bounded(&format!("{what}, drain"));
        assert_eq!(drain.inside.hashed + drain.outside.hashed, 0, "{what}: {drain:?}");
    }
    check::<Plain>("plain keys");
    check::<Owning>("keys that own");
}

/// 100,000 entries expire at one moment: a write takes a few of them with it, a sweep a few per hold of the lock.
#[test]
fn mass_expiry() {
    fn check<K: Numbered>(what: &str, write: impl Fn(&Map<K, OwnOnly>, u64)) {
        const ENTRIES: u64 = 100_000;
        let (map, clock) = new::<K, OwnOnly, Fixed>();
        let fill = || {
            for number in 0..ENTRIES {
                map.insert_with_ttl(K::of(number), number, Duration::from_mins(1));
            }
            clock.advance(Duration::from_mins(2));
        };
        fill();
        let mut writes = 0;
        let by_writes = done_by(|| {
            while map.len() as u64 > ENTRIES / 100 {
                writes += 1;
                write(&map, ENTRIES + writes);
                assert!(writes < ENTRIES * 2, "{what}: writes take what has expired with them");
            }
        });
        by_writes.assert_bounded(&format!("{what}, {writes} writes"));
        assert!(by_writes.worst.left <= 8, "{what}: {by_writes:?}");

        map.clear();
        fill();
        let sweep = done_by(|| assert_eq!(map.sweep() as u64, ENTRIES));
        sweep.assert_bounded(&format!("{what}, sweep"));
        assert_eq!(map.len(), 0);
    }
    fn remove<K: Numbered>(map: &Map<K, OwnOnly>, number: u64) {
        assert!(map.remove(&K::of(number)).is_none());
    }
    fn insert<K: Numbered>(map: &Map<K, OwnOnly>, number: u64) {
        map.insert_with_ttl(K::of(number % 100), number, Duration::from_hours(1));
    }
    check::<Plain>("plain keys, insert", insert::<Plain>);
    check::<Plain>("plain keys, remove", remove::<Plain>);
    check::<Owning>("keys that own, insert", insert::<Owning>);
}

/// A full map: for each entry that comes one leaves, and at times one or two of those that are not at home get nearer
/// to it.
#[test]
fn eviction() {
    const CAPACITY: usize = 50_000;
    let map: ShardedMap<Plain, u64, Policy<Never, Lru, CAPACITY>, Fixed> = ShardedMap::new();
    let fill = done_by(|| (0..CAPACITY as u64).for_each(|number| assert_eq!(map.insert(Plain(number), number), None)));
    fill.assert_bounded("filling");
    let evict = done_by(|| {
        (CAPACITY as u64..4 * CAPACITY as u64).for_each(|number| assert_eq!(map.insert(Plain(number), number), None));
    });
    evict.assert_bounded("evicting");
    assert_eq!((evict.worst.left, evict.inside.left), (1, 3 * CAPACITY as u64), "{evict:?}");
    assert!(evict.worst.hashed <= 4 + 2 * 2 * 15 && evict.worst.moved <= 2, "{evict:?}");
    // On average much less: a key hashed to be inserted, one to be evicted, and those that are looked at for the gap
    // that it leaves.
    assert!(evict.inside.hashed <= 6 * evict.inside.left && evict.inside.moved * 2 <= evict.inside.left, "{evict:?}");
}

/// Keys hashed by a visit of all entries, per entry: how many buckets a search has to look through, about.
fn spread<P, S>(map: &ShardedMap<Plain, u64, P, S>) -> f64
where
    P: sharded::Policy<Lock: Serves<Plain, u64>>,
    S: BuildHasher + Default + Send + Sync + 'static,
{
    #[allow(clippy::cast_precision_loss, reason = "counts are small")]
    let per_entry = done_by(|| map.for_each(|_, _| ())).inside.hashed as f64 / map.len() as f64;
    per_entry
}

/// Entries that come and go for long leave no traces that others have to pass.
#[test]
fn churn_leaves_no_traces() {
    const ENTRIES: u64 = 5000;
    let (map, _) = new::<Plain, Never, Fixed>();
    let mut keys: Vec<u64> = (0..ENTRIES).collect();
    map.extend(keys.iter().map(|&key| (Plain(key), key)));
    let before = spread(&map);
    let mut dice = Dice::new(1);
    for next in ENTRIES..100 * ENTRIES {
        let at = usize::try_from(dice.below(ENTRIES)).expect("an index");
        map.remove(&Plain(keys[at]));
        keys[at] = next;
        map.insert(Plain(next), next);
    }
    let after = spread(&map);
    println!("{before:.2} keys per entry are hashed by a visit, after the churn {after:.2}");
    assert!(
        after <= before * 1.25 + 0.25,
        "{before:.2} keys per entry are hashed by a visit, after the churn {after:.2}"
    );
}

/// The same of a full map, whose tables are denser: what comes finds its home full more often, but does not stay
/// displaced.
#[test]
fn evictions_leave_no_traces() {
    const CAPACITY: usize = 20_000;
    for seed in 0..3 {
        let map: ShardedMap<Plain, u64, Policy<Never, Lru, CAPACITY>, Fixed> = ShardedMap::new();
        let insert = |keys: std::ops::Range<u64>| keys.for_each(|key| _ = map.insert(Plain(key + (seed << 32)), key));
        insert(0..CAPACITY as u64);
        let before = spread(&map);
        insert(CAPACITY as u64..10 * CAPACITY as u64);
        let after = spread(&map);
        println!("{before:.2} keys per entry are hashed by a visit, after the evictions {after:.2}");
        assert!(after <= before * 1.25 + 0.25, "{before:.2}, after the evictions {after:.2}");
    }
}

/// Hashes numbers well, but for those with the top bit: they have one hash.
#[derive(Clone, Default)]
struct Trapped(u64);

impl BuildHasher for Trapped {
    type Hasher = Trapped;
    fn build_hasher(&self) -> Trapped {
        Trapped(0)
    }
}

impl Hasher for Trapped {
    fn write(&mut self, _: &[u8]) {
        unreachable!("keys write numbers")
    }
    fn write_u64(&mut self, number: u64) {
        self.0 = if number >> 63 == 1 { 0 } else { Dice::new(number).next() };
    }
    fn finish(&self) -> u64 {
        self.0
    }
}

/// Keys of one hash cost what they cost while they are there. Once they are gone, all is as before.
#[test]
fn collisions_that_are_gone_cost_nothing() {
    const ENTRIES: u64 = 20_000;
    const COLLIDING: u64 = 3000;
    let (map, _) = new::<Plain, Never, Trapped>();
    map.extend((0..ENTRIES).map(|key| (Plain(key), key)));
    let before = spread(&map);
    for key in 0..COLLIDING {
        map.insert(Plain(key | 1 << 63), key);
    }
    for key in 0..COLLIDING {
        assert_eq!(map.remove(&Plain(key | 1 << 63)), Some(key));
    }
    let after = spread(&map);
    println!("{before:.2} keys per entry are hashed by a visit, after the collisions {after:.2}");
    let grow = done_by(|| map.extend((ENTRIES..4 * ENTRIES).map(|key| (Plain(key), key))));
    println!("growing after the collisions: {grow:?}");
    assert!(
        after <= before * 1.25 + 0.25,
        "{before:.2} keys per entry are hashed by a visit, after the collisions {after:.2}"
    );
    grow.assert_bounded("growing after the collisions");
}
