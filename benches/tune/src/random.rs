//! Random numbers that are the same on every run, and keys drawn with them.

use crate::load::Popularity;

/// Marsaglia's xorshift, its result multiplied (xorshift64*).
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Random((seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        // Small seeds differ in few bits; a few steps spread them.
        (0..8).for_each(|_| _ = random.bits());
        random
    }

    pub(crate) fn bits(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number below this one.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(limit)) >> 64) as u64
    }
}

/// Draws keys, numbered by their rank from 0 on, as often as they are popular. Between two points of the curve all ranks are alike.
#[derive(Debug)]
pub(crate) struct Ranks<'a>(&'a Popularity);

impl<'a> Ranks<'a> {
    pub(crate) fn new(popularity: &'a Popularity) -> Self {
        Ranks(popularity)
    }

    pub(crate) fn draw(&self, random: &mut Random) -> u64 {
        let curve = &self.0.curve;
        let total = curve.last().map_or(0, |point| point.1);
        let drawn = random.below(total);
        let next = curve.partition_point(|point| point.1 <= drawn);
        let below = if next == 0 { 0 } else { curve[next - 1].0 };
        below + random.below(curve[next].0 - below)
    }
}
