//! Tables that were taken out of their shards whole, and are taken apart little by little.
//!
//! No lock of a map is held meanwhile, and nobody but who takes them apart knows of their entries any more.

use super::limits::BATCH;
use crate::memory::sync::unmodelled::Mutex;
use crate::{
    contain::Drops,
    store::sweeper::{Registration, Sweep},
};
use std::{
    collections::VecDeque,
    sync::{Arc, Weak},
    time::Duration,
};

/// Entries that a background thread drops before it looks at other maps.
const PER_PASS: usize = 64 * BATCH;

/// Drops so many entries of a table; says whether there may be more.
pub(crate) type Part = Box<dyn FnMut(usize, &mut Drops) -> bool + Send>;

/// What a map has discarded and is still to be taken apart.
pub(crate) struct Discarded {
    pub(super) waiting: Mutex<VecDeque<Part>>,
    /// Only where a background thread is to do it.
    background: Option<Registration>,
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

    /// Takes apart all that is left.
    pub(crate) fn finish(&self) {
        while self.step(BATCH) {}
    }

    /// Has a background thread look.
    pub(super) fn ring(&self) {
        if let Some(background) = &self.background {
            background.ring(Duration::ZERO);
        }
    }

    /// Drops so many entries, also where the `Drop` of some panics; says whether something is left.
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

    fn sweep_part(self: Arc<Self>, _: usize) -> Option<usize> {
        let mut part = self.waiting.lock().pop_front()?;
        let map = Arc::downgrade(&self);
        drop(self);
        let mut drops = Drops::default();
        if part(PER_PASS, &mut drops) {
            match map.upgrade() {
                Some(map) => map.waiting.lock().push_front(part),
                // It is gone, and what it had not given to this thread with it.
                None => while part(PER_PASS, &mut drops) {},
            }
        }
        drops.end();
        None
    }
}
