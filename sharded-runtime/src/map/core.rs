//! What all operations of a map are made of: a read of one shard, a write to one shard, a visit to all of them.

use super::{
    garbage::{Drops, Garbage},
    locked::Locked,
};
use crate::{
    Policy,
    arena::Arena,
    budget::{Budget, Purse},
    builder::{FieldOptions, StoreContext},
    clock::{TimeSource, to_nanos},
    evict::Eviction,
    expiry::Stamp,
    hasher::MapHasher,
    lock::{Lock, Sequence},
    order::{self, Place},
    shards::{Access, Runs, Shards},
    stats::Meter,
    sweeper::{self, Sweep},
    table::{Copied, Copies, Cursor, Entries, Look, NoMemory, Peek, Raced, StampOf, Table, Use, UseFetched, View},
    tally::{Event, Tally},
};
use std::{
    borrow::Borrow,
    hash::{BuildHasher, Hash},
    hint,
    mem::needs_drop,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// Buckets with due entries that a write looks at on the way, or due entries that it removes: more than the one that it may add.
const SWEEP_PER_WRITE: usize = 4;
/// Buckets by which a write brings the table nearer to the size that it should have.
pub(super) const STEPS_PER_WRITE: usize = 2;
/// Buckets by which a table is brought nearer to the size that it should have, where that is the only purpose of a call.
const STEPS: usize = 16;
/// Entries that an operation on the whole map touches before it releases the lock.
pub(super) const BATCH: usize = 64;
/// Times that a reader looks without a lock before it waits for it.
const TRIES: usize = 16;

/// A map.
pub(crate) struct Core<K, V, P: Policy, S> {
    pub(super) shards: Shards<Table<K, V, P>, Open, P>,
    arena: Arc<Arena>,
    pub(super) hasher: MapHasher<S>,
    hashing: Hashing<K, V, P, S>,
    clock: TimeSource<P::Clock>,
    /// Nanoseconds; `u64::MAX` is for ever.
    pub(super) ttl: u64,
    pub(super) idle: u64,
    pub(super) budget: Option<Budget>,
    tally: Tally,
    /// When the background thread looks at this map next.
    alarm: AtomicU64,
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
        let arena = Arc::new(Table::<K, V, P>::arena(options.huge_pages));
        let place = Place::new(store.id, index, const { &P::NAME });
        let shards = Shards::new(store.shards(options), place, || Table::new(Arc::clone(&arena)));
        let clock = TimeSource::new(store.clock());
        let forever = |time: Option<Duration>| time.map_or(u64::MAX, to_nanos);
        let tracks = StampOf::<P>::TRACKS_ACCESS;
        Core {
            budget: options.capacity.or(P::CAPACITY).map(|capacity| Budget::new(capacity, shards.count())),
            ttl: forever(options.ttl.or(P::TTL)),
            idle: forever(options.idle.or(P::IDLE).filter(|_| tracks)),
            tally: Tally::new(),
            alarm: AtomicU64::new(u64::MAX),
            in_background: StampOf::<P>::EXPIRES && clock.runs() && !store.sweeps_by_hand(),
            shards,
            arena,
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
            (self.hashing.step)(&self.hasher, moving.table, now, self.idle)?;
            if !moving.table.is_behind() {
                break;
            }
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
        self.arena.usage()
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
    pub(super) fn read<Q, R>(
        &self,
        hash: u64,
        key: &Q,
        copies: Option<Copies<K, V>>,
        runs: Runs,
        read: impl FnOnce(&V) -> R,
    ) -> Option<R>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let access = runs.access::<K, V>();
        // A use that has to be noted in the entry needs the lock.
        if !StampOf::<P>::TRACKS_ACCESS
            && let Some(copies) = copies
        {
            return match self.copy::<Q, Use>(hash, key, copies) {
                Ok(found) => self.read_copied(hash, access, found, read),
                Err(Raced) => self.read_contended(access, hash, key, copies, read),
            };
        }
        self.read_locked(access, hash, key, read)
    }

    /// Looks once without a lock.
    #[inline]
    #[track_caller]
    fn copy<Q, L: Look>(&self, hash: u64, key: &Q, copies: Copies<K, V>) -> Result<Option<Copied<V>>, Raced>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let look = |open: &Open, sequence: &Sequence| {
            Some(open.view.look::<K, V, P, Q, L>(sequence, copies, (hash, key), self.idle))
        };
        self.shards.unlocked(hash, look).unwrap_or(Err(Raced))
    }

    /// Lends what was found without a lock.
    #[inline]
    #[track_caller]
    fn read_copied<R>(
        &self,
        hash: u64,
        access: Access,
        found: Option<Copied<V>>,
        read: impl FnOnce(&V) -> R,
    ) -> Option<R> {
        // Not by `map`: its closure would hide the caller.
        if let Some(copied) = found
            && (!StampOf::<P>::EXPIRES || copied.deadline > self.clock.nanos())
        {
            self.count(Event::Hit);
            return Some(self.shards.without_lock(hash, access, || read(&copied.value)));
        }
        self.count(Event::Miss);
        None
    }

    /// Reads where a writer was in the way.
    #[cold]
    #[inline(never)]
    #[track_caller]
    fn read_contended<Q, R>(
        &self,
        access: Access,
        hash: u64,
        key: &Q,
        copies: Copies<K, V>,
        read: impl FnOnce(&V) -> R,
    ) -> Option<R>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        for _ in 0..TRIES {
            hint::spin_loop();
            if let Ok(found) = self.copy::<Q, Use>(hash, key, copies) {
                return self.read_copied(hash, access, found, read);
            }
        }
        self.read_locked(access, hash, key, read)
    }

    /// Reads under the lock.
    #[inline]
    #[track_caller]
    fn read_locked<Q, R>(&self, access: Access, hash: u64, key: &Q, read: impl FnOnce(&V) -> R) -> Option<R>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let shard = self.shards.route(hash);
        if <P::Lock as Lock>::SHARED_READS {
            self.shards.read(shard, access, |_, table| self.find_shared(table, hash, key).map(read))
        } else {
            self.shards.write(shard, access, |_, table| self.find_alone(table, hash, key).map(read))
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
            self.shards.read(shard, access, |_, table| {
                for (index, (hash, key)) in keys {
                    if let Some(value) = self.find_shared(table, hash, key) {
                        read(index, value);
                    }
                }
            });
        } else {
            self.shards.write(shard, access, |_, table| {
                for (index, (hash, key)) in keys {
                    if let Some(value) = self.find_alone(table, hash, key) {
                        read(index, value);
                    }
                }
            });
        }
    }

    /// Reads several keys at once, without a lock where no writer is in the way. The memory of all is fetched side by side, in two rounds: what
    /// says where an entry is, then the entry.
    #[inline]
    #[track_caller]
    pub(super) fn read_copies<Q>(&self, keys: &[(u64, &Q)], copies: Copies<K, V>, mut read: impl FnMut(Option<V>))
    where
        K: Borrow<Q>,
        V: Clone,
        Q: Eq + ?Sized,
    {
        for &(hash, _) in keys {
            self.shards.unlocked(hash, |open, sequence| {
                open.view.prefetch_header::<K, V, P>(sequence, copies, hash);
                Some(())
            });
        }
        for &(hash, _) in keys {
            self.shards.unlocked(hash, |open, sequence| {
                open.view.prefetch_entry::<K, V, P>(sequence, copies, hash);
                Some(())
            });
        }
        let access = Runs::Nothing.access::<K, V>();
        for &(hash, key) in keys {
            // A use that has to be noted in the entry needs the lock.
            if !StampOf::<P>::TRACKS_ACCESS
                && let Ok(found) = self.copy::<Q, UseFetched>(hash, key, copies)
            {
                read(self.read_copied(hash, access, found, V::clone));
            } else {
                read(self.read(hash, key, Some(copies), Runs::Nothing, V::clone));
            }
        }
    }

    /// Finds the live value of a key among other readers.
    #[inline]
    fn find_shared<'a, Q>(&self, table: &'a Table<K, V, P>, hash: u64, key: &Q) -> Option<&'a V>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        if let Some(entry) = table.find(hash, key)
            && self.is_used(entry.stamp())
        {
            self.count(Event::Hit);
            table.hit(entry.slot());
            return Some(entry.value());
        }
        self.count(Event::Miss);
        None
    }

    /// Finds the live value of a key where there is no other reader.
    #[inline]
    fn find_alone<'a, Q>(&self, table: &'a mut Table<K, V, P>, hash: u64, key: &Q) -> Option<&'a V>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        if !P::Eviction::BOUNDED {
            // Nobody else wants to know of the use.
            let found = table.find(hash, key).filter(|entry| self.is_used(entry.stamp()));
            self.count(if found.is_some() { Event::Hit } else { Event::Miss });
            return found.map(|entry| entry.value());
        }
        let Some(slot) = table.find(hash, key).filter(|entry| self.is_used(entry.stamp())).map(|entry| entry.slot())
        else {
            self.count(Event::Miss);
            return None;
        };
        self.count(Event::Hit);
        table.hit_mut(slot);
        table.get(slot).map(|entry| entry.value())
    }

    /// Whether an entry with this stamp has not expired; then it counts as used.
    #[inline]
    fn is_used(&self, stamp: &StampOf<P>) -> bool {
        if !StampOf::<P>::EXPIRES {
            return true;
        }
        let now = self.clock.nanos();
        let is_alive = stamp.deadline(self.idle) > now;
        if is_alive {
            stamp.accessed(now);
        }
        is_alive
    }

    /// Looks at the live entry of a key without leaving a trace.
    #[inline]
    #[track_caller]
    pub(super) fn peek<Q, R>(
        &self,
        hash: u64,
        key: &Q,
        copies: Option<Copies<K, V>>,
        peek: impl FnOnce(&V, u64) -> R,
    ) -> Option<R>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let shard = self.shards.route(hash);
        let of_deadline = |deadline: u64| {
            let left = if StampOf::<P>::EXPIRES { deadline.saturating_sub(self.clock.nanos()) } else { deadline };
            (left > 0).then_some(if deadline == u64::MAX { deadline } else { left })
        };
        if let Some(copies) = copies
            && let Some(copied) = self.shards.unlocked(hash, |open, sequence| {
                (0..TRIES)
                    .find_map(|_| open.view.look::<K, V, P, Q, Peek>(sequence, copies, (hash, key), self.idle).ok())
            })
        {
            return copied.and_then(|copied| Some(peek(&copied.value, of_deadline(copied.deadline)?)));
        }
        self.shards.read(shard, Runs::Nothing.access::<K, V>(), |_, table| {
            let entry = table.find(hash, key)?;
            Some(peek(entry.value(), of_deadline(entry.stamp().deadline(self.idle))?))
        })
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
        let mut garbage = Garbage::new();
        let change = |open: &Open, table: &mut Table<K, V, P>| {
            let mut locked = Locked { core: self, open, now: self.now(), table, garbage: &mut garbage };
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

    /// Shows the live entries of a shard, each that is there all the while exactly once, with the lock released after
    /// every [`BATCH`]. No use of the entries.
    #[track_caller]
    pub(super) fn visit(&self, shard: usize, mut visit: impl FnMut(&K, &V)) {
        let mut slots = Vec::new();
        let mut next = Some(Cursor::default());
        while let Some(from) = next {
            slots.clear();
            next = self.shards.read(shard, Access::Step, |_, table| {
                let next = table.walk(from, BATCH, |key| self.hash_of(key), &mut slots);
                for &slot in &slots {
                    // The time is asked anew: the closure may take long.
                    if let Some(entry) = table.get(slot)
                        && entry.stamp().deadline(self.idle) > self.now()
                    {
                        visit(entry.key(), entry.value());
                    }
                }
                next
            });
        }
    }

    /// As [`visit`](Core::visit), but keeps only the entries that `keep` says.
    #[track_caller]
    pub(super) fn retain(&self, shard: usize, mut keep: impl FnMut(&K, &mut V) -> bool) {
        let mut slots = Vec::new();
        let mut next = Some(Cursor::default());
        while let Some(from) = next {
            slots.clear();
            next = self.write(shard, Runs::Step, |locked| {
                let next = locked.table.walk(from, BATCH, |key| self.hash_of(key), &mut slots);
                for &slot in &slots {
                    locked.ask_time();
                    if !locked.is_alive(slot) {
                        locked.expire(slot);
                    } else if locked.table.change(slot, |key, value| keep(key, value)) == Some(false)
                        && let Some(removed) = locked.remove(slot, None)
                    {
                        locked.discard(removed);
                    }
                }
                next
            });
        }
        self.settle_size(shard);
    }

    /// Takes out all entries of a shard, in one step.
    #[track_caller]
    pub(super) fn take_all(&self, shard: usize) -> Taken<K, V, P> {
        let (table, now) = self.shards.write(shard, Access::Unrecorded, |open, table| {
            let taken = std::mem::replace(table, Table::new(Arc::clone(&self.arena)));
            table.publish(&open.view);
            open.meter.stored.set(0);
            if let Some(budget) = &self.budget {
                budget.give_all(taken.len());
            }
            (taken, self.now())
        });
        Taken { table, now, idle: self.idle }
    }

    /// Makes the table of a shard as small as it can be, some buckets per lock hold.
    #[track_caller]
    pub(super) fn shrink(&self, shard: usize) {
        self.shards.write(shard, Access::Unrecorded, |_, table| table.aim_to_fit());
        self.settle_size(shard);
    }

    /// Brings the table of a shard to the size that it should have, some buckets per lock hold.
    #[track_caller]
    fn settle_size(&self, shard: usize) {
        while self.shards.write(shard, Access::Step, |open, table| {
            let mut garbage = Garbage::new();
            let mut locked = Locked { core: self, open, now: self.now(), table, garbage: &mut garbage };
            locked.step(STEPS).is_ok() && locked.table.needs_step()
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
                let stepped = locked.step(STEPS);
                (nothing_due && (stepped.is_err() || !locked.table.needs_step()), locked.table.due_at())
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
            let mut next = Some(0);
            while let Some(from) = next {
                next = self.shards.write(shard, Access::Unrecorded, |_, table| table.hurry(from, self.now()));
            }
            removed += self.sweep_shard(shard).0;
        }
        removed
    }
}

impl<K, V, P: Policy, S> Sweep for Core<K, V, P, S>
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

impl<K, V, P: Policy, S> Drop for Core<K, V, P, S> {
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
            drops.drop_each(self.entries().map(|(key, value, _)| (key, value)));
        }
    }

    /// Adds the entries that were alive to others, and drops the rest.
    pub(super) fn keep_live(self, live: &mut Vec<(K, V)>) {
        let mut expired = Garbage::new();
        let now = self.now;
        for (key, value, deadline) in self.entries() {
            if deadline > now {
                live.push((key, value));
            } else {
                expired.push((key, value));
            }
        }
    }

    fn entries(self) -> Entries<K, V, P> {
        self.table.into_entries(self.idle)
    }
}
