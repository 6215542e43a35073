//! The shards of a field: routing a hash to a shard, and taking its lock.

use super::access::{Access, Turn};
use crate::{
    bounds::Token,
    hasher::KeyHash,
    lock::{Cell, Lent, Lock, View},
    memory::arena::{MemoryNode, Placed},
    memory::waits::Extent,
    observe::counts::Counts,
    shard::order::{self, FieldOrder, Inside},
};
use std::{any::Any, panic::Location, sync::Arc, thread};

/// Shards. Each has a lock that protects a `T`, its table, and an `O` that needs no lock.
pub(crate) struct Shards<T, O, L: Lock> {
    all: Placed<Shard<T, O, L>>,
    order: FieldOrder,
}

/// Aligned to two cache lines, since processors fetch adjacent lines in pairs. The fields that each access uses come
/// first, so that they are on the first line: the counts (24 bytes), the lock (8), the directory and the homes of the
/// table (24) and the number of its entries (8). Under `Optimistic`, the first line ends with the copy of directory and
/// homes that readers follow, and the table begins on the second one.
#[repr(C, align(128))]
struct Shard<T, O, L: Lock> {
    counts: Counts,
    cell: L::Cell<T>,
    status: O,
}

/// Selects a shard.
pub(crate) trait ShardSelector: Copy {
    /// Its number.
    fn index<T>(self, all: &Placed<T>) -> usize;
    /// Its number and the shard.
    fn among<T>(self, all: &Placed<T>) -> (usize, &T);
}

/// By its number.
impl ShardSelector for usize {
    #[inline]
    fn index<T>(self, _: &Placed<T>) -> usize {
        self
    }

    #[inline]
    fn among<T>(self, all: &Placed<T>) -> (usize, &T) {
        (self, all.get(self))
    }
}

/// The shard of a hash.
#[derive(Clone, Copy)]
pub(crate) struct ByHash(pub(crate) KeyHash);

impl ShardSelector for ByHash {
    #[inline]
    fn index<T>(self, all: &Placed<T>) -> usize {
        all.index_of(self.0)
    }

    #[inline]
    fn among<T>(self, all: &Placed<T>) -> (usize, &T) {
        (self.index(all), all.of(self.0))
    }
}

/// The parts of a shard that need no lock, for the holder of the exclusive lock.
pub(crate) struct ShardExtras<'a, T, O, L: Lock>(&'a Shard<T, O, L>);

impl<T, O, L: Lock> Clone for ShardExtras<'_, T, O, L> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T, O, L: Lock> Copy for ShardExtras<'_, T, O, L> {}

impl<'a, T, O, L: Lock> ShardExtras<'a, T, O, L> {
    #[inline]
    pub(crate) fn counts(self) -> &'a Counts {
        &self.0.counts
    }

    #[inline]
    pub(crate) fn status(self) -> &'a O {
        &self.0.status
    }

    /// The view for readers without a lock, if there are any.
    #[inline]
    pub(crate) fn view(self) -> Option<&'a View<T>> {
        L::view(&self.0.cell, Token)
    }
}

/// A shard with its number, before its lock is taken. So neither is computed twice.
pub(crate) struct FoundShard<'a, T, O, L: Lock> {
    index: usize,
    shard: &'a Shard<T, O, L>,
}

impl<T, O, L: Lock> Clone for FoundShard<'_, T, O, L> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T, O, L: Lock> Copy for FoundShard<'_, T, O, L> {}

impl<'a, T, O, L: Lock> FoundShard<'a, T, O, L> {
    #[inline]
    pub(crate) fn index(self) -> usize {
        self.index
    }

    /// The same shard, if its types are these.
    #[inline]
    pub(crate) fn of<U: 'static, P: 'static, M: Lock>(self) -> Option<FoundShard<'a, U, P, M>>
    where
        T: 'static,
        O: 'static,
    {
        let shard = (self.shard as &'a dyn Any).downcast_ref()?;
        Some(FoundShard { index: self.index, shard })
    }

    /// Locks the shard for changing. The caller must check the nesting order.
    #[inline]
    pub(crate) fn hold<R>(self, run: impl FnOnce(ShardExtras<'a, T, O, L>, &mut T) -> R) -> R {
        self.shard.cell.write(|table| run(ShardExtras(self.shard), table))
    }

    /// The parts of the shard that need no lock. The table proves that the caller holds the exclusive lock.
    #[inline]
    pub(crate) fn extras(self, _: &mut T) -> ShardExtras<'a, T, O, L> {
        ShardExtras(self.shard)
    }
}

impl<T, O: Default, L: Lock> Shards<T, O, L> {
    /// One shard on each of these nodes. The number of shards must be a power of two.
    pub(crate) fn new(nodes: &[Arc<MemoryNode>], order: FieldOrder, mut shard: impl FnMut(usize) -> T) -> Self {
        let shard = |index| Shard { counts: Counts::default(), cell: Cell::new(shard(index)), status: O::default() };
        let shards = Shards { all: Placed::new(nodes, shard), order };
        // Events for memory that could not be bound.
        #[cfg(feature = "tracing")]
        order::tell_outside();
        shards
    }
}

impl<T, O, L: Lock> Shards<T, O, L> {
    #[inline]
    pub(crate) fn count(&self) -> usize {
        self.all.len()
    }

    /// The number of the shard of these extras.
    pub(crate) fn number(&self, extras: ShardExtras<'_, T, O, L>) -> usize {
        self.all.position(extras.0)
    }

    /// The shard of a hash, by its top bits. The table sees only the lower half.
    #[inline]
    pub(crate) fn route(&self, hash: KeyHash) -> usize {
        self.index(ByHash(hash))
    }

    #[inline]
    pub(crate) fn index(&self, shard: impl ShardSelector) -> usize {
        shard.index(&self.all)
    }

    /// What is counted of each shard, in the order of [`statuses`](Shards::statuses).
    pub(crate) fn all_counts(&self) -> impl Iterator<Item = &Counts> {
        self.all.iter().map(|shard| &shard.counts)
    }

    /// What is counted of a shard.
    pub(crate) fn counts(&self, shard: usize) -> &Counts {
        &self.all.get(shard).counts
    }

    pub(crate) fn statuses(&self) -> impl Iterator<Item = &O> {
        self.all.iter().map(|shard| &shard.status)
    }

    /// The status of a shard, which needs no lock.
    pub(crate) fn status(&self, shard: usize) -> &O {
        &self.all.get(shard).status
    }

    /// The address and the size in bytes of a shard, without its table.
    pub(crate) fn piece(&self, shard: usize) -> (usize, usize) {
        (std::ptr::from_ref(self.all.get(shard)).addr(), size_of::<Shard<T, O, L>>())
    }

    /// Where the shards lie.
    pub(crate) fn extent(&self) -> Extent {
        self.all.extent()
    }

    /// How many accesses panicked because they were out of order.
    pub(crate) fn refused_accesses(&self) -> u64 {
        self.order.refused()
    }

    /// Panics if this thread may not wait for every shard now.
    #[track_caller]
    pub(crate) fn check(&self) {
        self.order.check(0);
    }

    /// Checks that this thread may wait for a shard. A recorded access lasts until the result is dropped.
    #[inline]
    #[track_caller]
    fn enter(&self, shard: usize, turn: impl Turn) -> Option<Inside> {
        if turn.is_recorded() {
            return Some(self.order.enter(shard, Location::caller()));
        }
        self.order.check(shard);
        None
    }

    #[inline]
    #[track_caller]
    pub(crate) fn read<R>(&self, shard: impl ShardSelector, turn: impl Turn, read: impl FnOnce(&O, &T) -> R) -> R {
        let (index, Shard { status, cell, .. }) = shard.among(&self.all);
        let _inside = self.enter(index, turn);
        turn.read(cell, |table: &T| read(status, table))
    }

    #[inline]
    #[track_caller]
    pub(crate) fn write<R>(
        &self,
        shard: impl ShardSelector,
        turn: impl Turn,
        write: impl FnOnce(ShardExtras<'_, T, O, L>, &mut T) -> R,
    ) -> R {
        let (index, shard) = shard.among(&self.all);
        let _inside = self.enter(index, turn);
        turn.write(&shard.cell, |table: &mut T| write(ShardExtras(shard), table))
    }

    /// Changes the shard of a hash, wherever this thread is. The shards of an index have no place in the order: no
    /// other lock is taken inside of them.
    #[inline]
    pub(crate) fn write_innermost<R>(
        &self,
        hash: KeyHash,
        write: impl FnOnce(ShardExtras<'_, T, O, L>, &mut T) -> R,
    ) -> R {
        let shard = self.all.of(hash);
        shard.cell.write(|table| write(ShardExtras(shard), table))
    }

    /// As [`write_innermost`](Shards::write_innermost), for reading.
    #[inline]
    pub(crate) fn read_innermost<R>(&self, hash: KeyHash, read: impl FnOnce(&T) -> R) -> R {
        self.all.of(hash).cell.read(read)
    }

    /// Reads the shard of a hash without its lock. `None` if the lock does not allow that.
    #[inline]
    #[track_caller]
    pub(crate) fn unlocked<R>(&self, hash: KeyHash, look: impl FnOnce(&View<T>) -> Option<R>) -> Option<R> {
        let view = L::view(&self.all.of(hash).cell, Token)?;
        // A reader that loses a race waits for the lock. Whether a nested access panics must not depend on that.
        if order::is_marked() {
            self.check_nested(hash);
        }
        look(view)
    }

    /// What readers without a lock follow in the shard of a hash. The order is the caller's.
    #[inline]
    pub(crate) fn view(&self, hash: KeyHash) -> Option<&View<T>> {
        L::view(&self.all.of(hash).cell, Token)
    }

    /// As [`unlocked`](Shards::unlocked), but also `None` if this thread is inside a shard.
    #[inline]
    pub(crate) fn glance<R>(&self, hash: KeyHash, look: impl FnOnce(&View<T>) -> R) -> Option<R> {
        let view = L::view(&self.all.of(hash).cell, Token)?;
        (!order::is_inside()).then(|| look(view))
    }

    /// Checks that this thread is inside no shard, since it may have to wait for more than a lock.
    #[inline]
    pub(crate) fn check_outside(&self, shard: usize, at: &Location<'_>) {
        self.order.check_outside(shard, at);
    }

    /// Computes the shard again, so that the common path need not keep it live.
    #[cold]
    #[inline(never)]
    #[track_caller]
    fn check_nested(&self, hash: KeyHash) {
        self.order.check(self.route(hash));
    }

    /// Runs a closure as a read would run it under the lock, but without the lock.
    #[inline]
    #[track_caller]
    pub(crate) fn without_lock<R>(&self, hash: KeyHash, access: Access, run: impl FnOnce() -> R) -> R {
        let at = Location::caller();
        let _inside = if access.is_recorded() { Some(self.order.enter(self.route(hash), at)) } else { None };
        run()
    }

    /// The positions of these shards in the nesting order.
    #[inline]
    pub(crate) fn order(&self) -> &FieldOrder {
        &self.order
    }

    /// A shard and its number.
    #[inline]
    pub(crate) fn find(&self, shard: impl ShardSelector) -> FoundShard<'_, T, O, L> {
        let (index, shard) = shard.among(&self.all);
        FoundShard { index, shard }
    }

    /// Locks a shard for reading. Other threads may read it as well, if the lock has a shared mode. The caller must
    /// check the nesting order.
    #[inline]
    pub(crate) fn hold_shared<R>(&self, shard: impl ShardSelector, run: impl FnOnce(&T) -> R) -> R {
        shard.among(&self.all).1.cell.read(run)
    }

    /// Locks a shard, and adds its table to `lent` while the closure runs. The caller must check the nesting order.
    #[inline]
    pub(crate) fn lend<R>(&self, shard: usize, lent: &mut Lent<'_>, run: impl FnOnce(&mut Lent<'_>) -> R) -> R
    where
        T: 'static,
    {
        self.all.get(shard).cell.write(|table| lent.lend(table, run))
    }

    /// As [`lend`](Shards::lend), for reading only. If the lock has a shared mode, there may be other readers.
    #[inline]
    pub(crate) fn lend_shared<R>(&self, shard: usize, lent: &mut Lent<'_>, run: impl FnOnce(&mut Lent<'_>) -> R) -> R
    where
        T: 'static,
    {
        self.all.get(shard).cell.read(|table| lent.lend_shared(table, run))
    }

    /// The parts of a shard that need no lock. The table proves that the caller holds the exclusive lock.
    #[inline]
    pub(crate) fn extras(&self, shard: impl ShardSelector, _: &mut T) -> ShardExtras<'_, T, O, L> {
        ShardExtras(shard.among(&self.all).1)
    }

    /// Lets other threads take the lock. Called between two steps on the same shard.
    #[allow(clippy::unused_self, reason = "the receiver determines the lock type")]
    pub(crate) fn between_steps(&self) {
        if !<L::Cell<T> as Cell<T>>::TAKES_TURNS {
            thread::yield_now();
        }
    }

    /// As [`write`](Shards::write), or `None` at once if the lock is taken. It never waits, so it may be called inside
    /// any shard.
    pub(crate) fn try_write<R>(
        &self,
        shard: usize,
        write: impl FnOnce(ShardExtras<'_, T, O, L>, &mut T) -> R,
    ) -> Option<R> {
        let shard = self.all.get(shard);
        shard.cell.try_write(|table| write(ShardExtras(shard), table))
    }
}
