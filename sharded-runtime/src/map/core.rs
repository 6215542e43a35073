//! What all operations of a map are made of: a read of one shard, a write to one shard, a visit to all of them.

use super::{
    garbage::{Drops, Garbage},
    locked::Locked,
};
use crate::{
    Policy,
    budget::{Budget, Purse},
    builder::{FieldOptions, StoreContext},
    clock::{TimeSource, to_nanos},
    evict::Eviction,
    expiry::{Expiry, Stamp},
    lock::Lock,
    order::{self, Place},
    shards::{Access, Runs, Shards},
    stats::Meter,
    sweeper::{self, Sweep},
    table::Table,
};
use std::{
    borrow::Borrow,
    mem::needs_drop,
    sync::atomic::{AtomicU32, AtomicU64, Ordering},
    time::Duration,
};

/// Due entries that a write looks at on the way: more than the one that it may add.
const SWEEP_PER_WRITE: usize = 4;
/// Slots that a write gives back on the way when the table has become sparse.
const COMPACT_PER_WRITE: usize = 8;
/// Entries that an operation on the whole map touches before it releases the lock.
pub(super) const BATCH: usize = 64;

pub(super) type StampOf<P> = <<P as Policy>::Expiry as Expiry>::Stamp;

/// A map without its hasher: what the background thread knows of it.
pub(crate) struct Core<K, V, P: Policy> {
    pub(super) shards: Shards<Table<K, V, P>, Open, P>,
    clock: TimeSource<P::Clock>,
    /// Nanoseconds; `u64::MAX` is for ever.
    pub(super) ttl: u64,
    pub(super) idle: u64,
    pub(super) budget: Option<Budget>,
    /// When the background thread looks at this map next.
    alarm: AtomicU64,
    in_background: bool,
}

/// The part of a shard that needs no lock.
#[derive(Default)]
pub(super) struct Open {
    pub(super) meter: Meter,
    pub(super) purse: Purse,
    /// Visits that are under way: while there are any, entries keep their slots. Relaxed: a visit counts itself before
    /// it takes the lock for the first time, and whoever moves entries holds the lock.
    pub(super) visitors: AtomicU32,
}

impl<K, V, P: Policy> Core<K, V, P> {
    pub(super) fn new(store: &StoreContext, index: u16, options: &FieldOptions<P>) -> Self {
        const {
            assert!(
                P::TTL.is_none() || StampOf::<P>::EXPIRES,
                "a policy with a TTL needs an `Expiry` other than `Never`"
            );
            assert!(P::IDLE.is_none() || StampOf::<P>::TRACKS_ACCESS, "a policy with an IDLE time needs `AfterAccess`");
            assert!(!matches!(P::CAPACITY, Some(0)), "the CAPACITY of a policy must not be zero");
            assert!(P::CAPACITY.is_none() || P::Eviction::BOUNDED, "a policy with a CAPACITY needs an `Eviction`");
        }
        let shards = Shards::new(store.shards(options), Place::new(store.id, index, P::NAME), Table::new);
        let clock = TimeSource::new(store.clock());
        let forever = |time: Option<Duration>| time.map_or(u64::MAX, to_nanos);
        let tracks = StampOf::<P>::TRACKS_ACCESS;
        Core {
            budget: options.capacity.or(P::CAPACITY).map(|capacity| Budget::new(capacity, shards.count())),
            ttl: forever(options.ttl.or(P::TTL)),
            idle: forever(options.idle.or(P::IDLE).filter(|_| tracks)),
            alarm: AtomicU64::new(u64::MAX),
            in_background: StampOf::<P>::EXPIRES && clock.runs() && !store.sweeps_by_hand(),
            shards,
            clock,
        }
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

    /// Lends the live value of a key for reading. A use of the entry, counted.
    #[inline]
    #[track_caller]
    pub(super) fn read<Q, R>(&self, hash: u64, key: &Q, runs: Runs, read: impl FnOnce(&V) -> R) -> Option<R>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let (shard, access) = (self.shards.route(hash), runs.access::<K, V>());
        if <P::Lock as Lock>::SHARED_READS {
            self.shards.read(shard, access, |open, table| self.find_shared(open, table, hash, key).map(read))
        } else {
            self.shards.write(shard, access, |open, table| self.find_alone(open, table, hash, key).map(read))
        }
    }

    /// As [`read`](Core::read), for several keys of one shard: lends what is there, with the index of its key.
    #[track_caller]
    pub(super) fn read_batch<'q, Q>(&self, keys: impl Iterator<Item = (u64, &'q Q)>, mut read: impl FnMut(usize, &V))
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized + 'q,
    {
        let mut keys = keys.enumerate().peekable();
        let Some(&(_, (hash, _))) = keys.peek() else { return };
        let (shard, access) = (self.shards.route(hash), Runs::Nothing.access::<K, V>());
        if <P::Lock as Lock>::SHARED_READS {
            self.shards.read(shard, access, |open, table| {
                for (index, (hash, key)) in keys {
                    if let Some(value) = self.find_shared(open, table, hash, key) {
                        read(index, value);
                    }
                }
            });
        } else {
            self.shards.write(shard, access, |open, table| {
                for (index, (hash, key)) in keys {
                    if let Some(value) = self.find_alone(open, table, hash, key) {
                        read(index, value);
                    }
                }
            });
        }
    }

    /// Finds the live value of a key among other readers.
    #[inline]
    fn find_shared<'a, Q>(&self, open: &Open, table: &'a Table<K, V, P>, hash: u64, key: &Q) -> Option<&'a V>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let found = table.find(hash, key).and_then(|slot| self.live(table, slot));
        let Some((slot, value)) = found else {
            open.meter.misses.add_shared();
            return None;
        };
        open.meter.hits.add_shared();
        table.hit(slot);
        Some(value)
    }

    /// Finds the live value of a key where there is no other reader.
    #[inline]
    fn find_alone<'a, Q>(&self, open: &Open, table: &'a mut Table<K, V, P>, hash: u64, key: &Q) -> Option<&'a V>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let Some((slot, _)) = table.find(hash, key).and_then(|slot| self.live(table, slot)) else {
            open.meter.misses.add();
            return None;
        };
        open.meter.hits.add();
        table.hit_mut(slot);
        table.get(slot).map(|entry| &entry.value)
    }

    /// The entry of a slot if it has not expired; then it counts as used.
    #[inline]
    fn live<'a>(&self, table: &'a Table<K, V, P>, slot: u32) -> Option<(u32, &'a V)> {
        let entry = table.get(slot)?;
        if StampOf::<P>::EXPIRES {
            let now = self.clock.nanos();
            if entry.stamp.deadline(self.idle) <= now {
                return None;
            }
            entry.stamp.accessed(now);
        }
        Some((slot, &entry.value))
    }

    /// Looks at the live entry of a key without leaving a trace.
    #[inline]
    #[track_caller]
    pub(super) fn peek<Q, R>(&self, hash: u64, key: &Q, peek: impl FnOnce(&V, u64) -> R) -> Option<R>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        self.shards.read(self.shards.route(hash), Runs::Nothing.access::<K, V>(), |_, table| {
            let entry = table.get(table.find(hash, key)?)?;
            let deadline = entry.stamp.deadline(self.idle);
            let left = if StampOf::<P>::EXPIRES { deadline.saturating_sub(self.clock.nanos()) } else { deadline };
            (left > 0).then(|| peek(&entry.value, if deadline == u64::MAX { deadline } else { left }))
        })
    }

    /// Lends a shard for changing. What the change takes out of it is dropped after the lock is released; the bounded
    /// rest of the work (expired entries, a sparse table, a capacity overdrawn) is done on the way.
    #[inline]
    #[track_caller]
    pub(super) fn write<R>(&self, shard: usize, runs: Runs, change: impl FnOnce(&mut Locked<'_, K, V, P>) -> R) -> R {
        let mut garbage = Garbage::new();
        let change = |open: &Open, table: &mut Table<K, V, P>| {
            let mut locked = Locked { core: self, open, now: self.now(), table, garbage: &mut garbage };
            let result = change(&mut locked);
            if StampOf::<P>::EXPIRES {
                locked.sweep(SWEEP_PER_WRITE);
            }
            locked.compact(COMPACT_PER_WRITE);
            (result, table.due_at())
        };
        let (result, due_at) = self.shards.write(shard, runs.access::<K, V>(), change);
        if let Some(budget) = &self.budget
            && budget.is_overdrawn()
        {
            self.settle(budget, shard, &mut garbage);
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
                locked.compact(COMPACT_PER_WRITE);
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

    /// Shows the live entries of a shard, each that is there all the while exactly once, with the lock released after
    /// every [`BATCH`]. No use of the entries.
    #[track_caller]
    pub(super) fn visit(&self, shard: usize, mut visit: impl FnMut(&K, &V)) {
        let _visit = Visit::begin(self.shards.open(shard));
        let mut next = Some(0);
        while let Some(from) = next {
            next = self.shards.read(shard, Access::Step, |_, table| {
                let to = batch_end(from, table.slots());
                for slot in from..to.unwrap_or(table.slots()) {
                    // The time is asked anew: the closure may take long.
                    if let Some(entry) = table.get(slot)
                        && entry.stamp.deadline(self.idle) > self.now()
                    {
                        visit(&entry.key, &entry.value);
                    }
                }
                to
            });
        }
    }

    /// As [`visit`](Core::visit), but keeps only the entries that `keep` says.
    #[track_caller]
    pub(super) fn retain(&self, shard: usize, mut keep: impl FnMut(&K, &mut V) -> bool) {
        let visit = Visit::begin(self.shards.open(shard));
        let mut next = Some(0);
        while let Some(from) = next {
            next = self.write(shard, Runs::Step, |locked| {
                let to = batch_end(from, locked.table.slots());
                for slot in from..to.unwrap_or(locked.table.slots()) {
                    locked.ask_time();
                    if !locked.is_alive(slot) {
                        locked.expire(slot);
                    } else if let Some(entry) = locked.table.get_mut(slot)
                        && !keep(&entry.key, &mut entry.value)
                        && let Some(removed) = locked.remove(slot)
                    {
                        locked.discard(removed);
                    }
                }
                to
            });
        }
        drop(visit);
        self.shrink(shard, |len| len);
    }

    /// Takes out all entries of a shard, in one step.
    #[track_caller]
    pub(super) fn take_all(&self, shard: usize) -> Taken<K, V, P> {
        let (table, now) = self.shards.write(shard, Access::Unrecorded, |open, table| {
            let taken = std::mem::replace(table, Table::new());
            open.meter.stored.set(0);
            if let Some(budget) = &self.budget {
                budget.give_all(taken.len());
            }
            (taken, self.now())
        });
        Taken { table, now, idle: self.idle }
    }

    /// Gives slots back, all but as many vacant ones as `slack` says of the number of entries. A bounded number per lock hold.
    #[track_caller]
    pub(super) fn shrink(&self, shard: usize, slack: impl Fn(usize) -> usize) {
        while self.shards.write(shard, Access::Step, |open, table| {
            let slack = slack(table.len());
            open.visitors.load(Ordering::Relaxed) == 0 && table.compact(BATCH, slack)
        }) {}
    }

    /// Removes what has expired from a shard, a bounded number per lock hold; how many that were, and when to look again.
    #[track_caller]
    fn sweep_shard(&self, shard: usize) -> (usize, u64) {
        let mut removed = 0;
        loop {
            let mut garbage = Garbage::new();
            let (is_done, due_at) = self.shards.write(shard, Access::Step, |open, table| {
                let mut locked = Locked { core: self, open, now: self.now(), table, garbage: &mut garbage };
                let nothing_due = locked.sweep(BATCH);
                let is_sparse = locked.compact(4 * BATCH);
                (nothing_due && !is_sparse, table.due_at())
            });
            removed += garbage.len();
            if is_done {
                return (removed, due_at);
            }
        }
    }

    #[track_caller]
    pub(super) fn sweep(&self) -> usize {
        let mut removed = 0;
        for shard in 0..self.shards.count() {
            self.shards.write(shard, Access::Unrecorded, |_, table| table.hurry(self.now()));
            removed += self.sweep_shard(shard).0;
        }
        removed
    }
}

impl<K, V, P: Policy> Sweep for Core<K, V, P>
where
    Self: Send + Sync,
{
    fn sweep_due(&self) {
        // From here on a writer that schedules something rings again, so whatever this pass does not see is rung for.
        self.alarm.store(u64::MAX, Ordering::Relaxed);
        let due_at = (0..self.shards.count()).map(|shard| self.sweep_shard(shard).1).min();
        self.alarm.fetch_min(due_at.unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn sweep_again(&self) {
        self.alarm.store(0, Ordering::Relaxed);
    }

    fn due_in(&self) -> Option<Duration> {
        match self.alarm.load(Ordering::Relaxed) {
            u64::MAX => None,
            alarm => Some(Duration::from_nanos(alarm.saturating_sub(self.clock.nanos()))),
        }
    }
}

impl<K, V, P: Policy> Drop for Core<K, V, P> {
    fn drop(&mut self) {
        if self.in_background {
            sweeper::wake();
        }
    }
}

/// All that was in a shard.
pub(super) struct Taken<K, V, P: Policy> {
    table: Table<K, V, P>,
    now: u64,
    idle: u64,
}

impl<K, V, P: Policy> Taken<K, V, P> {
    pub(super) fn drop_each(self, drops: &mut Drops) {
        if needs_drop::<(K, V)>() {
            drops.drop_each(self.table.into_entries().map(|entry| (entry.key, entry.value)));
        }
    }

    /// Adds the entries that were alive to others, and drops the rest.
    pub(super) fn keep_live(self, live: &mut Vec<(K, V)>) {
        let mut expired = Garbage::new();
        for entry in self.table.into_entries() {
            if entry.stamp.deadline(self.idle) > self.now {
                live.push((entry.key, entry.value));
            } else {
                expired.push((entry.key, entry.value));
            }
        }
    }
}

/// A visit to the entries of a shard that goes on after the lock was released.
struct Visit<'a>(&'a Open);

impl<'a> Visit<'a> {
    fn begin(open: &'a Open) -> Self {
        open.visitors.fetch_add(1, Ordering::Relaxed);
        Visit(open)
    }
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        self.0.visitors.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Where the batch from this slot on ends, or `None` where it is the last.
fn batch_end(from: u32, slots: u32) -> Option<u32> {
    let to = from.saturating_add(u32::try_from(BATCH).unwrap_or(u32::MAX));
    (to < slots).then_some(to)
}
