//! What the evictions of all shards of a field share.

use std::{
    any::Any,
    sync::{Arc, OnceLock},
};

/// The size of each table of a field whose tables take their memory in advance.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InAdvance {
    /// Buckets with memory.
    pub(crate) buckets: u32,
    /// The end of the slot numbers.
    pub(crate) slots: u32,
}

/// What an eviction knows of its field, and the state that the evictions of all shards share.
#[derive(Debug, Default)]
pub struct FieldContext {
    /// In entries. `None` if the capacity is a weight.
    pub(super) capacity: Option<usize>,
    pub(super) shards: usize,
    in_advance: Option<InAdvance>,
    common: OnceLock<Arc<dyn Any + Send + Sync>>,
}

impl FieldContext {
    pub(crate) fn new(capacity: Option<usize>, shards: usize) -> Self {
        FieldContext { capacity, shards, in_advance: None, common: OnceLock::new() }
    }

    /// How many entries the fullest shards have when the map is full, if its capacity is in entries. The number is
    /// random, with a standard deviation of the square root of the average. Hardly any shard exceeds the average by
    /// more than three times that.
    pub(crate) fn most_entries(&self) -> Option<usize> {
        if self.in_advance.is_some() { self.most_entries_ever() } else { self.entries_with(3, 0) }
    }

    /// As [`most_entries`](FieldContext::most_entries), but no shard ever has more, unless the hasher spreads the keys
    /// unevenly. (The Poisson distribution exceeds its mean `m` by more than `8 sqrt(m) + 8` less than once in 10^10
    /// draws, for every `m`.)
    pub(crate) fn most_entries_ever(&self) -> Option<usize> {
        self.entries_with(8, 8)
    }

    /// The share of a shard, plus a multiple of its square root, plus some more. At most the capacity.
    fn entries_with(&self, deviations: usize, more: usize) -> Option<usize> {
        let average = self.capacity?.div_ceil(self.shards.max(1));
        let by_chance = if self.shards > 1 { deviations * average.isqrt() + more } else { 0 };
        Some(average.saturating_add(by_chance).min(self.capacity?))
    }

    /// The tables take their memory in advance.
    pub(crate) fn with(self, in_advance: Option<InAdvance>) -> Self {
        FieldContext { in_advance, ..self }
    }

    /// What each table takes in advance. `None` if the tables take memory as they grow.
    pub(crate) fn in_advance(&self) -> Option<InAdvance> {
        self.in_advance
    }

    /// The number of slots of a table that takes its memory in advance, or zero.
    pub(super) fn slots_in_advance(&self) -> usize {
        self.in_advance.map_or(0, |in_advance| in_advance.slots as usize)
    }

    /// The shared state, made by the first call; `None` if that call made a value of another type.
    pub(super) fn common<T: Any + Send + Sync>(&self, make: impl FnOnce() -> T) -> Option<Arc<T>> {
        Arc::clone(self.common.get_or_init(|| Arc::new(make()))).downcast().ok()
    }
}
