//! Grace periods.

use super::{
    barriers::{self, Heavy},
    readers::{self, Noticed},
};
use smallvec::SmallVec;
use std::{
    sync::atomic::{AtomicU64, Ordering::AcqRel},
    thread,
    time::Duration,
};

/// A moment, to be compared with the begin of a [`Grace`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket(u64);

impl Ticket {
    /// Before all others.
    pub(crate) const NONE: Self = Ticket(0);

    /// The current moment. What is done before a ticket is taken happens before whatever is done after a later one.
    pub(crate) fn take() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        // An acquire and a release: each call synchronizes with all later ones.
        Ticket(LAST.fetch_add(1, AcqRel) + 1)
    }
}

/// A time that ends when nobody sees any more what was unlinked before it began.
#[derive(Clone, Debug)]
pub(crate) struct Grace {
    /// The readings that it waits for. All began before it.
    readings: SmallVec<[Noticed; 2]>,
    /// Taken before it began.
    ticket: Ticket,
}

impl Grace {
    /// Begins a grace period. `None` if the system has withdrawn the barrier that readers rely on, and a thread that
    /// has read before has neither read again since nor ended.
    ///
    /// What is unlinked is so before this call, in this thread or in one that this one has synchronized with since.
    pub(crate) fn begin() -> Option<Self> {
        let ticket = Ticket::take();
        let heavy = barriers::heavy();
        (heavy == Heavy::All || readers::are_fenced())
            .then(|| Grace { readings: readers::readings().collect(), ticket })
    }

    /// Whether it is one for all that was unlinked before that ticket was taken.
    pub(crate) fn began_after(&self, ticket: Ticket) -> bool {
        self.ticket > ticket
    }

    /// Whether it has ended. Does not wait.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.readings.retain(|reading| !reading.has_ended());
        self.readings.is_empty()
    }

    /// Waits for its end. This thread must not be [reading](super::is_reading).
    pub(crate) fn wait(&mut self) {
        let mut nap = Duration::from_micros(1);
        while !self.has_ended() {
            thread::yield_now();
            if self.has_ended() {
                break;
            }
            thread::sleep(nap);
            nap = (nap * 2).min(Duration::from_millis(1));
        }
    }
}
