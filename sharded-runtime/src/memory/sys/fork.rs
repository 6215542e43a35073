//! Whether the process is a child of `fork`, and which thread forked it.

use std::{
    cell::Cell,
    mem,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

/// The number of forks that led to this process since the first call.
pub(super) fn generation() -> u32 {
    system::generation()
}

/// A process, by its [`generation`]. Comparing it with the current process needs no system call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Process(u32);

impl Process {
    /// None, until the first [`note_current`](Process::note_current).
    pub(crate) const NONE: Self = Process(u32::MAX);

    pub(crate) fn current() -> Self {
        Process(generation())
    }

    /// Notes the calling process. Returns whether another one was noted before, as in a child of `fork`.
    pub(crate) fn note_current(&mut self) -> bool {
        mem::replace(self, Process::current()) != *self
    }
}

/// A thread, by a number that no other thread of this process has, nor any thread of its parents before they forked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ThreadNumber(u64);

thread_local! {
    /// Zero until the first [`current`](ThreadNumber::current).
    static NUMBER: Cell<u64> = const { Cell::new(0) };
}

/// The number of the next thread that asks for one. Starts at one. Relaxed: the number orders nothing.
static NEXT: AtomicU64 = AtomicU64::new(1);

impl ThreadNumber {
    /// The calling thread.
    pub(crate) fn current() -> Self {
        if NUMBER.get() == 0 {
            NUMBER.set(NEXT.fetch_add(1, Relaxed));
        }
        ThreadNumber(NUMBER.get())
    }

    /// As a number, which is not zero.
    pub(crate) fn bits(self) -> u64 {
        self.0
    }

    pub(crate) fn from_bits(bits: u64) -> Self {
        ThreadNumber(bits)
    }

    /// In a child of `fork`, whether this is the thread that forked: the only thread of the parent that exists in the
    /// child.
    pub(crate) fn has_forked(self) -> bool {
        system::forked_by(self.0)
    }

    /// Whether only a parent of this process had that thread, if the process was [asked for](Process::current) when it
    /// ran. Systems that do not say which thread has forked answer `false`.
    pub(crate) fn is_dead(self) -> bool {
        system::is_before_fork(self.0) && !self.has_forked()
    }
}

#[cfg(target_os = "linux")]
mod system {
    use super::{NEXT, NUMBER};
    use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};

    /// Relaxed, here and below: both change while the process has a single thread.
    static FORKS: AtomicU32 = AtomicU32::new(0);
    /// The number of the thread that forked last, on the way to this process.
    static FORKED_BY: AtomicU64 = AtomicU64::new(0);
    /// The least number that a thread may have got in this process.
    static FIRST_HERE: AtomicU64 = AtomicU64::new(0);

    pub(super) fn generation() -> u32 {
        static IS_WATCHED: AtomicBool = AtomicBool::new(false);
        if !IS_WATCHED.load(Relaxed) && watch() {
            IS_WATCHED.store(true, Relaxed);
        }
        FORKS.load(Relaxed)
    }

    pub(super) fn forked_by(thread: u64) -> bool {
        FORKED_BY.load(Relaxed) == thread
    }

    pub(super) fn is_before_fork(thread: u64) -> bool {
        thread < FIRST_HERE.load(Relaxed)
    }

    /// Registers the handler. Returns `false` without memory. Registering it twice does no harm.
    #[cold]
    fn watch() -> bool {
        unsafe extern "C" fn in_child() {
            FORKS.fetch_add(1, Relaxed);
            FORKED_BY.store(NUMBER.get(), Relaxed);
            FIRST_HERE.store(NEXT.load(Relaxed), Relaxed);
        }
        // SAFETY: the function may run in a child of a process with threads. It takes no lock: it changes three
        // atomic numbers, and reads another and a thread-local one that needs no initialization and has no destructor.
        unsafe { libc::pthread_atfork(None, None, Some(in_child)) == 0 }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    pub(super) fn generation() -> u32 {
        std::process::id()
    }

    /// The system does not report which thread forked. Mostly it is the first one that calls this.
    pub(super) fn forked_by(thread: u64) -> bool {
        super::NUMBER.get() == thread
    }

    pub(super) fn is_before_fork(_: u64) -> bool {
        false
    }
}
