//! An estimate of how often a key was requested recently, in four bits.

use crate::{
    hasher::{GOLDEN, LowHash},
    memory::arena::Heap,
    memory::chunked::Chunked,
};

/// The largest count.
const MOST: u64 = 15;
/// The counters of a key, each in a word of its own.
const ROWS: usize = 4;
/// The bits of a word for each of these counters: four counters to choose from.
const ROW_BITS: u32 = 16;
/// All counters are halved after this many counts per entry.
const PERIOD: u32 = 10;
/// The words that each count halves while a halving is under way, so that all are halved within few counts compared to
/// `PERIOD`.
const HALVES: usize = 8;
/// All bits of each counter except the upper one.
const SEVENS: u64 = 0x7777_7777_7777_7777;

/// The most words per entry of a shard. A shard that is only half as full as others still has the whole sketch.
const PER_ENTRY: usize = 2;

/// A count-min sketch (Cormode and Muthukrishnan, 2005) whose counts are halved from time to time (Einziger, Friedman
/// and Manes, 2017). Its memory grows by a word per insert, up to a size in proportion to the entries of the shard: a
/// map that is far from full evicts nothing.
#[derive(Debug, Default)]
pub(super) struct Sketch {
    words: Chunked<u64>,
    /// The entries that it is large enough for: a power of two, and twice the number of words.
    entries: u32,
    heap: Heap,
    /// Whether all words are stored from the beginning.
    keeps_all: bool,
    counted: u32,
    /// The next word to be halved, while a halving is under way.
    halving: Option<usize>,
}

impl Sketch {
    pub(super) fn new(heap: &Heap, entries: usize) -> Self {
        let entries = u32::try_from(entries).unwrap_or(u32::MAX).clamp(8, 1 << 31).next_power_of_two();
        Sketch { words: Chunked::new(heap), entries, heap: heap.clone(), ..Sketch::default() }
    }

    /// Takes the memory of all words now, and keeps it. The sketch must not be [fitted](Sketch::fit) later.
    pub(super) fn keep_all(&mut self) {
        self.keeps_all = true;
        self.words.grow_to(self.size());
    }

    pub(super) fn part(&self, index: usize) -> Option<(usize, usize)> {
        self.words.part(index)
    }

    fn size(&self) -> usize {
        self.entries as usize / 2
    }

    /// The most words that a shard with this many entries stores.
    fn most_stored(&self, entries: u32) -> usize {
        self.size().min((entries as usize + 1) * PER_ENTRY)
    }

    /// Adds a word, if a shard with this many entries may have one more.
    pub(super) fn grow(&mut self, entries: u32) {
        if self.words.len() < self.most_stored(entries) {
            self.words.reach(self.words.len());
        }
    }

    /// Gives back the memory that a shard with this many entries may not have.
    pub(super) fn shrink(&mut self, entries: u32) {
        let most = self.most_stored(entries);
        if self.words.len() > most && !self.keeps_all {
            self.words.truncate(most);
        }
    }

    /// Starts anew with another size if it is too small for this many entries, or far too large.
    pub(super) fn fit(&mut self, entries: u32) {
        if entries > self.entries || (entries < self.entries / 8 && self.entries > 8) {
            *self = Sketch::new(&self.heap, entries as usize);
        }
    }

    /// The word of each counter, and its shift in the word.
    fn counters(&self, hash: LowHash) -> [(usize, u32); ROWS] {
        let mut bits = u64::from(hash.bits()).wrapping_mul(GOLDEN);
        let mask = self.size().max(1) - 1;
        let mut row = 0;
        [(); ROWS].map(|()| {
            bits = (bits ^ bits >> 32).wrapping_mul(0xD6E8_FEB8_6659_FD93);
            #[allow(clippy::cast_possible_truncation, reason = "some bits are taken")]
            let (word, counter) = ((bits >> 32) as usize & mask, (bits >> 30) as u32 & 3);
            row += ROW_BITS;
            (word, row - ROW_BITS + counter * 4)
        })
    }

    pub(super) fn frequency(&self, hash: LowHash) -> u64 {
        let counts =
            self.counters(hash).map(|(word, shift)| self.words.get(word).map_or(0, |word| word >> shift & MOST));
        counts.into_iter().min().unwrap_or(0)
    }

    /// Counts `times` requests for a key.
    pub(super) fn count(&mut self, hash: LowHash, times: u8) {
        let mut any = false;
        for (word, shift) in self.counters(hash) {
            if word < self.words.len() {
                let word = &mut self.words[word];
                let count = *word >> shift & MOST;
                let new = (count + u64::from(times)).min(MOST);
                any |= new != count;
                *word += (new - count) << shift;
            }
        }
        // Requests for a key whose counters are all full do not count.
        self.counted = self.counted.saturating_add(u32::from(any) * u32::from(times));
        if self.counted >= PERIOD.saturating_mul(self.entries) {
            self.counted /= 2;
            self.halving = Some(0);
        }
        self.halve();
    }

    fn halve(&mut self) {
        let Some(first) = self.halving else { return };
        let end = (first + HALVES).min(self.words.len());
        for word in first..end {
            let word = &mut self.words[word];
            *word = (*word >> 1) & SEVENS;
        }
        self.halving = (end < self.words.len()).then_some(end);
    }
}

#[cfg(test)]
mod tests {
    use super::{LowHash, MOST, Sketch};
    use crate::memory::arena::Heap;

    fn grown(entries: usize) -> Sketch {
        let mut sketch = Sketch::new(&Heap::default(), entries);
        (0..entries).for_each(|_| sketch.grow(1 << 20));
        sketch
    }

    #[test]
    fn estimates_are_never_low_and_seldom_high() {
        let mut sketch = grown(1000);
        for key in 0..1000_u32 {
            sketch.count(LowHash::from_bits(key), u8::try_from(key % 3).unwrap());
        }
        let over = (0..1000_u32).filter(|&key| {
            let frequency = sketch.frequency(LowHash::from_bits(key));
            assert!(frequency >= u64::from(key % 3), "{key}");
            frequency > u64::from(key % 3)
        });
        assert!(over.count() < 100);
    }

    #[test]
    fn old_uses_are_forgotten() {
        let mut sketch = grown(64);
        sketch.count(LowHash::from_bits(7), 200);
        assert_eq!(sketch.frequency(LowHash::from_bits(7)), MOST);
        (1000..11_000).for_each(|key| sketch.count(LowHash::from_bits(key % 90 * 1000), 1));
        assert!(sketch.frequency(LowHash::from_bits(7)) < MOST);
    }

    #[test]
    fn a_fitted_sketch_grows_and_shrinks_with_the_entries() {
        let mut sketch = grown(8);
        sketch.fit(1000);
        (0..2000).for_each(|_| sketch.grow(1000));
        assert_eq!(sketch.words.len(), 512);
        sketch.fit(10);
        assert_eq!((sketch.words.len(), sketch.size()), (0, 8));
    }
}
