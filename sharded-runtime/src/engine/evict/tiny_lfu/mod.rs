mod climb;
mod sketch;

use super::{
    context::FieldContext,
    hooks::{Hooks, OwnHooks, Token},
    parts::Parts,
    queue::MAX_CHANCES,
    traits::{Bounded, Eviction, MakesRoom},
};
use crate::{hasher::LowHash, memory::arena::Heap};
use climb::{Climb, Unreported};
use sketch::Sketch;
use std::sync::Arc;

/// The lists: new entries, entries of main, and those of them that were used since they came there.
const WINDOW: u8 = 0;
const PROBATION: u8 = 1;
const PROTECTED: u8 = 2;
/// Four of five entries of main may be protected.
const PROTECTED_PART: (u32, u32) = (4, 5);
/// Uses under a shared lock that are counted before they are looked at.
const MOST_USES: u8 = u8::MAX;
/// Entries that one insert moves between window and main because the window's size has changed.
const MOVES: u32 = 4;
/// What is asked for more often than that gets in once in so many times, though something else is asked for as often:
/// so that nobody keeps it out who chooses keys for their hashes.
const WARM: u64 = 5;
const LUCK: u32 = 128;

/// What is asked for more often stays, as far as a sketch of all recent requests can tell: `evict = TinyLfu`.
///
/// New entries are in a *window*, in the least recently used order. What leaves it gets into *main* only if it was
/// asked for more often than what main would evict for it; main is in the least recently used order, and what was used
/// there is protected, up to four fifths of it. How often a key was asked for, also before it came, is kept in counters
/// of four bits, which it shares with others, and which are halved now and then. The window adapts to the load by hill
/// climbing: it becomes larger, or smaller, as long as that brings more hits, by up to a sixteenth of the capacity
/// after every ten requests for each entry.
///
/// Exact per shard under a lock whose readers are alone, such as [`Mutex`](crate::lock::Mutex). Under a shared lock a
/// reader counts its use in one byte of the entry, and it is looked at when the entry comes to be evicted; at most 64
/// entries are passed over so in one eviction. Under [`Optimistic`](crate::lock::Optimistic) all uses since then count
/// as one. It takes 16 bytes a slot, and 4 to 8 per entry of the capacity.
///
/// The algorithm is W-TinyLFU (Einziger, Friedman and Manes, "`TinyLFU`: A Highly Efficient Cache Admission Policy",
/// ACM TOS 2017), the window's that of Einziger, Eytan, Friedman and Manes ("Adaptive Software Cache Management",
/// Middleware 2018). The window is the field's, all else each shard's. Where entries have a weight, it is not looked at
/// in choosing one.
///
/// # Examples
///
/// ```
/// # use sharded::sharded;
/// # use std::collections::HashMap;
/// #[sharded(shards = 1)]
/// struct Web {
///     #[shard(capacity = 100, evict = TinyLfu)]
///     pages: HashMap<u32, String>,
/// }
/// let web = Web::new();
/// for n in (0..50).chain(0..50).chain(0..50) {
///     web.pages().get_or_insert_with(n, || "often".to_owned());
/// }
/// // Many that come only once.
/// for n in 1_000..2_000 {
///     web.pages().insert(n, "once".to_owned());
/// }
/// assert!((0..50).filter(|n| web.pages().contains_key(n)).count() > 35);
/// ```
#[derive(Debug, Default)]
pub struct TinyLfu {
    /// With the lower half of the entry's hash.
    entries: Parts<3, LowHash>,
    sketch: Sketch,
    climb: Arc<Climb>,
    unreported: Unreported,
    /// Of the field, where it is a number of entries.
    capacity: Option<u64>,
    shards: u64,
    /// The lower half of the hash of what is about to be inserted.
    coming: Option<LowHash>,
    /// Whether an entry has left for it.
    made_room: bool,
    random: u32,
}

impl TinyLfu {
    /// Entries that the window should have.
    fn window(&self) -> u32 {
        self.climb.window(self.entries.total())
    }

    fn random(&mut self, below: u32) -> u32 {
        // Marsaglia, "Xorshift RNGs", 2003. Its state is never zero.
        let mut x = self.random.max(1);
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        self.random = x;
        x % below
    }

    /// Counts requests for a key: a miss, or hits.
    fn asked(&mut self, hash: LowHash, times: u8, is_hit: bool) {
        self.sketch.count(hash, times);
        self.unreported.requests += u32::from(times);
        self.unreported.hits += u32::from(is_hit) * u32::from(times);
        let capacity = self.capacity.unwrap_or_else(|| u64::from(self.entries.total()) * self.shards);
        // Five times as often as a step could be due, and before the counts are too large.
        if u64::from(self.unreported.requests) > 2 * (capacity / self.shards.max(1)).min(1 << 20) {
            self.climb.report(&mut self.unreported, capacity);
        }
    }

    /// Looks at the uses of an entry, if there were any: it moves up.
    fn learn(&mut self, slot: u32) -> bool {
        let Some(list) = self.entries.list_of(slot) else { return false };
        let uses = std::mem::take(self.entries.uses(slot));
        if uses == 0 {
            return false;
        }
        self.asked(self.entries.with(slot), uses, true);
        self.entries.shift(slot, if list == WINDOW { WINDOW } else { PROTECTED });
        let main = self.entries.total().saturating_sub(self.window());
        let most = u64::from(main) * u64::from(PROTECTED_PART.0) / u64::from(PROTECTED_PART.1);
        // More than one where main has become smaller.
        for _ in 0..2 {
            if u64::from(self.entries.len(PROTECTED)) > most
                && let Some(oldest) = self.entries.oldest(PROTECTED)
            {
                self.entries.shift(oldest, PROBATION);
            }
        }
        true
    }

    fn oldest_of_main(&self) -> Option<u32> {
        self.entries.oldest(PROBATION).or_else(|| self.entries.oldest(PROTECTED))
    }

    /// Moves the border between window and main, if the window is to have so many entries.
    fn move_border(&mut self, window: u32) {
        for _ in 0..MOVES {
            let now = self.entries.len(WINDOW);
            let (slot, to) = if now > window {
                (self.entries.oldest(WINDOW), PROBATION)
            } else if now + 1 < window {
                (self.oldest_of_main(), WINDOW)
            } else {
                return;
            };
            let Some(slot) = slot else { return };
            self.entries.shift(slot, to);
        }
    }

    fn admits(&mut self, candidate: u32, instead_of: u32) -> bool {
        let [candidate, other] = [candidate, instead_of].map(|slot| self.sketch.frequency(self.entries.with(slot)));
        candidate > other || (candidate > WARM && self.random(LUCK) == 0)
    }
}

impl Bounded for TinyLfu {}
impl MakesRoom for TinyLfu {}

impl Eviction for TinyLfu {
    #[inline]
    fn hooks(_: Token) -> impl Hooks<Self> {
        OwnHooks
    }

    fn inserted(&mut self, slot: u32) {
        let hash = self.coming.take().unwrap_or(LowHash::from_bits(slot));
        self.entries.enter(slot, WINDOW, hash);
        if self.capacity.is_none() {
            self.sketch.fit(self.entries.total());
        }
        self.sketch.grow(self.entries.total());
        if !std::mem::take(&mut self.made_room) {
            // While it fills, what the window has too much of is main's.
            self.move_border(self.window());
        }
    }

    #[inline]
    fn hit(&self, slot: u32) {
        self.entries.count_use(slot, MOST_USES);
    }

    fn hit_mut(&mut self, slot: u32) {
        self.hit(slot);
        self.learn(slot);
    }

    fn removed(&mut self, slot: u32) {
        self.entries.leave(slot);
    }

    fn moved(&mut self, from: u32, to: u32) {
        self.entries.moved(from, to);
    }

    fn victim(&mut self) -> Option<u32> {
        let window = self.window();
        self.move_border(window);
        let mut last = None;
        for _ in 0..MAX_CHANCES {
            // One more is about to come.
            let candidate = self.entries.oldest(WINDOW).filter(|_| self.entries.len(WINDOW) >= window);
            let other = self.oldest_of_main();
            last = other.or(candidate).or_else(|| self.entries.oldest(WINDOW));
            if candidate.is_some_and(|slot| self.learn(slot)) || other.is_some_and(|slot| self.learn(slot)) {
                continue;
            }
            if let (Some(candidate), Some(other)) = (candidate, other) {
                if !self.admits(candidate, other) {
                    return Some(candidate);
                }
                self.entries.shift(candidate, PROBATION);
            }
            return last;
        }
        last
    }

    fn shrink_to(&mut self, slots: usize) {
        self.entries.shrink_to(slots);
        if self.capacity.is_none() {
            self.sketch.fit(self.entries.total());
        }
        self.sketch.shrink(self.entries.total());
    }
}

impl Hooks<TinyLfu> for OwnHooks {
    #[inline]
    fn reorders(&self) -> bool {
        true
    }

    fn init(&self, eviction: &mut TinyLfu, heap: &Heap, field: &FieldContext) {
        eviction.entries = Parts::new(heap);
        eviction.shards = field.shards.max(1) as u64;
        eviction.capacity = field.capacity.map(|capacity| capacity as u64);
        eviction.sketch = Sketch::new(heap, field.capacity.unwrap_or(0).div_ceil(field.shards.max(1)));
        eviction.climb = field.common(Climb::default).unwrap_or_default();
    }

    fn part(&self, eviction: &TinyLfu, index: usize) -> Option<(usize, usize)> {
        let entries = (0..).map_while(|index| eviction.entries.part(index));
        entries.chain((0..).map_while(|index| eviction.sketch.part(index))).nth(index)
    }

    fn missed(&self, eviction: &mut TinyLfu, hash: LowHash) {
        if eviction.coming != Some(hash) {
            eviction.coming = Some(hash);
            eviction.made_room = false;
            eviction.asked(hash, 1, false);
        }
    }

    fn evicted(&self, eviction: &mut TinyLfu, _: u32, _: LowHash) {
        eviction.made_room = true;
    }
}
