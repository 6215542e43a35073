//! Tables that were taken out of their shards as a whole. Their entries are dropped in small parts, without a lock of
//! the map.

use super::{limits::BATCH, segments::Segments};
use crate::memory::sync::unmodelled::Mutex;
use crate::{
    contain::Drops,
    store::{
        schedule::{Hold, Sweep},
        sweeper::Registration,
    },
};
use std::{
    sync::{Arc, Weak},
    time::Duration,
};

/// Entries that a background thread drops before it turns to other maps.
const PER_PASS: usize = 64 * BATCH;

/// Drops at most this number of entries of a table. Returns whether there may be more.
pub(crate) type Part = Box<dyn FnMut(usize, &mut Drops) -> bool + Send>;

/// The tables that a map has discarded and whose entries are still to be dropped.
pub(crate) struct Discarded {
    pub(super) waiting: Mutex<Segments<Part>>,
    /// `None` if no background thread drops them.
    background: Option<Arc<Registration>>,
}

impl Discarded {
    pub(crate) fn new(in_background: bool) -> Arc<Self> {
        let discarded =
            Arc::new(Discarded { waiting: Mutex::default(), background: in_background.then(Registration::new) });
        if let Some(background) = &discarded.background {
            background.bind(Arc::downgrade(&discarded) as Weak<dyn Sweep>);
        }
        discarded
    }

    /// Drops the rest.
    pub(crate) fn finish(&self) {
        while self.step(BATCH) {}
    }

    pub(super) fn background(&self) -> Option<&Arc<Registration>> {
        self.background.as_ref()
    }

    /// Wakes the background thread.
    pub(super) fn ring(&self) {
        if let Some(background) = &self.background {
            background.ring(Duration::ZERO);
        }
    }

    /// Drops at most this number of entries, also if the `Drop` of some panics. Returns whether any are left.
    fn step(&self, entries: usize) -> bool {
        let Some(mut part) = self.waiting.lock().pop_front() else { return false };
        let mut drops = Drops::default();
        if part(entries, &mut drops) {
            self.waiting.lock().push_front(part);
        }
        drops.end();
        self.is_left()
    }

    fn is_left(&self) -> bool {
        !self.waiting.lock().is_empty()
    }
}

impl Sweep for Discarded {
    fn due_in(&self) -> Option<Duration> {
        self.is_left().then_some(Duration::ZERO)
    }

    fn sweep_again(&self) {}

    fn sweep_part(self: Arc<Self>, _: usize, _hold: Option<Hold>) -> Option<usize> {
        let mut part = self.waiting.lock().pop_front()?;
        let map = Arc::downgrade(&self);
        drop(self);
        let mut drops = Drops::default();
        if part(PER_PASS, &mut drops) {
            match map.upgrade() {
                Some(map) => map.waiting.lock().push_front(part),
                // The map was dropped by a thread that must not wait, so this one drops the rest.
                None => while part(PER_PASS, &mut drops) {},
            }
        }
        drops.end();
        None
    }
}
