//! Which buckets may have expired entries.
//!
//! Entries are not scheduled one by one. Eight buckets are a *region*, and the timing wheel schedules regions. So an
//! entry needs no memory for its expiry except its stamp, and most inserts need one comparison.
//!
//! After its deadline, each entry has a [`grace`] that depends on its lifetime. A region is searched before the first
//! grace among its entries ends, but not before the first deadline (as precisely as the wheel knows it). So a search
//! mostly finds several expired entries, and no entry waits for one that lives longer.

use super::raw::BucketNo;
use crate::{
    clock::{Deadline, Moment, Nanos},
    expiry::{Lifetimes, Wheel, grace},
    memory::arena::Heap,
    memory::chunked::Chunked,
};
use allocator_api2::boxed::Box;
use std::mem;

/// Buckets of a region.
const REGION: u32 = 8;
/// The most regions that one call of [`hurry`](Schedule::hurry) looks at.
const HURRIED: usize = 4096;
/// The most regions that one search for room looks at.
const SEARCHED: usize = 128;

/// The schedule of one table. Allocated for the first entry that expires.
#[derive(Debug, Default)]
pub(crate) struct Schedule(Option<Box<Due, Heap>>);

impl Schedule {
    /// The present schedule, or a new one. `lifetime` is the shortest lifetime of entries without one of their own.
    #[inline]
    pub(super) fn begin(&mut self, heap: &Heap, lifetime: Nanos) -> &mut Due {
        match &mut self.0 {
            Some(due) => due,
            none => none.insert(Due::new(heap, lifetime)),
        }
    }

    #[inline]
    pub(super) fn due(&mut self) -> Option<&mut Due> {
        self.0.as_deref_mut()
    }

    /// The address and the size in bytes of a part of its memory.
    pub(super) fn part(&self, index: usize) -> Option<(usize, usize)> {
        self.0.as_ref()?.part(index)
    }

    /// Whether an entry may have expired, in a bucket that is due or in another.
    #[inline]
    pub(crate) fn may_have_expired(&self, now: Moment) -> bool {
        self.0.as_ref().is_some_and(|due| due.search.earliest.has_passed(now))
    }

    /// A lower bound of all deadlines in the table, until [`set_times`](super::Table::set_times) returns `true`.
    pub(crate) fn tell_earliest(&mut self) -> Deadline {
        let Some(due) = &mut self.0 else { return Deadline::NEVER };
        due.told = due.search.earliest;
        due.told
    }

    /// Makes regions with expired entries due, among some regions from `from` on. Returns where to continue.
    pub(crate) fn hurry(&mut self, from: usize, now: Moment) -> Option<usize> {
        self.0.as_mut()?.hurry(from, now)
    }

    /// The earliest time at which a bucket may be due.
    #[inline]
    pub(crate) fn due_at(&self) -> Deadline {
        match &self.0 {
            Some(due) => due.due_at(),
            None => Deadline::NEVER,
        }
    }

    /// Whether a bucket is due.
    #[inline]
    pub(crate) fn is_due(&self, now: Moment) -> bool {
        self.due_at().has_passed(now)
    }
}

/// A schedule with regions.
#[derive(Debug)]
pub(super) struct Due {
    wheel: Wheel,
    regions: Chunked<Region>,
    scan: Option<Scan>,
    lifetimes: Lifetimes,
    search: RegionSearch,
    /// What [`tell_earliest`](Schedule::tell_earliest) returned last.
    told: Deadline,
}

/// The times of a region.
///
/// `look_at` is no later than the end of the grace that goes with `earliest` and the declared lifetime. So an entry of
/// at least that lifetime changes nothing unless its deadline is earlier.
#[derive(Debug)]
struct Region {
    /// A lower bound of the deadlines of its entries.
    earliest: Deadline,
    /// The latest time of its next scan.
    look_at: Deadline,
}

impl Default for Region {
    fn default() -> Self {
        Region { earliest: Deadline::NEVER, look_at: Deadline::NEVER }
    }
}

/// The scan of one region, bucket by bucket.
#[derive(Debug)]
struct Scan {
    region: u32,
    /// The next bucket to look at.
    bucket: BucketNo,
    /// The first deadline among the entries that were seen and have not expired.
    earliest: Deadline,
    /// A lower bound of the lifetimes of these entries.
    shortest: Nanos,
}

/// The search for a region with an expired entry, through all regions in turn.
#[derive(Debug)]
struct RegionSearch {
    /// A lower bound of all deadlines in the table.
    earliest: Deadline,
    /// The next region to look at.
    next: usize,
    /// A lower bound of the deadlines in the regions before `next`.
    passed: Deadline,
}

impl RegionSearch {
    fn new(earliest: Deadline) -> Self {
        RegionSearch { earliest, next: 0, passed: Deadline::NEVER }
    }

    fn note(&mut self, deadline: Deadline) {
        self.earliest = self.earliest.or_earlier(deadline);
        self.passed = self.passed.or_earlier(deadline);
    }
}

impl Due {
    #[cold]
    fn new(heap: &Heap, lifetime: Nanos) -> Box<Self, Heap> {
        let due = Due {
            wheel: Wheel::new(heap),
            regions: Chunked::new(heap),
            scan: None,
            lifetimes: Lifetimes::new(lifetime),
            search: RegionSearch::new(Deadline::NEVER),
            told: Deadline::NEVER,
        };
        Box::new_in(due, heap.clone())
    }

    /// Takes the memory now that regions of so many buckets can ever need.
    pub(super) fn reach(&mut self, buckets: u32) {
        let regions = buckets.div_ceil(REGION);
        self.regions.grow_to(regions as usize);
        self.wheel.reach(regions);
    }

    fn part(&self, index: usize) -> Option<(usize, usize)> {
        self.regions.part_or(index, self.wheel.memory())
    }

    /// Notes the deadline of an entry in this bucket, which has the declared lifetime. Returns whether the deadline is
    /// before the one that [`tell_earliest`](Schedule::tell_earliest) returned last.
    #[inline]
    pub(super) fn note(&mut self, bucket: BucketNo, deadline: Deadline, now: Moment) -> bool {
        let region = region_of(bucket);
        if self.regions.get(region as usize).is_some_and(|region| !deadline.is_before(region.earliest)) {
            return false;
        }
        self.schedule(region, deadline, self.lifetimes.declared(), now)
    }

    /// As [`note`](Due::note), for an entry with a lifetime of its own.
    pub(super) fn note_own(&mut self, bucket: BucketNo, deadline: Deadline, lifetime: Nanos, now: Moment) -> bool {
        self.lifetimes.note(lifetime);
        self.note_within(region_of(bucket), deadline, lifetime, now)
    }

    /// As [`note`](Due::note), for an entry that has moved here from another bucket.
    pub(super) fn note_moved(&mut self, bucket: BucketNo, deadline: Deadline, now: Moment) {
        let region = region_of(bucket);
        if deadline.has_passed(now) {
            // The scan of its former region may have missed the entry, and this region may have been scanned already.
            self.schedule(region, deadline, Nanos::ZERO, now);
            self.hurry_region(region as usize);
        } else if self.lifetimes.are_as_declared() {
            self.note(bucket, deadline, now);
        } else {
            let lifetime = self.lifetimes.shortest(now).max(deadline.left(now));
            self.note_within(region, deadline, lifetime, now);
        }
    }

    fn note_within(&mut self, region: u32, deadline: Deadline, lifetime: Nanos, now: Moment) -> bool {
        let is_known = |region: &Region| {
            !deadline.is_before(region.earliest) && !self.end_of_grace(deadline, lifetime).is_before(region.look_at)
        };
        if self.regions.get(region as usize).is_some_and(is_known) {
            return false;
        }
        self.schedule(region, deadline, lifetime, now)
    }

    /// When an entry must be removed. Never, if its grace ends after the last time of the clock: an end that was cut
    /// off could lie in the wheel's present span, and the region would be due again right after each scan.
    fn end_of_grace(&self, deadline: Deadline, lifetime: Nanos) -> Deadline {
        // A longer grace than that of the declared lifetime would break what `Region` promises.
        deadline.plus(grace(lifetime.min(self.lifetimes.declared())))
    }

    /// Schedules a scan of the region before the grace of an entry ends. Returns whether the deadline is before the one
    /// that was told last.
    #[cold]
    fn schedule(&mut self, region: u32, deadline: Deadline, lifetime: Nanos, now: Moment) -> bool {
        let latest = self.end_of_grace(deadline, lifetime);
        self.search.note(deadline);
        self.regions.reach(region as usize);
        let noted = &mut self.regions[region as usize];
        noted.earliest = noted.earliest.or_earlier(deadline);
        if latest.is_before(noted.look_at) {
            noted.look_at = self.wheel.schedule(region, latest, now);
        }
        deadline.is_before(self.told)
    }

    /// The next bucket to scan, if one is due, and the first deadline that the scan of its region has seen so far. When
    /// no entry of the bucket is expired, the caller calls [`looked_through`](Due::looked_through).
    #[inline]
    pub(super) fn next_bucket(&mut self, now: Moment) -> Option<(BucketNo, Deadline)> {
        if self.scan.is_none() {
            let region = self.wheel.due(now)?;
            let Region { earliest, .. } = mem::take(&mut self.regions[region as usize]);
            // The scan has forgotten the region's deadline, so the search keeps it.
            self.search.note(earliest);
            let (bucket, shortest) = (BucketNo::new(region * REGION), self.lifetimes.shortest(now));
            self.scan = Some(Scan { region, bucket, earliest: Deadline::NEVER, shortest });
        }
        self.scan.as_ref().map(|scan| (scan.bucket, scan.earliest))
    }

    /// No entry of the [next bucket](Due::next_bucket) has expired. `earliest` is the first deadline that the scan has
    /// seen so far. The table has `buckets` buckets.
    #[inline]
    pub(super) fn looked_through(&mut self, earliest: Deadline, now: Moment, buckets: u32) {
        let Some(scan) = &mut self.scan else { return };
        scan.earliest = earliest;
        scan.bucket = scan.bucket.next();
        if !scan.bucket.is_below(buckets.min((scan.region + 1) * REGION)) {
            let Scan { region, shortest, .. } = *scan;
            self.scan = None;
            if !earliest.is_never() {
                // The remaining time is another lower bound of the lifetime. The grace of the first deadline ends
                // first.
                let lifetime = shortest.max(earliest.left(now));
                self.schedule(region, earliest, lifetime, now);
            }
        }
    }

    /// Whether a bucket is due. If it `searches`, it may make one due that may have an expired entry.
    pub(super) fn may_make_room(&mut self, now: Moment, searches: bool) -> bool {
        self.due_at().has_passed(now) || searches && self.search(now)
    }

    /// Makes the next region due that may have an expired entry. Returns whether one was found among the regions that
    /// were looked at.
    fn search(&mut self, now: Moment) -> bool {
        for _ in 0..SEARCHED {
            if self.search.next >= self.regions.len() {
                self.search = RegionSearch::new(self.search.passed);
            }
            if !self.search.earliest.has_passed(now) {
                return false;
            }
            let index = self.search.next;
            let Some(region) = self.regions.get(index) else { return false };
            let earliest = region.earliest;
            self.search.next += 1;
            if earliest.has_passed(now) {
                self.hurry_region(index);
                return true;
            }
            self.search.passed = self.search.passed.or_earlier(earliest);
        }
        false
    }

    fn hurry(&mut self, from: usize, now: Moment) -> Option<usize> {
        if from == 0
            && let Some(scan) = self.scan.take()
        {
            // Entries in the buckets that the scan has passed may have expired since.
            self.regions[scan.region as usize].earliest = Deadline::PASSED;
        }
        let end = self.regions.len().min(from + HURRIED);
        for region in from..end {
            if self.regions[region].earliest.has_passed(now) {
                self.hurry_region(region);
            }
        }
        (end < self.regions.len()).then_some(end)
    }

    /// Makes a region due.
    fn hurry_region(&mut self, region: usize) {
        // So that a new entry does not schedule a later scan.
        self.regions[region].look_at = Deadline::PASSED;
        // There are fewer regions than slots.
        self.wheel.hurry(u32::try_from(region).unwrap_or(u32::MAX));
    }

    /// The earliest time at which [`next_bucket`](Due::next_bucket) may return a bucket.
    #[inline]
    fn due_at(&self) -> Deadline {
        if self.scan.is_some() { Deadline::PASSED } else { self.wheel.due_at() }
    }

    /// Forgets the buckets from `buckets` on.
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

#[inline]
fn region_of(bucket: BucketNo) -> u32 {
    bucket.get() / REGION
}
