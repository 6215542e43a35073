//! Concurrent writers, panics and nested accesses while a store is saved.

use crate::common::{
    ignore, panics,
    threads::{Dice, together},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use sharded::{
    Store, sharded,
    snapshot::{RestoreError, SaveError, Snapshot},
};
use std::{
    cell::{Cell, RefCell},
    collections::{HashMap, HashSet},
    io,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

#[sharded(snapshot, shards = 4)]
struct Busy {
    #[shard(unbounded = "the test's keys")]
    mutex: HashMap<u64, u64>,
    #[shard(lock = RwLock, ttl = "1h")]
    shared: HashMap<u64, String>,
    #[shard(lock = Optimistic, ttl = "1h")]
    optimistic: HashSet<u64>,
}

/// Those that stay; others come and go, so that the tables grow and shrink.
const STAY: u64 = 500;
const ALL: u64 = 5000;

#[test]
fn what_stays_is_saved_once() {
    let busy = Busy::new();
    let stays = |key: u64| key.is_multiple_of(ALL / STAY);
    for key in (0..ALL).filter(|&key| stays(key)) {
        busy.mutex().insert(key, key);
        busy.shared().insert(key, key.to_string());
        busy.optimistic().insert(key);
    }
    let is_done = AtomicBool::new(false);
    together(4, |thread| {
        if thread == 0 {
            for _ in 0..20 {
                let mut file = Vec::new();
                let saved = busy.save(&mut file).unwrap();
                let next = Busy::new();
                // Were one there twice, the numbers would not be the same.
                assert_eq!(next.restore(&file[..]).unwrap().entries, saved);
                let stored = next.mutex().len() + next.shared().len() + next.optimistic().len();
                assert!(stored as u64 <= saved);
                for key in (0..ALL).filter(|&key| stays(key)) {
                    assert_eq!(next.mutex().get(&key), Some(key));
                    assert_eq!(next.shared().get(&key), Some(key.to_string()));
                    assert!(next.optimistic().contains(&key));
                }
                assert!(next.mutex().to_vec().into_iter().all(|(key, value)| key == value));
            }
            is_done.store(true, Ordering::Relaxed);
            return;
        }
        let (mut dice, mut step) = (Dice::new(thread), 0_u64);
        while !is_done.load(Ordering::Relaxed) {
            step += 1;
            let key = dice.below(ALL);
            if stays(key) || step / 4000 % 2 == 0 {
                busy.mutex().insert(key, key);
                busy.shared().insert(key, key.to_string());
                busy.optimistic().insert(key);
            } else {
                busy.mutex().remove(&key);
                busy.shared().remove(&key);
                busy.optimistic().remove(&key);
            }
        }
    });
}

/// Transactions that fail stage odd numbers. No file has one, nor an index key of one: it has only what was committed.
#[test]
fn what_a_transaction_has_staged_is_not_saved() {
    #[sharded(snapshot, shards = 4)]
    struct Numbers {
        #[shard(unbounded = "the test's keys")]
        mutex: HashMap<u64, u64>,
        #[shard(lock = RwLock, ttl = "1h")]
        shared: HashMap<u64, u64>,
        #[shard(lock = Optimistic, ttl = never, unbounded = "the test's keys")]
        optimistic: HashMap<u64, u64>,
        #[shard(index_of = mutex, key = number_of)]
        mutex_by_number: HashMap<u64, HashSet<u64>>,
    }
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "what the function of an index is given")]
    fn number_of(_: &u64, number: &u64) -> u64 {
        *number
    }

    let (numbers, is_done) = (Numbers::new(), AtomicBool::new(false));
    together(4, |thread| {
        if thread == 0 {
            for _ in 0..50 {
                let mut file = Vec::new();
                let saved = numbers.save(&mut file).unwrap();
                let next = Numbers::new();
                assert_eq!(next.restore(&file[..]).unwrap().entries, saved);
                let all = [next.mutex().to_vec(), next.shared().to_vec(), next.optimistic().to_vec()].concat();
                assert!(all.iter().all(|(_, number)| number.is_multiple_of(2)), "{all:?}");
                for (key, number) in next.mutex().to_vec() {
                    assert!(next.mutex_by_number().keys(&number).contains(&key));
                }
            }
            is_done.store(true, Ordering::Relaxed);
            return;
        }
        let (mut dice, mut step) = (Dice::new(thread), 0_u64);
        while !is_done.load(Ordering::Relaxed) {
            step += 1;
            let keys = [0, 1, 2].map(|_| dice.below(40));
            let rows =
                (numbers.optimistic().row(&keys[0]), numbers.mutex().row(&keys[1]), numbers.shared().row(&keys[2]));
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                sharded::transaction(rows, |(one, two, three)| {
                    one.insert(2 * step + 1);
                    two.update(|number| *number += 1);
                    three.insert(2 * step + 1);
                    match step % 4 {
                        0 => return Err(()),
                        1 => resume_unwind(Box::new(())),
                        2 => ignore(two.remove()),
                        _ => two.insert(2 * step),
                    }
                    one.insert(2 * step);
                    three.insert(2 * step);
                    Ok(())
                })
            }));
            assert_eq!(outcome.is_ok_and(|made| made.is_ok()), step % 4 > 1);
        }
    });
}

/// Counted as they are written: [`what_stays_is_saved_once`] would not see an entry that is there twice.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Noted(u64);

thread_local! {
    static NOTED: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

impl Serialize for Noted {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        NOTED.with_borrow_mut(|noted| noted.push(self.0));
        self.0.serialize(serializer)
    }
}
impl<'de> Deserialize<'de> for Noted {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u64::deserialize(deserializer).map(Noted)
    }
}

#[test]
fn what_stays_is_serialized_once() {
    #[sharded(snapshot, ttl = "1h", shards = 1)]
    struct Keys {
        keys: HashSet<Noted>,
    }
    let keys = Keys::new();
    keys.keys().extend((0..STAY).map(Noted));
    let is_done = AtomicBool::new(false);
    together(3, |thread| {
        if thread == 0 {
            for _ in 0..50 {
                NOTED.take();
                keys.save(io::sink()).unwrap();
                let mut noted = NOTED.take();
                noted.retain(|&key| key < STAY);
                noted.sort_unstable();
                assert!(noted.iter().copied().eq(0..STAY), "{} of {STAY}", noted.len());
            }
            is_done.store(true, Ordering::Relaxed);
            return;
        }
        let (mut dice, mut step) = (Dice::new(thread), 0_u64);
        while !is_done.load(Ordering::Relaxed) {
            step += 1;
            let key = Noted(STAY + dice.below(ALL));
            if step / 4000 % 2 == 0 {
                keys.keys().insert(key)
            } else {
                keys.keys().remove(&key)
            };
        }
    });
}

thread_local! {
    /// What runs in the `Serialize` and the `Deserialize` of a [`Hook`].
    static HOOK: RefCell<Option<Box<dyn Fn()>>> = const { RefCell::new(None) };
    /// How many of them are still to pass before one panics, or fails.
    static LEFT: Cell<Option<u32>> = const { Cell::new(None) };
    static FAILS: Cell<bool> = const { Cell::new(false) };
}

/// A value whose serialization does something.
#[derive(Clone, Debug, PartialEq)]
struct Hook(u32);

/// Says that this one is to fail, if it is not to panic.
fn step() -> bool {
    HOOK.with_borrow(|hook| {
        if let Some(hook) = hook {
            hook();
        }
    });
    match LEFT.get() {
        Some(0) => {
            LEFT.set(None);
            assert!(FAILS.get(), "a panic on purpose");
            true
        }
        left => {
            LEFT.set(left.map(|left| left - 1));
            false
        }
    }
}

impl Serialize for Hook {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if step() { Err(ser::Error::custom("refused on purpose")) } else { self.0.serialize(serializer) }
    }
}
impl<'de> Deserialize<'de> for Hook {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if step() { Err(de::Error::custom("refused on purpose")) } else { u32::deserialize(deserializer).map(Hook) }
    }
}

#[sharded(snapshot, ttl = "1h", shards = 1)]
struct Hooked {
    first: HashMap<u32, u32>,
    hooks: HashMap<u32, Hook>,
    last: HashMap<u32, u32>,
}

fn hooked() -> Hooked {
    let hooked = Hooked::new();
    for key in 0..200 {
        hooked.first().insert(key, key);
        hooked.hooks().insert(key, Hook(key));
        hooked.last().insert(key, key);
    }
    hooked
}

fn is_whole(hooked: &Hooked) {
    assert_eq!((hooked.first().len(), hooked.hooks().len(), hooked.last().len()), (200, 200, 200));
    assert!((0..200).all(|key| hooked.hooks().get(&key) == Some(Hook(key))));
}

/// No lock is held while something is serialized or deserialized: whatever may be accessed then.
#[test]
fn serialize_may_access_the_store() {
    let hooked = Arc::new(hooked());
    let here = Arc::clone(&hooked);
    HOOK.set(Some(Box::new(move || {
        here.hooks().with(&1, |_| ());
        here.first().insert(1, 1);
    })));
    let mut file = Vec::new();
    assert_eq!(hooked.save(&mut file).unwrap(), 600);
    assert_eq!(hooked.restore(&file[..]).unwrap().entries, 600);
    HOOK.set(None);
    is_whole(&hooked);
}

#[test]
fn a_panic_or_a_refusal_leaves_the_store_as_it_was() {
    let hooked = hooked();
    let mut file = Vec::new();
    hooked.save(&mut file).unwrap();
    let empty = Hooked::new();
    let nothing = |store: &Hooked| store.visit(&mut |field| assert!(field.is_empty(), "{}", field.name()));
    for number in [0, 1, 63, 64, 65, 199] {
        FAILS.set(false);
        LEFT.set(Some(number));
        let mut unfinished = Vec::new();
        assert!(panics(|| hooked.save(&mut unfinished)).contains("on purpose"));
        is_whole(&hooked);
        assert!(empty.restore(&unfinished[..]).is_err(), "what was written is no snapshot");
        LEFT.set(Some(number));
        assert!(panics(|| empty.restore(&file[..])).contains("on purpose"));
        nothing(&empty);

        FAILS.set(true);
        LEFT.set(Some(number));
        let error = hooked.save(io::sink()).unwrap_err();
        assert!(matches!(error, SaveError::Entry { field: "hooks", .. }), "{error:?}");
        is_whole(&hooked);
        LEFT.set(Some(number));
        let error = empty.restore(&file[..]).unwrap_err();
        assert!(matches!(error, RestoreError::Entry { field: "hooks", .. }), "{error:?}");
        nothing(&empty);
    }
    assert_eq!(empty.restore(&file[..]).unwrap().entries, 600);
}

/// How many were cloned since one was serialized, and how many that were at most.
struct Run {
    now: Cell<usize>,
    most: Cell<usize>,
}

thread_local! {
    static RUN: Run = const { Run { now: Cell::new(0), most: Cell::new(0) } };
}

struct Cloned(u32);

impl Clone for Cloned {
    fn clone(&self) -> Self {
        RUN.with(|run| {
            run.now.update(|now| now + 1);
            run.most.update(|most| most.max(run.now.get()));
        });
        Cloned(self.0)
    }
}
impl Serialize for Cloned {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RUN.with(|run| run.now.set(0));
        self.0.serialize(serializer)
    }
}
impl<'de> Deserialize<'de> for Cloned {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u32::deserialize(deserializer).map(Cloned)
    }
}

/// However many entries a shard has, few are copied before its lock is released.
#[test]
fn few_are_copied_per_lock_hold() {
    #[sharded(snapshot, ttl = "1h", shards = 1)]
    struct Values {
        map: HashMap<u32, Cloned>,
    }
    let values = Values::new();
    values.map().extend((0..10_000).map(|key| (key, Cloned(key))));
    assert_eq!(values.save(io::sink()).unwrap(), 10_000);
    let most = RUN.with(|run| run.most.get());
    // 64, and the rest of the bucket that they end in.
    assert!((1..=128).contains(&most), "{most}");
}

/// A writer that must not be used.
struct Untouched;

impl io::Write for Untouched {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        panic!("something was written")
    }
    fn flush(&mut self) -> io::Result<()> {
        panic!("it was flushed")
    }
}

#[test]
fn inside_a_closure_of_the_store_nothing_is_begun() {
    let hooked = hooked();
    let mut file = Vec::new();
    hooked.save(&mut file).unwrap();
    let target = Hooked::new();
    target.last().insert(0, 0);
    target.first().insert(0, 0);
    let is_order = |message: String| assert!(message.contains("is accessed at"), "{message}");

    target.last().with(&0, |_| {
        is_order(panics(|| target.save(Untouched)));
        is_order(panics(|| target.restore(&file[..])));
        is_order(panics(|| target.hooks().save(Untouched)));
        let message = panics(|| target.last().restore(&file[..]));
        assert!(message.contains(file!()), "the place of the call: {message}");
    });
    // The first field is free then, those after it are not begun either.
    target.first().with(&0, |_| is_order(panics(|| target.restore(&file[..]))));
    assert_eq!((target.first().len(), target.hooks().len(), target.last().len()), (1, 0, 1));

    // A later place may be saved.
    let saved = target.first().with(&0, |_| target.last().save(io::sink()).unwrap());
    assert_eq!(saved, Some(1));
    let later = Hooked::new();
    let loaded = hooked.last().with(&0, |_| later.restore(&file[..]).unwrap().entries);
    assert_eq!(loaded, Some(600));
}
