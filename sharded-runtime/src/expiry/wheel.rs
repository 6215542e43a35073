//! When to look at which entry again: a hierarchical timing wheel without cascades.
//!
//! Level `n` has 64 buckets, each a span of 2^(28 + 2n) ns (268 ms at the bottom). An entry goes to the lowest level that reaches
//! its deadline, into the bucket that ends after it; it stays there until that bucket's time, so an entry is looked at when it is due,
//! later by at most a span, which is under a fifteenth of the time it had to live (or 268 ms). Entries that
//! were given more time since are put back, and so are those that a wheel which nobody has turned for long mistakes for earlier ones. The idea of levels that never cascade is that of the Linux kernel's timer wheel (2016);
//! the original is Varghese and Lauck's (SOSP 1987).
//!
//! A bucket is a ring through the slots' links that passes through a link of its own: an entry can be unlinked without
//! knowing where it is. Levels are made when first needed.

use crate::list::{Links, NIL};

const BUCKETS: usize = 64;
const LEVELS: usize = 16;
const LOWEST_SHIFT: u32 = 28;

/// Marks the number of a bucket's own link among slot numbers.
///
/// A shard would need 2^31 entries for the two to collide; the table refuses to schedule those.
const BUCKET: u32 = 1 << 31;
/// The link of the ring of entries whose bucket's time has come.
const PENDING: u32 = u32::MAX - 1;

#[derive(Debug)]
pub(crate) struct Wheel {
    /// By slot. `NIL` links mean that the slot is not scheduled.
    nodes: Vec<Links>,
    levels: Vec<Option<Box<Level>>>,
    pending: Links,
    /// No bucket's time comes before this.
    due_at: u64,
}

#[derive(Debug)]
struct Level {
    rings: [Links; BUCKETS],
    /// A bit for each bucket that may have entries.
    occupied: u64,
    /// The first span that has not been looked at.
    next: u64,
}

impl Default for Wheel {
    fn default() -> Self {
        let pending = Links { prev: PENDING, next: PENDING };
        Wheel { nodes: Vec::new(), levels: Vec::new(), pending, due_at: u64::MAX }
    }
}

impl Wheel {
    /// Has [`due`](Wheel::due) answer `slot` once `deadline` has passed. `u64::MAX` is never.
    pub(crate) fn schedule(&mut self, slot: u32, deadline: u64, now: u64) {
        self.unschedule(slot);
        if deadline == u64::MAX || slot >= BUCKET {
            return;
        }
        if slot as usize >= self.nodes.len() {
            self.nodes.resize(slot as usize + 1, Links::NONE);
        }
        let (level, span) = (0..LEVELS)
            .map(|level| (level, end(deadline, level)))
            .find(|&(level, span)| span.saturating_sub(now >> shift(level)) < BUCKETS as u64)
            .unwrap_or((LEVELS - 1, end(deadline, LEVELS - 1)));
        if level >= self.levels.len() {
            self.levels.resize_with(level + 1, || None);
        }
        let at = self.levels[level].get_or_insert_with(|| Box::new(Level::new(level)));
        if at.occupied == 0 {
            at.next = now >> shift(level);
        }
        // Nothing is left to look at before the present or the first bucket that has entries.
        at.next = at.next.max((now >> shift(level)).min(at.first().unwrap_or(u64::MAX)));
        let span = span.max(at.next);
        let bucket = bucket_of(span);
        at.occupied |= 1 << bucket;
        self.due_at = self.due_at.min(begin(span, level));
        self.link(slot, ring(level, bucket));
    }

    /// Forgets a slot, scheduled or not.
    pub(crate) fn unschedule(&mut self, slot: u32) {
        if let Some(&Links { prev, next }) = self.nodes.get(slot as usize)
            && prev != NIL
        {
            self.links(prev).next = next;
            self.links(next).prev = prev;
            self.nodes[slot as usize] = Links::NONE;
        }
    }

    /// Takes out a slot whose bucket's time has come.
    pub(crate) fn due(&mut self, now: u64) -> Option<u32> {
        if self.pending.next == PENDING {
            if now < self.due_at {
                return None;
            }
            self.collect(now, 1, 0);
        }
        let slot = self.pending.next;
        if slot == PENDING {
            return None;
        }
        self.unschedule(slot);
        Some(slot)
    }

    /// The earliest time at which [`due`](Wheel::due) may answer something.
    pub(crate) fn due_at(&self) -> u64 {
        if self.pending.next == PENDING { self.due_at } else { 0 }
    }

    /// The entry of slot `from` lives in `to` now.
    pub(crate) fn moved(&mut self, from: u32, to: u32) {
        if let Some(&Links { prev, next }) = self.nodes.get(from as usize)
            && prev != NIL
        {
            self.unschedule(from);
            if to as usize >= self.nodes.len() {
                self.nodes.resize(to as usize + 1, Links::NONE);
            }
            self.nodes[to as usize] = Links { prev, next };
            self.links(prev).next = to;
            self.links(next).prev = to;
        }
    }

    pub(crate) fn shrink_to(&mut self, slots: usize) {
        self.nodes.truncate(slots);
        self.nodes.shrink_to(slots);
    }

    /// Has [`due`](Wheel::due) answer every slot whose deadline has passed, without its usual delay, and some more.
    pub(crate) fn hurry(&mut self, now: u64) {
        self.collect(now, BUCKETS, 1);
    }

    /// Moves the rings of up to so many buckets of each level to the pending ones: of those whose time has come, or would
    /// come `ahead` spans later.
    fn collect(&mut self, now: u64, most: usize, ahead: u64) {
        let mut due_at = u64::MAX;
        for level in 0..self.levels.len() {
            let current = now >> shift(level);
            for _ in 0..most {
                let Some(at) = &mut self.levels[level] else { break };
                let Some(span) = at.first().filter(|&span| span <= current + ahead) else { break };
                let bucket = bucket_of(span);
                at.occupied &= !(1 << bucket);
                at.next = (span + 1).min(current + 1);
                self.splice(ring(level, bucket));
            }
            if let Some(at) = &mut self.levels[level] {
                let first = at.first();
                at.next = at.next.max(current.min(first.unwrap_or(current)));
                due_at = due_at.min(first.map_or(u64::MAX, |span| begin(span, level)));
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

    /// Puts a slot at the end of a ring.
    fn link(&mut self, slot: u32, ring: u32) {
        let last = std::mem::replace(&mut self.links(ring).prev, slot);
        self.links(last).next = slot;
        self.nodes[slot as usize] = Links { prev: last, next: ring };
    }

    fn links(&mut self, node: u32) -> &mut Links {
        match node {
            PENDING => &mut self.pending,
            BUCKET.. => {
                let ring = (node & !BUCKET) as usize;
                let level = self.levels[ring / BUCKETS].as_mut().expect("a ring is linked only on a level that exists");
                &mut level.rings[ring % BUCKETS]
            }
            slot => &mut self.nodes[slot as usize],
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

/// The first span of a level that begins at or after the deadline.
fn end(deadline: u64, level: usize) -> u64 {
    deadline.div_ceil(1 << shift(level))
}

/// When a span begins.
fn begin(span: u64, level: usize) -> u64 {
    span.saturating_mul(1 << shift(level))
}

#[allow(clippy::cast_possible_truncation, reason = "the remainder is below 64")]
fn bucket_of(span: u64) -> u32 {
    (span % BUCKETS as u64) as u32
}

#[allow(clippy::cast_possible_truncation, reason = "there are 16 levels")]
fn ring(level: usize, bucket: u32) -> u32 {
    BUCKET | (level as u32 * BUCKETS as u32 + bucket)
}
