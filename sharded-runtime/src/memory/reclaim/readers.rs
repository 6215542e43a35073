//! The lines of all threads.

use super::{
    barriers::mode,
    line::{Line, Seen},
};
use crate::memory::{
    sync::atomic::{AtomicU32, AtomicU64, fence},
    sys::fork::{Process, ThreadNumber},
};
use std::{
    cell::Cell,
    iter,
    marker::PhantomData,
    ptr,
    sync::atomic::{
        AtomicPtr,
        Ordering::{Acquire, Relaxed, Release, SeqCst},
    },
};

/// A thread that reads, or one that may be.
#[repr(align(128))] // Two cache lines, since adjacent lines are fetched in pairs.
struct Reader {
    line: Line,
    /// How many readings of the owner are nested. Only the owner looks.
    depth: AtomicU32,
    /// The owner's number, or zero.
    owner: AtomicU64,
    next: Option<&'static Reader>,
}

/// Added to the depth of a reader that is its owner's for one reading only.
const FOR_ONCE: u32 = 1 << 31;

/// The first of all readers there ever were.
static FIRST: AtomicPtr<Reader> = AtomicPtr::new(ptr::null_mut());

thread_local! {
    /// This thread's. It needs no destructor, so it is reached at once.
    static READER: Cell<Option<&'static Reader>> = const { Cell::new(None) };
    static OWNER: Owner = const { Owner(Cell::new(None)) };
}

/// Gives a reader up when its thread ends.
struct Owner(Cell<Option<&'static Reader>>);

impl Drop for Owner {
    fn drop(&mut self) {
        if let Some(reader) = self.0.take() {
            READER.set(None);
            // A closure that reads may call `exit`, which drops the thread's values while other threads go on. Its
            // entry is still in use. So it stays a reader, and nobody takes the line over.
            if reader.depth.load(Relaxed) == 0 {
                reader.give_up();
            }
        }
    }
}

/// A reading: what this thread finds while it lives is not dropped by others.
#[derive(Debug)]
pub(crate) struct Reading {
    reader: &'static Reader,
    /// It belongs to this thread.
    not_send: PhantomData<*const ()>,
}

impl Reading {
    /// Announces that this thread reads.
    #[inline]
    pub(crate) fn begin() -> Self {
        let reader = match READER.get() {
            Some(reader) => reader,
            None => Reader::claim(),
        };
        let depth = reader.depth.load(Relaxed);
        reader.depth.store(depth + 1, Relaxed);
        if depth == 0 {
            reader.line.announce(mode());
        }
        Reading { reader, not_send: PhantomData }
    }
}

impl Drop for Reading {
    #[inline]
    fn drop(&mut self) {
        let depth = self.reader.depth.load(Relaxed) - 1;
        self.reader.depth.store(depth, Relaxed);
        if depth == 0 {
            self.reader.line.leave();
        } else if depth == FOR_ONCE {
            self.reader.end_once();
        }
    }
}

/// Whether this thread is reading.
pub(crate) fn is_reading() -> bool {
    READER.get().is_some_and(|reader| reader.depth.load(Relaxed) > 0)
}

/// The readings that any thread is at. Called after the heavy barrier.
pub(super) fn readings() -> impl Iterator<Item = Noticed> {
    all().filter(|reader| !reader.is_dead()).filter_map(|reader| Some(Noticed { reader, seen: reader.line.seen()? }))
}

/// Whether all threads that may read have noticed that the system's barrier is withdrawn. Called after the heavy
/// barrier.
pub(super) fn are_fenced() -> bool {
    // This thread has noticed as well.
    if let Some(reader) = READER.get() {
        reader.line.note_fenced();
    }
    // Acquire, with the release of `give_up`: a reader without an owner has left.
    all().all(|reader| reader.line.is_fenced() || reader.owner.load(Acquire) == 0 || reader.is_dead())
}

/// A reading that a writer waits for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Noticed {
    reader: &'static Reader,
    seen: Seen,
}

impl Noticed {
    pub(super) fn has_ended(&self) -> bool {
        self.reader.line.has_left(self.seen) || self.reader.is_dead()
    }
}

fn all() -> impl Iterator<Item = &'static Reader> {
    // Acquire, with the release of `add`: a reader is whole.
    // SAFETY: readers are never freed.
    let first = unsafe { FIRST.load(Acquire).as_ref() };
    iter::successors(first, |reader| reader.next)
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("line", &self.line).finish_non_exhaustive()
    }
}

impl Reader {
    /// Makes one this thread's.
    #[cold]
    #[inline(never)]
    fn claim() -> &'static Self {
        // From now on a child of `fork` knows which of its parent's threads it has.
        let _ = Process::current();
        let thread = ThreadNumber::current();
        let reader = all().find(|reader| reader.take_over(thread)).unwrap_or_else(|| Self::add(thread));
        // With the fence of writers whose barrier is withdrawn: this thread sees that, or they see the owner.
        fence(SeqCst);
        READER.set(Some(reader));
        if OWNER.try_with(|owner| owner.0.set(Some(reader))).is_err() {
            // The thread is ending, and nothing can give up the reader later.
            reader.depth.store(FOR_ONCE, Relaxed);
            reader.line.announce(mode());
        }
        reader
    }

    /// Takes it over if nobody has it, or a thread that is no more.
    fn take_over(&self, thread: ThreadNumber) -> bool {
        let owner = self.owner.load(Relaxed);
        if owner != 0 && !ThreadNumber::from_bits(owner).is_dead() {
            return false;
        }
        // Acquire, with the release of `give_up`.
        if self.owner.compare_exchange(owner, thread.bits(), Acquire, Relaxed).is_err() {
            return false;
        }
        self.depth.store(0, Relaxed);
        self.line.reset();
        true
    }

    fn add(thread: ThreadNumber) -> &'static Self {
        let mut reader = Box::new(Reader {
            line: Line::new(),
            depth: AtomicU32::new(0),
            owner: AtomicU64::new(thread.bits()),
            next: None,
        });
        let mut first = FIRST.load(Acquire);
        loop {
            // SAFETY: readers are never freed.
            reader.next = unsafe { first.as_ref() };
            let this = Box::into_raw(reader);
            // Release, with the acquire of `all`.
            match FIRST.compare_exchange(first, this, Release, Acquire) {
                // SAFETY: it is never freed, and never lent for changing again.
                Ok(_) => return unsafe { &*this },
                Err(other) => {
                    first = other;
                    // SAFETY: nobody else has seen it.
                    reader = unsafe { Box::from_raw(this) };
                }
            }
        }
    }

    /// Lets another thread have it.
    fn give_up(&self) {
        // Release, with the acquire of `take_over`.
        self.owner.store(0, Release);
    }

    #[cold]
    fn end_once(&self) {
        READER.set(None);
        self.line.leave();
        self.depth.store(0, Relaxed);
        self.give_up();
    }

    /// Whether its owner is a thread that only the parent of this process had.
    fn is_dead(&self) -> bool {
        let owner = self.owner.load(Relaxed);
        owner != 0 && ThreadNumber::from_bits(owner).is_dead()
    }
}

/// How many threads have read at one time, at most.
#[cfg(all(test, not(loom)))]
pub(super) fn count() -> usize {
    all().count()
}
