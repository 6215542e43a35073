use super::{
    context::FieldContext,
    hooks::{Hooks, OwnHooks, Token},
    queue,
    traits::{Bounded, Eviction, MakesRoom},
};
use crate::{engine::list::NIL, memory::arena::Heap};

/// A hand moves from the oldest entry to the newest and evicts the first one that was not used since its last visit:
/// `evict = Sieve`.
///
/// A use writes at most one byte, under any lock, and never reorders. So it costs less than [`Lru`](super::Lru), and it
/// resists scans better. The algorithm is SIEVE (Zhang et al., "SIEVE is Simpler than LRU", NSDI 2024), per shard. The
/// hand passes over at most 64 used entries in one eviction, and then evicts the next one, used or not.
///
/// # Examples
///
/// ```
/// # use sharded::sharded;
/// # use std::collections::HashMap;
/// #[sharded(shards = 1)]
/// struct Web {
///     #[shard(capacity = 2, evict = Sieve)]
///     pages: HashMap<u32, String>,
/// }
/// let web = Web::new();
/// web.pages().insert(1, "one".to_owned());
/// web.pages().insert(2, "two".to_owned());
/// web.pages().get(&1);
/// web.pages().insert(3, "three".to_owned());
/// assert!(web.pages().contains_key(&1) && !web.pages().contains_key(&2));
/// ```
#[derive(Debug)]
pub struct Sieve {
    queue: queue::Queue,
    /// Where the search goes on, or `NIL` for the oldest.
    hand: u32,
}

impl Default for Sieve {
    fn default() -> Self {
        Sieve { queue: queue::Queue::default(), hand: NIL }
    }
}

impl Bounded for Sieve {}
impl MakesRoom for Sieve {}

impl Eviction for Sieve {
    #[inline]
    fn hooks(_: Token) -> impl Hooks<Self> {
        OwnHooks
    }

    fn inserted(&mut self, slot: u32) {
        self.queue.push_front(slot);
    }

    #[inline]
    fn hit(&self, slot: u32) {
        self.queue.mark(slot);
    }

    fn removed(&mut self, slot: u32) {
        if self.hand == slot {
            self.hand = self.queue.prev(slot);
        }
        self.queue.unlink(slot);
    }

    fn moved(&mut self, from: u32, to: u32) {
        self.queue.moved(from, to);
        if self.hand == from {
            self.hand = to;
        }
    }

    fn victim(&mut self) -> Option<u32> {
        let oldest = self.queue.list.tail()?;
        if self.hand == NIL {
            self.hand = oldest;
        }
        for _ in 0..queue::MAX_CHANCES {
            if !self.queue.unmark(self.hand) {
                break;
            }
            self.hand = match self.queue.prev(self.hand) {
                NIL => oldest,
                newer => newer,
            };
        }
        Some(self.hand)
    }

    fn shrink_to(&mut self, slots: usize) {
        self.queue.shrink_to(slots);
    }
}

impl Hooks<Sieve> for OwnHooks {
    fn init(&self, eviction: &mut Sieve, heap: &Heap, field: &FieldContext) {
        eviction.queue.init(heap, field.slots_in_advance());
    }

    fn part(&self, eviction: &Sieve, index: usize) -> Option<(usize, usize)> {
        eviction.queue.part(index)
    }
}
