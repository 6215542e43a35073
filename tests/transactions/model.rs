//! Random transactions on two maps of a store have the answers and the effects that they have on a plain map.

use crate::common::{
    locks::StdRwLock,
    panics,
    policy::{Idle, Never, Of, Times, Ttl, TtlIdle},
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use sharded::{
    ShardedMap, TransactionError,
    builder::{BuildField, FieldOptions, StoreOptions},
    clock::{Manual, System},
    evict::Unbounded,
    expiry::Expires,
    lock::{Lock, Mutex, Optimistic, Rcu, RwLock, Serves},
    rows::{RowMut, RowRef},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

const CASES: u32 = 20;

/// What is done with one row. The numbers are values.
#[derive(Clone, Copy, Debug)]
enum Change {
    Get,
    Insert(u64),
    InsertFor(u64, u64),
    Update(u64),
    OrInsert(u64),
    Remove,
}

/// How the closure ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Ok,
    Err,
    Panic,
}

#[derive(Clone, Debug)]
enum Step {
    /// Changes of the rows of two maps, and how many of them are made before the closure ends in this way.
    Transaction {
        rows: [Vec<u64>; 2],
        changes: Vec<(usize, Change)>,
        end: End,
    },
    Observe([Vec<u64>; 2]),
    Insert(usize, u64, u64),
    Remove(usize, u64),
    Advance(u64),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        Just(Change::Get),
        any::<u64>().prop_map(Change::Insert),
        (any::<u64>(), 0_u64..3000).prop_map(|(value, ms)| Change::InsertFor(value, ms)),
        any::<u64>().prop_map(Change::Update),
        any::<u64>().prop_map(Change::OrInsert),
        Just(Change::Remove),
    ]
}

fn keys() -> impl Strategy<Value = Vec<u64>> {
    prop::collection::btree_set(0_u64..40, 0..7).prop_map(BTreeSet::into_iter).prop_map(Iterator::collect)
}

fn step() -> impl Strategy<Value = Step> {
    // Often one row or two.
    let rows = || {
        prop_oneof![
            (keys(), keys()).prop_map(|(a, b)| [a, b]),
            (0_u64..40).prop_map(|key| [vec![key], vec![]]),
            (0_u64..40, 0_u64..40).prop_map(|(a, b)| [vec![a], vec![b]]),
            (0_u64..40, 1_u64..40).prop_map(|(key, more)| [vec![key, (key + more) % 40], vec![]]),
        ]
    };
    let end = prop_oneof![4 => Just(End::Ok), 1 => Just(End::Err), 1 => Just(End::Panic)];
    prop_oneof![
        6 => (rows(), prop::collection::vec((any::<usize>(), change()), 0..12), end)
            .prop_map(|(rows, changes, end)| Step::Transaction { rows, changes, end }),
        1 => rows().prop_map(Step::Observe),
        2 => (0_usize..2, 0_u64..40, any::<u64>()).prop_map(|(map, key, value)| Step::Insert(map, key, value)),
        1 => (0_usize..2, 0_u64..40).prop_map(|(map, key)| Step::Remove(map, key)),
        2 => (0_u64..800).prop_map(Step::Advance),
    ]
}

/// An entry of the model: its value, and when it expires by its time to live and if it is not used.
#[derive(Clone, Copy, Debug)]
struct Entry {
    value: u64,
    deadline: u64,
    used: u64,
}

/// Two plain maps.
#[derive(Clone, Debug)]
struct Model {
    maps: [BTreeMap<u64, Entry>; 2],
    now: u64,
    ttl: u64,
    idle: u64,
}

impl Model {
    fn get(&mut self, map: usize, key: u64) -> Option<&mut Entry> {
        let (now, idle) = (self.now, self.idle);
        self.maps[map].get_mut(&key).filter(|entry| entry.deadline.min(entry.used.saturating_add(idle)) > now)
    }

    fn use_entry(&mut self, map: usize, key: u64) -> Option<u64> {
        let now = self.now;
        self.get(map, key).map(|entry| {
            entry.used = now;
            entry.value
        })
    }

    fn put(&mut self, map: usize, key: u64, value: u64, ttl: Option<u64>) {
        let deadline = self.now.saturating_add(ttl.unwrap_or(self.ttl));
        self.maps[map].insert(key, Entry { value, deadline, used: self.now });
    }
}

/// The differences between maps whose entries expire, and others.
trait OwnTtl<P: sharded::Policy> {
    fn put(row: &mut sharded::rows::RowMut<'_, u64, u64, P>, value: u64, ms: u64) -> Option<u64>;
}
enum Own {}
impl<P: sharded::Policy<Expiry: Expires>> OwnTtl<P> for Own {
    fn put(row: &mut sharded::rows::RowMut<'_, u64, u64, P>, value: u64, ms: u64) -> Option<u64> {
        row.insert_with_ttl(value, Duration::from_millis(ms));
        Some(ms)
    }
}
enum NoOwn {}
impl<P: sharded::Policy> OwnTtl<P> for NoOwn {
    fn put(row: &mut sharded::rows::RowMut<'_, u64, u64, P>, value: u64, _: u64) -> Option<u64> {
        row.insert(value);
        None
    }
}

type Map<L, X, const SHARDS: usize> = ShardedMap<u64, u64, Of<L, X, Unbounded, System, SHARDS>>;

fn run<L, X, T, const SHARDS: usize>(steps: Vec<Step>)
where
    L: Lock + Serves<u64, u64>,
    X: Times,
    T: OwnTtl<Of<L, X, Unbounded, System, SHARDS>>,
    Map<L, X, SHARDS>: BuildField<Of<L, X, Unbounded, System, SHARDS>>,
{
    let clock = Manual::new();
    let store = StoreOptions::new().clock(clock.clone()).start();
    let maps: [Map<L, X, SHARDS>; 2] = [0, 1].map(|index| BuildField::build(&store, index, FieldOptions::new()));
    let ms = |time: Option<Duration>| time.map_or(u64::MAX, |time| u64::try_from(time.as_millis()).unwrap());
    let mut model = Model { maps: [BTreeMap::new(), BTreeMap::new()], now: 0, ttl: ms(X::TTL), idle: ms(X::IDLE) };
    for step in steps {
        match step {
            Step::Insert(map, key, value) => {
                let before = model.get(map, key).map(|entry| entry.value);
                assert_eq!(maps[map].insert(key, value), before);
                model.put(map, key, value, None);
            }
            Step::Remove(map, key) => {
                let before = model.get(map, key).map(|entry| entry.value);
                assert_eq!(maps[map].remove(&key), before);
                model.maps[map].remove(&key);
            }
            Step::Advance(ms) => {
                clock.advance(Duration::from_millis(ms));
                model.now += ms;
            }
            Step::Observe(keys) => {
                let [a, b] = [0, 1].map(|map| keys[map].iter().map(|key| maps[map].row(key)).collect::<Vec<_>>());
                let read = |row: &RowRef<'_, u64, u64>| (*row.key(), row.get().copied());
                let seen = match (&a[..], &b[..]) {
                    ([row], []) => [vec![sharded::observe(*row, |row| read(&row))], vec![]],
                    ([one], [other]) => {
                        let (one, other) = sharded::observe((*one, *other), |(a, b)| (read(&a), read(&b)));
                        [vec![one], vec![other]]
                    }
                    _ => sharded::observe((a, &b[..]), |(a, b)| [a, b].map(|rows| rows.iter().map(read).collect())),
                };
                for (map, seen) in seen.into_iter().enumerate() {
                    let known = keys[map].iter().map(|&key| (key, model.use_entry(map, key))).collect::<Vec<_>>();
                    assert_eq!(seen, known);
                }
            }
            Step::Transaction { rows, changes, end } => {
                let mut after = model.clone();
                let mut used = BTreeSet::new();
                transact::<L, X, T, SHARDS>(&maps, &rows, &changes, end, (&mut after, &mut used));
                if end == End::Ok {
                    model = after;
                } else if end == End::Err {
                    // Only what a read leaves.
                    for (map, key) in used {
                        model.use_entry(map, key);
                    }
                }
            }
        }
        for (map, known) in maps.iter().zip(0..) {
            for key in 0..40 {
                let value = model.get(known, key).map(|entry| entry.value);
                assert_eq!(map.contains_key(&key), value.is_some(), "key {key} of map {known}");
                assert_eq!(map.live_len(), (0..40).filter(|&key| model.get(known, key).is_some()).count());
            }
        }
    }
    for (map, known) in maps.iter().zip(0..) {
        for key in 0..40 {
            assert_eq!(map.get(&key), model.use_entry(known, key), "key {key} of map {known}");
        }
    }
}

/// Runs a transaction, and the same on the model, with all that the closure sees.
fn transact<L, X, T, const SHARDS: usize>(
    maps: &[Map<L, X, SHARDS>; 2],
    rows: &[Vec<u64>; 2],
    changes: &[(usize, Change)],
    end: End,
    (model, used): (&mut Model, &mut BTreeSet<(usize, u64)>),
) where
    L: Lock + Serves<u64, u64>,
    X: Times,
    T: OwnTtl<Of<L, X, Unbounded, System, SHARDS>>,
{
    type Rows<'a, 't, L, X, const SHARDS: usize> =
        Vec<&'a mut RowMut<'t, u64, u64, Of<L, X, Unbounded, System, SHARDS>>>;

    let [a, b] = [0, 1].map(|map| rows[map].iter().map(|key| maps[map].row(key)).collect::<Vec<_>>());
    let places: Vec<_> = [0, 1].into_iter().flat_map(|map| rows[map].iter().map(move |&key| (map, key))).collect();
    let run = || {
        let mut change = |mut views: Rows<'_, '_, L, X, SHARDS>| {
            for &(row, change) in changes {
                let Some(row) = row.checked_rem(places.len()) else { break };
                let (view, (map, key)) = (&mut views[row], places[row]);
                assert_eq!(*view.key(), key);
                let before = model.get(map, key).map(|entry| entry.value);
                if matches!(change, Change::Get | Change::Update(_) | Change::OrInsert(_)) {
                    used.insert((map, key));
                    model.use_entry(map, key);
                }
                match change {
                    Change::Get => assert_eq!(view.get().copied(), before),
                    Change::Insert(value) => {
                        view.insert(value);
                        model.put(map, key, value, None);
                    }
                    Change::InsertFor(value, ms) => {
                        let ttl = T::put(view, value, ms);
                        model.put(map, key, value, ttl);
                        if ttl == Some(0) {
                            // It is there until the end of the transaction, which the model does not know.
                            view.remove();
                            model.maps[map].remove(&key);
                        }
                    }
                    Change::Update(value) => {
                        let updated = view.update(|old| {
                            *old ^= value;
                            *old
                        });
                        assert_eq!(updated, before.map(|old| old ^ value));
                        if let Some(entry) = model.get(map, key) {
                            entry.value ^= value;
                        }
                    }
                    Change::OrInsert(value) => {
                        assert_eq!(*view.or_insert_with(|| value), before.unwrap_or(value));
                        if before.is_none() {
                            model.put(map, key, value, None);
                        }
                    }
                    Change::Remove => {
                        assert_eq!(view.remove(), before.is_some());
                        model.maps[map].remove(&key);
                    }
                }
            }
            match end {
                End::Ok => Ok(changes.len()),
                End::Err => Err("it ends"),
                End::Panic => panic!("it ends"),
            }
        };
        // One row and two rows go ways of their own.
        match [&a[..], &b[..]].concat()[..] {
            [row] => sharded::transaction(row, |row| change(vec![row])).map_err(TransactionError::into_failure),
            [one, other] if changes.len().is_multiple_of(2) => {
                sharded::transaction((one, other), |(one, other)| change(vec![one, other]))
                    .map_err(TransactionError::into_failure)
            }
            [one, other] => sharded::transaction([one, other], |rows| change(rows.iter_mut().collect()))
                .map_err(TransactionError::into_failure),
            _ => sharded::transaction((a, &b[..]), |(a, b)| change(a.iter_mut().chain(b).collect()))
                .map_err(TransactionError::into_failure),
        }
    };
    if end == End::Panic {
        assert_eq!(panics(run), "it ends");
        return;
    }
    let result = run();
    match end {
        End::Ok => assert_eq!(result, Ok(changes.len())),
        _ => assert_eq!(result, Err(Some("it ends"))),
    }
}

fn suite<L, X, T>()
where
    L: Lock + Serves<u64, u64>,
    X: Times,
    T: OwnTtl<Of<L, X, Unbounded, System, 1>> + OwnTtl<Of<L, X, Unbounded, System, 8>>,
    Map<L, X, 1>: BuildField<Of<L, X, Unbounded, System, 1>>,
    Map<L, X, 8>: BuildField<Of<L, X, Unbounded, System, 8>>,
{
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&prop::collection::vec(step(), 1..40), |steps| {
        run::<L, X, T, 1>(steps.clone());
        run::<L, X, T, 8>(steps);
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

macro_rules! suites {
    ($($name:ident: $Lock:ty;)+) => {
        $(
            #[test]
            fn $name() {
                suite::<$Lock, Never, NoOwn>();
                suite::<$Lock, Ttl<1000>, Own>();
                suite::<$Lock, Idle<700>, Own>();
                suite::<$Lock, TtlIdle<1500, 700>, Own>();
            }
        )+
    };
}

suites! {
    under_mutex: Mutex;
    under_rwlock: RwLock;
    under_optimistic: Optimistic;
    under_rcu: Rcu;
    under_a_lock_of_ones_own: StdRwLock;
}
