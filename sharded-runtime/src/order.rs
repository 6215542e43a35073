//! The order in which a thread may enter shards from inside each other's closures.
//!
//! Places are ordered by store (in the order they were built), then by field (in the order of declaration), then by shard.
//! A thread that is inside a place may enter only later ones. Two threads that both keep to one order can't wait for each
//! other in a circle, and a thread can't wait for itself; whoever does not keep to it panics, with both call sites, before
//! it waits.
//!
//! Every access looks before it waits. Only one that runs code of the user under the lock records where it is: a closure, and
//! the `Eq` and `Clone` of keys and values that own something. Those of plain data (no drop glue) are taken not to access
//! a store themselves, since recording costs a hit of such types more than a tenth of its time; likewise `Borrow`, clocks
//! and evictions of the user's own.
//!
//! What must not run under a lock that the user holds waits until the thread is [outside](when_outside) of all shards.

use smallvec::SmallVec;
use std::{
    cell::{Cell, RefCell},
    mem,
    mem::ManuallyDrop,
    panic::Location,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
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
    name: Name,
}

/// A name, as a single word.
type Name = &'static &'static str;

impl Place {
    pub(crate) fn new(store: StoreId, field: u16, name: Name) -> Self {
        assert!(field < MAX_FIELDS, "a store can have at most {MAX_FIELDS} fields");
        let rank = (store.0 << (FIELD_BITS + SHARD_BITS)) | (u64::from(field) << SHARD_BITS);
        Place { rank, name }
    }

    /// Looks whether this thread may wait for a shard of this field.
    ///
    /// # Panics
    ///
    /// If it is inside the same shard or a later place.
    #[inline]
    #[track_caller]
    pub(crate) fn check(&self, shard: usize) {
        if RANK.get() != 0 {
            self.check_nested(shard, Location::caller());
        }
    }

    #[cold]
    #[inline(never)]
    fn check_nested(&self, shard: usize, at: &Location<'_>) {
        if RANK.get() >= self.rank | shard as u64 {
            self.refuse(shard, at);
        }
    }

    /// Records that this thread is inside a shard of this field, until the result is dropped.
    #[inline]
    pub(crate) fn enter(&self, shard: usize, at: &'static Location<'static>) -> Inside {
        if RANK.get() != 0 {
            Frame::innermost().put_aside();
        }
        Frame { rank: self.rank | shard as u64, name: self.name, at }.record();
        Inside
    }

    #[cold]
    fn refuse(&self, shard: usize, at: &Location<'_>) -> ! {
        let held = Frame::innermost();
        panic!(
            "`{}` (shard {shard}) is accessed at {at} from inside `{}` (shard {}), entered at {}: an access from inside a \
             closure must go to a later shard, field or store, or it could wait for ever; end the outer access first",
            self.name,
            held.name,
            held.rank & ((1 << SHARD_BITS) - 1),
            held.at,
        );
    }
}

/// Whether this thread is inside any shard that has been recorded.
#[inline]
pub(crate) fn is_inside() -> bool {
    RANK.get() != 0
}

/// What can wait until a thread is outside of all shards. It does not panic.
pub(crate) trait Later {
    fn run(&self);
}

/// Has something run once this thread, which is inside a shard, is outside of all: when the lock of the outermost is released. Once,
/// however often it is asked for meanwhile.
#[cold]
pub(crate) fn when_outside(job: Arc<dyn Later>) {
    LATER.with_borrow_mut(|jobs| {
        if jobs.is_empty() {
            // Beneath all others, so that whoever leaves the outermost place comes upon it, and nobody else has to look.
            ASIDE.with_borrow_mut(|aside| aside.insert(0, Frame::OUTSIDE));
            DEPTH.set(DEPTH.get() + 1);
        }
        if !jobs.iter().any(|other| std::ptr::addr_eq(Arc::as_ptr(other), Arc::as_ptr(&job))) {
            jobs.push(job);
        }
    });
}

/// The stay in a shard; it ends when this is dropped, and the thread is again where it was. To be dropped after the lock is released.
pub(crate) struct Inside;

impl Drop for Inside {
    #[inline]
    fn drop(&mut self) {
        // The rest is not looked at then.
        RANK.set(0);
        if DEPTH.get() != 0 {
            Frame::take_up();
        }
    }
}

// The last place that this thread has entered and not left. A rank of zero is none, whatever the others say: so an access
// that is not nested writes as little as can be.
thread_local! {
    static RANK: Cell<u64> = const { Cell::new(0) };
    static NAME: Cell<Name> = const { Cell::new(&"") };
    static AT: Cell<&'static Location<'static>> = const { Cell::new(Location::caller()) };
    /// How many it had entered before that one, which are put aside meanwhile.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    /// Without a destructor, so that it can be asked in the destructors of other thread-locals: it owns nothing when it is empty.
    static ASIDE: RefCell<ManuallyDrop<Frames>> = const { RefCell::new(ManuallyDrop::new(SmallVec::new_const())) };
    /// What waits until none is entered. Likewise.
    static LATER: RefCell<ManuallyDrop<Vec<Arc<dyn Later>>>> = const { RefCell::new(ManuallyDrop::new(Vec::new())) };
}

type Frames = SmallVec<[Frame; 4]>;

/// A place that a thread has entered, and where in the program.
#[derive(Clone, Copy)]
struct Frame {
    rank: u64,
    name: Name,
    at: &'static Location<'static>,
}

impl Frame {
    /// Where no place is entered.
    const OUTSIDE: Frame = Frame { rank: 0, name: &"", at: Location::caller() };

    fn innermost() -> Self {
        Frame { rank: RANK.get(), name: NAME.get(), at: AT.get() }
    }

    #[inline]
    fn record(self) {
        RANK.set(self.rank);
        NAME.set(self.name);
        AT.set(self.at);
    }

    #[cold]
    #[inline(never)]
    fn put_aside(self) {
        ASIDE.with_borrow_mut(|aside| aside.push(self));
        DEPTH.set(DEPTH.get() + 1);
    }

    #[cold]
    #[inline(never)]
    fn take_up() {
        DEPTH.set(DEPTH.get() - 1);
        let outer = ASIDE.with_borrow_mut(|aside| {
            let outer = aside.pop();
            if aside.is_empty() {
                aside.shrink_to_fit();
            }
            outer
        });
        if let Some(outer) = outer {
            outer.record();
            if outer.rank == 0 {
                for job in LATER.with_borrow_mut(|jobs| mem::take(&mut **jobs)) {
                    job.run();
                }
            }
        }
    }
}
