use super::{
    context::FieldContext,
    hooks::{Hooks, OwnHooks, Token},
    queue,
    traits::{Bounded, Eviction, MakesRoom},
};
use crate::memory::arena::Heap;

/// Evicts the least recently used entry: `evict = Lru`.
///
/// The order is exact in each shard under an exclusive lock, such as [`Mutex`](crate::lock::Mutex): each use moves the
/// entry to the front. Under a shared lock a reader can't reorder the queue, so it marks its entry, with one byte. A
/// marked entry that is about to be evicted goes to the front instead, as in the CLOCK algorithm (Corbató, 1968). At
/// most 64 entries are spared in one eviction.
///
/// # Examples
///
/// ```
/// # use sharded::sharded;
/// # use std::collections::HashMap;
/// #[sharded(shards = 1)]
/// struct Web {
///     #[shard(capacity = 2, evict = Lru)]
///     pages: HashMap<u32, String>,
/// }
/// let web = Web::new();
/// web.pages().insert(1, "one".to_owned());
/// web.pages().insert(2, "two".to_owned());
/// web.pages().get(&1);
/// web.pages().insert(3, "three".to_owned());
/// assert!(web.pages().contains_key(&1) && !web.pages().contains_key(&2));
/// ```
#[derive(Debug, Default)]
pub struct Lru(queue::Queue);

impl Bounded for Lru {}
impl MakesRoom for Lru {}

impl Eviction for Lru {
    #[inline]
    fn hooks(_: Token) -> impl Hooks<Self> {
        OwnHooks
    }

    fn inserted(&mut self, slot: u32) {
        self.0.push_front(slot);
    }

    #[inline]
    fn hit(&self, slot: u32) {
        self.0.mark(slot);
    }

    #[inline]
    fn hit_mut(&mut self, slot: u32) {
        self.0.list.move_to_front(&mut self.0.links, slot);
    }

    fn removed(&mut self, slot: u32) {
        self.0.unlink(slot);
    }

    fn moved(&mut self, from: u32, to: u32) {
        self.0.moved(from, to);
    }

    fn victim(&mut self) -> Option<u32> {
        for _ in 0..queue::MAX_CHANCES {
            let last = self.0.list.tail()?;
            if !self.0.unmark(last) {
                break;
            }
            self.0.list.move_to_front(&mut self.0.links, last);
        }
        self.0.list.tail()
    }

    fn shrink_to(&mut self, slots: usize) {
        self.0.shrink_to(slots);
    }
}

impl Hooks<Lru> for OwnHooks {
    #[inline]
    fn reorders(&self) -> bool {
        true
    }

    fn init(&self, eviction: &mut Lru, heap: &Heap, field: &FieldContext) {
        eviction.0.init(heap, field.slots_in_advance());
    }

    fn part(&self, eviction: &Lru, index: usize) -> Option<(usize, usize)> {
        eviction.0.part(index)
    }
}
