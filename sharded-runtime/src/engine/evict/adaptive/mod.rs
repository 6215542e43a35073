use crate::hasher::LowHash;
mod common;
mod ring;
#[cfg(test)]
mod tests;
mod words;

use super::{
    context::FieldContext,
    ghosts::{Ghosts, WAYS},
    hooks::{Hooks, OwnHooks, Token},
    traits::{Bounded, Eviction, MakesRoom},
};
use crate::memory::arena::Heap;
use common::{Common, Purse};
use ring::Ring;
use std::{ops::Range, sync::Arc};
use words::{LINE, NEVER, Time, Words};

/// Lines of slots that are looked at for a victim, and how many more at most where there is hardly an entry in them.
const LINES: usize = 2;
const MORE_LINES: usize = 8;
const HARDLY: u32 = 4;
/// The reuse of what gets into main must be shorter by one part in so many.
const MARGIN: u16 = 8;
/// One of so many entries is in the ring, but so many slots at least.
const RING: (u32, u32) = (16, 16);
/// Slots that are no longer what they were which one call takes off the ring.
const POPS: usize = 16;
/// With fewer entries per shard than this, no part of the window is each shard's own.
const FEW: u64 = 64;

/// Learns from the requests how much to go by how recently an entry was used, and how much by how soon it is used again: `evict = Adaptive`,
/// the default where only a `capacity` is declared.
///
/// New entries are in a *window*, the others in *main*. What has to leave the window gets into main only if the time between its
/// last two uses is shorter than the time since the most overdue entry of main was used; that one leaves then. So a scan passes through
/// the window and leaves main as it is, a loop that is larger than the map keeps part of itself in it, and a key that was evicted
/// and is asked for again soon is known by its *ghost*, some bits of its hash. How large the window is, from 1 to 99 hundredths, follows from one
/// comparison: every miss that the least recently used order would have hit makes it larger, every hit that it would have missed makes it smaller.
///
/// A use writes at most two bytes, under any lock. Nothing is linked: a victim is the best of what is found in 64 slots, in two random places. It takes 2 bytes a slot, 3 per entry of the capacity and a fraction of a byte.
///
/// The comparison of reuse with recency is that of LIRS (Jiang and Zhang, "LIRS", SIGMETRICS 2002), the window with ghosts that of 2Q and S3-FIFO
/// (Johnson and Shasha, VLDB 1994; Yang et al., SOSP 2023), the adaptation in the spirit of ARC (Megiddo and Modha, FAST 2003). It is none of
/// these: times are in ticks of a thirty-second of the capacity, learned when an entry is looked at, and what the least recently used order
/// would do is estimated.
///
/// What is learned is the field's; the order of leaving is each shard's. Where entries have a weight, it is not looked at in choosing one.
///
/// # Examples
///
/// ```
/// # use sharded::sharded;
/// # use std::collections::HashMap;
/// #[sharded(shards = 1)]
/// struct Web {
///     #[shard(capacity = 100, evict = Adaptive)]
///     pages: HashMap<u32, String>,
/// }
/// let web = Web::new();
/// // A loop over a few more pages than there is room for. The least recently used one would always be the next to be asked for.
/// for n in 0..10_000 {
///     web.pages().get_or_insert_with(n % 110, || "…".to_owned());
/// }
/// assert!(web.pages().stats().hits > 7_000);
/// ```
#[derive(Debug, Default)]
pub struct Adaptive {
    words: Words,
    ghosts: Ghosts,
    ring: Ring,
    common: Arc<Common>,
    purse: Purse,
    /// After how many misses the purse is given.
    misses_to_tell: u32,
    /// What of the entries in `common` is of this shard.
    told_entries: u32,
    len: u32,
    /// Entries that are not in main.
    window: u32,
    random: u32,
    /// What the next sample begins with: chosen ahead, so that it can be fetched before.
    next: [usize; LINES],
    /// The lower half of the hash of what is about to be inserted.
    coming: Option<LowHash>,
    /// What the ghosts have said of it, once they have been asked: the time since its last use in units of two ticks, or `NEVER`.
    reuse: Option<u16>,
    /// Whether an entry has left for it.
    made_room: bool,
}

/// The best of what was looked at. Of what is equal, the one leaves that has more beside it: so that no part of the table becomes full, and
/// another empty.
#[derive(Clone, Copy, Default)]
struct Best {
    /// The score and, in the lower half, the entries of its line; zero where there is none.
    rank: u32,
    slot: u32,
}

impl Best {
    fn or(self, line: usize, (score, place): (u16, usize), among: u16) -> Best {
        #[allow(clippy::cast_possible_truncation, reason = "as slots are numbered")]
        let found = Best { rank: u32::from(score) << 16 | u32::from(among), slot: (line * LINE + place) as u32 };
        if score != 0 && found.rank > self.rank { found } else { self }
    }

    fn slot(self) -> Option<u32> {
        (self.rank != 0).then_some(self.slot)
    }
}

impl Adaptive {
    fn time(&self) -> Time {
        #[allow(clippy::cast_possible_truncation, reason = "the lower byte is meant")]
        let tick = self.common.tick() as u16 & 0xff;
        Time { tick, tau: self.common.tau() }
    }

    /// What is kept of the latest inserts.
    fn ring_len(&self) -> u32 {
        (self.len / RING.0).max(RING.1)
    }

    /// Whether the ring has the oldest of the window.
    fn goes_by_ring(&self) -> bool {
        self.window <= self.ring_len()
    }

    fn random(&mut self, below: usize) -> usize {
        // Marsaglia, "Xorshift RNGs", 2003. Its state is never zero.
        let mut x = self.random.max(1);
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        self.random = x;
        usize::try_from((u64::from(x) * below as u64) >> 32).unwrap_or(0)
    }

    /// Chooses the lines that the next sample begins with: two that have nothing to do with one another. (Were they neighbours, as many entries would leave
    /// a sparse part of the table as a dense one, and what differs by chance would differ ever more.)
    fn choose_lines(&mut self) {
        let all = self.words.lines();
        self.next = if all <= LINES {
            std::array::from_fn(|line| line.min(all.saturating_sub(1)))
        } else {
            let one = self.random(all);
            let other = one + 1 + self.random(all - 1);
            [one, if other < all { other } else { other - all }]
        };
    }

    /// The lines that the next sample begins with.
    fn next_lines(&mut self) -> [usize; LINES] {
        let all = self.words.lines();
        let [one, other] = self.next;
        // There were none when they were chosen, or have come to be fewer.
        if (one == other && all > 1) || one.max(other) >= all {
            self.choose_lines();
        }
        self.next
    }

    fn note(&mut self, entries: u16, old: u16, late: u16) {
        self.purse.seen += u32::from(entries);
        self.purse.old += u32::from(old);
        self.purse.votes -= i32::from(late);
    }

    /// Looks at the entries of some lines: the slot of the window's that was not used for longest, and of main's most overdue.
    fn sample(&mut self, lines: usize) -> (Option<u32>, Option<u32>) {
        let time = self.time();
        let all = self.words.lines();
        let first = self.next_lines();
        let mut line = 0;
        let (mut window, mut main, mut looked_at) = (Best::default(), Best::default(), 0);
        for number in 0..all {
            let enough = if number < lines + MORE_LINES { HARDLY } else { 1 };
            if number >= lines && looked_at >= enough {
                break;
            }
            line = first.get(number).copied().unwrap_or(if line + 1 == all { 0 } else { line + 1 });
            let shuffle = self.random(LINE);
            let seen = self.words.look(line, time, shuffle);
            self.note(seen.entries, seen.old, seen.late);
            looked_at += u32::from(seen.entries);
            window = window.or(line, seen.window(), seen.entries);
            main = main.or(line, seen.main(), seen.entries);
        }
        self.choose_lines();
        let mut window = window.slot();
        if self.goes_by_ring() {
            for _ in 0..POPS {
                let Some(slot) = self.ring.front() else { break };
                if self.words.get(slot).is_window() {
                    let (is_old, is_late) = self.words.look_at(slot, time);
                    self.note(1, is_old.into(), is_late.into());
                    window = Some(slot);
                    break;
                }
                self.ring.pop();
            }
        }
        (window, main.slot())
    }

    /// Learns from the ghost of what is about to be inserted, if it has one.
    fn ask_ghosts(&mut self) {
        let Some(hash) = self.coming.filter(|_| self.reuse.is_none()) else { return };
        let (tick, tau) = (self.common.tick(), self.common.tau());
        let ghost = self.ghosts.take(hash, tick, tau);
        self.purse.ghosts_seen += u32::try_from(WAYS).unwrap_or(0);
        self.purse.young += ghost.young;
        self.reuse = Some(ghost.age.map_or(NEVER, |age| (age / 2).min(NEVER - 1)));
        self.purse.votes += i32::from(ghost.age.is_some_and(|age| age < tau));
    }

    fn promote(&mut self, slot: u32) {
        self.words.promote(slot);
        self.window -= 1;
        self.forget(slot);
    }

    /// It is no longer the ring's, so that it is not taken for the next entry in that slot.
    fn forget(&mut self, slot: u32) {
        if self.ring.front() == Some(slot) {
            self.ring.pop();
        }
    }

    /// Whether the window has more than its share and so many half entries.
    fn is_wide(&self, share: u64, more: u64) -> bool {
        2 * u64::from(self.window) > share + more
    }

    /// The share of the window in this shard's entries, in half entries.
    fn share(&self) -> u64 {
        let target = self.common.target(self.purse.votes);
        let untold = i64::from(self.len) - i64::from(self.told_entries);
        let entries = self.common.entries().saturating_add_signed(untold).max(u64::from(self.len)).max(1);
        let share = target.saturating_mul(u64::from(self.len)) / entries;
        if self.common.size() < FEW * self.common.shards { share } else { share.max(2) }
    }

    fn tell(&mut self) {
        #[allow(clippy::cast_possible_wrap, reason = "there are no so many slots")]
        let more = self.len.wrapping_sub(self.told_entries) as i32;
        self.purse.entries = more;
        self.told_entries = self.len;
        self.common.tell(&mut self.purse);
        self.misses_to_tell = self.common.misses_to_tell();
    }

    /// Has the ghosts be as many as the entries or up to twice as many, where the capacity is not a number of entries.
    fn fit_ghosts(&mut self) {
        if self.common.capacity().is_some() {
            return;
        }
        self.change_ghosts(Ghosts::fit);
    }

    /// Changes how many ghosts there may be, which is the field's concern.
    fn change_ghosts(&mut self, change: impl FnOnce(&mut Ghosts, usize)) {
        let before = self.ghosts.slots();
        change(&mut self.ghosts, self.len as usize);
        self.common.more_ghosts(self.ghosts.slots().wrapping_sub(before).cast_signed());
    }

    fn resize_ghosts(&mut self, buckets: u32) {
        self.change_ghosts(|ghosts, _| ghosts.resize(buckets));
    }
}

impl Drop for Adaptive {
    fn drop(&mut self) {
        self.len = 0;
        self.tell();
        self.resize_ghosts(0);
    }
}

impl Bounded for Adaptive {}
impl MakesRoom for Adaptive {}

impl Eviction for Adaptive {
    #[inline]
    fn hooks(_: Token) -> impl Hooks<Self> {
        OwnHooks
    }

    fn inserted(&mut self, slot: u32) {
        self.ask_ghosts();
        let reuse = self.coming.take().and(self.reuse).unwrap_or(NEVER);
        self.words.enter(slot, self.time(), reuse);
        self.len += 1;
        self.window += 1;
        self.ring.push(slot, self.ring_len() as usize);
        self.ghosts.grow(self.len);
        self.fit_ghosts();
        if !std::mem::take(&mut self.made_room) {
            // While it fills, what the window has too much of is main's.
            let share = (self.common.target(self.purse.votes) / self.common.shards).max(2);
            if self.is_wide(share, 0)
                && let (Some(oldest), _) = self.sample(1)
            {
                self.promote(oldest);
            }
        }
    }

    #[inline]
    fn hit(&self, slot: u32) {
        self.words.mark(slot);
    }

    fn removed(&mut self, slot: u32) {
        let word = self.words.vacate(slot);
        if !word.is_vacant() {
            self.len -= 1;
            self.window -= u32::from(!word.is_main());
        }
        self.forget(slot);
    }

    fn moved(&mut self, from: u32, to: u32) {
        self.words.moved(from, to);
    }

    fn victim(&mut self) -> Option<u32> {
        let (mut oldest, mut overdue) = self.sample(LINES);
        // Not before: it takes a while until the processor has what they are in.
        self.ask_ghosts();
        let share = self.share();
        if self.is_wide(share, 0) && oldest.is_none() {
            (oldest, overdue) = self.sample(LINES);
        }
        if self.is_wide(share, 2)
            && let Some(slot) = oldest
        {
            // The target has fallen: the window gives one more, without a comparison.
            self.promote(slot);
            (oldest, overdue) = self.sample(LINES);
        }
        match (oldest, overdue) {
            (Some(candidate), Some(overdue)) if self.is_wide(share, 0) => {
                let age = self.words.get(overdue).age(self.time());
                let is_sooner = |reuse: u16| reuse + reuse / MARGIN < age;
                if self.words.get(candidate).reuse().is_some_and(is_sooner) {
                    self.promote(candidate);
                    Some(overdue)
                } else {
                    Some(candidate)
                }
            }
            (oldest, overdue) => overdue.or(oldest),
        }
    }

    fn shrink_to(&mut self, slots: usize) {
        self.words.shrink_to(slots);
        self.ring.shrink_to(self.ring_len() as usize);
        self.fit_ghosts();
        self.ghosts.shrink(self.len);
    }
}

impl Hooks<Adaptive> for OwnHooks {
    fn init(&self, eviction: &mut Adaptive, heap: &Heap, field: &FieldContext) {
        let (capacity, shards) = (field.capacity, field.shards.max(1));
        // As many ghosts as entries, and half as many again.
        let buckets = capacity.map_or(1, |capacity| capacity.saturating_mul(3).div_ceil(2 * WAYS * shards).max(1));
        eviction.resize_ghosts(0);
        eviction.common = field.common(|| Common::new(capacity, shards)).unwrap_or_default();
        eviction.words = Words::new(heap);
        eviction.ghosts = Ghosts::new(heap, 0);
        eviction.ring = Ring::new(heap);
        eviction.resize_ghosts(u32::try_from(buckets).unwrap_or(u32::MAX));
    }

    fn part(&self, eviction: &Adaptive, index: usize) -> Option<(usize, usize)> {
        let words = (0..).map_while(|index| eviction.words.part(index));
        let ghosts = (0..).map_while(|index| eviction.ghosts.part(index));
        let ring = (0..).map_while(|index| eviction.ring.part(index));
        words.chain(ghosts).chain(ring).nth(index)
    }

    fn missed(&self, eviction: &mut Adaptive, hash: LowHash) {
        if eviction.coming == Some(hash) {
            return;
        }
        eviction.ask_ghosts();
        eviction.coming = Some(hash);
        eviction.reuse = None;
        eviction.made_room = false;
        // Other threads may have written to all of them since; so they come at once.
        eviction.ghosts.prefetch(hash);
        eviction.next.iter().for_each(|&line| eviction.words.prefetch(line));
        eviction.purse.misses += 1;
        if eviction.purse.misses >= eviction.misses_to_tell {
            eviction.tell();
        }
    }

    fn evicted(&self, eviction: &mut Adaptive, slot: u32, hash: LowHash) {
        let word = eviction.words.get(slot);
        if !word.is_vacant() {
            eviction.ghosts.put(hash, eviction.common.tick(), word.age(eviction.time()));
        }
        eviction.made_room = true;
    }

    /// Most of what is in a small window is not used again before it leaves.
    fn likely_victim(&self, eviction: &Adaptive) -> Option<u32> {
        eviction.ring.front().filter(|_| eviction.goes_by_ring())
    }

    fn looks_at(&self, eviction: &mut Adaptive, nth: usize) -> Range<u32> {
        let lines = eviction.next_lines();
        let Some(&line) = lines.get(nth).filter(|&&line| line < eviction.words.lines()) else { return 0..0 };
        let slot = |line: usize| u32::try_from(line * LINE).unwrap_or(u32::MAX);
        slot(line)..slot(line + 1)
    }
}
