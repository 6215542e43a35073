//! Requests for recently requested keys.

use sharded_bench_common::random::{Random, RngExt};

/// Draws keys by the number of other keys since their last request, by Pareto's law. LRU is the right policy for such
/// requests.
#[derive(Debug)]
pub(crate) struct Recency {
    /// The latest request is last.
    stack: Vec<u64>,
    newest: u64,
    shape: f64,
    scale: f64,
    /// The probability of a new key where an old one is due.
    fresh: f64,
    /// The number of keys that are remembered.
    remembered: usize,
}

impl Recency {
    /// New keys are numbered from `base` on.
    pub(crate) fn new(base: u64, shape: f64, scale: f64, fresh: f64, remembered: usize) -> Self {
        Recency { stack: Vec::new(), newest: base, shape, scale, fresh, remembered }
    }

    pub(crate) fn draw(&mut self, random: &mut Random) -> u64 {
        let share = 1.0 - random.random::<f64>();
        let distance = (self.scale * (share.powf(-1.0 / self.shape) - 1.0)) as usize;
        let len = self.stack.len();
        let key = if distance >= len || random.random_bool(self.fresh) {
            self.newest += 1;
            self.newest
        } else {
            self.stack.remove(len - 1 - distance)
        };
        if self.stack.len() >= self.remembered {
            self.stack.remove(0);
        }
        self.stack.push(key);
        key
    }
}
