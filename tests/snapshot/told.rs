//! The listener is called once for each inserted entry, by the process that saves or by the one that restores: none is
//! lost between them, and none is reported by both.

use crate::common::policy::{Idle, Of, OwnOnly, Times, Ttl, TtlIdle};
use proptest::prelude::*;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sharded::{
    Cause, ShardedMap,
    builder::{BuildField, FieldOptions, StoreOptions},
    clock::Manual,
    evict::{Eviction, Lru, Reject, Unbounded},
    lock::{Lock, Mutex, Optimistic, Rcu, RwLock, Serves},
    sharded,
    snapshot::Snapshot,
};
use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex as StdMutex, Weak, mpsc},
    thread,
    time::Duration,
};

const MS: u64 = 1_000_000;

thread_local! {
    /// The clock that moves on, by this, whenever an [`Id`] is serialized.
    static TICKS: RefCell<Option<(Manual, Duration)>> = const { RefCell::new(None) };
}

/// The number of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Id(u64);

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        TICKS.with_borrow(|ticks| {
            if let Some((clock, by)) = ticks {
                clock.advance(*by);
            }
        });
        self.0.serialize(serializer)
    }
}
impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u64::deserialize(deserializer).map(Id)
    }
}

type Map<L, X, E> = ShardedMap<u16, Id, Of<L, X, E>>;
type Told = Arc<StdMutex<Vec<(Id, Cause)>>>;

#[derive(Clone, Debug)]
enum Op {
    Insert(u16),
    ExpireIn(u16, u64),
    Get(u16),
    Remove(u16),
    Advance(u64),
    Sweep,
}

/// What is done to the map that is saved, and how the save and the restore go.
#[derive(Clone, Debug)]
struct Plan {
    ops: Vec<Op>,
    /// How far the clock goes for each entry that is saved.
    tick: u64,
    /// Entries that the other map has already.
    present: u16,
    shards: (u32, u32),
    /// The other map's, where it has any.
    capacity: usize,
    idle: Duration,
    by_channel: bool,
}

fn plans() -> impl Strategy<Value = Plan> {
    let op = prop_oneof![
        6 => (0..200_u16).prop_map(Op::Insert),
        3 => (0..200_u16, 1..600 * MS).prop_map(|(key, ttl)| Op::ExpireIn(key, ttl)),
        2 => (0..200_u16).prop_map(Op::Get),
        1 => (0..200_u16).prop_map(Op::Remove),
        2 => (0..200 * MS).prop_map(Op::Advance),
        1 => Just(Op::Sweep),
    ];
    (
        prop::collection::vec(op, 1..300),
        prop_oneof![Just(0), 1..20 * MS],
        0..20_u16,
        (0..3_u32, 0..3_u32),
        // At least one for each shard.
        4..100_usize,
        (1..400 * MS).prop_map(Duration::from_nanos),
        any::<bool>(),
    )
        .prop_map(|(ops, tick, present, shards, capacity, idle, by_channel)| Plan {
            ops,
            tick,
            present,
            shards,
            capacity,
            idle,
            by_channel,
        })
}

/// A map, its clock, and what leaves it.
struct Side<L: Lock, X: Times, E: Eviction> {
    clock: Manual,
    map: Map<L, X, E>,
    told: Told,
    removals: Option<sharded::Removals<u16, Id>>,
}

impl<L, X, E> Side<L, X, E>
where
    L: Lock + Serves<u16, Id>,
    X: Times,
    E: Eviction,
    Map<L, X, E>: BuildField<Of<L, X, E>>,
{
    fn new(plan: &Plan, options: FieldOptions<Of<L, X, E>>) -> Self {
        let clock = Manual::new();
        let map: Map<L, X, E> = BuildField::build(&StoreOptions::new().clock(clock.clone()).start(), 0, options);
        let told = Told::default();
        let removals = if plan.by_channel {
            Some(map.removals(10_000).unwrap())
        } else {
            let told = Arc::clone(&told);
            map.on_removal(move |_, &id, cause| told.lock().unwrap().push((id, cause))).ok().unwrap();
            None
        };
        Side { clock, map, told, removals }
    }

    fn told(mut self) -> Vec<(Id, Cause)> {
        drop(self.map);
        let mut told = std::mem::take(&mut *self.told.lock().unwrap());
        if let Some(removals) = &mut self.removals {
            assert_eq!(removals.missed(), 0);
            while let Some(removal) = removals.recv() {
                told.push((removal.value, removal.cause));
            }
        }
        told
    }
}

fn is_told_of_once<L, X, E>(plan: &Plan, limit: impl Fn(FieldOptions<Of<L, X, E>>) -> FieldOptions<Of<L, X, E>>)
where
    L: Lock + Serves<u16, Id>,
    X: Times,
    X::Expiry: sharded::expiry::Expires,
    E: Eviction,
    Map<L, X, Unbounded>: BuildField<Of<L, X, Unbounded>>,
    Map<L, X, E>: BuildField<Of<L, X, E>>,
{
    let before: Side<L, X, Unbounded> = Side::new(plan, FieldOptions::new().shards(1 << plan.shards.0));
    let mut came = 0;
    for op in &plan.ops {
        match *op {
            Op::Insert(key) => {
                before.map.insert(key, Id(came));
                came += 1;
            }
            Op::ExpireIn(key, ttl) => {
                before.map.expire_in(&key, Duration::from_nanos(ttl));
            }
            Op::Get(key) => {
                before.map.get(&key);
            }
            Op::Remove(key) => {
                before.map.remove(&key);
            }
            Op::Advance(by) => before.clock.advance(Duration::from_nanos(by)),
            Op::Sweep => {
                before.map.sweep();
            }
        }
    }

    let after: Side<L, X, E> = Side::new(plan, limit(FieldOptions::new().shards(1 << plan.shards.1)));
    for key in 0..plan.present {
        if after.map.try_insert(key, Id(came)).is_ok() {
            came += 1;
        }
    }

    let mut file = Vec::new();
    TICKS.set(Some((before.clock.clone(), Duration::from_nanos(plan.tick))));
    let saved = before.map.save(&mut file).unwrap();
    TICKS.set(None);
    let mut told = before.told();
    let loaded = after.map.restore(&file[..]).unwrap();
    assert_eq!(loaded.entries + loaded.expired + loaded.refused, saved);

    // What is left is told of when it is taken out.
    let alive = after.map.len();
    after.map.clear();
    let left = after.told();
    let expired = left.iter().filter(|(_, cause)| *cause == Cause::Expired).count();
    assert!(expired as u64 >= loaded.expired);
    assert_eq!(left.iter().filter(|(_, cause)| *cause == Cause::Cleared).count(), alive);
    told.extend(left);
    let mut ids: Vec<Id> = told.iter().map(|&(id, _)| id).collect();
    ids.sort_unstable();
    assert!(ids.iter().copied().eq((0..came).map(Id)), "of {came}: {told:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_entry_is_told_of_once(plan in plans()) {
        is_told_of_once::<Mutex, Ttl<500>, Unbounded>(&plan, |options| options);
        is_told_of_once::<RwLock, OwnOnly, Unbounded>(&plan, |options| options);
        is_told_of_once::<Optimistic, Ttl<500>, Unbounded>(&plan, |options| options);
        is_told_of_once::<Rcu, Ttl<500>, Unbounded>(&plan, |options| options);
        is_told_of_once::<RwLock, Idle<300>, Unbounded>(&plan, |options| options.idle(plan.idle));
        is_told_of_once::<Mutex, TtlIdle<500, 300>, Unbounded>(&plan, |options| options.idle(plan.idle));
    }

    /// Of those that find no room, too.
    #[test]
    fn each_entry_is_told_of_once_where_there_is_little_room(plan in plans()) {
        is_told_of_once::<Mutex, Ttl<500>, Lru>(&plan, |options| options.capacity(plan.capacity));
        is_told_of_once::<RwLock, Ttl<500>, Reject>(&plan, |options| options.capacity(plan.capacity));
        is_told_of_once::<RwLock, TtlIdle<500, 300>, Reject>(&plan, |options| options.capacity(plan.capacity).idle(plan.idle));
        is_told_of_once::<Mutex, Idle<300>, Lru>(&plan, |options| options.capacity(plan.capacity));
    }
}

/// Entries whose time ends give back what they held, into fields before and after their own.
#[sharded(snapshot, shards = 2)]
struct Shop {
    #[shard(unbounded = "one entry per product")]
    before: HashMap<u8, u32>,
    #[shard(ttl = "15m")]
    reserved: HashMap<Id, u8>,
    #[shard(unbounded = "one entry per product")]
    after: HashMap<u8, u32>,
}

fn shop() -> (Arc<Shop>, Manual) {
    let clock = Manual::new();
    let shop = Arc::new(Shop::builder().clock(clock.clone()).build());
    let refilled: Weak<Shop> = Arc::downgrade(&shop);
    let refill = move |_: &Id, &product: &u8, cause| {
        if cause == Cause::Expired
            && let Some(shop) = refilled.upgrade()
        {
            shop.before().upsert(product, || 1, |left| *left += 1);
            shop.after().upsert(product, || 1, |left| *left += 1);
        }
    };
    shop.reserved().on_removal(refill).ok().unwrap();
    (shop, clock)
}

#[test]
fn what_a_listener_gives_back_is_in_the_file() {
    for tick in [0, 100, 400] {
        let (shop, clock) = shop();
        for id in 0..10 {
            shop.reserved().insert_with_ttl(Id(id), 7, Duration::from_millis(100 * id + 50));
        }
        shop.before().insert(7, 90);
        shop.after().insert(7, 90);
        clock.advance(Duration::from_millis(350));

        // While they are saved, the times of others end.
        let mut file = Vec::new();
        TICKS.set(Some((clock, Duration::from_millis(tick))));
        shop.save(&mut file).unwrap();
        TICKS.set(None);
        drop(shop);
        let (next, clock) = self::shop();
        next.restore(&file[..]).unwrap();
        let reserved = u32::try_from(next.reserved().len()).unwrap();
        assert_eq!((next.before().get(&7), next.after().get(&7)), (Some(100 - reserved), Some(100 - reserved)));
        clock.advance(Duration::from_hours(1));
        next.reserved().sweep();
        assert_eq!((next.before().get(&7), next.after().get(&7)), (Some(100), Some(100)), "{tick}");
    }
}

/// Another thread is calling the listener when the save begins: the save waits for what it changes.
#[test]
fn a_save_waits_for_the_listeners_of_other_threads() {
    let shop = Arc::new(Shop::new());
    let (entered, is_entered) = mpsc::channel();
    let refilled: Weak<Shop> = Arc::downgrade(&shop);
    let refill = move |_: &Id, &product: &u8, _| {
        entered.send(()).unwrap();
        // Long enough for a save that does not wait.
        thread::sleep(Duration::from_millis(100));
        if let Some(shop) = refilled.upgrade() {
            shop.before().upsert(product, || 1, |left| *left += 1);
        }
    };
    shop.reserved().on_removal(refill).ok().unwrap();
    for id in 0..3 {
        shop.reserved().insert(Id(id), 7);
    }
    let mut file = Vec::new();
    thread::scope(|scope| {
        scope.spawn(|| shop.reserved().clear());
        is_entered.recv().unwrap();
        // The entries lie in several shards, which are cleared one after the other.
        while !shop.reserved().is_empty() {
            thread::yield_now();
        }
        shop.save(&mut file).unwrap();
    });
    let next = Shop::new();
    next.restore(&file[..]).unwrap();
    assert_eq!(next.before().get(&7), Some(3));
}

/// A save in a listener, a loader or a closure waits for nobody: it would wait for itself.
#[test]
fn a_save_in_a_listener_does_not_wait() {
    let shop = Arc::new(Shop::new());
    let (saved, is_saved) = mpsc::channel();
    let own: Weak<Shop> = Arc::downgrade(&shop);
    let save = move |_: &Id, _: &u8, _| {
        let shop = own.upgrade().unwrap();
        saved.send(shop.save(std::io::sink()).unwrap()).unwrap();
    };
    shop.reserved().on_removal(save).ok().unwrap();
    shop.reserved().extend([(Id(1), 7), (Id(2), 7)]);
    shop.reserved().remove(&Id(1));
    assert_eq!(is_saved.try_recv(), Ok(1));
}

/// Nothing leaves a map that nobody listens to, so a save takes no exclusive lock in it; what has expired is not in the
/// file.
#[test]
fn a_map_without_a_listener_is_only_read() {
    #[sharded(snapshot, shards = 1, ttl = "1m")]
    struct Online {
        #[shard(lock = RwLock)]
        users: HashSet<u8>,
    }
    let clock = Manual::new();
    let online = Online::builder().clock(clock.clone()).build();
    online.users().insert(1);
    clock.advance(Duration::from_mins(1));
    online.users().insert_with_ttl(2, Duration::from_secs(1));
    online.users().insert_with_ttl(3, Duration::MAX);
    clock.advance(Duration::from_secs(1));
    let stored = online.users().len();
    assert_eq!(online.save(std::io::sink()).unwrap(), 1);
    assert_eq!(online.users().len(), stored);
}

/// Keys that were saved and can't come in are told of as well.
#[test]
fn a_set_tells_too() {
    #[sharded(snapshot)]
    struct Flight {
        #[shard(capacity = 100, evict = Reject, shards = 1)]
        seats: HashSet<u8>,
    }
    let flight = Flight::new();
    for seat in 0..10 {
        flight.seats().try_insert(seat).unwrap();
    }
    let mut file = Vec::new();
    flight.save(&mut file).unwrap();
    let smaller = Flight::builder().seats(|seats| seats.capacity(8)).build();
    let mut removals = smaller.seats().removals(10).unwrap();
    let loaded = smaller.restore(&file[..]).unwrap();
    assert_eq!((loaded.entries, loaded.refused), (8, 2));
    let told: HashSet<u8> = std::iter::from_fn(|| removals.try_recv()).map(|removal| removal.key).collect();
    assert_eq!(told.len(), 2);
    assert!(told.iter().all(|seat| !smaller.seats().contains(seat)));
}
