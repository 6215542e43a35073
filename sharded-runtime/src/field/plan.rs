//! What the rows of a transaction know of each other.

#![allow(unreachable_pub, reason = "in a method of a public trait that only this crate can call")]

use crate::{
    clock::Readings,
    contain::Drops,
    engine::{
        index::TransactionId,
        table::{BucketNo, Slot},
        units::Units,
    },
};
use smallvec::SmallVec;
use std::mem;

/// As many rows as are kept without an allocation.
pub(crate) const FEW: usize = 12;

/// What the rows of one transaction share, by shard and by field. Both are numbered in the order in which they are
/// locked.
#[derive(Debug)]
pub struct Plan<'p> {
    /// The seat of each row, in the order of the rows.
    seats: &'p [Seat],
    shards: &'p mut [ShardPlan],
    fields: &'p mut [FieldPlan],
    /// The slots of entries that are changed, with their shards and maps. Only kept where two rows lie in one shard.
    claimed: SmallVec<[(u16, u32, &'static str); FEW]>,
    /// The times at which the rows are looked up, by all their clocks.
    pub(super) begun: Readings,
    /// The times at which the transaction commits.
    pub(super) committed: Readings,
    /// The next row that takes its seat.
    next: usize,
    /// Whether entries have moved or left since the rows were looked up.
    pub(super) is_stale: bool,
    /// How often the room was counted again.
    pub(super) rounds: u32,
    /// The addresses of keys whose entries may not be evicted, since the transaction changes them. Only kept where
    /// entries are evicted before the first change.
    pub(super) kept: Vec<usize>,
    /// The field that has no room.
    pub(crate) refused: Option<&'static str>,
    /// The index, or the map, for which another entry has an index key, or whose user code has panicked.
    pub(crate) taken: Option<&'static str>,
    pub(crate) is_committed: bool,
    /// What tells this transaction from others, if it has asked for that.
    id: TransactionId,
    /// Runs user code whose panics are to come after all is done.
    pub(crate) drops: Drops,
}

/// The shard and the field of a row.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seat {
    pub(crate) shard: u16,
    pub(crate) field: u16,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ShardPlan {
    /// Entries that are going to be inserted.
    pub(super) inserts: u32,
    /// Whether the table has grown for them.
    pub(super) has_grown: bool,
    /// Whether its entries that may leave were counted.
    pub(super) is_surveyed: bool,
    /// The last home that has enough vacant slots behind it.
    pub(super) reserved_from: Option<BucketNo>,
    /// The seat of its field, and its number there. Only kept for fields that have indexes.
    pub(super) place: Option<(u16, usize)>,
}

impl ShardPlan {
    /// The number of a shard of the field of this seat, in the order in which they are locked, if it is locked.
    pub(super) fn find(all: &[ShardPlan], seat: Seat, shard: usize) -> Option<usize> {
        all.iter().position(|locked| locked.place == Some((seat.field, shard)))
    }
}

/// The capacity that the rows of one field need.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FieldPlan {
    /// The units of the entries that come and of those that go.
    pub(super) coming: Units,
    pub(super) going: Units,
    /// The units that are taken for the entries that come.
    pub(super) reserved: Units,
    /// Those of them that were not there: entries must leave for them.
    pub(super) overdrawn: Units,
    /// The units of entries that may leave the shards of the rows. Only counted where entries have weights and some may
    /// not leave: then none leaves unless enough may.
    pub(super) evictable: Units,
    /// Whether room was made in other shards.
    pub(super) has_made_room: bool,
}

impl FieldPlan {
    /// The units that are still to be taken.
    pub(super) fn lacking(&self) -> Units {
        self.coming.minus(self.going).minus(self.reserved)
    }

    /// An entry was stored that has so many units.
    pub(super) fn stored(&mut self, units: Units) {
        self.reserved = self.reserved.minus(units);
    }

    /// An entry has left whose units stay taken.
    pub(super) fn left(&mut self, units: Units) {
        self.reserved = self.reserved.plus(units);
    }

    /// The units that no entry has taken.
    pub(super) fn take_rest(&mut self) -> Units {
        mem::replace(&mut self.reserved, Units::ZERO)
    }
}

impl<'p> Plan<'p> {
    /// For rows with these seats, with a default for each shard and each field.
    #[inline]
    pub(crate) fn new(seats: &'p [Seat], shards: &'p mut [ShardPlan], fields: &'p mut [FieldPlan]) -> Self {
        let (drops, next) = (Drops::default(), 0);
        Plan {
            seats,
            shards,
            fields,
            begun: Readings::default(),
            committed: Readings::default(),
            next,
            is_stale: false,
            rounds: 0,
            kept: Vec::new(),
            claimed: SmallVec::new(),
            refused: None,
            taken: None,
            is_committed: false,
            id: TransactionId::NONE,
            drops,
        }
    }

    /// What tells this transaction from others.
    pub(super) fn id(&mut self) -> TransactionId {
        if self.id == TransactionId::NONE {
            self.id = TransactionId::new();
        }
        self.id
    }

    /// Runs user code of an index of a map. After a panic, which comes when all is undone, no index key is entered.
    pub(super) fn watch_index(&mut self, map: &'static str, run: impl FnOnce(&[ShardPlan])) {
        let mut is_done = false;
        let Plan { drops, shards, .. } = self;
        drops.watch(|| {
            run(shards);
            is_done = true;
        });
        if !is_done {
            self.taken = self.taken.or(Some(map));
        }
    }

    /// The seat of the next row.
    #[inline]
    pub(super) fn take_seat(&mut self) -> Seat {
        let seat = self.seats[self.next];
        self.next += 1;
        seat
    }

    /// A row changes the entry of this slot.
    #[inline]
    pub(super) fn claim(&mut self, seat: Seat, slot: Slot, map: &'static str) {
        if self.shards.len() < self.seats.len() {
            self.claimed.push((seat.shard, slot.number(), map));
        }
    }

    /// The map of which two rows change the same entry, if there are such: then `Eq` finds one entry for two keys that
    /// it says are not equal.
    #[inline]
    pub(crate) fn twins(&mut self) -> Option<&'static str> {
        if self.claimed.len() > 1 { self.twins_among_claimed() } else { None }
    }

    #[cold]
    fn twins_among_claimed(&mut self) -> Option<&'static str> {
        self.claimed.sort_unstable();
        self.claimed.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0].2)
    }

    #[inline]
    pub(super) fn shard(&mut self, seat: Seat) -> &mut ShardPlan {
        &mut self.shards[usize::from(seat.shard)]
    }

    #[inline]
    pub(super) fn field(&mut self, seat: Seat) -> &mut FieldPlan {
        &mut self.fields[usize::from(seat.field)]
    }

    /// Forgets what was counted of the rows that come and go, to count it again.
    pub(crate) fn recount(&mut self) {
        self.rounds += 1;
        self.kept.clear();
        for field in &mut *self.fields {
            (field.coming, field.going, field.evictable) = (Units::ZERO, Units::ZERO, Units::ZERO);
        }
        for shard in &mut *self.shards {
            shard.is_surveyed = false;
        }
    }

    /// Whether the rows must be looked up again. Then the caller does that.
    pub(crate) fn take_stale(&mut self) -> bool {
        mem::take(&mut self.is_stale)
    }
}
