//! Tables that were taken out of their shards whole, and are taken apart little by little.
//!
//! No lock of a map is held meanwhile, and nobody but who takes them apart knows of their entries any more.

use super::{
    core::{BATCH, Core},
    garbage::Drops,
};
use crate::{
    Policy,
    sweeper::{self, Sweep},
};
use parking_lot::Mutex;
use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// Entries that the background thread drops before it looks at other maps.
const PER_PASS: usize = 64 * BATCH;

/// Drops so many entries of a table; says whether there may be more.
pub(super) type Part = Box<dyn FnMut(usize, &mut Drops) -> bool + Send>;

/// What a map has discarded and is still to be taken apart.
pub(super) struct Discarded {
    waiting: Mutex<VecDeque<Part>>,
    /// Whether the background thread is to do it.
    in_background: bool,
    /// Whether it knows.
    is_registered: AtomicBool,
}

impl Discarded {
    pub(super) fn new(in_background: bool) -> Arc<Self> {
        Arc::new(Discarded { waiting: Mutex::default(), in_background, is_registered: AtomicBool::new(false) })
    }

    /// Takes apart all that is left.
    pub(super) fn finish(&self) {
        while self.step(BATCH) {}
    }

    /// Has the background thread look.
    fn ring(self: &Arc<Self>) {
        if !self.in_background {
            return;
        }
        // Relaxed: who registers it orders what it leaves.
        if !self.is_registered.swap(true, Ordering::Relaxed) {
            let weak = Arc::downgrade(self);
            sweeper::register(weak);
        }
        sweeper::wake();
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
    fn sweep_due(&self) {
        self.step(PER_PASS);
    }

    fn sweep_again(&self) {}

    fn due_in(&self) -> Option<Duration> {
        self.is_left().then_some(Duration::ZERO)
    }
}

impl Drop for Discarded {
    fn drop(&mut self) {
        if *self.is_registered.get_mut() {
            sweeper::wake();
        }
    }
}

impl<K: Send + 'static, V: Send + 'static, P: Policy, S> Core<K, V, P, S> {
    /// Takes out all entries of all shards, each shard's in one step, and leaves them to the background thread. What an earlier call has left is
    /// taken apart first, so that no more than what the map held once waits.
    #[track_caller]
    pub(super) fn discard_all(&self) {
        let mut drops = Drops::default();
        drops.watch(|| self.discarded.finish());
        for shard in 0..self.shard_count() {
            let part = self.take_all(shard).into_part();
            self.discarded.waiting.lock().push_back(part);
        }
        self.discarded.ring();
        drops.end();
    }
}
