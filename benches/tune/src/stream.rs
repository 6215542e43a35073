//! The operations and keys of a thread, drawn ahead of time, so that drawing costs nothing during a measurement.

use crate::{
    ranks::Ranks,
    workload::{FieldWorkload, Trace},
};
use sharded_bench_common::random::{Random, RngExt, seeded};

/// The operations of a map, in the order of the fields of [`Mix`](crate::workload::Mix).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Get,
    Read,
    Insert,
    Remove,
    Update,
    Load,
}

const OPERATIONS: [Operation; 6] =
    [Operation::Get, Operation::Read, Operation::Insert, Operation::Remove, Operation::Update, Operation::Load];

/// An operation and its key, in one word.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step(u64);

impl Step {
    fn new(operation: usize, key: u64) -> Self {
        Step(key << 3 | operation as u64)
    }

    pub(crate) fn operation(self) -> Operation {
        OPERATIONS[(self.0 & 7) as usize]
    }

    pub(crate) fn key(self) -> u64 {
        self.0 >> 3
    }
}

/// Steps of one thread: 1 MiB, read in sequence, again and again.
const STEPS: usize = 1 << 17;

/// The steps of each thread. They differ by seed.
pub(crate) fn streams(workload: &FieldWorkload, threads: usize, seed: u64) -> Vec<Vec<Step>> {
    let ranks = Ranks::new(&workload.keys);
    let trace = workload.trace.as_ref().and_then(Trace::whole);
    let stream = |thread: usize| {
        let mut random = seeded(seed << 16 | thread as u64);
        // Each thread goes through the trace from a place of its own.
        let mut at = random.random::<u32>() as usize;
        let mut key = |random: &mut Random| match trace {
            Some(keys) => {
                at = at.wrapping_add(1) % keys.len();
                u64::from(keys[at])
            }
            None => ranks.draw(random),
        };
        (0..STEPS).map(|_| Step::new(operation(workload, &mut random), key(&mut random))).collect()
    };
    (0..threads).map(stream).collect()
}

fn operation(workload: &FieldWorkload, random: &mut Random) -> usize {
    let counts = workload.mix.counts();
    let mut drawn = random.random_range(0..workload.mix.total());
    let is_it = |&count: &u64| {
        let found = drawn < count;
        drawn = drawn.saturating_sub(count);
        found
    };
    counts.iter().position(is_it).unwrap_or(0)
}

/// The keys in the map at the start: the most popular ones, or the first ones of a trace.
pub(crate) fn present(workload: &FieldWorkload) -> Box<dyn Iterator<Item = u64> + '_> {
    let entries = workload.entries as usize;
    match workload.trace.as_ref().and_then(Trace::whole) {
        Some(keys) => Box::new(keys.iter().take(4 * entries).map(|&key| u64::from(key))),
        None => Box::new((0..workload.keys.distinct()).take(entries)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Operation, streams};
    use crate::workload::{Mix, Synthetic};
    use proptest::prelude::{prop_assert, proptest};

    proptest! {
        #[test]
        fn operations_and_hot_keys_come_as_often_as_the_load_says(get in 1..100_u64, insert in 0..100_u64, hot in 0.0..0.9_f64) {
            let mix = Mix { get, insert, ..Mix::default() };
            let workload = Synthetic { mix, keys: 1000, skew: 0.0, hot, ..Synthetic::default() }.workload().expect("possible");
            let steps = &streams(&workload, 1, get)[0];
            let share = |count: usize| count as f64 / steps.len() as f64;
            let gets = share(steps.iter().filter(|step| step.operation() == Operation::Get).count());
            prop_assert!((gets - get as f64 / (get + insert) as f64).abs() < 0.02);
            let hottest = share(steps.iter().filter(|step| step.key() == 0).count());
            prop_assert!((hottest - workload.keys.hottest()).abs() < 0.02);
            prop_assert!(steps.iter().all(|step| step.key() < 1000));
        }
    }
}
