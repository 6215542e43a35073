//! The two barriers between a reader and a writer. Each stores, passes its barrier, and loads. At least one of them
//! sees the store of the other, as with two full fences.
//!
//! The barrier of a reader is mostly none at all: a writer has the system make every thread pass a fence
//! (`membarrier`). The [`Mode`] of the process says whether readers may rely on that.

use crate::memory::sync::atomic::{
    AtomicU32,
    Ordering::{Acquire, Relaxed, Release, SeqCst},
    fence,
};

/// Which barriers readers and writers pass. It changes at most twice, in the order of the constants.
#[derive(Debug)]
pub(super) struct Mode(AtomicU32);

/// Both pass a fence.
const FENCES: u32 = 0;
/// The system has shown that it has a barrier in all threads. Readers leave the fence to it.
const SYSTEM: u32 = 1;
/// The system has withdrawn that barrier, as a sandbox does that the process enters. Both pass a fence again.
const WITHDRAWN: u32 = 2;

/// With which readers a heavy barrier was one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heavy {
    /// With all of them.
    All,
    /// With those that pass a fence. A reader that relied on the system passes none until it notices that the barrier
    /// is withdrawn.
    Fenced,
}

/// The mode of the process.
#[cfg(not(loom))]
#[inline]
pub(super) fn mode() -> &'static Mode {
    static MODE: Mode = Mode(AtomicU32::new(FENCES));
    &MODE
}

/// The barrier of a writer of the process.
#[cfg(not(loom))]
pub(super) fn heavy() -> Heavy {
    mode().heavy(crate::memory::sys::barrier::in_all_threads)
}

/// No model has readers of the process: each has modes of its own.
#[cfg(loom)]
pub(super) fn mode() -> &'static Mode {
    Box::leak(Box::new(Mode::with_fences()))
}

#[cfg(loom)]
pub(super) fn heavy() -> Heavy {
    mode().heavy(|| false)
}

impl Mode {
    #[cfg(loom)]
    pub(super) fn with_fences() -> Self {
        Mode(AtomicU32::new(FENCES))
    }

    #[cfg(loom)]
    pub(super) fn with_system() -> Self {
        Mode(AtomicU32::new(SYSTEM))
    }

    /// The barrier of a reader. Calls `note` if the reader is to note that it passes a fence from now on.
    #[inline]
    pub(super) fn light(&self, note: impl FnOnce()) {
        // Acquire, with the release in `heavy`: a reader that relies on the system loads after the system's barrier has
        // worked for the first time.
        if self.0.load(Acquire) == SYSTEM {
            // Stops the compiler from reordering. The system's barrier stops the processor.
            #[cfg(not(loom))]
            std::sync::atomic::compiler_fence(SeqCst);
        } else {
            self.full(note);
        }
    }

    #[cold]
    #[inline(never)]
    fn full(&self, note: impl FnOnce()) {
        // Relaxed: this thread has loaded the mode before, and it changes once after `SYSTEM`.
        if self.0.load(Relaxed) == WITHDRAWN {
            note();
        }
        fence(SeqCst);
    }

    /// The barrier of a writer. `in_all_threads` is that of the system, and says whether it took effect.
    pub(super) fn heavy(&self, in_all_threads: impl FnOnce() -> bool) -> Heavy {
        // With the fence of readers.
        fence(SeqCst);
        // Acquire, with the exchange to `WITHDRAWN`.
        if self.0.load(Acquire) != WITHDRAWN {
            if in_all_threads() {
                let _ = self.0.compare_exchange(FENCES, SYSTEM, Release, Relaxed);
                return Heavy::All;
            }
            // It took no effect. Either the mode is still `FENCES`, and readers pass a fence. A reader that passes none
            // has loaded `SYSTEM`, which was stored after the mode was loaded here, and so after this thread's fence:
            // that reader sees what this thread has unlinked. Or the barrier is withdrawn.
            if self.0.compare_exchange(SYSTEM, WITHDRAWN, SeqCst, Acquire) == Err(FENCES) {
                return Heavy::All;
            }
        }
        // With the fence of a thread that takes a line: it sees the mode, or the writer sees that it has the line.
        fence(SeqCst);
        Heavy::Fenced
    }
}
