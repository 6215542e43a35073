//! Counters of memory that is handed out.

use crate::memory::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

/// Bytes in use, and pieces ever handed out.
pub(super) struct Usage {
    bytes: AtomicUsize,
    pieces: AtomicU64,
}

impl Usage {
    pub(super) fn new() -> Self {
        Usage { bytes: AtomicUsize::new(0), pieces: AtomicU64::new(0) }
    }

    pub(super) fn take(&self, bytes: usize) {
        self.bytes.fetch_add(bytes, Relaxed);
        self.pieces.fetch_add(1, Relaxed);
    }

    pub(super) fn give(&self, bytes: usize) {
        self.bytes.fetch_sub(bytes, Relaxed);
    }

    /// Bytes in use, and the number of pieces ever handed out.
    pub(super) fn get(&self) -> (usize, u64) {
        (self.bytes.load(Relaxed), self.pieces.load(Relaxed))
    }
}
