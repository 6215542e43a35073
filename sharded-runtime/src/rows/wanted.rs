//! Where the rows of one access are, and the order in which their shards are locked.

#![allow(unreachable_pub, reason = "in a method of a public trait that only this crate can call")]

use crate::{
    field::{
        plan::{FEW, FieldPlan, Plan, Seat, ShardPlan},
        row::RowKey,
        types::UsableTypes,
    },
    hasher::KeyHash,
    shard::order::{FieldOrder, Inside},
};
use smallvec::SmallVec;
use std::{any::Any, array, borrow::Borrow, fmt, mem, panic::Location, ptr};

/// The most shards that one access locks. Each takes a few stack frames.
const MOST_SHARDS: usize = 1024;

/// Where one row is, without its key.
#[derive(Clone, Copy)]
pub struct Spot<'p> {
    order: &'p FieldOrder,
    shard: usize,
    hash: KeyHash,
}

/// Where one row is.
#[derive(Clone, Copy)]
pub struct Place<'p> {
    spot: Spot<'p>,
    key: &'p dyn RowWithKey,
    /// Its number among the rows.
    pub(super) row: usize,
}

/// The key of a row, to be compared with those of others. They are compared only if their hashes are equal.
pub(super) trait RowWithKey {
    fn to_key(&self) -> Box<dyn Any>;
    fn has_key(&self, key: &dyn Any) -> bool;
}

impl<F, Q> RowWithKey for RowKey<'_, F, Q>
where
    F: UsableTypes<Key: Borrow<Q>>,
    Q: Eq + ToOwned<Owned = F::Key> + ?Sized,
{
    fn to_key(&self) -> Box<dyn Any> {
        Box::new(self.key.to_owned())
    }

    fn has_key(&self, key: &dyn Any) -> bool {
        key.downcast_ref::<F::Key>().is_some_and(|key| key.borrow() == self.key)
    }
}

/// Not the hash, which tells something of the key.
impl fmt::Debug for Spot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spot").field("shard", &self.shard).finish_non_exhaustive()
    }
}

/// Not the key, which may be secret.
impl fmt::Debug for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place").field("spot", &self.spot).field("row", &self.row).finish_non_exhaustive()
    }
}

impl<'p> Spot<'p> {
    #[inline]
    pub(super) fn new(order: &'p FieldOrder, shard: usize, hash: KeyHash) -> Self {
        Spot { order, shard, hash }
    }

    #[inline]
    pub(super) fn is_in_shard_of(&self, other: &Self) -> bool {
        self.is_in_field_of(other) && self.shard == other.shard
    }

    #[inline]
    fn is_in_field_of(&self, other: &Self) -> bool {
        ptr::eq(self.order, other.order)
    }

    /// Whether it comes before the other one in the order of locks. Two rows of one shard may be in any order.
    #[inline]
    pub(super) fn is_before(&self, other: &Self) -> bool {
        self.order_of_lock() < other.order_of_lock()
    }

    /// Whether it may be the same key.
    #[inline]
    fn is_alike(&self, other: &Self) -> bool {
        self.hash == other.hash && self.is_in_shard_of(other)
    }

    /// What locks are ordered by.
    #[inline]
    fn order_of_lock(&self) -> (u64, usize) {
        (self.order.rank(self.shard), ptr::from_ref(self.order).addr())
    }
}

impl<'p> Place<'p> {
    /// The place of the only row.
    #[inline]
    pub(super) fn new(spot: Spot<'p>, key: &'p dyn RowWithKey) -> Self {
        Place { spot, key, row: 0 }
    }

    /// The same place, of the row with this number among all rows.
    #[inline]
    pub(super) fn numbered(self, row: usize) -> Self {
        Place { row, ..self }
    }

    #[inline]
    pub(super) fn is_in_shard_of(&self, other: &Self) -> bool {
        self.spot.is_in_shard_of(&other.spot)
    }

    #[inline]
    fn is_alike(&self, other: &Self) -> bool {
        self.spot.is_alike(&other.spot)
    }

    /// What places are ordered by: those of equal hashes lie side by side.
    #[inline]
    fn position(&self) -> ((u64, usize), u64) {
        (self.spot.order_of_lock(), self.spot.hash.bits())
    }
}

/// Keeps one thing for each row.
pub(super) trait Storage {
    type Of<T: Copy>: AsMut<[T]>;

    fn each<T: Copy>(count: usize, make: impl FnMut(usize) -> T) -> Self::Of<T>;
}

/// So many rows as are known at compile time.
impl<const N: usize> Storage for [(); N] {
    type Of<T: Copy> = [T; N];

    #[inline]
    fn each<T: Copy>(_: usize, make: impl FnMut(usize) -> T) -> [T; N] {
        array::from_fn(make)
    }
}

/// Any number of rows.
pub(super) enum AnyNumber {}

impl Storage for AnyNumber {
    type Of<T: Copy> = SmallVec<[T; FEW]>;

    fn each<T: Copy>(count: usize, make: impl FnMut(usize) -> T) -> SmallVec<[T; FEW]> {
        (0..count).map(make).collect()
    }
}

/// What the rows of one access share, in the memory for it.
pub(super) struct Shared<S: Storage> {
    seats: S::Of<Seat>,
    shards: S::Of<ShardPlan>,
    fields: S::Of<FieldPlan>,
}

impl<S: Storage> Shared<S> {
    #[inline]
    pub(super) fn new(count: usize) -> Self {
        Shared {
            seats: S::each(count, |_| Seat::default()),
            shards: S::each(count, |_| ShardPlan::default()),
            fields: S::each(count, |_| FieldPlan::default()),
        }
    }

    /// Numbers the shards and the fields of rows whose places are in the order of locks.
    ///
    /// # Panics
    ///
    /// If there are too many shards.
    #[inline]
    pub(super) fn plan(&mut self, places: &[Place<'_>]) -> Plan<'_> {
        let Shared { seats, shards, fields } = self;
        let (seats, mut seat) = (seats.as_mut(), Seat::default());
        for (index, place) in places.iter().enumerate() {
            if let Some(before) = index.checked_sub(1).map(|before| &places[before]) {
                seat.shard += u16::from(!place.is_in_shard_of(before));
                seat.field += u16::from(!place.spot.is_in_field_of(&before.spot));
                if usize::from(seat.shard) == MOST_SHARDS {
                    refuse_shards(places);
                }
            }
            seats[place.row] = seat;
        }
        let (shard_count, field_count) = match places {
            [] => (0, 0),
            _ => (usize::from(seat.shard) + 1, usize::from(seat.field) + 1),
        };
        Plan::new(seats, &mut shards.as_mut()[..shard_count], &mut fields.as_mut()[..field_count])
    }
}

#[cold]
#[inline(never)]
fn refuse_shards(places: &[Place<'_>]) -> ! {
    let shards = places.chunk_by(Place::is_in_shard_of).count();
    panic!("rows in {shards} shards: at most {MOST_SHARDS} can be locked at once")
}

/// Brings places into the order of locks, those of equal hashes side by side.
#[inline]
pub(super) fn sort(places: &mut [Place<'_>]) {
    match places {
        [] | [_] => {}
        [one, other] => {
            if other.position() < one.position() {
                mem::swap(one, other);
            }
        }
        _ => places.sort_unstable_by_key(Place::position),
    }
}

/// The map of which two rows name the same key, if there are such.
#[inline]
pub(super) fn twins(places: &[Place<'_>]) -> Option<&'static str> {
    if places.windows(2).any(|pair| pair[0].is_alike(&pair[1])) { twins_among_alike(places) } else { None }
}

/// Different keys may have the same hash. Takes the square of the number of those that have.
#[cold]
#[inline(never)]
fn twins_among_alike(places: &[Place<'_>]) -> Option<&'static str> {
    for alike in places.chunk_by(Place::is_alike).filter(|alike| alike.len() > 1) {
        for (index, place) in alike.iter().enumerate() {
            let key = place.key.to_key();
            if alike[index + 1..].iter().any(|other| other.key.has_key(&*key)) {
                return Some(place.spot.order.name());
            }
        }
    }
    None
}

/// Checks that this thread may wait for all the shards, and records that it is inside the last one until the result is
/// dropped.
///
/// # Panics
///
/// If this thread is inside the first one or a later place.
#[inline]
pub(super) fn enter(places: &[Place<'_>], at: &'static Location<'static>) -> Option<Inside> {
    let (first, last) = (places.first()?.spot, places.last()?.spot);
    if places.len() > 1 {
        return Some(enter_both(first, last, at));
    }
    Some(last.order.enter(last.shard, at))
}

/// As [`enter`], for the first one and the last one.
#[inline]
pub(super) fn enter_both(first: Spot<'_>, last: Spot<'_>, at: &'static Location<'static>) -> Inside {
    first.order.check_at(first.shard, at);
    last.order.enter(last.shard, at)
}
