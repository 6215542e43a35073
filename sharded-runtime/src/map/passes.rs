//! Tests of background passes with a manual clock: expired entries are removed in time, and no others.
//!
//! The documented bound is the longer of a second and a tenth of the entry's time to live. These tests do the work of a
//! background thread, a little late each time.

use crate::{
    Policy, ShardedMap,
    builder::{FieldOptions, Functions, StoreOptions},
    clock::{Clock, Nanos},
    dice::Dice,
    evict::{Eviction, Lru, Unbounded},
    expiry::{AfterAccess, AfterWrite, Expires},
    field::{core::Core, passes::Passes, rules::Rules, types::Types},
    lock::Mutex,
    placement::Off,
    shards::Fixed,
    store::schedule::Sweep,
};
use std::{cell::Cell, collections::HashMap, hash::RandomState, marker::PhantomData, sync::Arc, time::Duration};

const SECOND: u64 = 1_000_000_000;
/// The longest delay of the thread. A table makes its entries due when half of the bound is over.
const LATE: u64 = 400_000_000;
/// More passes than any step needs, if each removes an entry or postpones the next pass.
const MOST_PASSES: usize = 100_000;

thread_local! {
    static NOW: Cell<u64> = const { Cell::new(0) };
}

#[derive(Default)]
struct ByHand;

impl Clock for ByHand {
    const RUNS: bool = true;

    fn nanos(&self) -> u64 {
        NOW.get()
    }
}

struct Of<X, E, const TTL_MS: u64, const IDLE_MS: u64, const CAPACITY: usize>(PhantomData<(X, E)>);

impl<X: Expires, E: Eviction, const TTL_MS: u64, const IDLE_MS: u64, const CAPACITY: usize> Policy
    for Of<X, E, TTL_MS, IDLE_MS, CAPACITY>
{
    type Shards = Fixed<4>;
    type Lock = Mutex;
    type Expiry = X;
    type Eviction = E;
    type Placement = Off;
    type Clock = ByHand;
    const NAME: &'static str = "field";
    const TTL: Option<Duration> = Some(Duration::from_millis(TTL_MS));
    const IDLE: Option<Duration> = if IDLE_MS == 0 { None } else { Some(Duration::from_millis(IDLE_MS)) };
    const CAPACITY: Option<usize> = if CAPACITY == 0 { None } else { Some(CAPACITY) };
}

impl Dice {
    /// From a millisecond to twelve days.
    fn time(&mut self) -> u64 {
        let least = 1_000_000 << self.below(30);
        least + self.below(least.min(1 << 31)) * (least >> 31).max(1)
    }
}

/// The expected state of an entry.
struct Known {
    /// The end of its ttl, and its last use.
    ends: u64,
    used: u64,
    ttl: u64,
}

/// A map that no thread sweeps, and the expected state of its entries.
struct Watched<P: Policy<Clock = ByHand, Lock = Mutex>> {
    map: ShardedMap<u64, u64, P>,
    known: HashMap<u64, Known>,
    ttl: u64,
    idle: u64,
    next: u64,
    dice: Dice,
}

impl<P: Policy<Clock = ByHand, Lock = Mutex, Expiry: Expires, Eviction: crate::evict::MakesRoom>> Watched<P>
where
    Core<Types<u64, u64, P, RandomState>>: Sweep,
{
    fn new(seed: u64) -> Self {
        NOW.set(SECOND);
        let (store, options) = (StoreOptions::new().start(), FieldOptions::<P>::new());
        let rules = Rules::new::<P>(&store, Functions::default());
        let core = Core::new(&store, 0, &options.given, rules);
        assert!(core.background.is_some());
        Watched {
            map: ShardedMap { _passes: Passes::of(None, None, &core.discarded), core: Arc::new(core) },
            known: HashMap::new(),
            ttl: P::TTL.map_or(u64::MAX, |time| Nanos::from_duration(time).get()),
            idle: P::IDLE.map_or(u64::MAX, |time| Nanos::from_duration(time).get()),
            next: 0,
            dice: Dice(seed),
        }
    }

    fn wrote(&mut self, key: u64, ttl: u64) {
        let used = NOW.get();
        self.known.insert(key, Known { ends: used.saturating_add(ttl), used, ttl });
    }

    fn some_key(&mut self) -> u64 {
        self.dice.below(self.next.max(1))
    }

    fn traffic(&mut self) {
        let many = 1 << self.dice.below(9);
        match self.dice.below(8) {
            0 | 1 => {
                for _ in 0..many {
                    self.map.insert(self.next, 0);
                    self.wrote(self.next, self.ttl);
                    self.next += 1;
                }
            }
            2 | 3 => {
                for _ in 0..many {
                    let ttl = self.dice.time();
                    self.map.insert_with_ttl(self.next, 0, Duration::from_nanos(ttl));
                    self.wrote(self.next, ttl);
                    self.next += 1;
                }
            }
            4 => {
                for _ in 0..many {
                    let (key, ttl) = (self.some_key(), self.dice.time());
                    if self.map.expire_in(&key, Duration::from_nanos(ttl)) {
                        self.wrote(key, ttl);
                    }
                }
            }
            5 => {
                for _ in 0..many {
                    let key = self.some_key();
                    if self.map.get(&key).is_some() {
                        self.known.get_mut(&key).expect("it was written").used = NOW.get();
                    }
                }
            }
            6 => {
                for _ in 0..many {
                    let key = self.some_key();
                    self.map.remove(&key);
                    self.known.remove(&key);
                }
            }
            _ => {
                let one_in = 1 + self.dice.below(20);
                self.map.retain(|key, _| key % one_in == 0);
                self.known.retain(|key, _| key % one_in == 0);
            }
        }
    }

    /// Advances the clock to this time, with the passes of a background thread.
    fn wait_until(&mut self, then: u64) {
        let core = &self.map.core;
        for _ in 0..MOST_PASSES {
            let Some(wait) = core.due_in() else { break };
            let at = NOW.get().saturating_add(Nanos::from_duration(wait).get()).saturating_add(self.dice.below(LATE));
            if at > then {
                break;
            }
            NOW.set(at);
            // A pass that has moved entries may leave due ones, and then another pass follows at once.
            while core.due_in().is_some_and(|wait| wait.is_zero()) {
                let mut next = Some(0);
                while let Some(from) = next {
                    next = Arc::clone(core).sweep_part(from, None);
                }
            }
        }
        // A due pass may be late.
        assert!(
            self.map.core.due_in().is_none_or(|wait| NOW.get() + Nanos::from_duration(wait).get() + LATE > then),
            "passes for ever"
        );
        NOW.set(then);
    }

    /// Without a capacity, all live entries are in the map, and only those expired ones that need not be removed yet.
    fn check(&mut self) {
        let (now, idle) = (NOW.get(), self.idle);
        let deadline = |known: &Known| known.ends.min(known.used.saturating_add(idle));
        let grace = |known: &Known| SECOND.max(known.ttl.min(idle) / 10);
        if P::CAPACITY.is_none() {
            for (key, known) in &self.known {
                assert_eq!(self.map.contains_key(key), deadline(known) > now, "{key} at {now}");
            }
        }
        self.known.retain(|_, known| deadline(known).saturating_add(grace(known)) > now);
        assert!(self.map.len() <= self.known.len(), "{} of {}", self.map.len(), self.known.len());
        if P::CAPACITY.is_none() {
            assert!(self.known.values().filter(|known| deadline(known) > now).count() <= self.map.len());
        }
    }
}

fn removes_in_time<P>()
where
    P: Policy<Clock = ByHand, Lock = Mutex, Expiry: Expires, Eviction: crate::evict::MakesRoom>,
    Core<Types<u64, u64, P, RandomState>>: Sweep,
{
    for seed in 0..6 {
        let mut watched = Watched::<P>::new(seed);
        for _ in 0..60 {
            for _ in 0..watched.dice.below(4) {
                watched.traffic();
            }
            let then = NOW.get() + watched.dice.time();
            watched.wait_until(then);
            watched.check();
        }
        // Without traffic all entries are removed in the end.
        watched.wait_until(NOW.get() + (1 << 55));
        watched.check();
        assert_eq!(watched.map.len(), 0);
    }
}

#[test]
fn passes_remove_short_lived_entries_in_time() {
    removes_in_time::<Of<AfterWrite, Unbounded, 86_400_000, 0, 0>>();
}

#[test]
fn passes_remove_long_lived_entries_in_time() {
    removes_in_time::<Of<AfterWrite, Unbounded, 20, 0, 0>>();
}

#[test]
fn passes_remove_idle_entries_in_time() {
    removes_in_time::<Of<AfterAccess, Unbounded, 864_000_000, 3_600_000, 0>>();
}

#[test]
fn passes_remove_in_time_with_evictions() {
    removes_in_time::<Of<AfterWrite, Lru, 86_400_000, 0, 500>>();
}
