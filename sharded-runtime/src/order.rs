//! The order in which a thread may enter shards from inside each other's closures.
//!
//! Places are ordered by store (in the order they were built), then by field (in the order of declaration), then by shard.
//! A thread that is inside a place may enter only later ones. Two threads that both keep to one order can't wait for each
//! other in a circle, and a thread can't wait for itself; whoever does not keep to it panics, with both call sites, before
//! it waits.
//!
//! Every access that takes a lock looks and records, since keys and values run their own code (`Eq`, `Clone`) under it.

use std::{
    cell::Cell,
    panic::Location,
    sync::atomic::{AtomicU64, Ordering},
};

const SHARD_BITS: u32 = 16;
const FIELD_BITS: u32 = 12;

/// The most fields that one store can have.
const MAX_FIELDS: u16 = 1 << FIELD_BITS;

/// The place of a store in the order: later ones are larger.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StoreId(u64);

impl StoreId {
    pub(crate) fn new() -> Self {
        // Starts at one: a rank of zero means "inside nothing". 2^36 stores would have to be built to run out.
        static NEXT: AtomicU64 = AtomicU64::new(1);
        StoreId(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// A field of a store, as a place in the order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// The rank of the field's first shard.
    rank: u64,
    name: &'static str,
}

impl Place {
    pub(crate) fn new(store: StoreId, field: u16, name: &'static str) -> Self {
        assert!(field < MAX_FIELDS, "a store can have at most {MAX_FIELDS} fields");
        let rank = (store.0 << (FIELD_BITS + SHARD_BITS)) | (u64::from(field) << SHARD_BITS);
        Place { rank, name }
    }

    /// Enters a shard of this field until the result is dropped.
    ///
    /// # Panics
    ///
    /// If this thread is inside the same shard or a later place.
    #[inline]
    #[track_caller]
    pub(crate) fn enter(&self, shard: usize) -> Inside {
        let (rank, at) = (self.rank | shard as u64, Location::caller());
        INNERMOST.with(|innermost| {
            if innermost.rank.get() >= rank {
                innermost.refuse(self.name, rank, at);
            }
            innermost.enter(self.name, rank, at)
        })
    }

    /// As [`enter`](Place::enter), for an access that never waits and so may go anywhere.
    #[inline]
    #[track_caller]
    pub(crate) fn enter_without_waiting(&self, shard: usize) -> Inside {
        let (rank, at) = (self.rank | shard as u64, Location::caller());
        INNERMOST.with(|innermost| innermost.enter(self.name, rank, at))
    }
}

/// Whether this thread is inside any shard.
pub(crate) fn is_inside() -> bool {
    INNERMOST.with(|innermost| innermost.rank.get() != 0)
}

/// The stay in a shard. It holds where the thread was before, and takes it back there when dropped.
pub(crate) struct Inside {
    rank: u64,
    name: &'static str,
    at: Option<&'static Location<'static>>,
}

impl Drop for Inside {
    #[inline]
    fn drop(&mut self) {
        INNERMOST.with(|innermost| {
            innermost.rank.set(self.rank);
            innermost.name.set(self.name);
            innermost.at.set(self.at);
        });
    }
}

thread_local! {
    static INNERMOST: Innermost = const {
        Innermost { rank: Cell::new(0), name: Cell::new(""), at: Cell::new(None) }
    };
}

/// The last place that this thread has entered and not left.
struct Innermost {
    rank: Cell<u64>,
    name: Cell<&'static str>,
    at: Cell<Option<&'static Location<'static>>>,
}

impl Innermost {
    /// Records where the thread is now; the result knows where it was.
    #[inline]
    fn enter(&self, name: &'static str, rank: u64, at: &'static Location<'static>) -> Inside {
        Inside { rank: self.rank.replace(rank), name: self.name.replace(name), at: self.at.replace(Some(at)) }
    }

    #[cold]
    fn refuse(&self, name: &str, rank: u64, here: &Location<'_>) -> ! {
        let shard = |rank: u64| rank & ((1 << SHARD_BITS) - 1);
        let (held_name, held) = (self.name.get(), self.rank.get());
        let held_at = self.at.get().map_or_else(String::new, |at| format!(", entered at {at}"));
        panic!(
            "`{name}` (shard {}) is accessed at {here} from inside `{held_name}` (shard {}){held_at}: \
             an access from inside a closure must go to a later shard, field or store, or it could wait for ever; \
             end the outer access first",
            shard(rank),
            shard(held),
        );
    }
}
