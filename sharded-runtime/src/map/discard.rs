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
    sync::{Arc, OnceLock},
    time::Duration,
};

/// Entries that the background thread drops before it looks at other maps.
const PER_PASS: usize = 64 * BATCH;

/// Drops so many entries of a table; says whether there may be more.
pub(super) type Part = Box<dyn FnMut(usize, &mut Drops) -> bool + Send>;

/// What a map has discarded. Nothing but a word until the first time.
#[derive(Default)]
pub(super) struct Discarded(OnceLock<Arc<Parts>>);

/// What is still to be taken apart.
struct Parts {
    waiting: Mutex<VecDeque<Part>>,
    in_background: bool,
}

impl Discarded {
    /// Takes apart all that is left.
    pub(super) fn finish(&self) {
        if let Some(parts) = self.0.get() {
            while parts.step(BATCH) {}
        }
    }

    fn parts(&self, in_background: bool) -> &Parts {
        self.0.get_or_init(|| {
            let parts = Arc::new(Parts { waiting: Mutex::default(), in_background });
            if in_background {
                let weak = Arc::downgrade(&parts);
                sweeper::register(weak);
            }
            parts
        })
    }
}

impl Parts {
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

impl Sweep for Parts {
    fn sweep_due(&self) {
        self.step(PER_PASS);
    }

    fn sweep_again(&self) {}

    fn due_in(&self) -> Option<Duration> {
        self.is_left().then_some(Duration::ZERO)
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        if self.in_background {
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
        let parts = self.discarded.parts(self.has_background);
        for shard in 0..self.shard_count() {
            let part = self.take_all(shard).into_part();
            parts.waiting.lock().push_back(part);
        }
        if self.has_background {
            sweeper::wake();
        }
        drops.end();
    }
}
