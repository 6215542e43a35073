//! Duo: a proposal, as `sharded-runtime/src/engine/evict/README.md` describes it.
//!
//! The model has the data of an implementation, so its estimates and collisions are in the figures: 16 bits per slot,
//! ghosts of 16 bits per shard, and one mark that a hit sets. Everything else comes from samples of entries.

use super::{Model, hash};
use sharded_bench_common::random::{Random, RngExt, seeded};
use std::collections::VecDeque;

/// Ticks while as many entries are inserted as the capacity holds.
const TICKS: u64 = 32;
/// How far a vote moves the target of the window.
const STEP: f64 = 1.5;
/// The limits of that target, in parts of the capacity. It begins at the lower limit.
const LEAST: f64 = 0.01;
const MOST: f64 = 0.99;
/// The part by which the reuse of a new entry must be shorter.
const MARGIN: u32 = 8;
/// Uses of an entry of main that are counted.
const USES: u8 = 3;
/// Ghosts per unit of the capacity, and the number of places for a key among them.
const GHOSTS: f64 = 1.5;
const BUCKET: usize = 8;
/// Bits of a key that a ghost keeps.
const FINGERPRINT: u32 = 10;
/// Slots in a line, which are sampled together, and the lines that one eviction samples.
const LINE: usize = 32;
const LINES: usize = 2;
/// The number of entries for each recent insert that is kept in order. At least 16 are kept.
const RING: usize = 16;
/// With fewer entries per shard, all shards evict as one.
const ONE_DOMAIN: usize = 64;
/// How full a table is on average.
const LOAD: f64 = 0.65;

/// The reuse of a key that was never seen twice.
const UNKNOWN: u8 = 63;
/// No entry is known to be older: ages are kept modulo 256.
const OLDEST: u8 = 192;
const VACANT: u32 = u32::MAX;

/// The data of the entry in a slot.
#[derive(Clone, Copy, Debug, Default)]
struct Word {
    /// The tick of the last known use.
    used: u8,
    main: bool,
    /// Whether it was used since the last sample.
    marked: bool,
    /// In the window: the time between its last two uses, in units of two ticks. In main: the uses since it came there.
    reuse: u8,
}

#[derive(Clone, Copy, Debug, Default)]
struct Ghost {
    /// Zero if there is none.
    fingerprint: u16,
    /// When it was last used, in two ticks.
    used: u8,
}

#[derive(Debug)]
struct Shard {
    len: usize,
    keys: Vec<u32>,
    words: Vec<Word>,
    /// Entries that are not in main.
    window: usize,
    /// The latest inserts, oldest first.
    ring: VecDeque<u32>,
    ghosts: Vec<Ghost>,
}

impl Shard {
    fn ring_len(&self) -> usize {
        (self.len / RING).max(16)
    }

    fn promote(&mut self, slot: usize) {
        self.words[slot].main = true;
        self.words[slot].reuse = 0;
        self.window -= 1;
    }
}

/// What a sample found.
struct Sample {
    /// The least recently used entry of the window.
    candidate: Option<usize>,
    /// The most overdue entry of main.
    victim: Option<usize>,
}

#[derive(Debug)]
pub(crate) struct Duo {
    capacity: usize,
    len: usize,
    /// The slot of each key in its shard.
    slots: Vec<u32>,
    shards: Vec<Shard>,
    random: Random,
    misses: u64,
    tick: u64,
    /// Entries that the window should have.
    target: f64,
    /// The age, in ticks, at which LRU would evict.
    age_limit: i32,
    /// Recently sampled entries beyond the age limit, and all; ghosts below it, and all.
    old: f64,
    seen: f64,
    young_ghosts: f64,
    seen_ghosts: f64,
}

impl Duo {
    pub(crate) fn new(unique: usize, capacity: usize, shards: usize) -> Self {
        let count = if capacity < ONE_DOMAIN * shards { 1 } else { shards };
        let buckets = (capacity as f64 * GHOSTS / (count * BUCKET) as f64).ceil() as usize;
        let spare = if count > 1 { 64 } else { 2 };
        let slots = ((capacity as f64 / count as f64 / LOAD) as usize + spare).next_multiple_of(LINE);
        let shard = |_| Shard {
            len: 0,
            keys: vec![VACANT; slots],
            words: vec![Word::default(); slots],
            window: 0,
            ring: VecDeque::new(),
            ghosts: vec![Ghost::default(); buckets * BUCKET],
        };
        Duo {
            capacity,
            len: 0,
            slots: vec![VACANT; unique],
            shards: (0..count).map(shard).collect(),
            random: seeded(11),
            misses: 0,
            tick: 1,
            target: (LEAST * capacity as f64).max(1.0),
            age_limit: TICKS as i32 / 2,
            old: 0.0,
            seen: 0.0,
            young_ghosts: 0.0,
            seen_ghosts: 0.0,
        }
    }

    fn shard_of(&self, key: u32) -> usize {
        ((hash(key) >> 58) as usize * self.shards.len()) >> 6
    }

    fn vote(&mut self, steps: f64) {
        let within = |part: f64| (part * self.capacity as f64).max(1.0);
        self.target = (self.target + steps * STEP).clamp(within(LEAST), within(MOST));
    }

    fn age(&self, used: u8) -> u8 {
        (self.tick as u8).wrapping_sub(used)
    }

    fn ghost_age(&self, used: u8) -> u8 {
        (((self.tick >> 1) as u8).wrapping_sub(used) & 63) << 1
    }

    /// Counts a miss. After each tick, the age limit moves towards the age at which the number of older entries equals
    /// the number of younger ghosts: LRU would hold the youngest keys, cached or not.
    fn advance(&mut self) {
        self.misses += 1;
        let length = (self.capacity as u64 / TICKS).max(1);
        if !self.misses.is_multiple_of(length) {
            return;
        }
        self.tick += 1;
        if self.seen < 32.0 {
            return;
        }
        let ghosts = self.shards.len() * self.shards[0].ghosts.len();
        let older = self.old / self.seen * self.len as f64;
        let younger = self.young_ghosts / self.seen_ghosts.max(1.0) * ghosts as f64;
        let change = ((older - younger) / length as f64 / 2.0).clamp(-4.0, 4.0).round() as i32;
        self.age_limit = (self.age_limit + change).clamp(1, 126);
        [self.old, self.seen] = [self.old / 2.0, self.seen / 2.0];
        [self.young_ghosts, self.seen_ghosts] = [self.young_ghosts / 2.0, self.seen_ghosts / 2.0];
    }

    /// Samples an entry, and returns its age. If it is marked, its last use counts as now.
    fn see(&mut self, shard: usize, slot: usize) -> u8 {
        let mut word = self.shards[shard].words[slot];
        if word.marked {
            let age = self.age(word.used);
            if i32::from(age) > self.age_limit {
                // LRU would have missed it.
                self.vote(-1.0);
            }
            word.marked = false;
            word.reuse = if word.main { (word.reuse + 1).min(USES) } else { (age / 2).min(UNKNOWN - 1) };
            word.used = self.tick as u8;
        }
        let age = self.age(word.used).min(OLDEST);
        word.used = (self.tick as u8).wrapping_sub(age);
        self.shards[shard].words[slot] = word;
        self.seen += 1.0;
        if i32::from(age) > self.age_limit {
            self.old += 1.0;
        }
        age
    }

    /// Samples this number of lines, and up to eight more if they are almost empty.
    fn sample(&mut self, shard: usize, lines: usize) -> Sample {
        let all = self.shards[shard].keys.len() / LINE;
        let lines = lines.min(all);
        let first = if lines == all { 0 } else { self.random.random_range(0..all) };
        let (mut candidate, mut victim) = (None::<(u8, usize)>, None::<(u16, usize)>);
        let mut looked_at = 0;
        for line in 0..all.min(lines + 8) {
            if line >= lines && looked_at >= 4 {
                break;
            }
            let start = (first + line) % all * LINE;
            for slot in start..start + LINE {
                if self.shards[shard].keys[slot] == VACANT {
                    continue;
                }
                looked_at += 1;
                let age = self.see(shard, slot);
                let word = self.shards[shard].words[slot];
                if word.main {
                    let overdue = (u16::from(age) << 3) >> word.reuse;
                    if victim.is_none_or(|(most, _)| overdue > most) {
                        victim = Some((overdue, slot));
                    }
                } else if candidate.is_none_or(|(most, _)| age > most) {
                    candidate = Some((age, slot));
                }
            }
        }
        let mut candidate = candidate.map(|(_, slot)| slot);
        if self.shards[shard].window <= self.shards[shard].ring_len() {
            candidate = self.first_of_ring(shard).or(candidate);
        }
        Sample { candidate, victim: victim.map(|(_, slot)| slot) }
    }

    /// The oldest insert that is still in the window. Samples would miss it if the window is small.
    fn first_of_ring(&mut self, shard: usize) -> Option<usize> {
        while let Some(&key) = self.shards[shard].ring.front() {
            let slot = self.slots[key as usize];
            if slot != VACANT && !self.shards[shard].words[slot as usize].main {
                self.see(shard, slot as usize);
                return Some(slot as usize);
            }
            self.shards[shard].ring.pop_front();
        }
        None
    }

    /// The place of a key's ghost, and its fingerprint.
    fn ghost_of(&self, shard: usize, key: u32) -> (std::ops::Range<usize>, u16) {
        let hash = hash(key);
        let buckets = (self.shards[shard].ghosts.len() / BUCKET) as u64;
        let first = (((hash & 0xffff_ffff) * buckets) >> 32) as usize * BUCKET;
        let fingerprint = 1 + ((hash >> 32) & 0xfff_ffff) % ((1 << FINGERPRINT) - 1);
        (first..first + BUCKET, fingerprint as u16)
    }

    /// Evicts an entry, and keeps a ghost in place of the oldest ghost.
    fn evict(&mut self, shard: usize, slot: usize) {
        let from = &mut self.shards[shard];
        let word = from.words[slot];
        let key = std::mem::replace(&mut from.keys[slot], VACANT);
        from.len -= 1;
        from.window -= usize::from(!word.main);
        self.slots[key as usize] = VACANT;
        self.len -= 1;

        let (bucket, fingerprint) = self.ghost_of(shard, key);
        let ghosts = &self.shards[shard].ghosts;
        let age_or_vacant = |ghost: Ghost| if ghost.fingerprint == 0 { 255 } else { self.ghost_age(ghost.used) };
        if let Some(oldest) = bucket.max_by_key(|&ghost| age_or_vacant(ghosts[ghost])) {
            let age = u64::from(self.age(word.used)).min(self.tick);
            self.shards[shard].ghosts[oldest] = Ghost { fingerprint, used: ((self.tick - age) >> 1) as u8 & 63 };
        }
    }

    /// Evicts one entry of the shard, or of the fullest shard if it has none.
    fn make_room(&mut self, shard: usize) {
        let mut sample = self.sample(shard, LINES);
        let fair = (self.target * self.shards[shard].len as f64 / self.len as f64).max(1.0);
        let excess = self.shards[shard].window as f64 - fair;
        if excess > 0.0 && sample.candidate.is_none() {
            sample = self.sample(shard, LINES);
        }
        if excess > 1.0
            && let Some(candidate) = sample.candidate
        {
            // The target fell, so the window gives an entry away without a comparison.
            self.shards[shard].promote(candidate);
            sample = self.sample(shard, LINES);
        }
        match (sample.candidate, sample.victim) {
            (Some(candidate), Some(victim)) if self.shards[shard].window as f64 > fair => {
                let words = &self.shards[shard].words;
                let (newcomer, age) = (words[candidate], self.age(words[victim].used));
                let reuse = u32::from(newcomer.reuse) * 2;
                if newcomer.reuse != UNKNOWN && reuse + reuse / MARGIN < u32::from(age) {
                    self.shards[shard].promote(candidate);
                    self.evict(shard, victim);
                } else {
                    self.evict(shard, candidate);
                }
            }
            (_, Some(slot)) | (Some(slot), None) => self.evict(shard, slot),
            (None, None) => {
                if let Some(fullest) = (0..self.shards.len()).max_by_key(|&shard| self.shards[shard].len) {
                    self.make_room(fullest);
                }
            }
        }
    }

    /// Looks up the ghost of a missing key. Returns the time between its last two uses, if it is known.
    fn reuse_of_missed(&mut self, shard: usize, key: u32) -> u8 {
        let (bucket, fingerprint) = self.ghost_of(shard, key);
        let mut reuse = UNKNOWN;
        for index in bucket {
            let ghost = self.shards[shard].ghosts[index];
            self.seen_ghosts += 1.0;
            if ghost.fingerprint == 0 {
                continue;
            }
            let age = self.ghost_age(ghost.used);
            let young = i32::from(age) < self.age_limit;
            if young {
                self.young_ghosts += 1.0;
            }
            if ghost.fingerprint == fingerprint && reuse == UNKNOWN {
                reuse = (age / 2).min(UNKNOWN - 1);
                self.shards[shard].ghosts[index].fingerprint = 0;
                if young {
                    // LRU would have hit it.
                    self.vote(1.0);
                }
            }
        }
        reuse
    }

    fn insert(&mut self, shard: usize, key: u32, reuse: u8) {
        let used = self.tick as u8;
        let into = &mut self.shards[shard];
        let recent = into.ring_len();
        let slots = into.keys.len();
        let mut slot = (hash(key ^ 0x5555) % slots as u64) as usize;
        while into.keys[slot] != VACANT {
            slot = (slot + 1) % slots;
        }
        into.keys[slot] = key;
        into.words[slot] = Word { used, reuse, ..Word::default() };
        into.len += 1;
        into.window += 1;
        into.ring.push_back(key);
        while into.ring.len() > recent {
            into.ring.pop_front();
        }
        self.slots[key as usize] = slot as u32;
        self.len += 1;
    }
}

impl Model for Duo {
    fn access(&mut self, key: u32) -> bool {
        let shard = self.shard_of(key);
        let slot = self.slots[key as usize];
        if slot != VACANT {
            self.shards[shard].words[slot as usize].marked = true;
            return true;
        }
        self.advance();
        let reuse = self.reuse_of_missed(shard, key);
        let full = self.len == self.capacity;
        if full {
            self.make_room(shard);
        }
        self.insert(shard, key, reuse);
        // While the cache fills, main takes the excess of the window.
        let fair = (self.target / self.shards.len() as f64).max(1.0);
        if !full
            && self.shards[shard].window as f64 > fair
            && let Some(candidate) = self.sample(shard, 1).candidate
        {
            self.shards[shard].promote(candidate);
        }
        false
    }

    fn len(&self) -> usize {
        self.len
    }
}
