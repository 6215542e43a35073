mod candidates;
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
use crate::{hasher::LowHash, memory::arena::Heap};
use candidates::Candidates;
use common::{Common, ENTRY, Purse};
use ring::Ring;
use std::{ops::Range, sync::Arc};
use words::{LINES, NEVER, SLOTS, Time, Word, Words};

/// The most victims of one search, and the entries of the shard for each of them: several victims of one search would
/// be too many in a small shard. The next search follows even if candidates are left.
const VICTIMS: (u32, u32) = (8, 32);
/// The most searches in a row that find nothing.
const MOST_SEARCHES: usize = 3;
/// An entry gets into main if its reuse time is shorter than the victim's age by this fraction (its denominator) and by
/// this many ticks, the unit of reuse times.
const MARGIN: (u16, u16) = (8, 2);
/// The ring has one of this many entries, and at least this many slots.
const RING: (u32, u32) = (16, 16);
/// The most outdated slots that one call takes off the ring.
const POPS: usize = 16;
/// With fewer entries per shard than this, a shard may have no window at all.
const FEW: u64 = 64;

/// Balances recency and the time between uses, and learns the balance from the requests: `evict = Adaptive`, the
/// default where only a `capacity` is declared.
///
/// New entries are in a *window*, the others in *main*. An entry that has to leave the window gets into main only if
/// the time between its last two uses is shorter than the time since the last use of the most overdue entry of main,
/// which then leaves. So a scan passes through the window and leaves main as it is, and of a loop that is larger than
/// the map a part stays in main. An evicted key leaves a *ghost*, some bits of its hash, by which it is recognized if
/// it comes back soon. The window has 1 to 99 hundredths of the capacity. Each miss that the least recently used order
/// would have hit makes it larger, and each hit that this order would have missed makes it smaller.
///
/// A use writes two bytes. Under a shared lock it does so at most once while a thirty-second of the capacity is
/// inserted. There are no lists: a search of 128 slots, in four parts of the table, finds the candidates of up to eight
/// evictions. Each slot takes 2 bytes, and each entry of the capacity a little more than 3.
///
/// The comparison of reuse with recency is from LIRS (Jiang and Zhang, "LIRS", SIGMETRICS 2002), the window with ghosts
/// from 2Q and S3-FIFO (Johnson and Shasha, VLDB 1994; Yang et al., SOSP 2023), and the idea of the adaptation from ARC
/// (Megiddo and Modha, FAST 2003). Unlike these, it counts time in ticks of a thirty-second of the capacity, and only
/// estimates the behaviour of the least recently used order.
///
/// The whole field learns together. Each shard chooses among its own entries. Weights play no part in the choice.
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
#[repr(C)] // A hit reads one cache line behind that of the lock. Most of what a choice of a victim reads is there, too.
pub struct Adaptive {
    tick: u64,
    /// The lower half of the hash of the key that is about to be inserted.
    coming: Option<LowHash>,
    /// The misses after which `purse` is added to `common`.
    misses_to_tell: u32,
    /// The ghosts that a miss samples.
    sample: u32,
    /// The victims that are still to come from the last search.
    victims_left: u32,
    /// The time since the last use of that key in units of two ticks, or `NEVER`.
    reuse: u16,
    /// Whether an entry was evicted for it.
    made_room: bool,
    /// Whether the capacity is a number of entries. The number of ghosts is then fixed.
    is_sized: bool,
    words: Words,
    /// The time when `purse` was last added.
    time: Time,
    len: u32,
    /// Entries of the window.
    window: u32,
    /// The target size of this shard's window, in units of which an entry has [`ENTRY`].
    share: u64,
    ring: Ring,
    common: Arc<Common>,
    ghosts: Ghosts,
    purse: Purse,
    /// The entries of this shard that `common` has counted.
    told_entries: u32,
    candidates: Candidates,
    /// The lines that the next search looks at.
    next: [u32; LINES],
}

impl Adaptive {
    /// The length of the ring.
    fn ring_len(&self) -> u32 {
        Self::ring_len_for(self.len)
    }

    fn ring_len_for(entries: u32) -> u32 {
        (entries / RING.0).max(RING.1)
    }

    /// Whether the ring has the oldest entry of the window.
    fn goes_by_ring(&self) -> bool {
        self.window <= self.ring_len()
    }

    #[cold]
    fn front_of_ring(&self) -> Option<u32> {
        self.ring.front().filter(|_| self.goes_by_ring())
    }

    /// The lines that the next search looks at.
    fn next_lines(&self) -> &[u32] {
        &self.next[..LINES.min(self.words.lines())]
    }

    /// Chooses the lines of the next search. They advance at different speeds, so that each line competes with many
    /// others: a dense part of the table loses more entries than a sparse one, and no part becomes full.
    fn choose_lines(&mut self) {
        let all = u32::try_from(self.words.lines()).unwrap_or(u32::MAX);
        for (nth, line) in (0..).zip(&mut self.next) {
            *line = if all as usize <= LINES { nth } else { (*line + 2 * nth + 1) % all };
        }
    }

    /// Searches the next lines for candidates. In a table that is almost empty this may take several searches.
    fn search(&mut self) {
        for _ in 0..MOST_SEARCHES {
            if self.next_lines().iter().any(|&line| line as usize >= self.words.lines()) {
                self.choose_lines();
            }
            let lines = &self.next[..LINES.min(self.words.lines())];
            let seen = self.candidates.search(&mut self.words, lines, self.time);
            self.choose_lines();
            self.purse.seen += seen.entries;
            self.purse.old += seen.old;
            self.purse.votes -= seen.late.cast_signed();
            if seen.entries > 0 {
                break;
            }
        }
        self.victims_left = (self.len / VICTIMS.1).clamp(1, VICTIMS.0);
        self.fit_share();
    }

    /// The entry of the window that should leave it next.
    fn oldest(&mut self) -> Option<(u32, Word)> {
        if self.goes_by_ring() {
            for _ in 0..POPS {
                let Some(slot) = self.ring.front() else { break };
                let word = self.words.get(slot);
                if word.is_window() {
                    return Some((slot, word));
                }
                self.ring.pop();
            }
        }
        let found = self.candidates.oldest(&self.words, self.time);
        if found.is_some() || self.window == 0 {
            return found;
        }
        self.search();
        self.candidates.oldest(&self.words, self.time)
    }

    /// The entry of main that should leave it next.
    fn overdue(&mut self) -> Option<(u32, Word)> {
        let found = self.candidates.overdue(&self.words, self.time);
        if found.is_some() || self.window == self.len {
            return found;
        }
        self.search();
        self.candidates.overdue(&self.words, self.time)
    }

    fn promote(&mut self, slot: u32) {
        self.words.promote(slot);
        self.window -= 1;
        self.ring.forget(slot);
    }

    /// Whether the window exceeds its share by more than `more` entries.
    fn is_wide(&self, more: u64) -> bool {
        ENTRY * u64::from(self.window) > self.share + ENTRY * more
    }

    /// Computes the share of the window in this shard's entries.
    fn fit_share(&mut self) {
        let target = self.common.target(self.purse.votes);
        let untold = i64::from(self.len) - i64::from(self.told_entries);
        let entries = self.common.entries().saturating_add_signed(untold).max(u64::from(self.len)).max(1);
        let share = target.saturating_mul(u64::from(self.len)) / entries;
        self.share = if self.common.size() < FEW * self.common.shards { share } else { share.max(ENTRY) };
    }

    fn tell(&mut self) {
        #[allow(clippy::cast_possible_wrap, reason = "there are no so many slots")]
        let more = self.len.wrapping_sub(self.told_entries) as i32;
        self.purse.entries = more;
        self.told_entries = self.len;
        self.common.tell(&mut self.purse);
        self.misses_to_tell = self.common.misses_to_tell();
        self.sample = self.common.sample();
        self.tick = self.common.tick();
        self.time = Time { tick: u16::try_from(self.tick & 0xff).unwrap_or(0), tau: self.common.tau() };
        self.fit_share();
    }

    /// Adjusts the number of ghosts to one or two per entry, if the capacity is a weight.
    fn fit_ghosts(&mut self) {
        if !self.is_sized {
            self.change_ghosts(Ghosts::fit);
        }
    }

    /// Changes how many ghosts there may be, and counts the change in `common`.
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
        let reuse = self.coming.take().map_or(NEVER, |_| self.reuse);
        self.words.enter(slot, self.time, reuse);
        self.len += 1;
        self.window += 1;
        self.ring.push(slot, self.ring_len());
        self.ghosts.grow(self.len);
        self.fit_ghosts();
        // While the map fills, the excess of the window goes to main.
        if !std::mem::take(&mut self.made_room)
            && self.is_wide(0)
            && let Some((oldest, _)) = self.oldest()
        {
            self.promote(oldest);
        }
    }

    #[inline]
    fn hit(&self, slot: u32) {
        self.words.used(slot, self.time);
    }

    #[inline]
    fn hit_mut(&mut self, slot: u32) {
        self.words.used_exclusive(slot, self.time);
    }

    fn removed(&mut self, slot: u32) {
        let word = self.words.vacate(slot);
        if !word.is_vacant() {
            self.len -= 1;
            self.window -= u32::from(word.is_window());
        }
        // So that the next entry in this slot is not taken for this one.
        self.ring.forget(slot);
    }

    fn moved(&mut self, from: u32, to: u32) {
        self.words.moved(from, to);
    }

    fn victim(&mut self) -> Option<u32> {
        if self.victims_left == 0 {
            self.search();
        }
        self.victims_left -= 1;
        if self.victims_left == 0 {
            // The next search comes some inserts later.
            self.next_lines().iter().for_each(|&line| self.words.prefetch(line as usize));
        }
        if self.is_wide(1)
            && let Some((oldest, _)) = self.oldest()
        {
            // The share has fallen: the oldest entry gets into main without a comparison.
            self.promote(oldest);
        }
        if !self.is_wide(0) {
            return self.overdue().or_else(|| self.oldest()).map(|(slot, _)| slot);
        }
        let Some((oldest, candidate)) = self.oldest() else { return self.overdue().map(|(slot, _)| slot) };
        // Only an entry that was used again can get into main.
        if let Some(reuse) = candidate.reuse()
            && let Some((overdue, word)) = self.overdue()
            && reuse + reuse / MARGIN.0 + MARGIN.1 < word.age(self.time)
        {
            self.promote(oldest);
            return Some(overdue);
        }
        Some(oldest)
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
        // One and a half ghosts per entry.
        let buckets = capacity.map_or(1, |capacity| capacity.saturating_mul(3).div_ceil(2 * WAYS * shards).max(1));
        eviction.resize_ghosts(0);
        eviction.is_sized = capacity.is_some();
        eviction.common = field.common(|| Common::new(capacity, shards)).unwrap_or_default();
        eviction.words = Words::new(heap, field.slots_in_advance());
        eviction.ghosts = Ghosts::new(heap, 0);
        let most = field.most_entries_ever().filter(|_| field.in_advance().is_some());
        let most = most.map(|entries| u32::try_from(entries).unwrap_or(u32::MAX));
        eviction.ring = Ring::new(heap, most.map_or(0, Adaptive::ring_len_for));
        eviction.candidates = Candidates::default();
        eviction.tell();
        eviction.resize_ghosts(u32::try_from(buckets).unwrap_or(u32::MAX));
        if field.in_advance().is_some() {
            eviction.ghosts.keep_all();
        }
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
        eviction.coming = Some(hash);
        eviction.made_room = false;
        let (tau, sample) = (eviction.time.tau, eviction.sample);
        let ghost = eviction.ghosts.take(hash, eviction.tick, tau, sample);
        eviction.reuse = ghost.age.map_or(NEVER, |age| (age / 2).min(NEVER - 1));
        let purse = &mut eviction.purse;
        purse.votes += i32::from(ghost.age.is_some_and(|age| age < tau));
        purse.ghosts_seen += sample;
        purse.young += ghost.young;
        purse.misses += 1;
        if purse.misses >= eviction.misses_to_tell {
            eviction.tell();
        }
    }

    fn evicted(&self, eviction: &mut Adaptive, slot: u32, hash: LowHash) {
        let word = eviction.words.get(slot);
        if !word.is_vacant() {
            eviction.ghosts.put(hash, eviction.tick, word.age(eviction.time));
        }
        eviction.made_room = true;
    }

    /// Most entries of a small window are not used again before they leave.
    #[inline]
    fn likely_victim(&self, eviction: &Adaptive) -> Option<u32> {
        // Without a search the victim is known soon.
        if eviction.victims_left > 0 { None } else { eviction.front_of_ring() }
    }

    fn looks_at(&self, eviction: &mut Adaptive, nth: usize) -> Range<u32> {
        let line = eviction.next_lines().get(nth).filter(|_| eviction.victims_left == 0);
        line.map_or(0..0, |&line| line * SLOTS..(line + 1) * SLOTS)
    }
}
