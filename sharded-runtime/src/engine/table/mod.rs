//! The entries of one field in one shard, and the data about each.
//!
//! | file | what is in it |
//! |---|---|
//! | `raw/` | the buckets: in which slot each entry lies |
//! | `slots.rs` | a table: its buckets, and the data about their slots |
//! | `due.rs` | which buckets may have expired entries |
//! | `evictable.rs` | the search for entries that may be evicted, where some may not |
//! | `weights.rs` | what each entry weighs |
//! | `pieces.rs` | a walk through the memory of all these |
//!
//! An entry stays in its slot until a step of growth or shrinking moves it. Data about it moves with it. `README.md`
//! has the reasons for this design, and the measurements.

mod due;
mod evictable;
mod pieces;
#[allow(unsafe_code, reason = "raw memory")]
mod raw;
mod slots;
mod weights;

pub(crate) use evictable::{SEARCHED, SEARCHED_ELSEWHERE};
pub(crate) use pieces::NextPiece;
pub(crate) use raw::{
    Backlog, BucketNo, Cursor, Fetch, FoundMut, Glance, Handed, Kept, Look, NoMemory, Offer, Peek, Place, Put, Removed,
    Shape, Slot, StampOf, Stored, Unclear, Unlocked, Use, UseFetched, Wait,
};
pub(crate) use slots::{Entries, Entry, EntryMut, Search, Table, TableOf, TableView};
