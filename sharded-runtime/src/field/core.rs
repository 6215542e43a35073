//! A map: its shards, and its declared options.

use super::{
    advance,
    discard::Discarded,
    leaving::Leaving,
    placing::{Placing, Wanted},
    release::{Release, RetiredCounts},
    rules::Rules,
    settings::{Declared, Settings, Times},
    types::{FieldTypes, LockFor, UsableTypes},
};

use crate::{
    HasListener, Policy, Recording, StorageOf,
    builder::{Overrides, StoreContext},
    clock::{AtomicDeadline, Deadline, Moment, Nanos, TimeSource},
    engine::{
        budget::Budget,
        earliest::ExpiredShards,
        occupied::OccupiedShards,
        spec::{Spec, TableFor},
        status::ShardStatus,
        table::{NoMemory, Slot, StampOf, Table, TableView},
    },
    evict::FieldContext,
    expiry::Stamp,
    field::flight::Flights,
    field::removal::Listening,
    hasher::{KeyHash, MapHasher},
    lock::Lock,
    memory::reclaim,
    names_of,
    observe::counts::{Counts, Meter},
    observe::tally::{Event, Tally},
    observe::waits::WatchedLocks,
    shard::array::Shards,
    shard::order::FieldOrder,
    store::sweeper::Registration,
};
use std::{
    hash::{BuildHasher, Hash},
    sync::{Arc, OnceLock, atomic::AtomicUsize},
    time::Duration,
};

/// A map.
pub(crate) struct Core<F: FieldTypes> {
    /// Declared before the shards, so it is dropped first: no address is watched after its memory is freed.
    pub(super) locks: WatchedLocks,
    pub(crate) shards: Shards<TableFor<Self>, ShardStatus, LockFor<F>>,
    pub(crate) placing: Placing,
    pub(crate) field: FieldContext,
    pub(crate) hasher: MapHasher<F::Hasher>,
    /// Hashes a key. The bounds `Hash` of the keys are known only where the map is built and in calls with a key.
    pub(super) hash_key: fn(&MapHasher<F::Hasher>, &F::Key) -> KeyHash,
    /// Splits or merges buckets of a table, which hashes several keys. Takes the time and the idle time.
    pub(super) step_table: StepFn<F::Key, F::Value, StorageOf<F::Policy>, F::Hasher>,
    /// Finds a key. `None` where there are no indexes.
    pub(super) find_slot: FindFn<F::Key, F::Value, StorageOf<F::Policy>>,
    pub(crate) clock: TimeSource<<F::Policy as Policy>::Clock>,
    /// Like `idle`, [lengthened](TimeSource::lengthened) by the resolution of the clock.
    pub(crate) ttl: Nanos,
    /// The most by which the jitter shortens the ttl of an entry.
    pub(super) jitter: Nanos,
    /// The age from which calls that load refresh a value. Read only if `refresh_after` is declared.
    refresh_after: Nanos,
    pub(crate) idle: Nanos,
    pub(crate) budget: Option<Budget>,
    pub(crate) rules: Rules<F::Key, F::Value>,
    pub(crate) tally: Tally,
    pub(crate) flights: Flights<F::Key, F::Value>,
    /// `None` if the policy does not record.
    pub(crate) recording: Option<Recording>,
    pub(super) listening: OnceLock<Listening<F::Key, F::Value>>,
    /// The time of the next sweep by a background thread.
    pub(crate) alarm: AtomicDeadline,
    /// `None` if no background thread sweeps this map.
    pub(crate) background: Option<Arc<Registration>>,
    /// `None` where no background thread releases retired entries, or there are none.
    pub(crate) release: Option<Release>,
    /// How many retired entries each shard has. Maintained only if entries are shared with readers.
    pub(super) retired: RetiredCounts,
    /// The shard at which the next search for an evictable entry begins.
    pub(super) search_from: AtomicUsize,
    /// The shards that have entries. Maintained only if there is a capacity.
    pub(super) occupied: OccupiedShards,
    /// The shards that may have expired entries, which are removed before live entries are evicted.
    pub(crate) expired: ExpiredShards,
    pub(crate) discarded: Arc<Discarded>,
}

type StepFn<K, V, P, S> =
    fn(&MapHasher<S>, &mut Table<K, V, P>, Moment, Nanos, TableView<'_, K, V, P>) -> Result<(), NoMemory>;

type FindFn<K, V, P> = Option<fn(&Table<K, V, P>, KeyHash, &K) -> Option<Slot>>;

fn find_slot<K: Eq, V, P: Policy>(table: &Table<K, V, P>, hash: KeyHash, key: &K) -> Option<Slot> {
    table.find(hash, key).map(|entry| entry.slot())
}

/// Generic over the storage of entries, so that policies with the same storage share its code.
fn step<K: Hash, V, P: Policy, S: BuildHasher + Default + 'static>(
    hasher: &MapHasher<S>,
    table: &mut Table<K, V, P>,
    now: Moment,
    idle: Nanos,
    view: TableView<'_, K, V, P>,
) -> Result<(), NoMemory> {
    table.step(|key| hasher.hash(key), now, idle, view)
}

impl<F: FieldTypes> Core<F> {
    pub(crate) fn new(store: &StoreContext, index: u16, given: &Overrides, rules: Rules<F::Key, F::Value>) -> Self
    where
        F: UsableTypes,
    {
        let declared = const { &Declared::by::<F::Policy>() };
        let Settings { placing, nodes, field, budget, times } =
            Settings::new(store, given, declared, const { &Wanted::by::<F::Key, F::Value, F::Policy>() });
        let order = FieldOrder::new(store.id, index, names_of::<F::Policy>());
        let Times { jitter, refresh_after, .. } = times;
        let clock =
            TimeSource::new(store.clock(), times.past(), StampOf::<F::Policy>::EXPIRES.then(|| times.shortest()));
        let Times { ttl, idle, lifetime, .. } = times.lengthened(&clock);
        if LockFor::<F>::SHARES_ENTRIES {
            reclaim::prepare();
        }
        let in_advance = field.in_advance().is_some();
        let shards = Shards::new(&nodes, order, |shard| Table::new(placing.arena(shard), &field, lifetime, F::CLONES));
        let core = Core {
            rules,
            jitter,
            ttl,
            refresh_after,
            idle,
            listening: OnceLock::new(),
            tally: Tally::new(),
            flights: Flights::new(),
            recording: if F::Policy::RECORDS { Some(Recording::new(Self::facts(given))) } else { None },
            alarm: AtomicDeadline::never(),
            search_from: AtomicUsize::new(0),
            occupied: OccupiedShards::new(if budget.is_some() { shards.count() } else { 0 }),
            expired: ExpiredShards::new(),
            budget,
            discarded: Discarded::new(!store.sweeps_by_hand() && store.clock().is_none()),
            background: (StampOf::<F::Policy>::EXPIRES && clock.runs() && !store.sweeps_by_hand())
                .then(Registration::new),
            release: (LockFor::<F>::SHARES_ENTRIES && !store.sweeps_by_hand()).then(Release::new),
            retired: RetiredCounts::new(if LockFor::<F>::SHARES_ENTRIES { shards.count() } else { 0 }),
            locks: WatchedLocks::new(names_of::<F::Policy>(), shards.extent()),
            shards,
            placing,
            field,
            hasher: MapHasher::new(&store.seed),
            hash_key: MapHasher::hash,
            step_table: step,
            find_slot: if F::Policy::INDEXED { Some(find_slot) } else { None },
            clock,
        };
        if in_advance {
            // The first step of each table takes its memory.
            for shard in 0..core.shard_count() {
                core.sweep_shard(shard);
            }
            advance::note(store, F::Policy::NAME, &core.placing);
        }
        core
    }

    /// The time to live that was declared or given when the map was built.
    pub(crate) fn declared_ttl(&self) -> Option<Duration> {
        (!self.ttl.is_forever()).then(|| self.ttl.minus(self.clock.resolution()).to_duration())
    }

    /// Whether a live entry with this hash and this deadline is old enough to be refreshed by a call that stores
    /// entries with this ttl or the declared one.
    pub(crate) fn is_old(&self, hash: KeyHash, deadline: Deadline, ttl: Option<Nanos>) -> bool {
        // It was written `ttl` before its deadline, unless another call has stored it with another one.
        let ttl = match ttl {
            None => self.ttl_for(hash),
            Some(ttl) => self.clock.lengthened(ttl),
        };
        !ttl.is_forever() && deadline.left(self.now()) <= ttl.minus(self.refresh_after)
    }

    #[inline]
    pub(crate) fn count(&self, event: Event) {
        if !self.tally.add(event) {
            self.count_first(event, 1);
        }
    }

    /// Counts several events of one kind, off the common path.
    #[cold]
    pub(crate) fn count_many(&self, event: Event, times: u64) {
        if !self.tally.add_many(event, times) {
            self.count_first(event, times);
        }
    }

    /// A method of the map, whose address is in a register: otherwise the common path would keep the address of the
    /// tally for this rare case.
    #[cold]
    #[inline(never)]
    fn count_first(&self, event: Event, times: u64) {
        self.tally.add_first(event, times);
    }

    /// Accesses that found an entry, those that found none, and entries stored.
    pub(crate) fn hits_misses_and_inserts(&self) -> (u64, u64, u64) {
        let (mut hits, mut misses) = (self.tally.get(Event::Hit), self.tally.get(Event::Miss));
        let mut inserts = 0;
        for (counts, meter) in self.shards.all_counts().zip(self.meters()) {
            hits += counts.hits.get();
            misses += counts.misses.get();
            inserts += counts.inserts(meter);
        }
        (hits, misses, inserts)
    }

    /// Bytes of table memory in use, and the number of blocks that were ever allocated.
    pub(crate) fn memory(&self) -> (usize, u64) {
        self.placing.usage()
    }

    /// Called when all keys of a shard are taken out: the loads in progress for them must not store their values.
    pub(crate) fn overtake_all(&self, counts: &Counts, shard: usize) {
        if counts.is_loading() {
            self.flights.overtake_all(shard);
        }
    }

    /// Adds a listener, unless there is one.
    pub(crate) fn listen<L>(
        &self,
        listener: L,
        listening: impl FnOnce(L) -> Listening<F::Key, F::Value>,
    ) -> Result<(), HasListener<L>> {
        let mut listener = Some(listener);
        // `get_or_init` calls the closure at most once.
        self.listening.get_or_init(|| listening(listener.take().expect("it is there")));
        listener.map_or(Ok(()), |listener| Err(HasListener { listener }))
    }

    /// An empty collection for the entries that a write takes out.
    #[inline]
    pub(crate) fn leaving(&self) -> Leaving<'_, F::Key, F::Value> {
        Leaving::new(&self.listening)
    }

    #[inline]
    pub(crate) fn route(&self, hash: KeyHash) -> usize {
        self.shards.route(hash)
    }

    pub(crate) fn shard_count(&self) -> usize {
        self.shards.count()
    }

    pub(crate) fn capacity(&self) -> Option<usize> {
        self.budget.as_ref().map(Budget::capacity)
    }

    pub(crate) fn meters(&self) -> impl Iterator<Item = &Meter> {
        self.shards.statuses().map(|status| &status.meter)
    }
}
