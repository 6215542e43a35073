//! The size of the window, which all shards of a field learn together.

use crate::memory::sync::unmodelled::Mutex;
use std::sync::atomic::{
    AtomicU32, AtomicU64,
    Ordering::{AcqRel, Relaxed},
};

/// The initial window, its limits and the first step, as fractions of the capacity.
const WINDOW: f64 = 0.01;
const LIMITS: (f64, f64) = (0.005, 0.99);
const STEP: f64 = 0.0625;
/// By how much each step is shorter than the one before, and the change of the hit ratio after which steps are as long
/// as the first one.
const DECAY: f64 = 0.98;
const RESTART: f64 = 0.05;
/// Requests between two steps, for each entry of the capacity.
const PERIOD: u64 = 10;
/// The unit of the window is this fraction of the capacity.
const PARTS: f64 = 65536.0;

/// The counts are estimates, and the window is one number. So accesses are relaxed, except where one step follows
/// another.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Climb {
    window: AtomicU32,
    hits: AtomicU64,
    requests: AtomicU64,
    climber: Mutex<Climber>,
}

/// Moves the window in one direction while the hit ratio rises, and turns around when it falls.
#[derive(Debug)]
struct Climber {
    window: f64,
    step: f64,
    last_ratio: f64,
}

/// The counts of a shard that it has not yet reported.
#[derive(Debug, Default)]
pub(super) struct Unreported {
    pub(super) hits: u32,
    pub(super) requests: u32,
}

impl Default for Climb {
    fn default() -> Self {
        let climber = Climber { window: WINDOW, step: -STEP, last_ratio: 0.0 };
        Climb {
            window: AtomicU32::new(parts(WINDOW)),
            hits: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            climber: Mutex::new(climber),
        }
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part is from 0 to 1")]
fn parts(window: f64) -> u32 {
    (window * PARTS) as u32
}

impl Climb {
    /// The size of the window of a shard with this many entries.
    pub(super) fn window(&self, entries: u32) -> u32 {
        let window = (u64::from(entries) * u64::from(self.window.load(Relaxed))) >> 16;
        u32::try_from(window).unwrap_or(entries).max(1)
    }

    /// Adds the counts of a shard, in a field with this capacity.
    pub(super) fn report(&self, unreported: &mut Unreported, capacity: u64) {
        let counts = std::mem::take(unreported);
        self.hits.fetch_add(u64::from(counts.hits), Relaxed);
        let requests = self.requests.fetch_add(u64::from(counts.requests), AcqRel) + u64::from(counts.requests);
        if requests >= PERIOD.saturating_mul(capacity.max(8)) {
            self.step();
        }
    }

    #[cold]
    fn step(&self) {
        // Another thread takes this step already.
        let Some(mut climber) = self.climber.try_lock() else { return };
        let (hits, requests) = (self.hits.swap(0, Relaxed), self.requests.swap(0, AcqRel));
        if requests > 0 {
            #[allow(clippy::cast_precision_loss, reason = "a ratio needs no more")]
            climber.climb(hits as f64 / requests as f64);
            self.window.store(parts(climber.window), Relaxed);
        }
    }
}

impl Climber {
    fn climb(&mut self, ratio: f64) {
        let change = ratio - self.last_ratio;
        let step = if change >= 0.0 { self.step } else { -self.step };
        self.step = if change.abs() >= RESTART { STEP.copysign(step) } else { step * DECAY };
        self.window = (self.window + step).clamp(LIMITS.0, LIMITS.1);
        self.last_ratio = ratio;
    }
}

#[cfg(test)]
mod tests {
    use super::{Climb, Unreported};

    #[test]
    fn the_window_climbs_to_the_most_hits() {
        for best in [0.0, 0.3, 0.8] {
            let climb = Climb::default();
            for _ in 0..200 {
                let window = f64::from(climb.window(1000)) / 1000.0;
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
                let hits = (900.0 - 500.0 * (window - best).abs()) as u32;
                climb.report(&mut Unreported { hits: hits * 10, requests: 10_000 }, 1000);
            }
            let window = f64::from(climb.window(1000)) / 1000.0;
            assert!((window - best).abs() < 0.1, "{window} in place of {best}");
        }
    }
}
