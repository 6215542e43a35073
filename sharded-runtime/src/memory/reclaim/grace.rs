//! Grace periods.

use super::{
    barriers,
    readers::{self, Noticed},
};
use smallvec::SmallVec;
use std::{thread, time::Duration};

/// A time that ends when nobody sees any more what was unlinked before it began.
#[derive(Debug)]
pub(crate) struct Grace {
    /// The readings that it waits for. All began before it.
    readings: SmallVec<[Noticed; 2]>,
}

impl Grace {
    /// Begins a grace period. `None` if the system has withdrawn the barrier that readers rely on.
    ///
    /// What is unlinked is so before this call, in this thread or in one that this one has synchronized with since.
    pub(crate) fn begin() -> Option<Self> {
        barriers::heavy().then(|| Grace { readings: readers::readings().collect() })
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
