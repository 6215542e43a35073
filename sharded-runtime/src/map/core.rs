//! What all operations of a map are made of: the map itself, and a write to one shard.

use super::{
    garbage::{Garbage, Leaving},
    locked::Locked,
    placing::Placing,
};
use crate::{
    HasListener, Policy,
    budget::{Budget, Purse},
    builder::{FieldOptions, StoreContext},
    clock::{TimeSource, to_nanos},
    evict::Eviction,
    expiry::Stamp,
    hasher::MapHasher,
    lock::Lock,
    order::{self, Place},
    removal::Listening,
    shards::{Access, Runs, Shards},
    stats::Meter,
    sweeper,
    table::{NoMemory, StampOf, Table, View},
    tally::{Event, Tally},
};
use std::{
    hash::{BuildHasher, Hash},
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// Buckets with due entries that a write looks at on the way, or due entries that it removes: more than the one that it may add.
const SWEEP_PER_WRITE: usize = 4;
/// Buckets by which a write brings the table nearer to the size that it should have.
pub(super) const STEPS_PER_WRITE: usize = 2;
/// Entries that an operation on the whole map touches before it releases the lock.
pub(super) const BATCH: usize = 64;

/// A map.
pub(crate) struct Core<K, V, P: Policy, S> {
    pub(super) shards: Shards<Table<K, V, P>, Open, P>,
    pub(super) placing: Placing,
    pub(super) hasher: MapHasher<S>,
    hashing: Hashing<K, V, P, S>,
    pub(super) clock: TimeSource<P::Clock>,
    /// Nanoseconds; `u64::MAX` is for ever.
    pub(super) ttl: u64,
    pub(super) idle: u64,
    pub(super) budget: Option<Budget>,
    listening: OnceLock<Listening<K, V>>,
    tally: Tally,
    /// When the background thread looks at this map next.
    pub(super) alarm: AtomicU64,
    in_background: bool,
}

/// What hashes keys. That a key can be hashed is known only where the map is built and in the calls that bring one.
pub(super) struct Hashing<K, V, P: Policy, S> {
    of_key: fn(&MapHasher<S>, &K) -> u64,
    /// A table's step, with its many hashes, in one call: at this time, with this idle time.
    step: Step<K, V, P, S>,
}

type Step<K, V, P, S> = fn(&MapHasher<S>, &mut Table<K, V, P>, u64, u64) -> Result<(), NoMemory>;

impl<K: Hash, V, P: Policy, S: BuildHasher + Default + 'static> Hashing<K, V, P, S> {
    pub(super) fn new() -> Self {
        Hashing {
            of_key: |hasher, key| hasher.hash(key),
            step: |hasher, table, now, idle| table.step(|key| hasher.hash(key), now, idle),
        }
    }
}

/// The part of a shard that needs no lock.
#[derive(Default)]
#[repr(C)] // The view first, which is on the cache line behind the lock's.
pub(super) struct Open {
    pub(super) view: View,
    pub(super) meter: Meter,
    pub(super) purse: Purse,
}

/// A table whose memory may change: readers without a lock are told where it is, also when a panic passes.
pub(super) struct Moving<'a, K, V, P: Policy> {
    pub(super) table: &'a mut Table<K, V, P>,
    pub(super) open: &'a Open,
}

impl<K, V, P: Policy> Drop for Moving<'_, K, V, P> {
    #[inline]
    fn drop(&mut self) {
        if <P::Lock as Lock>::READS_RACE {
            self.table.publish(&self.open.view);
        }
    }
}

impl<K, V, P: Policy, S> Core<K, V, P, S> {
    pub(super) fn new(
        store: &StoreContext,
        index: u16,
        options: &FieldOptions<P>,
        hasher: MapHasher<S>,
        hashing: Hashing<K, V, P, S>,
    ) -> Self {
        const {
            assert!(
                P::TTL.is_none() || StampOf::<P>::EXPIRES,
                "a policy with a TTL needs an `Expiry` other than `Never`"
            );
            assert!(P::IDLE.is_none() || StampOf::<P>::TRACKS_ACCESS, "a policy with an IDLE time needs `AfterAccess`");
            assert!(!matches!(P::CAPACITY, Some(0)), "the CAPACITY of a policy must not be zero");
            assert!(P::CAPACITY.is_none() || P::Eviction::BOUNDED, "a policy with a CAPACITY needs an `Eviction`");
        }
        let placing = Placing::new::<K, V, P>(store, store.shards(options), options.huge_pages);
        let place = Place::new(store.id, index, const { &P::NAME });
        let shards = Shards::new(&placing.homes(), place, |shard| Table::new(placing.arena(shard)));
        let clock = TimeSource::new(store.clock());
        let forever = |time: Option<Duration>| time.map_or(u64::MAX, to_nanos);
        let tracks = StampOf::<P>::TRACKS_ACCESS;
        Core {
            budget: options.capacity.or(P::CAPACITY).map(|capacity| Budget::new(capacity, shards.count())),
            ttl: forever(options.ttl.or(P::TTL)),
            idle: forever(options.idle.or(P::IDLE).filter(|_| tracks)),
            listening: OnceLock::new(),
            tally: Tally::new(),
            alarm: AtomicU64::new(u64::MAX),
            in_background: StampOf::<P>::EXPIRES && clock.runs() && !store.sweeps_by_hand(),
            shards,
            placing,
            hasher,
            hashing,
            clock,
        }
    }

    #[inline]
    pub(super) fn hash_of(&self, key: &K) -> u64 {
        (self.hashing.of_key)(&self.hasher, key)
    }

    /// Brings a table nearer to the size that it should have, by so many [steps](Table::step) at most.
    #[cold]
    #[inline(never)]
    pub(super) fn steps(
        &self,
        open: &Open,
        table: &mut Table<K, V, P>,
        steps: usize,
        now: u64,
    ) -> Result<(), NoMemory> {
        let moving = Moving { table, open };
        for _ in 0..steps {
            if !moving.table.needs_step() {
                break;
            }
            (self.hashing.step)(&self.hasher, moving.table, now, self.idle)?;
        }
        Ok(())
    }

    #[inline]
    pub(super) fn count(&self, event: Event) {
        self.tally.add(event);
    }

    /// Accesses that found an entry, those that found none, and entries stored.
    pub(super) fn hits_misses_and_inserts(&self) -> (u64, u64, u64) {
        (self.tally.get(Event::Hit), self.tally.get(Event::Miss), self.tally.get(Event::Insert))
    }

    /// Bytes of table memory in use, and the blocks of it that were ever taken.
    pub(super) fn memory(&self) -> (usize, u64) {
        self.placing.usage()
    }

    /// Who is told of the entries that leave.
    #[inline]
    pub(super) fn listening(&self) -> Option<&Listening<K, V>> {
        self.listening.get()
    }

    /// Has a listener told of them from now on, unless there is one.
    pub(super) fn listen<L>(
        &self,
        listener: L,
        listening: impl FnOnce(L) -> Listening<K, V>,
    ) -> Result<(), HasListener<L>> {
        let mut listener = Some(listener);
        // The closure runs once, if at all.
        self.listening.get_or_init(|| listening(listener.take().expect("it is there")));
        listener.map_or(Ok(()), |listener| Err(HasListener { listener }))
    }

    /// For what a write takes out.
    #[inline]
    pub(super) fn leaving(&self) -> Leaving<'_, K, V> {
        Leaving::new(&self.listening)
    }

    pub(super) fn in_background(&self) -> bool {
        self.in_background
    }

    #[inline]
    pub(super) fn route(&self, hash: u64) -> usize {
        self.shards.route(hash)
    }

    pub(super) fn shard_count(&self) -> usize {
        self.shards.count()
    }

    pub(super) fn capacity(&self) -> Option<usize> {
        self.budget.as_ref().map(Budget::capacity)
    }

    pub(super) fn meters(&self) -> impl Iterator<Item = &Meter> {
        self.shards.all_open().map(|open| &open.meter)
    }

    /// The time, or nothing in particular where nobody asks for it.
    #[inline]
    pub(super) fn now(&self) -> u64 {
        if StampOf::<P>::EXPIRES { self.clock.nanos() } else { 0 }
    }

    /// Lends a shard for changing. What the change takes out of it is dropped after the lock is released; the bounded
    /// rest of the work (expired entries, a sparse table, a capacity overdrawn) is done on the way.
    #[inline]
    #[track_caller]
    pub(super) fn write<R>(
        &self,
        shard: usize,
        runs: Runs,
        change: impl FnOnce(&mut Locked<'_, K, V, P, S>) -> R,
    ) -> R {
        let mut leaving = self.leaving();
        let garbage = &mut leaving.garbage;
        let change = |open: &Open, table: &mut Table<K, V, P>| {
            let mut locked = Locked { core: self, open, now: self.now(), table, garbage };
            let result = change(&mut locked);
            if StampOf::<P>::EXPIRES {
                locked.sweep(SWEEP_PER_WRITE);
            }
            // Without memory to grow the table is just fuller; the next write tries again.
            let _ = locked.step(STEPS_PER_WRITE);
            (result, locked.table.due_at())
        };
        let (result, due_at) = self.shards.write(shard, runs.access::<K, V>(), change);
        if let Some(budget) = &self.budget
            && budget.is_overdrawn()
        {
            self.settle(budget, shard, &mut leaving.garbage);
        }
        if StampOf::<P>::EXPIRES && self.in_background && due_at < self.alarm.load(Ordering::Relaxed) {
            self.alarm.fetch_min(due_at, Ordering::Relaxed);
            sweeper::wake();
        }
        result
    }

    /// Evicts an entry of some other shard for one that had to be stored without room.
    ///
    /// Inside a closure a shard that is taken is passed over, since waiting for it could be for ever; whoever writes next
    /// settles what is left.
    #[cold]
    #[track_caller]
    fn settle(&self, budget: &Budget, overdrawn: usize, garbage: &mut Garbage<K, V>) {
        let may_wait = !order::is_inside();
        for next in 1..=self.shards.count() {
            // A clock of the user's own may panic, so before the debt is taken over.
            let now = self.now();
            if !budget.take_over_debt() {
                return;
            }
            let shard = (overdrawn + next) % self.shards.count();
            let mut make_room = |open: &Open, table: &mut Table<K, V, P>| {
                let mut locked = Locked { core: self, open, now, table, garbage };
                let made = locked.make_room();
                let _ = locked.step(STEPS_PER_WRITE);
                made
            };
            let made = if may_wait {
                self.shards.write(shard, Access::Unrecorded, make_room)
            } else {
                self.shards.try_write(shard, &mut make_room).unwrap_or(false)
            };
            if !made {
                budget.overdraw();
            }
        }
    }
}

impl<K, V, P: Policy, S> Drop for Core<K, V, P, S> {
    fn drop(&mut self) {
        if self.in_background {
            sweeper::wake();
        }
    }
}
