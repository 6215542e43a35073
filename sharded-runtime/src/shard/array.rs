//! Route to lock to what it protects.

use super::access::{Access, Turn};
use crate::{
    engine::table::View,
    lock::{Cell, Lock, Token},
    memory::arena::{Home, Placed},
    observe::stats::Uses,
    shard::order::{self, Inside, Place},
};
use std::{panic::Location, sync::Arc, thread};

/// Shards that protect a `T` each, beside an `O` that is open to everyone.
///
/// `T` is one table; of a group of fields it would be their tables.
pub(crate) struct Shards<T, O, L: Lock> {
    all: Placed<Shard<T, O, L>>,
    place: Place,
}

/// Two cache lines apart from its neighbour: adjacent lines are fetched in pairs.
#[repr(C, align(128))] // In this order: on the first line is what every access writes or looks at.
struct Shard<T, O, L: Lock> {
    uses: Uses,
    cell: L::Cell<T>,
    open: O,
}

/// Says which shard.
pub(crate) trait Which {
    /// It, and its number.
    fn among<T>(self, all: &Placed<T>) -> (usize, &T);
}

/// By its number.
impl Which for usize {
    #[inline]
    fn among<T>(self, all: &Placed<T>) -> (usize, &T) {
        (self, all.get(self))
    }
}

/// The shard of a hash.
#[derive(Clone, Copy)]
pub(crate) struct Of(pub(crate) u64);

impl Which for Of {
    #[inline]
    fn among<T>(self, all: &Placed<T>) -> (usize, &T) {
        (all.index_of(self.0), all.of(self.0))
    }
}

/// What is beside the lock of a shard, lent to the holder of the exclusive lock.
pub(crate) struct Beside<'a, T, O, L: Lock>(&'a Shard<T, O, L>);

impl<T, O, L: Lock> Clone for Beside<'_, T, O, L> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T, O, L: Lock> Copy for Beside<'_, T, O, L> {}

impl<'a, T, O, L: Lock> Beside<'a, T, O, L> {
    #[inline]
    pub(crate) fn uses(self) -> &'a Uses {
        &self.0.uses
    }

    #[inline]
    pub(crate) fn open(self) -> &'a O {
        &self.0.open
    }

    /// What readers without a lock follow, where there are such.
    #[inline]
    pub(crate) fn view(self) -> Option<&'a View<T>> {
        L::view(&self.0.cell, Token)
    }
}

impl<T, O: Default, L: Lock> Shards<T, O, L> {
    /// A shard for each home, whose number is a power of two.
    pub(crate) fn new(homes: &[Arc<Home>], place: Place, mut shard: impl FnMut(usize) -> T) -> Self {
        let shard = |index| Shard { uses: Uses::default(), cell: Cell::new(shard(index)), open: O::default() };
        Shards { all: Placed::new(homes, shard), place }
    }
}

impl<T, O, L: Lock> Shards<T, O, L> {
    #[inline]
    pub(crate) fn count(&self) -> usize {
        self.all.len()
    }

    /// The shard of a hash, by its top bits. The table sees only the lower half.
    #[inline]
    pub(crate) fn route(&self, hash: u64) -> usize {
        self.all.index_of(hash)
    }

    pub(crate) fn all_uses(&self) -> impl Iterator<Item = &Uses> {
        self.all.iter().map(|shard| &shard.uses)
    }

    pub(crate) fn all_open(&self) -> impl Iterator<Item = &O> {
        self.all.iter().map(|shard| &shard.open)
    }

    /// What of a shard is open to everyone.
    pub(crate) fn open(&self, shard: usize) -> &O {
        &self.all.get(shard).open
    }

    /// The address and the bytes of what is in a shard itself.
    pub(crate) fn piece(&self, shard: usize) -> (usize, usize) {
        (std::ptr::from_ref(self.all.get(shard)).addr(), size_of::<Shard<T, O, L>>())
    }

    /// Panics where this thread may not wait for every shard now.
    #[cfg(feature = "serde")]
    #[track_caller]
    pub(crate) fn check(&self) {
        self.place.check(0);
    }

    /// Looks whether this thread may wait for a shard, and records what is to be recorded, until the result is dropped.
    #[inline]
    #[track_caller]
    fn enter(&self, shard: usize, turn: impl Turn) -> Option<Inside> {
        if turn.is_recorded() {
            return Some(self.place.enter(shard, Location::caller()));
        }
        self.place.check(shard);
        None
    }

    #[inline]
    #[track_caller]
    pub(crate) fn read<R>(&self, shard: impl Which, turn: impl Turn, read: impl FnOnce(&O, &T) -> R) -> R {
        let (index, Shard { open, cell, .. }) = shard.among(&self.all);
        let _inside = self.enter(index, turn);
        turn.read(cell, |table: &T| read(open, table))
    }

    #[inline]
    #[track_caller]
    pub(crate) fn write<R>(
        &self,
        shard: impl Which,
        turn: impl Turn,
        write: impl FnOnce(Beside<'_, T, O, L>, &mut T) -> R,
    ) -> R {
        let (index, shard) = shard.among(&self.all);
        let _inside = self.enter(index, turn);
        turn.write(&shard.cell, |table: &mut T| write(Beside(shard), table))
    }

    /// Lets someone look at the shard of a hash without its lock; `None` under a lock that has no such readers.
    #[inline]
    #[track_caller]
    pub(crate) fn unlocked<R>(&self, hash: u64, look: impl FnOnce(&View<T>) -> Option<R>) -> Option<R> {
        let view = L::view(&self.all.of(hash).cell, Token)?;
        // Whoever gives up waits for the lock, and it must not depend on the moment who panics.
        if order::is_inside() {
            self.check_nested(hash);
        }
        look(view)
    }

    /// As [`unlocked`](Shards::unlocked), for who is inside no shard; to others this answers `None`.
    #[inline]
    pub(crate) fn glance<R>(&self, hash: u64, look: impl FnOnce(&View<T>) -> R) -> Option<R> {
        let view = L::view(&self.all.of(hash).cell, Token)?;
        (!order::is_inside()).then(|| look(view))
    }

    /// Looks whether this thread is inside no shard at all, since it may have to wait for more than a lock.
    #[inline]
    pub(crate) fn check_outside(&self, shard: usize, at: &Location<'_>) {
        self.place.check_outside(shard, at);
    }

    /// The shard is found once more, so that who is not inside another one has nothing to keep for this.
    #[cold]
    #[inline(never)]
    #[track_caller]
    fn check_nested(&self, hash: u64) {
        self.place.check(self.route(hash));
    }

    /// Runs something that would run under the lock if there were one.
    #[inline]
    #[track_caller]
    pub(crate) fn without_lock<R>(&self, hash: u64, access: Access, run: impl FnOnce() -> R) -> R {
        let at = Location::caller();
        let _inside = if access.is_recorded() { Some(self.place.enter(self.route(hash), at)) } else { None };
        run()
    }

    /// After one step on a shard and before the next, so that others come in between.
    #[allow(clippy::unused_self, reason = "it names the lock, which the caller need not")]
    pub(crate) fn between_steps(&self) {
        if !<L::Cell<T> as Cell<T>>::TAKES_TURNS {
            thread::yield_now();
        }
    }

    /// `None` at once where the lock is taken; so this may be called anywhere.
    pub(crate) fn try_write<R>(&self, shard: usize, write: impl FnOnce(Beside<'_, T, O, L>, &mut T) -> R) -> Option<R> {
        let shard = self.all.get(shard);
        shard.cell.try_write(|table| write(Beside(shard), table))
    }
}
