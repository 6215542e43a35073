//! Where the rows of one access are, and the order in which their shards are locked.

#![allow(unreachable_pub, reason = "in a method of a public trait that only this crate can call")]

use crate::{
    field::plan::{FEW, Plan, Seat},
    hasher::KeyHash,
    shard::order::{FieldOrder, Inside},
};
use smallvec::SmallVec;
use std::{any::Any, fmt, panic::Location, ptr};

/// The most shards that one access locks. Each takes a few stack frames.
const MOST_SHARDS: usize = 1024;

/// Where the rows of an access are.
#[derive(Debug)]
pub struct Wanted<'p>(SmallVec<[WantedRow<'p>; FEW]>);

/// Where one row is.
#[derive(Clone, Copy)]
pub(super) struct WantedRow<'p> {
    order: &'p FieldOrder,
    shard: usize,
    hash: KeyHash,
    key: &'p dyn RowWithKey,
    /// Its number among the rows.
    pub(super) row: usize,
}

/// The key of a row, to be compared with those of others. They are compared only if their hashes are equal.
pub(super) trait RowWithKey {
    fn to_key(&self) -> Box<dyn Any>;
    fn has_key(&self, key: &dyn Any) -> bool;
}

/// Not the key, which may be secret.
impl fmt::Debug for WantedRow<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WantedRow").field("shard", &self.shard).field("row", &self.row).finish_non_exhaustive()
    }
}

impl WantedRow<'_> {
    fn is_in_shard_of(&self, other: &Self) -> bool {
        self.is_in_field_of(other) && self.shard == other.shard
    }

    fn is_in_field_of(&self, other: &Self) -> bool {
        ptr::eq(self.order, other.order)
    }
}

impl<'p> Wanted<'p> {
    pub(super) fn new() -> Self {
        Wanted(SmallVec::new())
    }

    /// Adds the next row.
    #[inline]
    pub(super) fn add(&mut self, order: &'p FieldOrder, shard: usize, hash: KeyHash, key: &'p dyn RowWithKey) {
        let row = self.0.len();
        self.0.push(WantedRow { order, shard, hash, key, row });
    }

    /// Brings the rows into the order of locks, those of equal hashes side by side.
    #[inline]
    pub(super) fn sort(&mut self) {
        self.0
            .sort_unstable_by_key(|row| (row.order.rank(row.shard), ptr::from_ref(row.order).addr(), row.hash.bits()));
    }

    /// The map of which two rows name the same key, if there are such.
    #[inline]
    pub(super) fn twins(&self) -> Option<&'static str> {
        let is_alike = |pair: &[WantedRow<'_>]| pair[0].hash == pair[1].hash && pair[0].is_in_shard_of(&pair[1]);
        if self.0.windows(2).any(is_alike) { self.twins_among_alike() } else { None }
    }

    /// Different keys may have the same hash. Takes the square of the number of those that have.
    #[cold]
    #[inline(never)]
    fn twins_among_alike(&self) -> Option<&'static str> {
        let alike = self.0.chunk_by(|one, other| one.hash == other.hash && one.is_in_shard_of(other));
        for alike in alike.filter(|alike| alike.len() > 1) {
            for (index, row) in alike.iter().enumerate() {
                let key = row.key.to_key();
                if alike[index + 1..].iter().any(|other| other.key.has_key(&*key)) {
                    return Some(row.order.name());
                }
            }
        }
        None
    }

    /// The seats of the rows, and for each shard, in the order of locks, a row that is in it.
    ///
    /// # Panics
    ///
    /// If there are too many shards.
    #[inline]
    pub(super) fn arrange(&self) -> (Plan, SmallVec<[usize; FEW]>) {
        let mut seats = SmallVec::from_elem(Seat::default(), self.0.len());
        let mut firsts: SmallVec<[usize; FEW]> = SmallVec::new();
        let mut fields = 0;
        for (index, row) in self.0.iter().enumerate() {
            let before = index.checked_sub(1).map(|before| &self.0[before]);
            if before.is_none_or(|before| !before.is_in_shard_of(row)) {
                firsts.push(row.row);
            }
            if before.is_none_or(|before| !before.is_in_field_of(row)) {
                fields += 1;
            }
            seats[row.row] = Seat { shard: firsts.len() - 1, field: fields - 1 };
        }
        let shards = firsts.len();
        assert!(shards <= MOST_SHARDS, "rows in {shards} shards: at most {MOST_SHARDS} can be locked at once");
        (Plan::new(seats, shards, fields), firsts)
    }

    /// Checks that this thread may wait for all the shards, and records that it is inside the last one until the result
    /// is dropped.
    ///
    /// # Panics
    ///
    /// If this thread is inside the first one or a later place.
    #[inline]
    pub(super) fn enter(&self, at: &'static Location<'static>) -> Option<Inside> {
        let (first, last) = (self.0.first()?, self.0.last()?);
        first.order.check_at(first.shard, at);
        Some(last.order.enter(last.shard, at))
    }
}
