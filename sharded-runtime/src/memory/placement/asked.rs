//! The source of a placement report.

/// Who reported where pages lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Asked {
    /// The kernel, page by page (`move_pages`).
    Pages,
    /// The kernel, for whole mappings (`numa_maps`), because it does not report single pages. The pages of a mapping
    /// that several shards share are divided among them in proportion.
    Mappings,
    /// Nobody: this system does not report it.
    Nobody,
}
