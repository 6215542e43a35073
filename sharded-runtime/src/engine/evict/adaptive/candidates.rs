//! The entries that the last search has found, of which the next victims are.

use super::words::{Found, LANES, LINES, PLACE_BITS, SLOTS, Seen, Time, Word, Words};

const PLACE: i16 = (1 << PLACE_BITS) - 1;
/// The bits of the number of a lane.
#[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "there are few")]
const LANE: i16 = LANES as i16 - 1;

/// What a search has found of one population.
#[derive(Debug, Default)]
struct Best {
    lanes: [i16; LANES],
    /// The lane with the best score of all.
    lane: u16,
}

impl Best {
    fn new(lanes: [i16; LANES], lane: u16) -> Self {
        let mut best = Best { lanes, lane };
        best.choose();
        best
    }

    /// Compares the scores without the places: if a place decided, a line would lose an entry for its place, however
    /// few it has. Of equal scores the lane is taken whose number, exclusive-or the present one's, is the greatest.
    ///
    /// Without branches: which lane is the best can't be predicted.
    #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "a lane has three bits")]
    fn choose(&mut self) {
        let turn = self.lane.cast_signed();
        let lane = |lane: usize| self.lanes[lane] & !PLACE | (lane as i16 ^ turn);
        let best = (1..LANES).fold(lane(0), |best, other| best.max(lane(other)));
        self.lane = (best & LANE ^ turn).unsigned_abs();
    }

    fn drop_first(&mut self) {
        self.lanes[usize::from(self.lane)] = 0;
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
    pub(super) fn search(&mut self, words: &mut Words, lines: &[u32], time: Time) -> Seen {
        self.shuffle = (self.shuffle + 7) & PLACE;
        let Found { seen, window, main } = words.search(lines, time, self.shuffle);
        self.lines.iter_mut().zip(lines).for_each(|(line, &searched)| *line = searched);
        let lane = (self.shuffle & LANE).unsigned_abs();
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
        let found = best.lanes[usize::from(best.lane)];
        let score = (found >> PLACE_BITS).unsigned_abs();
        if score == 0 {
            return None;
        }
        let place = usize::from(((found ^ shuffle) & PLACE).unsigned_abs());
        #[allow(clippy::cast_possible_truncation, reason = "a line has few slots")]
        let slot = lines[place % LINES] * SLOTS + (place / LINES * LANES) as u32 + u32::from(best.lane);
        if let Some((word, now)) = look(slot)
            && now >= score
        {
            return Some((slot, word));
        }
        best.drop_first();
    }
}
