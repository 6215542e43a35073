//! The part of the adaptation that all shards of a field share.

use std::sync::atomic::{AtomicI64, AtomicU16, AtomicU64, Ordering::Relaxed};

/// Ticks in the time in which as many entries are inserted as the capacity holds.
const TICKS: u64 = 32;
/// Units of the target per entry.
pub(super) const ENTRY: u64 = 32;
/// By how much a vote moves the target: by one and a half entries, or by the same part of a capacity below `SMALL` as
/// of this one. (One and a half entries of a cache of six would be a quarter of it.)
const STEP: u64 = 3 * ENTRY / 2;
const SMALL: u64 = 128;
/// The limits of the target, in hundredths of the capacity.
const LIMITS: (u64, u64) = (1, 99);
/// The initial tau and its limits, in ticks.
const TAU: u16 = 16;
const TAU_LIMITS: (i64, i64) = (1, 126);
/// Ghosts that are sampled in a tick, and the most that one miss samples.
const SAMPLES: u64 = 256;
const MOST_SAMPLED: u32 = 8;
/// Entries that must have been seen before tau is changed, and the largest change in ticks.
const ENOUGH: u64 = 32;
const FARTHEST: i64 = 4;

/// All accesses are relaxed, since all values are estimates. A hit reads none of them, and a miss reads three words.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Common {
    tick: AtomicU64,
    /// The target size of the window over all shards, in units of which an entry has [`ENTRY`].
    target: AtomicI64,
    tau: AtomicU16,
    misses: AtomicU64,
    /// The number of misses at which the next tick begins.
    next_tick: AtomicU64,
    /// Entries seen and how many of them were older than tau, ghosts seen and how many of them were younger.
    seen: AtomicU64,
    old: AtomicU64,
    ghosts_seen: AtomicU64,
    young: AtomicU64,
    entries: AtomicI64,
    ghosts: AtomicI64,
    /// In entries, if it is known.
    capacity: Option<u64>,
    pub(super) shards: u64,
}

/// The counts of a shard that it has not yet added to [`Common`].
#[derive(Debug, Default)]
pub(super) struct Purse {
    pub(super) misses: u32,
    /// Misses that LRU would have hit, minus hits that it would have missed.
    pub(super) votes: i32,
    pub(super) seen: u32,
    pub(super) old: u32,
    pub(super) ghosts_seen: u32,
    pub(super) young: u32,
    pub(super) entries: i32,
}

impl Default for Common {
    fn default() -> Self {
        Common::new(None, 1)
    }
}

impl Common {
    pub(super) fn new(capacity: Option<usize>, shards: usize) -> Self {
        let common = Common {
            tick: AtomicU64::new(1),
            target: AtomicI64::new(0),
            tau: AtomicU16::new(TAU),
            misses: AtomicU64::new(0),
            next_tick: AtomicU64::new(0),
            seen: AtomicU64::new(0),
            old: AtomicU64::new(0),
            ghosts_seen: AtomicU64::new(0),
            young: AtomicU64::new(0),
            entries: AtomicI64::new(0),
            ghosts: AtomicI64::new(0),
            capacity: capacity.map(|capacity| capacity as u64),
            shards: shards.max(1) as u64,
        };
        common.target.store(common.limits().0, Relaxed);
        common.next_tick.store(common.ticks_after(), Relaxed);
        common
    }

    /// The capacity in entries, or the number of entries if the capacity is a weight.
    pub(super) fn size(&self) -> u64 {
        self.capacity.unwrap_or_else(|| self.entries()).max(1)
    }

    pub(super) fn entries(&self) -> u64 {
        u64::try_from(self.entries.load(Relaxed)).unwrap_or(0)
    }

    /// Misses per tick.
    fn ticks_after(&self) -> u64 {
        (self.size() / TICKS).max(1)
    }

    /// The misses after which a shard adds its counts.
    pub(super) fn misses_to_tell(&self) -> u32 {
        u32::try_from(self.ticks_after() / self.shards / 4).unwrap_or(u32::MAX).max(1)
    }

    /// The ghosts that a miss samples: more if a tick has few misses.
    pub(super) fn sample(&self) -> u32 {
        u32::try_from(SAMPLES / self.ticks_after()).unwrap_or(0).clamp(1, MOST_SAMPLED)
    }

    pub(super) fn tick(&self) -> u64 {
        self.tick.load(Relaxed)
    }

    pub(super) fn tau(&self) -> u16 {
        self.tau.load(Relaxed)
    }

    fn limits(&self) -> (i64, i64) {
        let part = |hundredths| signed((self.size().saturating_mul(ENTRY * hundredths) / 100).max(ENTRY));
        (part(LIMITS.0), part(LIMITS.1))
    }

    fn voted(&self, target: i64, votes: i32) -> i64 {
        let (least, most) = self.limits();
        let step = signed((self.size().min(SMALL) * STEP / SMALL).max(1));
        target.saturating_add(i64::from(votes) * step).clamp(least, most)
    }

    /// The target with the votes that were not added yet.
    pub(super) fn target(&self, votes: i32) -> u64 {
        self.voted(self.target.load(Relaxed), votes).unsigned_abs()
    }

    /// Adds the counts of a shard.
    pub(super) fn tell(&self, purse: &mut Purse) {
        let told = std::mem::take(purse);
        if told.entries != 0 {
            self.entries.fetch_add(i64::from(told.entries), Relaxed);
        }
        if told.votes != 0 || self.capacity.is_none() {
            let _ = self.target.fetch_update(Relaxed, Relaxed, |target| Some(self.voted(target, told.votes)));
        }
        for (all, more) in [
            (&self.seen, told.seen),
            (&self.old, told.old),
            (&self.ghosts_seen, told.ghosts_seen),
            (&self.young, told.young),
        ] {
            if more != 0 {
                all.fetch_add(u64::from(more), Relaxed);
            }
        }
        if told.misses != 0 {
            let misses = self.misses.fetch_add(u64::from(told.misses), Relaxed) + u64::from(told.misses);
            let due = self.next_tick.load(Relaxed);
            let next = (due + self.ticks_after()).max(misses + 1);
            // The thread that loses the race leaves the tick to the other.
            if misses >= due && self.next_tick.compare_exchange(due, next, Relaxed, Relaxed).is_ok() {
                self.next();
            }
        }
    }

    /// Changes the number of ghosts.
    pub(super) fn more_ghosts(&self, more: i64) {
        self.ghosts.fetch_add(more, Relaxed);
    }

    /// Begins the next tick. It moves tau towards the age at which LRU would evict. LRU would hold the youngest keys,
    /// so at that age there are as many older entries as younger ghosts.
    fn next(&self) {
        self.tick.fetch_add(1, Relaxed);
        let [seen, old, ghosts_seen, young] =
            [&self.seen, &self.old, &self.ghosts_seen, &self.young].map(|count| count.load(Relaxed));
        if seen < ENOUGH {
            return;
        }
        let of = |part: u64, all: u64, how_many: u64| {
            signed(u64::try_from(u128::from(part) * u128::from(how_many) / u128::from(all.max(1))).unwrap_or(u64::MAX))
        };
        let ghosts = u64::try_from(self.ghosts.load(Relaxed)).unwrap_or(0);
        let more = of(old, seen, self.entries()).saturating_sub(of(young, ghosts_seen, ghosts));
        // Half of the difference in ticks, rounded.
        let ticks = signed(self.ticks_after());
        let step = more.saturating_add(more.signum() * ticks) / (2 * ticks);
        let tau = i64::from(self.tau()) + step.clamp(-FARTHEST, FARTHEST);
        self.tau.store(u16::try_from(tau.clamp(TAU_LIMITS.0, TAU_LIMITS.1)).unwrap_or(TAU), Relaxed);
        for count in [&self.seen, &self.old, &self.ghosts_seen, &self.young] {
            count.store(count.load(Relaxed) / 2, Relaxed);
        }
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
