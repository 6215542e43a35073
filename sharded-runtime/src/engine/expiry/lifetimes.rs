//! A lower bound of the lifetimes in a table, without memory per entry.

use crate::clock::{Moment, Nanos};

/// The grace of an entry with a short lifetime.
const SHORTEST_GRACE: Nanos = Nanos::new(500_000_000);

/// How long an entry with this lifetime may wait for its removal after its deadline.
///
/// The documented bound is the longer of one second and a tenth of the lifetime. The rest of that time is for the
/// thread that removes the entry.
pub(crate) fn grace(lifetime: Nanos) -> Nanos {
    SHORTEST_GRACE.max(Nanos::new(lifetime.get() / 16))
}

/// A lower bound of the lifetimes of all live entries of a table.
///
/// An entry has only its deadline, so the bound is for the whole table. It consists of two bounds: one for entries that
/// were stored since some time, and one for entries that were stored before. An entry that was stored before and is
/// still alive has a longer lifetime than the time that has passed since. So the second bound grows with time, and
/// short lifetimes are forgotten.
#[derive(Debug)]
pub(crate) struct Lifetimes {
    /// The shortest lifetime of entries without a lifetime of their own.
    declared: Nanos,
    /// For entries with a lifetime of their own that were stored after `since`.
    recent: Nanos,
    /// For those that were stored before.
    older: Nanos,
    since: Moment,
    /// The bound when it was last asked for.
    shortest: Nanos,
}

impl Lifetimes {
    pub(crate) fn new(declared: Nanos) -> Self {
        Lifetimes { declared, recent: Nanos::FOREVER, older: Nanos::FOREVER, since: Moment::ZERO, shortest: declared }
    }

    pub(crate) fn declared(&self) -> Nanos {
        self.declared
    }

    /// Whether no live entry has a shorter lifetime than the declared one, by the last bound.
    #[inline]
    pub(crate) fn are_as_declared(&self) -> bool {
        self.shortest == self.declared
    }

    /// Notes that an entry gets this lifetime.
    pub(crate) fn note(&mut self, lifetime: Nanos) {
        self.recent = self.recent.min(lifetime);
        self.shortest = self.shortest.min(lifetime);
    }

    /// A lower bound of the lifetimes of all entries that are alive at `now`.
    pub(crate) fn shortest(&mut self, now: Moment) -> Nanos {
        let older = self.older.max(now.since(self.since));
        if older >= self.recent {
            // The older entries do not lower the bound any more.
            (self.older, self.recent, self.since) = (self.recent, Nanos::FOREVER, now);
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
    use crate::{
        clock::{Moment, Nanos},
        dice::Dice,
    };

    #[test]
    fn no_live_entry_is_shorter() {
        let (mut lifetimes, mut entries, mut now, mut dice) =
            (Lifetimes::new(Nanos::new(30_000)), Vec::new(), 0, Dice(1));
        for _ in 0..20_000 {
            now += dice.below(100);
            let magnitude = 1 << dice.below(17);
            let lifetime = Nanos::new(magnitude + dice.below(magnitude));
            let at = Moment::from_nanos(now);
            lifetimes.note(lifetime);
            entries.push((at.plus(lifetime), lifetime));
            if dice.below(3) == 0 {
                entries.retain(|(deadline, _)| !deadline.has_passed(at));
                let shortest = lifetimes.shortest(at);
                assert!(entries.iter().all(|&(_, lifetime)| shortest <= lifetime), "{shortest:?} at {now}");
            }
        }
    }

    #[test]
    fn a_short_lifetime_is_forgotten() {
        let (short, long) = (Nanos::new(3), Nanos::new(1000));
        let mut lifetimes = Lifetimes::new(Nanos::FOREVER);
        lifetimes.note(short);
        assert_eq!(lifetimes.shortest(Moment::ZERO), short);
        for now in 1..=2 * long.get() {
            lifetimes.note(long);
            lifetimes.shortest(Moment::from_nanos(now));
        }
        assert_eq!(lifetimes.shortest(Moment::from_nanos(2 * long.get())), long);
    }
}
