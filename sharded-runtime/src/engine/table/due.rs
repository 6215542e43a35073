//! Which entries may have expired.
//!
//! Entries are not scheduled one by one. Eight buckets make a *region*, and the timing wheel holds regions. So an entry
//! takes no more memory for its expiry than its stamp, and an insert mostly takes one comparison.
//!
//! Every entry has a [`grace`] after its deadline, which depends on its lifetime. A region is looked through before the
//! first grace among its entries ends, but not before the first deadline (as near as the wheel knows it). So several
//! entries are mostly found at once, and none waits for another one that lives longer.

use crate::{
    clock::{Deadline, Moment, Nanos},
    expiry::{Lifetimes, Wheel, grace},
    memory::arena::Heap,
    memory::chunked::Chunked,
};
use allocator_api2::boxed::Box;

/// Buckets of a region.
const REGION: u32 = 8;
/// Regions that one call of [`hurry`](Due::hurry) looks at.
const HURRY: usize = 4096;
/// Regions among which one search for room looks for one with an expired entry.
const SEARCHED: usize = 128;

#[derive(Debug)]
pub(super) struct Due {
    wheel: Wheel,
    regions: Chunked<Region>,
    scan: Option<Scan>,
    lifetimes: Lifetimes,
    search: RegionSearch,
    /// Nothing in the table expires before, as was [told](Due::tell_earliest) last.
    told: Deadline,
}

/// The grace of the first deadline, counted with the declared lifetime, ends no earlier than the region is looked at.
/// So an entry of at least that lifetime needs nothing where its deadline is not the first.
#[derive(Debug)]
struct Region {
    /// Nothing in it expires before.
    earliest: Deadline,
    /// When it is looked at next, at the latest.
    look_at: Deadline,
}

impl Default for Region {
    fn default() -> Self {
        Region { earliest: Deadline::NEVER, look_at: Deadline::NEVER }
    }
}

/// A region that is being looked through.
#[derive(Debug)]
struct Scan {
    region: u32,
    /// The next bucket to look at.
    bucket: u32,
    /// The first deadline of the entries that stay so far.
    earliest: Deadline,
    /// Of those, none has a shorter lifetime.
    shortest: Nanos,
}

/// The search for a region with an expired entry, through all regions in turn.
#[derive(Debug)]
struct RegionSearch {
    /// Nothing in the table expires before.
    earliest: Deadline,
    /// The next region to look at.
    next: usize,
    /// The first deadline in the regions behind `next`.
    passed: Deadline,
}

impl RegionSearch {
    fn note(&mut self, deadline: Deadline) {
        self.earliest = self.earliest.or_earlier(deadline);
        self.passed = self.passed.or_earlier(deadline);
    }
}

impl Due {
    /// `lifetime` is the shortest one of entries that are not given one of their own.
    #[cold]
    pub(super) fn begin(heap: &Heap, lifetime: Nanos) -> Box<Self, Heap> {
        let due = Due {
            wheel: Wheel::new(heap),
            regions: Chunked::new(heap),
            scan: None,
            lifetimes: Lifetimes::new(lifetime),
            search: RegionSearch { earliest: Deadline::NEVER, next: 0, passed: Deadline::NEVER },
            told: Deadline::NEVER,
        };
        Box::new_in(due, heap.clone())
    }

    /// The address and the bytes of a part of its memory.
    pub(super) fn part(&self, index: usize) -> Option<(usize, usize)> {
        self.regions.part_or(index, self.wheel.memory())
    }

    /// An entry of the declared lifetime in this bucket expires then. Says whether that is before what was told of the
    /// table.
    #[inline]
    pub(super) fn note(&mut self, bucket: u32, deadline: Deadline, now: Moment) -> bool {
        let region = bucket / REGION;
        if self.regions.get(region as usize).is_some_and(|region| !deadline.is_before(region.earliest)) {
            return false;
        }
        self.schedule(region, deadline, self.lifetimes.declared(), now)
    }

    /// As [`note`](Due::note), of an entry with a lifetime of its own.
    pub(super) fn note_own(&mut self, bucket: u32, deadline: Deadline, lifetime: Nanos, now: Moment) -> bool {
        self.lifetimes.note(lifetime);
        self.note_within(bucket / REGION, deadline, lifetime, now)
    }

    /// As [`note`](Due::note), of an entry that comes from another bucket.
    pub(super) fn note_moved(&mut self, bucket: u32, deadline: Deadline, now: Moment) {
        let region = bucket / REGION;
        if deadline.has_passed(now) {
            // It may have left a region that is being looked through for one that has been.
            self.schedule(region, deadline, Nanos::ZERO, now);
            self.hurry_region(region);
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

    /// When an entry has to be removed. Never, if its grace outlasts the clock: an end that is cut off could lie in the
    /// present tick of the wheel, and the region would be due again as soon as it is looked through.
    fn end_of_grace(&self, deadline: Deadline, lifetime: Nanos) -> Deadline {
        // With more than the declared lifetime counted, entries of just that one could not rely on the first deadline.
        deadline.plus(grace(lifetime.min(self.lifetimes.declared())))
    }

    /// Has the region looked through before the grace of an entry ends. Says whether it expires before what was told of
    /// the table.
    #[cold]
    fn schedule(&mut self, region: u32, deadline: Deadline, lifetime: Nanos, now: Moment) -> bool {
        let latest = self.end_of_grace(deadline, lifetime);
        self.search.note(deadline);
        self.regions.reach(region as usize);
        let at = &mut self.regions[region as usize];
        at.earliest = at.earliest.or_earlier(deadline);
        if latest.is_before(at.look_at) {
            at.look_at = self.wheel.schedule(region, latest, now);
        }
        deadline.is_before(self.told)
    }

    /// Nothing in the table expires before. It is to be told again when [`note`](Due::note) says so.
    pub(super) fn tell_earliest(&mut self) -> Deadline {
        self.told = self.search.earliest;
        self.told
    }

    /// The next bucket to look through, if one is due: its number, and the first deadline of the entries of its region
    /// that have been seen. When it is looked through, that is [noted](Due::looked_through).
    #[inline]
    pub(super) fn next_bucket(&mut self, now: Moment) -> Option<(u32, Deadline)> {
        if self.scan.is_none() {
            let region = self.wheel.due(now)?;
            let Region { earliest, .. } = std::mem::take(&mut self.regions[region as usize]);
            // The search passes it, but it is not looked through yet.
            self.search.note(earliest);
            let shortest = self.lifetimes.shortest(now);
            self.scan = Some(Scan { region, bucket: region * REGION, earliest: Deadline::NEVER, shortest });
        }
        self.scan.as_ref().map(|scan| (scan.bucket, scan.earliest))
    }

    /// No entry of the [bucket](Due::next_bucket) has expired, and with those that stay in it this is the first
    /// deadline of its region. The table has `buckets` buckets.
    #[inline]
    pub(super) fn looked_through(&mut self, earliest: Deadline, now: Moment, buckets: u32) {
        let Some(scan) = &mut self.scan else { return };
        scan.earliest = earliest;
        scan.bucket += 1;
        if scan.bucket >= buckets.min((scan.region + 1) * REGION) {
            let Scan { region, shortest, .. } = *scan;
            self.scan = None;
            if !earliest.is_never() {
                // The time that is left is a lower bound of the lifetime, too. The first deadline has the first end of
                // grace.
                let lifetime = shortest.max(earliest.left(now));
                self.schedule(region, earliest, lifetime, now);
            }
        }
    }

    /// Whether there is a bucket to look through for an entry to make room, among those that are due or, if it
    /// `searches`, others.
    pub(super) fn may_make_room(&mut self, now: Moment, searches: bool) -> bool {
        self.due_at().has_passed(now) || searches && self.search(now)
    }

    /// Whether an entry may have expired, due or not.
    #[inline]
    pub(super) fn may_have_expired(&self, now: Moment) -> bool {
        self.search.earliest.has_passed(now)
    }

    /// Has the next region that may have an expired entry looked through at once. Says whether there is one among some
    /// regions.
    fn search(&mut self, now: Moment) -> bool {
        for _ in 0..SEARCHED {
            if self.search.next >= self.regions.len() {
                self.search = RegionSearch { earliest: self.search.passed, next: 0, passed: Deadline::NEVER };
            }
            if !self.search.earliest.has_passed(now) {
                return false;
            }
            let Some(region) = self.regions.get(self.search.next) else { return false };
            let earliest = region.earliest;
            self.search.next += 1;
            if earliest.has_passed(now) {
                // There are fewer regions than slots.
                self.hurry_region(u32::try_from(self.search.next - 1).unwrap_or(u32::MAX));
                return true;
            }
            self.search.passed = self.search.passed.or_earlier(earliest);
        }
        false
    }

    /// Has [`next_bucket`](Due::next_bucket) find everything that has expired in some regions from this one on; answers
    /// where to go on.
    pub(super) fn hurry(&mut self, from: usize, now: Moment) -> Option<usize> {
        if from == 0
            && let Some(scan) = self.scan.take()
        {
            // What it has passed may have expired since.
            self.regions[scan.region as usize].earliest = Deadline::PASSED;
        }
        let end = self.regions.len().min(from + HURRY);
        for region in from..end {
            if self.regions[region].earliest.has_passed(now) {
                // There are fewer regions than slots.
                self.hurry_region(u32::try_from(region).ok()?);
            }
        }
        (end < self.regions.len()).then_some(end)
    }

    /// Has a region looked through as soon as possible.
    fn hurry_region(&mut self, region: u32) {
        // So that no entry that comes meanwhile puts it off.
        self.regions[region as usize].look_at = Deadline::PASSED;
        self.wheel.hurry(region);
    }

    /// The earliest time at which [`next_bucket`](Due::next_bucket) may find something.
    #[inline]
    pub(super) fn due_at(&self) -> Deadline {
        if self.scan.is_some() { Deadline::PASSED } else { self.wheel.due_at() }
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
