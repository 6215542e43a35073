//! The storage of a table: entries in buckets, which are found by linear hashing and grow in number one at a time.
//!
//! | file | what is in it |
//! |---|---|
//! | `table.rs` | a table |
//! | `layout.rs`, `shape.rs` | how a bucket lies in memory: by its types, and as numbers |
//! | `address.rs`, `header.rs`, `bucket.rs` | one bucket |
//! | `buckets.rs` | all buckets, without the types of keys and values |
//! | `entry.rs` | one entry |
//! | `words.rs` | copying what may be written meanwhile |
//! | `marks.rs` | which entries were used by readers without a lock |
//! | `homes.rs` | which bucket a hash belongs to |
//! | `sizes.rs` | how many buckets there should be |
//! | `offer.rs` | what a call brings to be stored |
//! | `probe.rs` | the search for a key, with a lock or without |
//! | `put.rs` | storing and removing |
//! | `removed.rs` | what was removed |
//! | `displaced.rs`, `uncounted.rs` | how many entries lie behind their home |
//! | `gaps.rs` | filling the gaps that removed entries leave |
//! | `grow.rs`, `chain.rs` | one bucket more, or one less |
//! | `moves.rs` | which entries a step has moved |
//! | `memory.rs` | where the buckets' memory comes from |
//! | `geometry.rs` | where the buckets are, also for readers without a lock |
//! | `walk.rs` | all entries, some at a time, each once |
//! | `racy.rs` | reading without a lock |
//!
//! `README.md` one folder up says why it is made like this, and what was measured.
//!
//! # What always holds
//!
//! - The buckets `0..buckets` have memory. Those in `0..homes` are *homes*: every hash belongs to one of them.
//! - An entry lies in its home or in a later bucket; then each bucket from its home on up to where it lies counts it as
//!   displaced, so that a search goes on exactly as long as it must.
//! - A slot has an entry if its tag is not zero. A slot's number is the bucket's, shifted, and its place in it.

// A method that is `unsafe` says what of the bucket it is called on, see `address.rs`; here this holds: a `RawTable`
// has its buckets to itself, but for readers that race, and `&mut` (or the lock that gave `&`) keeps writers apart.

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
mod shape;
mod sizes;
mod slot;
mod table;
mod uncounted;
mod walk;
mod words;

pub(crate) use buckets::NoMemory;
pub(crate) use entry::Found;
pub(crate) use fetch::Fetch;
pub(crate) use layout::StampOf;
pub(super) use moves::Moves;
pub(crate) use offer::{Offer, Stored};
pub(crate) use put::Put;
pub(crate) use racy::{Copied, Glance, Look, Peek, Place, Unclear, Use, UseFetched};
pub(crate) use removed::{Destination, Handed, Removed};
pub(crate) use slot::BucketNo;
pub(crate) use slot::Slot;
pub(crate) use table::{RawTable, ViewOf};
pub(crate) use walk::{Cursor, Entries};
