//! The eviction's data of each slot: a word of two bytes, in lines that are searched as a whole.
//!
//! ```text
//! bits 15..8  the tick of the last use, modulo 256
//! bit  7      MAIN: in main, not in the window
//! bit  6      LATE: used at an age at which LRU would have evicted the entry, and not counted yet
//! bits 5..0   in the window, the time between the last two uses in units of two ticks, or `NEVER`;
//!             in main, the weight of its age: `WEIGHT` at first, halved by each use, and one at least
//! ```

use crate::{memory::arena::Heap, memory::chunked::Chunked};
use std::{
    hint, mem,
    sync::atomic::{AtomicU16, Ordering::Relaxed},
};

/// Slots of a cache line.
pub(super) const LINE: usize = ROWS * LANES;
#[allow(clippy::cast_possible_truncation, reason = "a line has few")]
pub(super) const SLOTS: u32 = LINE as u32;
/// Words that a processor compares at once, with SSE2 or Neon.
pub(super) const LANES: usize = 8;
const ROWS: usize = 4;
/// The most lines of one search.
pub(super) const LINES: usize = 4;
/// Bits of a position: the row, and the number of the searched line.
pub(super) const POSITION_BITS: u32 = ROWS.ilog2() + LINES.ilog2();

const MAIN: u16 = 1 << 7;
const LATE: u16 = 1 << 6;
const REST: u16 = LATE - 1;
/// The reuse of an entry that was used only once.
pub(super) const NEVER: u16 = REST;
const WEIGHT: u16 = 8;
/// The lower byte of the word of a vacant slot. No entry has it, since the weight of an entry of main is not zero.
const VACANT: u16 = MAIN;
const LOWER: u16 = 0xff;
/// Greater ages are set back to this one, so that none reaches 256 and looks young.
pub(super) const OLDEST: u16 = 192;

#[derive(Debug)]
#[repr(align(64))]
struct Line([[AtomicU16; LANES]; ROWS]);

impl Default for Line {
    fn default() -> Self {
        Line([const { [const { AtomicU16::new(VACANT) }; LANES] }; ROWS])
    }
}

/// The present as a shard knows it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Time {
    /// The lower byte of the tick.
    pub(super) tick: u16,
    /// The age, in ticks, at which LRU of the same capacity would evict an entry.
    pub(super) tau: u16,
}

/// A copy of a word.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Word(u16);

impl Word {
    pub(super) fn is_vacant(self) -> bool {
        self.0 & LOWER == VACANT
    }

    pub(super) fn is_window(self) -> bool {
        self.0 & MAIN == 0
    }

    #[cfg(test)]
    pub(super) fn is_late(self) -> bool {
        self.0 & LATE != 0
    }

    /// The ticks since the last use.
    pub(super) fn age(self, time: Time) -> u16 {
        (time.tick << 8 | LOWER).wrapping_sub(self.0) >> 8
    }

    /// The ticks between the last two uses of an entry of the window.
    pub(super) fn reuse(self) -> Option<u16> {
        Some(self.0 & REST).filter(|&reuse| reuse != NEVER).map(|reuse| 2 * reuse)
    }

    /// The weight of an entry of main. Zero for a vacant slot.
    fn weight(self) -> u16 {
        self.0 & (2 * WEIGHT - 1)
    }

    /// How overdue an entry is within its population. Never zero for an entry.
    pub(super) fn score(self, time: Time) -> u16 {
        let age = self.age(time).min(OLDEST) + 1;
        if self.is_window() { age } else { age * self.weight() }
    }

    /// The word after a use. It counts once per tick.
    ///
    /// Without branches, since they could not be predicted.
    #[inline]
    fn used(self, time: Time) -> Word {
        let age = self.age(time);
        let weight = self.weight();
        // Halved, but at least one.
        let weight = MAIN | weight >> 1 | weight & 1;
        let rest = hint::select_unpredictable(self.is_window(), (age / 2).min(NEVER - 1), weight);
        let late = hint::select_unpredictable(age > time.tau, LATE, self.0 & LATE);
        Word(hint::select_unpredictable(age > 0, time.tick << 8 | late | rest, self.0))
    }
}

/// The counts of a search.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Seen {
    pub(super) entries: u32,
    /// Entries that are older than tau.
    pub(super) old: u32,
    /// Uses of entries that were older than tau.
    pub(super) late: u32,
}

/// The result of a search: for each lane the best score and, in the lower bits, its position. A score is zero only if
/// there is no entry.
pub(super) struct Found {
    pub(super) seen: Seen,
    pub(super) window: [i16; LANES],
    pub(super) main: [i16; LANES],
}

/// The words of all slots.
#[derive(Debug, Default)]
pub(super) struct Words(Chunked<Line>);

// The loops over a line have no branches, so eight words are compared at once. A mask is all ones or zero. The compared
// numbers are below 2^15, since SSE2 has only signed comparisons.

#[inline]
fn mask(is: bool) -> u16 {
    0u16.wrapping_sub(u16::from(is))
}

impl Words {
    /// With memory for `slots_in_advance` slots.
    pub(super) fn new(heap: &Heap, slots_in_advance: usize) -> Self {
        let mut lines = Chunked::new(heap);
        lines.grow_to(slots_in_advance.div_ceil(LINE));
        Words(lines)
    }

    pub(super) fn part(&self, index: usize) -> Option<(usize, usize)> {
        self.0.part(index)
    }

    pub(super) fn lines(&self) -> usize {
        self.0.len()
    }

    pub(super) fn get(&self, slot: u32) -> Word {
        let slot = slot as usize;
        Word(self.0.get(slot / LINE).map_or(VACANT, |line| line.0.as_flattened()[slot % LINE].load(Relaxed)))
    }

    /// The word of a slot that was [reached](Words::reach).
    fn at(&mut self, slot: u32) -> &mut u16 {
        let slot = slot as usize;
        self.0[slot / LINE].0.as_flattened_mut()[slot % LINE].get_mut()
    }

    /// Prefetches a line.
    pub(super) fn prefetch(&self, line: usize) {
        self.0.prefetch(line);
    }

    fn reach(&mut self, slot: u32) {
        self.0.reach(slot as usize / LINE);
    }

    /// Puts an entry into the window.
    pub(super) fn enter(&mut self, slot: u32, time: Time, reuse: u16) {
        self.reach(slot);
        *self.at(slot) = time.tick << 8 | reuse;
    }

    /// Moves an entry from the window to main.
    pub(super) fn promote(&mut self, slot: u32) {
        let word = self.at(slot);
        *word = *word & !REST | MAIN | WEIGHT;
    }

    /// Makes a slot vacant, and returns what it was.
    pub(super) fn vacate(&mut self, slot: u32) -> Word {
        self.reach(slot);
        Word(mem::replace(self.at(slot), VACANT))
    }

    pub(super) fn moved(&mut self, from: u32, to: u32) {
        let Word(word) = self.vacate(from);
        self.reach(to);
        *self.at(to) = word;
    }

    /// The word of an occupied slot, its value, and its value after a use.
    #[inline]
    fn use_of(&self, slot: u32, time: Time) -> (&AtomicU16, Word, Word) {
        let slot = slot as usize;
        let word = &self.0[slot / LINE].0.as_flattened()[slot % LINE];
        let before = Word(word.load(Relaxed));
        debug_assert!(!before.is_vacant(), "only an entry is used");
        (word, before, before.used(time))
    }

    /// Notes a use under a shared lock. It writes only a change, so a hot cache line stays shared. Concurrent readers
    /// write the same value, so no use gets lost.
    #[inline]
    pub(super) fn used(&self, slot: u32, time: Time) {
        let (word, before, after) = self.use_of(slot, time);
        if after != before {
            word.store(after.0, Relaxed);
        }
    }

    /// Notes a use under an exclusive lock. It writes the word even if it does not change: a branch could not be
    /// predicted, and a misprediction takes longer than the write.
    #[inline]
    pub(super) fn used_exclusive(&self, slot: u32, time: Time) {
        let (word, _, after) = self.use_of(slot, time);
        word.store(after.0, Relaxed);
    }

    /// Searches lines for the most overdue entries of both populations. Positions are exclusive-or `shuffle`. The same
    /// pass sets great ages back and counts late uses, since almost every search meets some.
    pub(super) fn search(&mut self, lines: &[u32], time: Time, shuffle: i16) -> Found {
        let (mut counts, mut late) = ([0u16; LANES], [0u16; LANES]);
        let (mut window, mut main) = ([0; LANES], [0; LANES]);
        for (number, &line) in lines.iter().enumerate() {
            for (row, words) in self.0[line as usize].0.iter_mut().enumerate() {
                #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "four bits")]
                let position = (row * LINES + number) as i16 ^ shuffle;
                let found = words.each_mut().map(|word| *word.get_mut());
                let mut mended = [0; LANES];
                for lane in 0..LANES {
                    let word = found[lane];
                    let here = mask(word & LOWER != VACANT);
                    let in_main = (word << 8).cast_signed() >> 15;
                    let age = (Word(word).age(time) & here).cast_signed();
                    counts[lane] =
                        counts[lane].wrapping_sub(here).wrapping_sub(mask(age > time.tau.cast_signed()) << 8);
                    // No vacant slot's word has this bit.
                    late[lane] += word & LATE;
                    let age = age.min(OLDEST.cast_signed());
                    mended[lane] = time.tick.wrapping_sub(age.cast_unsigned()) << 8 | word & LOWER & !LATE;
                    let score = age + 1;
                    let weighted = score * (Word(word).weight().cast_signed() & in_main);
                    window[lane] = window[lane].max((score & !in_main) << POSITION_BITS | position);
                    main[lane] = main[lane].max(weighted << POSITION_BITS | position);
                }
                *words = mended.map(AtomicU16::new);
            }
        }
        let sum = |counts: [u16; LANES]| counts.iter().fold(0u16, |sum, &count| sum.wrapping_add(count));
        let (counts, late) = (sum(counts), sum(late) / LATE);
        let seen = Seen { entries: u32::from(counts & 0xff), old: u32::from(counts >> 8), late: u32::from(late) };
        Found { seen, window, main }
    }

    pub(super) fn shrink_to(&mut self, slots: usize) {
        self.0.truncate(slots.div_ceil(LINE));
    }
}
