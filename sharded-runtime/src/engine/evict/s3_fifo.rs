use super::{
    context::FieldContext,
    ghosts::{Ghosts, WAYS},
    hooks::{Hooks, OwnHooks, Token},
    parts::Parts,
    queue::MAX_CHANCES,
    traits::{Bounded, Eviction, MakesRoom},
};
use crate::{hasher::LowHash, memory::arena::Heap};

/// The queues: new entries, and entries that were used again.
const SMALL: u8 = 0;
const MAIN: u8 = 1;
/// One of this many entries is in the small queue.
const SMALL_PART: u32 = 10;
/// The most uses of an entry that are counted, and the uses that move it from the small queue to main.
const MOST_USES: u8 = 3;
const ENOUGH_USES: u8 = 2;
/// The ticks in the time in which as many keys become ghosts as main has entries, unless main has fewer.
const TICKS: u32 = 32;

/// Three queues, first in, first out: a small one for new entries, a main one, and one for evicted keys: `evict =
/// S3Fifo`.
///
/// The small queue has a tenth of the entries. Its oldest entry goes to main if it was used twice since its insertion.
/// Otherwise it leaves, and its key becomes a *ghost*. A key that is inserted while it is a ghost goes to main at once.
/// The oldest entry of main leaves unless it was used. Then it goes around again, up to three times. So keys that are
/// requested only once take a tenth of the room at most.
///
/// A use writes at most one byte, under any lock, and never reorders. Each slot takes 12 bytes, and each entry of the
/// capacity 3 for ghosts. At most 64 entries are passed over in one eviction. Under
/// [`Optimistic`](crate::lock::Optimistic) the number of uses is not known, and one use is enough.
///
/// The algorithm is S3-FIFO (Yang, Zhang, Qiu, Yue and Rashmi, "FIFO queues are all you need for cache eviction", SOSP
/// 2023), per shard. As proposed there, a ghost is some bits of a hash and a time, in buckets. Time is counted in parts
/// of main. Weights play no part in the choice.
///
/// # Examples
///
/// ```
/// # use sharded::sharded;
/// # use std::collections::HashMap;
/// #[sharded(shards = 1)]
/// struct Web {
///     #[shard(capacity = 100, evict = S3Fifo)]
///     pages: HashMap<u32, String>,
/// }
/// let web = Web::new();
/// for n in 0..50 {
///     web.pages().insert(n, "often".to_owned());
///     web.pages().get(&n);
///     web.pages().get(&n);
/// }
/// // Many that come only once.
/// for n in 1_000..2_000 {
///     web.pages().insert(n, "once".to_owned());
/// }
/// assert!((0..50).all(|n| web.pages().contains_key(&n)));
/// ```
#[derive(Debug, Default)]
pub struct S3Fifo {
    queues: Parts<2, ()>,
    ghosts: Ghosts,
    /// Whether the capacity is a number of entries. The number of ghosts is then fixed.
    is_sized: bool,
    tick: u64,
    /// Keys that have become ghosts during this tick.
    ghosts_in_tick: u32,
    /// The lower half of the hash of the key that is about to be inserted.
    coming: Option<LowHash>,
    /// Whether that key was a ghost.
    comes_back: bool,
    /// The last victim. If `hit_mut` is called for it, a reader without a lock has used it, maybe several times.
    named: Option<u32>,
}

impl S3Fifo {
    /// The most ghosts, and the most entries of main.
    fn most_ghosts(&self) -> u32 {
        let len = self.queues.total();
        (len - len / SMALL_PART).max(1)
    }

    fn ghosts_per_tick(&self) -> u32 {
        (self.most_ghosts() / TICKS).max(1)
    }

    /// How long a key is a ghost, in ticks.
    fn ghost_age(&self) -> u16 {
        u16::try_from(self.most_ghosts().div_ceil(self.ghosts_per_tick())).unwrap_or(u16::MAX)
    }

    /// The queue of the next victim.
    fn queue(&self) -> u8 {
        let small = (self.queues.total() / SMALL_PART).max(1);
        if self.queues.len(SMALL) >= small || self.queues.len(MAIN) == 0 { SMALL } else { MAIN }
    }

    fn fit_ghosts(&mut self) {
        if !self.is_sized {
            self.ghosts.fit(self.queues.total() as usize);
        }
    }
}

impl Bounded for S3Fifo {}
impl MakesRoom for S3Fifo {}

impl Eviction for S3Fifo {
    #[inline]
    fn hooks(_: Token) -> impl Hooks<Self> {
        OwnHooks
    }

    fn inserted(&mut self, slot: u32) {
        let comes_back = self.coming.take().is_some() && self.comes_back;
        self.queues.enter(slot, if comes_back { MAIN } else { SMALL }, ());
        self.ghosts.grow(self.queues.total());
        self.fit_ghosts();
    }

    #[inline]
    fn hit(&self, slot: u32) {
        self.queues.count_use(slot, MOST_USES);
    }

    #[inline]
    fn hit_mut(&mut self, slot: u32) {
        self.queues.count_use(slot, MOST_USES);
        if self.named.take_if(|named| *named == slot).is_some() {
            let uses = self.queues.uses(slot);
            *uses = (*uses).max(ENOUGH_USES);
        }
    }

    fn removed(&mut self, slot: u32) {
        self.named.take_if(|named| *named == slot);
        self.queues.leave(slot);
    }

    fn moved(&mut self, from: u32, to: u32) {
        self.named.take_if(|named| *named == from);
        self.queues.moved(from, to);
    }

    fn victim(&mut self) -> Option<u32> {
        for _ in 0..MAX_CHANCES {
            let queue = self.queue();
            let oldest = self.queues.oldest(queue)?;
            let uses = self.queues.uses(oldest);
            match queue {
                SMALL if *uses >= ENOUGH_USES => *uses = 0,
                MAIN if *uses > 0 => *uses -= 1,
                _ => break,
            }
            self.queues.shift(oldest, MAIN);
        }
        self.named = self.queues.oldest(self.queue());
        self.named
    }

    fn shrink_to(&mut self, slots: usize) {
        self.queues.shrink_to(slots);
        self.fit_ghosts();
        self.ghosts.shrink(self.queues.total());
    }
}

impl Hooks<S3Fifo> for OwnHooks {
    fn init(&self, eviction: &mut S3Fifo, heap: &Heap, field: &FieldContext) {
        eviction.queues = Parts::with_slots(heap, field.slots_in_advance());
        eviction.is_sized = field.capacity.is_some();
        // One and a half times as many as there may be, since buckets do not fill evenly.
        let slots = field.capacity.map_or(1, |capacity| capacity.saturating_mul(3).div_ceil(2 * field.shards.max(1)));
        eviction.ghosts = Ghosts::new(heap, u32::try_from(slots.div_ceil(WAYS)).unwrap_or(u32::MAX).max(1));
        if field.in_advance().is_some() {
            eviction.ghosts.keep_all();
        }
    }

    fn part(&self, eviction: &S3Fifo, index: usize) -> Option<(usize, usize)> {
        let queues = (0..).map_while(|index| eviction.queues.part(index));
        queues.chain((0..).map_while(|index| eviction.ghosts.part(index))).nth(index)
    }

    fn missed(&self, eviction: &mut S3Fifo, hash: LowHash) {
        if eviction.coming != Some(hash) {
            eviction.coming = Some(hash);
            let age = eviction.ghosts.take(hash, eviction.tick, 0, 0).age;
            eviction.comes_back = age.is_some_and(|age| age <= eviction.ghost_age());
        }
    }

    fn evicted(&self, eviction: &mut S3Fifo, slot: u32, hash: LowHash) {
        if eviction.queues.list_of(slot) == Some(SMALL) {
            eviction.ghosts.put(hash, eviction.tick, 0);
            eviction.ghosts_in_tick += 1;
            if eviction.ghosts_in_tick >= eviction.ghosts_per_tick() {
                eviction.ghosts_in_tick = 0;
                eviction.tick += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Eviction, FieldContext, Hooks, LowHash, OwnHooks, S3Fifo};
    use crate::memory::arena::Heap;

    /// Inserts a key into the slot of the same number, with the key as its hash. Returns the key that was evicted.
    fn insert(eviction: &mut S3Fifo, key: u32, is_full: bool) -> Option<u32> {
        OwnHooks.missed(eviction, LowHash::from_bits(key));
        let victim = is_full.then(|| eviction.victim()).flatten();
        if let Some(victim) = victim {
            OwnHooks.evicted(eviction, victim, LowHash::from_bits(victim));
            eviction.removed(victim);
        }
        eviction.inserted(key);
        victim
    }

    fn full() -> S3Fifo {
        let mut eviction = S3Fifo::default();
        OwnHooks.init(&mut eviction, &Heap::default(), &FieldContext::new(Some(20), 1));
        (0..20).for_each(|key| _ = insert(&mut eviction, key, false));
        eviction
    }

    #[test]
    fn entries_that_are_used_again_or_return_go_to_main() {
        let mut eviction = full();
        // Of the first two, used twice and once, the second leaves.
        for slot in [0, 0, 1] {
            eviction.hit(slot);
        }
        assert_eq!(insert(&mut eviction, 100, true), Some(1));
        // It comes back into main, where it stays, as does 0; all others leave first.
        insert(&mut eviction, 1, true);
        let left: Vec<_> = (200..220).filter_map(|key| insert(&mut eviction, key, true)).collect();
        assert_eq!(left.len(), 20);
        assert!(!left.contains(&0) && !left.contains(&1), "{left:?}");
    }

    #[test]
    fn one_use_saves_a_named_victim() {
        let mut eviction = full();
        assert_eq!(eviction.victim(), Some(0));
        eviction.hit_mut(0);
        assert_eq!(eviction.victim(), Some(1));
    }
}
