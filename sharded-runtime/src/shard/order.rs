//! The nesting order: which shards a thread may enter while it is inside others.
//!
//! Shards are ordered by store (in the order in which stores were built), then by field (in the order of declaration),
//! then by number. A thread that is inside a shard may enter only later ones. Threads that keep to one order can't wait
//! for each other in a circle, and a thread can't wait for itself. An access out of order panics before it waits, and
//! names both call sites.
//!
//! Each access checks the order before it waits. It is recorded only if it runs user code under the lock: a closure, or
//! the `Eq` and `Clone` of keys and values that own something. The traits of plain data (without drop glue) are assumed
//! not to access a store, because recording would make a hit slower by more than a tenth. The same assumption holds for
//! `Borrow`, and for custom clocks and evictions.
//!
//! Work that must not run inside a user's closure waits until the thread is [outside](when_outside) of all shards. So
//! do [events](crate::deferred) that are noted under a lock. If an access is not recorded, its end is not noticed, and
//! the next access reports its events.

#[cfg(feature = "tracing")]
use crate::deferred;
#[cfg(loom)]
use crate::memory::sync::thread_local;
use crate::observe::events::Names;
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

/// Used as a rank: the thread is inside no shard, and has events to report. Below the rank of any shard.
const TO_TELL: u64 = 1;

const SHARD_BITS: u32 = 16;
const FIELD_BITS: u32 = 12;

/// The most fields that one store can have.
const MAX_FIELDS: u16 = 1 << FIELD_BITS;

/// The position of a store in the order. Later stores have larger ones.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StoreId(u64);

impl StoreId {
    pub(crate) fn new() -> Self {
        // Starts at one, since a rank of zero means that a thread is inside no shard. It lasts for 2^36 stores.
        static NEXT: AtomicU64 = AtomicU64::new(1);
        StoreId(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// The positions of the shards of a field in the order.
#[derive(Debug)]
pub(crate) struct FieldOrder {
    /// The rank of the field's first shard.
    rank: u64,
    name: Name,
    /// Accesses that panicked because they were out of order.
    refused: AtomicU64,
}

/// The names of a store and its field, as a single word.
type Name = &'static Names;

const NO_NAME: Name = &Names { store: "", field: "" };

impl FieldOrder {
    pub(crate) fn new(store: StoreId, field: u16, name: Name) -> Self {
        assert!(field < MAX_FIELDS, "a store can have at most {MAX_FIELDS} fields");
        #[cfg(feature = "tracing")]
        deferred::on_note(on_note);
        let rank = (store.0 << (FIELD_BITS + SHARD_BITS)) | (u64::from(field) << SHARD_BITS);
        FieldOrder { rank, name, refused: AtomicU64::new(0) }
    }

    /// How many accesses panicked because they were out of order.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Checks that this thread may wait for a shard of this field.
    ///
    /// # Panics
    ///
    /// If it is inside the same shard or a later one.
    #[inline]
    #[track_caller]
    pub(crate) fn check(&self, shard: usize) {
        if is_marked() {
            self.check_nested(shard, Location::caller());
        }
    }

    /// As [`check`](FieldOrder::check), for an access that began at `at`.
    #[inline]
    pub(crate) fn check_at(&self, shard: usize, at: &Location<'_>) {
        if is_inside() {
            self.check_nested(shard, at);
        }
    }

    /// The rank of a shard: its position in the order.
    #[inline]
    pub(crate) fn rank(&self, shard: usize) -> u64 {
        self.rank | shard as u64
    }

    /// The name of the field.
    pub(crate) fn name(&self) -> &'static str {
        self.name.field
    }

    #[cold]
    #[inline(never)]
    fn check_nested(&self, shard: usize, at: &Location<'_>) {
        #[cfg(feature = "tracing")]
        tell_outside();
        if LOCK_STACK.with(|stack| stack.rank.get()) >= self.rank | shard as u64 {
            self.refuse(shard, at);
        }
    }

    /// Checks that this thread may wait for more than a lock: it must be outside of all shards.
    ///
    /// # Panics
    ///
    /// If it is inside a shard of any field.
    #[inline]
    pub(crate) fn check_outside(&self, shard: usize, at: &Location<'_>) {
        if is_inside() {
            self.refuse_to_load(shard, at);
        }
    }

    /// As [`check`](FieldOrder::check), and records that this thread is inside the shard until the result is dropped.
    /// Called before the lock is taken, so that fewer registers are live during the wait.
    #[inline]
    pub(crate) fn enter(&self, shard: usize, at: &'static Location<'static>) -> Inside {
        LOCK_STACK.with(|stack| {
            if stack.rank.get() != 0 {
                self.enter_nested(shard, at);
            }
            stack.record(Frame { rank: self.rank | shard as u64, name: self.name, at });
        });
        Inside
    }

    #[cold]
    #[inline(never)]
    fn enter_nested(&self, shard: usize, at: &Location<'_>) {
        self.check_nested(shard, at);
        LOCK_STACK.with(LockStack::push_top);
    }

    #[cold]
    fn refuse(&self, shard: usize, at: &Location<'_>) -> ! {
        self.refused.fetch_add(1, Ordering::Relaxed);
        let held = LOCK_STACK.with(LockStack::frame);
        let stores = |rank| rank >> (FIELD_BITS + SHARD_BITS);
        let order = if held.rank >> SHARD_BITS == self.rank >> SHARD_BITS {
            " (which of two keys of one map is in the later shard depends on their hashes)"
        } else if stores(held.rank) != stores(self.rank) {
            " (stores are ordered by when they were built: build the outer one first, for instance at the start of `main`)"
        } else {
            " (fields are ordered as declared)"
        };
        panic!(
            "`{}` (shard {shard}) is accessed at {at} from inside `{}` (shard {}), entered at {}: an access from inside a \
             closure must go to a later shard, field or store, or it could wait for ever{order}; end the outer access first, or \
             access both keys in one `sharded::transaction`",
            self.name,
            held.name,
            held.rank & ((1 << SHARD_BITS) - 1),
            held.at,
        );
    }

    #[cold]
    fn refuse_to_load(&self, shard: usize, at: &Location<'_>) -> ! {
        self.refused.fetch_add(1, Ordering::Relaxed);
        let held = LOCK_STACK.with(LockStack::frame);
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

/// Checks that this thread may wait for another thread: it must be outside of all shards, since the other thread may
/// need one of them.
///
/// # Panics
///
/// If it is inside a shard. The message says what the thread was about to do, and names both call sites.
#[inline]
pub(crate) fn check_wait(what: &str, at: &Location<'_>) {
    if is_inside() {
        refuse_to_wait(what, at);
    }
}

#[cold]
fn refuse_to_wait(what: &str, at: &Location<'_>) -> ! {
    let held = LOCK_STACK.with(LockStack::frame);
    panic!(
        "{what} at {at} from inside `{}` (shard {}), entered at {}: this may have to wait for another thread, and that thread \
         for the outer access; end the outer access first",
        held.name,
        held.rank & ((1 << SHARD_BITS) - 1),
        held.at,
    );
}

/// Whether this thread is inside any shard by a recorded access.
#[inline]
pub(crate) fn is_inside() -> bool {
    LOCK_STACK.with(|stack| stack.rank.get() > TO_TELL)
}

/// Whether this thread is inside a shard or has events to report, so that [`FieldOrder::check`] has work to do.
#[inline]
pub(crate) fn is_marked() -> bool {
    LOCK_STACK.with(|stack| stack.rank.get() != 0)
}

/// Reports the events of this thread, if it is outside of all shards. Events that a subscriber causes meanwhile are
/// reported later.
#[cfg(feature = "tracing")]
#[cold]
pub(crate) fn tell_outside() {
    if LOCK_STACK.with(|stack| stack.rank.get()) == TO_TELL {
        LOCK_STACK.with(|stack| stack.rank.set(0));
        deferred::tell();
    }
}

/// Makes the events of this thread be reported after its current accesses.
#[cfg(feature = "tracing")]
#[cold]
fn on_note() {
    LOCK_STACK.with(|stack| {
        if is_inside() {
            stack.note_end();
        } else {
            stack.rank.set(TO_TELL);
        }
    });
}

/// Work that waits until a thread is outside of all shards. It must not panic.
pub(crate) trait Later {
    fn run(&self);
}

/// Runs a job when this thread, which is inside a shard, has left all shards: after the release of the outermost lock.
/// The job runs once, even if it is queued several times.
#[cold]
pub(crate) fn when_outside(job: Arc<dyn Later>) {
    LOCK_STACK.with(|stack| {
        let mut jobs = stack.later.borrow_mut();
        stack.note_end();
        if !jobs.iter().any(|other| std::ptr::addr_eq(Arc::as_ptr(other), Arc::as_ptr(&job))) {
            jobs.push(job);
        }
    });
}

/// A recorded access, which lasts until this is dropped. It must be dropped after the lock is released.
pub(crate) struct Inside;

impl Drop for Inside {
    #[inline]
    fn drop(&mut self) {
        LOCK_STACK.with(|stack| {
            // With a rank of zero the other parts of the frame have no meaning.
            stack.rank.set(0);
            if stack.depth.get() != 0 {
                LockStack::pop();
            }
        });
    }
}

/// The shards that a thread has entered and not left. The top of the stack lies apart, in cells. A rank of zero means
/// that the stack is empty, so the end of an access that is not nested writes only one word.
struct LockStack {
    rank: Cell<u64>,
    name: Cell<Name>,
    at: Cell<&'static Location<'static>>,
    /// How many frames lie below the top, in `aside`.
    depth: Cell<u32>,
    /// Without a destructor, so that it can be used in destructors of other thread-locals. It owns nothing when it is
    /// empty.
    aside: RefCell<ManuallyDrop<Frames>>,
    /// The jobs that wait until all shards are left. Also without a destructor.
    later: RefCell<ManuallyDrop<Vec<Arc<dyn Later>>>>,
}

thread_local! {
    static LOCK_STACK: LockStack = const {
        LockStack {
            rank: Cell::new(0),
            name: Cell::new(NO_NAME),
            at: Cell::new(Location::caller()),
            depth: Cell::new(0),
            aside: RefCell::new(ManuallyDrop::new(SmallVec::new_const())),
            later: RefCell::new(ManuallyDrop::new(Vec::new())),
        }
    };
}

type Frames = SmallVec<[Frame; 4]>;

/// A shard that a thread has entered, and the call site.
#[derive(Clone, Copy)]
struct Frame {
    rank: u64,
    name: Name,
    at: &'static Location<'static>,
}

impl Frame {
    /// No shard.
    const OUTSIDE: Frame = Frame { rank: 0, name: NO_NAME, at: Location::caller() };
}

impl LockStack {
    fn frame(&self) -> Frame {
        Frame { rank: self.rank.get(), name: self.name.get(), at: self.at.get() }
    }

    #[inline]
    fn record(&self, frame: Frame) {
        self.rank.set(frame.rank);
        self.name.set(frame.name);
        self.at.set(frame.at);
    }

    /// Moves the top to `aside`, if it is a shard.
    fn push_top(&self) {
        match self.rank.get() {
            // Events that were noted while others were reported.
            TO_TELL => self.note_end(),
            0 => {}
            _ => {
                self.aside.borrow_mut().push(self.frame());
                self.depth.set(self.depth.get() + 1);
            }
        }
    }

    /// Makes the end of the outermost access be noticed.
    fn note_end(&self) {
        let mut aside = self.aside.borrow_mut();
        if aside.first().is_none_or(|outermost| outermost.rank != 0) {
            // At the bottom, so that only the end of the outermost access finds it.
            aside.insert(0, Frame::OUTSIDE);
            self.depth.set(self.depth.get() + 1);
        }
    }

    /// Without an argument, which the common path would have to keep live.
    #[cold]
    #[inline(never)]
    fn pop() {
        LOCK_STACK.with(|stack| {
            stack.depth.set(stack.depth.get() - 1);
            let mut aside = stack.aside.borrow_mut();
            let outer = aside.pop();
            if aside.is_empty() {
                aside.shrink_to_fit();
            }
            drop(aside);
            if let Some(outer) = outer {
                let is_outside = outer.rank == 0;
                stack.record(outer);
                if is_outside {
                    let jobs = mem::take(&mut **stack.later.borrow_mut());
                    for job in jobs {
                        job.run();
                    }
                    #[cfg(feature = "tracing")]
                    {
                        on_note();
                        tell_outside();
                    }
                }
            }
        });
    }
}
