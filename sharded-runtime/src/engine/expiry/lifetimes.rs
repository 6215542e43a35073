//! How short the lifetimes in a table are, without a byte per entry.

/// The longest delay of a removal for an entry with a short lifetime: half a second, in nanoseconds.
const SHORTEST_GRACE: u64 = 500_000_000;

/// How long an entry with this lifetime may wait for its removal after its deadline.
///
/// The documented bound is the longer of one second and a tenth of the lifetime. The rest of that time is left to the thread
/// that does the removal.
pub(crate) fn grace(lifetime: u64) -> u64 {
    SHORTEST_GRACE.max(lifetime / 16)
}

/// A lower bound of the lifetimes of all live entries of a table.
///
/// An entry keeps its deadline only, so the bound is kept for the whole table: the shortest lifetime given since some time, and the
/// shortest given before it. An entry that was stored before a time and is still alive has a lifetime longer than the time that
/// has passed since. So the second bound grows as time passes, and short lifetimes of the past are forgotten.
#[derive(Debug)]
pub(crate) struct Lifetimes {
    /// Entries without a lifetime of their own have at least this one.
    declared: u64,
    /// Of the entries with a lifetime of their own, since `since`.
    recent: u64,
    /// Of those before.
    older: u64,
    since: u64,
    /// The bound when it was last asked for.
    shortest: u64,
}

impl Lifetimes {
    pub(crate) fn new(declared: u64) -> Self {
        Lifetimes { declared, recent: u64::MAX, older: u64::MAX, since: 0, shortest: declared }
    }

    pub(crate) fn declared(&self) -> u64 {
        self.declared
    }

    /// Whether no live entry has a shorter lifetime than the declared one, as far as is known.
    #[inline]
    pub(crate) fn are_as_declared(&self) -> bool {
        self.shortest == self.declared
    }

    /// An entry is given this lifetime.
    pub(crate) fn note(&mut self, lifetime: u64) {
        self.recent = self.recent.min(lifetime);
        self.shortest = self.shortest.min(lifetime);
    }

    /// No entry that is alive at `now` has a shorter lifetime, and none has a shorter one counted for its removal.
    pub(crate) fn shortest(&mut self, now: u64) -> u64 {
        let older = self.older.max(now.saturating_sub(self.since));
        if older >= self.recent {
            // The older entries do not lower the bound any more.
            (self.older, self.recent, self.since) = (self.recent, u64::MAX, now);
            self.shortest = self.older.min(self.declared);
        } else {
            self.shortest = older.min(self.declared);
        }
        self.shortest
    }
}

#[cfg(test)]
mod tests {
    use super::Lifetimes;
    use crate::dice::Dice;

    #[test]
    fn no_live_entry_is_shorter() {
        let (mut lifetimes, mut entries, mut now, mut dice) = (Lifetimes::new(30_000), Vec::new(), 0, Dice(1));
        for _ in 0..20_000 {
            now += dice.below(100);
            let magnitude = 1 << dice.below(17);
            let lifetime = magnitude + dice.below(magnitude);
            lifetimes.note(lifetime);
            entries.push((now + lifetime, lifetime));
            if dice.below(3) == 0 {
                entries.retain(|&(deadline, _)| deadline > now);
                let shortest = lifetimes.shortest(now);
                assert!(entries.iter().all(|&(_, lifetime)| shortest <= lifetime), "{shortest} at {now}");
            }
        }
    }

    #[test]
    fn a_short_lifetime_is_forgotten() {
        let (short, long) = (3, 1000);
        let mut lifetimes = Lifetimes::new(u64::MAX);
        lifetimes.note(short);
        assert_eq!(lifetimes.shortest(0), short);
        for now in 1..=2 * long {
            lifetimes.note(long);
            lifetimes.shortest(now);
        }
        assert_eq!(lifetimes.shortest(2 * long), long);
    }
}
