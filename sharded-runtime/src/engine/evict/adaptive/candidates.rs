//! The entries that the last search has found, of which the next victims are.

use super::words::{Found, LANES, LINE, LINES, PLACE_BITS, Seen, Time, Word, Words};

const PLACE: i16 = (1 << PLACE_BITS) - 1;

/// What a search has found of one population.
#[derive(Debug, Default)]
struct Best {
    lanes: [i16; LANES],
    /// The lane with the best score of all.
    lane: usize,
}

impl Best {
    fn new(lanes: [i16; LANES], lane: usize) -> Self {
        let mut best = Best { lanes, lane };
        best.choose();
        best
    }

    /// Compares the scores without the places: if a place decided, a line would lose an entry for its place, however
    /// few it has.
    fn choose(&mut self) {
        for lane in 0..LANES {
            if self.lanes[lane] >> PLACE_BITS > self.lanes[self.lane] >> PLACE_BITS {
                self.lane = lane;
            }
        }
    }

    fn drop_first(&mut self) {
        self.lanes[self.lane] = 0;
        self.choose();
    }
}

/// The candidates of both populations.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    window: Best,
    main: Best,
    lines: [u32; LINES],
    /// Places are kept exclusive-or this. It changes from search to search, so that no place is preferred where scores
    /// are equal.
    shuffle: i16,
}

impl Candidates {
    /// Searches lines.
    #[allow(clippy::cast_possible_truncation, reason = "slots have numbers of 32 bits")]
    pub(super) fn search(&mut self, words: &mut Words, lines: &[usize], time: Time) -> Seen {
        self.shuffle = (self.shuffle + 7) & PLACE;
        let Found { seen, window, main } = words.search(lines, time, self.shuffle);
        self.lines.iter_mut().zip(lines).for_each(|(line, &searched)| *line = searched as u32);
        let lane = usize::from(self.shuffle.unsigned_abs()) % LANES;
        (self.window, self.main) = (Best::new(window, lane), Best::new(main, lane));
        seen
    }

    /// The entry of the window whose last use is longest ago.
    pub(super) fn oldest(&mut self, words: &Words, time: Time) -> Option<(u32, Word)> {
        first(&mut self.window, &self.lines, self.shuffle, |slot| {
            Some(words.get(slot)).filter(|word| word.is_window()).map(|word| (word, word.score(time)))
        })
    }

    /// The most overdue entry of main.
    pub(super) fn overdue(&mut self, words: &Words, time: Time) -> Option<(u32, Word)> {
        first(&mut self.main, &self.lines, self.shuffle, |slot| {
            Some(words.get(slot)).filter(|word| !word.is_window()).map(|word| (word, word.score(time)))
        })
    }
}

/// The best that is still what it was when it was found. A use or another entry in its slot makes the score smaller;
/// time only makes it greater. The score of a vacant slot is zero.
fn first(
    best: &mut Best,
    lines: &[u32; LINES],
    shuffle: i16,
    look: impl Fn(u32) -> Option<(Word, u16)>,
) -> Option<(u32, Word)> {
    loop {
        let found = best.lanes[best.lane];
        let score = (found >> PLACE_BITS).unsigned_abs();
        if score == 0 {
            return None;
        }
        let place = usize::from(((found ^ shuffle) & PLACE).unsigned_abs());
        #[allow(clippy::cast_possible_truncation, reason = "a line has few slots")]
        let slot = lines[place % LINES] * LINE as u32 + (place / LINES * LANES + best.lane) as u32;
        if let Some((word, now)) = look(slot)
            && now >= score
        {
            return Some((slot, word));
        }
        best.drop_first();
    }
}
