//! What is known of each slot: two bytes, in lines that are looked at as a whole.
//!
//! ```text
//! bits 15..8  the tick of the last use that is known, modulo 256
//! bit  7      MAIN: in main, not in the window
//! bit  6      MARK: used since it was last looked at
//! bits 5..0   in the window, the time between the last two uses in units of two ticks, or `NEVER`;
//!             in main, the uses since it came there, at most `USES`
//! ```

use crate::{arena::Heap, chunked::Chunked};
use std::sync::atomic::{AtomicU16, Ordering::Relaxed};

/// Slots of a line, which is a cache line.
pub(super) const LINE: usize = 32;
/// No such word is an entry's: those of main count no further than [`USES`].
const VACANT: u16 = 0xffff;
const MAIN: u16 = 1 << 7;
const MARK: u16 = 1 << 6;
const REST: u16 = MARK - 1;
/// Not known to have been used before.
pub(super) const NEVER: u16 = REST;
const USES: u16 = 3;
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
        self.0 == VACANT
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
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    /// Of the window the one that was not used for longest: the age plus one and, in the lower bits, the place, shuffled.
    window: u16,
    /// Of main the most overdue, in the same way.
    main: u16,
    pub(super) entries: u16,
    /// Entries that are older than tau.
    pub(super) old: u16,
    /// Uses of such entries.
    pub(super) late: u16,
    shuffle: u16,
}

const PLACE: u32 = LINE.ilog2();

impl Seen {
    /// What the upper bits of a candidate say, and the place in its line.
    fn candidate(self, best: u16) -> Option<(u16, usize)> {
        (best != 0).then(|| (best >> PLACE, usize::from(best ^ self.shuffle) % LINE))
    }

    pub(super) fn window(self) -> Option<(u16, usize)> {
        self.candidate(self.window)
    }

    pub(super) fn main(self) -> Option<(u16, usize)> {
        self.candidate(self.main)
    }
}

// What follows has no branches, so that eight words are looked at at once.

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
    time.tick.wrapping_sub(word >> 8) & 0xff
}

/// Looks at a word: a use since the last look counts as of now. Answers the word as it is then.
#[inline]
fn see(word: u16, place: u16, time: Time, seen: &mut Seen) -> u16 {
    let here = mask(word != VACANT);
    let main = mask(word & MAIN != 0);
    let marked = here & mask(word & MARK != 0);
    let before = age(word, time);
    seen.late += marked & mask(before > time.tau) & 1;

    let count = ((word & REST) + 1).min(USES);
    let reuse = (before >> 1).min(NEVER - 1);
    let used = time.tick << 8 | word & MAIN | select(main, count, reuse);
    let word = select(marked, used, word);
    let age = before & !marked;
    seen.entries += here & 1;
    seen.old += here & mask(age > time.tau) & 1;

    let too_old = here & mask(age > OLDEST);
    let word = select(too_old, time.tick.wrapping_sub(OLDEST) << 8 | word & 0xff, word);
    let age = age.min(OLDEST);

    // Overdue: eight times the age, halved for each use. (No shift: there is none by different distances in SSE2.)
    let is_odd = mask(word & 1 != 0);
    let overdue = age * select(mask(word & 2 != 0), select(is_odd, 1, 2), select(is_odd, 4, 8));
    seen.window = seen.window.max((age + 1) << PLACE & (here & !main) | place & (here & !main));
    seen.main = seen.main.max((overdue + 1) << PLACE & (here & main) | place & (here & main));
    word
}

impl Line {
    #[allow(clippy::cast_possible_truncation, reason = "a line has few places")]
    fn look(&mut self, time: Time, shuffle: u16) -> Seen {
        let mut seen = Seen { shuffle, ..Seen::default() };
        let mut words = [0; LINE];
        let mut changed = 0;
        for (place, (new, word)) in words.iter_mut().zip(&mut self.0).enumerate() {
            let word = *word.get_mut();
            *new = see(word, place as u16 ^ shuffle, time, &mut seen);
            changed |= word ^ *new;
        }
        if changed != 0 {
            for (word, new) in self.0.iter_mut().zip(words) {
                *word.get_mut() = new;
            }
        }
        seen
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
        *word = *word & !REST | MAIN;
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
        // Only when unset: a line that is hot stays shared. Nobody writes anything else under a shared lock, so none of it gets lost.
        if now & MARK == 0 {
            word.store(now | MARK, Relaxed);
        }
    }

    /// Looks at one entry.
    pub(super) fn look_at(&mut self, slot: u32, time: Time) -> Seen {
        let mut seen = Seen::default();
        let word = self.at(slot);
        *word = see(*word, 0, time, &mut seen);
        seen
    }

    /// Looks at all entries of a line. Which of those that are equal comes first is up to a shuffle: if it were always the lower place, some
    /// buckets of the table would become full and others empty.
    pub(super) fn look(&mut self, line: usize, time: Time, shuffle: usize) -> Seen {
        #[allow(clippy::cast_possible_truncation, reason = "a line has few places")]
        self.0[line].look(time, (shuffle % LINE) as u16)
    }

    pub(super) fn shrink_to(&mut self, slots: usize) {
        self.0.truncate(slots.div_ceil(LINE));
    }
}
