//! The order in which a thread may enter shards from inside each other's closures.
//!
//! Places are ordered by store (in the order they were built), then by field (in the order of declaration), then by shard.
//! A thread that is inside a place may enter only later ones. Two threads that both keep to one order can't wait for each
//! other in a circle, and a thread can't wait for itself; whoever does not keep to it panics, with both call sites, before
//! it waits.
//!
//! Every access looks before it waits. Only one that runs code of the user under the lock records where it is, before it waits: a closure, and
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
        if is_inside() {
            self.check_nested(shard, Location::caller());
        }
    }

    #[cold]
    #[inline(never)]
    fn check_nested(&self, shard: usize, at: &Location<'_>) {
        if HERE.with(|here| here.rank.get()) >= self.rank | shard as u64 {
            self.refuse(shard, at);
        }
    }

    /// Looks whether this thread may wait for more than the lock of a shard of this field: only from outside of all shards.
    ///
    /// # Panics
    ///
    /// If it is inside any, of whichever field.
    #[inline]
    pub(crate) fn check_outside(&self, shard: usize, at: &Location<'_>) {
        if is_inside() {
            self.refuse_to_load(shard, at);
        }
    }

    /// As [`check`](Place::check), and records that this thread is inside the shard until the result is dropped. Whoever takes a lock does
    /// it before: while it waits nobody asks, and then there is less to be kept over that.
    #[inline]
    pub(crate) fn enter(&self, shard: usize, at: &'static Location<'static>) -> Inside {
        HERE.with(|here| {
            if here.rank.get() != 0 {
                self.enter_nested(shard, at);
            }
            here.record(Frame { rank: self.rank | shard as u64, name: self.name, at });
        });
        Inside
    }

    #[cold]
    #[inline(never)]
    fn enter_nested(&self, shard: usize, at: &Location<'_>) {
        self.check_nested(shard, at);
        HERE.with(Here::put_aside);
    }

    #[cold]
    fn refuse(&self, shard: usize, at: &Location<'_>) -> ! {
        let held = HERE.with(Here::frame);
        panic!(
            "`{}` (shard {shard}) is accessed at {at} from inside `{}` (shard {}), entered at {}: an access from inside a \
             closure must go to a later shard, field or store, or it could wait for ever; end the outer access first",
            self.name,
            held.name,
            held.rank & ((1 << SHARD_BITS) - 1),
            held.at,
        );
    }

    #[cold]
    fn refuse_to_load(&self, shard: usize, at: &Location<'_>) -> ! {
        let held = HERE.with(Here::frame);
        panic!(
            "`{}` (shard {shard}) is accessed at {at} from inside `{}` (shard {}), entered at {}: a load may have to wait for \
             another caller's loader, and that for the outer access; end the outer access first",
            self.name,
            held.name,
            held.rank & ((1 << SHARD_BITS) - 1),
            held.at,
        );
    }
}

/// Looks whether this thread may wait for another thread: only from outside of all shards, since the other one may need the shard.
///
/// # Panics
///
/// If it is inside any. The message says what it was about to do, and names both places.
#[inline]
pub(crate) fn check_wait(what: &str, at: &Location<'_>) {
    if is_inside() {
        refuse_to_wait(what, at);
    }
}

#[cold]
fn refuse_to_wait(what: &str, at: &Location<'_>) -> ! {
    let held = HERE.with(Here::frame);
    panic!(
        "{what} at {at} from inside `{}` (shard {}), entered at {}: this may have to wait for another thread, and that thread \
         for the outer access; end the outer access first",
        held.name,
        held.rank & ((1 << SHARD_BITS) - 1),
        held.at,
    );
}

/// Whether this thread is inside any shard that has been recorded.
#[inline]
pub(crate) fn is_inside() -> bool {
    HERE.with(|here| here.rank.get() != 0)
}

/// What can wait until a thread is outside of all shards. It does not panic.
pub(crate) trait Later {
    fn run(&self);
}

/// Has something run once this thread, which is inside a shard, is outside of all: when the lock of the outermost is released. Once,
/// however often it is asked for meanwhile.
#[cold]
pub(crate) fn when_outside(job: Arc<dyn Later>) {
    HERE.with(|here| {
        let mut jobs = here.later.borrow_mut();
        if jobs.is_empty() {
            // Beneath all others, so that whoever leaves the outermost place comes upon it, and nobody else has to look.
            here.aside.borrow_mut().insert(0, Frame::OUTSIDE);
            here.depth.set(here.depth.get() + 1);
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
        HERE.with(|here| {
            // The rest is not looked at then.
            here.rank.set(0);
            if here.depth.get() != 0 {
                Here::take_up();
            }
        });
    }
}

/// The last place that a thread has entered and not left. A rank of zero is none, whatever the others say: so an access
/// that is not nested writes as little as can be.
struct Here {
    rank: Cell<u64>,
    name: Cell<Name>,
    at: Cell<&'static Location<'static>>,
    /// How many it had entered before that one, which are put aside meanwhile.
    depth: Cell<u32>,
    /// Without a destructor, so that it can be asked in the destructors of other thread-locals: it owns nothing when it is empty.
    aside: RefCell<ManuallyDrop<Frames>>,
    /// What waits until none is entered. Likewise.
    later: RefCell<ManuallyDrop<Vec<Arc<dyn Later>>>>,
}

thread_local! {
    static HERE: Here = const {
        Here {
            rank: Cell::new(0),
            name: Cell::new(&""),
            at: Cell::new(Location::caller()),
            depth: Cell::new(0),
            aside: RefCell::new(ManuallyDrop::new(SmallVec::new_const())),
            later: RefCell::new(ManuallyDrop::new(Vec::new())),
        }
    };
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
}

impl Here {
    fn frame(&self) -> Frame {
        Frame { rank: self.rank.get(), name: self.name.get(), at: self.at.get() }
    }

    #[inline]
    fn record(&self, frame: Frame) {
        self.rank.set(frame.rank);
        self.name.set(frame.name);
        self.at.set(frame.at);
    }

    fn put_aside(&self) {
        self.aside.borrow_mut().push(self.frame());
        self.depth.set(self.depth.get() + 1);
    }

    /// (Without an argument, which would have to be kept for this rare case.)
    #[cold]
    #[inline(never)]
    fn take_up() {
        HERE.with(|here| {
            here.depth.set(here.depth.get() - 1);
            let mut aside = here.aside.borrow_mut();
            let outer = aside.pop();
            if aside.is_empty() {
                aside.shrink_to_fit();
            }
            drop(aside);
            if let Some(outer) = outer {
                let is_outside = outer.rank == 0;
                here.record(outer);
                if is_outside {
                    let jobs = mem::take(&mut **here.later.borrow_mut());
                    for job in jobs {
                        job.run();
                    }
                }
            }
        });
    }
}
