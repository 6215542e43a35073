//! When to scan which region of a table: a hierarchical timing wheel without cascades.
//!
//! Level `n` has 64 spokes, each for a span of 2^(28 + 2n) ns (268 ms at the bottom). A region goes to the lowest level
//! that reaches its time, to the last spoke that begins no later than that. It is due when its spoke begins, so it is
//! early by less than a span, which is less than a fifteenth of its waiting time (or 268 ms). A wheel that was not
//! turned for long may take a late spoke for an early one. The regions of that spoke are then early, too. Timing wheels
//! are by Varghese and Lauck (SOSP 1987), levels without cascades by the Linux kernel (2016).
//!
//! A spoke is a circular list of regions that includes a link of the spoke itself, so a region can be unlinked without
//! knowing its spoke. Levels are allocated when first needed.

use crate::{
    clock::{Deadline, Moment},
    engine::list::{Links, NIL},
    memory::arena::Heap,
    memory::chunked::Chunked,
};
use allocator_api2::{boxed::Box, vec::Vec};

const SPOKES: usize = 64;
const LEVELS: usize = 16;
const LOWEST_SHIFT: u32 = 28;

/// This bit distinguishes the number of a spoke's own link from those of regions.
///
/// Regions with such a number, of which a shard would need 2^31, are not scheduled.
const SPOKE: u32 = 1 << 31;
/// The number of the list of pending regions: those of spokes that have begun.
const PENDING: u32 = u32::MAX - 1;

#[derive(Debug)]
pub(crate) struct Wheel {
    /// By region. `NIL` links mean that the region is not scheduled.
    nodes: Chunked<Links>,
    levels: Vec<Option<Box<Level, Heap>>, Heap>,
    pending: Links,
    /// No spoke begins before this.
    due_at: Deadline,
}

#[derive(Debug)]
struct Level {
    spokes: [Links; SPOKES],
    /// A bit for each spoke that may have regions.
    occupied: u64,
    /// The first span that was not collected yet.
    next: u64,
}

impl Wheel {
    pub(crate) fn new(heap: &Heap) -> Self {
        let pending = Links { prev: PENDING, next: PENDING };
        Wheel { nodes: Chunked::new(heap), levels: Vec::new_in(heap.clone()), pending, due_at: Deadline::NEVER }
    }

    /// Takes the memory now that so many regions can ever need, whatever their times are.
    pub(crate) fn reach(&mut self, regions: u32) {
        self.nodes.grow_to(regions as usize);
        let heap = self.levels.allocator().clone();
        for level in self.levels.len()..LEVELS {
            self.levels.push(Some(Box::new_in(Level::new(level), heap.clone())));
        }
    }

    /// Its memory, without the levels.
    pub(crate) fn memory(&self) -> &Chunked<Links> {
        &self.nodes
    }

    /// Schedules a region: [`due`](Wheel::due) returns it at this time or a little before. Returns when it does.
    pub(crate) fn schedule(&mut self, region: u32, at: Deadline, now: Moment) -> Deadline {
        self.unschedule(region);
        if at.is_never() || region >= SPOKE {
            return Deadline::NEVER;
        }
        let (at, now) = (at.as_nanos(), now.as_nanos());
        self.nodes.reach(region as usize);
        let (level, span) = (0..LEVELS)
            .map(|level| (level, at >> shift(level)))
            .find(|&(level, span)| span.saturating_sub(now >> shift(level)) < SPOKES as u64)
            .unwrap_or((LEVELS - 1, at >> shift(LEVELS - 1)));
        if level >= self.levels.len() {
            self.levels.resize_with(level + 1, || None);
        }
        let heap = self.levels.allocator().clone();
        let target = self.levels[level].get_or_insert_with(|| Box::new_in(Level::new(level), heap));
        if target.occupied == 0 {
            target.next = now >> shift(level);
        }
        // Earlier spans are past, or have no regions.
        target.next = target.next.max((now >> shift(level)).min(target.first().unwrap_or(u64::MAX)));
        let span = span.max(target.next);
        let spoke = spoke_of(span);
        target.occupied |= 1 << spoke;
        let begin = begin(span, level);
        self.due_at = self.due_at.or_earlier(begin);
        self.link(region, ring(level, spoke));
        begin
    }

    /// Removes a region from the schedule, if it is there.
    pub(crate) fn unschedule(&mut self, region: u32) {
        if let Some(&Links { prev, next }) = self.nodes.get(region as usize)
            && prev != NIL
        {
            self.links(prev).next = next;
            self.links(next).prev = prev;
            self.nodes[region as usize] = Links::NONE;
        }
    }

    /// Removes and returns a region whose spoke has begun.
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

    /// Makes a region due now.
    pub(crate) fn hurry(&mut self, region: u32) {
        self.unschedule(region);
        self.nodes.reach(region as usize);
        self.link(region, PENDING);
    }

    /// On each level, moves the regions of the first spoke that has begun to the pending ones.
    fn collect(&mut self, now: Moment) {
        let mut due_at = Deadline::NEVER;
        for level in 0..self.levels.len() {
            let current = now.as_nanos() >> shift(level);
            if let Some(at) = &mut self.levels[level]
                && let Some(span) = at.first().filter(|&span| span <= current)
            {
                let spoke = spoke_of(span);
                at.occupied &= !(1 << spoke);
                at.next = span + 1;
                self.splice(ring(level, spoke));
            }
            if let Some(at) = &mut self.levels[level] {
                let first = at.first();
                at.next = at.next.max(current.min(first.unwrap_or(current)));
                due_at = due_at.or_earlier(first.map_or(Deadline::NEVER, |span| begin(span, level)));
            }
        }
        self.due_at = due_at;
    }

    /// Moves a whole list to the end of the pending one.
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

    /// Appends a region to a list.
    fn link(&mut self, region: u32, ring: u32) {
        let last = std::mem::replace(&mut self.links(ring).prev, region);
        self.links(last).next = region;
        self.nodes[region as usize] = Links { prev: last, next: ring };
    }

    fn links(&mut self, node: u32) -> &mut Links {
        match node {
            PENDING => &mut self.pending,
            SPOKE.. => {
                let ring = (node & !SPOKE) as usize;
                let level = self.levels[ring / SPOKES].as_mut().expect("a linked spoke has a level");
                &mut level.spokes[ring % SPOKES]
            }
            region => &mut self.nodes[region as usize],
        }
    }
}

impl Level {
    fn new(level: usize) -> Self {
        let ring = |spoke: usize| ring(level, u32::try_from(spoke).unwrap_or(NIL));
        let spokes = std::array::from_fn(|spoke| Links { prev: ring(spoke), next: ring(spoke) });
        Level { spokes, occupied: 0, next: 0 }
    }

    /// The first span from `next` on whose spoke may have regions.
    fn first(&self) -> Option<u64> {
        let from_next = self.occupied.rotate_right(spoke_of(self.next));
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
fn spoke_of(span: u64) -> u32 {
    (span % SPOKES as u64) as u32
}

#[allow(clippy::cast_possible_truncation, reason = "there are 16 levels")]
fn ring(level: usize, spoke: u32) -> u32 {
    SPOKE | (level as u32 * SPOKES as u32 + spoke)
}
