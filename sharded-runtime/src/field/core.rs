//! What all operations of a map are made of: the map itself, and a write to one shard.

use super::{
    discard::Discarded,
    expired::{Earliest, ExpiredShards},
    garbage::{Garbage, Leaving},
    locked::Locked,
    placing::{Placing, Wanted},
    settings::{Declared, Settings, Times},
    units::Rules,
};

use crate::{
    HasListener, Policy, Recording, StorageOf,
    builder::{Overrides, StoreContext},
    clock::TimeSource,
    contain::Drops,
    engine::budget::{Budget, Debt, Held, Purse},
    engine::table::{NoMemory, Offer, SEARCHED, SEARCHED_ELSEWHERE, Shown, StampOf, Table, TableOf},
    evict::{Eviction, Field},
    expiry::{Stamp, jitter},
    field::flight::Flights,
    field::removal::Listening,
    hasher::MapHasher,
    observe::stats::{Counter, Meter},
    observe::tally::{Event, Tally},
    shard::access::{Access, Running},
    shard::array::{Beside, Shards},
    shard::order::{self, Place},
    store::sweeper::Registration,
};
use std::{
    borrow::Borrow,
    hash::{BuildHasher, Hash},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

/// Due buckets that a write looks through on the way: as many as are scheduled together, so that a write that has an entry scheduled also
/// looks through what an earlier one did.
const LOOKS_PER_WRITE: usize = 8;
/// Expired entries that a write removes on the way: more than the one that it may add.
const EXPIRED_PER_WRITE: usize = 4;
/// Buckets by which a write brings the table nearer to the size that it should have.
pub(crate) const STEPS_PER_WRITE: usize = 2;
/// Entries that an operation on the whole map touches before it releases the lock.
pub(crate) const BATCH: usize = 64;

/// Shards that are searched in vain for entries that may be evicted, besides that of the entry that comes.
const MOST_SEARCHED: usize = 16;
/// Lock holds, after the first, in which the shard of the entry that comes is searched for one.
const MORE_SEARCHES: u64 = 3;

/// A map.
pub(crate) struct Core<K, V, P: Policy, S> {
    pub(crate) shards: Shards<TableOf<K, V, P>, Open, P::Lock>,
    pub(crate) placing: Placing,
    pub(crate) field: Field,
    pub(crate) hasher: MapHasher<S>,
    hashing: Hashing<K, V, StorageOf<P>, S>,
    pub(crate) clock: TimeSource<P::Clock>,
    /// Nanoseconds by the clock, [lengthened](TimeSource::lengthened), as is `idle`; `u64::MAX` is for ever.
    pub(crate) ttl: u64,
    /// By how much at most the ttl of an entry is shorter.
    jitter: u64,
    /// The age from which calls that load do so anew; nobody asks where there is none.
    refresh_after: u64,
    pub(crate) idle: u64,
    pub(crate) budget: Option<Budget>,
    pub(crate) rules: Rules<K, V>,
    pub(crate) tally: Tally,
    pub(crate) flights: Flights<K, V>,
    /// Only where the policy records.
    pub(crate) recording: Option<Recording>,
    listening: OnceLock<Listening<K, V>>,
    /// When the background thread looks at this map next.
    pub(crate) alarm: AtomicU64,
    /// Only where a background thread is to look.
    pub(crate) background: Option<Registration>,
    /// The shard where the next search for entries that may be evicted begins.
    search_from: AtomicUsize,
    /// Where expired entries may be that leave before live ones.
    pub(crate) expired: ExpiredShards,
    pub(crate) discarded: Arc<Discarded>,
}

/// What hashes keys. That a key can be hashed is known only where the map is built and in the calls that bring one.
pub(crate) struct Hashing<K, V, P: Policy, S> {
    of_key: fn(&MapHasher<S>, &K) -> u64,
    /// A table's step, with its many hashes, in one call: at this time, with this idle time.
    step: Step<K, V, P, S>,
}

type Step<K, V, P, S> = fn(&MapHasher<S>, &mut Table<K, V, P>, u64, u64, Shown<'_, K, V, P>) -> Result<(), NoMemory>;

impl<K: Hash, V, P: Policy, S: BuildHasher + Default + 'static> Hashing<K, V, P, S> {
    pub(crate) fn new() -> Self {
        Hashing {
            of_key: |hasher, key| hasher.hash(key),
            step: |hasher, table, now, idle, view| table.step(|key| hasher.hash(key), now, idle, view),
        }
    }
}

/// The part of a shard that needs no lock.
#[derive(Default)]
pub(crate) struct Open {
    pub(crate) meter: Meter,
    pub(crate) purse: Purse,
    /// How many of its keys are being loaded. Written under the exclusive lock, so exact to whoever holds it.
    pub(crate) loads: Counter,
    /// Only where there is a capacity.
    pub(crate) earliest: Earliest,
}

/// What is beside the lock of a shard of a map.
pub(crate) type Shard<'a, K, V, P> = Beside<'a, TableOf<K, V, P>, Open, <P as Policy>::Lock>;

impl<K, V, P: Policy, S> Core<K, V, P, S> {
    pub(crate) fn new(
        store: &StoreContext,
        index: u16,
        given: &Overrides,
        hasher: MapHasher<S>,
        hashing: Hashing<K, V, StorageOf<P>, S>,
        rules: Rules<K, V>,
    ) -> Self {
        let declared = const { &Declared::by::<P>() };
        let Settings { placing, homes, field, budget, times } =
            Settings::new(store, given, declared, const { &Wanted::by::<K, V, P>() });
        let place = Place::new(store.id, index, const { &P::NAME });
        let Times { jitter, refresh_after, .. } = times;
        let clock = TimeSource::new(store.clock(), times.past(), StampOf::<P>::EXPIRES.then(|| times.shortest()));
        let Times { ttl, idle, lifetime, .. } = times.lengthened(&clock);
        let shards = Shards::new(&homes, place, |shard| Table::new(placing.arena(shard), &field, lifetime));
        Core {
            budget,
            rules,
            jitter,
            ttl,
            refresh_after,
            idle,
            listening: OnceLock::new(),
            tally: Tally::new(),
            flights: Flights::new(),
            recording: if P::RECORDS { Some(Recording::new(Self::facts(given))) } else { None },
            alarm: AtomicU64::new(u64::MAX),
            search_from: AtomicUsize::new(0),
            expired: ExpiredShards::new(),
            discarded: Discarded::new(!store.sweeps_by_hand() && store.clock().is_none()),
            background: (StampOf::<P>::EXPIRES && clock.runs() && !store.sweeps_by_hand()).then(Registration::new),
            shards,
            placing,
            field,
            hasher,
            hashing,
            clock,
        }
    }

    /// The idle time, or nothing in particular where nobody asks for it.
    #[inline]
    pub(crate) fn idle(&self) -> u64 {
        if StampOf::<P>::TRACKS_ACCESS { self.idle } else { u64::MAX }
    }

    /// The declared time to live of an entry with a key of this hash.
    #[inline]
    pub(crate) fn ttl_for(&self, hash: u64) -> u64 {
        if P::TTL_JITTER == 0 { self.ttl } else { self.ttl - jitter(self.jitter, hash) }
    }

    /// Whether a live entry that has this deadline by its ttl, and a key of this hash, is so old that it is to be loaded anew.
    pub(crate) fn is_old(&self, hash: u64, deadline: u64) -> bool {
        let ttl = self.ttl_for(hash);
        // It was written that long before its deadline, unless it was given a time of its own.
        ttl != u64::MAX && deadline.saturating_sub(self.now()) <= ttl.saturating_sub(self.refresh_after)
    }

    #[inline]
    pub(crate) fn hash_of(&self, key: &K) -> u64 {
        (self.hashing.of_key)(&self.hasher, key)
    }

    /// Brings a table nearer to the size that it should have, by so many [steps](Table::step) at most.
    #[cold]
    #[inline(never)]
    pub(crate) fn steps(
        &self,
        view: Shown<'_, K, V, StorageOf<P>>,
        table: &mut TableOf<K, V, P>,
        steps: usize,
        now: u64,
    ) -> Result<(), NoMemory> {
        for _ in 0..steps {
            if !table.needs_step() {
                break;
            }
            (self.hashing.step)(&self.hasher, table, now, self.idle, view)?;
        }
        Ok(())
    }

    #[inline]
    pub(crate) fn count(&self, event: Event) {
        if !self.tally.add(event) {
            self.count_first(event);
        }
    }

    /// (Of the whole map, which is at hand; the address of its tally would have to be kept for this rare case.)
    #[cold]
    #[inline(never)]
    fn count_first(&self, event: Event) {
        self.tally.add_first(event);
    }

    /// Accesses that found an entry, those that found none, and entries stored.
    pub(crate) fn hits_misses_and_inserts(&self) -> (u64, u64, u64) {
        let (mut hits, mut misses) = (self.tally.get(Event::Hit), self.tally.get(Event::Miss));
        for uses in self.shards.all_uses() {
            hits += uses.hits.get();
            misses += uses.misses.get();
        }
        (hits, misses, self.meters().map(|meter| meter.inserts.get()).sum())
    }

    /// Bytes of table memory in use, and the blocks of it that were ever taken.
    pub(crate) fn memory(&self) -> (usize, u64) {
        self.placing.usage()
    }

    /// A key is taken out, which is not there: what is being loaded for it, if anything, is not stored.
    #[inline]
    pub(crate) fn overtake<Q>(&self, open: &Open, hash: u64, key: &Q)
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        if open.loads.get() != 0 {
            self.overtake_load(hash, key);
        }
    }

    /// As [`overtake`](Core::overtake), of a key on offer, which is put in.
    #[inline]
    pub(crate) fn overtake_offered(&self, open: &Open, hash: u64, offer: &Offer<K, V>)
    where
        K: Eq,
    {
        if open.loads.get() != 0
            && let Some(key) = offer.key()
        {
            self.overtake_load(hash, key);
        }
    }

    #[cold]
    #[inline(never)]
    fn overtake_load<Q>(&self, hash: u64, key: &Q)
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        self.flights.overtake(self.route(hash), hash, &|loading| loading.borrow() == key);
    }

    /// As [`overtake`](Core::overtake), of a key that is there.
    #[cold]
    pub(crate) fn overtake_refresh(&self, key: &K) {
        let hash = self.hash_of(key);
        self.flights.overtake_alike(self.route(hash), hash);
    }

    /// As [`overtake`](Core::overtake), of all keys of a shard.
    pub(crate) fn overtake_all(&self, open: &Open, shard: usize) {
        if open.loads.get() != 0 {
            self.flights.overtake_all(shard);
        }
    }

    /// Who is told of the entries that leave.
    #[inline]
    pub(crate) fn listening(&self) -> Option<&Listening<K, V>> {
        self.listening.get()
    }

    /// Has a listener told of them from now on, unless there is one.
    pub(crate) fn listen<L>(
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
    pub(crate) fn leaving(&self) -> Leaving<'_, K, V> {
        Leaving::new(&self.listening)
    }

    #[inline]
    pub(crate) fn route(&self, hash: u64) -> usize {
        self.shards.route(hash)
    }

    pub(crate) fn shard_count(&self) -> usize {
        self.shards.count()
    }

    pub(crate) fn capacity(&self) -> Option<usize> {
        self.budget.as_ref().map(Budget::capacity)
    }

    pub(crate) fn meters(&self) -> impl Iterator<Item = &Meter> {
        self.shards.all_open().map(|open| &open.meter)
    }

    /// The time, or nothing in particular where nobody asks for it.
    #[inline]
    pub(crate) fn now(&self) -> u64 {
        if StampOf::<P>::EXPIRES { self.clock.nanos() } else { 0 }
    }

    /// Lends a shard for changing. What the change takes out of it is dropped after the lock is released; the bounded
    /// rest of the work (expired entries, a sparse table, a capacity overdrawn) is done on the way.
    #[inline]
    #[track_caller]
    pub(crate) fn write<R>(
        &self,
        shard: usize,
        runs: impl Running,
        change: impl FnOnce(&mut Locked<'_, K, V, P, S>) -> R,
    ) -> R {
        self.write_leaving(shard, runs, &mut self.leaving(), change)
    }

    /// As [`write`](Core::write), but what leaves stays in `leaving`: the caller decides when it is told and dropped, which runs user code.
    #[inline]
    #[track_caller]
    pub(crate) fn write_leaving<R>(
        &self,
        shard: usize,
        runs: impl Running,
        leaving: &mut Leaving<'_, K, V>,
        change: impl FnOnce(&mut Locked<'_, K, V, P, S>) -> R,
    ) -> R {
        let settling = Settling { core: self, shard, garbage: &mut leaving.garbage };
        let garbage = &mut *settling.garbage;
        let change = |beside: Shard<'_, K, V, P>, table: &mut TableOf<K, V, P>| {
            let now = self.now();
            let mut locked = Locked { core: self, beside, now, table, garbage, heavy: None };
            let result = change(&mut locked);
            locked.drop_heavy();
            if StampOf::<P>::EXPIRES {
                locked.sweep(LOOKS_PER_WRITE, EXPIRED_PER_WRITE);
            }
            // Without memory to grow the table is just fuller; the next write tries again.
            let _ = locked.step(STEPS_PER_WRITE);
            (result, locked.table.due_at())
        };
        let (result, due_at) = self.shards.write(shard, runs.turn::<K, V>(), change);
        drop(settling);
        if StampOf::<P>::EXPIRES && self.background.is_some() && due_at < self.alarm.load(Ordering::Relaxed) {
            self.ring(due_at);
        }
        result
    }

    /// Has a background thread look at this map at a time that is earlier than was known.
    #[cold]
    #[inline(never)]
    fn ring(&self, due_at: u64) {
        // Relaxed: what is due is found under the lock of its shard.
        if self.alarm.fetch_min(due_at, Ordering::Relaxed) > due_at {
            self.ring_anyway();
        }
    }

    /// Has a background thread look at this map when it is due next.
    pub(crate) fn ring_anyway(&self) {
        let alarm = self.alarm.load(Ordering::Relaxed);
        if let Some(background) = self.background.as_ref().filter(|_| alarm != u64::MAX) {
            background.ring(Duration::from_nanos(alarm.saturating_sub(self.clock.nanos())));
        }
    }

    /// Evicts entries for one of this shard that had to be stored without room, or became heavier, until all that was owed at the beginning is paid. It goes
    /// around the other shards, so many entries per lock hold, and takes those of this shard last, so that the entry does not leave for itself. It ends early
    /// where no entry may leave. A panic on the way does not end it.
    ///
    /// Inside a closure a shard that is taken is passed over, since waiting for it could be for ever; whoever writes next
    /// settles what is left.
    #[cold]
    fn settle(&self, budget: &Budget, overdrawn: usize, garbage: &mut Garbage<K, V>) {
        // Entries of one unit are evicted one for each that was stored, by whoever stored it.
        let most = if P::WEIGHS { u64::MAX } else { 1 };
        let mut debt = Debt::new(budget);
        let mut drops = Drops::default();
        let (first, shards) = if P::PINS { self.shards_to_search() } else { (overdrawn, self.shards.count()) };
        let (mut shard, mut in_vain) = (first, 0);
        // Each of the others once in vain, then this one, twice, as the first time may have been a panic.
        while debt.next(most) > 0 && in_vain <= shards {
            let is_others = in_vain + 1 < shards;
            if is_others {
                shard = (shard + 1) % self.shards.count();
                if shard == overdrawn {
                    continue;
                }
            }
            let from = if is_others { shard } else { overdrawn };
            in_vain += 1;
            if self.shards.open(from).meter.stored.get() == 0 {
                continue;
            }
            let mut held = Held::none(budget);
            if self.evict_some((from, SEARCHED_ELSEWHERE), debt.next(most), &mut held, garbage, &mut drops) {
                in_vain = if is_others { 0 } else { in_vain - 1 };
            }
            debt.pay(&mut held);
        }
        drop(debt);
        drops.end();
    }

    /// Evicts entries of a shard until so many units are held, or so many entries are gone as one lock hold may take out; says whether any is, also
    /// where a panic ends it.
    /// Where the eviction names none that may leave, so many slots are searched.
    fn evict_some(
        &self,
        (shard, searched): (usize, u32),
        units: u64,
        held: &mut Held<'_>,
        garbage: &mut Garbage<K, V>,
        drops: &mut Drops,
    ) -> bool {
        // Few entries at a time, as what is collected may be much to move, which is not done under the lock.
        let mut gone = Garbage::new();
        let make_room = |beside: Shard<'_, K, V, P>, table: &mut TableOf<K, V, P>| {
            let now = self.now();
            let mut locked = Locked { core: self, beside, now, table, garbage: &mut gone, heavy: None };
            locked.make_room(units, held, searched);
            let _ = locked.step(STEPS_PER_WRITE);
        };
        drops.watch(|| {
            if order::is_inside() {
                self.shards.try_write(shard, make_room);
            } else {
                self.shards.write(shard, Access::Unrecorded, make_room);
            }
        });
        let any = gone.len() > 0;
        garbage.append(&mut gone);
        any
    }

    /// Where some entries may not be evicted: the shard at which a search for those that may begins, where the last one ended, and how many shards at most
    /// are searched in vain.
    fn shards_to_search(&self) -> (usize, usize) {
        let most = self.shards.count().min(MOST_SEARCHED);
        // Relaxed: it is but where to begin.
        (self.search_from.fetch_add(most, Ordering::Relaxed) % self.shards.count(), most)
    }

    /// Evicts entries of other shards for what is on offer, before it is stored. Says whether there may be room now.
    #[cold]
    #[track_caller]
    pub(crate) fn make_room_elsewhere(&self, shard: usize, offer: &Offer<K, V>) -> bool {
        let Some((budget, (key, value))) = self.budget.as_ref().zip(offer.key().zip(offer.value.as_ref())) else {
            return false;
        };
        let units = u64::from(self.rules.units::<P>(key, value));
        if units > budget.capacity() as u64 {
            return false;
        }
        self.evict_elsewhere(shard, units, &mut self.leaving().garbage)
    }

    /// Evicts entries of other shards, or of this one where a search has not seen all of it, until they had so many units. Says whether they had.
    #[cold]
    pub(crate) fn evict_elsewhere(&self, shard: usize, units: u64, garbage: &mut Garbage<K, V>) -> bool {
        let Some(budget) = &self.budget else { return false };
        let mut drops = Drops::default();
        let mut held = Held::none(budget);
        // A table has two slots for each entry, or a few more.
        let unseen = 2 * self.shards.open(shard).meter.stored.get() / u64::from(SEARCHED);
        for _ in 0..unseen.min(MORE_SEARCHES) {
            if held.units() < units {
                self.evict_some((shard, SEARCHED), units, &mut held, garbage, &mut drops);
            }
        }
        let (first, most) = self.shards_to_search();
        let mut in_vain = 0;
        for next in (first..).take(self.shards.count()) {
            let next = next % self.shards.count();
            if held.units() >= units || in_vain == most {
                break;
            }
            if next != shard && !self.evict_some((next, SEARCHED_ELSEWHERE), units, &mut held, garbage, &mut drops) {
                in_vain += 1;
            }
        }
        drops.end();
        held.units() >= units
    }
}

/// Settles what is owed after a write to this shard, also where that panics.
struct Settling<'a, K, V, P: Policy, S> {
    core: &'a Core<K, V, P, S>,
    shard: usize,
    garbage: &'a mut Garbage<K, V>,
}

impl<K, V, P: Policy, S> Drop for Settling<'_, K, V, P, S> {
    #[inline]
    fn drop(&mut self) {
        // What rejects evicts nothing.
        if P::Eviction::EVICTS
            && let Some(budget) = &self.core.budget
            && budget.is_overdrawn()
        {
            self.core.settle(budget, self.shard, self.garbage);
        }
    }
}
