//! Memory that lies on a NUMA node: what the machine has, where shards are placed, and how it is asked of the kernel.

#[allow(unsafe_code, reason = "raw memory")]
pub(crate) mod arena;
pub(crate) mod chunked;
pub mod placement;
#[allow(unsafe_code, reason = "lends what it protects")]
pub(crate) mod sync;
#[allow(unsafe_code, reason = "calls of the system")]
pub(crate) mod sys;
pub mod topology;
