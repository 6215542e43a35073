//! What is known of each slot: two bytes, in lines that are looked at as a whole.
//!
//! ```text
//! bits 15..8  the tick of the last use that is known, modulo 256
//! bit  7      MAIN: in main, not in the window
//! bit  6      MARK: used since it was last looked at
//! bits 5..0   in the window, the time between the last two uses in units of two ticks, or `NEVER`;
//!             in main, what its age counts for: `WEIGHT`, halved with each use since it came there, down to one
//! ```

use crate::{memory::arena::Heap, memory::chunked::Chunked};
use std::sync::atomic::{AtomicU16, Ordering::Relaxed};

/// Slots of a line, which is a cache line.
pub(super) const LINE: usize = 32;
const MAIN: u16 = 1 << 7;
const MARK: u16 = 1 << 6;
const REST: u16 = MARK - 1;
/// Not known to have been used before.
pub(super) const NEVER: u16 = REST;
const WEIGHT: u16 = 8;
/// The lower byte of a vacant slot's word. It is no entry's: in main an age counts for something.
const VACANT: u16 = MAIN;
const LOWER: u16 = 0xff;
/// The greatest age that is told apart, so that what is old never comes to look young.
pub(super) const OLDEST: u16 = 192;

#[derive(Debug)]
#[repr(align(64))]
struct Line([AtomicU16; LINE]);

impl Default for Line {
    fn default() -> Self {
        Line([const { AtomicU16::new(VACANT) }; LINE])
    }
}

/// As of when it is looked at, and what is old then.
#[derive(Clone, Copy, Debug)]
pub(super) struct Time {
    /// Of the tick, the lower byte.
    pub(super) tick: u16,
    /// LRU of the same capacity would have evicted what was not used for more ticks.
    pub(super) tau: u16,
}

/// A word, copied.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word(u16);

impl Word {
    pub(super) fn is_vacant(self) -> bool {
        self.0 & LOWER == VACANT
    }

    pub(super) fn is_main(self) -> bool {
        !self.is_vacant() && self.0 & MAIN != 0
    }

    pub(super) fn is_window(self) -> bool {
        self.0 & MAIN == 0
    }

    /// In ticks.
    pub(super) fn age(self, time: Time) -> u16 {
        age(self.0, time)
    }

    /// Of an entry in the window: the time between its last two uses, in ticks.
    pub(super) fn reuse(self) -> Option<u16> {
        Some(self.0 & REST).filter(|&reuse| reuse != NEVER).map(|reuse| 2 * reuse)
    }
}

/// What was seen when some entries were looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    /// Of the window the one that was not used for longest: its [score](Glance::window) and, in the lower bits, the place, shuffled.
    window: i16,
    /// Of main the most overdue, in the same way, less `BIAS`.
    main: i16,
    pub(super) entries: u16,
    /// Entries that are older than tau.
    pub(super) old: u16,
    /// Uses of such entries.
    pub(super) late: u16,
    shuffle: u16,
}

const PLACE: u32 = LINE.ilog2();
/// Scores of main are up to twice as large, and the place does not fit beside them: with this taken off, they are from the least integer of 16 bits on.
const BIAS: i16 = 1 << (15 - PLACE);

impl Seen {
    /// The score, which is zero where there is none, and the place in the line.
    pub(super) fn window(self) -> (u16, usize) {
        self.candidate(self.window >> PLACE, self.window)
    }

    pub(super) fn main(self) -> (u16, usize) {
        self.candidate((self.main >> PLACE) + BIAS, self.main)
    }

    fn candidate(self, score: i16, best: i16) -> (u16, usize) {
        (score.cast_unsigned(), usize::from(best.cast_unsigned() ^ self.shuffle) % LINE)
    }
}

// What follows has no branches, so that eight words are looked at at once. Masks are all ones or zero. Numbers that are compared have no sign, and no use for the
// bit of it: without SSE4.1 only signed ones can be compared at once.

#[inline]
fn mask(is: bool) -> u16 {
    0u16.wrapping_sub(u16::from(is))
}

#[inline]
fn select(mask: u16, one: u16, other: u16) -> u16 {
    one & mask | other & !mask
}

#[inline]
fn age(word: u16, time: Time) -> u16 {
    // Nothing is borrowed from the upper byte.
    (time.tick << 8 | LOWER).wrapping_sub(word) >> 8
}

/// What looking at a word finds.
struct Glance {
    /// As it is then: a use since the last look counts as of now.
    word: u16,
    /// Masks: whether there is an entry, whether it is old, and whether it was before it was used.
    here: u16,
    old: u16,
    late: u16,
    /// One more than the age if it is in the window, or zero.
    window: u16,
    /// One more than the age times what it counts for if it is in main, or zero.
    main: u16,
}

#[inline]
fn glance(word: u16, time: Time) -> Glance {
    let tau = time.tau & (LOWER >> 1);
    let lower = word & LOWER;
    let here = mask(lower != VACANT);
    let main = mask(lower & MAIN != 0);
    let marked = mask(lower & MARK != 0);

    let before = age(word, time);
    let late = marked & mask(before > tau);
    let fewer = ((lower & (2 * WEIGHT - 1)) >> 1).max(1);
    let reuse = (before >> 1).min(NEVER - 1);
    let lower = select(marked, select(main, MAIN | fewer, reuse), lower);

    let age = before.min(OLDEST) & !marked;
    let old = here & mask(age > tau);
    let word = time.tick.wrapping_sub(age) << 8 | lower;
    let counts_for = lower & (2 * WEIGHT - 1) & main;
    let main_here = main & here;
    Glance { word, here, old, late, window: (age + 1) & !main, main: (age * counts_for).wrapping_sub(main_here) }
}

impl Line {
    #[allow(clippy::cast_possible_truncation, reason = "a line has few places")]
    #[inline]
    fn look(&mut self, time: Time, shuffle: u16) -> Seen {
        let (mut entries, mut old, mut late) = (0u16, 0u16, 0u16);
        let (mut window, mut main) = (0, i16::MIN);
        for (place, word) in self.0.iter_mut().enumerate() {
            let word = word.get_mut();
            let seen = glance(*word, time);
            *word = seen.word;
            // All ones is one less than nothing.
            entries = entries.wrapping_sub(seen.here);
            old = old.wrapping_sub(seen.old);
            late = late.wrapping_sub(seen.late);
            let place = (place as u16 ^ shuffle).cast_signed();
            let with_place = |score: i16| score << PLACE | place;
            window = with_place(seen.window.cast_signed()).max(window);
            main = with_place(seen.main.cast_signed() - BIAS).max(main);
        }
        Seen { window, main, entries, old, late, shuffle }
    }
}

/// The words of all slots.
#[derive(Debug, Default)]
pub(super) struct Words(Chunked<Line>);

impl Words {
    pub(super) fn new(heap: &Heap) -> Self {
        Words(Chunked::new(heap))
    }

    pub(super) fn part(&self, index: usize) -> Option<(usize, usize)> {
        self.0.part(index)
    }

    pub(super) fn lines(&self) -> usize {
        self.0.len()
    }

    pub(super) fn get(&self, slot: u32) -> Word {
        let slot = slot as usize;
        Word(self.0.get(slot / LINE).map_or(VACANT, |line| line.0[slot % LINE].load(Relaxed)))
    }

    /// Only for slots that have been [reached](Words::reach).
    fn at(&mut self, slot: u32) -> &mut u16 {
        let slot = slot as usize;
        self.0[slot / LINE].0[slot % LINE].get_mut()
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

    /// Makes a slot vacant. Answers what it was.
    pub(super) fn vacate(&mut self, slot: u32) -> Word {
        let word = self.get(slot);
        if !word.is_vacant() {
            *self.at(slot) = VACANT;
        }
        word
    }

    pub(super) fn moved(&mut self, from: u32, to: u32) {
        let Word(word) = self.vacate(from);
        self.reach(to);
        *self.at(to) = word;
    }

    /// Marks an entry as used.
    #[inline]
    pub(super) fn mark(&self, slot: u32) {
        let slot = slot as usize;
        let word = &self.0[slot / LINE].0[slot % LINE];
        let now = word.load(Relaxed);
        debug_assert_ne!(now & LOWER, VACANT, "only an entry is used");
        // Only when unset: a line that is hot stays shared. Nobody writes anything else under a shared lock, so none of it gets lost.
        if now & MARK == 0 {
            word.store(now | MARK, Relaxed);
        }
    }

    /// Looks at one entry. Says whether it is old, and whether it was used when it was.
    pub(super) fn look_at(&mut self, slot: u32, time: Time) -> (bool, bool) {
        let word = self.at(slot);
        let seen = glance(*word, time);
        *word = seen.word;
        (seen.old != 0, seen.late != 0)
    }

    /// Has the processor fetch a line that is going to be looked at.
    pub(super) fn prefetch(&self, line: usize) {
        self.0.prefetch(line);
    }

    /// Looks at all entries of a line. Which of those that are equal comes first is up to a shuffle: if it were always the lower place, some
    /// buckets of the table would become full and others empty.
    #[inline]
    pub(super) fn look(&mut self, line: usize, time: Time, shuffle: usize) -> Seen {
        #[allow(clippy::cast_possible_truncation, reason = "a line has few places")]
        self.0[line].look(time, (shuffle % LINE) as u16)
    }

    pub(super) fn shrink_to(&mut self, slots: usize) {
        self.0.truncate(slots.div_ceil(LINE));
    }
}
