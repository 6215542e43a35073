//! The entries that the last search has found. The next victims are chosen among them.

use super::words::{Found, LANES, LINES, POSITION_BITS, SLOTS, Seen, Time, Word, Words};

const POSITION: i16 = (1 << POSITION_BITS) - 1;
/// The bits of the number of a lane.
#[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "there are few")]
const LANE: i16 = LANES as i16 - 1;

/// The candidates of one population.
#[derive(Debug, Default)]
struct Best {
    lanes: [i16; LANES],
    /// The lane with the best score.
    lane: u16,
}

impl Best {
    fn new(lanes: [i16; LANES], lane: u16) -> Self {
        let mut best = Best { lanes, lane };
        best.choose();
        best
    }

    /// Compares the scores without the positions. If the position decided, the same lines would always lose entries,
    /// however few they have. Of equal scores the lane is chosen whose number, exclusive-or that of the current lane,
    /// is the greatest.
    ///
    /// Without branches: which lane is the best can't be predicted.
    #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "a lane has three bits")]
    fn choose(&mut self) {
        let turn = self.lane.cast_signed();
        let lane = |lane: usize| self.lanes[lane] & !POSITION | (lane as i16 ^ turn);
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
    /// Positions are stored exclusive-or this. It changes with each search, so that no position is preferred among
    /// equal scores.
    shuffle: i16,
}

impl Candidates {
    /// Replaces the candidates by the entries of these lines.
    pub(super) fn search(&mut self, words: &mut Words, lines: &[u32], time: Time) -> Seen {
        self.shuffle = (self.shuffle + 7) & POSITION;
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

/// The best candidate that is still valid. A use of the entry, or another entry in its slot, lowers the score. Time
/// only raises it. The score of a vacant slot is zero.
fn first(
    best: &mut Best,
    lines: &[u32; LINES],
    shuffle: i16,
    look: impl Fn(u32) -> Option<(Word, u16)>,
) -> Option<(u32, Word)> {
    loop {
        let found = best.lanes[usize::from(best.lane)];
        let score = (found >> POSITION_BITS).unsigned_abs();
        if score == 0 {
            return None;
        }
        let position = usize::from(((found ^ shuffle) & POSITION).unsigned_abs());
        #[allow(clippy::cast_possible_truncation, reason = "a line has few slots")]
        let slot = lines[position % LINES] * SLOTS + (position / LINES * LANES) as u32 + u32::from(best.lane);
        if let Some((word, now)) = look(slot)
            && now >= score
        {
            return Some((slot, word));
        }
        best.drop_first();
    }
}
