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

    /// What whoever asked first has made; nothing if that was of another type.
    pub(super) fn common<T: Any + Send + Sync>(&self, make: impl FnOnce() -> T) -> Option<Arc<T>> {
        Arc::clone(self.common.get_or_init(|| Arc::new(make()))).downcast().ok()
    }
}
