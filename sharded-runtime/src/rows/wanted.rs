//! Where the rows of one access are, and the order in which their shards are locked.

#![allow(unreachable_pub, reason = "in a method of a public trait that only this crate can call")]

use crate::{
    field::plan::{FEW, Plan, Seat},
    hasher::KeyHash,
    shard::order::{FieldOrder, Inside},
};
use smallvec::SmallVec;
use std::{panic::Location, ptr};

/// The most shards that one access locks. Each takes a few stack frames.
const MOST_SHARDS: usize = 1024;

/// Where the rows of an access are.
#[derive(Debug)]
pub struct Wanted<'p>(SmallVec<[WantedRow<'p>; FEW]>);

/// Where one row is.
#[derive(Clone, Copy, Debug)]
pub(super) struct WantedRow<'p> {
    order: &'p FieldOrder,
    shard: usize,
    hash: KeyHash,
    /// Its number among the rows.
    pub(super) row: usize,
}

impl WantedRow<'_> {
    /// The name of its map.
    pub(super) fn map(&self) -> &'static str {
        self.order.name()
    }

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
    pub(super) fn add(&mut self, order: &'p FieldOrder, shard: usize, hash: KeyHash) {
        let row = self.0.len();
        self.0.push(WantedRow { order, shard, hash, row });
    }

    /// Brings the rows into the order of locks, those of equal hashes side by side.
    #[inline]
    pub(super) fn sort(&mut self) {
        self.0
            .sort_unstable_by_key(|row| (row.order.rank(row.shard), ptr::from_ref(row.order).addr(), row.hash.bits()));
    }

    /// The pairs of rows of one map whose keys have the same hash.
    #[inline]
    pub(super) fn alike(&self) -> impl Iterator<Item = (&WantedRow<'p>, &WantedRow<'p>)> {
        self.0.iter().enumerate().flat_map(|(index, row)| {
            let is_alike = |other: &&WantedRow<'_>| other.hash == row.hash && other.is_in_shard_of(row);
            self.0[index + 1..].iter().take_while(is_alike).map(move |other| (row, other))
        })
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
