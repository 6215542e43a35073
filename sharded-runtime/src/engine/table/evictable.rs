//! The search for entries that may be evicted, in a field where some may not.

use super::raw::Slot;
use crate::engine::units::Units;

/// The most entries that one search looks at in the shard of a new entry. This is also the limit of slots.
pub(crate) const SEARCHED: u32 = 4096;
/// The most entries that one search looks at in another shard.
pub(crate) const SEARCHED_ELSEWHERE: u32 = 256;

/// The state of the search, which goes through all slots in turn.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct EvictableSearch {
    /// The slot where the next search begins.
    from: u32,
    /// Whether the last search found no entry that may be evicted, and none was stored since.
    pub(super) is_futile: bool,
}

impl EvictableSearch {
    /// The slots of one search in a table with `slots` slots, without the first `passed`.
    fn slots(self, slots: u32, passed: u32) -> impl Iterator<Item = Slot> {
        let from = if self.from < slots { self.from } else { 0 };
        let left = slots.saturating_sub(passed).min(SEARCHED);
        (from..slots).chain(0..from).skip(passed as usize).take(left as usize).map(Slot::from_number)
    }

    /// The first entry that may be evicted, of the next `searched` entries. `is_evictable` returns `None` for a vacant
    /// slot.
    pub(super) fn find(
        &mut self,
        slots: u32,
        searched: u32,
        is_evictable: impl Fn(Slot) -> Option<bool>,
    ) -> Option<Slot> {
        let (mut found, mut left) = (None, searched);
        let mut next = 0;
        for slot in self.slots(slots, 0) {
            next = slot.number() + 1;
            if let Some(is_evictable) = is_evictable(slot) {
                left -= 1;
                found = is_evictable.then_some(slot);
            }
            if found.is_some() || left == 0 {
                break;
            }
        }
        // The next search looks at this slot again, in case its entry is not removed.
        *self = EvictableSearch { from: found.map_or(next, Slot::number), is_futile: found.is_none() };
        found
    }

    /// The units of those of the next `searched` entries that may leave, without the entries in the first `passed`
    /// slots. It stops at `enough` units. `units` returns the units of the entry of a slot, zero if it may not leave,
    /// and `None` for a vacant slot.
    ///
    /// If there are none, the next search begins after these entries. Otherwise, `passed` grows by the slots that were
    /// looked at.
    pub(super) fn survey(
        &mut self,
        slots: u32,
        searched: u32,
        passed: &mut u32,
        enough: Units,
        units: impl Fn(Slot) -> Option<Units>,
    ) -> Units {
        let (mut all, mut next, mut seen, mut left) = (Units::ZERO, 0, 0, searched);
        for slot in self.slots(slots, *passed) {
            (next, seen) = (slot.number() + 1, seen + 1);
            if let Some(units) = units(slot) {
                left -= 1;
                all = all.plus(units);
            }
            if all >= enough || left == 0 {
                break;
            }
        }
        if all.is_zero() && *passed == 0 {
            self.from = next;
        } else {
            *passed += seen;
        }
        all
    }
}
