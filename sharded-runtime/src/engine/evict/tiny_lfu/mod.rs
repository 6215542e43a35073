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

/// The lists: new entries, entries of main, and entries of main that were used there.
const WINDOW: u8 = 0;
const PROBATION: u8 = 1;
const PROTECTED: u8 = 2;
/// Four of five entries of main may be protected.
const PROTECTED_PART: (u32, u32) = (4, 5);
/// The most uses under a shared lock that are counted before the eviction learns of them.
const MOST_USES: u8 = u8::MAX;
/// The most entries that one insert moves between window and main when the size of the window has changed.
const MOVES: u32 = 4;
/// A key with a higher frequency than this gets in with a probability of one in `LUCK`, even against a key of equal
/// frequency. So an attacker who chooses keys by their hashes can't keep it out.
const WARM: u64 = 5;
const LUCK: u32 = 128;

/// Keeps the keys that are requested more often, as estimated by a sketch of all recent requests: `evict = TinyLfu`.
///
/// New entries are in a *window*, in the least recently used order. An entry that leaves the window gets into *main*
/// only if it was requested more often than the entry that main would evict for it. Main is in the least recently used
/// order, too. Entries that were used there are protected, up to four fifths of main. The requests for a key, also
/// those before its insertion, are counted in counters of four bits, which it shares with other keys. From time to time
/// all counters are halved. The window adapts by hill climbing: it becomes larger, or smaller, as long as that brings
/// more hits, by up to a sixteenth of the capacity after every ten requests for each entry.
///
/// The order is exact in each shard under an exclusive lock, such as [`Mutex`](crate::lock::Mutex). Under a shared lock
/// a reader counts its use in one byte of the entry. The eviction reads it when the entry is about to be evicted, and
/// passes over at most 64 used entries at a time. Under [`Optimistic`](crate::lock::Optimistic) all uses since then
/// count as one. Each slot takes 16 bytes, and each entry of the capacity 4 to 8.
///
/// The algorithm is W-TinyLFU (Einziger, Friedman and Manes, "`TinyLFU`: A Highly Efficient Cache Admission Policy",
/// ACM TOS 2017), with the adaptive window of Einziger, Eytan, Friedman and Manes ("Adaptive Software Cache
/// Management", Middleware 2018). The size of the window is that of the whole field, and all other state is that of a
/// shard. Weights play no part in the choice.
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
    /// With the lower half of the hash of each entry.
    entries: Parts<3, LowHash>,
    sketch: Sketch,
    climb: Arc<Climb>,
    unreported: Unreported,
    /// The capacity of the field, if it is a number of entries.
    capacity: Option<u64>,
    shards: u64,
    /// The lower half of the hash of the key that is about to be inserted.
    coming: Option<LowHash>,
    /// Whether an entry was evicted for it.
    made_room: bool,
    random: u32,
}

impl TinyLfu {
    /// The target size of the window.
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

    /// Counts requests for a key: a miss, or one or more hits.
    fn asked(&mut self, hash: LowHash, times: u8, is_hit: bool) {
        self.sketch.count(hash, times);
        self.unreported.requests += u32::from(times);
        self.unreported.hits += u32::from(is_hit) * u32::from(times);
        let capacity = self.capacity.unwrap_or_else(|| u64::from(self.entries.total()) * self.shards);
        // About five reports per step, and before the counts overflow.
        if u64::from(self.unreported.requests) > 2 * (capacity / self.shards.max(1)).min(1 << 20) {
            self.climb.report(&mut self.unreported, capacity);
        }
    }

    /// Learns of the counted uses of an entry and moves it up. Returns whether there were any.
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
        // More than one if main has become smaller.
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

    /// Moves entries between window and main until the window has `window` entries, a few at a time.
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
            // While the map fills, the excess of the window goes to main.
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
            // After the insertion of an entry the window has one more. Without one, a new entry must not leave at once.
            let coming = u32::from(self.coming.is_some());
            let candidate = self.entries.oldest(WINDOW).filter(|_| self.entries.len(WINDOW) + coming > window);
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
        eviction.entries = Parts::with_slots(heap, field.slots_in_advance());
        eviction.shards = field.shards.max(1) as u64;
        eviction.capacity = field.capacity.map(|capacity| capacity as u64);
        eviction.sketch = Sketch::new(heap, field.capacity.unwrap_or(0).div_ceil(field.shards.max(1)));
        if field.in_advance().is_some() {
            eviction.sketch.keep_all();
        }
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
