use std::{
    any::Any,
    sync::{Arc, OnceLock},
};

/// What an eviction is told of the field that its shard belongs to, and what those of all its shards have in common.
#[derive(Debug, Default)]
pub struct Field {
    /// In entries, where that is how it is declared.
    pub(super) capacity: Option<usize>,
    pub(super) shards: usize,
    common: OnceLock<Arc<dyn Any + Send + Sync>>,
}

impl Field {
    pub(crate) fn new(capacity: Option<usize>, shards: usize) -> Self {
        Field { capacity, shards, common: OnceLock::new() }
    }

    /// How many entries the fullest shards have when the map is full, if its capacity is in entries. That is chance, by as much as the square
    /// root of what each shard has on average: hardly one has more by three times that.
    pub(crate) fn most_entries(&self) -> Option<usize> {
        let average = self.capacity?.div_ceil(self.shards.max(1));
        let by_chance = if self.shards > 1 { 3 * average.isqrt() } else { 0 };
        Some(average.saturating_add(by_chance).min(self.capacity?))
    }

    /// What whoever asked first has made; nothing if that was of another type.
    pub(super) fn common<T: Any + Send + Sync>(&self, make: impl FnOnce() -> T) -> Option<Arc<T>> {
        Arc::clone(self.common.get_or_init(|| Arc::new(make()))).downcast().ok()
    }
}
