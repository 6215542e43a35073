//! Splits and merges of homes with displaced entries: moving entries along a chain of buckets.

use super::{
    address::Address,
    buckets::{Buckets, NoMemory},
    geometry::Geometry,
    header::Slots,
    homes::Homes,
    moves::Moves,
    slot::BucketNo,
};
use crate::lock::ViewState;
use smallvec::SmallVec;

/// The slots whose entries are to be moved, for a bucket and each one behind it.
pub(super) type Going = SmallVec<[u32; 8]>;

/// [`RawTable::transfer`](super::table::RawTable::transfer) for the types of a table.
pub(super) type Transfer = unsafe fn(from: Address, slot: usize, to: Address, vacant: usize);

impl Buckets {
    /// Moves the entries of a merged home back to the home that they came from.
    ///
    /// # Safety
    ///
    /// `transfer` must be that of the table's types. `going` must be slots that have entries, in the buckets from
    /// `gone` on, and there must be no other writer.
    pub(super) unsafe fn merge_chain(
        &mut self,
        (gone, old): (BucketNo, BucketNo),
        going: &[u32],
        transfer: Transfer,
        moves: &mut Moves,
    ) {
        // From the near end: entries move back or stay, so none is met twice.
        for (number, &slots) in gone.up_to(BucketNo::new(u32::MAX)).zip(going) {
            for slot in Slots(slots) {
                // SAFETY: these are slots of entries that lie in this bucket, behind their old and their new home.
                unsafe {
                    self.undisplace(gone, number, self.shape);
                    self.relocate((number, slot), old, transfer, moves);
                }
            }
        }
    }

    /// Moves an entry to the first vacant slot from this home on, unless that slot would lie behind the entry.
    ///
    /// # Safety
    ///
    /// There must be an entry in this slot of this bucket, and a vacant slot in the table from the home on, unless the
    /// bucket lies behind the home. `transfer` must be that of the table's types, and there must be no other writer.
    pub(super) unsafe fn relocate(
        &mut self,
        (number, slot): (BucketNo, usize),
        home: BucketNo,
        transfer: Transfer,
        moves: &mut Moves,
    ) {
        let mut to = home;
        // SAFETY: the caller's promise.
        unsafe {
            let vacancy = loop {
                if to == number {
                    break None;
                }
                if let Some(vacant) = self.address(to).header().vacant(self.shape.all).next() {
                    break Some(vacant);
                }
                to = to.next();
            };
            if let Some(vacant) = vacancy {
                let (here, there) = (self.address(number), self.address(to));
                transfer(here, slot, there, vacant);
                there.set_tag(vacant, here.header().tag(slot));
                here.set_tag(slot, 0);
                moves.note(self.shape, (number, slot), (to, vacant));
            }
            self.displace(home, to, self.shape);
        }
    }

    /// The first vacant slot behind a home.
    #[inline]
    pub(super) fn vacancy_behind(
        &mut self,
        home: BucketNo,
        view: Option<&ViewState>,
    ) -> Result<(BucketNo, usize), NoMemory> {
        let mut number = home.next();
        loop {
            if !number.is_below(self.geometry.buckets) {
                self.extend(view)?;
                continue;
            }
            // SAFETY: the number is below that of the buckets.
            if let Some(slot) = unsafe { self.address(number).header() }.vacant(self.shape.all).first() {
                return Ok((number, slot));
            }
            number = number.next();
        }
    }

    /// Makes sure that there are enough vacant slots from this bucket on for the entries that move.
    #[inline]
    pub(super) fn reserve(&mut self, from: BucketNo, going: &[u32], view: Option<&ViewState>) -> Result<(), NoMemory> {
        self.reserve_slots(from, going.iter().map(|slots| slots.count_ones()).sum(), view)
    }

    /// Makes sure that there are `count` vacant slots from this bucket on.
    #[inline]
    pub(super) fn reserve_slots(
        &mut self,
        from: BucketNo,
        count: u32,
        view: Option<&ViewState>,
    ) -> Result<(), NoMemory> {
        let (mut number, mut vacant) = (from, 0);
        while vacant < count || number == from {
            if !number.is_below(self.geometry.buckets) {
                self.extend(view)?;
                continue;
            }
            // SAFETY: the bucket is one of this table's.
            vacant += unsafe { self.address(number).header() }.vacant(self.shape.all).0.count_ones();
            number = number.next();
        }
        Ok(())
    }

    /// Changes the number of homes.
    #[inline]
    pub(super) fn set_homes(&mut self, homes: Homes, view: Option<&ViewState>) {
        let geometry = Geometry { homes, ..*self.geometry };
        self.geometry.set(view, geometry);
    }
}
