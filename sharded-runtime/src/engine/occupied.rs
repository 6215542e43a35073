//! The shards that have entries.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The shards of a field that have entries, one bit per shard. So a search for an entry does not visit every shard. It
/// is written only when a shard gets its first entry or loses its last one.
///
/// Relaxed: the holder of a shard's exclusive lock writes its bit, and a reader that sees an old bit behaves as if it
/// had come earlier.
#[derive(Debug)]
pub(crate) struct OccupiedShards(Box<[AtomicU64]>);

impl OccupiedShards {
    /// For this many shards, all empty.
    pub(crate) fn new(shards: usize) -> Self {
        OccupiedShards((0..shards.div_ceil(64)).map(|_| AtomicU64::new(0)).collect())
    }

    /// Notes whether a shard has entries. The caller holds its exclusive lock.
    pub(crate) fn set(&self, shard: usize, is_occupied: bool) {
        let Some(word) = self.0.get(shard / 64) else { return };
        let bit = 1 << (shard % 64);
        if is_occupied {
            word.fetch_or(bit, Relaxed);
        } else {
            word.fetch_and(!bit, Relaxed);
        }
    }

    /// The next occupied shard after this one. After the last shard comes the first, so it may be the same one.
    pub(crate) fn next(&self, shard: usize) -> Option<usize> {
        let words = self.0.len();
        let behind = u64::MAX << (shard % 64) << 1;
        // The word of the shard itself comes first for the bits above, and last for the others.
        (0..=words).find_map(|more| {
            let number = (shard / 64 + more) % words.max(1);
            let mask = match more {
                0 => behind,
                more if more == words => !behind,
                _ => u64::MAX,
            };
            let bits = self.0.get(number)?.load(Relaxed) & mask;
            (bits != 0).then(|| number * 64 + bits.trailing_zeros() as usize)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::OccupiedShards;
    use crate::dice::Dice;
    use std::collections::BTreeSet;

    #[test]
    fn the_next_occupied_shard_is_found() {
        let mut dice = Dice(1);
        for shards in [1, 2, 32, 64, 128, 4096] {
            let (occupied, mut model) = (OccupiedShards::new(shards), BTreeSet::new());
            for _ in 0..2000 {
                let shard = usize::try_from(dice.below(shards as u64)).unwrap();
                // Few at a time.
                let is_occupied = model.len() < 4 && dice.below(2) == 0;
                occupied.set(shard, is_occupied);
                if is_occupied {
                    model.insert(shard);
                } else {
                    model.remove(&shard);
                }
                let from = usize::try_from(dice.below(shards as u64)).unwrap();
                let next = model.range(from + 1..).chain(&model).next();
                assert_eq!(occupied.next(from), next.copied(), "{from} in {model:?}");
            }
        }
    }
}
