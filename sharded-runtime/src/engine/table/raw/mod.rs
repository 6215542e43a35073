//! The storage of a table: entries in buckets, by linear hashing. The number of buckets changes by one at a time.
//!
//! | file | what is in it |
//! |---|---|
//! | `table.rs` | a table |
//! | `layout.rs`, `shape.rs` | how a bucket lies in memory: by its types, and as numbers |
//! | `address.rs`, `header.rs`, `bucket.rs` | one bucket |
//! | `buckets.rs` | all buckets, without the types of keys and values |
//! | `entry.rs` | one entry |
//! | `words.rs` | copying values that may be written concurrently |
//! | `marks.rs` | which entries were used by readers without a lock |
//! | `homes.rs` | which bucket a hash belongs to |
//! | `sizes.rs` | how many buckets there should be |
//! | `offer.rs` | a key and a value that a call brings |
//! | `probe.rs` | the search for a key, with a lock or without |
//! | `put.rs` | storing and removing |
//! | `removed.rs` | entries that were removed |
//! | `shared.rs`, `retired.rs` | entries that readers without a lock may hold, and those of them that have left |
//! | `displaced.rs`, `uncounted.rs` | how many entries lie behind their home |
//! | `gaps.rs` | filling the gaps that removed entries leave |
//! | `grow.rs`, `chain.rs` | splits and merges |
//! | `moves.rs` | which entries a step has moved |
//! | `memory.rs` | where the buckets' memory comes from |
//! | `geometry.rs` | where the buckets are, also for readers without a lock |
//! | `walk.rs` | all entries, some at a time, each once |
//! | `racy.rs` | reading without a lock |
//!
//! `README.md`, one folder up, has the reasons for this design, and the measurements.
//!
//! # Invariants
//!
//! - The buckets `0..buckets` have memory. Those in `0..homes` are *homes*: every hash belongs to one of them.
//! - An entry lies in its home or in a later bucket. In the latter case its home counts it as displaced, and so does
//!   each bucket between. So a search goes on exactly as long as it must.
//! - A slot has an entry if its tag is not zero. The number of a slot is the number of its bucket, shifted, plus its
//!   index there.

// Unsafe methods of a bucket state their requirements, see `address.rs`. They hold here because only its `RawTable`
// uses a bucket, except for readers without a lock, and because `&mut`, or the lock behind a `&`, excludes other
// writers.

mod address;
mod bucket;
mod buckets;
mod chain;
mod displaced;
mod entry;
mod fetch;
mod gaps;
mod geometry;
mod grow;
mod header;
mod homes;
mod layout;
mod marks;
mod memory;
mod moves;
mod offer;
mod probe;
mod put;
mod racy;
mod removed;
mod retired;
mod shape;
mod shared;
mod sizes;
mod slot;
mod table;
mod uncounted;
mod walk;
mod words;

pub(crate) use buckets::NoMemory;
pub(crate) use entry::{Found, FoundMut};
pub(crate) use fetch::Fetch;
pub(crate) use layout::StampOf;
pub(super) use moves::Moves;
pub(crate) use offer::{Offer, Stored};
pub(crate) use probe::Search;
pub(crate) use put::Put;
pub(crate) use racy::{Glance, Kept, Look, Peek, Place, Unclear, Unlocked, Use, UseFetched};
pub(crate) use removed::{Destination, Handed, Removed};
pub(crate) use retired::{Backlog, Wait};
pub(crate) use shape::Shape;
pub(crate) use slot::BucketNo;
pub(crate) use slot::Slot;
pub(crate) use table::{RawTable, ViewOf};
pub(crate) use walk::{Cursor, Entries};
