//! The optimum (Belady, 1966): the entry whose next use is the farthest leaves, even if it is the new one. Some caches
//! refuse new entries. So an optimum that had to admit them would be none: with one entry, moka would beat it.

use crate::trace::Trace;
use std::collections::BinaryHeap;

/// A time after the last request.
const NEVER: usize = usize::MAX;

/// The most hits that any cache of this capacity can have.
pub(crate) fn hits(trace: &Trace, capacity: usize) -> usize {
    let next_uses = next_uses(trace);
    // The next use of each key that is cached.
    let mut due: Vec<Option<usize>> = vec![None; trace.unique];
    // The next to leave is on top. A key has one item for each of its uses, and only the latest counts.
    let mut order = BinaryHeap::new();
    let (mut len, mut hits) = (0, 0);
    for (&key, &next) in trace.keys.iter().zip(&next_uses) {
        let hit = due[key as usize].replace(next).is_some();
        order.push((next, key));
        if hit {
            hits += 1;
        } else if len < capacity {
            len += 1;
        } else {
            while let Some((next, victim)) = order.pop() {
                if due[victim as usize] == Some(next) {
                    due[victim as usize] = None;
                    break;
                }
            }
        }
    }
    hits
}

/// The next request for the same key, for each request.
fn next_uses(trace: &Trace) -> Vec<usize> {
    let mut next_uses = vec![NEVER; trace.keys.len()];
    let mut next = vec![NEVER; trace.unique];
    for (time, &key) in trace.keys.iter().enumerate().rev() {
        next_uses[time] = std::mem::replace(&mut next[key as usize], time);
    }
    next_uses
}

#[cfg(test)]
mod tests {
    use super::*;
    use sharded_bench_common::random::{RngExt, seeded};

    /// The most hits, found by trying every victim, and by admitting nothing.
    fn by_trying(keys: &[u32], capacity: usize, cached: &[u32]) -> usize {
        let Some((&key, rest)) = keys.split_first() else { return 0 };
        if cached.contains(&key) {
            return 1 + by_trying(rest, capacity, cached);
        }
        let with = |kept: Vec<u32>| by_trying(rest, capacity, &[kept, vec![key]].concat());
        if cached.len() < capacity {
            return with(cached.to_vec());
        }
        let victims = cached.iter().map(|victim| with(cached.iter().copied().filter(|key| key != victim).collect()));
        victims.chain([by_trying(rest, capacity, cached)]).max().unwrap()
    }

    #[test]
    fn no_choice_of_victims_has_more_hits() {
        let mut random = seeded(1);
        for _ in 0..40 {
            let trace =
                Trace::new(String::new(), true, (0..14).map(|_| random.random_range(0..6_u64)).collect::<Vec<_>>());
            for capacity in 1..=4 {
                assert_eq!(hits(&trace, capacity), by_trying(&trace.keys, capacity, &[]), "{capacity} of {trace:?}");
            }
        }
    }

    #[test]
    fn where_all_fit_only_first_requests_miss() {
        let trace = Trace::new(String::new(), true, [3, 1, 3, 2, 1, 3]);
        assert_eq!(hits(&trace, 3), 3);
    }
}
