//! Filling the gaps that removed entries leave among displaced ones.
//!
//! Where entries come and go at a constant number, whoever finds its home full is displaced and stays so, though there may be room in its home
//! soon. So more and more are, which no search is the shorter for: at a load of 78 % one in seven, where one in thirty would be if
//! they had just been put in. Hence one of them is fetched back when there is a gap before it. That leaves a gap where it was, and so on.

use super::{
    moves::{Moves, note_move},
    table::RawTable,
};
use crate::{Policy, evict::Eviction};

/// Buckets behind a gap that are looked at for an entry to fill it.
const REACH: u32 = 2;

impl<K, V, P: Policy, I> RawTable<K, V, P, I> {
    /// Whether gaps are filled: in tables that may be about as full as they can be for as long as they live.
    const FILLS_GAPS: bool = P::Eviction::BOUNDED;

    /// There is a vacant slot in this bucket now. If any entry behind it might come nearer to its home, the next [step](RawTable::step) looks
    /// for one: until then every entry stays in its slot.
    #[inline]
    pub(super) fn note_gap(&mut self, number: u32) {
        // SAFETY: the bucket is one of this table's.
        if Self::FILLS_GAPS && unsafe { self.bucket(number).displaced() } > 0 && self.is_settled() {
            self.gap = Some(number);
            self.next_step = 0;
        }
    }

    /// Moves an entry into the gap that was noted; says whether there was one.
    ///
    /// `rehash` may panic: then nothing has changed.
    pub(super) fn fill_gap(&mut self, rehash: impl Fn(&K) -> u64 + Copy, moves: &mut Moves) -> bool {
        let Some(gap) = self.gap.take() else { return false };
        if gap >= self.geometry.buckets {
            return true;
        }
        // SAFETY: the number is below that of the buckets.
        let bucket = unsafe { self.bucket(gap) };
        // SAFETY: the buckets are this table's, `&mut self` keeps other writers out, and the slots are as they are found.
        unsafe {
            let Some(vacant) = bucket.vacant().first() else { return true };
            for number in gap + 1..self.geometry.buckets.min(gap + 1 + REACH) {
                if self.bucket(number - 1).displaced() == 0 {
                    break;
                }
                let from = self.bucket(number);
                let mut displaced = None;
                for slot in from.occupied() {
                    if self.home_of(from.hash_of(slot, rehash)) <= gap {
                        displaced = Some(slot);
                        break;
                    }
                }
                if let Some(slot) = displaced {
                    from.move_to(slot, bucket, vacant);
                    self.undisplace(gap, number);
                    note_move::<K, V, P>((number, slot), (gap, vacant), moves);
                    self.note_gap(number);
                    break;
                }
            }
        }
        true
    }
}
