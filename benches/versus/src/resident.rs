//! The memory of this process.

/// Resident bytes of this process.
pub(crate) fn resident() -> u64 {
    memory_stats::memory_stats().map_or(0, |stats| stats.physical_mem as u64)
}

/// Bytes per entry.
#[allow(clippy::cast_precision_loss, reason = "below 2^53")]
pub(crate) fn per(bytes: u64, entries: u64) -> f64 {
    bytes as f64 / entries.max(1) as f64
}
