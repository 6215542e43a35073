//! The count-min sketch of W-TinyLFU, as in Caffeine: the recent frequency of a key, estimated in four bits.

/// The largest count.
const MOST: u8 = 15;
/// One multiplier for each of the four counters of a key.
const MULTIPLIERS: [u64; 4] =
    [0xc3a5_c85c_97cb_3127, 0xb492_b66f_be98_f273, 0x9ae1_6a3b_2f90_404f, 0xcbf2_9ce4_8422_2325];

#[derive(Debug)]
pub(crate) struct Sketch {
    /// Blocks of sixteen counters, four for each multiplier.
    blocks: Vec<[u8; 16]>,
    /// Requests since the counts were halved.
    counted: usize,
    /// The number of requests after which all counts are halved.
    period: usize,
}

impl Sketch {
    pub(crate) fn new(capacity: usize) -> Self {
        let capacity = capacity.max(8);
        Sketch { blocks: vec![[0; 16]; capacity.next_power_of_two() / 2], counted: 0, period: capacity * 10 }
    }

    /// The block, and the counter in it, for each multiplier.
    fn counters(&self, hash: u64) -> [(usize, usize); 4] {
        let mask = self.blocks.len() - 1;
        std::array::from_fn(|row| {
            let bits = hash.wrapping_mul(MULTIPLIERS[row]).rotate_left(23);
            ((bits >> 8) as usize & mask, row * 4 + (bits & 3) as usize)
        })
    }

    pub(crate) fn frequency(&self, hash: u64) -> u8 {
        self.counters(hash).into_iter().map(|(block, counter)| self.blocks[block][counter]).min().unwrap_or(0)
    }

    pub(crate) fn count(&mut self, hash: u64) {
        let mut any = false;
        for (block, counter) in self.counters(hash) {
            let counter = &mut self.blocks[block][counter];
            if *counter < MOST {
                *counter += 1;
                any = true;
            }
        }
        if any {
            self.counted += 1;
            if self.counted >= self.period {
                self.halve();
            }
        }
    }

    fn halve(&mut self) {
        let mut odd = 0;
        for counter in self.blocks.as_flattened_mut() {
            odd += usize::from(*counter & 1);
            *counter >>= 1;
        }
        self.counted = (self.counted - odd.min(self.counted) / 4) / 2;
    }
}
