//! When to look at which region of a table again: a hierarchical timing wheel without cascades.
//!
//! Level `n` has 64 buckets, each a span of 2^(28 + 2n) ns (268 ms at the bottom). A region goes to the lowest level
//! that reaches the time at which it is to be looked at, into the last bucket that begins no later. It stays there
//! until the bucket begins, so it is looked at early by less than a span, which is under a fifteenth of the time that
//! it had to wait (or 268 ms). A wheel that was not turned for long may take a late bucket for an early one; its
//! regions are then looked at early, too. Levels that never cascade are those of the Linux kernel's timer wheel (2016);
//! the original is Varghese and Lauck's (SOSP 1987).
//!
//! A bucket is a ring through the regions' links that passes through a link of its own: an entry can be unlinked
//! without knowing where it is. Levels are made when first needed.

use crate::{
    clock::{Deadline, Moment},
    engine::list::{Links, NIL},
    memory::arena::Heap,
    memory::chunked::Chunked,
};
use allocator_api2::{boxed::Box, vec::Vec};

const BUCKETS: usize = 64;
const LEVELS: usize = 16;
const LOWEST_SHIFT: u32 = 28;

/// Marks the number of a bucket's own link among region numbers.
///
/// A shard would need 2^31 entries for the two to collide; the table refuses to schedule those.
const BUCKET: u32 = 1 << 31;
/// The link of the ring of entries whose bucket's time has come.
const PENDING: u32 = u32::MAX - 1;

#[derive(Debug)]
pub(crate) struct Wheel {
    /// By region. `NIL` links mean that the region is not scheduled.
    nodes: Chunked<Links>,
    levels: Vec<Option<Box<Level, Heap>>, Heap>,
    pending: Links,
    /// No bucket's time comes before this.
    due_at: Deadline,
}

#[derive(Debug)]
struct Level {
    rings: [Links; BUCKETS],
    /// A bit for each bucket that may have entries.
    occupied: u64,
    /// The first span that has not been looked at.
    next: u64,
}

impl Wheel {
    pub(crate) fn new(heap: &Heap) -> Self {
        let pending = Links { prev: PENDING, next: PENDING };
        Wheel { nodes: Chunked::new(heap), levels: Vec::new_in(heap.clone()), pending, due_at: Deadline::NEVER }
    }

    /// Its memory, but for the levels.
    pub(crate) fn memory(&self) -> &Chunked<Links> {
        &self.nodes
    }

    /// Has [`due`](Wheel::due) return `region` at this time or a little before. Returns when that is.
    pub(crate) fn schedule(&mut self, region: u32, at: Deadline, now: Moment) -> Deadline {
        self.unschedule(region);
        if at.is_never() || region >= BUCKET {
            return Deadline::NEVER;
        }
        let (at, now) = (at.as_nanos(), now.as_nanos());
        self.nodes.reach(region as usize);
        let (level, span) = (0..LEVELS)
            .map(|level| (level, at >> shift(level)))
            .find(|&(level, span)| span.saturating_sub(now >> shift(level)) < BUCKETS as u64)
            .unwrap_or((LEVELS - 1, at >> shift(LEVELS - 1)));
        if level >= self.levels.len() {
            self.levels.resize_with(level + 1, || None);
        }
        let heap = self.levels.allocator().clone();
        let rings = self.levels[level].get_or_insert_with(|| Box::new_in(Level::new(level), heap));
        if rings.occupied == 0 {
            rings.next = now >> shift(level);
        }
        // Nothing is left to look at before the present or the first bucket that has regions.
        rings.next = rings.next.max((now >> shift(level)).min(rings.first().unwrap_or(u64::MAX)));
        let span = span.max(rings.next);
        let bucket = bucket_of(span);
        rings.occupied |= 1 << bucket;
        let begin = begin(span, level);
        self.due_at = self.due_at.or_earlier(begin);
        self.link(region, ring(level, bucket));
        begin
    }

    /// Forgets a region, scheduled or not.
    pub(crate) fn unschedule(&mut self, region: u32) {
        if let Some(&Links { prev, next }) = self.nodes.get(region as usize)
            && prev != NIL
        {
            self.links(prev).next = next;
            self.links(next).prev = prev;
            self.nodes[region as usize] = Links::NONE;
        }
    }

    /// Takes out a region whose bucket's time has come.
    pub(crate) fn due(&mut self, now: Moment) -> Option<u32> {
        if self.pending.next == PENDING {
            if !self.due_at.has_passed(now) {
                return None;
            }
            self.collect(now);
        }
        let region = self.pending.next;
        if region == PENDING {
            return None;
        }
        self.unschedule(region);
        Some(region)
    }

    /// The earliest time at which [`due`](Wheel::due) may return a region.
    pub(crate) fn due_at(&self) -> Deadline {
        if self.pending.next == PENDING { self.due_at } else { Deadline::PASSED }
    }

    pub(crate) fn shrink_to(&mut self, regions: usize) {
        self.nodes.truncate(regions);
    }

    /// Has [`due`](Wheel::due) return this region at any time.
    pub(crate) fn hurry(&mut self, region: u32) {
        self.unschedule(region);
        self.nodes.reach(region as usize);
        self.link(region, PENDING);
    }

    /// Moves the ring of one bucket of each level, whose time has come, to the pending ones.
    fn collect(&mut self, now: Moment) {
        let mut due_at = Deadline::NEVER;
        for level in 0..self.levels.len() {
            let current = now.as_nanos() >> shift(level);
            if let Some(at) = &mut self.levels[level]
                && let Some(span) = at.first().filter(|&span| span <= current)
            {
                let bucket = bucket_of(span);
                at.occupied &= !(1 << bucket);
                at.next = span + 1;
                self.splice(ring(level, bucket));
            }
            if let Some(at) = &mut self.levels[level] {
                let first = at.first();
                at.next = at.next.max(current.min(first.unwrap_or(current)));
                due_at = due_at.or_earlier(first.map_or(Deadline::NEVER, |span| begin(span, level)));
            }
        }
        self.due_at = due_at;
    }

    /// Moves a whole ring to the end of the pending ones.
    fn splice(&mut self, ring: u32) {
        let Links { prev: last, next: first } = *self.links(ring);
        if first == ring {
            return;
        }
        *self.links(ring) = Links { prev: ring, next: ring };
        let before = self.pending.prev;
        self.links(before).next = first;
        self.links(first).prev = before;
        self.links(last).next = PENDING;
        self.pending.prev = last;
    }

    /// Puts a region at the end of a ring.
    fn link(&mut self, region: u32, ring: u32) {
        let last = std::mem::replace(&mut self.links(ring).prev, region);
        self.links(last).next = region;
        self.nodes[region as usize] = Links { prev: last, next: ring };
    }

    fn links(&mut self, node: u32) -> &mut Links {
        match node {
            PENDING => &mut self.pending,
            BUCKET.. => {
                let ring = (node & !BUCKET) as usize;
                let level = self.levels[ring / BUCKETS].as_mut().expect("a ring is linked only on a level that exists");
                &mut level.rings[ring % BUCKETS]
            }
            region => &mut self.nodes[region as usize],
        }
    }
}

impl Level {
    fn new(level: usize) -> Self {
        let ring = |bucket: usize| ring(level, u32::try_from(bucket).unwrap_or(NIL));
        let rings = std::array::from_fn(|bucket| Links { prev: ring(bucket), next: ring(bucket) });
        Level { rings, occupied: 0, next: 0 }
    }

    /// The first span from `next` on whose bucket may have entries.
    fn first(&self) -> Option<u64> {
        let from_next = self.occupied.rotate_right(bucket_of(self.next));
        (from_next != 0).then(|| self.next + u64::from(from_next.trailing_zeros()))
    }
}

fn shift(level: usize) -> u32 {
    LOWEST_SHIFT + 2 * u32::try_from(level).unwrap_or(0)
}

/// When a span begins.
fn begin(span: u64, level: usize) -> Deadline {
    Deadline::from_nanos(span.saturating_mul(1 << shift(level)))
}

#[allow(clippy::cast_possible_truncation, reason = "the remainder is below 64")]
fn bucket_of(span: u64) -> u32 {
    (span % BUCKETS as u64) as u32
}

#[allow(clippy::cast_possible_truncation, reason = "there are 16 levels")]
fn ring(level: usize, bucket: u32) -> u32 {
    BUCKET | (level as u32 * BUCKETS as u32 + bucket)
}
