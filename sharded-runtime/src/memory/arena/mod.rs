//! Memory for the tables of one map on one node, in blocks.
//!
//! A *chunk* is the unit in which a table grows. It holds a power of two of *buckets*. A table that needs less than a
//! chunk has a block of 1, 2, 4, … buckets: chunks are split into such blocks, and two halves are merged when both are
//! free (the buddy system; Knowlton, CACM 1965). Chunks lie in *spans* of contiguous memory. A span is about twice as
//! large as its predecessor. Small spans are parts of [reservations](source) that all arenas of a node share, larger
//! ones are mappings. Some free chunks keep their pages for the next table, in proportion to those in use; the pages of
//! the others go back to the system.
//!
//! | file | what is in it |
//! |---|---|
//! | `blocks.rs` | the buddy allocator |
//! | `chunks.rs` | spans, and which of their chunks have pages |
//! | `shape.rs` | the sizes of blocks |
//! | `tables.rs` | the arena of a map's tables |
//! | `source.rs`, `supply.rs` | where spans come from |
//! | `empty.rs` | the arrays of a table without memory |
//! | `heap.rs` | an allocator for metadata of entries |
//! | `memory_node.rs` | the node |
//! | `placed.rs` | an array whose elements lie on several nodes |
//! | `striped.rs` | memory that such arrays of many maps share |
//! | `late.rs` | an array that is allocated when it is first needed |
//! | `usage.rs` | counters |
//! | `faults.rs` | allocations that fail, in tests |
//!
//! # Lock-free readers
//!
//! A span belongs to its arena until the arena is dropped. So a lock-free reader may look at a block that has been
//! freed, or that another table uses by now: it finds stale or zero bytes, and the sequence number tells it so. It may
//! also read up to a chunk beyond a block. So the first and the last chunk of a span stay unused if there are such
//! readers, and a reader never sees memory of another arena. For the same reason, directories (the arrays of a table's
//! chunks) are recycled only as directories.
//!
//! A reader borrows the map, and the tables of the map own the arena, so no reader looks at an arena that is dropped.
//! Only then do its spans go to other arenas, of maps with other types. (The lock of the reservation orders the last
//! use by one arena before the first use by the next.)
//!
//! # Pages
//!
//! The size of a page is known only at run time, and may exceed that of a chunk. Spans consist of whole pages, so two
//! arenas never share one. Chunks of a span may share a page. Its memory goes back when all of them are free, and never
//! in part, because the system would take the rest as well.
//!
//! The bytes of a block are unspecified when it is handed out.

mod blocks;
mod chunks;
mod empty;
#[cfg(test)]
pub(crate) mod faults;
mod heap;
mod late;
mod memory_node;
mod placed;
mod shape;
mod source;
mod striped;
mod supply;
mod tables;
mod usage;

pub(crate) use empty::EMPTY;
#[allow(unreachable_pub, reason = "in a method of a public trait that only this crate can call")]
pub use heap::Heap;
pub(crate) use late::{Late, Offset};
pub(crate) use memory_node::MemoryNode;
pub(crate) use placed::Placed;
pub(crate) use shape::BlockShape;
pub(crate) use tables::{Arena, Directory};

#[cfg(test)]
mod tests;
