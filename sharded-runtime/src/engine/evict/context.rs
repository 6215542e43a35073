//! What the evictions of all shards of a field share.

use std::{
    any::Any,
    sync::{Arc, OnceLock},
};

/// What an eviction knows of its field, and the state that the evictions of all shards share.
#[derive(Debug, Default)]
pub struct FieldContext {
    /// In entries. `None` if the capacity is a weight.
    pub(super) capacity: Option<usize>,
    pub(super) shards: usize,
    common: OnceLock<Arc<dyn Any + Send + Sync>>,
}

impl FieldContext {
    pub(crate) fn new(capacity: Option<usize>, shards: usize) -> Self {
        FieldContext { capacity, shards, common: OnceLock::new() }
    }

    /// How many entries the fullest shards have when the map is full, if its capacity is in entries. The number is
    /// random, with a standard deviation of the square root of the average. Hardly any shard exceeds the average by
    /// more than three times that.
    pub(crate) fn most_entries(&self) -> Option<usize> {
        let average = self.capacity?.div_ceil(self.shards.max(1));
        let by_chance = if self.shards > 1 { 3 * average.isqrt() } else { 0 };
        Some(average.saturating_add(by_chance).min(self.capacity?))
    }

    /// The shared state, made by the first call; `None` if that call made a value of another type.
    pub(super) fn common<T: Any + Send + Sync>(&self, make: impl FnOnce() -> T) -> Option<Arc<T>> {
        Arc::clone(self.common.get_or_init(|| Arc::new(make()))).downcast().ok()
    }
}
