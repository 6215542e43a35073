//! Whole stores, and a map of them alone.

use serde::{Deserialize, Serialize};
use sharded::{
    Key, Value,
    clock::Manual,
    sharded,
    snapshot::{RestoreError, SaveError, Saved, Snapshot},
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    io::{self, Write},
    net::IpAddr,
    sync::Arc,
    time::{Duration, SystemTime},
};

fn file(store: &impl Snapshot) -> Vec<u8> {
    let mut file = Vec::new();
    store.save(&mut file).unwrap();
    file
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Thing {
    Unit,
    New(u8),
    Pair(i128, char),
    Named { a: Option<String>, b: Vec<u8>, c: BTreeMap<(u8, u8), f64> },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Either {
    Number(u64),
    Text(String),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Rich {
    things: Vec<Thing>,
    address: IpAddr,
    since: SystemTime,
    shared: Arc<str>,
    either: Either,
    #[serde(flatten)]
    rest: BTreeMap<String, u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    skipped: Option<u8>,
    last: Duration,
}

/// What types are made of comes back, whatever serde's attributes say.
#[test]
fn values_of_all_kinds() {
    type RichKey = (u128, bool, [i8; 3]);
    #[sharded(snapshot, ttl = "1h")]
    struct Store {
        rich: HashMap<RichKey, Rich>,
        nothing: HashMap<(), u8>,
        nested: HashMap<Option<String>, Box<Thing>>,
    }
    let rich = |n: u64| Rich {
        things: vec![
            Thing::Unit,
            Thing::New(7),
            Thing::Pair(i128::MIN, 'ß'),
            Thing::Named { a: Some("a".repeat(300)), b: vec![0, 255], c: [((1, 2), f64::NEG_INFINITY)].into() },
            Thing::Named { a: None, b: Vec::new(), c: BTreeMap::new() },
        ],
        address: "2001:db8::1".parse().unwrap(),
        since: SystemTime::UNIX_EPOCH + Duration::from_nanos(n),
        shared: "shared".into(),
        either: if n.is_multiple_of(2) { Either::Number(u64::MAX - n) } else { Either::Text(n.to_string()) },
        rest: [("x".to_owned(), 1), ("y".to_owned(), n)].into(),
        skipped: (n > 5).then_some(1),
        last: Duration::from_secs(n),
    };
    let store = Store::new();
    for n in 0..10_u64 {
        store.rich().insert((u128::MAX - u128::from(n), n.is_multiple_of(2), [-1, 0, 1]), rich(n));
    }
    store.nothing().insert((), 1);
    store.nested().insert(None, Box::new(Thing::Unit));
    store.nested().insert(Some(String::new()), Box::new(Thing::New(0)));

    let next = Store::new();
    assert_eq!(next.restore(&file(&store)[..]).unwrap().entries, 13);
    for n in 0..10_u64 {
        let key = (u128::MAX - u128::from(n), n.is_multiple_of(2), [-1, 0, 1]);
        assert_eq!(next.rich().get(&key), Some(rich(n)));
    }
    assert!(next.nothing().contains_key(&()));
    assert_eq!(next.nested().get(&None), Some(Box::new(Thing::Unit)));
    assert_eq!(next.nested().get(&Some(String::new())), Some(Box::new(Thing::New(0))));
}

/// A value of many frames, between small ones.
#[test]
fn a_value_as_large_as_it_likes() {
    #[sharded(snapshot, ttl = "1h")]
    struct Store {
        map: HashMap<u8, String>,
    }
    let store = Store::new();
    let value = |key: u8| "x".repeat(usize::from(key) * 40_000);
    store.map().extend((0..20).map(|key| (key, value(key))));
    let next = Store::new();
    assert_eq!(next.restore(&file(&store)[..]).unwrap().entries, 20);
    assert!((0..20).all(|key| next.map().get(&key) == Some(value(key))));
}

/// A program whose types have gained what has a default, and lost something, goes on.
#[test]
fn types_and_stores_that_change() {
    mod before {
        use super::*;
        #[derive(Clone, Serialize, Deserialize)]
        pub(super) struct Session {
            pub(super) user: String,
            pub(super) visits: u32,
        }
        #[sharded(snapshot, ttl = "1h", shards = 8)]
        pub(super) struct Service {
            pub(super) sessions: HashMap<u64, Session>,
            pub(super) gone: HashSet<String>,
        }
    }
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Session {
        #[serde(default)]
        theme: String,
        user: String,
    }
    #[sharded(snapshot, ttl = "2h", shards = 16, lock = RwLock, capacity = 1000)]
    struct Service {
        came: HashMap<u64, u64>,
        sessions: HashMap<u32, Session>,
    }

    let before = before::Service::new();
    before.sessions().insert(7, before::Session { user: "ada".to_owned(), visits: 3 });
    before.gone().insert("x".to_owned());
    let file = file(&before);

    let now = Service::new();
    now.came().insert(1, 1);
    let error = now.restore(&file[..]).unwrap_err();
    assert!(matches!(&error, RestoreError::UnknownField { field } if field == "gone"), "{error:?}");
    assert!(now.sessions().is_empty());

    assert_eq!(now.sessions().restore(&file[..]).unwrap().entries, 1, "one field of the file");
    assert_eq!(now.sessions().get(&7), Some(Session { theme: String::new(), user: "ada".to_owned() }));
    let error = now.came().restore(&file[..]).unwrap_err();
    assert!(matches!(error, RestoreError::MissingField { field: "came" }), "{error:?}");

    // A file without a field leaves it alone.
    let mut alone = Vec::new();
    now.sessions().save(&mut alone).unwrap();
    now.sessions().clear();
    assert_eq!(now.restore(&alone[..]).unwrap().entries, 1);
    assert_eq!((now.sessions().len(), now.came().get(&1)), (1, Some(1)));
}

#[test]
fn what_passes_over_a_field_looks_at_it_all_the_same() {
    #[sharded(snapshot, ttl = "1h")]
    struct Store {
        first: HashMap<u8, u8>,
        second: HashSet<u8>,
    }
    let store = Store::new();
    store.first().insert(1, 1);
    store.second().insert(2);
    let mut file = file(&store);
    let last = file.len() - 1;
    file[last] ^= 1;
    let next = Store::new();
    assert!(matches!(next.second().restore(&file[..]), Err(RestoreError::Damaged { .. })));
    assert!(next.second().is_empty());
}

/// Parameters, a condition, and a field that is no map.
#[test]
fn stores_of_all_kinds() {
    #[sharded(snapshot, ttl = "1h")]
    struct Generic<K: Key + Saved, V: Value + Saved, const N: usize> {
        map: HashMap<K, V>,
        #[cfg(any())]
        never: HashMap<NoSuchType, u8>,
        set: HashSet<Vec<K>>,
        #[shard(skip)]
        plain: std::cell::Cell<u8>,
    }
    let store = || Generic::<u8, String, 1>::builder().plain(std::cell::Cell::new(5)).build();
    let (before, after) = (store(), store());
    before.map().insert(1, "x".to_owned());
    before.plain.set(9);
    assert_eq!(before.save(io::sink()).unwrap(), 1);
    assert_eq!(after.restore(&file(&before)[..]).unwrap().entries, 1);
    assert_eq!((after.map().get(&1), after.plain.get()), (Some("x".to_owned()), 5), "what is skipped stays");
    assert!(after.set().is_empty());
}

#[test]
fn an_empty_store_is_saved_too() {
    #[sharded(snapshot, ttl = "1h")]
    struct Store {
        map: HashMap<u8, u8>,
    }
    #[sharded(snapshot)]
    struct Nothing {}
    let store = Store::new();
    let file = file(&store);
    store.map().insert(1, 1);
    assert_eq!(store.restore(&file[..]).unwrap().entries, 0);
    assert_eq!(store.map().len(), 1);
    let mut file = Vec::new();
    assert_eq!(Nothing::new().save(&mut file).unwrap(), 0);
    assert_eq!(Nothing::new().restore(&file[..]).unwrap().entries, 0);
    assert_eq!(store.restore(&file[..]).unwrap().entries, 0);
}

#[test]
fn more_entries_than_there_is_room_for() {
    #[sharded(snapshot)]
    struct Store {
        #[shard(capacity = 1000, evict = Lru)]
        evicts: HashMap<u64, u64>,
        #[shard(capacity = 1000, evict = Reject, ttl = "1h")]
        rejects: HashMap<u64, u64>,
    }
    let store = Store::new();
    for key in 0..500 {
        store.evicts().insert(key, key);
        store.rejects().try_insert(key, key).unwrap();
    }
    let small = Store::builder().evicts(|map| map.capacity(100)).rejects(|map| map.capacity(100).shards(1)).build();
    small.rejects().try_insert(7, 0).unwrap();
    let loaded = small.restore(&file(&store)[..]).unwrap();
    assert_eq!((loaded.entries, loaded.refused, loaded.expired), (500 + 100, 400, 0));
    assert_eq!((small.evicts().len(), small.rejects().len()), (100, 100));
    assert_eq!(small.rejects().get(&7), Some(7), "one that is there needs no room");
    for map in [small.evicts().to_vec(), small.rejects().to_vec()] {
        assert!(map.into_iter().all(|(key, value)| key == value));
    }
}

/// What does not fit by its weight is refused, and what may not be evicted makes no room.
#[test]
fn weights_and_what_may_not_be_evicted() {
    #[allow(clippy::ptr_arg, clippy::trivially_copy_pass_by_ref, reason = "as the map has them")]
    fn weight(_: &u8, value: &String) -> u32 {
        u32::try_from(value.len()).unwrap()
    }
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "likewise")]
    fn is_free(_: &u8, value: &bool) -> bool {
        *value
    }
    #[sharded(snapshot, idle = "1h", shards = 1)]
    struct Store {
        #[shard(capacity = 100, weight = weight)]
        heavy: HashMap<u8, String>,
        #[shard(capacity = 4, evictable = is_free)]
        pinned: HashMap<u8, bool>,
    }
    let clock = Manual::new();
    let store = Store::builder().clock(clock.clone()).build();
    store.heavy().extend([(1, "x".repeat(50)), (2, "x".repeat(6)), (3, "x".repeat(6))]);
    store.pinned().extend([(1, false), (2, true), (3, false), (4, false)]);
    clock.advance(Duration::from_mins(1));
    let small = Store::builder().clock(clock).heavy(|map| map.capacity(10)).pinned(|map| map.capacity(2)).build();
    let loaded = small.restore(&file(&store)[..]).unwrap();
    // Of heavy, one is refused and one evicted; of pinned, the free one may have come, and gone.
    assert!((1 + 1..=1 + 2).contains(&loaded.refused), "{loaded:?}");
    assert_eq!(loaded.entries + loaded.refused, 7);
    assert_eq!((small.heavy().len(), small.pinned().values()), (1, vec![false, false]));
    assert_eq!(small.pinned().ttl_of(&small.pinned().keys()[0]), Some(Duration::from_mins(59)));
}

/// A writer that takes so many bytes.
struct Failing(usize);

impl Write for Failing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0 == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let taken = bytes.len().min(self.0).min(5);
        self.0 -= taken;
        Ok(taken)
    }
    fn flush(&mut self) -> io::Result<()> {
        if self.0 == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
}

#[test]
fn a_writer_that_fails_says_so() {
    #[sharded(snapshot, ttl = "1h")]
    struct Store {
        map: HashMap<u32, String>,
    }
    let store = Store::new();
    store.map().extend((0..10).map(|key| (key, key.to_string())));
    let length = file(&store).len();
    for room in 0..=length {
        let error = store.save(Failing(room)).unwrap_err();
        assert!(matches!(&error, SaveError::Io(error) if error.kind() == io::ErrorKind::StorageFull), "{error:?}");
    }
    assert_eq!(store.save(Failing(length + 1)).unwrap(), 10);
    assert_eq!(store.map().len(), 10);
}

/// Two saves of the same entries are equal but for their order and times.
#[test]
fn a_set_alone() {
    #[sharded(ttl = "1h")]
    struct Store {
        set: HashSet<u64>,
    }
    let store = Store::new();
    store.set().extend(0..1000);
    let mut file = Vec::new();
    assert_eq!(store.set().save(&mut file).unwrap(), 1000);
    let next = Store::new();
    assert_eq!(next.set().restore(&file[..]).unwrap().entries, 1000);
    let keys: BTreeSet<u64> = next.set().to_vec().into_iter().collect();
    assert_eq!(keys, (0..1000).collect());
}

/// As the documentation says, so that nobody is surprised: the form has one word for all of them.
#[test]
fn what_is_nothing_comes_back_as_none() {
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Wrapped(Option<u8>);
    #[sharded(snapshot, ttl = "1h")]
    struct Store {
        map: HashMap<u8, Option<()>>,
        wrapped: HashMap<u8, Option<Wrapped>>,
    }
    let store = Store::new();
    store.map().extend([(1, None), (2, Some(()))]);
    store.wrapped().extend([(1, None), (2, Some(Wrapped(None))), (3, Some(Wrapped(Some(3))))]);
    let next = Store::new();
    assert_eq!(next.restore(&file(&store)[..]).unwrap().entries, 5);
    assert_eq!([1, 2].map(|key| next.map().get(&key)), [Some(None), Some(None)]);
    let wrapped = [1, 2, 3].map(|key| next.wrapped().get(&key));
    assert_eq!(wrapped, [Some(None), Some(None), Some(Some(Wrapped(Some(3))))]);
}
