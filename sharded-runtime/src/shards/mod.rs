//! Route to lock to what it protects.

mod access;
mod count;

pub(crate) use access::{Access, Runs};
pub use count::{Auto, Fixed, MAX_SHARDS, ShardCount};

use crate::{
    Policy,
    arena::{Home, Placed},
    lock::{Cell, Lock, Sequence, Token},
    order::{self, Place},
};
use std::{panic::Location, sync::Arc};

/// Shards that protect a `T` each, beside an `O` that is open to everyone.
///
/// `T` is one table; of a group of fields it would be their tables.
pub(crate) struct Shards<T, O, P: Policy> {
    all: Placed<Shard<T, O, P>>,
    /// Brings the bits that route to the bottom, less one so that one shard needs no shift by 64.
    shift: u32,
    place: Place,
}

/// Two cache lines apart from its neighbour: adjacent lines are fetched in pairs.
#[repr(C, align(128))]
struct Shard<T, O, P: Policy> {
    cell: <P::Lock as Lock>::Cell<T>,
    open: O,
}

impl<T, O: Default, P: Policy> Shards<T, O, P> {
    /// A shard for each home: a power of two, at most [`MAX_SHARDS`].
    pub(crate) fn new(homes: &[Arc<Home>], place: Place, mut shard: impl FnMut(usize) -> T) -> Self {
        let count = homes.len();
        assert!(
            count.is_power_of_two() && count <= MAX_SHARDS,
            "the number of shards of `{}` must be a power of two, at most {MAX_SHARDS}, but is {count}",
            P::NAME
        );
        let all = Placed::new(homes, |index| Shard { cell: Cell::new(shard(index)), open: O::default() });
        Shards { all, shift: 63 - count.trailing_zeros(), place }
    }
}

impl<T, O, P: Policy> Shards<T, O, P> {
    #[inline]
    pub(crate) fn count(&self) -> usize {
        self.all.len()
    }

    /// The shard of a hash, by its top bits. The table sees only the lower half.
    #[inline]
    #[allow(clippy::cast_possible_truncation, reason = "at most 16 bits are left")]
    pub(crate) fn route(&self, hash: u64) -> usize {
        (hash >> 1 >> self.shift) as usize
    }

    pub(crate) fn all_open(&self) -> impl Iterator<Item = &O> {
        self.all.iter().map(|shard| &shard.open)
    }

    /// The address and the bytes of what is in a shard itself.
    pub(crate) fn piece(&self, shard: usize) -> (usize, usize) {
        (std::ptr::from_ref(self.all.get(shard)).addr(), size_of::<Shard<T, O, P>>())
    }

    #[inline]
    #[track_caller]
    pub(crate) fn read<R>(&self, shard: usize, access: Access, read: impl FnOnce(&O, &T) -> R) -> R {
        self.place.check(shard);
        let Shard { open, cell } = self.all.get(shard);
        let at = Location::caller();
        // It outlives the lock, as what waits for its end must not run under that.
        let mut inside = None;
        let read = |table: &T| {
            inside = access.is_recorded().then(|| self.place.enter(shard, at));
            read(open, table)
        };
        if access == Access::Step { cell.read_in_turn(read) } else { cell.read(read) }
    }

    #[inline]
    #[track_caller]
    pub(crate) fn write<R>(&self, shard: usize, access: Access, write: impl FnOnce(&O, &mut T) -> R) -> R {
        self.place.check(shard);
        let Shard { open, cell } = self.all.get(shard);
        let at = Location::caller();
        // As above.
        let mut inside = None;
        let write = |table: &mut T| {
            inside = access.is_recorded().then(|| self.place.enter(shard, at));
            write(open, table)
        };
        if access == Access::Step { cell.write_in_turn(write) } else { cell.write(write) }
    }

    /// Lets someone look at the shard of a hash without its lock, beside the number that tells of writers; `None` under a lock
    /// that has none.
    #[inline]
    #[track_caller]
    pub(crate) fn unlocked<R>(&self, hash: u64, look: impl FnOnce(&O, &Sequence) -> Option<R>) -> Option<R> {
        let Shard { open, cell } = self.all.get(self.route(hash));
        let sequence = P::Lock::sequence(cell, Token)?;
        // Whoever gives up waits for the lock, and it must not depend on the moment who panics.
        if order::is_inside() {
            self.check_nested(hash);
        }
        look(open, sequence)
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
        let _inside = access.is_recorded().then(|| self.place.enter(self.route(hash), at));
        run()
    }

    /// `None` at once where the lock is taken; so this may be called anywhere.
    pub(crate) fn try_write<R>(&self, shard: usize, write: impl FnOnce(&O, &mut T) -> R) -> Option<R> {
        let Shard { open, cell } = self.all.get(shard);
        cell.try_write(|table| write(open, table))
    }
}
