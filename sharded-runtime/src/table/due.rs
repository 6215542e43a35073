//! Which entries may have expired.
//!
//! Not every entry is scheduled by itself: eight buckets make a *region*, and of a region it is known that nothing in it expires before some
//! time. When that time has come, and with it that of more of its entries, the region is looked through. So an entry
//! takes no more memory for its expiry than its stamp, and to insert one mostly costs a comparison.

use super::raw::{RawTable, StampOf};
use crate::{
    Policy,
    arena::Heap,
    chunked::Chunked,
    expiry::{Stamp, Wheel},
};

/// Buckets of a region.
const REGION: u32 = 8;
/// A region is looked at again after this share of the time that its last entry has left, or when its first expires, if that is later: so many of
/// its entries have expired then.
const PATIENCE: u64 = 16;
/// Regions that one call of [`hurry`](Due::hurry) looks at.
const HURRY: usize = 4096;

#[derive(Debug)]
pub(super) struct Due {
    wheel: Wheel,
    regions: Chunked<Region>,
    scan: Option<Scan>,
}

#[derive(Debug)]
struct Region {
    /// Nothing in it expires before.
    earliest: u64,
    /// When it is looked at next.
    look_at: u64,
}

impl Default for Region {
    fn default() -> Self {
        Region { earliest: u64::MAX, look_at: u64::MAX }
    }
}

/// A region that is being looked through.
#[derive(Debug)]
struct Scan {
    region: u32,
    /// The next bucket to look at.
    bucket: u32,
    /// Of the entries that stay so far.
    earliest: u64,
    latest: u64,
}

impl Due {
    pub(super) fn new(heap: &Heap) -> Self {
        Due { wheel: Wheel::new(heap), regions: Chunked::new(heap), scan: None }
    }

    /// The address and the bytes of a part of its memory.
    pub(super) fn part(&self, index: usize) -> Option<(usize, usize)> {
        self.regions.part_or(index, self.wheel.memory())
    }

    /// An entry in this bucket expires then.
    #[inline]
    pub(super) fn note(&mut self, bucket: u32, deadline: u64, now: u64) {
        let region = bucket / REGION;
        if self.regions.get(region as usize).is_some_and(|region| region.earliest <= deadline) {
            return;
        }
        self.schedule(region, deadline, deadline, now);
    }

    /// As [`note`](Due::note), of an entry that comes from another bucket.
    pub(super) fn note_moved(&mut self, bucket: u32, deadline: u64, now: u64) {
        self.note(bucket, deadline, now);
        if deadline <= now {
            // It may have left a region that is being swept for one that has been; the wheel would take a while.
            self.wheel.hurry(bucket / REGION);
        }
    }

    /// Has the region looked at then, unless it is before.
    #[cold]
    fn schedule(&mut self, region: u32, earliest: u64, look_at: u64, now: u64) {
        self.regions.reach(region as usize);
        let at = &mut self.regions[region as usize];
        at.earliest = at.earliest.min(earliest);
        if look_at < at.look_at {
            at.look_at = look_at;
            self.wheel.schedule(region, look_at, now);
        }
    }

    /// Looks at one bucket of what is due: the slot of an entry in it that has expired. Nothing is left to look at when
    /// nothing [is due](Due::due_at).
    pub(super) fn next_expired<K, V, P: Policy>(
        &mut self,
        table: &RawTable<K, V, P>,
        now: u64,
        idle: u64,
    ) -> Option<u32>
    where
        StampOf<P>: Stamp,
    {
        if self.scan.is_none() {
            let region = self.wheel.due(now)?;
            self.regions[region as usize] = Region::default();
            self.scan = Some(Scan { region, bucket: region * REGION, earliest: u64::MAX, latest: 0 });
        }
        let scan = self.scan.as_mut()?;
        // Only when the bucket is done, what stays in it counts.
        let (mut earliest, mut latest) = (scan.earliest, scan.latest);
        for slot in table.slots_of_bucket(scan.bucket) {
            let deadline = table.get(slot).map_or(u64::MAX, |entry| entry.stamp().deadline(idle));
            if deadline <= now {
                return Some(slot);
            }
            earliest = earliest.min(deadline);
            // One that never expires does not put the others off.
            latest = latest.max(if deadline == u64::MAX { 0 } else { deadline });
        }
        (scan.earliest, scan.latest) = (earliest, latest);
        scan.bucket += 1;
        if scan.bucket == (scan.region + 1) * REGION {
            let region = scan.region;
            self.scan = None;
            if earliest != u64::MAX {
                let look_at = earliest.max(now.saturating_add(latest.saturating_sub(now) / PATIENCE));
                self.schedule(region, earliest, look_at, now);
            }
        }
        None
    }

    /// Has [`next_expired`](Due::next_expired) find everything that has expired in some regions from this one on, without its usual
    /// patience; answers where to go on.
    pub(super) fn hurry(&mut self, from: usize, now: u64) -> Option<usize> {
        if from == 0
            && let Some(scan) = self.scan.take()
        {
            // What it has passed may have expired since.
            self.regions[scan.region as usize].earliest = 0;
        }
        let end = self.regions.len().min(from + HURRY);
        for region in from..end {
            if self.regions[region].earliest <= now {
                // There are fewer regions than slots.
                self.wheel.hurry(u32::try_from(region).ok()?);
            }
        }
        (end < self.regions.len()).then_some(end)
    }

    /// The earliest time at which [`next_expired`](Due::next_expired) may find something; `u64::MAX` is never.
    #[inline]
    pub(super) fn due_at(&self) -> u64 {
        if self.scan.is_some() { 0 } else { self.wheel.due_at() }
    }

    /// Buckets from `buckets` on are gone.
    pub(super) fn shrink_to(&mut self, buckets: u32) {
        let regions = buckets.div_ceil(REGION);
        for region in regions..u32::try_from(self.regions.len()).unwrap_or(u32::MAX) {
            self.wheel.unschedule(region);
        }
        self.regions.truncate(regions as usize);
        self.wheel.shrink_to(regions as usize);
        self.scan.take_if(|scan| scan.region >= regions);
    }
}
