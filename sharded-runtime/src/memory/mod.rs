//! Memory on NUMA nodes: arenas, the placement of shards, the topology of the machine, synchronization, reclamation,
//! and system calls.

#[allow(unsafe_code, reason = "raw memory")]
pub(crate) mod arena;
#[allow(unsafe_code, reason = "one bounds check for two indexes")]
pub(crate) mod chunked;
pub mod placement;
#[allow(unsafe_code, reason = "lists that are never freed")]
pub(crate) mod reclaim;
#[allow(unsafe_code, reason = "lends what it protects")]
pub(crate) mod sync;
#[allow(unsafe_code, reason = "calls of the system")]
pub(crate) mod sys;
pub mod topology;
pub(crate) mod waits;
