//! Memory for the tables of one map on one node, in blocks.
//!
//! A *chunk* is the unit in which a table grows; it holds a power of two of *buckets*. A table that
//! needs less than a chunk has a block of 1, 2, 4, … buckets: chunks are halved for such blocks and put together again when
//! both halves are back (the buddy system; Knowlton, CACM 1965). Chunks lie side by side in *spans*. A span is about twice as large as the one
//! before; small ones are parts of [reservations](source) that all arenas of a node share, larger ones are mappings. Chunks that come back
//! are kept for the next table up to a share of what is in use; beyond that their pages are given back to the system.
//!
//! | file | what is in it |
//! |---|---|
//! | `blocks.rs` | chunks, halved |
//! | `chunks.rs` | spans, and which chunks of them have pages |
//! | `source.rs` | where spans come from |
//! | `empty.rs` | what a table without memory has in its place |
//! | `heap.rs` | an allocator for what is known of entries |
//! | `home.rs` | the node |
//! | `placed.rs` | an array whose elements lie on several nodes |
//! | `striped.rs` | such arrays of many maps side by side |
//! | `late.rs` | an array that is made when it is first needed |
//! | `usage.rs` | counters |
//! | `faults.rs` | memory that is refused, in tests |
//!
//! # Readers without a lock
//!
//! A span stays the arena's until the arena is dropped. A reader without a lock may thus look at a block that has been freed,
//! or is another table's by now: it finds stale or zero bytes, and its sequence number tells it so. It may also look up to a chunk's length beside
//! a block, so the first and the last chunk of a span are not used where there are such readers: what they look at is never another
//! arena's. For the same reason directories (the arrays of a table's chunks) are recycled among themselves only.
//!
//! A reader borrows the map, the map's tables own the arena, and so no reader looks at an arena that is dropped. Only then its spans go to
//! other arenas, of other maps with other types. (The lock of the reservation orders what the last owner did before what the next one does.)
//!
//! # Pages
//!
//! The size of a page is known only when the program runs, and may be more than a chunk has. Spans consist of whole pages, so no page is shared by
//! two arenas. Within a span, chunks may share a page. Its memory goes back when all of them are free, and never a part of it, for
//! the system would take the rest as well.
//!
//! What is in a block when it is handed out may be anything.

mod blocks;
mod chunks;
mod empty;
#[cfg(test)]
pub(crate) mod faults;
mod heap;
mod home;
mod late;
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
pub(crate) use home::Home;
pub(crate) use late::{Late, Offset};
pub(crate) use placed::Placed;
pub(crate) use shape::Shape;
pub(crate) use tables::{Arena, Directory};

#[cfg(test)]
mod tests;
