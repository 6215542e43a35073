//! What was asked where pages are.

/// Who said where pages are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Asked {
    /// The kernel, page by page (`move_pages`).
    Pages,
    /// The kernel, for each mapping as a whole (`numa_maps`), since it does not answer for single pages: what several shards share is
    /// counted as theirs in proportion.
    Mappings,
    /// Nobody: this system can't be asked.
    Nobody,
}
