//! A map that is saved and restored into a new one, with a new clock, behaves as before: as a plain model without
//! restarts.

use crate::common::{
    hashers::Constant,
    locks::StdRwLock,
    policy::{Idle, Never, Of, OwnOnly, Times, Ttl, TtlIdle},
};
use proptest::prelude::*;
use sharded::{
    ShardedMap,
    builder::{BuildField, FieldOptions, StoreOptions},
    clock::Manual,
    evict::{Lru, MakesRoom, Sieve, Unbounded},
    lock::{Lock, Mutex, Optimistic, Rcu, RwLock, Serves},
};
use std::{collections::BTreeMap, time::Duration};

type Map<L, X, E> = ShardedMap<u8, u64, Of<L, X, E>>;

#[derive(Clone, Debug)]
enum Op {
    Insert(u8, u64),
    InsertOwn(u8, u64, u64),
    ExpireIn(u8, u64),
    Get(u8),
    Remove(u8),
    Advance(u64),
    Sweep,
    Restart { shards: u32 },
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        4 => (any::<u8>(), any::<u64>()).prop_map(|(key, value)| Op::Insert(key, value)),
        2 => (any::<u8>(), any::<u64>(), times()).prop_map(|(key, value, ttl)| Op::InsertOwn(key, value, ttl)),
        1 => (any::<u8>(), times()).prop_map(|(key, ttl)| Op::ExpireIn(key, ttl)),
        3 => any::<u8>().prop_map(Op::Get),
        1 => any::<u8>().prop_map(Op::Remove),
        2 => (0..400 * MS).prop_map(Op::Advance),
        1 => Just(Op::Sweep),
        1 => (0..5_u32).prop_map(|shards| Op::Restart { shards }),
    ];
    prop::collection::vec(op, 1..120)
}

const MS: u64 = 1_000_000;

/// Mostly such as end during the test.
fn times() -> impl Strategy<Value = u64> {
    prop_oneof![8 => 1..2000 * MS, 1 => Just(u64::MAX), 1 => Just(u64::MAX / 2), 1 => Just(1)]
}

/// The calls that only some expiry choices allow; those of the model follow them.
trait Own: Times + Sized {
    const EXPIRES: bool = true;
    fn insert_own<L: Lock + Serves<u8, u64>, E: MakesRoom>(map: &Map<L, Self, E>, key: u8, value: u64, ttl: Duration);
    fn expire_in<L: Lock + Serves<u8, u64>, E: MakesRoom>(map: &Map<L, Self, E>, key: u8, ttl: Duration);
    fn ttl_of<L: Lock + Serves<u8, u64>, E: MakesRoom>(map: &Map<L, Self, E>, key: u8) -> Option<Duration>;
}

impl Own for Never {
    const EXPIRES: bool = false;
    fn insert_own<L: Lock + Serves<u8, u64>, E: MakesRoom>(map: &Map<L, Self, E>, key: u8, value: u64, _: Duration) {
        map.insert(key, value);
    }
    fn expire_in<L: Lock + Serves<u8, u64>, E: MakesRoom>(_: &Map<L, Self, E>, _: u8, _: Duration) {}
    fn ttl_of<L: Lock + Serves<u8, u64>, E: MakesRoom>(map: &Map<L, Self, E>, key: u8) -> Option<Duration> {
        map.contains_key(&key).then_some(Duration::MAX)
    }
}

macro_rules! own {
    ($($times:ty),*) => {$(
        impl Own for $times {
            fn insert_own<L: Lock + Serves<u8, u64>, E: MakesRoom>(map: &Map<L, Self, E>, key: u8, value: u64, ttl: Duration) {
                map.insert_with_ttl(key, value, ttl);
            }
            fn expire_in<L: Lock + Serves<u8, u64>, E: MakesRoom>(map: &Map<L, Self, E>, key: u8, ttl: Duration) {
                map.expire_in(&key, ttl);
            }
            fn ttl_of<L: Lock + Serves<u8, u64>, E: MakesRoom>(map: &Map<L, Self, E>, key: u8) -> Option<Duration> {
                map.ttl_of(&key)
            }
        }
    )*};
}
own!(Ttl<1000>, Idle<300>, TtlIdle<1000, 300>, OwnOnly);

#[derive(Clone, Debug)]
struct Entry {
    value: u64,
    end: u64,
    used: u64,
}

/// What a map of such times is.
struct Model {
    entries: BTreeMap<u8, Entry>,
    now: u64,
    ttl: u64,
    idle: u64,
    expires: bool,
}

impl Model {
    fn of<X: Own>() -> Self {
        let nanos = |time: Option<Duration>| time.map_or(u64::MAX, |time| u64::try_from(time.as_nanos()).unwrap());
        Model { entries: BTreeMap::new(), now: 0, ttl: nanos(X::TTL), idle: nanos(X::IDLE), expires: X::EXPIRES }
    }

    fn forget_expired(&mut self) {
        let (now, idle) = (self.now, self.idle);
        self.entries.retain(|_, entry| entry.end.min(entry.used.saturating_add(idle)) > now);
    }

    fn apply(&mut self, op: &Op) {
        let now = self.now;
        let own = |ttl: u64| if self.expires { now.saturating_add(ttl) } else { u64::MAX };
        match *op {
            Op::Insert(key, value) => {
                let entry = Entry { value, end: now.saturating_add(self.ttl), used: now };
                self.entries.insert(key, entry);
            }
            Op::InsertOwn(key, value, ttl) => {
                self.entries.insert(key, Entry { value, end: own(ttl), used: now });
            }
            Op::ExpireIn(key, ttl) => {
                if let Some(entry) = self.entries.get_mut(&key) {
                    (entry.end, entry.used) = (own(ttl), now);
                }
            }
            Op::Get(key) => {
                if let Some(entry) = self.entries.get_mut(&key) {
                    entry.used = now;
                }
            }
            Op::Remove(key) => {
                self.entries.remove(&key);
            }
            Op::Advance(by) => self.now += by,
            Op::Sweep | Op::Restart { .. } => {}
        }
        self.forget_expired();
    }

    /// By key: the value, and the time left.
    fn shown(&self) -> Vec<(u8, u64, u64)> {
        let left = |entry: &Entry| match entry.end.min(entry.used.saturating_add(self.idle)) {
            u64::MAX => u64::MAX,
            end => end - self.now,
        };
        self.entries.iter().map(|(&key, entry)| (key, entry.value, left(entry))).collect()
    }
}

fn shown<L: Lock + Serves<u8, u64>, X: Own, E: MakesRoom>(map: &Map<L, X, E>) -> Vec<(u8, u64, u64)> {
    let left = |key| match X::ttl_of(map, key).expect("it is alive") {
        Duration::MAX => u64::MAX,
        left => u64::try_from(left.as_nanos()).unwrap(),
    };
    let mut entries: Vec<_> = map.to_vec().into_iter().map(|(key, value)| (key, value, left(key))).collect();
    entries.sort_unstable();
    entries
}

fn build<L, X: Own, E: MakesRoom>(clock: &Manual, shards: u32) -> Map<L, X, E>
where
    L: Lock + Serves<u8, u64>,
    Map<L, X, E>: BuildField<Of<L, X, E>>,
{
    let store = StoreOptions::new().clock(clock.clone()).start();
    BuildField::build(&store, 0, FieldOptions::new().shards(1 << shards))
}

fn nanos(nanos: u64) -> Duration {
    if nanos == u64::MAX { Duration::MAX } else { Duration::from_nanos(nanos) }
}

/// Tries these operations, and restarts in the end too.
fn try_out<L, X: Own, E: MakesRoom>(ops: &[Op]) -> Result<(), TestCaseError>
where
    L: Lock + Serves<u8, u64>,
    Map<L, X, E>: BuildField<Of<L, X, E>>,
{
    let mut clock = Manual::new();
    let mut map: Map<L, X, E> = build(&clock, 2);
    let mut model = Model::of::<X>();
    for op in ops.iter().chain([&Op::Restart { shards: 1 }, &Op::Advance(100 * MS), &Op::Sweep]) {
        match *op {
            Op::Insert(key, value) => {
                map.insert(key, value);
            }
            Op::InsertOwn(key, value, ttl) => X::insert_own(&map, key, value, nanos(ttl)),
            Op::ExpireIn(key, ttl) => X::expire_in(&map, key, nanos(ttl)),
            Op::Get(key) => {
                map.get(&key);
            }
            Op::Remove(key) => {
                map.remove(&key);
            }
            Op::Advance(by) => clock.advance(nanos(by)),
            Op::Sweep => {
                map.sweep();
            }
            Op::Restart { shards } => {
                let mut file = Vec::new();
                let saved = map.save(&mut file).unwrap();
                clock = Manual::new();
                map = build(&clock, shards);
                let loaded = map.restore(&file[..]).unwrap();
                prop_assert_eq!((saved, loaded.expired, loaded.refused), (loaded.entries, 0, 0));
                prop_assert_eq!(map.len() as u64, saved, "nothing but what is alive");
            }
        }
        model.apply(op);
        prop_assert_eq!(shown(&map), model.shown(), "after {:?}", op);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_restart_is_not_noticed(ops in ops()) {
        try_out::<Mutex, Never, Unbounded>(&ops)?;
        try_out::<Mutex, Ttl<1000>, Unbounded>(&ops)?;
        try_out::<Mutex, TtlIdle<1000, 300>, Unbounded>(&ops)?;
        try_out::<RwLock, Idle<300>, Unbounded>(&ops)?;
        try_out::<RwLock, TtlIdle<1000, 300>, Unbounded>(&ops)?;
        try_out::<RwLock, OwnOnly, Unbounded>(&ops)?;
        try_out::<Optimistic, Never, Unbounded>(&ops)?;
        try_out::<Optimistic, Ttl<1000>, Unbounded>(&ops)?;
        try_out::<Rcu, Ttl<1000>, Unbounded>(&ops)?;
        try_out::<StdRwLock, TtlIdle<1000, 300>, Unbounded>(&ops)?;
    }

    /// With a capacity that is never reached nothing changes.
    #[test]
    fn a_restart_is_not_noticed_where_there_is_an_eviction(ops in ops()) {
        try_out::<Mutex, TtlIdle<1000, 300>, Lru>(&ops)?;
        try_out::<RwLock, Ttl<1000>, Sieve>(&ops)?;
        try_out::<Optimistic, Ttl<1000>, Sieve>(&ops)?;
        try_out::<Rcu, Never, Lru>(&ops)?;
    }
}

/// Keys whose hashes are equal are saved by batches all the same.
#[test]
fn keys_that_collide() {
    let map: ShardedMap<u64, u64, Of<Mutex, Never, Unbounded>, Constant> = ShardedMap::new();
    map.extend((0..1000).map(|key| (key, key)));
    let mut file = Vec::new();
    assert_eq!(map.save(&mut file).unwrap(), 1000);
    let next: ShardedMap<u64, u64, Of<Mutex, Never, Unbounded>> = ShardedMap::new();
    assert_eq!(next.restore(&file[..]).unwrap().entries, 1000);
    assert!((0..1000).all(|key| next.get(&key) == Some(key)));
}

/// Where the clock of the next process has not gone for so long, an entry has been unused since before its zero.
#[test]
fn what_was_unused_for_longer_than_the_clock_goes() {
    let hours = |hours: u64| Duration::from_secs(hours * 3600);
    let of = |clock: &Manual, idle| -> Map<Mutex, TtlIdle<1000, 300>, Unbounded> {
        let options = FieldOptions::new().ttl(hours(1000)).idle(idle);
        BuildField::build(&StoreOptions::new().clock(clock.clone()).start(), 0, options)
    };
    let clock = Manual::new();
    let map = of(&clock, hours(24));
    map.insert(1, 1);
    clock.advance(hours(20));
    map.insert(2, 2);
    let mut file = Vec::new();
    map.save(&mut file).unwrap();

    let clock = Manual::new();
    let map = of(&clock, hours(24));
    assert_eq!(map.restore(&file[..]).unwrap().entries, 2);
    assert_eq!((map.ttl_of(&1), map.ttl_of(&2)), (Some(hours(4)), Some(hours(24))));
    clock.advance(hours(3));
    assert_eq!(map.get(&1), Some(1), "a use");
    assert_eq!(map.ttl_of(&1), Some(hours(24)), "and what it had left of its ttl is more than that");
    clock.advance(hours(22));
    assert_eq!(map.sweep(), 1);
    assert_eq!(map.ttl_of(&1), Some(hours(2)));

    // With a shorter idle time by now, one of them would have been gone.
    let map = of(&Manual::new(), hours(5));
    let loaded = map.restore(&file[..]).unwrap();
    assert_eq!((loaded.entries, loaded.expired, map.len()), (1, 1, 1));
    assert_eq!(map.ttl_of(&2), Some(hours(5)));
}

/// The policy may be another one by the next start.
#[test]
fn times_that_are_declared_anew() {
    fn save<X: Own>(put: impl Fn(&Map<Mutex, X, Unbounded>)) -> Vec<u8>
    where
        Map<Mutex, X, Unbounded>: BuildField<Of<Mutex, X, Unbounded>>,
    {
        let map = build::<Mutex, X, Unbounded>(&Manual::new(), 2);
        put(&map);
        let mut file = Vec::new();
        map.save(&mut file).unwrap();
        file
    }
    fn left<X: Own>(file: &[u8]) -> Vec<u64>
    where
        Map<Mutex, X, Unbounded>: BuildField<Of<Mutex, X, Unbounded>>,
    {
        let map = build::<Mutex, X, Unbounded>(&Manual::new(), 2);
        assert_eq!(map.restore(file).unwrap().entries, map.len() as u64);
        shown(&map).into_iter().map(|(_, _, left)| left).collect()
    }

    let never = save::<Never>(|map| {
        map.insert(1, 1);
    });
    assert_eq!(left::<Never>(&never), [u64::MAX]);
    assert_eq!(left::<Ttl<1000>>(&never), [1000 * MS], "what had no end gets the one that is declared");
    assert_eq!(left::<TtlIdle<1000, 300>>(&never), [300 * MS]);

    let ttl = save::<Ttl<1000>>(|map| {
        map.insert(1, 1);
        map.insert_with_ttl(2, 2, nanos(5 * MS));
        map.insert_with_ttl(3, 3, Duration::MAX);
    });
    assert_eq!(left::<Never>(&ttl), [u64::MAX; 3]);
    assert_eq!(left::<Ttl<70>>(&ttl), [1000 * MS, 5 * MS, u64::MAX], "each keeps what it had left");
    assert_eq!(left::<TtlIdle<1000, 300>>(&ttl), [300 * MS, 5 * MS, 300 * MS]);

    let idle = save::<Idle<300>>(|map| {
        map.insert(1, 1);
    });
    assert_eq!(left::<Ttl<1000>>(&idle), [1000 * MS]);
}
own!(Ttl<70>);
