//! Random numbers that are the same on every run, and keys drawn with them.

/// Marsaglia's xorshift, its result multiplied (xorshift64*).
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn bits(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number below this one, itself at most 2^32.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (((self.bits() >> 32) * limit as u64) >> 32) as usize
    }

    /// A number from 0 up to but not 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// A hash of a key, as all that needs one here sees it.
pub(crate) fn hash(key: u32) -> u64 {
    let mut z = u64::from(key).wrapping_add(0x9E37_79B9_7F4A_7C15).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Keys whose frequency falls with their rank: Zipf's law.
#[derive(Debug)]
pub(crate) struct Zipf(Vec<f64>);

impl Zipf {
    /// Keys below a limit, with this exponent.
    pub(crate) fn new(limit: u32, exponent: f64) -> Self {
        let weights = (1..=limit).map(|rank| 1.0 / f64::from(rank).powf(exponent));
        let mut cumulated: Vec<f64> = weights
            .scan(0.0, |sum, weight| {
                *sum += weight;
                Some(*sum)
            })
            .collect();
        let total = cumulated[cumulated.len() - 1];
        for sum in &mut cumulated {
            *sum /= total;
        }
        Zipf(cumulated)
    }

    pub(crate) fn draw(&self, random: &mut Random) -> u64 {
        let point = random.unit();
        self.0.partition_point(|&sum| sum < point).min(self.0.len() - 1) as u64
    }
}

/// Keys chosen by how many others were asked for since, by Pareto's law: the load for which LRU is right.
#[derive(Debug)]
pub(crate) struct Recency {
    /// The latest last.
    stack: Vec<u64>,
    newest: u64,
    shape: f64,
    scale: f64,
    /// How often a key is new although an old one was due.
    fresh: f64,
    /// How many keys are remembered.
    most: usize,
}

impl Recency {
    /// New keys are numbered from `base` on.
    pub(crate) fn new(base: u64, shape: f64, scale: f64, fresh: f64, most: usize) -> Self {
        Recency { stack: Vec::new(), newest: base, shape, scale, fresh, most }
    }

    pub(crate) fn draw(&mut self, random: &mut Random) -> u64 {
        let distance = (self.scale * ((1.0 - random.unit()).powf(-1.0 / self.shape) - 1.0)) as usize;
        let len = self.stack.len();
        let key = if distance >= len || random.unit() < self.fresh {
            self.newest += 1;
            self.newest
        } else {
            self.stack.remove(len - 1 - distance)
        };
        if self.stack.len() >= self.most {
            self.stack.remove(0);
        }
        self.stack.push(key);
        key
    }
}
